"""From the playground's settings to an experiment that equals a handwritten YAML, or to messages."""

import json
import typing

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from searchparty import Experiment
from searchparty.experiments.api import run
from searchparty.experiments.execution.plan import make_plan
from searchparty.experiments.spec import catalogue
from searchparty.experiments.spec.errors import SpecError
from searchparty.experiments.spec.load import loads_yaml
from searchparty.experiments.studio.plays import offer
from searchparty.experiments.studio.plays.limits import LIMITS
from searchparty.experiments.studio.plays.offer import offered_classes
from searchparty.experiments.studio.plays.play import (
    PlaySettings,
    build_play_experiment,
    experiment_data,
    parse_play_settings,
    play_key,
)
from searchparty.landscapes.landscape import Landscape
from searchparty.orchestrator.log.reader import LogReader
from searchparty.orchestrator.log.trace import trace_hash

COMPOSED = {"kind": "composed", "budget": "bandit", "sharing": "broadcast", "radius": "trust-region"}


def experiment(**asked):
    return build_play_experiment(parse_play_settings(asked))


def strategy(**asked):
    return experiment_data(parse_play_settings(asked))["strategies"]["team"]


def problems(**asked):
    with pytest.raises(SpecError, match=" must .*, got ") as error:
        experiment(**asked)
    return list(error.value.problems)


def test_the_usual_settings_are_an_ordinary_experiment():
    planned = make_plan(experiment())
    assert len(planned.runs) == 1
    assert planned.labels[planned.runs[0].id] == "rastrigin D=2"
    assert [name for name, _ in planned.runs[0].team] == ["grid", "gradient-descent", "random-restart"]
    assert experiment().name == "playground"
    assert experiment().executor.kind == "simulated"
    assert strategy()["policy"] == COMPOSED


