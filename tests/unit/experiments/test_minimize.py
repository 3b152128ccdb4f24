"""``searchparty.minimize``: the interface for a single function."""

import numpy as np
import pytest
from scipy.optimize import Bounds, OptimizeResult

import searchparty
from searchparty.agents.random_search import RandomSearch
from searchparty.experiments.minimize import default_team
from searchparty.orchestrator.state.events import findings


def bowl(x):
    return float(((x - 0.3) ** 2).sum())


BOX = [(-1.0, 1.0)] * 3


def test_it_returns_what_scipy_returns():
    result = searchparty.minimize(bowl, BOX, budget=1500, seed=1)
    assert isinstance(result, OptimizeResult)
    assert result.success
    np.testing.assert_allclose(result.x, 0.3, atol=1e-2)
    assert result.fun == bowl(result.x)
    assert result.nfev == 1500
    assert result.message == "budget spent"
    assert result.agent


def test_every_evaluation_is_counted():
    calls = []
    result = searchparty.minimize(lambda x: calls.append(1) or bowl(x), BOX, budget=700, seed=1)
    assert len(calls) == result.nfev == 700


def test_the_seed_decides():
    def rugged(x):
        return bowl(x) + float(np.abs(np.sin(9 * x.sum() + 5 * x[0])))

    first, second, other = (searchparty.minimize(rugged, BOX, budget=300, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(first.x, second.x)
    assert (first.x != other.x).any()
    again = searchparty.minimize(bowl, BOX, budget=300, seed=searchparty.minimize(bowl, BOX, budget=300).seed)
    assert again.success


def test_vectorized_functions_get_batches():
    shapes = []

    def batch(x):
        shapes.append(x.shape)
        return ((x - 0.3) ** 2).sum(axis=1)

    result = searchparty.minimize(batch, BOX, budget=300, seed=1, vectorized=True, team=["grid"])
    assert max(n for n, _ in shapes) > 1
    assert result.fun == pytest.approx(bowl(result.x))


@pytest.mark.parametrize("bounds", [Bounds([-1, -1], [1, 2]), [(-1, 1), (-1, 2)], np.array([[-1, 1], [-1, 2]])])
def test_bounds_as_scipy_takes_them(bounds):
    result = searchparty.minimize(bowl, bounds, budget=200, seed=1)
    assert result.x.shape == (2,)


def test_gradients_are_used_and_charged():
    asked = []
    result = searchparty.minimize(
        bowl, BOX, budget=100, seed=1, team=["gradient-descent"], gradient=lambda x: asked.append(1) or 2 * (x - 0.3)
    )
    assert asked
    assert result.nfev <= 100


def test_a_team_and_a_policy_of_ones_own():
    team = {"one": RandomSearch(), "two": {"kind": "random", "batch": 5}, "three": "grid"}
    policy = {"kind": "composed", "budget": "equal", "lease": 10}
    result = searchparty.minimize(bowl, BOX, budget=120, seed=1, team=team, policy=policy, concurrency=3)
    assert result.agent in team
    assert result.nit >= 12


def test_a_target_stops_early():
    result = searchparty.minimize(bowl, BOX, budget=100_000, seed=1, target=1e-3)
    assert result.fun <= 1e-3
    assert result.nfev < 100_000
    assert "target" in result.message


def test_failures_are_charged_and_never_the_best():
    def half(x):
        if x[0] < 0:
            raise ValueError("no")
        return float("nan") if x[1] < 0 else bowl(x)

    result = searchparty.minimize(half, BOX, budget=400, seed=1)
    assert result.nfail > 0
    assert np.isfinite(result.fun)
    assert result.x[0] >= 0


def test_nothing_finite_is_no_success():
    result = searchparty.minimize(lambda x: float("nan"), BOX, budget=50, seed=1)
    assert not result.success
    assert result.x is None
    assert "no evaluation gave a finite loss" in result.message


@pytest.mark.ray
def test_ray_finds_the_same(local_ray):
    here, there = (
        searchparty.minimize(bowl, BOX, budget=400, seed=4, executor=executor, concurrency=3)
        for executor in ("simulated", "ray")
    )
    np.testing.assert_array_equal(here.x, there.x)
    assert here.nfev == there.nfev


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"bounds": [(1, -1)]}, r"bounds must be finite pairs with low < high"),
        ({"bounds": [(0, np.inf)]}, r"bounds must be finite pairs"),
        ({"bounds": 3}, r"bounds must be pairs \(low, high\)"),
        ({"budget": 0}, "budget must be a whole number of at least 1, got 0"),
        ({"budget": 1.5}, "budget must be a whole number"),
        ({"concurrency": 0}, "concurrency must be a whole number"),
        ({"executor": "slurm"}, "executor must be 'simulated' or 'ray', got 'slurm'"),
        ({"team": []}, "team must be a list of agents"),
        ({"team": ["gird"]}, "Did you mean 'grid'"),
        ({"team": [{"kind": "grid", "points_per_axis": 1}]}, "points_per_axis"),
        ({"policy": "compose"}, "Did you mean 'composed'"),
    ],
)
def test_mistakes_are_explained(settings, message):
    with pytest.raises(ValueError, match=message):
        searchparty.minimize(bowl, **({"bounds": BOX, "budget": 50} | settings))


def test_the_default_team_grows_with_concurrency():
    teams = [default_team(n) for n in (1, 3, 8, 14)]
    assert teams[0] == teams[1] == ("slsqp", "axes", "cma-es")
    assert teams[2] == ("slsqp", "axes", "cma-es", "slsqp", "cma-es", "derivative-free", "slsqp", "slsqp")
    assert len(teams[3]) == 14
    result = searchparty.minimize(bowl, BOX, budget=400, seed=1, concurrency=8)
    assert len({finding.agent for finding in findings(result.log.events())}) == 8
