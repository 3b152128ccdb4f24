"""Describes what is wrong with an experiment: all problems at once, each with its rule, its place and its cure."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from itertools import groupby
from typing import Any

from pydantic import BaseModel, ValidationError

from ...landscapes.landscape import Refusal, escape_unprintable, shorten_quotes
from . import catalogue

KeyPath = tuple[str | int, ...]

RULE_TEXTS = {
    "int_type": "be a whole number",
    "int_parsing": "be a whole number",
    "int_parsing_size": "be a whole number with fewer digits",
    "int_from_float": "be a whole number",
    "float_type": "be a number",
    "float_parsing": "be a number",
    "finite_number": "be a finite number",
    "bool_type": "be true or false",
    "bool_parsing": "be true or false",
    "string_type": "be text",
    "string_too_short": "be text of at least {min_length} characters",
    "string_too_long": "be text of at most {max_length} characters",
    "string_pattern_mismatch": "be text that matches {pattern}",
    "greater_than": "be above {gt}",
    "greater_than_equal": "be at least {ge}",
    "less_than": "be below {lt}",
    "less_than_equal": "be at most {le}",
    "multiple_of": "be a multiple of {multiple_of}",
    "literal_error": "be one of {expected}",
    "list_type": "be a list",
    "tuple_type": "be a list",
    "set_type": "be a list",
    "dict_type": "be a mapping (key: value)",
    "mapping_type": "be a mapping (key: value)",
    "model_type": "be a mapping (key: value)",
    "too_short": "have at least {min_length} entries",
    "too_long": "have at most {max_length} entries",
}
ADVICE_TEXTS = {
    "string_type": "Put it in quotes.",
    "list_type": "Write [a, b], or one entry per line after a dash.",
    "tuple_type": "Write [a, b], or one entry per line after a dash.",
    "int_from_float": "Leave out the fraction.",
}
MOST_OF_KEY = 100
"""The most characters of a key that a message shows: the most that a strategy's name has."""
FEW_WORDS = 2
"""The most words that are all suggested where none is near to what was written."""
# A finished message of a validator or a loader: "<field> must <rule>, got <value>. <What to do>."
MESSAGE_PATTERN = re.compile(r"(?P<field>[\w.-]+) must (?P<rest>.*?got .*?)(?P<cure>\. [A-Z].*)?\.?", re.DOTALL)
OTHER_PATTERN = re.compile(r"(?P<told>.+? must .*?got .*?)(?P<cure>\. [A-Z].*)", re.DOTALL)
"""A message whose first words are no path, such as a key with blanks."""


