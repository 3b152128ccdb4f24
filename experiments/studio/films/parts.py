"""The parts of a message as plain data and arrays, with places projected onto a plane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....agents.agent import Region
from ....landscapes.axis import Axis
from ....landscapes.landscape import Array, Space
from ....landscapes.parameters import list_axes
from ....orchestrator.state.lease_table import LeaseEntry
from ...results.accounts import lease_outcome
from ...results.insights import Insight
from ...results.pictures.picture_space import picture_space
from ...results.pictures.view_plane import AxisScale, SampledPoints, ViewPlane
from ...results.run_header import RunHeader
from .fold import PointChunk

MOST_SENT_AXES = 64
"""With more axes, the page receives what it draws of a vector and not the vector: it would make up most of the film."""
MOST_TOLD_AXES = 20
"""The most axes of a space of named parameters for which the page receives the setting of each point."""


def first_points(parts: Sequence[PointChunk], space: Space, team: Sequence[str], limit: int) -> SampledPoints:
    """Return the first ``limit`` points of all parts."""
    if not limit:
        return SampledPoints(np.empty((0, space.dimension)), np.empty(0), np.empty(0, dtype=np.int64), team)
    cube, losses = (np.concatenate([getattr(part, name) for part in parts])[:limit] for name in ("cube", "losses"))
    agent = np.concatenate([np.full(len(part.losses), part.agent) for part in parts])[:limit]
    return SampledPoints(cube, losses, agent, team)


def project_point(point: Array, seen: ViewPlane) -> tuple[float, float, float]:
    """Return u, v and the distance from the plane of one point (D,), rounded to seven digits."""
    u, v, distance = seen.plane.project(point[None])
    return round(float(u[0]), 7), round(float(v[0]), 7), round(float(distance[0]), 7)


def plane_message(seen: ViewPlane) -> dict[str, Any]:
    """Return what the page needs to know of the plane."""
    plane = seen.plane
    u, v = (tick_message(tick) for tick in seen.ticks)
    sent = (plane.origin, plane.first, plane.second)
    if len(plane.origin) > MOST_SENT_AXES:
        sent = (np.empty(0), np.empty(0), np.empty(0))
    origin, first, second = sent
    return {
        "spec": seen.spec, "text": seen.text, "origin": origin, "first": first, "second": second,
        "extent": plane.extent, "ticks": {"u": u, "v": v},
    }  # fmt: skip


def tick_message(tick: AxisScale) -> dict[str, Any]:
    """Return how a direction of the plane is labelled: along an axis of its own kind, by its values."""
    linear = {"name": tick.name, "offset": tick.offset, "scale": tick.scale}
    return linear if tick.axis is None else linear | axis_message(tick.axis)


def axis_message(axis: Axis) -> dict[str, Any]:
    """Return the name of an axis, and its kind as in the settings of a landscape: log, integer or choices."""
    (name, settings) = list_axes((axis,))[0]
    return {"name": name} | {key: value for key, value in settings.items() if key not in ("low", "high")}


def header_message(header: RunHeader, seen: ViewPlane) -> dict[str, Any]:
    """Return the data that do not change as a run goes on."""
    shown, few = picture_space(header.space), header.space.dimension <= MOST_SENT_AXES
    known = None if header.minimizers is None else header.space.to_cube(header.minimizers)
    named = {"axes": [axis_message(axis) for axis in header.space.axes]} if tells_settings(header.space) else {}
    return named | {
        "strategy": header.strategy, "landscape": header.landscape, "repeat": header.repeat,
        "agents": [{"name": name, "kind": agent["kind"]} for name, agent in header.settings["team"]],
        "policy": header.settings["policy"], "concurrency": header.settings["concurrency"],
        "seed": header.settings["seed"], "dimension": header.space.dimension,
        "lower": shown.lower if few else [], "upper": shown.upper if few else [],
        "bounded": header.bounded, "minimum": header.minimum,
        "target": header.settings["target"], "seconds": header.seconds,
        "start": _describe_start(header, seen, few),
        "minimizers": [] if known is None else np.column_stack(seen.plane.project(known)),
    }  # fmt: skip


def _describe_start(header: RunHeader, seen: ViewPlane, few: bool) -> dict[str, Any]:
    """Return where the search started; with many axes, where on the plane."""
    center, radius = header.settings["center"], header.settings["radius"]
    if few:
        return {"center": center, "radius": radius}
    u, v, _ = project_point(np.array(np.broadcast_to(np.asarray(center, dtype=float), header.space.dimension)), seen)
    return {"center": [], "radius": radius, "u": u, "v": v}


def _describe_region(region: Region, seen: ViewPlane) -> dict[str, Any]:
    """Return the region of a lease; with many axes, as the polygon in which the plane cuts it."""
    if len(region.center) <= MOST_SENT_AXES:
        return {"center": np.round(region.center, 7), "radius": region.radius}
    polygon = seen.plane.cut_box(region.lower, region.upper)
    return {"center": [], "radius": region.radius, "polygon": np.round(polygon, 7)}


def tells_settings(space: Space) -> bool:
    """Return whether the page is told the setting of each point: axes have names, and are not too many."""
    return 0 < len(space.axes) <= MOST_TOLD_AXES


def setting_array(parts: Sequence[PointChunk], space: Space) -> dict[str, NDArray[Any]]:
    """Return the numbers of the points on each axis, shape (D, n), in the landscape's units."""
    if not tells_settings(space):
        return {}
    found = space.to_box(np.concatenate([part.cube for part in parts])) if parts else np.empty((0, space.dimension))
    limit = np.finfo(np.float32).max
    return {"settings": np.clip(found.T, -limit, limit).astype(np.float32)}


