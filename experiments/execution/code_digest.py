"""Digests Python code by what it does.

Comments, docstrings, layout, import statements and the position of a definition do not change a digest.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from hashlib import sha256

CODE_RULE = 2
"""The number of this way of digesting code, which a log records. Rule 1, of version 0.1, digested whole files."""
IDLE = {ast.Import, ast.ImportFrom, ast.Pass}
"""Kinds of statements that a digest ignores, because they do nothing that a run depends on."""
MAYBE_IDLE = {*IDLE, ast.Expr, ast.If, ast.AnnAssign}
"""Kinds of statements of which a digest ignores some or all."""
PROSE_FIELDS, PROSE_KEYWORD = ("card", "on_choices"), "description"
"""The class variable, and the keyword of ``Field``, that hold text for readers."""


def digest_definitions(tree: ast.Module) -> list[str]:
    """Digest every statement at the top level of a module.

    Args:
        tree: The module, parsed.

    Returns:
        One digest per statement, except for statements that do nothing: docstrings, imports, ``pass``.
    """
    found = []
    for statement in tree.body:
        if not _is_idle(statement):
            words: list[str] = []
            _write_node(statement, words)
            found.append(shorten(" ".join(words)))
    return found


def join_digests(parts: Iterable[str]) -> str:
    """Combine digests of definitions into one, which does not depend on their order or on their modules."""
    return shorten("\n".join(sorted(parts)))


def shorten(text: str) -> str:
    """Return the first 16 hexadecimal digits of a text's SHA-256."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _write_node(node: ast.AST, words: list[str]) -> None:
    """Write a syntax tree as words, without positions, empty fields and statements that do nothing."""
    # This is most of what a fingerprint costs, at every start of a run: the usual cases are asked for first.
    held = node.__dict__
    kind = type(node)
    words.append(f"{kind.__name__}(")
    for name in kind._fields:
        field = held.get(name)
        if field is None or name == "ctx":
            continue
        if type(field) is list:
            if field:
                words += (name, "[")
                for item in field:
                    if not isinstance(item, ast.AST):
                        words.append(repr(item))
                    elif not (type(item) in MAYBE_IDLE and _is_idle(item)) and not (
                        name == "keywords" and _is_prose(item, node)
                    ):
                        _write_node(item, words)
                words.append("]")
        elif isinstance(field, ast.AST):
            words.append(name)
            _write_node(field, words)
        else:
            words += (name, repr(field))
    words.append(")")


def _is_idle(node: ast.AST) -> bool:
    """Return whether a node is a statement that does nothing that a run depends on."""
    kind = type(node)
    if kind is ast.Expr:
        return isinstance(node.value, ast.Constant)  # type: ignore[attr-defined]
    if kind is ast.If:
        return getattr(node.test, "id", "") == "TYPE_CHECKING"  # type: ignore[attr-defined]
    if kind is ast.AnnAssign:
        return getattr(node.target, "id", "") in PROSE_FIELDS  # type: ignore[attr-defined]
    return kind in IDLE


def _is_prose(keyword: ast.AST, call: ast.AST) -> bool:
    """Return whether a keyword of a call is the description of a setting."""
    called = getattr(call, "func", None)
    named = getattr(called, "id", getattr(called, "attr", None))
    return named == "Field" and getattr(keyword, "arg", None) == PROSE_KEYWORD
