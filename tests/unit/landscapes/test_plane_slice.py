"""A plane through a landscape is a landscape of its own."""

import json

import numpy as np
import pytest

import searchparty
from searchparty.experiments.results.recorded_runs import read_runs
from searchparty.landscapes.classics import Rosenbrock, Sphere
from searchparty.landscapes.geometry.framed_plane import FramedPlane, find_scale
from searchparty.landscapes.geometry.plane_file import PlaneFile, write_plane
from searchparty.landscapes.landscape import EvaluationError, LandscapeError
from searchparty.landscapes.plane_slice import OUTSIDE, PlaneSlice
from searchparty.landscapes.planes import plane_along


def write_slice(folder, landscape, reach=0.2, settings=None, name="cut.npz"):
    """Write a plane through the middle of a landscape."""
    problem = landscape.open()
    rng = np.random.default_rng(3)
    plane = plane_along(np.full(problem.space.dimension, 0.5), *rng.standard_normal((2, problem.space.dimension)))
    framed = FramedPlane(plane, (-reach, reach, -reach, reach), find_scale(problem.space), ("a", "b"), "a plane")
    write_plane(
        folder / name,
        PlaneFile(framed, settings or landscape.model_dump(mode="json"), landscape.label, np.ones((3, 3))),
    )
    return plane, problem


def test_its_losses_and_gradients_are_those_of_the_landscape(tmp_path):
    landscape = Rosenbrock(dimension=6)
    plane, inner = write_slice(tmp_path, landscape)
    problem = PlaneSlice(plane="cut.npz", base=str(tmp_path)).open()
    assert problem.space.dimension == 2
    assert problem.space.names == ("u", "v")
    points = problem.space.to_box(np.random.default_rng(0).random((20, 2)))
    unit = find_scale(inner.space)
    box = inner.space.to_box(plane.points(points[:, 0] / unit, points[:, 1] / unit))
    np.testing.assert_allclose(problem.evaluate(points), inner.evaluate(box), rtol=1e-12)
    step = 1e-6
    for axis in (0, 1):
        beside = np.eye(2)[axis] * step
        slopes = (problem.evaluate(points + beside) - problem.evaluate(points - beside)) / (2 * step)
        np.testing.assert_allclose(problem.gradient(points)[:, axis], slopes, rtol=1e-4, atol=1e-3)


def test_rows_have_the_same_bits_alone_and_together(tmp_path):
    write_slice(tmp_path, Sphere(dimension=9))
    problem = PlaneSlice(plane="cut.npz", base=str(tmp_path)).open()
    points = problem.space.to_box(np.random.default_rng(1).random((50, 2)))
    alone = np.concatenate([problem.evaluate(point[None]) for point in points])
    np.testing.assert_array_equal(problem.evaluate(points), alone)


def test_a_point_outside_the_landscape_fails(tmp_path):
    write_slice(tmp_path, Sphere(dimension=3), reach=2.0)
    problem = PlaneSlice(plane="cut.npz", base=str(tmp_path)).open()
    corner, middle = problem.space.upper, np.zeros(2)
    with pytest.raises(EvaluationError, match="row 0: it lies outside") as caught:
        problem.evaluate(np.array([corner, middle]))
    assert caught.value.causes == {0: OUTSIDE}
    assert np.isfinite(caught.value.losses[1])


def test_its_settings_are_those_that_were_given(tmp_path):
    write_slice(tmp_path, Sphere(dimension=3))
    landscape = PlaneSlice(plane="cut.npz", base=str(tmp_path))
    assert landscape.model_dump() == {"kind": "slice", "seconds": 1.0, "plane": "cut.npz"}
    assert landscape.label == "slice cut of sphere D=3"
    assert landscape.data_files == (tmp_path / "cut.npz",)
    assert landscape.code_references == ()


