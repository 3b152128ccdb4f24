"""Agents that wrap solvers, and agents that learn from others, on problems whose answer is known."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from searchparty.agents.agent import Archive, Converged, Incumbent, Region
from searchparty.agents.axes import Axes
from searchparty.agents.cma_es import CmaEs
from searchparty.agents.derivative_free import DerivativeFree
from searchparty.agents.global_search import GlobalSearch
from searchparty.agents.slsqp import Slsqp
from searchparty.agents.splines import AxisSweep, Splines, choose_neighbours
from searchparty.agents.surrogate import Surrogate

LOWEST = 0.3713


def bowl(points):
    return ((points - LOWEST) ** 2).sum(axis=1)


def rastrigin(points):
    z = 10.24 * (points - LOWEST)
    return (z * z - 10 * np.cos(2 * np.pi * z) + 10).sum(axis=1)


def turned(points):
    """Rastrigin's function on axes rotated by 30 degrees, pair by pair."""
    z = points - LOWEST
    c, s = np.cos(np.pi / 6), np.sin(np.pi / 6)
    return rastrigin(np.column_stack([c * z[:, 0] - s * z[:, 1], s * z[:, 0] + c * z[:, 1]]) + LOWEST)


def rosenbrock(points):
    z = 4 * points - 2
    return (100 * (z[:, 1:] - z[:, :-1] ** 2) ** 2 + (1 - z[:, :-1]) ** 2).sum(axis=1)


def best(driven):
    return driven.losses.min()


# slsqp


def test_slsqp_needs_two_steps_for_a_round_bowl(drive):
    driven = drive(Slsqp(), bowl, 5, 8)
    # A gradient by 5 + 1 points, a trial point, and the parabola's minimum.
    assert driven.losses[7] < 1e-12


def test_slsqp_goes_to_the_corner_of_a_slope(drive):
    slope = np.array([1.0, -2.0, 3.0])
    driven = drive(Slsqp(), lambda points: points @ slope, 3, 6)
    np.testing.assert_array_equal(driven.points[driven.losses.argmin()], [0, 1, 0])


def test_slsqp_with_exact_gradients_asks_for_no_differences(drive):
    driven = drive(Slsqp(), bowl, 5, 50, gradient=lambda points: 2 * (points - LOWEST))
    assert isinstance(driven.ended, Converged)
    assert driven.ended.loss < 1e-20
    assert len(driven.points) < 10


@pytest.mark.parametrize(("finder", "goes_on", "steps"), [("other", True, 0), ("other", False, 1), ("agent", True, 1)])
def test_slsqp_takes_no_first_step_from_a_point_that_another_agent_found(drive, lease_of, finder, goes_on, steps):
    start = np.full(3, 0.3)
    known = Incumbent(finder, 0, 0, start, float(bowl(start[None])[0]))
    lease = lease_of(3, region=Region(start, 0.5), fresh=True, incumbent=known)
    name = lease.agent
    assert name != "other"
    if finder == "agent":
        lease = replace(lease, incumbent=replace(known, agent=name))
    points = drive(Slsqp(goes_on=goes_on), bowl, 3, 10, lease=lease).points
    np.testing.assert_array_equal(points[0], start)
    # After the gradient, the first step goes half a cube along the steepest axis.
    far = np.abs(points[4] - start).max() > 0.29
    assert far == bool(steps)


@pytest.mark.parametrize("unit", [2.0**-20, 2.0**20])
def test_where_slsqp_goes_on_the_unit_of_the_loss_decides_nothing(drive, lease_of, unit):
    start = np.array([0.3, 0.6, 0.4])
    found = []
    for factor in (1.0, unit):
        known = Incumbent("other", 0, 0, start, factor * float(rosenbrock(start[None])[0]))
        lease = lease_of(3, region=Region(start, 0.5), fresh=True, incumbent=known)
        loss = lambda points, factor=factor: factor * rosenbrock(points)  # noqa: E731
        found.append(drive(Slsqp(goes_on=True, tolerance=1e-300), loss, 3, 60, lease=lease).points)
    np.testing.assert_allclose(found[0], found[1], atol=1e-6)


