"""Trust-region search on a quadratic model of the loss, fitted to the points of all agents."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from ..landscapes.landscape import Array, Space
from .agent import Agent, Archive, Converged, Lease, Search
from .toolbox.steering import clip_to_cube, draw_points, is_called_away, restart_point

REACH_RADII = 2.0
"""The model is fitted to points within this many radii of the center."""


class Surrogate(Agent):
    """Fits a quadratic to the points known around the best one and moves to its minimum within a trust region.

    Use it in teams, to refine what other agents have found: besides its own points it uses the run's archive, the
    points of all agents. Where others have been, it therefore starts with a model for which it has paid nothing. If too
    few points are nearby, it first evaluates some. It starts at the lease's incumbent if that lies in the region, else
    at the region's center, and starts again there if a lease's region no longer contains its best point. The quadratic
    is fitted by least squares. The agent ends when its trust region is narrower than ``tolerance``.

    Source: Conn, Scheinberg & Vicente 2009, "Introduction to derivative-free optimization", ch. 10.
    """

    card: ClassVar[str] = (
        "Fits a bowl to the points that anyone in the team has found nearby, and moves to the bowl's lowest point. "
        "Where the others have been, it starts with knowledge that it has not paid for."
    )
    kind: Literal["surrogate"] = "surrogate"
    reads_archive: ClassVar[bool] = True

    step: float = Field(0.4, gt=0, le=1, description="First radius of the trust region, as a fraction of the region's.")
    tolerance: float = Field(
        1e-9, gt=0, lt=0.1, description="Radius of the trust region, in cube units, below which it ends."
    )

    def search(self, space: Space, lease: Lease, rng: np.random.Generator) -> Search:
        memory, region = Memory(space.dimension), lease.region
        center, loss, radius = restart_point(lease), np.inf, self._radius(lease)
        if lease.incumbent is not None and np.array_equal(center, lease.incumbent.point):
            loss = lease.incumbent.loss
        while radius >= self.tolerance or not loss < np.inf:
            if is_called_away(lease, region, center):
                region, center, loss, radius = lease.region, restart_point(lease), np.inf, self._radius(lease)
            points, losses = memory.nearest_points(center, radius, lease.seen)
            guess = None
            if not loss < np.inf:
                points = clip_to_cube(center)[None]
            elif len(losses) < 2 * space.dimension:
                points = _design_points(center, radius, rng)
            else:
                model = Quadratic.fit((points - center) / radius, losses - loss)
                place = model.find_lowest(
                    np.maximum(-center / radius, -1.0), np.minimum((1.0 - center) / radius, 1.0), rng
                )
                guess = model.value_at(place)
                points = np.clip(center + radius * place, 0.0, 1.0)[None]
            told = yield points.copy()
            lease = told.lease
            memory.add(points, told.losses)
            best = int(np.argmin(told.losses))
            gain = loss - float(told.losses[best])
            if guess is not None:
                radius = _resize_radius(radius, gain, -guess, float(np.abs(place).max()))
            if not loss < np.inf and not np.isfinite(gain):
                # Every point here has failed so far.
                center = draw_points(region, rng)[0]
            if told.losses[best] < loss:
                center, loss = points[best].copy(), float(told.losses[best])
        return Converged(center, loss, f"trust region narrower than {self.tolerance:.3g}")

    def _radius(self, lease: Lease) -> float:
        """Return the first radius of the trust region, in cube units."""
        return max(self.step * lease.region.radius, self.tolerance)


def _resize_radius(radius: float, gain: float, promised: float, length: float) -> float:
    """Return the next radius of the trust region: wider if the model was right at its edge, narrower if it was wrong.

    Args:
        radius: The present radius, in cube units.
        gain: By how much the loss fell.
        promised: By how much the model predicted that it would fall.
        length: The length of the step, as a fraction of the radius.
    """
    if promised <= 0.0 or not np.isfinite(gain) or gain < 0.1 * promised:
        return 0.5 * radius
    if gain > 0.7 * promised and length > 0.9:
        return min(2.0 * radius, 0.5)
    return radius


def _design_points(center: Array, radius: float, rng: np.random.Generator) -> Array:
    """Return points (2 D, D) at both ends of random orthogonal axes through the center, clipped to the cube."""
    axes, _ = np.linalg.qr(rng.standard_normal((len(center), len(center))))
    points: Array = np.clip(np.vstack([center + radius * axes, center - radius * axes]), 0.0, 1.0)
    return points


class Memory:
    """The agent's own points, from which the nearest are chosen together with those of the archive."""

    def __init__(self, dimension: int) -> None:
        self._points, self._losses = np.empty((0, dimension)), np.empty(0)
        # Twice the number of coefficients of a full quadratic.
        self._most = (dimension + 1) * (dimension + 2)

    def add(self, points: Array, losses: Array) -> None:
        """Remember rows. Only the latest are kept, because older ones lie far away or are in the archive."""
        self._points = np.vstack([self._points, points])[-4 * self._most :]
        self._losses = np.append(self._losses, losses)[-4 * self._most :]

    def nearest_points(self, center: Array, radius: float, seen: Archive | None) -> tuple[Array, Array]:
        """Return the points (n, D) nearest to the center, within reach, and their losses (n,), without duplicates."""
        points, losses = self._points, self._losses
        if seen is not None:
            points, losses = np.vstack([points, seen.points]), np.append(losses, seen.losses)
        gaps = np.abs(points - center).max(axis=1, initial=0.0)
        rows = np.flatnonzero((gaps <= REACH_RADII * radius) & np.isfinite(losses))
        rows = rows[np.argsort(gaps[rows], kind="stable")][: 2 * self._most]
        _, first = np.unique(points[rows], axis=0, return_index=True)
        rows = rows[np.sort(first)][: self._most]
        return points[rows], losses[rows]


