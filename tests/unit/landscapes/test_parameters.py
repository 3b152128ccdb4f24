"""Named parameters: their axes, their arguments, and what is refused."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from searchparty.landscapes.arguments import ArrayArguments, NamedArguments, make_space
from searchparty.landscapes.axis import Axis
from searchparty.landscapes.landscape import LandscapeError, Space
from searchparty.landscapes.parameters import parse_parameters
from searchparty.landscapes.python_function import InMemory, UserFunction

MIXED = {
    "rate": {"low": 1e-5, "high": 0.1, "log": True},
    "depth": {"low": 2, "high": 8, "integer": True},
    "kernel": {"choices": ["rbf", "poly", "linear"]},
    "width": {"low": 1, "high": 1024, "log": True, "integer": True},
    "momentum": 0.9,
    "scale": {"low": -1.0, "high": 3.0},
}
AXES = parse_parameters(MIXED).axes
coordinates = st.floats(0, 1)


@pytest.mark.parametrize("axis", AXES, ids=lambda axis: axis.name)
@given(x=coordinates, y=coordinates)
def test_numbers_are_in_range_ordered_and_come_back(axis, x, y):
    first, second = sorted((axis.to_number(x), axis.to_number(y)))
    assert axis.low <= first <= second <= axis.high
    assert (axis.to_number(min(x, y)), axis.to_number(max(x, y))) == (first, second)
    again = axis.to_number(axis.to_coordinate(first))
    assert again == first if axis.is_stepped else math.isclose(again, first, rel_tol=1e-12, abs_tol=1e-12)


@pytest.mark.parametrize("axis", AXES, ids=lambda axis: axis.name)
def test_the_ends_of_the_cube_are_the_ends_of_the_range(axis):
    assert (axis.to_number(0.0), axis.to_number(1.0)) == (axis.low, axis.high)


@pytest.mark.parametrize("axis", [axis for axis in AXES if axis.is_stepped], ids=lambda axis: axis.name)
def test_every_value_of_a_stepped_axis_has_a_cell(axis):
    found = {axis.to_number(x) for x in np.linspace(0, 1, 20 * axis.steps if not axis.log else 100_001)}
    assert found == {axis.low + k for k in range(axis.steps)}


def test_equal_distances_on_a_logarithmic_axis_are_equal_ratios():
    rate = AXES[0]
    numbers = [rate.to_number(x) for x in (0.0, 0.25, 0.5, 0.75, 1.0)]
    np.testing.assert_allclose(numbers, [1e-5, 1e-4, 1e-3, 1e-2, 1e-1], rtol=1e-12)


def test_the_cells_of_whole_numbers_are_equally_wide():
    depth = AXES[1]
    found = [depth.to_number((k + 0.5) / 7) for k in range(7)]
    assert found == [2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]


@given(st.lists(st.tuples(*[coordinates] * len(AXES)), min_size=1, max_size=6))
def test_a_batch_is_converted_as_its_rows_are(rows):
    space, points = Space.of_axes(AXES), np.array(rows)
    batch = space.to_box(points)
    assert [row.tobytes() for row in batch] == [space.to_box(point).tobytes() for point in points]
    assert [row.tobytes() for row in space.to_cube(batch)] == [space.to_cube(row).tobytes() for row in batch]


@pytest.mark.parametrize(
    "axis",
    [*AXES, Axis("huge", -3, 2**53, integer=True), Axis("negative", -0.5, 0.5)],
    ids=lambda axis: axis.name,
)
def test_many_coordinates_are_converted_as_each_is_alone(axis):
    edges = np.arange(1, 100) / min(axis.steps or 100, 100)
    near = np.concatenate([edges, np.nextafter(edges, 0), np.nextafter(edges, 2), np.linspace(0, 1, 1001)])
    found = [0.0, -0.0, 5e-324, 1 - 2**-53, 1.0, *near[near <= 1].tolist()]
    assert axis.to_numbers(np.array(found)).tolist() == [axis.to_number(x) for x in found]
    assert {type(axis.to_number(x)) for x in found} == {float}


@given(st.floats(-1e3, 1e3), st.floats(1e-3, 1e3), coordinates)
def test_one_point_is_converted_to_the_bits_of_many(low, width, coordinate):
    assume(low < low + width)
    space = Space.of_axes((Axis("x", low, low + width),))
    many = space.to_box(np.full((3, 1), coordinate))
    assert many[0].tobytes() == space.to_box(np.array([coordinate])).tobytes()


def test_the_objective_receives_values_by_name():
    made = NamedArguments(parse_parameters(MIXED))
    found = made.of_row(np.array([0.01, 4.0, 1.0, 64.0, 0.5]))
    wanted = {"rate": 0.01, "depth": 4, "kernel": "poly", "width": 64, "momentum": 0.9, "scale": 0.5}
    assert list(found.items()) == list(wanted.items())
    assert [type(value) for value in found.values()] == [float, int, str, int, float, float]
    columns = made.of_batch(np.array([[0.01, 4.0, 1.0, 64.0, 0.5], [0.1, 2.0, 0.0, 1.0, 3.0]]))
    assert columns["kernel"] == ["poly", "rbf"]
    assert columns["depth"].tolist() == [4, 2]
    assert columns["momentum"] == 0.9


def test_equal_ends_and_single_choices_are_fixed():
    found = parse_parameters({
        "a": {"low": 2, "high": 2, "integer": True}, "b": {"choices": [None]}, "c": {"low": 0, "high": 1},
        "d": {"low": 2.2, "high": 3.9, "integer": True}, "e": {"low": -1, "high": -1},
    })  # fmt: skip
    assert (found.fixed, [axis.name for axis in found.axes]) == ({"a": 2, "b": None, "d": 3, "e": -1.0}, ["c"])
    assert [type(found.fixed[name]) for name in ("a", "d", "e")] == [int, int, float]
    box = ArrayArguments(((0.0, 1.0), (7.0, 7.0), (-1.0, 1.0)))
    assert box.bounds == ((0.0, 1.0), (-1.0, 1.0))
    assert box.of_row(np.array([0.25, 0.5])).tolist() == [0.25, 7.0, 0.5]
    assert box.of_batch(np.array([[0.25, 0.5]])).tolist() == [[0.25, 7.0, 0.5]]
    assert box.read_gradient([1.0, 9.0, 2.0]).tolist() == [1.0, 2.0]


def test_settings_keep_the_order_and_come_back():
    found = parse_parameters(MIXED)
    assert [name for name, _ in found.to_settings()] == list(MIXED)
    assert parse_parameters(found.to_settings()) == found


def test_what_is_not_given_is_not_in_the_settings():
    """A run's id is a hash of them: experiments without these keys keep theirs."""
    plain = UserFunction(function="a.py:f", bounds=((0, 1),)).model_dump(mode="json")
    assert set(plain) == {
        "kind", "seconds", "bounds", "dimension", "function", "vectorized", "gradient", "gradient_price", "minimum",
    }  # fmt: skip
    memory = InMemory(function=abs, bounds=((0, 1),)).model_dump(mode="json")
    assert set(memory) == {"kind", "seconds", "bounds", "vectorized"}


