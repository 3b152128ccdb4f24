"""Builds an experiment from plain data: each model is built by its own class, and every problem is reported."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError

from ...agents.agent import Agent
from ...agents.evaluation.settings import Evaluation
from ...landscapes.landscape import Landscape, Model
from ...landscapes.user_code import read_source
from ...orchestrator.branch import BranchedPolicy
from ...orchestrator.policies.composed import Composed
from ...orchestrator.policies.policy import Policy
from . import catalogue
from .checks import check_experiment
from .errors import (
    KeyPath,
    ProblemList,
    SourcePositions,
    SpecError,
    accepts_bool,
    describe_type,
    quote,
    setting_names,
    suggest,
)
from .expand import MOST_COMBINATIONS, SweepSettings, check_sweep, expand_entry, expand_sweep
from .models import Experiment, LogSettings, RaySettings, SimulatedSettings, StartRegion, Stop, Strategy
from .opened import LandscapeCache
from .sandboxed import build_sandboxed, has_sandbox
from .sweep_keys import check_keys, name_by_files
from .team import TeamEntry, name_members

MOST_DATA_DEPTH = 50
BRANCH_KIND = "branch"
"""The kind of the policy of a branch, which `searchparty branch` writes and the catalogue does not list."""
MEMBER_KEYS = ("count", "name")
"""What may stand beside the settings of an agent."""
NOTE_PREFIX = "x-"
"""First characters of the keys of an experiment that are the user's own, as in other YAML formats."""


def build_experiment(
    data: Mapping[str, Any], places: SourcePositions | None = None, base: str | None = None
) -> Experiment:
    """Build the experiment that plain data describe.

    Args:
        data: The keys and values of an experiment's YAML. It is copied, not changed.
        places: Where each key stands, for messages; None if that is unknown.
        base: The directory in which relative paths start. A ``base`` in the data is relative to it.

    Returns:
        The experiment, with its lists and its sweep expanded.

    Raises:
        SpecError: If the data do not describe an experiment. It holds all problems, each with its place.
    """
    places = SourcePositions({}) if places is None else places
    notes = ProblemList(places, base)
    whole = copy_plain_data(data)
    if not isinstance(whole, dict):
        raise SpecError([f"experiment must be a mapping (key: value), got {quote(data)}. Start with the key name."])
    # Places for the user's own YAML anchors. What refers to them is written out by now.
    whole = {key: value for key, value in whole.items() if not key.startswith(NOTE_PREFIX)}
    notes.base = find_start(whole, base)
    if whole.get("sweep") is not None:
        if not check_sweep(notes, whole["sweep"]):
            raise SpecError(notes.problems)
        whole["sweep"] = name_by_files(notes, whole)
        if notes.problems or not check_keys(notes, whole):
            raise SpecError(notes.problems)
    variants: list[tuple[SweepSettings, Experiment]] = []
    opened = LandscapeCache()
    for settings, variant, paths in expand_sweep(notes, whole):
        notes.places = places
        for path, key in paths.items():
            notes.places = notes.places.with_override(path, places.name(key) or f"sweep {'.'.join(map(str, key[1:]))}")
        found = _build_variant(notes, variant, opened)
        if found is not None:
            variants.append((settings, found))
    if notes.problems or not variants:
        raise SpecError(notes.problems)
    return _combine_variants(whole, variants, notes.base, opened)


def find_start(data: Mapping[str, Any], base: str | None) -> str | None:
    """Return the directory in which relative paths of an experiment start, whose YAML is in the directory ``base``."""
    return str(FilePath(base or ".") / data["base"]) if isinstance(data.get("base"), str) else base


def _combine_variants(
    whole: dict[str, Any], variants: list[tuple[SweepSettings, Experiment]], base: str | None, opened: LandscapeCache
) -> Experiment:
    """Combine all variants of a sweep into one experiment that holds them."""
    first = variants[0][1]
    sweep = {key: tuple(listed) for key, listed in (whole.get("sweep") or {}).items()}
    experiment = first.model_copy(update={"sweep": sweep})
    # Relative paths must still lead to the same files when the YAML is loaded from a results directory.
    searched = [landscape for _, variant in variants for landscape in variant.landscapes]
    named = names_file(whole) or any(each.external or bool(each.data_files) for each in searched)
    anchored = base is not None and (whole.get("base") is not None or named or first.files)
    experiment._data = {**whole, "base": str(FilePath(base or ".").absolute())} if anchored else whole
    experiment._variants, experiment._landscape_cache = tuple(variants), opened
    return experiment


