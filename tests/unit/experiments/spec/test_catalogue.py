"""The catalogue: what a YAML can name, from the package, from plugins, and from files."""

import re
import subprocess
import sys
import types
from importlib.metadata import EntryPoint
from typing import Literal

import pytest

from searchparty.agents.agent import Agent
from searchparty.experiments.spec import catalogue

MINE = """\
from typing import Literal
from searchparty import Agent

class Mine(Agent):
    kind: Literal["{kind}"] = "{kind}"

class Unnamed(Agent):
    pass

number = 3
"""


@pytest.fixture
def plugin(monkeypatch):
    """Register a module with these classes under the plugins' entry point."""

    def register(**classes):
        module = types.ModuleType("somebodys_plugin")
        for name, cls in classes.items():
            setattr(module, name, cls)
        monkeypatch.setitem(sys.modules, module.__name__, module)
        point = EntryPoint("somebodys", "somebodys_plugin", catalogue.PLUGINS)
        monkeypatch.setattr(catalogue, "entry_points", lambda group: [point])
        forget()

    def forget():
        catalogue.family_classes.cache_clear()
        catalogue.find_plugins.cache_clear()

    yield register
    monkeypatch.undo()
    forget()


def test_the_package_is_found():
    assert {"sphere", "rastrigin", "bbob", "python"} <= set(catalogue.landscape_classes())
    assert {"grid", "gradient-descent", "random-restart", "random"} <= set(catalogue.agent_classes())
    assert "composed" in catalogue.policy_classes()
    assert {"equal", "bandit", "successive-halving"} <= set(catalogue.family_classes("budget"))
    assert {"fixed", "shrink", "trust-region"} <= set(catalogue.family_classes("radius"))
    assert {"none", "broadcast", "ring"} <= set(catalogue.family_classes("sharing"))
    for name in catalogue.FAMILIES:
        kinds = list(catalogue.family_classes(name))
        assert kinds == sorted(kinds)


def test_what_is_not_for_yaml_is_left_out():
    assert "in-memory" not in catalogue.landscape_classes()


