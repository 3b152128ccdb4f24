"""Tests of significance: exact for the ranks at hand, and never below the least p."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from searchparty.experiments.comparison import significance
from searchparty.experiments.comparison.ranking import rank_values
from searchparty.experiments.comparison.significance import (
    adjust_p_values,
    least_p_value,
    rank_sum_p_value,
)

INF = float("inf")
LOSSES = st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0, 4.0, INF]), min_size=1, max_size=5)


@given(LOSSES, LOSSES)
def test_every_assignment_of_the_ranks_counts_once(first, second):
    ranks = rank_values([*first, *second])
    sums = np.array([ranks[list(chosen)].sum() for chosen in combinations(range(len(ranks)), len(first))])
    observed = ranks[: len(first)].sum()
    p = min(1.0, 2 * min(np.mean(sums <= observed), np.mean(sums >= observed)))
    assert rank_sum_p_value(first, second) == pytest.approx(p, rel=1e-12)
    assert rank_sum_p_value(second, first) == pytest.approx(p, rel=1e-12)


@given(LOSSES, LOSSES)
def test_no_p_is_below_the_least(first, second):
    assert rank_sum_p_value(first, second) >= least_p_value(len(first), len(second))


@pytest.mark.parametrize("sizes", [(3, 3), (5, 8), (20, 31), (50, 50), (1, 400)])
def test_without_ties_it_is_the_exact_mann_whitney_test(sizes):
    values = np.random.default_rng(sum(sizes)).permutation(sum(sizes)).astype(float)
    first, second = values[: sizes[0]], values[sizes[0] :]
    exact = mannwhitneyu(first, second, alternative="two-sided", method="exact").pvalue
    assert rank_sum_p_value(list(first), list(second)) == pytest.approx(exact, rel=1e-9)


def test_separated_groups_with_ties_have_the_least_p():
    """The normal approximation gives 0.059, beside a least p of 0.1."""
    assert rank_sum_p_value([1, 1, 2], [3, 3, 3]) == pytest.approx(0.1) == pytest.approx(least_p_value(3, 3))
    assert rank_sum_p_value([1, 2, 3], [4, 5, 6]) == pytest.approx(0.1)
    assert rank_sum_p_value([1, 1], [1, 1]) == 1.0
    assert rank_sum_p_value([INF, INF], [INF, INF]) == 1.0


@pytest.mark.parametrize("ties", [False, True])
def test_the_approximation_of_large_groups_continues_the_exact_test(ties, monkeypatch):
    random = np.random.default_rng(4)
    first, second = random.normal(0.4, 1, 50), random.normal(0.0, 1, 50)
    if ties:
        first, second = np.round(first), np.round(second)
    exact = rank_sum_p_value(list(first), list(second))
    monkeypatch.setattr(significance, "MOST_EXACT", 0)
    approximate = rank_sum_p_value(list(first), list(second))
    assert exact == pytest.approx(approximate, rel=0.03)
    assert exact != approximate


@pytest.mark.parametrize("sizes", [(30, 200), (150, 150)])
@pytest.mark.parametrize("digits", [0, 1, 9])
@pytest.mark.parametrize("shift", [0.0, 0.5])
def test_the_approximation_is_scipys(sizes, digits, shift):
    random = np.random.default_rng(sum(sizes) + digits)
    first = np.round(random.normal(shift, 1, sizes[0]), digits).tolist()
    second = np.round(random.normal(0.0, 1, sizes[1]), digits).tolist()
    expected = mannwhitneyu(first, second, alternative="two-sided", method="asymptotic").pvalue
    assert rank_sum_p_value(first, second) == pytest.approx(expected, rel=1e-9)


def test_holm_by_hand():
    # 0.01 x 3, 0.03 x 2, and 0.04 raised to the one before it.
    assert adjust_p_values([0.04, 0.01, None, 0.03]) == pytest.approx([0.06, 0.03, None, 0.06])
