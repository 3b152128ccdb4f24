"""Pages of all agents, policies and landscapes: what each does, its settings, and its pictures."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from searchparty.agents.agent import Agent
from searchparty.experiments.spec import catalogue
from searchparty.experiments.spec.schema import property_schemas
from searchparty.landscapes.analytic import Analytic
from searchparty.landscapes.landscape import Landscape, Model
from searchparty.landscapes.opening import read_facts

from . import pictures
from .markdown import code, describe_range, docstring_prose, escape, table

TOP_HEADING = {"agent": "##"}
"""Of pages whose entries stand right below the title."""
SETTINGS_HEAD = ("setting", "type", "default", "range", "what it does")
Pictures = Callable[[], list[Path]]


def family_page(family: str, folder: Path) -> str:
    """The entries of a family: "agent", "policy", "budget", "radius", "sharing" or "landscape".

    Args:
        family: Its name in the catalogue.
        folder: Where the page lies; paths of pictures are relative to it.
    """
    return "".join(_entry(family, kind, cls, folder) for kind, cls in catalogue.family_classes(family).items())


def analytic_settings() -> str:
    """The table of the settings that all analytic landscapes have."""
    return settings_table(Analytic, Analytic.model_fields)


def settings_table(cls: type[Model], names: Iterable[str]) -> str:
    """The settings of a class with these names, without its kind."""
    schemas = property_schemas(cls)
    rows = [
        (
            code(name),
            escape(catalogue.type_name(cls.model_fields[name].annotation)),
            code(catalogue.default_text(cls.model_fields[name])),
            escape(describe_range(schemas[name])),
            escape(cls.model_fields[name].description or ""),
        )
        for name in names
        if name != "kind" and name in schemas
    ]
    return table(SETTINGS_HEAD, rows) if rows else ""


def _entry(family: str, kind: str, cls: type[Model], folder: Path) -> str:
    parts = [f"({family}-{kind})=\n\n{TOP_HEADING.get(family, '###')} {kind}\n\n"]
    if cls.card:
        parts.append(f"{escape(cls.card)}\n\n")
    parts.append(f"{docstring_prose(cls)}\n\n")
    if issubclass(cls, Agent):
        parts.append(f"{escape(cls.on_choices)}\n\n")
    if issubclass(cls, Landscape):
        parts.append(_landscape_facts(cls))
    own = [name for name, field in cls.model_fields.items() if not _is_shared(cls, name)]
    parts.append(settings_table(cls, own) or ("" if issubclass(cls, Analytic) else "It has no settings.\n\n"))
    parts.append(_pictures_of(family, kind, cls, folder))
    return "".join(parts)


def _is_shared(cls: type[Model], name: str) -> bool:
    """Whether a setting is the same as that of all analytic landscapes, which the page shows once."""
    field, shared = cls.model_fields[name], Analytic.model_fields.get(name)
    if not issubclass(cls, Analytic) or shared is None:
        return False
    return (field.annotation, field.default, field.description) == (
        shared.annotation,
        shared.default,
        shared.description,
    )


def _landscape_facts(cls: type[Landscape]) -> str:
    """Bounds and known minimum of an analytic landscape as it is without settings."""
    if not issubclass(cls, Analytic):
        return ""
    facts = read_facts(cls())
    pairs = list(dict.fromkeys(zip(facts.space.lower.tolist(), facts.space.upper.tolist(), strict=True)))
    bounds = ", ".join(f"[{low:g}, {high:g}]" for low, high in pairs)
    axes = "every axis" if len(pairs) == 1 else "its axes"
    least = "unknown" if facts.minimum is None else f"{facts.minimum:.6g}"
    return f"Bounds: {escape(bounds)} on {axes}. Known minimum with D = {facts.space.dimension}: {escape(least)}.\n\n"


def _pictures_of(family: str, kind: str, cls: type[Model], folder: Path) -> str:
    try:
        drawn = pictures.draw_entry(family, kind)
    except Exception as error:
        # What needs an extra that is not installed here is listed without its picture.
        return f"No picture: {escape(f'{type(error).__name__}: {error}')}.\n\n"
    links = (f"![{_alternative(family, kind)}]({Path(os.path.relpath(path, folder)).as_posix()})" for path in drawn)
    return "".join(f"{link}\n\n" for link in links)


def _alternative(family: str, kind: str) -> str:
    """The text that stands for a picture."""
    return f"Contours of {kind}" if family == "landscape" else f"A search under {family} {kind}"
