"""Agents that train networks: their steps, their prices, what they do when a loss fails, and hand-overs."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from searchparty.agents.adam import Adam
from searchparty.agents.agent import Incumbent, Lease, MiniBatch, Region, Told, WithGradient
from searchparty.agents.l_bfgs import LBFGS
from searchparty.agents.momentum import Momentum
from searchparty.agents.sgd import Sgd
from searchparty.agents.toolbox import update_rules
from searchparty.agents.toolbox.steering import first_point, is_handed_over, start_point
from searchparty.landscapes.landscape import Refusal, Space

UNITS = 100


class Start:
    """Starts in the middle of everything."""

    def draw(self, rng):
        return np.full(3, 0.5 + 0.001 * rng.random())


SPACE = Space(np.full(3, -3.0), np.full(3, 3.0), True, 2, units=UNITS, init=Start())


def make_lease(id=0, incumbent=None, region=None, fresh=True):
    shares = incumbent is not None and incumbent.agent != "it"
    region = region or Region.whole(3)
    return Lease(id, "it", 10, region, "test", incumbent=incumbent, fresh=fresh, takes_over=shares)


def make_incumbent(agent, at):
    return Incumbent(agent, 0, 0, np.full(3, at), 0.1)


@pytest.mark.parametrize(
    ("agent", "price"),
    [
        (Adam(batch=10), 2),
        (Adam(batch=100), 4),
        (Momentum(batch=34), 3),
        (Sgd(), 3),
        (Sgd(gradients="finite-differences"), 1),
        (LBFGS(), 3),
    ],
)
def test_a_price_covers_a_mini_batch_and_the_evaluation_that_ends_a_lease(monkeypatch, agent, price):
    monkeypatch.setattr("searchparty.agents.toolbox.training.check_optax", lambda kind: None)
    assert agent.row_price(SPACE) == price


def test_mini_batches_are_more_rows_than_evaluations():
    assert Adam(batch=10).rows_per_evaluation(SPACE) == pytest.approx(10 / 3)
    assert Adam().rows_per_evaluation(SPACE) == 1
    assert Adam(batch=80).rows_per_evaluation(SPACE) == 1


@pytest.mark.parametrize(
    ("agent", "space", "match"),
    [
        (Adam(batch=101), SPACE, "batch must be at most 100, the rows of data, got 101"),
        (Sgd(batch=1), Space(np.zeros(2), np.ones(2), True), "batch must be null on a landscape without data, got 1"),
        (Sgd(gradients="exact"), Space(np.zeros(2), np.ones(2)), "gradients must be auto or finite-differences"),
    ],
)
def test_settings_that_do_not_fit_the_space_are_refused(monkeypatch, agent, space, match):
    monkeypatch.setattr("searchparty.agents.toolbox.training.check_optax", lambda kind: None)
    with pytest.raises(Refusal, match=match):
        agent.row_price(space)


def test_an_extra_that_is_missing_is_named(monkeypatch):
    monkeypatch.setattr(update_rules, "find_spec", lambda name: None)
    update_rules.check_optax.cache_clear()
    try:
        with pytest.raises(Refusal, match="kind adam must have optax and JAX installed.*networks|optax>="):
            update_rules.check_optax("adam")
    finally:
        update_rules.check_optax.cache_clear()


def test_listing_agents_imports_neither_jax_nor_optax():
    import subprocess

    code = "import sys; from searchparty.experiments.spec import catalogue; catalogue.agent_classes(); "
    code += "sys.exit(bool({'jax', 'optax'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_searches_start_where_the_landscape_says():
    rng = np.random.default_rng(0)
    assert abs(start_point(Region.whole(3), rng, SPACE.init) - 0.5).max() <= 0.001
    assert start_point(Region(np.full(3, 0.2), 0.1), rng, SPACE.init).tolist() == [0.2] * 3
    assert first_point(make_lease(incumbent=make_incumbent("other", 0.25)), rng, SPACE.init).tolist() == [0.25] * 3
    assert abs(first_point(make_lease(incumbent=make_incumbent("it", 0.25)), rng, SPACE.init) - 0.5).max() <= 0.001


def test_only_points_that_a_policy_hands_over_are_taken_over():
    first, second = make_lease(), make_lease(1, make_incumbent("other", 0.25), fresh=False)
    assert is_handed_over(second, first)
    assert not is_handed_over(second, second)
    assert not is_handed_over(make_lease(1, make_incumbent("it", 0.25)), first)
    assert not is_handed_over(make_lease(1), first)
    # A policy may tell an agent of a better point without sending it there.
    told = replace(second, takes_over=False)
    assert not is_handed_over(told, first)
    assert abs(first_point(told, np.random.default_rng(0), SPACE.init) - 0.5).max() <= 0.001


def test_l_bfgs_goes_on_from_a_point_that_is_handed_over():
    agent = LBFGS()
    search = agent.search(SPACE, make_lease(), np.random.default_rng(0))
    point = next(search).points[0]
    assert abs(point - 0.5).max() <= 0.001
    handed = make_lease(1, make_incumbent("other", 0.25), fresh=False)
    told = Told(np.array([3.0]), np.ones((1, 3)), handed)
    assert search.send(told).points.tolist() == [[0.25] * 3]


@pytest.mark.extras
class TestSteps:
    """Steps of optax, which needs the extra."""

    @pytest.fixture(autouse=True)
    def _needs_optax(self):
        pytest.importorskip("optax", reason="optax is not installed")

    @staticmethod
    def follow(agent, gradients, leases=None):
        """Return the weights that an agent proposes, given the gradient at each of them."""
        lease = make_lease()
        search = agent.search(SPACE, lease, np.random.default_rng(0))
        proposal, found = next(search), []
        for number, gradient in enumerate(gradients):
            assert isinstance(proposal, WithGradient if agent.batch is None else MiniBatch)
            found.append(SPACE.to_box(proposal.points[0]))
            lease = lease if leases is None else leases[number]
            loss = np.array([np.inf if gradient is None else 1.0])
            slope = np.full((1, 3), np.nan) if gradient is None else 6.0 * np.asarray(gradient)[None]
            proposal = search.send(Told(loss, slope, lease))
        return np.array([*found, SPACE.to_box(proposal.points[0])])

    @pytest.mark.parametrize("batch", [None, 10])
    def test_sgd_is_a_rate_times_a_slope(self, batch):
        found = self.follow(Sgd(rate=0.25, batch=batch), [np.array([1.0, -2.0, 0.5])] * 2)
        np.testing.assert_allclose(np.diff(found, axis=0), [[-0.25, 0.5, -0.125]] * 2, atol=1e-6)

    def test_momentum_keeps_a_part_of_the_last_step(self):
        found = self.follow(Momentum(rate=0.1, decay=0.5, batch=10), [np.ones(3)] * 3)
        np.testing.assert_allclose(np.diff(found, axis=0)[:, 0], [-0.1, -0.15, -0.175], atol=1e-6)

    def test_nesterov_counts_the_gradient_once_more(self):
        found = self.follow(Momentum(rate=0.1, decay=0.5, nesterov=True, batch=10), [np.ones(3)] * 2)
        np.testing.assert_allclose(np.diff(found, axis=0)[:, 0], [-0.15, -0.175], atol=1e-6)

    def test_adam_takes_steps_as_long_as_its_rate(self):
        found = self.follow(Adam(rate=0.01, batch=10), [np.array([1e-3, 10.0, -1.0])] * 3)
        np.testing.assert_allclose(np.diff(found, axis=0), [[-0.01, -0.01, 0.01]] * 3, atol=1e-5)

    def test_the_radius_steers_the_rate_and_the_region_binds(self):
        narrow = make_lease(1, region=Region(np.full(3, 0.5), 0.05), fresh=False)
        found = self.follow(Sgd(rate=0.5, batch=10), [np.ones(3)] * 9, [narrow] * 9)
        steps = -np.diff(found, axis=0)[:, 0]
        assert steps[0] == pytest.approx(0.05, abs=1e-6)
        # A radius of 0.05 of the cube is 0.3 of the weights.
        assert found.min() >= -0.3 - 1e-6
        assert found[-1].tolist() == pytest.approx([-0.3] * 3, abs=1e-6)

    def test_a_failure_leads_back_at_half_the_rate(self):
        found = self.follow(Sgd(rate=0.2, batch=10), [np.ones(3), None, np.ones(3)])
        assert found[2].tolist() == found[0].tolist()
        assert (found[0] - found[3])[0] == pytest.approx(0.1, abs=1e-6)

    def test_weights_that_are_handed_over_are_taken_over(self):
        handed = make_lease(1, make_incumbent("other", 0.75), fresh=False)
        found = self.follow(Adam(rate=0.01, batch=10), [np.ones(3), np.ones(3)], [make_lease(), handed])
        np.testing.assert_allclose(found[2], 1.5, atol=1e-6)

    def test_it_ends_where_no_weight_moves_any_more(self):
        search = Sgd(rate=0.1).search(SPACE, make_lease(), np.random.default_rng(0))
        next(search)
        with pytest.raises(StopIteration, match="single precision") as end:
            search.send(Told(np.array([1.0]), np.zeros((1, 3)), make_lease()))
        assert end.value.value.loss == 1.0

    @pytest.mark.parametrize("rate", [0.003, 0.03])
    def test_adam_on_all_rows_is_plain_optax_to_the_bit(self, rate):
        pytest.importorskip("jax", reason="jax is not installed")
        import jax
        import optax

        from searchparty.landscapes.network import NeuralNetwork
        from searchparty.landscapes.opening import open_problem

        problem = open_problem(NeuralNetwork.model_validate({"kind": "network", "data": "wine", "layers": [8]}))
        space = problem.space
        lease = Lease(0, "it", 99, Region.whole(space.dimension), "test", fresh=True)
        search = Adam(rate=rate).search(space, lease, np.random.default_rng(0))
        proposal = next(search)
        rule = optax.adam(rate)
        weights = space.to_box(proposal.points[0]).astype(np.float32)
        state = rule.init(weights)

        @jax.jit
        def step(weights, gradient, state):
            updates, state = rule.update(gradient, state, weights)
            return optax.apply_updates(weights, updates), state

        for _ in range(60):
            point = space.to_box(proposal.points)
            np.testing.assert_array_equal(point[0].astype(np.float32), weights)
            gradient = problem.gradient(point)
            weights, state = step(weights, gradient[0].astype(np.float32), state)
            proposal = search.send(Told(problem.evaluate(point), gradient * (space.upper - space.lower), lease))
