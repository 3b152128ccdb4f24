"""The kind ``jax``: the order of weights, starts, rows of data, and what is refused."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from searchparty.landscapes.jax_function import JaxFunction
from searchparty.landscapes.landscape import DivisibleProblem, LandscapeError, MeasuredProblem

pytest.importorskip("jax", reason="jax is not installed")
pytestmark = pytest.mark.extras
OWN = str(Path(__file__).parent / "own_models.py")
RNG = np.random.default_rng(1)


def make(function="fit", init="seeded_init", **settings):
    return JaxFunction(function=f"{OWN}:{function}", init=init, **settings)


def test_a_point_is_the_leaves_in_the_order_of_their_keys_each_in_c_order():
    problem = make("bowl", "fixed").open()
    assert problem.space.dimension == 10
    weights = problem.space.to_box(problem.space.init.draw(RNG))
    # b stands before w; what lies beyond a bound is set to it.
    np.testing.assert_allclose(weights, [1.0, 3.0] + [0.5] * 8)
    assert problem.evaluate(weights[None])[0] == pytest.approx(1 + 9 + 8 * 0.25)
    np.testing.assert_allclose(problem.gradient(weights[None])[0], 2 * weights, rtol=1e-6)
    assert problem.space.units == 1
    assert not isinstance(problem, DivisibleProblem | MeasuredProblem)


@pytest.mark.parametrize("init", ["key_init", "seeded_init"])
def test_starts_are_drawn_by_the_users_function_from_the_stream_alone(init):
    space = pickle.loads(pickle.dumps(make("bowl", init).open().space))
    one, again, other = (space.to_box(space.init.draw(np.random.default_rng(seed))) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    np.testing.assert_allclose(one[:2], 1.0)
    assert not np.allclose(one[2:], other[2:])


def test_a_mean_over_rows_is_divided():
    from own_models import X, Y

    problem = make(data="rows", held_out=0.25).open()
    assert problem.space.units == 45
    point = RNG.normal(size=(1, 10))
    rows = np.arange(45)[None]
    losses, gradients = problem.evaluate_share(point, rows)
    np.testing.assert_allclose(losses, problem.evaluate(point), rtol=1e-6)
    np.testing.assert_allclose(gradients, problem.gradient(point), rtol=1e-4, atol=1e-6)
    bias, kernel = point[0, :2], point[0, 2:].reshape(4, 2)
    errors = ((X @ kernel + bias - Y) ** 2).mean(axis=1)
    found = problem.measure(point[0])
    assert set(found) == {"train loss", "held-out loss"}
    assert (45 * found["train loss"] + 15 * found["held-out loss"]) / 60 == pytest.approx(errors.mean(), rel=1e-5)


def test_whatever_it_names_is_told():
    assert make(data="rows").code_references == (f"{OWN}:fit", f"{OWN}:seeded_init", f"{OWN}:rows")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"init": "raising", "function": "bowl"},
            "init must name a function that runs, got .*raised RuntimeError: no wei",
        ),
        ({"init": "whole", "function": "bowl"}, r"init must return floating-point weights only, got int64 at \['w'\]"),
        ({"init": "nothing", "function": "bowl"}, "init must return arrays of weights, got none"),
        ({"init": "absent", "function": "bowl"}, "init must name something in .*, got 'absent'"),
        ({"function": "bowl", "data": "rows"}, "function must name a function that runs"),
        ({"function": "fit"}, "function must take one argument, weights"),
        (
            {"function": "by_row", "data": "rows"},
            r"function must return one floating-point number, got float32 of shape \(60",
        ),
        (
            {"function": "unequal_shapes", "data": "rows"},
            "function must name a function that runs, got .*raised TypeError",
        ),
        ({"function": "in_numpy"}, "function must name a function that runs, got .*raised TracerArrayConversionError"),
        ({"data": "unequal"}, r"one row of data along each first axis, got \(60, 4\) of float64, \(59, 2\) of float64"),
        ({"data": "texts"}, "data must be arrays of numbers"),
        ({"data": "unbounded"}, "data must be finite, got nan in row"),
        ({"data": "rows", "held_out": 0.001}, "held_out must leave rows of every class"),
    ],
)
def test_mistakes_are_told_when_it_is_opened(settings, message):
    with pytest.raises(LandscapeError, match=message):
        make(**settings).open()


def test_a_reference_of_another_form_is_refused():
    with pytest.raises(ValidationError, match="function must be"):
        JaxFunction(function="loss", init="init")
