"""Radius choices, which decide how far around its center a continued search looks: fixed, shrink, trust-region."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from ..state.member import Member
from ..state.run import Run
from .choices import RadiusChoice, Width


class Fixed(RadiusChoice):
    """A fixed radius: every lease that continues a search has the run's starting radius.

    Use it as a baseline, or where agents narrow their search themselves.
    """

    card: ClassVar[str] = (
        "The region keeps its size for the whole run. It is never narrowed, so nothing in it is lost from sight."
    )
    kind: Literal["fixed"] = "fixed"

    def width(self, run: Run, member: Member, rng: np.random.Generator) -> Width:
        return Width(run.region.radius, f"fixed: radius {run.region.radius:.3g}")


class Shrink(RadiusChoice):
    """A shrinking radius: each lease of an agent's search has a smaller region than the one before.

    Use it to refine a solution where the best region is found early. The radius is multiplied by ``factor`` with each
    lease, down to ``minimum``.
    """

    card: ClassVar[str] = (
        "With each lease an agent searches closer to its best point. This is precise in the end, but it misses what "
        "lies farther away."
    )
    kind: Literal["shrink"] = "shrink"
    factor: float = Field(0.9, gt=0, le=1, description="Ratio of a lease's radius to that of the one before.")
    minimum: float = Field(1e-3, gt=0, le=1, description="Smallest radius, in the unit cube.")

    def width(self, run: Run, member: Member, rng: np.random.Generator) -> Width:
        before = last_radius(run, member)
        # A run may start below the minimum; then the radius stays as it is.
        radius = max(before * self.factor, min(self.minimum, before))
        return Width(radius, f"shrink: {describe_change(before, radius)}")


class TrustRegion(RadiusChoice):
    """A trust region: the radius grows after a successful lease and shrinks after an unsuccessful one.

    Use it where it is not known how far the landscape can be trusted around a good point. The radius stays between
    ``minimum`` and ``maximum``. This is the rule of trust-region methods with whole leases as steps, and with a
    comparison in place of the ratio of actual to predicted decrease, as there is no model (cf. TuRBO: Eriksson et al.
    2019, "Scalable global optimization via local Bayesian optimization").
    """

    card: ClassVar[str] = (
        "The region widens after a success and narrows after a failure. So it adapts to how far ahead the landscape "
        "can be trusted."
    )
    kind: Literal["trust-region"] = "trust-region"
    grow: float = Field(2.0, ge=1, description="Factor by which the radius is multiplied after a success.")
    shrink: float = Field(
        0.5, gt=0, lt=1, description="Factor by which the radius is multiplied after a lease without success."
    )
    minimum: float = Field(1e-4, gt=0, le=1, description="Smallest radius, in the unit cube.")
    maximum: float = Field(0.5, gt=0, le=1, description="Largest radius, in the unit cube.")
    success: Literal["improved", "record"] = Field(
        "improved",
        description="Whether a lease succeeds if it finds a better point than its agent's search had before "
        "(improved), or only if it finds a better point than the whole run (record).",
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
    """Return the radius of the member's last lease, or the run's starting radius if it has none.

    Args:
        run: The state of the run.
        member: The member.

    Returns:
        The radius in the unit cube.

    Example:
        >>> from searchparty.agents.agent import Region
        >>> from searchparty.landscapes.landscape import Space
        >>> member = Member("a", 0, row_price=1)
        >>> run = Run("r", Space(np.zeros(2), np.ones(2)), 1.0, 100, 1, Region.whole(2), {"a": member})
        >>> last_radius(run, member)
        0.5
    """
    return run.region.radius if member.last is None else member.last.region.radius


def describe_change(before: float, after: float) -> str:
    """Return a change of the radius in words, for a reason."""
    return f"radius {before:.3g} -> {after:.3g}" if before != after else f"radius stays {after:.3g}"
