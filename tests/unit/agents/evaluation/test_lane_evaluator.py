"""Batches whose rows are evaluated side by side."""

import os
import pickle
import time

import numpy as np
import pytest

from searchparty.agents.evaluation.children.pool import ChildPool
from searchparty.agents.evaluation.evaluator import CannotEvaluate, assemble_pieces
from searchparty.agents.evaluation.in_process import InProcessEvaluator
from searchparty.agents.evaluation.lanes import LaneEvaluator
from searchparty.agents.evaluation.settings import Evaluation
from searchparty.landscapes.opening import open_problem, read_facts
from searchparty.landscapes.python_function import InMemory

POINTS = np.linspace(0.0, 1.0, 5)[:, None]
HERE = os.getpid()


def name_process(x):
    time.sleep(0.01)
    return float(os.getpid())


def quick(x):
    return float(os.getpid())


def end_unless_here(x):
    time.sleep(0.01)
    if os.getpid() != HERE and x[0] == 0.5:
        os._exit(3)
    return float(x[0]) + (os.getpid() != HERE)


def evaluate(function, lanes, most=1):
    """Return the result of a batch of the points, after at most so many batches, once a row was evaluated elsewhere."""
    landscape = InMemory(function=function, bounds=((0.0, 1.0),))
    children = ChildPool(landscape, Evaluation(workers=4), read_facts(landscape), pickle.dumps, ("json",))
    found = LaneEvaluator(InProcessEvaluator(open_problem(landscape)), lambda: children)
    found.set_lanes(lanes)
    try:
        for _ in range(most):
            result = assemble_pieces(found.evaluate_in_pieces(POINTS, False), POINTS, False)
            if HERE not in result.losses:
                break
    finally:
        found.close()
    return result


def test_one_lane_starts_no_process():
    assert set(evaluate(name_process, 1, 3).losses) == {HERE}


def test_quick_rows_start_no_process():
    assert set(evaluate(quick, 3, 30).losses) == {HERE}


def test_until_the_children_are_ready_rows_are_evaluated_here():
    assert evaluate(name_process, 3).losses[0] == HERE


def end_early(x):
    return name_process(x) if x[0] < 0.9 else float(os.getpid())


def break_early(x):
    if x[0] > 0.9:
        raise ValueError("out of the domain")
    return name_process(x)


@pytest.mark.parametrize("function", [end_early, break_early])
def test_rows_that_end_early_do_not_keep_the_others_from_children(function):
    losses = evaluate(function, 3, 1200).losses
    assert HERE not in losses


@pytest.mark.parametrize("lanes", [2, 4])
def test_then_they_are_evaluated_by_as_many_children_as_there_are_lanes(lanes):
    # As many batches as a minute has time for: a busy machine may take long to start a process.
    losses = evaluate(name_process, lanes, 1200).losses
    assert HERE not in losses
    assert len(set(losses)) <= lanes


def test_a_row_that_takes_its_child_down_is_evaluated_here():
    landscape = InMemory(function=end_unless_here, bounds=((0.0, 1.0),))
    children = ChildPool(landscape, Evaluation(workers=2), read_facts(landscape))
    found = LaneEvaluator(InProcessEvaluator(open_problem(landscape)), lambda: children)
    found.set_lanes(2)
    try:
        for _ in range(1200):
            result = assemble_pieces(found.evaluate_in_pieces(POINTS, False), POINTS, False)
            assert not result.causes
            if (result.losses != POINTS[:, 0]).any():
                break
    finally:
        found.close()
    # The children add 1; the row at which one ends has its loss from here.
    assert result.losses[2] == POINTS[2, 0]


def test_where_no_child_can_evaluate_all_is_evaluated_here(monkeypatch):
    def refuse(self):
        raise CannotEvaluate("no process could be started")

    monkeypatch.setattr(ChildPool, "prepare", refuse)
    assert set(evaluate(name_process, 3, 5).losses) == {HERE}


def test_children_are_created_once_when_the_first_lease_with_several_lanes_comes():
    landscape, asked = InMemory(function=quick, bounds=((0.0, 1.0),)), []

    def refuse():
        asked.append(1)

    found = LaneEvaluator(InProcessEvaluator(open_problem(landscape)), refuse)
    counts = []
    for lanes in (1, 1, 3, 2, 1):
        found.set_lanes(lanes)
        result = assemble_pieces(found.evaluate_in_pieces(POINTS, False), POINTS, False)
        assert set(result.losses) == {HERE}
        counts.append(len(asked))
    found.close()
    assert counts == [0, 0, 1, 1, 1]
