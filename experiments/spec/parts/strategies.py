"""Builds the strategies of an experiment: their teams and policies."""

from __future__ import annotations

from typing import Any

from ....agents.agent import Agent
from ....landscapes.landscape import Model
from ....orchestrator.policies.composed import Composed
from ..errors import KeyPath, ProblemList, quote
from ..models import Strategy
from ..sandboxed import build_sandboxed, has_sandbox
from ..team import TeamEntry, name_members
from .model import build_model, resolve_kind
from .policies import build_policy

MEMBER_KEYS = ("count", "name")
"""What may stand beside the settings of an agent."""


def build_strategies(notes: ProblemList, data: Any) -> dict[str, Strategy] | None:
    """Build all strategies, by name, or report what is wrong with them and return None."""
    if not isinstance(data, dict) or not data:
        notes.report(
            ("strategies",), "be a mapping from names to at least one strategy", quote(data),
            "Add e.g. alone: {agents: [random]}.",
        )  # fmt: skip
        return None
    found: dict[str, Strategy] = {}
    for name, entry in data.items():
        path: KeyPath = ("strategies", name)
        if not (name.isprintable() and 0 < len(name.strip()) <= 100):
            notes.report(path, "have a name of 1 to 100 printable characters", repr(name), "Choose another name.")
        elif not isinstance(entry, dict):
            notes.report(path, "be a mapping with agents", quote(entry), "Write {agents: [grid]}.")
        else:
            strategy = _build_strategy(notes, entry, path)
            if strategy is not None:
                found[name] = strategy
    return found if len(found) == len(data) else None


def _build_strategy(notes: ProblemList, data: dict[str, Any], path: KeyPath) -> Strategy | None:
    for key in data:
        if key not in ("agents", "policy", "concurrency"):
            notes.report_unknown((*path, key), ("agents", "policy", "concurrency"))
    team = _build_team(notes, data.get("agents"), (*path, "agents"))
    policy = build_policy(notes, data.get("policy"), (*path, "policy"))
    settings = {"concurrency": data.get("concurrency"), "team": team or (), "policy": policy or Composed()}
    strategy = build_model(notes, Strategy, settings, path)
    return strategy if isinstance(strategy, Strategy) and team and policy is not None else None


def _build_team(notes: ProblemList, data: Any, path: KeyPath) -> tuple[tuple[str, Agent], ...] | None:
    if isinstance(data, dict | str):
        data = [data]
    if not isinstance(data, list) or not data:
        got = "nothing" if data is None else quote(data)
        notes.report(path, "be a list of at least one agent", got, "Add e.g. - {kind: random}.")
        return None
    entries: list[TeamEntry] = []
    for number, entry in enumerate(data):
        here: KeyPath = (*path, number)
        if has_sandbox(entry):
            member = _build_sandboxed_member(notes, dict(entry), here)
        else:
            known = resolve_kind(notes, "agent", entry, here)
            member = None if known is None else _build_member(notes, *known, here)
        if member is not None:
            entries.append(member)
    return name_members(notes, entries, path) if len(entries) == len(data) else None


def _build_member(notes: ProblemList, cls: type[Model], settings: dict[str, Any], path: KeyPath) -> TeamEntry | None:
    head = {key: settings.pop(key) for key in MEMBER_KEYS if key in settings}
    place = build_model(notes, TeamEntry, head, path)
    agent = build_model(notes, cls, settings, path, also=MEMBER_KEYS)
    if not isinstance(place, TeamEntry) or not isinstance(agent, Agent):
        return None
    return place.model_copy(update={"agent": agent})


def _build_sandboxed_member(notes: ProblemList, entry: dict[str, Any], path: KeyPath) -> TeamEntry | None:
    """Build a member that is worked in a sandbox; its class is asked there what it says of itself."""
    head = {key: entry.pop(key) for key in MEMBER_KEYS if key in entry}
    place = build_model(notes, TeamEntry, head, path)
    agent = build_sandboxed(notes, "agent", entry, path, also=MEMBER_KEYS)
    if not isinstance(place, TeamEntry) or agent is None:
        return None
    return place.model_copy(update={"agent": agent})
