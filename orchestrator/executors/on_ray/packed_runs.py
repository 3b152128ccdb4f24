"""Works a whole run in one actor, and writes what the actor sends to the log. Many such runs are worked in parallel."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Generator
from dataclasses import dataclass, field

from ....agents.agent import Incumbent, LeaseTiming
from ...log.log_file import RunLog
from ...run_spec import RunSpec
from ..messages import raise_sent_error
from ..packed import Chunk, RecordedLog
from .actor_pool import ActorPool
from .pickling import pickle_run


@dataclass(slots=True)
class RunProgress:
    """The progress of a run that is worked in an actor.

    Attributes:
        budget: The run's budget, in evaluations.
        spent: Evaluations charged so far.
        incumbent: The best point found so far.
        stopped: Why the run ended; None while it runs.
        halted: Why no more leases are granted, if a row without a loss is to stop the run; else None.
        evaluated_again: How many gradients were evaluated again because the log does not keep them.
    """

    budget: int
    spent: int = 0
    incumbent: Incumbent | None = None
    stopped: str | None = None
    halted: str | None = None
    evaluated_again: int = 0


@dataclass(slots=True)
class PackedRun:
    """A run that is worked whole in one actor.

    If the actor dies, the log has everything that the actor had sent, and the run can be continued from there.

    Attributes:
        planned: The run's specification.
        log: The run's log.
        pool: The actors.
        run_progress: The progress of the run, which is updated.
        budget: New budget of the run in evaluations, if that is more than it has; None: no change.
        died: Whether the actor died before the run ended.
    """

    planned: RunSpec
    log: RunLog
    pool: ActorPool
    run_progress: RunProgress
    budget: int | None = None
    died: bool = False
    _chunks: deque[Chunk | Exception] = field(default_factory=deque)
    _actor: int = 0
    """The number of the actor among those of all runs."""
    _called: float | None = None
    """When the run was handed to an actor that had yet to be started; None if it was there."""
    _timed: bool = False
    """Whether the time of a lease has come back from the actor."""
    _offset: float = math.inf
    """How far the clock of this process is ahead of the actor's, in seconds: the least that any chunk shows."""

    def drive(self) -> Generator[bool, None, None]:
        """Work the run until it ends or its actor dies.

        Yields:
            False each time the run waits, True after something has arrived.

        Raises:
            Exception: Whatever ends the run.
        """
        slot = self.pool.places.assign_run_slot()
        generation = slot.generation
        self._actor = self.pool.places.find_number(slot)
        self._called = time.monotonic() if slot.actor is None else None
        try:
            recorded = RecordedLog(self.log.events(), self.log.all_rows(), self.log.elapsed_seconds)
            arguments = (pickle_run(self.planned), recorded, self.budget)
            self.pool.call(slot, "drive", arguments, self, self.planned.id)
            while not self.died:
                while not self._chunks and not self.died:
                    yield False
                while self._chunks:
                    if self._write_chunk(self._chunks.popleft()):
                        return
                yield True
            self.pool.discard_actor(slot, generation)
        finally:
            self.pool.leave(slot)

    def receive_item(self, key: str, item: Chunk) -> None:
        """Receive a chunk. If the session is being stopped, nobody else will write it."""
        self._offset = min(self._offset, time.monotonic() - item.sent)
        self._chunks.append(item)
        while self.pool.draining and self._chunks:
            self._write_chunk(self._chunks.popleft())

    def handle_loss(self, key: str, error: Exception) -> None:
        """Note that the actor died."""
        self.died = True

    def handle_error(self, key: str, error: Exception) -> None:
        """Note the error that ended the run. The actor is alive."""
        if not self.pool.draining:
            self._chunks.append(error)

    def _write_chunk(self, chunk: Chunk | Exception) -> bool:
        """Write a chunk to the log, or raise the error. Returns whether it is the last chunk of the run."""
        if isinstance(chunk, Exception):
            raise_sent_error(chunk)
        for note in chunk.notes:
            if not isinstance(note, tuple):
                self.log.append(note)
            elif isinstance(note[0], str):
                self.log.append_event_text(*note)
            elif isinstance(note[1], LeaseTiming):
                self._add_timing(*note, chunk.begun)
            else:
                self.log.add_rows(*note)
        standing = self.run_progress
        standing.spent, standing.budget, standing.incumbent = chunk.spent, chunk.budget, chunk.incumbent
        standing.stopped, standing.halted = chunk.stopped, chunk.halted
        standing.evaluated_again += chunk.evaluated_again
        return chunk.last

    def _add_timing(self, lease: int, timing: LeaseTiming, begun: float) -> None:
        """Write where the time of a lease went, by the clock of this process: clocks of other machines differ.

        The first lease begins with the start of the actor, or where that was there, with the run.
        """
        since = self._offset + (timing.begun if self._timed else begun)
        if self._called is not None and not self._timed:
            since = self._called
        self._timed = True
        arrived = timing.arrived + self._offset
        self.log.add_timing(lease, timing._replace(begun=since, arrived=arrived, actor=self._actor))
