"""The report: it renders from any log, needs nothing from outside, and says what it does not know."""

import csv
import json
import re
import shlex
import subprocess
import sys
import textwrap
import warnings
import xml.etree.ElementTree as ET
from html import unescape as html_unescape
from html.parser import HTMLParser

import numpy as np
import pytest
from sealing import alter_log

from searchparty.experiments.api import run
from searchparty.experiments.cli.run import resume_planned
from searchparty.experiments.drawing import style
from searchparty.experiments.drawing.comparison import convergence_figure
from searchparty.experiments.drawing.landscape import contour_figure
from searchparty.experiments.report import report
from searchparty.experiments.report.island import unpack_island
from searchparty.experiments.report.report import read_comparison, write_report
from searchparty.experiments.results.accounts import leases_table
from searchparty.experiments.results.curves import Curve
from searchparty.experiments.results.recorded_runs import read_runs
from searchparty.experiments.studies.branch import begin_branch, plan_branch
from searchparty.landscapes.landscape import Refusal
from searchparty.orchestrator.log.reader import LogReader

pytestmark = pytest.mark.usefixtures("coarse_figures")
VOID = {"meta", "br", "link", "img", "input", "hr"}
TEAM = """\
  party:
    agents: [random, {kind: random-restart}]
    policy: {radius: shrink, sharing: broadcast, lease: 20}
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Run a small experiment, and return its results directory, without a report."""

    def make(landscapes="{kind: rastrigin, dimension: 2}", strategies=TEAM, repeats=2, budget=80, beside=None):
        folder = tmp_path_factory.mktemp("results")
        for name, text in (beside or {}).items():
            (folder / name).write_text(textwrap.dedent(text))
        lines = f"name: trial\nseed: 1\nrepeats: {repeats}\nbudget: {budget}\nexecutor: simulated\n"
        yaml = f"{lines}landscapes:\n  - {landscapes}\nstrategies:\n{strategies}"
        (folder / "trial.yaml").write_text(yaml)
        return run(folder / "trial.yaml", out=folder / "out", report=False).path

    return make


@pytest.fixture(scope="module")
def party(results, coarse_figures):
    """Return an ordinary experiment with its report, for tests that only read."""
    directory = results(strategies=TEAM + "  alone:\n    agents: [random]\n")
    return directory, write_report(directory).read_text(encoding="utf-8")


def island_of(html):
    """Return the data from which a page draws its figures and tables."""
    return unpack_island(re.search('id="island">([^<]+)<', html)[1])


