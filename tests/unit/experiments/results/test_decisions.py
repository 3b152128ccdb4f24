"""How a budget was shared, and which decisions mattered, from logs made by hand."""

import numpy as np
import pytest

from searchparty.agents.agent import Finding, Incumbent, Lease, Region
from searchparty.experiments.results.decisions import ShareChange, decisions_table, share_budget
from searchparty.experiments.results.recorded_runs import RunData
from searchparty.landscapes.landscape import Space
from searchparty.orchestrator.log.reader import Points
from searchparty.orchestrator.state.events import Collected, Granted, Stopped

TEAM = ["ann", "bob"]


def make_run(parts):
    """Return a run whose leases, of 10 evaluations, went to these agents and found these losses."""
    events, agents, losses = [], [], []
    for number, (agent, loss) in enumerate(parts):
        lease = Lease(number, agent, 10, Region.whole(2), f"reason {number}", fresh=True)
        best = Incumbent(agent, number, 0, np.full(2, 0.5), float(loss))
        events += [Granted(number, (lease,)), Collected(Finding(number, agent, 10, 10, "spent", best=best))]
        agents += [TEAM.index(agent)] * 10
        losses += [loss] * 10
    count = len(losses)
    points = Points(
        np.repeat(np.arange(len(parts)), 10), np.array(agents), np.tile(np.arange(10), len(parts)),
        np.ones(count, dtype=np.int64), np.full((count, 2), 0.5), np.array(losses, dtype=float),
    )  # fmt: skip
    settings = {
        "team": [[name, {"kind": "random"}] for name in TEAM], "target": None, "budget": count,
        "landscape": {"kind": "sphere", "seconds": 1.0},
    }  # fmt: skip
    space = Space(np.zeros(2), np.ones(2))
    return RunData("r", "s", "bowl", 0, settings, space, None, None, True, [*events, Stopped("end")], points)


def test_shares_of_each_window_add_up_and_a_change_has_its_reason_and_effect():
    found = share_budget(
        make_run([*[("ann", 9)] * 3, ("bob", 8), *[("bob", 8)] * 3, ("ann", 9), *[("ann", 9)] * 4, *[("bob", 1)] * 4])
    )
    assert found.edges.tolist() == [0, 40, 80, 120, 160]
    assert found.shares == pytest.approx(np.array([[0.75, 0.25, 1, 0], [0.25, 0.75, 0, 1]]))
    last = found.changes[-1]
    assert (last.evaluations, last.agent, last.before, last.after) == (120, "bob", 0, 1)
    assert (last.lease, last.reason, last.best_before, last.best_after) == (12, "reason 12", 8, 1)
    assert last.describe() == (
        "After 120 evaluations, bob gets 100 % of the budget instead of 0 %: reason 12. The best loss fell from 8 to "
        "1, by its own points too."
    )
    assert [change.agent for change in found.most_important(1)] == ["bob"]


def test_changes_are_a_table():
    whole = make_run(
        [*[("ann", 9)] * 3, ("bob", 8), *[("bob", 8)] * 3, ("ann", 9), *[("ann", 9)] * 4, *[("bob", 1)] * 4]
    )
    shares, rows = share_budget(whole), decisions_table(whole).rows()
    assert [row["text"] for row in rows] == [change.describe() for change in shares.changes]
    assert [row["text"] for row in rows if row["important"]] == [each.describe() for each in shares.most_important()]
    last = rows[-1]
    assert (last["evaluations"], last["agent"], last["before"], last["after"]) == (120, "bob", 0, 1)
    assert (last["lease"], last["reason"], last["best_before"], last["best_after"]) == (12, "reason 12", 8, 1)
    assert last["gain"] == shares.changes[-1].gain > 0
    empty = decisions_table(make_run([]))
    assert (len(empty), list(empty.columns)) == (0, list(rows[0]))


def test_a_steady_share_is_no_change():
    assert share_budget(make_run([("ann", 5), ("bob", 5)] * 12)).changes == ()


def test_a_run_without_points_has_no_shares():
    found = share_budget(make_run([]))
    assert (found.shares.shape, found.changes, found.most_important()) == ((2, 0), (), [])


def test_a_first_finite_loss_is_told_as_such():
    told = ShareChange(40, "bob", 0.2, 0.6, 3, "", 1.0, float("inf"), 3.2).describe()
    assert told.startswith(
        "After 40 evaluations, bob gets 60 % of the budget instead of 20 %. No loss had been finite "
    )
    assert "until then, and the best was soon 3.2" in told
