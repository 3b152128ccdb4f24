"""Running an experiment: from a plan to a results directory, afresh or where an earlier session stopped."""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from threadpoolctl import threadpool_limits

from ..landscapes.loading import TRAVELLED
from ..orchestrator.database import has_tables
from ..orchestrator.drive import ExecutorError, ExecutorLost, begin, drive
from ..orchestrator.executors.simulated import Simulated
from ..orchestrator.filesystem import holding
from ..orchestrator.journal import remarks, synced
from ..orchestrator.log import LogError
from ..orchestrator.logfile import LogFile, RunLog
from ..orchestrator.planned import PlannedRun
from ..orchestrator.schedule import schedule
from .fingerprint import environment
from .plan import Plan, plan
from .results import Results
from .resuming import ResultsError, check_same, extended, settings_of
from .spec import Experiment, RaySettings, SimulatedSettings, load
from .staging import stage
from .watching import Shown, Watcher

if TYPE_CHECKING:
    from .placing import Placing


class Interrupted(KeyboardInterrupt):
    """Ctrl-C: everything found so far is in ``path``."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.path = path


class EvaluationFailed(Exception):
    """A run was stopped by an evaluation that failed, as its settings say; the message says which, and why."""


Remark = Callable[[str], None]
Drive = Generator[bool, None, str | None]
"""A run on its way: False while it waits, True after something has come; at its end, why it was halted, if it was."""


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
    planned = plan(experiment)
    directory = new_directory(out, experiment.name)
    write_whole(directory / "experiment.yaml", experiment.to_yaml())
    return _work(planned, directory, watcher, remark, report, environment(planned.runs), {})


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
    planned = plan(load(settings_of(directory)).with_executor(executor, address))
    known = environment(planned.runs)
    log = directory / "log.sqlite"
    budgets: dict[str, int] = {}
    if log.exists() and has_tables(log):
        for line in check_same(planned, known, directory, force):
            remark(line)
    else:
        remark(f"{directory} has no log yet: the experiment begins at its beginning.")
    if budget is not None:
        budgets = extended(planned, budget, directory if log.exists() and has_tables(log) else None)
    return _work(planned, directory, watcher, remark, report, known, budgets)


def new_directory(out: str | Path | None, name: str) -> Path:
    """``out``, which must be empty or not exist; by default results/<name>-<n> with the first n that is free."""
    if out is not None:
        directory = Path(out)
        if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
            raise ResultsError(
                f"--out must be an empty or a new directory, got {directory}, which is not empty. Name another, "
                f"or go on with what is there: searchparty resume {directory}"
            )
        _made(directory, exist_ok=True)
        return directory
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "experiment"
    number = 1
    while True:
        directory = Path("results") / f"{stem}-{number}"
        try:
            _made(directory)
        except FileExistsError:
            number += 1
        else:
            return directory


def _made(directory: Path, exist_ok: bool = False) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=exist_ok)
    except FileExistsError:
        raise
    except OSError as error:
        raise ResultsError(
            f"results must go where a directory can be made, got {directory} ({error.strerror}). "
            "Name another place: --out PATH."
        ) from None


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is there whole, whenever the machine stops, or not at all."""
    part = path.with_suffix(".part")
    try:
        part.write_text(text, encoding="utf-8")
        synced(part)
        part.replace(path)
        synced(path.parent)
    except OSError as error:
        raise ResultsError(
            f"{path} must be written, and cannot be ({error.strerror}). Free some space, or name "
            "another place: --out PATH."
        ) from None


def _work(
    plan: Plan,
    directory: Path,
    watcher: Watcher | None,
    remark: Remark,
    report: bool,
    environment: dict[str, Any],
    budgets: Mapping[str, int],
) -> Results:
    runs = plan.runs
    errors: dict[str, Exception] = {}

    def ended(run_id: str, error: Exception | None) -> None:
        if isinstance(error, LogError | ExecutorLost):
            # No other run could go on either.
            raise error
        if isinstance(error, ModuleNotFoundError):
            error = ExecutorError(f"the package {error.name!r} must be installed, and is not ({error}). Install it.")
        if error is not None:
            errors[run_id] = error
        if watcher is not None:
            watcher.ended(run_id, error)

    for line in remarks(holding(directory)):
        remark(line)
    with ExitStack() as stack:
        # Threads of BLAS would change the last bits, and fight with the actors for the cores.
        stack.enter_context(threadpool_limits(1))
        log = LogFile(directory / "log.sqlite", environment | {"clock": _clock(plan.experiment)})
        stack.callback(log.close)
        # Where nothing is left to be worked, the log is only read once more: no need to start Ray for that.
        idle = not budgets and {planned.id for planned in runs} <= log.finished()
        settings = SimulatedSettings() if idle else plan.experiment.executor
        place: Here | Placing = Here() if settings.kind == "simulated" else _on_ray(plan, settings, stack, remark)
        # Before anything else is closed: Ray, once lost, may take this process with it.
        stack.callback(log.commit)
        # Known to the file from the start, so that a report on an unfinished log says what is missing.
        for planned in runs:
            log.run(planned, plan.labels[planned.id])

        def started(planned: PlannedRun) -> Callable[[], Generator[bool, None, None]]:
            return lambda: _drive(planned, log.run(planned), place, watcher, budgets.get(planned.id))

        stepped = (lambda _: None) if watcher is None else watcher.stepped
        try:
            schedule([(planned.id, started(planned)) for planned in runs], place.at_once, place.wait, ended, stepped)
        except KeyboardInterrupt:
            raise Interrupted(directory) from None
        except ExecutorLost as error:
            raise ExecutorLost(
                f"{error} Everything found so far is in {directory}. Go on with: searchparty resume {directory}"
            ) from None
    results = Results(directory, errors)
    if report:
        results.report()
    return results


def _clock(experiment: Experiment) -> dict[str, Any] | None:
    """Settings of the simulated clock, for the report; findings do not depend on them."""
    settings = experiment.executor
    return settings.model_dump(exclude={"kind"}) if settings.kind == "simulated" else None


def _drive(
    planned: PlannedRun, log: RunLog, place: Here | Placing, watcher: Watcher | None, budget: int | None
) -> Generator[bool, None, None]:
    begun = (lambda *_: None) if watcher is None else watcher.begun
    halted = yield from place.drive(planned, log, begun, budget)
    if halted is not None:
        raise EvaluationFailed(log.stopped)


class Here:
    """Works every run in this process, one after the other."""

    at_once = 1

    def wait(self) -> None:
        """Nothing is ever waited for."""

    def drive(
        self, planned: PlannedRun, log: RunLog, begun: Callable[[PlannedRun, Shown], None], budget: int | None
    ) -> Drive:
        run = begin(planned)
        begun(planned, run)
        executor = Simulated(planned, log)
        try:
            yield from drive(run, planned, planned.policy, executor, log, budget)
        finally:
            executor.close()
        return run.halted


def _on_ray(plan: Plan, settings: RaySettings, stack: ExitStack, remark: Remark) -> Placing:
    # Importing Ray takes a second, which only those who use it should wait.
    from .placing import Placing

    luggage = None
    if settings.address is not None and not TRAVELLED.exists():
        luggage = Path(stack.enter_context(TemporaryDirectory(prefix="searchparty-")))
        stage(plan.experiment, luggage)
    heard = signal.getsignal(signal.SIGTERM)
    place = Placing(settings, plan.runs, stack, luggage)
    # Ray has taken the signal for itself, to end this process where it stands.
    if callable(heard) and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, heard)
    for line in place.describe(plan.runs):
        remark(line)
    return place
