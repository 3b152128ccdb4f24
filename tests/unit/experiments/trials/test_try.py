"""The command try: contract in a sandbox, race, words, and what changed since the last try."""

import json
import time
from types import SimpleNamespace

import numpy as np
import pytest

from searchparty.agents.agent import AgentError
from searchparty.agents.sandbox.confined_process import limit_conversations
from searchparty.agents.sandbox.settings import Sandbox
from searchparty.experiments.cli import try_class
from searchparty.experiments.comparison.comparison import compare_runs
from searchparty.experiments.contracts import check
from searchparty.experiments.contracts.clause import count_words, describe_failure
from searchparty.experiments.trials import attempt, candidate, race
from searchparty.experiments.trials.page import list_standing_rows
from searchparty.experiments.trials.race import SIZES, RaceSize, choose_size
from searchparty.experiments.trials.standings import find_standings
from searchparty.landscapes.landscape import Refusal

WALK = '''
from typing import Literal
import numpy as np
from pydantic import Field
from searchparty import Agent


class Walk(Agent):
    """Walks downhill at random."""

    kind: Literal["walk"] = "walk"
    step: float = Field(STEP, gt=0, le=1, description="Length of the first steps.")

    def search(self, space, lease, rng):
        best, step = rng.random(space.dimension), self.step
        told = yield best[None].copy()
        loss = told.losses[0]
        while True:
            trial = np.clip(best + step * rng.normal(size=space.dimension), 0, 1)
            told = yield trial[None].copy()
            if told.losses[0] < loss:
                best, loss = trial, told.losses[0]
            else:
                step = max(0.97 * step, 1e-9)
'''
CLIPPED = "np.clip(best + step * rng.normal(size=space.dimension), 0, 1)"
STRAY = WALK.replace(CLIPPED, "best + rng.normal(size=space.dimension)")
HANG = WALK.replace("        told = yield best[None].copy()", "        while True:\n            pass\n        yield")
HOSTILE = '''
import socket
from typing import Literal
from searchparty import Agent


class Walk(Agent):
    """Tries to write a file and to open a socket, and searches all the same."""

    kind: Literal["walk"] = "walk"

    def search(self, space, lease, rng):
        for attempt in (self.write, self.connect):
            try:
                attempt()
            except OSError:
                pass
        while True:
            yield rng.random((1, space.dimension))

    def write(self):
        with open("PLACE/written", "w") as file:
            file.write("it was here")

    def connect(self):
        socket.create_connection(("127.0.0.1", PORT), timeout=1).close()
'''
POLICY = '''
from typing import Literal
from searchparty import Lease, Policy


class Turns(Policy):
    """Grants leases in turn."""

    kind: Literal["turns"] = "turns"

    def decide(self, run, rng):
        able = [m for m in run.idle if m.row_price <= run.remaining]
        if not able or run.free < 1:
            return ()
        member = min(able, key=lambda m: (m.leases, m.index))
        budget = min(max(15, member.row_price), run.remaining)
        reason = f"turns: {member.leases} leases so far"
        return (Lease(run.leases, member.name, budget, run.region, reason, fresh=member.needs_fresh),)
'''


pytestmark = pytest.mark.usefixtures("rung")


@pytest.fixture
def small(monkeypatch):
    """Races of one landscape, in two dimensions, with two seeds."""
    monkeypatch.setattr(race, "SIZES", (RaceSize((2,), seeds=5, per_axis=40),))
    monkeypatch.setattr(race, "LANDSCAPES", ("sphere", "rastrigin"))
    # On a busy machine, everything takes longer.
    monkeypatch.setattr(attempt, "CONTRACT_SECONDS", 200.0)
    monkeypatch.setattr(attempt, "TOTAL_SECONDS", 280.0)


def write(folder, text, **words):
    for name, value in words.items():
        text = text.replace(name, str(value))
    (folder / "their.py").write_text(text)


@pytest.fixture
def few_clauses(monkeypatch):
    """Check the contract of agents by a few clauses only."""
    kept = {"points-in-cube", "better-than-random"}
    clauses = tuple(clause for clause in check.CONTRACTS["agent"] if clause.name in kept)
    monkeypatch.setitem(check.CONTRACTS, "agent", clauses)


