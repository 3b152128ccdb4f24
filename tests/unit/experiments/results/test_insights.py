"""What is reported of a run: each kind, from constructed events and from real runs, and nothing twice."""

from collections import Counter

import numpy as np
import pytest

from searchparty import Experiment
from searchparty.agents.agent import Converged, Finding, Incumbent, Lease, Region
from searchparty.experiments.api import run
from searchparty.experiments.results.insights import InsightFold, collect_insights, handed_incumbent
from searchparty.experiments.results.recorded_runs import read_runs
from searchparty.orchestrator.state.events import Collected, Granted, Started, Stopped
from searchparty.orchestrator.state.lease_table import LeaseTable

TEAM = ["ann", "bob"]
BUDGET = 100


class Story:
    """Constructed events of a run; leases are numbered as they are granted."""

    def __init__(self, minimum=None, team=TEAM, budget=BUDGET):
        self.table, self.fold = LeaseTable(), InsightFold(list(team), budget, minimum)
        self.events, self.said, self.leases = [], [], 0

    def tell(self, event):
        self.events.append(event)
        new = list(self.fold.add_entries(self.table.add_event(event)))
        self.said += new
        return new

    def grant(self, agent, at=(0.5, 0.5), radius=0.5, fresh=False, incumbent=None):
        region = Region(np.array(at), radius)
        lease = Lease(self.leases, agent, 10, region, "as it is a test", incumbent, fresh)
        self.leases += 1
        return self.tell(Granted(lease.id, (lease,)))

    def find(self, agent, loss=None, at=(0.1, 0.2), why="spent", charged=10, converged=None, cause=""):
        lease = self.leases - 1
        best = None if loss is None else Incumbent(agent, lease, 0, np.array(at), loss)
        return self.tell(Collected(Finding(lease, agent, charged, charged, why, best, converged, (), cause)))

    def lease(self, agent, loss=None, **found):
        """Grant a lease and collect it."""
        return self.grant(agent) + self.find(agent, loss, **found)

    def end(self, agent, loss, why, best=None, at=(0.1, 0.2)):
        """Grant a lease that ends by the agent's decision."""
        self.grant(agent)
        converged = Converged(np.array(at), loss, why)
        return self.find(agent, loss if best is None else best, why="converged", converged=converged)


def only(said):
    (insight,) = said
    return insight


def kinds(said):
    return [insight.kind for insight in said]


@pytest.mark.parametrize(
    ("why", "kind", "text"),
    [
        ("stuck in a local minimum: gradient norm 1e-9", "stuck",
         "ann is stuck in a local minimum: gradient norm 1e-9; the loss there is 3"),
        ("oscillates between losses 3 and 5 with steps of 0.1", "oscillates",
         "ann oscillates between losses 3 and 5 with steps of 0.1"),
        ("stagnates: no better loss in 50 steps", "stagnates",
         "ann stagnates: no better loss in 50 steps; its best loss is 3"),
        ("simplex is small", "stuck",
         "ann is in a local minimum with loss 3, and has ended its search (simplex is small)"),
    ],
)  # fmt: skip
def test_an_agents_own_word(why, kind, text):
    said = only(Story().end("ann", 3.0, why))
    assert (said.kind, said.text, said.lease, said.agent, said.loss) == (kind, text, 0, "ann", 3.0)
    np.testing.assert_array_equal(said.point, [0.1, 0.2])


def test_what_is_better_known_elsewhere_is_said():
    story = Story()
    story.lease("bob", 1.0)
    assert only(story.end("ann", 3.0, "stuck")).text.endswith("; the best known is 1, elsewhere")
    assert "elsewhere" not in only(story.end("ann", 1.0, "stuck")).text
    assert "elsewhere" not in only(story.end("ann", 1.0 + 1e-9, "stuck")).text


def test_the_minimum_is_found_once():
    story = Story(minimum=0.0)
    assert story.lease("ann", 0.1) == []
    said = only(story.lease("ann", 1e-7))
    assert (said.kind, said.text) == ("found", "ann has found the minimum: loss 1e-07")
    np.testing.assert_array_equal(said.point, [0.1, 0.2])
    assert story.lease("ann", 1e-9) == []
    assert story.lease("bob", 1e-8) == []


