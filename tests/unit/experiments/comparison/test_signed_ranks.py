"""Tests over problems, against scipy and (with extras) against scikit-posthocs and baycomp."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from searchparty.experiments.comparison.ranking import rank_values
from searchparty.experiments.comparison.signed_ranks import (
    bayesian_signed_rank,
    find_chi_squared_tail,
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


# The package baycomp installs a package "tests", which hides these, so that it cannot be a requirement: these are its
# probabilities (version 1.0.3, 50,000 samples, a region of 0.1) that the first is better, equivalent or worse.
BAYCOMP = [
    (
        [
            -0.1,
            -0.203,
            0.106,
            -0.108,
            -0.364,
            -0.005,
            0.372,
            0.229,
            -0.431,
            -0.656,
            -0.399,
            -0.133,
            -1.08,
            -0.238,
            -0.648,
        ],
        (0.9912, 0.0043, 0.0045),
    ),
    (
        [
            -0.012,
            0.179,
            -0.018,
            -0.671,
            0.212,
            0.029,
            -0.365,
            0.082,
            -0.004,
            -0.032,
            -0.139,
            0.069,
            -0.445,
            -0.215,
            -0.343,
        ],
        (0.5139, 0.4844, 0.0017),
    ),
    (
        [
            -0.074,
            -0.359,
            -0.315,
            -1.127,
            0.57,
            0.308,
            -0.28,
            0.16,
            -0.038,
            -0.372,
            0.241,
            -0.274,
            -0.282,
            -0.467,
            0.032,
        ],
        (0.8962, 0.0347, 0.0692),
    ),
    (
        [
            0.666,
            -1.172,
            0.017,
            -0.377,
            -0.331,
            -0.236,
            -0.958,
            -0.243,
            -0.496,
            1.179,
            -0.06,
            -0.291,
            -0.263,
            -0.417,
            -0.572,
        ],
        (0.9716, 0.0, 0.0284),
    ),
]


@pytest.mark.parametrize(("differences", "expected"), BAYCOMP)
def test_the_bayesian_test_is_baycomps(differences, expected):
    found = bayesian_signed_rank(differences, 0.1, np.random.default_rng(0))
    assert (found.better, found.equivalent, found.worse) == pytest.approx(expected, abs=0.03)


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


@given(st.integers(1, 60), st.floats(0, 300))
def test_the_tail_of_chi_squared_is_scipys(freedom, value):
    assert find_chi_squared_tail(freedom, value) == pytest.approx(stats.chi2.sf(value, freedom), rel=1e-9, abs=1e-300)
