"""Evaluate in child processes that can be killed: for objectives that hang, crash, or are separate programs."""

from __future__ import annotations

import math
import os
import pickle
import selectors
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

from ....landscapes.command import Command
from ....landscapes.landscape import Array, Landscape
from ....landscapes.opening import LandscapeFacts, read_facts
from ....landscapes.process.line_pipe import LONGEST_PAUSE, ProcessEnded
from ..evaluator import CannotEvaluate, EvaluationResult, assemble_pieces
from ..interrupts import interrupts
from ..measures import read_measures
from ..settings import Evaluation
from .batch import Answer, Batch, RowQueue, join_answers
from .child_kinds import ProgramChild, PythonChild
from .language import ChildProtocol
from .prefetch import Prefetch
from .row_clock import RowClock
from .wire import Share
from .worker import Worker


def count_workers(evaluation: Evaluation) -> int:
    """Return how many children share a batch: with ``auto``, one for each CPU that this process may use."""
    if evaluation.workers != "auto":
        return evaluation.workers or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class ChildPool:
    """Evaluates row by row in child processes, each of which is started when it is first needed.

    Args:
        landscape: The landscape, which each child opens.
        evaluation: The limits and the number of child processes.
        facts: What is known of the landscape; if they are None, it is opened here to learn them.
        dumps: Pickles the landscape for children that are Python processes.
        modules: Modules that unpickling it needs, which are imported once for all of them.
        environment: Environment variables of children that are Python processes, in addition to those of this one.

    Attributes:
        most: How many of the children may work at a time.
    """

    rowwise = True

    def __init__(
        self, landscape: Landscape, evaluation: Evaluation, facts: LandscapeFacts | None = None,
        dumps: Callable[[Landscape], bytes] = pickle.dumps, modules: Sequence[str] = (),
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:  # fmt: skip
        known = read_facts(landscape) if facts is None else facts
        self.space, self._measured = known.space, known.measured
        memory = evaluation.memory or 0
        self._protocol: ChildProtocol = (
            ProgramChild(landscape, self.space, memory)
            if isinstance(landscape, Command)
            else PythonChild(landscape, self.space.dimension, memory, dumps, modules, environment)
        )
        self._selector = selectors.DefaultSelector()
        self._prefetch = Prefetch(self._protocol.most_unanswered)
        self._workers = [
            Worker(self._protocol, RowClock(evaluation.timeout), self._selector, self._prefetch)
            for _ in range(count_workers(evaluation))
        ]
        self.most = len(self._workers)
        self._earliest_deadline = math.inf
        """No worker's deadline is earlier than this, so they need not all be checked each time."""

    def evaluate(self, cube: Array, with_gradient: bool) -> EvaluationResult:
        """Evaluate points (n, D) of the unit cube, with their gradients if requested."""
        return assemble_pieces(self.evaluate_in_pieces(cube, with_gradient), cube, with_gradient)

    def evaluate_share(self, cube: Array, rows: Share) -> EvaluationResult:
        """Evaluate points (n, D) of the unit cube with their gradients, each over some rows of data (n, b)."""
        parts = (self._evaluate_batch(Batch(cube[at : at + 1], True, rows[at : at + 1])) for at in range(len(cube)))
        pieces = ((at, found) for at, part in enumerate(parts) for _, found in part)
        return assemble_pieces(pieces, cube, True)

    def measure(self, point: Array) -> dict[str, float]:
        """Return what the landscape tells of a point (D,) of the unit cube besides its loss; {} if that is nothing."""
        if not self._measured:
            return {}
        ((_, found),) = (answer for part in self._answer_rows(Batch(point[None], False, None, True)) for answer in part)
        return read_measures(found)

    def evaluate_in_pieces(self, cube: Array, with_gradient: bool) -> Iterator[tuple[int, EvaluationResult]]:
        """Evaluate in pieces and yield each as soon as it is done, in any order, as (first row, result)."""
        return self._evaluate_batch(Batch(cube, with_gradient))

    def _evaluate_batch(self, batch: Batch) -> Iterator[tuple[int, EvaluationResult]]:
        for answers in self._answer_rows(batch):
            yield from join_answers(answers)

    def _answer_rows(self, batch: Batch) -> Iterator[list[Answer]]:
        """Yield the answers to the rows of a batch as they come, in any order."""
        pending = RowQueue(len(batch.cube))
        idle, left = self._workers[: self.most][::-1], len(batch.cube)
        try:
            while left:
                # Every child gets one row before any gets more.
                started_workers = [
                    self._begin_row(idle.pop(), batch, pending) for _ in range(min(len(idle), len(pending)))
                ]
                for worker in started_workers:
                    self._request_ahead(worker, pending)
                for worker in self._wait_for_workers(pending):
                    found = worker.collect_answers()
                    if worker.rows.unstarted:
                        pending.put_back_rows(worker.rows.take_unstarted())
                    if worker.rows or pending:
                        # Before the answers are yielded, so that the child need not wait for that.
                        self._request_ahead(worker if worker.rows else self._begin_row(worker, batch, pending), pending)
                    else:
                        idle.append(worker)
                    left -= len(found)
                    yield found
        finally:
            # If a batch was abandoned (Ctrl-C, an error), the children must not answer the next one with its rows.
            for worker in self._workers:
                worker.drop_rows()

    def prepare(self) -> bool:
        """Start the children that may work, and return whether all are ready; nothing is waited for.

        Raises:
            CannotEvaluate: No row can be evaluated.
        """
        try:
            # All are asked, so that all start.
            ready = [worker.prepare() for worker in self._workers[: self.most]]
            return all(ready)
        except ProcessEnded as error:
            raise CannotEvaluate(f"a child process {error}.") from None

    def close(self) -> None:
        """Kill the child processes and all processes that they started."""
        for worker in self._workers:
            worker.kill()
        self._protocol.close()

    def _begin_row(self, worker: Worker, batch: Batch, pending: RowQueue) -> Worker:
        """Give an idle worker its next row, and return the worker."""
        worker.begin_row(batch, pending.take_rows(1)[0])
        return worker

    def _request_ahead(self, worker: Worker, pending: RowQueue) -> None:
        """Request more rows from a busy worker that has few left, if rows are requested ahead."""
        if left := len(pending):
            depth = self._prefetch.prefetch_depth(left, len(self._workers))
            if 2 * len(worker.rows) <= depth and worker.accepts_more:
                worker.request_more(*pending.take_rows(depth - len(worker.rows)))
        self._earliest_deadline = min(self._earliest_deadline, worker.clock.deadline)

    def _wait_for_workers(self, pending: RowQueue) -> list[Worker]:
        """Wait until workers have output or have passed their deadline, and return those of them that have rows."""
        pause = self._prefetch.pause_seconds(len(pending), len(self._workers))
        if pause:
            interrupts.call(time.sleep, pause)
        left = self._earliest_deadline - time.monotonic()
        timeout = None if self._earliest_deadline == math.inf else min(max(0.0, left), LONGEST_PAUSE)
        # A child may be ready on two pipes.
        ready_workers = dict.fromkeys(key.data for key, _ in interrupts.call(self._selector.select, timeout))
        now = time.monotonic()
        if now >= self._earliest_deadline:
            ready_workers |= dict.fromkeys(worker for worker in self._workers if worker.clock.deadline <= now)
            self._earliest_deadline = min(
                (worker.clock.deadline for worker in self._workers if worker.clock.deadline > now), default=math.inf
            )
        for worker in ready_workers:
            if not worker.rows:
                worker.unwatch()
        return [worker for worker in ready_workers if worker.rows]
