"""A results directory from someone else runs nothing: a gift whose files all leave a mark, opened in every way.

Commands, addresses of the studio and methods of ``Results`` are listed from the program, so that none is forgotten.
"""

import shutil
import sys
import textwrap
from pathlib import Path

import pytest
from sealing import alter_log
from starlette.testclient import TestClient

from searchparty.experiments.api import resume, run
from searchparty.experiments.cli.commands import HOMES
from searchparty.experiments.cli.studio import _open_results
from searchparty.experiments.execution.results_directory import SIGNATURE_NAME
from searchparty.experiments.execution.verification import verify_results
from searchparty.experiments.results_api import Results
from searchparty.experiments.studio.app import Studio, create_app
from searchparty.experiments.studio.films.shelf import ResultsIndex
from searchparty.experiments.studio.plays.warm_processes import PlayPool
from searchparty.landscapes.neighbours import PRIVATE_PREFIX, ROOTS
from searchparty.landscapes.user_code import LOADED_FILES, USER_PREFIX
from searchparty.orchestrator.log.reader import LogReader

MARK = """
import pathlib
def mark(what):
    pathlib.Path({marks!r}, {name!r} + "-" + what).touch()
mark("imported")
"""
FILES = {
    "helper.py": "def square(x):\n    mark('called')\n    return float((x ** 2).sum())\n",
    "objective.py": """
        import helper
        def loss(x):
            mark("called")
            return helper.square(x)
        """,
    "land.py": """
        import numpy as np
        from typing import ClassVar, Literal
        from searchparty import Landscape, Space
        class Bowl:
            rowwise = True
            minimum = 0.0
            def __init__(self, dimension):
                self.space = Space(np.full(dimension, -3.0), np.full(dimension, 5.0))
                self.minimizers = np.zeros((1, dimension))
            def evaluate(self, points):
                mark("called")
                return (points ** 2).sum(axis=1)
        class Land(Landscape):
            kind: Literal["land"] = "land"
            pictured: ClassVar[bool] = True
            dimension: int = 2
            def open(self):
                mark("opened")
                return Bowl(self.dimension)
        """,
    "agent.py": """
        from typing import Literal
        from searchparty import Agent
        class Walker(Agent):
            kind: Literal["walker"] = "walker"
            card = "Walks anywhere."
            def search(self, space, lease, rng):
                mark("called")
                while True:
                    yield rng.random((1, space.dimension))
        """,
    "policy.py": """
        from typing import Literal
        from searchparty import RadiusChoice, Width
        class Wide(RadiusChoice):
            kind: Literal["wide"] = "wide"
            def width(self, run, member, rng):
                mark("called")
                return Width(0.5, "wide")
        """,
    "program.py": """
        import json, sys
        for line in sys.stdin:
            asked = json.loads(line)
            print(json.dumps({"id": asked["id"], "loss": sum(x * x for x in asked["x"])}), flush=True)
        """,
    "sitecustomize.py": "",
    "usercustomize.py": "",
    "conftest.py": "",
}
YAML = """
name: gift
budget: 24
repeats: 1
landscapes:
  - {kind: "land.py:Land", dimension: [2, 3]}
  - {kind: python, function: "objective.py:loss", bounds: [-1, 1], dimension: 2}
  - {kind: command, command: [python3, program.py], bounds: [[0, 1], [0, 1]]}
strategies:
  ours: {agents: ["agent.py:Walker", random], policy: {lease: 6, radius: "policy.py:Wide"}}
executor: simulated
"""


class Gift:
    """A results directory within its project, and the folder in which everything of it that runs leaves a mark."""

    def __init__(self, folder):
        self.marks, self.project = folder / "marks", folder / "project"
        self.path = self.project / "results" / "gift-1"

    def found(self, *kinds):
        """Return the marks that were left, of these kinds ("called") or of all."""
        return sorted(mark.name for mark in self.marks.iterdir() if not kinds or mark.name.endswith(kinds))

    def clear(self):
        for mark in self.marks.iterdir():
            mark.unlink()


