"""Experiments from mappings, keys of the user's own, lists of --set as sweeps, and what is quoted of refused texts."""

import copy

import jsonschema
import pytest

from searchparty import load, run
from searchparty.experiments.execution.plan import make_plan
from searchparty.experiments.minimization.team import build_part
from searchparty.experiments.spec.errors import SpecError
from searchparty.experiments.spec.load import loads_yaml
from searchparty.experiments.spec.schema import experiment_schema
from searchparty.landscapes.landscape import MOST_QUOTED, shorten_quotes
from searchparty.orchestrator.policies.policy import Policy

SMALL = {
    "name": "a",
    "budget": 90,
    "landscapes": [{"kind": "sphere"}],
    "strategies": {"a": {"agents": [{"kind": "grid"}, "pattern-search"], "policy": {"budget": "equal"}}},
    "executor": "simulated",
}


def test_a_mapping_is_an_experiment(tmp_path):
    before = copy.deepcopy(SMALL)
    experiment = load(SMALL)
    assert [run.id for run in make_plan(experiment).runs] == [
        run.id for run in make_plan(loads_yaml(experiment.to_yaml())).runs
    ]
    results = run(SMALL, out=tmp_path / "r", overrides=["budget=30"], report=False)
    assert [each.budget for each in results.runs] == [30]
    assert before == SMALL
    with pytest.raises(SpecError, match="bugdet must be a known setting"):
        load({**SMALL, "bugdet": 3})
    with pytest.raises(SpecError, match="key must be text, got 3"):
        load({3: 4})


def test_top_level_keys_that_begin_with_x_are_the_users_own():
    text = (
        "x-grid: &grid {kind: grid, points_per_axis: 3}\nx-: 1\nname: a\nbudget: 50\nlandscapes: [sphere]\n"
        "strategies:\n  one: {agents: [*grid]}\n  two: {agents: [{<<: *grid, name: g}, random]}\n"
    )
    experiment = loads_yaml(text)
    assert [agent.points_per_axis for _, agent in experiment.strategies["one"].team] == [3]
    plain = loads_yaml(
        "name: a\nbudget: 50\nlandscapes: [sphere]\nstrategies:\n  one: {agents: [{kind: grid, points_per_axis: 3}]}\n"
        "  two: {agents: [{kind: grid, points_per_axis: 3, name: g}, random]}\n"
    )
    assert [run.id for run in make_plan(experiment).runs] == [run.id for run in make_plan(plain).runs]
    assert "x-" not in experiment.to_yaml()
    jsonschema.validate({**SMALL, "x-note": [1, {"a": None}]}, experiment_schema())
    with pytest.raises(SpecError, match="x_note must be a known setting"):
        load({**SMALL, "x_note": 1})
    with pytest.raises(SpecError, match=r"strategies.a.x-note must be a known setting"):
        load({**SMALL, "strategies": {"a": {"agents": ["random"], "x-note": 1}}})


@pytest.mark.parametrize(
    ("override", "strategies"),
    [
        ("strategies.a.agents.1.step=[0.05,0.1]", ["a[step=0.05]", "a[step=0.1]"]),
        ("budget=[50,100]", ["a[budget=50]", "a[budget=100]"]),
        ("seed=[1,2]", ["a[seed=1]", "a[seed=2]"]),
        ("strategies.a.policy=[party,composed]", ["a[policy=party]", "a[policy=composed]"]),
        ("strategies.a.policy.budget=[equal,bandit]", ["a[budget=equal]", "a[budget=bandit]"]),
        ("strategies.a.policy.budget.kind=[equal,bandit]", ["a[kind=equal]", "a[kind=bandit]"]),
        ("strategies.a.policy.lease=[10]", ["a[lease=10]"]),
        ("strategies.a.agents.0=[random,grid]", ["a[0=random]", "a[0=grid]"]),
        ("strategies.a.agents.0.count=[1,2]", ["a[count=1]", "a[count=2]"]),
        ("strategies.a.concurrency=[1,2]", ["a[concurrency=1]", "a[concurrency=2]"]),
        ("region.radius=[0.4,0.5]", ["a[radius=0.4]", "a[radius=0.5]"]),
        ("stop.precision=[0.1,0.2]", ["a[precision=0.1]", "a[precision=0.2]"]),
        # These take a list themselves.
        ("strategies.a.agents=[random]", ["a"]),
        ("landscapes.0.dimension=[2,3]", ["a", "a"]),
        ("landscapes=[sphere,rastrigin]", ["a", "a"]),
    ],
)
def test_a_list_for_a_setting_that_takes_none_is_a_sweep(override, strategies):
    assert [run.strategy for run in make_plan(load(SMALL, [override])).runs] == strategies


