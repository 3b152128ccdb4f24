"""How rounded losses are told from exact ones."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchparty.agents.toolbox.rounding import describe_rounding, find_rounding, has_many_places

PLAIN = st.floats(1e-3, 1e6, allow_nan=False)


def full_digits(values):
    """Return values that have all the digits of a double: a third of anything has."""
    return [value / 3.0 + 1e-7 / 7.0 for value in values]


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (lambda v: float(np.float32(v)), "24 bits"),
        (lambda v: float(np.float16(v)), "11 bits"),
        (lambda v: float(f"{v:.6g}"), "6 digits"),
        (lambda v: float(f"{v:.3g}"), "3 digits"),
        (lambda v: v, ""),
    ],
    ids=["float32", "float16", "%g", "%.3g", "double"],
)
def test_losses_are_described_by_what_wrote_them(write, words):
    losses = np.random.default_rng(1).uniform(1.0, 9.0, 200)
    assert describe_rounding(write(loss) for loss in losses) == words


def test_one_exact_loss_is_enough_and_zeros_and_failures_tell_nothing():
    assert find_rounding([0.5, 0.25, 1 / 3]) is None
    assert find_rounding([0.0, math.inf, math.nan]) is None
    assert describe_rounding([0.0, math.inf, 0.1, 0.2, 0.3, 0.4]) == "1 digit"


def test_few_round_losses_are_not_taken_for_very_coarse_ones():
    rounding = find_rounding([0.5])
    assert (rounding.base, rounding.places) == (2, 24)
    assert rounding.unit(0.5) == pytest.approx(2.0**-24)


@given(st.lists(PLAIN, min_size=4, max_size=20, unique=True), st.integers(2, 8))
def test_the_unit_bounds_the_error_of_a_rounded_loss(losses, digits):
    rounded = [float(f"{loss:.{digits}g}") for loss in losses]
    rounding = find_rounding(rounded)
    assert rounding is not None
    for loss in rounded:
        # The last place of a loss of this size is a whole number of units.
        units = loss / rounding.unit(loss)
        assert units == pytest.approx(round(units), rel=1e-9)


def test_fixed_decimals_are_the_finest_places_of_large_and_small_losses():
    rounding = find_rounding([12.3457, 0.1234, 3.0001, 0.0023, 7.25])
    assert rounding.describe() == "6 digits"
    assert rounding.unit(0.1234) == pytest.approx(1e-4)
    assert rounding.unit(12.3457) == pytest.approx(1e-4)


@pytest.mark.parametrize(
    ("loss", "many"), [(0.25, False), (100.0, False), (0.123457, True), (float(np.float32(0.1)), True), (1 / 3, False)]
)
def test_a_loss_of_many_places_is_hardly_round_by_chance(loss, many):
    assert has_many_places(loss) is many


@given(st.lists(PLAIN, min_size=4, max_size=10, unique=True))
def test_exact_losses_are_never_taken_for_rounded_ones(losses):
    assert find_rounding(full_digits([*losses, math.pi])) is None
