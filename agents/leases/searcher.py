"""One agent across its leases: its generator, and the proposal whose answer the generator waits for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...landscapes.causes import is_free_cause
from ...landscapes.landscape import Array
from ..agent import Agent, AgentError, Lease, Search, Told
from ..evaluation.evaluator import EvaluationResult, Evaluator
from ..evaluation.interrupts import interrupts
from ..evaluation.settings import Evaluation
from .agent_clock import AgentClock
from .collected_settings import CollectedSettings
from .failure import AgentTimeout
from .mini_batches import MiniBatches, RowStream, tell_mini_batches
from .proposal import PendingProposal, WorstLoss, price_proposal
from .recorded_rows import GradientReplayer
from .search_rules import check_search, protect_space


class AgentLeft(Exception):
    """Raised where an agent raised what is no Exception, such as SystemExit; ``error`` is what it raised."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(str(error))
        self.error = error


class Searcher:
    """One agent with its current search, and the rules for rows that have no loss.

    Args:
        name: Name of the agent in its team.
        agent: The agent.
        evaluator: Evaluates what it proposes.
        rng_of: Returns the random numbers of a search, by the number of its episode.
        evaluation: The rules for rows that have no loss; by default they are penalised.
        clock: Ends the agent if it proposes nothing for too long. Default: it may take any time.
        replayer: Evaluates recorded rows again whose gradients the log does not keep. Default: by the evaluator.
        row_stream: Returns the random numbers by which the rows of data of mini-batches are drawn. Default: it is
            refused to propose any.
        collected_settings: What this process knows of a stepped space, for all searchers of a run. Default: nothing.
    """

    __slots__ = (
        "agent",
        "clock",
        "collected_settings",
        "declared_price",
        "episode",
        "evaluation",
        "evaluator",
        "generator",
        "mini_batches",
        "name",
        "pending_proposal",
        "replayer",
        "rng_of",
        "starting_episode",
        "worst_loss",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        agent: Agent,
        evaluator: Evaluator,
        rng_of: Callable[[int], np.random.Generator],
        evaluation: Evaluation | None = None,
        clock: AgentClock | None = None,
        replayer: GradientReplayer | None = None,
        row_stream: RowStream | None = None,
        collected_settings: CollectedSettings | None = None,
    ) -> None:
        self.name, self.agent, self.evaluator, self.rng_of = name, agent, evaluator, rng_of
        self.replayer = replayer or GradientReplayer(evaluator)
        self.evaluation = evaluation or Evaluation()
        self.clock = clock or AgentClock(None)
        self.generator: Search | None = None
        self.episode = -1
        space = protect_space(evaluator.space)
        self.declared_price = agent.row_price(space) * space.units
        """The price of the most expensive row, in units of the space."""
        self.mini_batches = None if row_stream is None or space.units == 1 else MiniBatches(space.units, row_stream)
        self.pending_proposal: PendingProposal | None = None
        """The proposal whose answer the generator waits for."""
        self.collected_settings = collected_settings or CollectedSettings(evaluator.space)
        self.starting_episode: int | None = None
        """The search that begins once the user's start has been evaluated."""
        self.worst_loss: WorstLoss | None = None
        """The worst finite loss of this search; kept only if rows may be skipped."""

    def restart(self, lease: Lease, episode: int) -> None:
        """Close the generator, drop its pending proposal, and start a new search with the settings of a fresh lease."""
        self.close()
        self.episode = episode
        self.worst_loss = WorstLoss() if self.evaluation.skips else None
        agent = self.agent.with_settings(lease.settings) if lease.settings else self.agent
        self.declared_price = agent.row_price(self.evaluator.space) * self.evaluator.space.units
        self.generator = check_search(agent.search(self.evaluator.space, lease, self.rng_of(episode)))

    def close(self) -> None:
        """Close the generator; call this in the thread that ran it."""
        generator, self.generator, self.pending_proposal = self.generator, None, None
        if generator is not None:
            interrupts.call(generator.close)

    def end(self) -> BaseException | None:
        """Close the generator, whatever its agent does then. Return what it raised, or None."""
        self.clock.start(self.name)
        try:
            self.close()
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            return error
        finally:
            self.clock.stop()
        return None

    def propose(self, lease: Lease, episode: int | None = None) -> PendingProposal:
        """Deliver the pending answer, if there is one, and return the next proposal.

        Args:
            lease: The lease in force.
            episode: The number of the search to start first; None: the search goes on.

        Raises:
            StopIteration: The search has ended; its value is what the agent returned.
            AgentError: The agent broke its contract.
            AgentTimeout: The agent took too long.
            AgentLeft: The agent raised SystemExit, or something else that is no Exception.
        """
        clock = self.clock
        clock.start(self.name)
        try:
            if episode is not None and lease.id == 0 and self.evaluator.space.start is not None:
                return self._propose_start(self.evaluator.space.start, episode)
            if episode is None:
                episode = self.starting_episode
            self.starting_episode = None
            if episode is not None:
                self.restart(lease, episode)
            return self._propose(lease)
        except (Exception, KeyboardInterrupt, AgentTimeout):
            raise
        except BaseException as error:
            raise AgentLeft(error) from error
        finally:
            clock.stop()

    def _propose_start(self, start: Array, episode: int) -> PendingProposal:
        """Propose the setting that the user knows, before the search begins: the first row of the run."""
        self.close()
        self.starting_episode = episode
        self.pending_proposal = PendingProposal(start[None].copy(), False, self.evaluator.space.units)
        return self.pending_proposal

    def _propose(self, lease: Lease) -> PendingProposal:
        generator, hand = self.generator, self.pending_proposal
        if generator is None:
            raise AgentError("was given a lease that is not fresh, with no search under way")
        if hand is None:
            proposal: Any = interrupts.call(next, generator)
        else:
            assert hand.losses is not None
            self.pending_proposal = None
            if self.worst_loss is not None:
                hand.losses = self.worst_loss.replace_skipped(hand.losses, hand.skipped_rows)
            proposal = interrupts.call(generator.send, Told(hand.losses, hand.gradients, lease))
        batches = self.mini_batches is not None
        self.pending_proposal = price_proposal(proposal, self.evaluator.space, self.declared_price, batches)
        return self.pending_proposal

    def record_outcome(self, outcome: EvaluationResult) -> str:
        """Record the outcome of the next rows of the pending proposal.

        Returns:
            Why the run must stop, or "" if it continues.
        """
        hand, rules = self.pending_proposal, self.evaluation
        assert hand is not None
        if hand.batch:
            outcome = tell_mini_batches(outcome)
        first = hand.answered_rows
        again = hand.record_answer(outcome)
        if not outcome.causes:
            return ""
        stop = ""
        # In the order of rows, however the causes are ordered, because recorded ones are in that order.
        for offset, cause in sorted(outcome.causes.items()):
            if is_free_cause(cause):
                if self.starting_episode is not None:
                    # A function of the user refuses the start: that is not known before it is called.
                    stop = cause
                continue
            row = first + offset if again is None else int(again[offset])
            match rules.verdict(cause):
                case "stop":
                    stop = stop or cause
                case "retry":
                    hand.retry_row(row, rules.retries)
                case "skip":
                    hand.skipped_rows = [*(hand.skipped_rows or []), row]
        return stop
