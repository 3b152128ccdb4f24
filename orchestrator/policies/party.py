"""The policy of the default strategy: one member opens, one looks for structure, then all get leases by their
records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from ...agents.agent import Incumbent, Lease, Region
from ..state.member import Member
from ..state.run import Run
from .opening import Opening, first_named, is_named, members_named
from .policy import Policy
from .records import describe_records, give_up_reason, weigh

ADDED = ("planner", "plans", "steady", "repeats", "sprinter", "sprint", "probes_from", "first", "fruitless")
"""Settings that are recorded only where they are not at their defaults."""
SPRINT, SPRINT_DIMENSION = 24, 20
"""The sprinter begins if the budget is at most so many evaluations, in multiples of D, and D at most this."""
SPRINT_BESIDE, SPRINT_BESIDE_DIMENSION = 15, 8
"""The same with several leases at a time, where the sprinter is the opener."""
AFTER_SPRINT = 5
"""Where fewer evaluations than this, in multiples of D, would be left after the sprint, it has them too."""
MANY_AXES = 10
"""The least dimension in which the opener's first lease has ``first`` D evaluations."""
LEAST_REPEATS = 20
"""With fewer evaluations than this for repeats, there are none."""
REPEATS_WHY = "losses are noisy: repeats the best points, to return the one that is best on the mean"
FRUITLESS = (
    "Factor of the weight of a member whose last two searches, or more, ended where they began, as those that follow "
    "slopes do on plateaus; only with one lease out at a time. 1: it weighs as much."
)
PLAN = 2
"""Evaluations per lease of the planner, in multiples of D: its leases end nothing, and reports show its way."""


