"""The run that others evaluate: the same points as ``minimize``, from any thread, and after a copy."""

import importlib
import math
import pickle
import sys
import threading
import warnings

import numpy as np
import pytest
from usable_kinds import mark_kind

import searchparty
from searchparty.experiments.adapters.ask_tell import AskTell, KnownSetting
from searchparty.experiments.spec import catalogue

MIXED = {
    "rate": {"low": 1e-5, "high": 0.1, "log": True},
    "depth": {"low": 2, "high": 8, "integer": True},
    "kernel": {"choices": ["poly", "rbf"]},
    "scale": {"low": -1.0, "high": 3.0},
    "momentum": 0.9,
}
BEST = {"rate": 0.01, "depth": 4, "kernel": "rbf", "scale": 0.5, "momentum": 0.9}


def loss(setting):
    far = abs(math.log10(setting["rate"]) + 2) + abs(setting["scale"] - 0.5)
    return far + abs(setting["depth"] - 4) + (setting["kernel"] != "rbf")


def work(search, objective=loss, most=10_000):
    """Evaluate what a search suggests, and return the settings."""
    found = []
    while len(found) < most and (asked := search.ask()) is not None:
        found.append(asked.setting)
        search.tell(asked.number, objective(asked.setting))
    return found


def extend_by_five(found, search):
    found += work(search, most=5)


@pytest.mark.parametrize("kind", [None, *(mark_kind(kind, kind, kind) for kind in sorted(catalogue.agent_classes()))])
def test_the_points_are_those_of_minimize(kind):
    team, seen = kind and [kind], []
    # The one thinks longer for each further point. The search of the other ends after 27, and where the next one starts
    # is drawn by the id of the run, which is another one here.
    budget = {"gaussian-process": 30, "sgd": 27}.get(kind, 80)

    def record(setting):
        seen.append(dict(setting))
        return loss(setting)

    with warnings.catch_warnings():
        # Some agents refuse this space.
        warnings.simplefilter("ignore", searchparty.SearchpartyWarning)
        result = searchparty.minimize(record, parameters=MIXED, budget=budget, team=team, seed=5)
    search = AskTell(MIXED, budget=budget, team=team, seed=5, continues=False)
    assert work(search) == seen
    assert search.ended == result.message.split(";")[0]
    if seen:
        assert (search.best.setting, search.best.loss) == (result.params, result.fun)


def test_a_policy_and_a_team_are_taken():
    policy = {"kind": "composed", "sharing": "broadcast"}
    found = work(AskTell(MIXED, budget=60, team={"a": "random", "b": "grid"}, policy=policy, seed=1, continues=False))
    assert 0 < len(found) <= 60


def test_a_copy_and_another_thread_go_on_where_it_was():
    """In the first run, over its end, and in the one that follows it."""
    wanted = work(AskTell(MIXED, budget=20, seed=2), most=27)
    got = []
    search = AskTell(MIXED, budget=20, seed=2)
    while len(got) < 27:
        got += work(search, most=7)
        thread = threading.Thread(target=extend_by_five, args=(got, search))
        thread.start()
        thread.join()
        search = pickle.loads(pickle.dumps(search))
    assert got[:27] == wanted


def test_a_copy_within_a_proposal_keeps_what_was_told():
    search = AskTell(MIXED, team=[{"kind": "random", "batch": 4}], policy="composed", seed=1)
    first, second = search.ask(), search.ask()
    search.tell(second.number, 2.0)
    copy = pickle.loads(pickle.dumps(search))
    assert copy.open_numbers == [first.number]
    assert copy.ask() == search.ask()
    copy.tell(first.number, 1.0)
    assert copy.best.loss == 1.0


def test_a_proposal_is_handed_out_at_once_and_told_in_any_order():
    search = AskTell(MIXED, team=[{"kind": "random", "batch": 4}], policy="composed", seed=1)
    asked = search.ask_all()
    assert [each.number for each in asked] == [0, 1, 2, 3]
    assert search.is_waiting
    assert search.ask() is None
    for each in reversed(asked):
        search.tell(each.number, loss(each.setting))
    assert [each.number for each in search.ask_all()] == [4, 5, 6, 7]


@pytest.mark.parametrize("bad", [None, math.nan, math.inf, -math.inf])
def test_a_failure_is_never_the_best(bad):
    search = AskTell({"x": {"low": 0.0, "high": 1.0}}, budget=30, seed=1, continues=False)
    found = work(search, lambda setting: bad if setting["x"] < 0.5 else setting["x"])
    assert len(found) == 30
    assert 0.5 <= search.best.setting["x"] < 0.6


