"""Checks that the events of a run are a sequence that an orchestrator could have written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...agents.agent import Finding, Incumbent, Lease, Rows
from ..state.events import Collected, Event, Extended, Granted, Started, Stopped


class EventOrder:
    """The rules for the next event of a run. They do not need the landscape or the policy.

    Args:
        run: The run's id.
        settings: Its settings, as recorded.
    """

    def __init__(self, run: str, settings: Mapping[str, Any]) -> None:
        self._run, self._settings = run, settings
        self._team = {name for name, _ in settings["team"]}
        self._out: dict[int, Lease] = {}
        self._busy: set[str] = set()
        self._decisions = self._leases = self._collected = self._dimension = 0
        self._begun = self._stopped = False

    def add(self, event: Event) -> None:
        """Take the next event.

        Raises:
            ValueError: If it cannot follow the events before it. The message says which rule it breaks.
        """
        if self._begun == isinstance(event, Started):
            raise ValueError("the first event, and no other, must be Started")
        if self._stopped and not isinstance(event, Extended):
            raise ValueError("nothing but Extended may follow Stopped")
        if isinstance(event, Granted):
            self._grant(event)
        elif isinstance(event, Collected):
            self._collect(event.finding)
        elif isinstance(event, Started):
            self._begun = True
            if event.run != self._run or event.settings != self._settings:
                raise ValueError("its settings are not those of the run")
        else:
            self._stopped = isinstance(event, Stopped)

    def _grant(self, event: Granted) -> None:
        _demand(event.number == self._decisions, f"number must be {self._decisions}, got {event.number}")
        _demand(bool(event.leases), "leases must not be empty")
        for lease in event.leases:
            _demand(lease.id == self._leases, f"id must be {self._leases}, got {lease.id}")
            self._check_agent(lease.agent)
            _demand(lease.agent not in self._busy, f"agent must be idle, got {lease.agent!r}")
            self._dimension = self._dimension or len(lease.region.center)
            self._check_dimension(len(lease.region.center), "center")
            _demand(0 < lease.region.radius <= 1, f"radius must be above 0 and at most 1, got {lease.region.radius}")
            _demand(lease.archive <= self._collected, f"archive must be at most {self._collected}, got {lease.archive}")
            self._check_incumbent(lease.incumbent)
            self._out[lease.id] = lease
            self._busy.add(lease.agent)
            self._leases += 1
        self._decisions += 1

    def _collect(self, finding: Finding) -> None:
        lease = self._out.pop(finding.lease, None)
        if lease is None or lease.agent != finding.agent:
            raise ValueError(f"lease must be one that is out for {finding.agent!r}, got {finding.lease}")
        self._busy.discard(lease.agent)
        _demand(finding.charged <= lease.budget, f"charged must be at most {lease.budget}, got {finding.charged}")
        # Rows whose settings are known cost nothing, and a mini-batch costs a part of an evaluation.
        evaluated = finding.rows - finding.free_rows - finding.mini_batches
        _demand(finding.mini_batches <= finding.rows, f"mini_batches must be at most {finding.rows}")
        _demand(evaluated <= lease.budget, f"evaluated rows must be at most {lease.budget}, got {evaluated}")
        _demand(all(f.row < finding.rows for f in finding.failures), f"failures must be of the {finding.rows} rows")
        if finding.best is not None:
            self._check_incumbent(finding.best)
            _demand(
                (finding.best.lease, finding.best.agent) == (lease.id, lease.agent) and finding.best.row < finding.rows,
                f"best must be one of the {finding.rows} rows of the lease",
            )
        if finding.converged is not None:
            self._check_dimension(len(finding.converged.point), "converged.point")
            if finding.converged.escape is not None:
                self._check_dimension(len(finding.converged.escape), "converged.escape")
        self._collected += 1

    def _check_agent(self, agent: str) -> None:
        _demand(agent in self._team, f"agent must be one of the team, got {agent!r}")

    def _check_dimension(self, found: int, field: str) -> None:
        _demand(found == self._dimension, f"{field} must have {self._dimension} coordinates, got {found}")

    def _check_incumbent(self, best: Incumbent | None) -> None:
        if best is not None:
            self._check_agent(best.agent)
            _demand(best.lease < self._leases, f"the lease of a point must be a granted one, got {best.lease}")
            self._check_dimension(len(best.point), "point")


def _demand(holds: bool, rule: str) -> None:
    if not holds:
        raise ValueError(rule)


def check_rows(finding: Finding, rows: Rows | None) -> None:
    """Check that all points of a collected lease are there.

    Args:
        finding: What was collected.
        rows: The recorded points of its lease.

    Raises:
        ValueError: If points are missing, or more than the finding says.
    """
    if rows is None:
        _demand(finding.rows == 0, f"its {finding.rows} rows are missing")
        return
    count = len(rows.losses)
    _demand(not rows.gaps, f"row {rows.gaps[0] if rows.gaps else 0} is missing")
    _demand(count == finding.rows, f"it has {count} rows, but its finding says {finding.rows}")
    if finding.best is not None:
        dimension, expected = rows.points.shape[1], len(finding.best.point)
        _demand(dimension == expected, f"its points have {dimension} coordinates, but its best one has {expected}")
