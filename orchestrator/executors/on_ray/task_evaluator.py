"""Evaluates rows on the whole cluster: each row is a Ray task, which Ray places where there are the resources that it
needs."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import numpy as np
import ray
from numpy.typing import NDArray
from ray import cloudpickle
from ray.exceptions import NodeDiedError, ObjectLostError, OutOfMemoryError, RayError, RayTaskError, WorkerCrashedError

from ....agents.evaluation.evaluator import CannotEvaluate, EvaluationResult, Evaluator, assemble_pieces
from ....agents.evaluation.interrupts import interrupts
from ....agents.evaluation.measures import Measures, read_measures
from ....agents.evaluation.open import open_evaluator
from ....landscapes.ambient import keep_warnings_from_raising
from ....landscapes.landscape import Array, Space
from ....landscapes.opening import check_probe, open_problem
from ....landscapes.user_code import unpickle_with_files
from ...run_spec import RunSpec
from ..messages import ExitRequest, PickledRun
from ..process_losses import LOSSES_PER_ROW, MOST_STUCK, ROW_LOST, describe_stuck, first_line
from .actor_class import make_actor_class

LOST_ALONE_ERRORS = (WorkerCrashedError, OutOfMemoryError)
"""What Ray raises if a process was lost and its node was not: what it evaluated may be at fault."""
PROCESS_LOST_ERRORS = (*LOST_ALONE_ERRORS, NodeDiedError, ObjectLostError)
MOST_OPEN_EVALUATORS = 4
"""Greatest number of landscapes that a process keeps open. It closes the one that was not used for the longest time."""

Work = tuple[Any, ...]
"""What a task is asked for: the arguments of ``evaluate_task_rows`` from ``rows`` on."""

_open_evaluators: OrderedDict[str, Evaluator] = OrderedDict()
"""The open evaluators of this process, which Ray uses for one task after another."""


def evaluate_task_rows(
    key: str,
    files: dict[str, tuple[str, str]],
    what: bytes,
    rows: Array,
    with_gradient: bool,
    share: NDArray[np.int64] | None = None,
    measured: bool = False,
) -> EvaluationResult | Measures:
    """Evaluate rows in this process, or measure one.

    Args:
        key: Key of the landscape and its settings. They are opened when the process first sees the key.
        files: The user's Python files that must be executed before unpickling.
        what: The pickled landscape and evaluation settings, and what the driver finds at fixed points or None.
        rows: Points in the unit cube, shape (n, D).
        with_gradient: Whether to return gradients too.
        share: The rows of data over which each of the points is evaluated, shape (n, b); None: all.
        measured: Whether the one row is not evaluated but measured.

    Returns:
        The losses, and gradients if they were asked for; or what was measured.
    """
    evaluator = _open_evaluators.get(key)
    if evaluator is None:
        keep_warnings_from_raising()
        while len(_open_evaluators) >= MOST_OPEN_EVALUATORS:
            _open_evaluators.popitem(last=False)[1].close()
        landscape, settings, probe = unpickle_with_files(files, what)
        if probe is not None:
            check_probe(open_problem(landscape), probe)
        evaluator = _open_evaluators[key] = open_evaluator(landscape, settings)
    _open_evaluators.move_to_end(key)
    if measured:
        return evaluator.measure(rows[0])
    return evaluator.evaluate(rows, with_gradient) if share is None else evaluator.evaluate_share(rows, share)


class _BatchLost(Exception):
    """Processes were lost while they evaluated a batch of several rows."""


class PartLosses:
    """How many processes were lost while they evaluated each part of a batch.

    Attributes:
        total: Number of lost processes, by part.
        alone: How many of them were lost without their nodes, by part.
    """

    def __init__(self) -> None:
        self.total, self.alone = Counter[int](), Counter[int]()

    def add(self, part: int, error: RayError) -> None:
        """Count the loss of a process."""
        self.total[part] += 1
        self.alone[part] += isinstance(error, LOST_ALONE_ERRORS)


class TaskEvaluator:
    """An evaluator that spreads the batches of an agent over the cluster.

    Each row is a task. Where the loss of a row may depend on the other rows of its batch, each batch is a task.

    Args:
        opening: The run, as bytes.
        planned: The run's specification.

    Attributes:
        space: The space of the landscape.
        rowwise: Whether each row is a task.
    """

    def __init__(self, opening: PickledRun, planned: RunSpec) -> None:
        assert opening.fan_out is not None
        self.space: Space = planned.facts.space
        settings = planned.evaluation
        self._measured = planned.facts.measured
        self._in_children = settings.isolated or planned.landscape.external
        """Whether rows are evaluated in child processes, one by one, so that they cannot take the task's process
        down."""
        self.rowwise = self._in_children or planned.facts.rowwise
        self._workers = opening.fan_out.workers
        # A task has one row at a time, so one child is enough.
        settings = settings.model_copy(update={"workers": 1}) if settings.isolated else settings
        what = cloudpickle.dumps((planned.landscape, settings, opening.probe))
        self._task_arguments = (sha256(what).hexdigest(), ray.put(opening.files), ray.put(what))
        self._task: Any = ray.remote(make_actor_class()[1]).options(max_retries=0, **opening.fan_out.options)

    def evaluate(self, cube: Array, with_gradient: bool) -> EvaluationResult:
        """Evaluate a batch of points in the unit cube, shape (n, D)."""
        if self.rowwise:
            return assemble_pieces(self.evaluate_in_pieces(cube, with_gradient), cube, with_gradient)
        try:
            ((_, found),) = self._evaluate_parts([(cube, with_gradient)])
        except _BatchLost:
            # Some row takes its process down. Evaluating each row alone shows which one it is.
            return assemble_pieces(self.evaluate_in_pieces(cube, with_gradient), cube, with_gradient)
        return found

    def evaluate_in_pieces(self, cube: Array, with_gradient: bool) -> Iterator[tuple[int, EvaluationResult]]:
        """Evaluate a batch row by row, and yield (row, result) as soon as each is done, in any order."""
        return self._evaluate_parts([(cube[row : row + 1], with_gradient) for row in range(len(cube))])

    def evaluate_share(self, cube: Array, rows: NDArray[np.int64]) -> EvaluationResult:
        """Evaluate points (n, D) with their gradients, each over some rows of data (n, b)."""
        parts: list[Work] = [(cube[at : at + 1], True, rows[at : at + 1]) for at in range(len(cube))]
        return assemble_pieces(self._evaluate_parts(parts), cube, True)

    def measure(self, point: Array) -> dict[str, float]:
        """Return what the landscape tells of a point (D,) of the unit cube besides its loss; {} if that is nothing."""
        if not self._measured:
            return {}
        ((_, found),) = self._run_tasks([(point[None], False, None, True)])
        return read_measures(found)

    def close(self) -> None:
        """Do nothing: the processes close the landscapes that they opened, or end."""

    def _evaluate_parts(self, work: list[Work]) -> Iterator[tuple[int, EvaluationResult]]:
        """Evaluate parts of a batch, and yield (number of the part, result) as soon as each is done, in any order."""
        return ((number, found) for number, found in self._run_tasks(work) if isinstance(found, EvaluationResult))

    def _run_tasks(self, work: list[Work]) -> Iterator[tuple[int, EvaluationResult | Measures]]:
        """Do pieces of work, and yield (number of the piece, result) as soon as each is done, in any order."""
        out: dict[Any, int] = {}
        losses = PartLosses()
        coming = 0
        try:
            while coming < len(work) or out:
                while coming < len(work) and len(out) < self._workers:
                    out[self._task.remote(*self._task_arguments, *work[coming])] = coming
                    coming += 1
                (done,), _ = interrupts.call(ray.wait, list(out))
                number = out.pop(done)
                found = self._get_result(done, work[number][0], number, losses)
                if found is None:
                    out[self._task.remote(*self._task_arguments, *work[number])] = number
                else:
                    yield number, found
        finally:
            # If the caller stops in the middle of a batch, nothing waits for the remaining tasks.
            for task in out:
                ray.cancel(task, force=True)

    def _get_result(
        self, task: Any, rows: Array, number: int, losses: PartLosses
    ) -> EvaluationResult | Measures | None:
        """Return the result of a task.

        Args:
            task: Ray's reference to it.
            rows: The rows that it evaluated.
            number: Number of the part.
            losses: Processes lost so far; they are updated.

        Returns:
            The result; None if the process was lost and the rows must be tried again.

        Raises:
            CannotEvaluate: If the task failed through no fault of a row.
            SystemExit: If the objective ends the program; likewise KeyboardInterrupt.
            _BatchLost: If processes were lost repeatedly and the batch has several rows.
        """
        try:
            found: EvaluationResult | Measures = ray.get(task)
        except PROCESS_LOST_ERRORS as error:
            losses.add(number, error)
            if len(rows) > 1 and losses.alone[number] >= LOSSES_PER_ROW - 1:
                raise _BatchLost from None
            if not self._in_children and len(rows) == 1 and losses.alone[number] >= LOSSES_PER_ROW:
                return EvaluationResult(np.array([np.inf]), None, {0: ROW_LOST})
            if losses.total[number] >= MOST_STUCK:
                raise CannotEvaluate(describe_stuck("an evaluation", first_line(error))) from None
            return None
        except RayTaskError as error:
            if isinstance(error.cause, ExitRequest):
                raise error.cause.to_exception() from None
            # Exceptions of the objective itself are causes of failed rows. What is raised here is an error of the node.
            raise CannotEvaluate(str(error.cause or error)) from None
        except RayError as error:
            raise CannotEvaluate(f"Ray cannot run an evaluation task: {first_line(error)}") from None
        return found
