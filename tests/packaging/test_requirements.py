"""The hashed requirements: one version with constraints.txt, a hash for each, no index and nothing huge."""

import re
import tomllib

import pytest

HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
PIN = re.compile(r"^([a-z0-9-]+)(?:\[[a-z,]+\])?==(\S+)")
NEVER = {"torch", "torchvision", "triton"}
APART = {"readers"}
"""Files that are installed in a folder of their own, beside what the extras have."""


def read_pins(path):
    """(version, number of hashes) by package."""
    pins, name = {}, None
    for line in path.read_text().splitlines():
        if found := PIN.match(line):
            name, version = found.groups()
            pins[name] = (version, 0)
        elif HASH.search(line):
            pins[name] = (pins[name][0], pins[name][1] + 1)
        else:
            pytest.fail(f"{path.name}: {line}")
    return pins


def read_constraints(repository):
    lines = (repository / "constraints.txt").read_text().splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {normalise(name): version for name, version in pairs}


def normalise(name):
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture(scope="module")
def files(repository):
    return {path.stem: read_pins(path) for path in sorted((repository / "requirements").glob("*.txt"))}


def test_every_package_has_hashes_and_the_version_of_constraints(repository, files):
    constraints = read_constraints(repository)
    assert "run" in files
    assert "test" in files
    for job, pins in files.items():
        for name, (version, hashes) in pins.items():
            assert hashes > 0, (job, name)
            assert constraints.get(name, version) == version, f"{job}: {name}. Run `make lock`."


def test_no_file_brings_torch(files):
    for job, pins in files.items():
        assert not NEVER & set(pins), job


def test_what_the_package_depends_on_is_in_every_file_that_installs_it(repository, files):
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    required = {normalise(re.match(r"[\w.-]+", text).group()) for text in project["dependencies"]}
    for job, pins in files.items():
        assert job in APART or required <= set(pins), f"{job}: {required - set(pins)}. Run `make lock`."


def test_what_is_apart_is_not_beside_the_tests_too(files):
    """One of the packages hides the folder tests."""
    for job in APART:
        assert not files[job].keys() & files["extras"].keys()


def test_every_list_is_covered(repository, files):
    for path in (repository / "requirements").glob("*.in"):
        wanted = {normalise(re.match(r"[\w.-]+", line).group()) for line in path.read_text().split("\n") if line}
        assert any(wanted <= set(pins) for pins in files.values()), path.name


def test_every_package_is_installed(repository):
    """The list in pyproject.toml is explicit: a folder that it lacks is missing from the wheel only."""
    listed = set(tomllib.loads((repository / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    rooms = ("landscapes", "agents", "orchestrator", "experiments")
    folders = {
        path.parent.relative_to(repository) for room in rooms for path in (repository / room).rglob("__init__.py")
    }
    assert listed == {"searchparty", *("searchparty." + ".".join(folder.parts) for folder in folders)}
