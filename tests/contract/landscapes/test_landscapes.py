"""The contract of every landscape, of the package and of plugins: the clauses of the kit, and what is ours alone."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError
from usable_kinds import needs_no_settings

from searchparty import LandscapeContract
from searchparty.experiments.contracts.landscape_clauses import RowsExample, evaluate_rows
from searchparty.experiments.spec import catalogue
from searchparty.landscapes.analytic import Analytic
from searchparty.landscapes.slices import evaluate_grid, evaluate_line

KINDS = catalogue.landscape_classes()
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


class TestEveryLandscape(LandscapeContract):
    """Every landscape keeps its contract."""

    subjects = tuple(ALL)


def test_there_are_at_least_fifteen_classics():
    assert len(ANALYTIC) >= 15


@pytest.mark.parametrize("landscape", ALL)
def test_every_random_row_has_a_finite_loss(landscape):
    problem, example = landscape.open(), RowsExample(1000)
    assert np.isfinite(evaluate_rows(problem, example.draw(problem))).all()


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
