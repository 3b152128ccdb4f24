"""``searchparty.Results``: what a results directory tells, as tables, figures, reports and exports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..landscapes.landscape import Refusal
from ..orchestrator.log.reader import LogReader
from .comparison import profiles, tables
from .comparison.comparison import Comparison, compare_runs
from .comparison.exports import list_sentences
from .comparison.verdict import EQUIVALENCE
from .comparison.words.decisions import describe_decisions
from .results import accounts
from .results.curves import draw_curves, tabulate_curves
from .results.decisions import decisions_table
from .results.insights import insights_table
from .results.measures import tabulate_measures
from .results.points import make_points_table
from .results.recorded_runs import BestPoint, RunData, best_by_landscape, read_run, read_runs
from .results.run_summary import RunSummary, read_delays, read_summaries, summarize_run
from .results.table import Table
from .spec.errors import quote
from .spec.models import SimulatedSettings

if TYPE_CHECKING:
    from .drawing.plots import Plot
    from .pages.replay_page import ReplayPage


class Results:
    """The results of an experiment.

    The tables are made from the log when they are first used; each has ``rows()`` and ``to_pandas()``. ``run`` and
    ``resume`` return results; ``Results(path)`` opens those of an earlier run, also while it is still running.

    Attributes:
        path: The results directory.
        errors: The errors that ended failed runs, by run id.

    Args:
        path: A results directory that ``run`` or ``searchparty run`` wrote.
        errors: The errors that ended failed runs, by run id.

    Raises:
        LogError: If there is no log, or it cannot be read.

    Example:
        >>> from searchparty import Experiment, Results, run
        >>> experiment = Experiment.from_data(
        ...     {
        ...         "name": "example",
        ...         "budget": 60,
        ...         "landscapes": [{"kind": "sphere"}],
        ...         "strategies": {"random": {"agents": ["random"]}, "slsqp": {"agents": ["slsqp"]}},
        ...         "executor": "simulated",
        ...     }
        ... )
        >>> path = run(experiment, report=False).path
        >>> results = Results(path)
        >>> [(row["strategy"], row["runs"], row["successes"]) for row in results.comparison.rows()]
        [('random', 1, 0), ('slsqp', 1, 1)]
        >>> results.best()[0].agent
        'slsqp'
    """

    def __init__(self, path: Path | str, errors: dict[str, Exception] | None = None) -> None:
        self.path = Path(path)
        self.errors = errors or {}
        with LogReader(self.path):
            # A misspelt path is refused here, not where the results are first used.
            pass

    @cached_property
    def runs(self) -> list[RunData]:
        """All runs with their events and points, in the order of the plan."""
        return read_runs(self.path)

    def compare(self, baseline: str | None = None, equivalence: float = EQUIVALENCE, power: bool = False) -> Comparison:
        """Compare all strategies with one of them: verdicts with intervals, over all problems.

        Args:
            baseline: The name of the strategy that the others are compared with. Default: the first one.
            equivalence: Ratios of expected running times between this and its inverse count as equivalent.
            power: Whether its ``advice`` may take longer than a second of CPU, as it does for more than 150 problems.

        Returns:
            The comparison, with its ``verdicts`` (the best strategy first), its ``headline``, its ``advice``, and its
            ``powers``: how often more repeats would settle each verdict that is not settled.

        Raises:
            ValueError: If there is no such strategy, or the region is not valid.
        """
        if baseline is None and equivalence == EQUIVALENCE and not power:
            return self._compared
        return compare_runs(self._summaries, baseline, equivalence, power)

    @cached_property
    def _compared(self) -> Comparison:
        return compare_runs(self._summaries)

    @cached_property
    def _summaries(self) -> list[RunSummary]:
        """All runs without their points: thousands fit in memory."""
        return _summarize(self.path, self.__dict__.get("runs"))

    @cached_property
    def comparison(self) -> Table:
        """The strategies on each problem, whose instances are repeats: quartiles, success, running times and rank.

        ``best`` and the quartiles are gaps above the minimum where that is known (``quantity``). ``ert`` is the
        expected running time: the evaluations of all runs, each until its success or its end, divided by the number of
        successes. ``median_evaluations`` is the median of the runs that reached the target. ``area`` is the area over
        the convergence curve against evaluations; ``area_at_lease_ends`` counts points from the end of their lease on,
        and ``area_in_time`` is against simulated seconds. Only runs that have ended are compared.
        """
        return tables.make_comparison_table(self._compared.problems)

    @cached_property
    def verdicts(self) -> Table:
        """Every other strategy against the first one over all problems: verdict, ratio of running times, interval."""
        return tables.make_verdicts_table(self._compared)

    @cached_property
    def standings(self) -> Table:
        """Each strategy over all problems: how many it solved and led, and the mean of its mean ranks."""
        return tables.make_standings_table(self._compared)

    @cached_property
    def tests(self) -> Table:
        """Each strategy against the first one on each problem: effect size, and p of the rank-sum test."""
        return tables.make_tests_table(self._compared)

    @cached_property
    def rank_tests(self) -> Table:
        """All pairs of strategies over problems: signed-rank tests, frequentist and Bayesian, and Friedman's test."""
        return tables.make_rank_tests_table(self._compared)

    @cached_property
    def targets(self) -> Table:
        """Fixed targets: how many runs of each strategy reached each gap, and at what cost."""
        return profiles.make_targets_table(self._compared.problems)

    @cached_property
    def budgets(self) -> Table:
        """Fixed budgets: the quartiles of each strategy's gap after 10, 30, 100, ... evaluations per axis."""
        return profiles.make_budgets_table(self._compared.problems)

    @cached_property
    def running_times(self) -> Table:
        """Distributions of running times: the share of all targets reached, by evaluations per axis and group."""
        return profiles.make_runtimes_table(self._compared.problems)

    @cached_property
    def data_profiles(self) -> Table:
        """Data profiles: the share of runs that reach the target, by simplex gradients (D + 1 evaluations each)."""
        return profiles.make_profiles_table(self._compared.problems)

    @property
    def verdict(self) -> list[str]:
        """The verdict on the best strategy in a sentence, what would settle it, and what it rests on."""
        return list_sentences(self._compared, str(self.path))

    @cached_property
    def convergence(self) -> Table:
        """The best loss over evaluations, per problem and strategy: quartiles; gaps, if there are several instances."""
        return tabulate_curves(draw_curves(self._summaries))

    @cached_property
    def measures(self) -> Table:
        """What landscapes tell of the best points besides their losses, such as the loss on held-out data.

        Its columns are ``problem``, ``measure``, ``strategy``, ``runs``, ``mean``, ``deviation``, and the
        ``difference`` to the best of the other strategies with its 95 % interval, ``low`` to ``high``.
        """
        return tabulate_measures(self._summaries)

    @cached_property
    def contributions(self) -> Table:
        """Each agent's share of the evaluations, of the records and of the best points, per landscape and strategy."""
        return accounts.contributions_table(self.runs)

    @cached_property
    def failures(self) -> Table:
        """The causes of failed evaluations and failed agents, with how often each occurred."""
        return accounts.failures_table(self.runs)

    @cached_property
    def failed_agents(self) -> Table:
        """The agents that failed, per strategy: in how many of its runs, in how many leases, and most often why."""
        return accounts.failed_agents_table(self.runs)

    @property
    def failed_strategies(self) -> list[str]:
        """The strategies of which every agent that had a lease failed, in every run."""
        return accounts.list_failed_strategies(self.runs)

    def leases(self, run: str) -> Table:
        """Make a table of every lease of a run, with its reason and its outcome.

        Args:
            run: The id of the run, as in ``runs``.

        Raises:
            ValueError: If there is no run with this id; it lists the runs.
        """
        return accounts.leases_table(_find_run(self.runs, run))

    def decisions(self, run: str) -> Table:
        """Make a table of the changes of the agents' shares of a run's budget by more than 10 points.

        Its columns are ``evaluations`` (spent before), ``agent``, ``before`` and ``after`` (its share, 0 to 1),
        ``lease`` and ``reason`` (its first lease afterwards, and the policy's reason for it), ``gain`` (what the
        agent's points gained then, as a share of the run's points that they were the first to beat), ``best_before``
        and ``best_after``, ``important`` (whether it is one of the three that gained most) and ``text`` (all of it in
        words).

        Args:
            run: The id of the run, as in ``runs``.

        Raises:
            ValueError: If there is no run with this id; it lists the runs.
        """
        return decisions_table(_find_run(self.runs, run))

    def insights(self, run: str) -> Table:
        """Make a table of what was noticed of a run: agents that are stuck or oscillate, hand-overs, restarts.

        Its columns are ``kind``, ``evaluations`` (spent when it happened), ``lease``, ``agent``, ``text`` and ``loss``.

        Args:
            run: The id of the run, as in ``runs``.

        Raises:
            ValueError: If there is no run with this id; it lists the runs.
        """
        return insights_table(_find_run(self.runs, run))

    def points(self, run: str | None = None) -> Table:
        """Make a table of the points of one run or of all, one row each, in the order in which they were collected.

        Its columns are ``run``, ``landscape``, ``strategy``, ``repeat``, ``agent``, ``lease``, ``evaluations`` (spent
        by the run up to and including the point), ``loss`` (infinite for a failed evaluation), ``free`` (why the
        point was not evaluated, and cost nothing: "known" or "infeasible"; "" for one that was), and the values of the
        point in the landscape's own units: one column per searched parameter, with its name, or ``x1``, ``x2``, ... if
        parameters have no names; None where a landscape has no such parameter. A parameter with the name of another
        column has an underscore after it. Points of which the log keeps digests only (``log: {keep}``) have no values
        either; all points of such a run have the columns ``projection_1`` to ``projection_8``: their projections, in
        the unit cube, onto eight random directions. The squared distance of two projections is that of the points on
        average, with a relative standard deviation of 50 %: enough to see which points are far from each other, and not
        which of two is nearer.

        Args:
            run: The id of a run, as in ``runs``. Default: all runs.

        Raises:
            ValueError: If there is no run with this id; it lists the runs.
        """
        return make_points_table(self.runs if run is None else [_find_run(self.runs, run)])

    def plot(self, what: str = "convergence", run: str | None = None) -> Plot:
        """Draw a figure of the report, which a notebook shows.

        Args:
            what: "convergence", "finals" or "contributions" of all runs; "timeline" or "landscape" of one run.
            run: The id of that run. Default: the run with the best loss.

        Returns:
            The plot, with its matplotlib ``figure`` and the method ``save(path)``.

        Raises:
            ValueError: If there is no such plot or run, or nothing to draw.
        """
        from .drawing.plots import plot_runs

        return plot_runs(self.runs, what, run)

    def replay(self, *runs: str, compare: bool = False, title: str | None = None, text: str = "") -> ReplayPage:
        """Make a page that replays one run or two as the studio does; a notebook shows it in a cell.

        Args:
            *runs: Ids of runs or names of strategies, at most two. Default: the median run of the largest team.
            compare: Whether another strategy is shown beside one run.
            title: The heading. Default: what is shown.
            text: What is said below it.

        Returns:
            The page, with its ``html`` and the method ``write(path)``.

        Raises:
            ResultsError: If there is no such run, or none has found a point.
        """
        from .pages.replay_page import make_replay_page

        return make_replay_page(self.path, runs, compare, title, text)

    def best(self) -> list[BestPoint]:
        """Return the best point of each landscape, in the order of the plan.

        Landscapes without a finite loss are left out. Points are in the landscape's own units, shape (D,).
        """
        return list(best_by_landscape(self.runs).values())

    def summary_rows(self) -> list[dict[str, str]]:
        """Return the comparison as rows of a few columns, formatted as text."""
        rows = self.comparison.rows()
        quantities = {row["quantity"] for row in rows}
        median = f"median {quantities.pop()}" if len(quantities) == 1 else "median gap or loss"
        return [_summarize_row(row, median) for row in rows]

    def report(
        self,
        figures: bool = False,
        baseline: str | None = None,
        equivalence: float = EQUIVALENCE,
        power: bool = False,
        others: Sequence[str | Path] = (),
    ) -> Path:
        """Write the HTML report and its tables into the results directory.

        Args:
            figures: Whether to write its figures as PNG and SVG files, too.
            baseline: The name of the strategy that the others are compared with. Default: the first one.
            equivalence: Ratios of expected running times between this and its inverse count as equivalent.
            power: Whether to estimate how many repeats would settle each comparison that is open.
            others: What other tools wrote, as strategies to compare with: folders of COCO's data, and Parquet files of
                evaluations. Further results directories are possible, too.

        Returns:
            The path of the report.

        Raises:
            ValueError: If there is no such strategy, the region is not valid, or a file of others cannot be read.
        """
        from .report.report import write_report

        return write_report([self.path, *map(Path, others)], figures, baseline, equivalence, power)

    def export(self, to: str, out: str | Path | None = None, skip: bool = False) -> Path:
        """Export the results to the format of another tool, also while the experiment is still running.

        Args:
            to: "coco" (for cocopp), "ioh" (IOHprofiler), "parquet" (all evaluations), "csv" (all tables), "optuna" (a
                study a run) or "mlflow" (its files in a local folder).
            out: The folder to write, which must be empty or not exist. Default: ``exports/<format>`` in the results
                directory, which is replaced.
            skip: Whether runs that the format cannot hold are left out. If not, the first of them ends the export.

        Returns:
            The path of the folder.

        Raises:
            ValueError: If there is no such format, it cannot hold a run, or a package that it needs is not installed.
        """
        from .exchange.export import export_results

        return export_results(self.path, to, out, skip)

    def __repr__(self) -> str:
        return f"Results({str(self.path)!r})"

    @cached_property
    def turning_points(self) -> list[str]:
        """The decisions of the policy that gained most, in words: in a median run of the best team, after a heading.

        Empty if there is no team, or its policy never moved the budget to an agent that gained by it.
        """
        return describe_decisions(self._compared, lambda id: read_run(self.path, id))

    def _repr_html_(self) -> str:
        from .report.notebook_screen import draw_notebook_screen

        return draw_notebook_screen(self._compared, self.path, self.summary_rows(), self.turning_points)


