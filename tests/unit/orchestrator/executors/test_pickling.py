"""What cannot be sent to other processes is named."""

import threading
from functools import partial

import numpy as np
import pytest

from searchparty.agents.random_search import RandomSearch
from searchparty.agents.slsqp import Slsqp
from searchparty.landscapes.python_function import InMemory
from searchparty.orchestrator.executors.on_ray.pickling import open_children, pickle_run
from searchparty.orchestrator.loop.executor import ExecutorError
from searchparty.orchestrator.policies.composed import Composed
from searchparty.orchestrator.run_spec import RunSpec


def planned(function, agent=None, concurrency=1):
    landscape = InMemory(function=function, bounds=((-1.0, 1.0),))
    team = (("it", RandomSearch() if agent is None else agent),)
    return RunSpec(landscape, team, Composed(), seed=0, repeat=0, budget=9, concurrency=concurrency)


def make_functions(tmp_path):
    guard, once = threading.Lock(), (n for n in range(3))
    file = (tmp_path / "file").open("w")

    class Model:
        def __init__(self):
            self.settings = {"inner": [1, guard]}

        def loss(self, x):
            return 0.0

        __call__ = loss

    def closure(x):
        with guard:
            return 0.0

    def outer(x):
        return closure(x)

    return {
        "closure": (closure, "`guard`, a lock"),
        "inner": (outer, "`closure.guard`, a lock"),
        "default": (lambda x, handle=file: 0.0, "`default 1`, an open file"),
        "partial": (partial(lambda g, x: 0.0, once), "`argument 1`, a generator"),
        "method": (Model().loss, "`settings.['inner'].[1]`, a lock"),
        "object": (Model(), "`settings.['inner'].[1]`, a lock"),
    }


@pytest.mark.parametrize("kind", ["closure", "inner", "default", "partial", "method", "object"])
def test_what_an_objective_holds_is_named(tmp_path, kind):
    function, words = make_functions(tmp_path)[kind]
    with pytest.raises(ExecutorError, match="^On Ray, the objective must be sent to other processes") as told:
        pickle_run(planned(function))
    assert f"It holds {words}, which cannot be sent" in str(told.value)
    assert "--executor simulated" in str(told.value)


def test_what_can_be_sent_is_sent():
    assert pickle_run(planned(lambda x: 0.0)).unpickle_run().budget == 9


@pytest.mark.parametrize("variable", ["OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"])
def test_children_of_lanes_have_one_thread_as_the_actor_has_whatever_the_environment_says(monkeypatch, variable):
    def count_threads(x):
        from threadpoolctl import threadpool_info

        return float(max(pool["num_threads"] for pool in threadpool_info()))

    monkeypatch.setenv(variable, "4")
    children = open_children(planned(count_threads, Slsqp(), concurrency=2))
    try:
        assert children.evaluate(np.array([[0.2], [0.6]]), False).losses.tolist() == [1.0, 1.0]
    finally:
        children.close()


class Raises:
    def __init__(self, error):
        self.error = error

    def __call__(self, x):
        return 0.0

    def __getstate__(self):
        raise self.error


@pytest.mark.parametrize("error", [RuntimeError("no"), TypeError("no"), ValueError("no"), OSError("no")])
def test_there_are_no_children_where_the_objective_cannot_be_sent_again(error):
    assert open_children(planned(Raises(error), Slsqp(), concurrency=2)) is None
