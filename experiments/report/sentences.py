"""The sentences and formatted values of a report: notes, targets, strategies and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..comparison.wording import format_digits
from ..results import accounts
from ..results.recorded_runs import describe_faces, describe_time_limits
from ..results.run_summary import RunSummary
from ..results.table import Table


def target_rows(targets: Table) -> list[dict[str, Any]]:
    """Return the table of fixed targets with one row per problem and strategy, and one share per gap in each row."""
    lines: dict[tuple[str, str], list[float]] = {}
    for row in targets.rows():
        if row["gap"] is not None:
            lines.setdefault((row["problem"], row["strategy"]), []).append(row["share"])
    return [{"problem": problem, "strategy": s, "shares": shares} for (problem, s), shares in lines.items()]


def label_directories(directories: Sequence[Path]) -> list[str]:
    """Return what results directories are called in a report: their names, with their numbers where names are equal.

    Example:
        >>> label_directories([Path("a/r"), Path("b/r"), Path("s")])
        ['r 1', 'r 2', 's']
    """
    names = [directory.resolve().name for directory in directories]
    return [name if names.count(name) == 1 else f"{name} {k + 1}" for k, name in enumerate(names)]


def list_notes(runs: Sequence[RunSummary]) -> list[str]:
    """Return what else a reader must know of the runs: time limits, and failures."""
    late = describe_time_limits(runs)
    failed = sum(accounts.failures_table(runs).columns["count"])
    lines = [*([] if late is None else [late]), *accounts.describe_impossible(runs), *describe_faces(runs)]
    return [*lines, "There were no failures." if not failed else f"{pluralize(failed, 'failure')} occurred; see below."]


def pluralize(count: int, one: str, many: str | None = None) -> str:
    """Return a count with its noun, such as "1 run" or "3 runs"; ``many`` is the plural if it is not ``one`` + "s"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def format_number(value: Any) -> str:
    """Format a value for a table: floats with four significant digits, "none" if infinite, and "-" for None."""
    if value is None:
        return "-"
    if isinstance(value, float | np.floating):
        return "none" if np.isinf(value) else format_digits(float(value))
    return f"{value:,}" if isinstance(value, int) else str(value)


def describe_strategy(run: RunSummary) -> dict[str, Any]:
    """Describe the team, policy, concurrency and budget of a run's strategy, for the report's template."""
    team: dict[str, list[str]] = {}
    for member, agent in run.settings["team"]:
        plain = ", ".join(f"{k} {v}" for k, v in agent.items() if k != "kind" and v is not None)
        team.setdefault(f"{agent['kind']}: {plain}" if plain else agent["kind"], []).append(member)
    policy = run.settings["policy"]
    opening = ""
    if policy["kind"] == "branch":
        opening = f"as run {policy['run']} until evaluation {policy['evaluation']}, then: "
        policy = policy["after"]
    return {
        "name": run.strategy,
        "team": [(", ".join(members), text) for text, members in team.items()],
        "policy": opening
        + "; ".join(f"{k}: {_describe_choice(v)}" for k, v in policy.items() if k != "kind" and v is not None),
        "kind": policy["kind"],
        "concurrency": run.settings["concurrency"],
        "budget": run.budget,
    }


def _describe_choice(value: Any) -> str:
    if not isinstance(value, dict):
        return str(value)
    rest = ", ".join(f"{k} {v}" for k, v in value.items() if k != "kind" and v is not None)
    return f"{value.get('kind', '')} ({rest})" if rest else str(value.get("kind", ""))
