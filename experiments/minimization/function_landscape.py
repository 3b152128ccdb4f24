"""The landscape of a function that the caller of ``searchparty.minimize`` has in memory."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from scipy.optimize import Bounds

from ...landscapes.bounded import check_width
from ...landscapes.constraints import check_constraint
from ...landscapes.landscape import Array
from ...landscapes.parameters import parse_parameters
from ...landscapes.python_function import InMemory
from ..spec.errors import quote


def make_function_landscape(
    fun: Any,
    gradient: Any,
    args: Any,
    vectorized: Any,
    noisy: Any,
    x0: Any,
    constraints: Any,
    searched: dict[str, Any],
) -> InMemory:
    """Return the landscape of a function.

    Args:
        fun: As the caller of ``minimize`` gave it, like the arguments up to ``constraints``.
        gradient: As given.
        args: As given.
        vectorized: As given.
        noisy: As given.
        x0: As given.
        constraints: As given.
        searched: Its bounds or its parameters (``describe_space``).

    Raises:
        ValueError: If an argument is not valid, or the start does not lie in the landscape.
    """
    vectorized = _check_flag("vectorized", vectorized)
    noisy = _check_flag("noisy", noisy)
    if not isinstance(args, tuple):
        raise ValueError(f"args must be a tuple, got {quote(args)}. Write (value,) for one argument.")
    functions = [partial(_call_with, each, args) if args and each is not None else each for each in (fun, gradient)]
    conditions, condition_functions = _split_constraints(constraints)
    landscape = InMemory(
        function=functions[0],
        gradient_function=functions[1],
        vectorized=vectorized,
        noisy=noisy or None,
        start=x0.tolist() if isinstance(x0, np.ndarray) else x0,
        constraints=conditions or None,
        constraint_functions=condition_functions,
        **searched,
    )
    try:
        space = landscape.make_space()
    except ValueError as error:
        raise ValueError(re.sub("^start", "x0", str(error))) from None
    if space.start is not None:
        _check_start(x0, space.to_box(space.start), landscape)
    return landscape


def _check_start(x0: Any, point: Array, landscape: InMemory) -> None:
    """Check that a start, the point (D,), meets the constraints that are functions. Raises ValueError."""
    for function in landscape.constraint_functions:
        words = check_constraint(function, landscape.arguments.of_row(point))
        if words:
            raise ValueError(f"x0 must meet the constraints, got {quote(x0)}: {words}. Change one of them.")


def _check_flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{name} must be True or False, got {quote(value)}. Write e.g. True.")
    return bool(value)


def _split_constraints(constraints: Any) -> tuple[tuple[str, ...], tuple[Callable[..., Any], ...]]:
    """Return the constraints that are texts, and those that are functions."""
    if isinstance(constraints, str) or callable(constraints) or not isinstance(constraints, Sequence):
        constraints = (constraints,)
    for number, each in enumerate(constraints):
        if not isinstance(each, str) and not callable(each):
            raise ValueError(
                f"constraints.{number} must be a condition or a function, got {quote(each)}. Write e.g. 'x1 < 1'."
            )
    texts = tuple(each for each in constraints if isinstance(each, str))
    return texts, tuple(each for each in constraints if not isinstance(each, str))


def describe_space(bounds: Any, parameters: Any) -> dict[str, Any]:
    """Return the bounds or the parameters as settings of a landscape; a mapping in place of bounds is parameters."""
    if isinstance(bounds, Mapping) and parameters is None:
        bounds, parameters = None, bounds
    if (bounds is None) == (parameters is None):
        got = "neither" if bounds is None else "both"
        raise ValueError(f"bounds must be given, or parameters in place of them, got {got}. Give one of them.")
    if parameters is None:
        return {"bounds": _bound_pairs(bounds)}
    try:
        return {"parameters": parse_parameters(parameters)}
    except ValueError as error:
        # The message begins with the name of a parameter, unless it concerns all of them.
        words = str(error)
        raise ValueError(words if words.startswith("parameters ") else f"parameters.{words}") from None


def _bound_pairs(bounds: Any) -> tuple[tuple[float, float], ...]:
    if isinstance(bounds, Bounds):
        lows, highs = np.broadcast_arrays(np.atleast_1d(bounds.lb), np.atleast_1d(bounds.ub))
        bounds = list(zip(lows.tolist(), highs.tolist(), strict=True))
    try:
        listed = [(low, high) for low, high in bounds]
        if any(isinstance(end, str | bytes | bool | np.bool_) for pair in listed for end in pair):
            raise TypeError
        pairs = tuple((float(low), float(high)) for low, high in listed)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(
            f"bounds must be pairs (low, high), one per axis, got {quote(bounds)}. Write e.g. [(-1, 1), (0, 10)]."
        ) from None
    if not pairs or not all(np.isfinite([low, high]).all() and low <= high for low, high in pairs):
        raise ValueError(
            f"bounds must be finite pairs with low <= high, one per axis, got {quote(list(pairs))}. "
            "Write e.g. [(-1, 1), (0, 10)]."
        )
    for low, high in pairs:
        check_width(low, high)
    if all(low == high for low, high in pairs):
        raise ValueError(f"bounds must leave an axis to search, got {quote(list(pairs))}: all are fixed. Widen one.")
    return pairs


def _call_with(function: Callable[..., Any], args: tuple[Any, ...], point: Any) -> Any:
    return function(point, *args)
