"""The first part of a party: one local solver searches alone, for as long as its loss falls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..state.member import Member
from ..state.run import Run

STALL_LEASES = 6
"""Number of a member's latest leases from which it is decided whether it stalls."""
MOST_RESTARTS = 5
"""Greatest number of times that an opener is restarted from its own minimum."""


def members_named(run: Run, name: str) -> tuple[Member, ...]:
    """Return the members of this name and those numbered after it ("slsqp-2"), in team order."""
    return tuple(member for member in run.members.values() if is_named(member, name))


def first_named(run: Run, name: str) -> Member | None:
    """Return the member of this name, or the first of those numbered after it; None if there is none."""
    return run.members.get(name) or next(iter(members_named(run, name)), None)


def is_named(member: Member, name: str) -> bool:
    """Return whether a member has this name, or one numbered after it."""
    stem, _, number = member.name.rpartition("-")
    return member.name == name or (stem == name and number.isdigit())


@dataclass(frozen=True, slots=True)
class Opening:
    """The state of the opening: whether the opener still has to search before all others get their turn.

    Attributes:
        run: The state of the run.
        opener: The member that opens.
        openers: The opener and the members numbered after it.
        waiting_members: The members that wait for the opener.
        lease: The usual length of a lease, in evaluations.
        stall: Threshold of ``has_stalled``.
    """

    run: Run
    opener: Member
    openers: tuple[Member, ...]
    waiting_members: tuple[Member, ...]
    lease: int
    stall: float

    @property
    def on(self) -> bool:
        """Whether the opener still goes first: until it has converged, and again when restarted from there, or stalls.

        With one lease at a time, the opening also ends as soon as a waiting member has had a lease.
        """
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
    def alone(self) -> bool:
        """Whether other members wait although lanes are free.

        They do where the opener uses more than half of the lanes, until it can be told whether it stalls. What they
        could find meanwhile is little, and on a cluster their processes would delay its own.
        """
        opener = self.opener
        if 2 * opener.lanes <= self.run.concurrency or opener.leases >= STALL_LEASES:
            return False
        return self.on or (opener.lease is not None and self.minima_found <= 1)

    @property
    def opener_restarts(self) -> bool:
        """Whether the opener, after it has converged, is restarted from its minimum.

        It is restarted after its first search. If it searches alone, it is also restarted after each later search
        that was long, as a long search may have stopped short of the minimum, at most ``MOST_RESTARTS`` times.
        """
        if self.opener.converged is None or self.opener.failed is not None or not self.minima_found:
            return False
        long = self.opener.episode_spent >= self.lease
        return self.minima_found == 1 or (self.minima_found <= MOST_RESTARTS and long and self.run.concurrency == 1)

    @property
    def minima_found(self) -> int:
        """Number of local minima that the opener has returned."""
        return sum(name == self.opener.name for name, _ in self.run.minima)


def has_stalled(member: Member, stall: float) -> bool:
    """Return whether a member's last two leases gained next to nothing compared to those before.

    Args:
        member: The member.
        stall: Fraction of the least gain of the four leases before (three, if it has had six leases only). A member
            that gained at most this in its last two leases together has stalled.

    Returns:
        Whether it has stalled; False if it has had fewer than six leases, or had no finite loss by the first of those
        that are compared.
    """
    losses = np.minimum.accumulate(member.bests)[-STALL_LEASES - 1 :]
    if len(losses) < STALL_LEASES or not np.isfinite(losses).all():
        return False
    gains = -np.diff(losses)
    return bool(gains[-2:].sum() <= stall * gains[:-2].min())
