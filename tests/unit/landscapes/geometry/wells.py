"""A landscape with two known minima and a known barrier between them."""

import numpy as np

from searchparty.landscapes.landscape import Space


class Wells:
    """Two wells at x = -1 and 1 with a ridge of height 1 between them, which is lower away from y = 0."""

    def __init__(self):
        self.space = Space(np.full(2, -2.0), np.full(2, 2.0), has_gradient=True)

    def evaluate(self, points):
        x, y = points.T
        return (x**2 - 1) ** 2 / (1 + 4 * y**2) + 0.02 * y**2

    def gradient(self, points):
        x, y = points.T
        wide = 1 + 4 * y**2
        return np.column_stack([4 * x * (x**2 - 1) / wide, -8 * y * (x**2 - 1) ** 2 / wide**2 + 0.04 * y])
