"""The contract of every agent: those of the package, of plugins, and those that SEARCHPARTY_OWN_KINDS names."""

import numpy as np
import pytest
from own_kinds import NEEDS_OPTAX, is_usable, mark_kind, own_classes
from pydantic import ValidationError

from searchparty.agents.agent import Agent, Converged, Incumbent, Region
from searchparty.experiments.spec import catalogue
from searchparty.landscapes.landscape import Space

OWN = own_classes(Agent)
CLASSES = [*catalogue.agent_classes().values(), *OWN.values()]
SETTINGS = {
    "grid": [{}, {"max_points": 16}, {"max_points": 16, "beyond": "sobol", "order": "random"}],
    "gradient-descent": [
        {},
        {"method": "momentum"},
        {"method": "adam", "settle": True},
        {"differences": "central", "line_search": False},
    ],
    "random": [{}, {"batch": 7}],
    "random-restart": [{}, {"batch": 5}],
    "pattern-search": [{}, {"poll": "first"}],
    "local": [{"method": m} for m in ("slsqp", "l-bfgs-b", "powell")],
    "derivative-free": [{}, {"method": "sbplx"}],
    "global": [{}, {"method": "annealing"}],
    "cma-es": [{}, {"restarts": "none"}],
    # Its steps are as long as its rate, in the landscape's units.
    "adam": [{"rate": 0.05}],
    # With its 200 points, each of these tests would take it half a minute.
    "gaussian-process": [{"most": 20}],
}
DETERMINISTIC = ("grid", "slsqp", "derivative-free")
AGENTS = [cls(**settings) for cls in CLASSES for settings in SETTINGS.get(cls.model_fields["kind"].default, [{}])]
every_agent = pytest.mark.parametrize("agent", [mark_kind(agent, agent.kind, repr(agent)) for agent in AGENTS])


def offer_gradients(*given):
    """Return a mark for every agent and each of these gradients; None: the landscape has none.

    Most agents never ask for gradients, and do the same wherever there are some: only `make test-extras` tries that.
    """
    space = Space(np.zeros(2), np.ones(2), True)

    def is_extra(agent, gradient):
        return agent.kind in NEEDS_OPTAX or not (gradient is None or id(agent) in asks)

    asks = {id(agent) for agent in AGENTS if is_usable(agent.kind) and agent.row_price(space) > 1}
    return pytest.mark.parametrize(
        ("agent", "gradient"),
        [
            pytest.param(
                agent, gradient, marks=pytest.mark.extras if is_extra(agent, gradient) else (),
                id=f"{agent!r}-{'losses' if gradient is None else gradient.__name__}",
            )
            for agent in AGENTS
            for gradient in given
        ],
    )  # fmt: skip


def bowl(points):
    return ((points - 0.3713) ** 2).sum(axis=1)


def bowl_gradient(points):
    return 2 * (points - 0.3713)


def plain(points):
    return np.full(len(points), 3.0)


def failing(points):
    return np.full(len(points), np.inf)


def no_gradient(points):
    return np.full(points.shape, np.nan)


def test_there_are_agents():
    assert len({cls.model_fields["kind"].default for cls in CLASSES}) == len(CLASSES) >= 7


@offer_gradients(None, bowl_gradient)
@pytest.mark.parametrize("dimension", [1, 2, pytest.param(5, marks=pytest.mark.extras), 20])
def test_proposes_points_of_the_cube(agent, dimension, gradient, drive):
    driven = drive(agent, bowl, dimension, 300, gradient)
    assert driven.batches
    for points in driven.batches:
        assert points.dtype == np.float64
        assert points.flags.c_contiguous
        assert points.ndim == 2
        assert points.shape[1] == dimension
        assert len(points) >= 1
        assert np.all((points >= 0) & (points <= 1))
    assert driven.ended is None or (type(driven.ended) is Converged and driven.ended.point.shape == (dimension,))


@every_agent
def test_is_a_function_of_its_stream(agent, drive):
    one, same, other = (drive(agent, bowl, 3, 200, seed=seed).points for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other) or agent.kind in (*DETERMINISTIC, *OWN)


@offer_gradients(None, no_gradient, np.zeros_like)
@pytest.mark.parametrize("loss", [failing, plain])
@pytest.mark.parametrize(
    ("dimension", "evaluations"),
    [(1, 300), (4, 300), *(pytest.param(dimension, 2000, marks=pytest.mark.extras) for dimension in (1, 4))],
)
def test_survives_failures_and_plains(agent, gradient, loss, dimension, evaluations, drive):
    ended = drive(agent, loss, dimension, evaluations, gradient).ended
    assert ended is None or loss is plain, "no minimum is where every row fails"


def holes(points):
    return np.where(np.sin(30 * points).sum(axis=1) > 0.9, np.inf, bowl(points))


def holes_gradient(points):
    return np.where(np.isinf(holes(points))[:, None], np.nan, bowl_gradient(points))


@offer_gradients(None, holes_gradient)
def test_survives_failures_here_and_there(agent, gradient, drive):
    driven = drive(agent, holes, 2, 800, gradient)
    assert driven.losses.min() < np.inf
    assert driven.ended is None or driven.ended.loss < np.inf


@offer_gradients(None, bowl_gradient)
@pytest.mark.parametrize("dimension", [1, 3])
def test_any_lease_may_come_at_any_told(agent, dimension, gradient, drive, lease_of):
    centers = np.zeros(dimension), np.ones(dimension), np.full(dimension, 0.9)
    best = Incumbent("other", 0, 0, np.full(dimension, 0.9), 1e-3)
    regions = [Region(center, radius) for center in centers for radius in (1e-9, 0.05, 0.5)]
    for every in (1, 7, 40):
        changes = {every * i: lease_of(dimension, i, region, incumbent=best) for i, region in enumerate(regions, 1)}
        # Some more than up to the last change.
        drive(agent, bowl, dimension, every * len(regions) + 100, gradient, changes=changes)
    for region in regions:
        fresh = lease_of(dimension, 0, region, fresh=True, incumbent=best)
        assert len(drive(agent, bowl, dimension, 60, gradient, lease=fresh).points)


@offer_gradients(None, bowl_gradient)
@pytest.mark.parametrize("factor", [1e-250, 1e250])
def test_no_scale_of_losses_upsets_it(agent, gradient, factor, drive):
    drive(agent, lambda p: factor * bowl(p), 2, 400, gradient and (lambda p: factor * gradient(p)))


@offer_gradients(None, bowl_gradient)
def test_searches_better_than_at_random(agent, gradient, drive):
    if agent.kind == "random":
        pytest.skip("it is random")
    random = next(a for a in AGENTS if a.kind == "random")
    assert drive(agent, bowl, 5, 500, gradient).losses.min() < drive(random, bowl, 5, 500).losses.min()


@every_agent
def test_is_a_frozen_described_model(agent):
    with pytest.raises(ValidationError, match="Instance is frozen"):
        agent.kind = "other"
    assert type(agent).model_validate_json(agent.model_dump_json()) == agent
    assert type(agent).__doc__
    for name, field in type(agent).model_fields.items():
        assert name == "kind" or field.description, f"{name} needs a description"
