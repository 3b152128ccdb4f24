"""Causes of failure: where an error of a program was raised, and which causes are such errors."""

import functools

import pytest

from searchparty.landscapes.causes import describe_failure, describe_return, is_gradient_cause, programming_error


def inner():
    return {}.nothing


def outer():
    return inner()


def failure_of(function):
    try:
        function()
    except Exception as error:
        return describe_failure(error)
    raise AssertionError


def test_an_error_of_a_program_has_its_innermost_own_line():
    line = inner.__code__.co_firstlineno + 1
    assert (
        failure_of(outer)
        == f"raised AttributeError: 'dict' object has no attribute 'nothing'; in test_causes.py:{line}"
    )


def test_a_line_of_a_library_is_not_the_users():
    cause = failure_of(lambda: functools.reduce(lambda a, b: a.missing, [1, 2]))
    assert cause.endswith(
        f"; in test_causes.py:{test_a_line_of_a_library_is_not_the_users.__code__.co_firstlineno + 1}"
    )


def test_other_exceptions_are_described_as_ever():
    assert failure_of(lambda: int("x")) == "raised ValueError: invalid literal for int() with base 10: 'x'"


class Called:
    def __call__(self, x):
        return None


@pytest.mark.parametrize("function", [outer, functools.partial(outer, 1), functools.partial(functools.partial(outer))])
def test_what_is_returned_is_placed_at_the_function(function):
    line = outer.__code__.co_firstlineno
    assert describe_return(function, "returned None") == f"returned None; in test_causes.py:{line}"


def test_objects_that_are_called_are_placed_and_builtins_are_not():
    assert describe_return(Called(), "returned None").startswith("returned None; in test_causes.py:")
    assert describe_return(len, "returned None") == "returned None"


class Unfit(TypeError):
    pass


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        ("raised NameError: name 'x' is not defined", "NameError"),
        ("raised UnboundLocalError: x", "UnboundLocalError"),
        ("raised TypeError: no; in f.py:3", "TypeError"),
        ("raised ImportError: no", "ImportError"),
        ("raised AttributeError: no", "AttributeError"),
        ("raised _UFuncNoLoopError: ufunc 'add' did not; in my file.py:12", None),
        ("raised _UFuncNoLoopError: ufunc 'add' did not; in file.py:12", "_UFuncNoLoopError"),
        ("raised ValueError: NameError: no", None),
        ("raised OSError: no licence", None),
        ("returned a tuple of 2, must be one real number", "a tuple"),
        ("returned None, must be one real number", "None"),
        ("returned an array of shape (2,) and type float64, must be one real number; in f.py:1", "an array"),
        ("returned nan", None),
        ("returned inf", None),
        ("returned -inf", None),
        ("answered 'done', which is not JSON", "is not JSON"),
        ("""answered '{"loss": "\n"}', which has no number as its "loss", but a str""", "has no number"),
        ("answered '1', which has another id than 3", None),
        ("said: no convergence", None),
        ("gave no answer within its time-out of 1 s", None),
        ("took its process down 3 times", None),
        ("the gradient raised NameError: no", None),
        ("constraint <lambda> returned an int, must be True or False", "an int"),
        ("constraint fits raised NameError: name 'x' is not defined; in c.py:3", "NameError"),
        ("constraint fits raised KeyError: 'a'", None),
        ("", None),
    ],
)
def test_errors_of_a_program_are_told_from_points_without_a_loss(cause, kind):
    assert programming_error(cause) == kind


def test_subclasses_are_errors_of_the_program_too():
    def unfit():
        raise Unfit("no")

    assert programming_error(failure_of(unfit)) == "Unfit"


def test_causes_of_gradients_are_known_by_their_first_words():
    assert is_gradient_cause("the gradient returned None, must be 2 real numbers")
    assert not is_gradient_cause("returned None, must be one real number")
