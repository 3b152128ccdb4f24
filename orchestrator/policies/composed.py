"""The ``composed`` policy, which combines three small choices, so that a report can change one and keep the others."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, SerializeAsAny, SerializerFunctionWrapHandler, field_validator, model_serializer

from ...agents.agent import Converged, Lease, Region
from ...landscapes.landscape import Array
from ..state.member import Member
from ..state.run import Run
from .budget import Equal
from .choices import BudgetChoice, RadiusChoice, Share, SharingChoice, parse_choice
from .policy import Policy
from .radius import Fixed
from .sharing import NoSharing

CANDIDATES = 16
"""Number of places that are drawn for a restart. The one farthest from known minima is taken."""
CLEARANCE = 0.1
"""Smallest radius of a restart's region, as a fraction of the starting radius: between many minima, no empty space may
be left."""
REMEMBERED_MINIMA = 512
"""Number of the latest minima that a restart keeps away from. It bounds the cost of a decision in a long run."""
MOST_DIFFERENCES = 1_000_000
"""As many differences of coordinates are computed at once."""


class Composed(Policy):
    """A policy made of three choices: who gets how many evaluations, how far each searches, and around what.

    Use it to study one choice while the others stay the same, or to put a strategy of your own together.

    The first lease of a member has the run's starting region. A member whose search converged or failed starts again
    elsewhere in that region, in a box that holds no known minimum, if there is room; with ``escape``, one whose search
    ended at a saddle starts again on its way down. Any other member continues its search, in a box around the shared
    point or its own best point of this search, moved so that the box lies within the cube.

    Example:
        >>> policy = Composed(budget="bandit", radius={"kind": "shrink", "factor": 0.8}, sharing="broadcast")
        >>> policy.budget.floor, policy.radius.factor, policy.sharing.every
        (0.2, 0.8, 1)
    """

    card: ClassVar[str] = (
        "Combines three simple rules: who gets how many evaluations, how far each agent searches, and who hears of "
        "whose best point. Change one of them to see what it is worth."
    )
    kind: Literal["composed"] = "composed"
    budget: SerializeAsAny[BudgetChoice] = Field(Equal(), description="Who gets a lease, and how long it is.")
    radius: SerializeAsAny[RadiusChoice] = Field(
        Fixed(), description="How far around its center an agent that continues its search is asked to look."
    )
    sharing: SerializeAsAny[SharingChoice] = Field(
        NoSharing(), description="What an agent learns of the others' best points, and whether it is sent there."
    )
    lease: int | None = Field(
        None,
        ge=1,
        description="Usual number of evaluations per lease; a lease is never shorter than one row. Default: a "
        "twentieth of an equal share of the run's budget, but at least ten times the team's greatest row price.",
    )
    escape: float | None = Field(
        None,
        gt=0,
        le=0.5,
        description="Where an agent's search ended at a saddle and it knows a way down, its next search starts there, "
        "in a region of this radius. Default: it starts elsewhere, as after a minimum.",
    )

    @model_serializer(mode="wrap")
    def _omit_default(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what earlier versions did not have: a run's id and its random streams are keyed by the settings."""
        return {key: value for key, value in dump(self).items() if (key, value) != ("escape", None)}

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
        """Return the usual length of a lease, in evaluations."""
        if self.lease is not None:
            return self.lease
        return max(10 * run.dearest, run.budget // (20 * len(run.members)))

    def _lease(self, run: Run, number: int, share: Share, rng: np.random.Generator) -> Lease:
        member = run.members[share.agent]
        shared = self.sharing.choose_incumbent(run, member, rng)
        if member.needs_fresh:
            region, where = _find_escape(member, self.escape) or _choose_fresh_region(run, member, rng)
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
            # Elsewhere the region sends an agent to the point that it is to follow.
            takes_over=run.space.init is not None and shared.follow and shared.incumbent is not None,
        )


def fit_region(center: Array, radius: float) -> Region:
    """Return a box around a point, moved as little as needed to lie within the unit cube.

    So a radius of 0.5 gives the whole cube, wherever the point is, and a narrow box still contains its point.

    Args:
        center: The point in the unit cube, shape (D,).
        radius: Radius of the region, above 0 and at most 1.

    Returns:
        The region.

    Example:
        >>> fit_region(np.array([0.05, 0.5]), radius=0.1).center.tolist()
        [0.1, 0.5]
    """
    reach = min(radius, 0.5)
    return Region(np.minimum(np.maximum(center, reach), 1.0 - reach), radius)


def _own_center(run: Run, member: Member) -> Array:
    if member.episode_incumbent is not None:
        return member.episode_incumbent.point
    return run.region.center if member.last is None else member.last.region.center


def _choose_fresh_region(run: Run, member: Member, rng: np.random.Generator) -> tuple[Region, str]:
    """Return the region in which a fresh search starts, and the reason in words."""
    if member.leases == 0:
        return run.region, f"first lease: the starting region, radius {run.region.radius:.3g}"
    if run.space.init is not None:
        # Uniform draws in the box of a network's weights are no network that anyone would train.
        return run.region, f"{_describe_restart(member)}: restart where the landscape says that searches start"
    known = [minimum for _, minimum in run.minima[-REMEMBERED_MINIMA:]]
    if not known:
        center = rng.uniform(run.region.lower, run.region.upper)
        return Region(center, run.region.radius), f"{_describe_restart(member)}: restart elsewhere"
    region = _draw_away_from(known, run.region, rng)
    minima = f"{len(known)} known minim{'um' if len(known) == 1 else 'a'}"
    return region, f"{_describe_restart(member)}: restart away from {minima}, within {region.radius:.3g}"


def _find_escape(member: Member, radius: float | None) -> tuple[Region, str] | None:
    """Return the region on the way down from the saddle at which a search ended, and the reason; None if it did not."""
    minimum = member.converged
    if radius is None or minimum is None or minimum.escape is None or member.failed is not None:
        return None
    reach = float(np.abs(minimum.escape).max())
    if not 0.0 < reach < np.inf:
        return None
    # The saddle lies on the edge of the region.
    region = fit_region(minimum.point + radius * minimum.escape / reach, radius)
    return region, f"{_describe_restart(member)}: escape along its direction of least curvature, radius {radius:.3g}"


def _draw_away_from(known: list[Converged], start: Region, rng: np.random.Generator) -> Region:
    """Return a part of the starting region that holds none of the known minima, if there is room."""
    places = rng.uniform(start.lower, start.upper, (CANDIDATES, len(start.center)))
    # The greatest difference on any axis is the distance in which a region is a ball. In many dimensions, all
    # differences at once would take gigabytes.
    gaps, at_once = np.full(CANDIDATES, np.inf), max(1, MOST_DIFFERENCES // places.size)
    for first in range(0, len(known), at_once):
        points = np.stack([minimum.point for minimum in known[first : first + at_once]])
        gaps = np.minimum(gaps, np.abs(places[:, None, :] - points[None, :, :]).max(axis=2).min(axis=1))
    chosen = int(np.argmax(gaps))
    return Region(places[chosen].copy(), float(min(start.radius, max(gaps[chosen], CLEARANCE * start.radius))))


def _describe_restart(member: Member) -> str:
    if member.failed is not None:
        return f"failed ({member.failed})"
    if member.converged is None or not np.isfinite(member.converged.loss):
        return "its search ended" if member.converged is None else f"its search {member.converged.why}"
    return f"converged at {member.converged.loss:.3g} ({member.converged.why})"
