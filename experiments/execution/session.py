"""Runs an experiment into a results directory: from the start, or from where an earlier session stopped."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ...agents.evaluation.interrupts import interrupts
from ...agents.evaluation.leaving import ObjectiveExit
from ...landscapes.ambient import set_ambient_state_aside
from ...landscapes.user_code import STAGED_FILES
from ...orchestrator.command_line import format_command
from ...orchestrator.executors.in_process import InProcessExecutor
from ...orchestrator.landscape_record import describe_landscape
from ...orchestrator.log.filesystem import file_system_of
from ...orchestrator.log.journal_mode import describe_restrictions
from ...orchestrator.log.log import LogError
from ...orchestrator.log.log_file import LogFile, RunLog
from ...orchestrator.log.reader import LogReader
from ...orchestrator.log.tables import has_tables
from ...orchestrator.loop.drive import EVALUATION_FAILED, begin_run
from ...orchestrator.loop.executor import ExecutorError, ExecutorLost
from ...orchestrator.loop.schedule import schedule
from ...orchestrator.loop.work_run import work_run
from ...orchestrator.run_spec import RunSpec, digest
from ...orchestrator.sandbox.record import RECORD_KEY, record_sandboxes
from ...orchestrator.state.events import Stopped
from ..spec.load import Experiment
from ..spec.models import RaySettings, SimulatedSettings
from .agent_failures import AgentFailureReporter
from .compatibility import check_compatibility, extend_budgets
from .fingerprint import environment_fingerprint
from .plan import Plan
from .results_directory import create_results_directory, write_atomically
from .staging import stage_files
from .trust.named_code import names_user_code
from .trust.recorded_experiment import sign_growth, try_signing
from .trust.sandboxes import describe_sandboxes
from .watcher import Remark, RunStatus, Watcher

if TYPE_CHECKING:
    from .ray_placement import RayPlacement


GROWTH_ADVICE = "To extend the experiment, use --budget N, --repeats N, or --yaml FILE with further strategies."
BRANCH_ADVICE = "To extend both runs of this branch, use --budget N."


class RunInterrupted(KeyboardInterrupt):
    """The session was stopped by Ctrl-C. Everything found so far is in ``path``."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.path = path


class RunExited(SystemExit):
    """An objective ended the program, as with ``sys.exit``. Everything found so far is in ``path``.

    Attributes:
        path: The results directory.
        error: The SystemExit that the objective raised.
    """

    def __init__(self, path: Path, error: SystemExit) -> None:
        what = error.describe() if isinstance(error, ObjectiveExit) else f"The program was ended: {error!r}"
        super().__init__(f"{what}. Everything found so far is in {path}. {_tell_command(path)}")
        self.path, self.error = path, error


def _tell_command(path: Path) -> str:
    return f"Resume with: {format_command('resume', path)}"


class EvaluationFailed(Exception):
    """A failed evaluation stopped a run, as its settings demand. The message says which evaluation, and why."""


RunSteps = Generator[bool, None, str | None]
"""The steps of a run: it yields True after a step that brought something and False while it waits, and returns why the
run was halted, or None."""


AtEnd = Callable[[LogFile, Sequence[RunSpec], Remark], None]
"""What is done when all runs have been worked, before the log is closed. It may record more about them."""


def do_nothing(log: LogFile, runs: Sequence[RunSpec], remark: Remark) -> None:
    """Record nothing."""


def begin_session(
    planned: Plan,
    out: str | Path | None,
    watcher: Watcher | None = None,
    remark: Remark = lambda _: None,
    at_end: AtEnd = do_nothing,
) -> tuple[Path, dict[str, Exception]]:
    """Run an experiment into a new directory.

    Args:
        planned: The runs.
        out: The directory (``create_results_directory``).
        watcher: Is notified of the progress.
        remark: Receives remarks, one line each.
        at_end: Is called when all runs have been worked.

    Returns:
        The directory, and the errors that ended failed runs, by run id.

    Raises:
        ResultsError: If the directory cannot be used.
        RunInterrupted: After Ctrl-C.
        RunExited: If an objective ends the program.
        ExecutorLost: If Ray is lost.
    """
    directory = create_results_directory(out, planned.experiment.name)
    text = planned.experiment.to_yaml()
    # Signed first, so that a process that is killed at any time leaves nothing unsigned.
    if names_user_code(planned.experiment):
        try_signing(directory, remark, [text], planned.runs)
    write_atomically(directory / "experiment.yaml", text)
    known = environment_fingerprint(planned.runs)
    return directory, _work_plan(planned, directory, watcher, remark, known, {}, at_end)


