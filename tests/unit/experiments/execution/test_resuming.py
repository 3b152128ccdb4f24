"""Resuming a log: more budget, what is refused, and what ``verify`` reports."""

import pytest
from sealing import alter_log

from searchparty.experiments.api import resume, run
from searchparty.experiments.execution import fingerprint, package_code, session
from searchparty.experiments.execution.compatibility import describe_changes
from searchparty.experiments.execution.results_directory import ResultsError
from searchparty.experiments.execution.verification import verify_results
from searchparty.orchestrator.log.codec import dump_event
from searchparty.orchestrator.log.log import LogError
from searchparty.orchestrator.log.reader import LogReader
from searchparty.orchestrator.log.trace import trace, trace_hash
from searchparty.orchestrator.state.events import Extended, Stopped

AGENT = """\
from typing import Literal
from searchparty import Agent

class Mine(Agent):
    '''Draws points.'''
    kind: Literal["mine"] = "mine"

    def search(self, space, lease, rng):
        while True:
            yield rng.random((1, space.dimension))
"""
TEXT = """\
name: one
seed: 4
budget: 120
repeats: 1
landscapes: [{kind: python, function: "loss.py:loss", bounds: [[-1, 1], [-1, 1]]}]
strategies:
  pair: {agents: ["agent.py:Mine", pattern-search], policy: {sharing: broadcast, lease: 15}}
executor: simulated
"""


@pytest.fixture
def results(tmp_path):
    """Return the results of a finished experiment with a user's agent and function."""
    (tmp_path / "agent.py").write_text(AGENT)
    (tmp_path / "loss.py").write_text("def loss(x):\n    return float((x ** 2).sum())\n")
    (tmp_path / "one.yaml").write_text(TEXT)
    found = run(tmp_path / "one.yaml", out=tmp_path / "out", report=False)
    assert not found.errors
    return tmp_path / "out"


def lines(path):
    with LogReader(path) as reader:
        return list(trace(reader))


def hashed(path):
    with LogReader(path) as reader:
        return trace_hash(reader)


def events(path):
    with LogReader(path) as reader:
        (record,) = reader.runs()
        return reader.events(record.id)


def test_more_budget_goes_on_where_it_stands(results):
    before = lines(results)
    resume(results, budget=200, report=False)
    after = lines(results)
    # What was there is unchanged; new events follow.
    assert after[: len(before)] == before
    assert after[len(before)] == 'extended {"budget":200}'
    assert events(results)[-1] == Stopped("budget spent")
    assert resume(results, report=False).runs[0].evaluations == 200
    assert lines(results) == after
    assert verify_results(results).problems == []


def test_the_same_budget_again_changes_nothing(results):
    resume(results, budget="100 D", report=False)
    before = lines(results)
    resume(results, budget=200, report=False)
    assert lines(results) == before
    assert sum(isinstance(event, Extended) for event in events(results)) == 1


def test_an_unfinished_run_is_extended_too(results):
    alter_log(results, "DELETE FROM events WHERE seq > 5")
    resume(results, budget=180, report=False)
    found = events(results)
    assert Extended(180) in found[6:8]
    assert found[-1] == Stopped("budget spent")
    verified = verify_results(results)
    assert verified.problems == []
    # Without interruption, and extended at the same place, the trace is the same.
    assert verified.totals["spent"] == 180


def test_a_run_that_reached_its_target_is_not_extended(tmp_path):
    text = TEXT.replace('kind: python, function: "loss.py:loss", bounds: [[-1, 1], [-1, 1]]', "kind: sphere")
    (tmp_path / "one.yaml").write_text(text.replace('"agent.py:Mine"', "random") + "stop: {precision: 100.0}\n")
    out = run(tmp_path / "one.yaml", out=tmp_path / "out", report=False).path
    before = lines(out)
    resume(out, budget=500, report=False)
    assert lines(out) == before


@pytest.mark.parametrize(("budget", "message"), [(50, "--budget must be at least the present .*, 120, got 50"),
                                                 ("some", "--budget must be a whole number of evaluations"),
                                                 (0, "--budget must be a whole number of evaluations")])  # fmt: skip
