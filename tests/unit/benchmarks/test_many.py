"""The benchmarks of many dimensions and of eight at once, in logical time and on Ray."""

import numpy as np
import pytest
from comparison.large import LargeRecorder
from many import EIGHT_SOLVERS, LARGE_SOLVERS, list_tasks, measure_eight
from team_on_ray import ALONE, SlowLoss, load_outcomes

from searchparty.experiments.minimize import DEFAULT_TEAM, EXTRA_MEMBERS


def test_a_large_function_knows_its_minimum():
    loss = LargeRecorder(1, 20, 3, 10)
    assert loss(np.zeros(20)) > loss.minimum
    assert loss.best == pytest.approx(loss(np.zeros(20)) - loss.minimum)
    assert loss.evaluations == 2


def test_every_solver_has_a_task():
    assert {task[1] for task in list_tasks()} == {*EIGHT_SOLVERS, *LARGE_SOLVERS}
    assert len(set(list_tasks())) == len(list_tasks())


@pytest.mark.parametrize("solver", ["8 x SLSQP", "party of 8"])
def test_an_area_of_eight_at_once_is_a_fraction(solver):
    (area,) = measure_eight(solver, 100, 8, 2, 3)
    assert 0.0 < area < 1.0


def test_who_is_alone_is_the_team_that_shares():
    assert ALONE["team"] == [*DEFAULT_TEAM, *EXTRA_MEMBERS]


def test_a_slow_loss_notes_when_its_process_began(tmp_path):
    loss = SlowLoss(8, 2, 0.0, str(tmp_path))
    assert loss(np.zeros(5)) == loss([0.0] * 5)
    assert len(list(tmp_path.iterdir())) == 1


def test_an_outcome_that_was_cut_is_measured_again(tmp_path):
    path = tmp_path / "outcomes.jsonl"
    path.write_text('{"side": "alone"}\n{"side": "sha')
    assert load_outcomes(path) == [{"side": "alone"}]
    assert load_outcomes(tmp_path / "none") == []
