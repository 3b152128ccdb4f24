"""What is written beside the pictures of a plane: the table of best points, and what a picture cannot say."""

from __future__ import annotations

import numpy as np

from ..results.records.plane_record import DIMENSIONS, PlaneRecord, ProjectedPath


def list_rows(record: PlaneRecord) -> list[dict[str, str]]:
    """Return the table of the best points of paths: where they are beside the plane, and what is measured there."""
    names = list(dict.fromkeys(name for path in record.paths for name in path.measures))
    return [_describe_best(path, names) for path in record.paths]


def _describe_best(path: ProjectedPath, names: list[str]) -> dict[str, str]:
    at = path.best
    row = {"agent": path.name, "points": str(len(path.u))}
    row["off the plane"] = _format(path.distance[at]) if at >= 0 else "-"
    row["true loss"] = _format(path.loss[at]) if at >= 0 else "-"
    row["loss on the plane"] = _format(path.shadow[at]) if at >= 0 else "-"
    return row | {name: _format(path.measures.get(name, np.nan)) for name in names}


def _format(value: float) -> str:
    return f"{value:.4g}" if np.isfinite(value) else "-"


def list_cautions(record: PlaneRecord) -> list[str]:
    """Return what this picture cannot say, in sentences: of networks, or of plain functions."""
    far = max((max(path.distance) for path in record.paths), default=0.0)
    side = record.bounds[1] - record.bounds[0]
    said = []
    if far > 0.05 * side:
        said.append(
            f"Points of paths lie up to {far:.3g} {record.unit} off this plane, which is {side:.3g} wide: hollow ones "
            "were never on it. The loss below them is another than theirs, as the second picture shows."
        )
    if record.facts.get(DIMENSIONS) == 2:
        said.append("The landscape has two axes, and this window is a part of it: what lies outside is not seen.")
    else:
        flat = (
            " Flatness on a plane depends on the scale of weights, and says little of held-out data by itself."
            if record.is_network
            else ""
        )
        said.append(
            "What looks like a minimum, a wall or a flat place here may be none in the other dimensions." + flat
        )
    if record.holes:
        said.append(f"At {record.holes:,} of {record.losses.size:,} points there is no loss; they are hatched.")
    return said
