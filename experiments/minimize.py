"""``searchparty.minimize``: a team on one function, in the manner of ``scipy.optimize``."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from itertools import cycle, islice
from typing import Any

import numpy as np
from scipy.optimize import Bounds, OptimizeResult
from threadpoolctl import threadpool_limits

from ..agents.agent import Agent
from ..landscapes.python_function import InMemory
from ..orchestrator.executors.in_process import InProcessExecutor
from ..orchestrator.log.log import MemoryLog
from ..orchestrator.loop.drive import begin_run
from ..orchestrator.loop.work_run import work_run
from ..orchestrator.policies.policy import Policy
from ..orchestrator.run_spec import RunSpec
from ..orchestrator.state.run import Run
from .spec import catalogue

DEFAULT_TEAM = ("slsqp", "axes", "cma-es")
EXTRA_MEMBERS = ("slsqp", "cma-es", "derivative-free", "slsqp", "slsqp")
"""Who joins the default team, in turn, when more leases than that are out at once."""

TeamSpec = Sequence[str | Mapping[str, Any] | Agent] | Mapping[str, str | Mapping[str, Any] | Agent]


def minimize(
    fun: Callable[..., Any],
    bounds: Sequence[tuple[float, float]] | Bounds,
    *,
    budget: int | None = None,
    team: TeamSpec | None = None,
    policy: str | Mapping[str, Any] | Policy = "party",
    seed: int | None = None,
    executor: str = "simulated",
    vectorized: bool = False,
    concurrency: int = 1,
    gradient: Callable[..., Any] | None = None,
    target: float | None = None,
) -> OptimizeResult:
    """Minimise a function over a box with a team of agents.

    ``fun`` takes an array (D,) and returns a number; with ``vectorized`` it takes (n, D) and returns (n,).
    ``gradient``, if given, likewise returns (D,) or (n, D) and is charged one evaluation a row. ``bounds`` are D
    pairs (low, high), or ``scipy.optimize.Bounds``. ``budget`` is in evaluations, by default 1000 D. ``team``
    holds kinds, mappings with a kind and settings, or agents, possibly by name; by default the party's three, and
    more of them if ``concurrency`` is more. ``policy``, a kind, a mapping or a
    policy, says who gets what part of the budget, where, and why. ``concurrency`` is how many leases
    are out at once (as scipy's ``workers``); with ``executor="ray"`` they are worked side by side. ``seed`` None
    draws one; it is in the result, and the same seed gives the same points whatever the executor.

    Returns an ``OptimizeResult`` with ``x``, ``fun``, ``nfev``, ``nit`` (leases), ``success``, ``message``, ``seed``,
    ``agent`` (who found it), ``curve`` (evaluations and best loss after each lease), ``log``. Rows that fail (an
    exception, NaN, infinity) are charged, never the best, and counted in ``nfail``. Raises ValueError for settings
    that are wrong.
    """
    pairs = _bound_pairs(bounds)
    landscape = InMemory(function=fun, bounds=pairs, vectorized=vectorized, gradient_function=gradient)
    members = _named_agents(default_team(_positive_int("concurrency", concurrency)) if team is None else team)
    planned = RunSpec(
        landscape=landscape,
        team=members,
        policy=_build_policy_from(policy),
        seed=secrets.randbits(32) if seed is None else int(seed),
        repeat=0,
        budget=_positive_int("budget", 1000 * len(pairs) if budget is None else budget),
        concurrency=min(_positive_int("concurrency", concurrency), len(members)),
        target=target,
    )
    run, log = _work_run(planned, executor)
    return _optimize_result(planned, run, log)


def default_team(concurrency: int) -> tuple[str, ...]:
    """The kinds of the default team for so many leases at once."""
    return DEFAULT_TEAM + tuple(islice(cycle(EXTRA_MEMBERS), max(0, concurrency - len(DEFAULT_TEAM))))


def _work_run(planned: RunSpec, executor: str) -> tuple[Run, MemoryLog]:
    log = MemoryLog()
    with ExitStack() as stack:
        stack.enter_context(threadpool_limits(1))
        if executor == "simulated":
            works: Any = InProcessExecutor(planned, log)
            wait: Callable[[], None] = lambda: None  # noqa: E731
        elif executor == "ray":
            from ..orchestrator.executors.on_ray.actor_pool import ActorPool
            from ..orchestrator.executors.on_ray.executor import RayExecutor

            pool = ActorPool(largest_team=len(planned.team), members=len(planned.team))
            stack.callback(pool.close)
            works, wait = RayExecutor(planned, log, pool), pool.wait
        else:
            raise ValueError(f"executor must be 'simulated' or 'ray', got {executor!r}.")
        run = begin_run(planned)
        for moved in work_run(planned, log, works, run=run):
            if not moved:
                wait()
    return run, log


def _optimize_result(planned: RunSpec, run: Run, log: MemoryLog) -> OptimizeResult:
    best = run.incumbent
    failures = sum(log.failures(lease) for lease in range(run.leases))
    return OptimizeResult(
        x=None if best is None else run.space.to_box(best.point),
        fun=np.inf if best is None else best.loss,
        nfev=run.spent,
        nit=run.collected,
        nfail=failures,
        success=best is not None,
        message=run.stopped if best is not None else f"no evaluation gave a finite loss ({run.stopped})",
        seed=planned.seed,
        agent=None if best is None else best.agent,
        curve=np.array(run.curve, dtype=float).reshape(-1, 2),
        log=log,
    )


def _bound_pairs(bounds: Any) -> tuple[tuple[float, float], ...]:
    if isinstance(bounds, Bounds):
        lows, highs = np.broadcast_arrays(np.atleast_1d(bounds.lb), np.atleast_1d(bounds.ub))
        bounds = list(zip(lows.tolist(), highs.tolist(), strict=True))
    try:
        pairs = tuple((float(low), float(high)) for low, high in bounds)
    except (TypeError, ValueError):
        raise ValueError(f"bounds must be pairs (low, high), one an axis, got {bounds!r}.") from None
    if not pairs or not all(np.isfinite([low, high]).all() and low < high for low, high in pairs):
        raise ValueError(f"bounds must be finite pairs with low < high, one an axis, got {list(pairs)!r}.")
    return pairs


def _positive_int(name: str, value: Any) -> int:
    if isinstance(value, bool) or int(value) != value or value < 1:
        raise ValueError(f"{name} must be a whole number of at least 1, got {value!r}.")
    return int(value)


def _named_agents(team: TeamSpec) -> tuple[tuple[str, Agent], ...]:
    if isinstance(team, Mapping):
        return tuple((str(name), _build_agent(entry)) for name, entry in team.items())
    if isinstance(team, str) or not team:
        raise ValueError(f"team must be a list of agents or a mapping from names to agents, got {team!r}.")
    agents = [_build_agent(entry) for entry in team]
    kinds = [agent.kind for agent in agents]
    return tuple(
        (agent.kind if kinds.count(agent.kind) == 1 else f"{agent.kind}-{kinds[:index].count(agent.kind) + 1}", agent)
        for index, agent in enumerate(agents)
    )


def _build_agent(entry: str | Mapping[str, Any] | Agent) -> Agent:
    if isinstance(entry, Agent):
        return entry
    data = {"kind": entry} if isinstance(entry, str) else dict(entry)
    found: Agent = catalogue.build_by_kind("agent", data)
    return found


def _build_policy_from(entry: str | Mapping[str, Any] | Policy) -> Policy:
    if isinstance(entry, Policy):
        return entry
    data = {"kind": entry} if isinstance(entry, str) else dict(entry)
    found: Policy = catalogue.build_by_kind("policy", data)
    return found
