"""What counts as a number in what a user's function returns."""

import array
import math
from collections import deque
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchparty.landscapes.arguments import ArrayArguments, make_space
from searchparty.landscapes.landscape import EvaluationError, GradientError, LandscapeError
from searchparty.landscapes.python_function import FunctionProblem, UserFunction, check_function
from searchparty.landscapes.real_numbers import NotANumber, to_gradient, to_real_number, to_real_numbers


class Floats:
    """An object that ``float`` takes, and nothing else does."""

    def __float__(self):
        return 2.5


class Indexed:
    def __index__(self):
        return 3


class Tensor:
    """An array of another library, which records its history: only ``item`` and ``detach`` are allowed."""

    def __init__(self, values):
        self._values = np.array(values)
        self.shape, self.dtype = self._values.shape, "float32 of another library"

    def item(self):
        return self._values.item()

    def detach(self):
        return self._values

    def __len__(self):
        return len(self._values)

    def __float__(self):
        raise UserWarning("converting a tensor that requires a gradient to a scalar")

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("cannot call numpy() on a tensor that requires a gradient")


class HalfPrecision(Tensor):
    def __init__(self, value):
        super().__init__(value)
        self.dtype = np.dtype("V2")


NUMBERS = [
    (2.5, 2.5),
    (-1, -1.0),
    (True, 1.0),
    (Decimal("0.5"), 0.5),
    (Fraction(1, 4), 0.25),
    (Floats(), 2.5),
    (Indexed(), 3.0),
    (np.float32(0.5), 0.5),
    (np.int8(-3), -3.0),
    (np.bool_(True), 1.0),
    (np.longdouble(2), 2.0),
    (np.float16(0.5), 0.5),
    (np.array(4), 4.0),
    (np.array([4.5]), 4.5),
    (np.array([[[True]]]), 1.0),
    (np.array([2.0], dtype=object), 2.0),
    ([0.5], 0.5),
    ((0.5,), 0.5),
    ([True], 1.0),
    ([np.float64(3)], 3.0),
    (deque([1]), 1.0),
    (array.array("d", [2]), 2.0),
    (range(7, 8), 7.0),
    (Tensor(1.5), 1.5),
    (Tensor([1.5]), 1.5),
    (Tensor([[2]]), 2.0),
    (HalfPrecision(0.5), 0.5),
    ([np.array(0.5)], 0.5),
    (np.ma.array([1.0]), 1.0),
    (np.ma.array(3), 3.0),
]
OTHERS = [
    ("3", "a str '3'"),
    ("", "a str ''"),
    (b"3", "a bytes"),
    (bytearray(b"3"), "a bytearray"),
    (np.str_("3"), "a str '3'"),
    (None, "None"),
    ({}, "a dict"),
    ({1}, "a set"),
    ([], "a list of 0"),
    ((), "a tuple of 0"),
    ((0.5, {"note": 1}), "a tuple of 2"),
    ([1, 2], "a list of 2"),
    (["3"], "a list of 1 (a str '3')"),
    ([None], "a list of 1 (None)"),
    ([[0.5]], "a list of 1 (a list of 1 (a float))"),
    ([Decimal(1)], "a list of 1 (a Decimal)"),
    (1j, "a complex"),
    (np.complex64(1), "a complex64"),
    ([1j], "a list of 1 (a complex)"),
    (np.zeros(2), "an array of shape (2,) and type float64"),
    (np.zeros(0), "an array of shape (0,) and type float64"),
    (np.zeros((1, 3)), "an array of shape (1, 3) and type float64"),
    (np.array("3"), "an array of shape () and type <U1"),
    (np.array(None), "an array of shape () and type object"),
    (np.array([1j]), "an array of shape (1,) and type complex128"),
    (np.timedelta64(3, "ns"), "a timedelta64"),
    (np.datetime64("2020"), "a datetime64"),
    (Tensor([1.0, 2.0]), "a Tensor of shape (2,) and type float32 of another library"),
    (object(), "an object"),
    (len, "a builtin_function_or_method"),
    (Decimal("sNaN"), "a Decimal"),
    ("x" * 300, "a str 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx..."),
]
POINT = np.array([[0.25, 0.75]])


def open_function(function, vectorized=False, gradient=None):
    arguments = ArrayArguments(((0.0, 1.0), (0.0, 1.0)))
    space = make_space(arguments, gradient is not None, 1, None, False)
    return FunctionProblem(function, arguments, vectorized, gradient, None, space)


@pytest.mark.parametrize(("value", "number"), NUMBERS, ids=lambda each: repr(each)[:30])
def test_a_number_is_what_float_takes_or_what_holds_exactly_one(value, number):
    found = to_real_number(value)
    assert isinstance(found, float)
    assert found == number
    assert open_function(lambda x: value).evaluate(POINT).tolist() == [number]
    assert (
        open_function(lambda x: [value] * len(x), True).evaluate(np.repeat(POINT, 3, axis=0)).tolist() == [number] * 3
    )


@pytest.mark.parametrize(("value", "words"), OTHERS, ids=lambda each: repr(each)[:30])
def test_what_is_no_number_fails_with_its_type(value, words):
    with pytest.raises(NotANumber, match="^returned ") as refused:
        to_real_number(value)
    assert str(refused.value) == f"returned {words}, must be one real number"
    with pytest.raises(EvaluationError, match="^row ") as failed:
        open_function(lambda x: value).evaluate(POINT)
    assert failed.value.causes[0].startswith(f"returned {words}, must be one real number; in test_real_numbers.py:")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, Decimal("nan"), np.ma.masked, np.array([np.nan])])
