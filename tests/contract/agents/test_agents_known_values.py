"""Single agents on problems whose answer is known."""

import gc
import weakref

import numpy as np
import pytest
from pydantic import ValidationError

from searchparty.agents.agent import AgentError, Archive, Incumbent, Region
from searchparty.agents.gaussian_process import GaussianProcess, level_losses, log_improvement, spread_points
from searchparty.agents.gradient_descent import GradientDescent
from searchparty.agents.grid import Grid, full_grid, place_on_steps
from searchparty.agents.local import Local
from searchparty.agents.nelder_mead import NelderMead
from searchparty.agents.pattern_search import PatternSearch
from searchparty.agents.random_restart import RandomRestart
from searchparty.agents.random_search import RandomSearch
from searchparty.agents.toolbox.callback import FAILED_LOSS, invert_solver
from searchparty.landscapes.axis import Axis

CENTER = 0.3713


def bowl(points):
    return ((points - CENTER) ** 2).sum(axis=1)


def bowl_gradient(points):
    return 2 * (points - CENTER)


def rastrigin(points):
    z = 10.24 * points - 5.12
    return (z * z - 10 * np.cos(2 * np.pi * z) + 10).sum(axis=1)


# random


def test_random_fills_its_region_and_no_more(drive, lease_of):
    second = lease_of(2, 1, Region(np.array([0.9, 0.1]), 0.2))
    points = drive(RandomSearch(batch=50), bowl, 2, 2000, changes={1000: second}).points
    assert points[:1000].min() < 0.05
    assert points[:1000].max() > 0.95
    assert np.all(points[1000:] >= [0.7, 0.0])
    assert np.all(points[1000:] <= [1.0, 0.3])
    np.testing.assert_allclose(points[1000:].mean(axis=0), [0.85, 0.15], atol=0.02)


# grid


@pytest.mark.parametrize(
    ("lower", "upper", "most", "numbers"),
    [
        (0.0, 1.0, 20, [2, 3, 4, 5, 6, 7, 8]),
        (0.0, 1.0, 3, [2, 5, 8]),
        (0.3, 0.6, 5, [4, 5, 6]),
        (0.3, 0.31, 5, [4]),
    ],
)
def test_a_grid_lies_on_the_steps(lower, upper, most, numbers):
    depth = Axis("depth", 2, 8, integer=True)
    assert [depth.to_number(x) for x in place_on_steps(depth, lower, upper, most)] == numbers
    kernel = Axis.of_choices("kernel", ("a", "b", "c"))
    assert [kernel.to_number(x) for x in place_on_steps(kernel, lower, upper, 3)] == [0, 1, 2]


def test_a_full_grid_in_lexicographic_order():
    points = full_grid([np.linspace(0.0, 1.0, 3), np.linspace(0.5, 0.7, 3)])
    np.testing.assert_allclose(points[:4], [[0, 0.5], [0, 0.6], [0, 0.7], [0.5, 0.5]])
    assert points.shape == (9, 2)


def test_the_grid_halves_down_to_its_resolution(drive):
    driven = drive(Grid(resolution=0.1), lambda p: bowl(p - 0.5 + CENTER), 2, 10_000)
    # Radii 0.5, 0.25, 0.125; the next would be 0.0625. All grids but the first already know 3 x 3 of their 25 points.
    assert [len(points) for points in driven.batches] == [25, 16, 16]
    np.testing.assert_allclose([np.ptp(points[:, 0]) / 2 for points in driven.batches], [0.5, 0.25, 0.125])
    assert driven.ended.why == "grid resolution 0.1 reached"
    np.testing.assert_array_equal(driven.ended.point, [0.5, 0.5])


def test_no_grid_point_comes_twice_in_a_row(drive):
    points = drive(Grid(resolution=1e-3), bowl, 2, 10_000).points
    assert len(np.unique(np.round(points, 9), axis=0)) == len(points)


@pytest.mark.parametrize(("moves", "least"), [(True, 0.0), (False, 0.3)])
def test_a_grid_may_leave_its_region_by_the_edge(moves, least, drive, lease_of):
    lease = lease_of(2, 0, Region(np.array([0.8, 0.8]), 0.1), fresh=True)
    driven = drive(Grid(move_at_edge=moves, resolution=1e-3), lambda p: p.sum(axis=1), 2, 10_000, lease=lease)
    assert driven.ended.point.max() < 0.01 if moves else driven.ended.point.min() > least


