"""Evaluates rows all over the cluster: each is a Ray task, which Ray places wherever its needs are met."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import numpy as np
import ray
from ray.exceptions import RayTaskError, WorkerCrashedError

from ....agents.evaluate import CannotEvaluate, Evaluated, Evaluator, evaluator_for, whole
from ....landscapes.landscape import Array, Space
from ...planned import PlannedRun
from ..host import Opening
from .seat import seat

LOSSES_A_ROW = 3
"""So many processes lost at one row fail that row, where it was evaluated in the process itself."""
MOST_STUCK = 10
"""So many lost through no fault of the row end the run."""
OPEN = 2
"""Landscapes that a process keeps open: those of the latest runs that asked it."""

_open: OrderedDict[str, Evaluator] = OrderedDict()
"""Of this process, which Ray uses for one task after another."""


def evaluated(key: str, opening: Opening, row: Array, with_gradient: bool) -> Evaluated:
    """Evaluate a row (1, D) of the cube; the landscape is opened when it is first asked for."""
    evaluator = _open.get(key)
    if evaluator is None:
        while len(_open) >= OPEN:
            _open.popitem(last=False)[1].close()
        planned = opening.planned_run()
        # One row a task, so one child is enough where rows are evaluated in children.
        settings = planned.evaluation
        settings = settings.model_copy(update={"workers": 1}) if settings.isolated else settings
        evaluator = _open[key] = evaluator_for(planned.landscape, settings)
    _open.move_to_end(key)
    return evaluator.evaluate(row, with_gradient)


class Fanned:
    """The evaluator of an agent whose batches are spread over the cluster."""

    rowwise = True

    def __init__(self, opening: Opening, planned: PlannedRun) -> None:
        assert opening.fan is not None
        self.space: Space = planned.landscape.open().space
        self._workers = opening.fan.workers
        self._in_place = not planned.evaluation.isolated and not planned.landscape.external
        self._key = sha256(opening.planned).hexdigest()
        self._opening = ray.put(opening)
        self._task: Any = ray.remote(seat()[1]).options(max_retries=0, **opening.fan.options)

    def evaluate(self, cube: Array, with_gradient: bool) -> Evaluated:
        return whole(self.pieces(cube, with_gradient), cube, with_gradient)

    def pieces(self, cube: Array, with_gradient: bool) -> Iterator[tuple[int, Evaluated]]:
        out: dict[Any, int] = {}
        lost: dict[int, int] = {}
        coming = 0
        try:
            while coming < len(cube) or out:
                while coming < len(cube) and len(out) < self._workers:
                    out[self._asked(cube, coming, with_gradient)] = coming
                    coming += 1
                (done,), _ = ray.wait(list(out), num_returns=1)
                row = out.pop(done)
                found = self._answer(done, row, lost)
                if found is None:
                    out[self._asked(cube, row, with_gradient)] = row
                else:
                    yield row, found
        finally:
            # Left in the middle of a batch: nobody waits for these.
            for task in out:
                ray.cancel(task, force=True)

    def close(self) -> None:
        """Nothing to close: processes close what they opened, or end."""

    def _asked(self, cube: Array, row: int, with_gradient: bool) -> Any:
        return self._task.remote(self._key, self._opening, cube[row : row + 1], with_gradient)

    def _answer(self, task: Any, row: int, lost: dict[int, int]) -> Evaluated | None:
        """What came of a task; None where its process was lost and the row is to be tried again."""
        try:
            found: Evaluated = ray.get(task)
        except RayTaskError as error:
            if isinstance(error.cause, ModuleNotFoundError):
                raise CannotEvaluate(str(error.cause)) from None
            raise error.cause if isinstance(error.cause, Exception) else error from None
        except WorkerCrashedError as error:
            lost[row] = lost.get(row, 0) + 1
            if self._in_place and lost[row] >= LOSSES_A_ROW:
                return Evaluated(np.array([np.inf]), None, {0: f"took its process down {LOSSES_A_ROW} times"})
            if lost[row] > MOST_STUCK:
                raise CannotEvaluate(
                    f"Ray lost {MOST_STUCK} processes in turn at one evaluation ({error}). See Ray's logs (memory?)."
                ) from None
            return None
        return found
