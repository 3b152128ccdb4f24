"""The result of ``searchparty.minimize``, read from its run and its log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.optimize import OptimizeResult

from ...agents.agent import Incumbent, Rows
from ...agents.leases.failure import format_cause
from ...agents.leases.repeated_points import RepeatedPoints, find_repeated
from ...landscapes.cause_groups import group_causes
from ...landscapes.causes import CONSTRAINT_CAUSE, GRADIENT_CAUSE, INFEASIBLE_CAUSE
from ...landscapes.landscape import Array, Space
from ...orchestrator.log.log import MemoryLog
from ...orchestrator.run_spec import RunSpec
from ...orchestrator.state.events import findings
from ...orchestrator.state.run import Run


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


def build_result(planned: RunSpec, run: Run, log: MemoryLog) -> OptimizeResult:
    """Return the result of a run, of which ``minimize`` describes the entries."""
    best, parts = run.incumbent, log.all_rows()
    noted = [failure for part in parts for failure in part.failures]
    failures = Counter(failure.cause for failure in noted if not failure.is_free)
    free = sum(failure.is_free for failure in noted)
    gradients = Counter({cause: n for cause, n in failures.items() if cause.startswith(GRADIENT_CAUSE)})
    values = failures - gradients
    evaluated = sum(len(part.losses) for part in parts) - free
    differentiated = sum(_count_gradients(part) for part in parts)
    infeasible = Counter(failure.cause for failure in noted if failure.cause.startswith(INFEASIBLE_CAUSE))
    failed_agents = _describe_agent_failures(run, log)
    message = _describe_end(run, evaluated, values, infeasible)
    message += "".join(f"; agent {agent} {words}" for agent, words in failed_agents.items())
    if gradients:
        message += f"; {gradients.total()} of {differentiated} gradients failed: {_most_frequent(gradients)}"
    landscape: Any = planned.landscape
    x, named = _describe_point(landscape, run, None if best is None else best.point)
    return MinimizeResult(
        x=x,
        **named,
        fun=np.inf if best is None else best.loss,
        observed=_list_values_at(run.space, None if best is None else best.point, parts),
        noisy=run.noisy,
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


def _describe_end(run: Run, evaluated: int, failed: Counter[str], infeasible: Counter[str]) -> str:
    """Return why a run ended, or why nothing that it tried has a value.

    Args:
        run: The run.
        evaluated: How many points it evaluated.
        failed: The causes of those without a value.
        infeasible: The causes of settings that were not evaluated because they break a constraint.
    """
    message = run.stopped or ""
    if infeasible and not evaluated:
        condition = infeasible.most_common(1)[0][0].removeprefix(INFEASIBLE_CAUSE)
        return f"no setting that was proposed meets the constraint {condition!r} ({infeasible.total()} were proposed)"
    if evaluated and failed.total() == evaluated:
        end = message if run.halted is None else f"the run stopped after {evaluated} evaluations"
        cause = _most_frequent(failed)
        return (
            f"all evaluations failed: {'' if cause.startswith(CONSTRAINT_CAUSE) else 'the objective '}{cause} ({end})"
        )
    return message


def build_partial_result(planned: RunSpec, run: Run, log: MemoryLog, ended: str) -> OptimizeResult:
    """Return the result of a run that an exception ended, with the points of leases that are not collected."""
    result = build_result(planned, run, log)
    best, confirmed = _find_uncollected(run, log)
    # What repeats have chosen, luck does not replace.
    if best is not None and not run.confirmed and (confirmed or best.loss < result.fun):
        result.x, named = _describe_point(planned.landscape, run, best.point)
        observed = _list_values_at(run.space, best.point, log.all_rows())
        result.update(named, fun=best.loss, observed=observed, agent=best.agent)
    result.success, result.message = False, f"ended by {ended}"
    return result


def _find_uncollected(run: Run, log: MemoryLog) -> tuple[Incumbent | None, bool]:
    """Return the best point of leases that are not collected, and whether repeats have chosen it.

    A lease that repeats points brings what these choose, as when it is collected, and nothing while they leave no
    choice: the least of their losses is a lucky one.
    """
    best = None
    for id, (_, lease) in run.out.items():
        rows = log.rows(id)
        if rows is None:
            continue
        repeated = find_repeated(rows) if lease.repeats else RepeatedPoints()
        if (chosen := repeated.choose()) is not None:
            loss, row = chosen
            return Incumbent(lease.agent, id, row, rows.points[row], loss), True
        least = np.nanmin(rows.losses, initial=np.inf)
        if not len(repeated) and least < (np.inf if best is None else best.loss):
            row = int(np.nanargmin(rows.losses))
            best = Incumbent(lease.agent, id, row, rows.points[row], float(least))
    return best, False


def _list_values_at(space: Space, point: Array | None, parts: Sequence[Rows]) -> Array:
    """Return all finite values that were observed at a point (D,) of the unit cube, shape (n,).

    Points of the cube that are the same setting, on axes with steps or choices, are the same.
    """
    found = [np.empty(0)]
    if point is None:
        return found[0]
    stepped, wanted = space.is_stepped, point
    if stepped:
        # Converted together: the parts are short, and many.
        whole = space.to_box(np.concatenate([part.points for part in parts]))
        wanted, settings = space.to_box(point), np.split(whole, np.cumsum([len(part.losses) for part in parts])[:-1])
    for number, part in enumerate(parts):
        setting = settings[number] if stepped else part.points
        here = np.isfinite(part.losses) & (setting == wanted).all(axis=1)
        # What was answered from memory was not observed again.
        here[[failure.row - part.first for failure in part.failures if failure.is_free]] = False
        found.append(part.losses[here])
    return np.concatenate(found)


def _describe_point(landscape: Any, run: Run, point: Array | None) -> tuple[Array | None, dict[str, Any]]:
    """Return a point (D,) of the unit cube in the user's units, and its values by name where they have names."""
    named = landscape.parameters is not None
    if point is None:
        return None, {"params": None} if named else {}
    box = run.space.to_box(point)
    argument = landscape.arguments.of_row(box)
    return (box, {"params": argument}) if named else (argument, {})


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
