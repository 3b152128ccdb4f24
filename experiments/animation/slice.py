"""The plane that a replay is drawn on: two coordinates through a point; in one dimension, coordinate and loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...agents.agent import Region
from ...landscapes.landscape import Array, Space
from ..execution.results_directory import ResultsError


@dataclass(frozen=True)
class Slice:
    """The coordinates ``axes`` through a point of the cube, (D,). With one axis, up is the loss."""

    space: Space
    axes: tuple[int, ...]
    through_point: Array

    @property
    def is_slice(self) -> bool:
        """Whether there is more of the landscape than is drawn."""
        return self.space.dimension > 2

    @property
    def hidden_axes(self) -> list[int]:
        """The coordinates that are not drawn."""
        return [axis for axis in range(self.space.dimension) if axis not in self.axes]

    def places(self, cube: Array, losses: Array) -> Array:
        """Where points (n, D) of the cube with losses (n,) are drawn, (n, 2), in the box's units."""
        box = self.space.to_box(cube)
        if len(self.axes) == 1:
            return np.column_stack([box[:, self.axes[0]], losses])
        drawn: Array = box[:, list(self.axes)]
        return drawn

    def nearness(self, cube: Array) -> Array:
        """1 for points (n, D) on the plane, less the farther they are from it, (n,): half where the
        coordinates that are not drawn differ by a tenth of the cube's side (root mean square)."""
        if not self.is_slice:
            return np.ones(len(cube))
        away = np.sqrt(
            ((cube[:, self.hidden_axes] - self.through_point[self.hidden_axes]) ** 2).sum(axis=1)
            / len(self.hidden_axes)
        )
        return np.asarray(1.0 / (1.0 + 10.0 * away))

    def meets(self, region: Region) -> bool:
        """Whether the plane goes through a region."""
        gaps = np.abs(region.center - self.through_point)[self.hidden_axes]
        return bool((gaps <= region.radius).all())

    def axis_names(self) -> tuple[str, str]:
        """Of its two axes."""
        return f"x{self.axes[0] + 1}", "loss" if len(self.axes) == 1 else f"x{self.axes[1] + 1}"


def parse_plane_axes(text: str | None, dimension: int) -> tuple[int, ...]:
    """The coordinates to draw, from a text such as "x1,x3"; by default the first two, or the one. Raises ResultsError
    where the landscape has no such coordinates."""
    if text is None:
        return tuple(range(min(dimension, 2)))
    if dimension == 1:
        raise ResultsError(f"--plane must be left out for one dimension, got {text!r}. Leave it out.")
    names = [name.strip() for name in text.split(",")]
    known = {f"x{axis + 1}": axis for axis in range(dimension)}
    if len(names) != 2 or len(set(names)) != 2 or not set(names) <= known.keys():
        raise ResultsError(
            f"--plane must be two different coordinates of x1 to x{dimension}, got {text!r}. Write, for example, "
            f"--plane x1,x{dimension}."
        )
    return known[names[0]], known[names[1]]


def find_slice_center(found: Sequence[tuple[Array, Array]], known: Array | None, dimension: int) -> Array:
    """The point of the cube that a slice goes through: the best of all (points, losses) found, else a known minimizer,
    (D,) in the cube, else the middle."""
    bests = [(losses.min(), cube[losses.argmin()]) for cube, losses in found if np.isfinite(losses).any()]
    if bests:
        return min(bests, key=lambda best: best[0])[1]
    return np.full(dimension, 0.5) if known is None else known
