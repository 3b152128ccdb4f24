"""Digests of code: what counts, what does not, and which code of the package is digested for a run."""

import ast
from typing import Literal

import pytest

from searchparty.agents.cma_es import CmaEs
from searchparty.agents.grid import Grid
from searchparty.agents.slsqp import Slsqp
from searchparty.experiments.execution import package_code
from searchparty.experiments.execution.code_digest import digest_definitions, join_digests
from searchparty.experiments.execution.fingerprint import environment_fingerprint
from searchparty.experiments.execution.package_code import (
    MACHINERY,
    SOURCE_ROOT,
    analyse_module,
    deciding_places,
    digest_package_code,
    machinery_places,
)
from searchparty.experiments.execution.plan import make_plan
from searchparty.experiments.spec.load import load
from searchparty.landscapes.command import Command
from searchparty.landscapes.python_function import UserFunction
from searchparty.orchestrator.policies.party import Party

CODE = '''\
"""A module."""

import math
from ..agent import Agent
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .member import Member

LIMIT = 3
"""How many there may be."""


class Climber(Agent):
    """It climbs."""

    card: ClassVar[str] = "It climbs, and falls."
    step: float = Field(0.1, gt=0, description="First step.")

    def climb(self, height: float) -> float:
        """Climb once."""
        # One step at a time.
        return math.sqrt(height) + self.step * LIMIT


class Lost(Exception):
    """Nobody knows where it is."""
'''


def digest(*texts):
    return join_digests(part for text in texts for part in digest_definitions(ast.parse(text)))