class SpecError(Refusal):
    """An experiment cannot be run as it is described.

    Attributes:
        problems: One message for each thing to change, without duplicates:
            "<field> must be <rule>, got <value> (<place>). <cure>".

    Example:
        >>> from searchparty import load
        >>> from searchparty.experiments.spec.errors import SpecError
        >>> try:
        ...     load("quickstart", ["repeats=0", "seed=-1"])
        ... except SpecError as error:
        ...     for problem in error.problems:
        ...         print(problem.split(". ")[0])
        seed must be at least 0, got -1 (--set seed=-1)
        repeats must be at least 1, got 0 (--set repeats=0)
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(dict.fromkeys(shorten_quotes(escape_unprintable(each)) for each in problems))
        super().__init__("\n".join(self.problems))


class SourcePositions:
    """The place of each key of an experiment: a file and a line, or an option of the command line."""

    def __init__(self, known: Mapping[KeyPath, str]) -> None:
        self._position_by_path = dict(known)

    def position_suffix(self, path: KeyPath) -> str:
        """Return the place of a key, or of the nearest enclosing key, in parentheses; "" where neither is known."""
        for end in range(len(path), -1, -1):
            if path[:end] in self._position_by_path:
                return f" ({self._position_by_path[path[:end]]})"
        return ""

    def name(self, path: KeyPath) -> str:
        """Return the place of a key without parentheses; "" where it is not known."""
        return self.position_suffix(path)[2:-1]

    def with_override(self, path: KeyPath, place: str) -> SourcePositions:
        """Return these positions with the key at ``path``, and all keys below it, moved to ``place``."""
        kept = {known: where for known, where in self._position_by_path.items() if known[: len(path)] != path}
        return SourcePositions({**kept, path: place})


class ProblemList:
    """Collects the problems of an experiment, and words them.

    Attributes:
        places: The place of each key of the YAML.
        base: The directory in which relative paths start.
        problems: The messages so far.
    """

    def __init__(self, places: SourcePositions, base: str | None = None) -> None:
        self.places, self.base = places, base
        self.problems: list[str] = []

    def report(self, path: KeyPath, rule: str, got: str, cure: str) -> None:
        """Add the problem ``<path> must <rule>, got <got> (<place>). <cure>``."""
        self.problems.append(format_problem(format_path(path), rule, got, self.places.position_suffix(path), cure))

    def report_unknown(self, path: KeyPath, known: Iterable[str], what: str = "setting") -> None:
        """Report that the last key of a path is not one of the known keys."""
        names = sorted(known)
        self.report(path, f"be a known {what}", repr(path[-1]), suggest(str(path[-1]), names))

    def report_message(self, path: KeyPath, message: str) -> None:
        """Report a finished message about something within the path, with the path and the place added to it."""
        found = MESSAGE_PATTERN.fullmatch(message.strip())
        if found is None:
            other = OTHER_PATTERN.fullmatch(message.strip())
            told, cure = (message.strip(), "") if other is None else (other["told"], other["cure"])
            self.problems.append(f"{format_path(path)}: {told}{self.places.position_suffix(path)}{cure}")
            return
        inner: KeyPath = (*path, *found["field"].split("."))
        cure = found["cure"] or ". Change it."
        end = "" if cure[-1] in ".?" else "."
        where = self.places.position_suffix(inner)
        self.problems.append(f"{format_path(inner)} must {found['rest']}{where}{cure}{end}")

    def report_validation_error(
        self,
        error: ValidationError,
        cls: type[BaseModel],
        data: Mapping[str, Any],
        path: KeyPath,
        excused: Iterable[str] = (),
    ) -> None:
        """Report everything that a model refuses in the data at a path, except ``excused`` keys that are missing."""
        for head, group in groupby(error.errors(include_url=False), key=lambda e: e["loc"][:1]):
            same = [e for e in group if e["type"] != "missing" or head[0] not in excused]
            field = cls.model_fields.get(str(head[0])) if head else None
            if field is not None and len(same) > 1 and len(union_members(field.annotation)) > 1:
                # Each member of a union gives an error of its own. Say instead what all of them together accept.
                rule, cure = f"be {describe_type(field.annotation)}", "Write one of these."
                if any(e["type"] == "finite_number" for e in same):
                    rule, cure = "have finite numbers only", "Write numbers that are neither infinite nor nan."
                self.report((*path, *head), rule, quote(data.get(str(head[0]))), cure)
            else:
                for detail in same:
                    self._report_detail(detail, cls, path)

    def _report_detail(self, detail: Any, cls: type[BaseModel], path: KeyPath) -> None:
        kind, loc, value = detail["type"], tuple(detail["loc"]), detail["input"]
        where: KeyPath = (*path, *loc)
        cls, loc = owning_model(cls, loc)
        context = detail.get("ctx", {})
        if kind == "missing":
            field = cls.model_fields.get(str(loc[0]))
            hint = f" ({field.description.rstrip('.')})" if field is not None and field.description else ""
            self.report(where, "be given", "nothing", f"Add {loc[-1]}: ...{hint}.")
        elif kind == "extra_forbidden":
            self.report_unknown(where, setting_names(cls) if len(loc) == 1 else ())
        elif kind in ("value_error", "assertion_error"):
            message = str(context.get("error", detail["msg"]))
            # A validator of one field names that field itself; a validator of a whole model may name any field.
            self.report_message(where[:-1] if loc and message.startswith(f"{loc[-1]} ") else where, message)
        elif kind == "literal_error":
            choices = re.findall(r"'([^']*)'", str(context["expected"]))
            self.report(
                where, f"be one of {', '.join(choices)}", quote(value), suggest(str(value), choices, listed=False)
            )
        elif kind in RULE_TEXTS:
            rule = RULE_TEXTS[kind].format(**context)
            self.report(where, rule, quote(value), ADVICE_TEXTS.get(kind, advice_for(cls, loc)))
        else:
            self.report(where, f"be valid ({detail['msg']})", quote(value), advice_for(cls, loc))


def owning_model(cls: type[BaseModel], loc: KeyPath) -> tuple[type[BaseModel], KeyPath]:
    """Return the innermost model that a key belongs to, and the key's path within that model."""
    while len(loc) > 1 and (field := cls.model_fields.get(str(loc[0]))) is not None:
        inner = field.annotation
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            break
        cls, loc = inner, loc[1:]
    return cls, loc


