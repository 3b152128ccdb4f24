"""Loads an experiment from a file, a bundled name, a text or plain data.

Importing this module makes ``Experiment.from_data`` and ``Experiment.to_yaml`` work: to call them, import
``Experiment`` from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .build import build_experiment, copy_plain_data, find_start
from .catalogue import CatalogueError
from .errors import ProblemList, SourcePositions, SpecError, format_problem
from .models import Experiment as Experiment
from .models import Hooks, set_hooks
from .moved import find_base
from .overrides import apply_override
from .sources import bundled_files, find_experiment_file, read_text_file
from .sweep_keys import name_by_files, replace_keys
from .yaml_text import dump_yaml, parse_text, parse_yaml

CHANGES_THE_PROBLEM = ("landscapes", "seed", "stop")
"""Keys of an experiment that decide what is searched for, and not how."""


def load(source: str | Path | Mapping[str, Any], overrides: Sequence[str] = ()) -> Experiment:
    """Load an experiment from a YAML file, by a bundled name, or from a mapping with the keys of a YAML.

    Args:
        source: The path of a YAML file, or the name of a bundled experiment (``searchparty list experiments``). An
            existing file takes precedence over a bundled name. Relative paths in a mapping start in the current
            directory.
        overrides: Settings that replace those of the source, as "key.path=value"; the value is read as YAML. This is
            what ``--set`` of the command line takes. A list for a setting that takes none becomes a sweep.

    Returns:
        The validated experiment, with its lists and its sweep expanded. Relative paths in it start in the directory of
        the file, unless its ``base`` says otherwise.

    Raises:
        SpecError: If there is no such file or name, or if the experiment cannot be run as it is described. It holds
            all problems, each with its place.

    Example:
        >>> from searchparty import load
        >>> experiment = load("quickstart", ["budget=300", "strategies.team.policy.lease=20"])
        >>> experiment.name, experiment.budget, experiment.repeats
        ('quickstart', 300, 5)
        >>> [landscape.label for landscape in experiment.landscapes]
        ['rastrigin D=2 shifted rotated i3', 'schwefel D=2 shifted i2']
        >>> list(experiment.strategies)
        ['grid alone', 'gradient descent alone', 'random restart alone', 'team']
        >>> data = {"name": "small", "landscapes": ["sphere"], "strategies": {"alone": {"agents": ["random"]}}}
        >>> load(data, ["budget=[50, 100]"]).sweep
        {'budget': (50, 100)}
    """
    return _build_with_overrides(*_read_source(source), overrides)


def load_sweep(
    source: str | Path | Mapping[str, Any], over: Sequence[str], overrides: Sequence[str] = ()
) -> Experiment:
    """Load an experiment with a sweep over some of its settings, as ``searchparty sweep --over`` does.

    Args:
        source: As for ``load``.
        over: The settings to sweep, as "key.path=value,value": a path as under ``sweep:``, or MEMBER.setting, which
            stands for every member of that name; the values are read as YAML.
        overrides: As for ``load``.

    Raises:
        SpecError: If the source cannot be loaded, or a setting cannot be swept: with fewer than two values, or because
            it changes the problem and not the search.

    Example:
        >>> from searchparty.experiments.spec.load import load_sweep
        >>> experiment = load_sweep("grid-radius", ["grid.shrink=0.25,0.5"], ["budget=100"])
        >>> dict(experiment.sweep)["grid.shrink"]
        (0.25, 0.5)
    """
    data, places, base = _read_source(source)
    swept: dict[str, list[Any]] = {}
    for key, values in map(_parse_swept, over):
        if key in swept:
            raise SpecError(
                [format_problem("--over", "have each key once", repr(key), "", "Write all its values in one.")]
            )
        swept[key] = values
    options = [f"--over {each:.60}" for each in over]
    swept = _name_keys({**data, "sweep": swept}, _place_keys(places, swept, options), base)
    if isinstance(data.get("sweep") or {}, dict):
        data["sweep"] = _name_keys({**data, "sweep": data.get("sweep") or {}}, places, base)
        data["sweep"] = replace_keys(data, swept)
    return _build_with_overrides(data, _place_keys(places, swept, options), base, overrides)


def _name_keys(data: Mapping[str, Any], places: SourcePositions, base: str | None) -> dict[str, Any]:
    """Return the sweep of data with its members named by their files. Raises SpecError where that is not clear."""
    notes = ProblemList(places, find_start(data, base))
    found = name_by_files(notes, data)
    if notes.problems:
        raise SpecError(notes.problems)
    return found


def _place_keys(places: SourcePositions, keys: Iterable[str], options: Sequence[str]) -> SourcePositions:
    """Return positions with each key of a sweep at its option."""
    for key, option in zip(keys, options, strict=True):
        places = places.with_override(("sweep", key), option)
    return places


def _parse_swept(text: str) -> tuple[str, list[Any]]:
    """Read "key.path=value,value"."""
    key, equals, values = text.partition("=")
    key = key.strip()
    if not equals or not key:
        cure = "Write e.g. --over region.radius=0.1,0.2."
        raise SpecError([format_problem("--over", "be key.path=value,value", repr(text), "", cure)])
    if key.split(".")[0] in CHANGES_THE_PROBLEM:
        rule, got = "be a setting of the search", f"{key!r}, which changes the problem"
        raise SpecError([format_problem("--over", rule, got, "", "List several landscapes, or raise repeats.")])
    listed = _parse_override(f"[{values}]", f"--over {text:.60}")
    if len(listed) < 2:
        raise SpecError([format_problem("--over", "have at least two values", repr(text), "", "Set one with --set.")])
    return key, listed


def _read_source(source: str | Path | Mapping[str, Any]) -> tuple[dict[str, Any], SourcePositions, str | None]:
    """Return the data of an experiment, where they stand, and the directory in which relative paths start."""
    if isinstance(source, Mapping):
        return copy_plain_data(source), SourcePositions({}), None
    path = find_experiment_file(source)
    return _parse_source(read_text_file(path), str(path), str(path.parent.absolute()))


def _parse_source(text: str, name: str, base: str | None) -> tuple[dict[str, Any], SourcePositions, str | None]:
    data, places = parse_yaml(text, name)
    if base is not None and "base" in data:
        data["base"] = find_base(data, Path(base)) or data["base"]
    return data, places, base


def loads_yaml(text: str, overrides: Sequence[str] = (), name: str = "<text>", base: str | None = None) -> Experiment:
    """Load an experiment from a YAML text.

    Args:
        text: The YAML.
        overrides: Settings that replace those of the text, as "key.path=value".
        name: What messages call the text.
        base: The directory in which relative paths start; None for the current one.

    Returns:
        The validated experiment.

    Raises:
        SpecError: If the experiment cannot be run as it is described. It holds all problems, each with its place.

    Example:
        >>> from searchparty.experiments.spec.load import loads_yaml
        >>> experiment = loads_yaml('''
        ... name: example
        ... budget: 100 D
        ... landscapes: [{kind: sphere, dimension: [2, 5]}]
        ... strategies: {alone: {agents: [cma-es]}}
        ... ''')
        >>> [experiment.budget_for(dimension) for dimension in (2, 5)]
        [200, 500]
    """
    return _build_with_overrides(*_parse_source(text, name, base), overrides)


def _build_with_overrides(
    data: dict[str, Any], places: SourcePositions, base: str | None, overrides: Sequence[str]
) -> Experiment:
    """Build the experiment of data that are this function's own, with the overrides laid over them."""
    notes = ProblemList(places, base)
    for override in overrides:
        key, equals, value = override.partition("=")
        option = f"--set {override}" if len(override) <= 60 else f"--set {override[:57]}..."
        if not equals or not key.strip():
            raise SpecError(
                [format_problem("--set", "be key.path=value", repr(override), "", "Write e.g. --set budget=5000.")]
            )
        notes.places = SourcePositions({(): option})
        path = apply_override(notes, data, key.strip(), _parse_override(value, option))
        if path is None:
            raise SpecError(notes.problems)
        places = places.with_override(path, option)
    try:
        return build_experiment(data, places, base)
    except CatalogueError as error:
        raise SpecError([str(error)]) from None


def _parse_override(text: str, option: str) -> Any:
    """Read the value of an override as YAML."""
    found = parse_text(text, option, option)
    return None if found is None else found[0]


def bundled_descriptions() -> dict[str, str]:
    """Return the description of each bundled experiment, by name, on one line."""
    found = {}
    for name, path in bundled_files().items():
        data, _ = parse_yaml(read_text_file(path), path.name)
        found[name] = " ".join(str(data.get("description", "")).split())
    return found


def _from_data(data: Mapping[str, Any], base: str | None) -> Experiment:
    return build_experiment(data, base=base)


set_hooks(Hooks(_from_data, dump_yaml))
