"""A stranger's files, for tests of the sandbox. None of them is ever imported by the process of a test."""

GOOD = '''\
import os
from typing import Literal

import numpy as np
from pydantic import Field

from searchparty import Agent, Converged

if os.getppid() > 0 and os.path.exists("{marker}"):
    raise RuntimeError("was imported where it should not be")


class Walk(Agent):
    """Walks downhill."""

    kind: Literal["walk"] = "walk"
    batch: int = Field(5, ge=1, description="Points per step.")
    step: float = 0.1

    def search(self, space, lease, rng):
        best, loss = None, np.inf
        for _ in range(30):
            center = lease.region.center if best is None else best
            points = np.clip(center + self.step * rng.standard_normal((self.batch, space.dimension)), 0, 1)
            told = yield points
            lease = told.lease
            found = int(told.losses.argmin())
            if told.losses[found] < loss:
                best, loss = points[found], float(told.losses[found])
        return Converged(best, loss, "30 steps")
'''
SLOPES = """\
from typing import Literal

import numpy as np

from searchparty import Agent, WithGradient
import beside


class Slopes(Agent):
    kind: Literal["slopes"] = "slopes"
    rate: float = 0.05

    def row_price(self, space):
        return 1 + space.gradient_price

    def search(self, space, lease, rng):
        point = lease.region.center[None, :]
        while True:
            told = yield WithGradient(point)
            norm = np.abs(told.gradients).max() or 1.0
            point = beside.clip(point - self.rate * told.gradients / norm)
"""
BESIDE = """\
import numpy as np


def clip(points):
    return np.clip(points, 0.0, 1.0)
"""
READER = """\
from typing import ClassVar, Literal

import numpy as np

from searchparty import Agent


class Reader(Agent):
    kind: Literal["reader"] = "reader"
    reads_archive: ClassVar[bool] = True

    def search(self, space, lease, rng):
        while True:
            seen = lease.seen
            center = np.full(space.dimension, 0.5)
            if len(seen.losses):
                center = seen.points[seen.losses.argmin()] + 0.001 * seen.agents[-1] * len(seen.losses) % 7
            told = yield np.clip(center + 0.05 * rng.standard_normal((3, space.dimension)), 0, 1)
            lease = told.lease
"""


def write_strangers(folder):
    """Write the files of strangers into a folder."""
    (folder / "walk.py").write_text(GOOD.replace("{marker}", str(folder / "marker")))
    (folder / "slopes.py").write_text(SLOPES)
    (folder / "beside.py").write_text(BESIDE)
    (folder / "reader.py").write_text(READER)
