"""Encodes events as the plain data that the log stores and the trace prints, and decodes them. Decoding checks every
value: a log may be damaged, or come from a stranger.

A collected lease is one event, ``Collected``, which is stored as one of two kinds with different bodies: "Failed" if
its agent failed, else "Found". Only this module knows of the two.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ...agents.agent import Converged, Finding, Incumbent, Lease, Region, RowFailure
from ...landscapes.landscape import Array
from ..state.events import Collected, Event, Extended, Granted, Started, Stopped
from .vectors import SHORTEST, StoredConverged, StoredIncumbent, StoredRegion, StoredVector, digest_vector

FAILED_KIND = "Failed"
"""The kind of a collected lease whose agent failed."""
MOST_WHOLE = 2**63
STOPPED_KIND = Stopped.__name__
"""The kind of the event that ends a run."""


ENDS = ("spent", "converged", "exhausted", "failed", "stopped")
"""Why a lease may have ended: ``Finding.why``."""


VectorEncoder = Callable[[Array], Any]
"""Returns what stands for a vector in the text of an event."""
VectorDecoder = Callable[[Any], Array | StoredVector]
"""Returns the vector for which an object stands in the text of an event."""


def _list_coordinates(vector: Array) -> Any:
    return vector.tolist()


def _refuse_reference(reference: Any) -> Array | StoredVector:
    raise ValueError(f"a vector must be a list of finite numbers, got {reference!r:.80}")


def event_kind(event: Event) -> str:
    """Return the kind of an event in the log and in the trace, as ``load_event`` and ``decode_event`` take it."""
    if isinstance(event, Collected):
        return FAILED_KIND if event.finding.failed else "Found"
    return type(event).__name__


def dump_event(event: Event, put: VectorEncoder = _list_coordinates) -> str:
    """Encode an event as canonical JSON: keys in a fixed order, floats in their shortest exact form, infinities as
    strings.

    Args:
        event: The event.
        put: Returns what stands for a vector. Default: its coordinates.
    """
    return _ENCODE(encode_event(event, put))


def format_event(event: Event) -> str:
    """Return an event as one line, by which events are compared and which the trace prints. Where an agent failed is
    left out: it changes with every line above it."""
    if isinstance(event, Collected) and event.finding.place:
        event = Collected(replace(event.finding, place=""))
    return f"{event_kind(event)} {dump_event(event)}"


def is_same_event(one: Event, other: Event) -> bool:
    """Return whether two events are equal, as ``format_event`` compares them."""
    if one is other:
        return True
    found = []
    for event in (one, other):
        if isinstance(event, Collected) and event.finding.place:
            event = Collected(replace(event.finding, place=""))
        found.append((event_kind(event), dump_event(event, _digest_if_long)))
    return found[0] == found[1]


def _digest_if_long(vector: Array) -> Any:
    """Return what stands for a vector where events are compared: the text of a long one would take long."""
    return vector.tolist() if len(vector) < SHORTEST else digest_vector(np.asarray(vector, dtype=float).tobytes())


def load_event(kind: str, body: str, find: VectorDecoder = _refuse_reference) -> Event:
    """Decode an event of this kind from the text that ``dump_event`` returned.

    Args:
        kind: The kind.
        body: The text.
        find: Returns the vector for which something else than its coordinates stands. Default: that is an error.

    Raises:
        ValueError: If the text is not one that ``dump_event`` returns for this kind; so does ``decode_event``.
    """
    try:
        return decode_event(kind, _DECODER.decode(body), find)
    except RecursionError:
        raise ValueError("its text is nested too deeply") from None


def encode_event(event: Event, put: VectorEncoder = _list_coordinates) -> dict[str, Any]:
    """Encode an event as plain data."""
    match event:
        case Started(run, settings):
            return {"run": run, "settings": settings}
        case Granted(number, leases):
            return {"number": number, "leases": [_encode_lease(lease, put) for lease in leases]}
        case Collected(finding):
            return _failed_finding(finding, put) if finding.failed else _encode_finding(finding, put)
        case Extended(budget):
            return {"budget": budget}
        case Stopped(reason):
            return {"reason": reason}


def decode_event(kind: str, data: Any, find: VectorDecoder = _refuse_reference) -> Event:
    """Decode an event of a kind ("Granted", ...) from its plain data. Raises ValueError for what no event is."""
    match kind:
        case "Started":
            return Started(_text(data, "run"), _object(data, "settings"))
        case "Granted":
            leases = tuple(_decode_lease(lease, find) for lease in _list(data, "leases"))
            return Granted(_whole(data, "number"), leases)
        case "Found":
            return Collected(_decode_finding(data, _text(data, "why"), find))
        case "Failed":
            return Collected(_decode_finding(data, "failed", find))
        case "Extended":
            return Extended(_whole(data, "budget"))
        case "Stopped":
            return Stopped(_text(data, "reason"))
    raise ValueError(f"event kind must be one of Started, Granted, Found, Failed, Extended, Stopped, got {kind!r:.80}")


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"a number must be finite, got {name}")


_ENCODE = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


def _get(data: Any, name: str | int) -> Any:
    try:
        return data[name]
    except (KeyError, TypeError, IndexError):
        raise ValueError(f"{name} is missing") from None


def _describe(name: str | int, rule: str, value: Any) -> ValueError:
    return ValueError(f"{name} must be {rule}, got {value!r:.80}")


def _whole(data: Any, name: str | int, least: int = 0) -> int:
    value = _get(data, name)
    if type(value) is not int or not least <= value < MOST_WHOLE:
        raise _describe(name, f"a whole number of at least {least}", value)
    return value


def _true(data: Any, name: str) -> bool:
    """Return True, the only value of what is written only where it is so."""
    value = _get(data, name)
    if value is not True:
        raise _describe(name, "true", value)
    return True


def _text(data: Any, name: str | int) -> str:
    value = _get(data, name)
    if type(value) is not str:
        raise _describe(name, "text", value)
    return value


def _number(data: Any, name: str) -> float:
    value = _get(data, name)
    if type(value) not in (float, int) or not math.isfinite(value):
        raise _describe(name, "a finite number", value)
    return value


def _object(data: Any, name: str) -> dict[str, Any]:
    value = _get(data, name)
    if type(value) is not dict:
        raise _describe(name, "an object", value)
    return value


def _list(data: Any, name: str) -> list[Any]:
    value = _get(data, name)
    if type(value) is not list:
        raise _describe(name, "a list", value)
    return value


def _vector(data: Any, name: str, find: VectorDecoder) -> Array | StoredVector:
    if type(_get(data, name)) is dict:
        return find(data[name])
    listed = _list(data, name)
    try:
        vector = np.array(listed)
    except ValueError:
        vector = np.empty(0)
    if vector.ndim != 1 or not vector.size or vector.dtype.kind not in "fi" or not np.isfinite(vector).all():
        raise _describe(name, "a list of finite numbers", listed)
    return vector.astype(float, copy=False)


def _encode_lease(lease: Lease, put: VectorEncoder) -> dict[str, Any]:
    return {
        "id": lease.id,
        "agent": lease.agent,
        "budget": lease.budget,
        "center": put(lease.region.center),
        "radius": float(lease.region.radius),
        "fresh": lease.fresh,
        "settings": lease.settings,
        "archive": lease.archive,
        "incumbent": _encode_incumbent(lease.incumbent, put),
        "reason": lease.reason,
    } | _encode_rare_terms(lease)


def _encode_rare_terms(lease: Lease) -> dict[str, Any]:
    """Return what of a lease is written only where it is not as usual."""
    taken: dict[str, Any] = {name: True for name in ("takes_over", "repeats") if getattr(lease, name)}
    return taken | ({"lanes": lease.lanes} if lease.lanes != 1 else {})


def _decode_lease(data: Any, find: VectorDecoder) -> Lease:
    if type(_get(data, "fresh")) is not bool:
        raise _describe("fresh", "true or false", data["fresh"])
    return Lease(
        _whole(data, "id"),
        _text(data, "agent"),
        _whole(data, "budget", 1),
        _decode_region(data, find),
        _text(data, "reason"),
        _decode_incumbent(data, "incumbent", find),
        data["fresh"],
        _object(data, "settings"),
        _whole(data, "archive"),
        takes_over=_true(data, "takes_over") if "takes_over" in data else False,
        repeats=_true(data, "repeats") if "repeats" in data else False,
        lanes=_whole(data, "lanes", 2) if "lanes" in data else 1,
    )


def _decode_region(data: Any, find: VectorDecoder) -> Region:
    center, radius = _vector(data, "center", find), _number(data, "radius")
    return StoredRegion(center, radius) if isinstance(center, StoredVector) else Region(center, radius)


def _encode_finding(finding: Finding, put: VectorEncoder) -> dict[str, Any]:
    return (
        {
            "lease": finding.lease,
            "agent": finding.agent,
            "rows": finding.rows,
            "charged": finding.charged,
            "why": finding.why,
            "best": _encode_incumbent(finding.best, put),
            "converged": _encode_converged(finding.converged, put),
            "failures": [[f.row, f.cause] for f in finding.failures],
        }
        | ({"cause": finding.cause} if finding.cause else {})
        | _encode_rare(finding)
    )


def _failed_finding(finding: Finding, put: VectorEncoder) -> dict[str, Any]:
    return (
        {
            "lease": finding.lease,
            "agent": finding.agent,
            "charged": finding.charged,
            "cause": finding.cause,
            "rows": finding.rows,
            "best": _encode_incumbent(finding.best, put),
            "failures": [[f.row, f.cause] for f in finding.failures],
        }
        | ({"place": finding.place} if finding.place else {})
        | _encode_rare(finding)
    )


def _encode_rare(finding: Finding) -> dict[str, Any]:
    """Return what is written only where it is so."""
    noisy: dict[str, Any] = {"noisy": True} if finding.noisy else {}
    noisy |= {"confirmed": True} if finding.confirmed else {}
    return noisy | ({"mini_batches": finding.mini_batches} if finding.mini_batches else {})


def _decode_finding(data: Any, why: str, find: VectorDecoder) -> Finding:
    if why not in ENDS:
        raise _describe("why", f"one of {', '.join(ENDS)}", why)
    failures = [dict(enumerate(pair)) if type(pair) is list else {} for pair in _list(data, "failures")]
    return Finding(
        _whole(data, "lease"),
        _text(data, "agent"),
        _whole(data, "rows"),
        _whole(data, "charged"),
        why,
        _decode_incumbent(data, "best", find),
        _decode_converged(data, find),
        tuple(RowFailure(_whole(pair, 0), _text(pair, 1)) for pair in failures),
        _text(data, "cause") if "cause" in data else "",
        _text(data, "place") if "place" in data else "",
        _true(data, "noisy") if "noisy" in data else False,
        _whole(data, "mini_batches", 1) if "mini_batches" in data else 0,
        _true(data, "confirmed") if "confirmed" in data else False,
    )


def _encode_incumbent(best: Incumbent | None, put: VectorEncoder) -> dict[str, Any] | None:
    if best is None:
        return None
    return {
        "agent": best.agent,
        "lease": best.lease,
        "row": best.row,
        "point": put(best.point),
        "loss": float(best.loss),
    }


def _decode_incumbent(data: Any, name: str, find: VectorDecoder) -> Incumbent | None:
    best = _get(data, name)
    if best is None:
        return None
    agent, lease, row = _text(best, "agent"), _whole(best, "lease"), _whole(best, "row")
    point, loss = _vector(best, "point", find), _number(best, "loss")
    if isinstance(point, StoredVector):
        return StoredIncumbent(agent, lease, row, point, loss)
    return Incumbent(agent, lease, row, point, loss)


def _encode_converged(minimum: Converged | None, put: VectorEncoder) -> dict[str, Any] | None:
    if minimum is None:
        return None
    loss = float(minimum.loss)
    # JSON has no infinities.
    return {
        "point": put(np.asarray(minimum.point, dtype=float)),
        "loss": loss if math.isfinite(loss) else str(loss),
        "why": minimum.why,
    } | ({} if minimum.escape is None else {"escape": put(np.asarray(minimum.escape, dtype=float))})


def _decode_converged(data: Any, find: VectorDecoder) -> Converged | None:
    minimum = data.get("converged")
    if minimum is None:
        return None
    infinite = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}.get(str(_get(minimum, "loss")))
    loss = _number(minimum, "loss") if infinite is None else infinite
    point, why = _vector(minimum, "point", find), _text(minimum, "why")
    escape = _vector(minimum, "escape", find) if "escape" in minimum else None
    if isinstance(escape, StoredVector):
        escape = escape.read()
    if isinstance(point, StoredVector):
        return StoredConverged(point, float(loss), why, escape)
    return Converged(point, float(loss), why, escape)
