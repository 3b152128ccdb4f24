"""The settings that all landscapes of weights share."""

from __future__ import annotations

from pydantic import Field, field_validator

from ..landscape import Landscape
from .initial import WeightBounds, check_weight_bounds


class WeightLandscape(Landscape):
    """Base class of landscapes whose axes are the weights of a model."""

    seed: int = Field(0, ge=0, description="Which rows are held out.")
    bounds: WeightBounds = Field((-3.0, 3.0), description="Bounds (low, high) of every weight.")
    gradient_price: int = Field(2, ge=0, description="Cost of one gradient, in evaluations.")
    base: str | None = Field(
        None, exclude=True, repr=False, description="Directory that paths are relative to (set on loading)."
    )

    @field_validator("bounds")
    @classmethod
    def _check_bounds(cls, value: WeightBounds) -> WeightBounds:
        return check_weight_bounds(value)