@pytest.mark.parametrize(
    "asked",
    [
        {"budget": 120, "seed": 7},
        {"budget": 100, "policy": "party", "kinds": ["slsqp", "axes", "random"], "sharing": "none", "lease": 20},
        {"budget": 100, "policy": "exploit-and-explore", "agents": 5, "lease": 7},
        {"budget": 150, "radius": 0.1, "center": [0.25, 0.75], "radius_policy": "shrink", "sharing": "ring"},
        {"budget": 120, "landscape": {"kind": "bbob", "function": 15, "dimension": 3, "instance": 2}},
        {"budget": 90, "landscape": {"kind": "ackley", "dimension": 3, "shift": "random", "rotate": True}, "lease": 9},
    ],
)
def test_the_yaml_gives_the_same_trace_on_the_command_line(asked, tmp_path, command):
    made = experiment(**asked)
    run(made, out=tmp_path / "studio", executor="simulated", report=False)
    (tmp_path / "mine.yaml").write_text(made.to_yaml())
    done = command("run", "mine.yaml", "--out", "mine", "--no-report", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    hashes = []
    for name in ("studio", "mine"):
        with LogReader(tmp_path / name) as reader:
            hashes.append(trace_hash(reader))
    assert hashes[0] == hashes[1]
    assert play_key(experiment_data(parse_play_settings(asked))) == play_key(
        json.loads(json.dumps(loads_yaml(made.to_yaml())._data))
    )


def test_agents_are_dealt_round_robin():
    dealt = [agent["kind"] for agent in strategy(kinds=["random", "grid"], agents=5)["agents"]]
    assert dealt == ["random", "grid", "random", "grid", "random"]
    assert [agent["kind"] for agent in strategy(kinds=["random", "grid"], agents=1)["agents"]] == ["random"]
    names = [name for name, _ in make_plan(experiment(kinds=["random", "grid"], agents=3)).runs[0].team]
    assert names == ["random-1", "grid", "random-2"]


def test_grid_size_and_shrink_are_the_grid_agents():
    (grid,) = strategy(kinds=["grid"], agents=1, grid_size=7, shrink=0.3)["agents"]
    assert grid == {"kind": "grid", "points_per_axis": 7, "shrink": 0.3}
    (grid,) = strategy(kinds=["grid"], agents=1, grid_size=21)["agents"]
    assert grid["max_points"] == 441
    (grid,) = strategy(kinds=["grid"], agents=1, grid_size=21, landscape={"kind": "sphere", "dimension": 20})["agents"]
    assert "max_points" not in grid
    own = {"grid": {"points_per_axis": 3, "max_points": 9}}
    (grid,) = strategy(kinds=["grid"], agents=1, grid_size=21, agent_settings=own)["agents"]
    assert grid == {"kind": "grid", "points_per_axis": 3, "max_points": 9}


def test_shrink_is_the_radius_choices_too():
    assert strategy(radius_policy="shrink", shrink=0.8)["policy"]["radius"] == {"kind": "shrink", "factor": 0.8}


def test_leases_and_sharing_of_each_policy():
    assert strategy(lease=40)["policy"] == COMPOSED | {"lease": 40}
    party = strategy(policy="party", lease=45, sharing="none")["policy"]
    # Ten is the default: 45 evaluations are 23 times the dimension.
    assert party == {"kind": "party", "lease": 23, "sharing": False}
    assert strategy(policy="party")["policy"] == {"kind": "party"}
    assert strategy(policy="exploit-and-explore", lease=5)["policy"] == {"kind": "exploit-and-explore", "lease": 3}


@pytest.mark.parametrize("kind", offered_classes("agent"))
@pytest.mark.parametrize("landscape", [{"kind": "rastrigin", "dimension": 3}, {"kind": "bbob", "function": 8}])
def test_every_agent_works_as_it_comes(kind, landscape, tmp_path):
    made = experiment(kinds=[kind], agents=2, budget=80, landscape=landscape)
    results = run(made, out=tmp_path / "run", report=False)
    assert not results.errors
    assert results.failures.rows() == []
    assert np.isfinite(results.best()[0].loss)


@pytest.mark.parametrize("kind", offered_classes("landscape"))
def test_every_landscape_opens_by_its_kind(kind):
    needed = {"function": 1} if kind == "bbob" else {}
    assert make_plan(experiment(landscape={"kind": kind, **needed})).runs[0].landscape.kind == kind


def test_what_is_offered_is_safe():
    assert not {"python", "command"} & set(offered_classes("landscape"))
    assert set(offered_classes("policy")) == {"composed", "exploit-and-explore", "party"}
    for family in catalogue.FAMILIES:
        for kind, cls in offered_classes(family).items():
            assert ":" not in kind
            assert cls.__module__.startswith("searchparty.")
            # No class has a setting that could name a file, except the members that party names; a plane has one, which
            # may not be given.
            texts = [name for name, field in cls.model_fields.items() if field.annotation is str]
            named = {"party": {"opener", "prober", "planner", "steady", "sprinter"}, "slice": {"plane"}}
            assert set(texts) <= named.get(kind, set())


@pytest.fixture
def with_a_plane(monkeypatch):
    monkeypatch.setattr(offer, "NEEDED", ())


@pytest.mark.usefixtures("with_a_plane")
def test_one_plane_is_offered_and_no_other():
    assert experiment_data(PlaySettings(landscape={"kind": "slice"}))["landscapes"] == [
        {"kind": "slice", "plane": "digits"}
    ]
    for others in (
        {"plane": "/etc/passwd"},
        {"plane": "digits", "of": {"kind": "python", "function": "mine.py:loss", "bounds": [[0, 1]]}},
        {"of": {"kind": "command", "command": ["touch", "marker"]}},
        {"base": "/"},
    ):
        with pytest.raises(SpecError, match="landscape must be .* or its kind alone, got"):
            experiment_data(PlaySettings(landscape={"kind": "slice", **others}))


def test_no_plane_is_offered_without_its_packages(monkeypatch):
    monkeypatch.setattr(offer, "NEEDED", ("no_such_package",))
    assert "slice" not in offered_classes("landscape")


def test_a_plugin_is_not_offered(monkeypatch):
    class Mine(Landscape):
        kind: typing.Literal["mine"] = "mine"
        pictured: typing.ClassVar[bool] = True

    known = catalogue.family_classes("landscape")
    monkeypatch.setattr(
        catalogue, "family_classes", lambda name: {**known, "mine": Mine} if name == "landscape" else {}
    )
    assert "mine" not in offered_classes("landscape")
    assert "sphere" in offered_classes("landscape")


def test_a_broken_plugin_is_told_in_words(monkeypatch):
    def broken(name):
        raise catalogue.CatalogueError("plugin must be a module that imports, got x. Fix it.")

    monkeypatch.setattr(catalogue, "family_classes", broken)
    assert problems() == ["plugin must be a module that imports, got x. Fix it."]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"landscape": {"kind": "python", "function": "os:getcwd"}}, r"landscape\.kind must be a kind"),
        ({"landscape": {"kind": "command", "command": ["true"]}}, r"landscape\.kind must .* offers, got 'command'"),
        ({"landscape": {"kind": "evil.py:Mine"}}, r"landscape\.kind must .* got 'evil\.py:Mine'"),
        ({"landscape": {"kind": ["sphere", "ackley"]}}, r"landscape\.kind must .* got \['sphere', 'ackley'\]"),
        ({"landscape": {}}, r"landscape\.kind must .* got nothing\. Known: "),
        ({"landscape": {"kind": "rastrgin"}}, r"Did you mean 'rastrigin'\?"),
        ({"landscape": "sphere"}, r"landscape must be a mapping"),
        ({"landscape": {"kind": "sphere", "dimension": 21}}, r"landscape\.dimension must be 1 to 20, got 21"),
        ({"landscape": {"kind": "sphere", "dimension": [2, 3]}}, r"landscape\.dimension must be a whole number"),
        ({"landscape": {"kind": "sphere", "dimension": "2-9"}}, r"landscape\.dimension must be a whole number"),
        ({"landscape": {"kind": "branin", "dimension": 3}}, r"landscape\.dimension must "),
        ({"landscape": {"kind": "sphere", "colour": 1}}, r"landscape\.colour must be a known setting"),
        ({"landscape": {"kind": "sphere", "instance": 10**9}}, r"landscape\.instance must be at most 10,000"),
        ({"landscape": {"kind": "sphere", "bounds": []}}, r"landscape\.bounds must have one entry per axis \(2\)"),
        ({"landscape": {"kind": "bbob"}}, r"landscape\.function must be given, got nothing"),
        ({"landscape": {"kind": "bbob", "function": 25}}, r"landscape\.function must be at most 24"),
        ({"kinds": []}, r"kinds must have at least 1 entries"),
        ({"kinds": "grid"}, r"kinds must be a list"),
        ({"kinds": ["grid"] * 13}, r"kinds must have at most 12 entries"),
        ({"kinds": ["mine.py:Agent"]}, r"kinds\.0 must be a kind of agent that the playground offers"),
        ({"agents": 0}, r"agents must be at least 1"),
        ({"agents": 13}, r"agents must be at most 12"),
        ({"agents": True}, r"agents must be a whole number, got true"),
        ({"grid_size": 1}, r"grid_size must be at least 2"),
        ({"grid_size": 22}, r"grid_size must be at most 21"),
        ({"shrink": 0.05}, r"shrink must be at least 0\.1"),
        ({"shrink": 0.95}, r"shrink must be at most 0\.9"),
        ({"radius": 0.01}, r"radius must be at least 0\.02"),
        ({"radius": 0.6}, r"radius must be at most 0\.5"),
        ({"center": 1.5}, r"region\.center must lie in the unit cube"),
        ({"center": "here"}, r"center must be a number or a list of number, got 'here'"),
        ({"center": [0.5], "radius": 0.1}, r"region\.center must have one number per axis \(2"),
        ({"center": [0.1, 0.5], "radius": 0.2}, r"region must lie within the unit cube, got center 0\.1 with radius"),
        ({"budget": 9}, r"budget must be at least 10"),
        ({"budget": 20_001}, r"budget must be at most 20000"),
        ({"budget": "500 D"}, r"budget must be a whole number"),
        ({"budget": 10, "agents": 12}, r"budget must be at least \d+, one row for each agent"),
        ({"sharing": "all"}, r"sharing must be a kind of sharing that the playground offers, got 'all'"),
        ({"policy": "mine.py:Policy"}, r"policy must be a kind of policy that the playground offers"),
        ({"budget_policy": "bandits"}, r"budget_policy must .* Did you mean 'bandit'\?"),
        ({"radius_policy": "mine:Radius"}, r"radius_policy must be a kind of radius"),
        ({"lease": 4}, r"lease must be at least 5"),
        ({"lease": 2001}, r"lease must be at most 2000"),
        ({"seed": -1}, r"seed must be at least 0"),
        ({"seed": 2**53}, r"seed must be at most"),
        ({"agent_settings": {"mine.py:A": {}}}, r"agent_settings\.mine\.py:A must be a kind of agent"),
        ({"agent_settings": {"grid": {"size": 3}}}, r"agent_settings\.grid\.size must be a known setting"),
        ({"agent_settings": {"grid": {"count": 3}}}, r"agent_settings\.grid\.count must be a known setting"),
        ({"agent_settings": {"grid": {"kind": "random"}}}, r"agent_settings\.grid\.kind must be one of grid"),
        ({"agent_settings": {"grid": {"max_points": 10_001}}}, r"settings\.grid\.max_points must be at most 10,000"),
        ({"agent_settings": {"random": {"batch": 0}}}, r"agent_settings\.random\.batch must be at least 1"),
        ({"agent_settings": {"grid": 3}}, r"agent_settings\.grid must be a mapping"),
        ({"speed": 3}, r"speed must be a known setting, got 'speed'"),
        ({"stop": {"seconds": 3}}, r"stop must be a known setting"),
    ],
)  # fmt: skip
def test_refusals(asked, words):
    found = problems(**asked)
    assert len(found) == 1
    with pytest.raises(SpecError, match=words):
        experiment(**asked)


