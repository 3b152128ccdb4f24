"""One agent across its leases: its generator, and the proposal it waits on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..landscapes.landscape import Array, Space
from .agent import Agent, AgentError, Lease, Search, Told, WithGradient, in_cube
from .evaluate import Evaluated, Evaluator
from .evaluation import Evaluation


class Proposal:
    """Points that an agent has proposed, and the answers to them so far."""

    __slots__ = ("again", "answered", "gradients", "losses", "overlooked", "points", "price", "tries", "with_gradient")

    def __init__(self, points: Array, with_gradient: bool, price: int) -> None:
        self.points, self.with_gradient, self.price = points, with_gradient, price
        self.losses: Array | None = None
        self.gradients: Array | None = None
        self.answered = 0
        """Rows from the first on that were answered once."""
        self.again: list[int] | None = None
        """Rows that are to be evaluated again, if any ever were."""
        self.tries: dict[int, int] | None = None
        self.overlooked: list[int] | None = None
        """Rows without a loss that are to be skipped."""

    def next(self, room: int) -> Array:
        """The next rows to be evaluated, as many as ``room`` evaluations pay for."""
        most = room // self.price
        if self.again and self.answered == len(self.points):
            return self.points[self.again[:most]]
        if not self.answered and most >= len(self.points):
            return self.points
        return self.points[self.answered : self.answered + most]

    def answer(self, outcome: Evaluated) -> Array | None:
        """Note the losses of the rows that came next; their numbers, where any was evaluated again."""
        n = len(outcome.losses)
        if n == len(self.points) and not self.answered:
            self.losses, self.gradients, self.answered = outcome.losses, outcome.gradients, n
            return None
        if self.losses is None:
            self.losses = np.empty(len(self.points))
            self.gradients = np.empty(self.points.shape) if self.with_gradient else None
        rows: Any = slice(self.answered, self.answered + n)
        again = self.answered == len(self.points)
        if again:
            assert self.again is not None
            rows, self.again = self.again[:n], self.again[n:]
            # What was told before may be the recorded array itself.
            self.losses = self.losses.copy()
            self.gradients = None if self.gradients is None else self.gradients.copy()
        else:
            self.answered += n
        self.losses[rows] = outcome.losses
        if self.gradients is not None and outcome.gradients is not None:
            self.gradients[rows] = outcome.gradients
        return np.array(rows) if again else None

    def retry(self, row: int, most: int) -> None:
        """Have a row evaluated again, unless it has been so often."""
        self.again, self.tries = self.again or [], self.tries or {}
        if self.tries.get(row, 0) < most:
            self.tries[row] = self.tries.get(row, 0) + 1
            self.again.append(row)


class Searcher:
    """One agent: its search under way, and what becomes of rows that have no loss."""

    __slots__ = (
        "agent", "episode", "evaluation", "evaluator", "generator", "hand", "name", "priced", "rng_of", "skips",
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
        self.priced = agent.row_price(evaluator.space)
        self.hand: Proposal | None = None
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
        self.priced = agent.row_price(self.evaluator.space)
        self.generator = agent.search(self.evaluator.space, lease, self.rng_of(episode))

    def close(self) -> None:
        """Close the generator, in the thread that ran it."""
        generator, self.generator, self.hand, self.worst = self.generator, None, None, -np.inf
        if generator is not None:
            generator.close()

    def propose(self, lease: Lease) -> Proposal:
        """Deliver the answer that is due, if any, and take the next proposal. Raises StopIteration at the end."""
        generator, hand = self.generator, self.hand
        if generator is None:
            raise AgentError("was given a lease that is not fresh, with no search under way")
        if hand is None:
            proposal: Any = next(generator)
        else:
            assert hand.losses is not None
            self.hand = None
            if self.skips:
                hand.losses = self._smoothed(hand.losses, hand.overlooked)
            proposal = generator.send(Told(hand.losses, hand.gradients, lease))
        space = self.evaluator.space
        with_gradient = type(proposal) is WithGradient
        price = 1
        if with_gradient:
            proposal, price = proposal.points, self._gradient_price(space)
        if price > self.priced:
            raise AgentError(f"proposed a row that costs {price}, and its row_price says {self.priced}")
        self.hand = found = Proposal(checked(proposal, space.dimension), with_gradient, price)
        return found

    def _gradient_price(self, space: Space) -> int:
        if not space.has_gradient:
            raise AgentError("asked for gradients, and this landscape has none")
        return 1 + space.gradient_price

    def answer(self, outcome: Evaluated) -> str:
        """Note what the next rows of the proposal came to; why the run is to stop, if it is ("": it is not)."""
        hand, rules = self.hand, self.evaluation
        assert hand is not None
        first = hand.answered
        again = hand.answer(outcome)
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
                    hand.retry(row, rules.retries)
                case "skip":
                    hand.overlooked = [*(hand.overlooked or []), row]
        return stop

    def _smoothed(self, losses: Array, overlooked: list[int] | None) -> Array:
        """The losses of a proposal with the worst that this search has seen in place of +inf where a row is to be
        skipped: nothing draws it there, and there is no cliff. Told of whole proposals only, so that it does not
        matter in what parts they were answered."""
        self.worst = max(self.worst, float(losses[np.isfinite(losses)].max(initial=-np.inf)))
        if not overlooked or self.worst == -np.inf:
            return losses
        losses = losses.copy()
        losses[overlooked] = self.worst
        return losses


def checked(points: Any, dimension: int) -> Array:
    """The proposal as it must be: (n, D) float64, n >= 1, within the unit cube. Else ``AgentError``."""
    if type(points) is not np.ndarray or points.dtype != np.float64:
        kind = type(points).__name__
        dtype = getattr(points, "dtype", None)
        raise AgentError(f"proposed a {kind}{f' of {dtype}' if dtype else ''}; it must be a float64 array (n, D)")
    if points.ndim != 2 or points.shape[1] != dimension or not len(points):
        raise AgentError(f"proposed shape {points.shape}; it must be (n, {dimension}) with n >= 1")
    if not in_cube(points):
        row = int(np.flatnonzero(~((points >= 0) & (points <= 1)).all(axis=1))[0])
        raise AgentError(f"proposed {points[row].tolist()}, outside the unit cube (row {row} of its batch)")
    return points
