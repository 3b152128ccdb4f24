"""Tests over problems, against scipy and (with extras) against scikit-posthocs and baycomp."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from searchparty.experiments.comparison.ranking import rank_values
from searchparty.experiments.comparison.signed_ranks import (
    bayesian_signed_rank,
    friedman_p_value,
    signed_rank_p_value,
)
from searchparty.experiments.comparison.significance import effect_size


def ranks_of(values):
    return np.array([rank_values(row) for row in values])


@given(st.integers(2, 12), st.integers(3, 6), st.integers(0, 99), st.booleans())
def test_friedman_is_scipys(problems, strategies, seed, tied):
    random = np.random.default_rng(seed)
    values = random.integers(0, 4, (problems, strategies)) if tied else random.random((problems, strategies))
    expected = stats.friedmanchisquare(*values.T).pvalue if len(np.unique(ranks_of(values))) > 1 else 1.0
    assert friedman_p_value(ranks_of(values)) == pytest.approx(expected, rel=1e-9)


def test_friedman_needs_two_problems_and_three_strategies():
    assert friedman_p_value(np.array([[1.0, 2.0, 3.0]])) is None
    assert friedman_p_value(np.array([[1.0, 2.0], [1.0, 2.0]])) is None


@given(st.lists(st.floats(0.01, 5) | st.floats(-5, -0.01), min_size=1, max_size=25, unique_by=abs))
def test_without_ties_the_signed_rank_test_is_scipys(differences):
    assert signed_rank_p_value(differences) == pytest.approx(stats.wilcoxon(differences, method="exact").pvalue)


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=9))
def test_with_ties_every_assignment_of_signs_counts_once(differences):
    values = np.array(differences, dtype=float)
    ranks = rank_values(np.abs(values).tolist())[values != 0]
    if not len(ranks):
        assert signed_rank_p_value(differences) == 1.0
        return
    signs = (np.arange(2 ** len(ranks))[:, None] >> np.arange(len(ranks))) & 1
    sums = signs @ ranks
    observed = ranks[values[values != 0] > 0].sum()
    expected = min(1.0, 2 * min(np.mean(sums <= observed + 1e-9), np.mean(sums >= observed - 1e-9)))
    assert signed_rank_p_value(differences) == pytest.approx(expected)


def test_many_differences_use_the_normal_approximation():
    values = np.random.default_rng(1).normal(0.15, 1, 300)
    expected = stats.wilcoxon(values, method="approx", correction=False).pvalue
    assert signed_rank_p_value(values.tolist()) == pytest.approx(expected, rel=1e-9)


def test_beliefs_add_up_and_follow_the_data():
    random = np.random.default_rng(0)
    clear = bayesian_signed_rank([-1.0] * 12, 0.1, random)
    assert clear.better > 0.99
    equal = bayesian_signed_rank([0.01, -0.02, 0.03, -0.01] * 4, 0.1, random)
    assert equal.equivalent > 0.99
    mixed = bayesian_signed_rank([-1.0, 1.0] * 5, 0.1, random)
    assert mixed.better + mixed.equivalent + mixed.worse == pytest.approx(1)
    assert mixed.better == pytest.approx(mixed.worse, abs=0.25)


@pytest.mark.extras
@pytest.mark.parametrize("seed", range(4))
def test_the_bayesian_test_is_baycomps(seed):
    baycomp = pytest.importorskip("baycomp")
    random = np.random.default_rng(seed)
    differences = random.normal(-0.15, 0.4, 15)
    # baycomp takes scores, of which higher ones are better: a difference of times below zero favours the first.
    left, rope, right = baycomp.SignedRankTest.probs(-differences, np.zeros(15), rope=0.1, nsamples=20_000)
    found = bayesian_signed_rank(differences.tolist(), 0.1, random)
    assert (found.better, found.equivalent, found.worse) == pytest.approx((left, rope, right), abs=0.03)


@pytest.mark.extras
def test_the_pairwise_tests_are_those_of_scikit_posthocs():
    posthocs = pytest.importorskip("scikit_posthocs")
    values = np.random.default_rng(3).random((12, 4))
    ours = [[signed_rank_p_value((values[:, i] - values[:, j]).tolist()) if i != j else 1.0 for j in range(4)]
            for i in range(4)]  # fmt: skip
    theirs = posthocs.posthoc_wilcoxon(values.T.tolist(), p_adjust=None).to_numpy()
    assert np.array(ours) == pytest.approx(theirs, rel=1e-9)


def test_effect_size_by_hand():
    assert effect_size([1, 2], [3, 4]) == 1.0
    assert effect_size([3, 4], [1, 2]) == 0.0
    assert effect_size([1, 1], [1, 1]) == 0.5
    # Of four pairs three are won and one is tied.
    assert effect_size([1, 2], [2, 3]) == 0.875
