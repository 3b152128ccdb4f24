"""The stock policy: three small choices put together, so that a report can change one and keep the others."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, SerializeAsAny, field_validator

from ...agents.agent import Lease, Region
from ...landscapes.landscape import Array
from ..state.member import Member
from ..state.run import Run
from .budget import Equal
from .choices import BudgetChoice, RadiusChoice, Share, SharingChoice, parse_choice
from .policy import Policy
from .radius import Fixed
from .sharing import NoSharing

CANDIDATES = 16
"""Places that are drawn for a restart; the one farthest from known minima is taken."""
CLEARANCE = 0.1
"""The least radius of a restart's region, as a share of the starting one: among many minima there is no empty room."""
REMEMBERED_MINIMA = 512
"""Latest minima that a restart keeps away from; bounds the cost of a decision in a long run."""


class Composed(Policy):
    """Budget says who gets how much, radius how far round, sharing round what.

    A member's first lease has the run's starting region. One whose search converged or failed starts anew
    elsewhere in it, in a box that holds no known minimum. Any other carries on, in a box round its own
    best point of this search or the shared one, moved so that it lies within the cube.
    """

    card: ClassVar[str] = (
        "Puts three simple rules together: who gets how much, how far round each searches, and who hears of whose "
        "best point. Change one of them and see what it was worth."
    )
    kind: Literal["composed"] = "composed"
    budget: SerializeAsAny[BudgetChoice] = Field(Equal(), description="Who gets a lease, and how long a one.")
    radius: SerializeAsAny[RadiusChoice] = Field(Fixed(), description="How far round its center it searches.")
    sharing: SerializeAsAny[SharingChoice] = Field(NoSharing(), description="What it learns of the others' best.")
    lease: int | None = Field(
        None,
        ge=1,
        description="Evaluations a lease, at least a row. By default a twentieth of an equal share of the run's "
        "budget, at least ten of the team's dearest rows.",
    )

    @field_validator("budget", mode="before")
    @classmethod
    def _choose_budget(cls, value: Any) -> BudgetChoice:
        return parse_choice(BudgetChoice, "budget", value)

    @field_validator("radius", mode="before")
    @classmethod
    def _choose_radius(cls, value: Any) -> RadiusChoice:
        return parse_choice(RadiusChoice, "radius", value)

    @field_validator("sharing", mode="before")
    @classmethod
    def _choose_sharing(cls, value: Any) -> SharingChoice:
        return parse_choice(SharingChoice, "sharing", value)

    def decide(self, run: Run, rng: np.random.Generator) -> tuple[Lease, ...]:
        shares = self.budget.share(run, self.lease_length(run), rng)
        return tuple(self._lease(run, run.leases + i, share, rng) for i, share in enumerate(shares))

    def lease_length(self, run: Run) -> int:
        """The usual length of a lease, in evaluations."""
        if self.lease is not None:
            return self.lease
        return max(10 * run.dearest, run.budget // (20 * len(run.members)))

    def _lease(self, run: Run, number: int, share: Share, rng: np.random.Generator) -> Lease:
        member = run.members[share.agent]
        shared = self.sharing.choose_incumbent(run, member, rng)
        if member.needs_fresh:
            region, where = _choose_fresh_region(run, member, rng)
            reason = f"{where}; {share.reason}"
        else:
            width = self.radius.width(run, member, rng)
            center = _own_center(run, member)
            if shared.follow and shared.incumbent is not None:
                center = shared.incumbent.point
            region = fit_region(center, width.radius)
            reason = f"{share.reason}; {width.reason}; {shared.reason}"
        return Lease(
            id=number,
            agent=member.name,
            budget=share.evaluations,
            region=region,
            reason=reason,
            incumbent=shared.incumbent,
            fresh=member.needs_fresh,
            archive=run.collected,
        )


def fit_region(center: Array, radius: float) -> Region:
    """A box of this radius round the center, moved as little as needed to lie within the cube. So a radius of 0.5
    is the whole cube, wherever the best point is, and a narrow box still holds its point."""
    reach = min(radius, 0.5)
    return Region(np.minimum(np.maximum(center, reach), 1.0 - reach), radius)


def _own_center(run: Run, member: Member) -> Array:
    if member.episode_incumbent is not None:
        return member.episode_incumbent.point
    return run.region.center if member.last is None else member.last.region.center


def _choose_fresh_region(run: Run, member: Member, rng: np.random.Generator) -> tuple[Region, str]:
    """Where a search starts, and why there."""
    if member.leases == 0:
        return run.region, f"first lease: the starting region, radius {run.region.radius:.3g}"
    known = [minimum.point for _, minimum in run.minima[-REMEMBERED_MINIMA:]]
    if not known:
        center = rng.uniform(run.region.lower, run.region.upper)
        return Region(center, run.region.radius), f"{_describe_restart(member)}: restart elsewhere"
    region = _draw_away_from(known, run.region, rng)
    minima = f"{len(known)} known minim{'um' if len(known) == 1 else 'a'}"
    return region, f"{_describe_restart(member)}: restart away from {minima}, within {region.radius:.3g}"


def _draw_away_from(known: list[Array], start: Region, rng: np.random.Generator) -> Region:
    """A part of the starting region that holds none of the known minima, if there is room."""
    places = rng.uniform(start.lower, start.upper, (CANDIDATES, len(start.center)))
    # Greatest difference on an axis: the distance in which a region is a ball.
    gaps = np.abs(places[:, None, :] - np.stack(known)[None, :, :]).max(axis=2).min(axis=1)
    chosen = int(np.argmax(gaps))
    return Region(places[chosen].copy(), float(min(start.radius, max(gaps[chosen], CLEARANCE * start.radius))))


def _describe_restart(member: Member) -> str:
    if member.failed is not None:
        return f"failed ({member.failed})"
    if member.converged is None or not np.isfinite(member.converged.loss):
        return "its search ended" if member.converged is None else f"its search {member.converged.why}"
    return f"converged at {member.converged.loss:.3g} ({member.converged.why})"
