"""Markdown of tables, types and docstrings, for all generated pages."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from inspect import cleandoc
from typing import Any

JsonObject = Mapping[str, Any]
GOOGLE_SECTION = re.compile(r"^(Args|Attributes|Examples?|Raises|Returns|Yields|Notes?):\s*$", re.MULTILINE)
CODE = re.compile(r"(``.+?``|`[^`]+`)", re.DOTALL)
TYPES = {"integer": "whole number", "number": "number", "string": "text", "boolean": "true or false", "null": "null"}
EXAMPLES = {
    r"^\d+ ?\*? ?D$": "100 D",
    r"^[\d.]+ ?[KMGTkmgt]?i?B?$": "2 GB",
    r"^\s*\d+\s*-\s*\d+\s*$": "1-5",
    ":": "path/to/file.py:Class",
}
"""What a reader understands better than a pattern."""
LIMITS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}


def escape(text: str) -> str:
    """Escape what Markdown would take for markup, outside code spans."""
    parts = CODE.split(text)
    return "".join(part if i % 2 else re.sub(r"([*_<>\[\]\\$|~^{}])", r"\\\1", part) for i, part in enumerate(parts))


def code(text: str) -> str:
    """A code span for a table cell."""
    return "`" + text.replace("|", "\\|") + "`" if text else ""


def docstring_prose(cls: type) -> str:
    """The paragraphs of a class's own docstring before its first section, such as "Attributes:"."""
    text = cleandoc(cls.__doc__ or "")
    found = GOOGLE_SECTION.search(text)
    return escape((text if found is None else text[: found.start()]).strip())


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose cells are Markdown; a blank line follows."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(' '.join(cell.split()) for cell in line)} |\n" for line in lines) + "\n"


def describe_range(schema: JsonObject) -> str:
    """The limits of a value, e.g. "> 0, ≤ 1"; of alternatives, those that any of them states."""
    parts = [schema, *schema.get("anyOf", ())]
    limits = [f"{sign}\u00a0{_number(part[key])}" for part in parts for key, sign in LIMITS.items() if key in part]
    counts = [f"at least {part['minItems']} of them" for part in parts if "minItems" in part]
    return ", ".join(dict.fromkeys(limits + counts))


def describe_type(schema: JsonObject) -> str:
    """The type of a value as a reader of YAML would put it."""
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(describe_type(part) for part in schema["anyOf"]))
    if "enum" in schema:
        return " or ".join(code(str(value)) for value in schema["enum"])
    if "const" in schema:
        return code(str(schema["const"]))
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if schema.get("type") == "array":
        return "list" + (f" of {describe_type(schema['items'])}" if "items" in schema else "")
    if "pattern" in schema:
        pattern = schema["pattern"]
        return f"text like {code(EXAMPLES[pattern])}" if pattern in EXAMPLES else f"text that matches {code(pattern)}"
    return TYPES.get(schema.get("type", ""), "mapping")


def _number(value: float) -> str:
    if value > 1e12 and math.log2(value).is_integer():
        return f"2^{math.log2(value):.0f}"
    return f"{int(value):,}" if float(value).is_integer() else str(value)
