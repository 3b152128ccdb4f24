"""Improvements and records of any run: in order, from evaluation 1 to the last, and the best at each."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as some
from tries import tries

from searchparty.experiments.exchange.coco import choose_target_rows, choose_time_rows
from searchparty.experiments.exchange.foreign_runs import find_records
from searchparty.experiments.exchange.ioh import list_improvements

ROWS = some.lists(
    some.tuples(some.integers(0, 3), some.floats(-1e308, 1e308) | some.just(float("inf"))), min_size=1, max_size=60
)


def to_arrays(rows):
    costs, losses = zip(*rows, strict=True)
    return np.cumsum(costs), np.array(losses)


@given(ROWS)
@tries(100)
def test_improvements_begin_with_evaluation_1_and_are_the_best_so_far(rows):
    spent, losses = to_arrays([*rows, (1, 0.0)])
    at, found = list_improvements(spent, losses)
    assert at[0] == 1
    assert at[-1] == max(spent[-1], 1)
    assert (np.diff(at) > 0).all()
    assert (np.diff(found) <= 0).all()
    assert found[-1] == losses.min()
    for evaluations, loss in zip(at[1:].tolist(), found[1:].tolist(), strict=True):
        assert loss == losses[spent <= evaluations].min()


@given(ROWS)
@tries(100)
def test_records_are_where_the_best_improved(rows):
    spent, losses = to_arrays(rows)
    at, found = find_records(spent, losses)
    assert (np.diff(at) > 0).all()
    assert (np.diff(found) < 0).all()
    for evaluations in range(int(spent[-1]) + 1):
        known = losses[spent <= evaluations]
        expected = known.min() if len(known) else np.inf
        place = int(np.searchsorted(at, evaluations, side="right"))
        assert (found[place - 1] if place else np.inf) == expected


@given(some.lists(some.floats(0, 1e6), min_size=1, max_size=80))
@tries(100)
def test_rows_of_coco_hold_when_each_target_was_reached(values):
    gaps = np.minimum.accumulate(values)
    rows = choose_target_rows(gaps)
    assert rows[0] == 0
    assert rows[-1] == len(gaps) - 1
    for step in range(-40, 31):
        # A hair above a power of ten, which its logarithm does not tell from it.
        target = 10 ** (step / 5) * (1 + 1e-9)
        hits = np.flatnonzero(gaps <= target)
        if len(hits) and abs(gaps[hits[0]] / 10 ** (step / 5) - 1) > 1e-8:
            assert hits[0] in rows
    times = choose_time_rows(np.arange(1, len(gaps) + 1))
    assert times[0] == 0
    assert times[-1] == len(gaps) - 1