class Quadratic:
    """The function ``constant + slope . z + z' bend z / 2`` in coordinates z scaled by the trust region."""

    def __init__(self, constant: float, slope: Array, bend: Array) -> None:
        self.constant, self.slope, self.bend = constant, slope, bend

    @classmethod
    def fit(cls, places: Array, losses: Array) -> Quadratic:
        """Fit a quadratic to places (n, D) and losses (n,) by weighted least squares.

        It has all cross terms if there are enough points for them, else curvature along the axes only, else it is a
        plane. Distant points and high losses weigh less.
        """
        n, dimension = places.shape
        upper = np.triu_indices(dimension)
        if n < 1 + dimension + len(upper[0]):
            upper = (np.arange(dimension),) * 2 if n > 2 * dimension else (np.arange(0),) * 2
        features = np.hstack([np.ones((n, 1)), places, places[:, upper[0]] * places[:, upper[1]]])
        scale = float(np.median(np.abs(losses))) or 1.0
        weights = 1.0 / (1.0 + (places**2).mean(axis=1) ** 2 + np.maximum(losses / scale, 0.0) ** 2)
        found = scale * np.linalg.lstsq(features * weights[:, None], losses / scale * weights, rcond=1e-13)[0]
        bend = np.zeros((dimension, dimension))
        bend[upper] = found[1 + dimension :]
        return cls(float(found[0]), found[1 : 1 + dimension], bend + bend.T)

    def value_at(self, place: Array) -> float:
        """Return the model's value at a place (D,), minus its value at the center."""
        return float(self.slope @ place + 0.5 * place @ self.bend @ place)

    def find_lowest(self, low: Array, high: Array, rng: np.random.Generator) -> Array:
        """Return the lowest place (D,) of the model within a box around the center.

        It is searched for from the center and from a random place.
        """
        # Imported here, because the import is slow and few runs need it.
        from scipy.optimize import minimize

        box = list(zip(low.tolist(), high.tolist(), strict=True))
        best, least = np.zeros(len(low)), 0.0
        for start in (best, rng.uniform(low, high)):
            found = minimize(
                self.value_at, start, jac=lambda z: self.slope + self.bend @ z, method="L-BFGS-B", bounds=box,
            )  # fmt: skip
            if found.fun < least:
                best, least = found.x, float(found.fun)
        return best