class Page(HTMLParser):
    """Checks that tags close in order, and keeps the texts and the references."""

    def __init__(self, text):
        super().__init__()
        self.open, self.words, self.references, self.tags, self.ids = [], [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.references += [v for k, v in attributes if k in ("src", "href", "xlink:href", "action") and v]
        self.ids += [v for k, v in attributes if k == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        self.words.append(text)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def test_needs_nothing_from_outside(party):
    _, html = party
    page = Page(html)
    # Embedded parts are inside the file; all other references point within the page.
    assert all(link.startswith(("#", "data:")) for link in page.references)
    # With the colon: the base64 of an embedded picture may contain the four letters, but has no colon.
    assert not re.search("https?:", re.sub(r'xmlns(:xlink)?="http://www\.w3\.org/[^"]*"', "", html))
    assert not re.search(r"@import|url\((?!#)", html)


def test_figures_are_files_where_they_are_asked_for(results):
    directory = results(strategies=TEAM + "  alone:\n    agents: [random]\n")
    write_report(directory)
    assert not (directory / "figures").exists()
    write_report(directory, figures=True)
    runs = {run.id for run in read_runs(directory)}
    stems = {path.stem for path in (directory / "figures").glob("*.svg")}
    assert {"convergence", "finals", "contributions"} <= stems
    assert sum(stem.removeprefix("timeline-") in runs for stem in stems) == 2
    assert sum(stem.removeprefix("contour-") in runs for stem in stems) == 2
    for stem in stems:
        ET.parse(directory / "figures" / f"{stem}.svg")
        assert (directory / "figures" / f"{stem}.png").read_bytes().startswith(b"\x89PNG")


def test_every_table_is_a_file(party):
    directory, _ = party
    tables = {path.stem for path in (directory / "tables").glob("*.csv")}
    wanted = {"comparison", "verdicts", "standings", "tests", "targets", "convergence", "contributions", "best_points"}
    assert wanted <= tables
    with (directory / "tables" / "comparison.csv").open(newline="") as file:
        assert {row["strategy"] for row in csv.DictReader(file)} == {"party", "alone"}


def test_says_why_leases_were_granted(party):
    directory, html = party
    island = island_of(html)
    drawn = [run for run in read_runs(directory) if f'id="run-{run.id}"' in html]
    assert len(drawn) == 2
    for run_ in drawn:
        table = island["tables"][f"leases-run-{run_.id}"]
        place, reason = table["heads"].index("lease"), table["heads"].index("reason")
        shown = {row[place]: row[reason] for row in table["rows"]}
        assert shown == {row["lease"]: row["reason"] for row in leases_table(run_).rows()}


def test_says_what_was_compared_and_how_to_do_it_again(party):
    _, html = party
    text = Page(html).text
    assert "1 problem, 2 runs of each strategy on each." in text
    assert "All 4 runs took 320 evaluations." in text
    assert "There were no failures." in text
    assert "Target: 1e-08 above the known minimum." in text
    assert "name: trial" in text
    assert "unfinished" not in text


def test_commands_of_a_page_can_be_copied(results, unrendered):
    directory = results()
    spaced = directory.rename(directory.parent / "d  1")
    alter_log(spaced, "DELETE FROM events WHERE seq > 4")
    html = write_report(spaced).read_text()
    shown = [re.sub("<[^>]+>", "", html_unescape(found)) for found in re.findall("<code>(.+?)</code>", html)]
    commands = [
        shlex.split(text) for text in shown if text.startswith("searchparty ") and str(directory.parent) in text
    ]
    assert {words[1] for words in commands} >= {"resume", "trace"}
    assert all(words[2] == str(spaced) for words in commands)


def test_every_place_for_a_figure_or_a_table_has_its_data(party):
    _, html = party
    island = island_of(html)
    places = {kind: re.findall(f'data-{kind}="([^"]+)"', html) for kind in ("figure", "table")}
    for kind, keys in places.items():
        assert len(keys) == len(set(keys)) > 4
        assert set(keys) <= set(island[f"{kind}s"])
    for figure in island["figures"].values():
        assert figure.get("label") or figure["caption"]


def test_the_data_of_a_page_are_those_of_the_runs(party):
    directory, html = party
    island, runs = island_of(html), read_runs(directory)
    assert island["strategies"] == ["party", "alone"]
    (problem,) = island["problems"]
    for strategy, finals, median, curve in zip(
        island["strategies"], problem["finals"], problem["medians"], problem["curves"], strict=True
    ):
        gaps = sorted(run.final - run.minimum for run in runs if run.strategy == strategy)
        assert finals == pytest.approx(gaps, rel=1e-3)
        assert median == pytest.approx(sum(gaps) / 2, rel=1e-3)
        assert curve[0][-1] == 80
        assert curve[1][-1] == pytest.approx(median, rel=1e-3)


def test_a_page_needs_no_drawing_library(party):
    directory, _ = party
    code = f"""import sys
from searchparty.experiments.report.report import write_report
write_report({str(directory)!r})
print("matplotlib" in sys.modules)"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_few_runs_are_said_to_be_too_few(party):
    _, html = party
    assert "5 repeats in all (2 now)" in Page(html).text


NASTY = "<script>alert(1)</script>", "a$b$", r"$\foo$", "_hidden", "x" * 100, "\"quoted\" & 'so'"


def test_names_are_shown_as_they_are(results, unrendered):
    quoted = ["'" + name.replace("'", "''") + "'" for name in NASTY]
    # The settings differ: equal ones would be one run.
    strategies = "".join(
        f"  {name}:\n    agents: [{{kind: random, batch: {n + 1}}}]\n" for n, name in enumerate(quoted)
    )
    directory = results("{kind: sphere, dimension: 3}", strategies, repeats=1, budget=30)
    page = Page(write_report(directory).read_text(encoding="utf-8"))
    assert all(name in page.text for name in NASTY)
    # The data, the import map, the settings of the replay, two that start, and a film of each run that is drawn; none
    # from a name.
    assert page.tags.count("script") == 5 + report.MOST_RUN_FIGURES


def test_names_are_not_taken_for_mathematics_or_left_out_of_legends():
    assert style.format_label("a$b$") == r"a\$b\$"
    assert style.format_label("_x") == " _x"
    assert style.format_label("plain") == "plain"
    assert len(style.format_label("begin " + "x" * 90 + " end")) == style.LONGEST_LABEL
    assert style.format_label("begin " + "x" * 90 + " end").endswith(" end")


@pytest.mark.parametrize("dimension", [*(pytest.param(few, marks=pytest.mark.extras) for few in (1, 2)), 20])
def test_any_dimension(results, dimension):
    directory = results(f"{{kind: sphere, dimension: {dimension}}}", repeats=1)
    html = write_report(directory).read_text(encoding="utf-8")
    assert ('class="contour"' in html) == (dimension == 2)
    island = island_of(html)
    maps = [figure for figure in island["figures"].values() if figure["kind"] == "map"]
    assert bool(maps) == (dimension == 2)
    assert all(island["grounds"][each["ground"]].startswith("data:image/webp;base64,") for each in maps)


def test_negative_losses(results, unrendered):
    directory = results("{kind: styblinski-tang, dimension: 2}")
    text = Page(write_report(directory).read_text(encoding="utf-8")).text
    assert "styblinski-tang D=2" in text
    assert "1e-08 above the known minimum" in text


def test_losses_of_unknown_minimum_and_wide_range(results, unrendered):
    code = "def f(x):\n    return float(1e9 * x[0] ** 9 - x[1])\n"
    landscape = "{kind: python, function: f.py:f, bounds: [[-3, 3], [-3, 3]]}"
    directory = results(landscape, beside={"f.py": code})
    text = Page(write_report(directory).read_text(encoding="utf-8")).text
    assert "Target: relative: reached by 25 % of all runs." in text
    assert "Distance to the known minimum" not in text


def test_no_finite_loss_at_all(results):
    landscape = "{kind: python, function: f.py:f, bounds: [[0, 1], [0, 1]]}"
    directory = results(landscape, beside={"f.py": "def f(x):\n    return float('nan')\n"})
    text = Page(write_report(directory).read_text(encoding="utf-8")).text
    assert "There is one strategy, 'party', and nothing to compare it with." in text
    assert "Target: none: too few runs found a finite loss." in text
    assert "160 failures occurred" in text


def test_an_unfinished_log_says_so(results, unrendered):
    directory = results()
    alter_log(directory, "DELETE FROM events WHERE seq > 4")
    text = Page(write_report(directory).read_text(encoding="utf-8")).text
    assert "This log is unfinished: 2 of 2 runs have not ended." in text


def test_a_run_that_has_not_begun(results, unrendered):
    directory = results()
    first = read_runs(directory)[0].id
    alter_log(directory, f"DELETE FROM events WHERE run = '{first}'", f"DELETE FROM points WHERE run = '{first}'")
    assert "1 of 2 runs have not ended" in Page(write_report(directory).read_text(encoding="utf-8")).text


def test_a_log_in_which_nothing_has_happened(results):
    directory = results()
    alter_log(directory, "DELETE FROM events", "DELETE FROM points")
    assert "2 of 2 runs have not ended" in Page(write_report(directory).read_text(encoding="utf-8")).text


def test_one_run_alone(results, unrendered):
    directory = results(strategies="  alone:\n    agents: [random]\n", repeats=1)
    text = Page(write_report(directory).read_text(encoding="utf-8")).text
    assert "There is one strategy, 'alone', and nothing to compare it with." in text
    assert "All problems together" not in text


def test_a_branch_is_replayed_beside_its_original_wherever_its_directory_stands(results, unrendered):
    directory, other = results(repeats=1), results(repeats=1, budget=40)
    (original,) = read_runs(directory)
    planned = plan_branch(directory, original.id, 40, ["policy.radius=fixed"])
    branched = begin_branch(planned, directory.parent / "k2")
    resume_planned(planned.plan, branched, True, planned.budgets)
    for directories, suffix in (([branched], ""), ([branched, other], ""), ([other, branched], "-2")):
        html = write_report(directories).read_text(encoding="utf-8")
        shown = f'data-run="{original.id}{suffix}" data-beside="{planned.branch.id}{suffix}"'
        assert f'<div id="replay" {shown}>' in html


def test_directories_have_one_name_each_wherever_they_are_told(results, unrendered, monkeypatch):
    directories = [results(repeats=1), results(repeats=1)]
    named = []
    monkeypatch.setattr(
        "searchparty.experiments.report.page.draw_run_gantts",
        lambda groups: named.extend(name for name, _ in groups) or [],
    )
    html = write_report(directories).read_text(encoding="utf-8")
    assert named == ["out 1", "out 2"]
    assert all(f"party ({name})" in html for name in named)
    monkeypatch.chdir(directories[0])
    html = write_report(".").read_text(encoding="utf-8")
    assert named[2:] == ["out"]
    for tag in ("title", "h1"):
        assert "out" in re.search(f"<{tag}[^>]*>([^<]*)<", html)[1]


def test_several_directories_in_one_report(results, unrendered):
    first, second = results(repeats=1), results(repeats=1)
    path = write_report([first, second])
    assert path == first / f"comparison-with-{second.name}" / "report.html"
    assert (path.parent / "tables" / "verdicts.csv").is_file()
    page = Page(path.read_text(encoding="utf-8"))
    # Both directories are named: their paths distinguish them, and also their equal runs.
    assert "party (out 1)" in page.text
    assert "party (out 2)" in page.text
    sections = [i for i in page.ids if re.fullmatch("run-[0-9a-f]{12}.*", i)]
    assert len(sections) == len(set(sections)) == 2


def test_directories_with_other_problems_are_compared_where_they_meet(results, unrendered):
    alone = "  alone:\n    agents: [random]\n"
    first = results("{kind: [sphere, rastrigin], dimension: 2}", alone, repeats=1, budget=20)
    second = results("{kind: [sphere, ackley], dimension: 2}", TEAM, repeats=1, budget=30)
    text = Page(write_report([first, second]).read_text(encoding="utf-8")).text
    assert (
        "Not all strategies have ended runs on rastrigin D=2 (only alone); ackley D=2 (only party): each pair" in text
    )
    assert "Budgets differ within a problem: runs are compared at the least of them." in text


def test_directories_of_other_versions_say_so(results, unrendered):
    first, second = results(repeats=1, budget=20), results(repeats=1, budget=30)
    assert "Different versions" not in write_report([first, second]).read_text(encoding="utf-8")
    with LogReader(second) as reader:
        packages = reader.meta["environment"]["packages"]
    changed = json.dumps(packages | {"searchparty": "0.1.9"})
    alter_log(
        second, f"UPDATE meta SET value = json_set(value, '$.packages', json('{changed}')) WHERE key = 'environment'"
    )
    text = write_report([first, second]).read_text(encoding="utf-8")
    assert f"Different versions of searchparty wrote these results: {packages['searchparty']}, 0.1.9." in text


def test_one_label_of_two_landscapes_is_two_problems(results, unrendered):
    alone = "  alone:\n    agents: [random]\n"
    code = "def f(x):\n    return float(sum(x))\n"
    found = [results(f"{{kind: python, function: f.py:f, bounds: [[0, {top}]]}}", alone, 1, 10, {"f.py": code})
             for top in (1, 2)]  # fmt: skip
    text = write_report(found).read_text(encoding="utf-8")
    assert "f D=1 (out 1) (only alone (out 1)); f D=1 (out 2)" in Page(text).text


def test_a_report_of_several_directories_overwrites_no_other(results, unrendered, coarse_figures, monkeypatch):
    monkeypatch.setattr(report, "MOST_RUN_FIGURES", 1)
    one, two, three = (results(repeats=repeats, budget=30) for repeats in (1, 2, 3))
    written = {}
    for listed in ([one], [one, two], [one, three], [two, one]):
        path = write_report(listed, figures=True)
        written[path] = {file: file.read_bytes() for file in path.parent.rglob("*") if file.is_file()}
    assert len(written) == 4
    for path, files in written.items():
        assert (path.parent / "tables" / "comparison.csv") in files
        assert (path.parent / "figures" / "convergence.svg") in files
        assert {file: file.read_bytes() for file in files} == files
    # The report of the same directories is renewed.
    again = write_report([one, two], figures=True)
    assert again in written
    assert not (one / f"comparison-with-{two.name}-3").exists()


def test_reports_of_one_log_are_equal(results):
    directory = results("{kind: sphere, dimension: 2}", "  alone:\n    agents: [random]\n", repeats=1, budget=20)
    pages = [write_report(directory).read_text(encoding="utf-8") for _ in range(2)]
    assert pages[0] == pages[1]


def test_losses_that_are_level_are_told_apart_by_their_cost(results, unrendered):
    strategies = "".join(
        f"  {name}:\n    agents: [{{kind: grid, points_per_axis: {n}}}]\n" for name, n in (("a", 3), ("b", 5))
    )
    directory = results("{kind: sphere, dimension: 2}", strategies, repeats=5)
    text = Page(write_report(directory).read_text()).text
    assert "a is better than b: it needs 2.6 times fewer evaluations (95" in text


def test_wide_losses_of_unknown_minimum_are_drawn_symmetric_logarithmic():
    # The median shows nothing of the range; the band does.
    median, upper = np.full(4, -1.0), np.array([1e6, 2.0, 1.0, 1.0])
    curves = {"bowl": {"s": Curve(np.arange(1, 5), np.full(4, -5.0), median, upper)}}
    scales = [convergence_figure(curves, {"bowl": m}, ["s"]).axes[0].get_yscale() for m in (None, -9.0)]
    assert scales == ["symlog", "log"]


def test_a_report_never_runs_the_users_function(results, unrendered, tmp_path):
    """It may hang, crash, or cost an hour per point: the picture shows only what was found."""
    calls = tmp_path / "calls"
    code = f"def f(x):\n    open({str(calls)!r}, 'a').write('.')\n    return float(((x - 0.5) ** 2).sum())\n"
    directory = results("{kind: python, function: f.py:f, bounds: [[0, 1], [0, 1]]}", beside={"f.py": code})
    before = calls.stat().st_size
    page = write_report(directory).read_text(encoding="utf-8")
    assert calls.stat().st_size == before
    assert "interpolated between the points" in page


def test_an_agent_that_never_had_a_lease_is_no_trouble(results, unrendered):
    strategies = "  party:\n    agents: [slsqp, axes, cma-es]\n    policy: party\n"
    path = results("{kind: rosenbrock, dimension: 2}", strategies, repeats=1, budget=12)
    (only,) = read_runs(path)
    assert set(only.points.agent) == {0}
    page = write_report([path]).read_text(encoding="utf-8")
    assert "opens at the center" in str(island_of(page)["tables"])
    assert contour_figure(only) is not None


def test_losses_near_the_largest_float_and_signs_that_no_font_has_draw_no_warning(tmp_path, command):
    """Run, summary, report and replay, where every warning is an exception."""
    (tmp_path / "o.py").write_text("def f(x):\n    return 1.7e308 if x[0] < 0 else -1.7e308 * x[1]\n")
    (tmp_path / "x.yaml").write_text(
        "name: x\nbudget: 40\nexecutor: simulated\n"
        "landscapes: [{kind: python, function: 'o.py:f', dimension: 2, bounds: [-1, 1]}]\n"
        'strategies: {"alone \\U0001F3AF": {agents: [random]}, équipe: {agents: [slsqp, axes]}}\n',
        encoding="utf-8",
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ran = command("run", "x.yaml", "--out", "out", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert "Warning" not in ran.stdout + ran.stderr
    assert (tmp_path / "out" / "report.html").stat().st_size > 10_000
    again = command("run", "x.yaml", "--out", "usual", "--no-report", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert "Warning" not in again.stdout + again.stderr
    first, second = (command("trace", name, "--hash", cwd=tmp_path).stdout for name in ("out", "usual"))
    assert first == second != ""


def test_a_directory_is_given_once(party):
    directory, _ = party
    for give in (write_report, read_comparison):
        with pytest.raises(Refusal, match=r"a report must have each directory once, got .* twice\. Leave one"):
            give([directory, directory / "." / ".." / directory.name])