@pytest.mark.parametrize("data", [None, [], "settings", 3, {1: 2}])
def test_settings_that_are_no_mapping(data):
    with pytest.raises(SpecError, match=r"must be .*, got .*\. "):
        parse_play_settings(data)


def test_settings_that_are_nested_without_end():
    data = {}
    for _ in range(500):
        data = {"landscape": data}
    with pytest.raises(SpecError, match=r"must be nested at most 50 deep"):
        parse_play_settings(data)


def test_all_problems_are_told_at_once():
    assert len(problems(agents=0, budget=1, radius=2)) == 3
    assert len(problems(landscape={"kind": "x"}, kinds=["y"], policy="z")) == 3


def test_settings_are_frozen_and_closed():
    made = PlaySettings()
    with pytest.raises(ValidationError, match="Instance is frozen"):
        made.budget = 3
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        PlaySettings(speed=3)


def test_same_settings_have_the_same_key():
    def key(**asked):
        return play_key(experiment_data(parse_play_settings(asked)))

    assert key() == key(budget=1500, landscape={"dimension": 2, "kind": "rastrigin", "rotate": False})
    assert key() == key(agent_settings={"cma-es": {"step": 0.2}}) == key(agent_settings={"grid": {}})
    assert len({key(), key(seed=1), key(budget=1501), key(center=0.49, radius=0.4), key(grid_size=6)}) == 5


