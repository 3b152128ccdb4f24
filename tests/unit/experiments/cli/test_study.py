"""The commands that run studies: what they write, print and refuse."""

import re

import pytest

from searchparty import load
from searchparty.experiments.report.island import unpack_island

pytestmark = pytest.mark.usefixtures("coarse_figures")
TEAM = """\
name: study
seed: 3
repeats: 2
budget: 120
landscapes: [{kind: rastrigin, dimension: 2, shift: random}]
strategies:
  alone: {agents: [{kind: grid, name: scout}]}
  party: {agents: [{kind: grid, name: scout}, random], policy: {sharing: broadcast, lease: 20}}
executor: simulated
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "study.yaml").write_text(TEAM)
    return tmp_path


def test_sweep_runs_every_combination_and_says_what_is_worth_its_cost(command, folder):
    done = command(
        "sweep", "study.yaml", "--over", "scout.points_per_axis=3,5", "--over", "region.radius=0.2,0.5", cwd=folder
    )
    assert done.returncode == 0, done.stderr
    sweep = load(folder / "results/study-1/experiment.yaml").sweep
    assert sweep == {"scout.points_per_axis": (3, 5), "region.radius": (0.2, 0.5)}
    assert "alone: rastrigin D=2 shifted: points_per_axis=" in done.stdout
    assert "draws of the 2 runs" in done.stdout
    page = (folder / "results/study-1/report.html").read_text()
    island = unpack_island(re.search('id="island">([^<]+)<', page)[1])
    front = island["figures"]["sweep-0-0-front"]
    assert [point["name"] for point in front["points"]][:2] == ["points_per_axis=3, radius=0.2",
                                                                "points_per_axis=3, radius=0.5"]  # fmt: skip
    replayed = [point["run"] for point in front["points"] if point["front"]]
    assert all(f'data-film="{run}"' in page for run in replayed)
    assert island["figures"]["sweep-0-0-gap"]["columns"] == ["0.2", "0.5"]
    assert {"settings.csv", "effects.csv"} <= {path.name for path in (folder / "results/study-1/tables").iterdir()}


def test_sweep_says_that_a_setting_does_nothing(command, folder):
    done = command("sweep", "study.yaml", "--over", "log.keep=1 MB,2 MB", "--no-report", cwd=folder)
    assert "log.keep does nothing here: with each of its values, the runs are the same." in done.stderr
    done = command("sweep", "study.yaml", "--over", "scout.points_per_axis=3,5", "--no-report", cwd=folder)
    assert "does nothing" not in done.stderr


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ("landscapes.0.dimension=2,3", "--over must be a setting of the search, got 'landscapes.0.dimension', which"),
        ("seed=1,2", "--over must be a setting of the search, got 'seed', which changes the problem"),
        ("scout.points=3,5", "strategies.alone.agents.0.points must be a known setting, got 'points'"),
        ("nobody.step=3,5", "--over must begin with a key of the YAML or the name of a member, got 'nobody.step'. Mem"),
        ("budget=3", "--over must have at least two values, got 'budget=3'. Set one with --set."),
        ("budget", "--over must be key.path=value,value, got 'budget'. Write e.g."),
        ("executor=ray,simulated", "sweep.executor must be a setting that changes findings"),
    ],
)
def test_sweep_refuses_what_cannot_be_swept(command, folder, over, message):
    done = command("sweep", "study.yaml", "--over", over, cwd=folder)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
