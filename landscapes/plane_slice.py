"""Landscapes that are planes through other landscapes."""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, SerializerFunctionWrapHandler, ValidationError, field_validator, model_serializer

from .axis import Axis
from .bounded import omit_unset
from .geometry.framed_plane import FramedPlane
from .geometry.plane_file import PlaneFile, read_plane
from .landscape import (
    Array,
    DivisibleProblem,
    EvaluationError,
    Landscape,
    LandscapeError,
    MeasuredProblem,
    ProbedProblem,
    Problem,
    Space,
)
from .opening import open_problem
from .planes import EDGE_TOLERANCE
from .user_code import resolve_path

OUTSIDE = "it lies outside the bounds of the landscape that the plane cuts"
AXES = ("u", "v")
BUNDLED_PLANES = {"digits": Path(__file__).parent / "geometry" / "digits.npz"}
"""Planes that come with the package, by name."""


class PlaneSlice(Landscape):
    """A plane through another landscape, such as the loss of a network: a landscape of two axes.

    The command ``searchparty landscape`` writes planes. Use it to see how a grid, its size and its radius lead to
    solutions on a real loss, such as that of a network, of which a plane can be looked at. Its losses and gradients are
    those of the landscape at the points of the plane. A plane is not the landscape: what is a minimum on it is seldom
    one off it.
    """

    kind: Literal["slice"] = "slice"
    plane: str = Field(
        description='The file of the plane, "results/NAME/planes/pca.npz", or digits: a bundled one, through three '
        "ends of Adam on a network of 1,210 weights on digits."
    )
    of: dict[str, Any] | None = Field(
        None,
        description="The landscape that the plane cuts, with its kind. Needed where that names files of yours, so that "
        "what is run stands in the YAML. Default: what the file says.",
    )
    base: str | None = Field(
        None, exclude=True, repr=False, description="Directory that paths are relative to (set on loading)."
    )

    @field_validator("of")
    @classmethod
    def _check_kind(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        if value is not None and value.get("kind") == "slice":
            raise ValueError("of must be a landscape that is no slice itself, got slice. Name what its plane cuts.")
        return value

    @model_serializer(mode="wrap")
    def _omit_unset(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what is not set: a run's id and its random streams are keyed by these settings."""
        return omit_unset(dump(self), "of")

    def open(self) -> Problem:
        """Read the plane and open the landscape that it cuts. Raises LandscapeError if they do not fit."""
        inner, framed = open_problem(self.inner), self._content.framed
        if inner.space.dimension != len(framed.plane.origin):
            raise LandscapeError(
                f"plane must have as many axes as the landscape that it cuts, got {len(framed.plane.origin):,} in "
                f"{self.plane} for {inner.space.dimension:,}. Cut it again."
            )
        if not is_cuttable(inner.space):
            raise LandscapeError(
                f"plane must cut a landscape without constraints, steps or noise, got {self.plane} through "
                f"{self._content.label}. Name another."
            )
        measured = isinstance(inner, MeasuredProblem) and isinstance(inner, DivisibleProblem)
        return (MeasuredSlice if measured else SlicedProblem)(inner, framed, self._content.losses)

    @cached_property
    def _content(self) -> PlaneFile:
        return read_plane(self.path, self.plane)

    @cached_property
    def inner(self) -> Landscape:
        """The landscape that the plane cuts. Raises LandscapeError if it cannot be made of its settings."""
        settings = self.of if self.of is not None else self._content.landscape
        found = _make_landscape(settings, self.base, "of" if self.of is not None else f"plane {self.plane}")
        if self.of is None and (found.code_references or found.data_files or found.external):
            raise LandscapeError(
                f"of must name the landscape where it names files of yours, got none beside {self.plane}, which cuts "
                f"{found.label}. Write of: {_write_settings(self._content.landscape)}."
            )
        if self.of is not None:
            self._check_same(found)
        return found

    def _check_same(self, found: Landscape) -> None:
        """Raise LandscapeError if the landscape that was given is another than that of the file, but for paths."""
        cut = _make_landscape(self._content.landscape, self.base, f"plane {self.plane}")
        known, given = cut.model_dump(mode="json"), found.model_dump(mode="json")
        names = known.keys() | given.keys()
        differ = sorted(
            name for name in names if known.get(name) != given.get(name) and not isinstance(given.get(name), str)
        )
        if cut.kind != found.kind or differ:
            raise LandscapeError(
                f"of must be the landscape that {self.plane} cuts, got one with another {', '.join(differ) or 'kind'}. "
                f"Write of: {_write_settings(self._content.landscape)}."
            )

    @property
    def path(self) -> Path:
        """The path of the file on this machine."""
        return BUNDLED_PLANES[self.plane] if self.plane in BUNDLED_PLANES else resolve_path(self.plane, self.base)

    @property
    def code_references(self) -> tuple[str, ...]:
        """The user's code that the landscape names which the plane cuts."""
        return () if self.of is None else self.inner.code_references

    @property
    def data_files(self) -> tuple[Path, ...]:
        """The file of the plane, and those of the landscape that it cuts."""
        mine = () if self.plane in BUNDLED_PLANES else (self.path,)
        return mine if self.of is None else (*mine, *self.inner.data_files)

    @property
    def label(self) -> str:
        """A short name for tables and figures: the plane and what it cuts."""
        return f"slice {Path(self.plane).stem} of {self._content.label}"


def is_cuttable(space: Space) -> bool:
    """Return whether planes through a landscape of this space are landscapes themselves."""
    return space.conditions is None and not space.is_stepped and not space.noisy


class SlicedProblem:
    """The problem of the points of a rectangle of a plane.

    Args:
        inner: The problem that the plane cuts.
        framed: The rectangle.
        surface: The losses on a grid over it, shape (n, n), one row for each v, for pictures.
    """

    minimum: None = None
    minimizers: None = None

    def __init__(self, inner: Problem, framed: FramedPlane, surface: Array) -> None:
        self._inner, self._framed, self.surface = inner, framed, surface
        left, right, bottom, top = framed.bounds
        axes = tuple(Axis(name, *ends) for name, ends in zip(AXES, ((left, right), (bottom, top)), strict=True))
        space = inner.space
        # A gradient across the axes of another scale, as a logarithmic one, would have to be converted.
        has_gradient = space.has_gradient and framed.scale > 0
        lower, upper = np.array([[left, bottom], [right, top]], dtype=float)
        self.space = Space(lower, upper, has_gradient, space.gradient_price, axes, units=space.units)
        self.rowwise = bool(getattr(inner, "rowwise", False))

    def evaluate(self, points: Array) -> Array:
        """Return the losses (n,) of points (n, 2). Raises EvaluationError if points are outside or have no loss."""
        box, outside = self._lift(points)
        causes = dict.fromkeys(np.flatnonzero(outside).tolist(), OUTSIDE)
        if not causes:
            return self._inner.evaluate(box)
        losses, inside = np.full(len(points), np.nan), np.flatnonzero(~outside)
        try:
            losses[inside] = self._inner.evaluate(box[inside]) if len(inside) else 0.0
        except EvaluationError as error:
            losses[inside] = error.losses
            causes |= {int(inside[row]): cause for row, cause in error.causes.items()}
        raise EvaluationError(losses, causes)

    def gradient(self, points: Array) -> Array:
        """Return the gradients (n, 2) at points (n, 2): those of the landscape along the two directions."""
        return self._project(self._inner.gradient(self._lift(points)[0]))

    def _lift(self, points: Array) -> tuple[Array, NDArray[np.bool_]]:
        """Return points (n, D) of the landscape, and which of them lie outside its bounds (n,)."""
        u, v = (points / self._framed.unit).T
        plane = self._framed.plane
        # Row by row, so that no bit depends on the rows beside it.
        cube = plane.origin + u[:, None] * plane.first + v[:, None] * plane.second
        outside = ((cube < -EDGE_TOLERANCE) | (cube > 1.0 + EDGE_TOLERANCE)).any(axis=1)
        return self._inner.space.to_box(np.clip(cube, 0.0, 1.0)), outside

    def _project(self, gradients: Array) -> Array:
        plane = self._framed.plane
        return np.array([[row @ plane.first, row @ plane.second] for row in gradients]).reshape(-1, 2)


class MeasuredSlice(SlicedProblem):
    """A plane through a loss that is a mean over rows of data, and that has measures besides."""

    def evaluate_share(self, points: Array, rows: NDArray[np.int64]) -> tuple[Array, Array]:
        """Return losses (n,) and gradients (n, 2) at points (n, 2), each over its rows of data (n, b)."""
        assert isinstance(self._inner, DivisibleProblem)
        box, outside = self._lift(points)
        losses, gradients = self._inner.evaluate_share(box, rows)
        if outside.any():
            raise EvaluationError(
                np.where(outside, np.nan, losses), dict.fromkeys(np.flatnonzero(outside).tolist(), OUTSIDE)
            )
        return losses, self._project(gradients)

    def measure(self, point: Array) -> dict[str, float]:
        """Return the measures at a point (2,)."""
        assert isinstance(self._inner, MeasuredProblem)
        return self._inner.measure(self._lift(point[None])[0][0])

    @property
    def promises_bits(self) -> bool:
        """Whether another process finds the same bits."""
        return isinstance(self._inner, ProbedProblem) and self._inner.promises_bits

    def probe(self) -> Array:
        """Return what the landscape finds at fixed points, by which two processes are compared."""
        assert isinstance(self._inner, ProbedProblem)
        return self._inner.probe()


def _write_settings(settings: dict[str, Any]) -> str:
    """Return settings as a YAML takes them, without those that are not set."""
    return json.dumps({key: value for key, value in settings.items() if value is not None})


def _make_landscape(settings: dict[str, Any], base: str | None, field: str) -> Landscape:
    """Make a landscape of the package from its settings. Raises LandscapeError if they are not right."""
    kind = settings.get("kind")
    cls = next((each for each in _list_classes() if each.model_fields["kind"].default == kind), None)
    if cls is None:
        raise LandscapeError(
            f"{field} must be of a kind of landscape that the package has, got {kind!r}. Name one of these kinds; a "
            "class of yours cannot be cut."
        )
    given = {key: value for key, value in settings.items() if key != "base"}
    try:
        return cls.model_validate(given | ({"base": base} if "base" in cls.model_fields else {}))
    except ValidationError as error:
        first = error.errors()[0]
        raise LandscapeError(
            f"{field} must have settings that kind {kind} accepts, got {first['msg']} at "
            f"{'.'.join(map(str, first['loc']))}. Correct them."
        ) from None


def _list_classes() -> Iterator[type[Landscape]]:
    """Yield the package's own classes of landscapes that a YAML can name."""
    package = __name__.rpartition(".")[0]
    for info in pkgutil.iter_modules([str(Path(__file__).parent)]):
        for cls in vars(importlib.import_module(f"{package}.{info.name}")).values():
            if isinstance(cls, type) and issubclass(cls, Landscape) and cls.catalogued and "kind" in cls.model_fields:
                yield cls
