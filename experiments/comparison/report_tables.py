"""All tables of a report, as its files and exports have them."""

from __future__ import annotations

from ..results import accounts
from ..results.curves import Curve, tabulate_curves
from ..results.measures import tabulate_measures
from ..results.table import Table
from . import profiles, tables
from .comparison import Comparison


def make_tables(compared: Comparison, curves: dict[str, dict[str, Curve]]) -> dict[str, Table]:
    """Return the tables of a report by the names of their files."""
    started = [run for run in compared.runs if run.evaluations]
    return {
        "verdicts": tables.make_verdicts_table(compared),
        "standings": tables.make_standings_table(compared),
        "comparison": tables.make_comparison_table(compared.problems),
        "tests": tables.make_tests_table(compared),
        "rank_tests": tables.make_rank_tests_table(compared),
        "ratios": tables.make_ratios_table(compared),
        "targets": profiles.make_targets_table(compared.problems),
        "budgets": profiles.make_budgets_table(compared.problems),
        "data_profiles": profiles.make_profiles_table(compared.problems),
        "running_times": profiles.make_runtimes_table(compared.problems),
        "convergence": tabulate_curves(curves),
        "measures": tabulate_measures(started),
        "contributions": accounts.contributions_table(started),
        "agents": accounts.agents_table(started),
        "failures": accounts.failures_table(compared.runs),
        "best_points": accounts.best_points_table(started),
        "times": accounts.times_table(started),
        "efficiency": accounts.efficiency_table(started),
        **({"power": tables.make_power_table(compared)} if compared.power else {}),
    }
