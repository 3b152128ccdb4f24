"""The rules for decisions. ``audit_decision`` checks every decision before anything is logged or submitted."""

from __future__ import annotations

import math
from difflib import get_close_matches
from typing import Any

import numpy as np

from ...agents.agent import Incumbent, Lease, Region, in_cube
from ...landscapes.landscape import escape_unprintable
from ..state.member import Member
from ..state.run import Run

DecisionPlace = tuple[Any, ...]
"""(policy, decision) or (policy, decision, lease), for messages. It is formatted only when there is an error."""


class InvalidDecision(ValueError):
    """A policy made a decision that the run cannot grant. The message names the broken rule and what to do.

    Example:
        >>> raise InvalidDecision("budget must be at most 50, got 60 (policy mine). Keep within run.remaining.")
        Traceback (most recent call last):
        ...
        searchparty.orchestrator.loop.audit.InvalidDecision: budget must be at most 50, ...
    """


def audit_decision(run: Run, leases: tuple[Lease, ...], policy: str = "?") -> None:
    """Check that every lease of a decision may be granted in the present state of the run.

    Together with the rule that a fresh lease which proposes nothing is charged in full, this makes every run end: a
    lease that is granted can be spent.

    Args:
        run: The state of the run.
        leases: The decision.
        policy: The kind of the policy, for messages.

    Raises:
        InvalidDecision: If a rule is broken.

    Example:
        >>> from searchparty.landscapes.landscape import Space
        >>> members = {"a": Member("a", 0, row_price=1)}
        >>> run = Run("r", Space(np.zeros(2), np.ones(2)), 1.0, 100, 1, Region.whole(2), members)
        >>> audit_decision(run, (Lease(0, "a", 20, Region.whole(2), "first lease", fresh=True),))
        >>> audit_decision(run, (Lease(0, "a", 200, Region.whole(2), "first lease", fresh=True),), policy="greedy")
        Traceback (most recent call last):
        ...
        searchparty.orchestrator.loop.audit.InvalidDecision: budget must be at most 100, what remains ...
    """
    where: DecisionPlace = (policy, run.decisions)
    if type(leases) is not tuple or not all(isinstance(lease, Lease) for lease in leases):
        raise _make_error(
            "decision", "a tuple of Lease", _describe_value(leases), where, "Return (lease, ...) or () to wait."
        )
    if len(leases) > run.free:
        raise _make_error(
            "decision",
            f"at most {run.free} leases (concurrency {run.concurrency}, {run.lanes_out} out)",
            f"{len(leases)}",
            where,
            "Grant no more than run.free.",
        )
    named: set[str] = set()
    left, lanes = run.remaining, run.free
    for offset, lease in enumerate(leases):
        here: DecisionPlace = (*where, lease.id)
        if lease.id != run.leases + offset or type(lease.id) is not int:
            raise _make_error("id", f"{run.leases + offset}", f"{lease.id!r}", here, "Continue from run.leases.")
        member = _audit_agent(run, lease, named, here)
        _audit_budget(lease, member, left, here)
        left -= lease.budget
        _audit_region(run, lease.region, here)
        _audit_words(run, lease, member, here)
        lanes -= _audit_lanes(lease, lanes, here)
        # The incumbents that the run itself holds are valid.
        if lease.incumbent is not None and lease.incumbent is not run.incumbent and lease.incumbent is not member.best:
            _audit_incumbent(run, lease.incumbent, here)


def _audit_agent(run: Run, lease: Lease, named: set[str], here: DecisionPlace) -> Member:
    member = run.members.get(lease.agent) if isinstance(lease.agent, str) else None
    if member is None:
        close = get_close_matches(str(lease.agent), run.members, n=1)
        hint = f"Did you mean {close[0]!r}?" if close else "Name a member of the team."
        raise _make_error("agent", f"one of {', '.join(run.members)}", f"{lease.agent!r}", here, hint)
    if lease.agent in named:
        raise _make_error(
            "agent", "named at most once in a decision", f"{lease.agent!r} twice", here, "Grant one lease per agent."
        )
    if member.lease is not None:
        got = f"{lease.agent!r}, which works on lease {member.lease.id}"
        raise _make_error("agent", "idle", got, here, "Choose from run.idle, or wait with ().")
    if member.waits_for_news:
        got = f"{lease.agent!r}, which has nothing new to propose until another member has found something"
        raise _make_error("agent", "idle", got, here, "Choose from run.idle, or wait with ().")
    named.add(lease.agent)
    return member


