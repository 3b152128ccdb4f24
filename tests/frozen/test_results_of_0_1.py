"""Results that version 0.1 wrote are read, resumed, verified and reported."""

import shutil
import sqlite3
from pathlib import Path

import pytest
from freeze import FOLDER, bits, read_hash
from test_traces import FROZEN

from searchparty.agents.axes import Axes
from searchparty.experiments.api import resume
from searchparty.experiments.execution import first_rule
from searchparty.experiments.execution.code_digest import shorten
from searchparty.experiments.execution.first_rule import digest_by_first_rule, read_table
from searchparty.experiments.execution.results_directory import ResultsError
from searchparty.experiments.execution.verification import verify_results
from searchparty.experiments.report import report
from searchparty.experiments.results_api import Results
from searchparty.landscapes.command import Command

PROGRAM = "bdb2e79cd02a0d09"
FINISHED = "21ade842a570ced4385f130f9bc4ff8ddc2bbfe001ff48154f1f01de11e5a7c3"
INTERRUPTED = "98f38728b6bc135f5c1bbaa9c4f9b3dd59e174783cf3eb99c6caa57a10700823"
equal_bits = pytest.mark.skipif(
    bits() != FROZEN["bits"], reason="equal bits are promised for equal versions and kernels only"
)


@pytest.fixture
def results(tmp_path):
    """Return a copy of the old results, beside the file that they name."""
    shutil.copytree(FOLDER / "results-0.1", tmp_path / "old")
    for settings in Path(tmp_path / "old").glob("*/experiment.yaml"):
        settings.write_text(settings.read_text().replace("FOLDER", str(tmp_path / "old")))
    return tmp_path / "old"


@pytest.fixture
def unchanged(monkeypatch):
    """Set aside that parts of a party have changed: where they have not, its results are still what they were."""
    search = Axes.search
    monkeypatch.setattr(first_rule, "CHANGED_SINCE_0_1", frozenset())
    monkeypatch.setattr(
        Axes, "search", lambda self, *given: search(self.model_copy(update={"together": False}), *given)
    )


def test_results_of_a_party_are_refused_with_what_has_changed(results):
    with pytest.raises(ResultsError, match="has changed") as refused:
        resume(results / "interrupted", trust=True, report=False)
    for name in ("agent axes", "agent slsqp", "policy party"):
        assert f"the code of {name} has changed" in str(refused.value)
    assert "agent cma-es" not in str(refused.value)


def test_their_traces_are_what_they_were(results):
    assert read_hash(results / "finished") == FINISHED
    assert read_hash(results / "interrupted") == INTERRUPTED


@equal_bits
def test_what_was_interrupted_is_resumed_to_the_same_trace(results, unchanged):
    resume(results / "interrupted", trust=True, report=False)
    assert read_hash(results / "interrupted") == FINISHED


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [("1e-3", "1e-4", "agent stepper"), ("0.8", "0.9", "landscape python own_code.py:loss")],
)
def test_changed_files_of_the_user_are_refused(results, unchanged, old, new, name):
    path = results / "own_code.py"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(ResultsError, match=f"the code of {name} has changed"):
        resume(results / "interrupted", trust=True, report=False)


@pytest.mark.parametrize("name", ["agent cma-es", "policy party", "landscape python"])
def test_what_is_no_longer_as_in_0_1_is_refused(results, monkeypatch, name):
    monkeypatch.setattr(first_rule, "CHANGED_SINCE_0_1", frozenset({name}))
    with pytest.raises(ResultsError, match=f"the code of {name}.* has changed") as refused:
        resume(results / "interrupted", trust=True, report=False)
    assert str(refused.value).count("has changed") == 1


def test_a_digest_that_0_1_never_had_is_refused(results):
    db = sqlite3.connect(results / "interrupted" / "log.sqlite")
    db.execute("UPDATE sessions SET environment = json_set(environment, '$.code.\"agent axes\"', '0123456789abcdef')")
    db.commit()
    db.close()
    with pytest.raises(ResultsError, match="the code of agent axes has changed"):
        resume(results / "interrupted", trust=True, report=False)


def test_a_program_is_digested_as_in_0_1(tmp_path):
    """The digest is the one that version 0.1 computed for this program."""
    (tmp_path / "bowl.py").write_text("print(1)\n")
    program = Command(command=("python3", "bowl.py"), bounds=(0, 1), base=str(tmp_path))
    name = "landscape command python3 bowl.py"
    assert digest_by_first_rule({name: program}) == {name: PROGRAM}


def test_the_table_has_the_texts_that_it_has_digests_of():
    digests, texts = read_table()
    assert {name: shorten(text) for name, text in texts.items()} == {name: digests[name] for name in texts}


@equal_bits
def test_they_are_verified(results, unchanged):
    whole, part = (verify_results(results / name, trust=True) for name in ("finished", "interrupted"))
    assert (whole.runs, whole.unfinished, whole.problems, whole.unknown) == (9, 0, [], [])
    assert (part.runs, part.unfinished, part.problems, part.unknown) == (9, 5, [], [])
    assert (whole.totals["points"], whole.totals["spent"]) == (1309, 1350)


def test_their_best_points_are_read(results):
    losses = [best.loss for best in Results(results / "finished").best()]
    assert losses == pytest.approx([2.78995e-11, 149.15, 0.0], rel=1e-4)


def test_they_are_reported(results, coarse_figures, monkeypatch):
    monkeypatch.setattr(report, "MOST_RUN_FIGURES", 1)
    assert Results(results / "interrupted").report().stat().st_size > 100_000
