"""A small picture of a run that moves, as the gallery shows it: few points of its film, and its surface, in bytes."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....landscapes.landscape import Array
from .message import decode_film

MOST_LOOP_POINTS = 150
"""Points of a loop besides those that are better than all before."""
SURFACE_STEP = 2
"""Every so many rows and columns of the film's surface are kept."""
MOST_HEIGHT = 255


def make_loop(film: bytes) -> dict[str, Any]:
    """Return a loop of a whole run from the first message of its film, as plain data.

    ``surface`` has heights by rows, ``u`` and ``v`` places as shares of the sides of the plane, ``agent`` the numbers
    of the agents, each in base64 with a byte a value; ``records`` lists the points that were better than all before.
    """
    header, arrays = decode_film(film)
    lease = np.repeat([number for number, _ in header["chunks"]], [count for _, count in header["chunks"]])
    granted = {entry["id"]: entry for entry in header["leases"]}
    starts = np.array([granted[number]["starts"] for number in lease])
    lanes = np.array([granted[number].get("lanes", 1) for number in lease])
    order = np.lexsort((arrays["row"], lease, starts + (arrays["row"] + 1.0) * header["seconds"] / lanes))
    losses = arrays["loss"][order]
    finite = np.where(np.isfinite(losses), losses, np.inf)
    best = np.minimum.accumulate(finite)
    is_record = np.concatenate([[True], best[1:] < best[:-1]])
    stride = -(-len(order) // MOST_LOOP_POINTS)
    kept = np.flatnonzero((np.arange(len(order)) % stride == 0) | is_record)
    left, right, bottom, top = header["plane"]["extent"]
    agents = np.array([granted[number]["agent"] for number in lease])[order]
    surface = arrays["surface"][::SURFACE_STEP, ::SURFACE_STEP].astype(float)
    return {
        "size": len(surface),
        "surface": _encode(measure_heights(surface, header["minimum"])),
        "u": _encode((arrays["u"][order][kept] - left) / (right - left)),
        "v": _encode((arrays["v"][order][kept] - bottom) / (top - bottom)),
        "agent": base64.b64encode(agents[kept].astype(np.uint8).tobytes()).decode(),
        "records": np.flatnonzero(is_record[kept]).tolist(),
    }


def measure_heights(losses: Array, minimum: float | None) -> Array:
    """Return heights from 0 to 1 of losses, as on the page: linear up to their lower quartile, logarithmic above."""
    finite = losses[np.isfinite(losses)]
    low = float(min(finite.min(), np.inf if minimum is None else minimum))
    span = float(finite.max()) - low
    width = max(float(np.quantile(finite, 0.25)) - low, span * 1e-12) or 1.0
    heights = np.arcsinh((losses - low) / width) / (np.arcsinh(span / width) or 1.0)
    return np.clip(np.nan_to_num(heights, nan=1.0), 0.0, 1.0)


def _encode(shares: NDArray[Any]) -> str:
    """Encode numbers from 0 to 1 with a byte each."""
    values = np.round(np.clip(shares, 0.0, 1.0) * MOST_HEIGHT).astype(np.uint8)
    return base64.b64encode(values.tobytes()).decode()
