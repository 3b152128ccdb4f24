"""The three small choices that ``composed`` is made of, as base classes: who gets how much (budget), how far
round (radius), round what (sharing). One of your own is a subclass with ``kind: Literal["..."] = "..."``, its
settings as fields, and one method: a pure function of the run, which it must not change."""

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
    """A lease's agent and budget, in evaluations, and the reason in words."""

    agent: str
    evaluations: int
    reason: str


class Width(NamedTuple):
    """A region's radius, in the unit cube, and the reason in words."""

    radius: float
    reason: str


class SharedIncumbent(NamedTuple):
    """The incumbent that goes with a lease. ``follow``: the region is centered on it, else on the agent's own
    best of its present search."""

    incumbent: Incumbent | None
    follow: bool
    reason: str


class BudgetChoice(Model):
    """Who gets a lease now, and of how many evaluations."""

    kind: str

    def share(self, run: Run, lease: int, rng: np.random.Generator) -> list[Share]:
        """At most ``run.free`` shares for idle members, within ``run.remaining`` and none below its member's row
        price. ``lease`` is the usual length in evaluations. Nothing means wait, or the end if nothing is out."""
        raise NotImplementedError


class RadiusChoice(Model):
    """How far round its center an agent that carries on is asked to search. A fresh lease is not asked about:
    it has the run's starting radius."""

    kind: str

    def width(self, run: Run, member: Member, rng: np.random.Generator) -> Width:
        """The radius of the member's next lease; ``member.last`` is the one before."""
        raise NotImplementedError


class SharingChoice(Model):
    """What an agent learns of the others' best points, and whether it is sent there."""

    kind: str

    def choose_incumbent(self, run: Run, member: Member, rng: np.random.Generator) -> SharedIncumbent:
        """The incumbent for the member's next lease."""
        raise NotImplementedError


Choice = TypeVar("Choice", BudgetChoice, RadiusChoice, SharingChoice)


def parse_choice(base: type[Choice], what: str, value: Any) -> Choice:
    """The choice that a value means: itself, its kind, or a mapping with its kind and settings. Kinds are looked
    up in all subclasses that have been imported."""
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
        # Said in one line each: pydantic would nest the whole inner report in the outer one.
        lines = (f"{what}.{'.'.join(map(str, e['loc']))}: {e['msg']}, got {e['input']!r}" for e in error.errors())
        raise ValueError("; ".join(lines)) from None


def kinds(base: type[Choice]) -> dict[str, type[Choice]]:
    """All subclasses of a choice that have a kind, by kind; of two with one kind the later."""
    return {kind: cls for cls in _iter_subclasses(base) if isinstance(kind := cls.model_fields["kind"].default, str)}


def _iter_subclasses(base: type[Choice]) -> Iterator[type[Choice]]:
    for cls in base.__subclasses__():
        yield cls
        yield from _iter_subclasses(cls)


def _list_kinds(base: type[Choice]) -> str:
    return ", ".join(sorted(kinds(base)))


def portion(gap: int, lease: int) -> int:
    """How much of a gap to give now, so that no crumb is left: a lease, half of what is between one and two
    leases, or all that is below one."""
    if gap >= 2 * lease or gap <= lease:
        return min(gap, lease)
    return math.ceil(gap / 2)


def fit_budget(wanted: int, member: Member, left: int) -> int:
    """What the member can be given of ``left`` evaluations: at least a row, or 0 where a row is too dear."""
    return 0 if left < member.row_price else min(max(wanted, member.row_price), left)


def share_leftover(run: Run, reason: str) -> list[Share]:
    """The last evaluations, too few for whom they were meant: to the idle member of best loss whose row they pay."""
    if run.out or run.free < 1:
        return []
    able = [m for m in run.idle if m.row_price <= run.remaining]
    return [Share(m.name, run.remaining, reason) for m in sorted(able, key=standing_key)[:1]]


def standing_key(member: Member) -> tuple[float, int]:
    """Sorts members best loss first, then in team order."""
    return (math.inf if member.best is None else member.best.loss, member.index)
