"""Who gets a lease now, and of how many evaluations: equal, bandit, successive-halving."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from ..state.member import Member
from ..state.run import Run
from .choices import BudgetChoice, Share, fit_budget, portion, share_leftover, standing_key


class Equal(BudgetChoice):
    """Keeps what agents have spent equal: who has spent least goes first, and none goes far above the level that
    all would reach if the rest were poured over them."""

    card: ClassVar[str] = "Everybody gets the same number of evaluations. Fair, and blind to who does well."
    kind: Literal["equal"] = "equal"

    def share(self, run: Run, lease: int, rng: np.random.Generator) -> list[Share]:
        level, shares, left = run.level, list[Share](), run.remaining
        for member in run.idle_by_spent:
            if len(shares) >= run.free or left < run.cheapest:
                break
            gap = max(1, math.ceil(level - member.spent))
            size = fit_budget(portion(gap, lease), member, left)
            if size:
                shares.append(Share(member.name, size, f"equal: {member.spent} spent of a level of {level:.0f}"))
                left -= size
        return shares


class Bandit(BudgetChoice):
    """Moves evaluations to who earns them, by improvement per cost.

    A member's credit is what its last ``window`` leases earned over what they cost, in leases: a record of the run
    earns 1, a lease that bettered its own search earns half the part of the others whose best is no better than
    the lease's, any other earns nothing. Half a lease that earned half is added, so a newcomer starts with 1 and
    nobody falls to 0. Only ranks of losses count (cf. rank-based credit in adaptive operator selection, Fialho et
    al. 2010, "Analyzing bandit-based adaptive operator selection mechanisms").

    Of all evaluations, ``floor`` is split equally and the rest by credit. A member is due again when the run has
    granted (its last cost / its share) evaluations since its last grant; the earliest due goes first. One that is
    ahead of its share waits while others work: were every idle member sent out at once, all would spend the same
    with ``concurrency`` as large as the team, whatever they earn.
    """

    card: ClassVar[str] = (
        "Evaluations go to whoever earns them: agents that improve get more, those that do not get less. Everybody "
        "keeps a small share, so that nobody is written off."
    )
    kind: Literal["bandit"] = "bandit"
    window: int = Field(5, ge=1, description="Latest leases of a member that count.")
    floor: float = Field(0.2, ge=0, le=1, description="Part of the evaluations that is split equally.")

    def share(self, run: Run, lease: int, rng: np.random.Generator) -> list[Share]:
        credits = self.credits(run, lease)
        parts = self.parts(credits)
        return share_by_parts(run, lease, parts, lambda m: self._reason(m, credits[m.name], parts[m.name]))

    def credits(self, run: Run, lease: int) -> dict[str, float]:
        """Earnings per lease's worth of evaluations, for each member."""
        standings = sorted(standing_key(m)[0] for m in run.members.values())
        return {name: self._credit(member, standings, lease) for name, member in run.members.items()}

    def parts(self, credits: dict[str, float]) -> dict[str, float]:
        """Each member's part of the evaluations; they sum to 1 and none is below ``floor`` / members."""
        total = sum(credits.values())
        each = self.floor / len(credits)
        return {name: each + (1 - self.floor) * credit / total for name, credit in credits.items()}

    def _credit(self, member: Member, standings: list[float], lease: int) -> float:
        earned = sum(rewards(member, standings, self.window))
        return (earned + 0.5) / (sum(member.costs[-self.window :]) / lease + 0.5)

    def _reason(self, member: Member, credit: float, part: float) -> str:
        improved = member.improvements[-self.window :]
        if not improved:
            return f"bandit: nothing known of it yet (share {part:.2f})"
        count = f"{sum(improved)} of its last {len(improved)} leases improved"
        return f"bandit: {count} (credit {credit:.2f}, share {part:.2f})"