def test_a_budget_that_extends_nothing_is_refused(results, budget, message):
    with pytest.raises(ResultsError, match=message):
        resume(results, budget=budget, report=False)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("out/experiment.yaml", "budget: 120", "budget: 130", "budget: 120 in the log, 130 now"),
        ("out/experiment.yaml", "lease: 15", "lease: 16", "policy.lease: 15 in the log, 16 now"),
        ("out/experiment.yaml", "seed: 4", "seed: 5", "seed: 4 in the log, 5 now"),
        ("agent.py", "rng.random((1", "0.5 * rng.random((1", "the code of agent mine has changed"),
        ("loss.py", "x ** 2", "x ** 4", "the code of landscape python loss.py:loss has changed"),
    ],
)
def test_what_has_changed_is_refused_and_named(results, file, old, new, message):
    path = results.parent / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    before = hashed(results)
    with pytest.raises(ResultsError, match=f"changed since you signed it \\({path.name}\\).* add --trust"):
        resume(results, force=True, report=False)
    with pytest.raises(ResultsError, match="differ from those that wrote it") as refused:
        resume(results, trust=True, report=False)
    assert message in str(refused.value)
    assert "--force" in str(refused.value)
    assert hashed(results) == before


def traces(path):
    """The trace of each run of a results directory, by the run's id."""
    found = {}
    with LogReader(path) as reader:
        for record in reader.runs():
            found[record.id] = [dump_event(event) for event in reader.events(record.id)]
    return found


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("repeats: 1", "repeats: 3"),
        ("strategies:", "strategies:\n  alone:\n    agents: [random]"),
        ("landscapes:", "landscapes:\n- kind: sphere"),
    ],
    ids=["repeats", "strategy", "landscape"],
)
def test_growing_moves_nothing_that_stands(results, tmp_path, old, new):
    before = traces(results)
    text = (results / "experiment.yaml").read_text()
    grown = tmp_path / "grown.yaml"
    grown.write_text(text.replace(old, new, 1))
    said = []
    assert not resume(results, experiment=grown, report=False, remark=said.append).errors
    assert any(line.startswith("new: ") for line in said)
    after = traces(results)
    assert len(after) > len(before)
    assert {run: after[run] for run in before} == before
    # The same, as if it had been that large from the start; and the directory now plans it.
    whole = run(grown, out=tmp_path / "whole", report=False).path
    assert traces(whole) == after
    verified = verify_results(results)
    assert verified.unknown == verified.problems == []
    assert resume(results, report=False).runs[0].evaluations == 120
    assert traces(results) == after


def test_more_repeats_by_their_number(results):
    before = traces(results)
    assert len(resume(results, repeats=4, report=False).runs) == 4
    after = traces(results)
    assert {run: after[run] for run in before} == before
    for fewer in (3, 0, True, 5.5):
        with pytest.raises(ResultsError, match="--repeats must be a whole number of at least the present 4"):
            resume(results, repeats=fewer, report=False)
    assert traces(results) == after


def test_a_landscape_keeps_its_label_beside_another_that_looks_alike(results, tmp_path):
    text = (results / "experiment.yaml").read_text().replace("repeats: 1", "repeats: 2")
    grown = tmp_path / "grown.yaml"
    grown.write_text(
        text.replace("landscapes:", 'landscapes:\n- {kind: python, function: "loss.py:loss", bounds: [[0, 2], [0, 2]]}')
    )
    labels = [run.landscape for run in resume(results, experiment=grown, report=False).runs]
    assert sorted(labels) == ["loss D=2"] * 2 + ["loss D=2 bounds=[[0.0, 2.0], [0.0, 2.0]]"] * 2


def test_growth_with_a_change_is_refused(results, tmp_path):
    text = (results / "experiment.yaml").read_text()
    path = tmp_path / "changed.yaml"
    path.write_text(text.replace("repeats: 1", "repeats: 2").replace("lease: 15", "lease: 16"))
    with pytest.raises(ResultsError, match=r"policy.lease: 15 in the log, 16 now") as refused:
        resume(results, experiment=path, report=False)
    assert "pair on loss D=2, repeat 1 is new" in str(refused.value)
    assert (results / "experiment.yaml").read_text() == text


def test_what_has_ended_is_said_at_once_and_not_drawn_again(results, coarse_figures, unrendered):
    resume(results)
    report = results / "report.html"
    drawn, log = report.stat().st_mtime_ns, (results / "log.sqlite").read_bytes()
    said = []
    assert not resume(results, remark=said.append).errors
    assert said[-1] == f"All runs in {results} have ended: there is nothing to resume. {session.GROWTH_ADVICE}"
    assert report.stat().st_mtime_ns == drawn
    assert (results / "log.sqlite").read_bytes() == log
    # With more in the log, or without a report, it is drawn.
    resume(results, repeats=2)
    assert report.stat().st_mtime_ns > drawn
    report.unlink()
    resume(results)
    assert report.exists()


