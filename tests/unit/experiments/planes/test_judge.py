"""Verdicts on best points: known rank correlations and tests, and what is not settled."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import kruskal, spearmanr

from searchparty.experiments.planes.judge import compare_groups, correlate_ranks, judge_points
from searchparty.experiments.results.records.minima_record import BestPointRecord, PointCurvature


def make_point(strategy, repeat, sharpness, held_out, kind="minimum"):
    # The largest eigenvalue is three times the filter sharpness.
    curvature = PointCurvature(kind, 0.0, [3 * sharpness, 0.0], 0.0, 0.0, sharpness)
    measures = {} if held_out is None else {"held-out loss": held_out}
    name = f"{strategy}#{repeat}"
    return BestPointRecord(f"run of {name}", name, strategy, repeat, 0.1, 1.0, 0, measures, curvature)


def make_points(strategies, repeats, relate, seed=0):
    rng = np.random.default_rng(seed)
    found = []
    for strategy, center in strategies.items():
        for repeat in range(repeats):
            sharpness = center + rng.random()
            found.append(make_point(strategy, repeat, sharpness, relate(sharpness, rng)))
    return found


def test_few_repeats_settle_nothing():
    said = judge_points(make_points({"a": 0.0, "b": 100.0}, 2, lambda x, _: x), True)
    assert said[0].startswith("Medians of filter sharpness and held-out loss: a 0.")
    assert "differ in filter sharpness is not settled: a strategy has 2 repeats here" in said[1]
    assert "in held-out loss is not settled" in said[2]
    assert "is not said: 4 of 4 points have a small gradient, and at least 5 are needed" in said[3]


def test_strategies_that_differ_are_said_to():
    said = judge_points(make_points({"a": 0.0, "b": 100.0, "c": 200.0}, 6, lambda x, _: x), True)
    assert said[1].startswith("Strategies differ in filter sharpness among these runs (p = ")
    assert said[3].startswith("Yes, among these runs sharper points are worse on held-out data")
    assert "Spearman's rho 1.00" in said[3]


def test_no_is_a_verdict():
    said = judge_points(make_points({"a": 0.0, "b": 0.0}, 8, lambda _, rng: rng.random()), True)
    assert said[1].startswith("No: that strategies differ in filter sharpness is not shown")
    assert said[3].startswith("No: that sharper points are worse on held-out data, by held-out loss, is not shown")
    opposite = judge_points(make_points({"a": 0.0, "b": 0.0}, 8, lambda x, _: -x), True)
    assert opposite[3].startswith("No: among these runs sharper points are better on held-out data")


def test_points_on_a_slope_are_left_out():
    points = make_points({"a": 0.0}, 6, lambda x, _: x)
    said = judge_points([*points, make_point("b", 0, 1e6, -1e6, "slope")], True)
    assert "b 1e+06 and -1e+06 (1 run, 1 on a slope)" in said[0]
    assert any("Spearman's rho 1.00" in line and "1 on a slope are left out" in line for line in said)


def test_without_held_out_data_only_sharpness_is_compared():
    said = judge_points(make_points({"a": 0.0, "b": 0.0}, 5, lambda *_: None), True)
    assert said[0].startswith("Medians of filter sharpness: a ")
    assert not any("held-out" in line for line in said[:2])
    assert any(line.startswith("Sharpness depends on the scale of weights") for line in said)


def test_without_curvature_nothing_is_said():
    assert judge_points([BestPointRecord("0" * 12, "a#0", "a", 0, 0.1, 1.0, 0)], True) == []


def test_tests_are_those_of_scipy():
    rng = np.random.default_rng(0)
    groups = [rng.random(6).tolist() for _ in range(3)]
    assert compare_groups(groups) == pytest.approx(kruskal(*groups).pvalue)
    assert compare_groups([[1.0, 2.0], [1.0, 2.0]]) == 1.0
    assert compare_groups([[1.0], [1.0], [1.0]]) == 1.0
    one, other = rng.random((2, 12))
    rho, low, high = correlate_ranks(one, other)
    assert rho == pytest.approx(spearmanr(one, other).statistic)
    assert -1 <= low < rho < high <= 1
    assert correlate_ranks(np.ones(5), one[:5]) == (0.0, 0.0, 0.0)


def test_of_plain_functions_nothing_is_said_of_weights():
    for network in (True, False):
        said = judge_points(make_points({"a": 0.0, "b": 100.0}, 6, lambda x, _: x), network)
        assert any("weights" in line or "layer" in line for line in said) == network


def test_plain_functions_are_as_sharp_as_their_largest_eigenvalue():
    points = [make_point("a", repeat, 2.0, None) for repeat in range(5)]
    said = judge_points(points, False)
    assert said[0] == "Medians of the largest eigenvalue: a 6 (5 runs)."
    assert judge_points(points, True)[0] == "Medians of filter sharpness: a 2 (5 runs)."
    assert not any("length" in line or "filter" in line for line in said)


def test_agents_of_one_run_are_no_repeats():
    points = make_points({"a": 0.0, "b": 100.0}, 6, lambda x, _: x)
    together = [replace(point, run=point.strategy) for point in points]
    said = judge_points(together, True)
    assert "(6 agents of 1 run)" in said[0]
    assert "is not settled: a strategy has 1 repeat here" in said[1]
    assert "Strategies differ" in judge_points(points, True)[1]
