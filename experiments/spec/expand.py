"""Expands the short forms of the YAML: lists and ranges in landscapes, settings given by path, and sweeps."""

from __future__ import annotations

import copy
import math
import re
import typing
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from pydantic.fields import FieldInfo

from ...landscapes.landscape import Model
from .errors import KeyPath, ProblemList, format_path, quote, suggest, union_members

RANGE_PATTERN = re.compile(r"\s*(\d{1,9})\s*-\s*(\d{1,9})\s*")
MOST_COMBINATIONS = 10_000
"""The most landscapes that an entry may stand for; a sweep may have a tenth of it in combinations."""
NOT_SWEPT = ("name", "description", "executor", "sweep", "base", "repeats")

SweepSettings = tuple[tuple[str, Any], ...]


def expand_entry(
    notes: ProblemList, cls: type[Model], entry: Mapping[str, Any], path: KeyPath
) -> Iterator[dict[str, Any]]:
    """Yield all settings that an entry stands for.

    A scalar setting that is given as a list stands for each of its values, and several lists for every combination.
    An entry that stands for more than ``MOST_COMBINATIONS`` is reported, and yields nothing.
    """
    axes = [expand_setting(notes, cls.model_fields.get(key), value, (*path, key)) for key, value in entry.items()]
    if math.prod(map(len, axes)) > MOST_COMBINATIONS:
        notes.report(
            path,
            f"expand to at most {MOST_COMBINATIONS} landscapes",
            f"{math.prod(map(len, axes))}",
            "Shorten its lists.",
        )
        return
    for chosen in product(*axes):
        yield dict(zip(entry, chosen, strict=True))


def expand_setting(notes: ProblemList, field: FieldInfo | None, value: Any, path: KeyPath) -> list[Any]:
    """Return the values that one setting stands for: those of a list, those of a range of whole numbers, or itself."""
    if field is None or accepts_list(field.annotation):
        return [value]
    if not isinstance(value, list):
        return expand_range(notes, field, value, path)
    if not value:
        notes.report(path, "be a value or a list of values", "[]", "Give at least one value.")
    return [number for i, each in enumerate(value) for number in expand_range(notes, field, each, (*path, i))]


def expand_range(notes: ProblemList, field: FieldInfo, value: Any, path: KeyPath) -> list[Any]:
    """Return the numbers of a range such as "1-15" of a whole-number setting; any other value alone, unchanged."""
    kinds = union_members(field.annotation)
    found = RANGE_PATTERN.fullmatch(value) if isinstance(value, str) and int in kinds and str not in kinds else None
    if found is None:
        return [value]
    low, high = int(found[1]), int(found[2])
    if not low <= high < low + MOST_COMBINATIONS:
        notes.report(
            path, f"be a range from low to high of at most {MOST_COMBINATIONS} numbers", repr(value), "Write e.g. 1-15."
        )
        return []
    return list(range(low, high + 1))


def accepts_list(annotation: Any) -> bool:
    """Return whether a list is itself a value of the type."""
    if annotation is Any:
        return True
    origin = typing.get_origin(annotation) or annotation
    if origin in (list, tuple, set, frozenset, dict):
        return True
    return origin is not typing.Literal and any(accepts_list(each) for each in typing.get_args(annotation))


def set_at_path(notes: ProblemList, data: dict[str, Any], key: str, value: Any, option: KeyPath) -> KeyPath | None:
    """Set a value in ``data`` at a dotted key, in place.

    On the way, missing mappings are made, and a bare kind becomes a mapping with that kind.

    Args:
        notes: The list to which problems are added.
        data: The data to change.
        key: The dotted key, e.g. "strategies.team.policy.lease". List indices count from 0.
        value: The value to set.
        option: The path at which a problem is reported: where the key was given.

    Returns:
        The path that was set, or None, after reporting it, if there is no such place.
    """
    place: Any = data
    path: KeyPath = ()
    parts = key.split(".")
    while True:
        step, parts = _split_first_key(place, parts)
        slot = _index_for(place, step)
        if slot is None:
            what = f"a list of {len(place)}" if isinstance(place, list) else quote(place)
            got = f"{key!r}, where {format_path(path)} is {what}"
            notes.report(
                option, "be the path of a setting", got, "Check the keys of the YAML; indices of lists start at 0."
            )
            return None
        if not parts:
            place[slot] = value
            return (*path, slot)
        if path == ("strategies",) and slot not in place:
            notes.report(option, "name an existing strategy", repr(slot), suggest(str(slot), map(str, place)))
            return None
        inner: Any = place.get(slot) if isinstance(place, dict) else place[int(slot)]
        if inner is None or isinstance(inner, str):
            inner = {} if inner is None else {"kind": inner}
        place[slot] = inner
        place, path = inner, (*path, slot)


