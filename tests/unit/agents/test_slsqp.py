"""The agent slsqp: what it does where scipy's solver fails."""

from contextlib import suppress

import numpy as np
import pytest

from searchparty import minimize
from searchparty.agents.agent import Lease, Region, Told
from searchparty.agents.slsqp import Slsqp, is_steep, measure_spread
from searchparty.agents.toolbox.callback import invert_solver
from searchparty.agents.toolbox.slopes import CachedObjective
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


def test_its_last_words_tell_that_the_scale_was_changed():
    team = [{"kind": "slsqp", "tolerance": 0.01}]
    found = minimize(steep_valley(0), [(-5, 5)] * D, team=team, budget=300 * D, seed=1)
    ends = [finding.converged.why for finding in findings(found.log.events()) if finding.converged]
    assert ends[0].startswith("slsqp: too steep for its first scale, with a smaller one: ")


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