def test_finding_it_imports_nothing_heavy():
    code = (
        "import sys; from searchparty.experiments.spec import catalogue;"
        "[catalogue.family_classes(name) for name in catalogue.FAMILIES];"
        "print([m for m in ('ray', 'matplotlib', 'cocoex', 'yaml') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_one_kind_is_found_without_its_family():
    code = (
        "import sys; from searchparty.experiments.spec import catalogue;"
        "catalogue.resolve_class('landscape', 'rastrigin'); catalogue.resolve_class('agents', 'grid');"
        "print([m for m in ('bbob', 'table', 'cma_es') if f'searchparty.landscapes.{m}' in sys.modules "
        "or f'searchparty.agents.{m}' in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_plugin_is_found(plugin):
    class Theirs(Agent):
        kind: Literal["theirs"] = "theirs"

    Theirs.__module__ = "somebodys_plugin"
    plugin(Theirs=Theirs, Agent=Agent)
    assert catalogue.agent_classes()["theirs"] is Theirs
    assert catalogue.resolve_class("agents", "theirs") is Theirs


def test_two_of_one_name_are_refused_with_both_places(plugin):
    class Theirs(Agent):
        kind: Literal["grid"] = "grid"

    Theirs.__module__ = "somebodys_plugin"
    plugin(Theirs=Theirs)
    with pytest.raises(
        catalogue.CatalogueError,
        match=r"kind must be unique among the agent classes, got 'grid' in searchparty.agents.grid.Grid and in "
        r"somebodys_plugin.Theirs. Rename one of them.",
    ):
        catalogue.agent_classes()


def test_a_plugin_that_does_not_import_is_named(monkeypatch, plugin):
    plugin()
    point = EntryPoint("broken", "no_such_module_at_all", catalogue.PLUGINS)
    monkeypatch.setattr(catalogue, "entry_points", lambda group: [point])
    with pytest.raises(catalogue.CatalogueError, match=r"plugin must be a module that imports, got broken = no_such"):
        catalogue.agent_classes()


def test_a_class_is_named_by_its_file(tmp_path):
    (tmp_path / "mine.py").write_text(MINE.format(kind="mine"))
    cls = catalogue.resolve_class("agent", "mine.py:Mine", str(tmp_path))
    assert catalogue.kind_of(cls) == "mine"
    assert catalogue.resolve_class("agent", f"{tmp_path}/mine.py:Mine") is cls


WRONG = [
    ("gird", "kind must be a known agent, got 'gird'. Did you mean 'grid'?"),
    ("zzzzz", "kind must be a known agent, got 'zzzzz'. Known: "),
    ("party", "kind must be a known agent, got 'party'. It is a kind of policy. Known: "),
    ("mine.py:Mien", "kind must name something in mine.py, got 'Mien', which it does not define. Did you mean 'Mine'?"),
    ("mine.py:number", "kind must name a subclass of Agent, got 'mine.py:number'. Derive it from that class."),
    ("mine.py:Unnamed", 'kind must name a class with `kind: Literal["..."] = "..."`, got \'mine.py:Unnamed\'. Add it.'),
    (
        "twin.py:Mine",
        "kind must be unique among the agent classes, got 'grid' in searchparty.agents.grid.Grid and in "
        "twin.py:Mine. Rename it.",
    ),
    ("none.py:Mine", "kind must name a readable file, got "),
]


@pytest.mark.parametrize(("kind", "message"), WRONG, ids=[kind for kind, _ in WRONG])
def test_a_kind_that_is_wrong(tmp_path, kind, message):
    (tmp_path / "mine.py").write_text(MINE.format(kind="mine"))
    (tmp_path / "twin.py").write_text(MINE.format(kind="grid"))
    with pytest.raises(catalogue.CatalogueError, match=re.escape(message)):
        catalogue.resolve_class("agent", kind, str(tmp_path))


def test_descriptions_have_every_setting():
    for name in catalogue.FAMILIES:
        for entry in catalogue.list_entries(name):
            assert entry.summary
            for setting, type_, default, description in entry.settings:
                assert type_, (entry.kind, setting)
                assert default, (entry.kind, setting)
                assert description, (entry.kind, setting)
    (composed,) = [entry for entry in catalogue.list_entries("policies") if entry.kind == "composed"]
    settings = {name: (type_, default) for name, type_, default, _ in composed.settings}
    assert settings["sharing"] == ("broadcast | none | ring", "none")


def test_settings_that_loading_sets_are_not_listed():
    (python,) = [entry for entry in catalogue.list_entries("landscapes") if entry.kind == "python"]
    names = {name for name, *_ in python.settings}
    assert {"function", "bounds"} <= names
    assert not {"base", "source", "kind"} & names


@pytest.mark.parametrize("family", catalogue.FAMILIES)
def test_a_class_is_found_by_its_kind(family):
    for kind, cls in catalogue.family_classes(family).items():
        assert catalogue.find_class(family, kind) is cls
    for kind in ("nobody", "", "agent", "os", "a/b.py:Class", "../x", "__init__"):
        assert catalogue.find_class(family, kind) is None


def test_a_class_is_found_without_its_whole_family():
    program = (
        "import sys; from searchparty.experiments.spec.catalogue import find_class; "
        "assert find_class('agent', 'nelder-mead').__name__ == 'NelderMead'; "
        "print('searchparty.agents.slsqp' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "False\n"


def test_a_plugins_class_is_found_by_its_kind(plugin):
    class Theirs(Agent):
        kind: Literal["theirs"] = "theirs"

    Theirs.__module__ = "somebodys_plugin"
    plugin(Theirs=Theirs)
    assert catalogue.find_class("agent", "theirs") is Theirs
