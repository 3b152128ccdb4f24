"""Solvers that take a callback, run as generators."""

import gc
import weakref

import nlopt
import numpy as np
import pytest
from scipy.optimize import minimize

from searchparty.agents.agent import Lease, Region, Told, WithGradient
from searchparty.agents.toolbox.callback import invert_solver

LEASE = Lease(0, "it", 1, Region.whole(2), "test")


def feed(search, loss, limit=10_000, gradient=None):
    """Answer a search until it ends; return (proposals, result)."""
    proposals = []
    try:
        proposal = next(search)
        while len(proposals) < limit:
            wants = isinstance(proposal, WithGradient)
            points = proposal.points if wants else proposal
            proposals.append(points)
            proposal = search.send(Told(loss(points), gradient(points) if wants else None, LEASE))
    except StopIteration as stop:
        return proposals, stop.value
    return proposals, None


def bowl(points):
    return np.sum((points - 0.3) ** 2, axis=1)


def slsqp(objective):
    return minimize(objective, [0.9, 0.9], bounds=[(0, 1)] * 2, method="SLSQP").x


def bobyqa(objective):
    solver = nlopt.opt(nlopt.LN_BOBYQA, 2)
    solver.set_lower_bounds([0, 0])
    solver.set_upper_bounds([1, 1])
    solver.set_min_objective(lambda x, _: objective(x))
    solver.set_xtol_rel(1e-8)
    return solver.optimize([0.9, 0.9])


@pytest.mark.parametrize("solve", [slsqp, bobyqa])
def test_a_solver_runs_to_its_end(solve):
    proposals, result = feed(invert_solver(solve), bowl)
    np.testing.assert_allclose(result, 0.3, atol=1e-4)
    assert all(p.shape == (1, 2) and p.dtype == np.float64 for p in proposals)


def test_gradients_come_with_the_loss():
    def solve(objective):
        return minimize(
            objective.evaluate_with_gradient, [0.9, 0.9], jac=True, bounds=[(0, 1)] * 2, method="L-BFGS-B"
        ).x

    _, result = feed(invert_solver(solve), bowl, gradient=lambda p: 2 * (p - 0.3))
    np.testing.assert_allclose(result, 0.3, atol=1e-5)


@pytest.mark.parametrize("solve", [slsqp, bobyqa])
def test_closing_in_the_middle_ends_the_solver(solve):
    ended = []

    def watched(objective):
        keeper = type("Keeper", (), {})()
        ended.append(weakref.ref(keeper))
        try:
            return solve(objective)
        finally:
            ended.append("ended")

    search = invert_solver(watched)
    next(search)
    search.send(Told(np.array([1.0]), None, LEASE))
    search.close()
    gc.collect()
    assert ended[1] == "ended"
    assert ended[0]() is None


def test_a_solver_that_swallows_exceptions_is_ended_too():
    def stubborn(objective):
        for _ in range(3):
            try:
                objective(np.array([0.5, 0.5]))
            except BaseException:
                continue
        return "left"

    search = invert_solver(stubborn)
    next(search)
    search.close()


def test_a_failed_row_is_passed_as_the_worst_loss_so_far():
    heard = []

    def solve(objective):
        heard.extend(objective(np.full(2, x)) for x in (0.1, 0.2, 0.3, 0.4))

    answers = iter([np.inf, 5.0, 2.0, np.inf])
    feed(invert_solver(solve), lambda p: np.array([next(answers)]))
    assert heard == [1e300, 5.0, 2.0, 5.0]


def test_what_a_solver_raises_comes_out():
    def broken(objective):
        objective(np.zeros(2))
        raise ArithmeticError("no")

    search = invert_solver(broken)
    next(search)
    with pytest.raises(ArithmeticError, match="no"):
        search.send(Told(np.zeros(1), None, LEASE))


def test_points_a_last_bit_outside_are_brought_in():
    proposals, _ = feed(invert_solver(lambda objective: objective(np.array([1.0 + 1e-15, -1e-15]))), bowl)
    np.testing.assert_array_equal(proposals[0], [[1.0, 0.0]])
