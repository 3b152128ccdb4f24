"""Named parameters of a landscape, as a YAML or a call of ``minimize`` describes them: axes, and fixed values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from .axis import Axis, Choice, Value

RANGE_KEYS = ("low", "high", "log", "integer")
MOST_STEPS = 2**53
"""The most values of an axis of whole numbers: above that, floats cannot tell neighbours apart."""
LONG_RANGE = 1000.0
"""From this ratio of its ends on, a range of positive numbers may be meant to be logarithmic."""
SCHEMA = {
    "type": "object",
    "minProperties": 1,
    "additionalProperties": {
        "anyOf": [
            {
                "type": "object",
                "properties": {
                    "low": {"type": "number"},
                    "high": {"type": "number"},
                    "log": {"type": "boolean"},
                    "integer": {"type": "boolean"},
                },
                "required": ["low", "high"],
                "additionalProperties": False,
            },
            {
                "type": "object",
                "properties": {"choices": {"type": "array", "minItems": 1}},
                "required": ["choices"],
                "additionalProperties": False,
            },
            {
                "type": "object",
                "properties": {"value": {"type": ["number", "string", "boolean", "null"]}},
                "required": ["value"],
                "additionalProperties": False,
            },
            {"type": ["number", "string", "boolean"]},
        ]
    },
}


@dataclass(frozen=True, slots=True)
class ParameterSet:
    """The parameters of a landscape.

    Attributes:
        names: All names, in the order in which they were given.
        axes: The parameters that are searched, in that order.
        fixed: The values of the others, by name.
        may_be_log: Names of linear ranges whose ends are so far apart that a logarithmic one may be meant.

    Example:
        >>> found = parse_parameters({"rate": {"low": 1e-5, "high": 0.1, "log": True}, "momentum": 0.9})
        >>> found.axes[0].log, found.fixed
        (True, {'momentum': 0.9})
        >>> found.name_values([0.01])
        {'rate': 0.01, 'momentum': 0.9}
    """

    names: tuple[str, ...]
    axes: tuple[Axis, ...]
    fixed: dict[str, Value]
    may_be_log: tuple[str, ...] = ()

    def name_values(self, numbers: list[float]) -> dict[str, Value]:
        """Return all values by name, as the objective receives them, from the numbers of the axes, D of them."""
        searched = {axis.name: axis.name_number(x) for axis, x in zip(self.axes, numbers, strict=True)}
        return {name: searched[name] if name in searched else self.fixed[name] for name in self.names}

    def to_settings(self) -> list[list[Any]]:
        """Return the parameters as plain data, in order: a run's id is a hash of them, and mappings have no order."""
        settings = {name: [name, {"value": value}] for name, value in self.fixed.items()}
        settings |= {each[0]: each for each in list_axes(self.axes)}
        return [settings[name] for name in self.names]


def list_axes(axes: tuple[Axis, ...]) -> list[list[Any]]:
    """Return axes as plain data: pairs of a name and the settings that ``parse_parameters`` takes."""
    return [[axis.name, _axis_settings(axis)] for axis in axes]


def _axis_settings(axis: Axis) -> dict[str, Any]:
    if axis.choices:
        return {"choices": list(axis.choices)}
    found: dict[str, Any] = {"low": axis.low, "high": axis.high}
    return found | ({"log": True} if axis.log else {}) | ({"integer": True} if axis.integer else {})


def parse_parameters(data: Any) -> ParameterSet:
    """Build parameters from plain data: a mapping from names to ranges, choices and fixed values.

    Args:
        data: The mapping, or the list of pairs that ``ParameterSet.to_settings`` returns.

    Returns:
        The parameters. A range with equal ends and a single choice are fixed values.

    Raises:
        ValueError: The data describe no parameters, or none that is searched. The message names the parameter.
    """
    if isinstance(data, ParameterSet):
        return data
    if isinstance(data, list | tuple) and all(isinstance(each, list | tuple) and len(each) == 2 for each in data):
        data = dict(data)
    if not isinstance(data, Mapping) or not data:
        raise ValueError(
            f"parameters must be a mapping from names to ranges, choices or values, got {_quote(data)}. "
            "Write e.g. {rate: {low: 0.001, high: 0.1, log: true}}."
        )
    axes: list[Axis] = []
    fixed: dict[str, Value] = {}
    wide: list[str] = []
    for name, entry in data.items():
        if not isinstance(name, str) or not name.strip() or not name.isprintable():
            raise ValueError(f"parameters must have printable names, got {_quote(name)}. Rename it.")
        found = _parse_entry(name, entry)
        if isinstance(found, Axis):
            axes.append(found)
            if "log" not in entry and found.low > 0 and found.high > LONG_RANGE * found.low:
                wide.append(name)
        else:
            fixed[name] = found[0]
    if not axes:
        raise ValueError(
            f"parameters must have at least one that is searched, got {', '.join(data)}, all fixed. "
            "Give one of them a range {low: ..., high: ...}."
        )
    return ParameterSet(tuple(data), tuple(axes), fixed, tuple(wide))