def format_problem(field: str, rule: str, got: str, place: str, cure: str) -> str:
    """Format a problem as all problems are formatted: ``<field> must <rule>, got <got><place>. <cure>``."""
    return f"{field} must {rule}, got {got}{place}. {cure}"


def format_path(path: KeyPath) -> str:
    """Format a path as ``--set`` accepts it: keys and indices separated by dots."""
    keys = (str(key) if len(str(key)) <= MOST_OF_KEY else f"{str(key)[: MOST_OF_KEY - 3]}..." for key in path)
    return ".".join(keys) or "experiment"


def suggest(word: str, known: Iterable[str], listed: bool = True) -> str:
    """Suggest the known word that is nearest to a misspelt one, or list the known words where none is near."""
    names = list(known)
    close = get_close_matches(word, names, n=1)
    if close:
        return f"Did you mean {close[0]!r}?"
    if not names:
        return "Leave it out."
    if len(names) <= FEW_WORDS:
        return f"Did you mean {' or '.join(map(repr, names))}?"
    return f"Known: {', '.join(names)}." if listed else "Write one of these."


def quote(value: Any) -> str:
    """Format a value as YAML would write it, cut to 60 characters."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def setting_names(cls: type[BaseModel]) -> list[str]:
    """Return the keys that a YAML may give to a class. Excluded fields are set on loading instead."""
    return [name for name, field in cls.model_fields.items() if not field.exclude]


def union_members(annotation: Any) -> list[Any]:
    """Return the types that a union is made of, without null; a type that is no union is returned as it is."""
    if typing.get_origin(annotation) not in (typing.Union, types.UnionType):
        return [annotation]
    return [a for a in typing.get_args(annotation) if a is not type(None)]


def describe_type(annotation: Any) -> str:
    """Describe the values of a type for a sentence, e.g. "a whole number or null"."""
    names = catalogue.type_name(annotation).split(" | ")
    bare = ("text", "null", "true", "false")
    is_literal = [not name.endswith("number") and not name.startswith("list") for name in names]
    words = [n if literal or n in bare else f"a {n}" for n, literal in zip(names, is_literal, strict=True)]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def accepts_bool(annotation: Any) -> bool:
    """Return whether true or false may be a value of the type. A model counts as one that may: it checks by itself."""
    if annotation is Any or annotation is bool or typing.get_origin(annotation) is typing.Literal:
        return True
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return True
    return any(accepts_bool(each) for each in union_members(annotation) if each is not annotation)


def advice_for(cls: type[BaseModel], loc: KeyPath) -> str:
    """Describe what a setting is for, as the cure of a problem."""
    field = cls.model_fields.get(str(loc[0])) if loc else None
    if field is None or not field.description:
        return "Change it."
    default = catalogue.default_text(field)
    hint = "" if default == "required" else f" (default: {default})"
    return f"Its meaning: {field.description.rstrip('.')}{hint}."
