"""Conditions as text, and functions that a setting must meet."""

import contextlib
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchparty import Experiment
from searchparty.experiments.api import run
from searchparty.experiments.report.sentences import list_notes
from searchparty.experiments.results.recorded_runs import read_runs
from searchparty.experiments.results.run_summary import summarize_run
from searchparty.landscapes.arguments import ArrayArguments, NamedArguments
from searchparty.landscapes.constraints import check_constraint, names_function, read_conditions
from searchparty.landscapes.expression import Condition
from searchparty.landscapes.landscape import EvaluationError
from searchparty.landscapes.parameters import parse_parameters
from searchparty.landscapes.python_function import InMemory, UserFunction

NAMES = ("a", "b", "kernel")
VALUES = {"a": 2, "b": 0.5, "kernel": "rbf"}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("a * b <= 1", True), ("a * b < 1", False), ("0 < b < a", True), ("0 < a < b", False), ("a == 2", True),
        ("kernel == 'rbf'", True), ("kernel != 'rbf'", False), ("kernel == 'poly' or a > 1", True),
        ("not a > 1", False), ("a > 1 and not kernel == 'poly'", True), ("min(a, b) == 0.5", True),
        ("sqrt(a) < 1.5", True), ("log10(a * 50) == 2", True), ("exp(-a) < b", True), ("a // 1 % 2 == 0", True),
        ("a ** 2 == 4", True), ("abs(-a) == +a", True), ("max(a, b, 3) >= 3", True), ("  a < 3  ", True),
    ],
)  # fmt: skip
def test_a_condition_holds_or_not(text, holds):
    assert Condition(text, NAMES).holds(VALUES) is holds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a <", "must be a condition, got 'a <'"),
        ("", "must be a condition"),
        ("a + b", "must compare something, got"),
        ("a", "must compare something"),
        ("abs(a)", "must compare something"),
        ("a or b", "must compare something"),
        ("c < 1", "must name parameters, got 'c' in"),
        ("kernal == 'rbf'", "Did you mean 'kernel'"),
        ("__import__('os') == 1", "must call abs, .* only, got"),
        ("a.real < 1", "must be a plain condition, got 'a.real'"),
        ("a[0] < 1", "must be a plain condition"),
        ("(lambda: 1)() < 1", "must call .* only"),
        ("[x for x in a] < 1", "must be a plain condition"),
        ("min(*kernel) < 1", "must call .* only"),
        ("abs < 1", "must name parameters, got 'abs'"),
        ("a < b'x'", "must have numbers and text only"),
        ("f'{a}' == '2'", "must be a plain condition"),
        ("a := 3", "must be a condition"),
        ("a < 1j", "must have numbers and text only"),
        ("a < " + "1 + " * 400 + "1", "must be at most 1000 characters long"),
        ("(" * 300 + "a" + ")" * 300 + " < 1", "must be a condition"),
    ],
)
def test_what_is_no_condition_is_named(text, message):
    with pytest.raises(ValueError, match=message):
        Condition(text, NAMES)


def test_numbers_are_floats_so_that_no_power_takes_long():
    with pytest.raises(OverflowError, match="out of range|too large"):
        Condition("10 ** 10 ** 10 > a", NAMES).holds(VALUES)


@given(st.text(max_size=40))
def test_any_text_is_a_condition_or_refused_in_words(text):
    try:
        condition = Condition(text, NAMES)
    except ValueError:
        return
    with contextlib.suppress(ArithmeticError, ValueError, TypeError):
        assert condition.holds(VALUES) in (True, False)


@pytest.mark.parametrize(
    ("text", "function"),
    [("train.py:feasible", True), ("package.module:feasible", True), ("a <= 1", False), ("feasible", False)],
)
def test_functions_are_told_from_conditions(text, function):
    assert names_function(text) is function


def test_what_cannot_be_computed_is_not_met():
    arguments = ArrayArguments(((0.0, 1.0), (0.0, 1.0)))
    conditions = read_conditions(("1 / x1 < 5", "log(x2) < 0"), arguments)
    assert conditions.broken_by(np.array([0.0, 0.5])) == "infeasible: 1 / x1 < 5"
    assert conditions.broken_by(np.array([0.5, 0.0])) == "infeasible: log(x2) < 0"
    assert conditions.broken_by(np.array([0.5, 0.5])) == ""