def resume_session(
    planned: Plan,
    directory: Path,
    budget: int | str | None,
    force: bool,
    watcher: Watcher | None,
    remark: Remark,
    grown: str | None = None,
    at_end: AtEnd = do_nothing,
) -> dict[str, Exception]:
    """Resume an experiment where its log ends. If all its runs have ended, that is said, and nothing is written.

    Args:
        planned: The runs.
        directory: The results directory. If it has no log yet, the experiment starts from the beginning.
        budget: The budget to which runs are extended, in evaluations or as "<n> D"; None leaves it unchanged.
        force: Whether to resume even if settings or code differ from those that wrote the log.
        watcher: Is notified of the progress.
        remark: Receives remarks, one line each.
        grown: The YAML of the experiment if it has grown, to be kept in the directory; None if it has not.
        at_end: Is called when all runs have been worked.

    Returns:
        The errors that ended failed runs, by run id.

    Raises:
        ResultsError: If settings or code differ, unless ``force``, or if the budget is not valid or too small.
        RunInterrupted: After Ctrl-C.
        RunExited: If an objective ends the program.
        ExecutorLost: If Ray is lost.
    """
    known = environment_fingerprint(planned.runs)
    log = directory / "log.sqlite"
    budgets: dict[str, int] = {}
    begun = log.exists() and has_tables(log)
    if begun:
        with LogReader(directory) as reader:
            reader.check()
        for line in check_compatibility(planned, known, directory, force):
            remark(line)
    else:
        remark(f"{directory} has no log yet: the experiment starts from the beginning.")
    if budget is not None:
        budgets = extend_budgets(planned, budget, directory if begun else None)
    elif begun and not force:
        with LogReader(directory) as reader:
            if {run.id for run in planned.runs} <= reader.stopped_run_ids():
                remark(f"All runs in {directory} have ended: there is nothing to resume. {_advise_growth(planned)}")
                return _read_failures(planned, reader)
    sign_growth(directory, grown, planned, remark)
    return _work_plan(planned, directory, watcher, remark, known, budgets, at_end)


def _advise_growth(planned: Plan) -> str:
    return BRANCH_ADVICE if planned.experiment.runs else GROWTH_ADVICE


def _read_failures(planned: Plan, reader: LogReader) -> dict[str, Exception]:
    """Return the errors of the runs that a failed evaluation stopped, by run id. All runs must have ended."""
    last = {run.id: reader.events(run.id)[-1] for run in planned.runs}
    reasons = {id: event.reason for id, event in last.items() if isinstance(event, Stopped)}
    return {id: EvaluationFailed(why) for id, why in reasons.items() if why.startswith(EVALUATION_FAILED)}


def _work_plan(
    planned: Plan,
    directory: Path,
    watcher: Watcher | None,
    remark: Remark,
    environment: dict[str, Any],
    budgets: Mapping[str, int],
    at_end: AtEnd,
) -> dict[str, Exception]:
    """Work all runs of a plan into the log of a directory, and return the errors that ended failed runs, by run id.

    What ends the session says where the log is, also while Ray starts or stops.
    """
    try:
        return _work_runs(planned, directory, watcher, remark, environment, budgets, at_end)
    except KeyboardInterrupt:
        raise RunInterrupted(directory) from None
    except SystemExit as error:
        raise RunExited(directory, error) from error
    except ExecutorLost as error:
        raise ExecutorLost(f"{error} Everything found so far is in {directory}. {_tell_command(directory)}") from None


def _work_runs(
    planned: Plan,
    directory: Path,
    watcher: Watcher | None,
    remark: Remark,
    environment: dict[str, Any],
    budgets: Mapping[str, int],
    at_end: AtEnd,
) -> dict[str, Exception]:
    runs = planned.runs
    outcomes = _Outcomes(watcher)
    hints = (hint for run in runs for hint in run.landscape.hints)
    rung, confined = describe_sandboxes(runs)
    for line in dict.fromkeys([*describe_restrictions(file_system_of(directory)), *hints, *confined]):
        remark(line)
    with ExitStack() as stack:
        stack.enter_context(set_ambient_state_aside())
        # The directory is recorded so that the user's files are found if they are moved with it (``find_base``).
        known = {"clock": _clock_settings_of(planned.experiment), "directory": str(directory.absolute())}
        known |= {"sandbox": rung} if rung else {}
        log = LogFile(directory / "log.sqlite", environment | known)
        stack.callback(log.close)
        log.on_failed_lease = AgentFailureReporter(runs, remark).report
        # If no run is left to work, the log is only read once more, which does not need Ray.
        idle = not budgets and {each.id for each in runs} <= log.stopped_run_ids()
        # Ray's import and start swallow an interrupt that falls into some of their code, or print a traceback.
        with interrupts.hold():
            place = _choose_place(planned, SimulatedSettings() if idle else planned.experiment.executor, stack, remark)
        # Commit before anything else is closed: if Ray is lost, closing it may kill this process.
        stack.callback(log.commit)
        _record_runs(planned, log)

        def open_run(each: RunSpec) -> Callable[[], Generator[bool, None, None]]:
            return lambda: _drive_run(each, log.run(each), place, watcher, budgets.get(each.id))

        stepped = (lambda _: None) if watcher is None else watcher.on_run_step
        drives = [(each.id, open_run(each)) for each in runs]
        schedule(drives, place.at_once, place.wait, outcomes.record, stepped, place.drain)
        if place.evaluated_again:
            remark(f"evaluated again, without charge: {place.evaluated_again:,} gradients that the log does not keep.")
        at_end(log, runs, remark)
    return outcomes.errors


