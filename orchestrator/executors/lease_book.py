"""The leases that an executor must remember, whichever machinery works them."""

from __future__ import annotations

from ...agents.agent import Finding, Lease, Rows
from ...agents.evaluation.first_rows import FirstRows
from ...agents.leases.failure import is_outer_verdict
from ..log.log import Log
from ..run_spec import RunSpec
from ..state.archive import ArchiveStore
from ..state.events import Collected


class LeaseBook:
    """What an executor remembers of the leases of its run.

    It holds the leases since each agent's last fresh one, which a rebuilt agent replays; the outcomes that an earlier
    session recorded; and the archive, which is kept only if an agent of the team reads it.

    Args:
        planned: The run's specification.
        log: The run's log.
        rebuilds: Whether agents may have to be rebuilt even if the log holds no events yet.

    Attributes:
        resumed: Whether the log holds events of an earlier session.
        leases: The leases that have not been collected, by id.
        store: The archive; None if no agent of the team reads it.
    """

    def __init__(self, planned: RunSpec, log: Log, rebuilds: bool = True) -> None:
        self._log = log
        events = log.events()
        self.resumed = bool(events)
        self._rebuilds = rebuilds or self.resumed
        self._outcomes = {event.finding.lease: event for event in events if isinstance(event, Collected)}
        remembers = planned.facts.space.remembers
        self._readers = {name for name, agent in planned.team if remembers or agent.reads_archive}
        self._index = {name: index for index, (name, _) in enumerate(planned.team)}
        self._episodes = dict.fromkeys(self._index, -1)
        self._since_fresh: dict[str, list[Lease]] = {name: [] for name in self._index}
        self.leases: dict[int, Lease] = {}
        self._collected_rows = FirstRows(planned.evaluation.stop_after)
        self._first_rows: dict[int, FirstRows] = {}
        self.store = ArchiveStore(planned.facts.space.dimension) if self._readers else None

    def add_lease(self, lease: Lease) -> None:
        """Add a lease that was granted."""
        if lease.fresh:
            self._episodes[lease.agent] += 1
            self._since_fresh[lease.agent] = []
        if self._rebuilds:
            self._since_fresh[lease.agent].append(lease)
        self.leases[lease.id] = lease
        if self._collected_rows.room is not None:
            self._first_rows[lease.id] = self._collected_rows.copy()

    def recorded_outcome(self, lease: int) -> Collected | None:
        """Return the outcome that an earlier session recorded for a lease; None if there is none."""
        return self._outcomes.get(lease)

    def recorded_verdict(self, lease: int) -> Finding | None:
        """Return the recorded finding of a lease whose agent was ended from outside, by a clock or with its process.

        A replay applies it, as the agent would only hang or end its process again.
        """
        event = self._outcomes.get(lease)
        return event.finding if event is not None and is_outer_verdict(event.finding.cause) else None

    def rows(self, lease: int) -> Rows | None:
        """Return the recorded points of a lease; None if there are none."""
        return self._log.rows(lease)

    def episode(self, agent: str) -> int:
        """Return the number of an agent's current episode, counted from 0; -1 before its first lease."""
        return self._episodes[agent]

    def earlier_leases(self, lease: Lease) -> list[Lease]:
        """Return the earlier leases of the same episode of the lease's agent, which it replays when it is rebuilt."""
        return [earlier for earlier in self._since_fresh[lease.agent] if earlier.id < lease.id]

    def reads_archive(self, agent: str) -> bool:
        """Return whether an agent reads the archive, or is answered from it."""
        return agent in self._readers

    def first_rows(self, lease: int) -> FirstRows | None:
        """Return the rows of the run that were collected before a lease was granted; None if they decide nothing."""
        return self._first_rows.get(lease)

    def settle_lease(self, finding: Finding) -> None:
        """Remove the lease of a finding that was collected, and add its points to the archive."""
        lease = finding.lease
        agent = self.leases.pop(lease).agent
        self._collected_rows.add(finding.rows, finding.causes)
        if self.store is not None:
            self.store.extend(self._index[agent], self._log.rows(lease))
