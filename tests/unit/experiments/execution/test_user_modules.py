"""Modules beside the user's files in an experiment: where it runs, and whether a change is seen."""

import shutil
from pathlib import Path

import pytest

from searchparty import Results, resume, run
from searchparty.experiments.execution.results_directory import ResultsError
from searchparty.experiments.execution.verification import verify_results

YAML = """
name: mine
budget: 24
seed: 1
landscapes:
  - {kind: python, function: "one/obj.py:loss", bounds: [[-1, 1], [-1, 1]]}
  - {kind: python, function: "two/obj.py:loss", bounds: [[-1, 1], [-1, 1]]}
strategies:
  a: {agents: ["three/hop.py:Hop", random]}
executor: simulated
"""
LOSS = """
import utils
def loss(x):
    import late
    return utils.level + float(((x - late.center) ** 2).sum())
"""
HOP = """
from typing import Literal
import utils
from searchparty import Agent

class Hop(Agent):
    kind: Literal["hop"] = "hop"
    setting: utils.Setting = utils.Setting()

    def search(self, space, lease, rng):
        while True:
            yield rng.random((self.setting.points(), space.dimension))
"""
FILES = {
    "mine.yaml": YAML,
    "one/obj.py": LOSS,
    "one/utils.py": "level = 100\n",
    "one/late.py": "center = 0.2\n",
    "two/obj.py": LOSS,
    "two/utils.py": "from sub import inner\nlevel = inner.level\n",
    "two/sub/__init__.py": "",
    "two/sub/inner.py": "level = 200\n",
    "two/sub/notes.txt": "1\n",
    "two/late.py": "center = 0.4\n",
    "two/unrelated.py": "1\n",
    "three/hop.py": HOP,
    "three/utils.py": "from pydantic import BaseModel\nclass Setting(BaseModel):\n    n: int = 4\n"
    "    def points(self): return self.n\n",
}


@pytest.fixture
def project(tmp_path):
    return write_project(tmp_path / "project")


def write_project(folder):
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def run_project(project, out="out", **settings):
    return run(project / "mine.yaml", out=project / out, report=False, **settings)


@pytest.mark.parametrize(
    "settings",
    [{}, {"overrides": ["evaluation={workers: 2}"]}, pytest.param({"executor": "ray"}, marks=pytest.mark.extras)],
)
def test_every_file_has_its_own_modules(project, settings, request):
    if "executor" in settings:
        request.getfixturevalue("local_ray")
    results = run_project(project, **settings)
    assert results.errors == {}
    assert results.failures.rows() == []
    assert [int(best.loss) for best in results.best()] == [100, 200]
    agents = {row["agent"]: row["evaluations"] for row in results.contributions.rows()}
    assert agents["hop"] > 0


NEIGHBOURS = [
    ("one/utils.py", "landscape python one/obj.py:loss has changed: utils.py in its folder has changed"),
    ("one/late.py", "landscape python one/obj.py:loss has changed: late.py in its folder has changed"),
    ("two/sub/inner.py", "landscape python two/obj.py:loss has changed: sub/inner.py in its folder has changed"),
    ("three/utils.py", "agent hop has changed: utils.py in its folder has changed"),
]


@pytest.mark.parametrize(("file", "message"), NEIGHBOURS)
def test_a_changed_neighbour_is_refused(project, file, message):
    path = run_project(project).path
    text = (project / file).read_text()
    (project / file).write_text(text + "# a comment\n")
    name = Path(file).name
    with pytest.raises(ResultsError, match=f"which has changed since you signed it .*{name}, beside "):
        resume(path, budget=30, report=False)
    with pytest.raises(ResultsError, match=f"the code of {message}") as refused:
        resume(path, budget=30, report=False, trust=True)
    assert str(refused.value).count("has changed") == 2
    assert [line for line in verify_results(path).changed if message in line]
    (project / file).write_text(text)
    assert verify_results(path, trust=True).changed == []
    resume(path, budget=30, report=False)


@pytest.mark.parametrize("file", ["two/unrelated.py", "two/sub/notes.txt", "mine.yaml"])
def test_other_files_may_change(project, file):
    path = run_project(project).path
    (project / file).write_text("2\n")
    resume(path, budget=30, report=False)
    assert verify_results(path).changed == []


def test_a_neighbour_that_comes_or_goes_is_refused(project):
    path = run_project(project).path
    (project / "two" / "sub" / "more.py").write_text("")
    with pytest.raises(ResultsError, match=r"sub/more.py in its folder is new"):
        resume(path, budget=30, report=False, trust=True)
    (project / "two" / "sub" / "more.py").unlink()
    (project / "two" / "utils.py").write_text("level = 200\n")
    with pytest.raises(ResultsError, match=r"sub/inner.py in its folder is no longer imported"):
        resume(path, budget=30, report=False, trust=True)


def test_verify_tells_of_losses_of_two_functions(project, command):
    """Where a resumption was forced, the log holds losses of both."""
    path = run_project(project).path
    (project / "one" / "utils.py").write_text("level = 5\n")
    resume(path, budget=30, force=True, trust=True, report=False)
    (line,) = verify_results(path).changed
    assert line.endswith("utils.py in its folder has changed since the log was written (session 1 of 2)")
    done = command("verify", path, cwd=project)
    assert done.returncode == 1
    assert "utils.py in its folder has changed since the log was written (session 1 of 2)" in done.stderr
    assert "Your files have changed since the log was written" in done.stdout
    assert "follow from the log" in done.stdout


