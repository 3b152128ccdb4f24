"""One agent across its leases: its generator, and the proposal it waits on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...landscapes.landscape import Array, Space
from ..agent import Agent, AgentError, Lease, Search, Told, WithGradient
from ..evaluation.evaluator import EvaluationResult, Evaluator
from ..evaluation.settings import Evaluation
from .proposal import PendingProposal, check_proposal


class Searcher:
    """One agent: its search under way, and what becomes of rows that have no loss."""

    __slots__ = (
        "agent",
        "declared_price",
        "episode",
        "evaluation",
        "evaluator",
        "generator",
        "name",
        "pending_proposal",
        "rng_of",
        "skips",
        "worst",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        agent: Agent,
        evaluator: Evaluator,
        rng_of: Callable[[int], np.random.Generator],
        evaluation: Evaluation | None = None,
    ) -> None:
        self.name, self.agent, self.evaluator, self.rng_of = name, agent, evaluator, rng_of
        self.evaluation = evaluation or Evaluation()
        self.skips = self.evaluation.skips
        self.generator: Search | None = None
        self.episode = -1
        self.declared_price = agent.row_price(evaluator.space)
        self.pending_proposal: PendingProposal | None = None
        """The proposal in hand: what the generator waits to be told."""
        self.worst = -np.inf
        """The worst finite loss of this search so far, kept under ``skip``."""

    def restart(self, lease: Lease, episode: int) -> None:
        """Close the generator, drop what it still had proposed, and start another."""
        self.close()
        self.episode = episode
        agent = self.agent
        if lease.settings:
            agent = type(agent).model_validate(agent.model_dump() | lease.settings)
        self.declared_price = agent.row_price(self.evaluator.space)
        self.generator = agent.search(self.evaluator.space, lease, self.rng_of(episode))

    def close(self) -> None:
        """Close the generator, in the thread that ran it."""
        generator, self.generator, self.pending_proposal, self.worst = self.generator, None, None, -np.inf
        if generator is not None:
            generator.close()

    def propose(self, lease: Lease) -> PendingProposal:
        """Deliver the answer that is due, if any, and take the next proposal. Raises StopIteration at the end."""
        generator, hand = self.generator, self.pending_proposal
        if generator is None:
            raise AgentError("was given a lease that is not fresh, with no search under way")
        if hand is None:
            proposal: Any = next(generator)
        else:
            assert hand.losses is not None
            self.pending_proposal = None
            if self.skips:
                hand.losses = self._replace_skipped(hand.losses, hand.skipped_rows)
            proposal = generator.send(Told(hand.losses, hand.gradients, lease))
        space = self.evaluator.space
        with_gradient = type(proposal) is WithGradient
        price = 1
        if with_gradient:
            proposal, price = proposal.points, self._gradient_price(space)
        if price > self.declared_price:
            raise AgentError(f"proposed a row that costs {price}, and its row_price says {self.declared_price}")
        self.pending_proposal = found = PendingProposal(check_proposal(proposal, space.dimension), with_gradient, price)
        return found

    def _gradient_price(self, space: Space) -> int:
        if not space.has_gradient:
            raise AgentError("asked for gradients, and this landscape has none")
        return 1 + space.gradient_price

    def record_outcome(self, outcome: EvaluationResult) -> str:
        """Note what the next rows of the proposal came to; why the run is to stop, if it is ("": it is not)."""
        hand, rules = self.pending_proposal, self.evaluation
        assert hand is not None
        first = hand.answered_rows
        again = hand.record_answer(outcome)
        if not outcome.causes:
            return ""
        stop = ""
        # By row, in whatever order the causes came: recorded ones come by row.
        for offset, cause in sorted(outcome.causes.items()):
            row = first + offset if again is None else int(again[offset])
            match rules.verdict(cause):
                case "stop":
                    stop = stop or cause
                case "retry":
                    hand.retry_row(row, rules.retries)
                case "skip":
                    hand.skipped_rows = [*(hand.skipped_rows or []), row]
        return stop

    def _replace_skipped(self, losses: Array, overlooked: list[int] | None) -> Array:
        """The losses of a proposal with the worst that this search has seen in place of +inf where a row is to be
        skipped: nothing draws it there, and there is no cliff. Told of whole proposals only, so that it does not
        matter in what parts they were answered."""
        self.worst = max(self.worst, float(losses[np.isfinite(losses)].max(initial=-np.inf)))
        if not overlooked or self.worst == -np.inf:
            return losses
        losses = losses.copy()
        losses[overlooked] = self.worst
        return losses
