"""The keys of a sweep: members of classes in files, keys that set the same, values listed twice, and hints."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchparty.experiments.spec.errors import ProblemList, SourcePositions, SpecError
from searchparty.experiments.spec.load import Experiment, load, load_sweep
from searchparty.experiments.spec.sweep_keys import advise_key, name_by_files

MINE = """\
from typing import Literal

from searchparty import Agent


class Mine(Agent):
    kind: Literal["mine"] = "mine"
    step: float = 0.1

    def search(self, space, lease, rng):
        while True:
            yield rng.random((1, space.dimension))
"""
DATA = {
    "name": "keys", "budget": 30, "landscapes": ["sphere"],
    "strategies": {
        "alone": {"agents": "grid"},
        "team": {"agents": [{"kind": "grid", "name": "scout"}, "grid", {"kind": "random", "count": 2}],
                 "policy": {"lease": 10}},
    },
}  # fmt: skip
SAME = {
    "grid.points_per_axis": ["strategies.alone.agents.points_per_axis", "strategies.team.agents.1.points_per_axis"],
    "scout.points_per_axis": ["strategies.team.agents.0.points_per_axis", "strategies.team.agents.00.points_per_axis"],
    "region.radius": ["region.radius"],
    "strategies.team.policy.lease": ["strategies.team.policy.lease"],
}
"""Keys, and the paths for which they stand, however written."""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def swept(sweep):
    return {**DATA, "sweep": sweep}


@pytest.mark.parametrize("given_kind", ["mine.py:Mine", {"kind": "mine.py:Mine", "count": 2}])
def test_a_member_of_a_class_in_a_file_is_called_as_reports_call_it(folder, given_kind):
    data = {**DATA, "strategies": {"own": {"agents": [given_kind, "grid"]}}}
    found = load_sweep(data, ["mine.step=0.1,0.2"])
    # Readers of results import nothing, so the sweep names the file.
    assert dict(found.sweep) == {"mine.py:Mine.step": (0.1, 0.2)}
    assert list(Experiment.from_data(found.plain_data).sweep) == ["mine.py:Mine.step"]
    assert dict(load({**data, "sweep": {"mine.step": [1, 2]}}).sweep) == {"mine.py:Mine.step": (1, 2)}
    with pytest.raises(SpecError, match=r"must be a known setting, got 'stepp' \(--over mine.stepp=1,2\)"):
        load_sweep(data, ["mine.stepp=1,2"])
    assert advise_key(data, "step", None) == "Write mine.step."


def test_a_file_beside_the_yaml_is_found_and_one_in_a_sandbox_is_not_imported(folder):
    (folder / "deep").mkdir()
    (folder / "mine.py").rename(folder / "deep" / "mine.py")
    text = "{name: k, budget: 9, base: deep, landscapes: [sphere], strategies: {own: {agents: ['mine.py:Mine']}}}"
    (folder / "own.yaml").write_text(text)
    assert list(load_sweep("own.yaml", ["mine.step=1,2"]).sweep) == ["mine.py:Mine.step"]
    entry = {"kind": "absent.py:Mine", "sandbox": {}}
    data = {"strategies": {"own": {"agents": [entry]}}, "sweep": {"mine.step": [1, 2]}}
    assert name_by_files(ProblemList(SourcePositions({})), data) == data["sweep"]
    assert advise_key(data, "mine.step", None) == "Members: absent.py:Mine."


OWN = {"own": {"agents": ["mine.py:Mine"]}, "other": {"agents": ["mine2.py:Mine"]}}


@pytest.mark.parametrize("strategies", [OWN, {"both": {"agents": ["mine.py:Mine", "mine2.py:Mine"]}}])
def test_a_name_that_two_classes_share_is_refused_with_the_name_of_each(folder, strategies):
    (folder / "mine2.py").write_text(MINE)
    data = {**DATA, "strategies": strategies}
    told = (
        r"^sweep\.mine\.step must be a setting of one class, got 'mine\.step', where mine\.py:Mine and mine2\.py:Mine "
        r"are all called mine{}\. Write mine\.py:Mine\.step or mine2\.py:Mine\.step\.$"
    )
    with pytest.raises(SpecError, match=told.format(r" \(--over mine\.step=1,2\)")):
        load_sweep(data, ["mine.step=1,2"])
    with pytest.raises(SpecError, match=told.format("")):
        load({**data, "sweep": {"mine.step": [1, 2]}})
    # Advice can be followed.
    assert advise_key(data, "step", None) == "Write mine.py:Mine.step or mine2.py:Mine.step."
    found = load_sweep(data, ["mine.py:Mine.step=1,2", "mine2.py:Mine.step=3,4"])
    assert dict(found.sweep) == {"mine.py:Mine.step": (1, 2), "mine2.py:Mine.step": (3, 4)}


@pytest.mark.parametrize("keys", [("mine.step", "mine.py:Mine.step"), ("mine.py:Mine.step", "mine.step")])
def test_two_names_of_one_class_in_a_file_are_refused_wherever_they_stand(folder, keys):
    data = {**DATA, "strategies": {"own": {"agents": ["mine.py:Mine"]}}}
    told = (
        f"must set what no other key sets, got {keys[1]!r} and {keys[0]!r}, which both set strategies.own.agents.0.step"
    )
    with pytest.raises(SpecError, match=rf"{re.escape(told)}\. Leave one of them out\.$"):
        load({**data, "sweep": {keys[0]: [1, 2], keys[1]: [3, 4]}})
    with pytest.raises(SpecError, match=rf"{re.escape(told)} \(--over {keys[1]}=3,4\)\. Leave one of them out\.$"):
        load_sweep(data, [f"{keys[0]}=1,2", f"{keys[1]}=3,4"])
    # One on the command line replaces one in the YAML.
    found = load_sweep({**data, "sweep": {keys[0]: [1, 2]}}, [f"{keys[1]}=3,4"])
    assert dict(found.sweep) == {"mine.py:Mine.step": (3, 4)}


@given(st.data())
def test_two_keys_for_one_setting_are_refused_whatever_they_are_called(data):
    key = data.draw(st.sampled_from(sorted(SAME)))
    path = data.draw(st.sampled_from(SAME[key]))
    other = data.draw(st.sampled_from(sorted(set(SAME) - {key})))
    # Two names of one and the same; a third key does no harm.
    keys = data.draw(st.permutations([key, path, other]))
    sweep = dict.fromkeys(keys, [0.2, 0.4] if "radius" in key else [3, 5])
    sweep[other] = [0.2, 0.4] if "radius" in other else [3, 5]
    sweep[key] = sweep[path] = [0.2, 0.4] if "radius" in key else [3, 5]
    if path == key:
        assert len(load(swept(sweep)).sweep) == 2
    else:
        with pytest.raises(SpecError, match=r"must set what no other key sets, got .* which both set strategies\."):
            load(swept(sweep))


def test_a_key_of_the_command_line_replaces_what_the_yaml_sweeps():
    full, rest = "strategies.alone.agents.points_per_axis", {"budget": [20, 30]}
    data = swept({full: [3, 5]} | rest)
    other = "strategies.team.agents.1.points_per_axis"
    assert dict(load_sweep(data, ["grid.points_per_axis=4,6"]).sweep) == {
        "budget": (20, 30), "grid.points_per_axis": (4, 6),
    }  # fmt: skip
    assert dict(load_sweep(data, ["budget=40,50"]).sweep) == {full: (3, 5), "budget": (40, 50)}
    with pytest.raises(SpecError, match="which both set strategies"):
        load_sweep(swept({"grid.points_per_axis": [3, 5]}), [f"{other}=4,6"])


def test_a_key_that_overwrites_what_another_sets_comes_first():
    inner, outer = {"strategies.team.policy.lease": [5, 10]}, {"strategies.team.policy": [{"budget": "equal"}, {}]}
    with pytest.raises(SpecError, match=r"after 'strategies\.team\.policy\.lease', which it overwrites\. Put 'str"):
        load(swept(inner | outer))
    assert len(load(swept(outer | inner)).sweep) == 2


def test_a_key_of_the_command_line_replaces_what_the_yaml_sweeps_within_it():
    data = swept({"strategies.team.policy.lease": [5, 10], "budget": [20, 30]})
    found = load_sweep(data, ["strategies.team.policy=composed,{lease: 7}"])
    assert dict(found.sweep) == {"budget": (20, 30), "strategies.team.policy": ("composed", {"lease": 7})}
    # What sets something elsewhere as well stays, and its values are put into those of the command line.
    strategies = DATA["strategies"] | {"alone": {"agents": ["grid"]}}
    data = {**DATA, "strategies": strategies, "sweep": {"grid.points_per_axis": [3, 5]}}
    found = load_sweep(data, ["strategies.alone.agents=[grid],[grid, random]"])
    assert list(found.sweep) == ["strategies.alone.agents", "grid.points_per_axis"]
    assert found.sweep["grid.points_per_axis"] == (3, 5)
    # And a key of the command line for something within what the YAML sweeps comes after it.
    data = swept({"strategies.team.policy": [{"budget": "equal"}, {}]})
    found = load_sweep(data, ["strategies.team.policy.lease=3,4"])
    assert list(found.sweep) == ["strategies.team.policy", "strategies.team.policy.lease"]


@given(st.lists(st.integers(1, 4), min_size=1, max_size=6))
def test_values_are_listed_once(values):
    sweep = swept({"strategies.team.policy.lease": values})
    if len(set(values)) == len(values):
        assert load(sweep).sweep["strategies.team.policy.lease"] == tuple(values)
    else:
        with pytest.raises(SpecError, match=r"sweep\..*lease must list each value once, got \d twice\. Leave one out"):
            load(sweep)


def test_equal_numbers_are_one_value_and_true_is_no_number():
    with pytest.raises(SpecError, match=r"must list each value once, got 30\.0 twice"):
        load(swept({"budget": [30, 30.0]}))
    with pytest.raises(SpecError, match="must be a whole number"):
        load(swept({"strategies.team.policy.lease": [1, True]}))


@pytest.mark.parametrize(
    ("key", "advice"),
    [
        ("policy", "Write strategies.alone.policy or strategies.team.policy."),
        ("policy.budget", "Write strategies.alone.policy.budget or strategies.team.policy.budget."),
        ("agents.0.points_per_axis", "Write strategies.alone.agents.0.points_per_axis or strategies.team.agents"),
        ("precision", "Write stop.precision."),
        ("points_per_axis", "Write grid.points_per_axis or scout.points_per_axis."),
        ("random", "Name a setting of random: random.SETTING."),
        ("random-1.step", "Did you mean 'random'? Members: grid, scout, random."),
        ("budgt", "Did you mean 'budget'? Members: grid, scout, random."),
        ("kind", "Members: grid, scout, random."),
    ],
)
def test_what_is_meant_by_an_unknown_key(key, advice):
    assert advise_key(DATA, key, None).startswith(advice)
    with pytest.raises(SpecError, match="must begin with a key of the YAML or the name of a member"):
        load(swept({key: [1, 2]}))


@pytest.mark.parametrize("strategies", [None, {}, {"a": None}, {"a": {"agents": []}}, {"a": {"agents": [{}]}}])
def test_an_unknown_key_without_members_has_a_cure(strategies):
    cure = r"\(--over shrink=1,2\)\. Write the path of a setting, such as region\.radius\.$"
    with pytest.raises(SpecError, match=cure):
        load_sweep({**DATA, "strategies": strategies}, ["shrink=1,2"])


@given(st.text(max_size=12), st.lists(st.integers(1, 3) | st.text(max_size=3) | st.none(), max_size=3))
def test_no_key_and_no_list_of_values_breaks_the_reader(key, values):
    problems = ()
    try:
        load(swept({key: values}))
    except SpecError as error:
        problems = error.problems
    assert all(" must " in problem for problem in problems)


@given(
    st.text(max_size=20)
    | st.builds(
        "{}={}".format, st.sampled_from([*SAME, "policy.lease", "grid", "grid.", ".grid"]), st.text(max_size=12)
    )
)
def test_no_text_after_over_breaks_the_reader(text):
    problems = ()
    try:
        load_sweep(DATA, [text])
    except SpecError as error:
        problems = error.problems
    assert all(" must " in problem for problem in problems)
