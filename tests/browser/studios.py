"""Starts a studio as a separate process."""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

STOPS_WITHIN = 30.0


@dataclass(frozen=True)
class Studio:
    """An open studio: its address, the directory in which it was started, and its process."""

    address: str
    folder: Path
    process: subprocess.Popen[str]

    @property
    def results(self) -> Path:
        return self.folder / "results"

    def end(self) -> None:
        """Close it as Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(STOPS_WITHIN)


@contextlib.contextmanager
def studio_in(folder: Path, *arguments: str) -> Iterator[Studio]:
    """Start a studio with these arguments in a folder, and close it at the end."""
    command = [
        sys.executable,
        "-m",
        "searchparty.experiments.cli.main",
        "studio",
        *arguments,
        "--no-browser",
        "--port",
        "0",
    ]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        said = next((line for line in process.stdout if "is open at" in line), "")
        found = re.search(r"http://\S+", said)
        assert found is not None, f"the studio did not say where it is open: {said!r}"
        studio = Studio(found[0], folder, process)
        yield studio
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(STOPS_WITHIN)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        process.stdout.close()
