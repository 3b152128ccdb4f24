"""The page of all keys of an experiment's YAML, from its JSON schema."""

from __future__ import annotations

import json
from collections.abc import Iterator

from searchparty.experiments.spec.models import Experiment
from searchparty.experiments.spec.schema import experiment_schema

from .markdown import JsonObject, code, describe_range, describe_type, escape, table

HEAD = ("key", "value", "default", "what it means")
MOST_DEFAULT = 40
"""A longer default is one of a mapping, whose keys have rows of their own."""
FAMILIES = {
    "landscape": ("landscapes", "landscapes.md"),
    "agent": ("agents", "agents.md"),
    "policy": ("policies", "policies.md"),
    "budget": ("budget choices", "policies.md"),
    "radius": ("radius choices", "policies.md"),
    "sharing": ("sharing choices", "policies.md"),
}


def keys_page() -> str:
    """Every key: of the experiment, of its parts, of a strategy, and the kinds that it can name."""
    schema = experiment_schema()
    top = schema["properties"]
    nested = [name for name, each in top.items() if any(_objects(each))]
    parts = ["## The experiment\n\n", table(HEAD, (_row(name, each, _is_required(name)) for name, each in top.items()))]
    for name in nested:
        for each in _objects(top[name]):
            kind = each["properties"].get("kind", {}).get("const")
            title = f"`{name}`" if kind is None else f"`{name}`: kind {kind}"
            parts.append(f"## {title}\n\n" + table(HEAD, _rows(name, each)))
    parts.append("## A strategy\n\n" + table(HEAD, _rows("strategies.NAME", schema["$defs"]["strategy"])))
    parts.append("## A member of the team\n\n" + table(HEAD, _member_rows(schema)))
    parts.append("## Kinds\n\n" + "".join(_kinds(schema, family) for family in FAMILIES))
    return "".join(parts)


def _objects(schema: JsonObject) -> Iterator[JsonObject]:
    """The mappings with named keys that a value may be."""
    for each in (schema, *schema.get("anyOf", ())):
        if each.get("properties"):
            yield each


def _is_required(name: str) -> bool:
    """Whether an experiment must have a key, if only in a sweep, which the schema cannot say."""
    return Experiment.model_fields[name].is_required()


def _row(path: str, schema: JsonObject, required: bool = False) -> tuple[str, ...]:
    default = "required" if required else json.dumps(schema["default"]) if "default" in schema else ""
    what = schema.get("description", "")
    kind = "mapping" if "properties" in schema else describe_type(schema)
    shown = code(default) if len(default) < MOST_DEFAULT else "see its keys"
    value = ", ".join(filter(None, [kind, escape(describe_range(schema))]))
    return code(path), value, shown, escape(what)


def _rows(path: str, schema: JsonObject) -> Iterator[tuple[str, ...]]:
    """A row for each key of a mapping, and of the mappings in it."""
    for name, each in schema["properties"].items():
        yield _row(f"{path}.{name}", each)
        for inner in _objects(each):
            yield from _rows(f"{path}.{name}", inner)


def _member_rows(schema: JsonObject) -> Iterator[tuple[str, ...]]:
    member = next(each for each in _objects(schema["$defs"]["agent"]) if "count" in each["properties"])
    yield code("strategies.NAME.agents[].kind"), "text", "", "The kind of agent; its settings are keys beside it."
    for name in ("count", "name"):
        yield _row(f"strategies.NAME.agents[].{name}", member["properties"][name])


def _kinds(schema: JsonObject, family: str) -> str:
    title, page = FAMILIES[family]
    kinds = next(part["enum"] for part in _alternatives(schema["$defs"][family]) if "enum" in part)
    links = ", ".join(f"[{kind}](#{family}-{kind})" for kind in kinds)
    return f"**[{title[0].upper()}{title[1:]}]({page})**: {links}.\n\n"


def _alternatives(schema: JsonObject) -> Iterator[JsonObject]:
    for each in schema.get("anyOf", ()):
        yield each
        yield from _alternatives(each)