@pytest.mark.parametrize("module", ["gradient file", "module"])
def test_other_files_that_a_landscape_names_are_seen(tmp_path, monkeypatch, module):
    (tmp_path / "obj.py").write_text("def loss(x): return float((x ** 2).sum())\n")
    (tmp_path / "grad_here.py").write_text("def slope(x): return 2 * x\n")
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "named_module.py").write_text("def loss(x): return float((x ** 2).sum())\n")
    landscape = {
        "gradient file": '{kind: python, function: "obj.py:loss", gradient: "grad_here.py:slope", bounds: [-1, 1]}',
        "module": '{kind: python, function: "named_module:loss", bounds: [-1, 1]}',
    }[module]
    yaml = tmp_path / "mine.yaml"
    yaml.write_text(
        f"name: m\nbudget: 10\nlandscapes: [{landscape}]\n"
        "strategies: {a: {agents: [random]}}\nexecutor: simulated\n"
    )
    path = run(yaml, out=tmp_path / "out", report=False).path
    changed = tmp_path / {"gradient file": "grad_here.py", "module": "named_module.py"}[module]
    changed.write_text(changed.read_text() + "\n")
    with pytest.raises(ResultsError, match=f"{changed.name} in its folder has changed"):
        resume(path, budget=20, report=False, trust=True)


def test_agents_of_one_kind_in_two_files_are_both_seen(project):
    shutil.copytree(project / "three", project / "four")
    text = YAML.replace("random]}", '"four/hop.py:Hop"]}')
    (project / "mine.yaml").write_text(text)
    path = run_project(project).path
    for folder in ("three", "four"):
        file = project / folder / "hop.py"
        file.write_text(file.read_text() + "\n")
        with pytest.raises(ResultsError, match="the code of agent hop"):
            resume(path, budget=30, report=False, trust=True)
        file.write_text(HOP)


def test_programs_of_the_user_have_neighbours_too(tmp_path):
    (tmp_path / "sim.py").write_text(
        "import sys\nimport part\nfor line in sys.stdin:\n    print(part.loss(line), flush=True)\n"
    )
    (tmp_path / "part.py").write_text("import json\ndef loss(line): return sum(json.loads(line)['x'])\n")
    yaml = tmp_path / "mine.yaml"
    yaml.write_text(
        "name: m\nbudget: 6\nlandscapes: [{kind: command, command: [python3, sim.py], bounds: [[0, 1], [0, 1]]}]\n"
        "strategies: {a: {agents: [random]}}\nexecutor: simulated\n"
    )
    path = run(yaml, out=tmp_path / "out", report=False).path
    (tmp_path / "part.py").write_text("def loss(line): return 0.5\n")
    with pytest.raises(ResultsError, match="part.py in its folder has changed"):
        resume(path, budget=20, report=False, trust=True)


MOVES = {
    "within": ("project", "moved", "out"),
    "deeper": ("project", "a/b/c", "out"),
    "results in a folder": ("project", "moved", "results/mine-1"),
}


@pytest.mark.parametrize(("old", "new", "out"), MOVES.values(), ids=MOVES)
@pytest.mark.parametrize("recorded", [True, False], ids=["", "as in 0.1"])
def test_a_project_that_was_moved_with_its_results(tmp_path, monkeypatch, old, new, out, recorded):
    project, moved = write_project(tmp_path / old), tmp_path / new
    if not recorded:
        monkeypatch.setattr("searchparty.experiments.spec.moved._recorded_directory", lambda _: None)
    run_project(project, out)
    moved.parent.mkdir(parents=True, exist_ok=True)
    project.rename(moved)
    check_moved(moved / out)


def test_results_that_stand_outside_what_they_name(tmp_path):
    """The YAML's folder is not above the results, and both are moved."""
    project = write_project(tmp_path / "project" / "code")
    run(project / "mine.yaml", out=tmp_path / "project" / "results" / "mine-1", report=False)
    (tmp_path / "project").rename(tmp_path / "moved")
    check_moved(tmp_path / "moved" / "results" / "mine-1")


def test_results_that_are_moved_alone(tmp_path):
    project = write_project(tmp_path / "project")
    run_project(project)
    (tmp_path / "archive" / "deep").mkdir(parents=True)
    (project / "out").rename(tmp_path / "archive" / "deep" / "out renämed")
    check_moved(tmp_path / "archive" / "deep" / "out renämed")


def test_a_copied_project_uses_its_own_files(tmp_path):
    project = write_project(tmp_path / "project")
    run_project(project)
    shutil.copytree(project, tmp_path / "copy")
    (project / "one" / "utils.py").write_text("level = 7\n")
    check_moved(tmp_path / "copy" / "out")
    with pytest.raises(ResultsError, match="utils.py in its folder has changed"):
        resume(project / "out", budget=40, report=False, trust=True)


def check_moved(path):
    """Check that moved results verify, resume and have their landscapes, as they did before."""
    found = verify_results(path)
    assert (found.runs, found.problems, found.changed, found.unknown) == (2, [], [], [])
    results = resume(path, budget=30, report=False)
    assert [int(best.loss) for best in results.best()] == [100, 200]
    assert {run.budget for run in results.runs} == {30}
    assert all(run.bounded for run in Results(path).runs)
    assert verify_results(path).problems == []
