"""Plans: which runs, in which order, and what changes when an experiment grows."""

import time

import pytest

from searchparty.experiments.execution.cost import (
    DRAWN_RUNS,
    OVERHEAD_SECONDS,
    describe_plan,
    estimate_bytes,
    estimate_results_seconds,
    estimate_seconds,
)
from searchparty.experiments.execution.plan import make_plan
from searchparty.experiments.report.report import MOST_RUN_FIGURES
from searchparty.experiments.spec.errors import SpecError
from searchparty.experiments.spec.expand import find_places, sweep_suffix
from searchparty.experiments.spec.load import load, loads_yaml
from searchparty.experiments.spec.models import Experiment

TEXT = """\
name: planned
seed: 5
repeats: 2
budget: 100
landscapes:
  - {kind: sphere, dimension: [2, 3]}
strategies:
  alone: {agents: [random]}
  team: {agents: [{kind: grid, count: 2}, random], policy: {lease: 20}}
executor: simulated
"""


def runs(text):
    return make_plan(loads_yaml(text)).runs


@pytest.mark.parametrize(
    ("landscape", "count"),
    [
        ("{kind: bbob, function: [1, 8], dimension: [2, 5], instance: 1-3}", 12),
        ("{kind: bbob, function: [1, 3-5], dimension: 2}", 4),
        ("{kind: [sphere, ackley], dimension: [2, 3, 4]}", 6),
        ("{kind: sphere, bounds: [-1, 1]}", 1),
        ("{kind: sphere, dimension: 2, shift: [0.5, 1]}", 1),
        ("{kind: sphere, rotate: [true, false]}", 2),
        ("{kind: sphere, dimension: [2, 2]}", 1),
    ],
)
def test_lists_and_ranges_expand(landscape, count):
    planned = make_plan(loads_yaml(TEXT.replace("{kind: sphere, dimension: [2, 3]}", landscape)))
    assert len(planned.landscapes) == count
    assert len(planned.runs) == count * 2 * 2


def test_order_is_landscape_repeat_strategy():
    order = [(run.landscape.dimension, run.repeat, run.strategy) for run in runs(TEXT)]
    assert order == [(d, r, s) for d in (2, 3) for r in (0, 1) for s in ("alone", "team")]


def test_members_are_named_by_kind_and_numbered_where_there_are_several():
    (team,) = {tuple(name for name, _ in run.team) for run in runs(TEXT) if run.strategy == "team"}
    assert team == ("grid-1", "grid-2", "random")
    text = TEXT.replace(
        "[{kind: grid, count: 2}, random]",
        "[random, {kind: grid, name: fine, count: 2}, {kind: random, name: x}, grid, {kind: random, count: 2}]",
    )
    (team,) = {tuple(name for name, _ in run.team) for run in runs(text) if run.strategy == "team"}
    assert team == ("random-1", "fine-1", "fine-2", "x", "grid", "random-2", "random-3")


def test_growing_an_experiment_moves_no_run():
    before = {run.id for run in runs(TEXT)}
    grown = (
        TEXT.replace("repeats: 2", "repeats: 4")
        .replace("[2, 3]", "[5, 2, 3]")
        .replace("strategies:", "strategies:\n  first: {agents: [nelder-mead]}")
        .replace("name: planned", "name: other\ndescription: more")
        .replace("executor: simulated", "executor: ray\nsweep: {strategies.first.policy.lease: [5, 10]}")
    )
    after = {run.id for run in runs(grown)}
    assert before < after
    assert len(after) == 3 * 4 * (2 + 2)


def test_a_sweep_makes_variants_of_what_it_touches_only():
    sweep = "sweep: {strategies.team.policy.lease: [10, 20], strategies.team.agents.0.shrink: [0.5]}"
    planned = make_plan(loads_yaml(TEXT + sweep))
    assert planned.strategies == ("alone", "team[lease=10, shrink=0.5]", "team[lease=20, shrink=0.5]")
    assert len(planned.runs) == 2 * 2 * 3
    by_name = {run.strategy: run for run in planned.runs}
    assert by_name["team[lease=10, shrink=0.5]"].policy.lease == 10
    # Swept values that equal the settings give the same runs as without the sweep.
    assert {run.id for run in runs(TEXT)} < {run.id for run in planned.runs}


