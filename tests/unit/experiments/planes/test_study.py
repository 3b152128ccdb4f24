"""The command landscape: files that agree with each other and with the landscape, and refusals in words."""

import json
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure
from typer.testing import CliRunner

import searchparty
from searchparty.experiments.cli.main import app
from searchparty.experiments.drawing.plane import draw_map
from searchparty.experiments.execution.results_directory import ResultsError
from searchparty.experiments.planes.landscape_of_results import open_searched
from searchparty.experiments.planes.minima import study_minima
from searchparty.experiments.planes.paths import find_path
from searchparty.experiments.planes.study import study_plane
from searchparty.experiments.planes.words import list_cautions, list_rows
from searchparty.experiments.report.plane_section import list_planes
from searchparty.experiments.report.report import write_report
from searchparty.experiments.results.records.plane_record import read_plane_record
from searchparty.experiments.spec.load import load
from searchparty.landscapes.classics import Sphere
from searchparty.landscapes.geometry.hessian import GeometryError
from searchparty.landscapes.landscape import Refusal
from searchparty.landscapes.plane_slice import PlaneSlice


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    experiment = {
        "name": "study", "budget": 300, "repeats": 2, "executor": "simulated",
        "landscapes": [{"kind": "rosenbrock", "dimension": 5}],
        "strategies": {
            "descent": {"agents": ["gradient-descent"]},
            "team": {"agents": ["random-restart", "nelder-mead"]},
        },
    }  # fmt: skip
    searchparty.run(experiment, out=folder / "out", report=False)
    return folder / "out"


@pytest.mark.parametrize(
    ("choice", "references"),
    [("pca", ()), ("pca", ("team:nelder-mead",)), ("best", ()), ("random", ("descent#1",)), ("hessian", ("descent",)),
     ("through", ("descent", "team#1")), ("through", ("descent", "descent#1", "team"))],
)  # fmt: skip
def test_what_is_written_agrees(results, unrendered, choice, references):
    searched = open_searched(results)
    name = f"{choice}-{len(references)}"
    record, page = study_plane(searched, choice, references, resolution=9, name=name)
    stem = results / "planes" / name
    assert page == stem.with_suffix(".html")
    assert read_plane_record(stem.with_suffix(".json")).to_json() == record.to_json()
    for path in record.paths:
        known = next(each for each in searched.paths if (each.run, each.name) == (path.run, path.name))
        losses = searched.problem.evaluate(searched.problem.space.to_box(known.cube))
        np.testing.assert_allclose(path.loss, losses)
        for loss, shadow, distance in zip(path.loss, path.shadow, path.distance, strict=True):
            assert distance > 1e-9 or shadow == pytest.approx(loss, rel=1e-6, abs=1e-9)
    # The plane is a landscape with the same losses.
    cut = PlaneSlice(plane=str(stem.with_suffix(".npz"))).open()
    assert load(stem.with_suffix(".yaml")).landscapes[0].open().space.upper.tolist() == cut.space.upper.tolist()
    left, right, bottom, top = record.bounds
    u, v = np.linspace(left, right, 9), np.linspace(bottom, top, 9)
    inside = np.argwhere(np.isfinite(record.losses))
    points = np.array([[u[column], v[row]] for row, column in inside])
    np.testing.assert_allclose(cut.evaluate(points), record.losses[tuple(inside.T)], rtol=1e-9)


def test_the_page_says_what_it_cannot_say(results):
    record, page = study_plane(open_searched(results), "pca", ("descent",), resolution=5, name="page")
    assert page.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    ET.parse(page.with_suffix(".svg"))
    text = page.read_text()
    assert "What this picture cannot say" in text
    assert all(line in text for line in list_cautions(record)[-1:])
    rows = list_rows(record)
    assert rows[0]["agent"] == "descent#0:gradient-descent"
    assert rows[0]["off the plane"] == "0"
    assert text.count("<svg") == 2
    assert "src=" not in text


def test_the_surface_of_a_quadratic_is_exact(tmp_path, unrendered):
    experiment = {
        "name": "bowl", "budget": 100, "executor": "simulated", "landscapes": [{"kind": "sphere", "dimension": 4}],
        "strategies": {"descent": {"agents": [{"kind": "gradient-descent", "step": 0.01}]}},
    }  # fmt: skip
    searchparty.run(experiment, out=tmp_path / "out", report=False)
    searched = open_searched(tmp_path / "out")
    record, _ = study_plane(searched, "random", resolution=5)
    best = searched.best.end
    center = float(np.sum((-5.12 + 10.24 * best) ** 2))
    assert record.losses[2, 2] == pytest.approx(center)
    u = np.linspace(*record.bounds[:2], 5)
    row = record.losses[2]
    # Second differences of a sum of squares are 2 h^2 everywhere.
    np.testing.assert_allclose(np.diff(row, 2), 2 * (u[1] - u[0]) ** 2, rtol=1e-6)