class Party(Policy):
    """The default policy: a local solver opens alone while its loss falls; then leases go to members by their records.

    Use it when nothing is known about the landscape.

    1. The opener starts at the run's center and continues until it converges or stalls. Splitting the budget costs
       most at the beginning, so no other member gets a lease meanwhile, with one exception: after the opener's first
       lease, which is short in ten dimensions or more, the prober spends a few evaluations to find out whether the axes
       can be searched one by one, and continues if they can. When the opener converges, it is restarted from its
       minimum, with a new model of the loss.
    2. Then a lease goes to the member that has spent least in relation to its weight, which is 1 plus ``bonus`` times
       the fraction of its last ``window`` leases that improved the run's incumbent. A member's first search starts at
       the incumbent, in a box of radius ``near``. A member that has converged starts again anywhere. One whose searches
       end where they began, as those of slopes do on plateaus, weighs less (``fruitless``). A restart of the
       opener (or of a member numbered after it) is given up for another when it gains too little per lease to catch
       up with the incumbent within ``patience`` leases.

    Where axes have steps or choices, a solver that follows slopes finds little. There the planner, if the team has
    one, takes the place of the opener: it searches until it ends, and then leases are granted by rule 2. ``plans:
    always`` does so on every space, for losses that are noisy or expensive. Elsewhere the planner gets no lease,
    because it takes long to choose a point.

    Where losses are noisy, as a point shows that a member has evaluated again, slopes and records are luck. There the
    steady member takes the place of all others, from the incumbent on, and spends its last lease on repeats of its best
    points, of which the run returns the one that is best on the mean.

    Where there are few evaluations, the sprinter begins, if the team has one, with a lease of ``sprint`` D evaluations,
    and the opener starts at its best point; with several leases at a time, the sprinter is the opener where there are
    very few. The prober is not asked there.

    Unless the experiment says otherwise, one lease is out at a time, which is the best use of evaluations. With several
    at a time (``concurrency``), the best use of time, a lease has as many lanes as its agent can use: for an opener
    without gradients, one for each point of a gradient by differences and one for the point itself; where fewer are
    free, no more than make its batches take fewer rounds. Leases last about equally long: exactly so if every batch
    fills its lanes. An opener that uses more than half of the lanes is alone until it can be told whether it stalls;
    else no member waits for it. The lanes that are left are granted by rule 2 from the beginning. Stalling and catching
    up compare differences of losses, so an affine change of the loss changes nothing, but another monotone change may.
    """

    card: ClassVar[str] = (
        "One good local solver opens, alone, for as long as its loss falls. Then the budget goes to agents that have "
        "lately found better points, and newcomers start at the best point known."
    )
    at_once: ClassVar[int | None] = 1

    kind: Literal["party"] = "party"
    opener: str = Field("slsqp", description="Name of the member that opens; the team's first if it has none so named.")
    prober: str = Field(
        "axes", description="Name of the member that looks for structure, if any; it ends where it cannot help."
    )
    planner: str = Field(
        "gaussian-process", description="Name of the member that may search first, alone, in place of the opener."
    )
    plans: Literal["steps", "always", "never"] = Field(
        "steps", description="When the planner, if the team has one, searches first: where axes have steps or choices, "
        "always, or never.",
    )  # fmt: skip
    steady: str = Field(
        "cma-es",
        description="Name of the member that searches alone, if the team has one, once a point that was evaluated "
        "again has had another loss.",
    )
    repeats: float = Field(
        0.1, ge=0, le=0.5, description="The fraction of the budget, if that is at least "
        f"{LEAST_REPEATS} evaluations, which the steady member spends on repeats of its best points; 0: none.",
    )  # fmt: skip
    sprinter: str = Field(
        "splines",
        description="Name of the member that begins, before the opener, if the team has one: without gradients, with "
        f"at most {SPRINT} D evaluations, where D is at most {SPRINT_DIMENSION}.",
    )
    sprint: int = Field(8, ge=1, description="Evaluations of the sprinter's lease, in multiples of D.")
    probes_from: int = Field(
        25, ge=0, description="The least budget, in multiples of D, with which the prober is asked: with less, its "
        "evaluations do not pay for themselves.",
    )  # fmt: skip
    first: int = Field(
        3, ge=1, description="Evaluations of the opener's first lease, in multiples of D, in at least "
        f"{MANY_AXES} dimensions, where the prober's few evaluations are cheap; at most those of other leases.",
    )  # fmt: skip
    lease: int = Field(10, ge=1, description="Evaluations per lease, in multiples of D.")
    restart: int = Field(5, ge=1, description="The same for an opener's restarts, which are given up more readily.")
    window: int = Field(5, ge=1, description="Number of a member's latest leases that count.")
    bonus: float = Field(
        3.0, ge=0, description="Weight added to a member whose last leases all improved the incumbent."
    )
    fruitless: float = Field(0.1, gt=0, le=1, description=FRUITLESS)
    near: float = Field(0.25, gt=0, le=0.5, description="Radius around the incumbent of a member's first search.")
    patience: float = Field(
        2.0,
        ge=0,
        description="A restart is given up if it would take more than this many leases like its last one to catch up "
        "with the incumbent; 0: never.",
    )
    stall: float = Field(
        1e-3,
        ge=0,
        le=1,
        description="The opener stalls if its last two leases together gain at most this fraction of the least gain of "
        "the four before.",
    )
    sharing: bool = Field(True, description="Whether members are told others' best points, and first start there.")

    @model_serializer(mode="wrap")
    def _omit_defaults(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what earlier versions did not have: a run's id and its random streams are keyed by the settings."""
        added = {name: type(self).model_fields[name].default for name in ADDED}
        return {key: value for key, value in dump(self).items() if key not in added or value != added[key]}

    def decide(self, run: Run, rng: np.random.Generator) -> tuple[Lease, ...]:
        leases: list[Lease] = []
        opening, waiting = self.find_opening(run), list(run.idle)
        left, lanes = run.remaining, run.free
        while waiting and lanes > 0:
            reserve = find_reserve(run, self, leases)
            waiting = [m for m in waiting if m.row_price <= left - reserve]
            member = self._choose_member(run, opening, waiting, bool(run.out or leases))
            if member is None:
                break
            waiting.remove(member)
            lease = self._lease(run, opening, member, run.leases + len(leases), left, lanes, rng)
            leases.append(lease)
            left -= lease.budget
            lanes -= lease.lanes
        return tuple(leases)

    def find_opening(self, run: Run) -> Opening:
        """Return the state of the opening."""
        opens = run.concurrency > 1 and sprints(run.budget, run.space.dimension, run.concurrency)
        sprinters = members_named(run, self.sprinter) if opens else ()
        openers = sprinters or members_named(run, self.opener) or run.team[:1]
        apart = (openers[0], find_sprinter(run, self), first_named(run, self.prober))
        guests = tuple(m for m in run.members.values() if all(m is not one for one in apart))
        return Opening(run, openers[0], openers, guests, self.lease * run.space.dimension, self.stall)

    def plans_on(self, stepped: bool) -> bool:
        """Return whether a planner would search first, on a space with or without stepped axes."""
        return self.plans == "always" or (self.plans == "steps" and stepped)

    def _choose_member(self, run: Run, opening: Opening, waiting: Sequence[Member], others: bool) -> Member | None:
        """Choose which of the waiting members gets the next lease; None if none should.

        ``others`` tells whether any lease is out or has been granted in this decision.
        """
        prober, planner = first_named(run, self.prober), find_planner(run, self)
        probing = prober is not None and prober in waiting and (not prober.needs_fresh or not prober.leases)
        if planner is not None and planner in waiting and (not planner.leases or not planner.needs_fresh):
            return planner
        if (steady := find_steady(run, self)) in waiting:
            return steady
        if (sprinter := find_sprinter(run, self)) is not None and sprinter in waiting and not sprinter.leases:
            return sprinter
        asks = probing and run.budget >= self.probes_from * run.space.dimension
        if asks and (opening.opener.leases or (others and opening.alone)):
            return prober
        if planner is None and opening.on and opening.opener in waiting:
            return opening.opener
        able = [m for m in waiting if m is not prober and not is_planner(run, self, m)]
        if able and not (planner is None and others and opening.alone):
            return min(able, key=lambda m: (m.spent / weigh_member(run, self, m), m.index))
        # One that has ended its search gets another lease only where nobody else can spend what is left.
        return waiting[0] if waiting and not others else None

    def _lease(
        self, run: Run, opening: Opening, member: Member, number: int, left: int, lanes: int, rng: np.random.Generator
    ) -> Lease:  # fmt: skip
        size, fresh, region = self.lease, member.needs_fresh, run.region if member.last is None else member.last.region
        prober = first_named(run, self.prober)
        if member is find_planner(run, self):
            cause = "some axes have steps" if run.space.is_stepped else "each evaluation counts"
            size, why = PLAN, f"{cause}: searches first, and weighs every point" if fresh else "carries on"
        elif member is prober:
            why = "are the axes independent? A few evaluations tell" if fresh else "each axis is searched by itself"
        elif member is find_sprinter(run, self) and not member.leases:
            size, why = plan_sprint(self, left, run.space.dimension)
        elif member is opening.opener and opening.on:
            region, why = opener_region(run, member, region, find_sprinter(run, self))
        else:
            size = self.restart if (of_opener := any(member is one for one in opening.openers)) else size
            fresh, region, why = later_region(run, self, member, of_opener, region, rng)
        if member is opening.opener and not member.leases:
            size = first_lease(run, self)
        lanes = count_lanes(member, lanes)
        # All end at about the same time. The prober, which mostly ends at once, keeps nobody waiting.
        pace = 1 if member is prober else count_lanes(opening.opener, run.concurrency)
        wanted = -(-size * run.space.dimension // pace) * lanes
        budget, repeating = fit_evaluations(run, self, member, fresh, wanted, left)
        why = (REPEATS_WHY if repeating else why) + (f"; {lanes} evaluations side by side" if lanes > 1 else "")
        return Lease(
            id=number, agent=member.name, budget=budget, region=region, reason=f"party: {why}", fresh=fresh,
            incumbent=run.incumbent if self.sharing else member.best, archive=run.collected if self.sharing else 0,
            lanes=lanes, repeats=repeating,
        )  # fmt: skip


def find_planner(run: Run, policy: Party) -> Member | None:
    """Return the member that searches first in place of the opener; None if the opener does."""
    return first_named(run, policy.planner) if policy.plans_on(run.space.is_stepped) else None


def find_sprinter(run: Run, policy: Party) -> Member | None:
    """Return the member that has the first lease, before the opener; None if the opener has it."""
    first = run.concurrency == 1 and not run.space.has_gradient and find_planner(run, policy) is None
    return first_named(run, policy.sprinter) if first and sprints(run.budget, run.space.dimension) else None


def sprints(budget: int, dimension: int, concurrency: int = 1) -> bool:
    """Return whether a sprinter would begin, with a budget of so many evaluations and so many leases at a time."""
    alone = concurrency == 1
    most, widest = (SPRINT, SPRINT_DIMENSION) if alone else (SPRINT_BESIDE, SPRINT_BESIDE_DIMENSION)
    return budget <= most * dimension and dimension <= widest


def plan_sprint(policy: Party, left: int, dimension: int) -> tuple[int, str]:
    """Return the length of the sprinter's lease, in multiples of D, and the reason in words."""
    whole = left < (policy.sprint + AFTER_SPRINT) * dimension
    words = "few evaluations: begins at the center"
    return policy.sprint + AFTER_SPRINT * whole, words + ("" if whole else ", and the opener goes on from its best")


def count_lanes(member: Member, free: int) -> int:
    """Return how many of the free lanes a member gets: no more than make its batches take fewer rounds.

    A batch of 11 rows takes two rounds on 8 lanes as on 6, so it gets 6.
    """
    rounds = -(-member.lanes // free)
    return -(-member.lanes // rounds)


def is_planner(run: Run, policy: Party, member: Member) -> bool:
    """Return whether a member plans, or would: further ones are members like any other where the first plans."""
    planner = find_planner(run, policy)
    return member is planner if planner is not None else is_named(member, policy.planner)


def find_steady(run: Run, policy: Party) -> Member | None:
    """Return the member that searches alone because losses are noisy; None if they are not, or there is none."""
    return first_named(run, policy.steady) if run.noisy else None


def count_reserve(run: Run, policy: Party) -> int:
    """Return how many evaluations are reserved for the repeats of the steady member."""
    reserve = 0 if find_steady(run, policy) is None else int(policy.repeats * run.budget)
    return reserve if reserve >= LEAST_REPEATS else 0


def find_reserve(run: Run, policy: Party, leases: Sequence[Lease]) -> int:
    """Return how many evaluations no waiting member may take, after these leases of the decision.

    While the steady member is out, that is what is reserved for its repeats. Else it is the next one to get a lease.
    """
    steady = find_steady(run, policy)
    out = steady is not None and (steady.lease is not None or any(lease.agent == steady.name for lease in leases))
    return count_reserve(run, policy) if out else 0


def idle_factor(run: Run, policy: Party) -> float:
    """Return the factor of the weight of members whose searches end where they began."""
    return policy.fruitless if run.concurrency == 1 else 1.0


def weigh_member(run: Run, policy: Party, member: Member) -> float:
    """Return a member's weight after the opening."""
    return weigh(member, policy.window, policy.bonus, idle_factor(run, policy))


def later_region(
    run: Run, policy: Party, member: Member, of_opener: bool, region: Region, rng: np.random.Generator
) -> tuple[bool, Region, str]:  # fmt: skip
    """Return whether a member searches afresh after the opening, in which region, and the reason in words.

    Args:
        run: The state of the run.
        policy: The policy.
        member: The member.
        of_opener: Whether it is the opener or a member numbered after it.
        region: The region of its last lease.
        rng: Random numbers for this decision.
    """
    fresh, why = member.needs_fresh, "carries on"
    may_end = of_opener and not fresh
    hopeless = give_up_reason(run, member, policy.restart, policy.patience) if may_end else ""
    if fresh or hopeless:
        guest = not of_opener and member.leases == 0 and policy.sharing
        region, why = find_start(run, member, hopeless, policy.near if guest else None, rng)
    noise = "losses are noisy: " if member is find_steady(run, policy) else ""
    records = describe_records(member, policy.window, policy.bonus, idle_factor(run, policy))
    return fresh or bool(hopeless), region, f"{noise}{why}; {records}"


def fit_evaluations(
    run: Run, policy: Party, member: Member, fresh: bool, wanted: int, left: int
) -> tuple[int, bool]:  # fmt: skip
    """Return the budget of a lease that wants so many evaluations, and whether it is the steady member's for repeats.

    Any other is at least a row, leaves what is reserved for repeats, and is all that is left if no other lease could
    use the rest.
    """
    reserve = count_reserve(run, policy)
    if 0 < left <= reserve and not fresh and member is find_steady(run, policy):
        return left, True
    budget = max(left - reserve if reserve < left < wanted + reserve else wanted, member.row_price)
    return (left if left - budget < run.cheapest else budget), False


def first_lease(run: Run, policy: Party) -> int:
    """Return the length of the opener's first lease, in multiples of D: short if a prober waits for its end."""
    dimension = run.space.dimension
    probes = first_named(run, policy.prober) is not None and run.budget >= policy.probes_from * dimension
    return min(policy.first, policy.lease) if probes and dimension >= MANY_AXES else policy.lease


def opener_region(run: Run, opener: Member, region: Region, sprinter: Member | None) -> tuple[Region, str]:
    """Return the region in which the opener searches during the opening, and the reason in words."""
    alone = "alone until it converges or stalls"
    if opener.leases == 0:
        best = None if sprinter is None else run.incumbent
        if best is None:
            return run.region, f"opens at the center, {alone}"
        return Region(best.point, run.region.radius), f"opens at {best.agent}'s best, {best.loss:.6g}, {alone}"
    if opener.converged is not None:
        found = opener.converged
        why = f"converged at {found.loss:.6g} ({found.why}): once more from there, with a new model"
        return Region(np.clip(found.point, 0.0, 1.0), run.region.radius), why
    return region, "opening: it neither converged nor stalled yet"


def region_at(best: Incumbent, radius: float) -> tuple[Region, str]:
    """Return the region of a radius around a point that is known, and the reason in words."""
    return Region(best.point, radius), f"starts at {best.agent}'s best, {best.loss:.6g}, near it"


def find_start(
    run: Run, member: Member, hopeless: str, near: float | None, rng: np.random.Generator
) -> tuple[Region, str]:  # fmt: skip
    """Return the region of a fresh search, near the incumbent if there is one and ``near`` is given, and the reason."""
    at = None if near is None else run.incumbent
    return draw_region(run, member, hopeless, rng) if at is None or near is None else region_at(at, near)


def draw_region(run: Run, member: Member, hopeless: str, rng: np.random.Generator) -> tuple[Region, str]:
    """Return a random region within the run's region for a fresh search, and in words why it is fresh.

    Args:
        run: The state of the run.
        member: The member that starts afresh.
        hopeless: Why its present search is given up; "" if it is not.
        rng: Random numbers for this decision.
    """
    if hopeless:
        cause = hopeless
    elif member.failed is not None:
        cause = f"failed ({member.failed})"
    elif member.converged is not None and np.isfinite(member.converged.loss):
        cause = f"converged at {member.converged.loss:.6g}"
    else:
        cause = "its search ended" if member.leases else "nothing is known yet"
    return Region(rng.uniform(run.region.lower, run.region.upper), run.region.radius), f"{cause}: starts anywhere"
