"""Search axis by axis, where the loss is a sum over the axes."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from ..landscapes.landscape import Array, Space
from .agent import MOST_AT_ONCE, Agent, Converged, Lease, Proposal, Search, Told
from .toolbox.rounding import find_rounding
from .toolbox.steering import clip_to_cube

ADDITIVITY_TOLERANCE = 1e-11
"""The difference in the additivity test, as a fraction of the losses in it, above which a loss is not a sum over two
groups of axes."""
LEAST_CONTRAST = 100.0
"""Where losses are rounded, the least range of the losses of the test, in multiples of the error of their sum."""
LEAST_GAP = 1e-3
"""The gap between points of an axis, in cube units, below which it is not split."""
GOLDEN = (3 - 5**0.5) / 2

LossGenerator = Generator[Proposal, Told, float]


class Axes(Agent):
    """Tests whether the loss is a sum of one function per axis, and if so minimises each over its whole axis.

    Use it as one member of a team: it costs little where the loss is not separable, and finds the global minimum
    cheaply where it is. The test exchanges half of the coordinates between two points; if the loss is a sum, the two
    losses add up to the same as before. It takes two evaluations if two points are known, else four, and where it
    fails the search ends without a result. Where it does not, other groups of coordinates are exchanged, two
    evaluations for each, until any two axes have been told apart. Each axis is then split where a parabola needs the
    least curvature to fall below the best known point. When all have been split, their best gaps are refined by Brent's
    method, all at once: the next evaluation is on the axis where most can be gained, so that what matters little is
    refined last (``together``). Later sweeps split further, axis by axis. The whole axes are searched, regardless of
    the lease's region.

    Source: Langerman, Seront & Bersini 1994, "STEP: the easiest way to optimize a function"; along axes: Posik 2009,
    BBOB.
    """

    card: ClassVar[str] = (
        "Tests whether the loss is a sum of one function per axis. If it is, it searches each axis by itself, which is "
        "far cheaper than searching them together, and first where most can be gained; if not, it stops at once."
    )
    kind: Literal["axes"] = "axes"
    reads_archive: ClassVar[bool] = True

    first: int = Field(
        7,
        ge=2,
        le=MOST_AT_ONCE,
        description="Number of evenly spaced points that are evaluated first on each axis.",
    )
    splits: int = Field(
        16,
        ge=0,
        description="Gaps to split in the first sweep over an axis, unless it looks like one valley; in the k-th, k "
        "times as many.",
    )
    together: bool = Field(
        True,
        description="Whether the axes are refined all at once in the first sweep, by steps where most can be gained, "
        "instead of one after another.",
    )
    sweeps: int = Field(3, ge=1, description="Number of sweeps over all axes.")
    margin: float = Field(
        1e-3,
        ge=0,
        lt=1,
        description="How far below the best loss a gap should reach, as a fraction of the median's distance above it.",
    )
    tolerance: float = Field(1e-9, gt=0, le=0.1, description="Distance, in cube units, at which Brent's method ends.")

    @model_serializer(mode="wrap")
    def _omit_defaults(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what earlier versions did not have: a run's id and its random streams are keyed by the settings."""
        return {key: value for key, value in dump(self).items() if key != "together" or not value}

    def search(self, space: Space, lease: Lease, rng: np.random.Generator) -> Search:
        point, loss, separable = yield from _test_additivity(lease, rng)
        if not separable:
            return None
        lines: list[AxisLine] = []
        for sweep in range(1, self.sweeps + 1):
            for axis in range(space.dimension):
                if sweep == 1:
                    lines.append(AxisLine(point, axis, loss))
                line = lines[axis]
                line.move_to(point, loss)
                before = line.best[1]
                if sweep == 1:
                    yield from line.ask(np.linspace(0.0, 1.0, self.first))
                if sweep > 1 or not line.is_valley(self.first):
                    yield from self._split(line, sweep * self.splits)
                point, loss = line.point, line.loss
                if (sweep > 1 and line.best[1] < before) or (sweep == 1 and not self.together):
                    point, loss = yield from self._refine([line], point, loss)
            if sweep == 1 and self.together:
                point, loss = yield from self._refine(lines, point, loss)
        return Converged(point, loss, f"each axis searched, {self.sweeps} times") if loss < np.inf else None

    def _split(self, line: AxisLine, splits: int) -> Generator[Proposal, Told, None]:
        """Split repeatedly the gap in which a parabola could most easily fall below the best loss."""
        for _ in range(splits):
            places, losses = line.sort_places()
            best = losses.min()
            if not best < np.inf:
                return
            losses = np.where(losses < np.inf, losses, losses[losses < np.inf].max())
            roots = np.sqrt(losses - best + self.margin * (np.median(losses) - best) + np.finfo(float).tiny)
            gaps = np.diff(places)
            effort = (roots[1:] + roots[:-1]) / np.maximum(gaps, LEAST_GAP * 1e-9)
            effort[gaps < LEAST_GAP] = np.inf
            easiest = int(np.argmin(effort))
            if not effort[easiest] < np.inf:
                return
            at = np.clip(roots[easiest] / (roots[easiest] + roots[easiest + 1]), 0.2, 0.8)
            yield from line.ask([places[easiest] + gaps[easiest] * at])

    def _refine(
        self, lines: list[AxisLine], point: Array, loss: float
    ) -> Generator[Proposal, Told, tuple[Array, float]]:
        """Run Brent's method on lines, between the neighbours of their best places.

        The next evaluation is on the line whose best losses differ most, since there most can be gained.

        Returns:
            The best point, shape (D,), and its loss.
        """
        searches = {line.axis: minimize_by_brent(line.find_bracket(), self.tolerance) for line in lines}
        found = {axis: next(search, None) for axis, search in searches.items()}
        wanted = {axis: place for axis, place in found.items() if place is not None}
        while wanted:
            line = max((line for line in lines if line.axis in wanted), key=lambda one: one.spread)
            # Its values stay as they are, since the search has some of them.
            line.point, line.loss = point, loss
            value = yield from line.ask([wanted.pop(line.axis)])
            point, loss = line.point, line.loss
            with suppress(StopIteration):
                wanted[line.axis] = searches[line.axis].send(value)
        return point, loss


