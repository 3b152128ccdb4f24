"""What is sent to a cluster: the package, what the experiment names, and nothing else."""

import subprocess
import sys
from importlib.metadata import version

import pytest

from searchparty.experiments.execution.staging import MOST_STAGED_BYTES, remote_path, stage_files
from searchparty.experiments.spec.errors import SpecError
from searchparty.experiments.spec.load import load

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
    staged = stage_files(load(home / "mine.yaml"), root)
    found = staged_files(root)
    users = {name for name in found if name.startswith("searchparty_files")}
    wanted = ["hop.py", "code/objectives.py", "code/beside.py", "code/package/__init__.py", "code/package/inner.py"]
    wanted += ["data/a.csv", "extra/deep/c.bin"]
    assert users == {str(remote_path(root, home / name).relative_to(root)) for name in wanted}
    package = {name for name in found if name.startswith("searchparty/")}
    named = ("__init__.py", "agents/leases/work.py", "experiments/library/party.yaml")
    assert {f"searchparty/{name}" for name in named} <= package
    assert not [name for name in found if "__pycache__" in name or name.startswith(("searchparty/tests", "tests"))]
    assert 200_000 < staged.size < 5_000_000
    assert staged.folder_sizes()[0][1] >= staged.folder_sizes()[-1][1]


def test_the_copy_works_by_itself(home, tmp_path):
    """The copy works without the installed package.

    It is imported in its place, knows its version, and finds the user's files although the originals are gone.
    """
    root = tmp_path / "tree"
    stage_files(load(home / "mine.yaml"), root)
    (root / "mine.yaml").write_text(YAML.format(more=f"base: {home}"))
    home.rename(tmp_path / "gone")
    done = subprocess.run(
        [sys.executable, "-m", "searchparty.experiments.cli.main", "run", "mine.yaml", "--executor", "simulated",
         "--no-report"],
        cwd=root, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    code = "import searchparty, importlib.metadata as m; print(searchparty.__file__, m.version('searchparty'))"
    said = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True).stdout
    assert said.split() == [str(root / "searchparty" / "__init__.py"), version("searchparty")]


def test_what_is_imported_within_packages_and_folders_travels(home, tmp_path):
    """From a package, the modules beside the objective; folders without __init__.py; folders that are links."""
    (home / "code" / "package" / "inner.py").write_text("import common, plain.deep\n")
    (home / "code" / "common.py").write_text("")
    (home / "code" / "plain").mkdir()
    (home / "code" / "plain" / "deep.py").write_text("")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "w.bin").write_text("8")
    (home / "extra" / "link").symlink_to(tmp_path / "elsewhere")
    (home / "extra" / "round").symlink_to(home / "extra")
    (home / "extra" / ".gitignore").write_text("*")
    stage_files(load(home / "mine.yaml"), tmp_path / "tree")
    for name in ("code/common.py", "code/plain/deep.py", "extra/link/w.bin"):
        assert remote_path(tmp_path / "tree", home / name).is_file(), name
    assert not remote_path(tmp_path / "tree", home / "extra" / ".gitignore").exists()


def test_the_folder_of_a_program_is_there(tmp_path):
    (tmp_path / "home").mkdir()
    path = tmp_path / "home" / "m.yaml"
    path.write_text(
        "name: c\nbudget: 4\nlandscapes: [{kind: command, command: [cat], bounds: [[-1, 1]]}]\n"
        "strategies: {it: {agents: [random]}}\n"
    )
    stage_files(load(path), tmp_path / "tree")
    assert remote_path(tmp_path / "tree", tmp_path / "home").is_dir()


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("''", r"files\.0 must match a file or a folder, got ''"),
        ("'~nobody-at-all/x'", r"files\.0 must be a path of files or folders, got '~nobody-at-all/x'"),
    ],
)
def test_patterns_that_are_none(home, tmp_path, pattern, message):
    (home / "mine.yaml").write_text(YAML.format(more=f"files: [{pattern}]"))
    with pytest.raises(SpecError, match=message):
        stage_files(load(home / "mine.yaml"), tmp_path / "tree")


def test_a_folder_may_be_named_by_a_dot_and_results_by_their_name(home, tmp_path):
    (home / "results").mkdir()
    (home / "results" / "w.bin").write_text("9")
    (home / "mine.yaml").write_text(YAML.format(more="files: [., results/w.bin]"))
    stage_files(load(home / "mine.yaml"), tmp_path / "tree")
    for name in ("notes.md", "data/b.txt", "results/w.bin"):
        assert remote_path(tmp_path / "tree", home / name).is_file(), name
    assert not remote_path(tmp_path / "tree", home / ".git").exists()


def test_a_module_that_is_installed_nowhere_travels(tmp_path, monkeypatch):
    (tmp_path / "lib" / "losses").mkdir(parents=True)
    (tmp_path / "lib" / "losses" / "__init__.py").write_text("import aside\ndef bowl(x):\n    return float(x.sum())\n")
    (tmp_path / "lib" / "aside.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path / "lib")
    path = tmp_path / "m.yaml"
    text = YAML.format(more="").replace("code/objectives.py:bowl", "losses:bowl")
    path.write_text(text.replace("hop.py:Hop", "random"))
    stage_files(load(path), tmp_path / "tree")
    assert (tmp_path / "tree" / "losses" / "__init__.py").exists()
    assert (tmp_path / "tree" / "aside.py").exists()
    assert not list((tmp_path / "tree").glob("*numpy*"))


def test_files_that_are_not_there_are_refused(home, tmp_path):
    (home / "mine.yaml").write_text(YAML.format(more="files: [data/*.parquet]"))
    with pytest.raises(SpecError, match=r"files\.0 must match a file or a folder, got 'data/\*\.parquet'"):
        stage_files(load(home / "mine.yaml"), tmp_path / "tree")


def test_check_says_so_too(home, command):
    (home / "mine.yaml").write_text(YAML.format(more="files: [dta]"))
    done = command("check", home / "mine.yaml", cwd=home)
    assert (done.returncode, "files.0 must match a file or a folder, got 'dta'" in done.stderr) == (2, True)


def test_what_is_too_large_is_refused_with_its_largest_folders(home, tmp_path):
    with (home / "extra" / "huge.bin").open("wb") as file:
        file.truncate(MOST_STAGED_BYTES + 1)
    with pytest.raises(SpecError, match=rf"files must add up to at most \d+ MB.*Largest: {home}/extra"):
        stage_files(load(home / "mine.yaml"), tmp_path / "tree")
    assert not (tmp_path / "tree").exists()
