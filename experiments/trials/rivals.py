"""The rivals' part of a race: worked in a process of its own, beside the candidate's, and kept for later tries."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path
from types import TracebackType

from ...landscapes.landscape import Refusal
from ...orchestrator.log.log import LogError
from ..execution.fingerprint import environment_fingerprint
from ..execution.plan import make_plan
from ..execution.results_directory import write_atomically
from ..results.run_summary import RunSummary, read_summaries
from .race import make_rivals

FOLDER_NAME = re.compile(r"rivals-[0-9a-f]{8}")
RIVALS_YAML = "rivals.yaml"
ENDS_SECONDS = 5.0
"""The seconds that the process has to close its log after it was asked to end."""


class Rivals:
    """The runs of all rivals of a family.

    As a context, it works them in a process of its own, unless an earlier try has. They are worked anew when the code
    of this package, or of the libraries that decide their points, has changed.

    Args:
        folder: The folder of the tries, which exists.
        family: "agent" or "policy".
    """

    def __init__(self, folder: Path, family: str) -> None:
        self._experiment = make_rivals(family)
        self._folder = folder
        runs = make_plan(self._experiment).runs
        self.total = len(runs)
        said = {"yaml": self._experiment.to_yaml()} | environment_fingerprint(runs)
        key = sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()[:8]
        self.path = folder / f"rivals-{key}"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Rivals:
        if self._count_ended() < self.total:
            self._process = self._start()
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.terminate()
            try:
                process.wait(ENDS_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def wait(self, end: float) -> list[RunSummary]:
        """Return the runs that have ended, once all have, or at a time on the monotonic clock."""
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(max(0.0, end - time.monotonic()))
        self.__exit__(None, None, None)
        return [run for run in self._read() if run.stopped is not None]

    def _start(self) -> subprocess.Popen[bytes]:
        for each in self._folder.iterdir():
            if FOLDER_NAME.fullmatch(each.name) and each != self.path and each.is_dir() and not each.is_symlink():
                shutil.rmtree(each, ignore_errors=True)
        if self._read():
            words = ["resume", str(self.path)]
        else:
            shutil.rmtree(self.path, ignore_errors=True)
            write_atomically(self._folder / RIVALS_YAML, self._experiment.to_yaml())
            words = ["run", str(self._folder / RIVALS_YAML), "--out", str(self.path)]
        command = [sys.executable, "-m", f"{__package__.partition('.')[0]}.experiments.cli.main", *words, "--no-report"]
        silent = subprocess.DEVNULL
        return subprocess.Popen(command, stdin=silent, stdout=silent, stderr=silent)

    def _count_ended(self) -> int:
        return sum(run.stopped is not None for run in self._read())

    def _read(self) -> list[RunSummary]:
        try:
            return read_summaries(self.path)
        except (Refusal, LogError, OSError):
            return []
