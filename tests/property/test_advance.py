"""The reducer: its accounting holds after any events, and the state is the fold of the log."""

from __future__ import annotations

import copy
import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tries import tries

from searchparty.agents.agent import Converged, Finding, Incumbent, Lease, Region
from searchparty.landscapes.landscape import Space
from searchparty.orchestrator.state.advance import advance
from searchparty.orchestrator.state.events import Collected, Event, Extended, Granted, Stopped, charge_finding
from searchparty.orchestrator.state.lease_table import LeaseTable, fold_leases
from searchparty.orchestrator.state.member import Member
from searchparty.orchestrator.state.run import Run

SPACE, START = Space(np.zeros(2), np.ones(2)), Region.whole(2)


def begin(size: int, budget: int) -> Run:
    members = {f"m{i}": Member(f"m{i}", i, 1) for i in range(size)}
    return Run("r", SPACE, 2.0, budget, size, START, members)


@st.composite
def histories(draw: st.DrawFn) -> tuple[int, int, list[Event]]:
    """Generate (team size, budget, events): any decisions that the budget allows, with any outcomes."""
    size, budget = draw(st.integers(1, 4)), draw(st.integers(1, 200))
    run, events = begin(size, budget), []
    for _ in range(draw(st.integers(0, 25))):
        moves = [_extension]
        if run.idle and run.remaining > 0:
            moves += [_decision, _decision]
        if run.out:
            moves += [_outcome, _outcome]
        event = draw(st.sampled_from(moves))(draw, run)
        events.append(event)
        advance(run, event)
    if draw(st.booleans()):
        events.append(Stopped("tired"))
    return size, budget, events


def _extension(draw: st.DrawFn, run: Run) -> Event:
    return Extended(run.spent + run.granted + draw(st.integers(0, 50)))


def _decision(draw: st.DrawFn, run: Run) -> Event:
    leases: list[Lease] = []
    left = run.remaining
    for member in draw(st.permutations(run.idle)):
        if left and (not leases or draw(st.booleans())):
            budget = draw(st.integers(1, left))
            fresh = member.needs_fresh or draw(st.booleans())
            leases.append(Lease(run.leases + len(leases), member.name, budget, START, "any", fresh=fresh))
            left -= budget
    return Granted(run.decisions, tuple(leases))


def _outcome(draw: st.DrawFn, run: Run) -> Event:
    _, lease = run.out[run.next_end[1]]
    loss = draw(st.none() | st.floats(-1e9, 1e9))
    best = None if loss is None else Incumbent(lease.agent, lease.id, 0, np.full(2, 0.25), loss)
    if draw(st.integers(0, 4)) == 0:
        return charge_finding(Finding(lease.id, lease.agent, 1, 1, "failed", best, cause="raised"), lease)
    charged = draw(st.integers(0, lease.budget))
    why = draw(st.sampled_from(["spent", "converged", "exhausted"]))
    minimum = Converged(np.full(2, 0.25), loss or 0.0, "flat") if why == "converged" else None
    return Collected(Finding(lease.id, lease.agent, charged, charged, why, best, minimum))


def copied(run: Run, event: Event) -> Run:
    """Apply the reducer as a pure function: the old state remains unchanged."""
    new = copy.deepcopy(run)
    advance(new, event)
    return new


def best_loss(run: Run) -> float:
    return math.inf if run.incumbent is None else run.incumbent.loss


@tries(50)
@given(histories())
def test_accounting(history: tuple[int, int, list[Event]]) -> None:
    size, budget, events = history
    run = begin(size, budget)
    for event in events:
        loss, now, spent = best_loss(run), run.now, run.spent
        advance(run, event)
        assert run.spent + run.granted + run.remaining == run.budget
        assert run.granted == sum(lease.budget for _, lease in run.out.values())
        assert run.remaining >= 0
        assert best_loss(run) <= loss
        assert run.now >= now
        assert run.spent >= spent
        _check_members(run)
    grants = [lease for event in events if isinstance(event, Granted) for lease in event.leases]
    assert run.leases == len(grants)
    assert run.collected + len(run.out) == run.leases
    assert run.free == run.concurrency - len(run.out)


def _check_members(run: Run) -> None:
    members = list(run.members.values())
    assert sum(m.spent for m in members) == run.spent
    assert sum(m.committed for m in members) == run.spent + run.granted
    assert sum(m.leases for m in members) == run.collected == len(run.curve)
    assert best_loss(run) == min(math.inf if m.best is None else m.best.loss for m in members)
    assert {m.name for m in members if not m.idle} == {lease.agent for _, lease in run.out.values()}
    for m in members:
        assert m.spent == sum(m.costs)
        assert m.leases == len(m.costs) == len(m.bests) == len(m.improvements) == len(m.records)
        assert math.inf if m.best is None else m.best.loss == min(m.bests)
        assert m.episode_best == (math.inf if m.episode_incumbent is None else m.episode_incumbent.loss)
        assert all(improved for improved, record in zip(m.improvements, m.records, strict=True) if record)
    records = sum(sum(m.records) for m in members)
    assert records == len({loss for _, loss in run.curve if loss < math.inf})


@tries(30)
@given(histories())
def test_state_is_the_fold_of_the_events(history: tuple[int, int, list[Event]]) -> None:
    size, budget, events = history
    run = begin(size, budget)
    pure = copy.deepcopy(run)
    for event in events:
        before, kept = pure, repr(pure)
        pure = copied(pure, event)
        advance(run, event)
        assert repr(pure) == repr(run)
        assert repr(before) == kept


@tries(50)
@given(histories())
def test_the_table_of_leases_says_what_the_state_says(history: tuple[int, int, list[Event]]) -> None:
    size, budget, events = history
    run = begin(size, budget)
    table = LeaseTable(run.seconds)
    for number, event in enumerate(events):
        now, spent, loss = run.now, run.spent, best_loss(run)
        advance(run, event)
        entries = table.add_event(event)
        if isinstance(event, Granted):
            assert [entry.lease for entry in entries] == list(event.leases)
            for entry in entries:
                assert (entry.granted_at, entry.starts, entry.best_before) == (spent, now, loss)
                assert (entry.ends, entry.lease) == run.out[entry.lease.id]
                assert (entry.finding, entry.collected_at, entry.charged, entry.record) == (None, None, 0, False)
        elif isinstance(event, Collected):
            (entry,) = entries
            member = run.members[entry.lease.agent]
            assert entry.lease is member.last
            assert entry.finding is event.finding
            assert (entry.collected_at, entry.best_after) == (run.spent, best_loss(run))
            assert (entry.charged, entry.record) == (member.costs[-1], member.record)
        else:
            assert entries == []
        whole = fold_leases(events[: number + 1], run.seconds)
        assert list(map(repr, table.entries.values())) == list(map(repr, whole))
    assert list(table.entries) == list(range(run.leases))
    assert {id for id, entry in table.entries.items() if entry.finding is None} == set(run.out)
    assert sum(entry.charged for entry in table.entries.values()) == run.spent
