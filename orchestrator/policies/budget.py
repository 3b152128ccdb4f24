"""Budget choices: who gets a lease, and how long it is (equal, bandit, relay, successive-halving)."""

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
    """An equal split: all members get the same number of evaluations.

    Use it as a baseline, or where every agent should have the same chance: it ignores how well agents do. The member
    that has spent least goes first, and none goes far above the level that all would reach if the remaining budget
    were poured over them.
    """

    card: ClassVar[str] = "All agents get the same number of evaluations. This is fair, but it ignores who does well."
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
    """A bandit by improvement per cost: members whose leases improve get more evaluations.

    Use it when it is not known in advance which agents suit the landscape. Every member keeps a small share, so that
    one which improves later is not lost.

    A member's credit is what its last ``window`` leases earned, divided by what they cost, counted in leases. A lease
    that improved the run's best loss (a record) earns 1. A lease that only improved its member's own search earns half
    the fraction of the other members whose best loss is worse than the lease's. Any other lease earns nothing. An
    earning of 0.5 and half a lease are added, so that a newcomer starts with credit 1 and no credit falls to 0. Only
    ranks of losses count (cf. rank-based credit in adaptive operator selection, Fialho et al. 2010, "Analyzing
    bandit-based adaptive operator selection mechanisms").

    Of all evaluations, the fraction ``floor`` is split equally and the rest in proportion to credit. A member is due
    again when the run has granted (its last cost / its share) evaluations since the member's last grant; the member
    that is due earliest goes first. A member that is ahead of its share waits while others work. If instead every idle
    member got a lease at once, all would spend the same when ``concurrency`` is as large as the team, whatever they
    earn.
    """

    card: ClassVar[str] = (
        "Evaluations go to whoever earns them: agents that improve get more, those that do not get less. Every agent "
        "keeps a small share, so that none is written off."
    )
    kind: Literal["bandit"] = "bandit"
    window: int = Field(5, ge=1, description="Number of a member's latest leases that count.")
    floor: float = Field(0.2, ge=0, le=1, description="Fraction of the evaluations that is split equally.")

    def share(self, run: Run, lease: int, rng: np.random.Generator) -> list[Share]:
        credits = self.credits(run, lease)
        parts = self.parts(credits)
        return share_by_parts(run, lease, parts, lambda m: self._reason(m, credits[m.name], parts[m.name]))

    def credits(self, run: Run, lease: int) -> dict[str, float]:
        """Return each member's credit: its earnings per ``lease`` evaluations."""
        standings = sorted(standing_key(m)[0] for m in run.members.values())
        return {name: self._credit(member, standings, lease) for name, member in run.members.items()}

    def parts(self, credits: dict[str, float]) -> dict[str, float]:
        """Return each member's fraction of the evaluations. They sum to 1; none is below ``floor`` / members."""
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
    """Return what each of a member's last leases earned.

    A record of the run earns 1. A lease that improved its member's own search earns half the fraction of the other
    members whose best loss is worse than the lease's. Any other lease earns nothing.

    Args:
        member: The member.
        standings: Best loss of each member of the team, sorted; +inf for a member without one.
        window: Number of latest leases to return.

    Returns:
        The earnings in [0, 1], oldest lease first.

    Example:
        The first lease set a record of the run; the second improved its own search, and is better than one of two
        other members.

        >>> from array import array
        >>> leases = {"bests": array("d", [2.0, 2.5]), "improvements": bytearray([1, 1]), "records": bytearray([1, 0])}
        >>> rewards(Member("a", 0, row_price=1, **leases), standings=[1.0, 2.0, 3.0], window=5)
        [1.0, 0.25]
    """
    recent, others = slice(-window, None), max(1, len(standings) - 1)
    earned: list[float] = []
    for best, improved, record in zip(
        member.bests[recent], member.improvements[recent], member.records[recent], strict=True
    ):
        # The member's own best is never above the lease's, so the member itself is not counted as worse.
        worse = len(standings) - bisect_right(standings, best)
        earned.append(1.0 if record else 0.5 * worse / others if improved else 0.0)
    return earned