def test_a_run_that_a_failed_evaluation_stopped_is_still_an_error(results, tmp_path):
    (tmp_path / "loss.py").write_text("def loss(x):\n    raise ValueError('no')\n")
    (tmp_path / "one.yaml").write_text(TEXT + "evaluation: {on_error: stop}\n")
    out = run(tmp_path / "one.yaml", out=tmp_path / "stopped", report=False)
    again = resume(out.path, report=False)
    assert list(map(str, again.errors.values())) == list(map(str, out.errors.values())) != []


@pytest.mark.parametrize("library", ["searchparty", "numpy"])
def test_other_versions_are_remarked_on(results, monkeypatch, library):
    real = fingerprint.find_version
    monkeypatch.setattr(fingerprint, "find_version", lambda name: "9.9" if name == library else real(name))
    said = []
    assert not resume(results, report=False, remark=said.append).errors
    assert said[:-1] == [
        f"{library}: {real(library)} in the log, 9.9 now; equal findings are guaranteed for equal versions only."
    ]


@pytest.fixture
def edit_package(monkeypatch):
    """Return a function that edits modules of the package, as far as digests see them."""

    def edit(place, old, new):
        text = (package_code.SOURCE_ROOT / place).read_text()
        assert old in text
        read = package_code.read_package_source
        edited = text.replace(old, new, 1)
        monkeypatch.setattr(package_code, "read_package_source", lambda name: edited if name == place else read(name))
        package_code.analyse_module.cache_clear()

    yield edit
    monkeypatch.undo()
    package_code.analyse_module.cache_clear()


@pytest.mark.parametrize(
    ("place", "old", "new", "name"),
    [
        ("agents/pattern_search.py", "yield ", "yield 1.0 * ", "agent pattern-search"),
        ("agents/leases/work.py", "FLUSH_SECONDS = 0.25", "FLUSH_SECONDS = 0.5", "machinery work"),
        ("agents/toolbox/callback.py", "FAILED_LOSS = 1e300", "FAILED_LOSS = 1e299", "machinery toolbox"),
    ],
)
def test_changed_code_of_the_package_is_refused_and_named(results, edit_package, place, old, new, name):
    edit_package(place, old, new)
    with pytest.raises(ResultsError, match=f"the code of {name} has changed") as refused:
        resume(results, report=False)
    assert str(refused.value).count("has changed") == 1


def test_comments_and_docstrings_of_the_package_may_change(results, edit_package):
    edit_package("agents/leases/work.py", "FLUSH_SECONDS", "# Another word.\nFLUSH_SECONDS")
    edit_package("agents/pattern_search.py", '    """', '    """Another word. ')
    said = []
    assert not resume(results, report=False, remark=said.append).errors
    assert [line for line in said if "have ended" not in line] == []


def test_another_python_reads_code_otherwise(results, edit_package, monkeypatch):
    edit_package("agents/toolbox/callback.py", "FAILED_LOSS = 1e300", "FAILED_LOSS = 1e299")
    monkeypatch.setattr(fingerprint.platform, "python_version", lambda: "3.99.1")
    said = []
    assert not resume(results, report=False, remark=said.append).errors
    assert [line.partition(":")[0] for line in said if "have ended" not in line] == ["Python"]
    # The user's files are compared nevertheless.
    (results.parent / "loss.py").write_text("def loss(x):\n    return 0.0\n")
    with pytest.raises(ResultsError, match="the code of landscape python loss.py:loss has changed"):
        resume(results, trust=True, report=False)


def test_digests_of_a_later_rule_are_refused(results):
    alter_log(results, "UPDATE sessions SET environment = json_set(environment, '$.code_rule', 3)")
    with pytest.raises(
        ResultsError, match="code_rule: the log has digests of code by rule 3, this version makes them by rule 2"
    ):
        resume(results, report=False)


def test_force_goes_on_with_what_is_there(results):
    path = results / "experiment.yaml"
    path.write_text(path.read_text().replace("seed: 4", "seed: 5"))
    again = resume(results, force=True, trust=True, report=False)
    assert not again.errors
    assert len(again.runs) == 2
    # Once accepted, the changed code counts as the code that wrote the log.
    assert not resume(results, report=False).errors


def test_changes_are_told_by_path():
    old = {"a": 1, "b": {"c": [1, 2], "d": None}, "e": 5}
    new = {"a": 1, "b": {"c": [1, 3], "d": 4}, "f": 6}
    assert list(describe_changes(old, new)) == [
        "b.c.1: 2 in the log, 3 now",
        "b.d: None in the log, 4 now",
        "e: 5 in the log, None now",
        "f: None in the log, 6 now",
    ]


