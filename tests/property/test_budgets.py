"""Budgets are exact for every team, policy and fault: granted = spent + returned."""

from typing import Literal

import numpy as np
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from tries import tries

from searchparty.agents.agent import Agent, Converged, Rows
from searchparty.agents.evaluation.settings import Evaluation
from searchparty.experiments.minimization.team import build_part
from searchparty.experiments.spec import catalogue
from searchparty.landscapes.landscape import EvaluationError, Landscape, Space
from searchparty.orchestrator.executors.in_process import InProcessExecutor
from searchparty.orchestrator.log.codec import dump_event
from searchparty.orchestrator.log.log import MemoryLog
from searchparty.orchestrator.loop.drive import begin_run, drive_run
from searchparty.orchestrator.policies.policy import Policy
from searchparty.orchestrator.run_spec import RunSpec
from searchparty.orchestrator.state.events import Extended, Granted, Stopped, findings

EVALUATED = [0]


class Minefield:
    """A bowl in which certain points have no loss: NaN, infinity, or an exception."""

    minimum = minimizers = None

    def __init__(self, often, price, rowwise):
        self.space = Space(np.full(2, -1.0), np.full(2, 1.0), True, price)
        self.often, self.rowwise = often, rowwise

    def evaluate(self, points):
        EVALUATED[0] += len(points)
        losses = np.sum(points * points, axis=1)
        fate = np.abs(np.sin(1e4 * points.sum(axis=1)))
        losses = np.where(fate < self.often / 2, np.nan, losses)
        losses = np.where(fate < self.often / 4, np.inf, losses)
        raising = fate > 1 - self.often / 2
        if raising.any():
            losses = np.where(raising, np.nan, losses)
            raise EvaluationError(losses, {int(row): "raised OSError: mine" for row in np.flatnonzero(raising)})
        return losses

    def gradient(self, points):
        return 2 * points


class Mined(Landscape):
    kind: Literal["mined"] = "mined"
    often: float
    price: int
    rowwise: bool

    def open(self):
        return Minefield(self.often, self.price, self.rowwise)


class Unreliable(Agent):
    """Breaks its contract, converges, or has nothing more to propose, after some batches."""

    kind: Literal["unreliable"] = "unreliable"
    batch: int
    steps: int
    end: Literal["raise", "outside", "converge", "nothing"]

    def search(self, space, lease, rng):
        for _ in range(self.steps):
            yield rng.random((self.batch, 2))
        if self.end == "raise":
            raise ValueError("enough")
        if self.end == "outside":
            yield np.full((1, 2), 2.0)
        return Converged(np.full(2, 0.5), 0.0, "steps") if self.end == "converge" else None


unreliable = st.builds(
    Unreliable,
    batch=st.integers(1, 9),
    steps=st.integers(0, 6),
    end=st.sampled_from(["raise", "outside", "converge", "nothing"]),
)
stock = st.sampled_from(
    [
        {"kind": "random", "batch": 4},
        {"kind": "grid", "points_per_axis": 3},
        {"kind": "pattern-search"},
        {"kind": "gradient-descent"},
        {"kind": "nelder-mead"},
        {"kind": "random-restart"},
        {"kind": "slsqp"},
    ]
).map(lambda data: build_part("agent", ("agent",), Agent, data))
composed = st.fixed_dictionaries(
    {
        "kind": st.just("composed"),
        "lease": st.integers(1, 30),
        "budget": st.sampled_from(sorted(catalogue.family_classes("budget"))),
        "radius": st.sampled_from(sorted(catalogue.family_classes("radius"))),
        "sharing": st.sampled_from(sorted(catalogue.family_classes("sharing"))),
    }
)
policies = st.one_of(composed, st.just({"kind": "party"}), st.just({"kind": "exploit-and-explore"}))
verdicts = st.sampled_from(["penalise", "retry", "skip"])


def policy_of(data):
    choices = {"budget", "radius", "sharing"} & data.keys()
    built = {name: catalogue.resolve_class(name, data[name])() for name in choices}
    return build_part("policy", ("policy",), Policy, data | built)


runs = st.fixed_dictionaries(
    {
        "members": st.lists(st.one_of(unreliable, stock), min_size=1, max_size=4),
        "policy": policies,
        "budget": st.integers(20, 300),
        "concurrency": st.integers(1, 4),
        "landscape": st.builds(
            Mined, often=st.sampled_from([0.0, 0.2, 0.9]), price=st.integers(0, 3), rowwise=st.booleans()
        ),
        "on_nan": verdicts,
        "on_error": st.one_of(verdicts, st.just("stop")),
        "seed": st.integers(0, 1000),
    }
)


