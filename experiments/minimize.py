"""The function ``searchparty.minimize``: one function, minimised by a team, as in ``scipy.optimize``."""

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
"""The kinds that join the default team, in turn, when more leases are out at once than it has members."""

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

    An evaluation that fails (an exception, NaN, infinity) is charged, never becomes the best point, and is counted in
    ``nfail``; it does not end the run.

    Args:
        fun: The function. It takes a point, shape (D,), and returns a number; with ``vectorized``, it takes points,
            shape (n, D), and returns their values, shape (n,).
        bounds: The box: D pairs (low, high) of finite numbers with low < high, or ``scipy.optimize.Bounds``.
        budget: The number of evaluations. Default: 1000 D.
        team: The agents: a list, or a mapping from names to agents. Each is a kind (``searchparty list agents``), a
            mapping with a kind and settings, or an ``Agent``. Default: slsqp, axes and cma-es, with further members if
            ``concurrency`` is more than 3.
        policy: Decides which agent gets which part of the budget, where, and why: a kind (``searchparty list
            policies``), a mapping with a kind and settings, or a ``Policy``.
        seed: The seed of all random numbers. None draws one, which the result holds. The same seed gives the same
            points with either executor.
        executor: "simulated" works all leases in this process; "ray" works them in Ray actors, in parallel.
        vectorized: Whether ``fun`` and ``gradient`` take many points at once.
        concurrency: The number of leases that are out at once (like scipy's ``workers``), at least 1. More than the
            size of the team has no effect.
        gradient: The gradient of ``fun``, shape (D,), or (n, D) with ``vectorized``. Each gradient is charged as one
            evaluation. None: agents that need gradients use finite differences.
        target: The run ends when it finds a value at or below this one. None: it ends when the budget is spent.

    Returns:
        An ``OptimizeResult`` with these entries:

        - ``x``: the best point, shape (D,); None if no evaluation gave a finite value
        - ``fun``: the value at ``x``; infinite if there is none
        - ``nfev``: evaluations charged
        - ``nit``: leases collected
        - ``nfail``: evaluations that failed
        - ``success``: whether any evaluation gave a finite value
        - ``message``: why the run ended
        - ``seed``: the seed
        - ``agent``: the name of the agent that found ``x``
        - ``curve``: (evaluations, best value) after each lease, shape (leases, 2)
        - ``log``: all events and points of the run

    Raises:
        ValueError: If an argument is not valid.

    Example:
        >>> from searchparty import minimize
        >>> def bowl(x):
        ...     return ((x - 0.3) ** 2).sum()
        >>> result = minimize(bowl, bounds=[(-1, 1), (-1, 1)], budget=200, seed=1)
        >>> result.x.round(3).tolist(), result.nfev, result.message
        ([0.3, 0.3], 200, 'budget spent')
        >>> alone = minimize(bowl, bounds=[(-1, 1), (-1, 1)], team=["cma-es"], seed=1, target=1e-6)
        >>> alone.fun <= 1e-6, alone.agent
        (True, 'cma-es')
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
    """Return the kinds of the default team for this number of leases at once."""
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
        raise ValueError(f"bounds must be pairs (low, high), one per axis, got {bounds!r}.") from None
    if not pairs or not all(np.isfinite([low, high]).all() and low < high for low, high in pairs):
        raise ValueError(f"bounds must be finite pairs with low < high, one per axis, got {list(pairs)!r}.")
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
