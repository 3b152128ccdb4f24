"""Predictions of how a run would go with any number of workers.

The run is worked in this process, and the simulated clock computes when its leases would have happened.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from ...landscapes.ambient import set_ambient_state_aside
from ...orchestrator.clock.clock import Clock
from ...orchestrator.clock.statistics_log import StatisticsLog
from ...orchestrator.executors.in_process import InProcessExecutor
from ...orchestrator.loop.drive import begin_run
from ...orchestrator.loop.schedule import schedule
from ...orchestrator.loop.work_run import work_run
from ...orchestrator.run_spec import RunSpec
from ...orchestrator.state.run import Run
from ..execution.plan import make_plan
from ..execution.watcher import Watcher
from ..spec.models import Experiment, SimulatedSettings
from .team_sizes import resize_experiment


@dataclass(frozen=True, slots=True)
class Prediction:
    """One run with a number of workers, as the simulated clock predicts it. Times are in simulated seconds."""

    landscape: str
    strategy: str
    workers: int
    repeat: int
    seconds: float
    """Time until the last lease was collected."""
    to_target: float
    """Time until a lease was collected that had reached the target; infinite if none had or there is no target."""
    target: float | None
    loss: float
    minimum: float | None
    idle_share: float
    workers_lost: int
    leases: int
    evaluations: int
    stopped: str

    @property
    def worker_hours(self) -> float:
        return self.workers * self.seconds / 3600.0


def clock_settings(experiment: Experiment) -> SimulatedSettings:
    """Return the experiment's settings of the simulated clock, or the defaults if it uses another executor."""
    settings = experiment.executor
    return settings if isinstance(settings, SimulatedSettings) else SimulatedSettings()


def plan_sizes(experiment: Experiment, sizes: Sequence[int]) -> list[tuple[int, str, RunSpec]]:
    """Plan all runs, ordered by size; return (workers, landscape's label, run) for each.

    Raises SpecError if the budget is too small for one of the sizes.
    """
    found = []
    for size in sizes:
        planned = make_plan(resize_experiment(experiment, size))
        found += [(size, planned.labels[run.id], run) for run in planned.runs]
    return found


def predict_runs(
    experiment: Experiment, runs: Sequence[tuple[int, str, RunSpec]], watcher: Watcher | None = None
) -> tuple[list[Prediction], dict[str, Exception]]:
    """Work all runs; return a prediction for each run that ended well, and the exceptions of the others by run id."""
    delays = clock_settings(experiment)
    known = {planned.id: (size, label, planned) for size, label, planned in runs}
    worked: dict[str, tuple[StatisticsLog, Run]] = {}
    predictions: list[Prediction] = []
    errors: dict[str, Exception] = {}

    def record_end(key: str, error: Exception | None) -> None:
        size, label, planned = known[key]
        if error is not None:
            errors[key] = error
        else:
            predictions.append(_build_prediction(size, label, planned, *worked.pop(key)))
        if watcher is not None:
            watcher.on_run_end(key, error)

    def open_run(planned: RunSpec, size: int) -> Callable[[], Generator[bool, None, None]]:
        return lambda: _drive_simulated(planned, size, delays, worked, watcher)

    stepped = (lambda _: None) if watcher is None else watcher.on_run_step
    with set_ambient_state_aside(), reduce_garbage_collection():
        drives = [(planned.id, open_run(planned, size)) for size, _, planned in runs]
        schedule(drives, 1, lambda: None, record_end, stepped)
    return predictions, errors


def _drive_simulated(
    planned: RunSpec,
    size: int,
    delays: SimulatedSettings,
    worked: dict[str, tuple[StatisticsLog, Run]],
    watcher: Watcher | None,
) -> Generator[bool, None, None]:
    clock = Clock(planned.stream_id, planned.landscape.seconds, size, delays, planned.target)
    log, run = StatisticsLog(clock), begin_run(planned)
    if watcher is not None:
        watcher.on_run_begin(replace(planned, strategy=f"{planned.strategy} with {size} workers"), run)
    executor = InProcessExecutor(planned, log, keeps_rows=any(agent.reads_archive for _, agent in planned.team))
    yield from work_run(planned, log, executor, run=run)
    worked[planned.id] = (log, run)


def _build_prediction(size: int, label: str, planned: RunSpec, log: StatisticsLog, run: Run) -> Prediction:
    clock = log.clock
    loss = float("inf") if run.incumbent is None else run.incumbent.loss
    return Prediction(
        label, planned.strategy, size, planned.repeat, clock.makespan, clock.target_seconds, planned.target, loss,
        planned.facts.minimum, 1.0 - clock.busy_share, clock.losses, clock.leases, log.evaluations, log.stopped or "",
    )  # fmt: skip


@contextmanager
def reduce_garbage_collection() -> Iterator[None]:
    """Make Python's garbage collector run rarely inside the context.

    It would scan thousands of long-lived agents again and again, which takes a tenth of the time.
    """
    before = gc.get_threshold()
    gc.set_threshold(100_000, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
