"""What travels to a cluster: the package, what the experiment names, and nothing else."""

import subprocess
import sys

import pytest

from searchparty.experiments.spec import SpecError, load
from searchparty.experiments.staging import LARGEST, afar, stage

YAML = """
name: mine
budget: 40
{more}
landscapes:
  - {{kind: python, function: "code/objectives.py:bowl", bounds: [-1, 1], dimension: 2}}
strategies:
  hop: {{agents: [{{kind: "hop.py:Hop"}}]}}
"""
HOP = """
from typing import Literal
from searchparty import Agent

class Hop(Agent):
    kind: Literal["hop"] = "hop"

    def search(self, space, lease, rng):
        yield lease.region.center[None]
"""


@pytest.fixture
def home(tmp_path):
    files = {
        "home/mine.yaml": YAML.format(more="files: [data/*.csv, extra]"),
        "home/hop.py": HOP,
        "home/code/objectives.py": "def bowl(x):\n    from beside import shift\n    return float(x.sum()) + shift\n",
        "home/code/beside.py": "import package.inner\nshift = 1\n",
        "home/code/package/__init__.py": "",
        "home/code/package/inner.py": "",
        "home/code/unrelated.py": "",
        "home/data/a.csv": "1",
        "home/data/b.txt": "2",
        "home/extra/deep/c.bin": "3",
        "home/extra/.git/objects": "4",
        "home/extra/.venv/bin/python": "5",
        "home/.git/large": "6",
        "home/notes.md": "7",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "home"


def staged_files(root):
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def test_only_what_is_needed_travels(home, tmp_path):
    root = tmp_path / "tree"
    staged = stage(load(home / "mine.yaml"), root)
    found = staged_files(root)
    users = {name for name in found if name.startswith("searchparty_files")}
    wanted = ["hop.py", "code/objectives.py", "code/beside.py", "code/package/__init__.py", "code/package/inner.py"]
    wanted += ["data/a.csv", "extra/deep/c.bin"]
    assert users == {str(afar(root, home / name).relative_to(root)) for name in wanted}
    package = {name for name in found if name.startswith("searchparty/")}
    named = ("__init__.py", "agents/work.py", "experiments/library/party.yaml")
    assert {f"searchparty/{name}" for name in named} <= package
    assert not [name for name in found if "__pycache__" in name or name.startswith(("searchparty/tests", "tests"))]
    assert 200_000 < staged.size < 3_000_000
    assert staged.folders()[0][1] >= staged.folders()[-1][1]


def test_the_copy_works_by_itself(home, tmp_path):
    """It is imported in place of the installed one, knows its version, and finds the user's files that are gone."""
    root = tmp_path / "tree"
    stage(load(home / "mine.yaml"), root)
    (root / "mine.yaml").write_text(YAML.format(more=f"base: {home}"))
    home.rename(tmp_path / "gone")
    done = subprocess.run(
        [sys.executable, "-m", "searchparty.experiments.cli", "run", "mine.yaml", "--executor", "simulated"],
        cwd=root, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    code = "import searchparty, importlib.metadata as m; print(searchparty.__file__, m.version('searchparty'))"
    said = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True).stdout
    assert said.startswith(str(root))


def test_a_module_that_is_installed_nowhere_travels(tmp_path, monkeypatch):
    (tmp_path / "lib" / "losses").mkdir(parents=True)
    (tmp_path / "lib" / "losses" / "__init__.py").write_text("def bowl(x):\n    return float(x.sum())\n")
    monkeypatch.syspath_prepend(tmp_path / "lib")
    path = tmp_path / "m.yaml"
    text = YAML.format(more="").replace("code/objectives.py:bowl", "losses:bowl")
    path.write_text(text.replace("hop.py:Hop", "random"))
    stage(load(path), tmp_path / "tree")
    assert (tmp_path / "tree" / "losses" / "__init__.py").exists()


def test_files_that_are_not_there_are_refused(home, tmp_path):
    (home / "mine.yaml").write_text(YAML.format(more="files: [data/*.parquet]"))
    with pytest.raises(SpecError, match=r"files\.0 must match a file or a folder, got 'data/\*\.parquet'"):
        stage(load(home / "mine.yaml"), tmp_path / "tree")


def test_what_is_too_large_is_refused_with_its_largest_folders(home, tmp_path):
    with (home / "extra" / "huge.bin").open("wb") as file:
        file.truncate(LARGEST + 1)
    with pytest.raises(SpecError, match=rf"files must come to at most \d+ MB.*Largest: {home}/extra"):
        stage(load(home / "mine.yaml"), tmp_path / "tree")
    assert not (tmp_path / "tree").exists()
