"""The function ``searchparty.minimize``: one function, minimised by a team, as in ``scipy.optimize``."""

from __future__ import annotations

import re
import secrets
import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from functools import partial
from itertools import cycle, islice
from numbers import Real
from typing import Any, TypeVar, cast

import numpy as np
from pydantic import ValidationError
from scipy.optimize import Bounds, OptimizeResult

from ..agents.agent import Agent, Rows
from ..agents.leases.failure import format_cause
from ..landscapes.ambient import set_ambient_state_aside
from ..landscapes.arguments import Arguments
from ..landscapes.bounded import check_width
from ..landscapes.cause_groups import group_causes
from ..landscapes.causes import GRADIENT_CAUSE, INFEASIBLE_CAUSE
from ..landscapes.landscape import Array
from ..landscapes.parameters import parse_parameters
from ..landscapes.python_function import InMemory
from ..orchestrator.executors.in_process import InProcessExecutor
from ..orchestrator.log.log import MemoryLog
from ..orchestrator.loop.drive import begin_run
from ..orchestrator.loop.work_run import work_run
from ..orchestrator.policies.party import Party
from ..orchestrator.policies.policy import Policy
from ..orchestrator.run_spec import RunSpec
from ..orchestrator.state.events import findings
from ..orchestrator.state.run import Run
from .spec.build import resolve_kind
from .spec.errors import KeyPath, ProblemList, SourcePositions, SpecError, format_path, quote
from .spec.models import check_seed, check_target, parse_budget
from .spec.sandboxed import build_sandboxed, has_sandbox

DEFAULT_TEAM = ("slsqp", "axes", "cma-es")
EXTRA_MEMBERS = ("slsqp", "cma-es", "derivative-free", "slsqp", "slsqp")
"""The kinds that join the default team, in turn, when more leases are out at once than it has members."""
SHORT_TEAM, SHORT_TEAM_DIMENSION = ("slsqp", "derivative-free", "derivative-free"), 20
"""The kinds of the default team, in turn, when more than three leases are out at once and each member gets few
evaluations, too few for axes and for cma-es; and the greatest dimension in which they are."""


class SearchpartyWarning(UserWarning):
    """A warning of searchparty's own, issued once a result is complete.

    Attributes:
        result: The result, so that it is not lost where warnings are exceptions (``python -W error``).

    Example:
        >>> import warnings
        >>> from searchparty import SearchpartyWarning, minimize
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("error", SearchpartyWarning)
        ...     try:
        ...         minimize(lambda x: None, bounds=[(-1, 1)], budget=50, seed=1)
        ...     except SearchpartyWarning as warning:
        ...         print(warning.result.success, warning.result.nfev)
        False 10
    """

    def __init__(self, message: str, result: OptimizeResult | None = None) -> None:
        super().__init__(message)
        self.result = result


class MinimizeResult(OptimizeResult):  # type: ignore[misc]
    """The ``OptimizeResult`` of ``minimize``, whose text may hold empty dicts: that of scipy cannot."""

    def __repr__(self) -> str:
        return repr(
            OptimizeResult(
                {name: "{}" if isinstance(value, dict) and not value else value for name, value in self.items()}
            )
        )


Part = TypeVar("Part", bound=Agent | Policy)
TeamSpec = Sequence[str | Mapping[str, Any] | Agent] | Mapping[str, str | Mapping[str, Any] | Agent]


