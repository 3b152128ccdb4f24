"""Evaluates rows all over the cluster: each is a Ray task, which Ray places wherever its needs are met."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import numpy as np
import ray
from ray import cloudpickle
from ray.exceptions import NodeDiedError, ObjectLostError, OutOfMemoryError, RayError, RayTaskError, WorkerCrashedError

from ....agents.evaluation.evaluator import CannotEvaluate, Evaluated, Evaluator, whole
from ....agents.evaluation.open import evaluator_for
from ....landscapes.landscape import Array, Space
from ....landscapes.user_code import unpickled
from ...run_spec import PlannedRun
from ..messages import Opening
from ..process_losses import LOSSES_A_ROW, MOST_STUCK, ROW_LOST, first_line, stuck
from .actor_class import seat

LOST = (WorkerCrashedError, NodeDiedError, OutOfMemoryError, ObjectLostError)
OPEN = 4
"""Landscapes that a process keeps open: the latest that it was asked about."""

_open: OrderedDict[str, Evaluator] = OrderedDict()
"""Of this process, which Ray uses for one task after another."""


def evaluated(key: str, files: dict[str, tuple[str, str]], what: bytes, rows: Array, with_gradient: bool) -> Evaluated:
    """Evaluate rows (n, D) of the cube on the pickled landscape and settings, which are opened when first asked for."""
    evaluator = _open.get(key)
    if evaluator is None:
        while len(_open) >= OPEN:
            _open.popitem(last=False)[1].close()
        landscape, settings = unpickled(files, what)
        evaluator = _open[key] = evaluator_for(landscape, settings)
    _open.move_to_end(key)
    return evaluator.evaluate(rows, with_gradient)


class _Apart(Exception):
    """A batch has cost processes."""


class Fanned:
    """The evaluator of an agent whose batches are spread over the cluster: a task a row, or a task a batch where a
    row's loss may depend on the rows beside."""

    def __init__(self, opening: Opening, planned: PlannedRun) -> None:
        assert opening.fan is not None
        self.space: Space = planned.facts.space
        settings = planned.evaluation
        self._alone = settings.isolated or planned.landscape.external
        """Whether rows are evaluated in children, one by one, and cannot take the task's process down."""
        self.rowwise = self._alone or planned.facts.rowwise
        self._workers = opening.fan.workers
        # A task has one row at a time, so one child is enough.
        settings = settings.model_copy(update={"workers": 1}) if settings.isolated else settings
        what = cloudpickle.dumps((planned.landscape, settings))
        self._about = (sha256(what).hexdigest(), ray.put(opening.files), ray.put(what))
        self._task: Any = ray.remote(seat()[1]).options(max_retries=0, **opening.fan.options)

    def evaluate(self, cube: Array, with_gradient: bool) -> Evaluated:
        if self.rowwise:
            return whole(self.pieces(cube, with_gradient), cube, with_gradient)
        try:
            ((_, found),) = self._worked([cube], with_gradient)
        except _Apart:
            # Some row takes its process down: which one shows when each comes alone.
            return whole(self.pieces(cube, with_gradient), cube, with_gradient)
        return found

    def pieces(self, cube: Array, with_gradient: bool) -> Iterator[tuple[int, Evaluated]]:
        return self._worked([cube[row : row + 1] for row in range(len(cube))], with_gradient)

    def close(self) -> None:
        """Nothing to close: processes close what they opened, or end."""

    def _worked(self, parts: list[Array], with_gradient: bool) -> Iterator[tuple[int, Evaluated]]:
        """(number, what it came to) of each part, as they come."""
        out: dict[Any, int] = {}
        lost: dict[int, int] = {}
        coming = 0
        try:
            while coming < len(parts) or out:
                while coming < len(parts) and len(out) < self._workers:
                    out[self._task.remote(*self._about, parts[coming], with_gradient)] = coming
                    coming += 1
                (done,), _ = ray.wait(list(out), num_returns=1)
                number = out.pop(done)
                found = self._answer(done, parts[number], number, lost)
                if found is None:
                    out[self._task.remote(*self._about, parts[number], with_gradient)] = number
                else:
                    yield number, found
        finally:
            # Left in the middle of a batch: nobody waits for these.
            for task in out:
                ray.cancel(task, force=True)

    def _answer(self, task: Any, rows: Array, number: int, lost: dict[int, int]) -> Evaluated | None:
        """What came of a task; None where its process was lost and the rows are to be tried again. Raises
        CannotEvaluate for what is no row's fault."""
        try:
            found: Evaluated = ray.get(task)
        except LOST as error:
            lost[number] = lost.get(number, 0) + 1
            if len(rows) > 1 and lost[number] >= LOSSES_A_ROW - 1:
                raise _Apart from None
            if not self._alone and len(rows) == 1 and lost[number] >= LOSSES_A_ROW:
                return Evaluated(np.array([np.inf]), None, {0: ROW_LOST})
            if lost[number] >= MOST_STUCK:
                raise CannotEvaluate(stuck("an evaluation", first_line(error))) from None
            return None
        except RayTaskError as error:
            # An objective's own exceptions are causes of failed rows: what is raised is the node's.
            raise CannotEvaluate(str(error.cause or error)) from None
        except RayError as error:
            raise CannotEvaluate(f"a task for an evaluation cannot be run: {first_line(error)}") from None
        return found