@pytest.mark.parametrize("unit", [2.0**-20, 2.0**-40, 2.0**-200])
def test_slsqp_finds_the_minimum_of_a_loss_that_is_small_in_its_units(drive, unit):
    done = drive(Slsqp(), lambda points: unit * rosenbrock(points), 3, 300)
    assert best(done) < 1e-9 * unit
    same = drive(Slsqp(), lambda points: 0.25 * unit * rosenbrock(points), 3, 300)
    np.testing.assert_array_equal(done.points, same.points)


def test_slsqp_sees_noise_where_the_start_has_another_loss_than_was_found(drive, lease_of):
    start = np.full(3, 0.3)
    losses = iter(np.random.default_rng(1).random(100) / 3)
    known = Incumbent("other", 0, 0, start, 0.5)
    lease = lease_of(3, region=Region(start, 0.5), fresh=True, incumbent=known)
    driven = drive(Slsqp(goes_on=True), lambda points: np.array([next(losses) for _ in points]), 3, 8, lease=lease)
    # The start, its gradient, and the start once more.
    np.testing.assert_array_equal(driven.points[4], start)
    assert np.abs(driven.points[5:] - start).max() > 0.1


def test_slsqp_follows_a_valley(drive):
    driven = drive(Slsqp(), rosenbrock, 3, 400)
    assert isinstance(driven.ended, Converged)
    assert driven.ended.loss < 1e-9
    np.testing.assert_allclose(driven.ended.point, 0.75, atol=1e-4)


# axes


@pytest.mark.parametrize("dimension", [1, 2, 7])
def test_axes_solves_a_sum_over_the_axes(drive, dimension):
    driven = drive(Axes(), rastrigin, dimension, 90 * dimension)
    assert best(driven) < 1e-10


def test_axes_ends_after_two_evaluations_beside_known_points_where_the_loss_is_no_sum(drive, lease_of):
    known = np.array([[0.2, 0.3], [0.7, 0.9]])
    losses = turned(known)
    seen = Archive(1, known, losses, np.zeros(2, dtype=np.int32))
    incumbent = Incumbent("other", 0, int(losses.argmin()), known[losses.argmin()], float(losses.min()))
    driven = drive(Axes(), turned, 2, 500, lease=lease_of(2, fresh=True, incumbent=incumbent, seen=seen, archive=1))
    assert driven.ended is None
    assert len(driven.points) == 2
    assert len(drive(Axes(), turned, 2, 500).points) == 4


def test_axes_does_not_mind_where_a_minimum_lies_at_a_face(drive):
    driven = drive(Axes(), lambda points: np.abs(points).sum(axis=1), 3, 400)
    assert best(driven) < 1e-8


# cma-es


IMPORTS = """
import sys
from importlib.util import find_spec
from searchparty.agents.cma_es import UNNEEDED, import_cma
{before}
cma = import_cma()
print([name for name in UNNEEDED if name in sys.modules])
print(all(find_spec(name) for name in UNNEEDED), cma.CMAEvolutionStrategy is not None)
"""


@pytest.mark.parametrize(("before", "loaded"), [("", []), ("import matplotlib", ["matplotlib"])])
def test_cma_is_imported_without_what_takes_long_and_others_still_find_it(before, loaded):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", IMPORTS.format(before=before)], capture_output=True, text=True
    )
    assert (done.stdout.splitlines(), done.stderr) == ([str(loaded), "True True"], "")


def test_cma_es_alone_converges_and_with_restarts_goes_on(drive):
    driven = drive(CmaEs(restarts="none"), rosenbrock, 4, 10_000)
    assert driven.ended.loss < 1e-9
    assert len(driven.points) < 5_000
    assert len(drive(CmaEs(), bowl, 2, 3_000).points) >= 3_000


def test_cma_es_restarts_with_growing_populations(drive):
    sizes = [len(batch) for batch in drive(CmaEs(), turned, 2, 8_000).batches]
    assert sizes[0] == 6
    assert {12, 24} <= set(sizes)