def minimize(
    fun: Callable[..., Any],
    bounds: Sequence[tuple[float, float]] | Bounds | None = None,
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
            fixed: ``fun`` receives it, and it is not searched.
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
            effect.
        gradient: The gradient of ``fun``, shape (D,), or (n, D) with ``vectorized``. Each gradient is charged as one
            evaluation. None: agents that need gradients use finite differences.
        target: The run ends when it finds a value at or below this one. None: it ends when the budget is spent.

    Returns:
        An ``OptimizeResult`` with these entries:

        - ``x``: the best point, in the units of ``fun``, fixed axes included; with ``parameters``, the numbers of the
          searched ones, a choice being its position. None if no evaluation gave a finite value
        - ``params``: with ``parameters``, the best values by name, fixed ones included
        - ``fun``: the value at ``x``; infinite if there is none
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
        - ``curve``: (evaluations, best value) after each lease, shape (leases, 2)
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
        >>> def loss(p):
        ...     return abs(p["depth"] - 4) + (p["kernel"] != "rbf") + abs(np.log10(p["rate"]) + 2)
        >>> space = {"rate": {"low": 1e-5, "high": 0.1, "log": True}, "depth": {"low": 2, "high": 8, "integer": True},
        ...          "kernel": {"choices": ["poly", "rbf"]}}
        >>> found = minimize(loss, parameters=space, budget=300, seed=1)
        >>> found.params["depth"], found.params["kernel"], round(found.params["rate"], 4)
        (4, 'rbf', 0.01)
    """
    searched = _describe_space(bounds, parameters)
    concurrency = _positive_int("concurrency", concurrency)
    if not isinstance(noisy, bool | np.bool_):
        raise ValueError(f"noisy must be True or False, got {quote(noisy)}. Write e.g. True.")
    landscape = _make_landscape(fun, gradient, args, vectorized, x0, constraints, noisy=bool(noisy) or None, **searched)
    dimension = len(landscape.arguments.bounds)
    allowed = count_evaluations(budget, dimension)
    if callback is not None and not callable(callback):
        raise ValueError(f"callback must be a function, got {quote(callback)}. Leave it out, or give one.")
    if executor not in ("simulated", "ray"):
        raise ValueError(f"executor must be 'simulated' or 'ray', got {quote(executor)}. Use one of them.")
    built = build_part("policy", ("policy",), Policy, policy)
    if team is None:
        values_alone = gradient is None and not noisy
        team = default_team(concurrency, built, landscape.arguments, allowed, values_alone)
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
        error.__dict__["result"] = _partial_result(planned, run, log, type(error).__name__)
        error.add_note("searchparty: the result so far is in the attribute .result of this exception.")
        raise
    result = _optimize_result(planned, run, log)
    if result.nfail == result.nfev or result.njfail == result.njev > 0 or result.agent_failures:
        warnings.warn(SearchpartyWarning(result.message, result), stacklevel=2)
    return result


def default_team(
    concurrency: int, policy: Policy, arguments: Arguments, budget: int, values_alone: bool = True
) -> tuple[str, ...]:
    """Return the kinds of the default team.

    Args:
        concurrency: How many leases are out at once.
        policy: The policy; a party has a planner or a sprinter where that would search first, and is short of
            evaluations where each of many members gets fewer than a prober needs.
        arguments: What is searched.
        budget: How many evaluations the run has.
        values_alone: Whether there are no gradients, and values are not said to be noisy.
    """
    stepped = any(axis.is_stepped for axis in arguments.axes)
    team = (*DEFAULT_TEAM, *islice(cycle(EXTRA_MEMBERS), max(0, concurrency - len(DEFAULT_TEAM))))
    if not isinstance(policy, Party):
        return team
    dimension = len(arguments.bounds)
    few = budget < policy.probes_from * dimension * concurrency and dimension <= SHORT_TEAM_DIMENSION
    if few and concurrency > len(DEFAULT_TEAM) and values_alone and not policy.plans_on(stepped):
        return tuple(islice(cycle(SHORT_TEAM), concurrency))
    if policy.plans_on(stepped):
        return (*team, policy.planner)
    sprints = policy.sprints(budget, dimension) and policy.sprinter not in team
    return (*team, policy.sprinter) if sprints else team


def count_evaluations(budget: int | str | None, dimension: int) -> int:
    """Return a budget in evaluations; None stands for 1000 times the dimension."""
    allowed = parse_budget(1000 * dimension if budget is None else budget)
    return allowed if isinstance(allowed, int) else int(allowed.removesuffix("D")) * dimension


def _describe_space(bounds: Any, parameters: Any) -> dict[str, Any]:
    """Return the bounds or the parameters as settings of a landscape."""
    if (bounds is None) == (parameters is None):
        got = "neither" if bounds is None else "both"
        raise ValueError(f"bounds must be given, or parameters in place of them, got {got}. Give one of them.")
    if parameters is None:
        return {"bounds": _bound_pairs(bounds)}
    try:
        return {"parameters": parse_parameters(parameters)}
    except ValueError as error:
        # The message begins with the name of a parameter, unless it concerns all of them.
        words = str(error)
        raise ValueError(words if words.startswith("parameters ") else f"parameters.{words}") from None


def _make_landscape(
    fun: Any, gradient: Any, args: Any, vectorized: Any, x0: Any, constraints: Any, **searched: Any
) -> InMemory:
    """Return the landscape of a function. Raises ValueError if the start does not lie in it."""
    if not isinstance(vectorized, bool | np.bool_):
        raise ValueError(f"vectorized must be True or False, got {quote(vectorized)}. Write e.g. True.")
    if not isinstance(args, tuple):
        raise ValueError(f"args must be a tuple, got {quote(args)}. Write (value,) for one argument.")
    functions = [partial(_call_with, each, args) if args and each is not None else each for each in (fun, gradient)]
    if isinstance(constraints, str) or callable(constraints) or not isinstance(constraints, Sequence):
        constraints = (constraints,)
    listed = tuple(constraints)
    for number, each in enumerate(listed):
        if not isinstance(each, str) and not callable(each):
            raise ValueError(
                f"constraints.{number} must be a condition or a function, got {quote(each)}. Write e.g. 'x1 < 1'."
            )
    start = x0.tolist() if isinstance(x0, np.ndarray) else x0
    landscape = InMemory(
        function=functions[0], gradient_function=functions[1], vectorized=bool(vectorized), start=start,
        constraints=tuple(each for each in listed if isinstance(each, str)) or None,
        constraint_functions=tuple(each for each in listed if not isinstance(each, str)), **searched,
    )  # fmt: skip
    try:
        landscape.make_space()
    except ValueError as error:
        raise ValueError(re.sub("^start", "x0", str(error))) from None
    return landscape


def _call_with(function: Callable[..., Any], args: tuple[Any, ...], point: Any) -> Any:
    return function(point, *args)


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
        return callback(_optimize_result(planned, run, log)) is True
    except StopIteration:
        return True


def _partial_result(planned: RunSpec, run: Run, log: MemoryLog, ended: str) -> OptimizeResult:
    """Return the result of a run that an exception ended, with the points of leases that are not collected."""
    result = _optimize_result(planned, run, log)
    for lease in run.out:
        rows = log.rows(lease)
        if rows is not None and np.nanmin(rows.losses, initial=np.inf) < result.fun:
            row = int(np.nanargmin(rows.losses))
            result.x, named = _describe_point(planned.landscape, run, rows.points[row])
            result.update(named, fun=float(rows.losses[row]))
            result.agent = run.out[lease][1].agent
    result.success, result.message = False, f"ended by {ended}"
    return result


def _describe_agent_failures(run: Run, log: MemoryLog) -> dict[str, str]:
    """Return how often and most often why agents failed, by their names."""
    causes: dict[str, Counter[str]] = {}
    for finding in findings(log.events()):
        if finding.failed:
            causes.setdefault(finding.agent, Counter())[format_cause(finding.cause, finding.place)] += 1
    shown = group_causes(cause for found in causes.values() for cause in found)
    causes = {agent: Counter(shown[cause] for cause in found.elements()) for agent, found in causes.items()}
    return {
        agent: f"failed in {found.total()} of {run.members[agent].leases} leases: {found.most_common(1)[0][0]}"
        for agent, found in causes.items()
    }


def _optimize_result(planned: RunSpec, run: Run, log: MemoryLog) -> OptimizeResult:
    best, parts = run.incumbent, log.all_rows()
    noted = [failure for part in parts for failure in part.failures]
    failures = Counter(failure.cause for failure in noted if not failure.is_free)
    free = sum(failure.is_free for failure in noted)
    gradients = Counter({cause: n for cause, n in failures.items() if cause.startswith(GRADIENT_CAUSE)})
    values = failures - gradients
    evaluated = sum(len(part.losses) for part in parts) - free
    differentiated = sum(_count_gradients(part) for part in parts)
    message = run.stopped or ""
    if evaluated and values.total() == evaluated:
        end = message if run.halted is None else f"the run stopped after {evaluated} evaluations"
        message = f"all evaluations failed: the objective {_most_frequent(values)} ({end})"
    broken = Counter(failure.cause for failure in noted if failure.cause.startswith(INFEASIBLE_CAUSE))
    if broken and not evaluated:
        condition = broken.most_common(1)[0][0].removeprefix(INFEASIBLE_CAUSE)
        message = f"no setting that was proposed meets the constraint {condition!r} ({broken.total()} were proposed)"
    failed_agents = _describe_agent_failures(run, log)
    message += "".join(f"; agent {agent} {words}" for agent, words in failed_agents.items())
    if gradients:
        message += f"; {gradients.total()} of {differentiated} gradients failed: {_most_frequent(gradients)}"
    landscape: Any = planned.landscape
    x, named = _describe_point(landscape, run, None if best is None else best.point)
    return MinimizeResult(
        x=x,
        **named,
        fun=np.inf if best is None else best.loss,
        nfev=evaluated,
        njev=differentiated,
        charged=run.spent,
        nit=run.collected,
        nfail=values.total(),
        njfail=gradients.total(),
        failures=dict(failures.most_common()),
        agent_failures=failed_agents,
        success=best is not None and run.halted is None,
        message=message,
        seed=planned.seed,
        agent=None if best is None else best.agent,
        curve=np.array(run.curve, dtype=float).reshape(-1, 2),
        log=log,
    )


def _describe_point(landscape: Any, run: Run, point: Array | None) -> tuple[Array | None, dict[str, Any]]:
    """Return a point (D,) of the unit cube in the user's units, and its values by name where they have names."""
    named = landscape.parameters is not None
    if point is None:
        return None, {"params": None} if named else {}
    box = run.space.to_box(point)
    argument = landscape.arguments.of_row(box)
    return (box, {"params": argument}) if named else (argument, {})


def _count_gradients(rows: Rows) -> int:
    """Return at how many rows a gradient was computed, or failed; where none was asked for, it is NaN."""
    if rows.gradients is None:
        return 0
    asked = np.array(~np.isnan(rows.gradients).all(axis=1))
    asked[[failure.row - rows.first for failure in rows.failures if failure.of_gradient]] = True
    return int(asked.sum())


def _most_frequent(causes: Counter[str]) -> str:
    """Return the most frequent of some causes, with its share if there are others."""
    shown, grouped = group_causes(causes), Counter[str]()
    for each, count in causes.items():
        grouped[shown[each]] += count
    cause, times = grouped.most_common(1)[0]
    return cause if len(grouped) == 1 else f"{cause} (most often: {times} of {causes.total()} times)"


def _bound_pairs(bounds: Any) -> tuple[tuple[float, float], ...]:
    if isinstance(bounds, Bounds):
        lows, highs = np.broadcast_arrays(np.atleast_1d(bounds.lb), np.atleast_1d(bounds.ub))
        bounds = list(zip(lows.tolist(), highs.tolist(), strict=True))
    try:
        listed = [(low, high) for low, high in bounds]
        if any(isinstance(end, str | bytes | bool | np.bool_) for pair in listed for end in pair):
            raise TypeError
        pairs = tuple((float(low), float(high)) for low, high in listed)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(
            f"bounds must be pairs (low, high), one per axis, got {quote(bounds)}. Write e.g. [(-1, 1), (0, 10)]."
        ) from None
    if not pairs or not all(np.isfinite([low, high]).all() and low <= high for low, high in pairs):
        raise ValueError(
            f"bounds must be finite pairs with low <= high, one per axis, got {quote(list(pairs))}. "
            "Write e.g. [(-1, 1), (0, 10)]."
        )
    for low, high in pairs:
        check_width(low, high)
    if all(low == high for low, high in pairs):
        raise ValueError(f"bounds must leave an axis to search, got {quote(list(pairs))}: all are fixed. Widen one.")
    return pairs


def _positive_int(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, Real) or value != value // 1 or value < 1:
        raise ValueError(f"{name} must be a whole number of at least 1, got {quote(value)}. Write e.g. 1.")
    number: Any = value
    return int(number)


def name_agents(team: TeamSpec) -> tuple[tuple[str, Agent], ...]:
    """Return the agents of a team with their names. Raises ValueError if it is none."""
    if isinstance(team, Mapping) and team:
        return tuple(
            (str(name), build_part("agent", ("team", str(name)), Agent, entry)) for name, entry in team.items()
        )
    if isinstance(team, str) or not isinstance(team, Sequence) or not team:
        raise ValueError(
            f"team must be a list of agents or a mapping from names to agents, got {quote(team)}. "
            "Write e.g. ['cma-es']."
        )
    agents = [build_part("agent", ("team", number), Agent, entry) for number, entry in enumerate(team)]
    kinds = [agent.kind for agent in agents]
    return tuple(
        (agent.kind if kinds.count(agent.kind) == 1 else f"{agent.kind}-{kinds[:index].count(agent.kind) + 1}", agent)
        for index, agent in enumerate(agents)
    )


def build_part(family: str, path: KeyPath, base: type[Part], entry: Any) -> Part:
    """Return an agent or a policy as it is, or build it from its kind and settings.

    Args:
        family: "agent" or "policy".
        path: Where the caller gave it, for messages: ("team", 0).
        base: The base class of the family.
        entry: The part, its kind, or a mapping with its kind and its settings.

    Raises:
        SpecError: If it cannot be built. The message names the path, as the messages on a YAML do.
    """
    if isinstance(entry, base):
        return entry
    if not isinstance(entry, str | Mapping):
        raise ValueError(
            f"{format_path(path)} must be a kind, a mapping with a kind, or an instance of {base.__name__}, got "
            f"{quote(entry)}. "
            "`searchparty list agents` and `searchparty list policies` show the kinds."
        )
    notes = ProblemList(SourcePositions({}))
    if has_sandbox(entry):
        made = build_sandboxed(notes, family, cast("Mapping[str, Any]", entry), path)
        if made is None:
            raise SpecError(notes.problems)
        return cast(Part, made)
    resolved = resolve_kind(notes, family, entry if isinstance(entry, str) else dict(entry), path)
    if resolved is not None:
        cls, settings = resolved
        try:
            found: Any = cls.model_validate(settings)
            return cast(Part, found)
        except ValidationError as error:
            notes.report_validation_error(error, cls, settings, path)
    raise SpecError(notes.problems)