def test_who_ends_at_the_minimum_has_found_it_or_is_there_too():
    story = Story(minimum=0.0)
    assert only(story.end("ann", 0.0, "stuck")).text == "ann has found the minimum: loss 0"
    again = only(story.end("bob", 0.0, "stuck"))
    assert (again.kind, again.text) == ("found", "bob is at the minimum and has ended its search: loss 0")


def test_near_is_by_the_minimums_size():
    assert kinds(Story(minimum=1e6).lease("ann", 1e6 + 0.5)) == ["found"]
    assert kinds(Story(minimum=1e6).lease("ann", 1e6 + 2.0)) == []
    assert kinds(Story(minimum=None).lease("ann", 0.0)) == []
    assert kinds(Story(minimum=-100.0).lease("ann", -100.0)) == ["found"]


def test_the_minimum_is_told_of_its_finder_however_the_lease_ended():
    """It is not attributed to the next agent."""
    story = Story(minimum=0.0)
    story.grant("ann")
    best = Incumbent("ann", 0, 3, np.array([0.3, 0.3]), 0.0)
    said = story.tell(Collected(Finding(0, "ann", 4, 10, "failed", best, cause="raised an error")))
    assert [(each.kind, each.agent, each.lease) for each in said] == [("failed", "ann", 0), ("found", "ann", 0)]
    assert story.lease("bob", 7.0) == []

    story = Story(minimum=0.0)
    said = story.end("ann", 5.0, "stuck", best=0.0)
    assert [(each.kind, each.loss) for each in said] == [("stuck", 5.0), ("found", 0.0)]
    assert story.lease("bob", 7.0) == []

    story = Story(minimum=0.0)
    said = story.lease("ann", 0.0, why="failed", cause="its points had the wrong shape")
    assert kinds(said) == ["failed", "found"]
    assert story.lease("bob", 7.0) == []


def test_stagnation_needs_leases_and_a_share_of_the_budget():
    story = Story(budget=100)
    story.lease("ann", 1.0)
    assert story.lease("ann", 2.0) == story.lease("ann", 2.0) == []
    said = only(story.lease("ann", 2.0))
    assert (said.kind, said.text) == ("stagnates", "ann has found nothing better than 1 for 30 evaluations")
    assert said.loss == 1.0
    assert story.lease("ann", 2.0) == story.lease("ann", 3.0) == []
    assert story.lease("ann", 0.5) == []
    # After an improvement, it may be reported again.
    assert [kinds(story.lease("ann", 2.0)) for _ in range(4)] == [[], [], ["stagnates"], []]


def test_many_cheap_leases_are_no_stagnation():
    story = Story(budget=10_000)
    story.lease("ann", 1.0)
    assert [said for _ in range(99) for said in story.lease("ann", 2.0)] == []
    assert kinds(story.lease("ann", 2.0)) == ["stagnates"]


def test_who_is_at_the_minimum_or_has_found_nothing_does_not_stagnate():
    story = Story(minimum=0.0)
    story.lease("ann", 0.0)
    assert [said for _ in range(6) for said in story.lease("ann", 1.0)] == []
    assert [said for _ in range(6) for said in story.lease("bob")] == []


def test_beginning_anew():
    story = Story(budget=1000)
    assert story.grant("ann", fresh=True) == []
    story.find("ann", 1.0, charged=9)
    # Its search had hardly begun.
    assert story.grant("ann", fresh=True) == []
    story.find("ann", 1.0, charged=10)
    said = only(story.grant("ann", at=(0.2, 0.3), radius=0.125, fresh=True))
    assert (said.kind, said.text) == ("restart", "ann restarts within a radius of 0.12")
    np.testing.assert_array_equal(said.point, [0.2, 0.3])
    assert said.loss is None


