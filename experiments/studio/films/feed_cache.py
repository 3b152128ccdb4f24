"""The feeds that pages have asked for, kept as long as somebody may ask for more."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path

from ....orchestrator.log.reader import LogReader
from .feed import Feed

MOST_FEEDS = 24

LogIdentity = tuple[int | str, ...]


class FeedCache:
    """The latest feeds, by directory and run. A log that was replaced by another has a new feed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._feeds: OrderedDict[tuple[Path, LogIdentity, str], Feed] = OrderedDict()

    def get_feed(self, directory: Path, run: str) -> Feed:
        """The feed of a run. Raises KeyError for one that the log does not hold, LogError for a log that cannot be
        read."""
        key = (directory, _log_identity(directory), run)
        with self._lock:
            if key in self._feeds:
                self._feeds.move_to_end(key)
                return self._feeds[key]
        feed = Feed(directory, run)
        with self._lock:
            self._feeds[key] = feed
            while len(self._feeds) > MOST_FEEDS:
                self._feeds.popitem(last=False)
        return feed


def _log_identity(directory: Path) -> LogIdentity:
    """What tells a log from another of the same name: file systems give a new file an old one's number again."""
    with LogReader(directory) as reader:
        first = [(session.started, session.host, session.pid) for session in reader.sessions[:1]]
        return reader.path.stat().st_ino, *(first[0] if first else ())