def _audit_budget(lease: Lease, member: Member, left: int, here: DecisionPlace) -> None:
    budget = lease.budget
    if type(budget) is not int or budget < 1:
        rule = "a whole number of evaluations of at least 1"
        raise _make_error("budget", rule, f"{budget!r}", here, "Use int(...), and leave out empty leases.")
    if budget < member.row_price:
        rule = f"at least {member.row_price} (the row price of {member.name!r})"
        raise _make_error("budget", rule, f"{budget}", here, "Grant more, or grant it to another member.")
    if budget > left:
        rule = f"at most {left}, what remains of the run's budget"
        raise _make_error("budget", rule, f"{budget}", here, "Keep the sum of all budgets within run.remaining.")


def _audit_lanes(lease: Lease, free: int, here: DecisionPlace) -> int:
    """Return the lanes of a lease, after checking them."""
    lanes = lease.lanes
    if type(lanes) is not int or not 1 <= lanes <= free:
        rule = f"a whole number from 1 to {free}, the lanes that are free"
        raise _make_error("lanes", rule, f"{lanes!r}", here, "Keep the sum of all lanes within run.free.")
    return lanes


def _audit_region(run: Run, region: Region, here: DecisionPlace) -> None:
    if not isinstance(region, Region):
        raise _make_error("region", "a Region", _describe_value(region), here, "Use Region(center, radius).")
    center, radius = region.center, region.radius
    if not _is_point(center, run.space.dimension):
        rule = f"an array of float64 with shape ({run.space.dimension},)"
        raise _make_error(
            "region.center", rule, _describe_value(center), here, "Give one number for every axis of the space."
        )
    if not in_cube(center):
        worst = center[~((center >= 0.0) & (center <= 1.0))][0]
        raise _make_error("region.center", "in the unit cube", f"{worst!s}", here, "Clip it to [0, 1].")
    if not isinstance(radius, float | int) or not 0.0 < radius <= 1.0:
        rule = "above 0 and at most 1"
        raise _make_error("region.radius", rule, f"{radius!r}", here, "0.5 spans the cube from its center.")


def _audit_words(run: Run, lease: Lease, member: Member, here: DecisionPlace) -> None:
    if member.needs_fresh and not lease.fresh:
        cause = "has not started" if member.leases == 0 else "failed" if member.failed else "converged"
        got = f"{lease.fresh!r} for {member.name!r}, which {cause}"
        raise _make_error("fresh", "True for a member with needs_fresh", got, here, "Set fresh=True.")
    if not isinstance(lease.reason, str) or not lease.reason.strip():
        raise _make_error(
            "reason", "a non-empty text", f"{lease.reason!r}", here, "Say why this agent, this budget, this region."
        )
    if not _is_unicode(lease.reason):
        raise _make_error("reason", "a text in Unicode", f"{lease.reason!a:.80}", here, "Leave lone surrogates out.")
    if type(lease.archive) is not int or not 0 <= lease.archive <= run.collected:
        rule = f"from 0 to {run.collected}, the findings collected so far"
        raise _make_error("archive", rule, f"{lease.archive!r}", here, "Use run.collected for all of them.")
    if not isinstance(lease.settings, dict):
        raise _make_error("settings", "a dict", _describe_value(lease.settings), here, "Use {} to change none.")


def _audit_incumbent(run: Run, incumbent: Incumbent, here: DecisionPlace) -> None:
    if not isinstance(incumbent, Incumbent):
        raise _make_error("incumbent", "an Incumbent or None", _describe_value(incumbent), here, "Use run.incumbent.")
    if not _is_point(incumbent.point, run.space.dimension):
        rule = f"an array of float64 with shape ({run.space.dimension},)"
        raise _make_error(
            "incumbent.point", rule, _describe_value(incumbent.point), here, "Use a point that was found."
        )
    if not (math.isfinite(incumbent.loss) and math.isfinite(np.add.reduce(incumbent.point))):
        got = f"loss {incumbent.loss!s} at {incumbent.point}"
        raise _make_error("incumbent", "finite", got, here, "A failed row cannot be an incumbent.")


def _is_point(value: Any, dimension: int) -> bool:
    return isinstance(value, np.ndarray) and value.dtype == np.float64 and value.shape == (dimension,)


def _is_unicode(text: str) -> bool:
    """Return whether a text can be written to a file: one with half a surrogate pair cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _describe_value(value: Any) -> str:
    """Return a short description of a value, for messages."""
    if isinstance(value, np.ndarray):
        return f"{value.dtype} array with shape {value.shape}"
    return f"{value!r:.80} ({type(value).__name__})"


def _make_error(field: str, rule: str, got: str, here: DecisionPlace, advice: str) -> InvalidDecision:
    place = ", ".join(f"{what} {which}" for what, which in zip(("policy", "decision", "lease"), here, strict=False))
    return InvalidDecision(escape_unprintable(f"{field} must be {rule}, got {got} ({place}). {advice}"))
