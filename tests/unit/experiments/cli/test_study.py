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
        ("nobody.step=3,5", "sweep.nobody.step must begin with a key of the YAML or the name of a member, got 'nobody"),
        ("policy.budget=equal,bandit", "Write strategies.alone.policy.budget or strategies.party.policy.budget."),
        ("points_per_axis=3,5", "Write scout.points_per_axis."),
        ("radius=0.1,0.2", "Write region.radius or strategies.alone.policy.radius or strategies.party.policy.radius."),
        ("scout=grid,random", "Name a setting of scout: scout.SETTING."),
        ("scut.step=1,2", "Did you mean 'scout'? Members: scout, random."),
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


def test_sweep_refuses_a_key_that_is_given_twice(command, folder):
    done = command("sweep", "study.yaml", "--over", "budget=30,40", "--over", "budget=50,60", cwd=folder)
    assert done.returncode == 2
    assert "--over must have each key once, got 'budget'. Write all its values in one." in done.stderr


def test_sweep_refuses_a_value_that_is_listed_twice(command, folder):
    done = command("sweep", "study.yaml", "--over", "budget=30,40,30", cwd=folder)
    assert done.returncode == 2
    assert "sweep.budget must list each value once, got 30 twice (--over budget=30,40,30). Leave one" in done.stderr
    assert "does nothing" not in done.stderr


def test_ablate_says_what_each_part_is_worth(command, folder):
    done = command("ablate", "study.yaml", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "The best alone is " in done.stdout
    assert "Without sharing, party " in done.stdout
    page = (folder / "results/study-ablation-1/report.html").read_text()
    assert "What each part is worth" in page
    island = unpack_island(re.search('id="island">([^<]+)<', page)[1])
    assert [row[:2] for row in island["tables"]["worth-0"]["rows"]] == [
        ["scout", "it alone"], ["random", "it alone"], ["sharing", "switched off"],
    ]  # fmt: skip
    assert island["tables"]["sharing-0"]["rows"][0][0] == "rastrigin D=2 shifted"
    tables = {path.name for path in (folder / "results/study-ablation-1/tables").iterdir()}
    assert {"worth.csv", "sharing.csv"} <= tables


def test_ablate_refuses_a_strategy_that_is_not_there(command, folder):
    done = command("ablate", "study.yaml", "--strategy", "parti", cwd=folder)
    assert done.returncode == 2
    assert "--strategy must name a strategy of the experiment, got 'parti'. Did you mean 'party'" in done.stderr


def test_branch_goes_on_from_a_moment_with_another_setting(command, folder):
    assert command("run", "study.yaml", "--no-report", cwd=folder).returncode == 0
    listed = command("branch", "results/study-1", "--run", "party", "--at", "50", "--set", "policy.sharing=none",
                     cwd=folder)  # fmt: skip
    assert listed.returncode == 2
    id = re.search(r"([0-9a-f]{12})  party", listed.stderr)[1]
    done = command("branch", "results/study-1", "--run", id, "--at", "50", "--set", "policy.sharing=none", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "Results: results/study-branch-1" in done.stdout
    assert ": sharing=none" in done.stdout
    checked = command("verify", "results/study-branch-1", cwd=folder)
    assert checked.returncode == 0, checked.stdout
    assert "2 runs" in checked.stdout
