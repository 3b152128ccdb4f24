"""The sentences and formatted values of a report: the summary, targets, strategies and numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..results import accounts, significance
from ..results import comparison as statistics
from ..results.recorded_runs import RunData, best_by_landscape, describe_time_limits
from ..results.table import Table


def threshold_rows(thresholds: Table) -> list[dict[str, Any]]:
    """Return the table of thresholds with one row per landscape and strategy, and one share per gap in each row."""
    lines: dict[tuple[str, str], list[float]] = {}
    for row in thresholds.rows():
        lines.setdefault((row["landscape"], row["strategy"]), []).append(row["share"])
    return [{"landscape": la, "strategy": s, "shares": shares} for (la, s), shares in lines.items()]


def target_texts(comparison: Table) -> list[str]:
    """Describe where the targets come from; landscapes with the same origin are listed together."""
    origins: dict[str, dict[str, None]] = {}
    for row in comparison.rows():
        origins.setdefault(row["target_from"], {})[row["landscape"]] = None
    return [f"{origin} ({', '.join(listed)})" for origin, listed in origins.items()]


def summary_sentences(runs: list[RunData], comparison: Table, winners: Table) -> list[str]:
    """Summarize the runs: what was compared, which strategies lead, the best points, and failures."""
    landscapes, strategies = statistics.landscape_labels(runs), statistics.strategy_names(runs)
    spent = sum(run.evaluations for run in runs)
    lines = [
        f"{pluralize(len(strategies), 'strategy', 'strategies')} searched {pluralize(len(landscapes), 'landscape')} in "
        f"{pluralize(len(runs), 'run')}, using {spent:,} evaluations in total."
    ]
    late = describe_time_limits(runs)
    lines += [] if late is None else [late]
    medians: dict[str, dict[str, float]] = {}
    for row in comparison.rows():
        medians.setdefault(row["landscape"], {})[row["strategy"]] = row["median"]
    lines += [_winner_sentence(row, medians[row["landscape"]]) for row in winners.rows()]
    lines += _warn_of_few_runs(comparison, winners)
    known = best_by_landscape(runs)
    for landscape in landscapes[:4]:
        best = known.get(landscape)
        if best is not None:
            lines.append(
                f"The best point of {landscape} has loss {best.loss:.8g} at ({best.describe(6, 4)}); {best.agent} of "
                f"{best.strategy} found it in repeat {best.repeat}."
            )
    failed = sum(accounts.failures_table(runs).columns["count"])
    lines.append("There were no failures." if not failed else f"{pluralize(failed, 'failure')} occurred; see below.")
    return lines


def _warn_of_few_runs(comparison: Table, winners: Table) -> list[str]:
    """Warn if there are too few runs for any lead to be significant, however far apart the results are."""
    tested = [row for row in winners.rows() if row["runner_up"] is not None]
    counts = {(row["landscape"], row["strategy"]): row["runs"] for row in comparison.rows()}
    pairs = [(counts[r["landscape"], r["leader"]], counts[r["landscape"], r["runner_up"]]) for r in tested]
    least = min((significance.least_p_value(*pair) for pair in pairs), default=0.0) * len(tested)
    if least < significance.ALPHA:
        return []
    return [
        f"There are too few runs for a significant result: the smallest p that the test can give here is "
        f"{min(1.0, least):.2g}, and a winner needs p < {significance.ALPHA}. Increase the number of repeats."
    ]


def _winner_sentence(row: dict[str, Any], medians: dict[str, float]) -> str:
    """Describe which strategy leads on a landscape, and how significant its lead is.

    ``row`` is the landscape's row of the winners table, and ``medians`` holds the strategies' median losses.
    """
    landscape, leader, second = row["landscape"], row["leader"], row["runner_up"]
    if np.isinf(medians[leader]):
        return f"On {landscape}, no strategy found a finite loss in half of its runs."
    if second is None:
        return f"On {landscape}, {leader} reached a median loss of {format_number(medians[leader])}."
    # This includes medians that differ by less than the digits shown.
    if row["winner"] is None and format_number(medians[leader]) == format_number(medians[second]):
        return f"On {landscape}, {leader} and {second} tie at a median loss of {format_number(medians[leader])}."
    figures_text = f"median loss {format_number(medians[leader])} against {format_number(medians[second])} of {second}"
    if row["winner"] is not None:
        return f"On {landscape}, {leader} won: {figures_text} (p = {row['p']:.2g})."
    return f"On {landscape}, there is no clear winner: {leader} leads with {figures_text} (p = {row['p']:.2g})."


def pluralize(count: int, one: str, many: str | None = None) -> str:
    """Return a count with its noun, such as "1 run" or "3 runs"; ``many`` is the plural if it is not ``one`` + "s"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def format_number(value: Any) -> str:
    """Format a value for a table: floats with four significant digits, "none" if infinite, and "-" for None."""
    if value is None:
        return "-"
    if isinstance(value, float | np.floating):
        return "none" if np.isinf(value) else f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def describe_strategy(run: RunData) -> dict[str, Any]:
    """Describe the team, policy, concurrency and budget of a run's strategy, for the report's template."""
    team: dict[str, list[str]] = {}
    for member, agent in run.settings["team"]:
        plain = ", ".join(f"{k} {v}" for k, v in agent.items() if k != "kind" and v is not None)
        team.setdefault(f"{agent['kind']}: {plain}" if plain else agent["kind"], []).append(member)
    policy = run.settings["policy"]
    return {
        "name": run.strategy,
        "team": [(", ".join(members), text) for text, members in team.items()],
        "policy": "; ".join(f"{k}: {_describe_choice(v)}" for k, v in policy.items() if k != "kind" and v is not None),
        "kind": policy["kind"],
        "concurrency": run.settings["concurrency"],
        "budget": run.budget,
    }


def _describe_choice(value: Any) -> str:
    if not isinstance(value, dict):
        return str(value)
    rest = ", ".join(f"{k} {v}" for k, v in value.items() if k != "kind" and v is not None)
    return f"{value.get('kind', '')} ({rest})" if rest else str(value.get("kind", ""))
