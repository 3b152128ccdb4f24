"""Works one run from its beginning to its end, on whatever executor."""

from __future__ import annotations

from collections.abc import Generator

from ..log.log import Log
from ..run_spec import RunSpec
from ..state.run import Run
from .drive import begin_run, drive_run
from .executor import Executor


def work_run(
    planned: RunSpec, log: Log, executor: Executor, budget: int | None = None, run: Run | None = None
) -> Generator[bool, None, Run]:
    """Drive a run to its end, and close the executor however it ends. Yields what ``drive_run`` yields.

    ``budget`` extends the run's budget. ``run`` is the state to fold events into, for callers that read it meanwhile;
    by default a new one. Returns the final state.
    """
    run = begin_run(planned) if run is None else run
    try:
        yield from drive_run(run, planned, planned.policy, executor, log, budget)
    finally:
        executor.close()
    return run
