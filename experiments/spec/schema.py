"""The JSON Schema of the YAML, for editors: made from the catalogue, so that a new class needs no other edit."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from ...agents.evaluation.settings import Evaluation
from ...landscapes.landscape import Model
from . import catalogue
from .errors import branches
from .expand import takes_list
from .models import Experiment, RaySettings, SimulatedSettings, StartRegion, Stop
from .team import Entry

Json = dict[str, Any]
CHOICES = ("budget", "radius", "sharing")
REFERENCE: Json = {"type": "string", "pattern": ":", "description": "path/to/file.py:Class or package.module:Class"}


def schema() -> Json:
    """JSON Schema (draft 2020-12) of an experiment's YAML."""
    own = properties(Experiment)
    own |= {
        "region": closed(StartRegion),
        "stop": closed(Stop),
        "evaluation": closed(Evaluation),
        "landscapes": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/landscape"}},
        "strategies": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {"$ref": "#/$defs/strategy"},
        },
        "executor": {"anyOf": [{"enum": ["ray", "simulated"]}, closed(RaySettings), closed(SimulatedSettings)]},
        "sweep": {"type": "object", "additionalProperties": {"type": "array", "minItems": 1}},
    }
    for key, field in Experiment.model_fields.items():
        own[key] = {**own[key], "description": field.description or ""}
    # A swept setting may be left out elsewhere, so that only these are required whatever is swept.
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "searchparty experiment",
        "type": "object",
        "additionalProperties": False,
        "required": ["name", "landscapes", "strategies"],
        "properties": own,
        "$defs": definitions(),
    }


def definitions() -> Json:
    """What the YAML has many of."""
    agent = {"count": properties(Entry)["count"], "name": {"type": "string", "minLength": 1}}
    choices = {choice: {"$ref": f"#/$defs/{choice}"} for choice in CHOICES}
    strategy: Json = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "agents": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/agent"}},
            "policy": {"anyOf": [{"$ref": "#/$defs/policy"}, {"type": "null"}]},
            "concurrency": {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]},
        },
    }
    composed = described("policy", catalogue.policies()["composed"], choices, required=False)
    return {
        "strategy": strategy,
        "landscape": family("landscape", {}, lists=True),
        "agent": family("agent", agent),
        "policy": {"anyOf": [*family("policy", choices)["anyOf"], composed]},
    } | {choice: family(choice, {}) for choice in CHOICES}


def family(name: str, also: Json, lists: bool = False) -> Json:
    """A kind, or a mapping with a kind and its settings."""
    classes = catalogue.family(name)
    kind: Json = {"anyOf": [{"enum": list(classes)}, REFERENCE]}
    found = [described(name, cls, also, lists=lists) for cls in classes.values()]
    foreign: Json = {"type": "object", "required": ["kind"], "properties": {"kind": REFERENCE}}
    several: Json = {"type": "object", "required": ["kind"], "properties": {"kind": {"type": "array", "items": kind}}}
    return {"anyOf": [kind, *found, foreign, *([several] if lists else [])]}


def described(name: str, cls: type[Model], also: Json, required: bool = True, lists: bool = False) -> Json:
    """A mapping that stands for a class; with ``lists`` each scalar setting may be a list or a range."""
    own = properties(cls)
    if lists:
        own = {key: listed(value, cls.model_fields[key].annotation) for key, value in own.items()}
    # Only Composed has choices; `also` holds count and name for agents.
    own |= {key: value for key, value in also.items() if name != "policy" or key in own}
    own["kind"] = {"const": catalogue.kind_of(cls)}
    needed = [key for key, field in cls.model_fields.items() if field.is_required() and not field.exclude]
    summary = " ".join((cls.__doc__ or "").split("\n\n")[0].split())
    return {
        "type": "object",
        "description": summary,
        "additionalProperties": False,
        "required": (["kind"] if required else []) + [key for key in needed if key != "kind"],
        "properties": own,
    }


def listed(value: Json, annotation: Any) -> Json:
    """A setting, a list of them, or a range such as "1-15" of whole numbers."""
    if takes_list(annotation):
        return value
    single: list[Json] = [value]
    if int in branches(annotation) and str not in branches(annotation):
        single.append({"type": "string", "pattern": r"^\s*\d+\s*-\s*\d+\s*$"})
    meant: Json = {key: value[key] for key in ("description", "default") if key in value}
    return {**meant, "anyOf": [*single, {"type": "array", "minItems": 1, "items": {"anyOf": single}}]}


def closed(cls: type[BaseModel]) -> Json:
    """A mapping that stands for a class without a family."""
    own = properties(cls)
    needed = ["kind"] if "kind" in own else []
    return {"type": "object", "additionalProperties": False, "required": needed, "properties": own}


def properties(cls: type[BaseModel]) -> Json:
    """The schema of each setting that a YAML may give."""
    whole = cls.model_json_schema()
    own: Json = whole.get("properties", {})
    return {
        key: {k: v for k, v in value.items() if k != "title"}
        for key, value in _spelt_out(own, whole.get("$defs", {})).items()
        if not cls.model_fields[key].exclude
    }


def _spelt_out(value: Any, defs: Json) -> Any:
    """The same with references within the class's own schema replaced by what they refer to."""
    if isinstance(value, dict):
        reference = value.get("$ref")
        if isinstance(reference, str):
            meant = _spelt_out(defs.get(reference.rpartition("/")[2], {}), defs)
            return {**meant, **{key: each for key, each in value.items() if key != "$ref"}}
        return {key: _spelt_out(each, defs) for key, each in value.items()}
    return [_spelt_out(each, defs) for each in value] if isinstance(value, list) else value
