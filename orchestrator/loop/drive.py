"""The loop of a run: decide, grant, collect, fold, until no lease is out and the policy grants no more."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import replace

import numpy as np

from ...agents.agent import Agent, AgentError, Lease
from ...agents.evaluation.first_rows import FirstRows
from ...agents.evaluation.interrupts import interrupts
from ...landscapes.landscape import Space
from ..log.log import Log
from ..policies.policy import Decider
from ..run_spec import RunSpec
from ..state.events import Extended, Granted, Started, Stopped
from ..state.member import Member
from ..state.run import Run
from .audit import audit_decision
from .executor import Executor
from .randomness import RekeyedGenerator
from .recorder import Recorder

EVALUATION_FAILED = "an evaluation failed"
"""First words of the ``Stopped`` reason of a run that was stopped by a row without a loss."""
START_MARK = "row 0 is the start"
"""Last words of the reason of the first lease where the user knows a start."""

StreamFactory = Callable[..., np.random.Generator]
"""Returns the random stream that belongs to a key."""


def begin_run(planned: RunSpec) -> Run:
    """Return the state of a run before its first event. Raises AgentError if an agent says wrongly what it can use."""
    space = planned.facts.space
    members = {
        name: Member(name, index, agent.row_price(space), lanes=_count_lanes(name, agent, space))
        for index, (name, agent) in enumerate(planned.team)
    }
    return Run(
        planned.id, space, planned.landscape.seconds, planned.budget, planned.concurrency, planned.region, members,
        planned.target, first_rows=FirstRows(planned.evaluation.stop_after),
    )  # fmt: skip


def _count_lanes(name: str, agent: Agent, space: Space) -> int:
    lanes: object = agent.most_lanes(space)
    if isinstance(lanes, int | np.integer) and not isinstance(lanes, bool) and lanes >= 1:
        return int(lanes)
    raise AgentError(
        f"most_lanes of agent {name} must be a whole number of at least 1, got {lanes!r}. Correct it in the class, or "
        "leave it out for 1."
    )


def drive_run(
    run: Run,
    planned: RunSpec,
    policy: Decider,
    executor: Executor,
    log: Log,
    budget: int | None = None,
    is_over: Callable[[], bool] = lambda: False,
) -> Generator[bool, None, None]:
    """Work a run to its end. Events that the log already holds are compared, not recorded again.

    ``budget`` is the run's new budget in evaluations, if that is more than it has; it is set once all recorded events
    have been read. Once ``is_over`` returns True, its budget is cut to what is spent or granted. The executor is not
    closed. Raises InvalidDecision if the policy breaks a rule, ReplayError if an
    event differs from the recorded one, and ExecutorError if the executor cannot continue.

    Yields:
        False each time the run waits for its executor, True after each outcome, so that many runs can be interleaved.
    """
    scribe, stream = Recorder(run, log, policy), RekeyedGenerator().stream
    deadline = _deadline(planned, log.elapsed_seconds if budget is None else 0.0)
    scribe.write(Started(planned.id, planned.settings))
    while True:
        budget = _update_budget(scribe, is_over() or _is_late(deadline), budget)
        if run.stopped is not None and scribe.next_recorded is None:
            return
        # A version that did not stop runs by their first rows may have granted more leases.
        halted = run.halted is not None and not isinstance(scribe.next_recorded, Granted)
        leases = () if halted else _decide_leases(run, planned, policy, stream)
        if leases:
            for lease in scribe.write(Granted(run.decisions, leases)).leases:
                executor.submit(lease)
        if not run.out:
            scribe.write(Stopped(_stop_reason(run)))
            continue
        _, awaited = run.next_end
        while not executor.ready(awaited):
            yield False
        scribe.write(executor.collect(awaited))
        yield True


def _decide_leases(run: Run, planned: RunSpec, policy: Decider, stream: StreamFactory) -> tuple[Lease, ...]:
    """Return the policy's decision, after checking it; () once the target is reached or nothing is left to grant."""
    if _reaches_target(run) or run.stopped is not None or run.remaining <= 0 or run.free <= 0:
        return ()
    generator = stream(planned.seed, planned.stream_id, run.decisions, run.collected)
    # In an actor, which holds interrupts, a user's slow policy must not keep it from sending what it has found.
    leases = interrupts.call(policy.decide, run, generator)
    audit_decision(run, leases, policy.kind)
    if leases and leases[0].id == 0 and planned.facts.space.start is not None and START_MARK not in leases[0].reason:
        # The row is like any other; a reader of the log is to know that the user gave it.
        leases = (replace(leases[0], reason=f"{leases[0].reason}; {START_MARK}"), *leases[1:])
    return leases


def _deadline(planned: RunSpec, elapsed: float) -> float | None:
    """Return when the run's time is up, on the monotonic clock; None if it has no limit.

    Args:
        planned: The run's specification.
        elapsed: Seconds that earlier sessions worked on the run.
    """
    return None if planned.seconds is None else time.monotonic() + planned.seconds - elapsed


def _is_late(deadline: float | None) -> bool:
    return deadline is not None and time.monotonic() > deadline


def _update_budget(scribe: Recorder, over: bool, budget: int | None) -> int | None:
    """Record a change of the run's budget, if one is due.

    The change is one that is already recorded, one that the user asked for, or a cut because the run is over.

    Args:
        scribe: The recorder of the run.
        over: Whether the run's time is up, or its caller ends it.
        budget: The budget that the user asked for; None if there is none.

    Returns:
        The user's budget as long as recorded events remain to be read, as it is recorded after them; else None.
    """
    run = scribe.run
    if scribe.next_recorded is not None:
        if isinstance(scribe.next_recorded, Extended):
            scribe.write(scribe.next_recorded)
        return budget
    if budget is not None and budget > run.budget and not _reaches_target(run):
        scribe.write(Extended(budget))
    elif over and run.remaining > 0 and run.stopped is None:
        scribe.write(Extended(run.spent + run.granted))
    return None


def _reaches_target(run: Run) -> bool:
    return run.target is not None and run.incumbent is not None and run.incumbent.loss <= run.target


def _stop_reason(run: Run) -> str:
    if _reaches_target(run):
        return f"target {run.target!r} reached"
    if run.halted is not None:
        return f"{EVALUATION_FAILED}: {run.halted}"
    if run.remaining <= 0:
        return "budget spent"
    if run.waiting_for_news:
        return f"{run.remaining} evaluations left, and nothing new that the team could propose"
    return f"{run.remaining} evaluations left, and no lease that could use them"
