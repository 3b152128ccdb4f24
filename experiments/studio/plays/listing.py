"""What the playground offers: the catalogue as the page's lists want it, with cards and limits."""

from __future__ import annotations

from typing import Any

from ....landscapes.bbob import FUNCTION_NAMES
from ....landscapes.landscape import Model
from ...spec import catalogue
from .limits import LIMITS
from .offer import offered_classes

FAMILY_BY_PLURAL = {"policies": "policy", "budgets": "budget", "radii": "radius", "sharings": "sharing"}


def playground_offer() -> dict[str, Any]:
    """Landscapes with their settings, agents, policies and choices, by kind; their cards; the limits."""
    return {
        **{plural: list(offered_classes(family)) for plural, family in FAMILY_BY_PLURAL.items()},
        "landscapes": [_landscape_offer(kind, cls) for kind, cls in offered_classes("landscape").items()],
        "agents": [{"kind": kind} for kind in offered_classes("agent")],
        "bbob": list(FUNCTION_NAMES),
        "cards": card_texts(),
        "limits": LIMITS.model_dump(mode="json"),
    }


def card_texts() -> dict[str, dict[str, str]]:
    """The cards of all agents, policies and choices that are known, by family and kind."""
    families = {"agents": "agent", **FAMILY_BY_PLURAL}
    return {
        plural: {k: card_text(cls) for k, cls in catalogue.family_classes(name).items()}
        for plural, name in families.items()
    }


def card_text(cls: type[Model]) -> str:
    """A class explained in two sentences; where it has no card, as its docstring begins."""
    return cls.card or catalogue.class_summary(cls)


def _landscape_offer(kind: str, cls: type[Model]) -> dict[str, Any]:
    """A landscape's numbers and switches with their bounds and defaults."""
    properties = cls.model_json_schema()["properties"]
    fields = {
        name: {key: schema[key] for key in ("minimum", "maximum", "default") if key in schema}
        for name, schema in properties.items()
        if name not in ("kind", "seconds") and "const" not in schema
    }
    return {"kind": kind, "summary": catalogue.class_summary(cls), "fields": fields}
