"""The command landscape --minima: known landscapes through all of it, and refusals in words."""

import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from typer.testing import CliRunner

import searchparty
from searchparty.experiments.cli.main import app
from searchparty.experiments.drawing.minima import spread_values
from searchparty.experiments.planes.best_points import choose_best_points
from searchparty.experiments.planes.landscape_of_results import open_searched
from searchparty.experiments.planes.minima import study_minima
from searchparty.experiments.planes.minima_page import list_minima_tables
from searchparty.experiments.planes.paths import AgentPath
from searchparty.experiments.planes.study import study_plane
from searchparty.experiments.report.minima_section import list_minima
from searchparty.experiments.results.records.minima_record import read_minima_record
from searchparty.landscapes.geometry.hessian import GeometryError

WELLS = """import numpy as np

def loss(x):
    return float((x[0] ** 2 - 1) ** 2 + x[1] ** 2)

def slope(x):
    return np.array([4 * x[0] * (x[0] ** 2 - 1), 2 * x[1]])
"""


def run_python(folder, text, gradient="", strategies="{team: {agents: [gradient-descent]}}", repeats=6):
    (folder / "loss.py").write_text(text)
    (folder / "my.yaml").write_text(
        f"name: my\nbudget: 200\nrepeats: {repeats}\nexecutor: simulated\n"
        f"landscapes: [{{kind: python, function: 'loss.py:loss', bounds: [[-2, 2], [-2, 2]]{gradient}}}]\n"
        f"strategies: {strategies}\n"
    )
    searchparty.run(folder / "my.yaml", out=folder / "out", report=False)
    return folder / "out"


@pytest.fixture(scope="module")
def wells(tmp_path_factory):
    return run_python(tmp_path_factory.mktemp("wells"), WELLS, ", gradient: slope")


@pytest.fixture(scope="module")
def bowl(tmp_path_factory):
    experiment = {
        "name": "bowl", "budget": 200, "repeats": 2, "executor": "simulated",
        "landscapes": [{"kind": "sphere", "dimension": 4}],
        "strategies": {"descent": {"agents": ["gradient-descent"]}, "newton": {"agents": ["l-bfgs"]}},
    }  # fmt: skip
    folder = tmp_path_factory.mktemp("bowl")
    searchparty.run(experiment, out=folder / "out", report=False)
    return folder / "out"


@pytest.fixture(scope="module")
def studied_bowl(bowl):
    return study_minima(open_searched(bowl))[0]


def test_a_quadratic_is_known(bowl, unrendered):
    record, page = study_minima(open_searched(bowl))
    assert read_minima_record(bowl / "planes/minima.json").to_json() == record.to_json()
    assert [point.name for point in record.points] == [
        "descent#0:gradient-descent", "descent#1:gradient-descent", "newton#0:l-bfgs", "newton#1:l-bfgs",
    ]  # fmt: skip
    for point in record.points:
        found = point.curvature
        assert (found.kind, point.basin) == ("minimum", 0)
        np.testing.assert_allclose([*found.largest, found.least], 2.0)
    whole = [point for point in record.points if point.curvature.trace]
    assert [point.strategy for point in whole] == ["descent", "newton"]
    for point in whole:
        np.testing.assert_allclose(point.curvature.trace, 8.0)
        assert point.curvature.negative == [0.0, 0.0, 0.0]
        np.testing.assert_allclose(point.curvature.values, 2.0)
    assert {pair.height for pair in record.pairs} == {0.0}
    for track in record.tracks:
        np.testing.assert_allclose(track.largest, 2.0)
        np.testing.assert_allclose(track.least, 2.0)
        assert track.words[-1] == "minimum"
    assert "units to be matched" in record.matching
    assert any("not settled: a strategy has 2 repeats" in line for line in record.verdicts)
    assert page.read_text().count("<svg") == 3
    assert study_minima(open_searched(bowl))[0].to_json() == record.to_json()


def test_two_wells_part_who_ended_in_them(wells, unrendered):
    searched = open_searched(wells)
    record, _ = study_minima(searched)
    sides = [np.sign(searched.problem.space.to_box(path.end)[0]) for path in searched.paths]
    assert set(sides) == {-1.0, 1.0}
    for one in range(6):
        for other in range(6):
            assert (record.points[one].basin == record.points[other].basin) == (sides[one] == sides[other])
    for pair in record.pairs:
        expected = 0.0 if sides[pair.one] == sides[pair.other] else 1.0
        assert pair.height == pytest.approx(expected, abs=0.02)
    np.testing.assert_allclose([point.curvature.largest[0] for point in record.points], 8.0, rtol=1e-3)
    titles = dict(list_minima_tables(record))
    assert [row["basin"] for row in titles["Who ended in whose basin"]] == ["1", "2"]
    assert sum(int(row["points"]) for row in titles["Who ended in whose basin"]) == 6