@pytest.mark.parametrize(
    ("choice", "references", "matched", "message"),
    [
        ("through", ("descent",), False, "plane through must be given two or three runs, as RUN or RUN:AGENT, got 1"),
        ("best", ("descent",), False, "plane best must be given no runs"),
        ("pca", ("descent", "team"), False, "plane pca must be given at most one run"),
        ("pca", (), True, "--match must be given with plane through or best, got pca"),
        ("through", ("descent", "descent#1"), True, "landscape must be of kind network for units to be matched"),
        ("through", ("descent", "descent"), False, "must have different points"),
    ],
)
def test_what_cannot_be_laid_is_refused(results, choice, references, matched, message):
    with pytest.raises(GeometryError, match=message):
        study_plane(open_searched(results), choice, references, matched=matched)


def test_a_landscape_without_gradients_has_no_hessian(tmp_path):
    (tmp_path / "loss.py").write_text("def loss(x):\n    return float((x**2).sum())\n")
    (tmp_path / "my.yaml").write_text(
        "name: my\nbudget: 60\nexecutor: simulated\n"
        "landscapes: [{kind: python, function: 'loss.py:loss', bounds: [[-1, 1], [-1, 1], [-1, 1]]}]\n"
        "strategies: {team: {agents: [random]}}\n"
    )
    searchparty.run(tmp_path / "my.yaml", out=tmp_path / "out", report=False)
    searched = open_searched(tmp_path / "out")
    with pytest.raises(Refusal, match="gradient"):
        study_plane(searched, "hessian")
    record, _ = study_plane(searched, "random", resolution=5)
    settings = searched.landscape.model_dump(mode="json")
    cut = PlaneSlice(plane=str(tmp_path / "out/planes/random.npz"), of=settings, base=str(tmp_path))
    assert cut.open().evaluate(np.zeros((1, 2)))[0] == pytest.approx(record.losses[2, 2])
    # What it names stands in the YAML, by paths that lead there from anywhere.
    follow_up = load(tmp_path / "out/planes/random.yaml")
    assert follow_up.landscapes[0].code_references == ("loss.py:loss",)
    assert follow_up.landscapes[0].open().evaluate(np.zeros((1, 2)))[0] == pytest.approx(record.losses[2, 2])


def run_python(folder, text, settings, agents="[random-restart, nelder-mead]"):
    (folder / "loss.py").write_text(text)
    (folder / "my.yaml").write_text(
        "name: my\nbudget: 60\nexecutor: simulated\n"
        f"landscapes: [{{kind: python, function: 'loss.py:loss', {settings}}}]\n"
        f"strategies: {{team: {{agents: {agents}}}}}\n"
    )
    searchparty.run(folder / "my.yaml", out=folder / "out", report=False)
    return folder / "out"


def test_results_of_others_are_not_opened(tmp_path, monkeypatch):
    run_python(tmp_path, "def loss(x):\n    return float((x**2).sum())\n", "bounds: [[-1, 1], [-1, 1]]", "[random]")
    (tmp_path / "loss.py").write_text("open('marker', 'w')\ndef loss(x):\n    return 0.0\n")
    monkeypatch.chdir(tmp_path)
    found = CliRunner().invoke(app, ["landscape", str(tmp_path / "out"), "--plane", "random"])
    assert "must bear your signature" in str(found.exception)
    assert not (tmp_path / "marker").exists()


def test_one_landscape_is_named_where_there_are_several(tmp_path):
    experiment = {
        "name": "two", "budget": 40, "executor": "simulated",
        "landscapes": [{"kind": "sphere", "dimension": 3}, {"kind": "ackley", "dimension": 3}],
        "strategies": {"team": {"agents": ["random"]}},
    }  # fmt: skip
    searchparty.run(experiment, out=tmp_path / "out", report=False)
    with pytest.raises(GeometryError, match="--of must name one landscape, got none of sphere D=3, ackley D=3"):
        open_searched(tmp_path / "out")
    with pytest.raises(GeometryError, match="got 'sphere'. Did you mean 'sphere D=3'"):
        open_searched(tmp_path / "out", "sphere")
    assert isinstance(open_searched(tmp_path / "out", "sphere D=3").landscape, Sphere)


def test_a_report_shows_planes_and_says_which_it_cannot_read(results, unrendered, coarse_figures):
    study_plane(open_searched(results), "pca", ("descent",), resolution=5, name="shown")
    (results / "planes" / "broken.json").write_text('{"format": 1')
    text = write_report(results).read_text()
    (results / "planes" / "broken.json").unlink()
    assert "Planes through the landscape" in text
    assert "planes/broken.json cannot be read, and is left out" in text
    assert "planes/shown.json cannot" not in text


