"""Encodes events as the plain data that the log stores and the trace prints, and decodes them.

A collected lease is one event, ``Collected``, which is stored as one of two kinds with different bodies: "Failed" if
its agent failed, else "Found". Only this module knows of the two.
"""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np

from ...agents.agent import Converged, Finding, Incumbent, Lease, Region, RowFailure
from ..state.events import Collected, Event, Extended, Granted, Started, Stopped

FAILED_KIND = "Failed"
"""The kind of a collected lease whose agent failed."""
STOPPED_KIND = Stopped.__name__
"""The kind of the event that ends a run."""


def event_kind(event: Event) -> str:
    """Return the kind of an event in the log and in the trace, as ``load_event`` and ``decode_event`` take it."""
    if isinstance(event, Collected):
        return FAILED_KIND if event.finding.failed else "Found"
    return type(event).__name__


def dump_event(event: Event) -> str:
    """Encode an event as canonical JSON: keys in a fixed order, floats in their shortest exact form, infinities as
    strings."""
    return json.dumps(encode_event(event), separators=(",", ":"), allow_nan=False)


def format_event(event: Event) -> str:
    """Return an event as one line, by which events are compared and which the trace prints. Where an agent failed is
    left out: it changes with every line above it."""
    if isinstance(event, Collected) and event.finding.place:
        event = Collected(replace(event.finding, place=""))
    return f"{event_kind(event)} {dump_event(event)}"


def load_event(kind: str, body: str) -> Event:
    """Decode an event of this kind from the text that ``dump_event`` returned."""
    return decode_event(kind, json.loads(body))


def encode_event(event: Event) -> dict[str, Any]:
    """Encode an event as plain data."""
    match event:
        case Started(run, settings):
            return {"run": run, "settings": settings}
        case Granted(number, leases):
            return {"number": number, "leases": [_encode_lease(lease) for lease in leases]}
        case Collected(finding):
            return _failed_finding(finding) if finding.failed else _encode_finding(finding)
        case Extended(budget):
            return {"budget": budget}
        case Stopped(reason):
            return {"reason": reason}


def decode_event(kind: str, data: dict[str, Any]) -> Event:
    """Decode an event of a kind ("Granted", ...) from its plain data. Raises ValueError for an unknown kind."""
    match kind:
        case "Started":
            return Started(data["run"], data["settings"])
        case "Granted":
            return Granted(data["number"], tuple(_decode_lease(lease) for lease in data["leases"]))
        case "Found":
            return Collected(_decode_finding(data))
        case "Failed":
            return Collected(_decode_finding({**data, "why": "failed", "converged": None}))
        case "Extended":
            return Extended(data["budget"])
        case "Stopped":
            return Stopped(data["reason"])
    raise ValueError(f"event kind must be one of Started, Granted, Found, Failed, Extended, Stopped, got {kind!r}")


def _encode_lease(lease: Lease) -> dict[str, Any]:
    return {
        "id": lease.id,
        "agent": lease.agent,
        "budget": lease.budget,
        "center": lease.region.center.tolist(),
        "radius": float(lease.region.radius),
        "fresh": lease.fresh,
        "settings": lease.settings,
        "archive": lease.archive,
        "incumbent": _encode_incumbent(lease.incumbent),
        "reason": lease.reason,
    }


def _decode_lease(data: dict[str, Any]) -> Lease:
    return Lease(
        data["id"],
        data["agent"],
        data["budget"],
        Region(np.array(data["center"], dtype=float), data["radius"]),
        data["reason"],
        _decode_incumbent(data["incumbent"]),
        data["fresh"],
        data["settings"],
        data["archive"],
    )


def _encode_finding(finding: Finding) -> dict[str, Any]:
    return {
        "lease": finding.lease,
        "agent": finding.agent,
        "rows": finding.rows,
        "charged": finding.charged,
        "why": finding.why,
        "best": _encode_incumbent(finding.best),
        "converged": _encode_converged(finding.converged),
        "failures": [[f.row, f.cause] for f in finding.failures],
    } | ({"cause": finding.cause} if finding.cause else {})


def _failed_finding(finding: Finding) -> dict[str, Any]:
    return {
        "lease": finding.lease,
        "agent": finding.agent,
        "charged": finding.charged,
        "cause": finding.cause,
        "rows": finding.rows,
        "best": _encode_incumbent(finding.best),
        "failures": [[f.row, f.cause] for f in finding.failures],
    } | ({"place": finding.place} if finding.place else {})


def _decode_finding(data: dict[str, Any]) -> Finding:
    converged = data["converged"]
    return Finding(
        data["lease"],
        data["agent"],
        data["rows"],
        data["charged"],
        data["why"],
        _decode_incumbent(data["best"]),
        None
        if converged is None
        else Converged(np.array(converged["point"]), float(converged["loss"]), converged["why"]),
        tuple(RowFailure(row, cause) for row, cause in data["failures"]),
        data.get("cause", ""),
        data.get("place", ""),
    )


def _encode_incumbent(best: Incumbent | None) -> dict[str, Any] | None:
    if best is None:
        return None
    return {
        "agent": best.agent,
        "lease": best.lease,
        "row": best.row,
        "point": best.point.tolist(),
        "loss": float(best.loss),
    }


def _decode_incumbent(data: dict[str, Any] | None) -> Incumbent | None:
    if data is None:
        return None
    return Incumbent(data["agent"], data["lease"], data["row"], np.array(data["point"]), data["loss"])


def _encode_converged(minimum: Converged | None) -> dict[str, Any] | None:
    if minimum is None:
        return None
    loss = float(minimum.loss)
    # JSON has no infinities.
    return {
        "point": np.asarray(minimum.point, dtype=float).tolist(),
        "loss": loss if math.isfinite(loss) else str(loss),
        "why": minimum.why,
    }
