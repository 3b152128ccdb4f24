"""Reads and writes the YAML of an experiment. No other module uses the YAML library.

Reading is safe: it makes only text, numbers, true/false, null, lists and mappings, and it refuses a text that is too
large, nested too deep, or too large with its aliases spelt out, before any value is made.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from .errors import KeyPath, SourcePositions, SpecError, format_path, format_problem, quote

MOST_NODES = 100_000
MOST_YAML_DEPTH = 50
FLOAT_PATTERN = re.compile(
    r"[-+]?(?:\d[\d_]*\.[\d_]*(?:[eE][-+]?\d+)?|\.\d[\d_]*(?:[eE][-+]?\d+)?|\d[\d_]*[eE][-+]?\d+"
    r"|\.(?:inf|Inf|INF))|\.(?:nan|NaN|NAN)"
)
INT_PATTERN = re.compile(r"[-+]?(?:0x[0-9a-fA-F_]+|\d[\d_]*)")


class _InvalidYaml(Exception):
    """The text is not valid YAML of an experiment.

    Attributes:
        field: The key or the part of the YAML that breaks the rule.
        rule: What it must be.
        got: What it is.
        line: Its line, from 1; None if unknown.
        cure: What to do about it.
    """

    def __init__(self, field: str, rule: str, got: str, line: int | None, cure: str) -> None:
        super().__init__(rule)
        self.field, self.rule, self.got, self.line, self.cure = field, rule, got, line, cure


class _Loader(yaml.SafeLoader):
    """A loader with the scalars of YAML 1.2 (1e-3 is a number; no, on and 1:30 are text) that limits size and depth."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._nodes = self._depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        self._nodes, self._depth = self._nodes + 1, self._depth + 1
        line = self.line + 1
        if self._depth > MOST_YAML_DEPTH:
            raise _InvalidYaml("YAML", f"be nested at most {MOST_YAML_DEPTH} deep", "more", line, "Flatten it.")
        if self._nodes > MOST_NODES:
            raise _InvalidYaml("YAML", f"have at most {MOST_NODES:,} values", "more", line, "Split it into several.")
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


