"""The basins of a sweep as the report shows them: a table of settings and landscapes, and the basins on the contour."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...results.pictures.picture_space import move_to_values
from ...results.recorded_runs import RunData, read_run
from ...studies.basins import BasinMap
from ...studies.settings import Sweep
from ..island import pack_table
from ..portraits import draw_ground, pack_frame, pack_places
from ..sentences import format_number

MOST_COLOURED = 7
"""The most basins that have a colour of their own; the others share one."""


def pack_basins(maps: Sequence[BasinMap], sweep: Sweep) -> dict[str, Any]:
    """Return a table of the basin in which each setting ended on each landscape: 1 is the lowest, with its loss."""
    heads = ["setting", *(each.landscape for each in maps)]
    rows = [
        [setting.describe(), *(_name_basins(each, each.of_strategy(setting.strategy)) for each in maps)]
        for setting in sweep.settings
    ]
    return pack_table("Basins", heads, rows)


def _name_basins(found: BasinMap, basins: Sequence[int]) -> str:
    """Return the basins of the runs of a setting: "1 (-959.6)", or "1 (-959.6), 3 (-935.3)" of several repeats."""
    named = [f"{basin + 1} ({format_number(float(found.losses[basin]))})" for basin in dict.fromkeys(basins)]
    return ", ".join(named) or "-"


def draw_basins(source: tuple[Path, str], found: BasinMap, key: str, grounds: dict[str, str]) -> dict[str, Any] | None:
    """Return the figure of the points where runs ended on a landscape in two dimensions, coloured by basin.

    Args:
        source: The results directory of the runs, and the id of the first of them there.
        found: The basins.
        key: The key of the figure.
        grounds: The shadings of maps, by key. That of the landscape is added.

    Returns:
        The figure; None in other dimensions.
    """
    if found.ends.shape[1] != 2:
        return None
    run: RunData = read_run(*source)
    shading = key if run.problem is None else json.dumps(run.settings["landscape"], sort_keys=True)
    if shading not in grounds and (drawn := draw_ground(run)) is not None:
        grounds[shading] = drawn
    box = run.picture.to_box(move_to_values(run.space, found.ends))
    shown = min(len(found.losses), MOST_COLOURED)
    names = [f"basin {basin + 1}: {format_number(float(found.losses[basin]))}" for basin in range(shown)]
    groups = [[k for k, basin in enumerate(found.basins) if basin == number] for number in range(shown)]
    if len(found.losses) > shown:
        names.append("others")
        groups.append([k for k, basin in enumerate(found.basins) if basin >= shown])
    spans = run.picture.upper - run.picture.lower
    told = ", ".join(f"{name} has {len(group)} runs" for name, group in zip(names, groups, strict=True))
    return {
        "kind": "map", "key": key, "names": names, "label": f"{found.landscape}: where runs ended: {told}",
        **pack_frame(run), "points": [pack_places(box[group], spans) for group in groups],
        "path": {"x": [], "y": []}, "regions": [], "dot": 12, "ground": shading if shading in grounds else None,
    }  # fmt: skip
