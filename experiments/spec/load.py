"""Loads an experiment from a file, a bundled name, a text or plain data.

Importing this module connects ``Experiment.from_data`` and ``Experiment.to_yaml``: to call them, import
``Experiment`` from here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .build import build_experiment
from .catalogue import CatalogueError
from .errors import ProblemList, SourcePositions, SpecError, format_problem
from .expand import set_at_path
from .models import Experiment as Experiment
from .models import Hooks, set_hooks
from .sources import bundled_files, find_experiment_file, read_text_file
from .yaml_text import dump_yaml, parse_text, parse_yaml


def load(source: str | Path, overrides: Sequence[str] = ()) -> Experiment:
    """The experiment of a YAML file or of a bundled name. ``overrides`` are "key.path=value" (``--set``).

    Raises SpecError with all problems, each with its place.
    """
    path = find_experiment_file(source)
    return loads_yaml(read_text_file(path), overrides, str(path), str(path.parent.absolute()))


def loads_yaml(text: str, overrides: Sequence[str] = (), name: str = "<text>", base: str | None = None) -> Experiment:
    """The experiment of a YAML text. ``name`` is what messages call it, ``base`` is where relative paths start."""
    data, places = parse_yaml(text, name)
    notes = ProblemList(places, base)
    for override in overrides:
        key, equals, value = override.partition("=")
        option = f"--set {override}" if len(override) <= 60 else f"--set {override[:57]}..."
        if not equals or not key.strip():
            raise SpecError(
                [format_problem("--set", "be key.path=value", repr(override), "", "Write e.g. --set budget=5000.")]
            )
        notes.places = SourcePositions({(): option})
        path = set_at_path(notes, data, key.strip(), _parse_override(value, option), (key.strip(),))
        if path is None:
            raise SpecError(notes.problems)
        places = places.with_override(path, option)
    try:
        return build_experiment(data, places, base)
    except CatalogueError as error:
        raise SpecError([str(error)]) from None


def _parse_override(text: str, option: str) -> Any:
    """The value of an override, as YAML would read it."""
    found = parse_text(text, option, option)
    return None if found is None else found[0]


def bundled_descriptions() -> dict[str, str]:
    """Bundled experiments: name -> description."""
    found = {}
    for name, path in bundled_files().items():
        data, _ = parse_yaml(read_text_file(path), path.name)
        found[name] = " ".join(str(data.get("description", "")).split())
    return found


def _from_data(data: Mapping[str, Any], base: str | None) -> Experiment:
    return build_experiment(data, base=base)


set_hooks(Hooks(_from_data, dump_yaml))
