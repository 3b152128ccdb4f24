"""Works one run from its beginning to its end, with any executor."""

from __future__ import annotations

from collections.abc import Callable, Generator

from ..log.log import Log
from ..run_spec import RunSpec
from ..state.run import Run
from .drive import begin_run, drive_run
from .executor import Executor


def work_run(
    planned: RunSpec,
    log: Log,
    executor: Executor,
    budget: int | None = None,
    run: Run | None = None,
    is_over: Callable[[], bool] = lambda: False,
) -> Generator[bool, None, Run]:
    """Drive a run to its end, and close the executor however it ends.

    Args:
        planned: The run's specification.
        log: The run's log.
        executor: Works the leases.
        budget: New budget of the run in evaluations, if that is more than it has; None: no change.
        run: The state to fold events into, for callers that read it meanwhile. Default: a new one.
        is_over: Whether the caller ends the run: leases that are out are still collected.

    Yields:
        What ``drive_run`` yields.

    Returns:
        The final state of the run.
    """
    run = begin_run(planned) if run is None else run
    policy = planned.policy.begin(run)
    try:
        yield from drive_run(run, planned, policy, executor, log, budget, is_over)
    finally:
        policy.end()
        executor.close()
    return run
