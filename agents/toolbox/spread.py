"""How wide the first weights of a network are: the same search from wider or narrower starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from ...landscapes.landscape import Array, InitialPoints
from ..agent import Agent


class SpreadAgent(Agent):
    """Base class of agents whose first point may be wider or narrower than the landscape's rule draws it."""

    spread: float = Field(
        1.0,
        gt=0,
        le=100,
        description="How wide the first weights of a network are, in multiples of its rule (init); without effect "
        "where a landscape has no such rule.",
    )

    @model_serializer(mode="wrap")
    def _omit_spread(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave it out where it has its default: ids of runs and their random streams are keyed by these settings."""
        settings: dict[str, Any] = dump(self)
        return {key: value for key, value in settings.items() if key != "spread" or value != 1.0}


@runtime_checkable
class WidenedRule(Protocol):
    """Protocol of a rule for starts that knows which of its numbers may be wider.

    Example:
        >>> from searchparty.landscapes.networks.initial import Drawing, InitialWeights
        >>> rule = InitialWeights((Drawing(2, "constant", 1.0), Drawing(1, "uniform", 0.5)), -3.0, 3.0)
        >>> isinstance(rule, WidenedRule)
        True
    """

    def widen(self, factor: float) -> InitialPoints:
        """Return the rule whose random numbers are so many times as wide."""
        ...


@dataclass(frozen=True, slots=True)
class WideStart:
    """A rule for starts whose points lie so many times as far from the middle of the cube.

    Attributes:
        init: The rule.
        factor: How many times as far.
    """

    init: InitialPoints
    factor: float

    def draw(self, rng: np.random.Generator) -> Array:
        """Draw one starting point (D,) in the unit cube."""
        found: Array = np.clip(0.5 + self.factor * (self.init.draw(rng) - 0.5), 0.0, 1.0)
        return found


def widen_start(init: InitialPoints | None, factor: float) -> InitialPoints | None:
    """Return a rule for starts that are wider or narrower.

    A network's rule widens what it draws and keeps what is constant (biases of 0, gains of 1). Of another rule, the
    distance from the middle of the bounds is multiplied, which for a network is that of all weights from 0.

    Args:
        init: The space's rule (``space.init``), or None.
        factor: How many times as wide.

    Example:
        >>> class Corner:
        ...     def draw(self, rng):
        ...         return np.array([0.75, 0.5])
        >>> rule = widen_start(Corner(), 0.5)
        >>> rule.draw(np.random.default_rng(0)).tolist()
        [0.625, 0.5]
    """
    if init is None or factor == 1.0:
        return init
    return init.widen(factor) if isinstance(init, WidenedRule) else WideStart(init, factor)
