"""What the playground offers: the catalogue as the page's lists want it, with cards and limits."""

from __future__ import annotations

from typing import Any

from ....landscapes.bbob import NAMES
from ....landscapes.landscape import Model
from ...spec import catalogue
from .limits import LIMITS
from .offer import allowed

FAMILIES = {"policies": "policy", "budgets": "budget", "radii": "radius", "sharings": "sharing"}


def offered() -> dict[str, Any]:
    """Landscapes with their settings, agents, policies and choices, by kind; their cards; the limits."""
    return {
        **{plural: list(allowed(family)) for plural, family in FAMILIES.items()},
        "landscapes": [_landscape(kind, cls) for kind, cls in allowed("landscape").items()],
        "agents": [{"kind": kind} for kind in allowed("agent")],
        "bbob": list(NAMES),
        "cards": card_texts(),
        "limits": LIMITS.model_dump(mode="json"),
    }


def card_texts() -> dict[str, dict[str, str]]:
    """The cards of all agents, policies and choices that are known, by family and kind."""
    families = {"agents": "agent", **FAMILIES}
    return {plural: {k: card(cls) for k, cls in catalogue.family(name).items()} for plural, name in families.items()}


def card(cls: type[Model]) -> str:
    """A class explained in two sentences; where it has no card, as its docstring begins."""
    return cls.card or catalogue.summary(cls)


def _landscape(kind: str, cls: type[Model]) -> dict[str, Any]:
    """A landscape's numbers and switches with their bounds and defaults."""
    properties = cls.model_json_schema()["properties"]
    fields = {
        name: {key: schema[key] for key in ("minimum", "maximum", "default") if key in schema}
        for name, schema in properties.items()
        if name not in ("kind", "seconds") and "const" not in schema
    }
    return {"kind": kind, "summary": catalogue.summary(cls), "fields": fields}
