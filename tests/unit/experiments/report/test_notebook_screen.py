"""What a notebook shows of results: the first screen, with figures that are drawn where they belong."""

import re
import xml.etree.ElementTree as ET
from math import inf, log10

import pytest

from searchparty import Experiment, Results, run
from searchparty.experiments.report.first_screen import describe_first_screen, draw_first_figures
from searchparty.experiments.report.still_figures import EDGE, LEFT, draw_intervals, draw_shares

SVG = "{http://www.w3.org/2000/svg}"
DATA = {
    "name": "trial", "description": "Which is better? <b>A & B</b>", "budget": 60, "repeats": 5,
    "executor": "simulated", "stop": {"precision": 1e-2},
    "landscapes": [{"kind": "sphere", "dimension": 2}, {"kind": "ackley", "dimension": 2}],
    "strategies": {"random <1>": {"agents": ["random"]}, "two": {"agents": ["nelder-mead"]},
                   "three": {"agents": ["slsqp"]}},
}  # fmt: skip


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return run(Experiment.from_data(DATA), out=tmp_path_factory.mktemp("made") / "out", report=False)


def parse(html):
    """Return the elements of HTML, which must be well-formed: a notebook takes it as it is."""
    return ET.fromstring(f"<body>{html}</body>")


def place_of(ratio, low, high):
    """Return where a ratio lies between powers of ten."""
    return 14 + (log10(ratio) - low) / (high - low) * (EDGE - 14)


def marks_of(figure):
    return [
        float(re.match(r"translate\(([\d.]+),", mark.get("transform"))[1])
        for mark in figure.iter(f"{SVG}path")
        if mark.get("transform")
    ]


def test_a_notebook_shows_the_first_screen(results):
    page = parse(results._repr_html_())
    text = "".join(page.itertext())
    first = describe_first_screen(results.compare(), [results.path])
    assert first["question"] == DATA["description"]
    answers = [first[name] for name in ("question", "verdict", "cost", "next", "command", "others", "evidence")]
    assert all(answers[:4])
    for told in (*answers, *first["remarks"]):
        assert told in text
    labels = [figure.get("aria-label") for figure in page.iter(f"{SVG}svg") if figure.get("role") == "img"]
    figures = draw_first_figures(results.compare())
    assert labels == [figures["forest"]["label"], figures["distribution"]["label"]]
    assert text.count("random <1>") > 2
    for row in results.summary_rows():
        assert row["median gap"] in text


def test_intervals_are_drawn_where_they_are():
    rows = [
        {"name": "a", "colour": 0, "value": 0.1, "low": 0.02, "high": 2.0, "bound": ""},
        {"name": "b", "colour": 1, "value": 30.0, "low": None, "high": None, "bound": ""},
        {"name": "c", "colour": 2, "value": 1.0, "low": 0, "high": inf, "bound": ""},
    ]
    figure = parse(draw_intervals({"rows": rows, "region": [0.9, 1.11], "title": "t", "label": "l", "xName": "x"}))
    assert marks_of(figure) == pytest.approx([place_of(each["value"], -2, 2) for each in rows], abs=0.1)
    lines = [line for line in figure.iter(f"{SVG}line") if line.get("stroke-width") == "2.5"]
    bars = [line for line in lines if line.get("y1") == line.get("y2")]
    found = [(float(bar.get("x1")), float(bar.get("x2"))) for bar in bars]
    assert found[0] == pytest.approx((place_of(0.02, -2, 2), place_of(2.0, -2, 2)), abs=0.1)
    # What has no end is drawn to the edge.
    assert found[1:] == [(14, EDGE)] * 2


@pytest.mark.parametrize(
    ("bound", "arrows"), [("at least", [2.0]), ("at most", [0.5]), ("about", [0.5, 2.0]), ("", [])]
)
def test_an_end_beyond_which_a_bound_may_lie_is_an_arrow(bound, arrows):
    rows = [{"name": "a", "colour": 0, "value": 1.0, "low": 0.5, "high": 2.0, "bound": bound}]
    figure = parse(draw_intervals({"rows": rows, "region": [0.9, 1.11], "title": "t", "label": "l", "xName": "x"}))
    tips = [path.get("d").split("L")[1] for path in figure.iter(f"{SVG}path") if path.get("fill") == "none"]
    assert [float(tip.split(",")[0]) for tip in tips] == pytest.approx(
        [place_of(end, -1, 1) for end in arrows], abs=0.1
    )


def test_shares_are_drawn_from_the_first_evaluation_to_the_last():
    series = [{"name": "a", "x": [1, 10, 100], "y": [0.0, 0.5, 1.0]}, {"name": "b", "x": [1, 10], "y": [0.25, 0.25]}]
    figure = parse(draw_shares({"series": series, "label": "l", "title": "t", "xName": "x"}))
    lines = [each.get("points") for each in figure.iter(f"{SVG}polyline")]
    first = [tuple(map(float, spot.split(","))) for spot in lines[0].split()]
    assert [x for x, _ in first] == pytest.approx([LEFT, (LEFT + EDGE) / 2, EDGE], abs=0.1)
    assert first[1][1] == pytest.approx((first[0][1] + first[2][1]) / 2, abs=0.1)
    styles = {each.get("stroke-dasharray") for each in figure.iter(f"{SVG}polyline")}
    assert len(styles) == 2
    assert len(marks_of(figure)) >= 4


@pytest.mark.parametrize("strategies", [{"a": ["random"]}, {"a": ["random"], "b": ["nelder-mead"]}])
def test_results_without_a_verdict_have_a_first_screen(tmp_path, strategies):
    data = {**DATA, "repeats": 1, "budget": 5, "strategies": {k: {"agents": v} for k, v in strategies.items()}}
    found = run(Experiment.from_data(data), out=tmp_path / "out", report=False)
    text = "".join(parse(found._repr_html_()).itertext())
    assert describe_first_screen(found.compare(), [found.path])["verdict"] in text


def test_a_long_table_is_cut(results, monkeypatch):
    monkeypatch.setattr("searchparty.experiments.report.notebook_screen.MOST_SHOWN", 4)
    page = parse(Results(results.path)._repr_html_())
    assert len(list(page.iter("tr"))) == 5
    assert "... and 2 more rows" in "".join(page.itertext())
