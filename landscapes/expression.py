"""Conditions over named values, as text: a small language that is parsed and never executed as Python."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

MOST_CHARACTERS = 1000
FUNCTIONS: dict[str, Callable[..., float]] = {
    "abs": abs, "min": min, "max": max, "sqrt": math.sqrt, "log": math.log, "log10": math.log10, "exp": math.exp,
}  # fmt: skip
"""What an expression may call."""
ARITHMETIC: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: operator.pow, ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}  # fmt: skip
COMPARISONS: dict[type[ast.AST], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}  # fmt: skip


class Condition:
    """A condition over named values, such as ``depth * rate <= 0.5 or kernel == 'linear'``.

    It may have numbers, text in quotes, names of values, comparisons, ``and``, ``or``, ``not``, arithmetic, and calls
    of abs, min, max, sqrt, log, log10 and exp. Numbers are floats, so that no power takes long.

    Args:
        text: The condition.
        names: The names that it may use.

    Raises:
        ValueError: It is not such a condition. The message says what is wrong.

    Example:
        >>> condition = Condition("depth * rate <= 0.5", ("depth", "rate"))
        >>> condition.holds({"depth": 4, "rate": 0.1}), condition.holds({"depth": 8, "rate": 0.1})
        (True, False)
    """

    def __init__(self, text: str, names: tuple[str, ...]) -> None:
        if len(text) > MOST_CHARACTERS:
            raise ValueError(f"must be at most {MOST_CHARACTERS} characters long, got {len(text)}. Shorten it.")
        try:
            tree = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise ValueError(f"must be a condition, got {text!r}. Write e.g. {names[0]} <= 0.5.") from None
        if not _is_condition(tree):
            raise ValueError(f"must compare something, got {text!r}. Write e.g. {names[0]} <= 0.5.")
        _check_tree(tree, names, text)
        self.text, self._tree = text.strip(), tree

    def __repr__(self) -> str:
        return f"Condition({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Condition) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Return whether the condition holds for these values, by name.

        Raises:
            ArithmeticError, ValueError, TypeError: It cannot be computed, such as a division by zero.
        """
        return bool(_evaluate(self._tree, values))


def _is_condition(node: ast.AST) -> bool:
    if isinstance(node, ast.BoolOp):
        return all(map(_is_condition, node.values))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return _is_condition(node.operand)
    return isinstance(node, ast.Compare)


def _check_tree(tree: ast.AST, names: tuple[str, ...], text: str) -> None:
    """Raise ValueError if a tree has anything but what a condition may have."""
    allowed = (*ARITHMETIC, *COMPARISONS, ast.Compare, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.BinOp,
               ast.Load)  # fmt: skip
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            known = isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS and not node.keywords
            if not known or not node.args or any(isinstance(each, ast.Starred) for each in node.args):
                raise ValueError(f"must call {', '.join(FUNCTIONS)} only, got {ast.unparse(node)!r}. Rewrite it.")
        elif isinstance(node, ast.Name):
            if node.id not in names and id(node) not in called:
                near = get_close_matches(node.id, names, n=1)
                cure = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(names)}."
                raise ValueError(f"must name parameters, got {node.id!r} in {text!r}. {cure}")
        elif isinstance(node, ast.Constant):
            if not isinstance(node.value, int | float | str | None):
                raise ValueError(f"must have numbers and text only, got {node.value!r}. Rewrite it.")
        elif not isinstance(node, allowed):
            raise ValueError(f"must be a plain condition, got {ast.unparse(node)!r} in it. Name a function instead.")


def _evaluate(node: ast.AST, values: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value):
            return _to_float(value)
        case ast.Name(name):
            return _to_float(values[name])
        case ast.Compare(left, operators, others):
            given = _evaluate(left, values)
            for comparison, other in zip(operators, others, strict=True):
                found = _evaluate(other, values)
                if not COMPARISONS[type(comparison)](given, found):
                    return False
                given = found
            return True
        case ast.BoolOp(ast.And(), parts):
            return all(_evaluate(part, values) for part in parts)
        case ast.BoolOp(_, parts):
            return any(_evaluate(part, values) for part in parts)
        case ast.UnaryOp(ast.Not(), operand):
            return not _evaluate(operand, values)
        case ast.UnaryOp(sign, operand):
            return ARITHMETIC[type(sign)](_evaluate(operand, values))
        case ast.BinOp(left, sign, right):
            return ARITHMETIC[type(sign)](_evaluate(left, values), _evaluate(right, values))
        case ast.Call(ast.Name(name), parts):
            return FUNCTIONS[name](*(_evaluate(part, values) for part in parts))
    raise TypeError(f"cannot evaluate {ast.dump(node)}")


def _to_float(value: Any) -> Any:
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
