"""The recipes in CONTRIBUTING.md work as printed: outside the repository, as a plugin, and inside it."""

import importlib.util
import os
import re
import subprocess
import sys
import tomllib
import types
from pathlib import Path

import pytest

import searchparty
from searchparty.experiments.contracts.check import CONTRACTS

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text()
BLOCK = re.compile(r"^```(python|yaml|toml)\n# (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = {name: text for _, name, text in BLOCK.findall(TEXT)}
INSIDE = [name for name in BLOCKS if "/" in name]
OUTSIDE = [name for name in BLOCKS if "/" not in name]
PUBLIC_IMPORT = re.compile(r"^from searchparty import (\([^)]*\)|.*)\n", re.MULTILINE)


@pytest.fixture
def folder(tmp_path):
    """Write all files of the recipes into a folder, as a reader would."""
    for name in OUTSIDE:
        (tmp_path / name).write_text(BLOCKS[name])
    return tmp_path


def run_python(folder, *arguments):
    environment = os.environ | {"PYTHONPATH": str(folder), "COLUMNS": "200"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=250
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_block_has_a_file_name():
    assert len(BLOCKS) == len(re.findall(r"^```(?:python|yaml|toml)$", TEXT, re.MULTILINE))
    assert {"walker.py", "downhill.py", "throw.py", "egg_crate.py", "best_first.py", "choices.py"} <= set(OUTSIDE)


@pytest.mark.parametrize("name", [name for name in OUTSIDE if name.endswith(".py")])
def test_recipes_import_public_names_only(name):
    for line in BLOCKS[name].splitlines():
        assert not re.match(r"\s*(from searchparty\.|import searchparty\.)", line), line
    for names in PUBLIC_IMPORT.findall(BLOCKS[name]):
        assert set(re.findall(r"\w+", names)) <= set(searchparty.__all__)


def test_names_in_its_tables_exist():
    for owner in (searchparty.Run, searchparty.Member, searchparty.Lease):
        table = TEXT.split(f"What a `{owner.__name__}` holds:\n\n")[1].split("\n\n")[0]
        rows = [row.split("|")[1] for row in table.splitlines()[2:]]
        found = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
        properties = {name for name, value in vars(owner).items() if isinstance(value, property)}
        assert found == set(owner.__annotations__) | properties


def test_the_experiment_runs(folder):
    results = searchparty.run(folder / "my.yaml", executor="simulated", out=folder / "out", report=False)
    assert not results.errors
    assert {row["cause"].removeprefix("row: ") for row in results.failures.rows()} == {"hit the ceiling"}
    assert all(run.evaluations > 280 for run in results.runs)
    throw, crate = results.best()
    assert throw.loss < 1e-4
    assert 5.0 <= throw.point[0] <= 85.0
    assert crate.loss < 30.0
    assert [run.minimum for run in results.runs if "egg-crate" in run.landscape] == [0.0] * 3
    reasons = {row["reason"].partition(":")[0] for run in results.runs for row in results.leases(run.id).rows()}
    assert "best-first" in reasons
    assert any("longest-wait: " in row["reason"] for run in results.runs for row in results.leases(run.id).rows())


@pytest.mark.extras
def test_the_tests_pass(folder):
    assert run_python(folder, "contract.py").count(" kept\n") > 10
    count = 2 * len(CONTRACTS["agent"]) + len(CONTRACTS["landscape"]) + 2 * len(CONTRACTS["policy"]) + 3
    printed = run_python(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_mine.py")
    assert sum(map(int, re.findall(r"(\d+) (?:passed|skipped)", printed))) == count


def test_an_installed_plugin_is_found(folder):
    points = tomllib.loads(BLOCKS["pyproject.toml"])["project"]["entry-points"]["searchparty.plugins"]
    package = folder / "my_search-0.1.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: my-search\nVersion: 0.1\n")
    (package / "entry_points.txt").write_text(
        "[searchparty.plugins]\n" + "".join(f"{name} = {module}\n" for name, module in points.items())
    )
    (folder / "plugin.yaml").write_text(
        "name: plugin\nbudget: 40\nlandscapes: [sphere]\nexecutor: simulated\n"
        "strategies: {team: {agents: [walker], policy: {kind: best-first, lease: 10}}}\n"
    )
    command = ["-m", "searchparty.experiments.cli.main"]
    assert "walker of team" in run_python(folder, *command, "run", "plugin.yaml", "--no-report")
    assert "Tries one random step at a time" in run_python(folder, *command, "list", "agents")


@pytest.mark.parametrize("place", INSIDE)
def test_a_recipe_works_in_the_repository(place):
    """The same class works with relative imports in place of the public ones."""
    recipe = BLOCKS[Path(place).name]
    (names,) = PUBLIC_IMPORT.findall(recipe)
    package, _, stem = f"searchparty.{place.removesuffix('.py').replace('/', '.')}".rpartition(".")
    module = types.ModuleType(f"{package}.{stem}_of_contributing")
    module.__package__ = package
    sys.modules[module.__name__] = module
    try:
        exec(PUBLIC_IMPORT.sub(lambda _: BLOCKS[place], recipe), module.__dict__)
    finally:
        del sys.modules[module.__name__]
    assert importlib.util.find_spec(package) is not None
    for name in re.findall(r"\w+", names):
        assert vars(module)[name] is getattr(searchparty, name)