def test_a_sweep_of_the_whole_makes_variants_of_all():
    planned = make_plan(loads_yaml(TEXT + "sweep: {budget: [50, 100], region.radius: [0.5]}"))
    assert planned.strategies == (
        "alone[budget=50, radius=0.5]",
        "alone[budget=100, radius=0.5]",
        "team[budget=50, radius=0.5]",
        "team[budget=100, radius=0.5]",
    )
    assert {run.budget for run in planned.runs} == {50, 100}


def test_a_sweep_of_landscapes_shows_in_their_labels():
    planned = make_plan(loads_yaml(TEXT + "sweep: {landscapes.0.dimension: [2, 4, [5, 6]]}"))
    assert planned.landscapes == ("sphere D=2", "sphere D=4", "sphere D=5", "sphere D=6")
    assert planned.strategies == ("alone", "team")


def test_a_swept_setting_need_not_stand_elsewhere():
    text = TEXT.replace("budget: 100\n", "") + "sweep: {budget: [50, 100]}"
    assert {run.budget for run in runs(text)} == {50, 100}


def test_names_of_variants_are_as_short_as_they_can_be():
    settings = (("strategies.a.policy.lease", 5), ("strategies.a.agents.0.step", 1), ("strategies.a.agents.1.step", 2))
    assert sweep_suffix({}, "a", settings) == "[lease=5, 0.step=1, 1.step=2]"
    assert sweep_suffix({}, "b", settings) == ""


def test_a_setting_of_a_member_stands_for_every_member_of_that_name():
    text = TEXT + "sweep: {random.start: [0.25, 0.75]}"
    strategies = {"alone": {"agents": ["random"]}, "pair": {"agents": [{"kind": "grid", "name": "random"}, "axes"]}}
    data = {"strategies": strategies}
    places = ["strategies.alone.agents.0.step", "strategies.pair.agents.0.step"]
    assert find_places(data, "random.step") == places
    assert find_places({"strategies": {"a": {"agents": "random"}}}, "random.step") == ["strategies.a.agents.step"]
    assert find_places(data, "axes.step") == ["strategies.pair.agents.1.step"]
    assert find_places(data, "budget") == ["budget"]
    assert find_places(data, "nobody.step") == ["nobody.step"]
    settings = (("random.step", 1), ("axes.step", 2))
    assert sweep_suffix(data, "alone", settings) == "[random.step=1]"
    assert sweep_suffix(data, "pair", settings) == "[random.step=1, axes.step=2]"
    with pytest.raises(SpecError, match="start"):
        loads_yaml(text)


def test_landscapes_whose_parameters_differ_are_told_apart_by_these_alone(tmp_path):
    (tmp_path / "f.py").write_text("def train(values):\n    return values['rate']\n")
    listed = [
        "{rate: {low: 0.1, high: 1, log: true}, depth: {value: 3}}",
        "{rate: {low: 0.1, high: 1, log: true}, depth: {value: 4}}",
        "{rate: {low: 0.2, high: 1, log: true}, depth: {value: 4}}",
        "{rate: {low: 0.2, high: 1}, depth: {value: 4}}",
        "{rate: {low: 0.2, high: 1}, seconds: {choices: [a, b]}}",
        "{rate: {low: 0.2, high: 1}, seconds: {choices: [a, c]}}",
    ]
    entries = "".join(f"\n  - {{kind: python, function: f.py:train, parameters: {each}}}" for each in listed)
    text = f"name: t\nseed: 1\nbudget: 9\nlandscapes:{entries}\nstrategies: {{a: {{agents: [random]}}}}"
    (tmp_path / "t.yaml").write_text(text)
    assert make_plan(load(tmp_path / "t.yaml")).landscapes == (
        "train D=1 rate.low=0.1 rate.log=true depth=3",
        "train D=1 rate.low=0.1 rate.log=true depth=4",
        "train D=1 rate.low=0.2 rate.log=true depth=4",
        "train D=1 rate.low=0.2 depth=4",
        "train D=2 parameters.seconds.choices=[a, b]",
        "train D=2 parameters.seconds.choices=[a, c]",
    )


