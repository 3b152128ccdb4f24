"""Branches in the playground: the same function as that of the command, and every refusal in words."""

import re
import time

import pytest
from starlette.testclient import TestClient

from searchparty import Experiment
from searchparty.experiments.api import run
from searchparty.experiments.execution.plan import make_plan
from searchparty.experiments.execution.session import resume_session
from searchparty.experiments.spec.errors import SpecError
from searchparty.experiments.studies.branch import begin_branch, plan_branch
from searchparty.experiments.studio import app
from searchparty.experiments.studio.app import Studio, create_app
from searchparty.experiments.studio.films.message import decode_film
from searchparty.experiments.studio.films.shelf import ResultsIndex
from searchparty.experiments.studio.plays import play_branch
from searchparty.experiments.studio.plays.play import experiment_data, parse_play_settings
from searchparty.experiments.studio.plays.play_branch import BRANCH_JOB, plan_play_branch, work_play_branch
from searchparty.experiments.studio.plays.queue import StudioBusy
from searchparty.experiments.studio.plays.warm_processes import PlayPool
from searchparty.orchestrator.log.reader import LogReader
from searchparty.orchestrator.log.trace import trace_hash
from searchparty.orchestrator.taken_prefix import BranchError

SETTINGS = {
    "landscape": {"kind": "rastrigin", "dimension": 2, "shift": "random"},
    "kinds": ["grid", "random-restart"],
    "agents": 2,
    "budget": 200,
    "lease": 20,
    "radius_policy": "shrink",
}


class Calm:
    def on_run_begin(self, planned, run):
        pass

    def on_run_step(self, run):
        pass

    def on_run_end(self, run, error):
        pass


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """Return the data of a run of the playground, and its results directory."""
    data = experiment_data(parse_play_settings(SETTINGS))
    return data, run(Experiment.from_data(data), out=tmp_path_factory.mktemp("play") / "1", report=False).path


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    return PlayPool(workers=1, seconds=20.0, parent=tmp_path_factory.mktemp("pool"))


@pytest.fixture(scope="module")
def client(tmp_path_factory, pool):
    made = create_app(Studio(ResultsIndex((), tmp_path_factory.mktemp("results")), pool))
    with TestClient(made) as client:
        yield client


def read_film(client, key):
    return decode_film(client.get(f"/api/plays/{key}/film").content)


def planned(original, at=100, **changes):
    return plan_play_branch(*original, at, parse_play_settings(SETTINGS | changes))


def branch_hash(directory):
    with LogReader(directory) as reader:
        (found,) = [each for each in reader.runs() if each.settings["policy"]["kind"] == "branch"]
        return found.id, trace_hash(reader)


def test_it_is_the_branch_that_the_command_makes(original, tmp_path):
    found = planned(original, radius_policy="fixed")
    assert found.data[BRANCH_JOB]["changes"] == ['policy.radius="fixed"']
    assert work_play_branch(found.data, tmp_path / "play", Calm()) == {}
    told = plan_branch(original[1], "team", 100, ["policy.radius=fixed"])
    directory = begin_branch(told, tmp_path / "command")
    resume_session(make_plan(told.plan.experiment.with_executor("simulated")), directory, None, False, None, print)
    assert branch_hash(tmp_path / "play") == branch_hash(directory)
    assert found.evaluation >= 100
    assert "--run team --at 100 --set 'policy.radius=\"fixed\"'" in found.yaml


def test_other_settings_of_the_policy_change_too(original):
    assert planned(original, sharing="none").data[BRANCH_JOB]["changes"] == ['policy.sharing="none"']
    assert planned(original, lease=40).data[BRANCH_JOB]["changes"] == ["policy.lease=40"]
    (whole,) = planned(original, policy="party").data[BRANCH_JOB]["changes"]
    assert whole.startswith('policy={"kind": "party"')


def test_the_same_branch_has_the_same_key(original):
    keys = {planned(original, at, radius_policy="fixed").key for at in (99, 100)}
    assert planned(original, radius_policy="fixed").key in keys
    assert planned(original, radius_policy="trust-region").key not in keys


@pytest.mark.parametrize(
    ("at", "changes", "words"),
    [
        (100, {}, "the branch must differ from its run"),
        (100, {"kinds": ["grid"], "radius_policy": "fixed"}, "the team must stay"),
        (100, {"seed": 3, "radius_policy": "fixed"}, "the seed must stay"),
        (100, {"landscape": {"kind": "sphere"}, "radius_policy": "fixed"}, "the landscape must stay"),
        (0, {"radius_policy": "fixed"}, "at least 1"),
        (0, {"radius_policy": "fixed"}, "Go to a later moment"),
        (10**12, {"radius_policy": "fixed"}, "Go to an earlier moment"),
        (1.5, {"radius_policy": "fixed"}, "a whole number of evaluations, got 1.5. Reload the page"),
        (True, {"radius_policy": "fixed"}, "a whole number of evaluations, got True. Reload the page"),
        ("1", {"radius_policy": "fixed"}, "a whole number of evaluations, got '1'. Reload the page"),
        (200, {"radius_policy": "fixed"}, "at the run's last decision, got 200. Go to an earlier moment."),
    ],
)
def test_what_cannot_be_branched_is_refused_in_words(original, at, changes, words):
    with pytest.raises(SpecError, match=words) as caught:
        planned(original, at, **changes)
    (message,) = caught.value.problems
    assert "--" not in message
    assert not re.search(r"\b[0-9a-f]{12}\b", message)


