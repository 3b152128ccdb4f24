"""Batches whose rows are evaluated side by side."""

import os
import pickle
import time

import numpy as np
import pytest

from searchparty.agents.evaluation.children.pool import ChildPool
from searchparty.agents.evaluation.evaluator import assemble_pieces
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
    return float(x[0])


def refuse(landscape):
    raise AssertionError("nothing is pickled")


def evaluate(function, lanes, repeats=1):
    """Return the losses of batches of the points, and the evaluator, which is closed."""
    landscape = InMemory(function=function, bounds=((0.0, 1.0),))
    children = ChildPool(landscape, Evaluation(workers=4), read_facts(landscape), pickle.dumps, ("json",))
    found = LaneEvaluator(InProcessEvaluator(open_problem(landscape)), children)
    found.lanes = lanes
    try:
        for _ in range(repeats):
            result = assemble_pieces(found.evaluate_in_pieces(POINTS, False), POINTS, False)
    finally:
        found.close()
    return result


def test_one_lane_starts_no_process():
    assert set(evaluate(name_process, 1).losses) == {HERE}


def test_quick_rows_start_no_process():
    assert set(evaluate(quick, 3, repeats=2).losses) == {HERE}


@pytest.mark.parametrize("lanes", [2, 4])
def test_the_first_row_is_evaluated_here_and_the_others_by_as_many_children_as_there_are_lanes(lanes):
    losses = evaluate(name_process, lanes).losses.tolist()
    assert losses[0] == HERE
    assert HERE not in losses[1:]
    assert len(set(losses[1:])) <= lanes


def test_afterwards_all_rows_are_evaluated_by_children():
    assert HERE not in evaluate(name_process, 2, repeats=2).losses


def test_a_row_that_takes_its_child_down_is_evaluated_here():
    found = evaluate(end_unless_here, 3)
    assert found.losses.tolist() == POINTS[:, 0].tolist()
    assert not found.causes


def test_where_no_child_can_evaluate_all_is_evaluated_here(monkeypatch):
    monkeypatch.setattr("searchparty.agents.evaluation.children.wire.pickle.dumps", lambda *_, **__: b"no pickle")
    assert set(evaluate(name_process, 3, repeats=2).losses) == {HERE}
