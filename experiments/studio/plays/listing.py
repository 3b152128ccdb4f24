"""The catalogue that the page gets: what the playground offers, with explanations (cards) and limits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ....landscapes.bbob import FUNCTION_NAMES
from ....landscapes.landscape import Model
from ...glossary import SETTINGS, TERMS
from ...spec import catalogue
from .limits import LIMITS
from .offer import NETWORK_PLANE, offered_classes

FAMILY_BY_PLURAL = {"policies": "policy", "budgets": "budget", "radii": "radius", "sharings": "sharing"}

CARD_FAMILIES = {"agents": "agent", **FAMILY_BY_PLURAL}


def playground_offer() -> dict[str, Any]:
    """Return the landscapes with their settings, agents, policies and choices by kind, their cards, and the limits."""
    return {
        **{plural: list(offered_classes(family)) for plural, family in FAMILY_BY_PLURAL.items()},
        "landscapes": [_landscape_offer(kind, cls) for kind, cls in offered_classes("landscape").items()],
        "agents": [{"kind": kind} for kind in offered_classes("agent")],
        "bbob": list(FUNCTION_NAMES),
        "cards": card_texts(),
        "terms": dict(TERMS),
        "settings": dict(SETTINGS),
        "limits": LIMITS.model_dump(mode="json"),
    }


def card_texts() -> dict[str, dict[str, str]]:
    """Return the cards of all known agents, policies and choices, by family and kind."""
    return {
        plural: {kind: card_text(cls) for kind, cls in catalogue.family_classes(name).items()}
        for plural, name in CARD_FAMILIES.items()
    }


def card_texts_of(runs: Iterable[dict[str, Any]]) -> dict[str, dict[str, str]]:
    """Return the cards of the agents, the policies and the choices of these runs, by family and kind.

    Only what they name is imported, and what is not in the catalogue has no card.

    Args:
        runs: The settings of the runs.
    """
    wanted: dict[str, dict[str, None]] = {plural: {} for plural in CARD_FAMILIES}
    for settings in runs:
        wanted["agents"] |= {agent["kind"]: None for _, agent in settings["team"]}
        policy = settings["policy"]
        wanted["policies"][policy["kind"]] = None
        for plural, name in FAMILY_BY_PLURAL.items():
            if isinstance(policy.get(name), dict):
                wanted[plural][policy[name]["kind"]] = None
    found = {
        plural: {kind: catalogue.find_class(CARD_FAMILIES[plural], kind) for kind in kinds}
        for plural, kinds in wanted.items()
    }
    return {plural: {k: card_text(cls) for k, cls in classes.items() if cls} for plural, classes in found.items()}


def card_text(cls: type[Model]) -> str:
    """Return the card of a class, an explanation in two sentences, or else the beginning of its docstring."""
    return cls.card or catalogue.class_summary(cls)


def _landscape_offer(kind: str, cls: type[Model]) -> dict[str, Any]:
    """Return a landscape's kind, its summary, and its settings with their bounds and defaults."""
    properties = cls.model_json_schema()["properties"]
    fields = {
        name: {key: schema[key] for key in ("minimum", "maximum", "default") if key in schema}
        for name, schema in properties.items()
        if name not in ("kind", "seconds") and "const" not in schema and kind != NETWORK_PLANE["kind"]
    }
    return {"kind": kind, "summary": catalogue.class_summary(cls), "fields": fields}