@pytest.mark.parametrize("name", ["../report", "/tmp/x", "v1.2", "sub/dir", "", "a" * 101, "ä"])
def test_a_name_that_names_no_file_is_refused(results, name):
    with pytest.raises(GeometryError, match="--name must be 1 to 100 letters, digits, - and _, got"):
        study_plane(open_searched(results), "pca", name=name)


def test_one_axis_has_no_plane(tmp_path):
    experiment = {
        "name": "one", "budget": 20, "executor": "simulated", "landscapes": [{"kind": "sphere", "dimension": 1}],
        "strategies": {"team": {"agents": ["random"]}},
    }  # fmt: skip
    searchparty.run(experiment, out=tmp_path / "out", report=False)
    with pytest.raises(GeometryError, match="sphere D=1 must have two axes or more, got one"):
        open_searched(tmp_path / "out")


def test_the_command_prints_what_must_be_said(results):
    found = CliRunner().invoke(app, ["landscape", str(results), "descent", "--resolution", "5", "--name", "said"])
    assert found.exit_code == 0, found.exception
    assert "A random walk with steps of the same lengths" in found.output
    assert json.loads((results / "planes" / "said.json").read_text())["choice"] == "pca"


def test_the_command_refuses_an_unknown_plane(results):
    found = CliRunner().invoke(app, ["landscape", str(results), "--plane", "pcs"])
    assert "--plane must be one of pca, best, hessian, random, through, got 'pcs'. Did you mean 'pca'?" in str(
        found.exception
    )


def test_where_a_condition_is_broken_there_is_a_hole(tmp_path, unrendered):
    constraints = "bounds: [[0, 1], [0, 1]], constraints: ['x1 + x2 >= 1']"
    searched = open_searched(run_python(tmp_path, "def loss(x):\n    return float(x[0] + x[1])\n", constraints))
    record, page = study_plane(searched, "random", resolution=21)
    known = np.isfinite(record.losses)
    assert known.any()
    assert record.losses[known].min() >= 1.0
    # Half of the square is forbidden: nothing of it has a loss.
    assert 0.2 < known.mean() < 0.8
    # Such a plane is no landscape of its own, so no experiment on it is offered.
    assert page.with_suffix(".npz").exists()
    assert not page.with_suffix(".yaml").exists()


def test_results_of_failed_evaluations_only_are_refused(tmp_path):
    out = run_python(tmp_path, "def loss(x):\n    raise ValueError\n", "bounds: [[0, 1], [0, 1]]")
    with pytest.raises(GeometryError, match="results must have a loss on loss D=2, got failed evaluations only"):
        open_searched(out)


def test_of_noise_it_is_said(tmp_path, unrendered):
    text = "import random\n\ndef loss(x):\n    return float(x[0] + random.random())\n"
    searched = open_searched(run_python(tmp_path, text, "bounds: [[0, 1], [0, 1]], noisy: true"))
    record, page = study_plane(searched, "random", resolution=5)
    assert record.sentences[-1].startswith("The landscape is noisy: each loss here was drawn once")
    assert not page.with_suffix(".yaml").exists()
    with pytest.raises(GeometryError, match="--minima needs a landscape with one loss at each point"):
        study_minima(searched)


def test_a_plane_of_two_axes_holds_every_point(tmp_path, unrendered):
    text = "def loss(x):\n    return float((x[0] - 0.3) ** 2 + x[1])\n"
    searched = open_searched(run_python(tmp_path, text, "bounds: [[0, 1], [0, 1]]"))
    record, _ = study_plane(searched, "pca", resolution=5)
    # Not 1e-16, which a picture would show as a distance.
    assert {distance for path in record.paths for distance in path.distance} == {0.0}
    cautions = list_cautions(record)
    assert cautions[0].startswith("The landscape has two axes")
    assert not any("weights" in line or "other dimensions" in line for line in cautions)


def test_a_star_is_hollow_where_its_point_is_off_the_plane(results, coarse_figures):
    record, _ = study_plane(open_searched(results), "random", ("descent#1",), resolution=5, name="stars")
    side = record.bounds[1] - record.bounds[0]
    far = replace(record.paths[1], distance=[side] * len(record.paths[1].u))
    figure = Figure()
    draw_map(figure, replace(record, paths=(record.paths[0], far)))
    faces = {line.get_gid(): line.get_markerfacecolor() for line in figure.axes[0].lines}
    assert faces["best-0"] != "white"
    assert faces["best-1"] == "white"


