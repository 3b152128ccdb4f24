"""A wheel built from the repository holds all modules and data files, and nothing else at its top level."""

import os
import shutil
import subprocess
import sys
import venv
import zipfile

import pytest

ROOMS = ("agents", "landscapes", "orchestrator", "experiments")
# These tests build and install, which takes minutes on a busy machine.
pytestmark = pytest.mark.extras


@pytest.fixture(scope="module")
def wheel(repository, tmp_path_factory):
    # Build from a copy: a build leaves folders behind.
    source = tmp_path_factory.mktemp("source")
    for name in ("Makefile", "pyproject.toml", "README.md", "LICENSE", "__init__.py", "__main__.py", "py.typed"):
        shutil.copy(repository / name, source)
    for room in ROOMS:
        shutil.copytree(repository / room, source / room, ignore=shutil.ignore_patterns("__pycache__"))
    # Files that an earlier build left behind must not be packed.
    (source / "build" / "lib" / "searchparty").mkdir(parents=True)
    (source / "build" / "lib" / "searchparty" / "old.py").touch()
    subprocess.run(["make", "wheel", f"PYTHON={sys.executable}"], cwd=source, check=True, capture_output=True)
    (path,) = (source / "dist").glob("searchparty-*.whl")
    return path


def test_the_wheel_holds_every_module_and_data_file(wheel, repository):
    names = set(zipfile.ZipFile(wheel).namelist())
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == {"searchparty"}
    wanted = {
        f"searchparty/{path.relative_to(repository)}"
        for room in ROOMS
        for path in (repository / room).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {name for name in names if ".dist-info/" not in name} == wanted | {
        "searchparty/__init__.py",
        "searchparty/__main__.py",
        "searchparty/py.typed",
    }


def test_an_installed_wheel_runs_an_experiment(wheel, tmp_path):
    venv.create(tmp_path / "venv", with_pip=False)
    python = tmp_path / "venv" / "bin" / "python"
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    # Add the dependencies of this environment, but not its searchparty, which only the wheel provides.
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", site, wheel], check=True
    )
    here = subprocess.run(
        [sys.executable, "-c", "import numpy, os; print(os.path.dirname(os.path.dirname(numpy.__file__)))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    with open(os.path.join(site, "borrowed.pth"), "w") as file:
        file.write(here + "\n")
    (tmp_path / "mine.yaml").write_text(
        "name: mine\nbudget: 60\nlandscapes: [{kind: sphere}]\nstrategies: {alone: {agents: [random]}}\n"
        "executor: simulated\n"
    )
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [python, "-m", "searchparty.experiments.cli.main", "run", "mine.yaml"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "results" / "mine-1" / "report.html").exists()
    where = subprocess.run(
        [python, "-c", "import searchparty; print(searchparty.__file__)"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    ).stdout
    assert site in where
