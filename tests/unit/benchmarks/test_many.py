"""The benchmarks of many dimensions and of eight at once, in logical time and on Ray."""

from types import SimpleNamespace

import numpy as np
import pytest
from comparison.large import LargeRecorder
from comparison.parties import logical_runtimes
from many import EIGHT_SOLVERS, LARGE_SOLVERS, list_tasks, measure_eight
from team_on_ray import ALONE, SlowLoss, load_outcomes

from searchparty.agents.agent import Finding, Lease, Region, Rows
from searchparty.experiments.minimize import DEFAULT_TEAM, EXTRA_MEMBERS
from searchparty.orchestrator.log.log import MemoryLog
from searchparty.orchestrator.state.events import Collected, Granted


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


def test_a_lease_starts_when_the_rows_before_it_have_truly_been_evaluated():
    # The first lease has batches of 3 and 1 rows on 2 lanes: three rounds, though its budget is worth two.
    region, log, seen = Region.whole(1), MemoryLog(), list[tuple[float, float]]()
    for number, (lanes, losses) in enumerate([(2, [9.0, 8.0, 7.0, 6.0]), (1, [5.0])]):
        size = len(losses)
        log.append(Granted(number, (Lease(number, "a", size, region, "asked", fresh=True, lanes=lanes),)))
        log.add_rows(number, Rows(0, np.zeros((size, 1)), np.array(losses)))
        log.append(Collected(Finding(number, "a", size, size, "spent")))
    recorder = SimpleNamespace(record_loss=lambda loss, time: seen.append((loss, time)), runtimes=None)
    logical_runtimes(log, [3, 1, 1], recorder)
    assert seen == [(9.0, 1), (8.0, 1), (7.0, 2), (6.0, 3), (5.0, 4)]


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
