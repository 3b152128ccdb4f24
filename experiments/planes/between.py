"""What lies between best points: distances, barriers before and after matching, bent paths, and basins."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from itertools import combinations

import numpy as np

from ...landscapes.geometry.barriers import bend_path, measure_barrier
from ...landscapes.geometry.framed_plane import find_scale
from ...landscapes.geometry.hessian import GeometryError
from ...landscapes.geometry.matching import HiddenUnits, match_units
from ...landscapes.landscape import Array, Problem
from ..results.records.minima_record import PairRecord
from ..results.records.plane_record import WEIGHT_UNIT

BASIN_SHARE = 0.01
"""Barriers up to this part of what losses fell by do not part two basins."""


def measure_pairs(
    problem: Problem, points: Sequence[Array], units: HiddenUnits | None, bent: Collection[tuple[int, int]], seed: int
) -> list[PairRecord]:
    """Measure what lies between any two points.

    Args:
        problem: The problem.
        points: The points, each of shape (D,), in the landscape's units.
        units: The hidden units to match; None if they are not.
        bent: The pairs, by the numbers of their points, between which a path with one bend is looked for.
        seed: Which random orders matching tries, and where bends start.
    """
    return [
        _measure_pair(problem, points, (one, other), units, (one, other) in bent, seed)
        for one, other in combinations(range(len(points)), 2)
    ]


def _measure_pair(
    problem: Problem, points: Sequence[Array], pair: tuple[int, int], units: HiddenUnits | None, bends: bool, seed: int
) -> PairRecord:
    first, second = (points[number] for number in pair)
    straight = measure_barrier(problem, first, second)
    failed, matched_distance, matched_height, bent_height = straight.failed, np.nan, np.nan, np.nan
    if units is not None:
        matched = match_units(units, first, second, seed)
        after = measure_barrier(problem, first, matched)
        failed += after.failed
        matched_distance, matched_height = measure_distance(problem, first, matched), after.height
    if bends and straight.height > 0:
        # Where the loss or its gradient fails, the path stays unknown.
        with suppress(GeometryError):
            path = bend_path(problem, first, second, seed)
            bent_height, failed = path.height, failed + path.failed
    elif bends:
        bent_height = straight.height
    distance = measure_distance(problem, first, second)
    return PairRecord(*pair, distance, straight.height, matched_distance, matched_height, bent_height, failed)


def measure_distance(problem: Problem, one: Array, other: Array) -> float:
    """Return how far two points (D,) are apart: in the landscape's units, or else in sides of the unit cube."""
    if find_scale(problem.space):
        return float(np.linalg.norm(one - other))
    return float(np.linalg.norm(problem.space.to_cube(one) - problem.space.to_cube(other)))


def name_unit(problem: Problem) -> str:
    """Return what such distances are counted in."""
    if not find_scale(problem.space):
        return "sides of the unit cube"
    return WEIGHT_UNIT if problem.space.init is not None else "units of the landscape"


def choose_barrier(pair: PairRecord) -> float:
    """Return the barrier of a pair that counts for basins: the lower of both, where both are known."""
    known = [each for each in (pair.height, pair.matched_height) if np.isfinite(each)]
    return min(known, default=np.inf)


def find_basins(losses: Sequence[float], pairs: Sequence[PairRecord], height: float) -> list[int]:
    """Return the number of each point's basin, from 0 in the order of the points.

    Points are taken from the lowest up. Each joins those before it to which the barrier is at most ``height``. If these
    are of several basins, the point makes them one only if it lies at most ``height`` above the lowest point of each of
    them but the deepest: what is higher is on a slope that leads to several, and goes to the one with the least
    barrier.

    Args:
        losses: The losses of the points.
        pairs: What lies between any two of them.
        height: The height.
    """
    barriers = {frozenset((pair.one, pair.other)): (choose_barrier(pair), pair.distance) for pair in pairs}
    order = sorted(range(len(losses)), key=lambda number: (not np.isfinite(losses[number]), losses[number], number))
    basins: list[list[int]] = []
    for number in order:
        nearest = [min(barriers[frozenset((number, each))] for each in basin) for basin in basins]
        near = [place for place, (barrier, _) in enumerate(nearest) if barrier <= height]
        # Basins stand in the order of their lowest points, so the deepest of those near is the first.
        joined = near[:1] + [place for place in near[1:] if losses[number] - losses[basins[place][0]] <= height]
        if len(joined) < len(near) and len(joined) == 1:
            joined = [min(near, key=lambda place: nearest[place])]
        found = [each for place in joined for each in basins[place]]
        kept = [basin for place, basin in enumerate(basins) if place not in joined]
        whole = sorted([*found, number], key=lambda each: (losses[each], each)) if found else [number]
        basins = sorted([*kept, whole], key=lambda basin: order.index(basin[0]))
    places = {number: place for place, basin in enumerate(sorted(basins, key=min)) for number in basin}
    return [places[number] for number in range(len(losses))]
