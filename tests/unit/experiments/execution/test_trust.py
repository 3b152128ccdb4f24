"""Signatures: what this user wrote is trusted, whatever is moved; all else is refused before it is run."""

import json
import os
import shutil
import stat

import pytest

from searchparty.experiments.api import resume, run
from searchparty.experiments.execution.results_directory import SIGNATURE_NAME, ResultsError, salvage_results
from searchparty.experiments.execution.trust import signature
from searchparty.experiments.execution.trust.job_signature import is_own_job, sign_job
from searchparty.experiments.execution.trust.named_code import names_user_code
from searchparty.experiments.execution.trust.secret import SECRET_BYTES, SecretError, read_secret, secret_path
from searchparty.experiments.execution.trust.signature import SignatureError, check_signature
from searchparty.experiments.execution.verification import verify_results
from searchparty.experiments.spec.load import loads_yaml

OBJECTIVE = "import helper\ndef loss(x):\n    return helper.square(x)\n"
HELPER = "def square(x):\n    return float((x ** 2).sum())\n"
TEXT = """\
name: mine
budget: 20
landscapes: [{kind: python, function: "code/objective.py:loss", bounds: [-1, 1], dimension: 2}]
strategies: {alone: {agents: [random]}}
executor: simulated
"""
BUILT_IN = TEXT.replace('kind: python, function: "code/objective.py:loss", bounds: [-1, 1]', "kind: sphere")


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    """Give each test a user of its own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    (folder / "code").mkdir(parents=True)
    (folder / "code" / "objective.py").write_text(OBJECTIVE)
    (folder / "code" / "helper.py").write_text(HELPER)
    (folder / "mine.yaml").write_text(TEXT)
    return folder


@pytest.fixture
def results(project):
    return run(project / "mine.yaml", out=project / "results" / "mine-1", report=False).path


def why(directory):
    with pytest.raises(SignatureError, match="^(bears|has changed)") as refused:
        check_signature(directory)
    return str(refused.value)


def test_what_was_run_is_signed_and_stays_so(results):
    check_signature(results)
    resume(results, budget=30, report=False)
    check_signature(results)
    assert verify_results(results).problems == []


def test_what_is_saved_of_a_damaged_log_keeps_the_signature(results):
    saved = results.parent / "saved"
    salvage_results(results, saved)
    check_signature(saved)
    (saved / "experiment.yaml").write_text((saved / "experiment.yaml").read_text() + "\n# changed\n")
    assert "has changed since you signed it (experiment.yaml)" in why(saved)


def test_the_signature_does_not_hold_points(results):
    before = (results / SIGNATURE_NAME).read_text()
    resume(results, budget=30, report=False)
    assert (results / SIGNATURE_NAME).read_text() == before


@pytest.mark.parametrize("move", ["the project", "the results alone", "a copy"])
def test_moving_changes_nothing(results, project, tmp_path, move):
    match move:
        case "the project":
            project.rename(tmp_path / "moved")
            found = tmp_path / "moved" / "results" / "mine-1"
        case "the results alone":
            found = tmp_path / "archive"
            results.rename(found)
        case _:
            shutil.copytree(project, tmp_path / "copied" / "deep")
            found = tmp_path / "copied" / "deep" / "results" / "mine-1"
    check_signature(found)
    resume(found, budget=30, report=False)
    check_signature(found)


EDITS = {
    "results/mine-1/experiment.yaml": ("budget: 20", "budget: 21", "experiment.yaml"),
    "code/objective.py": ("import helper", "import helper  # ", "code/objective.py"),
    "code/helper.py": ("** 2", "** 4", "helper.py, beside code/objective.py"),
}


@pytest.mark.parametrize("file", EDITS)
def test_a_change_of_what_names_code_is_refused_and_named(results, project, file):
    old, new, name = EDITS[file]
    path = project / file
    path.write_text(path.read_text().replace(old, new))
    assert why(results) == f"has changed since you signed it ({name})"
    with pytest.raises(ResultsError, match="must bear your signature") as refused:
        verify_results(results)
    assert name in str(refused.value)
    assert "code/objective.py:loss" in str(refused.value)
    verify_results(results, trust=True)
    check_signature(results)


def test_runs_of_other_settings_are_refused(results, project):
    """A log of other code, whole in itself, in place of the log that was signed."""
    (project / "code" / "other.py").write_text(OBJECTIVE)
    (project / "other.yaml").write_text(TEXT.replace("objective.py", "other.py"))
    other = run(project / "other.yaml", out=project / "results" / "other", report=False).path
    shutil.copy(other / "log.sqlite", results / "log.sqlite")
    assert why(results) == "has changed since you signed it (the settings of its runs)"


def test_another_user_must_trust_once(results, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "other"))
    assert why(results) == "bears the signature of another user or machine"
    read_secret(create=True)
    assert why(results) == "bears the signature of another user or machine"
    with pytest.raises(ResultsError, match=r"If you trust it, add --trust"):
        resume(results, report=False)
    resume(results, trust=True, report=False)
    resume(results, report=False)
    # Trust is not given back: the first user's signature is gone.
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert why(results) == "bears the signature of another user or machine"


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{}", "null", "{" * 5000, '{"signature": 3}', "\0",
        '{"signature": "é", "experiments": [], "runs": [], "sources": {}}',
    ],
)  # fmt: skip
def test_a_signature_that_is_none_is_refused(results, text):
    (results / SIGNATURE_NAME).write_text(text)
    assert why(results).startswith("bears ")
    (results / SIGNATURE_NAME).unlink()
    assert why(results) == "bears no signature of yours"
    os.mkfifo(results / SIGNATURE_NAME)
    assert why(results) == "bears no signature of yours"


def test_a_signature_cannot_be_extended(results):
    path = results / SIGNATURE_NAME
    signed = json.loads(path.read_text())
    signed["experiments"].append("0" * 64)
    path.write_text(json.dumps(signed))
    assert why(results) == "bears the signature of another user or machine"


def test_built_in_kinds_need_no_signature(project, monkeypatch, tmp_path):
    (project / "mine.yaml").write_text(BUILT_IN)
    found = run(project / "mine.yaml", out=tmp_path / "out", report=False).path
    assert not (found / SIGNATURE_NAME).exists()
    assert not secret_path().exists()
    assert verify_results(found).problems == []
    resume(found, budget=30, report=False)


@pytest.mark.parametrize(
    "text",
    [
        BUILT_IN.replace("executor: simulated", "executor: {kind: ray, address: 'ray://198.51.100.1:10001'}"),
        BUILT_IN.replace("kind: sphere", "kind: command, command: [python3, x.py], bounds: [0, 1]"),
        BUILT_IN.replace("[random]", "['code/agent.py:Mine']"),
        BUILT_IN.replace("[random]", "['antigravity:Mine']"),
        BUILT_IN.replace("[random]}", "[random], policy: {sharing: 'code/agent.py:Mine'}}"),
        BUILT_IN + "sweep: {landscapes.0.kind: [sphere, 'code/agent.py:Mine']}\n",
    ],
    ids=["cluster", "command", "agent", "module", "choice", "sweep"],
)
def test_whatever_names_code_needs_a_signature(project, tmp_path, text):
    (project / "mine.yaml").write_text(BUILT_IN)
    found = run(project / "mine.yaml", out=tmp_path / "out", report=False).path
    (found / "experiment.yaml").write_text(text)
    for look in (verify_results, lambda path: resume(path, report=False, force=True)):
        with pytest.raises(ResultsError, match=r"must bear your signature.* bears no signature of yours\. It names "):
            look(found)


def test_growing_signs_again(results, project):
    (project / "code" / "more.py").write_text(HELPER.replace("square", "loss"))
    grown = TEXT.replace(
        "landscapes: [", 'landscapes: [{kind: python, function: "code/more.py:loss", bounds: [0, 1]}, '
    )
    (project / "mine.yaml").write_text(grown)
    resume(results, experiment=project / "mine.yaml", report=False)
    check_signature(results)
    signed = json.loads((results / SIGNATURE_NAME).read_text())
    assert signed["sources"].keys() == {"code/objective.py", "helper.py, beside code/objective.py", "code/more.py"}
    assert len(signed["experiments"]) == 1
    resume(results, repeats=3, report=False)
    check_signature(results)


def test_a_session_that_is_killed_at_any_write_leaves_trusted_results(results, project, monkeypatch):
    """The signature is written before what it covers."""
    from searchparty.experiments.execution.trust import recorded_experiment

    def die(path, text):
        raise KeyboardInterrupt(path.name)

    grown = TEXT.replace("{alone:", "{more: {agents: [random, axes]}, alone:")
    (project / "mine.yaml").write_text(grown)
    monkeypatch.setattr(recorded_experiment, "write_atomically", die)
    with pytest.raises(KeyboardInterrupt, match="experiment.yaml"):
        resume(results, experiment=project / "mine.yaml", report=False)
    monkeypatch.undo()
    monkeypatch.setenv("XDG_STATE_HOME", str(project.parent / "state"))
    check_signature(results)
    # The YAML that was to come is covered, too.
    (results / "experiment.yaml").write_text(loads_yaml(grown, base=str(project)).to_yaml())
    check_signature(results)


def test_the_secret_is_private_and_stays(state):
    assert read_secret() is None
    secret = read_secret(create=True)
    assert len(secret) == SECRET_BYTES
    assert read_secret(create=True) == secret
    assert stat.S_IMODE(secret_path().stat().st_mode) == 0o600
    assert secret_path().is_relative_to(state)
    secret_path().chmod(0o644)
    with pytest.raises(SecretError, match="must be a file of yours that nobody else may read, got -rw-r--r--"):
        read_secret()
    secret_path().chmod(0o600)
    secret_path().write_bytes(b"short")
    with pytest.raises(SecretError, match="must hold 32 bytes, got 5"):
        read_secret()
    secret_path().unlink()
    os.mkfifo(secret_path(), 0o600)
    with pytest.raises(SecretError, match="must be a file of yours"):
        read_secret()


def test_the_secret_is_in_the_home_directory_by_default(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for unset in ("", "relative/path"):
        monkeypatch.setenv("XDG_STATE_HOME", unset)
        assert secret_path() == tmp_path / "home" / ".local" / "state" / "searchparty" / "signing-key"


def test_without_a_secret_results_are_written_unsigned_and_that_is_said(project, state):
    state.write_text("a file where a folder should be")
    said = []
    found = run(project / "mine.yaml", out=project / "out", remark=said.append, report=False)
    assert not found.errors
    assert not (found.path / SIGNATURE_NAME).exists()
    (line,) = [line for line in said if "is not signed" in line]
    assert "so that resume and verify will need --trust" in line
    assert "signing-key must be a file that you can write, but is not" in line
    with pytest.raises(ResultsError, match="add --trust"):
        resume(found.path, report=False)
    said.clear()
    resume(found.path, budget=30, trust=True, remark=said.append, report=False)
    assert any("is not signed" in line for line in said)


def test_large_signatures_are_not_read(results, monkeypatch):
    monkeypatch.setattr(signature, "MOST_SIGNATURE_BYTES", 10)
    assert why(results) == "bears a signature that cannot be read"


def test_a_job_is_own_if_it_has_the_experiment_that_was_submitted(monkeypatch, tmp_path):
    mark = sign_job("/data/sp/mine", TEXT)
    there = TEXT.replace("executor: simulated", "executor: {kind: ray, address: auto}") + "base: /tmp/elsewhere\n"
    assert is_own_job(mark, "/data/sp/mine", TEXT)
    assert is_own_job(mark, "/data/sp/mine", there)
    assert not is_own_job(mark, "/data/sp/other", TEXT)
    assert not is_own_job(mark, "/data/sp/mine", TEXT.replace("objective.py", "other.py"))
    assert not is_own_job("", "/data/sp/mine", TEXT)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "other"))
    assert not is_own_job(mark, "/data/sp/mine", TEXT)


def test_names_of_code():
    assert not names_user_code(loads_yaml(BUILT_IN))
    assert names_user_code(loads_yaml(BUILT_IN).with_executor("ray", "auto"))