def test_cma_es_starts_as_wide_as_its_region(drive, lease_of):
    narrow = lease_of(3, region=Region(np.full(3, 0.6), 1e-3), fresh=True)
    first = drive(CmaEs(), bowl, 3, 7, lease=narrow).points
    np.testing.assert_allclose(first, 0.6, atol=4e-3)


# derivative-free, global, surrogate


@pytest.mark.parametrize(("method", "evaluations"), [("bobyqa", 400), ("sbplx", 3000)])
def test_derivative_free_finds_the_valleys_end(drive, method, evaluations):
    assert best(drive(DerivativeFree(method=method), rosenbrock, 2, evaluations)) < 1e-8


@pytest.mark.parametrize("method", ["differential-evolution", "annealing"])
def test_global_search_leaves_local_minima(drive, method):
    assert best(drive(GlobalSearch(method=method), turned, 2, 3_000)) < 1e-6


def test_a_surrogate_learns_from_what_others_found(drive, lease_of):
    rng = np.random.default_rng(1)
    points = np.clip(0.5 + 0.3 * rng.standard_normal((60, 3)), 0, 1)

    def tilted(x):
        z = x - LOWEST
        return (z**2).sum(axis=1) + 3 * (z.sum(axis=1)) ** 2

    losses = tilted(points)
    seen = Archive(1, points, losses, np.zeros(60, dtype=np.int32))
    row = int(losses.argmin())
    incumbent = Incumbent("other", 0, row, points[row], float(losses[row]))
    lease = lease_of(3, fresh=True, incumbent=incumbent, seen=seen, archive=1)
    # The loss is quadratic, so the agent's first own point is the minimum, as precisely as L-BFGS-B finds it.
    assert drive(Surrogate(), tilted, 3, 1, lease=lease).losses[0] < 1e-6 * losses.min()
    alone = drive(Surrogate(), tilted, 3, 60)
    assert best(alone) < 1e-9


def test_a_surrogate_finds_the_valleys_end(drive):
    assert best(drive(Surrogate(), rosenbrock, 2, 400)) < 1e-7


def test_splines_step_along_each_axis_and_then_to_the_lowest_place_of_the_model(drive):
    def uneven(points):
        return ((points - LOWEST) ** 2 * [1.0, 1.1, 1.2]).sum(axis=1)

    points = drive(Splines(), uneven, 3, 30).points
    # Up is no better along any axis, and down is.
    corner = 0.5 - 0.2 * np.tri(4, 3, -1)
    expected = [corner[0], *(point for k in range(3) for point in (corner[k] + 0.2 * np.eye(3)[k], corner[k + 1]))]
    np.testing.assert_allclose(points[:7], expected)
    assert uneven(points[7:8])[0] < uneven(points[:7]).min()


@pytest.mark.parametrize("unit", [1e-20, 1.0, 1e20])
def test_splines_find_the_minimum_of_a_round_bowl_at_once(drive, unit):
    """Two axes tell that it bends equally, after which each axis needs one step."""
    done = drive(Splines(), lambda points: unit * (3.0 + bowl(points)), 6, 12)
    assert len(np.unique(done.points[:11], axis=0)) == 11
    np.testing.assert_allclose(done.points[done.losses.argmin()], LOWEST, atol=1e-7)


@pytest.mark.parametrize("sides", [(1, 1, 1), (1, -1, 1), (-1, 1, -1), (-1, -1, -1)])
def test_splines_find_it_on_whichever_side_of_the_start_it_lies(drive, sides):
    """Where each first step is better, no axis has been tried both ways: one more step tells the bend."""
    lowest = 0.5 + 0.15 * np.array(sides)
    done = drive(Splines(), lambda points: ((points - lowest) ** 2).sum(axis=1), 3, 9)
    np.testing.assert_allclose(done.points[done.losses.argmin()], lowest, atol=1e-12)


