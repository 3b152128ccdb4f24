"""A cache of the feeds that pages have asked for recently."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path

from ....orchestrator.log.reader import LogReader
from .feed import Feed

MOST_FEEDS = 24

LogIdentity = tuple[int | str, ...]


class FeedCache:
    """The most recently used feeds, by directory and run. A log that replaces another gets a new feed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._feeds: OrderedDict[tuple[Path, LogIdentity, str], Feed] = OrderedDict()

    def get_feed(self, directory: Path, run: str) -> Feed:
        """Return the feed of a run. Raises KeyError if the log does not hold it, LogError if the log cannot be read."""
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
    """Return what distinguishes a log from another at the same path: its inode and its first session.

    The inode alone is not enough, because file systems reuse the numbers of removed files.
    """
    with LogReader(directory) as reader:
        first = [(session.started, session.host, session.pid) for session in reader.sessions[:1]]
        return reader.path.stat().st_ino, *(first[0] if first else ())
