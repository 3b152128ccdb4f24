"""Parameters by name in tables, on the console and in pictures."""

import csv
import json

import numpy as np
import pytest
from matplotlib.figure import Figure

from searchparty import Experiment
from searchparty.experiments.animation.slice import parse_plane_axes
from searchparty.experiments.api import run
from searchparty.experiments.drawing.landscape import contour_figure
from searchparty.experiments.drawing.sides import draw_sides, name_sides
from searchparty.experiments.execution.results_directory import ResultsError
from searchparty.experiments.report.portraits import pack_frame
from searchparty.experiments.results.pictures.background import interpolate_points
from searchparty.experiments.results.pictures.picture_space import (
    describe_setting,
    format_value,
    name_all_values,
    picture_space,
)
from searchparty.experiments.results_api import Results
from searchparty.landscapes.axis import Axis
from searchparty.landscapes.landscape import Space

AXES = (
    Axis("rate", 1e-4, 1e-2, log=True),
    Axis("depth", 2, 8, integer=True),
    Axis.of_choices("kernel", ("rbf", "poly")),
    Axis("width", 1, 1000, log=True, integer=True),
    Axis("x", -1.0, 3.0),
)
YAML = """\
name: named
budget: 40
landscapes:
  - kind: python
    function: f.py:f
    parameters:
      rate: {low: 1.0e-4, high: 1.0e-2, log: true}
      kernel: {choices: [rbf, poly]}
      loss: 3
strategies: {pair: {agents: [random, pattern-search], policy: {lease: 10}}}
executor: simulated
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("named")
    (folder / "f.py").write_text("def f(p):\n    return p['rate'] + (p['kernel'] == 'rbf')\n")
    (folder / "named.yaml").write_text(YAML)
    return run(folder / "named.yaml", out=folder / "out", report=False).path


def test_pictures_are_linear_in_the_cube():
    space, cube = Space.of_axes(AXES), np.random.default_rng(0).random((20, 5))
    shown = picture_space(space)
    assert shown.names == ("log10 rate", "depth", "kernel: 0 rbf, 1 poly", "log10 width", "x")
    box, drawn = space.to_box(cube), shown.to_box(cube)
    np.testing.assert_allclose(10 ** drawn[:, 0], box[:, 0])
    np.testing.assert_allclose(10 ** drawn[:, 3], box[:, 3], atol=0.5)
    for column in (1, 2):
        assert np.abs(drawn[:, column] - box[:, column]).max() <= 0.5
    np.testing.assert_array_equal(drawn[:, 4], box[:, 4])


def test_a_plain_box_is_drawn_as_it_is():
    space = Space(np.zeros(2), np.ones(2))
    assert picture_space(space) is space
    assert space.names == ("x1", "x2")


def test_a_setting_in_words():
    point = {"rate": 0.00123456789, "depth": 4, "kernel": "poly", "width": 64, "x": 0.5}
    assert describe_setting(point, True, 8) == "rate=0.00123457, depth=4, kernel=poly, width=64, x=0.5"
    assert describe_setting(point, True, 2, 3) == "rate=0.00123, depth=4, ..."
    assert describe_setting({"x1": 0.25, "x2": 1 / 3, "x3": 1.0}, False, 2) == "0.25, 0.333333, ..."


def test_results_have_names_without_the_code_of_the_objective(results, tmp_path):
    (results.parent / "f.py").unlink()
    found = Results(results)
    (best,) = found.best()
    assert best.setting["kernel"] == "poly"
    assert best.describe(8).startswith("rate=0.0001")
    table = found.points()
    table.to_csv(tmp_path / "points.csv")
    with (tmp_path / "points.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["kernel"] for row in rows} == {"rbf", "poly"}
    assert all(1e-4 <= float(row["rate"]) <= 1e-2 for row in rows)
    figure = contour_figure(found.runs[0])
    assert (figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()) == ("rate", "kernel")
    assert [tick.get_text() for tick in figure.axes[0].get_yticklabels()] == ["rbf", "poly"]
    assert [tick.get_text() for tick in figure.axes[0].get_xticklabels()] == ["0.0001", "0.001", "0.01"]


def test_nothing_is_drawn_between_two_choices():
    """The loss is linear in the logarithm of the rate, with a step of 10 for each choice: it is known in every band."""
    rng, side = np.random.default_rng(0), np.linspace(0.0, 1.0, 61)
    cube = np.concatenate([rng.random((60, 2)), [[end, 0.1 + 0.3 * k] for end in (0.0, 1.0) for k in range(4)]])
    kernel = Axis.of_choices("kernel", ("a", "b", "c"))
    space = Space.of_axes((AXES[0], kernel))
    cells = np.array([kernel.to_number(place) for place in side.tolist()])
    losses = np.log10(space.to_box(cube)[:, 0]) + 10 * space.to_box(cube)[:, 1]
    losses[5] = np.inf
    found = interpolate_points(space, (0, 1), cube, losses, 61)
    np.testing.assert_allclose(found, (2 * side - 4)[None] + 10 * cells[:, None], atol=1e-12)
    np.testing.assert_array_equal(interpolate_points(space, (1, 0), cube, losses, 61), found.T)


def test_the_cell_of_a_whole_number_has_its_loss():
    space = Space.of_axes((Axis("x", -1.0, 3.0), Axis("depth", 2, 8, integer=True)))
    corners = [[x, y] for x in (0.0, 1.0) for y in (0.01, 0.99)]
    cube = np.concatenate([np.random.default_rng(1).random((30, 2)), corners])
    losses = space.to_box(cube) @ [1.0, 5.0]
    side = np.linspace(0.0, 1.0, 71)
    depth = np.array([space.axes[1].to_number(place) for place in side.tolist()])
    found = interpolate_points(space, (0, 1), cube, losses, 71)
    np.testing.assert_allclose(found, (4 * side - 1)[None] + 5 * depth[:, None], atol=1e-9)


def test_of_choices_alone_only_what_was_tried_is_known():
    space = Space.of_axes((Axis.of_choices("a", (0, 1)), Axis.of_choices("b", (0, 1))))
    cube, losses = np.array([[0.1, 0.2], [0.4, 0.3], [0.9, 0.1]]), np.array([1.0, 3.0, 5.0])
    found = interpolate_points(space, (0, 1), cube, losses, 4)
    np.testing.assert_array_equal(found, [[2, 2, 5, 5]] * 2 + [[np.nan] * 4] * 2)


TABLE = """\
name: tried
budget: 20
landscapes:
  - kind: table
    file: tried.csv
    loss: error
    parameters: {rate: {low: 1.0e-4, high: 0.1, log: true}, kernel: {choices: [rbf, poly]}}
