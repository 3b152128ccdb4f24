"""Lays ``--set key.path=value`` over the data of an experiment; a list for a setting that takes none is a sweep."""

from __future__ import annotations

from typing import Any

from ...landscapes.landscape import Model
from . import catalogue
from .errors import KeyPath, ProblemList
from .expand import NOT_SWEPT, accepts_list, set_at_path
from .models import Experiment, Strategy
from .sandboxed import has_sandbox
from .team import TeamEntry

MEMBER_DEPTH = 4
"""The length of the path of a member of a team: strategies, name, agents, number."""


def apply_override(notes: ProblemList, data: dict[str, Any], key: str, value: Any) -> KeyPath | None:
    """Set a value in the data of an experiment at a dotted key, or sweep its values, in place.

    Args:
        notes: The list to which problems are added.
        data: The data to change.
        key: The dotted key, e.g. "strategies.team.policy.lease".
        value: The value. A list stands for each of its values if the setting takes no list, as under ``sweep:``.

    Returns:
        The path that was set, or None, after reporting it, if there is no such place.
    """
    path = set_at_path(notes, data, key, value, (key,))
    if path is None or not isinstance(value, list) or _takes_list(data, path, notes.base):
        return path
    sweep = data.setdefault("sweep", {})
    if not isinstance(sweep, dict):
        # It is refused when the experiment is built.
        return path
    # A value stands where the sweep sets its own, so that the data are complete without it.
    set_at_path(notes, data, key, value[0] if value else None, (key,))
    sweep[key] = value
    return ("sweep", key)


def _takes_list(data: dict[str, Any], path: KeyPath, base: str | None) -> bool:
    """Return whether a list may stand at a path, or whether a sweep could not set it."""
    head = path[0]
    # Lists in landscapes expand by themselves, and strategies as such are mappings.
    if head in (*NOT_SWEPT, "landscapes") or (head == "strategies" and len(path) < 3):
        return True
    if head != "strategies":
        return _model_takes_list(Experiment, path)
    if path[2] == "agents":
        return _member_takes_list(data, path, base)
    if path[2] == "policy" and len(path) > 3:
        return _policy_takes_list(data, path, base)
    return path[2] not in ("policy", *Strategy.model_fields)


def _member_takes_list(data: dict[str, Any], path: KeyPath, base: str | None) -> bool:
    """Return whether a list may stand at a path within a team."""
    if len(path) <= MEMBER_DEPTH:
        # The team is a list itself; a list of members in place of one is a sweep.
        return len(path) < MEMBER_DEPTH
    entry = data["strategies"][path[1]]["agents"][path[3]]
    if path[4] in TeamEntry.model_fields or path[4] == "kind":
        return False
    cls = _find_class("agent", entry, base)
    return cls is None or _model_takes_list(cls, path[4:])


def _policy_takes_list(data: dict[str, Any], path: KeyPath, base: str | None) -> bool:
    policy = data["strategies"][path[1]]["policy"]
    if not isinstance(policy, dict):
        return True
    if path[3] in catalogue.POLICY_CHOICES:
        if len(path) == MEMBER_DEPTH:
            return False
        cls = _find_class(str(path[3]), policy[path[3]], base)
        return cls is None or _model_takes_list(cls, path[4:])
    cls = _find_class("policy", {"kind": "composed", **policy}, base)
    return cls is None or _model_takes_list(cls, path[3:])


def _find_class(family: str, entry: Any, base: str | None) -> type[Model] | None:
    """Return the class that an entry names; None where it names none, which is refused when it is built."""
    if has_sandbox(entry):
        # Its class is asked in its own process only, and takes what it is given.
        return None
    kind = entry.get("kind") if isinstance(entry, dict) else entry
    if isinstance(kind, list) and kind:
        kind = kind[0]
    try:
        return catalogue.resolve_class(family, kind, base) if isinstance(kind, str) else None
    except catalogue.CatalogueError:
        return None


def _model_takes_list(cls: type[Any], path: KeyPath) -> bool:
    """Return whether a list may stand at a path within a model; unknown settings may have one, as they are refused."""
    field = cls.model_fields.get(str(path[0]))
    if field is None:
        return True
    inner = field.annotation
    if len(path) > 1:
        return not (isinstance(inner, type) and issubclass(inner, Model)) or _model_takes_list(inner, path[1:])
    return path[0] != "kind" and accepts_list(inner)
