"""Shows the progress of a session: as bars on a terminal, or else as plain lines."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from ....orchestrator.run_spec import RunSpec
from ...execution.watcher import RunStatus


def planned_run_title(planned: RunSpec) -> str:
    """Describe a run in a few words, for the progress."""
    return f"{planned.strategy} on {planned.landscape.label}, repeat {planned.repeat}"


def format_best_loss(run: RunStatus) -> str:
    """Describe the best loss so far."""
    return "no finite loss yet" if run.incumbent is None else f"best {run.incumbent.loss:.6g}"


class ProgressLines:
    """Prints a line every few seconds, however many runs begin and end in between, and one at the end.

    It is for pipes and logs, which keep every line.
    """

    EVERY_SECONDS = 5.0

    def __init__(self, console: Console, total: int) -> None:
        self._console, self._total = console, total
        # A run may be worked in stages, each of which it ends.
        self._done, self._failed = set[str](), set[str]()
        self._runs: dict[str, tuple[RunSpec, RunStatus]] = {}
        self._printed_at = time.monotonic()

    def __enter__(self) -> ProgressLines:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if error is None and self._done:
            # A race whose time is over leaves some of them.
            what = "all runs have ended" if len(self._done) >= self._total else "the other runs have not ended"
            self._console.print(f"[{self._counts}] {what}", soft_wrap=True)

    def on_run_begin(self, planned: RunSpec, run: RunStatus) -> None:
        self._runs[planned.id] = (planned, run)

    def on_run_step(self, run: str) -> None:
        self._print_if_due(run, "at")

    def on_run_end(self, run: str, error: Exception | None) -> None:
        self._done.add(run)
        if error is not None:
            self._failed.add(run)
        self._print_if_due(run, "done after" if error is None else f"FAILED ({error}) after")
        self._runs.pop(run, None)

    def _print_if_due(self, key: str, what: str) -> None:
        if time.monotonic() - self._printed_at < self.EVERY_SECONDS or key not in self._runs:
            return
        planned, run = self._runs[key]
        self._printed_at = time.monotonic()
        line = f"{planned_run_title(planned)}: {what} {run.spent} of {run.budget} evaluations, {format_best_loss(run)}"
        self._console.print(f"[{self._counts}] {line}", soft_wrap=True)

    @property
    def _counts(self) -> str:
        return f"{len(self._done)}/{self._total}" + (f", {len(self._failed)} failed" if self._failed else "")


class _LossColumn(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(task.fields["loss"], style="cyan")


class ProgressBars:
    """Shows one bar for each run in progress and one for all runs, on a terminal."""

    def __init__(self, console: Console, total: int) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            _LossColumn(),
            TimeRemainingColumn(),
            console=console,
        )
        self._all = self._progress.add_task("runs", total=total, loss="")
        self._done = set[str]()
        self._runs: dict[str, tuple[TaskID, RunSpec, RunStatus]] = {}

    def __enter__(self) -> ProgressBars:
        # The bars appear with the first run: there may be none.
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, place: TracebackType | None
    ) -> None:
        self._progress.stop()

    def on_run_begin(self, planned: RunSpec, run: RunStatus) -> None:
        self._progress.start()
        known = self._runs.get(planned.id)
        task = (
            self._progress.add_task(planned_run_title(planned), total=run.budget, loss="")
            if known is None
            else known[0]
        )
        self._runs[planned.id] = (task, planned, run)

    def on_run_step(self, run: str) -> None:
        task, _, state = self._runs[run]
        self._progress.update(task, completed=state.spent, loss=format_best_loss(state))

    def on_run_end(self, run: str, error: Exception | None) -> None:
        self._done.add(run)
        self._progress.update(self._all, completed=len(self._done))
        if run not in self._runs:
            self._progress.console.print(f"run {run} failed: {error}", style="red")
            return
        task, planned, _ = self._runs.pop(run)
        self._progress.remove_task(task)
        if error is not None:
            self._progress.console.print(f"{planned_run_title(planned)} failed: {error}", style="red")
