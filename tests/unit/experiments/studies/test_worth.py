"""What parts are worth: which strategies are variants, verdicts, Shapley values, and the cost and gain of sharing."""

from dataclasses import replace
from itertools import combinations
from math import log

import numpy as np
import pytest
from summaries import make_summary, reach

from searchparty import Results, load
from searchparty.agents.agent import Incumbent, Lease, Region
from searchparty.experiments.api import run
from searchparty.experiments.comparison.bootstrap import Interval
from searchparty.experiments.comparison.comparison import compare_runs
from searchparty.experiments.comparison.problems import form_problems
from searchparty.experiments.comparison.verdict import judge_pair
from searchparty.experiments.results.sharing_account import is_sent_elsewhere
from searchparty.experiments.spec.errors import SpecError
from searchparty.experiments.studies.ablation import plan_ablation
from searchparty.experiments.studies.parts import Parts, find_parts
from searchparty.experiments.studies.shapley import compute_shapley_values
from searchparty.experiments.studies.worth import PartWorth, Saving, StrategyWorth, study_worth
from searchparty.experiments.studies.worth_sentences import describe_saving, describe_worth
from searchparty.experiments.studies.worth_tables import make_sharing_table, make_worth_table

DATA = {
    "name": "trial",
    "seed": 2,
    "repeats": 3,
    "budget": 150,
    "landscapes": [{"kind": "rastrigin", "shift": "random"}],
    "strategies": {
        "solo": {"agents": ["slsqp"]},
        "team": {
            "agents": [{"kind": "random", "count": 2}, "grid"],
            "policy": {"sharing": "broadcast", "radius": "shrink", "lease": 15},
        },
    },
    "executor": "simulated",
}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    experiment, _ = plan_ablation(load(DATA))
    return run(experiment, out=tmp_path_factory.mktemp("ablation") / "out", report=False)


def test_an_ablation_has_every_coalition_and_every_choice_switched_off():
    experiment, remarks = plan_ablation(load(DATA))
    assert list(experiment.strategies) == [
        "team", "team without grid", "team without random-2", "team without random-1", "random-1 alone",
        "random-2 alone", "grid alone", "team, sharing: none", "team, radius: fixed",
    ]  # fmt: skip
    assert [name for name, _ in experiment.strategies["team without random-1"].team] == ["random-2", "grid"]
    assert (experiment.name, remarks) == ("trial-ablation", [])


def test_concurrency_follows_the_size_of_the_team():
    experiment, _ = plan_ablation(load({**DATA, "concurrency": 2, "repeats": 1}, ["strategies.solo.concurrency=1"]))
    limits = {name: each.concurrency for name, each in experiment.strategies.items()}
    assert limits["team"] == limits["team without grid"] == 2
    assert limits["grid alone"] == 1


def test_of_many_members_only_one_is_left_out_at_a_time():
    data = {**DATA, "strategies": {"five": {"agents": [{"kind": "random", "count": 5}], "policy": {"kind": "party"}}}}
    experiment, remarks = plan_ablation(load(data))
    assert len(experiment.strategies) == 1 + 5 + 5
    assert remarks == ["The policy party has no choices that can be switched off: only members are left out."]


@pytest.mark.parametrize(
    ("change", "name", "message"),
    [
        ({"sweep": {"budget": [50, 60]}}, None, "sweep must be absent from an ablation"),
        ({}, "tam", "--strategy must name a strategy of the experiment, got 'tam'. Did you mean 'team'"),
        ({}, "solo", "strategy must have a part that can be left out, got 'solo' with one member"),
    ],
)
def test_what_cannot_be_taken_apart_is_refused(change, name, message):
    with pytest.raises(SpecError, match=message):
        plan_ablation(load({**DATA, **change}), name)


def test_variants_are_found_by_their_settings(results):
    (parts,) = find_parts(Results(results.path).compare().runs)
    assert (parts.strategy, parts.members) == ("team", ("random-1", "random-2", "grid"))
    assert parts.is_complete
    assert parts.without("grid") == "team without grid"
    assert parts.alone("grid") == "grid alone"
    assert parts.choices == {"sharing": "team, sharing: none", "radius": "team, radius: fixed"}


def test_strategies_without_variants_have_no_parts():
    assert find_parts(compare_runs([make_summary([2, 1])]).runs) == []