class _Outcomes:
    """Collects the errors that ended runs, by run id, and tells the watcher of each end."""

    def __init__(self, watcher: Watcher | None) -> None:
        self.errors: dict[str, Exception] = {}
        self._watcher = watcher

    def record(self, run_id: str, error: Exception | None) -> None:
        """Record how a run ended. Raises what ends all other runs, too."""
        if isinstance(error, LogError | ExecutorLost):
            # Without a log or an executor, no other run can continue either.
            raise error
        if isinstance(error, ModuleNotFoundError):
            error = ExecutorError(f"the package {error.name!r} must be installed, but is not ({error}). Install it.")
        if error is not None:
            self.errors[run_id] = error
        if self._watcher is not None:
            self._watcher.on_run_end(run_id, error)


def _record_runs(planned: Plan, log: LogFile) -> None:
    """Record all runs from the start, so that a report on an unfinished log says which runs are missing."""
    # A landscape that has runs keeps the label that it was given when there were other landscapes to tell it from.
    labels = {digest(record.settings["landscape"]): record.landscape for record in log.runs()}
    for each in planned.runs:
        about, interval = describe_landscape(each).to_data(), planned.find_interval(each)
        if sandboxes := record_sandboxes(each):
            about[RECORD_KEY] = sandboxes
        label = labels.get(digest(each.settings["landscape"]), planned.labels[each.id])
        log.run(each, label, about, interval)


def _clock_settings_of(experiment: Experiment) -> dict[str, Any] | None:
    """Return the settings of the simulated clock, for the report; None for Ray. Findings do not depend on them."""
    settings = experiment.executor
    return settings.model_dump(exclude={"kind"}) if settings.kind == "simulated" else None


def _drive_run(
    planned: RunSpec, log: RunLog, place: LocalPlacement | RayPlacement, watcher: Watcher | None, budget: int | None
) -> Generator[bool, None, None]:
    begun = (lambda *_: None) if watcher is None else watcher.on_run_begin
    halted = yield from place.drive(planned, log, begun, budget)
    if halted is not None:
        raise EvaluationFailed(log.stop_reason)


class LocalPlacement:
    """Works every run in this process, one after the other.

    Attributes:
        evaluated_again: How many gradients were evaluated again because the log does not keep them.
    """

    at_once = 1
    evaluated_again = 0

    def wait(self) -> None:
        """Return at once: runs in this process never wait."""

    def drain(self) -> None:
        """Do nothing: what was found in this process is in the log."""

    def drive(
        self, planned: RunSpec, log: RunLog, begun: Callable[[RunSpec, RunStatus], None], budget: int | None
    ) -> RunSteps:
        """Work a run step by step, as ``RayPlacement.drive`` does."""
        run = begin_run(planned)
        begun(planned, run)
        executor = InProcessExecutor(planned, log)
        yield from work_run(planned, log, executor, budget, run)
        self.evaluated_again += executor.replayer.count
        return run.halted


def _choose_place(
    plan: Plan, settings: SimulatedSettings | RaySettings, stack: ExitStack, remark: Remark
) -> LocalPlacement | RayPlacement:
    return LocalPlacement() if settings.kind == "simulated" else _place_on_ray(plan, settings, stack, remark)


def _place_on_ray(plan: Plan, settings: RaySettings, stack: ExitStack, remark: Remark) -> RayPlacement:
    # Importing Ray takes a second; only users of Ray should wait for it.
    from .ray_placement import RayPlacement

    staged_directory = None
    if settings.address is not None and not STAGED_FILES.exists():
        staged_directory = Path(stack.enter_context(TemporaryDirectory(prefix="searchparty-")))
        stage_files(plan.experiment, staged_directory)
    place = RayPlacement(settings, plan.runs, stack, staged_directory)
    for line in place.describe(plan.runs):
        remark(line)
    return place
