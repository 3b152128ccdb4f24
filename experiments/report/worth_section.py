"""The section of what each part of a strategy is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..comparison.comparison import Comparison
from ..comparison.wording import format_factor, name_bound
from ..results.table import Table
from ..studies.worth import PartWorth, StrategyWorth, study_worth
from ..studies.worth_sentences import describe_worth, format_area
from ..studies.worth_tables import KINDS, make_sharing_table, make_worth_table
from .island import pack_intervals, pack_table


@dataclass(frozen=True)
class WorthSection:
    """What the parts of a strategy are worth, as the report shows it.

    Attributes:
        strategy: The name of the strategy.
        sentences: What its parts are worth, and how sure that is.
        figure: The key of the figure; "" if there is none.
        figures: The figures, by key.
        tables: The tables, by key; their keys begin with ``worth-`` and ``sharing-``.
        number: The number of the section.
    """

    strategy: str
    sentences: Sequence[str]
    figure: str
    figures: dict[str, dict[str, Any]]
    tables: dict[str, dict[str, Any]]
    number: int


def study_parts(compared: Comparison) -> tuple[list[WorthSection], dict[str, Table]]:
    """Return what parts of strategies are worth, and the tables by the names of their files; none without variants.

    Args:
        compared: The comparison of the strategies.
    """
    found = study_worth(compared)
    if not found:
        return [], {}
    tables = {"worth": make_worth_table(found)}
    if any(each.savings for each in found):
        tables["sharing"] = make_sharing_table(found)
    return [_describe_strategy(compared, number, each) for number, each in enumerate(found)], tables


def _describe_strategy(compared: Comparison, number: int, found: StrategyWorth) -> WorthSection:
    rows = [part for part in found.parts if part.verdict.bounded is not None]
    listed = [(_name_part(part), list(KINDS).index(part.kind), part.verdict) for part in rows]
    figures = (
        {
            f"worth-{number}": pack_intervals(
                "Evaluations needed without each part", found.strategy, compared.equivalence, listed
            )
        }
        if rows
        else {}
    )
    tables = {f"worth-{number}": _pack_worth(found)}
    if found.savings:
        sharing = make_sharing_table([found])
        heads = [name.replace("_", " ") for name in list(sharing.columns)[1:]]
        tables[f"sharing-{number}"] = pack_table(
            "Cost and gain of sharing", heads, (list(row.values())[1:] for row in sharing.rows())
        )
    return WorthSection(
        found.strategy, describe_worth(found), f"worth-{number}" if rows else "", figures, tables, number
    )


def _name_part(part: PartWorth) -> str:
    variant = KINDS[part.kind].replace("it ", "")
    named = f"without {part.part}" if part.kind == "member" else f"{part.part} {variant}"
    return f"{named}: {part.verdict.decision}"


def _pack_worth(found: StrategyWorth) -> dict[str, Any]:
    values = {value.member: value for value in found.shapley}
    rows = []
    for part in found.parts:
        value = values.get(part.part) if part.kind != "choice" else None
        factor = "-"
        if value is not None:
            share = "" if value.share is None else f", {100 * value.share:.0f} %"
            span = f"{format_factor(value.value.low)} to {format_factor(value.value.high)}"
            factor = (
                f"{format_factor(value.value.estimate)} ({span}){share}"
                if value.basis == "running times"
                else f"{format_area(value.value)}{share}"
            )
        ratio, area, credit = part.verdict.bounded, part.verdict.area, part.credit
        rows.append((
            part.part, KINDS[part.kind], part.verdict.decision,
            *((None,) * 3 if ratio is None else (ratio.estimate, ratio.low, ratio.high)),
            name_bound(part.verdict.only_second, part.verdict.only_first).strip(),
            "-" if area is None else format_area(area), factor,
            *((None,) * 3 if credit is None else (credit.evaluations, credit.records, credit.gains)),
        ))  # fmt: skip
    heads = (
        "part", "variant", "verdict", "ratio", "from", "to", "bound", "area", "Shapley value", "share of evaluations",
        "share of records", "share of gains",
    )  # fmt: skip
    return pack_table("What each part is worth", heads, rows)
