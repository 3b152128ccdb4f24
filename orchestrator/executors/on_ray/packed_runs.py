"""Works a run whole in one actor, and writes what it hands on; many such runs go side by side."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from dataclasses import dataclass, field

from ....agents.agent import Incumbent
from ...log.log_file import RunLog
from ...run_spec import RunSpec
from ..packed import Chunk, RecordedLog
from .actor_pool import ActorPool
from .executor import pickle_run


@dataclass(slots=True)
class RunProgress:
    """How a run stands that is worked elsewhere."""

    budget: int
    spent: int = 0
    incumbent: Incumbent | None = None
    stopped: str | None = None
    halted: str | None = None


@dataclass(slots=True)
class PackedRun:
    """One run on its way. ``handle_loss`` tells, at the end, that its actor died: the log has what was handed on, and
    the run is to be gone on with from there."""

    planned: RunSpec
    log: RunLog
    pool: ActorPool
    run_progress: RunProgress
    budget: int | None = None
    """What the run's is extended to."""
    died: bool = False
    _chunks: deque[Chunk | Exception] = field(default_factory=deque)

    def drive(self) -> Generator[bool, None, None]:
        """Work it to its end: yields False whenever it waits, True after something has come."""
        slot = self.pool.places.assign_run_slot()
        generation = slot.generation
        try:
            recorded = RecordedLog(self.log.event_texts(), self.log.all_rows(), self.log.elapsed_seconds)
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
        """Something has arrived."""
        self._chunks.append(item)

    def handle_loss(self, key: str, error: Exception) -> None:
        """The actor died."""
        self.died = True

    def handle_error(self, key: str, error: Exception) -> None:
        """The actor lives, and the run could not go on."""
        self._chunks.append(error)

    def _write_chunk(self, chunk: Chunk | Exception) -> bool:
        """Write a chunk; whether it is the last one."""
        if isinstance(chunk, Exception):
            raise chunk
        for note in chunk.notes:
            if isinstance(note[0], int):
                self.log.add_rows(*note)
            else:
                self.log.append_event_text(*note)
        standing = self.run_progress
        standing.spent, standing.budget, standing.incumbent = chunk.spent, chunk.budget, chunk.incumbent
        standing.stopped, standing.halted = chunk.stopped, chunk.halted
        return chunk.last
