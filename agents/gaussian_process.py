"""Bayesian optimization: a Gaussian process as a model of the loss, and the point of greatest expected improvement."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from ..landscapes.landscape import Array, Space
from .agent import MOST_AT_ONCE, Agent, Converged, Lease, Region, Search
from .toolbox.gaussian_model import GaussianModel
from .toolbox.setting_features import SettingFeatures
from .toolbox.steering import clip_to_cube, draw_points, is_called_away, restart_point

CANDIDATES = 400
"""Points that are drawn anywhere in the region, of which the most promising one is refined."""
KEPT = 5
"""How many of the most promising points are refined."""
COPIES = 40
"""How many points are tried around each of these, at each scale."""
SCALES = (0.2, 0.05, 0.0125)
"""Standard deviations of the steps around points, in sides of the region."""
MOST_LENGTHS = 40
"""With more axes than this, all have one length in the model, which bounds its time and memory."""
OFTEN = 50
"""Up to this many points, the model's lengths are fitted again after each; then after every tenth."""


class GaussianProcess(Agent):
    """Fits a Gaussian process to what it has seen and proposes where it expects the greatest improvement.

    Use it where an evaluation takes seconds or more and the budget is small (up to some 20 D), above all for parameters
    of different kinds: steps and choices are part of its model, and failed points count as bad ones. It evaluates the
    region's center and ``first`` points that are spread evenly, and then one point at a time, chosen among settings
    that it has not tried. Losses above the median count by their logarithm. The model has a length for each axis (above
    40 axes one for all) and noise, fitted by maximum likelihood with priors. Noise is what a setting has for itself,
    good or bad luck: an improvement is one over the least loss so far, by the function or by luck, of which settings
    that are nearly the same have one share. The agent ends after ``most`` points, since each further one would take
    longer to choose: some 20 ms each up to the 50th, in 5 dimensions.

    Source: Jones, Schonlau & Welch 1998 (EGO); Snoek, Larochelle & Adams 2012.
    """

    card: ClassVar[str] = (
        "Learns from every point where the loss is likely to be low and where it knows little, and tries the most "
        "promising setting next. It thinks long for each point, and needs few of them."
    )
    on_choices: ClassVar[str] = "Its model tells the values of a choice apart, in whatever order they are listed."
    kind: Literal["gaussian-process"] = "gaussian-process"
    first: int | None = Field(
        None, ge=1, le=MOST_AT_ONCE, description="Points spread evenly before the model decides; by default D + 2."
    )
    most: int = Field(200, ge=2, le=1000, description="Points after which it ends.")

    def search(self, space: Space, lease: Lease, rng: np.random.Generator) -> Search:
        region, features = lease.region, SettingFeatures(space)
        model = GaussianModel(features.groups if space.dimension <= MOST_LENGTHS else 0 * features.groups)
        points, losses = np.empty((0, space.dimension)), np.empty(0)
        while len(losses) < self.most:
            if not len(losses):
                proposal = self._first_points(region, features, rng)
            elif is_called_away(lease, region, points[losses.argmin()]):
                region, proposal = lease.region, restart_point(lease)[None]
            else:
                region = lease.region
                proposal = choose_point(model, features, points, losses, region, rng)[None]
            told = yield proposal.copy()
            lease = told.lease
            points, losses = np.vstack([points, proposal]), np.append(losses, told.losses)
        best = int(losses.argmin())
        if not losses[best] < np.inf:
            return None
        return Converged(points[best], float(losses[best]), f"{len(losses)} points tried")

    def _first_points(self, region: Region, features: SettingFeatures, rng: np.random.Generator) -> Array:
        """Return the region's center and points that are spread evenly over the region."""
        dimension = region.center.size
        spread = spread_points(min(self.first or dimension + 2, self.most - 1), dimension, int(rng.integers(2**32)))
        drawn = region.lower + (region.upper - region.lower) * spread
        return features.to_settings(np.vstack([clip_to_cube(region.center), drawn]))


def spread_points(count: int, dimension: int, seed: int) -> Array:
    """Return points (n, D) of the unit cube of which each n-th part of every axis holds one: a Latin hypercube.

    They are those of ``scipy.stats.qmc.LatinHypercube``, whose import takes longer than a small run.
    """
    (rng,) = np.random.default_rng(seed).spawn(1)
    offsets = rng.uniform(size=(count, dimension))
    parts = np.tile(np.arange(1, count + 1), (dimension, 1))
    for row in parts:
        rng.shuffle(row)
    found: Array = (parts.T - offsets) / count
    return found


