"""What a member's latest leases tell: how much more of the budget it deserves, and whether its search is hopeless."""

from __future__ import annotations

from ..state.member import Member
from ..state.run import Run


def weigh(member: Member, window: int, bonus: float) -> float:
    """Return a member's weight: 1 plus ``bonus`` times the fraction of its last ``window`` leases that were records."""
    recent = member.records[-window:]
    return 1.0 + bonus * sum(recent) / max(1, len(recent))


def describe_records(member: Member, window: int, bonus: float) -> str:
    """Describe a member's last leases, and the weight that they give it."""
    recent = member.records[-window:]
    if not recent:
        return "it has spent nothing yet"
    return f"{sum(recent)} of its last {len(recent)} leases were records (weight {weigh(member, window, bonus):.2g})"


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