@pytest.mark.parametrize(("beyond", "sizes"), [("sobol", [64, 64]), ("coordinate", [5, 4])])
def test_what_stands_in_for_a_grid_too_large(beyond, sizes, drive):
    driven = drive(Grid(max_points=100, beyond=beyond), bowl, 10, 110)
    assert [len(points) for points in driven.batches[:2]] == sizes


def test_the_order_of_a_grid_is_as_asked(drive):
    lexicographic, random = (drive(Grid(order=order), bowl, 2, 25).points for order in ("lexicographic", "random"))
    assert not np.array_equal(lexicographic, random)
    np.testing.assert_array_equal(lexicographic, random[np.lexsort(random.T[::-1])])


def test_a_grid_finishes_before_it_follows(drive, lease_of):
    change = lease_of(2, 1, Region(np.array([0.8, 0.2]), 0.1))
    first, second = drive(Grid(), bowl, 2, 30, changes={1: change}).batches
    assert len(first) == 25
    np.testing.assert_allclose([second.min(axis=0), second.max(axis=0)], [[0.7, 0.1], [0.9, 0.3]])


# gradient descent


@pytest.mark.parametrize("method", ["plain", "momentum", "adam"])
@pytest.mark.parametrize("gradient", [None, bowl_gradient], ids=["differences", "exact"])
@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_descent_finds_the_bottom_whatever_the_scale(method, gradient, scale, drive):
    given = None if gradient is None else lambda p: scale * gradient(p)
    ended = drive(GradientDescent(method=method, settle=True), lambda p: scale * bowl(p), 3, 20_000, given).ended
    np.testing.assert_allclose(ended.point, CENTER, atol=1e-5)
    assert ended.why.startswith("stuck in a local minimum")


def test_momentum_masters_a_narrow_valley(drive):
    curvature = np.array([1.0, 300.0])

    def valley(points):
        return 0.5 * (curvature * (points - CENTER) ** 2).sum(axis=1)

    def gradient(points):
        return curvature * (points - CENTER)

    momentum = GradientDescent(method="momentum", step=0.2)
    ended = drive(momentum, valley, 2, 4000, gradient).ended
    np.testing.assert_allclose(ended.point, CENTER, atol=1e-5)


def test_long_steps_oscillate_and_say_so(drive):
    driven = drive(
        GradientDescent(line_search=False, step=0.3),
        lambda p: np.abs(p - 0.5).sum(axis=1),
        1,
        1000,
        lambda p: np.sign(p - 0.5),
    )
    assert driven.ended.why.startswith("oscillates between losses")
    assert driven.ended.why.endswith("with steps of 0.3; a smaller step would settle")
    settled = drive(
        GradientDescent(line_search=False, step=0.3, settle=True, patience=5),
        lambda p: np.abs(p - 0.5).sum(axis=1),
        1,
        5000,
        lambda p: np.sign(p - 0.5),
    )
    assert settled.losses.min() < 1e-6


def test_it_stops_on_a_face_of_the_cube(drive):
    slope = np.array([1.0, -2.0])
    driven = drive(GradientDescent(), lambda p: p @ slope, 2, 1000, lambda p: np.tile(slope, (len(p), 1)))
    np.testing.assert_array_equal(driven.ended.point, [0.0, 1.0])
    assert driven.ended.why == "stuck in a local minimum: gradient norm 0"


def test_a_descent_goes_to_the_incumbent_when_called_away(drive, lease_of):
    best = Incumbent("other", 0, 0, np.array([0.8, 0.85]), 0.0)
    change = lease_of(2, 1, Region(np.array([0.82, 0.82]), 0.05), incumbent=best)
    driven = drive(GradientDescent(), bowl, 2, 30, bowl_gradient, changes={3: change})
    np.testing.assert_array_equal(driven.points[3], best.point)
    near = lease_of(2, 1, Region(np.array([0.4, 0.4]), 0.45), incumbent=best)
    carried_on = drive(GradientDescent(), bowl, 2, 30, bowl_gradient, changes={3: near})
    assert not (carried_on.points == best.point).all(axis=1).any()


