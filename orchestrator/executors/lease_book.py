"""What an executor must remember of its run's leases, whatever it works them on."""

from __future__ import annotations

from ...agents.agent import Lease, Rows
from ..log.log import Log
from ..run_spec import RunSpec
from ..state.archive import ArchiveStore
from ..state.events import Collected


class LeaseBook:
    """Leases since each agent's last fresh one (what a rebuilt agent replays), outcomes that an earlier session
    recorded, and the archive, kept only if an agent of the team reads it."""

    def __init__(self, planned: RunSpec, log: Log, rebuilds: bool = True) -> None:
        """``rebuilds``: whether agents may have to be rebuilt though no event is recorded."""
        self._log = log
        events = log.events()
        self.resumed = bool(events)
        self._rebuilds = rebuilds or self.resumed
        self._outcomes = {event.finding.lease: event for event in events if isinstance(event, Collected)}
        self._readers = {name for name, agent in planned.team if agent.reads_archive}
        self._index = {name: index for index, (name, _) in enumerate(planned.team)}
        self._episodes = dict.fromkeys(self._index, -1)
        self._since_fresh: dict[str, list[Lease]] = {name: [] for name in self._index}
        self.leases: dict[int, Lease] = {}
        self.store = ArchiveStore(planned.facts.space.dimension) if self._readers else None

    def add_lease(self, lease: Lease) -> None:
        """A lease was granted."""
        if lease.fresh:
            self._episodes[lease.agent] += 1
            self._since_fresh[lease.agent] = []
        if self._rebuilds:
            self._since_fresh[lease.agent].append(lease)
        self.leases[lease.id] = lease

    def recorded_outcome(self, lease: int) -> Collected | None:
        """The outcome an earlier session recorded."""
        return self._outcomes.get(lease)

    def rows(self, lease: int) -> Rows | None:
        """Points of a lease that are recorded."""
        return self._log.rows(lease)

    def episode(self, agent: str) -> int:
        return self._episodes[agent]

    def earlier_leases(self, lease: Lease) -> list[Lease]:
        """The leases of this agent's episode that came before: what is replayed when it is rebuilt."""
        return [earlier for earlier in self._since_fresh[lease.agent] if earlier.id < lease.id]

    def reads_archive(self, agent: str) -> bool:
        return agent in self._readers

    def settle_lease(self, lease: int) -> None:
        """A lease was collected: its points join the archive."""
        agent = self.leases.pop(lease).agent
        if self.store is not None:
            self.store.extend(self._index[agent], self._log.rows(lease))
