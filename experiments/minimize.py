"""The function ``searchparty.minimize``: one function, minimised by a team, as in ``scipy.optimize``."""

from __future__ import annotations

import secrets
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from itertools import cycle, islice
from numbers import Real
from typing import Any

from scipy.optimize import Bounds, OptimizeResult

from ..landscapes.ambient import set_ambient_state_aside
from ..landscapes.arguments import Arguments
from ..orchestrator.executors.in_process import InProcessExecutor
from ..orchestrator.log.log import MemoryLog
from ..orchestrator.loop.drive import begin_run
from ..orchestrator.loop.work_run import work_run
from ..orchestrator.policies.party import Party, sprints
from ..orchestrator.policies.policy import Policy
from ..orchestrator.run_spec import RunSpec
from ..orchestrator.state.run import Run
from .minimization.function_landscape import describe_space, make_function_landscape
from .minimization.result import SearchpartyWarning, build_partial_result, build_result
from .minimization.team import TeamSpec, build_part, name_agents
from .spec.errors import quote
from .spec.models import check_seed, check_target, parse_budget

DEFAULT_TEAM = ("slsqp", "axes", "cma-es")
GOING_ON = {"kind": "slsqp", "goes_on": True}
"""The opener where a sprinter begins: no solver has ended at the best point of that."""
EXTRA_MEMBERS = ("slsqp", "cma-es", "derivative-free", "slsqp", "slsqp")
"""The kinds that join the default team, in turn, when more leases are out at once than it has members."""
SHORT_TEAM, SHORT_TEAM_DIMENSION = ("slsqp", "derivative-free", "derivative-free"), 20
"""The kinds of the default team, in turn, when more than three leases are out at once and each member gets few
evaluations, too few for axes and for cma-es; and the greatest dimension in which they are."""