def test_a_known_digest():
    """Logs contain it; it may change only with the rule's number."""
    assert digest("LIMIT = 3\n") == "4dc4c909ba46966f"
    assert digest(CODE) == "735e25e67362e72f"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""A module."""', '"""Another sentence."""'),
        ('"""A module."""\n', ""),
        ('"""It climbs."""', '"""It climbs,\n    slowly."""'),
        ('        """Climb once."""\n', ""),
        ('"""How many there may be."""\n', ""),
        ('    """Nobody knows where it is."""', "    pass"),
        ("# One step at a time.", "# Two."),
        (
            "math.sqrt(height) + self.step * LIMIT",
            "(\n            math.sqrt( height )\n            + self.step * LIMIT)",
        ),
        ("import math\nfrom ..agent import Agent\n", "from ...agents.agent import Agent\nimport math\nimport sys\n"),
        ("if TYPE_CHECKING:\n    from .member import Member\n", ""),
        ('"It climbs, and falls."', '"It climbs."'),
        ('description="First step."', 'description="The first."'),
        (', description="First step."', ""),
    ],
)
def test_what_does_not_count(old, new):
    assert old in CODE
    assert digest(CODE.replace(old, new)) == digest(CODE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("LIMIT = 3", "LIMIT = 4"),
        ("LIMIT = 3", "LIMIT = 3.0"),
        ("Field(0.1", "Field(0.2"),
        ("gt=0", "ge=0"),
        ("math.sqrt", "math.exp"),
        ("+ self.step", "- self.step"),
        ("def climb", "def descend"),
        ("Climber(Agent)", "Climber"),
        ("return math", "yield math"),
    ],
)
def test_what_counts(old, new):
    assert old in CODE
    assert digest(CODE.replace(old, new)) != digest(CODE)


def test_only_the_description_of_a_field_is_prose():
    assert digest("Column(description='a')") != digest("Column(description='b')")
    assert digest("pydantic.Field(1, description='a')") == digest("pydantic.Field(1, description='b')")


def test_where_a_definition_stands_does_not_count():
    first, rest = CODE.split("\n\nclass Climber", 1)
    assert digest("class Climber" + rest, "import math\n" + first) == digest(CODE)
    # How often the same definition occurs does count: two definitions that become equal are a change.
    assert digest("a = 1", "a = 1", "a = 2") != digest("a = 1", "a = 2", "a = 2")


@pytest.fixture
def source(monkeypatch):
    """Replace the texts of modules as the digests see them; other modules are read from their files."""
    texts: dict[str, str] = {}
    read = package_code.read_package_source
    monkeypatch.setattr(package_code, "read_package_source", lambda place: texts.get(place) or read(place))
    _forget()
    yield texts
    _forget()


def _forget():
    for known in (analyse_module, machinery_places, deciding_places, package_code._find_module):
        known.cache_clear()


@pytest.mark.parametrize(
    ("place", "old", "new", "changed"),
    [
        ("agents/toolbox/callback.py", "FAILED_LOSS = 1e300", "FAILED_LOSS = 1e299", "machinery toolbox"),
        ("agents/leases/work.py", "FLUSH_SECONDS = 0.25", "FLUSH_SECONDS = 0.5", "machinery work"),
        ("agents/grid.py", "class Grid", "HALF = 0.5\n\n\nclass Grid", "agent grid"),
    ],
)
def test_a_changed_constant_changes_one_digest(source, place, old, new, changed):
    before = digest_package_code({"agent grid": Grid})
    text = (SOURCE_ROOT / place).read_text()
    assert old in text
    source[place] = text.replace(old, new)
    _forget()
    after = digest_package_code({"agent grid": Grid})
    assert {name for name in before if after[name] != before[name]} == {changed}
    source[place] = text.replace(old, f"# A comment.\n{old}")
    _forget()
    assert digest_package_code({"agent grid": Grid}) == before


def test_a_module_that_is_moved_has_the_same_digest(source):
    places = {"agents/leases/work.py", "agents/leases/ledger.py"}
    moved = {"orchestrator/moved.py", "landscapes/moved_too.py"}
    for old, new in zip(sorted(places), sorted(moved), strict=True):
        source[new] = package_code.read_package_source(old).replace("from ..", "from .")
    assert package_code.digest_places(frozenset(moved)) == package_code.digest_places(frozenset(places))


def test_modules_of_a_class_are_those_that_it_imports():
    assert deciding_places(Grid) == {"agents/grid.py"}
    assert deciding_places(Slsqp) == {"agents/slsqp.py"}
    party = ("party", "opening", "records", "policy")
    assert deciding_places(Party) == {f"orchestrator/policies/{name}.py" for name in party}
    # Neither modules that carry bytes nor modules that find files.
    bounded = {f"landscapes/{name}.py" for name in ("bounded", "arguments", "parameters", "constraints", "expression")}
    assert deciding_places(UserFunction) == {"landscapes/python_function.py", *bounded}
    assert deciding_places(Command) == {"landscapes/command.py", *bounded}


def test_a_class_of_the_users_depends_on_its_bases_of_ours():
    class Mine(CmaEs):
        kind: Literal["mine"] = "mine"

    assert deciding_places(Mine) == {"agents/cma_es.py"}


def test_every_part_of_the_machinery_is_there():
    for patterns in MACHINERY.values():
        for pattern in patterns:
            assert list(SOURCE_ROOT.glob(pattern)), f"{pattern} is no longer there: MACHINERY must follow what moves"


def test_every_import_of_the_machinery_is_looked_at():
    """Modules that decide points and are imported by the machinery belong to it."""
    shared = set().union(*(machinery_places(name) for name in MACHINERY))
    others = {place for each in shared for place in analyse_module(each).imports} - shared
    assert others == KNOWN_OTHERS


KNOWN_OTHERS = {
    # When Ctrl-C waits; how an objective that ends the program leaves, and how a point is measured; how outcomes are
    # written and read, the protocol of executors, the recorder of events; a base class that the digest of every policy
    # includes; what finds the user's files; and what imports JAX, or says how to install it.
    "agents/evaluation/interrupts.py",
    "agents/evaluation/leaving.py",
    "agents/evaluation/measures.py",
    "landscapes/extras.py",
    "landscapes/neighbours.py",
    "landscapes/networks/backend.py",
    "landscapes/user_code.py",
    "orchestrator/log/log.py",
    "orchestrator/loop/executor.py",
    "orchestrator/loop/recorder.py",
    "orchestrator/policies/policy.py",
}


def test_sources_are_read_once(source, monkeypatch):
    runs = make_plan(load("quickstart")).runs
    found = environment_fingerprint(runs)
    monkeypatch.setattr(package_code, "read_package_source", lambda place: pytest.fail(f"{place} was read again"))
    assert environment_fingerprint(runs) == found
    assert found["code_rule"] == 2
    assert {f"machinery {name}" for name in MACHINERY} < found["code"].keys()
    assert found["files"] == {}
