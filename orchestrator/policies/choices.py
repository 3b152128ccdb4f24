"""Base classes of the three choices that the ``composed`` policy consists of, and helpers for them.

The budget choice decides who gets how many evaluations, the radius choice how large the search region is, and the
sharing choice where it is centered. To write a choice, derive a class that declares
``kind: Literal["..."] = "..."``, has its settings as fields, and implements one method: a pure function of the run,
which it must not change.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple, TypeVar

import numpy as np
from pydantic import ValidationError

from ...agents.agent import Incumbent
from ...landscapes.landscape import Model
from ..state.member import Member
from ..state.run import Run


class Share(NamedTuple):
    """What a budget choice decides for one lease.

    Attributes:
        agent: Name of the member that gets the lease.
        evaluations: Budget of the lease.
        reason: Why it gets the lease, in words; becomes part of the lease's reason.

    Example:
        >>> Share("cma-es", 50, "equal: it has spent least")
        Share(agent='cma-es', evaluations=50, reason='equal: it has spent least')
    """

    agent: str
    evaluations: int
    reason: str


class Width(NamedTuple):
    """What a radius choice decides for one lease.

    Attributes:
        radius: Radius of the region in the unit cube, above 0 and at most 1.
        reason: Why this radius, in words; becomes part of the lease's reason.

    Example:
        >>> Width(0.25, "shrink: second lease")
        Width(radius=0.25, reason='shrink: second lease')
    """

    radius: float
    reason: str


class SharedIncumbent(NamedTuple):
    """What a sharing choice decides for one lease.

    Attributes:
        incumbent: The point that the lease tells the agent; None if there is none.
        follow: Whether the region is centered on the incumbent. Otherwise it is centered on the agent's own best
            point of its present search.
        reason: Why, in words; becomes part of the lease's reason.

    Example:
        >>> SharedIncumbent(None, follow=False, reason="nothing found yet")
        SharedIncumbent(incumbent=None, follow=False, reason='nothing found yet')
    """

    incumbent: Incumbent | None
    follow: bool
    reason: str


class BudgetChoice(Model):
    """Base class of budget choices, which decide who gets a lease now, and of how many evaluations.

    Attributes:
        kind: The name of the choice in experiment files.

    Example:
        A choice that gives every idle member an equal part of what remains:

        >>> from typing import Literal
        >>> import numpy as np
        >>> from searchparty.agents.agent import Region
        >>> from searchparty.landscapes.landscape import Space
        >>> from searchparty.orchestrator.policies.choices import BudgetChoice, Share, fit_budget
        >>> from searchparty.orchestrator.state.member import Member
        >>> from searchparty.orchestrator.state.run import Run
        >>> class AllNow(BudgetChoice):
        ...     kind: Literal["all-now"] = "all-now"
        ...
        ...     def share(self, run, lease, rng):
        ...         shares, left = [], run.remaining
        ...         for member in run.idle[: run.free]:
        ...             size = fit_budget(run.remaining // len(run.team), member, left)
        ...             if size:
        ...                 shares.append(Share(member.name, size, "all-now: an equal part"))
        ...                 left -= size
        ...         return shares
        >>> members = {"a": Member("a", 0, row_price=1), "b": Member("b", 1, row_price=1)}
        >>> run = Run("r", Space(np.zeros(2), np.ones(2)), 1.0, 100, 2, Region.whole(2), members)
        >>> [tuple(share) for share in AllNow().share(run, 10, np.random.default_rng(0))]
        [('a', 50, 'all-now: an equal part'), ('b', 50, 'all-now: an equal part')]
    """

    kind: str

    def share(self, run: Run, lease: int, rng: np.random.Generator) -> list[Share]:
        """Decide who gets a lease now, and how long it is.

        Args:
            run: The state of the run, which must not be changed.
            lease: The usual length of a lease, in evaluations.
            rng: Random numbers for this decision.

        Returns:
            At most ``run.free`` shares for idle members, which sum to at most ``run.remaining`` evaluations. None is
            below its member's ``row_price``. An empty list means to wait for a lease that is out; if none is out, the
            run ends.
        """
        raise NotImplementedError


class RadiusChoice(Model):
    """Base class of radius choices, which decide how large the search region of a lease is.

    Only leases that continue a search are asked about. The region of a fresh lease is at most as large as the run's
    starting region.

    Attributes:
        kind: The name of the choice in experiment files.

    Example:
        A choice that narrows the region with the part of the budget that is spent:

        >>> from typing import Literal
        >>> import numpy as np
        >>> from searchparty.agents.agent import Region
        >>> from searchparty.landscapes.landscape import Space
        >>> from searchparty.orchestrator.policies.choices import RadiusChoice, Width
        >>> from searchparty.orchestrator.state.member import Member
        >>> from searchparty.orchestrator.state.run import Run
        >>> class Narrow(RadiusChoice):
        ...     kind: Literal["narrow"] = "narrow"
        ...
        ...     def width(self, run, member, rng):
        ...         radius = max(1e-3, run.region.radius * (1 - run.spent / run.budget))
        ...         return Width(radius, f"narrow: radius {radius:.3g}")
        >>> member = Member("a", 0, row_price=1)
        >>> run = Run("r", Space(np.zeros(2), np.ones(2)), 1.0, 100, 1, Region.whole(2), {"a": member}, spent=50)
        >>> Narrow().width(run, member, np.random.default_rng(0))
        Width(radius=0.25, reason='narrow: radius 0.25')
    """

    kind: str

    def width(self, run: Run, member: Member, rng: np.random.Generator) -> Width:
        """Choose the radius of the member's next lease.

        Args:
            run: The state of the run, which must not be changed.
            member: The member, which continues its search. ``member.last`` is its last lease.
            rng: Random numbers for this decision.

        Returns:
            The radius in the unit cube, above 0 and at most 1, and the reason.
        """
        raise NotImplementedError


class SharingChoice(Model):
    """Base class of sharing choices, which decide what an agent learns of the best points that others have found.

    Attributes:
        kind: The name of the choice in experiment files.

    Example:
        A choice that tells everybody the run's incumbent, and sends nobody there:

        >>> from typing import Literal
        >>> import numpy as np
        >>> from searchparty.agents.agent import Region
        >>> from searchparty.landscapes.landscape import Space
        >>> from searchparty.orchestrator.policies.choices import SharedIncumbent, SharingChoice
        >>> from searchparty.orchestrator.state.member import Member
        >>> from searchparty.orchestrator.state.run import Run
        >>> class TellOnly(SharingChoice):
        ...     kind: Literal["tell-only"] = "tell-only"
        ...
        ...     def choose_incumbent(self, run, member, rng):
        ...         return SharedIncumbent(run.incumbent, follow=False, reason="tell-only: the best point of all")
        >>> member = Member("a", 0, row_price=1)
        >>> run = Run("r", Space(np.zeros(2), np.ones(2)), 1.0, 100, 1, Region.whole(2), {"a": member})
        >>> TellOnly().choose_incumbent(run, member, np.random.default_rng(0))
        SharedIncumbent(incumbent=None, follow=False, reason='tell-only: the best point of all')
    """

    kind: str

    def choose_incumbent(self, run: Run, member: Member, rng: np.random.Generator) -> SharedIncumbent:
        """Choose the incumbent of the member's next lease, and whether the member is sent there.

        Args:
            run: The state of the run, which must not be changed.
            member: The member that gets the lease. If its lease is fresh, ``follow`` has no effect.
            rng: Random numbers for this decision.

        Returns:
            The incumbent, whether the region is centered on it, and the reason.
        """
        raise NotImplementedError


Choice = TypeVar("Choice", BudgetChoice, RadiusChoice, SharingChoice)


def parse_choice(base: type[Choice], what: str, value: Any) -> Choice:
    """Return the choice that a value describes.

    Args:
        base: Base class of the choice. A kind is looked up among all its subclasses that have been imported.
        what: Name of the field, for messages.
        value: A choice, the kind of one, or a mapping with a kind and settings.

    Returns:
        The choice; ``value`` itself if it is one.

    Raises:
        ValueError: If the kind is unknown, or a setting is not valid.
    """
    if isinstance(value, base):
        return value
    settings = {"kind": value} if isinstance(value, str) else value
    if not isinstance(settings, Mapping) or "kind" not in settings:
        raise ValueError(
            f"{what} must be a name or a mapping with a kind, got {value!r}. Try one of {_list_kinds(base)}."
        )
    known = kinds(base)
    if settings["kind"] not in known:
        close = get_close_matches(str(settings["kind"]), known, n=1)
        hint = f"Did you mean {close[0]!r}?" if close else "Import the file that defines it first."
        raise ValueError(f"{what} must be one of {_list_kinds(base)}, got {settings['kind']!r}. {hint}")
    try:
        return known[settings["kind"]].model_validate(dict(settings))
    except ValidationError as error:
        # One line per problem: pydantic would nest the whole inner report in the outer one.
        lines = (f"{what}.{'.'.join(map(str, e['loc']))}: {e['msg']}, got {e['input']!r}" for e in error.errors())
        raise ValueError("; ".join(lines)) from None


def kinds(base: type[Choice]) -> dict[str, type[Choice]]:
    """Return all subclasses of a choice that have a kind, by kind. Of two with the same kind, the later one wins."""
    return {kind: cls for cls in _iter_subclasses(base) if isinstance(kind := cls.model_fields["kind"].default, str)}


def _iter_subclasses(base: type[Choice]) -> Iterator[type[Choice]]:
    for cls in base.__subclasses__():
        yield cls
        yield from _iter_subclasses(cls)


def _list_kinds(base: type[Choice]) -> str:
    return ", ".join(sorted(kinds(base)))


def portion(gap: int, lease: int) -> int:
    """Return how much of a gap to give now, such that the last lease does not become very short.

    Args:
        gap: Evaluations to be given in total, now and later.
        lease: The usual length of a lease, in evaluations.

    Returns:
        The whole gap if it is at most one lease, half of it (rounded up) if it is between one and two leases, else
        one lease.

    Example:
        >>> [portion(gap, lease=20) for gap in (15, 20, 30, 50)]
        [15, 20, 15, 20]
    """
    if gap >= 2 * lease or gap <= lease:
        return min(gap, lease)
    return math.ceil(gap / 2)


def fit_budget(wanted: int, member: Member, left: int) -> int:
    """Return how many evaluations the member can be given.

    Args:
        wanted: Evaluations that it should get.
        member: The member.
        left: Evaluations that are left to give.

    Returns:
        ``wanted``, but at least the price of one row and at most ``left``; 0 if ``left`` does not pay for a row.

    Example:
        >>> member = Member("gradient-descent", 0, row_price=3)
        >>> fit_budget(20, member, left=100), fit_budget(1, member, left=100), fit_budget(20, member, left=2)
        (20, 3, 0)
    """
    return 0 if left < member.row_price else min(max(wanted, member.row_price), left)


def share_leftover(run: Run, reason: str) -> list[Share]:
    """Give the last evaluations to another member, as they are too few for a row of the member they were meant for.

    Args:
        run: The state of the run.
        reason: Reason of the share.

    Returns:
        One share of all that remains, for the idle member with the best loss among those whose row it pays for. An
        empty list if there is none, or while leases are out.

    Example:
        >>> from searchparty.agents.agent import Region
        >>> from searchparty.landscapes.landscape import Space
        >>> members = {"a": Member("a", 0, row_price=5), "b": Member("b", 1, row_price=1)}
        >>> space = Space(np.zeros(2), np.ones(2))
        >>> run = Run("r", space, 1.0, 100, 2, Region.whole(2), members, spent=98)
        >>> share_leftover(run, "the rest")
        [Share(agent='b', evaluations=2, reason='the rest')]
    """
    if run.out or run.free < 1:
        return []
    able = [m for m in run.idle if m.row_price <= run.remaining]
    return [Share(m.name, run.remaining, reason) for m in sorted(able, key=standing_key)[:1]]


def standing_key(member: Member) -> tuple[float, int]:
    """Return a key that sorts members by best loss, then in team order; those without a loss come last.

    Args:
        member: The member.

    Returns:
        (best loss, index in the team); the loss is +inf for a member without one.

    Example:
        >>> found = Incumbent("b", lease=1, row=0, point=np.array([0.5]), loss=2.0)
        >>> members = [Member("a", 0, row_price=1), Member("b", 1, row_price=1, best=found)]
        >>> [member.name for member in sorted(members, key=standing_key)]
        ['b', 'a']
    """
    return (math.inf if member.best is None else member.best.loss, member.index)