def _split_first_key(place: Any, parts: list[str]) -> tuple[str, list[str]]:
    """Split the next key off a path. A key of the data that contains dots takes precedence over its first part."""
    if isinstance(place, dict):
        for end in range(len(parts), 1, -1):
            if ".".join(parts[:end]) in place:
                return ".".join(parts[:end]), parts[end:]
    return parts[0], parts[1:]


def _index_for(place: Any, step: str) -> int | str | None:
    """Return the index of a step in a mapping or a list, or None where there is no such index."""
    if isinstance(place, list):
        good = step.isascii() and step.isdigit() and len(step) < 10 and int(step) < len(place)
        return int(step) if good else None
    return step if isinstance(place, dict) and step else None


def expand_sweep(
    notes: ProblemList, data: Mapping[str, Any]
) -> Iterator[tuple[SweepSettings, dict[str, Any], dict[KeyPath, KeyPath]]]:
    """Yield every combination of a sweep.

    Yields:
        The swept settings as (key, value), the data with these settings and without the sweep, and a mapping from each
        path that was set to the path of the sweep's key. Without a sweep: no settings, and the data.
    """
    base = {key: value for key, value in data.items() if key != "sweep"}
    sweep = data.get("sweep")
    if sweep is None:
        yield (), base, {}
        return
    if not _check_sweep(notes, sweep):
        return
    for chosen in product(*sweep.values()):
        variant = copy.deepcopy(base)
        paths: dict[KeyPath, KeyPath] = {}
        for key, value in zip(sweep, chosen, strict=True):
            path = set_at_path(notes, variant, key, copy.deepcopy(value), ("sweep", key))
            if path is None:
                return
            paths[path] = ("sweep", key)
        yield tuple(zip(sweep, chosen, strict=True)), variant, paths


def _check_sweep(notes: ProblemList, sweep: Any) -> bool:
    """Return whether a sweep is a mapping from paths to lists of values, with few enough combinations."""
    if not isinstance(sweep, Mapping):
        notes.report(("sweep",), "be a mapping from paths to lists", quote(sweep), "Write e.g. budget: [100, 1000].")
        return False
    before = len(notes.problems)
    for key, listed in sweep.items():
        head = key.split(".")[0]
        if head in NOT_SWEPT:
            notes.report(("sweep", key), "be a setting that changes findings", repr(key), "Leave it out of the sweep.")
        elif not isinstance(listed, list) or not listed:
            notes.report(("sweep", key), "be a list of at least one value", quote(listed), "Write e.g. [1, 2].")
    if len(notes.problems) == before and math.prod(len(listed) for listed in sweep.values()) > MOST_COMBINATIONS // 10:
        size = math.prod(len(listed) for listed in sweep.values())
        notes.report(
            ("sweep",), f"have at most {MOST_COMBINATIONS // 10} combinations", f"{size}", "Shorten its lists."
        )
    return len(notes.problems) == before


def shortest_suffixes(keys: list[str]) -> dict[str, str]:
    """Return, for each dotted key, its shortest tail that distinguishes it from the other keys."""
    short = {}
    for key in keys:
        parts = key.split(".")
        for take in range(1, len(parts) + 1):
            tail = ".".join(parts[-take:])
            if sum(other == tail or other.endswith("." + tail) for other in keys) == 1:
                break
        short[key] = tail
    return short