def test_variants_have_the_same_random_numbers(results):
    runs = {(each.strategy, each.repeat): each for each in results.runs}
    whole, off = runs["team", 0], runs["team, sharing: none", 0]
    assert np.array_equal(whole.points.cube[:15], off.points.cube[:15])


def test_each_part_has_a_verdict_and_members_have_credit(results):
    (found,) = study_worth(results.compare())
    assert [(part.kind, part.part) for part in found.parts] == [
        ("member", "random-1"), ("member", "random-2"), ("member", "grid"), ("alone", "random-1"),
        ("alone", "random-2"), ("alone", "grid"), ("choice", "sharing"), ("choice", "radius"),
    ]  # fmt: skip
    assert {part.verdict.second for part in found.parts} == {"team"}
    credits = [part.credit for part in found.parts if part.kind == "member"]
    assert sum(credit.evaluations for credit in credits) == pytest.approx(1)
    assert sum(credit.gains for credit in credits) == pytest.approx(1)
    assert found.shapley[0].basis == "areas"
    assert sum(value.share for value in found.shapley) == pytest.approx(1)
    lines = describe_worth(found)
    assert lines[0].startswith("Whether anyone could be left out of team is not settled; the first to try is ")
    assert any(line.startswith("Without sharing, team changes its area") for line in lines)
    assert len(make_worth_table([found])) == 8


def test_the_cost_and_gain_of_sharing_are_counted_lease_by_lease(results):
    (found,) = study_worth(results.compare())
    (saving,) = found.savings
    runs = [each for each in results.runs if each.strategy == "team"]
    leases = [lease for each in runs for lease in results.leases(each.id).rows()]
    sent = [lease for lease in leases if "broadcast: incumbent" in lease["reason"] and not lease["fresh"]]
    assert (saving.leases, saving.sent) == (len(leases), len(sent))
    assert saving.sent_records == sum(lease["record"] for lease in sent)
    assert saving.own_records == sum(lease["record"] for lease in leases) - saving.sent_records
    (row,) = make_sharing_table([found]).rows()
    assert row["sent_share"] == pytest.approx(len(sent) / len(leases))
    assert 0 < row["spread_after"] < row["spread_before"] < 0.5
    off = [each for each in results.runs if each.strategy == "team, sharing: none"]
    saved = []
    for one, other in zip(runs, off, strict=True):
        level = max(one.final, other.final)
        saved.append(other.first_below(level) - one.first_below(level))
    assert row["saved"] == pytest.approx(np.mean(saved))


def test_a_lease_is_sent_elsewhere_if_its_region_lies_around_another_agents_point():
    point = np.array([0.3, 0.4])
    shared = Incumbent("b", 0, 0, point, 1.0)
    lease = Lease(3, "a", 10, Region(point, 0.1), "why", shared)
    assert is_sent_elsewhere(lease)
    assert not is_sent_elsewhere(replace(lease, region=Region(point + 0.1, 0.1)))
    assert not is_sent_elsewhere(replace(lease, agent="b"))
    assert not is_sent_elsewhere(replace(lease, incumbent=None))


@pytest.mark.parametrize(("alone", "bound"), [(None, "at least"), (20, "")])
def test_the_table_of_worth_says_which_ratios_are_bounds(alone, bound):
    runs = [
        reach(need, 100, strategy=name, repeat=repeat)
        for name, need in (("t", 10), ("a alone", alone))
        for repeat in range(6)
    ]
    part = PartWorth("alone", "a", judge_pair(form_problems(runs), "a alone", "t"), None)
    (row,) = make_worth_table([StrategyWorth("t", ("a", "b"), [part], [], [])]).rows()
    assert row["bound"] == bound
    assert row["ratio"] > 1


def make_coalitions(spent, runs=5, budget=100):
    """Return the problems of coalitions that need so many evaluations; None: never."""
    found = [
        reach(need, budget, strategy=name, repeat=repeat) for name, need in spent.items() for repeat in range(runs)
    ]
    return form_problems(found)