def copy_plain_data(data: Any, depth: int = 0) -> Any:
    """Copy data into new dicts, lists and scalars, which share nothing with the original.

    Raises:
        SpecError: If a key is not text, or if the data are nested more than ``MOST_DATA_DEPTH`` levels deep.
    """
    if depth > MOST_DATA_DEPTH:
        raise SpecError([f"experiment must be nested at most {MOST_DATA_DEPTH} deep, got more. Flatten it."])
    if isinstance(data, Mapping):
        for key in data:
            if not isinstance(key, str):
                raise SpecError([f"key must be text, got {quote(key)}. Put it in quotes."])
        return {key: copy_plain_data(value, depth + 1) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [copy_plain_data(value, depth + 1) for value in data]
    return data


def names_file(data: Any) -> bool:
    """Return whether plain data name an object in a Python file ("path/to/file.py:name")."""
    if isinstance(data, dict | list):
        return any(names_file(each) for each in (data.values() if isinstance(data, dict) else data))
    return isinstance(data, str) and ".py:" in data


def _build_variant(notes: ProblemList, data: dict[str, Any], opened: LandscapeCache) -> Experiment | None:
    """Build one experiment without a sweep, or report what is wrong with it and return None."""
    before = len(notes.problems)
    parts: dict[str, Callable[[Any], Any]] = {
        "region": lambda part: _build_section(notes, StartRegion, part, "region"),
        "landscapes": lambda part: _build_landscapes(notes, part, opened),
        "strategies": lambda part: _build_strategies(notes, part),
        "executor": lambda part: _build_executor(notes, part),
        "evaluation": lambda part: _build_section(notes, Evaluation, part, "evaluation"),
        "stop": lambda part: _build_section(notes, Stop, part, "stop"),
        "log": lambda part: _build_section(notes, LogSettings, part, "log"),
    }
    settings = {key: parts[key](value) if key in parts else value for key, value in data.items()}
    # A part that is wrong has been reported already: do not also report it as missing.
    broken = [key for key in parts if key in settings and settings[key] is None]
    found = build_model(notes, Experiment, {k: v for k, v in settings.items() if k not in broken}, (), excused=broken)
    if not isinstance(found, Experiment) or len(notes.problems) > before:
        return None
    check_experiment(notes, found, opened)
    return found if len(notes.problems) == before else None


def _build_section(notes: ProblemList, cls: type[Model], data: Any, key: str) -> Model | None:
    """Build a part of the experiment that is one model of a known class."""
    if not isinstance(data, dict):
        known = ", ".join(setting_names(cls))
        notes.report(
            (key,), f"be a mapping with keys among {known}", quote(data), f"Write {key}: {{...}}, or leave it out."
        )
        return None
    return build_model(notes, cls, data, (key,))


def build_model(
    notes: ProblemList,
    cls: type[Model],
    data: Mapping[str, Any],
    path: KeyPath,
    excused: Iterable[str] = (),
    also: Iterable[str] = (),
) -> Model | None:
    """Build a model of a class, or report every setting that the class refuses and return None.

    Args:
        notes: The list to which problems are added.
        cls: The class of the model.
        data: Its settings.
        path: The path of the settings in the YAML.
        excused: Keys that are not reported if they are missing.
        also: Keys that the YAML may give here beside the class's own; they are suggested for misspelt ones.
    """
    before = len(notes.problems)
    known = setting_names(cls)
    for key, value in data.items():
        if key not in known:
            notes.report_unknown((*path, key), [*known, *also])
        elif isinstance(value, bool) and not accepts_bool(annotation := cls.model_fields[key].annotation):
            # Pydantic would accept true as 1.
            notes.report((*path, key), f"be {describe_type(annotation)}", quote(value), "Change it.")
    data = {key: value for key, value in data.items() if key in known}
    try:
        model = cls.model_validate({**data, **_hidden_settings(notes, cls, data)})
    except ValidationError as error:
        notes.report_validation_error(error, cls, data, path, excused)
        return None
    return model if len(notes.problems) == before else None


def _hidden_settings(notes: ProblemList, cls: type[Model], data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that a user cannot give: where relative paths start, and the text of a file that is named."""
    hidden = {name for name, field in cls.model_fields.items() if field.exclude}
    found: dict[str, Any] = {"base": notes.base} if "base" in hidden else {}
    if "source" in hidden and isinstance(data.get("function"), str):
        found["source"] = read_source(data["function"], notes.base)
    return found


def resolve_kind(
    notes: ProblemList, family: str, data: Any, path: KeyPath
) -> tuple[type[Model], dict[str, Any]] | None:
    """Return the class that data name by their kind, and their settings with the class's own kind.

    Data may be a bare kind ("sphere") or a mapping with a kind. An unknown kind is reported, and None returned.
    """
    if isinstance(data, str):
        data, place = {"kind": data}, path
    else:
        place = (*path, "kind")
    if not isinstance(data, dict):
        notes.report(path, f"be a kind of {family} or a mapping with a kind", quote(data), "Write {kind: ...}.")
        return None
    kind = data.get("kind")
    if not isinstance(kind, str):
        got = quote(kind) if "kind" in data else "nothing"
        notes.report(
            (*path, "kind"), f"be a kind of {family}", got, suggest(str(kind), catalogue.family_classes(family))
        )
        return None
    try:
        cls = catalogue.resolve_class(family, kind, notes.base)
    except catalogue.CatalogueError as error:
        # The catalogue's messages name the field "kind". Where the YAML gives a bare string, that string is the field.
        notes.report_message(place[:-1], str(error).replace("kind", str(place[-1]), 1))
        return None
    return cls, {**data, "kind": catalogue.kind_of(cls)}


def _build_landscapes(notes: ProblemList, data: Any, opened: LandscapeCache) -> list[Landscape] | None:
    """Build all landscapes, with lists expanded, or report what is wrong with them and return None."""
    if isinstance(data, dict | str):
        data = [data]
    if not isinstance(data, list) or not data:
        notes.report(("landscapes",), "be a list of at least one landscape", quote(data), "Add e.g. - {kind: sphere}.")
        return None
    before = len(notes.problems)
    found: list[Landscape] = []
    for number, entry in enumerate(data):
        path: KeyPath = ("landscapes", number)
        kinds = entry["kind"] if isinstance(entry, dict) and isinstance(entry.get("kind"), list) else [None]
        for kind in kinds:
            known = resolve_kind(notes, "landscape", entry if kind is None else {**entry, "kind": kind}, path)
            if known is None:
                continue
            for settings in expand_entry(notes, known[0], known[1], path):
                model = build_model(notes, known[0], settings, path)
                if isinstance(model, Landscape):
                    found.append(model)
                    facts = opened.facts(model)
                    if isinstance(facts, str):
                        notes.report_message(path, facts)
            if len(found) > MOST_COMBINATIONS:
                notes.report(
                    ("landscapes",),
                    f"expand to at most {MOST_COMBINATIONS} landscapes",
                    f"{len(found)}",
                    "Shorten its lists.",
                )
                return None
    return found if len(notes.problems) == before else None


def _build_strategies(notes: ProblemList, data: Any) -> dict[str, Strategy] | None:
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


def build_policy(notes: ProblemList, data: Any, path: KeyPath) -> Policy | None:
    """Build a policy from its data at a path; None if it is not valid, which is added to the notes."""
    if data is None:
        return Composed()
    if isinstance(data, str):
        for choice in catalogue.POLICY_CHOICES:
            if data in catalogue.family_classes(choice) and data not in catalogue.family_classes("policy"):
                cure = f"{data} is a {choice} choice: write policy: {{{choice}: {data}}}."
                notes.report(path, "be a kind of policy", repr(data), cure)
                return None
    elif has_sandbox(data):
        made = build_sandboxed(notes, "policy", data, path)
        return made if isinstance(made, Policy) else None
    elif isinstance(data, dict) and "kind" not in data:
        data = {"kind": "composed", **data}
    if isinstance(data, dict) and data["kind"] == BRANCH_KIND:
        return _build_branch(notes, data, path)
    known = resolve_kind(notes, "policy", data, path)
    if known is None:
        return None
    cls, settings = known
    before = len(notes.problems)
    for choice in catalogue.POLICY_CHOICES:
        field = cls.model_fields.get(choice)
        family = catalogue.FAMILIES[choice][0]
        if choice in settings and field is not None and field.annotation is family:
            settings[choice] = _build_choice(notes, choice, settings[choice], (*path, choice))
    if len(notes.problems) > before:
        # Problems of the choices have been reported; leave the choices out, to report only what else is wrong.
        settings = {key: value for key, value in settings.items() if value is not None}
    policy = build_model(notes, cls, settings, path)
    return policy if isinstance(policy, Policy) and len(notes.problems) == before else None


def _build_branch(notes: ProblemList, data: dict[str, Any], path: KeyPath) -> Policy | None:
    """Build the policy of a branch, and the two policies that it consists of."""
    before = len(notes.problems)
    policies: dict[str, Any] = {
        key: build_policy(notes, data[key], (*path, key)) for key in ("before", "after") if key in data
    }
    if len(notes.problems) > before:
        return None
    policy = build_model(notes, BranchedPolicy, {**data, **policies}, path)
    return policy if isinstance(policy, Policy) else None


def _build_choice(notes: ProblemList, family: str, data: Any, path: KeyPath) -> Model | None:
    """Build a budget, radius or sharing choice of a policy."""
    if data is None and family == "sharing":
        notes.report(path, "be a kind of sharing", "null", "Write sharing: none to share nothing.")
        return None
    known = resolve_kind(notes, family, data, path)
    return None if known is None else build_model(notes, known[0], known[1], path)


def _build_executor(notes: ProblemList, data: Any) -> Model | None:
    kinds: dict[str, type[Model]] = {"ray": RaySettings, "simulated": SimulatedSettings}
    settings = {"kind": data} if isinstance(data, str) else data
    if not isinstance(settings, dict):
        notes.report(("executor",), "be ray, simulated, or a mapping with a kind", quote(data), "Write executor: ray.")
        return None
    kind = settings.get("kind")
    if not isinstance(kind, str) or kind not in kinds:
        path: KeyPath = ("executor",) if isinstance(data, str) else ("executor", "kind")
        notes.report(path, "be ray or simulated", quote(kind), suggest(str(kind), kinds, listed=False))
        return None
    return build_model(notes, kinds[kind], settings, ("executor",))