def test_a_further_step_stays_in_the_cube():
    sweep = AxisSweep(3)
    for axis, side in enumerate((1, 1, -1)):
        sweep.note(axis, side, -1.0)
    assert sweep.step_on(np.array([0.9, 0.9, 0.1]), 0.2) == []
    assert sweep.step_on(np.array([0.9, 0.7, 0.1]), 0.2) == [(1, 1)]
    sweep.note(1, 1, 1.0)
    # The bend along that axis is known now.
    assert sweep.step_on(np.array([0.9, 0.7, 0.1]), 0.2) == []


def test_splines_go_to_the_corner_of_a_slope_at_once(drive):
    slope = np.array([1.0, -2.0, 1e-3, 5.0, -4.0])
    done = drive(Splines(), lambda points: 7.0 + points @ slope, 5, 10)
    np.testing.assert_allclose(done.points[done.losses.argmin()], slope < 0.0, atol=1e-7)


def test_a_bowl_has_the_mean_of_bends_that_differ():
    sweep = AxisSweep(3)
    for axis, bend in enumerate((2.0, 2.01)):
        sweep.note(axis, 1, 0.5 * bend)
        sweep.note(axis, -1, 0.5 * bend)
    sweep.note(2, 1, -1.0)
    assert not sweep.is_even()
    # Slopes are changes of a step up less half the bend, and along the third axis, where that was better, plus half.
    slopes = np.array([1.0, 1.005, -1.0]) + 0.5 * 2.005 * np.array([-1.0, -1.0, 1.0])
    expected = np.array([0.5, 0.5, 0.7]) - 0.2 * slopes / 2.005
    np.testing.assert_allclose(sweep.find_lowest(np.array([0.5, 0.5, 0.7]), 0.2), expected)
    assert sweep.find_lowest(np.array([0.5, 0.5, 0.7]), 0.2) is None


@pytest.mark.parametrize("changes", [(0.0, np.inf), (-2.0, -1.0), (1.0,)], ids=["failed", "bends down", "no bend"])
def test_first_steps_that_tell_no_bowl(changes):
    sweep = AxisSweep(1)
    for side, change in zip((1, -1), changes, strict=False):
        sweep.note(0, side, change)
    assert not sweep.is_even()
    assert sweep.find_lowest(np.full(1, 0.5), 0.2) is None


def test_splines_take_no_step_out_of_the_cube(drive, lease_of):
    lease = lease_of(2, region=Region(np.array([0.9, 0.1]), 0.5), fresh=True)
    points = drive(Splines(), lambda points: -bowl(points), 2, 4, lease=lease).points
    np.testing.assert_allclose(points[:3], [[0.9, 0.1], [0.7, 0.1], [0.9, 0.3]])


@pytest.mark.parametrize("levels", [True, False])
def test_splines_follow_a_valley_for_a_while(drive, levels):
    assert best(drive(Splines(levels=levels), rosenbrock, 2, 60)) < 0.5


def test_splines_start_where_a_point_does_not_fail(drive):
    def torn(points):
        return np.where(points[:, 0] > 0.3, np.inf, bowl(points))

    done = drive(Splines(), torn, 2, 80)
    assert np.isfinite(done.losses).any()
    assert best(done) < 0.5


def test_a_model_passes_through_near_points_that_did_not_fail():
    points = np.array([[0.5], [0.501], [0.502], [0.6], [0.9]])
    losses = np.array([1.0, np.inf, 2.0, 3.0, 4.0])
    assert choose_neighbours(points, losses, points[0], 1e-3).tolist() == [0, 2, 3]
    assert choose_neighbours(points, losses, points[0], 0.25).tolist() == [0, 2, 3, 4]


@pytest.mark.parametrize("dimension", [3, 6, 13])
def test_one_coupled_pair_is_always_seen(dimension, drive):
    """Random halves alone would take such a loss for a sum in half of the cases."""
    for first, second in ((0, 1), (0, dimension - 1), (1, 2)):
        for seed in range(6):

            def loss(points, first=first, second=second):
                return ((points - 0.3) ** 2).sum(axis=1) + points[:, first] * points[:, second]

            done = drive(Axes(), loss, dimension, 500, seed=seed)
            assert len(done.losses) <= 4 + 2 * np.ceil(np.log2(dimension) - 1)
