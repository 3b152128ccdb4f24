"""Shows the progress and the remarks of a run in a Jupyter notebook, where nothing else would be seen of it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from html import escape
from typing import Any

from ..orchestrator.run_spec import RunSpec
from .execution.watcher import RunStatus, Watcher

UPDATE_SECONDS = 0.5
MOST_LINES = 8
"""The most runs in progress that are shown, each on a line."""


class NotebookProgress:
    """Shows a bar for all runs and a line for each run in progress, in one output that is updated in place.

    Args:
        show: Shows this object; the result's ``update`` shows it anew (``IPython.display.display``).
        total: Number of runs.
    """

    def __init__(self, show: Callable[..., Any], total: int) -> None:
        self._total, self._done, self._failed = total, 0, 0
        self._runs: dict[str, tuple[RunSpec, RunStatus]] = {}
        self._shown_at = time.monotonic()
        self._show = show
        self._output: Any = None

    def on_run_begin(self, planned: RunSpec, run: RunStatus) -> None:
        """Add the line of a run."""
        self._runs[planned.id] = (planned, run)
        if self._output is None:
            self._output = self._show(self, display_id=True)
        self._update()

    def on_run_step(self, run: str) -> None:
        """Update the lines, if the last update is some time ago."""
        self._update()

    def on_run_end(self, run: str, error: Exception | None) -> None:
        """Count a run that has ended, and remove its line."""
        self._done += 1
        self._failed += error is not None
        self._runs.pop(run, None)
        self._update(self._done == self._total)

    def _update(self, at_once: bool = False) -> None:
        if self._output is not None and (at_once or time.monotonic() - self._shown_at >= UPDATE_SECONDS):
            self._shown_at = time.monotonic()
            self._output.update(self)

    def _lines(self) -> list[str]:
        failed = f", {self._failed} failed" if self._failed else ""
        shown = list(self._runs.values())[:MOST_LINES]
        return [f"{self._done} of {self._total} runs have ended{failed}"] + [_describe_run(*each) for each in shown]

    def __repr__(self) -> str:
        return "\n".join(self._lines())

    def _repr_html_(self) -> str:
        bar = f'<progress value="{self._done}" max="{self._total}"></progress> '
        return bar + "<br>".join(map(escape, self._lines()))


def _describe_run(planned: RunSpec, run: RunStatus) -> str:
    best = "no finite loss yet" if run.incumbent is None else f"best {run.incumbent.loss:.6g}"
    place = f"{planned.strategy} on {planned.landscape.label}, repeat {planned.repeat}"
    return f"{place}: {run.spent:,} of {run.budget:,} evaluations, {best}"


def open_notebook_watcher(total: int) -> Watcher | None:
    """Return a watcher that shows the progress of this number of runs in a notebook; None outside notebooks."""
    if not is_notebook():
        return None
    from IPython.display import display

    return NotebookProgress(display, total)


def print_in_notebook(line: str) -> None:
    """Print a remark for the user in a notebook; elsewhere a program that wants remarks asks for them."""
    if is_notebook():
        sys.stdout.write(f"{line}\n")


def is_notebook() -> bool:
    """Return whether this process is the kernel of a notebook."""
    shell = sys.modules.get("IPython")
    found = None if shell is None else shell.get_ipython()
    return getattr(found, "kernel", None) is not None
