"""The contract of every landscape: those of the package, of plugins, and those that SEARCHPARTY_OWN_KINDS names."""

import pickle
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from own_kinds import needs_no_settings, own_classes
from pydantic import ValidationError
from scipy.optimize import minimize

from searchparty.experiments.spec import catalogue
from searchparty.landscapes.analytic import Analytic
from searchparty.landscapes.landscape import EvaluationError, Landscape, Problem, known_minimizers, known_minimum
from searchparty.landscapes.slices import evaluate_grid, evaluate_line

OWN = own_classes(Landscape)
KINDS = catalogue.landscape_classes() | OWN
ANALYTIC = {kind: cls for kind, cls in KINDS.items() if issubclass(cls, Analytic)}


def variants():
    for kind, cls in ANALYTIC.items():
        free = cls.model_fields["dimension"].annotation is int
        for dimension in (2, 5, 10) if free else (None,):
            settings = {} if dimension is None else {"dimension": dimension}
            marks = pytest.mark.extras if dimension == 10 else ()
            yield pytest.param(cls(**settings), id=f"{kind}-{dimension or 'own'}", marks=marks)
            moved = cls(**settings, shift="random", rotate=True, instance=3)
            yield pytest.param(moved, id=f"{kind}-{dimension or 'own'}-moved", marks=marks)
    for kind, cls in KINDS.items():
        if kind not in ANALYTIC and needs_no_settings(cls):
            yield pytest.param(cls(), id=kind)
    yield pytest.param(KINDS["table"](file=str(Path(__file__).parent / "points.csv")), id="table")
    yield pytest.param(KINDS["slice"](plane=str(Path(__file__).parent / "plane.npz")), id="slice")
    yield from networks()
    bbob = KINDS["bbob"]
    for function in range(1, 25):
        yield pytest.param(bbob(function=function, dimension=5), id=f"bbob-{function}")


def networks():
    """Yield the kinds whose losses are those of networks, where their libraries are installed."""
    own = str(Path(__file__).parent / "own_losses.py")
    for library, landscape, name in (
        ("jax", KINDS["network"](data="wine", layers=(8,), norm="layer"), "network"),
        ("jax", KINDS["network"](data="digits", layers=({"conv": 2}, {"pool": 4})), "network-conv"),
        ("jax", KINDS["jax"](function=f"{own}:jax_loss", init="jax_init", data="rows"), "jax"),
        ("jax", KINDS["jax"](function=f"{own}:jax_bowl", init="seeded_init"), "jax-without-data"),
        ("torch", KINDS["torch"](module=f"{own}:TorchModel", data="torch_rows", loss="mean-squared"), "torch"),
    ):
        absent = pytest.mark.skipif(find_spec(library) is None, reason=f"{library} is not installed")
        yield pytest.param(landscape, id=name, marks=(pytest.mark.extras, absent))


ALL = list(variants())
WITH_GRADIENT = [p for p in ALL if isinstance(p.values[0], Analytic)]


def points_of(problem: Problem, n: int) -> np.ndarray:
    return problem.space.to_box(np.random.default_rng(5).random((n, problem.space.dimension)))


def losses_of(problem: Problem, points: np.ndarray) -> np.ndarray:
    """Return the losses of points; NaN for rows that the problem reports as failed."""
    try:
        return problem.evaluate(points)
    except EvaluationError as error:
        return error.losses


def test_there_are_at_least_fifteen_classics():
    assert len(ANALYTIC) >= 15


@pytest.mark.parametrize("landscape", ALL)
def test_values_are_finite_and_independent_of_the_rows_beside(landscape):
    problem = landscape.open()
    points = points_of(problem, 1000)
    together = losses_of(problem, points.copy())
    assert together.shape == (1000,)
    assert together.dtype == np.float64
    assert np.isfinite(together).all() or (landscape.kind in OWN and np.isfinite(together).any())
    alone = np.array([losses_of(problem, points[i : i + 1].copy())[0] for i in range(100)])
    sevens = np.concatenate([losses_of(problem, points[i : i + 7].copy()) for i in range(0, 98, 7)])
    np.testing.assert_array_equal(together[:100], alone)
    np.testing.assert_array_equal(together[:98], sevens)


@pytest.mark.parametrize("landscape", ALL)
def test_evaluating_leaves_the_points_alone(landscape):
    problem = landscape.open()
    points = points_of(problem, 9)
    before = points.copy()
    losses_of(problem, points)
    if problem.space.has_gradient:
        problem.gradient(points)
    np.testing.assert_array_equal(points, before)


@pytest.mark.parametrize("landscape", WITH_GRADIENT)
def test_gradients_are_exact(landscape):
    problem = landscape.open()
    points = 0.9 * points_of(problem, 40) + 0.05 * (problem.space.upper + problem.space.lower)
    exact = problem.gradient(points)
    assert exact.shape == points.shape
    width = problem.space.upper - problem.space.lower
    numeric = np.empty_like(exact)
    for axis in range(points.shape[1]):
        # Fourth-order central differences.
        h = np.zeros(points.shape[1])
        h[axis] = 1e-5 * width[axis]
        f = {k: problem.evaluate(points + k * h) for k in (-2, -1, 1, 2)}
        numeric[:, axis] = (8 * (f[1] - f[-1]) - (f[2] - f[-2])) / (12 * h[axis])
    scale = np.abs(exact).max(axis=1, keepdims=True) + np.abs(problem.evaluate(points))[:, None] / width.max() + 1e-9
    # A kink of the penalty or of the clipping may lie within a difference, so only nearly all rows must agree.
    agree = (np.abs(exact - numeric) <= 2e-5 * scale).all(axis=1)
    assert agree.mean() >= 0.9, np.abs(exact - numeric).max()