def test_a_class_is_checked_against_all_clauses_and_raced(command, tmp_path, small):
    write(tmp_path, WALK, STEP=0.3)
    first = command("try", "their.py:Walk", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert "their.py:Walk: agent walk, " in first.stdout
    assert "without files, network, processes or privileges" in first.stdout
    assert "Contract: 15 clauses kept." in first.stdout
    assert "2 landscapes x D 2 x 5 seeds x 40 D evaluations" in first.stdout
    assert " us a proposal." in first.stdout
    assert "sphere" in first.stdout
    assert "Well: " in first.stdout
    assert "Since the last try" not in first.stdout
    page = (tmp_path / "try-walk" / "try.html").read_text()
    assert "walk: try 1" in page
    assert "points-in-cube" in page
    assert "searchparty report try-walk/race-1 try-walk/rivals-" in page
    record = json.loads((tmp_path / "try-walk" / "try.json").read_text())
    assert (record["number"], record["family"], record["score"]) == (1, "agent", None)
    assert {each["state"] for each in record["clauses"]} == {"kept"}
    assert len(record["standings"]) == 8


def test_what_changed_since_the_last_try_is_told(command, tmp_path, small, few_clauses):
    write(tmp_path, WALK, STEP=0.3)
    assert "Since the last try" not in command("try", "their.py:Walk", cwd=tmp_path).stdout
    began = [path.stat().st_mtime_ns for path in (tmp_path / "try-walk").glob("rivals-*/log.sqlite")]
    second = command("try", "their.py:Walk", cwd=tmp_path)
    assert "Unchanged: all 10 runs are those of the last try, to the last bit. Change: 0." in second.stdout
    assert json.loads((tmp_path / "try-walk" / "try.json").read_text())["score"] == 0.0
    assert [path.stat().st_mtime_ns for path in (tmp_path / "try-walk").glob("rivals-*/log.sqlite")] == began

    write(tmp_path, WALK, STEP="1e-6")
    third = command("try", "their.py:Walk", cwd=tmp_path)
    assert "Change of the mean area: -" in third.stdout
    assert "0 of 10 runs are the same, to the last bit." in third.stdout
    assert sorted(path.name for path in (tmp_path / "try-walk").glob("race-*")) == ["race-2", "race-3"]
    # better-than-random is broken now.
    assert third.returncode == 1
    assert "Broken since the last try: better-than-random." in third.stdout
    write(tmp_path, WALK, STEP=0.3)
    fourth = command("try", "their.py:Walk", cwd=tmp_path)
    assert "Kept now, and broken at the last try: better-than-random." in fourth.stdout
    assert "That is more than noise. now is better than before" in fourth.stdout


def test_a_wrong_class_is_told_how_and_not_raced(command, tmp_path, small, few_clauses):
    write(tmp_path, STRAY, STEP=0.3)
    done = command("try", "their.py:Walk", cwd=tmp_path)
    assert done.returncode == 1
    assert "points-in-cube: Every proposal is" in done.stdout
    assert "smallest example: D = 1, seed 0, 2 evaluations, on bowl" in done.stdout
    assert "outside the unit cube" in done.stdout
    assert "Not raced: it breaks points-in-cube. Mend that first." in done.stdout
    assert not list((tmp_path / "try-walk").glob("race-*"))


def test_a_class_that_hangs_is_ended_soon(command, tmp_path, small, monkeypatch):
    monkeypatch.setattr(candidate, "SANDBOX", Sandbox(seconds=0.3))
    write(tmp_path, HANG, STEP=0.3)
    began = time.monotonic()
    done = command("try", "their.py:Walk", cwd=tmp_path)
    assert time.monotonic() - began < 60
    assert done.returncode == 1
    assert "clauses not tried" in done.stdout
    assert "its confined process sent nothing for 0.3 s" in done.stdout
    assert "Not raced: it takes too long for a proposal." in done.stdout


ODD = (
    WALK
    + """
    def row_price(self, space):
        return PRICE

    @classmethod
    def model_json_schema(cls, *args, **more):
        red = {"description": "WORDS", "type": "number", "minimum": 0}
        return {"description": "x", "properties": {"\\x1b[31mred": red}}
"""
)


def test_what_cannot_be_tried_is_said_of_the_class(tmp_path):
    write(tmp_path, ODD, STEP=0.3, PRICE=1.5)
    with pytest.raises(Refusal, match="^FILE:CLASS must have a row price, got raised TypeError: 'float'"):
        candidate.open_candidate("their.py:Walk", str(tmp_path))
    write(tmp_path, WALK, STEP="float('nan')")
    with pytest.raises(Refusal, match=r"refuses that: step \(Input should be a finite number\)\. Give each"):
        candidate.open_candidate("their.py:Walk", str(tmp_path))


@pytest.mark.parametrize(("words", "name"), [("", "described"), ("x", "setting-ends")])
def test_names_of_a_strangers_settings_reach_no_terminal_as_they_are(tmp_path, words, name):
    write(tmp_path, ODD, STEP=0.3, PRICE=1, WORDS=words)
    opened = candidate.open_candidate("their.py:Walk", str(tmp_path))
    (clause,) = [each for each in check.find_clauses("agent") if each.name == name]
    found = clause.check(opened.model)
    if name == "described":
        assert found.cause == r"the setting \x1b[31mred has no description (Field)"
    else:
        # The class does not know the setting itself.
        assert found.state == "kept"
    assert found.describe().replace("\n", "").isprintable()


@pytest.mark.parametrize("proposal", ["x", "Repeat(x)"])
def test_a_proposal_that_is_changed_later_is_seen_from_without(tmp_path, proposal):
    text = WALK[: WALK.index("        best, step")] + (
        "        from searchparty import Repeat\n        x = rng.random((1, space.dimension))\n"
        f"        while True:\n            yield {proposal}\n            CHANGE\n"
    )
    states = {}
    for change in ("x[:] = rng.random(x.shape)", "x = rng.random(x.shape)"):
        write(tmp_path, text, STEP=0.3, CHANGE=change)
        opened = candidate.open_candidate("their.py:Walk", str(tmp_path))
        (clause,) = [each for each in check.find_clauses("agent") if each.name == "points-in-cube"]
        found = clause.check(opened.model)
        states[found.state] = found.cause
    assert states == {"kept": "", "broken": "a proposal was changed after it was made: yield a copy"}


def test_a_slow_class_is_not_tried_beyond_its_time(command, tmp_path, small, monkeypatch):
    slow = "        import time\n        while True:\n            time.sleep(0.5)"
    write(tmp_path, WALK.replace("        while True:", slow), STEP=0.3)
    monkeypatch.setattr(attempt, "CONTRACT_SECONDS", 1.0)
    monkeypatch.setattr(attempt, "TOTAL_SECONDS", attempt.REST_SECONDS)
    done = command("try", "their.py:Walk", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    # Its clauses would take ten minutes; its race, of which not one lease ends in time, as long.
    assert "clauses not tried. The time for them was over." in done.stdout
    assert "The time was over before all its runs had ended" in done.stdout
    assert "failed in" not in done.stdout


def test_a_clause_is_broken_or_not_tried_where_the_time_is_over(tmp_path):
    write(tmp_path, STRAY, STEP=0.3)
    opened = candidate.open_candidate("their.py:Walk", str(tmp_path))
    (clause,) = [each for each in check.find_clauses("agent") if each.name == "repeatable"]
    assert clause.check(opened.model).state == "broken"
    with limit_conversations(time.monotonic()):
        found = clause.check(opened.model)
    assert (found.state, found.cause, found.examples) == ("not tried", "", 1)


def test_a_class_that_fails_where_it_is_timed_is_not_raced(command, tmp_path, small, monkeypatch):
    monkeypatch.setitem(check.CONTRACTS, "agent", check.CONTRACTS["agent"][:1])
    write(
        tmp_path,
        WALK.replace("        while True:", "        for _ in range(300):") + "        raise ValueError('late')\n",
        STEP=0.3,
    )
    done = command("try", "their.py:Walk", cwd=tmp_path)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    assert "Not raced: when it was timed, it raised ValueError: late (their.py:" in done.stdout


def test_what_happened_has_one_subject_and_no_address():
    from pydantic import TypeAdapter, ValidationError

    assert describe_failure(None, AgentError("its confined process ended")) == "its confined process ended"
    assert describe_failure(None, AgentError("proposed nothing")) == "it proposed nothing"
    with pytest.raises(ValidationError, match="valid integer") as caught:
        TypeAdapter(int).validate_python("x")
    words = describe_failure(None, caught.value)
    assert "valid integer" in words
    assert "visit" not in words
    assert count_words(1, "lease") == "1 lease"


def test_a_search_without_yield_is_told(tmp_path):
    (tmp_path / "their.py").write_text(
        "from typing import Literal\nfrom searchparty import Agent\n\n\nclass Listed(Agent):\n"
        "    kind: Literal['listed'] = 'listed'\n\n    def search(self, space, lease, rng):\n        return [1]\n"
    )
    with pytest.raises(candidate.CandidateFailed, match="its search has no yield, it returned list"):
        candidate.time_candidate(candidate.open_candidate("their.py:Listed", str(tmp_path)))


def test_a_candidate_without_ranks_is_told_so(tmp_path):
    found = SimpleNamespace(raced=object(), standings=[], candidate=SimpleNamespace(kind="walk"))
    assert attempt.Attempt.unranked.fget(found).startswith("It has no ranks: ")
    found.raced = None
    assert attempt.Attempt.unranked.fget(found) == ""


def test_a_damaged_race_is_no_race_to_compare_with(command, tmp_path, small, few_clauses):
    write(tmp_path, WALK, STEP=0.3)
    command("try", "their.py:Walk", cwd=tmp_path)
    (tmp_path / "try-walk" / "race-1" / "log.sqlite").write_bytes(b"damaged")
    done = command("try", "their.py:Walk", cwd=tmp_path)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    assert "Since the last try" not in done.stdout


def test_a_hostile_class_changes_nothing_here(command, tmp_path, small, few_clauses):
    import socket

    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.1)
    write(tmp_path, HOSTILE, PLACE=tmp_path, PORT=listener.getsockname()[1])
    done = command("try", "their.py:Walk", cwd=tmp_path)
    assert "better-than-random" in done.stdout
    assert not (tmp_path / "written").exists()
    with listener, pytest.raises(TimeoutError, match="timed out"):
        listener.accept()


def test_a_policy_leads_the_usual_team(command, tmp_path, small):
    write(tmp_path, POLICY)
    done = command("try", "their.py:Turns", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "policy turns" in done.stdout
    assert "4 clauses kept, 1 clause left out." in done.stdout
    assert " us a decision." in done.stdout
    record = json.loads((tmp_path / "try-turns" / "try.json").read_text())
    assert {each["strategy"] for each in record["standings"]} == {"turns", "equal", "bandit", "party"}


def test_what_cannot_be_tried_is_refused(command, tmp_path):
    write(tmp_path, WALK + "\n\nclass Needy(Walk):\n    kind: Literal['needy'] = 'needy'\n    size: int\n", STEP=0.3)
    (tmp_path / "broken.py").write_text("def f(:\n")
    (tmp_path / "rival.py").write_text(POLICY.replace('"turns"', '"bandit"'))
    (tmp_path / "bare.py").write_text(
        "from typing import Literal\nfrom searchparty import Agent\n\n\nclass Bare(Agent):\n"
        "    kind: Literal['bare'] = 'bare'\n\n\nclass Odd(Agent):\n    kind: Literal['odd'] = 'outside'\n\n"
        "    def search(self, space, lease, rng):\n        yield rng.random((1, space.dimension))\n"
    )
    for words, message in (
        ("none.py:Walk", "which does not exist. Check the path."),
        ("their.py:Nobody", "which names 'Nobody', which the file does not define. Correct the file."),
        ("their.py:Literal", "which names no subclass of Agent or Policy. Correct the file."),
        (
            "their.py:Needy",
            "FILE:CLASS must be made without settings, got 'their.py:Needy', which refuses that: size (Field",
        ),
        ("broken.py:Walk", "SyntaxError"),
        ("grid", "got 'grid', which is an agent of the package. Write path/to/file.py:Class."),
        ("bare.py:Bare", "which is an agent: it defines no search. Correct the file."),
        ("rival.py:Turns", "FILE:CLASS must have a kind that no rival has, got 'bandit'. Rename it"),
        ("bare.py:Odd", "which has the kind 'outside' by default, which is not its Literal, 'odd'. Correct the file."),
    ):
        done = command("try", words, cwd=tmp_path)
        assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr
        assert message in done.stderr
    (tmp_path / "try-walk").mkdir()
    (tmp_path / "try-walk" / "mine.txt").write_text("mine")
    done = command("try", "their.py:Walk", cwd=tmp_path)
    assert done.returncode == 2
    assert "try-walk must be the folder of an earlier try, or not exist, got something else." in done.stderr


def test_watching_tries_again_when_the_file_changes(command, tmp_path, monkeypatch):
    write(tmp_path, WALK, STEP=0.3)
    tried, naps = [], []

    def nap(_):
        naps.append(1)
        if len(naps) == 1:
            (tmp_path / "their.py").write_text("def f(:\n")
        elif len(naps) == 2:
            write(tmp_path, WALK, STEP=0.1)
        else:
            raise KeyboardInterrupt

    def try_once(reference):
        tried.append(reference)
        if len(tried) == 2:
            raise try_class.Refusal("the file is broken")

    monkeypatch.setattr(try_class, "time", SimpleNamespace(sleep=nap))
    monkeypatch.setattr(try_class, "_try_once", try_once)
    done = command("try", "their.py:Walk", "--watch", cwd=tmp_path)
    assert len(tried) == 3
    assert "the file is broken" in done.stderr
    assert "Watching their.py:Walk; Ctrl-C ends it." in done.stdout
    assert done.returncode == 130


def test_slow_candidates_have_smaller_races():
    assert choose_size(0.0, 1.0) == SIZES[0]
    assert SIZES[0].evaluations == 6 * 17 * 5 * 100
    assert choose_size(60 / SIZES[1].evaluations, 60) == SIZES[1]
    assert choose_size(100.0, 60) == SIZES[-1]
    assert SIZES[2].describe() == "6 landscapes x D 2, 5 x 3 seeds x 100 D evaluations"


def test_a_race_that_takes_too_long_is_cut(tmp_path, monkeypatch):
    monkeypatch.setattr(race, "LANDSCAPES", ("sphere",))
    size = RaceSize((2,), seeds=2, per_axis=20)
    experiment = race.make_race("agent", "it", {"kind": "random"}, size, str(tmp_path))
    raced = race.run_race(experiment, size, tmp_path / "out", time.monotonic() - 1)
    assert raced.cut
    assert all(run.stopped is None for run in raced.runs)


def test_standings_have_ranks_and_areas_with_intervals(tmp_path, monkeypatch):
    monkeypatch.setattr(race, "LANDSCAPES", ("sphere", "rastrigin"))
    size = RaceSize((2, 3), seeds=5, per_axis=20)
    monkeypatch.setattr(race, "RIVALS", ("random", "slsqp"))
    monkeypatch.setattr(race, "SIZES", (size,))
    raced = race.run_race(race.make_rivals("agent"), size, tmp_path / "out", time.monotonic() + 60)
    compared = compare_runs(raced.runs)
    found = {(each.landscape, each.strategy): each for each in find_standings(compared)}
    assert len(found) == 4
    best = found["sphere", "slsqp"]
    assert best.rank.estimate == best.rank.low == best.rank.high == 1.0
    random = found["sphere", "random"]
    assert random.rank.estimate == 2.0
    assert 0 <= random.area.low < random.area.estimate < random.area.high < best.area.low
    comparison = {(row["group"], row["strategy"], row["dimension"]): row["area"] for row in tables_of(compared)}
    mean = np.mean([comparison["sphere", "random", dimension] for dimension in (2, 3)])
    assert random.area.estimate == pytest.approx(mean)
    rows = list_standing_rows(list(found.values()), "random")
    assert [row["landscape"] for row in rows] == ["sphere", "rastrigin"]
    assert rows[0]["best other"].startswith("slsqp 0.")


def tables_of(compared):
    from searchparty.experiments.comparison.tables import make_comparison_table

    return make_comparison_table(compared.problems).rows()


def test_rivals_that_were_cut_are_resumed(tmp_path, small):
    from searchparty.experiments.trials.rivals import Rivals

    with Rivals(tmp_path, "agent") as rivals:
        runs = rivals.wait(time.monotonic())
    assert len(runs) < rivals.total
    with Rivals(tmp_path, "agent") as again:
        assert again.path == rivals.path
        assert len(again.wait(time.monotonic() + 60)) == again.total == 30
    (tmp_path / "rivals-00000000").mkdir()
    with Rivals(tmp_path, "policy") as others:
        assert others.path != rivals.path
    assert not (tmp_path / "rivals-00000000").exists()


def test_a_record_that_cannot_be_read_is_no_last_try(tmp_path):
    (tmp_path / "try.json").write_text("{}")
    assert attempt._read_last(tmp_path) is None
    assert attempt._read_last(tmp_path / "none") is None


@pytest.mark.parametrize(("text", "name", "rival"), [(WALK, "Walk", "cma-es"), (POLICY, "Turns", "party")])
def test_the_studio_races_a_class_against_a_built_in(command, tmp_path, monkeypatch, text, name, rival):
    """The page opens at both runs, side by side; the class runs in a sandbox there, too."""
    from searchparty.experiments.results.run_summary import read_summaries
    from searchparty.experiments.studio import serve

    opened = []

    def wait_for_the_race(studio, opening, browse, say):
        end = time.monotonic() + 120
        while not studio.shelf.ended() and time.monotonic() < end:
            time.sleep(0.1)
        opened.append(opening.address)

    monkeypatch.setattr(serve, "serve_studio", wait_for_the_race)
    write(tmp_path, text, STEP=0.3)
    done = command("studio", f"their.py:{name}", "--no-browser", "--port", "0", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    kind = name.lower()
    results = tmp_path / "results" / f"{kind}-against-{rival}-1"
    runs = {run.strategy: run for run in read_summaries(results)}
    assert {strategy: run.evaluations for strategy, run in runs.items()} == {kind: 400, rival: 400}
    assert opened[0].endswith(f"#view=watch&results={results.name}&run={runs[kind].id}&beside={runs[rival].id}")
    assert "sandbox:" in (results / "experiment.yaml").read_text()


def test_the_studio_refuses_what_it_cannot_race(command, tmp_path):
    done = command("studio", "none.py:Walk", "--no-browser", "--port", "0", cwd=tmp_path)
    assert (done.returncode, "which does not exist" in done.stderr) == (2, True)
    write(tmp_path, WALK, STEP=0.3)
    done = command("studio", "their.py:Walk", "--executor", "ray", "--no-browser", "--port", "0", cwd=tmp_path)
    assert (done.returncode, "must be left out with FILE:CLASS, got ray" in done.stderr) == (2, True)


def test_landscapes_that_not_all_have_run_are_left_out():
    def run(strategy, landscape, repeat, stopped="budget spent"):
        return SimpleNamespace(strategy=strategy, landscape=landscape, repeat=repeat, stopped=stopped)

    runs = [run(name, "a", repeat) for name in ("it", "other") for repeat in range(3)]
    runs += [run("it", "b", repeat) for repeat in range(2)] + [run("other", "b", 0), run("other", "b", 1, None)]
    assert attempt._choose_common(runs, 2) == [each for each in runs if each.landscape == "a" and each.repeat < 2]


def test_a_folder_of_an_interrupted_try_is_gone_on_with(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "try-walk"
    folder.mkdir()
    assert attempt.choose_folder("walk").name == "try-walk"
    (folder / "rivals.yaml").touch()
    (folder / "rivals-0123abcd").mkdir()
    (folder / "race-1").mkdir()
    assert attempt.choose_folder("walk").name == "try-walk"
    (folder / "notes").touch()
    with pytest.raises(Refusal, match="try-walk must be the folder of an earlier try, or not exist"):
        attempt.choose_folder("walk")


def test_clauses_are_counted_by_their_state():
    from searchparty.experiments.contracts.clause import ClauseResult

    states = ["kept"] * 11 + ["broken", "left out", "not tried", "not tried"]
    clauses = [ClauseResult("c", "It holds.", state, cause="it fell") for state in states]
    tried = attempt.Attempt(None, None, 1, clauses, None, None, "", None, [], [], None, [])
    assert tried.describe_contract()[0] == (
        "Contract: 11 clauses kept, 1 clause broken, 1 clause left out, 2 clauses not tried. "
        "The time for them was over."
    )


@pytest.mark.parametrize(("text", "name"), [(WALK, "Walk"), (POLICY, "Turns")])
def test_a_proposal_and_a_decision_are_timed_without_the_start_of_a_process(tmp_path, text, name):
    write(tmp_path, text, STEP=0.3)
    opened = candidate.open_candidate(f"their.py:{name}", str(tmp_path))
    seconds, each = candidate.time_candidate(opened)
    # A process takes a second to start.
    assert 1e-6 < seconds < 0.5
    assert 0 < each < 0.5
