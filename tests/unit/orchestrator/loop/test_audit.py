"""Each rule of the audit, with the message that an author of a policy reads."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from searchparty.agents.agent import Finding, Incumbent, Lease, Region
from searchparty.landscapes.landscape import Space
from searchparty.orchestrator.loop.audit import InvalidDecision, audit_decision
from searchparty.orchestrator.state.advance import advance
from searchparty.orchestrator.state.events import Collected, Granted
from searchparty.orchestrator.state.member import Member
from searchparty.orchestrator.state.run import Run

DIMENSION = 3


@pytest.fixture
def run() -> Run:
    """Return a run of a team of three, none with a lease yet; a row of ``dear`` costs 5."""
    space = Space(np.zeros(DIMENSION), np.ones(DIMENSION))
    members = {name: Member(name, i, price) for i, (name, price) in enumerate([("alpha", 1), ("beta", 1), ("dear", 5)])}
    return Run("r", space, 1.0, 100, 2, Region.whole(DIMENSION), members)


def lease(**changes: Any) -> Lease:
    base = Lease(0, "alpha", 10, Region.whole(DIMENSION), "first lease", fresh=True)
    return replace(base, **changes)


def incumbent(**changes: Any) -> Incumbent:
    return replace(Incumbent("alpha", 0, 0, np.full(DIMENSION, 0.2), 1.0), **changes)


def test_accepts_what_keeps_to_the_rules(run: Run) -> None:
    audit_decision(run, ())
    audit_decision(run, (lease(lanes=2),))
    audit_decision(run, (lease(), lease(id=1, agent="dear", budget=90, incumbent=incumbent())))
    audit_decision(run, (lease(region=Region(np.array([0.0, 1.0, 0.5]), 1.0)),))


REFUSED = [
    ([], r"^decision must be a tuple of Lease, got \[\] \(list\)"),
    (None, r"decision must be a tuple of Lease, got None"),
    ((1,), r"decision must be a tuple of Lease"),
    ((lease(agent="alpah"),), r"agent must be one of alpha, beta, dear, got 'alpah' .*Did you mean 'alpha'\?"),
    ((lease(agent=7),), r"agent must be one of .* got 7 .*Name a member"),
    ((lease(), lease(id=1)), r"agent must be named at most once in a decision, got 'alpha' twice .*lease 1\)"),
    ((lease(id=1),), r"id must be 0, got 1"),
    ((lease(id=True),), r"id must be 0, got True"),
    ((lease(), lease(id=2, agent="beta")), r"id must be 1, got 2"),
    ((lease(), lease(), lease()), r"decision must be at most 2 leases \(concurrency 2, 0 out\), got 3"),
    ((lease(budget=101),), r"budget must be at most 100, what remains of the run's budget, got 101"),
    ((lease(budget=60), lease(id=1, agent="beta", budget=41)), r"budget must be at most 40, .* got 41 .*lease 1\)"),
    ((lease(budget=0),), r"budget must be a whole number of evaluations of at least 1, got 0"),
    ((lease(budget=10.0),), r"budget must be a whole number .* got 10\.0"),
    ((lease(budget=True),), r"budget must be a whole number .* got True"),
    ((lease(agent="dear", budget=4),), r"budget must be at least 5 \(the row price of 'dear'\), got 4"),
    ((lease(fresh=False),), r"fresh must be True for a member with needs_fresh, got False for 'alpha', which has not"),
    ((lease(region=None),), r"region must be a Region, got None"),
    ((lease(region=Region(np.zeros(2), 0.1)),), r"region\.center must be an array of float64 with shape \(3,\), got"),
    ((lease(region=Region([0.1, 0.1, 0.1], 0.1)),), r"region\.center must be an array .* \(list\)"),  # type: ignore[arg-type]
    ((lease(region=Region(np.array([0, 2.0, 0]), 0.1)),), r"region\.center must be in the unit cube, got 2\.0"),
    ((lease(region=Region(np.array([0, np.nan, 0]), 0.1)),), r"region\.center must be in the unit cube, got nan"),
    ((lease(region=Region(np.zeros(3), 0.0)),), r"region\.radius must be above 0 and at most 1, got 0\.0"),
    ((lease(region=Region(np.zeros(3), 1.5)),), r"region\.radius must be above 0 and at most 1, got 1\.5"),
    ((lease(region=Region(np.zeros(3), np.nan)),), r"region\.radius must be above 0 .* got nan"),
    ((lease(reason=""),), r"reason must be a non-empty text, got ''"),
    ((lease(reason="  "),), r"reason must be a non-empty text"),
    ((lease(reason="half \ud800"),), r"reason must be a text in Unicode, got 'half \\ud800'"),
    ((lease(archive=1),), r"archive must be from 0 to 0, the findings collected so far, got 1"),
    ((lease(archive=-1),), r"archive must be from 0 to 0, .* got -1"),
    ((lease(lanes=0),), r"lanes must be a whole number from 1 to 2, the lanes that are free, got 0"),
    ((lease(lanes=True),), r"lanes must be a whole number from 1 to 2, .* got True"),
    ((lease(lanes=2), lease(id=1, agent="beta")), r"lanes must be a whole number from 1 to 0, .* got 1 .*lease 1\)"),
    ((lease(settings=None),), r"settings must be a dict, got None"),
    ((lease(incumbent="me"),), r"incumbent must be an Incumbent or None, got 'me'"),
    (
        (lease(incumbent=incumbent(point=np.zeros(4))),),
        r"incumbent\.point must be an array .* shape \(3,\), got float64",
    ),
    ((lease(incumbent=incumbent(loss=np.inf)),), r"incumbent must be finite, got loss inf"),
    ((lease(incumbent=incumbent(point=np.array([0, np.nan, 0]))),), r"incumbent must be finite, got loss 1\.0 at"),
]


@pytest.mark.parametrize(("leases", "message"), REFUSED)
def test_refuses(run: Run, leases: Any, message: str) -> None:
    with pytest.raises(InvalidDecision, match=message):
        audit_decision(run, leases)


def test_says_where(run: Run) -> None:
    with pytest.raises(InvalidDecision, match=r"got 0 \(policy mine, decision 0, lease 0\)\. Use int"):
        audit_decision(run, (lease(budget=0),), "mine")


def test_refuses_who_is_out(run: Run) -> None:
    advance(run, Granted(0, (lease(),)))
    with pytest.raises(
        InvalidDecision, match=r"agent must be idle, got 'alpha', which works on lease 0 .*decision 1, lease 1"
    ):
        audit_decision(run, (lease(id=1),))
    with pytest.raises(InvalidDecision, match=r"at most 1 leases \(concurrency 2, 1 out\), got 2"):
        audit_decision(run, (lease(id=1, agent="beta"), lease(id=2, agent="dear")))
    with pytest.raises(InvalidDecision, match=r"at most 90, what remains"):
        audit_decision(run, (lease(id=1, agent="beta", budget=91),))


def test_refuses_to_carry_on_after_an_end(run: Run) -> None:
    advance(run, Granted(0, (lease(), lease(id=1, agent="beta"))))
    advance(run, Collected(Finding(0, "alpha", 10, 10, "exhausted")))
    advance(run, Collected(Finding(1, "beta", 0, 10, "failed", cause="raised ValueError")))
    with pytest.raises(InvalidDecision, match="'alpha', which converged"):
        audit_decision(run, (lease(id=2, fresh=False),))
    with pytest.raises(InvalidDecision, match="'beta', which failed"):
        audit_decision(run, (lease(id=2, agent="beta", fresh=False),))
    audit_decision(run, (lease(id=2, archive=2), lease(id=3, agent="beta", archive=2)))
