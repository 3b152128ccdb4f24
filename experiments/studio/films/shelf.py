"""The results that a studio lists: directories with a finished or growing log, and the runs in them."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ....orchestrator.log.log import LogError
from ....orchestrator.log.reader import LogReader
from ....orchestrator.log.regular_files import LOG_PARTS

MOST_RESULTS = 200
"""Maximum number of results listed from a folder; the latest are chosen."""


def never_ended() -> bool:
    """Return False: the default for a studio that has not started a process."""
    return False


@dataclass(frozen=True)
class ResultsIndex:
    """An index of results: ``given_directories`` first, then those in ``folder`` that hold a log, the latest first.

    A page refers to them by key, so that it cannot ask for other directories. No link is followed out of ``folder``.
    """

    given_directories: tuple[Path, ...] = ()
    folder: Path | None = None
    ended: Callable[[], bool] = never_ended
    """Returns whether the process that was started for a run in one of ``given_directories`` has ended."""

    def directories(self) -> dict[str, Path]:
        """Find the directories now; return them by key."""
        found = [path.resolve() for path in self.given_directories]
        if self.folder is not None and self.folder.is_dir():
            inside = [log for log in self.folder.glob("*/log.sqlite") if _stays_inside(self.folder, log)]
            logs = sorted(inside, key=_modification_time, reverse=True)
            found += [log.parent.resolve() for log in logs[:MOST_RESULTS]]
        keys: dict[str, Path] = {}
        for path in dict.fromkeys(found):
            # Directories in different folders may have the same name: number the second and later ones.
            name = key = _readable_name(path.name)
            number = 2
            while key in keys:
                key, number = f"{name}~{number}", number + 1
            keys[key] = path
        return keys

    def describe_results(self, directories: Mapping[str, Path]) -> list[dict[str, Any]]:
        """Describe each of the ``directories`` for the page: its runs, or the error that keeps it from being read."""
        return [{"key": key, **_describe_directory(path, self.ended())} for key, path in directories.items()]


def _stays_inside(folder: Path, log: Path) -> bool:
    """Return whether no link leads from a results directory, or from what is read in it, out of a folder."""
    read = (log, log.with_name("experiment.yaml"), *(Path(f"{log}{part}") for part in LOG_PARTS))
    try:
        root = folder.resolve()
        return all(path.resolve().is_relative_to(root) for path in read)
    except (OSError, RuntimeError):
        # A link may lead to itself.
        return False


def _readable_name(name: str) -> str:
    """Return a file's name as valid text for a URL, even if it is not UTF-8."""
    return name.encode(errors="surrogateescape").decode(errors="replace")


def _modification_time(log: Path) -> float:
    try:
        return max(path.stat().st_mtime for path in (log, Path(f"{log}-wal")) if path.exists())
    except (OSError, ValueError):
        return 0.0


def _describe_directory(directory: Path, over: bool) -> dict[str, Any]:
    try:
        with LogReader(directory) as reader:
            ended, begun, alive = reader.stopped_run_ids(), reader.begun_run_ids(), is_writer_alive(reader)
            runs = [
                {
                    "run": run.id, "strategy": run.strategy, "landscape": run.landscape, "repeat": run.repeat,
                    "team": len(run.settings["team"]), "state": run_state(run.id in ended, alive, run.id in begun),
                }
                for run in reader.runs()
            ]  # fmt: skip
    except LogError as error:
        if (directory / "log.sqlite").exists():
            return {"runs": [], "error": str(error), "waiting": False}
        why = "The run ended before it found anything. The reason was printed in the terminal of the studio."
        return {"runs": [], "error": why if over else str(error), "waiting": not over}
    if runs or alive:
        return {"runs": runs, "error": None, "waiting": not runs}
    return {"runs": [], "error": f"{directory} holds no run: its process ended before it began one.", "waiting": False}


def run_state(ended: bool, alive: bool, begun: bool = True) -> str:
    """Return the state of a run: "done", "running", "waiting" (not begun), or "unfinished" (its writer has ended)."""
    if ended:
        return "done"
    return "unfinished" if not alive else "running" if begun else "waiting"


def is_writer_alive(reader: LogReader) -> bool:
    """Return whether the process that last wrote a log may still be alive; True if it runs on another machine."""
    sessions: Sequence[Any] = reader.sessions
    if not sessions or sessions[-1].host != socket.gethostname():
        return True
    try:
        os.kill(sessions[-1].pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
