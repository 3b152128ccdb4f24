"""The functions ``searchparty.run`` and ``searchparty.resume``, and what they are made of for the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..orchestrator.log.log_file import LogFile
from ..orchestrator.run_spec import RunSpec
from .execution.growth import load_for_resuming
from .execution.plan import Plan, make_plan
from .execution.session import AtEnd, begin_session, resume_session
from .execution.watcher import Remark, Watcher
from .notebook import open_notebook_watcher, print_in_notebook
from .results.pictures.surfaces import record_surfaces
from .results_api import Results
from .spec.load import load
from .spec.models import Experiment
from .studies.descents import record_descents


def run(
    experiment: Experiment | str | Path | Mapping[str, Any],
    *,
    out: str | Path | None = None,
    executor: str | None = None,
    address: str | None = None,
    overrides: Sequence[str] = (),
    watcher: Watcher | None = None,
    remark: Remark = print_in_notebook,
    report: bool = True,
) -> Results:
    """Run an experiment into a new results directory.

    Args:
        experiment: An ``Experiment``, the path of a YAML file, the name of a bundled experiment, or a mapping with the
            keys of a YAML.
        out: The results directory, which must be empty or not exist. Default: results/<name>-<n> with the first free n.
        executor: "ray" or "simulated". Default: that of the experiment. It never changes a finding.
        address: The Ray cluster to join: "auto", "host:port" or "ray://host:port". Default: that of the experiment.
        overrides: Settings that replace those of the YAML, as "key.path=value". Not allowed with an ``Experiment``.
        watcher: Is notified of the progress of runs. Default: a notebook shows it.
        remark: Receives remarks, one line each, e.g. on choices that the YAML leaves open. Default: a notebook prints
            them.
        report: Whether to write the HTML report at the end.

    Returns:
        The results. Errors of runs that failed are in ``results.errors``; they do not end the other runs.

    Raises:
        SpecError: If the experiment cannot be run as it is described.
        ResultsError: If the results directory cannot be used.
        TypeError: If overrides are given with an ``Experiment``.
        RunInterrupted: After Ctrl-C. Everything found so far is in the results directory, and can be resumed.
        RunExited: An objective raised SystemExit (``sys.exit``); likewise. Both are what they derive from:
            KeyboardInterrupt and SystemExit.
        ExecutorLost: If Ray is lost. The experiment can be resumed.

    Example:
        >>> from searchparty import run
        >>> overrides = ["repeats=1", "budget=200"]
        >>> results = run("quickstart", out="first-look", executor="simulated", overrides=overrides, report=False)
        >>> len(results.runs), results.errors
        (8, {})
        >>> [best.landscape for best in results.best()]
        ['rastrigin D=2 shifted rotated i3', 'schwefel D=2 shifted i2']
    """
    if not isinstance(experiment, Experiment):
        experiment = load(experiment, overrides)
    elif overrides:
        raise TypeError("overrides must be used with a file or a name, got an Experiment. Change its settings.")
    experiment = experiment.with_executor(executor, address)
    planned = make_plan(experiment)
    watcher = watcher or open_notebook_watcher(len(planned.runs))
    return run_plan(planned, out=out, watcher=watcher, remark=remark, report=report)


def run_plan(
    planned: Plan,
    *,
    out: str | Path | None = None,
    watcher: Watcher | None = None,
    remark: Remark = lambda _: None,
    report: bool = True,
) -> Results:
    """Run an experiment that has been planned already. The arguments and errors are those of ``run``."""
    directory, errors = begin_session(planned, out, watcher, remark, _choose_records(planned))
    return _finish(directory, errors, report)


def resume(
    directory: str | Path,
    *,
    executor: str | None = None,
    address: str | None = None,
    budget: int | str | None = None,
    repeats: int | None = None,
    experiment: str | Path | Mapping[str, Any] | None = None,
    force: bool = False,
    trust: bool = False,
    watcher: Watcher | None = None,
    remark: Remark = print_in_notebook,
    report: bool = True,
) -> Results:
    """Resume an experiment that was stopped or killed, or let it grow.

    The findings are the same as if it had not been stopped. Growing moves nothing that stands: runs that were made are
    kept as they are, and the others are the same as in an experiment that was as large from the start.

    Args:
        directory: The results directory.
        executor: "ray" or "simulated". Default: that of the experiment.
        address: The Ray cluster to join: "auto", "host:port" or "ray://host:port". Default: that of the experiment.
        budget: Evaluations per run, or "<n> D" for n times the dimension. It extends every run that has less, finished
            or not, from where the run stands. Default: the budget stays as it is.
        repeats: Runs of each strategy on each landscape, at least the present number. Default: as it is.
        experiment: A YAML file, a bundled name or a mapping to use in place of the YAML in the directory, with further
            strategies, landscapes or repeats. It is kept in the directory. Default: the YAML in the directory.
        force: Whether to resume even if settings or code differ from those that wrote the log.
        trust: Whether to sign the directory as it is now, if it does not bear your signature, and then to run the code
            that it names.
        watcher: Is notified of the progress of runs. Default: a notebook shows it.
        remark: Receives remarks, one line each, e.g. on other versions of libraries. Default: a notebook prints them.
        report: Whether to write the HTML report at the end.

    Returns:
        The results of the whole experiment.

    Raises:
        ResultsError: If the directory holds no experiment; if it names code and does not bear your signature (unless
            ``trust``; nothing of it has been run); if the YAML (new runs apart), the package or the code of an
            agent, a policy or a landscape differs from what wrote the log, unless ``force``; or if the budget or the
            number of repeats is not valid.
        SpecError: If the YAML in the directory cannot be loaded.
        RunInterrupted: After Ctrl-C. Everything found so far is in the results directory, and can be resumed.
        RunExited: An objective raised SystemExit (``sys.exit``); likewise. Both are what they derive from:
            KeyboardInterrupt and SystemExit.
        ExecutorLost: If Ray is lost. The experiment can be resumed.

    Example:
        >>> from searchparty import resume, run
        >>> overrides = ["repeats=1", "budget=60"]
        >>> path = run("quickstart", executor="simulated", overrides=overrides, report=False).path
        >>> results = resume(path, executor="simulated", budget=100, report=False)
        >>> sorted({run.budget for run in results.runs})
        [100]
        >>> len(results.runs), len(resume(path, executor="simulated", repeats=2, report=False).runs)
        (8, 16)
    """
    directory = Path(directory)
    loaded, grown = load_for_resuming(directory, repeats, experiment, trust, remark)
    planned = make_plan(loaded.with_executor(executor, address))
    watcher = watcher or open_notebook_watcher(len(planned.runs))
    return resume_plan(
        planned, directory, budget=budget, grown=grown, force=force, watcher=watcher, remark=remark, report=report
    )


def resume_plan(
    planned: Plan,
    directory: Path,
    *,
    budget: int | str | None = None,
    grown: str | None = None,
    force: bool = False,
    watcher: Watcher | None = None,
    remark: Remark = lambda _: None,
    report: bool = True,
) -> Results:
    """Resume an experiment that has been planned already.

    The arguments and errors are those of ``resume``; ``grown`` is the YAML of an experiment that has grown
    (``load_for_resuming``).
    """
    errors = resume_session(planned, directory, budget, force, watcher, remark, grown, _choose_records(planned))
    return _finish(directory, errors, report and not is_report_current(directory))


def _choose_records(planned: Plan) -> AtEnd:
    """Return what records, when all runs have been worked, what pictures and the maps of basins of a sweep need."""
    if not planned.experiment.sweep:
        return record_surfaces

    def record_all(log: LogFile, runs: Sequence[RunSpec], remark: Remark) -> None:
        record_surfaces(log, runs, remark)
        record_descents(log, runs, remark)

    return record_all


def is_report_current(directory: Path) -> bool:
    """Return whether a results directory has a report that was written after the last change of its log."""
    report, log = directory / "report.html", directory / "log.sqlite"
    return report.exists() and log.exists() and report.stat().st_mtime_ns >= log.stat().st_mtime_ns


def _finish(directory: Path, errors: dict[str, Exception], report: bool) -> Results:
    results = Results(directory, errors)
    if report:
        results.report()
    return results
