"""The keys of a sweep: what they may begin with, which of them set the same, and what was meant by others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...landscapes.landscape import Model
from ...orchestrator.policies.composed import Composed
from . import catalogue
from .errors import KeyPath, ProblemList, SourcePositions, format_path, suggest
from .expand import find_places, list_members, set_at_path
from .models import Experiment
from .sandboxed import has_sandbox

MOST_HINTS = 3
STRATEGY_KEYS = ("agents", "policy", "concurrency")
RULE = "begin with a key of the YAML or the name of a member"


def name_by_files(data: Mapping[str, Any], base: str | None) -> dict[str, Any]:
    """Return the sweep of an experiment with members of classes in files named as their teams name them.

    A member of the class "mine.py:Mine" is called after its kind, such as "mine", which its file alone tells. Readers
    of results import no file, so a key "mine.step" becomes "mine.py:Mine.step".

    Args:
        data: The data of an experiment; its sweep is a mapping.
        base: The directory in which relative paths start.
    """
    unknown = [key for key in data["sweep"] if is_unknown(data, key)]
    files = {_call_member(name, entry, base): name for _, name, entry in list_members(data)} if unknown else {}
    found: dict[str, Any] = {}
    for key, values in data["sweep"].items():
        called = next((name for name in files if name and key in unknown and key.startswith(f"{name}.")), "")
        found[files.get(called, called) + key[len(called) :]] = values
    return found


def _call_member(name: str, entry: Any, base: str | None) -> str:
    """Return what a member is called whose entry has this name: after its kind, if that is named by a file.

    Nothing of a sandbox is imported.
    """
    kind = entry.get("kind") if isinstance(entry, Mapping) else entry
    if kind != name or ":" not in name or has_sandbox(entry):
        return name
    cls = _find_class("agent", name, base)
    return name if cls is None else catalogue.kind_of(cls)


def is_unknown(data: Mapping[str, Any], key: str) -> bool:
    """Return whether a key begins neither with a key of the YAML nor with the name of a member."""
    return key.split(".")[0] not in Experiment.model_fields and find_places(data, key) == [key]


def advise_key(data: Mapping[str, Any], key: str, base: str | None) -> str:
    """Return what may have been meant by a key that begins with nothing known.

    Args:
        data: The data of an experiment.
        key: The key.
        base: The directory in which relative paths start.

    Example:
        >>> data = {"strategies": {"team": {"agents": ["grid"], "policy": {"lease": 10}}}}
        >>> advise_key(data, "policy.budget", None)
        'Write strategies.team.policy.budget.'
        >>> advise_key(data, "points_per_axis", None)
        'Write grid.points_per_axis.'
        >>> advise_key(data, "gird.shrink", None)
        "Did you mean 'grid'? Members: grid."
    """
    meant = list(dict.fromkeys(_list_meant(data, key, base)))
    if meant:
        return f"Write {' or '.join(meant[:MOST_HINTS])}."
    names = list(dict.fromkeys(_call_member(name, entry, base) for _, name, entry in list_members(data) if name))
    if key in names:
        return f"Name a setting of {key}: {key}.SETTING."
    near = suggest(key.split(".")[0], [*names, *Experiment.model_fields], listed=False)
    told = f"Members: {', '.join(names)}." if names else ""
    return f"{near} {told}".strip() if "Did you mean" in near else told


def _list_meant(data: Mapping[str, Any], key: str, base: str | None) -> Iterator[str]:
    """Yield the paths that end with a key."""
    head = key.split(".")[0]
    strategies = data.get("strategies")
    named = strategies if isinstance(strategies, Mapping) else {}
    if head in STRATEGY_KEYS:
        yield from (f"strategies.{name}.{key}" for name in named)
        return
    for section, field in Experiment.model_fields.items():
        cls = field.annotation
        if isinstance(cls, type) and issubclass(cls, Model) and _has_setting(cls, head):
            yield f"{section}.{key}"
    for _, name, entry in list_members(data):
        kind = entry.get("kind") if isinstance(entry, Mapping) else entry
        agent = None if has_sandbox(entry) or not isinstance(kind, str) else _find_class("agent", kind, base)
        if agent is not None and _has_setting(agent, head):
            yield f"{_call_member(name, entry, base)}.{key}"
    for name, strategy in named.items():
        policy = strategy.get("policy") if isinstance(strategy, Mapping) else None
        if not has_sandbox(policy) and _has_setting(_find_policy(policy, base), head):
            yield f"strategies.{name}.policy.{key}"


def _find_policy(policy: Any, base: str | None) -> type[Model]:
    kind = policy.get("kind") if isinstance(policy, Mapping) else policy
    return (_find_class("policy", kind, base) if isinstance(kind, str) else None) or Composed


def _has_setting(cls: type[Model], name: str) -> bool:
    return name != "kind" and name in cls.model_fields and not cls.model_fields[name].exclude


def _find_class(family: str, kind: str, base: str | None) -> type[Model] | None:
    try:
        return catalogue.resolve_class(family, kind, base)
    except catalogue.CatalogueError:
        # It is refused when the experiment is built.
        return None


def check_keys(notes: ProblemList, data: Mapping[str, Any]) -> bool:
    """Return whether each key of a sweep stands for settings, and no two for the same; else report it."""
    before = len(notes.problems)
    origins: dict[KeyPath, str] = {}
    for key in data["sweep"]:
        if is_unknown(data, key):
            notes.report(("sweep", key), RULE, repr(key), advise_key(data, key, notes.base))
            continue
        for path in list_paths(data, key):
            _check_path(notes, origins, path, key)
    return len(notes.problems) == before


def list_paths(data: Mapping[str, Any], key: str) -> list[KeyPath]:
    """Return the paths of the settings for which a key of a sweep stands; those that are no place are left out."""
    scratch = ProblemList(SourcePositions({}))
    found = (set_at_path(scratch, _copy_way(data), place, None, ()) for place in find_places(data, key))
    return [path for path in found if path is not None]


def replace_keys(data: Mapping[str, Any], swept: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sweep of an experiment with keys laid over it: they replace all that set nothing else than they do.

    Args:
        data: The data of an experiment.
        swept: The keys, and the values of each.

    Example:
        >>> data = {"strategies": {"a": {"agents": ["grid"]}}, "sweep": {"strategies.a.agents.0.shrink": [0.2, 0.4]}}
        >>> replace_keys(data, {"grid.shrink": [0.3, 0.6]})
        {'grid.shrink': [0.3, 0.6]}
    """
    taken = {path for key in swept for path in list_paths(data, key)}
    sweep = data.get("sweep") or {}
    kept = {key: values for key, values in sweep.items() if not taken.issuperset(list_paths(data, key) or [()])}
    return {**kept, **swept}


def _check_path(notes: ProblemList, origins: dict[KeyPath, str], path: KeyPath, key: str) -> None:
    """Report that an earlier key sets the same, or something within what this one sets."""
    for known, other in origins.items():
        if other != key and known[: len(path)] == path:
            where = format_path(known)
            if known == path:
                got, cure = f"{key!r} and {other!r}, which both set {where}", "Leave one of them out."
            else:
                got, cure = f"{key!r} after {other!r}, which it overwrites", f"Put {key!r} before it, or leave it out."
            notes.report(("sweep", key), "set what no other key sets", got, cure)
            return
    origins.setdefault(path, key)


def _copy_way(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of data into which a setting can be put; deeper than any path, values are shared."""
    return {key: _copy_deep(value) for key, value in data.items() if key != "sweep"}


def _copy_deep(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copy_deep(each) for key, each in value.items()}
    return [_copy_deep(each) for each in value] if isinstance(value, list) else value