def test_shapley_values_are_those_of_the_definition():
    spent = {"a": 50, "b": 100, "c": None, "ab": 10, "ac": 50, "bc": 25, "abc": 5}
    problems = make_coalitions(spent)
    coalitions = {frozenset(name): name for name in spent}
    found = compute_shapley_values(problems, Parts("abc", ("a", "b", "c"), coalitions))
    # The bound of five runs without a success is their whole budget.
    worth = {frozenset(): 0.0, **{key: log(500 / (spent[name] or 500)) for key, name in coalitions.items()}}
    for value in found:
        rest = [each for each in "abc" if each != value.member]
        gains = [
            (worth[frozenset(chosen) | {value.member}] - worth[frozenset(chosen)]) * weight
            for size, weight in ((0, 1 / 3), (1, 1 / 6), (2, 1 / 3))
            for chosen in combinations(rest, size)
        ]
        assert log(value.value.estimate) == pytest.approx(sum(gains))
        assert value.value.low <= value.value.estimate <= value.value.high
        assert value.basis == "running times"
    assert sum(log(value.value.estimate) for value in found) == pytest.approx(log(500 / 5))
    assert sum(value.share for value in found) == pytest.approx(1)


def test_without_all_coalitions_there_are_no_shapley_values():
    problems = make_coalitions({"a": 5, "ab": 5})
    parts = Parts("ab", ("a", "b"), {frozenset("a"): "a", frozenset("ab"): "ab"})
    assert compute_shapley_values(problems, parts) == []


SAVING = Saving("bowl", 40, 20, 5, 8, Interval(-355, -500, -200), (0.2, 0.1, 0.05, 0.15), 5, (5, 0), (4, 0))


def test_what_only_sharing_reached_is_told_beside_the_evaluations_until_the_loss_of_both():
    told = describe_saving(SAVING)
    assert (
        "until the loss that both reached, sharing took 355 more evaluations a run (95 %: 200 to 500); of 5 pairs of "
        "runs, 5 ended lower with sharing, 0 without; 4 reached the target with sharing, 0 without"
    ) in told
    assert "wasted" not in told
    assert (
        "the points of an agent lay 0.2 box widths from their middle in the lease before it was sent, and 0.1" in told
    )
    assert "the points of all agents lay 0.05 from their middle with sharing, 0.15 without" in told


def test_evaluations_are_wasted_only_where_sharing_brought_nothing():
    told = describe_saving(replace(SAVING, lower=(1, 3), solved=(2, 2)))
    assert "sharing wasted 355 evaluations a run (95 %: 200 to 500); of 5 pairs of runs, 1 ended lower" in told
    assert "3 without, 1 level" in told
    assert "it takes the same evaluations with and without" in describe_saving(replace(SAVING, saved=Interval(0, 0, 0)))


def test_a_ratio_is_a_bound_where_one_of_the_two_never_reaches_the_target():
    runs = [
        reach(need, 100, strategy=name, repeat=repeat, landscape=place)
        for place, needs in (("p", (10, None)), ("q", (10, 20)))
        for name, need in zip(("team", "off"), needs, strict=True)
        for repeat in range(5)
    ]
    verdict = judge_pair(form_problems(runs), "off", "team")
    found = StrategyWorth("team", ("a", "b"), [PartWorth("choice", "sharing", verdict, None)], [], [])
    (line,) = describe_worth(found)
    assert line.startswith("Without sharing, team needs at least 10 (95 %: ")
    assert "times the evaluations (on 1 of 2 problems only team reaches the target): " in line
    turned = replace(found, parts=[PartWorth("choice", "sharing", verdict.turn(), None)])
    assert "team needs at most 0.1 (95 %: " in describe_worth(turned)[0]


def test_a_part_without_which_the_runs_are_the_same_did_nothing():
    hits = (3, 40, 60, 9, 20)
    runs = [reach(hit, strategy=s, repeat=r, digest=f"{r}") for s in ("team", "twin") for r, hit in enumerate(hits)]
    verdict = compare_runs(runs).verdicts[0]
    parts = [PartWorth("choice", "sharing", verdict, None), PartWorth("alone", "grid", verdict, None)]
    alone, choice = describe_worth(StrategyWorth("team", ("grid", "random"), parts, (), ()))
    same = "does the same: in all 5 pairs of runs they tried the same points, to the last bit."
    assert choice == f"Without sharing, team {same} Here sharing did nothing."
    assert alone == f"The best alone is grid: it {same} Here the rest of the team did nothing."


def test_a_single_repeat_gives_no_shares():
    spent = {"a": 50, "b": 100, "ab": 10}
    parts = Parts("ab", ("a", "b"), {frozenset(name): name for name in spent})
    found = compute_shapley_values(make_coalitions(spent, runs=1), parts)
    assert [value.share for value in found] == [None, None]
    lines = describe_worth(StrategyWorth("ab", ("a", "b"), [], found, []))
    assert lines == ["Shares of what the whole team is worth (Shapley values) take more than one repeat."]