def test_limits_are_plain_json():
    told = json.loads(json.dumps(LIMITS.model_dump(mode="json")))
    assert told["dimension"] == [1, 20]
    assert told["seconds"] == 20


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(["grid", "random", "sphere", "bbob", "composed", "none", "kind", "1-3", "1e400"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip


def kinds(family):
    return st.sampled_from(sorted(offered_classes(family)))


def settings_of(family):
    """Generate a kind and a few settings of its class, most of them of the right type."""

    def with_fields(kind):
        names = [name for name in offered_classes(family)[kind].model_fields if name != "kind"]
        number = st.integers(1, 30) | st.floats(0, 1) | st.sampled_from([0, -1, 1e300, 1e-300, 10**30])
        value = number | st.booleans() | st.none() | st.lists(st.floats(-1, 2), max_size=3) | anything
        fields = st.dictionaries(st.sampled_from(names), value, max_size=1)
        needed = {"function": 3} if kind == "bbob" else {}
        return fields.map(lambda found: {**needed, **found, "kind": kind})

    return kinds(family).flatmap(with_fields)


def by_kind(found):
    return {each["kind"]: {key: value for key, value in each.items() if key != "kind"} for each in found}


RIGHT = {
    "landscape": settings_of("landscape"),
    "kinds": st.lists(kinds("agent"), min_size=1, max_size=4),
    "agents": st.integers(1, 12),
    "grid_size": st.integers(2, 21),
    "shrink": st.floats(0.1, 0.9),
    "radius": st.floats(0.02, 0.5),
    "center": st.floats(0, 1) | st.lists(st.floats(0, 1), min_size=2, max_size=2) | st.just(0.5),
    "budget": st.integers(100, 20_000),
    "sharing": kinds("sharing"),
    "policy": kinds("policy"),
    "budget_policy": kinds("budget"),
    "radius_policy": kinds("radius"),
    "lease": st.none() | st.integers(5, 2000),
    "seed": st.integers(0, 2**53 - 1),
    "agent_settings": st.lists(settings_of("agent"), max_size=2).map(by_kind),
}
WRONG = st.dictionaries(st.sampled_from([*RIGHT, "other"]), anything, max_size=1)
SENT = st.builds(lambda right, wrong: {**right, **wrong}, st.fixed_dictionaries({}, optional=RIGHT), WRONG)


@given(SENT | anything)
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_settings_make_an_experiment_that_plans_or_messages(data):
    try:
        read = parse_play_settings(data)
        made = build_play_experiment(read)
    except SpecError as error:
        refused = error.problems
    else:
        refused = None
    if refused is not None:
        assert refused
        assert all(problem and "Traceback" not in problem for problem in refused)
        return
    (planned,) = make_plan(made).runs
    assert planned.budget == read.budget
    assert play_key(experiment_data(read)) == play_key(
        experiment_data(parse_play_settings(json.loads(json.dumps(data))))
    )
    assert isinstance(loads_yaml(made.to_yaml()), Experiment)
    assert make_plan(loads_yaml(made.to_yaml())).runs[0].id == planned.id
