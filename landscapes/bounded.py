"""The base class of landscapes whose bounds or parameters the user gives."""

from __future__ import annotations

import math
from typing import Any, Self

from pydantic import Field, SerializerFunctionWrapHandler, field_validator, model_serializer, model_validator

from .arguments import Arguments, ArrayArguments, NamedArguments, make_space
from .constraints import read_conditions
from .landscape import AxisBounds, Landscape, LandscapeError, Space
from .parameters import LONG_RANGE, Parameters, ParameterSet


class BoundedLandscape(Landscape):
    """Base class of landscapes whose bounds or parameters the user gives."""

    bounds: tuple[float, float] | AxisBounds | None = Field(
        None, description="Bounds, one (low, high) per axis, or one pair with `dimension`. Equal ends: a fixed axis."
    )
    dimension: int | None = Field(None, ge=1, description="Number of axes, D, if bounds are one pair.")
    log: bool | None = Field(
        None, description="false says that bounds are meant to be linear, however wide: there is no hint then."
    )
    parameters: Parameters | None = Field(
        None,
        description="In place of bounds, by name: {low, high, log, integer}, {choices: [...]} or a fixed value.",
    )
    start: dict[str, Any] | tuple[float, ...] | None = Field(
        None, description="A known setting, evaluated first: a number per axis, or values by name."
    )

    noisy: bool | None = Field(
        None, description="Whether a setting may have another loss each time: known ones are then evaluated again."
    )

    constraints: tuple[str, ...] | None = Field(
        None,
        description='What a setting must meet before an evaluation is spent: "depth * rate <= 0.5", or a function.',
    )

    @field_validator("constraints", mode="before")
    @classmethod
    def _wrap_constraint(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _check_bounds(self) -> Self:
        if self.log is not None and (self.log or self.parameters is not None):
            raise ValueError(
                f"log must be false, and stand beside bounds, got {str(self.log).lower()}. Give parameters, each with "
                "a log of its own: {rate: {low: 0.001, high: 10, log: true}}."
            )
        if self.parameters is None:
            self._check_pairs()
        elif self.bounds is not None or self.dimension is not None:
            given = "bounds" if self.bounds is not None else "dimension"
            raise ValueError(f"{given} must be left out beside parameters, got both. Leave out one of them.")
        self.make_space(False, 1)
        return self

    def _check_pairs(self) -> None:
        if not self.bounds:
            got = "nothing" if self.bounds is None else "[]"
            raise ValueError(
                f"bounds must be given, one pair per axis, got {got}. Write e.g. [-5, 5] with a dimension, or give "
                "parameters."
            )
        pairs = self.pairs
        if self.dimension is not None and len(pairs) != self.dimension:
            raise ValueError(f"bounds must have one pair per axis ({self.dimension}), got {len(pairs)}. Change one.")
        for low, high in pairs:
            if not low <= high:
                raise ValueError(f"bounds must have low <= high, got ({low}, {high}). Swap them.")
            check_width(low, high)
        if all(low == high for low, high in pairs):
            raise ValueError(f"bounds must leave an axis to search, got {pairs}: all are fixed. Widen one of them.")

    @model_serializer(mode="wrap")
    def _omit_unset(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what is not set: a run's id and its random streams are keyed by these settings."""
        replaced = () if self.parameters is None else ("bounds", "dimension")
        # What silences a hint changes no run: with it or without, the id is the same.
        settings = {key: value for key, value in dump(self).items() if key != "log"}
        return omit_unset(settings, "parameters", "start", "noisy", "constraints", *replaced)

    @property
    def pairs(self) -> AxisBounds:
        """The bounds, one pair per axis; empty if there are parameters instead."""
        if not self.bounds:
            return ()
        if isinstance(self.bounds[0], tuple):
            return self.bounds
        return (self.bounds,) * (self.dimension or 1)

    @property
    def arguments(self) -> Arguments:
        """What makes the arguments of the objective from points."""
        return ArrayArguments(self.pairs) if self.parameters is None else NamedArguments(self.parameters)

    @property
    def searched_axes(self) -> int:
        """The number of axes that are searched, D."""
        return len(self.arguments.bounds)

    @property
    def hints(self) -> tuple[str, ...]:
        """Ranges that may be meant to be logarithmic."""
        if self.parameters is not None:
            return hint_long_ranges(self.label, self.parameters)
        if self.log is False:
            return ()
        return tuple(
            f"{self.label}: the range of x{number} spans {low:g} to {high:g}. If equal ratios matter there, give "
            "parameters with log: true in place of bounds; log: false beside bounds leaves this line out."
            for number, (low, high) in enumerate(self.pairs, 1)
            if low > 0 and high > LONG_RANGE * low
        )

    def make_space(self, has_gradient: bool, gradient_price: int) -> Space:
        """Return the space. Raises ValueError if the start does not lie in it."""
        arguments = self.arguments
        conditions = read_conditions(self.constraints, arguments)
        return make_space(arguments, has_gradient, gradient_price, self.start, bool(self.noisy), conditions)


def hint_long_ranges(label: str, parameters: ParameterSet) -> tuple[str, ...]:
    """Return a sentence for each range of parameters that may be meant to be logarithmic."""
    return tuple(
        f"{label}: parameters.{axis.name} spans {axis.low:g} to {axis.high:g}. "
        "Write log: true if equal ratios matter there, or log: false to leave this line out."
        for axis in parameters.axes
        if axis.name in parameters.may_be_log
    )


def omit_unset(settings: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return settings without those of these names that are None."""
    return {key: value for key, value in settings.items() if value is not None or key not in names}


def check_width(low: float, high: float) -> None:
    """Check that the width of finite bounds is finite too: points between them could not be computed.

    Raises:
        ValueError: It is not.
    """
    if not math.isfinite(high - low):
        raise ValueError(
            f"bounds must have a finite width, got ({low}, {high}), which is wider than the largest float. Narrow them."
        )


def check_gradient_axes(space: Space) -> None:
    """Check that no axis has finitely many values if there are gradients.

    Raises:
        LandscapeError: An axis has.
    """
    stepped = [axis.name for axis in space.axes if axis.is_stepped]
    if space.has_gradient and stepped:
        raise LandscapeError(
            f"gradient must be left out where parameters have steps, got {', '.join(stepped)} with finitely many "
            "values. Leave out the gradient: agents then use losses alone."
        )
