"""The recorder, which writes events to the log, or compares them with those that are already recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar, cast

from ...agents.leases.recorded_rows import ReplayError
from ..log.codec import format_event, is_same_event
from ..log.log import Log
from ..state.advance import advance
from ..state.events import Event
from ..state.run import Run

AnyEvent = TypeVar("AnyEvent", bound=Event)


class Recorder:
    """Writes events to the log and folds them into the run.

    As long as the log holds events of an earlier session, each new event is compared with the recorded one instead of
    being written.

    Args:
        run: The state of the run before its first event.
        log: The run's log.
        follower: Is told of each event, if it has a method ``observe``: a policy that is worked in another process.
    """

    def __init__(self, run: Run, log: Log, follower: object = None) -> None:
        self.run, self._log = run, log
        self._observe: Callable[[Event], None] | None = getattr(follower, "observe", None)
        self._recorded_events: Iterator[Event] = iter(log.events())
        self._next = next(self._recorded_events, None)

    @property
    def next_recorded(self) -> Event | None:
        """The next recorded event of an earlier session; None if none is left."""
        return self._next

    def write(self, event: AnyEvent) -> AnyEvent:
        """Append an event to the log, or check that it equals the recorded one; then fold it into the run.

        Returns:
            The event as the log has it, which was folded: its long vectors need no memory of their own.

        Raises:
            ReplayError: If the event differs from the recorded one. The message shows both.
        """
        if self._next is None:
            stored = self._log.append(event)
        else:
            stored = self._next
            if not is_same_event(stored, event):
                known, now = map(format_event, (stored, event))
                raise ReplayError(
                    f"run {self.run.id}: the log has {known}, but the replay gives {now}. The code, the settings or a "
                    "library changed since the log was written; run the experiment again into a new directory."
                )
            self._next = next(self._recorded_events, None)
        advance(self.run, stored)
        if self._observe is not None:
            self._observe(stored)
        return cast(AnyEvent, stored)