class _Dumper(yaml.SafeDumper):
    """A dumper that also quotes text which only our loader would read as a number."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


for _cls in (_Loader, _Dumper):
    _cls.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), None)
    _cls.add_implicit_resolver(
        "tag:yaml.org,2002:float", re.compile(f"^(?:{FLOAT_PATTERN.pattern})$"), list("-+0123456789.")
    )
    _cls.add_implicit_resolver(
        "tag:yaml.org,2002:int", re.compile(f"^(?:{INT_PATTERN.pattern})$"), list("-+0123456789")
    )
    _cls.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:merge", re.compile(r"^<<$"), ["<"])


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    # In styles other than double quotes, PyYAML writes some line separators unescaped, and reads them back as spaces.
    plain = text.replace("\n", "").isprintable()
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


_Dumper.add_representer(str, _represent_text)


def parse_yaml(text: str, name: str = "<text>") -> tuple[dict[str, Any], SourcePositions]:
    """Parse a YAML text that holds a mapping.

    Args:
        text: The YAML.
        name: What messages call the text, e.g. its file.

    Returns:
        The mapping, and the position of each of its keys.

    Raises:
        SpecError: If the text is empty, is not valid YAML, or holds something else than a mapping.
    """
    found = parse_text(text, name, "")
    if found is None:
        cure = "Start from a bundled one, e.g. quickstart."
        raise SpecError([format_problem("experiment", "have settings", "an empty file", f" ({name})", cure)])
    data, lines = found
    if not isinstance(data, dict):
        rule, cure = "be a mapping (key: value)", "Start with a line such as name: my-experiment."
        raise SpecError([format_problem("experiment", rule, quote(data), f" ({name}:{lines.get((), 1)})", cure)])
    return data, SourcePositions({(): name} | {path: f"{name}:{line}" for path, line in lines.items() if path})


def parse_text(text: str, name: str, option: str) -> tuple[Any, dict[KeyPath, int]] | None:
    """Parse a YAML text.

    Args:
        text: The YAML.
        name: What messages call the text.
        option: The option of the command line that holds the text; "" for a file. Messages on an option have no line.

    Returns:
        The data and the line of each path, or None if the text is empty.

    Raises:
        SpecError: If the text is not valid YAML, or is too large or nested too deep.
    """
    try:
        node = _compose_root(text)
        if node is None:
            return None
        _check_expanded_size(node)
        lines: dict[KeyPath, int] = {(): node.start_mark.line + 1}
        return _build_value(node, (), lines), lines
    except _InvalidYaml as error:
        line = "" if error.line is None or option else f":{error.line}"
        raise SpecError([format_problem(error.field, error.rule, error.got, f" ({name}{line})", error.cure)]) from None


def _compose_root(text: str) -> Any:
    try:
        return _Loader(text).get_single_node()
    except _InvalidYaml:
        raise
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        got = f"character U+{error.character:04X}"
        raise _InvalidYaml("YAML", "be printable text", got, line, "Remove it.") from None
    except yaml.MarkedYAMLError as error:
        raise _explain_yaml_error(error) from None
    except Exception as error:
        # For a few malformed texts (e.g. escapes beyond Unicode), PyYAML raises exceptions that are not its own.
        raise _InvalidYaml("YAML", "be well-formed", f"{type(error).__name__}: {error}", None, "Correct it.") from None


def _explain_yaml_error(error: yaml.MarkedYAMLError) -> _InvalidYaml:
    mark = error.problem_mark or error.context_mark
    line = None if mark is None else mark.line + 1
    problem = error.problem or "an unknown error"
    if "'\\t'" in problem:
        return _InvalidYaml("YAML", "be indented by spaces", "a tab", line, "Replace tabs with spaces.")
    if "but found another document" in problem:
        return _InvalidYaml("YAML", "be one document", "a second one", line, "Remove what follows the ---.")
    if "undefined alias" in problem:
        return _InvalidYaml(
            "YAML",
            "define each anchor before its alias",
            f"an {problem.removeprefix('found ')}",
            line,
            "Define it with &name.",
        )
    context = f", {error.context}" if error.context else ""
    cure = "Check the indentation, and put text with : # { [ * & in quotes."
    return _InvalidYaml("YAML", "be well-formed", f"a syntax error: {problem}{context}", line, cure)


def _check_expanded_size(node: Any) -> None:
    """Raise _InvalidYaml if the data would be too large, too deep or endless with all aliases spelt out."""
    sizes: dict[int, tuple[int, int]] = {}
    open_nodes: set[int] = set()

    def measure_node(node: Any) -> tuple[int, int]:
        """Return (values, depth) of a node, itself included. The loader has limited the depth of this recursion."""
        key, line = id(node), node.start_mark.line + 1
        if key in sizes:
            return sizes[key]
        if key in open_nodes:
            raise _InvalidYaml("YAML", "be finite", "an anchor that contains itself", line, "Remove its alias.")
        open_nodes.add(key)
        size, depth = 1, 0
        for child in _child_nodes(node):
            inner, below = measure_node(child)
            size, depth = size + inner, max(depth, below)
        if size > MOST_NODES:
            cure = "Use fewer aliases, or split it into several experiments."
            raise _InvalidYaml(
                "YAML", f"have at most {MOST_NODES:,} values after aliases are expanded", "more", line, cure
            )
        if depth >= MOST_YAML_DEPTH:
            raise _InvalidYaml("YAML", f"be nested at most {MOST_YAML_DEPTH} deep", "more", line, "Flatten it.")
        open_nodes.discard(key)
        sizes[key] = (size, depth + 1)
        return sizes[key]

    measure_node(node)


def _child_nodes(node: Any) -> list[Any]:
    if isinstance(node, yaml.MappingNode):
        return [each for pair in node.value for each in pair]
    return node.value if isinstance(node, yaml.SequenceNode) else []


def _build_value(node: Any, path: KeyPath, lines: dict[KeyPath, int]) -> Any:
    """Build the plain data of a node, and record the line of each path in ``lines``."""
    tag = node.tag.removeprefix("tag:yaml.org,2002:")
    if isinstance(node, yaml.MappingNode) and tag == "map":
        return _build_mapping(node, path, lines)
    if isinstance(node, yaml.SequenceNode) and tag == "seq":
        made = []
        for index, child in enumerate(node.value):
            lines[(*path, index)] = child.start_mark.line + 1
            made.append(_build_value(child, (*path, index), lines))
        return made
    if isinstance(node, yaml.ScalarNode) and tag in ("str", "int", "float", "bool", "null", "merge"):
        return _build_scalar(node, tag, path)
    cure = "Remove the tag: only text, numbers, true/false, null, lists and mappings are read."
    raise _InvalidYaml(format_path(path), "be plain data", f"the tag !!{tag}", node.start_mark.line + 1, cure)


def _build_mapping(node: Any, path: KeyPath, lines: dict[KeyPath, int]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    seen: dict[str, int] = {}
    merged: list[Any] = []
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if key_node.tag == "tag:yaml.org,2002:merge":
            merged += value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]
            continue
        if not isinstance(key_node, yaml.ScalarNode) or key_node.tag != "tag:yaml.org,2002:str":
            got = quote(key_node.value) if isinstance(key_node, yaml.ScalarNode) else "a list or a mapping"
            raise _InvalidYaml(f"a key of {format_path(path)}", "be text", got.strip("'"), line, "Put it in quotes.")
        key = key_node.value
        if key in seen:
            got = f"{key!r} in line {seen[key]} and in line {line}"
            raise _InvalidYaml(format_path((*path, key)), "be given once", got, line, "Remove one of them.")
        seen[key] = lines[(*path, key)] = line
        made[key] = _build_value(value_node, (*path, key), lines)
    for other in merged:
        if not isinstance(other, yaml.MappingNode):
            line = other.start_mark.line + 1
            raise _InvalidYaml(
                format_path((*path, "<<")), "be an alias of a mapping", "something else", line, "Write <<: *name."
            )
        inner: dict[KeyPath, int] = {}
        for key, value in _build_mapping(other, path, inner).items():
            # The mapping's own keys take precedence over merged ones, and earlier merges over later ones.
            if key not in made:
                made[key] = value
                lines |= {place: line for place, line in inner.items() if place[: len(path) + 1] == (*path, key)}
    return made


def _build_scalar(node: Any, tag: str, path: KeyPath) -> Any:
    text = str(node.value)
    if tag in ("str", "merge"):
        return text
    if tag == "null":
        return None
    if tag == "bool" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    digits = text.replace("_", "")
    try:
        if tag == "int":
            return int(digits, 16 if "0x" in digits else 10)
        if tag == "float":
            return float(digits.lower().replace(".inf", "inf").replace(".nan", "nan"))
    except ValueError:
        pass
    got = quote(text)
    raise _InvalidYaml(
        format_path(path), f"be a valid {tag}", got, node.start_mark.line + 1, "Change it, or put it in quotes."
    )


def dump_yaml(data: Mapping[str, Any]) -> str:
    """Write plain data as YAML that reads back to the same data."""
    text: str = yaml.dump(dict(data), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    return text
