"""The axes agent: which axis it refines next, and what it keeps of each."""

import numpy as np
import pytest

from searchparty.agents.agent import Converged, Lease, Region, Told
from searchparty.agents.axes import Axes, AxisLine, minimize_by_brent
from searchparty.landscapes.landscape import Space

D = 6
LOWEST = np.array([0.31, 0.64, 0.47, 0.82, 0.23, 0.55])
SCALES = 10.0 ** np.arange(D)


def ellipsoid(points):
    return (SCALES * (points - LOWEST) ** 2).sum(axis=1) + 3.0


def search(loss=ellipsoid, dimension=D, **settings):
    """Return all losses in order, and what the search returns."""
    lease = Lease(0, "axes", 10**6, Region.whole(dimension), "test", fresh=True)
    space = Space(np.zeros(dimension), np.ones(dimension))
    work, losses = Axes(**settings).search(space, lease, np.random.default_rng(5)), []
    points = next(work)
    while True:
        values = loss(points)
        losses += values.tolist()
        try:
            points = work.send(Told(values, None, lease))
        except StopIteration as end:
            return np.array(losses), end.value


def send(work, value):
    """Return what a generator yields for this value; None if it ends."""
    try:
        return work.send(value)
    except StopIteration:
        return None


def evaluations_until(losses, target):
    return int(np.argmax(losses <= target)) + 1


@pytest.mark.parametrize("gap", [1.0, 1e-3, 1e-6, 1e-9])
def test_where_most_can_be_gained_is_refined_first(gap):
    together, in_turn = search()[0], search(together=False)[0]
    assert evaluations_until(together, 3.0 + gap) < 0.9 * evaluations_until(in_turn, 3.0 + gap)


def test_both_ways_find_the_minimum_with_as_many_evaluations():
    (first, found), (second, other) = search(), search(together=False)
    assert isinstance(found, Converged)
    assert found.point == pytest.approx(LOWEST, abs=1e-7)
    assert other.point == pytest.approx(LOWEST, abs=1e-7)
    assert len(first) == pytest.approx(len(second), rel=0.05)


def test_a_row_that_fails_is_no_place_to_go():
    def hole(points):
        return np.where(np.abs(points[:, 0] - 0.5) < 0.1, np.inf, ellipsoid(points))

    found = search(hole)[1]
    assert found is None or np.isfinite(found.loss)


def test_the_setting_is_recorded_only_where_it_is_switched_off():
    assert "together" not in Axes().model_dump()
    assert Axes(together=False).model_dump()["together"] is False


def test_a_line_keeps_its_values_where_its_point_is_moved_along_other_axes():
    line = AxisLine(np.array([0.5, 0.5]), 0, 10.0)
    ask = line.ask([0.25, 0.75])
    assert next(ask).tolist() == [[0.25, 0.5], [0.75, 0.5]]
    assert send(ask, Told(np.array([6.0, 14.0]), None, None)) is None
    assert (line.best, line.loss, line.spread) == ((0.25, 6.0), 6.0, 8.0)
    assert line.find_bracket() == [(0.25, 6.0), (0.25, 6.0), (0.5, 10.0)]
    line.point, line.loss = np.array([0.25, 0.1]), 2.0
    assert (line.rest, line.best) == (-4.0, (0.25, 6.0))
    line.move_to(line.point, 2.0)
    assert (line.rest, line.best) == (0.0, (0.25, 2.0))


def test_fewer_than_three_places_are_the_first_to_be_refined():
    assert AxisLine(np.array([0.5]), 0, 1.0).spread == np.inf


def test_brents_method_asks_for_places_and_ends_at_the_lowest():
    def f(x):
        return (x - 0.3) ** 2 + 1.0

    search = minimize_by_brent([(0.4, f(0.4)), (0.0, f(0.0)), (0.9, f(0.9))], 1e-9)
    places, place = [], next(search)
    while place is not None and len(places) < 60:
        places.append(place)
        place = send(search, f(place))
    assert min(places, key=f) == pytest.approx(0.3, abs=1e-7)
    assert len(places) < 60
