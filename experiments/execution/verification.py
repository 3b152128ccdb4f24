"""Verifies that the log of an experiment is consistent, run by run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from ...agents.leases.recorded_rows import ReplayError
from ...landscapes.ambient import set_ambient_state_aside
from ...orchestrator.command_line import format_command
from ...orchestrator.log.reader import LogReader
from ...orchestrator.loop.audit import InvalidDecision
from ...orchestrator.verify import VerificationResult, verify_run
from .compatibility import user_file_differences
from .fingerprint import environment_fingerprint
from .plan import Plan, make_plan
from .trust.recorded_experiment import load_recorded
from .watcher import Remark


@dataclass
class Verification:
    """The result of verifying all runs of a results directory.

    Attributes:
        path: The results directory.
        runs: The number of runs that were replayed without a problem.
        unfinished: The number of those that have not ended.
        totals: Sums over these runs of the counts in ``VerificationResult``: decisions, points, granted evaluations ...
        problems: For each run that does not follow from the log, one line that says what does not.
        unknown: One line for each run that the YAML does not plan any more, so that it cannot be replayed.
        changed: One line for each way in which the user's files differ from those of a session that wrote the log. A
            replay evaluates nothing, so it does not notice when they give other losses.
    """

    path: Path
    runs: int = 0
    unfinished: int = 0
    totals: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)

    def add_run(self, found: VerificationResult) -> None:
        """Add the result of one run."""
        self.runs += 1
        self.unfinished += not found.finished
        self.totals.update({f.name: int(getattr(found, f.name)) for f in fields(found) if f.name != "finished"})

    def describe(self) -> str:
        """Summarise the result in a few lines."""
        t = self.totals
        lines = [
            f"{self.path}: {format_count(self.runs, 'run')}, {format_count(t['decisions'], 'decision')}, "
            + format_count(t["points"], "point")
            + (" follow from the log." if self.runs else ".")
        ]
        if self.runs:
            parts = [f"{t['spent']:,} spent", f"{t['returned']:,} returned"]
            parts += [f"{t['out']:,} in leases that have not ended"] if t["out"] else []
            lines.append(f"Granted {t['granted']:,} evaluations = {' + '.join(parts)}.")
        if t["evaluated_again"]:
            again = format_count(t["evaluated_again"], "gradient")
            lines.append(f"Evaluated again, without charge: {again} that the log does not keep.")
        if self.unfinished:
            verb = "has" if self.unfinished == 1 else "have"
            lines.append(
                f"{format_count(self.unfinished, 'run')} {verb} not ended. "
                f"Resume with: {format_command('resume', self.path)}"
            )
        lines += self.unknown
        if self.changed:
            lines.append(
                "Your files have changed since the log was written: they may give other losses than the recorded ones."
            )
        if self.problems:
            verb = "does" if len(self.problems) == 1 else "do"
            lines.append(f"{format_count(len(self.problems), 'run')} {verb} NOT follow from the log.")
        return "\n".join(lines)


def format_count(number: int, noun: str) -> str:
    """Format a number with its noun: "1 run", "1,200 runs"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def verify_results(directory: Path | str, trust: bool = False, remark: Remark = lambda _: None) -> Verification:
    """Replay every run of a results directory. Nothing is evaluated but gradients that the log does not keep.

    Args:
        directory: The results directory.
        trust: Whether to sign it first, so that agents, policies and landscapes of a user that it names may be run.
        remark: Receives a remark if it cannot be signed.

    Raises:
        ResultsError: If the directory has no experiment.yaml, or names code of a user and is not signed by this user.
        SpecError: If the YAML cannot be loaded.
        LogError: If the log cannot be read.
    """
    directory = Path(directory)
    planned = make_plan(load_recorded(directory, trust, remark))
    known = {run.id: run for run in planned.runs}
    found = Verification(directory)
    now = environment_fingerprint(planned.runs)
    with LogReader(directory) as reader, set_ambient_state_aside():
        reader.check()
        found.changed = list(_changed_files(planned, now, reader))
        for record in reader.runs():
            name = f"run {record.id} ({record.strategy} on {record.landscape}, repeat {record.repeat})"
            if record.id not in known:
                found.unknown.append(f"{name} is no longer planned by experiment.yaml, and cannot be replayed.")
                continue
            try:
                found.add_run(verify_run(known[record.id], reader))
            except (ReplayError, InvalidDecision) as error:
                found.problems.append(f"{name}: {error}")
    return found


def _changed_files(planned: Plan, now: dict[str, Any], reader: LogReader) -> Iterator[str]:
    """Yield how the user's files differ from those of the sessions that wrote a log, one line per difference."""
    wrote = [session.environment for session in reader.sessions] or [reader.meta["environment"]]
    found: dict[str, list[int]] = {}
    for number, before in enumerate(wrote, 1):
        for line in user_file_differences(planned, now, before):
            found.setdefault(line, []).append(number)
    for line, numbers in found.items():
        which = "" if len(numbers) == len(wrote) else f" (session {', '.join(map(str, numbers))} of {len(wrote)})"
        yield f"{line} since the log was written{which}"