def _parse_entry(name: str, entry: Any) -> Axis | tuple[Value]:
    """Return the axis that an entry describes, or its fixed value in a tuple."""
    if not isinstance(entry, Mapping):
        return (_check_scalar(name, entry),)
    if "choices" in entry or "value" in entry:
        key = "choices" if "choices" in entry else "value"
        _check_keys(name, entry, (key,))
        if key == "value":
            return (_check_scalar(f"{name}.value", entry["value"], null=True),)
        choices = _check_choices(name, entry["choices"])
        return Axis.of_choices(name, choices) if len(choices) > 1 else (choices[0],)
    _check_keys(name, entry, RANGE_KEYS, ("choices", "value"))
    for end in ("low", "high"):
        if end not in entry:
            raise ValueError(
                f"{name}.{end} must be given, got nothing. Write {{low: ..., high: ...}}, or choices: [...]."
            )
    log, integer = (_check_bool(f"{name}.{key}", entry.get(key)) for key in ("log", "integer"))
    low, high = (_check_number(f"{name}.{end}", entry[end]) for end in ("low", "high"))
    if low > high:
        raise ValueError(f"{name}.low must be at most high, got {low:g} and {high:g}. Swap them.")
    axis = _check_axis(Axis(name, low, high, log, integer))
    if axis.low < axis.high:
        return axis
    return (axis.name_number(axis.low),)


def _check_axis(axis: Axis) -> Axis:
    """Return an axis with its ends moved inwards to whole numbers if it has only those. Raises ValueError."""
    name, low, high = axis.name, axis.low, axis.high
    if axis.integer:
        low, high = float(math.ceil(low)), float(math.floor(high))
        if low > high:
            raise ValueError(
                f"{name}.high must be at least the next whole number after low, got {axis.low:g} and {axis.high:g}. "
                "Widen the range, or leave out integer."
            )
        if high - low >= MOST_STEPS:
            raise ValueError(
                f"{name}.high must be less than 2**53 above low, got {low:g} and {high:g}. Leave out integer."
            )
    if axis.log and low <= 0:
        raise ValueError(f"{name}.low must be above 0 on a logarithmic axis, got {low:g}. Raise it, or leave out log.")
    if not math.isfinite(high - low):
        raise ValueError(
            f"{name}.high must be at a finite distance from low, got {low:g} and {high:g}. Narrow the range."
        )
    return Axis(name, low, high, axis.log, axis.integer)


def _check_keys(name: str, entry: Mapping[Any, Any], known: tuple[str, ...], others: tuple[str, ...] = ()) -> None:
    """Check that the keys of an entry are known. Raises ValueError.

    Args:
        name: The name of the parameter.
        entry: Its entry.
        known: The keys that the entry may have.
        others: The keys that an entry of another form has, and that may be meant.
    """
    for key in entry:
        if key not in known:
            near = get_close_matches(str(key), known + others, n=1)
            listed = f"Known: {', '.join(known)}; or one of these alone: {', '.join(others)}."
            cure = listed if others else f"Known beside {', '.join(known)}: none."
            cure = f"Did you mean {near[0]!r}?" if near else cure
            raise ValueError(f"{name}.{key} must be a known setting, got {_quote(key)}. {cure}")


def _check_choices(name: str, choices: Any) -> tuple[Choice, ...]:
    if not isinstance(choices, list | tuple) or not choices:
        raise ValueError(f"{name}.choices must be a list of values, got {_quote(choices)}. Write [a, b, c].")
    found = tuple(_check_scalar(f"{name}.choices", choice, null=True) for choice in choices)
    for number, choice in enumerate(found):
        if any(type(choice) is type(other) and choice == other for other in found[:number]):
            raise ValueError(f"{name}.choices must be different, got {_quote(choice)} twice. Leave one out.")
    return found


def _check_scalar(field: str, value: Any, null: bool = False) -> Value:
    if value is None and null:
        return None
    if isinstance(value, str | bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        return _check_scalar(field, value.item(), null)
    raise ValueError(
        f"{field} must be a finite number, text, true or false, got {_quote(value)}. "
        "Write {low: ..., high: ...} for a range, or {choices: [...]}."
    )


def _check_bool(field: str, value: Any) -> bool:
    if value is None or isinstance(value, bool):
        return bool(value)
    raise ValueError(f"{field} must be true or false, got {_quote(value)}. Change it.")


def _check_number(field: str, value: Any) -> float:
    number = None
    if not isinstance(value, bool | str):
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            number = None
    if number is None or not math.isfinite(number):
        hint = " Write 1.0e-5 for 1e-5: YAML takes the latter for text." if isinstance(value, str) else " Change it."
        raise ValueError(f"{field} must be a finite number, got {_quote(value)}.{hint}")
    return number


def _quote(value: Any) -> str:
    text = "null" if value is None else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


Parameters = Annotated[
    ParameterSet,
    PlainValidator(parse_parameters),
    PlainSerializer(ParameterSet.to_settings),
    WithJsonSchema(SCHEMA),
]
"""The type of a field that holds parameters: from plain data, and to them."""