def test_all_failures_end_with_the_budget():
    search = AskTell(MIXED, budget=25, seed=1, continues=False)
    assert len(work(search, lambda setting: None)) == 25
    assert search.best is None


def test_a_start_whose_loss_is_known_is_not_asked():
    search = AskTell(MIXED, budget=40, seed=1, start=KnownSetting(BEST, 0.25), continues=False)
    found = work(search, lambda setting: 1.0)
    assert BEST not in found
    assert len(found) == 39
    assert search.best.loss == 0.25


def test_a_start_without_a_loss_is_asked_first():
    search = AskTell(MIXED, budget=40, seed=1, start=KnownSetting(BEST))
    assert search.ask().setting == pytest.approx(BEST)


def test_a_run_that_is_over_is_followed_by_one_at_the_best_setting():
    space = {"x": {"low": -1.0, "high": 1.0}, "y": {"low": -1.0, "high": 1.0}}
    search = AskTell(space, budget=30, seed=1, team=["slsqp"])
    work(search, lambda setting: setting["x"] ** 2 + setting["y"] ** 2, most=30)
    search.note({"x": 0.25, "y": -0.625}, -1.0)
    found = work(search, lambda setting: 9.0, most=3)
    assert [setting["x"] for setting in found] == pytest.approx([0.25] * 3, abs=1e-5)
    assert [setting["y"] for setting in found] == pytest.approx([-0.625] * 3, abs=1e-5)
    assert search.ended == ""


def test_few_settings_are_each_asked_once():
    search = AskTell({"x": {"low": 0, "high": 4, "integer": True}}, seed=1, continues=False)
    found = work(search, lambda setting: setting["x"])
    assert sorted(setting["x"] for setting in found) == [0, 1, 2, 3, 4]
    assert "nothing new" in search.ended


def test_what_is_given_up_has_failed():
    search = AskTell(MIXED, budget=40, seed=1)
    number = search.ask().number
    search.give_up()
    assert search.ask() is not None
    with pytest.raises(ValueError, match=rf"number must be that of an open suggestion, got {number}\. Open: \[1\]"):
        search.tell(number, 1.0)


def test_a_setting_is_told_once():
    search = AskTell(MIXED, seed=1)
    asked = search.ask()
    search.tell(asked.number, 1.0)
    with pytest.raises(ValueError, match="number must be that of an open suggestion"):
        search.tell(asked.number, 1.0)
    with pytest.raises(ValueError, match="number must be that of an open suggestion"):
        search.tell(99, 1.0)


def test_the_callers_settings_are_left_alone():
    with np.errstate(all="raise"), warnings.catch_warnings():
        warnings.simplefilter("error")
        before = (np.geterr(), list(warnings.filters))
        work(AskTell(MIXED, budget=60, seed=1), most=60)
        assert (np.geterr(), list(warnings.filters)) == before


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"budget": 0}, "budget must be"),
        ({"team": []}, "team must be"),
        ({"policy": "partyy"}, "Did you mean 'party'"),
        ({"seed": -1}, "seed must be"),
        ({"start": KnownSetting(BEST | {"depth": 9}, 1.0)}, "start.depth must lie within its range"),
    ],
)
def test_bad_arguments_are_refused(options, said):
    with pytest.raises(ValueError, match=said):
        AskTell(MIXED, **options)


@pytest.mark.parametrize(
    ("library", "module", "name"),
    [
        ("sklearn", "search_cv", "SearchPartySearchCV needs scikit-learn"),
        ("optuna", "optuna_sampler", "SearchPartySampler needs Optuna"),
        ("gest_api", "gest_generator", "SearchPartyGenerator needs gest-api"),
    ],
)
def test_a_missing_package_is_named(library, module, name, monkeypatch):
    for each in [each for each in sys.modules if each.split(".")[0] == library]:
        monkeypatch.delitem(sys.modules, each)
    monkeypatch.setitem(sys.modules, library, None)
    whole = f"searchparty.experiments.adapters.{module}"
    monkeypatch.delitem(sys.modules, whole, raising=False)
    with pytest.raises(ImportError, match=rf"{name} \(.*\)\. (Run: pip install|Install the packages)"):
        importlib.import_module(whole)
