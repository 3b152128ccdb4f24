"""The plane of an animation: two coordinates through a point or, in one dimension, the coordinate and the loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...agents.agent import Region
from ...landscapes.landscape import Array, Space
from ..execution.results_directory import ResultsError


@dataclass(frozen=True)
class Slice:
    """A plane along the coordinates ``axes`` through a point of the unit cube, (D,).

    With one axis, the vertical axis is the loss.
    """

    space: Space
    axes: tuple[int, ...]
    through_point: Array

    @property
    def is_slice(self) -> bool:
        """Whether the landscape has more dimensions than are drawn."""
        return self.space.dimension > 2

    @property
    def hidden_axes(self) -> NDArray[np.intp]:
        """The coordinates that are not drawn."""
        return np.delete(np.arange(self.space.dimension), self.axes)

    def places(self, cube: Array, losses: Array) -> Array:
        """Return where points (n, D) of the unit cube with losses (n,) are drawn, (n, 2), in the box's units."""
        box = self.space.to_box(cube)
        if len(self.axes) == 1:
            return np.column_stack([box[:, self.axes[0]], losses])
        drawn: Array = box[:, list(self.axes)]
        return drawn

    def nearness(self, cube: Array) -> Array:
        """Return the nearness of points (n, D) to the plane, (n,): 1 on the plane, and less the farther away they are.

        It is 0.5 if the coordinates that are not drawn differ by a tenth of the cube's side (root mean square).
        """
        if not self.is_slice:
            return np.ones(len(cube))
        away = np.sqrt(
            ((cube[:, self.hidden_axes] - self.through_point[self.hidden_axes]) ** 2).sum(axis=1)
            / len(self.hidden_axes)
        )
        return np.asarray(1.0 / (1.0 + 10.0 * away))

    def meets(self, region: Region) -> bool:
        """Return whether the plane passes through a region."""
        gaps = np.abs(region.center - self.through_point)[self.hidden_axes]
        return bool((gaps <= region.radius).all())


def parse_plane_axes(text: str | None, space: Space) -> tuple[int, ...]:
    """Parse the coordinates to draw from a text such as "x1,x3" or "rate,depth"; return their indices.

    Without a text they are the first two coordinates, or the only one. Raises ResultsError if the landscape does not
    have these coordinates.
    """
    dimension = space.dimension
    if text is None:
        return tuple(range(min(dimension, 2)))
    if dimension == 1:
        raise ResultsError(f"--plane must be left out for one dimension, got {text!r}. Remove the option.")
    names = [name.strip() for name in text.split(",")]
    known = {f"x{axis + 1}": axis for axis in range(dimension)}
    known |= {name: axis for axis, name in enumerate(space.names)}
    if len(names) != 2 or len(set(names)) != 2 or not set(names) <= known.keys():
        some = ", ".join(space.names) if space.axes else f"x1 to x{dimension}"
        raise ResultsError(
            f"--plane must be two different coordinates of {some}, got {text!r}. Write, for example, "
            f"--plane {space.names[0]},{space.names[-1]}."
        )
    return known[names[0]], known[names[1]]


def find_slice_center(found: Sequence[tuple[Array, Array]], known: Array | None, dimension: int) -> Array:
    """Return the point that a slice passes through, (D,) in the unit cube.

    It is the best of all (points, losses) found; without a finite loss, a known minimizer, or else the cube's center.
    """
    bests = [(losses.min(), cube[losses.argmin()]) for cube, losses in found if np.isfinite(losses).any()]
    if bests:
        return min(bests, key=lambda best: best[0])[1]
    return np.full(dimension, 0.5) if known is None else known
