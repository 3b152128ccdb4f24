"""Works out in Python, without the page, what the page must show of a run's log."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from sights import number

from searchparty.experiments.animation.replay import Replay, build_replay, time_order
from searchparty.experiments.results.accounts import leases_table
from searchparty.experiments.results.recorded_runs import RunData, read_runs
from searchparty.orchestrator.state.lease_table import fold_leases


@dataclass(frozen=True)
class Account:
    """A run, and its points in the order of logical time."""

    run: RunData
    replay: Replay

    @cached_property
    def leases(self) -> list[dict]:
        return leases_table(self.run).rows()

    @cached_property
    def _order(self) -> tuple[np.ndarray, np.ndarray]:
        seconds = self.run.settings["landscape"]["seconds"]
        entries = {entry.lease.id: entry for entry in fold_leases(self.run.events, seconds)}
        return time_order(self.run, entries, seconds)

    def head(self, evaluations: int) -> int:
        """Return how many points exist when this many evaluations are spent."""
        return self.replay.points_at(evaluations)

    def drawn(self, evaluations: int) -> int:
        """Return the same number, including the point that is being paid for."""
        head = self.head(evaluations)
        return head + (head < len(self.replay.spent) and self.replay.spent_at(head) < evaluations)

    def numbers(self, evaluations: int) -> str:
        """Return the best loss and the number of failed evaluations, in the page's words."""
        failed = int(np.isinf(self.replay.losses[: self.head(evaluations)]).sum())
        lost = f"; {failed} evaluation{'s' if failed > 1 else ''} failed" if failed else ""
        best = self.replay.best_at(self.head(evaluations))
        if best is None:
            return f"No finite loss yet{lost}"
        loss, minimum = float(self.replay.losses[best]), self.run.minimum
        gap = "" if minimum is None else f" ({number(max(0.0, loss - minimum))} above the minimum)"
        return f"Best loss {number(loss)}{gap}, found by {self.run.team[self.replay.agent[best]]}{lost}"

    def spent(self, evaluations: int) -> list[int]:
        """Return how many evaluations each agent has spent."""
        return [int(n) for n in self.replay.shares_at(self.head(evaluations))[0]]

    def decisions(self, evaluations: int) -> list[str]:
        """Return the leases granted by then as the page lists them, latest first."""
        head = self.head(evaluations)
        order, times = self._order
        over = head == len(order) and self.run.stopped is not None
        now = np.inf if over else float(times[order][head - 1]) if head else 0.0
        said = [
            f"{row['agent']}: {row['budget']} evaluations within radius {number(row['radius'])}. {row['reason']}"
            for row in self.leases
            if row["starts"] <= now
        ]
        return said[::-1][:60]

    def point(self, index: int) -> dict:
        """Return agent, lease, row, loss and the reason of the lease, for the point at a position in time."""
        points, row = self.run.points, self._order[0][index]
        lease = int(points.lease[row])
        return {
            "agent": self.run.team[points.agent[row]],
            "lease": lease,
            "row": int(points.row[row]),
            "loss": float(points.losses[row]),
            "reason": next(each["reason"] for each in self.leases if each["lease"] == lease),
            "cube": points.cube[row],
        }


def accounts_of(directory: Path) -> dict[str, Account]:
    """Return the accounts of the runs of a results directory, by strategy and landscape."""
    return {f"{run.strategy} on {run.landscape}": Account(run, build_replay(run)) for run in read_runs(directory)}