def test_sweeps_of_set_multiply_and_replace_those_of_the_file():
    both = load(SMALL, ["budget=[50,100]", "strategies.a.agents.1.step=[0.05,0.1]"])
    assert len(make_plan(both).runs) == 4
    swept = {**SMALL, "sweep": {"budget": [1000, 2000, 3000]}}
    assert load(swept, ["budget=[50,100]"]).sweep == {"budget": (50, 100)}


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("repeats=[1,2]", "repeats must be a whole number, got"),
        ("budget=[]", "sweep.budget must be a list of at least one value"),
        ("strategies.a.agents.1.setp=[1,2]", "Did you mean 'step'"),
        ("strategies.a.agents.7.step=[1,2]", "be the path of a setting"),
        ("strategies.a.agents.1.step=[0.05,-1]", r"strategies.a.agents.1.step must be .*\(--set strategies.a.agents.1"),
    ],
)
def test_lists_of_set_that_cannot_be_swept_are_refused(override, message):
    with pytest.raises(SpecError, match=message):
        load(SMALL, [override])


PLACES = [
    ("executor",), ("executor", "kind"), ("landscapes",), ("landscapes", 0), ("landscapes", 0, "kind"), ("budget",),
    ("strategies", "a"), ("strategies", "a", "agents"), ("strategies", "a", "agents", 0), ("strategies",),
    ("strategies", "a", "agents", 0, "kind"), ("strategies", "a", "policy"), ("strategies", "a", "policy", "kind"),
    ("strategies", "a", "policy", "budget"), ("strategies", "a", "policy", "budget", "kind"), ("sweep",), ("name",),
    ("seed",), ("stop",), ("stop", "target"), ("evaluation",), ("evaluation", "workers"), ("region", "center"),
    ("base",), ("files",), ("description",), ("concurrency",), ("repeats",),
]  # fmt: skip


@pytest.mark.parametrize("place", PLACES, ids=lambda place: ".".join(map(str, place)))
@pytest.mark.parametrize("value", [{"a": 1}, [{"a": [1]}], [[]], {"kind": {"a": 1}}, [], None, True, 1e308, "k" * 5000,
                                   {"k" * 5000: "v" * 5000}, "it's \"so\" " * 500])  # fmt: skip
def test_any_value_anywhere_is_taken_or_refused_in_a_few_words(place, value):
    data = copy.deepcopy(SMALL)
    data["strategies"]["a"]["agents"][1] = {"kind": "random"}
    inner = data
    for key in place[:-1]:
        if isinstance(inner, dict) and not isinstance(inner.get(key), dict | list):
            inner[key] = {"kind": inner[key]} if key in inner else {}
        inner = inner[key]
    inner[place[-1]] = value
    try:
        load(data)
    except SpecError as error:
        for problem in error.problems:
            assert max(map(len, problem.split("'"))) <= 2 * MOST_QUOTED + 400
            assert ("k" * 201) not in problem
            assert ("v" * 201) not in problem


def test_only_the_users_text_is_cut():
    message = "name must be short, got 'x'. " + "Known words follow. " * 40
    assert shorten_quotes(message) == message
    for mark, other in ("'\"", "\"'"):
        quoted = f"name must be short, got {mark}{'long ' * 100}{other}{mark}. Don't, it's long. Change it."
        short = shorten_quotes(quoted)
        assert len(short) < 270
        assert short.endswith(". Don't, it's long. Change it.")
        assert shorten_quotes(short) == short


def test_a_wrong_setting_of_a_part_is_told_without_pydantics_prefix():
    with pytest.raises(ValueError, match="^policy.budget must be one of") as refused:
        build_part("policy", ("policy",), Policy, {"kind": "composed", "budget": "no"})
    assert "Value error" not in str(refused.value)
