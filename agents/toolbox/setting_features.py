"""The settings of a space as features of a model: a number for each ordered axis, one for each value of a choice."""

from __future__ import annotations

import numpy as np

from ...landscapes.landscape import Array, Space


class SettingFeatures:
    """Turns points of the unit cube into features.

    Points that are the same setting have the same features. Two different values of a choice are as far apart as the
    two ends of an axis.

    Args:
        space: The space.

    Attributes:
        groups: The axis of each feature, shape (F,).

    Example:
        >>> from searchparty.landscapes.axis import Axis
        >>> space = Space.of_axes((Axis("depth", 1, 4, integer=True), Axis.of_choices("kind", ("a", "b"))))
        >>> features = SettingFeatures(space)
        >>> features.groups.tolist(), features.of_points(np.array([[0.9, 0.1]])).round(3).tolist()
        ([0, 1, 1], [[0.875, 0.707, 0.0]])
    """

    def __init__(self, space: Space) -> None:
        self._axes, self._dimension = space.axes, space.dimension
        widths = [len(axis.choices) or 1 for axis in space.axes] or [1] * space.dimension
        self.groups = np.repeat(np.arange(space.dimension), widths)

    def to_settings(self, points: Array) -> Array:
        """Return points (n, D) with the middle of its cell in place of each coordinate of a stepped axis."""
        settings = points.copy()
        for column, axis in enumerate(self._axes):
            if axis.is_stepped:
                numbers = axis.to_numbers(points[:, column]).tolist()
                middles = {number: axis.to_coordinate(number) for number in set(numbers)}
                settings[:, column] = [middles[number] for number in numbers]
        return settings

    def of_points(self, points: Array) -> Array:
        """Return the features (n, F) of points (n, D)."""
        return self.of_settings(self.to_settings(points))

    def of_settings(self, settings: Array) -> Array:
        """Return the features (n, F) of points (n, D) that ``to_settings`` has returned."""
        columns = []
        for column in range(self._dimension):
            choices = len(self._axes[column].choices) if self._axes else 0
            if choices:
                values = np.minimum((settings[:, column] * choices).astype(int), choices - 1)
                columns.append(np.eye(choices)[values] / 2.0**0.5)
            else:
                columns.append(settings[:, column, None])
        return np.hstack(columns)