def test_fixed_values_and_choices_may_be_named():
    parameters = parse_parameters({"k": {"choices": ["x", "y"]}, "n": {"low": 1, "high": 9, "integer": True}, "m": 2})
    conditions = read_conditions(("k == 'x' or n * m > 6",), NamedArguments(parameters))
    assert [bool(conditions.broken_by(np.array(point))) for point in ([0.0, 1.0], [1.0, 3.0], [1.0, 4.0])] == [
        False, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda x: True, ""),
        (lambda x: np.bool_(True), ""),
        (lambda x: x[0] > 1, "infeasible: <lambda>"),
        (lambda x: 1, "constraint <lambda> returned an int, must be True or False"),
        (lambda x: None, "constraint <lambda> returned None, must be True or False"),
        (lambda x: 1 / 0, "constraint <lambda> raised ZeroDivisionError: division by zero"),
    ],
)
def test_a_function_refuses_accepts_or_fails(function, words):
    assert check_constraint(function, np.array([0.5])).startswith(words)
    assert bool(check_constraint(function, np.array([0.5]))) is bool(words)


@pytest.mark.parametrize("vectorized", [False, True])
def test_what_a_function_refuses_is_not_evaluated(vectorized):
    calls = []

    def loss(x):
        calls.extend(np.atleast_2d(x)[:, 0].tolist())
        return (np.atleast_2d(x) ** 2).sum(axis=1) if vectorized else float((x**2).sum())

    landscape = InMemory(
        function=loss, bounds=((0.0, 1.0),), vectorized=vectorized, constraint_functions=(lambda x: x[0] < 0.5,)
    )
    with pytest.raises(EvaluationError, match="row 1: infeasible") as raised:
        landscape.open().evaluate(np.array([[0.25], [0.75], [0.4]]))
    assert raised.value.causes == {1: "infeasible: <lambda>"}
    np.testing.assert_array_equal(raised.value.losses, [0.0625, np.nan, 0.4**2])
    assert calls == [0.25, 0.4]


def test_a_start_must_meet_the_constraints():
    with pytest.raises(ValueError, match=r"start must meet the constraints, got .*, which is infeasible: x1 < 0.5"):
        UserFunction(function="a.py:f", bounds=((0, 1),), start=[0.75], constraints="x1 < 0.5")


def test_the_number_of_a_bad_constraint_is_named():
    with pytest.raises(ValueError, match=r"constraints.1 must name parameters, got 'y'"):
        UserFunction(function="a.py:f", bounds=((0, 1),), constraints=["x1 < 1", "y < 1"])


@pytest.mark.usefixtures("local_ray")
@pytest.mark.parametrize("executor", ["simulated", "ray"])
def test_a_run_whose_start_a_function_refuses_stops_and_says_so(tmp_path, executor):
    (tmp_path / "f.py").write_text("def f(s):\n    return s['n']\n\ndef odd(s):\n    return s['n'] % 2 == 1\n")
    data = {
        "name": "odd", "budget": 20, "executor": executor,
        "landscapes": [{
            "kind": "python", "function": "f.py:f", "start": {"n": 4, "kernel": "b"}, "constraints": ["f.py:odd"],
            "parameters": {"n": {"low": 1, "high": 9, "integer": True}, "kernel": {"choices": ["a", "b"]}},
        }],
        "strategies": {"a": {"agents": ["random"]}},
    }  # fmt: skip
    found = run(Experiment.from_data(data, str(tmp_path)), out=tmp_path / "out", report=False)
    (error,) = found.errors.values()
    words = "start must meet the constraints: row 0, at (n=4, kernel=b), infeasible: odd. Change one of them"
    assert words in str(error)
    (each,) = found.runs
    assert (each.evaluations, len(each.points.losses)) == (0, 1)


def test_a_constraint_that_nothing_meets_is_named(tmp_path, command):
    (tmp_path / "f.py").write_text("def f(s):\n    return s['n']\n")
    (tmp_path / "none.yaml").write_text(
        "name: none\nbudget: 12\nrepeats: 2\nexecutor: simulated\nstrategies: {a: {agents: [random]}}\n"
        "landscapes:\n  - kind: python\n    function: f.py:f\n    parameters: {n: {low: 0, high: 1}}\n"
        "    constraints: ['n >= 0', 'n > 1']\n"
    )
    done = command("run", "none.yaml", "--out", "out", cwd=tmp_path)
    assert done.returncode == 1
    (line,) = [each for each in done.stdout.splitlines() if each.startswith("No setting")]
    assert re.fullmatch(r"No setting of f D=1 .* meets the constraint 'n > 1' \(\d+ were proposed\)\.", line)
    assert line in list_notes([summarize_run(each) for each in read_runs(tmp_path / "out")])
