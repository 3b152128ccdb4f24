"""Builds a model from its settings, and finds the class that a kind names; every problem is reported."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from ....landscapes.landscape import Model
from ....landscapes.user_code import read_source
from .. import catalogue
from ..errors import KeyPath, ProblemList, accepts_bool, describe_type, quote, setting_names, suggest


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