def test_gradients_go_through_the_logarithm():
    axes = parse_parameters({"rate": {"low": 1e-3, "high": 10.0, "log": True}, "x": {"low": 0, "high": 4}}).axes
    space, at, step = Space.of_axes(axes), np.array([[0.3, 0.6]]), 1e-6

    def loss(box):
        return np.log(box[:, 0]) ** 2 + box[:, 1] ** 2

    box = space.to_box(at)
    exact = space.to_cube_gradients(box, np.column_stack([2 * np.log(box[:, 0]) / box[:, 0], 2 * box[:, 1]]))
    ahead, behind = (loss(space.to_box(at + sign * step * np.eye(2))) for sign in (1, -1))
    np.testing.assert_allclose(exact[0], (ahead - behind) / (2 * step), rtol=1e-6)


def test_gradients_by_name_are_read():
    made = NamedArguments(parse_parameters({"b": {"low": 0, "high": 1}, "a": {"low": 0, "high": 1}}))
    assert made.read_gradient({"a": 2.0, "b": 1.0}).tolist() == [1.0, 2.0]
    assert made.read_gradients({"a": [2.0, 4.0], "b": [1.0, 3.0]}, 2).tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_gradients_on_stepped_axes_are_refused():
    landscape = InMemory(function=abs, gradient_function=abs, parameters={"n": {"low": 1, "high": 4, "integer": True}})
    with pytest.raises(LandscapeError, match="gradient must be left out where parameters have steps, got n"):
        landscape.open()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "parameters must be a mapping from names to ranges, choices or values, got {}"),
        ([1, 2], r"parameters must be a mapping .*, got \[1, 2\]"),
        ({"a": 1, "b": "x"}, "parameters must have at least one that is searched, got a, b, all fixed"),
        ({"a": {"low": 2, "high": 1}}, "a.low must be at most high, got 2 and 1. Swap them."),
        ({"a": {"low": 0, "high": 1, "log": True}}, "a.low must be above 0 on a logarithmic axis, got 0"),
        ({"a": {"low": 0.2, "high": 0.8, "integer": True}}, "a.high must be at least the next whole number after low"),
        ({"a": {"low": 2.5, "high": 2.5, "integer": True}}, "a.high must be at least the next whole number after low"),
        ({"a": {"low": -1, "high": -1, "log": True}}, "a.low must be above 0 on a logarithmic axis, got -1"),
        ({"a": {"low": 0, "high": 2.0**60, "integer": True}}, "a.high must be less than 2.*53 above low"),
        ({"a": {"low": -1.7e308, "high": 1.7e308}}, "a.high must be at a finite distance from low"),
        ({"a": {"low": 0}}, "a.high must be given, got nothing"),
        ({"a": {"low": "1e-5", "high": 1}}, "a.low must be a finite number, got '1e-5'. Write 1.0e-5"),
        ({"a": {"low": math.nan, "high": 1}}, "a.low must be a finite number, got nan"),
        ({"a": {"low": True, "high": 2}}, "a.low must be a finite number, got True"),
        ({"a": {"low": 0, "high": 1, "log": "yes"}}, "a.log must be true or false, got 'yes'"),
        ({"a": {"low": 0, "high": 1, "intger": True}}, "a.intger must be a known setting.* Did you mean 'integer'"),
        ({"a": {"choice": ["x", "y"]}}, "a.choice must be a known setting, got 'choice'. Did you mean 'choices'"),
        ({"a": {"chioces": ["x"]}}, "a.chioces must be a known setting, got 'chioces'. Did you mean 'choices'"),
        ({"a": {"values": 3}}, "a.values must be a known setting, got 'values'. Did you mean 'value'"),
        ({"a": {"hihg": 3, "low": 1}}, "a.hihg must be a known setting, got 'hihg'. Did you mean 'high'"),
        ({"a": {"zzz": 3}}, r"got 'zzz'. Known: low, high, log, integer; or one of these alone: choices, value\.$"),
        ({"a": {"choices": []}}, r"a.choices must be a list of values, got \[\]"),
        ({"a": {"choices": "abc"}}, "a.choices must be a list of values, got 'abc'"),
        ({"a": {"choices": ["x", "y", "x"]}}, "a.choices must be different, got 'x' twice"),
        ({"a": {"choices": [1], "low": 1}}, "a.low must be a known setting, got 'low'"),
        ({"a": math.inf}, "a must be a finite number, text, true or false, got inf"),
        ({"a": None}, "a must be a finite number, text, true or false, got null"),
        ({1: 2}, "parameters must have printable names, got 1"),
    ],
)
def test_what_is_no_parameter_is_named(parameters, message):
    with pytest.raises(ValueError, match=message):
        parse_parameters(parameters)