@pytest.mark.parametrize("landscape", ALL)
def test_known_minima_are_attained_and_least(landscape):
    problem = landscape.open()
    at, least = known_minimizers(problem), known_minimum(problem)
    if least is None or at is None:
        pytest.skip("nothing known")
    assert ((at >= problem.space.lower) & (at <= problem.space.upper)).all()
    found = problem.evaluate(at.copy())
    tolerance = 1e-7 * max(1.0, abs(least))
    np.testing.assert_allclose(found, least, rtol=0, atol=tolerance)
    sampled = problem.evaluate(points_of(problem, 20_000))
    assert sampled.min() >= least - tolerance
    start = at[0] + 0.01 * (problem.space.upper - problem.space.lower) * np.random.default_rng(1).normal(
        size=at.shape[1]
    )
    bounds = list(zip(problem.space.lower, problem.space.upper, strict=True))
    start = np.clip(start, problem.space.lower, problem.space.upper)
    polished = minimize(lambda x: problem.evaluate(x[None].copy())[0], start, bounds=bounds, method="L-BFGS-B")
    assert polished.fun >= least - tolerance


@pytest.mark.parametrize("landscape", [p for p in WITH_GRADIENT if "moved" not in p.id])
def test_gradients_vanish_at_minima_within_the_box(landscape):
    problem = landscape.open()
    at = problem.minimizers
    if at is None:
        pytest.skip("nothing known")
    width = problem.space.upper - problem.space.lower
    inner = at[((at > problem.space.lower + 1e-9 * width) & (at < problem.space.upper - 1e-9 * width)).all(axis=1)]
    if not len(inner):
        pytest.skip("minima on the boundary")
    steep = np.abs(problem.gradient(points_of(problem, 200))).max()
    assert np.abs(problem.gradient(inner)).max() <= 1e-4 * steep + 1e-6


@pytest.mark.parametrize("landscape", ALL)
def test_the_model_is_frozen_plain_and_portable(landscape):
    with pytest.raises(ValidationError, match="Instance is frozen"):
        landscape.seconds = 2.0
    assert type(landscape).model_validate_json(landscape.model_dump_json()) == landscape
    assert pickle.loads(pickle.dumps(landscape)) == landscape
    assert landscape.label
    assert type(landscape).__doc__


@pytest.mark.parametrize("kind", sorted(ANALYTIC))
def test_settings_are_described(kind):
    for name, field in KINDS[kind].model_fields.items():
        assert name == "kind" or field.description, f"{kind}.{name} has no description"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"shift": (1.0, 2.0, 3.0)}, "shift must have one entry per axis"),
        ({"bounds": (1.0, -1.0)}, "bounds must have low < high"),
        ({"bounds": ((0.0, 1.0),) * 3}, "bounds must have one entry per axis"),
        ({"dimension": 0}, "greater than or equal to 1"),
    ],
)
def test_impossible_settings_are_refused(settings, message):
    with pytest.raises(ValidationError, match=message):
        KINDS["sphere"](**settings)


def test_a_shift_that_loses_every_minimizer_leaves_the_minimum_unknown():
    problem = KINDS["sphere"](shift=100.0).open()
    assert problem.minimum is None
    assert problem.minimizers is None


def test_known_values_of_the_literature():
    value = {kind: cls().open().minimum for kind, cls in ANALYTIC.items()}
    assert value["six-hump-camel"] == pytest.approx(-1.031628453489877)
    assert value["eggholder"] == pytest.approx(-959.640662720851)
    assert value["branin"] == pytest.approx(0.397887357729739)
    assert value["goldstein-price"] == pytest.approx(3.0)
    assert value["styblinski-tang"] == pytest.approx(-39.16616570377142 * 2)
    assert value["hartmann-6"] == pytest.approx(-3.322368011391339)
    assert value["michalewicz"] == pytest.approx(-1.801303410098554)
    assert KINDS["michalewicz"](dimension=5).open().minimum == pytest.approx(-4.687658179)
    assert KINDS["michalewicz"](dimension=10).open().minimum == pytest.approx(-9.660151716)
    assert value["mccormick"] == pytest.approx(-1.913222954981037)


def test_slices_go_through_the_minimum():
    problem = KINDS["rastrigin"](dimension=4).open()
    x, losses = evaluate_line(problem, 401)
    assert losses.min() == pytest.approx(0.0, abs=1e-9)
    assert x[losses.argmin()] == pytest.approx(0.0, abs=1e-9)
    _, _, plane = evaluate_grid(problem, 41)
    assert plane.shape == (41, 41)
    assert plane.min() == pytest.approx(0.0, abs=1e-9)