def test_a_saddle_is_a_checked_statement(tmp_path, unrendered):
    out = run_python(tmp_path, WELLS, ", gradient: slope", repeats=2)
    searched = open_searched(out)
    # Both stand between the wells.
    paths = tuple(
        AgentPath(p.run, p.strategy, p.repeat, p.agent, np.full((1, 2), 0.5), np.array([1]), 0, 1.0)
        for p in searched.paths
    )
    record, _ = study_minima(type(searched)(out, searched.landscape, searched.problem, paths))
    found = record.points[0].curvature
    assert found.kind == "saddle"
    assert found.least == pytest.approx(-4.0, rel=1e-4)
    assert found.fall == pytest.approx(1.0)
    assert found.distance == pytest.approx(1.0)
    assert any("the loss falls both ways, by 1 on a way of 1: it is one" in line for line in record.sentences)


def test_without_gradients_barriers_are_left(tmp_path, unrendered):
    out = run_python(tmp_path, WELLS, strategies="{team: {agents: [nelder-mead]}}", repeats=3)
    record, page = study_minima(open_searched(out))
    assert "landscape must have gradients for curvature" in record.curvature
    assert any(line.startswith("Curvature is left out: landscape must have gradients") for line in record.sentences)
    assert all(point.curvature is None for point in record.points)
    assert all(np.isfinite(pair.height) for pair in record.pairs)
    assert (record.tracks, record.verdicts) == ((), ())
    assert page.read_text().count("<svg") == 1


def test_what_is_written_can_be_read(wells):
    study_minima(open_searched(wells), ("team", "team#3"))
    stem = wells / "planes/minima"
    assert stem.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    ET.parse(stem.with_suffix(".svg"))
    text = stem.with_suffix(".html").read_text()
    assert "What this page cannot say" in text
    assert "src=" not in text


def test_the_report_shows_them(wells, unrendered, coarse_figures):
    study_minima(open_searched(wells))
    (section,) = list_minima([wells, wells.parent])
    assert section.title
    assert len(section.figures) == 3
    searchparty.Results(wells).report()
    text = (wells / "report.html").read_text()
    assert "Between minima" in text
    assert "Who ended in whose basin" in text
    (wells / "planes/minima.json").write_text("{}")
    assert list_minima([wells]) == []


@pytest.mark.parametrize(
    ("references", "matched", "message"),
    [
        (("nobody",), False, "run must be a run of this landscape with points that the log keeps"),
        (("team",), False, "--minima needs the best points of at least two runs, got 1"),
        (("team", "team"), False, "got 1"),
        ((), True, "landscape must be of kind network for units to be matched"),
    ],
)
def test_what_cannot_be_studied_is_refused(wells, references, matched, message):
    with pytest.raises(GeometryError, match=message):
        study_minima(open_searched(wells), references, matched=matched)


def make_path(number, strategy="a", best=0):
    return AgentPath(f"{number:012d}", strategy, number, strategy, np.zeros((1, 2)), np.array([1]), best, number)


def test_of_many_runs_the_first_repeats_are_studied():
    paths = [make_path(number, strategy) for strategy in "ab" for number in range(20)]
    paths = [AgentPath(f"{p.strategy}{p.run}", *list(vars(p).values())[1:]) for p in paths]
    chosen, sentences = choose_best_points(paths, ())
    assert [(path.strategy, path.repeat) for path in chosen] == [(s, n) for s in "ab" for n in range(18)]
    assert sentences[0].startswith("Of 40 runs 36 are studied, the first repeats of each strategy.")
    with pytest.raises(GeometryError, match="at most 36 runs, got 37"):
        choose_best_points(paths, [path.run for path in paths[:37]])


def test_a_run_without_its_best_point_is_refused():
    paths = [make_path(0), make_path(1), make_path(2, best=None)]
    with pytest.raises(GeometryError, match="run must have its best point in the log, got a#2"):
        choose_best_points(paths, ("a", "a#2"))
    assert [path.repeat for path in choose_best_points(paths, ())[0]] == [0, 1]


def test_the_command_prints_its_verdicts(wells):
    found = CliRunner().invoke(app, ["landscape", str(wells), "--minima"])
    assert found.exit_code == 0, found.exception
    assert "There are 2 basins of 6 points" in found.output
    assert "minima.html" in found.output
    assert json.loads((wells / "planes/minima.json").read_text())["kind"] == "minima"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--plane", "best"], "--plane must be left out with --minima, got 'best'. Leave it out"),
        (["--resolution", "9"], "--resolution must be left out with --minima, got 9"),
        (["--name", "x"], "--name must be left out with --minima, got 'x'"),
    ],
)
def test_options_of_planes_are_refused_beside_it(wells, options, message):
    found = CliRunner().invoke(app, ["landscape", str(wells), "--minima", *options])
    assert message in str(found.exception)


