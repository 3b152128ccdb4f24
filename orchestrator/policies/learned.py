"""Further budget choices that learn which members earn evaluations: exponential-weights, auc-bandit,
winner-takes-all."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from ..state.member import Member
from ..state.run import Run
from .budget import Equal, rewards, share_by_parts
from .choices import BudgetChoice, Share, fit_budget, portion, share_leftover, standing_key


class ExponentialWeights(BudgetChoice):
    """Exponential weights: a member's share of the budget is proportional to e^(rate x its recent rewards).

    Use it when the agent that does best may change in the course of a run. The weights are those of Exp3 (Auer,
    Cesa-Bianchi, Freund & Schapire 2002, "The nonstochastic multiarmed bandit problem"), with the rank-based rewards
    of ``bandit``. A reward is multiplied by ``fade`` with each later lease of the member, so that older leases count
    less and a change is noticed. The fraction ``floor`` of all evaluations is split equally.
    """

    card: ClassVar[str] = (
        "An agent's share grows with what its leases earned, and old rewards count less and less. So the budget "
        "follows when another agent begins to do better."
    )
    kind: Literal["exponential-weights"] = "exponential-weights"
    rate: float = Field(1.0, gt=0, le=20, description="How strongly the shares follow the rewards.")
    fade: float = Field(
        0.8, ge=0, lt=1, description="Factor by which a reward decays with each later lease of the member."
    )
    floor: float = Field(0.1, ge=0, le=1, description="Fraction of the evaluations that is split equally.")

    def share(self, run: Run, lease: int, rng: np.random.Generator) -> list[Share]:
        scores = self.scores(run)
        parts = self.parts(scores)
        return share_by_parts(run, lease, parts, lambda m: self._reason(m, scores[m.name], parts[m.name]))

    def scores(self, run: Run) -> dict[str, float]:
        """Return the sum of each member's rewards, after decay."""
        standings = sorted(standing_key(m)[0] for m in run.members.values())
        # Rewards older than this have decayed to less than a thousandth.
        window = 1 if self.fade == 0 else 1 + math.ceil(math.log(1e-3) / math.log(self.fade))
        return {
            name: sum(reward * self.fade**age for age, reward in enumerate(reversed(rewards(m, standings, window))))
            for name, m in run.members.items()
        }

    def parts(self, scores: dict[str, float]) -> dict[str, float]:
        """Return each member's fraction of the evaluations. They sum to 1; none is below ``floor`` / members."""
        top = max(scores.values())
        weights = {name: math.exp(self.rate * (score - top)) for name, score in scores.items()}
        total, each = sum(weights.values()), self.floor / len(weights)
        return {name: each + (1 - self.floor) * weight / total for name, weight in weights.items()}

    def _reason(self, member: Member, score: float, part: float) -> str:
        return f"exponential-weights: {member.leases} leases, faded rewards {score:.2f} (share {part:.2f})"


class AucBandit(BudgetChoice):
    """The area-under-curve bandit of OpenTuner, which prefers members that lately found new best points.

    Use it where only new best points of the run should count, and members that had few leases should be tried again.
    A member's score is the area under the curve of its records over its last ``window`` leases, in which late records
    count more than early ones, plus ``explore`` x sqrt(2 ln (all leases) / its leases). The member with the best score
    gets the next lease; a member that has had none goes first (Ansel et al. 2014; Fialho, Schoenauer & Sebag 2010).
    """

    card: ClassVar[str] = (
        "Evaluations go to agents whose latest leases brought new best points, and recent ones count more. Agents "
        "that have had few leases get another chance."
    )
    kind: Literal["auc-bandit"] = "auc-bandit"
    window: int = Field(20, ge=1, description="Number of a member's latest leases that count.")
    explore: float = Field(
        0.2, ge=0, description="Weight of the exploration bonus, which favours members that have had few leases."
    )

    def share(self, run: Run, lease: int, rng: np.random.Generator) -> list[Share]:
        total, left = run.collected, run.remaining
        ranked = sorted(run.idle, key=lambda m: (-self.score(m, total), m.index))
        shares: list[Share] = []
        for member in ranked:
            size = fit_budget(portion(left, lease), member, left) if len(shares) < run.free else 0
            if size:
                shares.append(Share(member.name, size, self._reason(member, total)))
                left -= size
        return shares

    def area(self, member: Member) -> float:
        """Return the area under the curve of a member's records, from 0 (no record) to 1 (each lease a record)."""
        recent = member.records[-self.window :]
        most = len(recent) * (len(recent) + 1) / 2
        return sum(place * record for place, record in enumerate(recent, start=1)) / most if recent else 0.0

    def score(self, member: Member, total: int) -> float:
        """Return a member's score: its area plus the exploration bonus; infinite for a member without leases.

        Args:
            member: The member.
            total: Number of leases that the run has collected.
        """
        if not member.leases:
            return math.inf
        return self.area(member) + self.explore * math.sqrt(2 * math.log(total) / member.leases)

    def _reason(self, member: Member, total: int) -> str:
        if not member.leases:
            return "auc-bandit: nothing known of it yet"
        score = self.score(member, total)
        return f"auc-bandit: area of its records {self.area(member):.2f}, with exploration {score:.2f}"


class WinnerTakesAll(BudgetChoice):
    """Winner takes all: an equal split during a warm-up, then the best member gets the rest of the budget.

    Use it where the agent that leads early is likely to stay the best. This is the portfolio with selection of
    Nevergrad (Meunier et al. 2021, "Black-box optimization revisited"). The warm-up lasts for the fraction
    ``warm_up`` of the budget. If the run may have several leases out at a time, as many members win.
    """

    card: ClassVar[str] = (
        "All agents search for a while, then the best one gets all that is left. This works well where the first "
        "impression is right."
    )
    kind: Literal["winner-takes-all"] = "winner-takes-all"
    warm_up: float = Field(0.3, gt=0, lt=1, description="Fraction of the budget that is first split equally.")

    def share(self, run: Run, lease: int, rng: np.random.Generator) -> list[Share]:
        warm, left = self.warm_up * run.budget, run.remaining
        if run.spent + run.granted < warm or not run.collected:
            return [
                share._replace(reason=f"winner-takes-all: warm-up, {share.reason}")
                for share in Equal().share(run, lease, rng)
            ]
        winners = sorted(run.members.values(), key=standing_key)[: run.concurrency]
        shares: list[Share] = []
        for place, member in enumerate(winners, start=1):
            size = fit_budget(portion(left, lease), member, left) if member.idle and len(shares) < run.free else 0
            if size:
                loss = standing_key(member)[0]
                shares.append(
                    Share(member.name, size, f"winner-takes-all: rank {place} after warm-up, best {loss:.6g}")
                )
                left -= size
        return shares or share_leftover(run, "winner-takes-all: too little is left for the winner")