def share_by_parts(run: Run, lease: int, parts: Mapping[str, float], reason: Callable[[Member], str]) -> list[Share]:
    """Give leases to the members that are due earliest, so that over time each spends its part of the evaluations.

    A member that is ahead of its part waits while others work.

    Args:
        run: The state of the run.
        lease: The usual length of a lease, in evaluations.
        parts: Each member's fraction of the evaluations; they sum to 1.
        reason: Returns the reason of a member's share.

    Returns:
        The shares, as ``BudgetChoice.share`` returns them.

    Example:
        >>> from searchparty.agents.agent import Region
        >>> from searchparty.landscapes.landscape import Space
        >>> members = {name: Member(name, index, row_price=1) for index, name in enumerate("ab")}
        >>> run = Run("r", Space(np.zeros(2), np.ones(2)), 1.0, 100, 2, Region.whole(2), members)
        >>> share_by_parts(run, 20, {"a": 0.75, "b": 0.25}, lambda member: f"{member.name} is due")
        [Share(agent='a', evaluations=20, reason='a is due'), Share(agent='b', evaluations=20, reason='b is due')]
    """
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
    """Return when a member is due again, as a count of the evaluations that the run has granted.

    Args:
        member: The member.
        part: The member's fraction of the evaluations, from 0 to 1.

    Returns:
        The count; -inf for a member that has not had a lease collected, +inf for one whose part is 0.
    """
    if member.granted_at is None or not member.costs:
        return -math.inf
    return member.granted_at + member.costs[-1] / part if part > 0 else math.inf


class Relay(BudgetChoice):
    """A relay: one member at a time searches while it sets records, then the next one goes on.

    Use it with ``sharing: broadcast`` where each member is good at another stage: on networks, a trainer on
    mini-batches that is quick at the beginning, then a solver that takes all rows and is exact in the end. The first
    member of the team begins. A member whose last ``patience`` leases set no record of the run hands over to the idle
    one that has waited longest, in the order of the team. There is never more than one lease out.
    """

    card: ClassVar[str] = (
        "One agent searches for as long as it sets records; then the next one goes on from the best point. Each does "
        "what it is good at, and nobody works side by side."
    )
    kind: Literal["relay"] = "relay"
    patience: int = Field(1, ge=1, description="Leases without a record after which a member hands over.")

    def share(self, run: Run, lease: int, rng: np.random.Generator) -> list[Share]:
        able = [member for member in run.idle if member.row_price <= run.remaining]
        if run.out or not able:
            return []
        member, why = self._choose_runner(run, able)
        size = fit_budget(portion(run.remaining, lease), member, run.remaining)
        return [Share(member.name, size, f"relay: {why}")] if size else []

    def _choose_runner(self, run: Run, able: list[Member]) -> tuple[Member, str]:
        """Return the member that searches next, and why."""
        last = max(run.team, key=lambda m: -1 if m.granted_at is None else m.granted_at)
        if last.granted_at is None:
            return able[0], "it begins"
        recent = last.records[-self.patience :]
        if last in able and (any(recent) or len(recent) < self.patience):
            return last, f"it goes on, {sum(recent)} of its last {len(recent)} leases were records"
        others = [member for member in able if member is not last] or able
        chosen = min(others, key=lambda m: (-1 if m.granted_at is None else m.granted_at, m.index))
        return chosen, f"{last.name} hands over, as its last {len(recent)} set no record"


class SuccessiveHalving(BudgetChoice):
    """Successive halving: rounds with equal budgets, after each of which only the better members are kept.

    Use it to find the best of many agents quickly; a slow starter may be dropped. All members get the same budget,
    then the better one in ``eta`` of them, and so on down to one, which gets the rest (Karnin, Koren & Somekh 2013,
    "Almost optimal exploration in multi-armed bandits", with one more round for the last member). Each round gets the
    same part of the run's budget. A round starts when all leases of the round before have been collected.
    """

    card: ClassVar[str] = (
        "All agents start with a small budget; after each round the worse half is dropped and the others get more. "
        "This is decisive, but a slow starter may be lost."
    )
    kind: Literal["successive-halving"] = "successive-halving"
    eta: int = Field(2, ge=2, description="After each round, one in this many members is kept (rounded up).")

    def share(self, run: Run, lease: int, rng: np.random.Generator) -> list[Share]:
        rungs = self.rungs(run.budget, len(run.members), run.dearest)
        survivors = list(run.members.values())
        for number, (size, target) in enumerate(rungs[:-1], start=1):
            # A member that reached a later round stays there: survivors only get better, and those that were dropped
            # no longer change.
            survivors = sorted(survivors, key=standing_key)[:size]
            pending = [m for m in survivors if target - m.spent >= m.row_price]
            if pending:
                words = f"successive-halving: round {number} of {len(rungs)}, {size} left, {target:.0f} each"
                return self._share_up_to(run, lease, pending, target, words)
        last = min(survivors, key=standing_key)
        return self._share_up_to(run, lease, [last], math.inf, "successive-halving: the last one left gets the rest")

    def rungs(self, budget: int, members: int, price: int = 1) -> list[tuple[int, float]]:
        """Return the rounds of a run.

        Args:
            budget: Evaluations of the run.
            members: Number of members.
            price: Price of a row, in evaluations. Each member gets at least one row in a round.

        Returns:
            (members left, evaluations that each has spent in total at the end of the round) of every round. The last
            round has no end: its number of evaluations is infinite.
        """
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