def test_a_default_that_is_written_out_is_no_change(tmp_path):
    settings = SETTINGS | {"policy": "party", "lease": None}
    data = experiment_data(parse_play_settings(settings))
    path = run(Experiment.from_data(data), out=tmp_path / "1", report=False).path
    # The slider says 20, which is 10 D, a party's default.
    same = "^the branch must differ from its run, got settings that mean the same as the run's. Change another one.$"
    with pytest.raises(SpecError, match=same):
        plan_play_branch(data, path, 100, parse_play_settings(settings | {"lease": 20}))
    found = plan_play_branch(data, path, 100, parse_play_settings(settings | {"lease": 40}))
    assert found.data[BRANCH_JOB]["changes"] == ["policy.lease=20"]


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("--at must be a moment of a run that has findings, got run 3a2e07002428 without any.", "must have findings"),
        ("--run must be a run that experiment.yaml plans, got 3a2e07002428, which it no longer does.", "files must be"),
        ("--run must be the id of a run, got 'team'. Choose one of these.\n  3a2e07002428  party", "files must be"),
    ],
)
def test_refusals_of_the_command_are_told_in_the_words_of_the_page(original, monkeypatch, message, words):
    def refuse(*_):
        raise BranchError(message)

    monkeypatch.setattr(play_branch, "plan_branch", refuse)
    with pytest.raises(SpecError, match=words) as caught:
        planned(original, radius_policy="fixed")
    assert not re.search("--|3a2e07", str(caught.value))


def test_the_page_gets_its_film(client, pool):
    page = {"page": "p", "side": "a", "settings": SETTINGS}
    key = client.post("/api/plays", json=page).json()["key"]
    asked = {
        "page": "p",
        "side": "b",
        "settings": SETTINGS | {"radius_policy": "fixed"},
        "from": {"key": key, "at": 80},
    }
    end = time.monotonic() + 60
    while (answer := client.post("/api/plays", json=asked)).status_code == 409 and time.monotonic() < end:
        assert "once it has ended" in answer.json()["errors"][0]
        time.sleep(0.05)
    assert answer.status_code == 200
    branch = answer.json()
    assert branch["at"] >= 80
    while pool.state(branch["key"]).state != "done" and time.monotonic() < end:
        time.sleep(0.05)
    header, arrays = read_film(client, branch["key"])
    before, first = read_film(client, key)
    assert header["policy"]["kind"] == "branch"
    assert header["run"] != before["run"]
    assert arrays["loss"][:80].tolist() == first["loss"][:80].tolist()
    assert arrays["loss"].tolist() != first["loss"].tolist()


@pytest.mark.parametrize("start", [{"key": "none", "at": 80}, {}, 3, {"key": None, "at": 80}])
def test_a_run_that_is_not_shown_cannot_be_branched(client, start):
    answer = client.post("/api/plays", json={"page": "p", "side": "b", "settings": SETTINGS, "from": start})
    assert answer.status_code == 422
    assert "must be one that is shown" in answer.json()["errors"][0]


@pytest.fixture
def ended(client, pool):
    """Return what a page asks for to branch a run that has ended."""
    key = client.post("/api/plays", json={"page": "e", "side": "a", "settings": SETTINGS}).json()["key"]
    end = time.monotonic() + 60
    while pool.state(key).state != "done" and time.monotonic() < end:
        time.sleep(0.05)
    settings = SETTINGS | {"radius_policy": "fixed"}
    return {"page": "e", "side": "b", "settings": settings, "from": {"key": key, "at": 80}}


def test_nothing_is_planned_while_the_queue_is_full(client, pool, ended, monkeypatch):
    def refuse(page, side):
        raise StudioBusy(f"Side {side} of {page} must wait.")

    monkeypatch.setattr(pool, "check_room", refuse)
    monkeypatch.setattr(app, "plan_play_branch", None)
    answer = client.post("/api/plays", json=ended)
    assert (answer.status_code, answer.json()["errors"]) == (429, ["Side b of e must wait."])


@pytest.fixture
def results(pool, ended):
    """Return the results directory of the run that is branched; afterwards, it is as before."""
    directory = pool.state(ended["from"]["key"]).directory
    kept = {path: path.read_bytes() for path in directory.iterdir() if path.is_file()}
    yield directory
    for path, content in kept.items():
        path.write_bytes(content)


def damage_log(directory):
    for path in directory.glob("log.sqlite*"):
        path.write_bytes(b"no database" * 1000)


def remove_experiment(directory):
    (directory / "experiment.yaml").unlink()


def change_experiment(directory):
    path = directory / "experiment.yaml"
    text = path.read_text()
    assert "budget: 200" in text
    path.write_text(text.replace("budget: 200", "budget: 150"))


@pytest.mark.parametrize(
    ("damage", "status", "words"),
    [
        (damage_log, 503, "log.sqlite"),
        (remove_experiment, 422, "experiment.yaml"),
        (change_experiment, 422, "settings or code differ"),
    ],
)
def test_damaged_results_are_refused_in_words(client, results, ended, damage, status, words):
    damage(results)
    answer = client.post("/api/plays", json=ended)
    assert answer.status_code == status
    (problem,) = answer.json()["errors"]
    assert words in problem
