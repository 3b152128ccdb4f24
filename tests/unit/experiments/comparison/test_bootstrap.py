"""Intervals: quantiles, and Student's distribution against scipy's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import stdtrit

from searchparty.experiments.comparison.bootstrap import find_ends, find_student_quantile, take_interval


@given(st.integers(1, 400), st.floats(0.5, 0.9999))
def test_students_quantiles_are_scipys(freedom, share):
    assert find_student_quantile(freedom, share) == pytest.approx(stdtrit(freedom, share), rel=1e-9, abs=1e-9)


def test_students_quantiles_of_the_tables():
    # Abramowitz & Stegun 1964, table 26.10.
    for freedom, quantile in ((1, 12.706), (2, 4.303), (4, 2.776), (9, 2.262), (30, 2.042), (120, 1.980)):
        assert find_student_quantile(freedom, 0.975) == pytest.approx(quantile, abs=5e-4)


@given(st.integers(2, 60), st.integers(1, 3))
def test_the_ends_are_quantiles_of_the_draws(sources, rows):
    draws = np.random.default_rng(sources).normal(size=(rows, 500))
    low, high = find_ends(draws, sources)
    assert low.shape == high.shape == (rows,)
    for number in range(rows):
        alone = take_interval(0.0, draws[number], sources)
        assert (alone.low, alone.high) == (low[number], high[number])
        # Which share of the draws lies below is what numpy's quantile takes.
        tail = np.interp(low[number], np.sort(draws[number]), np.linspace(0, 1, 500))
        assert np.quantile(draws[number], [tail, 1 - tail]) == pytest.approx([low[number], high[number]], abs=1e-9)
        assert 0 <= tail <= 0.025


def test_a_single_source_has_no_interval():
    low, high = find_ends(np.zeros((2, 9)), 1)
    assert (low.tolist(), high.tolist()) == ([-np.inf] * 2, [np.inf] * 2)
