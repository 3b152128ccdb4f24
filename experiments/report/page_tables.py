"""What the page of a report shows of its tables."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import Any

from ..comparison import profiles
from ..comparison.wording import format_factor
from ..results.table import Table
from .island import pack_table
from .sentences import target_rows


def pack_tables(made: dict[str, Table], clock: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the tables that the page shows, by key, with the columns that a reader needs; empty ones are left out.

    Args:
        made: The tables of the files.
        clock: The rows of the simulated clock.
    """
    targets = (
        (row["problem"], row["strategy"], *(round(100 * share) for share in row["shares"]))
        for row in target_rows(made["targets"])
    )
    agents, contributions = made["agents"], made["contributions"]
    found = {
        "comparison": pack_table(
            "Strategies on each problem",
            ("problem", "strategy", "runs", "best", "median", "lower quartile", "upper quartile", "gap or loss",
             "target", "successes", "ERT", "median of successes", "area", "area at lease ends", "area in time",
             "mean rank", "effect", "p",
             "against the baseline"),
            _list_comparison_rows(made),
        ),
        "verdicts": pack_table(
            "Each strategy against the baseline",
            ("strategy", "verdict", "ratio where both solve", "bounded ratio", "area", "problems", "solved by both",
             "solved alone", "solved by the baseline alone", "runs", "why not settled"),
            _list_verdict_rows(made["verdicts"]),
        ),
        "rank_tests": pack_table(
            "Tests of all pairs over problems", _heads(made["rank_tests"]),
            (row.values() for row in made["rank_tests"].rows()),
        ),
        "power": pack_table(
            "How often more repeats would settle what is open",
            ("strategy", "baseline", "repeats", "runs on each problem", "power"),
            (row.values() for row in made["power"].rows()) if "power" in made else (),
        ),
        "standings": pack_table(
            "Strategies on all problems together", ("strategy", "problems", "solved", "led", "mean rank"),
            (row.values() for row in made["standings"].rows()),
        ),
        "targets": pack_table(
            "Percentage of runs within each distance of the known minimum",
            ("problem", "strategy", *(f"{gap:g}" for gap in profiles.FIXED_TARGETS)),
            targets,
        ),
        "best_points": pack_table(
            "Best points", _heads(made["best_points"]), (row.values() for row in made["best_points"].rows())
        ),
        "agents": pack_table("What each agent did", _heads(agents), (row.values() for row in agents.rows())),
        "measures": pack_table(
            "What the landscape tells besides the loss", _heads(made["measures"]),
            (row.values() for row in made["measures"].rows()),
        ),
        "contributions": pack_table(
            "What each agent contributed on each landscape", _heads(contributions),
            (row.values() for row in contributions.rows()),
        ),
        "times": pack_table(
            "Where the time went", _heads(made["times"]), (row.values() for row in made["times"].rows())
        ),
        "efficiency": pack_table(
            "How well the actors were used", _heads(made["efficiency"]),
            (row.values() for row in made["efficiency"].rows()),
        ),
        "clock": pack_table(
            "Simulated time",
            ("landscape", "strategy", "workers", "simulated seconds", "workers busy", "workers lost"),
            (row.values() for row in clock),
        ),
    }  # fmt: skip
    return {name: table for name, table in found.items() if table["rows"]}


def _list_comparison_rows(made: dict[str, Table]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of the comparison, each with the tests of its strategy against the baseline."""
    tested = {(row["problem"], row["strategy"]): row for row in made["tests"].rows()}
    for row in made["comparison"].rows():
        test = tested.get((row["problem"], row["strategy"]), {})
        yield (
            row["problem"], row["strategy"], row["runs"], row["best"], row["median"], row["lower_quartile"],
            row["upper_quartile"], row["quantity"], row["target"], _describe_success(row), row["ert"],
            row["median_evaluations"], row["area"], row["area_at_lease_ends"], row["area_in_time"], row["rank"],
            test.get("effect"), test.get("p"), test.get("verdict"),
        )  # fmt: skip


def _list_verdict_rows(verdicts: Table) -> Iterator[tuple[Any, ...]]:
    for row in verdicts.rows():
        intervals = (_describe_interval(row, key) for key in ("ratio", "bounded", "area"))
        counts = ("problems", "solved_by_both", "solved_alone", "solved_by_baseline_alone", "runs", "why")
        yield (row["strategy"], row["verdict"], *intervals, *(row[key] for key in counts))


def _describe_interval(row: dict[str, Any], key: str) -> str:
    """Return "0.13 (0.06 to 0.33)": an estimate with its interval, from a row of the table of verdicts."""
    estimate = row["bounded_ratio" if key == "bounded" else key]
    if estimate is None:
        return "-"
    show = (lambda value: f"{value:+.2f}") if key == "area" else format_factor
    low, high = row[f"{key}_low"], row[f"{key}_high"]
    span = f"{show(low)} to {show(high)}" if isfinite(high) else "interval unknown"
    return f"{show(estimate)} ({span})"


def _describe_success(row: dict[str, Any]) -> str:
    """Return "3/5 (23 to 88 %)": the successes of a strategy on a problem, with Wilson's interval of their share."""
    if row["successes"] is None:
        return "-"
    return f"{row['successes']}/{row['runs']} ({100 * row['success_low']:.0f} to {100 * row['success_high']:.0f} %)"


def _heads(table: Table) -> list[str]:
    return [name.replace("_", " ") for name in table.columns]