def test_one_and_true_are_different_choices():
    assert parse_parameters({"a": {"choices": [1, True, 1.0, "1"]}}).axes[0].steps == 4


def test_wide_positive_ranges_may_be_logarithmic():
    found = parse_parameters({
        "a": {"low": 1e-5, "high": 1}, "b": {"low": 1e-5, "high": 1, "log": False}, "c": {"low": 1, "high": 1000},
        "d": {"low": -1, "high": 1e6}, "e": {"low": 1e-5, "high": 1, "log": True},
    })  # fmt: skip
    assert found.may_be_log == ("a",)


@pytest.mark.parametrize("given", [{"bounds": [(1, 5000), (0, 1)]}, {"bounds": (1, 5000), "dimension": 2}])
def test_wide_positive_bounds_may_be_logarithmic_unless_log_is_false(given):
    plain = UserFunction(function="a.py:f", **given)
    assert plain.hints[0].startswith("f D=2: the range of x1 spans 1 to 5000. If equal ratios matter there, give param")
    assert "log: false beside bounds leaves this line out" in plain.hints[0]
    silenced = UserFunction(function="a.py:f", log=False, **given)
    assert silenced.hints == ()
    # What is recorded, and so the run's id, is the same.
    assert silenced.model_dump() == plain.model_dump()


