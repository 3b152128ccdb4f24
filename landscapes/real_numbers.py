"""What counts as a number in what a user's function returns: one rule for losses and gradients, however they come."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np

from .landscape import Array

MOST_QUOTED = 40
NUMBER_KINDS = "fiub"
"""The kinds of numpy's types that are real numbers."""
TIME_KINDS = "mM"
"""The kinds of numpy's types that are times; some of them convert to whole numbers."""


class NotANumber(Exception):
    """Raised where a function returned something that is not a real number; the message is a cause of failure."""


def to_real_number(value: Any) -> float:
    """Convert what a function returned to a float.

    A number is what ``float`` takes and is no text, sequence or array; or a sequence or array that holds exactly one
    bool, int or float. This includes numbers of numpy and of libraries that compute gradients, such as a tensor of one
    number that records its history.

    Args:
        value: What was returned.

    Returns:
        The number, which may be NaN or infinite.

    Raises:
        NotANumber: It is not one number; the message says what it is.

    Example:
        >>> to_real_number(np.array([[0.5]])), to_real_number((True,))
        (0.5, 1.0)
        >>> to_real_number((0.5, {}))
        Traceback (most recent call last):
        ...
        searchparty.landscapes.real_numbers.NotANumber: returned a tuple of 2, must be one real number
    """
    if type(value) is float or type(value) is np.float64:
        return value
    number = _read_number(value)
    if number is None:
        raise NotANumber(f"returned {describe_value(value)}, must be one real number")
    return number


def to_real_numbers(values: Any, n: int) -> tuple[Array, dict[int, str]]:
    """Convert what a function returned for n points to their losses: one number for each, by ``to_real_number``.

    Args:
        values: What was returned.
        n: The number of points.

    Returns:
        Losses, shape (n,), NaN where there is no number; and for these points, what was returned, by number.

    Raises:
        NotANumber: There are not n values; the message says what was returned.
    """
    array = _to_array(values)
    if array is not None and array.ndim and len(array) == n == array.size and array.dtype.kind in NUMBER_KINDS:
        return array.reshape(n).astype(np.float64), {}
    if is_text(values) or not ((array is not None and array.ndim >= 1) or isinstance(values, Sequence)):
        raise NotANumber(f"returned {describe_value(values)} for {n} points, must be {n} real numbers, shape ({n},)")
    rows = list(values) if isinstance(values, Sequence) else list(array)
    if len(rows) != n:
        raise NotANumber(f"returned {describe_value(values)} for {n} points, must be {n} real numbers, shape ({n},)")
    losses, causes = np.full(n, np.nan), {}
    for row, value in enumerate(rows):
        try:
            losses[row] = to_real_number(value)
        except NotANumber as error:
            causes[row] = str(error)
    return losses, causes


def to_gradient(value: Any, shape: tuple[int, ...]) -> Array:
    """Convert what a gradient returned to an array of this shape.

    Args:
        value: What was returned: as many real numbers as the shape has, in any arrangement.
        shape: (D,), or (n, D) for n points.

    Raises:
        NotANumber: It is something else; the message says what.
    """
    array = None if is_text(value) else _to_array(value)
    if array is not None and array.dtype.kind == "O" and array.size == math.prod(shape):
        numbers = [_read_number(each) for each in array.ravel().tolist()]
        array = None if any(each is None for each in numbers) else np.array(numbers, dtype=float)
    if array is None or array.dtype.kind not in NUMBER_KINDS or array.size != math.prod(shape):
        what = f"{shape[0]} real numbers" if len(shape) == 1 else f"real numbers, shape {shape}"
        raise NotANumber(f"returned {describe_value(value)}, must be {what}")
    return array.astype(np.float64).reshape(shape)


def is_text(value: Any) -> bool:
    """Return whether a value is text or bytes."""
    return isinstance(value, str | bytes | bytearray | memoryview)


def describe_value(value: Any) -> str:
    """Describe what a function returned by its type, in a few words: "a tuple of 2"."""
    if value is None:
        return "None"
    if isinstance(value, str):
        text = repr(value[: MOST_QUOTED + 1])
        return f"a str {text if len(value) <= MOST_QUOTED else text[:MOST_QUOTED] + '...'}"
    shape, kind = _shape_of(value), "array" if isinstance(value, np.ndarray) else type(value).__name__
    if shape or (shape is not None and kind == "array"):
        dtype = getattr(value, "dtype", None)
        return f"{_article(kind)} {kind} of shape {shape}{'' if dtype is None else f' and type {dtype}'}"
    if not isinstance(value, list | tuple):
        return f"{_article(kind)} {kind}"
    return f"a {kind} of {len(value)}" + (f" ({describe_value(value[0])})" if len(value) == 1 else "")


def _read_number(value: Any, within: bool = False) -> float | None:
    """Return a value as a float, or None if it is not one number; ``within`` a sequence, only a plain number is one."""
    if isinstance(value, np.ma.MaskedArray):
        value = np.ma.filled(value.astype(float), np.nan) if value.dtype.kind in NUMBER_KINDS else None
    if is_text(value) or isinstance(value, complex):
        return None
    shape = _shape_of(value)
    if shape is not None:
        return _read_array(value, shape)
    if isinstance(value, Sequence):
        return None if within or len(value) != 1 else _read_number(value[0], within=True)
    if isinstance(value, Real) or not within:
        try:
            return float(value)
        except (TypeError, ValueError):
            return None
    return None


def _read_array(value: Any, shape: tuple[int, ...]) -> float | None:
    """Return the one number that an array or a number of an array library holds, or None."""
    dtype = getattr(value, "dtype", None)
    if math.prod(shape) != 1 or (isinstance(dtype, np.dtype) and dtype.kind in TIME_KINDS):
        return None
    # Not float(), which warns for a tensor that records its history, and for an array of one number.
    holder = value if hasattr(value, "item") else _to_array(value)
    item = value if holder is None else holder.item()
    if isinstance(item, complex) or is_text(item) or not (isinstance(item, Real) or (item is value and not shape)):
        return None
    try:
        return float(item)
    except (TypeError, ValueError):
        return None


def _to_array(values: Any) -> Any:
    """Return values as a numpy array, or None if they are no regular array; masked values become NaN."""
    if isinstance(values, np.ma.MaskedArray) and values.dtype.kind in NUMBER_KINDS:
        return np.ma.filled(values.astype(float), np.nan)
    if hasattr(values, "detach"):
        # A tensor that records its history has no array before it is detached from it.
        values = values.detach()
    try:
        array = np.asarray(values)
        # The short floats of other libraries are not among numpy's own kinds.
        return array.astype(np.float64) if array.dtype.kind == "V" and array.dtype.fields is None else array
    except Exception:
        return _to_array(values.tolist()) if hasattr(values, "tolist") else None


def _shape_of(value: Any) -> tuple[int, ...] | None:
    """Return the shape of an array or of a number of an array library, or None if a value is neither."""
    try:
        return tuple(int(size) for size in value.shape)
    except (AttributeError, TypeError, ValueError):
        return None


def _article(noun: str) -> str:
    return "an" if noun[:1].lower() in "aeiou" else "a"