def test_a_report_names_the_planes_that_it_does_not_show(results, unrendered, coarse_figures):
    for number in range(6):
        study_plane(open_searched(results), "random", resolution=3, name=f"a{number}")
    shown, left = list_planes([results])
    assert len(shown) == 4
    assert left[:2] == ["a4", "a5"]
    text = write_report(results).read_text()
    assert "more are there only: a4, a5" in text


@pytest.mark.parametrize("is_own", [False, True])
def test_results_on_a_plane_that_was_laid_anew_are_not_resumed(tmp_path, unrendered, is_own):
    if is_own:
        cut = run_python(tmp_path, "def loss(x):\n    return float((x**2).sum())\n", "bounds: [[-1, 1], [-1, 1]]")
    else:
        experiment = {
            "name": "cut", "budget": 40, "executor": "simulated", "landscapes": [{"kind": "sphere", "dimension": 3}],
            "strategies": {"team": {"agents": ["random"]}},
        }  # fmt: skip
        cut = tmp_path / "out"
        searchparty.run(experiment, out=cut, report=False)
    study_plane(open_searched(cut), "random", resolution=3)
    searchparty.run(cut / "planes/random.yaml", out=tmp_path / "on", report=False)
    study_plane(open_searched(cut), "random", resolution=3, seed=1)
    what = "code or the plane of landscape slice loss.py:loss" if is_own else "plane of landscape slice random.npz"
    with pytest.raises(ResultsError, match=f"the {what} has changed: lay it again as it was, and give another"):
        searchparty.resume(tmp_path / "on", repeats=2, trust=True)


def test_landscapes_that_differ_in_a_setting_are_not_mixed(tmp_path):
    sphere = {"kind": "sphere", "dimension": 3}
    experiment = {
        "name": "alike", "budget": 20, "executor": "simulated", "strategies": {"team": {"agents": ["random"]}},
        "landscapes": [sphere | {"shift": 0.0}, sphere | {"shift": 1.0}],
    }  # fmt: skip
    results = searchparty.run(experiment, out=tmp_path / "out", report=False)
    with pytest.raises(GeometryError, match="--of must name one landscape, got none of"):
        open_searched(tmp_path / "out")
    for label in dict.fromkeys(run.landscape for run in results.runs):
        searched = open_searched(tmp_path / "out", label)
        (path,) = searched.paths
        # Its losses are those of the landscape that is named.
        assert searched.problem.evaluate(searched.problem.space.to_box(path.end[None]))[0] == path.loss
        assert searched.label == label


def test_a_plane_of_another_landscape_is_not_replaced_in_silence(tmp_path, unrendered):
    experiment = {
        "name": "both", "budget": 20, "executor": "simulated", "strategies": {"team": {"agents": ["random"]}},
        "landscapes": [{"kind": "sphere", "dimension": 3}, {"kind": "ackley", "dimension": 3}],
    }  # fmt: skip
    searchparty.run(experiment, out=tmp_path / "out", report=False)

    def lay(label, *more):
        words = ["landscape", str(tmp_path / "out"), "--of", label, "--plane", "random", "--resolution", "3", *more]
        found = CliRunner().invoke(app, words)
        assert found.exit_code == 0, found.exception
        return found.stderr

    assert lay("sphere D=3") == lay("sphere D=3") == lay("ackley D=3", "--name", "other") == ""
    assert "planes/random was of sphere D=3, and is replaced. Another --name keeps both." in lay("ackley D=3")


def test_paths_for_which_there_is_no_room_are_named(tmp_path, unrendered):
    experiment = {
        "name": "many", "budget": 60, "executor": "simulated", "landscapes": [{"kind": "sphere", "dimension": 3}],
        "strategies": {f"s{k}": {"agents": [{"kind": "random-restart", "candidates": k}]} for k in range(2, 12)},
    }  # fmt: skip
    searchparty.run(experiment, out=tmp_path / "out", report=False)
    record, _ = study_plane(open_searched(tmp_path / "out"), "pca", ("s2",), resolution=3)
    assert [path.name.partition("#")[0] for path in record.paths] == [f"s{k}" for k in range(2, 10)]
    assert record.sentences[-1].endswith("of the same repeat it lacks s10#0:random-restart, s11#0:random-restart.")


@pytest.mark.parametrize("choice", ["random", "hessian", "through"])
def test_the_last_point_is_not_taken_for_the_best(results, choice):
    searched = open_searched(results)
    known = find_path(searched.paths, "descent")
    paths = tuple(replace(path, best=None) if path is known else path for path in searched.paths)
    references = ("descent", "team") if choice == "through" else ("descent",)
    with pytest.raises(GeometryError, match="run must have its best point in the log, got descent#0"):
        study_plane(replace(searched, paths=paths), choice, references, resolution=3)
    assert replace(searched, paths=paths).best.best is not None
