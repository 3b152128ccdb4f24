"""A problem needs neither a minimum nor minimizers nor a gradient."""

import numpy as np
import pytest

import searchparty
from searchparty.experiments.animation.animate import AnimationOptions, write_animation
from searchparty.experiments.results.run_header import read_header
from searchparty.landscapes.landscape import known_minimizers, known_minimum
from searchparty.landscapes.slices import evaluate_line

BARE = """\
from typing import ClassVar, Literal

import numpy as np

from searchparty import Landscape, Space


class BareProblem:
    def __init__(self, dimension):
        self.space = Space(np.full(dimension, -4.0), np.full(dimension, 4.0))

    def evaluate(self, points):
        return ((points - 3.0) ** 2).sum(axis=1)


class Bare(Landscape):
    kind: Literal["bare"] = "bare"
    pictured: ClassVar[bool] = True
    dimension: int = 2

    def open(self):
        return BareProblem(self.dimension)
"""
YAML = """\
name: bare
budget: 30
landscapes: [{kind: "bare.py:Bare"}]
strategies: {team: {agents: [random, slsqp]}}
executor: simulated
"""


class BareProblem:
    """A problem that has only a space and losses."""

    space = searchparty.Space(np.zeros(2), np.ones(2))

    def evaluate(self, points):
        return points.sum(axis=1)


@pytest.fixture
def experiment(tmp_path):
    (tmp_path / "bare.py").write_text(BARE)
    (tmp_path / "bare.yaml").write_text(YAML)
    return tmp_path / "bare.yaml"


def test_what_is_not_stated_is_unknown():
    assert known_minimum(BareProblem()) is None
    assert known_minimizers(BareProblem()) is None
    assert len(evaluate_line(BareProblem(), 5)[1]) == 5


def test_such_a_landscape_is_searched_reported_and_animated(experiment, tmp_path, coarse_figures):
    results = searchparty.run(experiment, out=tmp_path / "out", report=False)
    assert results.best()[0].loss == pytest.approx(0, abs=1e-6)
    assert results.best()[0].point == pytest.approx([3.0, 3.0], abs=1e-3)
    header = read_header(tmp_path / "out", results.runs[0].id)
    assert header.problem is None
    assert header.surfaces
    assert header.minimum is None
    assert header.minimizers is None
    assert results.report().exists()
    film = AnimationOptions(seconds=2.0, fps=2.0, width=240, out=tmp_path / "film.gif")
    assert write_animation(tmp_path / "out", film).paths[0].exists()


def test_results_are_read_without_the_file(experiment, tmp_path):
    results = searchparty.run(experiment, out=tmp_path / "out", report=False)
    (tmp_path / "bare.py").unlink()
    header = read_header(tmp_path / "out", results.runs[0].id)
    assert header.problem is None


def test_a_precision_needs_a_known_minimum(experiment, tmp_path):
    with pytest.raises(ValueError, match="stop.precision must .* known minima"):
        searchparty.run(experiment, out=tmp_path / "out", overrides=["stop.precision=0.1"], report=False)