@pytest.mark.parametrize(
    "given", [{"log": True, "bounds": [(1, 5000)]}, {"log": False, "parameters": {"a": {"low": 1, "high": 5000}}}]
)
def test_log_beside_bounds_is_false_only(given):
    with pytest.raises(ValueError, match="log must be false, and stand beside bounds, got .* Give parameters, each"):
        UserFunction(function="a.py:f", **given)


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ([1, 2], "start must be a mapping from names to values"),
        ({"rate": 0.01, "kernel": "rbf"}, "start.depth must be given, got nothing"),
        ({"rate": 0.01, "depth": 4, "kernel": "sigmoid"}, "start.kernel must be one of its choices, got 'sigmoid'"),
        ({"rate": 0.01, "depth": 4.5, "kernel": "rbf"}, "start.depth must be a whole number, got 4.5"),
        ({"rate": 1.0, "depth": 4, "kernel": "rbf"}, "start.rate must lie within its range, got 1, outside"),
        ({"rate": 0.01, "depth": 4, "kernel": "rbf", "x": 1}, "start.x must be a searched parameter, got 'x'"),
        (
            {"rate": 0.01, "depth": 4, "kernel": "rbf", "momentum": 0.5},
            "start.momentum must be left out, or be 0.9, got 0.5",
        ),
        ({"rate": "fast", "depth": 4, "kernel": "rbf"}, "start.rate must be a number, got 'fast'"),
    ],
)
def test_a_start_that_is_no_setting_is_named(start, message):
    parameters = {name: MIXED[name] for name in ("rate", "depth", "kernel", "momentum")}
    with pytest.raises(ValueError, match=message):
        UserFunction(function="a.py:f", parameters=parameters, start=start)


def test_a_start_is_its_own_setting():
    parameters = parse_parameters({name: MIXED[name] for name in ("rate", "depth", "kernel", "momentum")})
    start = {"rate": 0.01, "depth": 4, "kernel": "linear", "momentum": 0.9}
    made = NamedArguments(parameters)
    space = make_space(made, False, 1, start)
    found = made.of_row(space.to_box(space.start))
    assert (found["depth"], found["kernel"]) == (4, "linear")
    assert math.isclose(found["rate"], 0.01, rel_tol=1e-14)


@pytest.mark.parametrize(
    ("bounds", "start", "message"),
    [
        (((0, 1), (0, 1)), [0.5], "start must be a list of 2 numbers, one per axis"),
        (((0, 1), (0, 1)), {"x1": 1}, "start must be a list of 2 numbers"),
        (((0, 1), (0, 1)), [0.5, 2.0], "start must lie within the bounds, got 2, outside"),
        (((0, 1), (3, 3)), [0.5, 2.0], "start must lie within the bounds, got 2, outside"),
    ],
)
def test_a_start_outside_a_box_is_named(bounds, start, message):
    with pytest.raises(ValueError, match=message):
        UserFunction(function="a.py:f", bounds=bounds, start=start)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"bounds": ((0, 1),), "parameters": MIXED}, "bounds must be left out beside parameters"),
        ({"dimension": 2, "parameters": MIXED}, "dimension must be left out beside parameters"),
        ({}, "bounds must be given, one pair per axis, got nothing"),
        ({"bounds": ((1, 1), (2, 2))}, "bounds must leave an axis to search"),
    ],
)
def test_bounds_or_parameters(settings, message):
    with pytest.raises(ValueError, match=message):
        UserFunction(function="a.py:f", **settings)


def test_axes_are_values():
    assert Axis.of_choices("k", ("a", "b")) == Axis("k", 0.0, 1.0, choices=("a", "b"))