def test_a_descent_starts_at_the_center_of_its_region(drive, lease_of):
    lease = lease_of(2, 0, Region(np.array([0.7, 0.2]), 0.01), fresh=True)
    driven = drive(GradientDescent(), bowl, 2, 2, bowl_gradient, lease=lease)
    np.testing.assert_array_equal(driven.points[0], [0.7, 0.2])
    assert np.linalg.norm(driven.points[1] - driven.points[0]) == pytest.approx(0.01)


def test_exact_gradients_cost_and_must_be_there(drive):
    from searchparty.landscapes.landscape import Space

    space = Space(np.zeros(2), np.ones(2), True, 3)
    assert GradientDescent().row_price(space) == 4
    assert GradientDescent(gradients="finite-differences").row_price(space) == 1
    with pytest.raises(AgentError, match="gradients must be auto or finite-differences"):
        drive(GradientDescent(gradients="exact"), bowl, 2, 10)


def test_a_line_search_is_refused_where_there_is_none():
    with pytest.raises(ValidationError, match="line_search must be false for the method adam, got true"):
        GradientDescent(method="adam", line_search=True)


# restarts


def test_restarts_see_several_basins(drive):
    driven = drive(RandomRestart(smallest_step=1e-3, step=0.1), rastrigin, 2, 3000)
    low = driven.points[driven.losses < 12]
    assert len({tuple(basin) for basin in np.round(10.24 * low - 5.12).astype(int)}) >= 5


def test_so_many_restarts_and_no_more(drive):
    driven = drive(RandomRestart(restarts=2), bowl, 2, 10_000)
    assert driven.ended.why == "stuck, after 2 restarts"
    assert driven.ended.loss == driven.losses.min()


def test_a_restart_keeps_clear_of_the_archive_if_told_to(lease_of, drive):
    crowd = np.random.default_rng(0).random((5000, 2)) * [0.7, 1.0]
    seen = Archive(1, crowd, np.zeros(5000), np.zeros(5000, dtype=int))
    agent = RandomRestart(avoid="everyone", step=1e-4, smallest_step=1e-5)
    assert agent.reads_archive
    assert not RandomRestart().reads_archive
    lease = lease_of(2, 0, fresh=True, seen=seen)
    points = drive(agent, lambda p: np.zeros(len(p)), 2, 200, lease=lease).points
    # On a plateau no climb moves, so only restarts are far from the previous point.
    jumps = 1 + np.flatnonzero(np.abs(np.diff(points, axis=0)).max(axis=1) > 0.05)
    assert points[jumps[0], 0] > 0.7


@pytest.mark.parametrize("agent", [RandomRestart(), PatternSearch(), NelderMead(), Local()], ids=lambda a: a.kind)
def test_it_leaves_at_once_when_called_away(agent, drive, lease_of):
    change = lease_of(2, 1, Region(np.array([0.9, 0.9]), 0.05))
    points = drive(agent, bowl, 2, 30, changes={5: change}).points
    assert (points == 0.9).all(axis=1).any()


# Nelder-Mead, pattern search and scipy's solvers


@pytest.mark.parametrize(
    ("agent", "evaluations"),
    [(NelderMead(), 3000), (Local(), 500), (Local(method="l-bfgs-b"), 500), (Local(method="powell"), 2000)],
    ids=repr,
)
def test_rosenbrock_is_solved(agent, evaluations, drive):
    def rosenbrock(points):
        x, y = (4 * points - 2).T
        return 100 * (y - x**2) ** 2 + (1 - x) ** 2

    assert drive(agent, rosenbrock, 2, evaluations).ended.loss < 1e-6


def test_a_compass_converges_to_the_bottom(drive):
    ended = drive(PatternSearch(), bowl, 4, 5000).ended
    np.testing.assert_allclose(ended.point, CENTER, atol=1e-7)


# inverted


def test_what_a_solver_hears_of_failures(lease_of):
    from searchparty.agents.agent import Told

    heard = []
    search = invert_solver(lambda objective: heard.extend(objective(np.zeros(1)) for _ in range(4)))
    next(search)
    for loss in (np.inf, 7.0, 2.0):
        search.send(Told(np.array([loss]), None, lease_of(1)))
    with pytest.raises(StopIteration, match="^$"):
        search.send(Told(np.array([np.inf]), None, lease_of(1)))
    assert heard == [FAILED_LOSS, 7.0, 2.0, 7.0]


