"""What is exported of each evaluation besides its point: the columns that every table of evaluations begins with."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from ...landscapes.landscape import Array, Space
from ...orchestrator.state.lease_table import fold_leases
from ..results.recorded_runs import RunData

FIXED = (
    "run", "strategy", "landscape", "problem", "instance", "repeat", "agent", "lease", "radius", "began_at",
    "evaluations", "cost", "loss", "best",
)  # fmt: skip
"""The columns of a table of evaluations before those of the parameters."""


def list_lease_columns(run: RunData) -> tuple[Array, NDArray[np.int64]]:
    """Return what each evaluation of a run has from its lease, each of shape (n,).

    Returns:
        The radius of the region in the unit cube; and whose point the lease was given to begin at, as an index into the
        team, -1 for none.
    """
    team = {name: place for place, name in enumerate(run.team)}
    leases = [entry.lease for entry in fold_leases(run.events)]
    size = max((lease.id for lease in leases), default=-1) + 1
    radius, origin = np.full(size, np.nan), np.full(size, -1, dtype=np.int64)
    for lease in leases:
        radius[lease.id] = lease.region.radius
        if lease.incumbent is not None:
            origin[lease.id] = team[lease.incumbent.agent]
    return radius[run.points.lease], origin[run.points.lease]


def find_instance(run: RunData) -> int | None:
    """Return the number of the instance of a run's landscape; None if it has none."""
    found = run.settings["landscape"].get("instance")
    return found if isinstance(found, int) else None


def remove_instance(label: str, instance: int | None) -> str:
    """Return the label of a landscape without its instance.

    Example:
        >>> remove_instance("rastrigin D=2 shifted i3", 3)
        'rastrigin D=2 shifted'
    """
    return label if instance is None else re.sub(rf"\s+(?:i|instance=){instance}(?=\s|$)", "", label)


def name_columns(space: Space) -> list[str]:
    """Return the columns of the parameters; one with the name of another column has an underscore after it."""
    return [f"{name}_" if name in FIXED else name for name in space.names]
