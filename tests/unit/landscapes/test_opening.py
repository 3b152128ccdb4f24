"""A landscape is opened once per run in each process that evaluates it, and never again only to read its bounds."""

from typing import ClassVar, Literal

import pytest

from searchparty.agents.evaluation.open import open_evaluator
from searchparty.agents.evaluation.settings import Evaluation
from searchparty.experiments.api import run
from searchparty.experiments.spec.load import loads_yaml
from searchparty.landscapes.classics import Sphere
from searchparty.landscapes.landscape import Landscape
from searchparty.landscapes.opening import open_problem, read_facts

COUNTED = """\
import pathlib
from typing import Literal
from searchparty.landscapes.classics import Sphere

class Counted(Sphere):
    kind: Literal["counted"] = "counted"
    shareable = {shareable}

    def open(self):
        with open(pathlib.Path(__file__).parent / "opened.txt", "a") as file:
            file.write("x")
        return super().open()
"""
YAML = """\
name: counted
budget: 40
repeats: 2
landscapes: [{kind: "counted.py:Counted"}]
strategies:
  alone: {agents: [random]}
  party: {agents: [slsqp, random]}
executor: simulated
"""


@pytest.mark.parametrize(("shareable", "times"), [(False, 1 + 4), (True, 1)])
def test_four_runs_open_it_once_each_and_once_for_the_plan(tmp_path, shareable, times):
    (tmp_path / "counted.py").write_text(COUNTED.replace("{shareable}", str(shareable)))
    experiment = loads_yaml(YAML, base=str(tmp_path))
    run(experiment, out=tmp_path / "out", report=False)
    assert len((tmp_path / "opened.txt").read_text()) == times


class Own(Landscape):
    """A landscape that counts how often it is opened."""

    kind: Literal["own"] = "own"
    catalogued: ClassVar[bool] = False
    opened: ClassVar[int] = 0

    def open(self):
        type(self).opened += 1
        return Sphere(dimension=2).open()


def test_what_runs_may_not_share_is_opened_anew():
    first = Own.opened
    assert open_problem(Own()) is not open_problem(Own())
    assert Own.opened == first + 2
    assert open_problem(Sphere(dimension=3)) is open_problem(Sphere(dimension=3))
    assert open_problem(Sphere(dimension=3)) is not open_problem(Sphere(dimension=4))


def test_children_open_it_themselves_where_its_space_is_known():
    facts, first = read_facts(Own()), Own.opened
    open_evaluator(Own(), Evaluation(), facts.space)
    assert Own.opened == first + 1
