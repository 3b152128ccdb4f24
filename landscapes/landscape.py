"""The words of a landscape: what is searched, and what an agent may know of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

Array = NDArray[np.float64]
AxisBounds = tuple[tuple[float, float], ...]
"""(low, high) of each axis."""


class Model(BaseModel):
    """Base of everything a YAML can name: fields are the YAML keys, frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)

    card: ClassVar[str] = ""
    """What it does, and where it fails, in two sentences for somebody who has never heard of it."""


class LandscapeError(ValueError):
    """A landscape cannot be opened as it is described; the message says what to change."""


class EvaluationError(Exception):
    """Some rows of a batch have no loss. ``losses`` (n,) has NaN for them, ``causes`` says why, by row."""

    def __init__(self, losses: Array, causes: dict[int, str]) -> None:
        super().__init__("; ".join(f"row {row}: {cause}" for row, cause in causes.items()))
        self.losses, self.causes = losses, causes


def describe_exception(error: BaseException) -> str:
    """What was raised, as a cause of failure: short, on one line, whatever the exception's own text does."""
    try:
        words = " ".join(str(error)[:2000].split())[:300]
    except Exception:
        words = "its message cannot be printed"
    return f"raised {type(error).__name__}: {words}"


@dataclass(frozen=True, slots=True)
class Space:
    """What an agent may know of a landscape.

    ``lower`` and ``upper`` have shape (D,), in the landscape's own units. Agents work in the unit
    cube [0, 1]^D; ``to_box`` and ``to_cube`` convert. ``gradient_price`` is what one gradient costs,
    in whole evaluations.
    """

    lower: Array
    upper: Array
    has_gradient: bool = False
    gradient_price: int = 1

    @property
    def dimension(self) -> int:
        return len(self.lower)

    def to_box(self, cube: Array) -> Array:
        """Points of the unit cube, (n, D) or (D,), in the landscape's units; never outside the box."""
        return np.minimum(self.lower + cube * (self.upper - self.lower), self.upper)

    def to_cube(self, box: Array) -> Array:
        """Points in the landscape's units, (n, D) or (D,), in the unit cube."""
        return np.clip((box - self.lower) / (self.upper - self.lower), 0.0, 1.0)


@runtime_checkable
class Problem(Protocol):
    """An opened landscape. Made where it is used, never pickled.

    A problem may say ``rowwise = True``: that it goes through a batch row by row, so that a batch may be cut anywhere
    without changing a bit; what it has found of an expensive batch is then recorded as it comes.
    """

    space: Space

    def evaluate(self, points: Array) -> Array:
        """Losses (n,) of points (n, D) in the box. NaN means that the evaluation failed."""
        ...

    def gradient(self, points: Array) -> Array:
        """Gradients (n, D), in the box's units, of points (n, D); only where ``space.has_gradient``."""
        ...

    @property
    def minimum(self) -> float | None:
        """The known least loss, for reports only; ``None`` where unknown."""
        ...

    @property
    def minimizers(self) -> Array | None:
        """Known minimizers (k, D), for reports only; ``None`` where unknown."""
        ...


class Landscape(Model):
    """A loss to be minimised over a box. Subclasses declare ``kind: Literal["..."]`` and their settings."""

    catalogued: ClassVar[bool] = True
    """Whether a YAML can name it."""
    pictured: ClassVar[bool] = False
    """Whether pictures may evaluate it ten thousands of times: quick, safe, and without side effects."""
    shareable: ClassVar[bool] = False
    """Whether runs may share one opened problem: it keeps nothing from one evaluation to the next."""
    external: ClassVar[bool] = False
    """Whether it is evaluated by a program of its own, which is asked by lines (see ``command.py``)."""

    kind: str
    seconds: float = Field(
        1.0, gt=0, description="Declared cost of one evaluation in (logical) seconds; orders concurrent leases."
    )

    def open(self) -> Problem:
        """Make the problem. Heavy state lives there."""
        raise NotImplementedError

    @property
    def label(self) -> str:
        """A short name for tables and figures: the kind and whatever tells it from its siblings."""
        return self.kind
