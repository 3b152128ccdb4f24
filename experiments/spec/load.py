"""Loads an experiment from a file, a bundled name, a text or plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .build import read
from .catalogue import CatalogueError
from .errors import Notes, Places, SpecError, say
from .expand import put
from .models import Experiment, Hooks, set_hooks
from .sources import find, library, text_of
from .yaml_text import _parsed, dump, parse


def load(source: str | Path, overrides: Sequence[str] = ()) -> Experiment:
    """The experiment of a YAML file or of a bundled name. ``overrides`` are "key.path=value" (``--set``).

    Raises SpecError with all problems, each with its place.
    """
    path = find(source)
    return loads(text_of(path), overrides, str(path), str(path.parent.absolute()))


def loads(text: str, overrides: Sequence[str] = (), name: str = "<text>", base: str | None = None) -> Experiment:
    """The experiment of a YAML text. ``name`` is what messages call it, ``base`` is where relative paths start."""
    data, places = parse(text, name)
    notes = Notes(places, base)
    for override in overrides:
        key, equals, value = override.partition("=")
        option = f"--set {override}" if len(override) <= 60 else f"--set {override[:57]}..."
        if not equals or not key.strip():
            raise SpecError([say("--set", "be key.path=value", repr(override), "", "Write e.g. --set budget=5000.")])
        notes.places = Places({(): option})
        path = put(notes, data, key.strip(), _value(value, option), (key.strip(),))
        if path is None:
            raise SpecError(notes.problems)
        places = places.laid_over(path, option)
    try:
        return read(data, places, base)
    except CatalogueError as error:
        raise SpecError([str(error)]) from None


def _value(text: str, option: str) -> Any:
    """The value of an override, as YAML would read it."""
    found = _parsed(text, option, option)
    return None if found is None else found[0]


def bundled() -> dict[str, str]:
    """Bundled experiments: name -> description."""
    found = {}
    for name, path in library().items():
        data, _ = parse(text_of(path), path.name)
        found[name] = " ".join(str(data.get("description", "")).split())
    return found


def _from_data(data: Mapping[str, Any], base: str | None) -> Experiment:
    return read(data, base=base)


set_hooks(Hooks(_from_data, dump))
