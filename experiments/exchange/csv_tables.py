"""The tables of results as CSV files."""

from __future__ import annotations

from pathlib import Path

from ..comparison.comparison import compare_runs
from ..comparison.report_tables import make_tables
from ..results.accounts import failed_agents_table, leases_table
from ..results.curves import draw_curves
from ..results.decisions import decisions_table
from ..results.insights import insights_table
from ..results.points import make_points_table
from ..results.recorded_runs import RunData
from ..results.run_summary import RunSummary, read_delays, summarize_run
from ..results.table import Table
from ..spec.models import SimulatedSettings
from .exported_runs import ExportedRuns

OF_RUNS = {"leases": leases_table, "decisions": decisions_table, "insights": insights_table}
"""The tables that are made of one run; the files have those of all runs, with the run's id in the first column."""


def write_csv(runs: ExportedRuns, folder: Path, target: Path) -> None:
    """Write every table of the results: those of a report, the points, and the leases of all runs.

    Args:
        runs: The runs.
        folder: The folder into which it writes a file for each table.
        target: The path that the folder gets.
    """
    delays = read_delays(runs.directory) or SimulatedSettings()
    summaries: list[RunSummary] = []
    listed: list[RunData] = []
    for run in runs.iterate():
        summaries.append(summarize_run(run, delays))
        listed.append(run)
    made = make_tables(compare_runs(summaries), draw_curves(summaries))
    made["failed_agents"] = failed_agents_table(summaries)
    made["points"] = make_points_table(listed)
    made |= {name: _join([(run.id, make(run)) for run in listed]) for name, make in OF_RUNS.items()}
    for name, table in made.items():
        table.to_csv(folder / f"{name}.csv")


def _join(tables: list[tuple[str, Table]]) -> Table:
    """Return tables with the same columns as one, with the id of the run of each in the first column."""
    columns: dict[str, list[object]] = {"run": []}
    for run, table in tables:
        columns["run"] += [run] * len(table)
        for name, values in table.columns.items():
            columns.setdefault(name, []).extend(values)
    return Table(columns)
