"""Rows that are evaluated in a child process, because one of them may take its process down."""

import os
import pickle

import numpy as np
import pytest

from searchparty.agents.evaluation.apart import ApartEvaluator
from searchparty.agents.evaluation.children.pool import ChildPool
from searchparty.agents.evaluation.settings import Evaluation
from searchparty.landscapes.opening import read_facts
from searchparty.landscapes.python_function import InMemory

POINTS = np.linspace(0.0, 1.0, 5)[:, None]


class Fragile:
    """Ends its process at 0.5, so many times; where it fails otherwise, it raises."""

    def __init__(self, tally, deaths):
        self.tally, self.deaths = str(tally), deaths

    def __call__(self, x):
        if x[0] == 0.25:
            raise ValueError("too far left")
        if x[0] == 0.5 and (not os.path.exists(self.tally) or os.path.getsize(self.tally) < self.deaths):
            with open(self.tally, "a") as file:
                file.write(".")
            os._exit(3)
        return float(x[0])


@pytest.fixture
def evaluate(tmp_path):
    """Return the result of the points, and how many processes were ended."""

    def work(deaths):
        landscape = InMemory(function=Fragile(tmp_path / "tally", deaths), bounds=((0.0, 1.0),))
        children = ChildPool(landscape, Evaluation(workers=2), read_facts(landscape), pickle.dumps, ("json",))
        found = ApartEvaluator(children, 3, "took its process down 3 times")
        try:
            return found.evaluate(POINTS, False), os.path.getsize(tmp_path / "tally")
        finally:
            found.close()

    return work


def test_a_row_that_takes_three_children_down_fails_and_no_other(evaluate):
    found, deaths = evaluate(99)
    assert deaths == 3
    assert found.losses.tolist() == [0.0, np.inf, np.inf, 0.75, 1.0]
    assert found.causes[1].startswith("raised ValueError: too far left")
    assert found.causes[2] == "took its process down 3 times"
    assert set(found.causes) == {1, 2}


def test_a_row_that_takes_two_children_down_is_evaluated_by_the_third(evaluate):
    found, deaths = evaluate(2)
    assert deaths == 2
    assert found.losses.tolist() == [0.0, np.inf, 0.5, 0.75, 1.0]
    assert set(found.causes) == {1}
