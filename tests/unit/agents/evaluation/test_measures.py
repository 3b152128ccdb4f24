"""A point is measured in a child process that may be lost or too slow; the log and the run then say so in words."""

import numpy as np
import pytest

from searchparty.agents.evaluation.children.child_kinds import PythonChild
from searchparty.agents.evaluation.children.pool import ChildPool
from searchparty.agents.evaluation.evaluator import CannotEvaluate, EvaluationResult
from searchparty.agents.evaluation.leaving import ExitRequest, ObjectiveExit
from searchparty.agents.evaluation.measures import measure_point, read_measures
from searchparty.agents.evaluation.settings import Evaluation
from searchparty.experiments.spec.load import loads_yaml
from searchparty.landscapes.classics import Sphere

OWN = """
import os
import sys
import time
from typing import Literal

import numpy as np

from searchparty import Landscape, Space


class Bowl:
    space = Space(np.full(1, 0.0), np.full(1, 4.0))

    def evaluate(self, points):
        return points[:, 0]

    def measure(self, point):
        if point[0] > 3:
            print("no room", file=sys.stderr, flush=True)
            os._exit(3)
        if point[0] > 2:
            time.sleep(1000)
        if point[0] > 1:
            sys.exit(7)
        return {"process": os.getpid(), "at": point[0]}


class Measured(Landscape):
    kind: Literal["measured"] = "measured"

    def open(self):
        return Bowl()
"""


class Counting:
    def __init__(self, found):
        self.found = found

    def measure(self, point):
        return self.found


@pytest.fixture
def pool(tmp_path, monkeypatch):
    """A pool of which a row may take 0.3 s, and a start or a measurement 3 s more."""
    (tmp_path / "own.py").write_text(OWN)
    text = "name: x\nbudget: 1\nlandscapes: [{kind: ./own.py:Measured}]\nstrategies: {a: {agents: [random]}}\n"
    (landscape,) = loads_yaml(text, base=str(tmp_path)).landscapes
    found = ChildPool(landscape, Evaluation(timeout=0.3, workers=2))
    # After the children have started, which takes longer on a busy machine.
    assert found.evaluate(np.array([[0.1], [0.2]]), False).losses.tolist() == [0.4, 0.8]
    monkeypatch.setattr(PythonChild, "startup", 3.0)
    yield found
    found.close()


def test_a_child_measures_between_rows(pool):
    measured = pool.measure(np.array([0.125]))
    assert measured.keys() == {"process", "at"}
    assert measured["at"] == 0.5
    assert pool.evaluate(np.array([[0.25]]), False).losses.tolist() == [1.0]


@pytest.mark.parametrize(
    ("place", "what"),
    [
        (0.9, r"the process there took its process down \(exit code 3\): no room\."),
        (0.6, r"the process there gave no answer within its time-out of 0.3 s\."),
    ],
)
def test_a_process_that_is_lost_while_it_measures_is_named_and_replaced(pool, place, what):
    with pytest.raises(CannotEvaluate, match=f"must be measured where it was evaluated, but {what} Give it more time"):
        pool.measure(np.array([place]))
    assert pool.measure(np.array([0.125]))["at"] == 0.5


def test_a_measurement_that_ends_the_program_does(pool):
    with pytest.raises(ObjectiveExit, match="7") as left:
        pool.measure(np.array([0.4]))
    assert left.value.code == 7
    assert left.value.place.startswith("own.py:")


def test_no_child_is_asked_where_there_is_nothing_to_tell():
    pool = ChildPool(Sphere(dimension=2), Evaluation(workers=1))
    try:
        assert pool.measure(np.array([0.5, 0.5])) == {}
        assert pool._workers[0]._child.lines is None
    finally:
        pool.close()


def test_numbers_of_any_kind_are_told_as_floats():
    found = measure_point(Counting({"a": np.float32(0.5), "b": np.array([2]), "c": np.nan, "d": True}), np.zeros(1))
    assert repr(found) == "{'a': 0.5, 'b': 2.0, 'c': nan, 'd': 1.0}"


def test_a_package_that_is_missing_is_the_users_to_install():
    class Lacking:
        def measure(self, point):
            import no_such_package  # noqa: F401

    with pytest.raises(ModuleNotFoundError, match="no_such_package"):
        measure_point(Lacking(), np.zeros(1))


def test_what_another_process_sent_is_read():
    assert read_measures({"a": 1.0}) == {"a": 1.0}
    with pytest.raises(CannotEvaluate, match="but the process there died"):
        read_measures(EvaluationResult(np.array([np.inf]), None, {0: "died"}))
    with pytest.raises(KeyboardInterrupt, match="^$"):
        read_measures(ExitRequest(None, "", True))
