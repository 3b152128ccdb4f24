"""Repeats of the best points: which are repeated, until when, and what the lease returns."""

from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchparty.agents.agent import Incumbent, Lease, Region, Repeat, Told
from searchparty.agents.evaluation.evaluator import EvaluationResult
from searchparty.agents.leases.ledger import Ledger
from searchparty.agents.toolbox.repeats import AVERAGED, FIRST_REPEATS, ROUNDS, BestPoints, repeat_best

LEASE = Lease(3, "cma-es", 50, Region.whole(2), "repeats", repeats=True)


def known_points(count=60, seed=1):
    known, rng = BestPoints(2), np.random.default_rng(seed)
    points = rng.random((count, 2))
    for part in np.array_split(np.arange(count), 7):
        known.add(points[part], ((points[part] - 0.4) ** 2).sum(axis=1))
    return known


def drive(search, ends):
    """Work a search, and note what it returns."""
    ends.append((yield from search))


def work(known, loss, most, lease=LEASE):
    """Answer up to ``most`` rows, and return the points that were repeated, row by row, and what the repeats return."""
    ends, rows = [], []
    search = drive(repeat_best(known, lease), ends)
    proposal = next(search, None)
    while not ends and len(rows) < most:
        assert isinstance(proposal, Repeat)
        rows += list(proposal.points)
        with suppress(StopIteration):
            proposal = search.send(Told(np.array([loss(x) for x in proposal.points]), None, lease))
    return np.array(rows), ends


@given(st.lists(st.floats(-1e6, 1e6) | st.just(np.inf), max_size=120), st.integers(1, 9))
def test_the_best_points_are_those_of_the_lowest_losses_in_whatever_parts_they_come(losses, size):
    known = BestPoints(1)
    told = np.array(losses)
    for first in range(0, len(told), size):
        part = told[first : first + size]
        known.add(part[:, None], part)
    finite = np.sort(told[np.isfinite(told)])[: AVERAGED[-1]]
    assert known.losses.tolist() == finite.tolist() == known.points.ravel().tolist()


def test_first_the_best_point_is_probed_then_all_candidates_and_then_the_two_best():
    known, rng = known_points(), np.random.default_rng(2)
    rows, ends = work(known, lambda x: 10.0 * x[0] + 0.5 * rng.standard_normal(), 60)
    candidates = known.list_candidates()
    assert len(candidates) == 1 + len(AVERAGED)
    np.testing.assert_array_equal(rows[:FIRST_REPEATS], known.points[[0] * FIRST_REPEATS])
    counts = [(rows == x).all(axis=1).sum() for x in candidates]
    assert sum(counts) == len(rows)
    assert min(counts) == ROUNDS
    assert sorted(counts)[-2] > 2 * ROUNDS
    assert (known.repeated, ends) == (LEASE.id, [])


@pytest.mark.parametrize("level", [0.0, 1e-4])
def test_where_noise_is_negligible_three_repeats_are_all(level):
    rng = np.random.default_rng(3)
    rows, ends = work(known_points(), lambda x: level * rng.standard_normal(), 60)
    assert (len(rows), ends) == (FIRST_REPEATS, [LEASE])


def test_points_that_fail_or_are_unknown_end_the_repeats():
    rows, ends = work(known_points(), lambda x: np.inf, 60)
    assert (len(rows), ends) == (FIRST_REPEATS, [LEASE])
    rows, ends = work(BestPoints(2), lambda x: 0.0, 60)
    assert (len(rows), ends) == (0, [LEASE])


@pytest.mark.parametrize("answered", [1, FIRST_REPEATS, FIRST_REPEATS + 2])
def test_another_lease_ends_them(answered):
    other, rng, ends = Lease(4, "cma-es", 50, Region.whole(2), "carries on"), np.random.default_rng(4), []
    search = drive(repeat_best(known_points(), LEASE), ends)
    proposal = next(search)
    for left in reversed(range(answered)):
        told = Told(rng.normal(size=len(proposal.points)), None, LEASE if left else other)
        with suppress(StopIteration):
            proposal = search.send(told)
    assert ends == [other]


def test_few_points_have_few_means():
    assert len(known_points(12).list_candidates()) == 3
    assert BestPoints(2).range == 0.0


def test_an_incumbent_that_the_search_does_not_know_is_repeated_first():
    known = known_points()
    alone = known.list_candidates()
    other = Incumbent("slsqp", 0, 4, np.array([0.9, 0.1]), -1.0)
    np.testing.assert_array_equal(known.list_candidates(other), np.vstack([other.point, alone]))
    same = Incumbent("cma-es", 2, 0, known.points[0].copy(), -1.0)
    np.testing.assert_array_equal(known.list_candidates(same), alone)


def test_a_search_that_began_afresh_does_not_lose_a_far_better_incumbent():
    rng, told = np.random.default_rng(5), []
    incumbent = Incumbent("cma-es", 0, 4, np.array([0.9, 0.1]), -100.0)

    def loss(x):
        told.append((-100.0 if (x == incumbent.point).all() else 0.0) + rng.standard_normal())
        return told[-1]

    lease = replace(LEASE, incumbent=incumbent)
    rows, _ = work(known_points(), loss, 50, lease)
    ledger = Ledger(lease, 2, None)
    for x, found in zip(rows[:50], told[:50], strict=True):
        ledger.enter(x[None], EvaluationResult(np.array([found]), None, {}), price=1)
        ledger.compare_repeats(1)
    finding = ledger.close("spent")
    assert finding.confirmed
    np.testing.assert_array_equal(finding.best.point, incumbent.point)
