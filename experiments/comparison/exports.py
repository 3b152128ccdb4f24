"""Writes a comparison as JSON, Markdown or LaTeX: the verdict, and the tables that it rests on."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any, Literal, get_args

from ...landscapes.landscape import Refusal
from ..results.table import Table
from ..spec.errors import quote, suggest
from .comparison import Comparison
from .tables import (
    make_comparison_table,
    make_power_table,
    make_rank_tests_table,
    make_standings_table,
    make_tests_table,
    make_verdicts_table,
)
from .wording import describe_differences, describe_evidence, describe_identities, format_digits
from .words.findings import write_findings

Format = Literal["json", "md", "tex"]
SHOWN = {
    "comparison": ("problem", "strategy", "runs", "quantity", "median", "successes", "ert", "rank"),
    "verdicts": ("strategy", "baseline", "verdict", "bounded_ratio", "bounded_low", "bounded_high", "problems"),
    "power": ("strategy", "baseline", "repeats", "runs", "power"),
}
"""The columns of the tables in Markdown and LaTeX; JSON has all."""
TEX_ESCAPES = str.maketrans({
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
})  # fmt: skip
MARKDOWN_ESCAPES = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_{}[]<>#|"})


def format_comparison(compared: Comparison, format: str, directory: str = "", decisions: Sequence[str] = ()) -> str:
    """Return a comparison as text that another program reads.

    Args:
        compared: The comparison.
        format: "json" (all tables), "md" (Markdown) or "tex" (LaTeX, with the package booktabs).
        directory: The results directory, for the command that adds repeats; "" if there is no single one.
        decisions: The decisions that mattered most, after a heading (``describe_decisions``).

    Raises:
        Refusal: If there is no such format.
    """
    if format not in WRITERS:
        allowed = get_args(Format)
        raise Refusal(f"format must be one of {', '.join(allowed)}, got {quote(format)}. {suggest(format, allowed)}")
    return WRITERS[format](compared, directory, decisions)


def list_sentences(compared: Comparison, directory: str = "") -> list[str]:
    """Return the sentences of a comparison: what it found, what that rests on, and identical runs."""
    lines = write_findings(compared, directory).lines
    lines += [describe_evidence(compared)] if compared.problems else []
    lines += [*describe_differences(compared), *describe_identities(compared.identities)]
    return [line for line in lines if line]


def _write_json(compared: Comparison, directory: str, decisions: Sequence[str]) -> str:
    tables = {
        "verdicts": make_verdicts_table(compared), "standings": make_standings_table(compared),
        "comparison": make_comparison_table(compared.problems), "tests": make_tests_table(compared),
        "rank_tests": make_rank_tests_table(compared),
        **({"power": make_power_table(compared)} if compared.power else {}),
    }  # fmt: skip
    findings = write_findings(compared, directory)
    found = {
        "verdict": findings.verdict,
        "others": findings.others,
        "cost": findings.cost,
        "next": findings.step.line,
        "decisions": list(decisions),
        "baseline": compared.baseline,
        "equivalence": [compared.equivalence, 1 / compared.equivalence],
        **{name: [_clean_row(row) for row in table.rows()] for name, table in tables.items()},
    }
    return json.dumps(found, indent=2, allow_nan=False)


def _clean_row(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row whose infinite numbers are text, which JSON has no numbers for."""
    return {k: str(v) if isinstance(v, float) and not isfinite(v) else v for k, v in row.items()}


def _write_markdown(compared: Comparison, directory: str, decisions: Sequence[str]) -> str:
    parts = [
        "\n\n".join(line.translate(MARKDOWN_ESCAPES) for line in [*list_sentences(compared, directory), *decisions])
    ]
    for table in _list_tables(compared):
        rows = _format_rows(table, MARKDOWN_ESCAPES)
        lines = [" | ".join(cells) for cells in [rows[0], ["---"] * len(rows[0]), *rows[1:]]]
        parts.append("\n".join(f"| {line} |" for line in lines))
    return "\n\n".join(parts)


def _write_tex(compared: Comparison, directory: str, decisions: Sequence[str]) -> str:
    sentences = [*list_sentences(compared, directory), *decisions]
    parts = ["\n\n".join(line.translate(TEX_ESCAPES) for line in sentences)]
    for table in _list_tables(compared):
        head, *rows = [" & ".join(cells) + r" \\" for cells in _format_rows(table, TEX_ESCAPES)]
        columns = "".join("l" if _is_text(column) else "r" for column in table.columns.values())
        lines = [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", head, r"\midrule", *rows, r"\bottomrule"]
        parts.append("\n".join([*lines, r"\end{tabular}"]))
    return "\n\n".join(parts)


def _list_tables(compared: Comparison) -> list[Table]:
    """Return the tables of Markdown and LaTeX, with some of their columns; tables without rows are left out."""
    found = {"verdicts": make_verdicts_table(compared), "comparison": make_comparison_table(compared.problems)}
    if compared.power:
        found["power"] = make_power_table(compared)
    return [
        Table({column: table.columns[column] for column in SHOWN[name]}) for name, table in found.items() if len(table)
    ]


def _is_text(column: list[Any]) -> bool:
    return any(isinstance(value, str) for value in column)


def _format_rows(table: Table, escapes: dict[int, str]) -> list[list[str]]:
    """Return the heading and the rows of a table as escaped text."""
    head = [name.replace("_", " ") for name in table.columns]
    rows = [[_format_value(value).translate(escapes) for value in row.values()] for row in table.rows()]
    return [head, *rows]


def _format_value(value: Any) -> str:
    if value is None:
        return "-"
    return format_digits(value) if isinstance(value, float) else str(value)


Writer = Callable[[Comparison, str, Sequence[str]], str]
WRITERS: dict[str, Writer] = {
    "json": _write_json,
    "md": _write_markdown,
    "tex": _write_tex,
}
