"""The readers of exports that `make test-extras` installs: anew each time, and not without a network."""

import os
import shutil
import subprocess

import pytest

SKIPPED = "Readers of exports could not be installed (requirements/readers.txt): the tests that need them are skipped."
PIP = """\
while [ "$1" != --target ]; do shift; done
mkdir -p "$2/new-2.dist-info"
if [ -n "$FAILS" ]; then echo "$FAILS" >&2; exit 1; fi
"""


@pytest.fixture
def folder(repository, tmp_path):
    """A copy of what make reads, with a virtual environment that has the extras, and readers of an older version."""
    shutil.copy(repository / "Makefile", tmp_path)
    old = ["pyproject.toml", "requirements/run.txt", "requirements/extras.txt", "venv/.readers"]
    for name in [*old, "venv/.installed", "venv/.extras", "requirements/readers.txt", "pip.sh"]:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(PIP if name == "pip.sh" else "")
    for age, name in [*((3, each) for each in old), (2, "venv/.installed"), (1, "venv/.extras")]:
        os.utime(tmp_path / name, (10**9 - age, 10**9 - age))
    (tmp_path / "venv" / "readers" / "new-1.dist-info").mkdir(parents=True)
    return tmp_path


def make(folder, fails):
    # The make that runs these tests hands its own options down.
    own = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(
        ["make", "VENV=venv", "PIP=sh pip.sh", "venv/.readers"],
        cwd=folder, env=own | {"FAILS": fails}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip


def list_readers(folder):
    return sorted(path.name for path in folder.glob("venv/readers/*"))


def test_readers_are_installed_anew(folder):
    done = make(folder, "")
    assert done.returncode == 0, done.stderr
    assert list_readers(folder) == ["new-2.dist-info"]
    assert (folder / "venv" / ".readers").stat().st_mtime > 10**9
    # They are there now.
    assert "rm -rf" not in make(folder, "ERROR: no connection").stdout


def test_without_a_network_the_tests_go_on_without_readers(folder):
    for _ in range(2):
        done = make(folder, "ERROR: no connection")
        assert done.returncode == 0, done.stderr
        assert SKIPPED in done.stdout
        assert "ERROR: no connection" in done.stdout
        assert list_readers(folder) == []
    # With a network they are installed.
    assert make(folder, "").returncode == 0
    assert list_readers(folder) == ["new-2.dist-info"]


def test_altered_packages_are_an_error(folder):
    done = make(folder, "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.")
    assert done.returncode != 0
    assert SKIPPED not in done.stdout