class AxisLine:
    """The places known on the line through a point along one axis, and their losses.

    In a sum over the axes, losses on the line differ by the same wherever the other axes are. So the point may be
    replaced by a better one, found along other axes, and the values that are kept are losses but for a constant.

    Args:
        point: The point, shape (D,), in the unit cube.
        axis: Number of the axis, from 0.
        loss: The loss at the point.

    Attributes:
        point: The same, or the best one found on the line.
        loss: The loss there.
    """

    def __init__(self, point: Array, axis: int, loss: float) -> None:
        self.point, self.axis, self.loss = point, axis, loss
        self.places, self.values = [float(point[axis])], [loss]

    @property
    def best(self) -> tuple[float, float]:
        """The best place and its value."""
        lowest = int(np.argmin(self.values))
        return self.places[lowest], self.values[lowest]

    @property
    def spread(self) -> float:
        """How far the third-best value is above the best; infinity where there are fewer."""
        lowest = sorted(self.values)[:3]
        return lowest[-1] - lowest[0] if len(lowest) == 3 else np.inf

    def sort_places(self) -> tuple[Array, Array]:
        """Return the places in order, without duplicates, and their values, both (n,)."""
        places, keep = np.unique(self.places, return_index=True)
        return places, np.array(self.values)[keep]

    def is_valley(self, least: int) -> bool:
        """Return whether the losses of more than ``least`` places fall to one place of the axis and rise from there."""
        values = self.sort_places()[1]
        if len(values) <= least or not np.isfinite(values).all():
            return False
        lowest, steps = int(np.argmin(values)), np.diff(values)
        return bool((steps[:lowest] < 0).all() and (steps[lowest:] > 0).all())

    def find_bracket(self) -> list[tuple[float, float]]:
        """Return the best place and its neighbours, lower and upper, each with its value."""
        places, values = self.sort_places()
        best = int(np.argmin(values))
        low, high = max(best - 1, 0), min(best + 1, len(places) - 1)
        return [(float(places[i]), float(values[i])) for i in (best, low, high)]

    @property
    def rest(self) -> float:
        """By how much losses on the line are above the values that are kept."""
        return self.loss - self.values[self.places.index(float(self.point[self.axis]))]

    def move_to(self, point: Array, loss: float) -> None:
        """Move the line to a better point, found along other axes; in a sum, all losses here fall by as much."""
        self.point, self.loss = point, loss
        if (change := self.rest) != 0.0:
            self.values = [value + change for value in self.values]

    def ask(self, places: Array | list[float]) -> LossGenerator:
        """Evaluate places on the line, in one batch, and return the value of the last."""
        points = np.repeat(self.point[None], len(places), axis=0)
        points[:, self.axis] = places
        points = np.clip(points, 0.0, 1.0)
        told = yield points.copy()
        rest = self.rest
        self.places += [float(place) for place in points[:, self.axis]]
        self.values += [float(loss) - rest for loss in told.losses]
        lowest = int(np.argmin(told.losses))
        if told.losses[lowest] < self.loss:
            self.point, self.loss = points[lowest], float(told.losses[lowest])
        return self.values[-1]


