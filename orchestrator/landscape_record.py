"""What a log records of a run's landscape, so that readers need not open it: they may not have its code."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..landscapes.landscape import Array, Space
from ..landscapes.parameters import list_axes, parse_parameters
from ..landscapes.planes import Plane, axes_plane
from .log.log import LogDamaged
from .log.tables import RunRecord
from .run_spec import RunSpec

MOST_NUMBERS = 10_000
"""The most numbers of the known minimizers that are recorded, of all of them together."""


@dataclass(frozen=True)
class StoredSurface:
    """The losses of a landscape on a plane, as they were evaluated when the run ended.

    Attributes:
        plane: The plane.
        losses: The losses on a grid over the plane's extent, shape (rows, columns): one row for each v, from the least
            to the greatest, and one column for each u; NaN outside the cube. In one dimension there is one row.
    """

    plane: Plane
    losses: Array

    @property
    def is_whole(self) -> bool:
        """Whether it covers the whole landscape, whatever the run: the landscape has at most two dimensions."""
        return len(self.plane.origin) <= 2

    def to_data(self) -> dict[str, Any]:
        """Return the surface as plain data (JSON)."""
        plane = self.plane
        return {
            "origin": plane.origin.tolist(),
            "first": plane.first.tolist(),
            "second": plane.second.tolist(),
            "columns": self.losses.shape[1],
            "losses": base64.b64encode(self.losses.astype("<f8").tobytes()).decode(),
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any], dimension: int) -> StoredSurface:
        """Read what ``to_data`` returned. Raises ValueError, KeyError or TypeError if it is something else."""
        origin, first, second = (_to_vector(data[key], dimension) for key in ("origin", "first", "second"))
        losses = np.frombuffer(base64.b64decode(data["losses"], validate=True), "<f8")
        if not len(losses):
            raise ValueError("a surface must have losses")
        return cls(Plane(origin, first, second), losses.reshape(-1, int(data["columns"])).astype(float))


@dataclass(frozen=True)
class LandscapeRecord:
    """What is known of a landscape besides its settings. It decides nothing, and is no part of the trace.

    Attributes:
        space: The dimension and bounds.
        minimum: The known minimum; None if it is unknown.
        minimizers: The known minimizers in the landscape's units, shape (k, D); None if they are unknown, or if they
            are more than ``MOST_NUMBERS`` numbers.
        surfaces: Losses on planes, recorded when the run ended, of landscapes of a user that pictures may evaluate.
    """

    space: Space
    minimum: float | None = None
    minimizers: Array | None = None
    surfaces: tuple[StoredSurface, ...] = field(default=(), repr=False)

    def with_surfaces(self, surfaces: tuple[StoredSurface, ...]) -> LandscapeRecord:
        """Return the same record with these surfaces."""
        return replace(self, surfaces=surfaces)

    def to_data(self) -> dict[str, Any]:
        """Return the record as plain data (JSON), for ``RunRecord.about``."""
        space, known = self.space, self.minimizers
        found: dict[str, Any] = {
            "dimension": space.dimension,
            "lower": _from_vector(space.lower),
            "upper": _from_vector(space.upper),
        }
        if space.axes:
            found["axes"] = list_axes(space.axes)
        if self.minimum is not None and math.isfinite(self.minimum):
            found["minimum"] = float(self.minimum)
        if known is not None and 0 < known.size <= MOST_NUMBERS and np.isfinite(known).all():
            found["minimizers"] = known.tolist()
        if self.surfaces:
            found["surfaces"] = [surface.to_data() for surface in self.surfaces]
        return found

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> LandscapeRecord:
        """Read what ``to_data`` returned. Raises ValueError, KeyError or TypeError if it is something else."""
        dimension, minimum, known = data["dimension"], data.get("minimum"), data.get("minimizers")
        lower, upper = (_to_vector(data[key], dimension) for key in ("lower", "upper"))
        if not (np.isfinite(upper - lower) & (lower < upper)).all():
            raise ValueError("bounds must be finite, with low < high")
        minimizers = None if known is None else np.array([_to_vector(each, dimension) for each in known])
        surfaces = tuple(StoredSurface.from_data(each, dimension) for each in data.get("surfaces", ()))
        axes = parse_parameters(data["axes"]).axes if "axes" in data else ()
        if axes and [(axis.low, axis.high) for axis in axes] != list(zip(lower.tolist(), upper.tolist(), strict=True)):
            raise ValueError("axes must have the bounds of the landscape")
        return cls(Space(lower, upper, axes=axes), None if minimum is None else float(minimum), minimizers, surfaces)


def describe_landscape(run: RunSpec) -> LandscapeRecord:
    """Return what is known of the landscape of a run that is about to begin."""
    facts = run.facts
    known = facts.minimizers
    fits = known is not None and np.ndim(known) == 2 and np.shape(known)[1] == facts.space.dimension
    minimizers = np.asarray(known, dtype=float) if fits else None
    whole = () if facts.surface is None else (StoredSurface(axes_plane(np.zeros(2), 0, 1), facts.surface),)
    return LandscapeRecord(facts.space, facts.minimum, minimizers, whole)


def read_landscape_record(record: RunRecord) -> LandscapeRecord | None:
    """Return what the log says of the landscape of a run; None if an older version wrote it.

    Raises:
        LogDamaged: If what it says cannot be used.
    """
    if not record.about:
        return None
    try:
        return LandscapeRecord.from_data(record.about)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise LogDamaged(
            f"the log is damaged: what it says of the landscape of run {record.id} cannot be read ({error!r})."
        ) from None


def _from_vector(vector: Array) -> float | list[float]:
    """Return a vector as a list, or as one number if all its numbers are equal."""
    listed: list[float] = vector.tolist()
    return listed[0] if len(set(listed)) == 1 else listed


def _to_vector(data: Any, dimension: int) -> Array:
    if isinstance(dimension, bool) or not isinstance(dimension, int) or not 1 <= dimension <= 10_000_000:
        raise ValueError(f"dimension must be a whole number from 1 on, got {dimension!r}")
    found = np.full(dimension, data, dtype=float) if isinstance(data, int | float) else np.array(data, dtype=float)
    if found.shape != (dimension,) or not np.isfinite(found).all():
        raise ValueError(f"a vector must have {dimension} finite numbers")
    return found