def test_a_closed_search_leaves_nothing_behind(lease_of):
    from searchparty.agents.agent import Told

    nlopt = pytest.importorskip("nlopt")
    greenlet = pytest.importorskip("greenlet")
    stacks = []

    def bobyqa(objective):
        stacks.append(weakref.ref(greenlet.getcurrent()))
        solver = nlopt.opt(nlopt.LN_BOBYQA, 2)
        solver.set_lower_bounds(0.0)
        solver.set_upper_bounds(1.0)
        solver.set_min_objective(lambda x, _: objective(x))
        return solver.optimize([0.5, 0.5])

    for _ in range(20):
        search = invert_solver(bobyqa)
        points = next(search)
        for _ in range(6):
            points = search.send(Told(bowl(points), None, lease_of(2)))
        search.close()
    gc.collect()
    assert [stack() for stack in stacks] == [None] * 20


def test_several_points_at_once_are_one_proposal(lease_of):
    from searchparty.agents.agent import Told

    search = invert_solver(lambda objective: objective.evaluate_batch(np.array([[0.1], [0.2], [1.5]])))
    np.testing.assert_array_equal(next(search), [[0.1], [0.2], [1.0]])
    with pytest.raises(StopIteration, match="1.* 3.* 3") as end:
        search.send(Told(np.array([1.0, np.inf, 3.0]), None, lease_of(1)))
    np.testing.assert_array_equal(end.value.value, [1.0, 3.0, 3.0])


def test_a_solver_that_asks_for_nan_is_told_off():
    with pytest.raises(AgentError, match="the solver asked for the loss at"):
        next(invert_solver(lambda objective: objective(np.array([np.nan]))))


# gaussian-process


def branin(points):
    """Branin's function, whose least value is 0.397887 (Dixon & Szego 1978)."""
    x, y = 15 * points[:, 0] - 5, 15 * points[:, 1]
    return (y - 5.1 / (4 * np.pi**2) * x**2 + 5 / np.pi * x - 6) ** 2 + 10 * (1 - 1 / (8 * np.pi)) * np.cos(x) + 10


@pytest.mark.parametrize(("count", "dimension"), [(1, 1), (4, 2), (22, 20)])
def test_a_gaussian_process_begins_at_the_latin_hypercube_of_scipy(count, dimension):
    from scipy.stats.qmc import LatinHypercube

    spread = spread_points(count, dimension, 2**31 + 5)
    np.testing.assert_array_equal(spread, LatinHypercube(dimension, rng=2**31 + 5).random(count))
    assert np.array_equal(np.sort((spread * count).astype(int), axis=0), np.tile(np.arange(count)[:, None], dimension))


def test_a_gaussian_process_finds_the_minimum_of_branin_in_thirty_points(drive):
    assert drive(GaussianProcess(), branin, 2, 30).losses.min() < 0.397887 + 0.05


def test_a_gaussian_process_ends_after_its_most_points_at_the_best(drive):
    done = drive(GaussianProcess(first=3, most=12), bowl, 2, 50)
    assert len(done.losses) == 12
    assert done.losses[-8:].min() < done.losses[:4].min()


def test_the_expected_improvement_is_an_integral_of_the_normal_density():
    z = np.linspace(-8, 8, 400_001)
    density = np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)
    for mean, deviation, best in ((0.0, 1.0, 0.5), (1.0, 0.5, 0.0), (2.0, 0.5, -0.5), (-3.0, 2.0, 0.0)):
        gain = np.trapezoid(np.maximum(best - mean - deviation * z, 0.0) * density, z)
        found = log_improvement(np.array([mean]), np.array([deviation]), best)
        assert found[0] == pytest.approx(np.log(gain), abs=1e-3)
    far = log_improvement(np.array([10.0, 100.0]), np.array([1.0, 1.0]), 0.0)
    assert np.isfinite(far).all()
    assert far[1] < far[0] < -50


def test_failures_count_as_the_worst_loss_and_no_difference_overflows():
    worst = 1.0 + np.log(2.0)
    assert level_losses(np.array([np.inf, 3.0, 1.0, 2.0])).tolist() == pytest.approx([worst, worst, 0.0, 1.0])
    extreme = level_losses(np.array([-1.7e308, 1.7e308, 0.0, np.inf]))
    assert np.isfinite(extreme).all()
    assert extreme[0] == 0.0 < extreme[2] <= extreme[1] == extreme[3]
    assert level_losses(np.full(3, np.inf)).tolist() == [0.0, 0.0, 0.0]
