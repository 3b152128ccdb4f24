"""Sharing choices: none, broadcast and ring.

They decide what an agent learns of the others' best points, and whether it is sent there.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from ...agents.agent import Incumbent
from ..state.member import Member
from ..state.run import Run
from .choices import SharedIncumbent, SharingChoice


class NoSharing(SharingChoice):
    """No sharing: an agent is told only its own best point.

    Use it as a baseline, to see what sharing is worth.
    """

    card: ClassVar[str] = (
        "Each agent searches around its own best point only. Agents stay apart and cannot help each other."
    )
    kind: Literal["none"] = "none"

    def choose_incumbent(self, run: Run, member: Member, rng: np.random.Generator) -> SharedIncumbent:
        return keep_own_best("none", member)


class Broadcast(SharingChoice):
    """Broadcast: every agent is sent to the best point that the team has found.

    Use it where one good region deserves the effort of the whole team. The agent that found the point is not sent
    there: it continues its present search, which may be a newer one.
    """

    card: ClassVar[str] = (
        "Every agent is sent to the best point that any agent has found. The whole party searches there, and "
        "elsewhere only when an agent starts again."
    )
    kind: Literal["broadcast"] = "broadcast"
    after: float = Field(0.0, ge=0, lt=1, description="Nothing is shared before this fraction of the budget is spent.")
    every: int = Field(1, ge=1, description="An agent is sent to the incumbent once in this many of its own leases.")

    def choose_incumbent(self, run: Run, member: Member, rng: np.random.Generator) -> SharedIncumbent:
        if run.spent < self.after * run.budget:
            return keep_own_best(f"broadcast: only after {self.after:.0%} of the budget", member)
        if member.leases % self.every:
            return keep_own_best(f"broadcast: every {self.every} leases", member)
        if run.incumbent is None or not is_better(run.incumbent, member.best):
            return keep_own_best("broadcast: nobody has better", member)
        return SharedIncumbent(run.incumbent, True, f"broadcast: {describe_incumbent(run.incumbent)}")


class Ring(SharingChoice):
    """A ring: an agent is sent to the best point of its left neighbour, if that is better than its own.

    Use it to share good points slowly, so that the team stays diverse. The left neighbour is the member before it in
    the team; that of the first member is the last.
    """

    card: ClassVar[str] = (
        "Each agent hears only of its left neighbour's best point. News travels slowly, so that the party stays "
        "spread out for longer."
    )
    kind: Literal["ring"] = "ring"

    def choose_incumbent(self, run: Run, member: Member, rng: np.random.Generator) -> SharedIncumbent:
        left = run.team[member.index - 1].best
        if left is None or not is_better(left, member.best):
            return keep_own_best("ring: left neighbour has no better", member)
        return SharedIncumbent(left, True, f"ring: {describe_incumbent(left)}, its left neighbour")


def is_better(one: Incumbent, other: Incumbent | None) -> bool:
    """Return whether a point is strictly better than another, or than none.

    Args:
        one: The point.
        other: The point that it is compared with; None if there is none.

    Returns:
        Whether its loss is lower.

    Example:
        >>> import numpy as np
        >>> one = Incumbent("a", lease=0, row=3, point=np.array([0.5]), loss=1.0)
        >>> is_better(one, None), is_better(one, one)
        (True, False)
    """
    return other is None or one.loss < other.loss


def keep_own_best(why: str, member: Member) -> SharedIncumbent:
    """Return the member's own best point as its incumbent, without sending it there.

    Args:
        why: The reason, to which its loss is added.
        member: The member.

    Returns:
        What a sharing choice returns.

    Example:
        >>> keep_own_best("none", Member("a", 0, row_price=1))
        SharedIncumbent(incumbent=None, follow=False, reason='none')
    """
    return SharedIncumbent(
        member.best, False, why if member.best is None else f"{why}, own best {member.best.loss:.3g}"
    )


def describe_incumbent(incumbent: Incumbent) -> str:
    """Return an incumbent in words, for a reason."""
    return f"incumbent {incumbent.loss:.3g} of {incumbent.agent}"