def test_a_grid_runs_on_it_is_verified_and_reported(tmp_path):
    write_slice(tmp_path, Sphere(dimension=5), reach=0.3)
    (tmp_path / "cut.yaml").write_text(
        "name: cut\nbudget: 60\nexecutor: simulated\nlandscapes: [{kind: slice, plane: cut.npz}]\n"
        "strategies: {grid: {agents: [grid]}, descent: {agents: [gradient-descent]}}\n"
    )
    results = searchparty.run(tmp_path / "cut.yaml", out=tmp_path / "out")
    assert not results.errors
    assert all(run.final < 1e-3 for run in results.runs)
    # What pictures need is in the log, so that nothing is opened to read results.
    (tmp_path / "cut.npz").unlink()
    run = read_runs(tmp_path / "out")[0]
    assert run.problem is None
    assert run.surfaces
    np.testing.assert_array_equal(run.surfaces[0].losses, np.ones((3, 3)))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "python", "function": "loss.py:loss", "bounds": [[0, 1]] * 3}, "of must name the landscape"),
        ({"kind": "nothing"}, "plane cut.npz must be of a kind of landscape that the package has, got 'nothing'"),
        ({"kind": "./mine.py:Bowl"}, "a class of yours cannot be cut"),
        ({"kind": "sphere", "dimension": 0}, "plane cut.npz must have settings that kind sphere accepts"),
        ({"kind": "sphere", "dimension": 4}, "plane must have as many axes as the landscape that it cuts, got 3"),
    ],
)
def test_files_that_cannot_be_opened_are_refused(tmp_path, settings, message):
    write_slice(tmp_path, Sphere(dimension=3), settings=settings)
    landscape = PlaneSlice(plane="cut.npz", base=str(tmp_path))
    with pytest.raises(LandscapeError, match=message):
        landscape.open()


def test_code_of_the_user_stands_in_the_yaml(tmp_path):
    (tmp_path / "loss.py").write_text("def loss(x):\n    return float(((x - 0.5) ** 2).sum())\n")
    settings = {"kind": "python", "function": "loss.py:loss", "bounds": [[0, 1]] * 3}
    write_slice(tmp_path, Sphere(dimension=3), settings=settings)
    landscape = PlaneSlice(plane="cut.npz", of=settings, base=str(tmp_path))
    assert landscape.code_references == ("loss.py:loss",)
    assert landscape.open().evaluate(np.zeros((1, 2)))[0] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(
    ("changes", "what"),
    [({"bounds": [[0, 2]] * 3}, "another bounds"), ({"vectorized": True}, "another vectorized")],
)
def test_another_landscape_than_the_file_says_is_refused(tmp_path, changes, what):
    (tmp_path / "loss.py").write_text("def loss(x):\n    return float(((x - 0.5) ** 2).sum())\n")
    settings = {"kind": "python", "function": "loss.py:loss", "bounds": [[0, 1]] * 3}
    write_slice(tmp_path, Sphere(dimension=3), settings=settings)
    landscape = PlaneSlice(plane="cut.npz", of=settings | changes, base=str(tmp_path))
    with pytest.raises(LandscapeError, match=f"of must be the landscape that cut.npz cuts, got one with {what}"):
        landscape.open()


def test_what_is_to_be_written_can_be_pasted(tmp_path):
    settings = {"kind": "python", "function": "loss.py:loss", "bounds": [[0, 1]] * 3, "gradient": None}
    (tmp_path / "loss.py").write_text("def loss(x):\n    return float(((x - 0.5) ** 2).sum())\n")
    write_slice(tmp_path, Sphere(dimension=3), settings=settings)
    with pytest.raises(LandscapeError, match="Write of: ") as caught:
        PlaneSlice(plane="cut.npz", base=str(tmp_path)).open()
    shown = str(caught.value).partition("Write of: ")[2].removesuffix(".")
    assert PlaneSlice(plane="cut.npz", of=json.loads(shown), base=str(tmp_path)).open().space.dimension == 2


def test_a_slice_of_a_slice_is_refused():
    with pytest.raises(ValueError, match="of must be a landscape that is no slice itself, got slice"):
        PlaneSlice(plane="x.npz", of={"kind": "slice", "plane": "y.npz"})


@pytest.mark.extras
def test_measures_and_mini_batches_are_those_of_a_network(tmp_path):
    pytest.importorskip("jax")
    from searchparty.landscapes.landscape import DivisibleProblem, MeasuredProblem
    from searchparty.landscapes.network import NeuralNetwork

    landscape = NeuralNetwork(data="wine", layers=(4,))
    plane, inner = write_slice(tmp_path, landscape, reach=0.05)
    problem = PlaneSlice(plane="cut.npz", base=str(tmp_path)).open()
    assert isinstance(problem, MeasuredProblem)
    assert isinstance(problem, DivisibleProblem)
    point, unit = np.array([0.1, -0.2]), find_scale(inner.space)
    box = inner.space.to_box(plane.points(point[:1] / unit, point[1:] / unit))
    assert problem.measure(point) == inner.measure(box[0])
    rows = np.array([[0, 5, 7]])
    losses, gradients = problem.evaluate_share(point[None], rows)
    expected, whole = inner.evaluate_share(box, rows)
    np.testing.assert_array_equal(losses, expected)
    np.testing.assert_allclose(gradients[0], [whole[0] @ plane.first, whole[0] @ plane.second])
    np.testing.assert_array_equal(problem.probe(), inner.probe())
