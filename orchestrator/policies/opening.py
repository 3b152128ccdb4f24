"""The first part of a party: one local solver alone, for as long as it falls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..state.member import Member
from ..state.run import Run

STALL_LEASES = 6
"""Latest leases of a member that tell whether it stalls."""
MOST_RESTARTS = 5
"""Most times that an opener starts once more from its own minimum."""


def members_named(run: Run, name: str) -> tuple[Member, ...]:
    """The members of this name, or numbered after it ("slsqp-2"), in team order."""
    return tuple(m for m in run.members.values() if m.name == name or _is_numbered(m.name, name))


def _is_numbered(name: str, stem: str) -> bool:
    return name.startswith(f"{stem}-") and name[len(stem) + 1 :].isdigit()


@dataclass(frozen=True, slots=True)
class Opening:
    """What the opener still does before all others have their turn. ``lease`` in evaluations."""

    run: Run
    opener: Member
    openers: tuple[Member, ...]
    """The opener and those numbered after it."""
    waiting_members: tuple[Member, ...]
    """The members that wait for it."""
    lease: int
    stall: float

    @property
    def on(self) -> bool:
        """Whether the opener goes first: until it has converged, and did so again from there, or stalls."""
        opener = self.opener
        if opener.leases == 0:
            return opener.idle
        if self.run.concurrency == 1 and any(m.leases for m in self.waiting_members):
            return False
        if opener.needs_fresh:
            return self.opener_restarts
        if self.run.concurrency > 1 and self.minima_found > 1:
            return False
        return not has_stalled(opener, self.stall)

    @property
    def opener_restarts(self) -> bool:
        """Whether the opener, converged, starts once more from its minimum: after its first search; and, if it is
        alone, after each later one that was long, as a long search may have stopped short of the minimum."""
        if self.opener.converged is None or self.opener.failed is not None or not self.minima_found:
            return False
        long = self.opener.episode_spent >= self.lease
        return self.minima_found == 1 or (self.minima_found <= MOST_RESTARTS and long and self.run.concurrency == 1)

    @property
    def minima_found(self) -> int:
        """Local minima that the opener has handed in."""
        return sum(name == self.opener.name for name, _ in self.run.minima)


def has_stalled(member: Member, stall: float) -> bool:
    """Whether a member's last two leases gained next to nothing beside the least of the four before."""
    losses = np.minimum.accumulate(member.bests)[-STALL_LEASES - 1 :]
    if len(losses) < STALL_LEASES or not np.isfinite(losses).all():
        return False
    gains = -np.diff(losses)
    return bool(gains[-2:].sum() <= stall * gains[:-2].min())
