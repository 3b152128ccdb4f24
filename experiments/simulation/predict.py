"""Predicting how a run would go with numbers of workers that nobody has at hand: it is worked in this process, and the
simulated clock tells when things would have happened."""

from __future__ import annotations

import gc
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from threadpoolctl import threadpool_limits

from ...orchestrator.clock.clock import Clock
from ...orchestrator.clock.statistics_log import Tally
from ...orchestrator.executors.in_process import Simulated
from ...orchestrator.loop.drive import begin
from ...orchestrator.loop.schedule import schedule
from ...orchestrator.loop.work_run import work_run
from ...orchestrator.run_spec import PlannedRun
from ...orchestrator.state.run import Run
from ..execution.plan import plan
from ..execution.watcher import Watcher
from ..spec.models import Experiment, SimulatedSettings
from .team_sizes import at_size


@dataclass(frozen=True, slots=True)
class Prediction:
    """One run with so many workers, as the simulated clock would have had it. Times in simulated seconds."""

    landscape: str
    strategy: str
    workers: int
    repeat: int
    seconds: float
    """Until the last lease came in."""
    to_target: float
    """Until a lease came in that had reached the target; infinite if none did, or there is no target."""
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


def settings_of(experiment: Experiment) -> SimulatedSettings:
    """The simulated clock's settings; those of another executor say nothing of it."""
    settings = experiment.executor
    return settings if isinstance(settings, SimulatedSettings) else SimulatedSettings()


def planned_sizes(experiment: Experiment, sizes: Sequence[int]) -> list[tuple[int, str, PlannedRun]]:
    """(workers, landscape's label, run) of all that is to be worked, by size. Raises SpecError."""
    found = []
    for size in sizes:
        planned = plan(at_size(experiment, size))
        found += [(size, planned.labels[run.id], run) for run in planned.runs]
    return found


def predict(
    experiment: Experiment, runs: Sequence[tuple[int, str, PlannedRun]], watcher: Watcher | None = None
) -> tuple[list[Prediction], dict[str, Exception]]:
    """Work all runs, and say how each would have gone; and what ended those that failed, by run id."""
    delays = settings_of(experiment)
    known = {planned.id: (size, label, planned) for size, label, planned in runs}
    worked: dict[str, tuple[Tally, Run]] = {}
    predictions: list[Prediction] = []
    errors: dict[str, Exception] = {}

    def ended(key: str, error: Exception | None) -> None:
        size, label, planned = known[key]
        if error is not None:
            errors[key] = error
        else:
            predictions.append(_prediction(size, label, planned, *worked.pop(key)))
        if watcher is not None:
            watcher.ended(key, error)

    def started(planned: PlannedRun, size: int) -> Callable[[], Generator[bool, None, None]]:
        return lambda: _drive(planned, size, delays, worked, watcher)

    stepped = (lambda _: None) if watcher is None else watcher.stepped
    with threadpool_limits(1), collected_seldom():
        drives = [(planned.id, started(planned, size)) for size, _, planned in runs]
        schedule(drives, 1, lambda: None, ended, stepped)
    return predictions, errors


def _drive(
    planned: PlannedRun,
    size: int,
    delays: SimulatedSettings,
    worked: dict[str, tuple[Tally, Run]],
    watcher: Watcher | None,
) -> Generator[bool, None, None]:
    clock = Clock(planned.id, planned.landscape.seconds, size, delays, planned.target)
    log, run = Tally(clock), begin(planned)
    if watcher is not None:
        watcher.begun(replace(planned, strategy=f"{planned.strategy} with {size} workers"), run)
    executor = Simulated(planned, log, keeps_rows=any(agent.reads_archive for _, agent in planned.team))
    yield from work_run(planned, log, executor, run=run)
    worked[planned.id] = (log, run)


def _prediction(size: int, label: str, planned: PlannedRun, log: Tally, run: Run) -> Prediction:
    clock = log.clock
    loss = float("inf") if run.incumbent is None else run.incumbent.loss
    return Prediction(
        label, planned.strategy, size, planned.repeat, clock.makespan, clock.reached, planned.target, loss,
        planned.facts.minimum, 1.0 - clock.busy_share, clock.losses, clock.leases, log.evaluations, log.stopped or "",
    )  # fmt: skip


@contextmanager
def collected_seldom() -> Iterator[None]:
    """Have Python look for unreachable cycles seldom: thousands of agents that stay would be gone through again and
    again, for a tenth of the time."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
