"""A run that is played without agents: a policy decides, and the outcomes of its leases are given beforehand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import cycle
from typing import NamedTuple

import numpy as np

from ...agents.agent import Converged, Finding, Incumbent, Lease, Region
from ...landscapes.landscape import Space
from ...orchestrator.loop.audit import audit_decision
from ...orchestrator.loop.randomness import stream
from ...orchestrator.policies.policy import Decider, Policy
from ...orchestrator.state.advance import advance
from ...orchestrator.state.events import Collected, Event, Granted, charge_finding
from ...orchestrator.state.member import Member
from ...orchestrator.state.run import Run
from .clause import Example, count_words, require

WHYS = ("spent", "spent", "spent", "converged", "exhausted", "failed")
"""Why leases end, as they are drawn: most are spent."""


@dataclass(frozen=True)
class LeaseOutcome:
    """How a lease ends.

    Attributes:
        why: "spent", "converged", "exhausted" or "failed".
        part: The part of its budget that is charged if it ends early, 0 to 1.
        loss: Its best loss; None if all rows failed.
    """

    why: str = "spent"
    part: float = 1.0
    loss: int | None = 0


@dataclass(frozen=True)
class PlayedRun(Example):
    """A run whose outcomes are given.

    Attributes:
        prices: The row price of each member of the team, named m0, m1, ...
        budget: The evaluations of the run.
        concurrency: How many leases are out at a time.
        outcomes: How leases end, in the order in which they are collected; then from the first on again.
    """

    prices: tuple[int, ...] = (1, 1)
    budget: int = 100
    concurrency: int = 1
    outcomes: tuple[LeaseOutcome, ...] = (LeaseOutcome(),)

    def describe(self) -> str:
        """Return the example in words."""
        prices = ", ".join(f"m{number}: {price}" for number, price in enumerate(self.prices))
        ends = "; ".join(
            f"{each.why}, {'no loss' if each.loss is None else f'loss {each.loss}'}"
            + (f", {each.part:.2g} of its budget charged" if each.why in ("converged", "exhausted") else "")
            for each in self.outcomes
        )
        return (
            f"a team with row prices {{{prices}}}, {count_words(self.budget, 'evaluation')}, "
            f"{count_words(self.concurrency, 'lease')} at a time, "
            f"which end in turn: {ends}"
        )

    def list_smaller(self) -> Iterator[PlayedRun]:
        """Yield smaller runs: fewer members, fewer evaluations, fewer and plainer outcomes."""
        for number in range(len(self.prices)):
            prices = self.prices[:number] + self.prices[number + 1 :]
            if prices:
                yield replace(self, prices=prices, concurrency=min(self.concurrency, len(prices)))
        for size in _list_below(self.budget):
            yield replace(self, budget=size)
        for size in _list_below(self.concurrency):
            yield replace(self, concurrency=size)
        for number, each in enumerate(self.outcomes):
            before, after = self.outcomes[:number], self.outcomes[number + 1 :]
            if before or after:
                yield replace(self, outcomes=before + after)
            for plainer in (LeaseOutcome(), replace(each, part=1.0), replace(each, loss=0)):
                if plainer != each and each != LeaseOutcome():
                    yield replace(self, outcomes=(*before, plainer, *after))
        for number, price in enumerate(self.prices):
            if price > 1:
                yield replace(self, prices=(*self.prices[:number], 1, *self.prices[number + 1 :]))

    def begin(self) -> Run:
        """Return the state of the run before its first decision."""
        members = {f"m{i}": Member(f"m{i}", i, price) for i, price in enumerate(self.prices)}
        space = Space(np.zeros(2), np.ones(2))
        return Run("r", space, 0.5, self.budget, self.concurrency, Region(np.array([0.4, 0.6]), 0.3), members)


def _list_below(value: int) -> Iterator[int]:
    """Yield smaller numbers: 1 first, then ever nearer."""
    gap = value - 1
    while gap > 0:
        yield value - gap
        gap //= 2


def draw_played_run(number: int) -> PlayedRun:
    """Draw a run, the larger the greater its number, from 0."""
    rng = np.random.Generator(np.random.Philox(key=number))
    prices = tuple(int(rng.choice([1, 1, 3])) for _ in range(min(1 + number // 2, 1 + int(rng.integers(5)))))
    outcomes = tuple(
        LeaseOutcome(
            str(rng.choice(WHYS)),
            round(float(rng.random()), 3),
            None if rng.random() < 0.1 else int(rng.integers(-8, 9)),
        )
        for _ in range(1 + int(rng.integers(min(number + 1, 12))))
    )
    budget = int(rng.integers(1, 151)) if number else 20
    return PlayedRun(prices, budget, int(rng.integers(1, len(prices) + 1)), outcomes)


def _collect(outcome: LeaseOutcome, lease: Lease, price: int, scale: Callable[[float], float]) -> Event:
    """Return the event of a collected lease. As with real agents, a fresh lease costs at least a row."""
    point = stream("point", lease.id).random(2)
    loss = None if outcome.loss is None else scale(outcome.loss)
    best = None if loss is None else Incumbent(lease.agent, lease.id, 0, point, loss)
    if outcome.why == "failed":
        finding = Finding(lease.id, lease.agent, 1, 1, "failed", best, cause="raised ValueError: no")
        return charge_finding(finding, lease)
    charged = lease.budget // price * price
    if outcome.why != "spent":
        charged = min(charged, max(price if lease.fresh else 0, int(outcome.part * charged)))
    minimum = Converged(point, loss, "flat") if outcome.why == "converged" and loss is not None else None
    why = "exhausted" if outcome.why == "converged" and minimum is None else outcome.why
    return Collected(Finding(lease.id, lease.agent, charged, charged, why, best, minimum))


class Play(NamedTuple):
    """A decision of a played run, before it is granted.

    Attributes:
        run: The state of the run.
        leases: What was decided.
        decider: What decided it: the policy, or what works it in a sandbox.
    """

    run: Run
    leases: tuple[Lease, ...]
    decider: Decider


def play_run(policy: Policy, example: PlayedRun, scale: Callable[[float], float] = float) -> Iterator[Play]:
    """Play a run to its end, and yield each decision before it is granted.

    Args:
        policy: The policy.
        example: The run.
        scale: Changes each loss.

    Raises:
        InvalidDecision: A decision breaks a rule (``audit_decision``).
        ClauseBroken: The run does not end.
    """
    run = example.begin()
    decider = policy.begin(run)
    try:
        yield from _play(run, decider, example, scale)
    finally:
        decider.end()


def _play(run: Run, decider: Decider, example: PlayedRun, scale: Callable[[float], float]) -> Iterator[Play]:
    outcomes = cycle(example.outcomes)
    # Each collected lease follows at most one decision, and at least one of two leases of a member costs something.
    most = 2 * example.budget + len(example.prices) + 2
    for count in range(most + 1):
        require(
            count < most, f"the run did not end: it took more than {most} decisions for {example.budget} evaluations"
        )
        leases = decider.decide(run, stream(1, run.id, run.decisions, run.collected)) if run.free else ()
        audit_decision(run, leases, decider.kind)
        yield Play(run, leases, decider)
        if leases:
            _fold(run, decider, Granted(run.decisions, leases))
        if not run.out:
            return
        _, lease = run.out[run.next_end[1]]
        _fold(run, decider, _collect(next(outcomes), lease, run.members[lease.agent].row_price, scale))
        if run.stopped is not None:
            return


def _fold(run: Run, decider: Decider, event: Event) -> None:
    """Fold an event into a run; a policy that is worked elsewhere is told of it."""
    advance(run, event)
    observe = getattr(decider, "observe", None)
    if observe is not None:
        observe(event)
