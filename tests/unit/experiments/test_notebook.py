"""In a notebook: tables and plots are shown, and a run shows its progress."""

import sys
import types

import pytest

from searchparty import run
from searchparty.experiments import notebook
from searchparty.experiments.results.table import MOST_SHOWN, Table

SMALL = {
    "name": "a",
    "budget": 60,
    "repeats": 2,
    "landscapes": [{"kind": "sphere", "dimension": [2, 3]}],
    "strategies": {"<b>one</b>": {"agents": ["random"]}, "team": {"agents": ["grid", "random"]}},
    "executor": "simulated",
}


class Output:
    def __init__(self, shown):
        self.shown = shown

    def update(self, what):
        self.shown.append(what._repr_html_())


@pytest.fixture
def shown(monkeypatch):
    """Be a notebook, as far as this package can see, and return what it shows."""
    found = []

    def display(what, display_id):
        assert display_id
        found.append(what._repr_html_())
        return Output(found)

    package = types.ModuleType("IPython")
    package.get_ipython = lambda: types.SimpleNamespace(kernel=object())
    package.display = types.ModuleType("IPython.display")
    package.display.display = display
    monkeypatch.setitem(sys.modules, "IPython", package)
    monkeypatch.setitem(sys.modules, "IPython.display", package.display)
    monkeypatch.setattr(notebook, "UPDATE_SECONDS", 0.0)
    return found


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return run(SMALL, out=tmp_path_factory.mktemp("notebook") / "r", report=False)


def test_a_run_shows_its_progress(shown, tmp_path, capsys):
    path = run(SMALL, out=tmp_path / "r", report=False).path
    assert "&lt;b&gt;one&lt;/b&gt; on sphere D=2, repeat 0: 0 of 60 evaluations, no finite loss yet" in shown[0]
    assert shown[-1] == '<progress value="8" max="8"></progress> 8 of 8 runs have ended'
    assert any("60 of 60 evaluations, best " in each for each in shown)
    count = len(shown)
    from searchparty import resume

    resume(path, report=False)
    assert len(shown) == count
    assert "have ended: there is nothing to resume" in capsys.readouterr().out


def test_elsewhere_nothing_is_shown(tmp_path, capsys):
    run(SMALL, out=tmp_path / "r", report=False)
    captured = capsys.readouterr()
    assert captured.out + captured.err == ""


def test_tables_are_shown_as_tables(results):
    html = results.comparison._repr_html_()
    assert html.count("<tr>") == 5
    assert "<td>&lt;b&gt;one&lt;/b&gt;</td>" in html
    assert "<b>" not in html
    lines = repr(results.comparison).splitlines()
    assert lines[0].split()[:3] == ["problem", "group", "dimension"]
    assert len(lines) == 5
    long = Table({"n": list(range(MOST_SHOWN + 5))})
    assert "... and 5 more rows" in long._repr_html_()
    assert repr(long).endswith("... and 5 more rows")
    assert repr(Table({"a": [], "b": []})) == "a  b"


def test_points_are_a_table(results):
    table = results.points()
    assert len(table) == 8 * 60
    assert list(table.columns)[:9] == [
        "run",
        "landscape",
        "strategy",
        "repeat",
        "agent",
        "lease",
        "evaluations",
        "loss",
        "free",
    ]
    assert list(table.columns)[9:] == ["x1", "x2", "x3"]
    for row in table.rows()[::37]:
        point = [row[name] for name in ("x1", "x2", "x3") if row[name] is not None]
        assert len(point) == (2 if "D=2" in row["landscape"] else 3)
        assert row["loss"] == pytest.approx(sum(x * x for x in point))
    one = results.runs[0]
    assert results.points(one.id).columns["evaluations"] == list(range(1, 61))
    assert min(results.points(one.id).columns["loss"]) == one.final


@pytest.mark.parametrize("what", ["convergence", "finals", "contributions", "timeline", "landscape"])
def test_plots_are_pictures(results, what, tmp_path):
    plot = results.plot(what, results.runs[0].id)
    assert plot._repr_png_().startswith(b"\x89PNG")
    plot.save(tmp_path / "p.svg")
    assert "<svg" in (tmp_path / "p.svg").read_text()


def test_plots_that_there_are_not_are_refused(results):
    with pytest.raises(ValueError, match="Did you mean 'convergence'"):
        results.plot("convergance")
    with pytest.raises(ValueError, match="run must be the id of a run with points, got 'no'"):
        results.plot("timeline", "no")
    three = next(run.id for run in results.runs if "D=3" in run.landscape)
    with pytest.raises(ValueError, match="without a landscape of two dimensions"):
        results.plot("landscape", three)
