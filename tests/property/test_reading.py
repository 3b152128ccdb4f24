"""Reading any file gives an experiment or a SpecError; what is read is written back unchanged."""

import string
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st
from tries import tries

from searchparty.experiments.execution.plan import make_plan
from searchparty.experiments.spec.errors import SpecError
from searchparty.experiments.spec.load import load, loads_yaml
from searchparty.experiments.spec.models import Experiment
from searchparty.experiments.spec.yaml_text import dump_yaml, parse_yaml

QUICK = tries(100)
WORDS = ["grid", "1-3", "random", "sphere", "5 D", "none", "composed", "bandit", "1e3", "mine.py:f"]
KEYS = [
    *("name", "seed", "repeats", "budget", "concurrency", "region", "landscapes", "strategies", "executor", "stop"),
    *("sweep", "base", "description", "x"),
]
PATHS = [
    *("budget", "region.center", "landscapes.0", "landscapes.0.dimension", "strategies.alone.agents", "executor"),
    *("strategies.alone.agents.0.kind", "strategies.alone.policy", "strategies.alone.policy.budget", "stop"),
    *("stop.target", "sweep", "name", "seed"),
]
VISIBLE = string.printable[:94]

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12)
    | st.sampled_from(WORDS)
)  # fmt: skip
data = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
names = st.text(alphabet=VISIBLE, min_size=1, max_size=10).filter(str.strip)


def ends_well(work):
    with suppress(SpecError):
        work()


@QUICK
@given(st.text(max_size=200) | st.text(alphabet="ab:-[]{}&*!|>%@`'\"#,?~<=\n \t01.", max_size=80))
def test_any_text(text):
    ends_well(lambda: loads_yaml(text))


@QUICK
@given(raw=st.binary(max_size=200))
def test_any_bytes(tmp_path_factory, raw):
    path = tmp_path_factory.getbasetemp() / "bytes.yaml"
    path.write_bytes(raw)
    ends_well(lambda: load(path))


@QUICK
@given(st.text(max_size=30))
def test_any_name(name):
    ends_well(lambda: load(name))


@QUICK
@given(st.dictionaries(st.sampled_from(KEYS), data, max_size=6))
def test_any_settings(found):
    ends_well(lambda: Experiment.from_data(found))
    ends_well(lambda: loads_yaml(dump_yaml(found)))


@QUICK
@given(st.sampled_from(PATHS), data)
def test_any_value_of_any_setting(key, value):
    whole = {
        "name": "small",
        "budget": 50,
        "landscapes": [{"kind": "sphere"}],
        "strategies": {"alone": {"agents": [{"kind": "random"}]}},
    }
    *parents, last = key.split(".")
    place = whole
    for part in parents:
        place = place[int(part)] if isinstance(place, list) else place.setdefault(part, {})
    place[int(last) if isinstance(place, list) else last] = value
    ends_well(lambda: Experiment.from_data(whole))


@QUICK
@given(st.text(alphabet=string.ascii_lowercase + ".0123456789", max_size=30), st.text(max_size=10))
def test_any_override(key, value):
    text = "name: a\nbudget: 50\nlandscapes: [{kind: sphere}]\nstrategies: {a: {agents: [random]}}\n"
    ends_well(lambda: loads_yaml(text, [f"{key}={value}"]))


@QUICK
@given(st.dictionaries(st.text(max_size=8), data, min_size=1, max_size=4))
def test_what_is_dumped_reads_back_the_same(found):
    assert parse_yaml(dump_yaml(found))[0] == found


landscape = st.fixed_dictionaries(
    {"kind": st.sampled_from(["sphere", "ackley", ["sphere", "levy"]])},
    optional={"dimension": st.integers(1, 5) | st.lists(st.integers(1, 5), min_size=1, max_size=3)},
)
strategy = st.fixed_dictionaries(
    {"agents": st.lists(st.sampled_from(["grid", "random", {"kind": "grid", "count": 2}]), min_size=1, max_size=3)},
    optional={"policy": st.sampled_from(["composed", {"budget": "bandit"}, {"sharing": "ring"}])},
)


def distinct(strategies):
    """Return the same strategies with different lease lengths: two names for one strategy are refused."""
    policies = [s.get("policy", {}) if s.get("policy") != "composed" else {} for s in strategies.values()]
    named = zip(strategies.items(), policies, strict=True)
    return {name: {**s, "policy": {**policy, "lease": 20 + i}} for i, ((name, s), policy) in enumerate(named)}


experiments = st.fixed_dictionaries(
    {
        "name": names,
        "budget": st.integers(50, 10**6) | st.integers(50, 1000).map("{} D".format),
        "landscapes": st.lists(landscape, min_size=1, max_size=2),
        "strategies": st.dictionaries(names, strategy, min_size=1, max_size=2).map(distinct),
    },
    optional={
        "seed": st.integers(0, 2**62),
        "repeats": st.integers(1, 3),
        "region": st.fixed_dictionaries({"radius": st.floats(1e-6, 0.5)}),
        "stop": st.fixed_dictionaries({"target": st.floats(allow_nan=False, allow_infinity=False)}),
        "sweep": st.fixed_dictionaries({"seed": st.lists(st.integers(0, 9), min_size=1, max_size=3, unique=True)}),
    },
)


@tries(60)
@given(experiments)
def test_an_experiment_written_and_read_has_the_same_runs(found):
    experiment = Experiment.from_data(found)
    again = loads_yaml(experiment.to_yaml())
    assert [run.settings for run in make_plan(again).runs] == [run.settings for run in make_plan(experiment).runs]
    assert [run.strategy for run in make_plan(again).runs] == [run.strategy for run in make_plan(experiment).runs]
    assert again.to_yaml() == experiment.to_yaml()
