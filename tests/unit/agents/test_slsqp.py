"""The agent slsqp: what it does where scipy's solver fails."""

from contextlib import suppress

import numpy as np
import pytest

from searchparty import minimize
from searchparty.agents.agent import Lease, Region, Told
from searchparty.agents.slsqp import Slsqp, is_steep, measure_spread
from searchparty.agents.toolbox.callback import invert_solver
from searchparty.agents.toolbox.slopes import CachedObjective
from searchparty.landscapes.landscape import Space
from searchparty.orchestrator.state.events import findings

D = 40


def steep_valley(seed):
    """Return a quadratic function of D variables whose curvatures are from 1 to 10^8, turned by a random rotation."""
    rng = np.random.default_rng(seed)
    center, weights = rng.uniform(-4, 4, D), 10 ** (8 * np.arange(D) / (D - 1))
    rotation, _ = np.linalg.qr(rng.standard_normal((D, D)))
    return lambda x: float((weights * (rotation @ (x - center)) ** 2).sum())


def first_search(**settings):
    team = [{"kind": "slsqp", **settings}]
    return minimize(steep_valley(0), [(-5, 5)] * D, team=team, budget=30 * D, seed=1)


def test_a_solver_that_finds_no_step_on_a_steep_slope_is_started_again_with_a_smaller_scale():
    before, now = first_search(rescales=False), first_search()
    assert next(findings(before.log.events())).converged.why == "slsqp: inequality constraints incompatible"
    assert next(findings(now.log.events())).converged is None
    assert now.fun < before.fun / 100


def first_words():
    team = [{"kind": "slsqp", "tolerance": 0.01}]
    found = minimize(steep_valley(0), [(-5, 5)] * D, team=team, budget=300 * D, seed=1)
    return next(finding.converged.why for finding in findings(found.log.events()) if finding.converged)


def test_its_last_words_tell_that_the_scale_was_changed(monkeypatch):
    assert first_words().startswith("slsqp: steep, so with a smaller scale: ")
    # Where curvatures seem to be equal, the solver is left to fail first.
    monkeypatch.setattr("searchparty.agents.slsqp.EVEN_MANY", np.inf)
    assert first_words().startswith("slsqp: too steep for its first scale, with a smaller one: ")


def test_in_few_dimensions_the_first_step_tells_no_scale(monkeypatch):
    def search(most):
        monkeypatch.setattr("searchparty.agents.slsqp.MANY", most)
        valley = steep_valley(0)
        bounds = [(-5, 5)] * D
        return minimize(valley, bounds, team=["slsqp"], budget=10 * D, seed=1).fun

    assert search(D) != search(D + 1)


def test_without_a_first_step_nothing_tells_a_scale():
    assert next(findings(first_search(first_step=0).log.events())).converged is not None


def test_rescales_is_recorded_only_where_it_is_off():
    assert "rescales" not in Slsqp().model_dump()
    assert Slsqp(rescales=False).model_dump()["rescales"] is False


@pytest.mark.parametrize(
    ("step", "change", "spread"),
    [([1.0, 0.0], [5.0, 0.0], 1.0), ([1.0, 1.0], [3.0, 1.0], 1.25), ([3.0, 1.0], [3.0, 100.0], 8.424)],
)
def test_the_spread_of_curvatures(step, change, spread):
    assert measure_spread(np.array(step), np.array(change)) == pytest.approx(spread, rel=1e-3)


def test_a_spread_without_a_step_is_no_number():
    assert not np.isfinite(measure_spread(np.zeros(2), np.zeros(2)))


@pytest.mark.parametrize(
    ("point", "limit", "steep"),
    [([0.5, 0.5], 1.0, True), ([0.5, 0.5], 100.0, False), ([0.0, 0.5], 1.0, False)],
    ids=["far", "a step within the cube", "at the face to which the loss falls"],
)
def test_steep_is_what_leads_out_of_the_cube(point, limit, steep):
    def solve(objective):
        slope = CachedObjective(objective, 1e-6, exact=False)
        unknown = is_steep(slope, np.array(point), limit)
        slope.gradient(np.array(point))
        return unknown, is_steep(slope, np.array(point), limit)

    lease, answers = Lease(0, "slsqp", 10, Region.whole(2), "a test"), []
    search = invert_solver(lambda objective: answers.append(solve(objective)))
    points = next(search)
    with suppress(StopIteration):
        while True:
            points = search.send(Told(points @ np.array([10.0, 0.1]), None, lease))
    assert answers == [(False, steep)]


def search_valley(lanes, dimension=3):
    """Return the sizes of the batches of a search on Rosenbrock's valley, and how it ended."""
    lease = Lease(0, "slsqp", 10, Region.whole(dimension), "a test", fresh=True, lanes=lanes)
    search, told, sizes = Slsqp().search(cube(dimension), lease, np.random.default_rng(0)), None, []
    try:
        while True:
            points = search.send(told)
            x = 4.0 * np.asarray(points) - 2.0
            losses = (100.0 * (x[:, 1:] - x[:, :-1] ** 2) ** 2 + (1.0 - x[:, :-1]) ** 2).sum(axis=1) / 7.0
            sizes.append(len(points))
            told = Told(losses, None, lease)
    except StopIteration as end:
        return sizes, end.value


def test_with_lanes_a_gradient_is_measured_with_its_point_and_the_search_is_the_same():
    alone, end = search_valley(1)
    sizes, other = search_valley(4)
    assert set(sizes) == {4}
    assert other.loss == pytest.approx(end.loss, abs=1e-12)
    assert other.point == pytest.approx(end.point, abs=1e-5)
    # A round is one evaluation for the one, and four side by side for the other.
    assert 2 * len(sizes) < sum(alone)


@pytest.mark.parametrize(("lanes", "ahead"), [(2, True), (3, False), (4, True), (9, True)])
def test_it_looks_ahead_only_where_that_takes_fewer_rounds(lanes, ahead):
    assert (search_valley(lanes)[0][0] > 1) is ahead


def test_it_can_use_a_lane_for_each_point_of_a_gradient():
    assert Slsqp().most_lanes(cube(3)) == 4
    assert Slsqp().most_lanes(Space(np.zeros(3), np.ones(3), has_gradient=True)) == 1


def cube(dimension):
    return Space(np.zeros(dimension), np.ones(dimension))


@pytest.mark.parametrize(("dimension", "flatter"), [(19, 1.0), (20, 1e4)])
def test_a_spread_of_curvatures_counts_as_even_as_in_earlier_versions_below_many_dimensions(
    monkeypatch, dimension, flatter
):
    class Slope:
        def gradient(self, x):
            return x

    monkeypatch.setattr("searchparty.agents.slsqp.take_first_step", lambda slope, start, *_: (start + 0.1, 1e9))
    monkeypatch.setattr("searchparty.agents.slsqp.measure_spread", lambda step, change: 1.13)
    solver = Slsqp()
    _, scale = solver._rescale(Slope(), np.zeros(dimension), 1.0)
    assert scale == solver.units**2 / 1e9 * flatter
