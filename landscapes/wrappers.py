"""A problem shifted and rotated within its box."""

from __future__ import annotations

import numpy as np

from .landscape import Array, Problem, Space


class MovedProblem:
    """A problem with the loss f(R (x - pivot - shift) + pivot), for an orthogonal matrix R.

    If the function is ``confined`` to its box, points that the move takes out of the box are evaluated at the nearest
    point of the box, plus a quadratic penalty on the distance, so that values outside the box cannot create false
    minima. Known minimizers are moved too; those that leave the box are dropped. The rotation uses einsum, because the
    last bits of a matrix product depend on the other rows, and a row must have the same loss in any batch.

    Args:
        inner: The problem to move.
        shift: The shift, shape (D,), in the landscape's units.
        rotation: The orthogonal matrix R, shape (D, D).
        pivot: The point that the rotation leaves where it is, shape (D,), before the shift.
        confined: Whether the function must not be evaluated outside its box.
    """

    def __init__(self, inner: Problem, shift: Array, rotation: Array, pivot: Array, confined: bool) -> None:
        self.inner, self.space = inner, inner.space
        self._shift, self._rotation, self._pivot = shift, rotation, pivot
        self._confined = confined
        self._weight = 1.0 / float(np.mean(inner.space.upper - inner.space.lower))

    def evaluate(self, points: Array) -> Array:
        """Return the losses (n,) of points (n, D), with a penalty where a confined function is left."""
        if not self._confined:
            return self.inner.evaluate(self._to_inner(points))
        inside, beyond = self._clip_to_inner_box(points)
        penalty = self._weight * np.sum(beyond * beyond, axis=1)
        return self.inner.evaluate(inside) + penalty

    def gradient(self, points: Array) -> Array:
        """Return the gradients (n, D) at points (n, D), that of the penalty included."""
        if not self._confined:
            return np.einsum("ji,nj->ni", self._rotation, self.inner.gradient(self._to_inner(points)))
        inside, beyond = self._clip_to_inner_box(points)
        within = np.where(beyond == 0.0, self.inner.gradient(inside), 0.0)
        return np.einsum("ji,nj->ni", self._rotation, within + 2.0 * self._weight * beyond)

    @property
    def minimum(self) -> float | None:
        """The known minimum, or None if no known minimizer is left in the box."""
        # If every known minimizer lies outside, the minimum inside is not known.
        return None if self.minimizers is None else self.inner.minimum

    @property
    def minimizers(self) -> Array | None:
        """The known minimizers (k, D) that lie in the box after the move, or None."""
        known = self.inner.minimizers
        if known is None:
            return None
        moved = np.einsum("ji,nj->ni", self._rotation, known - self._pivot) + self._pivot + self._shift
        kept = moved[np.all((moved >= self.space.lower) & (moved <= self.space.upper), axis=1)]
        return kept if len(kept) else None

    def _to_inner(self, points: Array) -> Array:
        return np.einsum("ij,nj->ni", self._rotation, points - self._pivot - self._shift) + self._pivot

    def _clip_to_inner_box(self, points: Array) -> tuple[Array, Array]:
        """Return the nearest points of the inner box, and by how much the points lay outside it, both (n, D)."""
        turned = self._to_inner(points)
        inside = np.clip(turned, self.space.lower, self.space.upper)
        return inside, turned - inside


def random_rotation(dimension: int, rng: np.random.Generator) -> Array:
    """Draw a Haar-distributed orthogonal matrix (D, D), by QR with the signs of R's diagonal (Mezzadri 2007)."""
    q, r = np.linalg.qr(rng.standard_normal((dimension, dimension)))
    return np.ascontiguousarray(q * np.sign(np.diag(r)))


def random_shift(space: Space, minimizer: Array, rng: np.random.Generator) -> Array:
    """Draw a shift (D,) after which the minimizer is uniformly distributed in the inner 80 % of the box."""
    return (
        rng.uniform(space.to_box(np.full(space.dimension, 0.1)), space.to_box(np.full(space.dimension, 0.9)))
        - minimizer
    )
