"""The keys of a sweep: what they may begin with, which of them set the same, and what was meant by others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
ONCE = "set what no other key sets"


def name_by_files(notes: ProblemList, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sweep of an experiment with members of classes in files named as their teams name them.

    A member of the class "mine.py:Mine" is called after its kind, such as "mine", which its file alone tells. Readers
    of results import no file, so a key "mine.step" becomes "mine.py:Mine.step". A key that may mean classes of several
    files, and one that gets the name of an earlier one, are reported and left out.

    Args:
        notes: The list to which problems are added. Relative paths start in its base.
        data: The data of an experiment; its sweep is a mapping.
    """
    unknown = {key for key in data["sweep"] if is_unknown(data, key)}
    files = _group_by_call(data, notes.base) if unknown else {}
    found: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for key, values in data["sweep"].items():
        called = next((name for name in files if name and key in unknown and key.startswith(f"{name}.")), "")
        named = [name + key[len(called) :] for name in files.get(called, [""])]
        if len(named) > 1:
            got = f"{key!r}, where {' and '.join(files[called])} are all called {called}"
            notes.report(("sweep", key), "be a setting of one class", got, f"Write {' or '.join(named)}.")
        elif named[0] in found:
            path = next(iter(list_paths(data, named[0])), ("sweep", key))
            _report_twice(notes, path, key, origins[named[0]])
        else:
            found[named[0]], origins[named[0]] = values, key
    return found


def _group_by_call(data: Mapping[str, Any], base: str | None) -> dict[str, list[str]]:
    """Return the names that entries of teams have in the YAML, by what their members are called."""
    found: dict[str, list[str]] = {}
    for _, name, entry in list_members(data):
        named = found.setdefault(_call_member(name, entry, base), [])
        if name and name not in named:
            named.append(name)
    return {called: named for called, named in found.items() if called}


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
    names = list(_group_by_call(data, base))
    if key in names:
        return f"Name a setting of {key}: {key}.SETTING."
    near = suggest(key.split(".")[0], [*names, *Experiment.model_fields], listed=False)
    told = f"Members: {', '.join(names)}." if names else "Write the path of a setting, such as region.radius."
    return f"{near} {told}" if "Did you mean" in near else told


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
    files = _group_by_call(data, base)
    for _, name, entry in list_members(data):
        kind = entry.get("kind") if isinstance(entry, Mapping) else entry
        agent = None if has_sandbox(entry) or not isinstance(kind, str) else _find_class("agent", kind, base)
        if agent is not None and _has_setting(agent, head):
            called = _call_member(name, entry, base)
            yield f"{called if len(files.get(called, ())) < 2 else name}.{key}"
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

    What is within a setting is set by whoever sets the whole. A key that stays although the keys set something around a
    part of it comes after them.

    Args:
        data: The data of an experiment.
        swept: The keys, and the values of each.

    Example:
        >>> data = {"strategies": {"a": {"agents": ["grid"]}}, "sweep": {"strategies.a.agents.0.shrink": [0.2, 0.4]}}
        >>> replace_keys(data, {"grid.shrink": [0.3, 0.6]})
        {'grid.shrink': [0.3, 0.6]}
        >>> replace_keys(data, {"strategies.a.agents": ["grid", "random"]})
        {'strategies.a.agents': ['grid', 'random']}
    """
    taken = {key: list_paths(data, key) for key in swept}
    every = [path for paths in taken.values() for path in paths]
    kept, inner = {}, []
    for key, values in (data.get("sweep") or {}).items():
        paths = list_paths(data, key)
        if not paths or not all(_is_within(path, every) for path in paths):
            kept[key] = values
            inner += paths
    first = [
        key for key, paths in taken.items() if any(_is_within(path, paths) and path not in paths for path in inner)
    ]
    return {**{key: swept[key] for key in first}, **kept, **swept}


def _is_within(path: KeyPath, wholes: Sequence[KeyPath]) -> bool:
    """Return whether a path is one of these, or is of something within one of them."""
    return any(path[: len(whole)] == whole for whole in wholes)


def _check_path(notes: ProblemList, origins: dict[KeyPath, str], path: KeyPath, key: str) -> None:
    """Report that an earlier key sets the same, or something within what this one sets."""
    for known, other in origins.items():
        if other != key and known[: len(path)] == path:
            if known == path:
                _report_twice(notes, path, key, other)
            else:
                got, cure = f"{key!r} after {other!r}, which it overwrites", f"Put {key!r} before it, or leave it out."
                notes.report(("sweep", key), ONCE, got, cure)
            return
    origins.setdefault(path, key)


def _report_twice(notes: ProblemList, path: KeyPath, key: str, other: str) -> None:
    got = f"{key!r} and {other!r}, which both set {format_path(path)}"
    notes.report(("sweep", key), ONCE, got, "Leave one of them out.")


def _copy_way(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of data into which a setting can be put; deeper than any path, values are shared."""
    return {key: _copy_deep(value) for key, value in data.items() if key != "sweep"}


def _copy_deep(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copy_deep(each) for key, each in value.items()}
    return [_copy_deep(each) for each in value] if isinstance(value, list) else value
