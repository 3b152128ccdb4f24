"""The orders that a run keeps, compared with sorting everything anew."""

from __future__ import annotations

from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tries import tries

from searchparty.agents.agent import Finding, Lease, Region
from searchparty.landscapes.landscape import Space
from searchparty.orchestrator.loop.randomness import RekeyedGenerator, stream
from searchparty.orchestrator.state.advance import advance
from searchparty.orchestrator.state.events import Collected, Granted
from searchparty.orchestrator.state.indexes import HEAP_SLACK, LossCurve, WaterLevel
from searchparty.orchestrator.state.member import Member
from searchparty.orchestrator.state.run import Run


def poured(heights: list[int], pool: int) -> float:
    """Return the water level by trying how many columns are wet."""
    return min((pool + below) / wet for wet, below in enumerate(accumulate(sorted(heights)), start=1))


@tries(100)
@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=6),
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 60), st.integers(0, 200)), max_size=60),
)
def test_the_level_is_that_of_the_columns_poured_anew(heights: list[int], changes: list[tuple[int, int, int]]) -> None:
    columns = WaterLevel(heights)
    for column, height, pool in changes:
        column %= len(heights)
        heights[column] = height
        columns.set_height(column, height)
        assert columns.level_with(pool) == poured(heights, pool)
        assert len(columns._wet) + len(columns._dry) <= 3 * len(heights) + HEAP_SLACK


@tries(60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 7))
def test_idle_members_and_ends_are_those_sorted_anew(seed: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    members = {f"m{i}": Member(f"m{i}", i, 1) for i in range(size)}
    run = Run("r", Space(np.zeros(1), np.ones(1)), 1.0, 10**6, size, Region.whole(1), members)
    for _ in range(80):
        idle = [m for m in members.values() if m.lease is None]
        if idle and rng.random() < 0.5:
            member = idle[rng.integers(len(idle))]
            lease = Lease(run.leases, member.name, int(rng.integers(1, 9)), Region.whole(1), "any", fresh=True)
            advance(run, Granted(run.decisions, (lease,)))
        elif run.out:
            # Leases are collected in any order here; a run collects them by their ends.
            number = list(run.out)[rng.integers(len(run.out))]
            _, lease = run.out[number]
            charged = int(rng.integers(0, lease.budget + 1))
            advance(run, Collected(Finding(number, lease.agent, charged, charged, "spent")))
        idle = [m for m in members.values() if m.lease is None]
        assert run.idle == idle
        assert list(run.idle_by_spent) == sorted(idle, key=lambda m: (m.spent, m.index))
        assert run.level == poured([m.committed for m in members.values()], run.remaining)
        assert len(run.idle_by_spent._heap) <= 2 * size + HEAP_SLACK
        if run.out:
            assert run.next_end == min((end, id) for id, (end, _) in run.out.items())


def test_looking_at_the_idle_changes_nothing():
    members = {f"m{i}": Member(f"m{i}", i, 1) for i in range(5)}
    run = Run("r", Space(np.zeros(1), np.ones(1)), 1.0, 100, 5, Region.whole(1), members)
    first = [member.name for member, _ in zip(run.idle_by_spent, range(2), strict=False)]
    assert first == ["m0", "m1"]
    assert [member.name for member in run.idle_by_spent] == ["m0", "m1", "m2", "m3", "m4"]


def test_a_curve_is_an_array_of_pairs():
    curve = LossCurve()
    curve.append(3, 0.5)
    curve.append(7, float("inf"))
    assert list(curve) == [(3, 0.5), (7, float("inf"))]
    assert (len(curve), curve[1]) == (2, (7, float("inf")))
    np.testing.assert_array_equal(np.array(curve, dtype=float), [[3, 0.5], [7, np.inf]])
    with pytest.raises(IndexError, match="out of range"):
        curve[2]


def test_a_generator_set_to_key_after_key_draws_what_streams_of_the_keys_draw():
    streams = RekeyedGenerator()
    for key in [(1, "run", 0), (1, "run", 1), (1, "run", 0), ("other",)]:
        ours, fresh = streams.stream(*key), stream(*key)
        assert isinstance(ours, np.random.Generator)
        for draw in ("random", "standard_normal"):
            np.testing.assert_array_equal(getattr(ours, draw)(5), getattr(fresh, draw)(5))
        # The unused half of a drawn word is not left over for the next key.
        assert ours.integers(1000, dtype=np.uint32) == fresh.integers(1000, dtype=np.uint32)
        np.testing.assert_array_equal(ours.permutation(9), fresh.permutation(9))
        assert ours.choice(["a", "b", "c"]) == fresh.choice(["a", "b", "c"])