def level_losses(losses: Array) -> Array:
    """Return losses (n,) in units of the distance from the least to the median; above the median, their logarithms.

    Failures count as the worst loss that is finite; all are 0 if there is none.

    Example:
        >>> level_losses(np.array([0.0, 1.0, 2.0, 2.0 * np.e, np.inf])).tolist()
        [0.0, 0.5, 1.0, 2.0, 2.0]
    """
    finite = losses[np.isfinite(losses)]
    if not len(finite):
        return np.zeros(len(losses))
    # Halves, so that no difference of losses overflows.
    halves = 0.5 * np.minimum(losses, finite.max())
    least = halves.min()
    span = 0.5 * np.median(finite) - least
    excess = (halves - least) / (span if span > 0.0 else 1.0)
    levelled: Array = np.where(excess > 1.0, 1.0 + np.log(np.maximum(excess, 1.0)), excess)
    return levelled


def choose_point(
    model: GaussianModel, features: SettingFeatures, points: Array, losses: Array, region: Region,
    rng: np.random.Generator,
) -> Array:  # fmt: skip
    """Return the new setting (D,) of greatest expected improvement that is found, in the unit cube.

    Args:
        model: The model, which is fitted to the points.
        features: The features of settings.
        points: The points so far, shape (n, D).
        losses: Their losses, shape (n,).
        region: Where to search.
        rng: Random numbers.
    """
    values = level_losses(losses)
    known = features.of_points(points)
    # With more points, the fit changes less with each, and takes longer.
    model.fit(known, values, moves=len(losses) <= OFTEN or len(losses) % 10 == 0)
    seen = {row.tobytes() for row in known}

    def keep_best(*candidates: Array) -> Array:
        settings = features.to_settings(np.vstack(candidates))
        found = features.of_settings(settings)
        gains = log_improvement(*model.predict(found), values.min())
        gains[[row.tobytes() in seen for row in found]] = -np.inf
        return settings[np.argsort(-gains, kind="stable")[:KEPT]]

    lowest = points[np.argsort(losses, kind="stable")[:KEPT]]
    kept = keep_best(
        draw_points(region, rng, CANDIDATES), *(_vary(lowest, region, scale, rng) for scale in SCALES)
    )  # fmt: skip
    for scale in SCALES:
        kept = keep_best(kept, _vary(kept, region, scale, rng))
    return kept[0]


def _vary(points: Array, region: Region, scale: float, rng: np.random.Generator) -> Array:
    """Return points (n, D) in the region, each with some coordinates of a given point and the others changed."""
    copies = np.repeat(points, COPIES, axis=0)
    n, dimension = copies.shape
    moves = rng.random((n, dimension)) < max(0.3, 1.5 / dimension)
    moves[np.arange(n), rng.integers(dimension, size=n)] = True
    stepped = copies + rng.normal(scale=scale, size=(n, dimension)) * (region.upper - region.lower)
    # Some coordinates are drawn anew: the neighbours of a choice are all its values.
    changed = np.where(rng.random((n, dimension)) < 0.2, draw_points(region, rng, n), stepped)
    return np.clip(np.where(moves, changed, copies), region.lower, region.upper)


def log_improvement(mean: Array, deviation: Array, best: float) -> Array:
    """Return the logarithm of the expected improvement over the best loss, shape (n,).

    Source: Ament et al. 2023, "Unexpected improvements to expected improvement", eq. 9.
    """
    from scipy.special import erfcx, log_ndtr

    z = (best - mean) / deviation
    near = z > -1.0
    low = np.where(near, -1.0, z)
    # phi(z) + z Phi(z), and far below zero an expression that keeps its digits.
    high = np.where(near, z, 0.0)
    value = np.exp(-0.5 * high**2) / np.sqrt(2.0 * np.pi) + high * np.exp(log_ndtr(high))
    ratio = np.maximum(1.0 + low * np.sqrt(np.pi / 2.0) * erfcx(-low / np.sqrt(2.0)), 1e-300)
    far = -0.5 * low**2 - 0.5 * np.log(2.0 * np.pi) + np.log(ratio)
    found: Array = np.where(near, np.log(np.maximum(value, 1e-300)), far) + np.log(deviation)
    return found