def test_numbers_that_are_not_finite_are_numbers(value):
    assert not math.isfinite(to_real_number(value))


@given(
    st.floats(), st.sampled_from([float, np.float64, lambda v: [v], lambda v: (v,), lambda v: np.array([[v]]), Tensor])
)
def test_numbers_keep_every_bit(number, wrap):
    np.testing.assert_array_equal(to_real_number(wrap(number)), number)


LEAVES = st.none() | st.text() | st.floats() | st.binary() | st.complex_numbers()


@given(
    st.recursive(LEAVES, lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner))
)
def test_anything_is_a_number_or_is_refused_in_words(value):
    found, words = 0.0, ""
    try:
        found = to_real_number(value)
    except NotANumber as refused:
        words = str(refused)
    assert isinstance(found, float)
    assert len(words) < 400


@pytest.mark.parametrize(
    "values",
    [
        [1, 2.0, True],
        (1, 2, 1),
        np.array([1, 2, 1], dtype=np.int8),
        np.array([[1.0], [2.0], [1.0]]),
        Tensor([1.0, 2, 1]),
        [[1], (2,), np.array([1.0])],
        [Decimal(1), Tensor(2.0), Fraction(1)],
        np.array([1, 2, True], dtype=object),
    ],
)
def test_a_batch_has_one_number_for_each_point(values):
    losses, causes = to_real_numbers(values, 3)
    assert (losses.tolist(), losses.dtype, causes) == ([1.0, 2.0, 1.0], np.float64, {})


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (None, "None"),
        ("123", "a str '123'"),
        (3.0, "a float"),
        ([1, 2], "a list of 2"),
        ({0: 1, 1: 2, 2: 3}, "a dict"),
        (np.zeros((1, 3)), "an array of shape (1, 3) and type float64"),
        (b"123", "a bytes"),
    ],
)
def test_a_batch_of_another_length_or_type_fails_as_a_whole(values, words):
    with pytest.raises(NotANumber, match="^returned ") as refused:
        to_real_numbers(values, 3)
    assert str(refused.value) == f"returned {words} for 3 points, must be 3 real numbers, shape (3,)"


def test_rows_of_a_batch_that_are_no_numbers_leave_the_others():
    with pytest.raises(EvaluationError, match="^row ") as failed:
        open_function(lambda x: [1.0, None, "2", 1j][: len(x)], True).evaluate(np.repeat(POINT, 4, axis=0))
    np.testing.assert_array_equal(failed.value.losses, [1.0, np.nan, np.nan, np.nan])
    assert {row: cause.partition(",")[0] for row, cause in failed.value.causes.items()} == {
        1: "returned None",
        2: "returned a str '2'",
        3: "returned a complex",
    }


@pytest.mark.parametrize(
    "value",
    [
        [1, 2],
        (True, 2.0),
        np.array([[1], [2]]),
        np.array([1.0, 2.0], dtype=object),
        Tensor([1.0, 2.0]),
        [Decimal(1), 2],
    ],
)
def test_a_gradient_is_as_many_numbers_as_there_are_axes(value):
    np.testing.assert_array_equal(to_gradient(value, (2,)), [1.0, 2.0])
    found = open_function(lambda x: 0.0, gradient=lambda x: value).gradient(np.repeat(POINT, 2, axis=0))
    np.testing.assert_array_equal(found, [[1.0, 2.0]] * 2)


@pytest.mark.parametrize(
    "value", [None, [1], [1, 2, 3], "12", ["1", "2"], [1j, 2], {0: 1, 1: 2}, 3.0, [None, 1.0], b"12"]
)
def test_what_is_no_gradient_is_named_and_leaves_the_others(value):
    problem = open_function(lambda x: 0.0, gradient=lambda x: value if x[0] > 0.5 else x)
    with pytest.raises(GradientError, match="^row 1: ") as failed:
        problem.gradient(np.array([[0.25, 0.5], [0.75, 0.5]]))
    np.testing.assert_array_equal(failed.value.gradients, [[0.25, 0.5], [np.nan, np.nan]])
    (cause,) = failed.value.causes.values()
    assert cause.startswith("returned ")
    assert ", must be 2 real numbers; in test_real_numbers.py:" in cause


def test_a_vectorized_gradient_that_fails_at_one_point_leaves_the_others():
    def gradient(points):
        if (points[:, 0] > 0.5).any():
            raise ValueError("too steep")
        return 2 * points

    problem = open_function(lambda x: x.sum(axis=1), True, gradient)
    with pytest.raises(GradientError, match="^row 1: ") as failed:
        problem.gradient(np.array([[0.25, 0.5], [0.75, 0.5], [0.5, 0.5]]))
    np.testing.assert_array_equal(failed.value.gradients, [[0.5, 1.0], [np.nan, np.nan], [1.0, 1.0]])
    assert failed.value.causes == {1: "raised ValueError: too steep"}


def test_functions_written_in_c_may_hide_their_parameters():
    for function in (math.sin, math.fsum, min, max, np.sum):
        check_function(function, "function", "a point (D,)")


@pytest.mark.parametrize("name", ["pair", "nothing", "constant"])
def test_a_function_of_another_number_of_arguments_is_refused_in_a_yaml(tmp_path, name):
    (tmp_path / "f.py").write_text("def pair(x, y): return 0.0\ndef nothing(): return 0.0\nconstant = 3\n")
    landscape = UserFunction(function=f"f.py:{name}", bounds=(0.0, 1.0), base=str(tmp_path))
    with pytest.raises(LandscapeError, match=r"^function must (take one argument, a point \(D,\)|be callable), got "):
        landscape.open()
