"""Experiments from YAML: what they mean, and that they are read back unchanged."""

import jsonschema
import pytest
import yaml

from searchparty.experiments.execution.plan import make_plan
from searchparty.experiments.spec.errors import SpecError
from searchparty.experiments.spec.load import bundled_descriptions, load, loads_yaml
from searchparty.experiments.spec.models import Experiment, RaySettings, SimulatedSettings
from searchparty.experiments.spec.schema import experiment_schema
from searchparty.experiments.spec.sources import bundled_files
from searchparty.experiments.spec.yaml_text import dump_yaml, parse_yaml

SMALL = """\
name: small
budget: 100
landscapes: [{kind: sphere}]
strategies: {alone: {agents: [random]}}
"""


def ids(experiment):
    return [run.id for run in make_plan(experiment).runs]


def test_defaults_say_what_is_left_out():
    experiment = loads_yaml(SMALL)
    assert (experiment.seed, experiment.repeats, experiment.concurrency) == (0, 1, None)
    assert experiment.region.center == experiment.region.radius == 0.5
    assert experiment.executor == RaySettings()
    assert experiment.strategies["alone"].policy.kind == "composed"


@pytest.mark.parametrize(
    ("written", "value"), [("1e3", 1000), ("'1e3'", 1000), ("1_000", 1000), ("0x10", 16), ("250.0", 250)]
)
def test_a_budget_is_a_number_however_it_is_written(written, value):
    assert loads_yaml(SMALL.replace("100", written)).budget == value


@pytest.mark.parametrize("written", ["50 D", "50*D", "50D", "50 * D"])
def test_a_budget_may_grow_with_the_dimension(written):
    experiment = loads_yaml(SMALL.replace("100", written).replace("sphere", "sphere, dimension: [2, 10]"))
    assert experiment.budget == "50 D"
    assert [run.budget for run in make_plan(experiment).runs] == [100, 500]


def test_numbers_are_those_of_yaml_1_2():
    data, _ = parse_yaml("a: 1e-3\nb: no\nc: 1:30\nd: 2001-01-01\ne: yes\nf: 010\ng: .inf\nh: ~\ni: true\nj: 1-3")
    assert data == {
        "a": 1e-3, "b": "no", "c": "1:30", "d": "2001-01-01", "e": "yes", "f": 10, "g": float("inf"), "h": None,
        "i": True, "j": "1-3",
    }  # fmt: skip


def test_anchors_and_merges_are_spelt_out_and_explicit_keys_win():
    data, places = parse_yaml("a: &x {k: 1, l: 2}\nb:\n  <<: *x\n  l: 3\nc: [*x, *x]")
    assert data == {"a": {"k": 1, "l": 2}, "b": {"l": 3, "k": 1}, "c": [{"k": 1, "l": 2}] * 2}
    assert places.name(("b", "l")) == "<text>:4"
    assert places.name(("b", "k")) == "<text>:1"


def test_a_team_may_be_written_short_or_long():
    short = loads_yaml(SMALL)
    long = loads_yaml(SMALL.replace("[random]", "[{kind: random, count: 1}], policy: {kind: composed, budget: equal}"))
    assert ids(short) == ids(long)


def test_choices_are_names_or_mappings():
    text = SMALL.replace(
        "[random]", "[random], policy: {budget: {kind: bandit, floor: 0.5}, radius: shrink, sharing: none}"
    )
    policy = loads_yaml(text).strategies["alone"].policy
    assert (policy.budget.floor, policy.radius.kind, policy.sharing.kind) == (0.5, "shrink", "none")


@pytest.mark.parametrize(
    ("written", "settings"),
    [
        ("ray", RaySettings()),
        ("simulated", SimulatedSettings()),
        ("{kind: ray, address: auto, actors: 3}", RaySettings(address="auto", actors=3)),
        ("{kind: simulated, workers: 2, latency: 0.5}", SimulatedSettings(workers=2, latency=0.5)),
    ],
)
def test_executors(written, settings):
    assert loads_yaml(SMALL + f"executor: {written}\n").executor == settings


def test_another_executor_changes_no_run():
    experiment = loads_yaml(SMALL)
    elsewhere = experiment.with_executor("ray", "host:6379")
    assert elsewhere.executor.address == "host:6379"
    assert ids(elsewhere) == ids(loads_yaml(elsewhere.to_yaml())) == ids(experiment)
    assert experiment.with_executor(None, None) is experiment
    with pytest.raises(SpecError, match=r"address must be used with the executor ray, got 'h'. Add --executor ray."):
        experiment.with_executor("simulated", "h")
    with pytest.raises(
        SpecError, match=r"executor must be ray or simulated, got 'dask'. Did you mean 'ray' or 'simulated'\?"
    ):
        experiment.with_executor("dask")


