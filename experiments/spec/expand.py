"""From short to long: lists and ranges in landscapes, settings by path, sweeps."""

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
"""Most landscapes, or combinations of a sweep."""
NOT_SWEPT = ("name", "description", "executor", "sweep", "base", "repeats")

SweepSettings = tuple[tuple[str, Any], ...]


def expand_entry(
    notes: ProblemList, cls: type[Model], entry: Mapping[str, Any], path: KeyPath
) -> Iterator[dict[str, Any]]:
    """All settings that an entry means: each scalar setting given as a list stands for each of its values."""
    axes = [expand_setting(notes, cls.model_fields.get(key), value, (*path, key)) for key, value in entry.items()]
    if math.prod(map(len, axes)) > MOST_COMBINATIONS:
        notes.report(
            path,
            f"stand for at most {MOST_COMBINATIONS} landscapes",
            f"{math.prod(map(len, axes))}",
            "Shorten its lists.",
        )
        return
    for chosen in product(*axes):
        yield dict(zip(entry, chosen, strict=True))


def expand_setting(notes: ProblemList, field: FieldInfo | None, value: Any, path: KeyPath) -> list[Any]:
    """What one setting stands for: a list of values, a range of whole numbers, or itself."""
    if field is None or accepts_list(field.annotation):
        return [value]
    if not isinstance(value, list):
        return expand_range(notes, field, value, path)
    if not value:
        notes.report(path, "be a value or a list of them", "[]", "Give at least one.")
    return [number for i, each in enumerate(value) for number in expand_range(notes, field, each, (*path, i))]


def expand_range(notes: ProblemList, field: FieldInfo, value: Any, path: KeyPath) -> list[Any]:
    """A range such as "1-15" of a whole-number setting, spelt out; anything else as it is."""
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
    """Whether a list is itself a value of the type."""
    if annotation is Any:
        return True
    origin = typing.get_origin(annotation) or annotation
    if origin in (list, tuple, set, frozenset, dict):
        return True
    return origin is not typing.Literal and any(accepts_list(each) for each in typing.get_args(annotation))


def set_at_path(notes: ProblemList, data: dict[str, Any], key: str, value: Any, option: KeyPath) -> KeyPath | None:
    """Set ``data`` at a dotted key, in place. Returns the path, or None where there is no such place, which is noted
    at ``option``: where the key was given. On the way, what is missing is made, and a bare kind becomes a mapping."""
    place: Any = data
    path: KeyPath = ()
    parts = key.split(".")
    while True:
        step, parts = _split_first_key(place, parts)
        slot = _index_for(place, step)
        if slot is None:
            what = f"a list of {len(place)}" if isinstance(place, list) else quote(place)
            got = f"{key!r}, where {format_path(path)} is {what}"
            notes.report(option, "be the path of a setting", got, "Lists count from 0; see the YAML's keys.")
            return None
        if not parts:
            place[slot] = value
            return (*path, slot)
        if path == ("strategies",) and slot not in place:
            notes.report(option, "name a strategy that is there", repr(slot), suggest(str(slot), map(str, place)))
            return None
        inner: Any = place.get(slot) if isinstance(place, dict) else place[int(slot)]
        if inner is None or isinstance(inner, str):
            inner = {} if inner is None else {"kind": inner}
        place[slot] = inner
        place, path = inner, (*path, slot)


def _split_first_key(place: Any, parts: list[str]) -> tuple[str, list[str]]:
    """The next key of a path and what is left of it. A key of the data that has dots itself goes first."""
    if isinstance(place, dict):
        for end in range(len(parts), 1, -1):
            if ".".join(parts[:end]) in place:
                return ".".join(parts[:end]), parts[end:]
    return parts[0], parts[1:]


def _index_for(place: Any, step: str) -> int | str | None:
    """What to index a mapping or a list with, or None where there is nothing to index."""
    if isinstance(place, list):
        good = step.isascii() and step.isdigit() and len(step) < 10 and int(step) < len(place)
        return int(step) if good else None
    return step if isinstance(place, dict) and step else None


def expand_sweep(
    notes: ProblemList, data: Mapping[str, Any]
) -> Iterator[tuple[SweepSettings, dict[str, Any], dict[KeyPath, KeyPath]]]:
    """(settings, data without a sweep, path set -> path of the sweep's key) for every combination of a sweep."""
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
    """Whether a sweep is a mapping from paths to lists of values, of a sensible size."""
    if not isinstance(sweep, Mapping):
        notes.report(("sweep",), "be a mapping from paths to lists", quote(sweep), "Write e.g. budget: [100, 1000].")
        return False
    before = len(notes.problems)
    for key, listed in sweep.items():
        head = key.split(".")[0]
        if head in NOT_SWEPT:
            notes.report(("sweep", key), "change what is found", repr(key), "Leave it out of the sweep.")
        elif not isinstance(listed, list) or not listed:
            notes.report(("sweep", key), "be a list of at least one value", quote(listed), "Write [a, b].")
    if len(notes.problems) == before and math.prod(len(listed) for listed in sweep.values()) > MOST_COMBINATIONS // 10:
        size = math.prod(len(listed) for listed in sweep.values())
        notes.report(
            ("sweep",), f"have at most {MOST_COMBINATIONS // 10} combinations", f"{size}", "Sweep less at once."
        )
    return len(notes.problems) == before


def shortest_suffixes(keys: list[str]) -> dict[str, str]:
    """The shortest tail of each dotted key that tells it from the others."""
    short = {}
    for key in keys:
        parts = key.split(".")
        for take in range(1, len(parts) + 1):
            tail = ".".join(parts[-take:])
            if sum(other == tail or other.endswith("." + tail) for other in keys) == 1:
                break
        short[key] = tail
    return short
