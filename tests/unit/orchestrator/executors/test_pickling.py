"""What cannot be sent to other processes is named."""

import threading
from functools import partial

import pytest

from searchparty.agents.random_search import RandomSearch
from searchparty.landscapes.python_function import InMemory
from searchparty.orchestrator.executors.on_ray.pickling import pickle_run
from searchparty.orchestrator.loop.executor import ExecutorError
from searchparty.orchestrator.policies.composed import Composed
from searchparty.orchestrator.run_spec import RunSpec


def planned(function):
    landscape = InMemory(function=function, bounds=((-1.0, 1.0),))
    return RunSpec(landscape, (("it", RandomSearch()),), Composed(), seed=0, repeat=0, budget=9, concurrency=1)


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
