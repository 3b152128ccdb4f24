"""A sample of ``make fuzz``: mutated YAMLs and random experiments, at the same numbers each time."""

import numpy as np
import pytest
from judges import Fault, judge_experiment, judge_file, judge_item, judge_yaml, prepare_user_files
from limited import work_items
from misbehaving import sleep_or_die
from mutated_yamls import mutate_yaml, read_originals
from random_experiments import NEED_EXTRAS, draw_experiment, make_experiment

from searchparty.experiments.spec import catalogue

SEED = 1
SAMPLE_YAMLS, SAMPLE_EXPERIMENTS = 50, 14
"""As many experiments as there are kinds of agents and one more: every kind leads a team."""
MORE_YAMLS, MORE_EXPERIMENTS, MORE_ON_RAY = 350, 30, 4


def judge_all(judge, numbers, folder):
    """Judge the inputs of some numbers. Returns what came of each, by number, with the faults in full."""
    found = {}
    for number in numbers:
        try:
            found[number] = judge(SEED, number, folder)
        except Fault as fault:
            found[number] = f"python tests/fuzz/fuzz.py --seed {SEED} --one {judge.__name__[6:]} {number}: {fault}"
    return found


def test_mutated_yamls_are_accepted_or_refused_in_words(tmp_path):
    found = judge_all(judge_yaml, range(SAMPLE_YAMLS), tmp_path)
    assert [fault for fault in found.values() if fault not in ("accepted", "refused")] == []
    assert {"accepted", "refused"} == set(found.values())


def test_random_experiments_end_and_are_reproduced(tmp_path):
    found = judge_all(judge_experiment, range(SAMPLE_EXPERIMENTS), tmp_path)
    assert [fault for fault in found.values() if fault != "finished"] == []


@pytest.mark.extras
@pytest.mark.timeout(1800)
def test_more_inputs_within_their_time(tmp_path):
    items = [("yaml", SEED, SAMPLE_YAMLS + number) for number in range(MORE_YAMLS)]
    items += [("experiment", SEED, SAMPLE_EXPERIMENTS + number) for number in range(MORE_EXPERIMENTS)]
    outcomes = list(work_items(judge_item, items, seconds=300, processes=2))
    assert [(outcome.item, outcome.fault) for outcome in outcomes if outcome.fault] == []
    assert len(outcomes) == len(items)


@pytest.mark.extras
@pytest.mark.ray
@pytest.mark.parametrize("first", [0, 10, 20], ids=["packed", "spread", "auto"])
def test_random_experiments_have_equal_traces_on_ray(local_ray, tmp_path, first):
    assert judge_item(("ray", SEED, list(range(first, first + MORE_ON_RAY))), tmp_path) == "equal"


def test_an_input_is_known_by_its_seed_and_number():
    assert [mutate_yaml(3, number) for number in range(40)] == [mutate_yaml(3, number) for number in range(40)]
    assert make_experiment(3, 4)[0] == make_experiment(3, 4)[0]
    assert len({mutate_yaml(3, number) for number in range(40)} | {mutate_yaml(4, 0)}) == 41


def test_every_kind_is_drawn():
    drawn = [draw_experiment(np.random.default_rng([SEED, number]), number) for number in range(1000)]
    strategies = [strategy for data in drawn for strategy in data["strategies"].values()]
    policies = [strategy.get("policy", {}) for strategy in strategies]
    found = {
        "landscape": {landscape["kind"] for data in drawn for landscape in data["landscapes"]},
        "agent": {member["kind"] for strategy in strategies for member in strategy["agents"]},
        "policy": {policy["kind"] for policy in policies if policy},
    }
    for choice in catalogue.POLICY_CHOICES:
        # The policy party has a setting that is named as a choice.
        found[choice] = {each[choice]["kind"] for each in policies if isinstance(each.get(choice), dict)}
    for family, kinds in found.items():
        assert kinds == set(catalogue.family_classes(family)) - {"command", "python", "table", *NEED_EXTRAS}, family


@pytest.mark.parametrize("text", read_originals()[:10])
def test_what_is_mutated_is_accepted_as_it_stands(tmp_path, text):
    prepare_user_files(tmp_path)
    (tmp_path / "fuzz.yaml").write_text(text, encoding="utf-8")
    assert judge_file(tmp_path / "fuzz.yaml") == "accepted"


def test_what_hangs_dies_or_raises_is_a_fault_and_the_rest_is_worked(tmp_path, monkeypatch):
    items = ["one", "hang", "two", "die", "three", "raise", "four"]
    found = {each.item: (each.result, each.fault) for each in work_items(sleep_or_die, items, 10, processes=2)}
    assert {name: found.pop(name) for name in ("one", "two", "three", "four")} == {
        name: (name, "") for name in ("one", "two", "three", "four")
    }
    assert found["hang"] == (None, "it did not end in its time")
    assert found["die"] == (None, "its process ended with exit code 7")
    assert "ValueError: bad" in found["raise"][1]