def minimize(
    fun: Callable[..., Any],
    bounds: Sequence[tuple[float, float]] | Bounds | Mapping[str, Any] | None = None,
    *,
    parameters: Mapping[str, Any] | None = None,
    x0: Sequence[float] | Mapping[str, Any] | None = None,
    args: tuple[Any, ...] = (),
    constraints: str | Callable[..., Any] | Sequence[str | Callable[..., Any]] = (),
    noisy: bool = False,
    callback: Callable[[OptimizeResult], Any] | None = None,
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
    """Minimise a function over a box, or over named parameters, with a team of agents.

    An evaluation that fails (an exception, NaN, infinity) is charged, never becomes the best point, and is counted in
    ``nfail``; it does not end the run. But if the first 10 evaluations all fail for the same error of the program
    (NameError, TypeError, ImportError, AttributeError, or a wrong type returned), the run stops.

    Args:
        fun: The function. It takes a point, shape (D,), and returns a number; with ``vectorized``, it takes points,
            shape (n, D), and returns their values, shape (n,). A number is whatever ``float`` takes and is no text, or
            a list, tuple or array that holds exactly one bool, int or float.
        bounds: The box: D pairs (low, high) of finite numbers, or ``scipy.optimize.Bounds``. An axis with equal ends is
            fixed: ``fun`` receives it, and it is not searched. A mapping is taken for ``parameters``.
        parameters: In place of ``bounds``, a mapping from names to ``{"low": ..., "high": ..., "log": True,
            "integer": True}`` (the last two where they apply), ``{"choices": [...]}`` or fixed values. ``fun`` then
            takes a dict of values by name.
        x0: A point that is known, in the units of ``fun``: D numbers, or a mapping from the names of all searched
            parameters to values. It is evaluated first, and the search starts there.
        args: Further arguments of ``fun`` and ``gradient``, after the point.
        constraints: Conditions that a setting must meet before an evaluation is spent on it: text over the names of the
            parameters (x1, x2, ... with ``bounds``) such as "depth * rate <= 0.5", or functions that take one setting
            and return True or False. What breaks one costs nothing.
        noisy: Whether a setting may have another value each time. Where parameters have steps, a setting that is known
            is otherwise answered from memory, which costs nothing.
        callback: Called after each collected lease with the result so far. If it returns True or raises StopIteration,
            the run ends.
        budget: The number of evaluations, or "<n> D" for n times the dimension. Default: 1000 D.
        team: The agents: a list, or a mapping from names to agents. Each is a kind (``searchparty list agents``), a
            mapping with a kind and settings, or an ``Agent``. Default: slsqp, axes and cma-es, with further members if
            ``concurrency`` is more than 3, and gaussian-process where parameters have steps or choices. With more than
            3 leases at once and fewer than 25 D evaluations for each: slsqp and twice as many of derivative-free.
        policy: Decides which agent gets which part of the budget, where, and why: a kind (``searchparty list
            policies``), a mapping with a kind and settings, or a ``Policy``.
        seed: The seed of all random numbers, from 0 to 2**63 - 1. None draws one, which the result holds. The same
            seed gives the same points with either executor.
        executor: "simulated" works all leases in this process; "ray" works them in Ray actors, in parallel.
        vectorized: Whether ``fun`` and ``gradient`` take many points at once.
        concurrency: How many evaluations are made side by side (like scipy's ``workers``), at least 1. So many leases
            are out at once, or fewer whose points are evaluated side by side. More than the size of the team has no
            effect, even where one agent could use more lanes; a team may name a kind several times.
        gradient: The gradient of ``fun``, shape (D,), or (n, D) with ``vectorized``. Each gradient is charged as one
            evaluation. None: agents that need gradients use finite differences.
        target: The run ends when it finds a value at or below this one. None: it ends when the budget is spent.

    Returns:
        An ``OptimizeResult`` with these entries:

        - ``x``: the best point, in the units of ``fun``, fixed axes included; with ``parameters``, the numbers of the
          searched ones, a choice being its position. None if no evaluation gave a finite value
        - ``params``: with ``parameters``, the best values by name, fixed ones included
        - ``fun``: the value at ``x``; infinite if there is none. Under noise it is the mean of all repeats of ``x`` if
          these chose it, and else the least value that was observed there, which is lower than the true one by luck
        - ``observed``: the values that were observed at ``x``, shape (n,): one, unless it was repeated. Where values
          are noisy, their mean and spread tell what ``x`` is worth
        - ``noisy``: whether an agent evaluated a point again and saw another value. If not, values need not be exact:
          agents do so only where a step belies the slope
        - ``nfev``: points at which ``fun`` was asked for a value; a vectorized call for n points counts n
        - ``njev``: points at which ``gradient`` was asked for a gradient
        - ``charged``: evaluations charged, gradients included, never more than the budget
        - ``nit``: leases collected
        - ``nfail``: points without a finite value
        - ``njfail``: gradients that failed, or were not finite
        - ``failures``: why they failed, and how often: a dict, the most frequent cause first
        - ``agent_failures``: how often and most often why agents failed, by their names: a dict
        - ``success``: whether any evaluation gave a finite value, and no error stopped the run
        - ``message``: why the run ended, and why everything failed if it did
        - ``seed``: the seed
        - ``agent``: the name of the agent that found ``x``
        - ``curve``: (evaluations, least value) after each lease, shape (leases, 2)
        - ``log``: all events and points of the run

    Raises:
        ValueError: If an argument is not valid; nothing has been evaluated then.

    Warns:
        SearchpartyWarning: If all evaluations or gradients failed, or an agent failed. It says why, and has the result.

    Ctrl-C or ``sys.exit`` in ``fun`` leaves this function; the exception has what was found in ``.result``.

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
        >>> import numpy as np
        >>> def loss(p):
        ...     return abs(p["depth"] - 4) + (p["kernel"] != "rbf") + abs(np.log10(p["rate"]) + 2)
        >>> space = {"rate": {"low": 1e-5, "high": 0.1, "log": True}, "depth": {"low": 2, "high": 8, "integer": True},
        ...          "kernel": {"choices": ["poly", "rbf"]}}
        >>> found = minimize(loss, parameters=space, budget=300, seed=1)
        >>> found.params["depth"], found.params["kernel"], round(found.params["rate"], 4)
        (4, 'rbf', 0.01)
    """
    searched = describe_space(bounds, parameters)
    concurrency = _positive_int("concurrency", concurrency)
    landscape = make_function_landscape(fun, gradient, args, vectorized, noisy, x0, constraints, searched)
    dimension = len(landscape.arguments.bounds)
    allowed = count_evaluations(budget, dimension)
    if callback is not None and not callable(callback):
        raise ValueError(f"callback must be a function, got {quote(callback)}. Leave it out, or give one.")
    if executor not in ("simulated", "ray"):
        raise ValueError(f"executor must be 'simulated' or 'ray', got {quote(executor)}. Use one of them.")
    built = build_part("policy", ("policy",), Policy, policy)
    if team is None:
        team = default_team(concurrency, built, landscape.arguments, allowed, gradient is not None, noisy)
    members = name_agents(team)
    planned = RunSpec(
        landscape=landscape,
        team=members,
        policy=built,
        seed=secrets.randbits(32) if seed is None else check_seed(seed),
        repeat=0,
        budget=allowed,
        concurrency=min(concurrency, len(members)),
        target=None if target is None else check_target(target),
    )
    run, log = begin_run(planned), MemoryLog()
    try:
        _work_run(planned, executor, run, log, callback)
    except (KeyboardInterrupt, SystemExit) as error:
        # Whoever ends the program can still read what it has found.
        error.__dict__["result"] = build_partial_result(planned, run, log, type(error).__name__)
        error.add_note("searchparty: the result so far is in the attribute .result of this exception.")
        raise
    result = build_result(planned, run, log)
    if result.nfail == result.nfev or result.njfail == result.njev > 0 or result.agent_failures:
        warnings.warn(SearchpartyWarning(result.message, result), stacklevel=2)
    return result


def default_team(
    concurrency: int,
    policy: Policy,
    arguments: Arguments,
    budget: int,
    gradients: bool = False,
    noisy: bool = False,
) -> tuple[str | dict[str, Any], ...]:
    """Return the default team: kinds of agents, with their settings where these are not the defaults.

    Args:
        concurrency: How many leases are out at once.
        policy: The policy; a party has a planner or a sprinter where that would search first, and is short of
            evaluations where each of many members gets fewer than a prober needs.
        arguments: What is searched.
        budget: How many evaluations the run has.
        gradients: Whether there are gradients.
        noisy: Whether values are said to be noisy.
    """
    stepped = any(axis.is_stepped for axis in arguments.axes)
    team = (*DEFAULT_TEAM, *islice(cycle(EXTRA_MEMBERS), max(0, concurrency - len(DEFAULT_TEAM))))
    if not isinstance(policy, Party):
        return team
    dimension = len(arguments.bounds)
    few = budget < policy.probes_from * dimension * concurrency and dimension <= SHORT_TEAM_DIMENSION
    if few and concurrency > len(DEFAULT_TEAM) and not (gradients or noisy or policy.plans_on(stepped)):
        return tuple(islice(cycle(SHORT_TEAM), concurrency))
    if policy.plans_on(stepped):
        first = policy.planner
    else:
        first = policy.sprinter if not gradients and sprints(budget, dimension, concurrency) else ""
    # An empty name switches such a member off.
    if first in ("", *team):
        return team
    begins = first == policy.sprinter and concurrency == 1
    return (*(GOING_ON if begins and kind == policy.opener == "slsqp" else kind for kind in team), first)


def count_evaluations(budget: int | str | None, dimension: int) -> int:
    """Return a budget in evaluations; None stands for 1000 times the dimension."""
    allowed = parse_budget(1000 * dimension if budget is None else budget)
    return allowed if isinstance(allowed, int) else int(allowed.removesuffix("D")) * dimension


def _work_run(
    planned: RunSpec,
    executor: str,
    run: Run,
    log: MemoryLog,
    callback: Callable[[OptimizeResult], Any] | None,
) -> None:
    with ExitStack() as stack:
        stack.enter_context(set_ambient_state_aside())
        if executor == "simulated":
            works: Any = InProcessExecutor(planned, log)
            wait: Callable[[], None] = lambda: None  # noqa: E731
            drain = wait
        else:
            from ..orchestrator.executors.on_ray.actor_pool import ActorPool
            from ..orchestrator.executors.on_ray.executor import RayExecutor
            from ..orchestrator.executors.on_ray.pickling import pickle_run

            # What cannot be sent is refused before Ray is started for it.
            pickle_run(planned)
            pool = ActorPool(largest_team=len(planned.team), members=len(planned.team))
            stack.callback(pool.close)
            works, wait, drain = RayExecutor(planned, log, pool), pool.wait, pool.drain
        ending: list[bool] = []
        steps = stack.enter_context(closing(work_run(planned, log, works, run=run, is_over=lambda: bool(ending))))
        try:
            for moved in steps:
                if not moved:
                    wait()
                elif callback is not None and not ending and _wants_end(callback, planned, run, log):
                    ending.append(True)
        except (KeyboardInterrupt, SystemExit):
            drain()
            raise


def _wants_end(callback: Callable[[OptimizeResult], Any], planned: RunSpec, run: Run, log: MemoryLog) -> bool:
    """Return whether the user's callback ends the run."""
    try:
        return callback(build_result(planned, run, log)) is True
    except StopIteration:
        return True


def _positive_int(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, Real) or value != value // 1 or value < 1:
        raise ValueError(f"{name} must be a whole number of at least 1, got {quote(value)}. Write e.g. 1.")
    number: Any = value
    return int(number)