def _summarize(path: Path, loaded: Sequence[RunData] | None) -> list[RunSummary]:
    """Return a summary of each run, from those that have been read whole if they have."""
    if loaded is None:
        return read_summaries(path)
    delays = read_delays(path) or SimulatedSettings()
    return [summarize_run(run, delays) for run in loaded]


def _find_run(runs: Sequence[RunData], id: str) -> RunData:
    found = next((run for run in runs if run.id == id), None)
    if found is None:
        from .animation.selection import format_run_list

        listed = f"Use one of these ids.\n{format_run_list(runs)}" if runs else "There is no run yet."
        raise Refusal(f"run must be the id of a run, got {quote(id)}. {listed}")
    return found


def _summarize_row(row: Mapping[str, Any], median: str) -> dict[str, str]:
    """Format a row of the comparison for a terminal; ``median`` is the heading of the median."""
    quartiles = (row["lower_quartile"], row["upper_quartile"])
    return {
        "problem": row["problem"],
        "strategy": row["strategy"],
        "runs": str(row["runs"]),
        median: _format_figure(row["median"], ".4g"),
        "quartiles": "-" if None in quartiles else f"{quartiles[0]:.3g} - {quartiles[1]:.3g}",
        "success": "-" if row["successes"] is None else f"{row['successes']}/{row['runs']}",
        "ERT": _format_figure(row["ert"], ".0f"),
        "median of successes": _format_figure(row["median_evaluations"], ".0f"),
        "mean rank": f"{row['rank']:.2f}",
    }


def _format_figure(value: float | None, format: str) -> str:
    return "-" if value is None else f"{value:{format}}"
