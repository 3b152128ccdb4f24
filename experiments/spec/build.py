"""Builds an experiment from plain data: each model is built by its own class, and every problem is reported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path as FilePath
from typing import Any

from ...agents.evaluation.settings import Evaluation
from ...landscapes.landscape import Landscape, Model
from .checks import check_experiment
from .errors import KeyPath, ProblemList, SourcePositions, SpecError, quote, setting_names, suggest
from .expand import MOST_COMBINATIONS, SweepSettings, check_sweep, expand_entry, expand_sweep
from .models import Experiment, LogSettings, RaySettings, SimulatedSettings, StartRegion, Stop
from .opened import LandscapeCache
from .parts.model import build_model, resolve_kind
from .parts.strategies import build_strategies
from .sweep_keys import check_keys, name_by_files

MOST_DATA_DEPTH = 50
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
        "strategies": lambda part: build_strategies(notes, part),
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