def rewards(member: Member, standings: Sequence[float], window: int) -> list[float]:
    """What each of a member's last leases earned: a record of the run 1; a lease that bettered its own search half
    the part of the others whose best (``standings``, sorted) is no better than the lease's; any other nothing."""
    recent, others = slice(-window, None), max(1, len(standings) - 1)
    earned: list[float] = []
    for best, improved, record in zip(
        member.bests[recent], member.improvements[recent], member.records[recent], strict=True
    ):
        # The member's own best is never above the lease's: it is among those strictly better, or a tie.
        worse = len(standings) - bisect_right(standings, best)
        earned.append(1.0 if record else 0.5 * worse / others if improved else 0.0)
    return earned


def share_by_parts(run: Run, lease: int, parts: Mapping[str, float], reason: Callable[[Member], str]) -> list[Share]:
    """Leases for who is due earliest, so that over time each member spends its part of the evaluations. One that is
    ahead of its part waits while others work."""
    due = {name: due_at(member, parts[name]) for name, member in run.members.items()}
    left, promised = run.remaining, run.spent + run.granted
    shares: list[Share] = []
    for member in sorted(run.idle, key=lambda m: (due[m.name], m.index)):
        ahead = due[member.name] > promised and (shares or run.out)
        if ahead or len(shares) >= run.free:
            break
        size = fit_budget(portion(left, lease), member, left)
        if size:
            shares.append(Share(member.name, size, reason(member)))
            left, promised = left - size, promised + size
    return shares


def due_at(member: Member, part: float) -> float:
    """The count of granted evaluations at which a member with this part of them may have its next lease."""
    if member.granted_at is None or not member.costs:
        return -math.inf
    return member.granted_at + member.costs[-1] / part if part > 0 else math.inf


class SuccessiveHalving(BudgetChoice):
    """All members get equally much, then the better one in ``eta`` of them, and so on down to one, which gets the
    rest (Karnin, Koren & Somekh 2013, "Almost optimal exploration in multi-armed bandits", with one more round for
    the last). Each round gets the same part of the run's budget. Waits at a rung until all in it are back."""

    card: ClassVar[str] = (
        "All begin with a little; after each round the worse half is dropped and the rest get more. Decisive, but a "
        "slow starter may be lost."
    )
    kind: Literal["successive-halving"] = "successive-halving"
    eta: int = Field(2, ge=2, description="Of so many members one is kept after a round (rounded up).")

    def share(self, run: Run, lease: int, rng: np.random.Generator) -> list[Share]:
        rungs = self.rungs(run.budget, len(run.members), run.dearest)
        survivors = list(run.members.values())
        for number, (size, target) in enumerate(rungs[:-1], start=1):
            # Who is in a later rung stays there: survivors only get better, and those left behind stand still.
            survivors = sorted(survivors, key=standing_key)[:size]
            pending = [m for m in survivors if target - m.spent >= m.row_price]
            if pending:
                words = f"successive-halving: round {number} of {len(rungs)}, {size} left, {target:.0f} each"
                return self._share_up_to(run, lease, pending, target, words)
        last = min(survivors, key=standing_key)
        return self._share_up_to(run, lease, [last], math.inf, "successive-halving: the last one left gets the rest")

    def rungs(self, budget: int, members: int, price: int = 1) -> list[tuple[int, float]]:
        """(members left, evaluations that each has spent in all by its end) of every round; the last has no end.
        A round is at least one row (``price`` evaluations) long for each."""
        sizes = [members]
        while sizes[-1] > 1:
            sizes.append(math.ceil(sizes[-1] / self.eta))
        targets = np.cumsum([max(budget // (len(sizes) * size), price) for size in sizes])
        return [*zip(sizes[:-1], map(int, targets[:-1]), strict=True), (1, math.inf)]

    def _share_up_to(self, run: Run, lease: int, pending: list[Member], target: float, words: str) -> list[Share]:
        shares: list[Share] = []
        left = run.remaining
        for member in sorted(pending, key=lambda m: (m.spent, m.index)):
            gap = int(min(target - member.spent, left))
            size = fit_budget(portion(gap, lease), member, left) if member.idle and len(shares) < run.free else 0
            if size:
                shares.append(Share(member.name, size, words))
                left -= size
        return shares or share_leftover(run, "successive-halving: too little is left for whom it was meant")
