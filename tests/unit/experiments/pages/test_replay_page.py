"""Pages that replay runs: one file, of less than 2 MB, by a command or from results."""

import re

import pytest

from searchparty import Results
from searchparty.experiments.api import run
from searchparty.experiments.execution.results_directory import ResultsError
from searchparty.experiments.pages.replay_page import MOST_PAGE_POINTS, make_question_page, make_replay_page
from searchparty.experiments.spec.load import Experiment

MOST_BYTES = 2_000_000


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    data = {
        "name": "pages", "seed": 1, "budget": 80, "landscapes": [{"kind": "rastrigin", "dimension": 2}],
        "strategies": {"<b>alone": {"agents": ["grid"]}, "party": {"agents": ["grid", "random-restart", "random"]}},
        "executor": "simulated",
    }  # fmt: skip
    return run(Experiment.from_data(data), out=tmp_path_factory.mktemp("pages") / "r", report=False)


def test_a_page_is_one_small_file_without_a_network(results, tmp_path):
    page = results.replay("party", compare=True, title="A & B", text="Look <i>closely</i>.")
    assert page.titles == ("party on rastrigin D=2, repeat 0", "<b>alone on rastrigin D=2, repeat 0")
    path = page.write(tmp_path / "new" / "page.html")
    text = path.read_text(encoding="utf-8")
    assert len(text.encode()) < MOST_BYTES
    assert "<h1>A &amp; B</h1>" in text
    assert "Look &lt;i&gt;closely&lt;/i&gt;." in text
    assert "<b>alone" not in text
    assert text.count("data-film=") == 2
    # Namespaces of SVG are no addresses.
    assert {found for found in re.findall(r"https?://[^\s\"'<>]+", text) if "w3.org" not in found} == set()


def test_only_a_page_that_was_written_here_is_replaced(results, tmp_path):
    page = results.replay()
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(
        ResultsError, match="a page must be a new file, or take the place of an earlier page, got .*mine.txt"
    ):
        page.write(tmp_path / "mine.txt")
    assert (tmp_path / "mine.txt").read_text() == "mine"
    with pytest.raises(ResultsError, match="a page must be a file, got .*, which is a folder. Write e.g. "):
        page.write(tmp_path)
    assert page.write(page.write(tmp_path / "page.html")).stat().st_size > 1000


def test_a_notebook_shows_it_in_a_cell(results):
    page = results.replay()
    shown = page._repr_html_()
    assert shown.startswith("<iframe ")
    assert shown.count("<") == 2
    assert "&lt;!doctype html&gt;" in shown
    assert repr(page).startswith("<ReplayPage: party on")


def test_a_long_run_is_thinned(tmp_path):
    data = {
        "name": "long", "budget": 20_000, "landscapes": [{"kind": "sphere", "dimension": 20}],
        "strategies": {"s": {"agents": ["random", "random"]}}, "executor": "simulated",
    }  # fmt: skip
    made = run(Experiment.from_data(data), out=tmp_path / "r", report=False)
    assert MOST_PAGE_POINTS < 20_000
    assert len(made.replay().html.encode()) < MOST_BYTES


def test_a_question_of_the_studio_is_a_page_too():
    page = make_question_page("radius")
    assert page.titles == ("radius 0.1", "radius 0.4")
    assert "The radius decides which valleys can be seen at all." in page.html
    assert len(page.html.encode()) < MOST_BYTES


def test_what_is_not_there_is_told(results, tmp_path):
    with pytest.raises(ResultsError, match=r"what is shown must be a results directory or a question.*got .radios"):
        make_question_page("radios")
    with pytest.raises(ResultsError, match="--run must be a strategy or a run's id, got 'nobody'"):
        make_replay_page(results.path, ("nobody",))
    with pytest.raises(ResultsError, match="--run must be given once or twice, got 3 times"):
        Results(results.path).replay("party", "party", "party")


def test_a_page_that_cannot_be_written_is_refused(results, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultsError, match=r"a page must be a file that can be written, got .* \(.+\)\. Name another"):
        results.replay().write(tmp_path / "file" / "page.html")


def test_the_command_writes_the_page(results, command, tmp_path):
    done = command("embed", str(results.path), "--run", "party", "--out", "page.html", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Page: page.html (0." in done.stdout
    assert (tmp_path / "page.html").exists()
    assert command("embed", "nothing", cwd=tmp_path).returncode == 2
