"""Curves of several runs, compared with values worked out by hand."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from searchparty.experiments.results.curves import quartile_curve, tabulate_curves

INF = math.inf


def make_run(losses):
    """Return what a curve needs of a run with these losses, one an evaluation."""
    best = np.minimum.accumulate(np.array(losses, dtype=float))
    return SimpleNamespace(evaluations=len(best), best_at=lambda places: best[np.minimum(places, len(best)) - 1])


def curve_of(*runs):
    return quartile_curve([make_run(losses) for losses in runs])


def test_quartiles_at_each_number_of_evaluations():
    found = curve_of([9, 7, 3], [5, 5, 5], [8, 1, 1], [6, 6, 2])
    assert found.evaluations.tolist() == [1, 2, 3]
    assert found.lower.tolist() == [5.75, 4.0, 1.75]
    assert found.median.tolist() == [7.0, 5.5, 2.5]
    assert found.upper.tolist() == [8.25, 6.25, 3.5]


def test_a_run_that_ended_keeps_its_loss_and_none_is_infinite():
    found = curve_of([4], [INF, 2, 1])
    assert found.median.tolist() == [INF, 3.0, 2.5]
    assert found.lower.tolist() == [INF, 2.5, 1.75]


@pytest.mark.parametrize("count", [1, 100, 5000])
def test_a_long_curve_has_few_points_and_its_ends(count):
    found = curve_of(np.arange(count, 0, -1.0))
    assert len(found.evaluations) <= 80
    assert (found.evaluations[0], found.evaluations[-1]) == (1, count)
    assert found.median.tolist() == (count + 1.0 - found.evaluations).tolist()


def test_curves_are_a_table():
    table = tabulate_curves({"bowl": {"a": curve_of([3, 1]), "b": curve_of([2])}})
    assert [tuple(row.values()) for row in table.rows()] == [
        ("bowl", "a", 1, 3.0, 3.0, 3.0), ("bowl", "a", 2, 1.0, 1.0, 1.0), ("bowl", "b", 1, 2.0, 2.0, 2.0),
    ]  # fmt: skip