def test_a_fresh_search_does_not_stagnate_by_an_older_ones_leases():
    story = Story()
    story.lease("ann", 1.0)
    story.lease("ann", 2.0)
    story.lease("ann", 2.0)
    story.grant("ann", fresh=True)
    assert story.find("ann", 2.0) == []
    assert story.lease("ann", 3.0) == story.lease("ann", 3.0) == []
    assert only(story.lease("ann", 3.0)).text == "ann has found nothing better than 2 for 30 evaluations"


def point(agent="bob", lease=0, row=0, at=(0.7, 0.7), loss=0.5):
    return Incumbent(agent, lease, row, np.array(at), loss)


def test_a_point_is_handed_once():
    story = Story()
    story.lease("bob", 0.5, at=(0.7, 0.7))
    said = only(story.grant("ann", at=(0.7, 0.7), radius=0.1, incumbent=point()))
    assert (said.kind, said.text) == ("handed", "bob's point with loss 0.5 is handed to ann")
    assert (said.agent, said.loss) == ("ann", 0.5)
    story.find("ann", 0.9, at=(0.7, 0.3))
    assert story.grant("ann", at=(0.7, 0.7), radius=0.1, incumbent=point()) == []
    story.find("ann", 0.9)
    other = only(story.grant("ann", at=(0.7, 0.6), radius=0.1, incumbent=point(lease=5, at=(0.7, 0.6), loss=0.4)))
    assert other.text == "bob's point with loss 0.4 is handed to ann, 0.3 from its own best point"


@pytest.mark.parametrize(
    ("at", "radius", "incumbent", "is_sent"),
    [
        ((0.7, 0.7), 0.1, point(), True),
        ((0.7, 0.7), 0.1, None, False),
        ((0.7, 0.7), 0.1, point(agent="ann"), False),
        ((0.6, 0.7), 0.1, point(), False),
        ((0.5, 0.5), 0.5, point(), False),
        ((0.5, 0.5), 0.5, point(at=(0.5, 0.5)), False),
        # The region is moved as little as needed to lie within the cube.
        ((0.9, 0.5), 0.1, point(at=(0.98, 0.5)), True),
        ((0.1, 0.9), 0.1, point(at=(0.0, 1.0)), True),
        ((0.7, 0.7), 0.7, point(), False),
    ],
)
def test_to_whose_point_a_lease_sends(at, radius, incumbent, is_sent):
    given = handed_incumbent(Lease(3, "ann", 10, Region(np.array(at), radius), "a reason", incumbent))
    assert given is (incumbent if is_sent else None)


def test_failures():
    story = Story()
    said = only(story.lease("ann", why="failed", cause="raised ZeroDivisionError"))
    assert (said.kind, said.text) == ("failed", "ann failed and lost its lease: raised ZeroDivisionError")
    assert said.point is said.loss is None
    said = only(story.lease("ann", 2.0, why="failed", cause="its points had the wrong shape"))
    assert (said.kind, said.text) == ("failed", "ann failed and lost its lease: its points had the wrong shape")
    assert (said.point.tolist(), said.loss) == ([0.1, 0.2], 2.0)


def test_other_events_say_nothing():
    story = Story()
    assert story.tell(Started("x", {})) == story.tell(Stopped("budget spent")) == []


# --- real runs ---

RUNS = {
    "stuck": ("rastrigin", ["gradient-descent"], {}, 400),
    "oscillates": (
        "rastrigin",
        [{"kind": "gradient-descent", "method": "plain", "line_search": False, "step": 0.1, "settle": False}],
        {},
        400,
    ),
    "party": ("schwefel", ["grid", "gradient-descent", "random-restart", "cma-es"], {"kind": "party"}, 1500),
    "shared": (
        "rastrigin", ["random", "gradient-descent"], {"budget": "bandit", "sharing": "broadcast",
                                                     "radius": "trust-region"}, 800,
    ),
    "exploit": ("ackley", ["random-restart", "cma-es", "nelder-mead"], {"kind": "exploit-and-explore"}, 900),
}  # fmt: skip


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """Return name -> (run, its insights)."""
    found = {}
    for name, (landscape, agents, policy, budget) in RUNS.items():
        made = Experiment.from_data({
            "name": name, "budget": budget, "landscapes": [{"kind": landscape, "dimension": 2}],
            "strategies": {"it": {"agents": agents, "policy": policy}}, "executor": "simulated",
        })  # fmt: skip
        out = tmp_path_factory.mktemp("insights") / name
        run(made, out=out, report=False)
        (data,) = read_runs(out)
        found[name] = data, collect_insights(data.events, data.team, data.budget, data.minimum)
    return found


