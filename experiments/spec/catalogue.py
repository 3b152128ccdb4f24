"""Finds every landscape, agent, policy and choice that a YAML can name: in the package, in plugins and in files."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import typing
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

from pydantic_core import PydanticUndefined

from ... import agents as agents_package
from ... import landscapes as landscapes_package
from ...agents.agent import Agent
from ...landscapes.landscape import Landscape, LandscapeError, Model, Refusal
from ...landscapes.user_code import is_python_file, load_object
from ...orchestrator import policies as policies_package
from ...orchestrator.policies.choices import BudgetChoice, RadiusChoice, SharingChoice
from ...orchestrator.policies.policy import Policy

PLUGINS = "searchparty.plugins"
FAMILIES: dict[str, tuple[type[Model], Any]] = {
    "landscape": (Landscape, landscapes_package),
    "agent": (Agent, agents_package),
    "policy": (Policy, policies_package),
    "budget": (BudgetChoice, policies_package),
    "radius": (RadiusChoice, policies_package),
    "sharing": (SharingChoice, policies_package),
}
POLICY_CHOICES = ("budget", "radius", "sharing")
"""The three choices that make up a composed policy."""
PLURALS = {"landscapes": "landscape", "agents": "agent", "policies": "policy"}


class CatalogueError(Refusal):
    """A kind that a YAML names does not exist, or two classes have the same kind."""


@dataclass(frozen=True)
class CatalogueEntry:
    """A kind as it is listed, with its summary and its settings.

    Attributes:
        kind: The name by which a YAML refers to it.
        summary: The first paragraph of its class's docstring.
        settings: (name, type, default, description) of each setting, as text.
        note: What else is to be said of it, in a sentence; "" if nothing.
    """

    kind: str
    summary: str
    settings: tuple[tuple[str, str, str, str], ...]
    note: str = ""


def landscape_classes() -> dict[str, type[Landscape]]:
    """Return the class of each kind of landscape, sorted by kind."""
    return typing.cast("dict[str, type[Landscape]]", family_classes("landscape"))


def agent_classes() -> dict[str, type[Agent]]:
    """Return the class of each kind of agent, sorted by kind."""
    return typing.cast("dict[str, type[Agent]]", family_classes("agent"))


def policy_classes() -> dict[str, type[Policy]]:
    """Return the class of each kind of policy, sorted by kind."""
    return typing.cast("dict[str, type[Policy]]", family_classes("policy"))


@cache
def family_classes(name: str) -> dict[str, type[Model]]:
    """Return the class of each kind in a family, sorted by kind.

    The classes are those of the package and of installed plugins. The result is cached.

    Args:
        name: The family: "landscape", "agent", "policy", "budget", "radius" or "sharing".

    Raises:
        CatalogueError: If two classes have the same kind, or if a plugin cannot be imported.
    """
    base, package = FAMILIES[name]
    modules = [importlib.import_module(f"{package.__name__}.{module}") for module in _list_modules(package)]
    modules += [_import_plugin(point) for point in find_plugins()]
    found: dict[str, type[Model]] = {}
    for module in modules:
        for cls in vars(module).values():
            if _is_catalogued_class(cls, base, module.__name__):
                kind = kind_of(cls)
                if found.setdefault(kind, cls) is not cls:
                    raise CatalogueError(
                        f"kind must be unique among the {name} classes, got {kind!r} in {_qualified_name(found[kind])} "
                        f"and in {_qualified_name(cls)}. Rename one of them."
                    )
    return dict(sorted(found.items()))


def find_class(name: str, kind: str) -> type[Model] | None:
    """Return the class of a kind of the package or of a plugin; None if there is none.

    Modules are imported until one has the class, first that of the kind's name: to read what a log names takes a part
    of the time in which a family is imported.

    Args:
        name: The family, in the singular.
        kind: The kind. A class in a file of a user is none of the catalogue.
    """
    if ":" in kind:
        return None
    return _find_own_class(name, kind) or family_classes(name).get(kind)


@cache
def _find_own_class(name: str, kind: str) -> type[Model] | None:
    """Return the class of a kind of the package; None if there is none."""
    base, package = FAMILIES[name]
    likely = (kind.replace("-", "_"), name, "classics", "python_function")
    known = sorted(_list_modules(package), key=lambda module: likely.index(module) if module in likely else len(likely))
    for module in known:
        place = f"{package.__name__}.{module}"
        for cls in vars(importlib.import_module(place)).values():
            if _is_catalogued_class(cls, base, place) and kind_of(cls) == kind:
                found: type[Model] = cls
                return found
    return None


@cache
def _list_modules(package: ModuleType) -> tuple[str, ...]:
    """Return the names of the modules of a package, looked for once."""
    return tuple(info.name for info in pkgutil.iter_modules(package.__path__))


@cache
def find_plugins() -> tuple[EntryPoint, ...]:
    """Return the entry points of installed plugins. The result is cached: all packages installed are looked through."""
    return tuple(entry_points(group=PLUGINS))


def _import_plugin(point: EntryPoint) -> ModuleType:
    """Import the module of an entry point. It is third-party code, so any exception may come from it."""
    try:
        return importlib.import_module(point.module)
    except Exception as error:
        raise CatalogueError(
            f"plugin must be a module that imports, got {point.name} = {point.value} "
            f"({type(error).__name__}: {error}). Fix it, or uninstall the package that provides it."
        ) from None


def is_installed(model: Model) -> bool:
    """Return whether the class of a model is the package's own or that of an installed plugin, and not a user's."""
    cls = type(model)
    families = [name for name, (base, _) in FAMILIES.items() if issubclass(cls, base)]
    return any(find_class(name, kind_of(cls)) is cls for name in families)


def _is_catalogued_class(cls: Any, base: type[Model], module: str) -> bool:
    """Return whether an object is a class that the module itself defines and that a YAML can name."""
    return (
        inspect.isclass(cls)
        and issubclass(cls, base)
        and cls is not base
        and cls.__module__ == module
        and getattr(cls, "catalogued", True)
        and kind_of(cls) != ""
    )


def kind_of(cls: type[Model]) -> str:
    """Return the kind that a class declares by `kind: Literal["..."]`, or "" for a base class."""
    field = cls.model_fields.get("kind")
    if field is None or typing.get_origin(field.annotation) is not typing.Literal:
        return ""
    return str(typing.get_args(field.annotation)[0])


def _qualified_name(cls: type) -> str:
    return f"{cls.__module__}.{cls.__name__}"


def resolve_class(name: str, kind: str, base: str | None = None) -> type[Model]:
    """Return the class of a kind.

    Args:
        name: The family, in the singular ("agent") or the plural ("agents").
        kind: A known kind, or a class in a file or a module: "path/to/file.py:Class" or "package.module:Class".
        base: The directory in which relative paths of files start.

    Raises:
        CatalogueError: If there is no such class. The message suggests the nearest known kind.
    """
    name = PLURALS.get(name, name)
    # A plugin may have a kind of the same name, which is a mistake: with plugins, the whole family is looked through.
    found = family_classes(name).get(kind) if find_plugins() else find_class(name, kind)
    if found is not None:
        return found
    if ":" in kind:
        return _load_user_class(name, kind, base)
    cure = _suggest_kind(name, kind)
    raise CatalogueError(f"kind must be a known {name}, got {kind!r}. {cure}")


def _suggest_kind(name: str, kind: str) -> str:
    """Return what was probably meant by an unknown kind: a kind of another family, or the nearest one."""
    known = family_classes(name)
    of = next((other for other in FAMILIES if kind in family_classes(other)), None)
    if of is None:
        near = get_close_matches(kind, known, n=1)
        return f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(known)}."
    if name == "policy" and of in POLICY_CHOICES:
        return f"It is a {of} rule of composed: write {{kind: composed, {of}: {kind}}}."
    return f"It is a kind of {of}. Known: {', '.join(known)}."


def _load_user_class(name: str, reference: str, base: str | None) -> type[Model]:
    wanted = FAMILIES[name][0]
    try:
        cls = load_object(reference, "kind", base)
    except LandscapeError as error:
        raise CatalogueError(str(error)) from None
    if not (inspect.isclass(cls) and issubclass(cls, wanted)):
        raise CatalogueError(
            f"kind must name a subclass of {wanted.__name__}, got {reference!r}. Derive it from that class."
        )
    kind = kind_of(cls)
    if not kind:
        raise CatalogueError(f'kind must name a class with `kind: Literal["..."] = "..."`, got {reference!r}. Add it.')
    known = family_classes(name).get(kind)
    if known is not None:
        place = reference if is_python_file(reference.rpartition(":")[0]) else _qualified_name(cls)
        raise CatalogueError(
            f"kind must be unique among the {name} classes, got {kind!r} in {_qualified_name(known)} and in {place}. "
            "Rename it."
        )
    found: type[Model] = cls
    return found


def list_entries(name: str) -> list[CatalogueEntry]:
    """Return all kinds of a family with their settings, for lists and tables."""
    return [_describe_class(kind, cls) for kind, cls in family_classes(PLURALS.get(name, name)).items()]


def _describe_class(kind: str, cls: type[Model]) -> CatalogueEntry:
    settings = tuple(
        (field_name, type_name(field.annotation), default_text(field), field.description or "")
        for field_name, field in cls.model_fields.items()
        if field_name != "kind" and not field.exclude
    )
    return CatalogueEntry(kind, class_summary(cls), settings, cls.on_choices if issubclass(cls, Agent) else "")


def class_summary(cls: type[Model]) -> str:
    """Return the first paragraph of a class's docstring, on one line."""
    return " ".join((inspect.getdoc(cls) or "").split("\n\n")[0].split())


def type_name(annotation: Any) -> str:
    """Describe a type in the words of YAML, e.g. "whole number | null"."""
    if annotation is type(None):
        return "null"
    for name in ("budget", "radius", "sharing"):
        if annotation is FAMILIES[name][0]:
            return " | ".join(family_classes(name))
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal:
        return " | ".join(str(a) for a in arguments)
    if origin is typing.Annotated:
        return type_name(arguments[0])
    if origin in (tuple, list):
        return f"list of {type_name(arguments[0])}" if arguments else "list"
    if arguments:
        return " | ".join(type_name(a) for a in arguments)
    names = {"int": "whole number", "float": "number", "str": "text", "bool": "true | false"}
    name = getattr(annotation, "__name__", str(annotation))
    return names.get(name, name)


def default_text(field: Any) -> str:
    """Return a field's default as a YAML would have it, or "required" where there is none."""
    if field.default is PydanticUndefined:
        return "required" if field.default_factory is None else str(field.default_factory())
    value = field.default
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return str(getattr(value, "kind", value))
