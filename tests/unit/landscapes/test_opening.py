"""A landscape is opened once per run in each process that evaluates it, and never again only to read its bounds."""

from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import pytest
from pydantic import Field

from searchparty.agents.evaluation.open import open_evaluator
from searchparty.agents.evaluation.settings import Evaluation
from searchparty.experiments.api import run
from searchparty.experiments.spec.errors import SpecError
from searchparty.experiments.spec.load import loads_yaml
from searchparty.landscapes.classics import Sphere
from searchparty.landscapes.landscape import Landscape, LandscapeError, Space
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


@pytest.mark.parametrize(("shareable", "times"), [(False, 1 + 4 + 1), (True, 1)])
def test_four_runs_open_it_once_each_and_once_for_the_plan(tmp_path, shareable, times):
    (tmp_path / "counted.py").write_text(COUNTED.replace("{shareable}", str(shareable)))
    experiment = loads_yaml(YAML, base=str(tmp_path))
    run(experiment, out=tmp_path / "out", report=False)
    # Once more for the surface that pictures show, recorded when the runs have ended.
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
    open_evaluator(Own(), Evaluation(), facts)
    assert Own.opened == first + 1


class Bounded:
    minimum = minimizers = None

    def __init__(self, lower, upper):
        self.space = Space(np.array(lower), np.array(upper))


class Wide(Landscape):
    kind: Literal["wide"] = "wide"
    low: float
    high: float

    def open(self):
        low, high = (np.inf * np.sign(end) if abs(end) > 1.75e308 else end for end in (self.low, self.high))
        return Bounded([0.0, low], [1.0, high])


@pytest.mark.parametrize(
    ("low", "high"), [(-1.7e308, 1.7e308), (-1.79e308, 1.0), (0.0, 1.79e308), (1.0, 1.0), (1.0, 0.0), (-1e308, 1e308)]
)
def test_bounds_between_which_no_point_can_be_computed_are_refused(low, high):
    with pytest.raises(
        LandscapeError, match=r"bounds must be finite, with low < high and a finite width, got .* axis 1"
    ):
        read_facts(Wide(low=low, high=high))


def test_bounds_as_wide_as_a_float_are_searched():
    assert read_facts(Wide(low=-8e307, high=8e307)).space.dimension == 2


@pytest.mark.parametrize("bounds", ["[-.inf, .inf]", "[0, .inf]", "[.nan, 1]", "[[0, 1], [-.inf, 1]]", "[-1e400, 0]"])
@pytest.mark.parametrize("kind", ["kind: python, function: 'math:fsum'", "kind: command, command: cat"])
def test_infinite_bounds_in_a_yaml_are_refused_with_the_word(bounds, kind):
    text = YAML.replace("""{kind: "counted.py:Counted"}""", f"{{{kind}, bounds: {bounds}}}")
    with pytest.raises(SpecError, match=r"^landscapes\.0\.bounds must have finite numbers only, got .*nan\.$"):
        loads_yaml(text)


@pytest.mark.parametrize("bounds", ["[-1.7e308, 1.7e308]", "[[0, 1], [-1e308, 1e308]]"])
def test_bounds_of_infinite_width_are_refused_in_a_yaml(bounds):
    landscape = f"{{kind: python, function: 'math:fsum', bounds: {bounds}}}"
    text = YAML.replace("""{kind: "counted.py:Counted"}""", landscape)
    with pytest.raises(SpecError, match=r"^landscapes\.0\.bounds must have a finite width, got \(-1"):
        loads_yaml(text)


class OnFiles(Landscape):
    """A landscape that runs share, on a file of data and one of code."""

    kind: Literal["on-files"] = "on-files"
    catalogued: ClassVar[bool] = False
    shareable: ClassVar[bool] = True
    base: str = Field(exclude=True)

    @property
    def code_references(self):
        return ("code.py:loss",)

    @property
    def data_files(self):
        return (Path(self.base) / "data.npz",)

    def open(self):
        return object()


def test_a_problem_is_shared_until_a_file_that_it_needs_changes(tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        for name, text in {"code.py": "import beside\n", "beside.py": "a = 1\n", "data.npz": "12"}.items():
            (tmp_path / folder / name).write_text(text)
    one, two = (OnFiles(base=str(tmp_path / folder)) for folder in ("one", "two"))
    first = open_problem(one)
    assert open_problem(one) is first
    # Their settings are equal, but for the folder.
    assert open_problem(two) is not first
    seen = {id(first): first}
    for name in ("code.py", "beside.py", "data.npz"):
        path = tmp_path / "one" / name
        path.write_text(path.read_text() + " ")
        found = open_problem(one)
        assert id(found) not in seen
        seen[id(found)] = found
    (tmp_path / "one" / "data.npz").unlink()
    (tmp_path / "one" / "code.py").unlink()
    assert id(open_problem(one)) not in seen
