"""No finding is lost.

Drivers, actors, raylets and nodes are killed at random moments, and traces are identical to the byte.
"""

import os
import sys
import time

import pytest
from killing import Tally, command, kill_actors, kill_drivers, kill_part, processes, rows_of, text_of, trial

# On a busy machine, starting a process may take ten times as long.
pytestmark = pytest.mark.timeout(600)
SEED = int(os.environ.get("SEARCHPARTY_KILL_SEED", "20261124"))
"""Seed of the moments of the kills. Another one tries other moments."""
MANY = pytest.mark.extras
"""`make test` makes enough kills to find a mistake that is always there; `make test-extras` makes more."""


@pytest.fixture(scope="module")
def slow(tmp_path_factory):
    """Work cheap evaluations by a team that shares what it finds."""
    return trial(tmp_path_factory.mktemp("kills") / "slow", budget=1200)


@pytest.mark.parametrize("kills", [(2, 1, 1), pytest.param((5, 4, 3), marks=MANY)], ids=["some", "many"])
def test_drivers_killed_in_one_process(slow, tmp_path, kills):
    """Kill drivers with cheap evaluations, with failing ones in children, and with expensive ones."""
    of_cheap, of_fragile, of_expensive = kills
    seed = SEED + sum(kills)
    cheap = kill_drivers(slow, of_cheap, seed)
    rules = "{workers: 2, on_error: retry, retries: 1, on_nan: skip}"
    failing = trial(tmp_path / "fragile", "fragile", budget=300, evaluation=rules)
    fragile = kill_drivers(failing, of_fragile, seed + 1)
    expensive = kill_drivers(trial(tmp_path / "expensive", "expensive", budget=16), of_expensive, seed + 2)
    for tally, wanted in zip((cheap, fragile, expensive), kills, strict=True):
        assert tally.kills == wanted
        assert not tally.different
        assert tally.equal >= 1
    # Only the expensive evaluation in progress is lost: a driver in one process has one.
    assert expensive.repeated <= expensive.kills
    # Less than a second's work of cheap ones is lost per kill.
    assert cheap.repeated <= cheap.kills * 300
    assert not children()


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Work an experiment in many dimensions, of whose points the log keeps every tenth."""
    place = tmp_path_factory.mktemp("kills") / "large"
    settings = {"team": "descent", "budget": 300, "dimension": 2000, "log": "{keep: 1 MB}"}
    found = trial(place, gradient="objectives.py:slope", **settings)
    assert " sha " in found.reference
    return found


@pytest.mark.parametrize("kills", [3, pytest.param(10, marks=MANY)])
def test_drivers_killed_where_few_points_are_kept(large, kills):
    tally = kill_drivers(large, kills, SEED + 200 + kills)
    assert tally.kills == kills
    assert not tally.different
    assert tally.equal >= 1


@pytest.mark.parametrize(
    "executor", ["simulated", pytest.param("ray", marks=[MANY, pytest.mark.ray])], ids=["children", "ray"]
)
def test_digests_are_equal_wherever_points_are_evaluated(large, tmp_path, executor):
    text = large.yaml.read_text()
    place = large.folder / f"{executor}.yaml"
    place.write_text(text.replace("evaluation: {}", "evaluation: {workers: 2}") if executor == "simulated" else text)
    command("run", place, "--out", tmp_path / "out", "--executor", executor)
    assert text_of(tmp_path / "out") == large.reference


@MANY
@pytest.mark.ray
def test_actors_killed_where_few_points_are_kept(local_ray, large, tmp_path):
    tally = kill_actors([large], tmp_path, 4, SEED + 300)
    assert not tally.different


def children():
    """Return the processes that still evaluate a moment after their parent has died."""
    time.sleep(1.0)
    listed = list(processes())
    living = {pid for pid, _, _ in listed if pid != 1}
    return [
        line
        for _, parent, line in listed
        if "searchparty.agents.evaluation.children.child_main" in line
        and sys.executable in line
        and parent not in living
    ]


@pytest.mark.ray
@pytest.mark.parametrize("kills", [1, pytest.param(4, marks=MANY)])
def test_drivers_killed_on_ray(local_ray, slow, kills):
    """Kill drivers that join a running Ray."""
    address = local_ray.get_runtime_context().gcs_address
    tally = kill_drivers(slow, kills, SEED + 100 + kills, ("--executor", "ray", "--address", address))
    assert not tally.different
    assert tally.equal >= 1


@pytest.mark.ray
@pytest.mark.parametrize("kills", [4, pytest.param(16, marks=MANY)])
def test_actors_killed(local_ray, slow, tmp_path, kills):
    """Kill actors of running drivers."""
    # In the second one, rows of a batch arrive in any order, from children that must die with their actor.
    trials = [slow, trial(tmp_path / "pooled", evaluation="{workers: 2}", budget=1000, seed=2)]
    tally = kill_actors(trials, tmp_path, kills, SEED + kills)
    assert tally.kills == kills
    assert not tally.different
    assert not children()


@pytest.mark.parametrize(
    ("part", "how"),
    [("raylet", "simulated"), pytest.param("raylet", "ray", marks=MANY), ("gcs_server", "simulated")],
)
def test_a_ray_that_is_killed_ends_the_driver_with_a_message_and_it_resumes(slow, tmp_path, part, how):
    tally, out = Tally(), tmp_path / "out"
    errors = kill_part(slow, out, how, tally, part)
    assert "Ray was lost" in errors
    assert f"searchparty resume {out}" in errors
    assert "Traceback" not in errors
    assert tally.seconds < 30
    assert rows_of(out) > 0
    assert not tally.different