def test_landscapes_that_look_alike_are_told_apart():
    planned = make_plan(
        loads_yaml(TEXT.replace("{kind: sphere, dimension: [2, 3]}", "{kind: ellipsoid, condition: [10, 100]}"))
    )
    assert planned.landscapes == ("ellipsoid D=2 condition=10.0", "ellipsoid D=2 condition=100.0")


def test_concurrency_is_at_most_the_team():
    text = TEXT.replace("budget: 100", "budget: 100\nconcurrency: 2")
    assert {(run.strategy, run.concurrency) for run in runs(text)} == {("alone", 1), ("team", 2)}
    text = text.replace("policy: {lease: 20}", "concurrency: 3")
    assert {(run.strategy, run.concurrency) for run in runs(text)} == {("alone", 1), ("team", 3)}
    assert {(run.strategy, run.concurrency) for run in runs(TEXT)} == {("alone", 1), ("team", 3)}


def test_a_policy_may_say_how_many_leases_it_wants_out_at_once():
    text = TEXT.replace("policy: {lease: 20}", "policy: {kind: party}")
    assert {(run.strategy, run.concurrency) for run in runs(text)} == {("alone", 1), ("team", 1)}
    assert {run.concurrency for run in runs(text.replace("budget: 100", "budget: 100\nconcurrency: 2"))} == {1, 2}


def test_a_precision_becomes_a_target_above_the_known_minimum():
    text = TEXT.replace("kind: sphere", "kind: styblinski-tang") + "stop: {precision: 0.5}"
    for run in runs(text):
        assert run.target == pytest.approx(run.landscape.open().minimum + 0.5)
    stopped = runs(TEXT + "stop: {target: 0.25, seconds: 9}")
    assert {(run.target, run.seconds) for run in stopped} == {(0.25, 9.0)}


def test_costs_are_estimated():
    planned = make_plan(loads_yaml(TEXT))
    assert planned.evaluations == 800
    assert 800 * OVERHEAD_SECONDS <= estimate_seconds(planned) < 1
    assert 0.3 < estimate_results_seconds(planned) < 2
    assert estimate_bytes(planned) > 800 * 24
    words = describe_plan(planned)
    for line in (
        "2 landscapes: sphere D=2, sphere D=3",
        "2 strategies: alone, team",
        "2 repeats, seed 5, executor simulated",
        "runs         8",
        "evaluations  800",
        "in one process, ",
        " of it for the summary and the report",
    ):
        assert line in words


def test_the_estimate_grows_with_the_runs_and_not_faster():
    costs = [
        estimate_results_seconds(make_plan(loads_yaml(TEXT.replace("repeats: 2", f"repeats: {n}"))))
        for n in (2, 202, 402)
    ]
    assert costs[2] - costs[1] == pytest.approx(costs[1] - costs[0])
    assert costs[1] - costs[0] > 200 * 4 * 1e-3
    assert DRAWN_RUNS == MOST_RUN_FIGURES


def test_an_objective_that_hangs_or_fails_holds_up_no_plan(tmp_path):
    (tmp_path / "slow.py").write_text("import time\ndef loss(x):\n    time.sleep(20)\n    return 0.0\n")
    (tmp_path / "bad.py").write_text("def loss(x):\n    return 1 / 0\n")
    data = {
        "name": "slow",
        "budget": 10,
        "landscapes": [{"kind": "python", "function": "slow.py:loss", "bounds": [0, 1]}],
        "strategies": {"alone": {"agents": ["random"]}},
    }
    began = time.perf_counter()
    assert "unknown, because an evaluation takes too long" in describe_plan(
        make_plan(Experiment.from_data(data, str(tmp_path))), timed=True
    )
    data["landscapes"][0]["function"] = "bad.py:loss"
    assert estimate_seconds(make_plan(Experiment.from_data(data, str(tmp_path)))) < 1
    assert time.perf_counter() - began < 60


def test_two_names_for_one_strategy_are_refused():
    twice = TEXT.replace("  team:", "  again: {agents: [random]}\n  team:")
    with pytest.raises(SpecError, match=r"strategies must differ in more than their names, got 'alone' and 'again'"):
        make_plan(loads_yaml(twice))
