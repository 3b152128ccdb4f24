"""The runs of a results directory that are exported, and what is said of those that a format cannot hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from ...landscapes.landscape import Refusal
from ..results.recorded_runs import RunData, iterate_runs


class Misfit(NamedTuple):
    """Why a format cannot hold a run.

    Attributes:
        what: What it cannot hold, as the end of a sentence.
        cure: What to do, in a sentence.
    """

    what: str
    cure: str


def accept_all(run: RunData) -> Misfit | None:
    """Return None: the format holds every run."""
    return None


@dataclass
class ExportedRuns:
    """The runs of a results directory that are exported to one format.

    Attributes:
        directory: The results directory.
        format: The name of the format.
        skip: Whether runs that the format cannot hold are left out; if not, the first of them ends the export.
        remark: Receives a line for each run that is left out.
        count: How many runs were exported so far.
    """

    directory: Path
    format: str
    skip: bool = False
    remark: Callable[[str], None] = lambda _: None
    count: int = field(default=0, init=False)

    def iterate(self, check: Callable[[RunData], Misfit | None] = accept_all) -> Iterator[RunData]:
        """Yield the runs that have points and that the format holds, one at a time. The log may still be growing.

        Args:
            check: Says why the format cannot hold a run; None if it can.

        Raises:
            LogError: If the log cannot be read.
            Refusal: If the format cannot hold a run (unless ``skip``), or no run is left.
        """
        waiting = 0
        for run in iterate_runs(self.directory, pictured=False):
            if not len(run.points.losses):
                waiting += 1
                continue
            misfit = check(run)
            if misfit is None:
                self.count += 1
                yield run
            elif self.skip:
                self.remark(f"Left out: {_describe_misfit(self.format, run, misfit)}")
            else:
                raise Refusal(
                    f"{_describe_misfit(self.format, run, misfit)}. {misfit.cure} With --skip, such runs are left out."
                )
        if waiting:
            self.remark(f"Left out: {waiting:,} run{'s' * (waiting > 1)} without any collected evaluation.")
        if not self.count:
            raise Refusal(
                f"results must have a run that {self.format} can hold, got none in {self.directory}. "
                "Export again when leases have ended, or to another format."
            )


def _describe_misfit(format: str, run: RunData, misfit: Misfit) -> str:
    where = f"{run.strategy} on {run.landscape}, repeat {run.repeat}"
    return f"{format} cannot hold run {run.id} ({where}): {misfit.what}"


def check_coordinates(run: RunData) -> Misfit | None:
    """Return a misfit if the log does not have the coordinates of all points of a run."""
    if run.points.whole is None:
        return None
    missing = len(run.points.losses) - len(run.points.whole)
    what = f"its log keeps digests of {missing:,} points in place of their coordinates"
    return Misfit(what, "Run it with `log: {keep: all}`, or export to parquet.")