def test_gradient_descent_is_stuck_and_begins_anew(told):
    _, said = told["stuck"]
    assert {"stuck", "restart"} <= set(kinds(said))
    assert any("is stuck in a local minimum" in each.text for each in said)


def test_gradient_descent_with_long_steps_oscillates(told):
    data, said = told["oscillates"]
    oscillates = [each for each in said if each.kind == "oscillates"]
    assert oscillates
    assert all(each.text.startswith(f"{data.team[0]} oscillates between losses ") for each in oscillates)


def test_points_are_handed_over_where_they_are_shared(told):
    data, said = told["shared"]
    handed = [each for each in said if each.kind == "handed"]
    assert handed
    assert all(each.loss in data.points.losses for each in handed)


@pytest.mark.parametrize("name", RUNS)
def test_what_is_said_holds(told, name):
    data, said = told[name]
    assert sum(each.text.endswith(f"has found the minimum: loss {each.loss:.4g}") for each in said if each.loss) <= 1
    assert max(Counter((each.kind, each.lease, each.agent) for each in said).values(), default=1) == 1
    for each in said:
        assert each.agent in data.team
        assert each.text.startswith(each.agent) or (each.kind == "handed" and f"handed to {each.agent}" in each.text)
        if each.point is not None:
            assert ((each.point >= 0) & (each.point <= 1)).all()
    # The texts fit on a flag, and there are few enough to be read.
    assert max((len(each.text) for each in said), default=0) < 250
    assert len(said) < 0.2 * data.evaluations


@pytest.mark.parametrize("name", RUNS)
def test_told_bit_by_bit_it_is_the_same(told, name):
    data, said = told[name]
    table, fold = LeaseTable(), InsightFold(data.team, data.budget, data.minimum)
    again = []
    for event in data.events:
        again += list(fold.add_entries(table.add_event(event)))
    assert [(e.kind, e.lease, e.agent, e.text, e.loss) for e in again] == [
        (e.kind, e.lease, e.agent, e.text, e.loss) for e in said
    ]
    # What has been reported does not depend on later events.
    half = collect_insights(data.events[: len(data.events) // 2], data.team, data.budget, data.minimum)
    assert [e.text for e in said[: len(half)]] == [e.text for e in half]


def test_insights_of_a_run_are_a_table(tmp_path):
    data = {
        "name": "trial", "budget": 300, "executor": "simulated",
        "landscapes": [{"kind": "rastrigin", "dimension": 2, "instance": 3}],
        "strategies": {"team": {"agents": ["gradient-descent", "random-restart"], "policy": {"lease": 20}}},
    }  # fmt: skip
    results = run(Experiment.from_data(data), out=tmp_path / "out", report=False)
    (whole,) = results.runs
    told = collect_insights(whole.events, whole.team, whole.budget, whole.minimum)
    rows = results.insights(whole.id).rows()
    assert [(row["kind"], row["lease"], row["agent"], row["text"], row["loss"]) for row in rows] == [
        (each.kind, each.lease, each.agent, each.text, each.loss) for each in told
    ]
    assert {"stuck", "restart"} <= {row["kind"] for row in rows}
    leases = {row["lease"]: row for row in results.leases(whole.id).rows()}
    for row in rows:
        when = "granted_at" if row["kind"] in ("handed", "restart") else "collected_at"
        assert row["evaluations"] == leases[row["lease"]][when]
    with pytest.raises(ValueError, match="run must be the id of a run"):
        results.insights("nobody")