strategies: {random: {agents: [random]}}
executor: simulated
"""


def test_known_minima_are_drawn_where_they_lie_on_a_logarithmic_axis(tmp_path):
    (tmp_path / "tried.csv").write_text("kernel,rate,error\nrbf,0.001,0.1\npoly,0.05,0.2\npoly,0.002,0.3\n")
    (tmp_path / "tried.yaml").write_text(TABLE)
    found = run(tmp_path / "tried.yaml", out=tmp_path / "out", report=False).runs[0]
    assert found.minimizers.tolist() == [[0.001, 0.0]]
    np.testing.assert_allclose(found.drawn_minimizers, [[-3.0, 0.0]], atol=1e-12)
    (star,) = [each for each in contour_figure(found).axes[0].collections if each.get_label() == "known minimum"]
    np.testing.assert_allclose(star.get_offsets(), [[-3.0, 0.0]], atol=1e-12)
    frame = pack_frame(found)
    assert frame["minimizers"] == [[-3.0, 0.0]]
    assert [side["name"] for side in frame["sides"]] == ["rate", "kernel"]


@pytest.mark.parametrize(
    ("axis", "ticks"),
    [
        (Axis("x", 1e-5, 0.1, log=True), ["1e-05", "0.0001", "0.001", "0.01", "0.1"]),
        (Axis("x", 2.0, 8.0, log=True), ["2", "5"]),
        (Axis("x", 3.0, 4.0, log=True), ["3", "4"]),
        (Axis("x", 1, 100, log=True, integer=True), ["1", "10", "100"]),
        (Axis("x", 2, 4, integer=True), ["2", "3", "4"]),
        (Axis.of_choices("x", ("a", True, "a very long name")), ["a", "True", "a very long n…"]),
        (Axis.of_choices("x", tuple(range(50))), [str(k) for k in range(0, 50, 3)]),
    ],
)
def test_sides_have_ticks_in_the_units_of_the_parameter(axis, ticks):
    shown = picture_space(Space.of_axes((axis,)))
    axes = Figure().subplots()
    axes.set(xlim=(shown.lower[0], shown.upper[0]))
    draw_sides(axes, (axis,))
    places = [place for place in axes.xaxis.get_majorticklocs() if shown.lower[0] <= place <= shown.upper[0]]
    named = [text.replace("\N{MINUS SIGN}", "-") for text in axes.xaxis.get_major_formatter().format_ticks(places)]
    assert named == ticks
    assert name_sides(shown.names, (axis,)) == ["x"]


OBJECTIVE = """
import json

