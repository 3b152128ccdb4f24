"""Measures of runs: expected running time, success rates, distributions of running times, area over the convergence."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ...landscapes.landscape import Array
from ..results.curves import QUIETLY
from ..results.run_summary import RunSummary
from .problems import ComparedProblem
from .ranking import Outcome

TARGET_GAPS = 10.0 ** np.linspace(2, -8, 51)
"""The distances above the known minimum of the 51 targets of running-time distributions, 1e2 to 1e-8."""
HIGHEST_GAP, LOWEST_GAP = 1e2, 1e-8
"""The gaps between which the area over the convergence curve is measured."""
AreaKind = Literal["evaluations", "lease ends", "seconds"]
AREAS: tuple[AreaKind, ...] = ("evaluations", "lease ends", "seconds")
"""What areas over the convergence curve are measured against."""
STEPS = 100
"""Points of a drawn distribution."""


def expected_running_time(reached: Sequence[int | None], spent: Sequence[int]) -> float | None:
    """Compute the expected running time (ERT): all evaluations spent, divided by the number of successes.

    It is what a success costs if a run that fails is started again (Hansen, Auger, Ros, Finck & Posik 2010, equation
    1; Price 1997).

    Args:
        reached: The evaluations after which each run reached the target; None for one that did not.
        spent: The evaluations that each run spent until then, or in all.

    Returns:
        The expected evaluations; None without a success.

    Example:
        >>> expected_running_time([2, 4, None], [2, 4, 5])
        5.5
    """
    successes = sum(hit is not None for hit in reached)
    return sum(spent) / successes if successes else None


def median_of_successes(reached: Sequence[int | None]) -> float | None:
    """Return the median of the evaluations of the runs that reached the target; None if there are none.

    It leaves out what failed runs cost: where runs fail it is below the expected running time.

    Example:
        >>> median_of_successes([2, 4, None])
        3.0
    """
    hits = [hit for hit in reached if hit is not None]
    return float(np.median(hits)) if hits else None


def wilson_interval(successes: int, runs: int, level: float = 0.95) -> tuple[float, float]:
    """Compute the interval of a success rate (Wilson 1927, "Probable inference, the law of succession").

    Args:
        successes: The number of successes.
        runs: The number of runs, at least 1.
        level: The confidence level.

    Example:
        >>> low, high = wilson_interval(8, 10)
        >>> round(low, 3), round(high, 3)
        (0.49, 0.943)
    """
    z = NormalDist().inv_cdf(0.5 + level / 2)
    rate, weight = successes / runs, z * z / runs
    middle = (rate + weight / 2) / (1 + weight)
    half = z / (1 + weight) * float(np.sqrt(rate * (1 - rate) / runs + weight / (4 * runs)))
    # Without failures the upper end is exactly 1, which rounding may miss.
    return max(0.0, middle - half), 1.0 if successes == runs else min(1.0, middle + half)


def find_running_times(run: RunSummary, minimum: float, gaps: Array = TARGET_GAPS) -> Array:
    """Return the evaluations after which a run first was within each gap of the minimum; infinite if never, shape (m,).

    Args:
        run: The run.
        minimum: The minimum of its landscape.
        gaps: Distances above the minimum, shape (m,).
    """
    # The losses decrease: their negatives are in order.
    places = np.searchsorted(-run.record_losses, -(minimum + gaps), side="left")
    return np.concatenate([run.record_evaluations, [np.inf]])[places]


def runtime_distribution(times: Array, at: Array) -> Array:
    """Compute the share of running times that are at or below each value: an empirical cumulative distribution.

    With the times of many runs to many targets it shows what share of all (run, target) pairs is solved within a number
    of evaluations (Hansen, Auger, Brockhoff, Tusar & Tusar 2016, "COCO: performance assessment").

    Args:
        times: Running times, any shape; infinite where a target was not reached.
        at: Evaluations, shape (m,).

    Returns:
        Shares from 0 to 1, shape (m,).

    Example:
        >>> runtime_distribution(np.array([1.0, 10.0, np.inf, 5.0]), np.array([1.0, 5.0, 100.0])).tolist()
        [0.25, 0.5, 0.75]
    """
    ordered = np.sort(np.ravel(times))
    shares: Array = np.searchsorted(ordered, at, side="right") / max(len(ordered), 1)
    return shares


def data_profile(costs: Array, dimensions: Array, at: Array) -> Array:
    """Compute the share of problems that are solved within a number of simplex gradients, i.e. groups of D + 1.

    More & Wild 2009, "Benchmarking derivative-free optimization algorithms", equation 2.3.

    Args:
        costs: The evaluations to solve each problem, shape (p,); infinite where it was not solved.
        dimensions: The dimension of each problem, shape (p,).
        at: Numbers of simplex gradients, shape (m,).

    Returns:
        Shares from 0 to 1, shape (m,).

    Example:
        >>> data_profile(np.array([30.0, np.inf]), np.array([2, 5]), np.array([9.0, 10.0])).tolist()
        [0.0, 0.5]
    """
    return runtime_distribution(np.asarray(costs) / (np.asarray(dimensions) + 1), at)


def area_over_convergence(run: RunSummary, minimum: float, budget: int, at_lease_ends: bool = False) -> float:
    """Compute the area over the convergence curve (AOCC): how early a run was how near, from 0 to 1 for the best.

    The curve is log10 of the gap, clipped to 1e2 to 1e-8 and scaled to 1 to 0, at each evaluation up to the budget; the
    area is the mean of what is above it (van Stein, Vermetten & Baeck 2024, "Explainable benchmarking for iterative
    optimization heuristics", equation 2).

    Args:
        run: The run.
        minimum: The minimum of its landscape.
        budget: The number of evaluations up to which the area is measured; a run that ended early keeps its last loss.
        at_lease_ends: Whether a point counts only from the end of its lease on, when the team knows it: an agent that
            works a long lease shares nothing until then.

    Example:
        >>> from searchparty import run
        >>> results = run("quickstart", executor="simulated", overrides=["repeats=1", "budget=200"], report=False)
        >>> found = results.compare().runs[0]
        >>> area_over_convergence(found, 0.0, 200) >= area_over_convergence(found, 0.0, 200, at_lease_ends=True)
        True
    """
    known = run.record_collected if at_lease_ends else run.record_evaluations
    # What is known after the first evaluation counts for all.
    return _measure_area((known - 1).astype(float), run.record_losses - minimum, budget)


def area_over_time(run: RunSummary, minimum: float, seconds: float, budget: int) -> float | None:
    """Compute the area over the convergence curve in simulated time: as ``area_over_convergence``, against seconds.

    A point counts from when its lease was collected on the simulated clock. A team that works at the same time on
    several workers has a larger area here than against evaluations, as it needs fewer seconds for as many.

    Args:
        run: The run.
        minimum: The minimum of its landscape.
        seconds: The simulated seconds up to which the area is measured.
        budget: The evaluations within which a lease must end to count.

    Returns:
        The area, from 0 to 1; None if the run has no times, or they are all 0, or too large for a number.
    """
    if run.clock is None or not 0 < seconds < np.inf:
        return None
    counted = run.clock.record_collected <= budget
    return _measure_area(run.clock.record_seconds[counted], run.clock.record_losses[counted] - minimum, seconds)


def _measure_area(known: Array, gaps: Array, end: float) -> float:
    """Return the mean height over the curve of the least gap from 0 to an end; each counts from when it is known."""
    low, high = np.log10(LOWEST_GAP), np.log10(HIGHEST_GAP)
    heights = (high - np.log10(np.clip(gaps, LOWEST_GAP, HIGHEST_GAP))) / (high - low)
    lengths = np.diff(np.clip(np.append(known, end), 0, end))
    return float(np.maximum.accumulate(heights) @ lengths / end)


LEAST_SPAN = 10
"""Distributions of running times begin at one evaluation per axis if the budget is at least so many."""


def list_evaluations(most: float) -> NDArray[np.float64]:
    """Return the evaluations, up to ``most``, at which distributions are drawn: evenly spaced logarithms.

    They begin at 1, or at a hundredth of ``most`` if that is below 10, as budgets per axis are in many dimensions.
    """
    least = 1.0 if most >= LEAST_SPAN else most / 100
    found: NDArray[np.float64] = np.geomspace(least, max(most, 2 * least), STEPS)
    return found


@QUIETLY
def measure_areas(
    problem: ComparedProblem,
    outcomes: Sequence[Outcome],
    over: AreaKind = "evaluations",
) -> Array:
    """Measure the area over the convergence curve of each run on a problem whose minimum is known, shape (runs,).

    Args:
        problem: The problem.
        outcomes: The outcomes of runs on it.
        over: Against evaluations, against evaluations with points that count from the end of their lease on, or against
            simulated seconds; these without runs that have no times.
    """
    goals = [problem.goals[each.run.landscape] for each in outcomes]
    found = [
        area_over_time(each.run, goal.minimum, goal.seconds or 0.0, goal.budget)
        if over == "seconds"
        else area_over_convergence(each.run, goal.minimum, goal.budget, over == "lease ends")
        for each, goal in zip(outcomes, goals, strict=True)
        if goal.minimum is not None
    ]
    return np.array([area for area in found if area is not None])
