"""The feeds that pages have asked for, kept as long as somebody may ask for more."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path

from ...orchestrator.log import LogError
from .feed import Feed

MOST_FEEDS = 24


class Feeds:
    """The latest feeds, by directory and run. A log that was replaced by another has a new feed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[Path, int, str], Feed] = OrderedDict()

    def of(self, directory: Path, run: str) -> Feed:
        """The feed of a run. Raises KeyError for one that the log does not hold, LogError for a log that cannot be
        read."""
        key = (directory, _identity(directory / "log.sqlite"), run)
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        feed = Feed(directory, run)
        with self._lock:
            self._known[key] = feed
            while len(self._known) > MOST_FEEDS:
                self._known.popitem(last=False)
        return feed


def _identity(log: Path) -> int:
    try:
        return log.stat().st_ino
    except OSError as error:
        raise LogError(f"{log} cannot be read ({error.strerror}). Give the results directory of a run.") from None