def f(setting):
    values = setting if isinstance(setting, dict) else {f"x{n}": x for n, x in enumerate(setting.tolist(), 1)}
    with open(__file__ + ".calls", "a") as file:
        print(json.dumps(values), file=file)
    return sum(value for value in values.values() if isinstance(value, float))
"""
FREE = {"low": -1.0, "high": 1.0}


@pytest.mark.parametrize(
    ("space", "fixed"),
    [
        ({"parameters": {"a": FREE, "momentum": 0.9, "b": FREE}}, {"momentum": 0.9}),
        ({"parameters": {"kind": "slow", "a": FREE, "on": True, "n": 3}}, {"kind": "slow", "on": True, "n": 3}),
        ({"parameters": {"a": FREE, "none": {"value": None}, "one": {"choices": ["x"]}}}, {"none": None, "one": "x"}),
        ({"parameters": {"a": FREE, "equal": {"low": 2, "high": 2, "integer": True}}}, {"equal": 2}),
        ({"parameters": {"a": FREE, "b": {"choices": [1, 2]}}}, {}),
        ({"bounds": [[7, 7], [-1, 1], [0.5, 0.5], [-2, 1]]}, {"x1": 7.0, "x3": 0.5}),
        ({"bounds": [-1, 1], "dimension": 2}, {}),
    ],
)
def test_the_best_setting_is_what_the_objective_received(tmp_path, space, fixed):
    (tmp_path / "f.py").write_text(OBJECTIVE)
    data = {
        "name": "fixed", "budget": 12, "seed": 1, "executor": "simulated",
        "landscapes": [{"kind": "python", "function": "f.py:f", **space}],
        "strategies": {"a": {"agents": ["random"]}},
    }  # fmt: skip
    run(Experiment.from_data(data, str(tmp_path)), out=tmp_path / "out", report=False)
    calls = [json.loads(line) for line in (tmp_path / "f.py.calls").read_text().splitlines()]
    (best,) = Results(tmp_path / "out").best()
    assert best.setting in calls
    assert list(best.setting) == list(calls[0])
    assert fixed.items() <= best.setting.items()
    shown = [format_value(value, 6) for value in best.setting.values()]
    if "bounds" not in space:
        shown = [f"{name}={value}" for name, value in zip(best.setting, shown, strict=True)]
    assert best.describe(8) == ", ".join(shown)
    assert len(best.point) == len(best.setting) - len(fixed)


def test_settings_of_a_landscape_of_another_kind_add_nothing():
    space, point = Space(np.zeros(2), np.ones(2)), np.array([0.25, 0.5])
    for landscape in ({}, {"parameters": 3}, {"bounds": "x"}, {"bounds": [[0, 1], [5, 5]]}, {"bounds": None}):
        assert name_all_values(landscape, space, point) == {"x1": 0.25, "x2": 0.5}
    named = Space.of_axes((Axis("a", 0, 1), Axis("b", 0, 1)))
    for landscape in ({}, {"parameters": {"a": FREE}}, {"parameters": [1, 2]}, {"parameters": None}):
        assert name_all_values(landscape, named, point) == {"a": 0.25, "b": 0.5}


def test_planes_are_named_by_parameters():
    space = Space.of_axes(AXES)
    assert parse_plane_axes("depth, x", space) == parse_plane_axes("x2,x5", space) == (1, 4)
    with pytest.raises(ResultsError, match="two different coordinates of rate, depth, kernel, width, x, got"):
        parse_plane_axes("depth,y", space)
