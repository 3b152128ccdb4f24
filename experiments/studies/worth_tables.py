"""The tables of what parts are worth, and of what sharing cost and gained."""

from __future__ import annotations

from collections.abc import Iterable
from math import isnan
from typing import Any

from ..comparison.bootstrap import Interval
from ..comparison.wording import name_bound
from ..results.table import Table
from .worth import StrategyWorth

KINDS = {"member": "without it", "alone": "it alone", "choice": "switched off"}


def make_worth_table(found: Iterable[StrategyWorth]) -> Table:
    """Make a table of every part of every strategy: how the variant compares, and what the log credits a member with.

    ``ratio`` is that of expected running times of the variant to those of the whole strategy: above 1 says that the
    part is worth something (for "it alone": that the others are). ``bound`` says "at least", "at most" or "about" where
    only one of the two reaches some targets, so that the ratio is a bound. ``area`` is the difference of the areas over
    the convergence curve. ``shapley`` is a factor by which a member divides the running time (``shapley_of`` "running
    times"), or the area that it adds ("areas"). ``evaluations_share``, ``records_share`` and ``gains_share`` are its
    credit in the runs of the whole strategy.
    """
    names = (
        "strategy", "part", "variant", "verdict", "ratio", "ratio_low", "ratio_high", "bound", "area", "area_low",
        "area_high", "problems", "runs", "shapley", "shapley_low", "shapley_high", "shapley_share", "shapley_of",
        "evaluations_share", "records_share", "gains_share",
    )  # fmt: skip
    rows = []
    for each in found:
        values = {value.member: value for value in each.shapley}
        for part in each.parts:
            value = values.get(part.part) if part.kind != "choice" else None
            credit = part.credit
            rows.append((
                each.strategy, part.part, KINDS[part.kind], part.verdict.decision, *_spread(part.verdict.bounded),
                name_bound(part.verdict.only_second, part.verdict.only_first).strip(), *_spread(part.verdict.area),
                part.verdict.problems, part.verdict.runs,
                *_spread(None if value is None else value.value), None if value is None else value.share,
                None if value is None else value.basis,
                *((None,) * 3 if credit is None else (credit.evaluations, credit.records, credit.gains)),
            ))  # fmt: skip
    return Table.from_rows(names, rows)


def make_sharing_table(found: Iterable[StrategyWorth]) -> Table:
    """Make a table of what sharing cost and gained on each problem, against the same strategy that shares nothing.

    ``sent_share`` is the share of leases that began at another's point; ``sent_records_share`` that of these that set a
    record, ``other_records_share`` that of the others. ``saved`` are evaluations per run until the loss that both
    reached. Spreads are in the unit cube.
    """
    names = (
        "strategy", "problem", "leases", "sent_share", "sent_records_share", "other_records_share",
        "saved", "saved_low", "saved_high", "spread_before", "spread_after", "late_spread", "late_spread_without",
    )  # fmt: skip
    rows = [
        (
            each.strategy, saving.problem, saving.leases, _divide(saving.sent, saving.leases),
            _divide(saving.sent_records, saving.sent), _divide(saving.own_records, saving.leases - saving.sent),
            *_spread(saving.saved), *(None if isnan(value) else value for value in saving.spreads),
        )
        for each in found
        for saving in each.savings
    ]  # fmt: skip
    return Table.from_rows(names, rows)


def _spread(found: Interval | None) -> tuple[Any, ...]:
    return (None, None, None) if found is None else (found.estimate, found.low, found.high)


def _divide(part: int, whole: int) -> float | None:
    return part / whole if whole else None