def test_verify_replays_and_evaluates_nothing(results):
    # What evaluates need not exist any more, as long as its space is known.
    (results.parent / "loss.py").write_text("def loss(x):\n    raise SystemExit\n")
    found = verify_results(results, trust=True)
    assert found.problems == []
    assert (found.runs, found.unfinished, found.totals["points"], found.totals["spent"]) == (1, 0, 120, 120)
    assert found.totals["granted"] == found.totals["spent"] + found.totals["returned"] + found.totals["out"]
    assert "120 points follow from the log" in found.describe()


def test_verify_of_an_unfinished_log(results):
    alter_log(results, "DELETE FROM events WHERE seq > 6", "DELETE FROM points WHERE lease > 3")
    found = verify_results(results)
    assert found.problems == []
    assert found.unfinished == 1
    assert found.totals["out"] > 0
    assert "searchparty resume" in found.describe()


FORGED = {
    "a point": "UPDATE points SET cube = zeroblob(length(cube)) WHERE lease = 3",
    "a loss": "UPDATE points SET losses = zeroblob(length(losses)) WHERE lease = 2",
    "a reason": "UPDATE events SET body = replace(body, 'equal', 'Equal') WHERE kind = 'Granted'",
    "a charge": "UPDATE events SET body = replace(body, '\"charged\":15', '\"charged\":14') WHERE kind = 'Found'",
    "points of nobody": "INSERT INTO points SELECT run, 99, first, n, cube, losses, gradients, failures, 0 FROM "
    "points WHERE lease = 1",
}


@pytest.mark.parametrize("what", FORGED)
def test_verify_finds_what_does_not_follow(results, what):
    alter_log(results, FORGED[what])
    found = verify_results(results)
    assert len(found.problems) == 1, found.problems
    assert "does NOT follow" in found.describe()


def test_an_event_that_cannot_be_read_is_damage(results):
    alter_log(results, "UPDATE events SET body = replace(body, 'budget', 'Budget') WHERE seq = 3")
    for look in (verify_results, hashed, lambda path: resume(path, report=False)):
        with pytest.raises(LogError, match=r"log.sqlite is damaged: event 3 of run \w+ cannot be read"):
            look(results)


def test_verify_on_the_command_line(results, command):
    good = command("verify", results, cwd=results.parent)
    assert good.returncode == 0
    assert "Granted 120 evaluations = 120 spent + 0 returned." in good.stdout
    alter_log(results, FORGED["a point"])
    bad = command("verify", results, cwd=results.parent)
    assert bad.returncode == 1
    assert "recorded [0.0, 0.0], now proposed [" in bad.stderr
    assert "Traceback" not in bad.stderr


def test_resume_on_the_command_line(results, command):
    more = command("resume", results, "--budget", "150", "--no-report", cwd=results.parent)
    assert more.returncode == 0, more.stderr
    assert events(results)[-2] != Extended(150)
    less = command("resume", results, "--budget", "9", cwd=results.parent)
    assert (less.returncode, "Traceback" in less.stderr) == (2, False)


def test_resuming_what_is_done_starts_no_ray(results, monkeypatch):
    import searchparty.orchestrator.executors.on_ray.actor_pool as slots

    monkeypatch.setattr(slots, "start_ray", lambda *_: pytest.fail("Ray was started for nothing"))
    before = hashed(results)
    resume(results, executor="ray", report=False)
    assert hashed(results) == before


def test_a_program_beside_its_yaml_is_found_on_resuming(tmp_path):
    """Its path is relative to the YAML's directory, and remains so."""
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "bowl.py").write_text(
        "import json, sys\nfor line in sys.stdin:\n    x = json.loads(line)['x']\n"
        "    print(sum(v * v for v in x), flush=True)\n"
    )
    (tmp_path / "here" / "bowl.sh").write_text("#!/bin/sh\nexec python3 bowl.py\n")
    (tmp_path / "here" / "bowl.sh").chmod(0o755)
    for name, command in (("direct", "./bowl.sh"), ("by", "[python3, bowl.py]")):
        path = tmp_path / "here" / f"{name}.yaml"
        path.write_text(
            f"name: bowl\nbudget: 40\nlandscapes: [{{kind: command, command: {command}, bounds: [[-1, 1]]}}]\n"
            "strategies: {alone: {agents: [random]}}\nexecutor: simulated\n"
        )
        out = run(path, out=tmp_path / name, report=False).path
        before = lines(out)
        alter_log(out, "DELETE FROM events WHERE seq > 1", "DELETE FROM points")
        assert not resume(out, report=False).errors
        assert lines(out) == before
        assert verify_results(out).problems == []
