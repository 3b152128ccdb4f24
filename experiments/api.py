"""Running, resuming, and what came of it: the functions behind `searchparty.run` and `searchparty.resume`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from html import escape
from pathlib import Path

from .execution.plan import Plan, make_plan
from .execution.results_directory import experiment_file
from .execution.session import begin_session, resume_session
from .execution.watcher import Remark, Watcher
from .results import accounts
from .results import comparison as statistics
from .results.recorded_runs import BestPoint, RunData, best_by_landscape, read_runs
from .results.table import Table
from .spec.load import load
from .spec.models import Experiment


class Results:
    """What an experiment came to. Tables are read from the log when first asked for; each has ``rows()`` and
    ``to_pandas()``. ``errors`` holds what ended runs that failed, by run id."""

    def __init__(self, path: Path | str, errors: dict[str, Exception] | None = None) -> None:
        self.path = Path(path)
        self.errors = errors or {}

    @cached_property
    def runs(self) -> list[RunData]:
        return read_runs(self.path)

    @cached_property
    def comparison(self) -> Table:
        """Per landscape and strategy: quartiles of the best loss, success, evaluations to target, rank."""
        return statistics.comparison_table(self.runs)

    @cached_property
    def winners(self) -> Table:
        """Per landscape: who leads, and whether that convinces."""
        return statistics.winners_table(self.runs)

    @cached_property
    def convergence(self) -> Table:
        """Best loss so far against evaluations, per landscape and strategy."""
        return statistics.convergence_table(self.runs)

    @cached_property
    def contributions(self) -> Table:
        """Per agent: its share of evaluations, of records, of best points."""
        return accounts.contributions_table(self.runs)

    @cached_property
    def failures(self) -> Table:
        """What failed, why, how often."""
        return accounts.failures_table(self.runs)

    def leases(self, run: str) -> Table:
        """Every lease of a run, by the run's id, with its reason and outcome."""
        return accounts.leases_table(next(r for r in self.runs if r.id == run))

    def best(self) -> list[BestPoint]:
        """The best point of each landscape on which anything finite was found, in the order of the plan."""
        return list(best_by_landscape(self.runs).values())

    def summary_rows(self) -> list[dict[str, str]]:
        """The comparison in a few columns of text."""
        winners = {row["landscape"]: row["winner"] for row in self.winners.rows()}
        return [
            {
                "landscape": row["landscape"],
                "strategy": row["strategy"] + (" *" if winners[row["landscape"]] == row["strategy"] else ""),
                "runs": str(row["runs"]),
                "median loss": f"{row['median']:.4g}",
                "quartiles": f"{row['lower_quartile']:.3g} - {row['upper_quartile']:.3g}",
                "success": f"{row['successes']}/{row['runs']}",
                "evaluations to target": "-" if row["ert"] is None else f"{row['ert']:.0f}",
                "mean rank": f"{row['rank']:.2f}",
            }
            for row in self.comparison.rows()
        ]

    def report(self) -> Path:
        """Write the HTML report, the figures and the tables; the report's path."""
        from .report.report import write_report

        return write_report(self.path)

    def _repr_html_(self) -> str:
        rows = self.summary_rows()
        head = "".join(f"<th>{escape(name)}</th>" for name in (rows[0] if rows else {}))
        body = "".join("<tr>" + "".join(f"<td>{escape(v)}</td>" for v in row.values()) + "</tr>" for row in rows)
        return f"<p>searchparty results in {escape(str(self.path))}</p><table><tr>{head}</tr>{body}</table>"


def run(
    experiment: Experiment | str | Path,
    *,
    out: str | Path | None = None,
    executor: str | None = None,
    address: str | None = None,
    overrides: Sequence[str] = (),
    watcher: Watcher | None = None,
    remark: Remark = lambda _: None,
    report: bool = True,
) -> Results:
    """Run an experiment (a model, a YAML file or a bundled name) into a new results directory.

    ``executor`` ("ray" or "simulated") and ``address`` go before what the YAML says; neither changes a finding.
    ``overrides`` are "key.path=value". ``remark`` is told, in lines, what was chosen that the YAML leaves open. Returns
    the results; a run that failed is in ``results.errors``.
    """
    if not isinstance(experiment, Experiment):
        experiment = load(experiment, overrides)
    elif overrides:
        raise TypeError("overrides go with a file or a name; change the Experiment itself instead")
    experiment = experiment.with_executor(executor, address)
    return run_plan(make_plan(experiment), out=out, watcher=watcher, remark=remark, report=report)


def run_plan(
    planned: Plan,
    *,
    out: str | Path | None = None,
    watcher: Watcher | None = None,
    remark: Remark = lambda _: None,
    report: bool = True,
) -> Results:
    """Run what is planned already, as ``run`` does."""
    directory, errors = begin_session(planned, out, watcher, remark)
    return _finish(directory, errors, report)


def resume(
    directory: str | Path,
    *,
    executor: str | None = None,
    address: str | None = None,
    budget: int | str | None = None,
    force: bool = False,
    watcher: Watcher | None = None,
    remark: Remark = lambda _: None,
    report: bool = True,
) -> Results:
    """Go on with an experiment that was stopped or killed, to the same findings as if it had not been.

    ``budget`` (evaluations a run, or "<n> D") extends every run that has less, finished or not, from where it stands.
    Raises ResultsError if the YAML, the package or the code of an agent, a policy or a landscape is not what began it,
    unless ``force``; other differences are told to ``remark``.
    """
    directory = Path(directory)
    planned = make_plan(load(experiment_file(directory)).with_executor(executor, address))
    return resume_plan(planned, directory, budget=budget, force=force, watcher=watcher, remark=remark, report=report)


def resume_plan(
    planned: Plan,
    directory: Path,
    *,
    budget: int | str | None = None,
    force: bool = False,
    watcher: Watcher | None = None,
    remark: Remark = lambda _: None,
    report: bool = True,
) -> Results:
    """Go on with what is planned already, as ``resume`` does."""
    errors = resume_session(planned, directory, budget, force, watcher, remark)
    return _finish(directory, errors, report)


def _finish(directory: Path, errors: dict[str, Exception], report: bool) -> Results:
    results = Results(directory, errors)
    if report:
        results.report()
    return results
