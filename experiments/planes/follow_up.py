"""Writes an experiment on a plane: grids of several sizes and radii, to see in which basin each of them ends."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ...landscapes.landscape import Landscape, Space
from ...landscapes.plane_slice import is_cuttable
from ...orchestrator.command_line import format_command
from ..execution.results_directory import write_atomically

TEMPLATE = """\
# The plane as a landscape of its own: in which basin does a grid of each size and first radius end?
# Run it with: {command}
name: {name}-grid-radius
budget: 400
{base}
landscapes:
  - {landscape}

strategies:
  grid:
    agents: [{{kind: grid, points_per_axis: 5, shrink: 0.5}}]

# Every combination is a strategy of its own.
sweep:
  strategies.grid.agents.0.points_per_axis: [3, 5, 9]
  region.radius: [0.1, 0.2, 0.4]

executor: simulated
"""


def write_follow_up(landscape: Landscape, space: Space, stem: Path) -> Path | None:
    """Write the experiment NAME.yaml beside the file NAME.npz of a plane.

    Args:
        landscape: The landscape that the plane cuts.
        space: Its space.
        stem: The path of the files of the plane, without an ending.

    Returns:
        Its path; None if the landscape cannot be cut: it is of a class of the user's, or has constraints, steps or
        noise.
    """
    path = stem.with_suffix(".yaml")
    package = f"{__package__.partition('.experiments')[0]}.landscapes"
    if not is_cuttable(space) or not type(landscape).__module__.startswith(package):
        return None
    named = bool(landscape.code_references or landscape.data_files or landscape.external)
    start = Path(getattr(landscape, "base", None) or ".").absolute() if named else stem.parent.absolute()
    settings: dict[str, Any] = {"kind": "slice", "plane": os.path.relpath(stem.with_suffix(".npz").absolute(), start)}
    if named:
        settings["of"] = landscape.model_dump(mode="json", exclude_defaults=True) | {"kind": landscape.kind}
    text = TEMPLATE.format(
        command=format_command("run", path), name=stem.name, landscape=json.dumps(settings),
        base=f"base: {json.dumps(os.path.relpath(start, stem.parent.absolute()))}\n" if named else "",
    )  # fmt: skip
    write_atomically(path, text)
    return path