def _test_additivity(lease: Lease, rng: np.random.Generator) -> Generator[Proposal, Told, tuple[Array, float, bool]]:
    """Test whether the loss is a sum over the axes.

    Two points exchange a group of coordinates; if the loss is a sum over the group and the rest, the losses still add
    up to the same. The first group is a random half of the axes. If the loss is a sum over these halves, further groups
    follow, until any two axes have been in different groups.

    Returns where to start (D,), the loss there, and whether it is a sum.
    """
    here = clip_to_cube(lease.region.center if lease.incumbent is None else lease.incumbent.point)
    groups = _split_axes(rng.permutation(len(here)))
    there, known = None, np.empty(0)
    if lease.incumbent is not None and lease.seen is not None and len(lease.seen.losses):
        # Two known points that differ on every axis save two evaluations.
        distances = np.where(np.isfinite(lease.seen.losses), np.abs(lease.seen.points - here).min(axis=1), 0.0)
        far = int(np.argmax(distances))
        if distances[far] > 0.01:
            there, known = lease.seen.points[far], np.array([lease.incumbent.loss, lease.seen.losses[far]])
    if there is None:
        there = rng.random(len(here))
    for group in groups:
        points = np.array([here, there, np.where(group, here, there), np.where(group, there, here)])
        told = yield points[len(known) :].copy()
        losses = np.concatenate([known, told.losses])
        known = losses[:2]
        if len(here) == 1:
            return here, float(losses[0]), bool(np.isfinite(losses[0]))
        if not np.isfinite(losses).all():
            return here, float(losses[0]), False
        excess = abs((losses[0] - losses[2]) + (losses[1] - losses[3]))
        if not excess <= max(ADDITIVITY_TOLERANCE * np.abs(losses).sum(), _rounding_error(losses)):
            return here, float(losses[0]), False
    return here, float(known[0]), True


def _rounding_error(losses: Array) -> float:
    """Return by how much the sum of four losses can be wrong where losses are rounded; 0 if they are not.

    It is 0 too where the losses hardly differ, since that proves nothing.
    """
    rounding = find_rounding(losses.tolist())
    if rounding is None:
        return 0.0
    error = 2.0 * rounding.unit(float(np.abs(losses).max()))
    return error if np.ptp(losses) >= LEAST_CONTRAST * error else 0.0


def _split_axes(order: NDArray[np.int64]) -> list[NDArray[np.bool_]]:
    """Return groups of axes, each (D,), so that any two axes are in different groups at least once.

    The first group is the first half of the axes in this order; each next one has the first halves of all parts into
    which the groups before divide the axes, which takes 1 + log2(D - 1) groups, rounded down.

    Example:
        >>> [group.astype(int).tolist() for group in _split_axes(np.arange(5))]
        [[1, 1, 0, 0, 0], [1, 0, 1, 0, 0], [0, 0, 0, 1, 0]]
    """
    groups: list[NDArray[np.bool_]] = []
    parts = [order]
    while not groups or any(len(part) > 1 for part in parts):
        group = np.zeros(len(order), dtype=bool)
        halves = []
        for part in parts:
            middle = max(1, len(part) // 2) if len(part) > 1 or not groups else 0
            group[part[:middle]] = True
            halves += [half for half in (part[:middle], part[middle:]) if len(half)]
        groups.append(group)
        parts = halves
    return groups


def minimize_by_brent(trio: list[tuple[float, float]], tolerance: float) -> Generator[float, float, None]:
    """Minimise a function of one number by Brent's method.

    Source: Brent 1973, "Algorithms for minimization without derivatives", ch. 5.

    Args:
        trio: Three pairs (place, value): the best, and the two ends around it.
        tolerance: Distance, in cube units, at which the method ends.

    Yields:
        Places to evaluate; it receives their values.
    """
    (x, fx), *ends = trio
    low, high = ends[0][0], ends[1][0]
    (w, fw), (v, fv) = sorted(ends, key=lambda end: end[1])
    step = before = high - low
    for _ in range(60):
        middle, least = 0.5 * (low + high), tolerance + 1e-12 * abs(x)
        if abs(x - middle) <= 2 * least - 0.5 * (high - low):
            return
        golden = True
        if abs(before) > least and np.isfinite([fv, fw]).all():
            r, q = (x - w) * (fx - fv), (x - v) * (fx - fw)
            p, q = (x - v) * q - (x - w) * r, 2 * (q - r)
            p, q = (-p if q > 0 else p), abs(q)
            before, older = step, before
            if abs(p) < abs(0.5 * q * older) and q * (low - x) < p < q * (high - x):
                golden, step = False, p / q
                if x + step - low < 2 * least or high - x - step < 2 * least:
                    step = least if x < middle else -least
        if golden:
            before = high - x if x < middle else low - x
            step = GOLDEN * before
        u = min(max(x + (step if abs(step) >= least else np.copysign(least, step)), low), high)
        fu = yield u
        if fu <= fx:
            low, high = (x, high) if u >= x else (low, x)
            (v, fv), (w, fw), (x, fx) = (w, fw), (x, fx), (u, fu)
        else:
            low, high = (u, high) if u < x else (low, u)
            if fu <= fw or w == x:
                (v, fv), (w, fw) = (w, fw), (u, fu)
            elif fu <= fv or v in (x, w):
                v, fv = u, fu
