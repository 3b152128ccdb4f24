"""The tables of a sweep: each setting on each problem, and main effects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..comparison.bootstrap import Interval
from ..comparison.wording import name_bound
from ..results.table import Table
from .effects import MainEffect
from .settings import Sweep
from .trade_off import TradeOff


def make_settings_table(found: Iterable[tuple[Sweep, TradeOff]]) -> Table:
    """Make a table of every setting on every problem.

    ``gap`` is the median of how far runs ended above the minimum where that is known (``gap_above`` is "minimum"), else
    above the best loss that any run found ("best found"). ``cost`` is the median of the evaluations after which a run
    had settled there. ``ert`` is the expected running time until the target. ``front_probability`` is the share of
    bootstrap draws in which the setting is on the Pareto front of gap and cost.
    """
    names = (
        "problem", "strategy", "setting", "runs", "gap_above", "gap", "cost", "ert", "successes", "on_front", "knee",
        "front_probability", "run",
    )  # fmt: skip
    rows = [
        (
            each.problem, sweep.strategy, cell.setting.describe(), len(cell.gaps),
            "minimum" if each.known else "best found", cell.gap, cell.cost, cell.ert, cell.successes,
            bool(each.on_front[place]), place == each.knee,
            None if each.shares is None else float(each.shares[place]), cell.middle.id,
        )
        for sweep, each in found
        for place, cell in enumerate(each.cells)
    ]  # fmt: skip
    return Table.from_rows(names, rows)


def make_effects_table(found: Iterable[tuple[Sweep, Sequence[MainEffect]]]) -> Table:
    """Make a table of main effects: each value of a setting against its first value, over all others and problems.

    ``ratio`` is of expected running times, and ``area`` the difference of the areas over the convergence curve, each
    with the ends of its 95 % interval; None where they are unknown. ``bound`` says "at least", "at most" or "about"
    where only one of the two values reaches some targets, so that the ratio is a bound. ``identical`` says that all
    runs are equal.
    """
    names = (
        "strategy", "setting", "value", "against", "ratio", "ratio_low", "ratio_high", "bound", "area", "area_low",
        "area_high", "identical",
    )  # fmt: skip
    rows = [
        (
            sweep.strategy, each.axis, each.value, each.first, *_spread(each.ratio),
            name_bound(each.lost, each.won).strip(), *_spread(each.area), each.same,
        )
        for sweep, effects in found
        for each in effects
    ]  # fmt: skip
    return Table.from_rows(names, rows)


def _spread(found: Interval | None) -> tuple[float | None, ...]:
    return (None, None, None) if found is None else (found.estimate, found.low, found.high)
