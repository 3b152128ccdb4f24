"""Verifies that the log of an experiment is consistent, run by run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields
from pathlib import Path

from ...agents.leases.ledger import ReplayError
from ...landscapes.ambient import set_ambient_state_aside
from ...orchestrator.log.reader import LogReader
from ...orchestrator.loop.audit import InvalidDecision
from ...orchestrator.verify import VerificationResult, verify_run
from ..spec.load import load
from .plan import make_plan
from .results_directory import experiment_file


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
    """

    path: Path
    runs: int = 0
    unfinished: int = 0
    totals: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

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
            parts += [f"{t['out']:,} out"] if t["out"] else []
            lines.append(f"Granted {t['granted']:,} evaluations = {' + '.join(parts)}.")
        if self.unfinished:
            verb = "has" if self.unfinished == 1 else "have"
            lines.append(f"{format_count(self.unfinished, 'run')} {verb} not ended: searchparty resume {self.path}")
        lines += self.unknown
        if self.problems:
            verb = "does" if len(self.problems) == 1 else "do"
            lines.append(f"{format_count(len(self.problems), 'run')} {verb} NOT follow from the log.")
        return "\n".join(lines)


def format_count(number: int, noun: str) -> str:
    """Format a number with its noun: "1 run", "1,200 runs"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def verify_results(directory: Path | str) -> Verification:
    """Replay every run of a results directory without evaluating anything.

    Raises:
        ResultsError: If the directory has no experiment.yaml.
        SpecError: If the YAML cannot be loaded.
        LogError: If the log cannot be read.
    """
    directory = Path(directory)
    planned = make_plan(load(experiment_file(directory)))
    known = {run.id: run for run in planned.runs}
    found = Verification(directory)
    with LogReader(directory) as reader, set_ambient_state_aside():
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
