"""What a member's latest leases tell: how much more of the budget it deserves, and whether its search is hopeless."""

from __future__ import annotations

from ..state.member import Member
from ..state.run import Run

MOST_FRUITLESS = 2
"""A member whose searches end where they began, so many in succession, weighs less."""


def weigh(member: Member, window: int, bonus: float, idle: float = 1.0) -> float:
    """Return a member's weight.

    It is 1 plus ``bonus`` times the fraction of its last ``window`` leases that were records; ``idle`` times as much if
    its last searches ended where they began.
    """
    recent = member.records[-window:]
    weight = 1.0 + bonus * sum(recent) / max(1, len(recent))
    return idle * weight if member.fruitless >= MOST_FRUITLESS else weight


def describe_records(member: Member, window: int, bonus: float, idle: float = 1.0) -> str:
    """Describe a member's last leases, and the weight that they give it."""
    recent = member.records[-window:]
    if not recent:
        return "it has spent nothing yet"
    stuck = idle < 1.0 and member.fruitless >= MOST_FRUITLESS
    words = f", its last {member.fruitless} searches ended where they began" if stuck else ""
    weight = weigh(member, window, bonus, idle)
    return f"{sum(recent)} of its last {len(recent)} leases were records{words} (weight {weight:.2g})"


def give_up_reason(run: Run, member: Member, restart: int, patience: float) -> str:
    """Return why a member's restart is given up; "" if it is not.

    Args:
        run: The state of the run.
        member: The member.
        restart: Evaluations per lease of a restart, in multiples of D.
        patience: Number of leases like its last one in which it must be able to catch up with the incumbent; 0: it is
            never given up.
    """
    size = restart * run.space.dimension
    if not patience or run.incumbent is None or len(member.bests) < 2 or member.episode_spent < 2 * size:
        return ""
    behind, gain = member.episode_best - run.incumbent.loss, member.bests[-2] - member.bests[-1]
    if not behind > max(0.0, patience * gain):
        return ""
    return f"{behind:.3g} behind and its last lease gained {max(gain, 0.0):.3g}"
