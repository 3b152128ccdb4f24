"""A problem moved and turned within its box."""

from __future__ import annotations

import numpy as np

from .landscape import Array, Problem, Space


class MovedProblem:
    """The loss f(R (x - pivot - shift) + pivot), for an orthogonal R.

    Where the function is ``confined`` to its box, points that the move takes out of it are evaluated at the nearest
    point of it, plus a quadratic penalty on the distance: what it does outside brings no false minima. Known minimizers
    move along; those that leave the box are dropped. Rotation is by einsum: a matrix product's last bits depend on
    the rows beside (a row must have the same loss in any batch).
    """

    def __init__(self, inner: Problem, shift: Array, rotation: Array, pivot: Array, confined: bool) -> None:
        self.inner, self.space = inner, inner.space
        self._shift, self._rotation, self._pivot = shift, rotation, pivot
        self._confined = confined
        self._weight = 1.0 / float(np.mean(inner.space.upper - inner.space.lower))

    def evaluate(self, points: Array) -> Array:
        if not self._confined:
            return self.inner.evaluate(self._to_inner(points))
        inside, beyond = self._clip_to_inner_box(points)
        penalty = self._weight * np.sum(beyond * beyond, axis=1)
        return self.inner.evaluate(inside) + penalty

    def gradient(self, points: Array) -> Array:
        if not self._confined:
            return np.einsum("ji,nj->ni", self._rotation, self.inner.gradient(self._to_inner(points)))
        inside, beyond = self._clip_to_inner_box(points)
        within = np.where(beyond == 0.0, self.inner.gradient(inside), 0.0)
        return np.einsum("ji,nj->ni", self._rotation, within + 2.0 * self._weight * beyond)

    @property
    def minimum(self) -> float | None:
        # With every known minimizer outside, what is least inside is not known.
        return None if self.minimizers is None else self.inner.minimum

    @property
    def minimizers(self) -> Array | None:
        known = self.inner.minimizers
        if known is None:
            return None
        moved = np.einsum("ji,nj->ni", self._rotation, known - self._pivot) + self._pivot + self._shift
        kept = moved[np.all((moved >= self.space.lower) & (moved <= self.space.upper), axis=1)]
        return kept if len(kept) else None

    def _to_inner(self, points: Array) -> Array:
        return np.einsum("ij,nj->ni", self._rotation, points - self._pivot - self._shift) + self._pivot

    def _clip_to_inner_box(self, points: Array) -> tuple[Array, Array]:
        """The nearest points of the inner box, and how far beyond it they were."""
        turned = self._to_inner(points)
        inside = np.clip(turned, self.space.lower, self.space.upper)
        return inside, turned - inside


def random_rotation(dimension: int, rng: np.random.Generator) -> Array:
    """A Haar-distributed orthogonal matrix (D, D), by QR with the signs of R's diagonal (Mezzadri 2007)."""
    q, r = np.linalg.qr(rng.standard_normal((dimension, dimension)))
    return np.ascontiguousarray(q * np.sign(np.diag(r)))


def random_shift(space: Space, minimizer: Array, rng: np.random.Generator) -> Array:
    """A shift (D,) after which the minimizer is uniform in the inner 80 % of the box."""
    return (
        rng.uniform(space.to_box(np.full(space.dimension, 0.1)), space.to_box(np.full(space.dimension, 0.9)))
        - minimizer
    )
