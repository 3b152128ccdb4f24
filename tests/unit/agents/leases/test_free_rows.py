"""Rows that need no evaluation: what they rest on, and that the searchers of a process share what is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchparty.agents.agent import Archive
from searchparty.agents.evaluation.in_process import InProcessEvaluator
from searchparty.agents.leases.collected_settings import CollectedSettings, keys_of, keys_of_numbers
from searchparty.agents.leases.free_rows import FreeRows
from searchparty.agents.leases.proposal import PendingProposal
from searchparty.landscapes.axis import Axis
from searchparty.landscapes.landscape import Space

SPACE = Space.of_axes((Axis("depth", 0, 4, integer=True), Axis("rate", 1e-3, 1.0, log=True)))
POINTS = np.array([[0.1, 0.5], [0.11, 0.5], [0.5, 0.5], [0.5, 0.25]])


def archive_of(points: np.ndarray) -> Archive:
    return Archive(1, points, np.arange(1.0, 1.0 + len(points)), np.zeros(len(points), int))


def test_settings_have_one_key_however_they_are_converted():
    keys = keys_of(SPACE, POINTS)
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3
    assert keys == keys_of_numbers(SPACE.to_box(POINTS))
    assert keys == [SPACE.to_box(point).tobytes() for point in POINTS]


def test_first_points_are_answered_until_one_is_new():
    free = FreeRows(SPACE, CollectedSettings(SPACE), archive_of(POINTS[:1]))
    free.look_at(POINTS)
    hand = PendingProposal(POINTS, False, 1)
    found = free.recall(hand)
    assert found is not None
    assert found.losses.tolist() == [1.0, 1.0]
    assert list(found.causes) == [0, 1]
    free.look_at(POINTS[2:])
    assert free.recall(hand) is None
    assert free.count_new(2, hand) == 2
    free.note(2, np.array([5.0, np.inf]))
    free.look_at(POINTS[2:])
    again = free.recall(hand)
    # What has no finite loss is not known.
    assert again is not None
    assert again.losses.tolist() == [5.0]
    assert "row 2 of this lease" in again.causes[0]


def test_equal_settings_of_a_batch_are_evaluated_once():
    free = FreeRows(SPACE, CollectedSettings(SPACE), None)
    free.look_at(POINTS)
    assert free.count_new(4, PendingProposal(POINTS, False, 1)) == 1
    assert free.count_new(4, PendingProposal(POINTS, False, 1, repeats=True)) == 4


def test_points_that_are_converted_ahead_are_evaluated_as_any():
    class Sum:
        minimum = minimizers = None
        space = SPACE
        calls = 0

        def evaluate(self, points):
            return points.sum(axis=1)

    evaluator, points = InProcessEvaluator(Sum()), POINTS[:1].copy()
    first = evaluator.evaluate(points, False).losses.tolist()
    assert evaluator.convert_next(points).tolist() == SPACE.to_box(points).tolist()
    assert evaluator.evaluate(points, False).losses.tolist() == first
    # What was converted ahead counts once: the same array may hold other points later.
    points[:] = POINTS[2]
    assert evaluator.evaluate(points, False).losses.tolist() == SPACE.to_box(points).sum(axis=1).tolist() != first


@pytest.mark.parametrize("limit", [0, 1, 3])
def test_searchers_may_share_what_is_known_and_see_what_their_leases_do(limit):
    collected = CollectedSettings(SPACE)
    collected.extend(archive_of(POINTS))
    free = FreeRows(SPACE, collected, archive_of(POINTS[:limit]))
    free.look_at(POINTS[2:3])
    assert (free.recall(PendingProposal(POINTS[2:3], False, 1)) is not None) == (limit > 2)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30), st.integers(0, 30), st.randoms(use_true_random=False))
def test_keys_that_are_kept_until_points_are_collected_change_nothing(numbers, first, random):
    """Whichever points this process has evaluated itself, each setting has its first point."""
    points = np.array([[0.1, 0.5], [0.11, 0.5], [0.5, 0.5], [0.5, 0.25], [0.9, 0.25], [0.91, 0.25]])[numbers]
    losses = np.arange(1.0, 1.0 + len(points))
    losses[::7] = np.inf
    plain, ahead = CollectedSettings(SPACE), CollectedSettings(SPACE)
    keys = keys_of(SPACE, points)
    for point, key in zip(points, keys, strict=True):
        if random.random() < 0.6:
            ahead.keep_key(point.tobytes(), key)
    for end in (min(first, len(points)), len(points)):
        archive = Archive(1, points[:end], losses[:end], np.zeros(end, int))
        plain.extend(archive)
        ahead.extend(archive)
        for key in keys:
            assert plain.find(key, end) == ahead.find(key, end)
    own = {keys[row]: row for row in reversed(range(len(points))) if np.isfinite(losses[row])}
    assert {key: plain.find(key, len(points)) for key in own} == {key: (row, row + 1.0) for key, row in own.items()}


def test_points_of_a_lease_are_not_converted_again_when_they_are_collected(monkeypatch):
    collected = CollectedSettings(SPACE)
    free = FreeRows(SPACE, collected, None)
    for first, points in ((0, POINTS[1:2]), (1, POINTS[2:])):
        free.look_at(points)
        free.note(first, np.array([2.0, 3.0, 4.0])[first : first + len(points)])
    monkeypatch.setattr(Space, "to_box", None)
    collected.extend(Archive(1, POINTS[1:], np.array([2.0, 3.0, 4.0]), np.zeros(3, int)))
    monkeypatch.undo()
    assert [collected.find(key, 3) for key in keys_of(SPACE, POINTS)] == [(0, 2.0), (0, 2.0), (1, 3.0), (2, 4.0)]


def test_few_keys_are_kept_of_points_in_many_dimensions():
    space = Space.of_axes(tuple(Axis(f"n{k}", 0, 4, integer=True) for k in range(2**15)))
    collected = CollectedSettings(space)
    for number in range(5):
        collected.keep_key(bytes([number]), b"")
    assert len(collected._ahead) == 2
