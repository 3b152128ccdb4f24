"""Losses whose differences tell no slopes: rounded ones, as networks and programs give, and noisy ones."""

import numpy as np
import pytest

from searchparty import minimize
from searchparty.orchestrator.state.events import Granted, findings

BOX = [(-5.0, 5.0)] * 4
CENTER = np.array([0.3, -1.1, 2.2, 0.7])


def tilted(x):
    """A bowl that is not a sum over the axes, 3.7 deep."""
    z = np.asarray(x) - CENTER
    return float(z @ z + 0.5 * (z.sum()) ** 2 - 3.7 + 1e-3 * np.sin(z[0]))


ROUNDED = {
    "float32": lambda x: float(np.float32(tilted(x))),
    "%g": lambda x: float(f"{tilted(x):g}"),
}


def grants(result):
    return [lease for event in result.log.events() if isinstance(event, Granted) for lease in event.leases]


@pytest.mark.parametrize("kind", ROUNDED)
def test_slsqp_goes_on_where_losses_are_rounded(kind):
    found = minimize(ROUNDED[kind], BOX, budget=300, seed=1, team=("slsqp",))
    assert tilted(found.x) < -3.6999
    stuck = minimize(ROUNDED[kind], BOX, budget=300, seed=1, team=({"kind": "slsqp", "coarse": "slsqp"},))
    assert tilted(stuck.x) > tilted(found.x) + 0.01


@pytest.mark.parametrize(("kind", "words"), [("float32", "losses have 24 bits"), ("%g", "losses have 6 digits")])
def test_the_reasons_of_a_party_tell_that_losses_are_rounded(kind, words):
    found = minimize(ROUNDED[kind], BOX, budget=400, seed=1)
    assert any(f"({words}, bobyqa: " in lease.reason for lease in grants(found))


def test_two_losses_are_proof_enough():
    asked = []

    def loss(x):
        asked.append(np.array(x))
        return ROUNDED["float32"](x)

    minimize(loss, BOX, budget=3, seed=1, team=("slsqp",))
    assert np.abs(asked[1] - asked[0]).max() < 1e-8
    assert np.abs(asked[2] - asked[0]).max() > 1.0


def test_exact_losses_take_the_points_that_they_took_without_the_check():
    with_check = minimize(tilted, BOX, budget=200, seed=1, team=("slsqp",))
    without = minimize(tilted, BOX, budget=200, seed=1, team=({"kind": "slsqp", "coarse": "slsqp"},))
    assert with_check.nfev == without.nfev
    assert with_check.log.rows(0).points.tolist() == without.log.rows(0).points.tolist()


def test_a_step_that_was_chosen_is_kept():
    found = minimize(ROUNDED["float32"], BOX, budget=300, seed=1, team=({"kind": "slsqp", "difference": 1e-4},))
    assert all(
        "bobyqa" not in (finding.converged.why if finding.converged else "") for finding in findings(found.log.events())
    )


def test_a_rounded_sum_is_searched_axis_by_axis():
    found = minimize(lambda x: float(np.float32(((np.asarray(x) - CENTER) ** 4).sum() + 7.1)), BOX, budget=400, seed=1)
    assert any(lease.reason == "party: each axis is searched by itself" for lease in grants(found))
    mixed = minimize(ROUNDED["float32"], BOX, budget=400, seed=1)
    assert not any(lease.reason == "party: each axis is searched by itself" for lease in grants(mixed))


def noisy_bowl(size):
    rng = np.random.default_rng(3)
    return lambda x: tilted(x) + size * rng.standard_normal()


@pytest.mark.parametrize("size", [0.01, 1.0])
def test_noise_is_seen_by_one_repeat_and_the_steady_member_searches_from_then_on(size):
    found = minimize(noisy_bowl(size), BOX, budget=400, seed=1)
    first, *others = findings(found.log.events())
    assert first.noisy
    rows = found.log.rows(0)
    same = np.flatnonzero((rows.points == rows.points[0]).all(axis=1))
    assert same.tolist()[:2] == [0, len(BOX) + 2]
    assert len(set(rows.losses[same])) == len(same)
    assert {finding.agent for finding in others} == {"cma-es"}
    assert all("losses are noisy: " in lease.reason for lease in grants(found)[1:])
    assert tilted(found.x) + 3.7 < 3.0 * size + 0.1


def test_the_steady_member_can_be_switched_off():
    found = minimize(noisy_bowl(0.1), BOX, budget=400, seed=1, policy={"kind": "party", "steady": ""})
    assert {finding.agent for finding in findings(found.log.events())} == {"slsqp", "axes", "cma-es"}


def test_no_exact_loss_is_noisy_however_steep():
    for steepness in (1e3, 1e9, 1e15):
        found = minimize(lambda x, s=steepness: s * tilted(x) + float(x[0] > 0.1), BOX, budget=150, seed=1)
        assert not any(finding.noisy for finding in findings(found.log.events()))
