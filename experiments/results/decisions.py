"""How the budget of a run was shared, when a policy changed that, why, and what it led to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...landscapes.landscape import Array
from .accounts import leases_table
from .agent_account import rank_gains
from .recorded_runs import RunData
from .table import Table

WINDOWS = 24
"""The most parts of a run for which shares are computed."""
LEASES_PER_WINDOW = 2
"""The fewest leases of a window, for each agent: with fewer, agents that take turns would seem to gain and lose."""
NOTABLE_CHANGE = 0.1
"""A change of an agent's share by more than this is notable."""


@dataclass(frozen=True, slots=True)
class ShareChange:
    """A notable change of the share of the budget that an agent gets.

    Attributes:
        evaluations: The evaluations that the run had spent before it.
        agent: The agent.
        before: Its share before, 0 to 1.
        after: Its share afterwards.
        lease: The first lease of the agent after the change.
        reason: The reason that the policy gave for that lease; "" if the agent got none.
        gain: What the agent's points gained until the next window (``rank_gains``).
        best_before: The best loss of the run before the change.
        best_after: The best loss at the end of the window that it began.
    """

    evaluations: int
    agent: str
    before: float
    after: float
    lease: int | None
    reason: str
    gain: float
    best_before: float
    best_after: float

    def describe(self, short: bool = False) -> str:
        """Return the change in words, with the reason and what it led to.

        Args:
            short: Whether to tell only the first part of the reason, which is about the budget, and not whose points
                led to what followed.
        """
        moved = f"{self.agent} gets {100 * self.after:.0f} % of the budget instead of {100 * self.before:.0f} %"
        reason = self.reason.partition("; ")[0] if short else self.reason
        why = f": {reason}" if reason else ""
        own = ", by its own points too" if self.gain > 0 and self.best_after < self.best_before and not short else ""
        return f"After {self.evaluations:,} evaluations, {moved}{why}. {self._describe_effect()}{own}."

    def _describe_effect(self) -> str:
        start, end = (f"{loss:.4g}" for loss in (self.best_before, self.best_after))
        if self.best_after >= self.best_before:
            return "The best loss stayed as it was"
        if np.isinf(self.best_before):
            return f"No loss had been finite until then, and the best was soon {end}"
        if start == end:
            return f"The best loss fell by {self.best_before - self.best_after:.2g}, from {start}"
        return f"The best loss fell from {start} to {end}"


@dataclass(frozen=True, slots=True)
class Shares:
    """The share of the evaluations that each agent got, over a run.

    Attributes:
        edges: The evaluations between the windows, shape (windows + 1,), from 0 to all.
        shares: The share of each agent in each window, shape (agents, windows).
        changes: The notable changes, in order.
    """

    edges: Array
    shares: Array
    changes: tuple[ShareChange, ...]

    def most_important(self, count: int = 3) -> list[ShareChange]:
        """Return the changes that gained most for the team, in order; those that only gave an agent more."""
        raised = [change for change in self.changes if change.gain > 0 and change.after > change.before]
        chosen = sorted(raised, key=lambda change: -change.gain)[:count]
        return [change for change in raised if change in chosen]


def share_budget(run: RunData) -> Shares:
    """Compute the share of the budget that each agent of a run got, and the notable changes."""
    leases = [row for row in leases_table(run).rows() if row["collected_at"] is not None and row["charged"]]
    total = max((row["collected_at"] for row in leases), default=0)
    count = max(1, min(WINDOWS, len(leases) // (LEASES_PER_WINDOW * len(run.team))))
    edges: Array = np.unique(np.round(np.linspace(0, total, count + 1)))
    if total == 0:
        return Shares(np.zeros(1), np.zeros((len(run.team), 0)), ())
    spent = np.zeros((len(run.team), len(edges) - 1))
    for row in leases:
        low, high = row["collected_at"] - row["charged"], row["collected_at"]
        spent[run.team.index(row["agent"])] += np.clip(
            np.minimum(edges[1:], high) - np.maximum(edges[:-1], low), 0, None
        )
    shares = spent / np.maximum(spent.sum(axis=0), 1)
    return Shares(edges, shares, tuple(_find_changes(run, leases, edges, shares)))


def decisions_table(run: RunData) -> Table:
    """Make a table of the notable changes of the agents' shares of a run's budget, in order, with what they led to.

    Each row has the fields of a ``ShareChange``; ``important`` says whether it is one of the three that gained most for
    the team, and ``text`` is all of it in words.
    """
    shares = share_budget(run)
    important = shares.most_important()
    names = ("evaluations", "agent", "before", "after", "lease", "reason", "gain", "best_before", "best_after")
    rows = [(*(getattr(each, name) for name in names), each in important, each.describe()) for each in shares.changes]
    return Table.from_rows((*names, "important", "text"), rows)


def _find_changes(run: RunData, leases: Sequence[dict[str, Any]], edges: Array, shares: Array) -> list[ShareChange]:
    rows, gains = run.record_rows, rank_gains(run)
    record_at, setters = run.spent[rows], run.points.agent[rows]
    best = run.best_at(edges.astype(np.int64))
    found = []
    for window in range(1, shares.shape[1]):
        begin, end = edges[window], edges[window + 1]
        for index, agent in enumerate(run.team):
            before, after = shares[index, window - 1 : window + 1].tolist()
            if abs(after - before) <= NOTABLE_CHANGE:
                continue
            mine = next((row for row in leases if row["agent"] == agent and begin < row["collected_at"]), None)
            given = mine if mine is not None and mine["collected_at"] - mine["charged"] < end else None
            within = (record_at > begin) & (record_at <= end) & (setters == index)
            found.append(ShareChange(
                int(begin), agent, before, after, None if given is None else given["lease"],
                "" if given is None else given["reason"], float(gains[within].sum()), float(best[window]),
                float(best[window + 1]),
            ))  # fmt: skip
    return found