def point_arrays(parts: Sequence[PointChunk], seen: ViewPlane, dimension: int) -> dict[str, NDArray[Any]]:
    """Return the places of the points on the plane, their distances from it (above two dimensions), losses and rows."""
    names = ("u", "v", "distance") if dimension > 2 else ("u", "v")
    if not parts:
        return {name: np.empty(0, np.float32) for name in (*names, "loss")} | {"row": np.empty(0, np.uint32)}
    places = seen.plane.project(np.concatenate([part.cube for part in parts]))
    arrays: dict[str, NDArray[Any]] = {n: a.astype(np.float32) for n, a in zip(names, places, strict=False)}
    # Double precision: near the end of a search, losses differ from the known minimum in the last digits only.
    arrays["loss"] = np.concatenate([part.losses for part in parts])
    arrays["row"] = np.concatenate([part.rows for part in parts])
    return arrays


def lease_message(entry: LeaseEntry, team: Mapping[str, int], seen: ViewPlane) -> dict[str, Any]:
    """Return a lease as it was granted; its incumbent, if it has one, is projected onto the plane."""
    lease, incumbent = entry.lease, None
    if (given := lease.incumbent) is not None:
        u, v, distance = project_point(given.point, seen)
        incumbent = {
            "agent": team[given.agent], "lease": given.lease, "row": given.row, "loss": given.loss, "u": u, "v": v,
            "distance": distance,
        }  # fmt: skip
    lanes = {} if lease.lanes == 1 else {"lanes": lease.lanes}
    return lanes | {
        "id": lease.id, "agent": team[lease.agent], "starts": entry.starts, "ends": entry.ends, "budget": lease.budget,
        **_describe_region(lease.region, seen), "fresh": lease.fresh, "reason": lease.reason, "incumbent": incumbent,
    }  # fmt: skip


def outcome_message(entry: LeaseEntry, measures: Mapping[int, Mapping[str, float]], seen: ViewPlane) -> dict[str, Any]:
    """Return the outcome of a collected lease; its local minimum, if it has one, is projected onto the plane."""
    finding, converged = entry.finding, None
    assert finding is not None
    if (minimum := finding.converged) is not None:
        u, v, distance = project_point(np.asarray(minimum.point), seen)
        converged = {"u": u, "v": v, "distance": distance, "loss": float(minimum.loss), "why": minimum.why}
    measured = {"measures": measures[finding.lease]} if finding.lease in measures else {}
    return measured | {
        "lease": finding.lease, "charged": finding.charged, "rows": finding.rows, "outcome": lease_outcome(finding),
        "best": finding.best_loss, "record": entry.record, "failures": finding.failed_rows, "converged": converged,
    }  # fmt: skip


def insight_message(insight: Insight, team: dict[str, int], seen: ViewPlane) -> dict[str, Any]:
    """Return an insight; its point, if it has one, is projected onto the plane."""
    u, v, distance = (None, None, None) if insight.point is None else project_point(np.asarray(insight.point), seen)
    return {
        "kind": insight.kind, "lease": insight.lease, "agent": team[insight.agent], "text": insight.text,
        "u": u, "v": v, "distance": distance, "loss": insight.loss,
    }  # fmt: skip