def planned(members, policy, budget, concurrency, landscape, on_nan, on_error, seed):
    team = tuple((f"m{index}", agent) for index, agent in enumerate(members))
    budget = max(budget, sum(agent.row_price(landscape.open().space) for agent in members))
    rules = Evaluation(on_nan=on_nan, on_error=on_error)
    return RunSpec(landscape, team, policy_of(policy), seed, 0, budget, min(concurrency, len(team)), evaluation=rules)


def worked(plan, log, limit=None):
    run, executor = begin_run(plan), InProcessExecutor(plan, log)
    for _ in drive_run(run, plan, plan.policy, executor, log, limit):
        assert run.spent + run.granted <= run.budget
    executor.close()
    return run


@tries(75, suppress_health_check=[HealthCheck.too_slow])
@given(runs, st.integers(0, 100))
def test_granted_is_spent_and_returned(settings, more):
    plan, log, before = planned(**settings), MemoryLog(), EVALUATED[0]
    worked(plan, log)
    account(worked(plan, log, plan.budget + more), log, EVALUATED[0] - before, plan.landscape.price)


@tries(75, suppress_health_check=[HealthCheck.too_slow])
@given(runs, st.data())
def test_cut_anywhere_it_goes_on_to_the_same_end(settings, data):
    """The log is cut as by a kill: it holds some events, and some points of the leases that were out."""
    plan, whole = planned(**settings), MemoryLog()
    worked(plan, whole)
    events = whole.events()
    cut, kept = MemoryLog(), events[: data.draw(st.integers(0, len(events)), label="events kept")]
    for event in kept:
        cut.append(event)
    home = {finding.lease for finding in findings(kept)}
    for lease in (lease for e in kept if isinstance(e, Granted) for lease in e.leases):
        rows = whole.rows(lease.id)
        if rows is not None:
            for part in parts(rows, lease.id in home, data):
                cut.add_rows(lease.id, part)
    missing = sum(count(whole, lease) - count(cut, lease) for lease in range(worked(plan, whole).leases))
    before = EVALUATED[0]
    worked(plan, cut)
    assert [dump_event(event) for event in cut.events()] == [dump_event(event) for event in events]
    # No recorded point is evaluated again.
    assert EVALUATED[0] - before == missing


def count(log, lease):
    rows = log.rows(lease)
    return 0 if rows is None else len(rows.losses) - len(rows.gaps)


def parts(rows, whole, data):
    """Return all points of a lease, or as many of the first ones as had arrived."""
    if whole:
        return [rows]
    n = data.draw(st.integers(0, len(rows.losses)), label="points kept")
    gradients = None if rows.gradients is None else rows.gradients[:n]
    failures = tuple(f for f in rows.failures if f.row < n)
    return [Rows(0, rows.points[:n], rows.losses[:n], gradients, failures)] if n else []


def account(run, log, evaluated, price):
    events = log.events()
    budgets = {lease.id: lease.budget for e in events if isinstance(e, Granted) for lease in e.leases}
    charges, rows = {}, {}
    for finding in findings(events):
        charges[finding.lease], rows[finding.lease] = finding.charged, finding.rows
    # Every lease was collected, and was charged at most its budget.
    assert charges.keys() == budgets.keys()
    returned = {lease: budgets[lease] - charges[lease] for lease in budgets}
    assert all(part >= 0 for part in returned.values())
    assert run.ever_granted == sum(budgets.values()) == run.spent + sum(returned.values())
    assert run.spent == sum(charges.values()) <= run.budget
    assert run.granted == 0
    assert run.budget == max([run.budget, *(e.budget for e in events if isinstance(e, Extended))])
    # Every row is in the log, was evaluated once, and costs one evaluation, plus the gradient's price if it has one.
    recorded = {lease: log.rows(lease) for lease in budgets}
    for lease, found in recorded.items():
        assert (0 if found is None else len(found.losses)) == rows[lease]
        if lease not in {finding.lease for finding in findings(events) if finding.failed}:
            assert rows[lease] <= charges[lease] <= rows[lease] * (1 + price)
    # A batch in which a row raised is requested once: its other rows come with the exception.
    assert evaluated == sum(rows.values())
    assert isinstance(events[-1], Stopped)
