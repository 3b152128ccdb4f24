"""What a report shows of a single run: how its budget was shared and why, the radius, the landscape from above."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import dataclass
from math import ceil, isfinite, log10
from typing import Any

import numpy as np

from ...landscapes.axis import Axis
from ...landscapes.landscape import Array
from ...orchestrator.state.events import Granted
from ..results.accounts import leases_table
from ..results.decisions import share_budget
from ..results.insights import insights_table
from ..results.pictures.background import background_grid, is_evaluated
from ..results.pictures.picture_space import move_to_values
from ..results.recorded_runs import RunData
from .island import pack_table, round_all
from .sentences import format_number

MOST_MAP_POINTS = 2000
MOST_REGIONS = 60
"""Only the last regions are drawn; all of them together would be unreadable."""
MOST_INSIGHTS = 200
GROUND_PIXELS = 420
BANDS = 18
LARGEST_HEIGHT = 1e300
DARKEST = 0x8F
"""The grey of the highest loss: points and paths stand out even there."""


@dataclass(frozen=True)
class Portrait:
    """A run in a report.

    Attributes:
        key: The id of its section in the page.
        title: Its title.
        decisions: The decisions that mattered most, in words.
        figures: Its figures, by key: ``timeline-``, ``radius-`` and, in two dimensions, ``map-`` with the run's key.
        tables: Its tables, by key: ``leases-`` and, if anything was noticed, ``insights-`` with the run's key.
        ground: How the shading of the map was found, in words; "" if there is no map.
    """

    key: str
    title: str
    decisions: list[str]
    figures: dict[str, dict[str, Any]]
    tables: dict[str, dict[str, Any]]
    ground: str


def describe_portrait(run: RunData, title: str, grounds: dict[str, str]) -> Portrait:
    """Return what the page shows of a run.

    Args:
        run: The run.
        title: Its title.
        grounds: The shadings of maps, by key, as pictures in data: URLs. That of the run's map is added.
    """
    key = f"run-{run.id}"
    shares, leases = share_budget(run), leases_table(run).rows()
    important = [change.describe() for change in shares.most_important()]
    spent = {name: int(part) for name, part in zip(run.team, _sum_by_agent(run), strict=True)}
    told = ", ".join(f"{name} {100 * part / max(run.evaluations, 1):.0f} %" for name, part in spent.items())
    figures: dict[str, dict[str, Any]] = {
        f"timeline-{key}": {
            "kind": "areas",
            "label": f"{title}: shares of {run.evaluations:,} evaluations: {told}; {len(shares.changes)} large changes",
            "names": run.team,
            "edges": round_all(shares.edges.tolist()),
            "shares": [round_all(part) for part in shares.shares.tolist()],
            "marks": [{"x": change.evaluations, "text": change.describe()} for change in shares.changes],
        },
        f"radius-{key}": _pack_radius(run, leases, title),
    }
    ground = ""
    if run.space.dimension == 2 and len(run.points.cube):
        # Runs on a landscape that can be evaluated share its shading; others have one between their own points.
        shading = key if run.problem is None else json.dumps(run.settings["landscape"], sort_keys=True)
        if shading not in grounds and (drawn := draw_ground(run)) is not None:
            grounds[shading] = drawn
        figures[f"map-{key}"] = _pack_map(run, key, title) | {"ground": shading if shading in grounds else None}
        ground = "on a grid" if is_evaluated(run) else "interpolated between the points"
    rows = (
        (row["lease"], row["agent"], row["granted_at"], row["budget"], row["charged"], row["radius"], row["best"],
         row["reason"], row["outcome"]) for row in leases
    )  # fmt: skip
    heads = ("lease", "agent", "at", "budget", "spent", "radius", "best", "reason", "ended")
    tables = {f"leases-{key}": pack_table(f"Leases of {title}", heads, rows)}
    noticed = [row for row in insights_table(run).rows() if row["kind"] != "handed"]
    if noticed:
        seen = ((row["evaluations"], row["agent"], row["kind"], row["text"]) for row in noticed[:MOST_INSIGHTS])
        tables[f"insights-{key}"] = pack_table(
            f"What was noticed of {title}", ("at", "agent", "kind", "what was noticed"), seen
        )
    return Portrait(key, title, important, figures, tables, ground)


def _sum_by_agent(run: RunData) -> Array:
    return np.bincount(run.points.agent, run.points.cost, len(run.team)).astype(float)


def _pack_radius(run: RunData, leases: list[dict[str, Any]], title: str) -> dict[str, Any]:
    series = []
    for agent in run.team:
        mine = [row for row in leases if row["agent"] == agent and row["collected_at"] is not None]
        x = [row["collected_at"] - row["charged"] for row in mine]
        radii = round_all([row["radius"] for row in mine])
        keep = [i for i in range(len(x)) if i == 0 or radii[i] != radii[i - 1]]
        series.append({"name": agent, "x": [x[i] for i in keep], "y": [radii[i] for i in keep]})
    last = ", ".join(f"{one['name']} {format_number(float(one['y'][-1]))}" for one in series if one["y"])
    return {
        "kind": "curves", "title": "Search radius (unit cube)", "label": f"{title}: search radius at the end: {last}",
        "xName": "evaluations", "log": True, "xLog": False, "from": 0, "until": run.evaluations, "series": series,
    }  # fmt: skip


def _pack_map(run: RunData, key: str, title: str) -> dict[str, Any]:
    points, shown = run.points, run.picture
    box = shown.to_box(move_to_values(run.space, points.cube))
    agents = points.agent if points.whole is None else points.agent[points.whole]
    chosen = np.unique(np.linspace(0, len(box) - 1, min(len(box), MOST_MAP_POINTS)).astype(int))
    drawn, by = box[chosen], agents[chosen]
    rows = run.record_rows if points.whole is None else np.searchsorted(
        points.whole, run.record_rows[np.isin(run.record_rows, points.whole)]
    )  # fmt: skip
    best = run.best_point
    found = "best loss none" if best is None else f"best loss {format_number(best.loss)} at ({best.describe(6, 4)})"
    mine = [drawn[by == index] for index in range(len(run.team))]
    spans = shown.upper - shown.lower
    return {
        "kind": "map", "key": key, "names": run.team,
        "label": f"{title}: {len(points.losses):,} points, {found}",
        **pack_frame(run),
        "points": [pack_places(part, spans) for part in mine], "path": pack_places(box[rows], spans),
        "regions": _list_regions(run),
    }  # fmt: skip


def pack_frame(run: RunData) -> dict[str, Any]:
    """Return the sides of the map of a run in two dimensions, and the known minima in it."""
    shown = run.picture
    known = np.empty((0, 2)) if run.drawn_minimizers is None else run.drawn_minimizers
    (left, bottom), (right, top) = shown.lower.tolist(), shown.upper.tolist()
    sides = zip(shown.names, run.space.axes or (None, None), strict=True)
    return {
        "extent": [[left, right], [bottom, top]], "sides": [_describe_side(name, axis) for name, axis in sides],
        "minimizers": [round_all(point) for point in known.tolist()],
    }  # fmt: skip


def _describe_side(name: str, axis: Axis | None) -> dict[str, Any]:
    if axis is None:
        return {"name": name}
    choices = {"choices": [str(choice) for choice in axis.choices]} if axis.choices else {}
    return {"name": axis.name, "log": axis.log, "integer": axis.integer, **choices}


def pack_places(points: Array, spans: Array) -> dict[str, list[Any]]:
    """Return places in a map, to a ten thousandth of its sides."""
    x, y = (
        np.round(points[:, side], 4 - ceil(log10(span))).tolist() if isfinite(span) and span > 0
        else round_all(points[:, side].tolist()) for side, span in enumerate(spans.tolist())
    )  # fmt: skip
    return {"x": x, "y": y}


def _list_regions(run: RunData) -> list[list[Any]]:
    granted = [lease for event in run.events if isinstance(event, Granted) for lease in event.leases]
    narrow = [lease for lease in granted if lease.region.radius < 0.5][-MOST_REGIONS:]
    found = []
    for order, lease in enumerate(narrow):
        corners = [*run.picture.to_box(lease.region.lower).tolist(), *run.picture.to_box(lease.region.upper).tolist()]
        found.append([*round_all(corners), run.team.index(lease.agent), round((order + 1) / len(narrow), 2)])
    return found


def draw_ground(run: RunData) -> str | None:
    """Return the shading of a landscape as a WebP picture in a data: URL; None if it has no two finite losses."""
    # Pillow imports the plugins of all formats unless that of a rare one is there.
    from PIL import Image, WebPImagePlugin  # noqa: F401

    _, _, losses = background_grid(run)
    known = np.isfinite(losses)
    # Losses near the largest float have no range that is a number.
    losses = np.clip(losses, -LARGEST_HEIGHT, LARGEST_HEIGHT)
    if not known.any() or np.ptp(losses[known]) == 0:
        return None
    height = _bend(np.where(known, losses, losses[known].max()), losses[known])
    smooth = Image.fromarray(height.astype(np.float32)).resize(
        (GROUND_PIXELS, GROUND_PIXELS), Image.Resampling.BILINEAR
    )
    grey = 255 - np.floor(np.clip(np.asarray(smooth), 0, 0.9999) * BANDS) / (BANDS - 1) * (255 - DARKEST)
    alpha = Image.fromarray((255 * known).astype(np.uint8)).resize(
        (GROUND_PIXELS, GROUND_PIXELS), Image.Resampling.NEAREST
    )
    picture = Image.fromarray(np.dstack([grey.astype(np.uint8), np.asarray(alpha)])[::-1], "LA")
    buffer = io.BytesIO()
    (picture.convert("RGBA") if not known.all() else picture.convert("RGB")).save(
        buffer, "WEBP", lossless=True, method=0
    )
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _bend(losses: Array, finite: Array) -> Array:
    """Return heights from 0 to 1: linear up to the lower quartile of the losses, and logarithmic above."""
    low, span = finite.min(), float(np.ptp(finite))
    width = max(float(np.percentile(finite, 25) - low) or span, span * 1e-12)
    found: Array = np.arcsinh((losses - low) / width) / np.arcsinh(span / width)
    return found
