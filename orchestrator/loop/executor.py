"""The interface between the loop and an executor, which works the leases."""

from __future__ import annotations

from typing import Protocol

from ...agents.agent import Lease
from ..state.events import Collected


class ExecutorError(Exception):
    """An executor cannot start or continue, through no fault of an agent. The message says what to do."""


class ExecutorLost(ExecutorError):
    """The executor's machinery (Ray) is gone, so that no run can continue in this process."""


class Executor(Protocol):
    """Where the leases of one run are worked.

    The loop submits each granted lease once, in the order of the ids, and collects each once, in the order of the
    leases' logical ends. Findings must not depend on the executor. When a run is resumed, leases with a recorded
    outcome are submitted too, and collecting them returns the recorded outcome.

    Example:
        The executor of this process works a lease when it is collected:

        >>> from searchparty.agents.agent import Lease
        >>> from searchparty.agents.random_search import RandomSearch
        >>> from searchparty.landscapes.classics import Sphere
        >>> from searchparty.orchestrator.executors.in_process import InProcessExecutor
        >>> from searchparty.orchestrator.log.log import MemoryLog
        >>> from searchparty.orchestrator.policies.composed import Composed
        >>> from searchparty.orchestrator.run_spec import RunSpec
        >>> team = (("random-search", RandomSearch()),)
        >>> planned = RunSpec(Sphere(), team, Composed(), seed=0, repeat=0, budget=20, concurrency=1)
        >>> executor = InProcessExecutor(planned, MemoryLog())
        >>> executor.submit(Lease(0, "random-search", 20, planned.region, "first lease", fresh=True))
        >>> executor.ready(0)
        True
        >>> finding = executor.collect(0).finding
        >>> finding.rows, finding.charged, finding.why
        (20, 20, 'spent')
        >>> executor.close()
    """

    def submit(self, lease: Lease) -> None:
        """Take a lease, without waiting for its outcome.

        Args:
            lease: The run's next lease. If its outcome is recorded, it is only noted and not worked again.

        Raises:
            ExecutorError: If the executor cannot continue.
        """
        ...

    def ready(self, lease: int) -> bool:
        """Return whether ``collect`` would return without waiting.

        Args:
            lease: Id of a lease that was submitted and not yet collected.
        """
        ...

    def collect(self, lease: int) -> Collected:
        """Return the outcome of a lease, and wait for it if necessary.

        Args:
            lease: Id of a lease that was submitted and not yet collected.

        Returns:
            The event, with the finding and its charge. The lease's points have been handed to the run's log.

        Raises:
            ExecutorError: If the executor cannot continue.
        """
        ...

    def close(self) -> None:
        """End all searches of the run and release what they hold. No other method may be called afterwards."""
        ...