def test_no_plane_may_have_the_name_of_these_files(wells):
    with pytest.raises(GeometryError, match="--name must not be minima"):
        study_plane(open_searched(wells), "random", name="minima")


@pytest.mark.parametrize("number", [1e300, -1e300, 1e-300, 0.0, float("nan")])
def test_any_numbers_are_drawn(studied_bowl, tmp_path, number):
    def change(data):
        if isinstance(data, float):
            return number if np.isfinite(number) else None
        if isinstance(data, dict):
            return {key: change(value) for key, value in data.items()}
        return [change(each) for each in data] if isinstance(data, list) else data

    (tmp_path / "planes").mkdir()
    (tmp_path / "planes/minima.json").write_text(json.dumps(change(json.loads(studied_bowl.to_json()))))
    (section,) = list_minima([tmp_path])
    for figure in section.figures:
        ET.fromstring(figure.svg)


def test_densities_hold_all_eigenvalues():
    values, weights = np.array([-1.0, 0.0, 1e-3, 10.0]), np.array([0.1, 0.5, 0.3, 0.1])
    places, density = spread_values(values, weights, 1e-3)
    moved = np.arcsinh(places / 1e-3)
    assert np.trapezoid(density, moved) == pytest.approx(1.0, abs=0.01)
    assert np.trapezoid(density[places > 1.0], moved[places > 1.0]) == pytest.approx(0.1, abs=0.01)


@pytest.mark.extras
def test_two_trained_networks_are_matched(tmp_path):
    experiment = {
        "name": "net", "budget": 60, "repeats": 2, "executor": "simulated",
        "landscapes": [{"kind": "network", "data": "wine", "layers": [5], "weight_decay": 0.001}],
        "strategies": {"adam": {"agents": [{"kind": "adam", "rate": 0.02, "batch": 32}]}},
    }  # fmt: skip
    searchparty.run(experiment, out=tmp_path / "out", report=False)
    record, _ = study_minima(open_searched(tmp_path / "out"), matched=True)
    (pair,) = record.pairs
    assert pair.matched_distance <= pair.distance
    assert np.isfinite(pair.matched_height)
    assert record.matching == ""
    assert next(iter(record.points[0].measures)) == "held-out loss"
    assert set(record.tracks[0].rates) == {0.02}
    # A permuted copy of a trained network is recognised, whatever the landscape.
    searched = open_searched(tmp_path / "out")
    units, path = searched.problem.list_hidden_units(), searched.paths[0]
    moved = units.permute(path.cube[path.best], [np.array([3, 1, 4, 0, 2])])
    copy = AgentPath(searched.paths[1].run, "adam", 1, path.agent, moved[None], np.array([1]), 0, path.loss)
    record, _ = study_minima(type(searched)(searched.directory, searched.landscape, searched.problem, (path, copy)))
    assert record.pairs[0].height > record.basin_height
    assert (record.pairs[0].matched_height, record.pairs[0].matched_distance) == (0.0, 0.0)
    assert [point.basin for point in record.points] == [0, 0]


def test_a_basin_says_what_barriers_are_within_it(tmp_path, unrendered):
    ring = """import numpy as np

def loss(x):
    return float((x[0] ** 2 + x[1] ** 2 - 1) ** 2)

def slope(x):
    return 4 * (x[0] ** 2 + x[1] ** 2 - 1) * np.array(x)
"""
    searched = open_searched(run_python(tmp_path, ring, ", gradient: slope", repeats=24))
    record, _ = study_minima(searched)
    ends = [searched.problem.space.to_box(path.end) for path in searched.paths]
    # A chord of the ring is nearest to its middle at the cosine of half of the angle between its ends.
    within = [
        (1 - np.linalg.norm((ends[pair.one] + ends[pair.other]) / 2) ** 2) ** 2
        for pair in record.pairs
        if record.points[pair.one].basin == record.points[pair.other].basin
    ]
    higher = [height for height in within if height > record.basin_height]
    assert max(higher) > 0.5
    (said,) = [line for line in record.sentences if "pairs within a basin" in line]
    assert said.startswith(
        f"Of the {len(within)} pairs within a basin {len(higher)} have a higher barrier between them, "
    )
    assert f"up to {max(higher):.3g}: they are joined through other points only" in said


def test_of_one_well_there_is_no_such_pair(bowl, unrendered):
    record, _ = study_minima(open_searched(bowl))
    assert not any("pairs within a basin" in line for line in record.sentences)
