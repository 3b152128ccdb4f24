"""How far round its center an agent that carries on is asked to search: fixed, shrink, trust-region."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from ..state.member import Member
from ..state.run import Run
from .choices import RadiusChoice, Width


class Fixed(RadiusChoice):
    """The run's starting radius, always."""

    card: ClassVar[str] = (
        "The region keeps its size all the time. Nothing is narrowed down, nothing is lost from sight."
    )
    kind: Literal["fixed"] = "fixed"

    def width(self, run: Run, member: Member, rng: np.random.Generator) -> Width:
        return Width(run.region.radius, f"fixed: radius {run.region.radius:.3g}")


class Shrink(RadiusChoice):
    """Smaller by ``factor`` with each lease of an agent's search, down to ``minimum``."""

    card: ClassVar[str] = (
        "With each lease an agent searches closer round its best point. Precise in the end, and blind to what lies "
        "farther away."
    )
    kind: Literal["shrink"] = "shrink"
    factor: float = Field(0.9, gt=0, le=1, description="Radius of a lease over that of the one before.")
    minimum: float = Field(1e-3, gt=0, le=1, description="Least radius, in the unit cube.")

    def width(self, run: Run, member: Member, rng: np.random.Generator) -> Width:
        before = last_radius(run, member)
        # A run may start below the minimum: then it stays where it is.
        radius = max(before * self.factor, min(self.minimum, before))
        return Width(radius, f"shrink: {describe_change(before, radius)}")


class TrustRegion(RadiusChoice):
    """Wider after a success, narrower after a failure, between ``minimum`` and ``maximum``.

    The rule of trust-region methods with whole leases as steps, and a comparison in place of the ratio of actual to
    predicted decrease, as there is no model (cf. TuRBO: Eriksson et al. 2019, "Scalable global optimization via
    local Bayesian optimization").
    """

    card: ClassVar[str] = (
        "The region widens after a success and narrows after a failure. So it adapts to how far ahead the landscape "
        "can be trusted."
    )
    kind: Literal["trust-region"] = "trust-region"
    grow: float = Field(2.0, ge=1, description="Radius after a success over that before.")
    shrink: float = Field(0.5, gt=0, lt=1, description="Radius after a failure over that before.")
    minimum: float = Field(1e-4, gt=0, le=1, description="Least radius, in the unit cube.")
    maximum: float = Field(0.5, gt=0, le=1, description="Greatest radius, in the unit cube.")
    success: Literal["improved", "record"] = Field(
        "improved",
        description="A lease succeeds if it betters its agent's search, or only if it betters the run.",
    )

    @model_validator(mode="after")
    def _check_order(self) -> TrustRegion:
        if self.minimum > self.maximum:
            raise ValueError(f"minimum must be at most maximum ({self.maximum}), got {self.minimum}. Swap them.")
        return self

    def width(self, run: Run, member: Member, rng: np.random.Generator) -> Width:
        before = last_radius(run, member)
        won = member.improved if self.success == "improved" else member.record
        wanted = before * (self.grow if won else self.shrink)
        radius = min(max(wanted, self.minimum), self.maximum)
        return Width(radius, f"trust-region: {'success' if won else 'no success'}, {describe_change(before, radius)}")


def last_radius(run: Run, member: Member) -> float:
    """The radius of the member's last lease, or the run's starting one."""
    return run.region.radius if member.last is None else member.last.region.radius


def describe_change(before: float, after: float) -> str:
    """Two radii in words."""
    return f"radius {before:.3g} -> {after:.3g}" if before != after else f"radius stays {after:.3g}"