def test_overrides_change_any_setting(small_yaml):
    experiment = load(
        small_yaml(),
        [
            "budget=77",
            "strategies.party.agents.1.step=0.5",
            "strategies.party.policy.budget.floor=0.4",
            "executor.workers=2",
            "landscapes.0.dimension=[2, 3]",
            "stop.target=1e-3",
        ],
    )
    party = experiment.strategies["party"]
    assert experiment.budget == 77
    assert party.team[1][1].step == 0.5
    assert party.policy.budget.floor == 0.4
    assert experiment.executor.workers == 2
    assert experiment.stop.target == 1e-3
    assert len(experiment.landscapes) == 2
    assert ids(loads_yaml(experiment.to_yaml())) == ids(experiment)


def test_a_function_of_the_users_own_is_found_from_anywhere(tmp_path):
    (tmp_path / "mine.py").write_text("def loss(x):\n    return float(x @ x)\n")
    (tmp_path / "mine.yaml").write_text(
        SMALL.replace("kind: sphere", "kind: python, function: mine.py:loss, bounds: [[0, 1], [0, 2]]")
    )
    experiment = load(tmp_path / "mine.yaml")
    assert experiment.landscapes[0].base == str(tmp_path)
    assert "def loss" in experiment.landscapes[0].source
    elsewhere = tmp_path / "results"
    elsewhere.mkdir()
    (elsewhere / "experiment.yaml").write_text(experiment.to_yaml())
    assert ids(load(elsewhere / "experiment.yaml")) == ids(experiment)


def test_an_agent_of_the_users_own_is_named_by_its_file(tmp_path):
    (tmp_path / "mine.py").write_text(
        "from typing import Literal\n"
        "from searchparty import Agent\n"
        "class Mine(Agent):\n"
        "    kind: Literal['mine'] = 'mine'\n"
        "    step: float = 0.1\n"
    )
    path = tmp_path / "mine.yaml"
    path.write_text(SMALL.replace("[random]", "[{kind: 'mine.py:Mine', step: 0.2, count: 2}]"))
    team = load(path).strategies["alone"].team
    assert [(name, agent.step) for name, agent in team] == [("mine-1", 0.2), ("mine-2", 0.2)]


def test_what_is_dumped_reads_back_the_same():
    data = {"name": "1e3", "a": ["no", "010", "1-3", "", "~", "true", "a: b", "ä\x00\n"], "b": {"c": 1e-7, "d": None}}
    assert parse_yaml(dump_yaml(data))[0] == data


def test_from_data_is_the_same_as_from_yaml():
    data = {
        "name": "small", "budget": 100, "landscapes": [{"kind": "sphere"}],
        "strategies": {"alone": {"agents": ("random",)}},
    }  # fmt: skip
    experiment = Experiment.from_data(data)
    assert ids(experiment) == ids(loads_yaml(SMALL)) == ids(loads_yaml(experiment.to_yaml()))


# Those that need the extra are loaded where it is installed.
BUNDLED = [
    pytest.param(n, marks=pytest.mark.extras if n.startswith(("digits", "wide-start")) else ()) for n in bundled_files()
]


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_experiments_load_and_read_back_the_same(name):
    experiment = load(name)
    assert experiment.name == name
    assert bundled_descriptions()[name]
    assert ids(loads_yaml(experiment.to_yaml())) == ids(experiment)
    assert ids(load(f"{name}.yaml")) == ids(experiment)


def test_the_schema_is_one_and_takes_the_bundled_experiments():
    whole = experiment_schema()
    jsonschema.Draft202012Validator.check_schema(whole)
    validator = jsonschema.Draft202012Validator(whole)
    for path in bundled_files().values():
        assert not list(validator.iter_errors(yaml.safe_load(path.read_text()))), path


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("budget:", "budgt:"),
        ("sphere", "sphre"),
        ("kind: sphere", "kind: sphere, dimension: x"),
        ("agents: [random]", "agents: []"),
        ("[random]", "[{kind: random, batches: 3}]"),
        ("[random]", "[random], policy: {budget: bandt}"),
    ],
)
def test_the_schema_refuses_what_reading_refuses(old, new):
    text = SMALL.replace(old, new)
    validator = jsonschema.Draft202012Validator(experiment_schema())
    assert not list(validator.iter_errors(yaml.safe_load(SMALL)))
    assert list(validator.iter_errors(yaml.safe_load(text)))
    with pytest.raises(SpecError, match="must be"):
        loads_yaml(text)
