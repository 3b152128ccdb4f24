"""Takes the recorded beginning of a run over into the log of a branch, byte for byte."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from .log.codec import dump_event, event_kind
from .log.log import LogError
from .log.log_file import LogFile
from .log.reader import LogReader
from .log.tables import INTERVAL_KEY
from .loop.drive import begin_run
from .run_spec import RunSpec
from .state.advance import advance
from .state.events import Collected, Event, Extended, Granted, Started

HASH_PATTERN = re.compile(r'"hash": ?"([0-9a-f]+)"')
"""References to vectors in the texts of events."""


class BranchError(LogError):
    """A run cannot be branched at a moment. The message says why, and what to do."""


@dataclass(frozen=True)
class Moment:
    """A moment of a run at which a policy decides.

    Attributes:
        evaluation: The evaluations that had been spent.
        events: The number of events up to then.
        leases: The number of leases that had been granted.
    """

    evaluation: int
    events: int
    leases: int


def find_moment(planned: RunSpec, events: list[Event], at: int) -> Moment:
    """Find the first decision of a run after which so many evaluations had been spent.

    Args:
        planned: The run.
        events: Its recorded events.
        at: The evaluations.

    Raises:
        BranchError: If that is before the first decision after a finding, or after the last one.
    """
    run = begin_run(planned)
    first: int | None = None
    for number, event in enumerate(events, 1):
        advance(run, event)
        if not isinstance(event, Collected):
            continue
        first = run.spent if first is None else first
        if run.spent >= at >= 1:
            target = run.target is not None and run.incumbent is not None and run.incumbent.loss <= run.target
            if run.remaining <= 0 or target or run.halted is not None:
                # Nothing is decided here; what ends early, or an extension, may leave something to decide later.
                continue
            return Moment(run.spent, number, run.leases)
    if first is None:
        raise BranchError(f"--at must be a moment of a run that has findings, got run {planned.id} without any.")
    if at < 1:
        raise BranchError(
            f"--at must be at least 1, got {at}: a branch begins where run {planned.id} has found something. Its first "
            f"finding is at evaluation {first:,}: write --at {first}, or more."
        )
    last = _find_last_decision(planned, events)
    raise BranchError(
        f"--at must be at most {last:,}, the evaluations at the last decision of run {planned.id}, got {at:,}. To go "
        "on after its end, extend it: searchparty resume RESULTS --budget N."
    )


def _find_last_decision(planned: RunSpec, events: list[Event]) -> int:
    """Return the evaluations that were spent when the last leases were granted."""
    run, last = begin_run(planned), 0
    for event in events:
        if isinstance(event, Granted):
            last = run.spent
        advance(run, event)
    return last


def list_extensions(planned: RunSpec, events: list[Event], moment: Moment) -> tuple[int, ...]:
    """Return the budgets to which a run was extended after a moment, in order. That its time was up is left out.

    Args:
        planned: The run.
        events: Its recorded events.
        moment: The moment.
    """
    most, found = planned.budget, []
    for number, event in enumerate(events):
        if isinstance(event, Extended) and event.budget > most:
            most = event.budget
            if number >= moment.events:
                found.append(most)
    return tuple(found)


def take_over(reader: LogReader, source: str, log: LogFile, planned: RunSpec, moment: Moment | None = None) -> None:
    """Copy the events and points of a run up to a moment into another log.

    Points of leases that were out at the moment are copied, too: their policy had granted them, and what they find does
    not depend on later decisions. The texts of events and the bytes of points are the same; only the first event, which
    holds the settings, is that of the new run.

    Args:
        reader: The log of the run.
        source: The id of the run.
        log: The new log.
        planned: The run that gets them, which must be new in the log; the same run if ``moment`` is None.
        moment: The moment; None copies the whole run.

    Raises:
        BranchError: If the log is of an older version.
    """
    if not reader.tables.has_checksums:
        raise BranchError(
            f"RESULTS must be of this version, got the log of an older one ({reader.path}). Run it again."
        )
    record = reader.record(source)
    about = {key: value for key, value in record.about.items() if key != INTERVAL_KEY}
    log.run(planned, record.landscape, about, record.interval)
    last = -1 if moment is None else moment.events
    bodies, collected = [], set[int]()
    for _, number, kind, body, wall in reader.tables.select("events", "WHERE run = ? ORDER BY seq", (source,)):
        if moment is not None and number >= last:
            break
        if number == 0 and planned.id != source:
            started = Started(planned.id, planned.settings)
            kind, body = event_kind(started), dump_event(started)
        log.tables.insert("events", planned.id, number, kind, body, wall)
        bodies.append(body)
    events = reader.events(source)[: len(bodies)]
    collected |= {event.finding.lease for event in events if isinstance(event, Collected)}
    leases = None if moment is None else moment.leases
    _copy_points(reader, source, log, planned.id, leases)
    _copy_measures(reader, source, log, planned.id, collected)
    hashes = {name for body in bodies for name in HASH_PATTERN.findall(body)}
    if hashes:
        found = reader.tables.select("vectors")
        log.tables.add_vectors({name: raw for name, raw in found if name in hashes})
    log.commit()


def _copy_points(reader: LogReader, source: str, log: LogFile, target: str, leases: int | None) -> None:
    for table in ("points", "reduced_points"):
        if table != "points" and not reader.tables.has_table(table):
            continue
        rows: list[tuple[Any, ...]] = reader.tables.select(table, "WHERE run = ? ORDER BY rowid", (source,))
        if rows:
            log.tables.need_table(table) if table != "points" else None
        for row in rows:
            if leases is None or row[1] < leases:
                log.tables.insert(table, target, *row[1:])


def _copy_measures(reader: LogReader, source: str, log: LogFile, target: str, collected: set[int]) -> None:
    if not reader.tables.has_table("measures"):
        return
    for _, lease, body in reader.tables.select("measures", "WHERE run = ?", (source,)):
        if lease in collected:
            log.tables.need_table("measures")
            log.tables.insert("measures", target, lease, body)