def write_project(folder):
    gift = Gift(folder)
    gift.marks.mkdir(parents=True)
    gift.project.mkdir()
    for name, text in FILES.items():
        (gift.project / name).write_text(MARK.format(marks=str(gift.marks), name=name) + textwrap.dedent(text))
    (gift.project / "gift.yaml").write_text(YAML)
    return gift


def forget_modules():
    """Forget what this process has imported of users, so that it would be run again and leave a mark."""
    for name in list(sys.modules):
        if name.startswith((USER_PREFIX, PRIVATE_PREFIX)) or name in ROOTS:
            del sys.modules[name]
    LOADED_FILES.clear()
    ROOTS.clear()


pytestmark = pytest.mark.usefixtures("coarse_figures")


@pytest.fixture(scope="module")
def gift(tmp_path_factory):
    """Return a gift: the results of another user, with everything of theirs beside them and within them."""
    given = write_project(tmp_path_factory.mktemp("gift"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(given.project.parent / "their-state"))
        assert not run(given.project / "gift.yaml", out=given.path, report=False).errors
    assert (given.path / SIGNATURE_NAME).exists()
    for name in FILES:
        shutil.copy(given.project / name, given.path / name)
    # Another directory names code where no honest one does: in kinds of the settings, and in the names of members.
    forged = given.path.with_name("forged-1")
    shutil.copytree(given.path, forged)
    references = {
        "landscape.kind": "land.py:Land", "policy.kind": f"{given.project}/agent.py:Walker",
        "policy.radius.kind": "policy.py:Wide", "landscape.function": "objective.py:loss",
    }  # fmt: skip
    alter_log(
        forged,
        *(f"UPDATE runs SET settings = json_set(settings, '$.{key}', '{value}')" for key, value in references.items()),
        "UPDATE runs SET about = '{}'",
        "UPDATE runs SET settings = json_set(settings, '$.landscape.command', json('[\"python3\", \"program.py\"]'))",
        forged=True,
    )
    yaml = forged / "experiment.yaml"
    yaml.write_text(yaml.read_text() + "x-more: ['agent.py:Walker', 'policy.py:Wide']\n")
    given.forged = forged
    return given


@pytest.fixture(params=["gift-1", "forged-1"])
def received(gift, request, tmp_path):
    """Return a copy of a gift as it was received: its project, with its results, elsewhere."""
    shutil.copytree(gift.project, tmp_path / "received")
    copy = Gift(tmp_path)
    copy.project, copy.marks = tmp_path / "received", gift.marks
    copy.path = copy.project / "results" / request.param
    forget_modules()
    gift.clear()
    return copy


def test_the_gift_marks_everything_when_it_is_trusted(received):
    """Without this, absent marks would prove nothing."""
    if received.path.name == "forged-1":
        pytest.skip("its settings are not those of its YAML")
    verify_results(received.path, trust=True)
    assert {"agent.py-imported", "agent.py-called", "land.py-opened", "objective.py-imported"} <= set(received.found())
    resume(received.path, repeats=2, report=False)
    names = {mark.partition("-")[0] for mark in received.found("called")}
    assert names == {"helper.py", "objective.py", "land.py", "agent.py", "policy.py"}
    assert "program.py-imported" in received.found()


QUICK = ("--width", "240", "--seconds", "2", "--fps", "2")
COMMANDS = {
    "init": [["init", "elsewhere"]],
    "report": [["report", "RESULTS"], ["report", "RESULTS", "OTHER"]],
    "export": [["export", "RESULTS", "--to", to] for to in ("csv", "ioh", "mlflow")],
    "trace": [["trace", "RESULTS"], ["trace", "RESULTS", "--hash"]],
    "animate": [["animate", "RESULTS", *QUICK]],
    "embed": [["embed", "RESULTS"], ["embed", "RESULTS", "--compare"]],
    "list": [["list", "agents"]],
    "schema": [["schema"]],
    # These need code, and are refused.
    "verify": [["verify", "RESULTS"]],
    "landscape": [["landscape", "RESULTS"], ["landscape", "RESULTS", "--plane", "random"]],
    "branch": [["branch", "RESULTS", "--run", "RUN", "--at", "20", "--set", "policy.radius=fixed"]],
    "resume": [
        ["resume", "RESULTS"],
        ["resume", "RESULTS", "--force"],
        ["resume", "RESULTS", "--budget", "60"],
        ["resume", "RESULTS", "--repeats", "3"],
        ["resume", "RESULTS", "--executor", "simulated", "--no-report"],
    ],
    # These take an experiment, which is the user's own: they refuse a results directory.
    "run": [["run", "RESULTS"]],
    "check": [["check", "RESULTS"]],
    "simulate": [["simulate", "RESULTS"]],
    "sweep": [["sweep", "RESULTS", "--over", "budget=5,6"]],
    "ablate": [["ablate", "RESULTS"]],
    "try": [["try", "RESULTS"]],
    "doctor": [["doctor", "RESULTS"]],
    "submit": [["submit", "RESULTS"]],
    "fetch": [["fetch", "RESULTS", "--address", "http://127.0.0.1:9"]],
    # The studio serves until it is ended; its addresses are below.
    "studio": [],
}
"""Every way in which each command can be given a results directory."""
REFUSED = {"verify", "resume", "landscape", "branch"}


def read_run_ids(directory: Path) -> list[str]:
    with LogReader(directory) as reader:
        return [header.id for header in reader.runs()]


def test_every_command_is_listed():
    assert set(HOMES) == COMMANDS.keys(), "list a new command here, with every way in which it opens results"


@pytest.mark.usefixtures("unrendered")
@pytest.mark.parametrize("name", COMMANDS)
def test_no_command_runs_anything_of_a_gift(received, command, tmp_path, name):
    other = received.path.with_name("gift-1" if received.path.name == "forged-1" else "forged-1")
    for words in COMMANDS[name]:
        places = {"RESULTS": received.path, "OTHER": other, "elsewhere": tmp_path / "elsewhere"}
        places["RUN"] = read_run_ids(received.path)[0]
        # Whoever stands in the gift's own folder is safe, too.
        done = command(*(places.get(word, word) for word in words), cwd=received.path)
        assert received.found() == [], (words, received.found())
        assert "Traceback" not in done.stderr
        if name in REFUSED:
            assert done.returncode == 2
            assert "results must bear your signature before code that they name is run" in done.stderr
            assert "add --trust" in done.stderr
        elif name in ("report", "export", "trace", "animate"):
            assert done.returncode == 0, done.stderr


def test_separate_processes_run_nothing_of_a_gift(received, program):
    """Nothing of the folder in which the commands are run is imported as Python starts, nor by what they start."""
    # A report takes long to draw, and both directories hold the same files.
    for words in (["verify", "."], ["report", "."])[: 2 if received.path.name == "gift-1" else 1]:
        done = program(*words, cwd=received.path)
        assert received.found() == [], words
        assert done.returncode == (2 if words[0] in REFUSED else 0), done.stderr


RUN_ADDRESSES = ["", "?plane=best", "?plane=pca", "?plane=axes:0:1", "?plane=axes:0:0", "?plane=gift.py:loss"]
ADDRESSES = {
    "/api/catalogue": [("GET", "")],
    "/api/results": [("GET", "")],
    "/api/results/{key}/runs/{run}/film": [("GET", query) for query in RUN_ADDRESSES],
    "/api/plays": [("POST", {"page": "p", "side": "s", "settings": {}}),
                   ("POST", {"page": "p", "side": "s", "settings": {"landscape": {"kind": "land.py:Land"}}}),
                   ("POST", {"page": "p", "side": "s", "settings": {"kinds": ["agent.py:Walker"]}})],
    "/api/plays/{key}/film": [("GET", "")],
    "/api/loops": [("GET", "")],
    "/api/ahead": [("POST", {"page": "p", "settings": [{"landscape": {"kind": "land.py:Land"}},
                                                       {"kinds": ["agent.py:Walker"]}]})],
    "/api/leave": [("POST", {"page": "p"})],
    "/{name:path}": [("GET", ""), ("GET", "gift-1"), ("GET", "../results/gift-1/agent.py")],
}  # fmt: skip
"""What is asked of every address of the studio: queries, or bodies."""


def test_no_address_of_the_studio_runs_anything_of_a_gift(received, tmp_path, monkeypatch):
    monkeypatch.chdir(received.project)
    folder = received.project / "results"
    studio = Studio(_open_results(str(received.path), None, None, None), PlayPool(workers=1, parent=tmp_path))
    assert studio.shelf == ResultsIndex((received.path,), Path("results"))
    application = create_app(studio)
    assert {route.path for route in application.routes} == ADDRESSES.keys(), "list a new address here"
    answers = []
    with TestClient(application) as client:
        listed = {each["key"]: each for each in client.get("/api/results").json()["results"]}
        assert listed.keys() == {path.name for path in folder.iterdir()}
        keys = [(key, each["run"]) for key, found in listed.items() for each in found["runs"]]
        assert len(keys) == 8
        for path, requests in ADDRESSES.items():
            for key, run_id in keys if "{key}" in path else [("", "")]:
                for method, given in requests:
                    place = path.replace("{name:path}", "").format(key=key, run=run_id) + (
                        given if isinstance(given, str) else ""
                    )
                    answer = client.request(method, place, json=None if isinstance(given, str) else given)
                    answers.append((place, answer.status_code))
                    assert received.found() == [], place
                    assert answer.status_code < 500, place
    films = [status for place, status in answers if place.endswith("film") and "/results/" in place]
    assert films == [200] * 8
    assert received.found() == []


METHODS = {
    "leases": "run",
    "decisions": "run",
    "insights": "run",
    "points": "run",
    "replay": "run",
    "plot": "landscape",
    "best": None,
    "compare": None,
    "summary_rows": None,
    "report": None,
    "export": "format",
}


@pytest.mark.usefixtures("unrendered")
def test_no_method_of_results_runs_anything_of_a_gift(received):
    results = Results(received.path)
    methods = {name for name, found in vars(Results).items() if callable(found) and not name.startswith("_")}
    assert methods == METHODS.keys(), "list a new method here"
    for name in dir(Results):
        if name.startswith("_"):
            continue
        value = getattr(results, name)
        match METHODS.get(name, "no method"):
            case None:
                value()
            case "format":
                for to in ("csv", "ioh", "mlflow"):
                    value(to)
            case "run":
                for each in results.runs:
                    value(each.id)
            case "landscape":
                for each in results.runs:
                    if each.space.dimension == 2:
                        value("landscape", each.id)
        assert received.found() == [], name


def test_check_imports_what_it_names_and_says_so_and_calls_nothing(gift, program):
    gift.clear()
    done = program("check", gift.project / "gift.yaml", cwd=gift.project)
    assert done.returncode == 0, done.stderr
    assert gift.found("called") == []
    assert "program.py-imported" not in gift.found()
    assert "objective.py-imported" in gift.found()
    assert "time         unknown: --time evaluates a few points" in done.stdout
    assert (
        "imported     land.py, objective.py, policy.py, agent.py, and the modules that these import; no objective was "
        "called" in done.stdout
    )
    assert "programs     python3 program.py; not started" in done.stdout
    timed = program("check", gift.project / "gift.yaml", "--time", cwd=gift.project)
    assert "time         about " in timed.stdout
    assert "objective.py-called" in gift.found()
    assert "program.py-imported" in gift.found()
