"""The paths of agents: the points that a log keeps of them, in order, and which of them is meant by a text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...landscapes.geometry.hessian import GeometryError
from ...landscapes.landscape import Array
from ..results.recorded_runs import RunData

MINIMA_NAME = "minima"
"""The name of the files about minima, which no plane may have."""
FILE_NAME = re.compile(r"[\w-]{1,100}", re.ASCII)
MOST_PATH_POINTS = 100
"""The most points of a path; of more, evenly chosen ones, and always the best and the last."""
SHORTEST_ID = 4
"""The fewest characters of a run's id that may stand for all of it."""


@dataclass(frozen=True)
class AgentPath:
    """The points of an agent in a run that the log keeps, in order.

    Attributes:
        run: The id of the run.
        strategy: The name of its strategy.
        repeat: The number of its repeat, from 0.
        agent: The name of the agent.
        cube: The points, shape (k, D), in the unit cube.
        evaluations: What the run had spent up to and including each point, shape (k,).
        best: The place of the agent's best point among them; None if the log does not keep it.
        loss: The loss of that point; infinite if there is none.
        matched: Whether the units of its network are reordered.
    """

    run: str
    strategy: str
    repeat: int
    agent: str
    cube: Array
    evaluations: NDArray[np.int64]
    best: int | None
    loss: float
    matched: bool = False

    @property
    def name(self) -> str:
        """A short name: strategy, repeat, and the agent where its name is another."""
        agent = "" if self.agent == self.strategy else f":{self.agent}"
        return f"{self.strategy}#{self.repeat}{agent}{', matched' if self.matched else ''}"

    @property
    def end(self) -> Array:
        """The agent's best point (D,); the last one if the log does not keep that."""
        found: Array = self.cube[-1 if self.best is None else self.best]
        return found


def collect_paths(run: RunData) -> list[AgentPath]:
    """Return the paths of the agents of a run that have points.

    Where the log keeps all points, a path has the agent's first, those that were its best so far, and the last and the
    best of each lease; else it has all that is kept.
    """
    found = []
    points = run.points
    whole = np.arange(len(points.losses)) if points.whole is None else points.whole
    for number, agent in enumerate(run.team):
        mine = whole[points.agent[whole] == number]
        if points.whole is None:
            mine = _select_ends(points.lease, points.losses, mine)
        if not len(mine):
            continue
        losses = points.losses[points.agent == number]
        least = float(losses.min())
        place = next(iter(np.flatnonzero(points.losses[mine] == least).tolist()), None)
        kept = mine[_thin(len(mine), len(mine) - 1 if place is None or not np.isfinite(least) else place)]
        best = None if place is None or not np.isfinite(least) else int(np.searchsorted(kept, mine[place]))
        cube = np.array([points.find(int(each)) for each in kept])
        found.append(
            AgentPath(run.id, run.strategy, run.repeat, agent, cube, run.spent[kept].astype(np.int64), best, least)
        )
    return found


def _select_ends(lease: NDArray[np.int64], losses: Array, mine: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the first point of an agent, its bests so far, and the last and the best of each of its leases."""
    before = np.minimum.accumulate(np.concatenate([[np.inf], losses[mine]]))[:-1]
    chosen = {int(mine[0]), *mine[losses[mine] < before].tolist()} if len(mine) else set()
    for number in np.unique(lease[mine]):
        rows = mine[lease[mine] == number]
        chosen |= {int(rows[-1]), int(rows[np.argmin(losses[rows])])}
    return np.array(sorted(chosen), dtype=np.int64)


def _thin(count: int, best: int) -> NDArray[np.int64]:
    """Return at most ``MOST_PATH_POINTS`` of so many places, with the best and the last, in order."""
    if count <= MOST_PATH_POINTS:
        return np.arange(count)
    return np.unique([*np.linspace(0, count - 1, MOST_PATH_POINTS - 1).astype(int), best])


def require_best(paths: Sequence[AgentPath]) -> None:
    """Raise GeometryError if the log does not keep the best point of one of these: its last one is another."""
    for path in paths:
        if path.best is None:
            raise GeometryError(
                f"run must have its best point in the log, got {path.name}, of which the log keeps other points only. "
                "Name another, or run it again with more of log: {keep}."
            )


def find_path(paths: Sequence[AgentPath], text: str) -> AgentPath:
    """Return the path that a text names: RUN or RUN:AGENT.

    RUN is the id of a run or its first characters, or the name of a strategy, with #REPEAT after it for another repeat
    than the first. Without an agent, it is the one with the run's best point.

    Raises:
        GeometryError: It names no path, or several runs.
    """
    for name, agent in ((text, None), tuple(text.rpartition(":")[::2])):
        runs = [path for path in paths if name and _is_run(path, name)]
        several = len({path.run for path in runs})
        if several > 1:
            raise GeometryError(f"run must be one run, got {name!r}, which {several} ids begin with. Write more of it.")
        named = [path for path in runs if agent in (None, path.agent)]
        if named:
            return min(named, key=lambda path: path.loss)
    raise GeometryError(
        f"run must be a run of this landscape with points that the log keeps, as RUN or RUN:AGENT, got {text!r}. "
        f"Write one of: {', '.join(path.name for path in paths[:12])}."
    )


def _is_run(path: AgentPath, name: str) -> bool:
    strategy, _, repeat = name.rpartition("#")
    if strategy and repeat.isdecimal():
        return path.strategy == strategy and path.repeat == int(repeat)
    if path.strategy == name:
        return path.repeat == 0
    return len(name) >= SHORTEST_ID and path.run.startswith(name)
