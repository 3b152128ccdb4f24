"""Running an experiment: from a plan to a results directory, afresh or where an earlier session stopped."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from threadpoolctl import threadpool_limits

from ...landscapes.user_code import STAGED_FILES
from ...orchestrator.executors.in_process import InProcessExecutor
from ...orchestrator.log.filesystem import file_system_of
from ...orchestrator.log.journal_mode import describe_restrictions
from ...orchestrator.log.log import LogError
from ...orchestrator.log.log_file import LogFile, RunLog
from ...orchestrator.log.tables import has_tables
from ...orchestrator.loop.drive import begin_run
from ...orchestrator.loop.executor import ExecutorError, ExecutorLost
from ...orchestrator.loop.schedule import schedule
from ...orchestrator.loop.work_run import work_run
from ...orchestrator.run_spec import RunSpec
from ..spec.load import Experiment
from ..spec.models import RaySettings, SimulatedSettings
from .compatibility import check_compatibility, extend_budgets
from .fingerprint import environment_fingerprint
from .plan import Plan
from .results_directory import create_results_directory, write_atomically
from .staging import stage_files
from .watcher import Remark, RunStatus, Watcher

if TYPE_CHECKING:
    from .ray_placement import RayPlacement


class RunInterrupted(KeyboardInterrupt):
    """Ctrl-C: everything found so far is in ``path``."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.path = path


class EvaluationFailed(Exception):
    """A run was stopped by an evaluation that failed, as its settings say; the message says which, and why."""


RunSteps = Generator[bool, None, str | None]
"""A run on its way: False while it waits, True after something has come; at its end, why it was halted, if it was."""


def begin_session(
    planned: Plan, out: str | Path | None, watcher: Watcher | None = None, remark: Remark = lambda _: None
) -> tuple[Path, dict[str, Exception]]:
    """Run an experiment into a new directory. Returns it, and what ended runs that failed, by run id."""
    directory = create_results_directory(out, planned.experiment.name)
    write_atomically(directory / "experiment.yaml", planned.experiment.to_yaml())
    return directory, _work_plan(planned, directory, watcher, remark, environment_fingerprint(planned.runs), {})


def resume_session(
    planned: Plan,
    directory: Path,
    budget: int | str | None,
    force: bool,
    watcher: Watcher | None,
    remark: Remark,
) -> dict[str, Exception]:
    """Go on where a log ends. Returns what ended runs that failed, by run id."""
    known = environment_fingerprint(planned.runs)
    log = directory / "log.sqlite"
    budgets: dict[str, int] = {}
    begun = log.exists() and has_tables(log)
    if begun:
        for line in check_compatibility(planned, known, directory, force):
            remark(line)
    else:
        remark(f"{directory} has no log yet: the experiment begins at its beginning.")
    if budget is not None:
        budgets = extend_budgets(planned, budget, directory if begun else None)
    return _work_plan(planned, directory, watcher, remark, known, budgets)


def _work_plan(
    planned: Plan,
    directory: Path,
    watcher: Watcher | None,
    remark: Remark,
    environment: dict[str, Any],
    budgets: Mapping[str, int],
) -> dict[str, Exception]:
    """Work all runs of a plan into the log of a directory. Returns what ended runs that failed, by run id."""
    runs = planned.runs
    errors: dict[str, Exception] = {}

    def record_end(run_id: str, error: Exception | None) -> None:
        if isinstance(error, LogError | ExecutorLost):
            # No other run could go on either.
            raise error
        if isinstance(error, ModuleNotFoundError):
            error = ExecutorError(f"the package {error.name!r} must be installed, and is not ({error}). Install it.")
        if error is not None:
            errors[run_id] = error
        if watcher is not None:
            watcher.on_run_end(run_id, error)

    for line in describe_restrictions(file_system_of(directory)):
        remark(line)
    with ExitStack() as stack:
        # Threads of BLAS would change the last bits, and fight with the actors for the cores.
        stack.enter_context(threadpool_limits(1))
        log = LogFile(directory / "log.sqlite", environment | {"clock": _clock_settings_of(planned.experiment)})
        stack.callback(log.close)
        # Where nothing is left to be worked, the log is only read once more: no need to start Ray for that.
        idle = not budgets and {each.id for each in runs} <= log.stopped_run_ids()
        settings = SimulatedSettings() if idle else planned.experiment.executor
        place: LocalPlacement | RayPlacement = (
            LocalPlacement() if settings.kind == "simulated" else _place_on_ray(planned, settings, stack, remark)
        )
        # Before anything else is closed: Ray, once lost, may take this process with it.
        stack.callback(log.commit)
        # Known to the file from the start, so that a report on an unfinished log says what is missing.
        for each in runs:
            log.run(each, planned.labels[each.id])

        def open_run(each: RunSpec) -> Callable[[], Generator[bool, None, None]]:
            return lambda: _drive_run(each, log.run(each), place, watcher, budgets.get(each.id))

        stepped = (lambda _: None) if watcher is None else watcher.on_run_step
        try:
            schedule([(each.id, open_run(each)) for each in runs], place.at_once, place.wait, record_end, stepped)
        except KeyboardInterrupt:
            raise RunInterrupted(directory) from None
        except ExecutorLost as error:
            raise ExecutorLost(
                f"{error} Everything found so far is in {directory}. Go on with: searchparty resume {directory}"
            ) from None
    return errors


def _clock_settings_of(experiment: Experiment) -> dict[str, Any] | None:
    """Settings of the simulated clock, for the report; findings do not depend on them."""
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
    """Works every run in this process, one after the other."""

    at_once = 1

    def wait(self) -> None:
        """Nothing is ever waited for."""

    def drive(
        self, planned: RunSpec, log: RunLog, begun: Callable[[RunSpec, RunStatus], None], budget: int | None
    ) -> RunSteps:
        run = begin_run(planned)
        begun(planned, run)
        yield from work_run(planned, log, InProcessExecutor(planned, log), budget, run)
        return run.halted


def _place_on_ray(plan: Plan, settings: RaySettings, stack: ExitStack, remark: Remark) -> RayPlacement:
    # Importing Ray takes a second, which only those who use it should wait.
    from .ray_placement import RayPlacement

    staged_directory = None
    if settings.address is not None and not STAGED_FILES.exists():
        staged_directory = Path(stack.enter_context(TemporaryDirectory(prefix="searchparty-")))
        stage_files(plan.experiment, staged_directory)
    heard = signal.getsignal(signal.SIGTERM)
    place = RayPlacement(settings, plan.runs, stack, staged_directory)
    # Ray has taken the signal for itself, to end this process where it stands.
    if callable(heard) and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, heard)
    for line in place.describe(plan.runs):
        remark(line)
    return place
