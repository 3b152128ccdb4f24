"""One cell of the comparison: what was measured, and the rules that are the same for all."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass

WARM_SECONDS = 0.5
"""Evaluations that are made before the clock starts, once all workers are up: for about so long."""


@dataclass(frozen=True)
class Cell:
    """So many evaluations by so many workers, each of which sleeps ``sleep`` seconds."""

    peer: str
    workers: int
    sleep: float
    evaluations: int
    seconds: float
    startup: float
    """Seconds until all workers had come up, before the clock of ``seconds`` started."""
    busy: float = 0.0
    """How many CPUs others kept busy just before, on average."""

    @property
    def efficiency(self) -> float:
        """The share of the ideal: what the workers slept, of all the time they had."""
        return self.evaluations * self.sleep / self.workers / self.seconds

    def line(self) -> str:
        return json.dumps(asdict(self))

    @staticmethod
    def from_line(line: str) -> Cell:
        return Cell(**json.loads(line))


def warm_up(workers: int, sleep: float, seconds: float, run: Callable[[int], float]) -> int:
    """Warm up with ``run``, which makes so many evaluations and says the seconds it took; how many fill ``seconds`` at
    that pace, at least four a worker, and at most what the ideal makes of them."""
    count = workers * max(2, round(WARM_SECONDS / sleep))
    # Whoever is slow is not to take minutes over it: a tenth first.
    first = max(workers, count // 10)
    took = run(first)
    if took < 2 * WARM_SECONDS:
        took, first = run(count), count
    pace = first / took
    return workers * round(max(4.0, min(seconds / sleep, pace * seconds / workers)))
