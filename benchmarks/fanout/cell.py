"""One cell of the comparison: what was measured, and the rules that are the same for all libraries."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass

WARM_SECONDS = 0.5
"""Duration of the warm-up: evaluations that are made once all workers are up, before the clock starts."""


@dataclass(frozen=True)
class Cell:
    """The measurement of ``evaluations`` evaluations by ``workers`` workers, where each sleeps ``sleep`` seconds."""

    peer: str
    workers: int
    sleep: float
    evaluations: int
    seconds: float
    startup: float
    """Seconds until all workers were up, before the clock of ``seconds`` started."""
    busy: float = 0.0
    """How many CPUs other programs kept busy just before, on average."""

    @property
    def efficiency(self) -> float:
        """The share of the ideal: the time that the workers slept, divided by the time that they had."""
        return self.evaluations * self.sleep / self.workers / self.seconds

    def line(self) -> str:
        return json.dumps(asdict(self))

    @staticmethod
    def from_line(line: str) -> Cell:
        return Cell(**json.loads(line))


def warm_up(workers: int, sleep: float, seconds: float, run: Callable[[int], float]) -> int:
    """Warm up, and return how many evaluations fill ``seconds`` at the pace of the warm-up.

    The result is at least four per worker, and at most the number that an ideal library would make.

    Args:
        workers: Number of workers.
        sleep: Seconds that an evaluation sleeps.
        seconds: Seconds to fill.
        run: Makes a number of evaluations and returns the seconds that it took.
    """
    count = workers * max(2, round(WARM_SECONDS / sleep))
    # Start with a tenth, so that a slow library does not take minutes.
    first = max(workers, count // 10)
    took = run(first)
    if took < 2 * WARM_SECONDS:
        took, first = run(count), count
    pace = first / took
    return workers * round(max(4.0, min(seconds / sleep, pace * seconds / workers)))
