"""Makes the JSON Schema of the YAML, for editors. It is made from the catalogue, so a new class needs no edit here."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from ...agents.evaluation.settings import Evaluation
from ...agents.sandbox.settings import Sandbox
from ...landscapes.landscape import Model
from . import catalogue
from .errors import union_members
from .expand import accepts_list
from .models import Experiment, LogSettings, RaySettings, SimulatedSettings, StartRegion, Stop
from .team import TeamEntry

JsonObject = dict[str, Any]
REFERENCE_SCHEMA: JsonObject = {
    "type": "string",
    "pattern": ":",
    "description": "path/to/file.py:Class or package.module:Class",
}


def experiment_schema() -> JsonObject:
    """Make the JSON Schema (draft 2020-12) of an experiment's YAML.

    Raises:
        CatalogueError: If a plugin cannot be imported, or if two classes of a family have the same kind.
    """
    own = property_schemas(Experiment)
    own |= {
        "region": model_schema(StartRegion),
        "stop": model_schema(Stop),
        "log": model_schema(LogSettings),
        "evaluation": model_schema(Evaluation),
        "landscapes": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/landscape"}},
        "strategies": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {"$ref": "#/$defs/strategy"},
        },
        "executor": {
            "anyOf": [{"enum": ["ray", "simulated"]}, model_schema(RaySettings), model_schema(SimulatedSettings)]
        },
        "sweep": {"type": "object", "additionalProperties": {"type": "array", "minItems": 1}},
    }
    for key, field in Experiment.model_fields.items():
        own[key] = {**own[key], "description": field.description or ""}
    # A sweep may set any other key, e.g. budget, which may then be left out. Only these are required in every case.
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "searchparty experiment",
        "type": "object",
        "additionalProperties": False,
        "required": ["name", "landscapes", "strategies"],
        "properties": own,
        # The user's own, e.g. for anchors.
        "patternProperties": {"^x-": {}},
        "$defs": shared_definitions(),
    }


def shared_definitions() -> JsonObject:
    """Make the definitions to which the schema refers: strategy, landscape, agent, policy and the policy's choices."""
    sandbox = model_schema(Sandbox)
    agent = {"count": property_schemas(TeamEntry)["count"], "name": {"type": "string", "minLength": 1}}
    choices = {choice: {"$ref": f"#/$defs/{choice}"} for choice in catalogue.POLICY_CHOICES}
    strategy: JsonObject = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "agents": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/agent"}},
            "policy": {"anyOf": [{"$ref": "#/$defs/policy"}, {"type": "null"}]},
            "concurrency": {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]},
        },
    }
    composed = class_schema("policy", catalogue.policy_classes()["composed"], choices, required=False)
    return {
        "strategy": strategy,
        "landscape": family_schema("landscape", {}, lists=True),
        "agent": family_schema("agent", agent, sandbox=sandbox),
        "policy": {"anyOf": [*family_schema("policy", choices, sandbox=sandbox)["anyOf"], composed]},
    } | {choice: family_schema(choice, {}) for choice in catalogue.POLICY_CHOICES}


def family_schema(name: str, also: JsonObject, lists: bool = False, sandbox: JsonObject | None = None) -> JsonObject:
    """Make the schema of a family: a kind, or a mapping with a kind and its settings.

    Args:
        name: The family, e.g. "landscape".
        also: Schemas of keys that the YAML may give beside a class's own settings.
        lists: Whether a scalar setting, and the kind, may be given as a list.
        sandbox: The schema of the key ``sandbox`` of a class in a file; None where there is no such key.
    """
    classes = catalogue.family_classes(name)
    kind: JsonObject = {"anyOf": [{"enum": list(classes)}, REFERENCE_SCHEMA]}
    found = [class_schema(name, cls, also, lists=lists) for cls in classes.values()]
    foreign: JsonObject = {"type": "object", "required": ["kind"], "properties": {"kind": REFERENCE_SCHEMA}}
    if sandbox is not None:
        foreign["properties"]["sandbox"] = sandbox
    several: JsonObject = {
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"type": "array", "items": kind}},
    }
    return {"anyOf": [kind, *found, foreign, *([several] if lists else [])]}


def class_schema(
    name: str, cls: type[Model], also: JsonObject, required: bool = True, lists: bool = False
) -> JsonObject:
    """Make the schema of a mapping for one class; with ``lists``, each scalar setting may be a list or a range."""
    own = property_schemas(cls)
    if lists:
        own = {key: listable_schema(value, cls.model_fields[key].annotation) for key, value in own.items()}
    # Of the policies, only Composed takes the choices in `also`. For agents, `also` holds count and name.
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


def listable_schema(value: JsonObject, annotation: Any) -> JsonObject:
    """Make the schema of a setting that may be a value, a list of values, or a range such as "1-15" of whole numbers.

    A setting of which a list is itself a value is returned unchanged.
    """
    if accepts_list(annotation):
        return value
    single: list[JsonObject] = [value]
    if int in union_members(annotation) and str not in union_members(annotation):
        single.append({"type": "string", "pattern": r"^\s*\d+\s*-\s*\d+\s*$"})
    meant: JsonObject = {key: value[key] for key in ("description", "default") if key in value}
    return {**meant, "anyOf": [*single, {"type": "array", "minItems": 1, "items": {"anyOf": single}}]}


def model_schema(cls: type[BaseModel]) -> JsonObject:
    """Make the schema of a mapping for a class that belongs to no family."""
    own = property_schemas(cls)
    needed = ["kind"] if "kind" in own else []
    return {"type": "object", "additionalProperties": False, "required": needed, "properties": own}


def property_schemas(cls: type[BaseModel]) -> JsonObject:
    """Return the schema of each setting that a YAML may give to a class, by name."""
    whole = cls.model_json_schema()
    own: JsonObject = whole.get("properties", {})
    return {
        key: {k: v for k, v in value.items() if k != "title"}
        for key, value in _inline_references(own, whole.get("$defs", {})).items()
        if not cls.model_fields[key].exclude
    }


def _inline_references(value: Any, defs: JsonObject) -> Any:
    """Return a schema with each reference replaced by the definition to which it refers."""
    if isinstance(value, dict):
        reference = value.get("$ref")
        if isinstance(reference, str):
            meant = _inline_references(defs.get(reference.rpartition("/")[2], {}), defs)
            return {**meant, **{key: each for key, each in value.items() if key != "$ref"}}
        return {key: _inline_references(each, defs) for key, each in value.items()}
    return [_inline_references(each, defs) for each in value] if isinstance(value, list) else value
