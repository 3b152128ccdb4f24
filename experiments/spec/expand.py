"""Expands the short forms of the YAML: lists and ranges in landscapes, settings given by path, and sweeps."""

from __future__ import annotations

import copy
import json
import math
import re
import typing
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from pydantic.fields import FieldInfo

from ...landscapes.landscape import Model
from .errors import KeyPath, ProblemList, format_path, quote, suggest, union_members
from .models import Experiment

RANGE_PATTERN = re.compile(r"\s*(\d{1,9})\s*-\s*(\d{1,9})\s*")
MOST_COMBINATIONS = 10_000
"""The most landscapes that an entry may stand for; a sweep may have a tenth of it in combinations."""
NOT_SWEPT = ("name", "description", "executor", "sweep", "base", "repeats", "runs")

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
    """Yield every combination of a sweep, which has been checked (``check_sweep``).

    Yields:
        The swept settings as (key, value), the data with these settings and without the sweep, and a mapping from each
        path that was set to the path of the sweep's key. Without a sweep: no settings, and the data.
    """
    base = {key: value for key, value in data.items() if key != "sweep"}
    sweep = data.get("sweep")
    if sweep is None:
        yield (), base, {}
        return
    for chosen in product(*sweep.values()):
        variant = copy.deepcopy(base)
        paths: dict[KeyPath, KeyPath] = {}
        for key, value in zip(sweep, chosen, strict=True):
            for place in find_places(base, key):
                path = set_at_path(notes, variant, place, copy.deepcopy(value), ("sweep", key))
                if path is None:
                    return
                paths[path] = ("sweep", key)
        yield tuple(zip(sweep, chosen, strict=True)), variant, paths


def find_places(data: Mapping[str, Any], key: str) -> list[str]:
    """Return the dotted paths of the settings for which a key of a sweep stands.

    A key that begins with the name of a member, such as "grid.shrink", stands for this setting of every member of that
    name in all strategies; any other key is a path itself.

    Args:
        data: The data of an experiment.
        key: The key.

    Example:
        >>> data = {"strategies": {"alone": {"agents": ["grid"]}, "team": {"agents": ["random", {"kind": "grid"}]}}}
        >>> find_places(data, "grid.shrink"), find_places(data, "region.radius")
        (['strategies.alone.agents.0.shrink', 'strategies.team.agents.1.shrink'], ['region.radius'])
    """
    if key.split(".")[0] in Experiment.model_fields:
        return [key]
    found = [
        f"{place}.{key[len(name) + 1 :]}"
        for place, name, _ in list_members(data)
        if name and key.startswith(f"{name}.")
    ]
    return found or [key]


def list_members(data: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Yield the path of each entry of each team, the name that it is given or else its kind ("" for none), and it."""
    strategies = data.get("strategies")
    for strategy, entry in strategies.items() if isinstance(strategies, Mapping) else ():
        team = entry.get("agents") if isinstance(entry, Mapping) else None
        for number, member in enumerate(team if isinstance(team, list) else [team]):
            named = (member.get("name") or member.get("kind")) if isinstance(member, Mapping) else member
            place = f"agents.{number}" if isinstance(team, list) else "agents"
            yield f"strategies.{strategy}.{place}", named if isinstance(named, str) else "", member


def concerns(data: Mapping[str, Any], key: str, strategy: str) -> bool:
    """Return whether a key of a sweep changes a setting of a strategy, and not of others or of a landscape alone.

    Args:
        data: The data of the experiment.
        key: The key.
        strategy: The name of the strategy.
    """
    return any(
        place.startswith(f"strategies.{strategy}.") or not place.startswith(("strategies.", "landscapes."))
        for place in find_places(data, key)
    )


def check_sweep(notes: ProblemList, sweep: Any) -> bool:
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
        elif (twice := _find_repeated(listed)) is not None:
            notes.report(("sweep", key), "list each value once", f"{quote(twice[0])} twice", "Leave one out.")
    if len(notes.problems) == before and math.prod(len(listed) for listed in sweep.values()) > MOST_COMBINATIONS // 10:
        size = math.prod(len(listed) for listed in sweep.values())
        notes.report(
            ("sweep",), f"have at most {MOST_COMBINATIONS // 10} combinations", f"{size}", "Shorten its lists."
        )
    return len(notes.problems) == before


def _find_repeated(values: list[Any]) -> list[Any] | None:
    """Return a value that is listed before with the same type, in a list of its own; None if there is none."""
    for place, value in enumerate(values):
        if any(value == other and isinstance(value, bool) == isinstance(other, bool) for other in values[:place]):
            return [value]
    return None


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


def sweep_suffix(data: Mapping[str, Any], strategy: str, settings: SweepSettings) -> str:
    """Return what distinguishes a strategy from the same strategy under other values of a sweep: "[lease=50]".

    Settings of other strategies do not concern it, and settings of landscapes show in the landscape's label.

    Args:
        data: The data of the experiment.
        strategy: The name of the strategy.
        settings: The swept settings.
    """
    short = shortest_suffixes([key for key, _ in settings])
    parts = [f"{short[key]}={format_setting(value)}" for key, value in settings if concerns(data, key, strategy)]
    return f"[{', '.join(parts)}]" if parts else ""


def format_setting(value: Any) -> str:
    """Return a value of a setting as names of strategies and landscapes have it: text as it is, or else JSON."""
    return value if isinstance(value, str) else json.dumps(value)
