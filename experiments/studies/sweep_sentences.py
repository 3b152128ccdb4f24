"""The words of a sweep: which settings are worth their cost on each problem, what each setting changes, how sure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..comparison.bootstrap import DRAWS, Interval
from ..comparison.comparison import Comparison
from ..comparison.goals import PRECISION
from ..comparison.verdict import EQUIVALENCE, LEAST_PROBLEMS, LEAST_RUNS
from ..comparison.wording import format_bounded, format_digits, format_factor, list_names
from .effects import MainEffect, measure_effects
from .settings import Sweep, read_sweeps
from .trade_off import TradeOff, weigh_settings


def list_sweep_sentences(directory: Path, compared: Comparison) -> list[str]:
    """Return what the sweeps of results tell, one sentence a line; none without a sweep.

    Args:
        directory: The results directory.
        compared: The comparison of its strategies.
    """
    lines = list[tuple[Sweep, str]]()
    for sweep in read_sweeps(directory, compared.strategies):
        found = [each for problem in compared.problems if (each := weigh_settings(problem, sweep)) is not None]
        if found:
            runs = min(len(cell.gaps) for each in found for cell in each.cells)
            effects = measure_effects(compared.problems, sweep)
            told = [*map(describe_trade_off, found), *describe_effects(effects, sweep, runs, len(found))]
            lines += [(sweep, line) for line in told]
    several = len({sweep.strategy for sweep, _ in lines}) > 1
    return [f"{sweep.strategy}: {line}" if several else line for sweep, line in lines]


def describe_trade_off(found: TradeOff) -> str:
    """Return which setting is worth its cost on a problem, in a sentence, and how sure that is in another."""
    chosen, best, level = found.cells[found.chosen], found.cells[found.best], found.list_level(found.chosen)
    ends = f"it {describe_gap(found, chosen.gap)} after {chosen.cost:,.0f} evaluations"
    tie = _describe_level(found, level)
    if len(level) == len(found.cells):
        doubt = f" {_describe_certainty(found)}" if found.shares is None else ""
        return f"{found.problem}: {tie}: each {ends.removeprefix('it ')}.{doubt}"
    if set(found.front) <= set(level):
        opening = f"{chosen.setting.describe()} is both the cheapest and the best: {ends}"
    elif found.knee is None and chosen is best:
        opening = f"{chosen.setting.describe()} is the best, and no cheaper setting stands out: {ends}"
    else:
        opening = f"{chosen.setting.describe()} is worth its cost: {ends}"
    rest = f"; {tie}" if tie else ""
    # Of equal gaps and costs, only the expected running time differs.
    if (best.cost, best.gap) != (chosen.cost, chosen.gap):
        times = format_factor(best.cost / max(chosen.cost, 1.0))
        part = f"{format_factor(best.gap / chosen.gap)} times the gap" if chosen.gap > 0 else "no less of a gap"
        rest += f"; the best, {best.setting.describe()}, costs {times} times as much for {part}"
    return f"{found.problem}: {opening}{rest}. {_describe_certainty(found)}"


def _describe_level(found: TradeOff, level: Sequence[int]) -> str:
    """Return which settings are level, in words: of one axis, whether it matters at all; "" for a single setting."""
    if len(level) < 2:
        return ""
    settings = [found.cells[place].setting for place in level]
    axes = [axis for axis in settings[0].values if len({each.values[axis] for each in settings}) > 1]
    if len(axes) > 1:
        return f"{list_names([f'({each.describe()})' for each in settings])} are level"
    axis = axes[0]
    values = {each.setting.values[axis] for each in found.cells}
    names = list_names([each.values[axis] for each in settings])
    others = ", ".join(f"{name}={value}" for name, value in settings[0].values.items() if name != axis)
    if len(settings) < len(values):
        return f"{axis} {names} are level there"
    return f"{axis} does not matter {f'with {others}' if others else 'here'}: {names} are level"


def describe_gap(found: TradeOff, gap: float) -> str:
    """Return where a run ended, in words."""
    if gap <= PRECISION and found.known:
        return "reaches the minimum"
    return f"ends {format_digits(gap, 3)} above {'the minimum' if found.known else 'the best loss that any run found'}"


def _describe_certainty(found: TradeOff) -> str:
    runs = min(len(cell.gaps) for cell in found.cells)
    if found.shares is None:
        return "With one run of each setting, nobody can say how sure that is."
    share = float(found.shares[found.chosen])
    draws = f"in {100 * share:.0f} % of {DRAWS:,} draws of the {runs} runs"
    sure = "sure" if share >= 0.95 else "likely" if share >= 0.7 else "not sure"
    rivals = [
        found.cells[place].setting.describe()
        for place in found.shares.argsort()[::-1]
        if place not in found.front and found.shares[place] >= 0.2
    ]
    more = f"; {rivals[0]} might be too" if rivals else ""
    if runs < LEAST_RUNS:
        return f"It is on the front {draws}, but it takes {LEAST_RUNS} runs to be sure{more}."
    return f"That it is on the front is {sure}: so {draws}{more}."


def describe_effects(effects: Sequence[MainEffect], sweep: Sweep, runs: int, problems: int) -> list[str]:
    """Return a sentence for each setting: which value needs the fewest evaluations, by how much, how sure.

    Args:
        effects: The main effects.
        sweep: The sweep.
        runs: The least number of runs of a setting on a problem.
        problems: The number of problems.
    """
    lines = []
    for axis, values in sweep.axes.items():
        mine = [each for each in effects if each.axis == axis]
        if mine and all(each.same for each in mine):
            lines.append(f"{axis} changes nothing: with {', '.join(values)} all runs are equal, to the last bit.")
            continue
        rated = [each for each in mine if each.ratio is not None]
        if rated and all(each.level for each in mine):
            told = f"with {', '.join(values)} each run needs the same evaluations until the target"
            lines.append(f"{axis} does not matter: {told}, over all other settings and problems.")
            continue
        if rated:
            lines.append(_describe_ratio(axis, rated, runs >= LEAST_RUNS or problems >= LEAST_PROBLEMS))
            continue
        areas = [each for each in mine if each.area is not None]
        if areas:
            lines.append(_describe_area(axis, areas))
    return lines


def _describe_ratio(axis: str, rated: Sequence[MainEffect], enough: bool) -> str:
    def estimate(each: MainEffect) -> float:
        return each.ratio.estimate if each.ratio else 1.0

    best = min(rated, key=estimate)
    if estimate(best) >= 1:
        best = max(rated, key=estimate)
    found = best.ratio
    assert found is not None
    settled = enough and (found.high < EQUIVALENCE or found.low > 1 / EQUIVALENCE)
    alike = enough and found.low >= EQUIVALENCE and found.high <= 1 / EQUIVALENCE and not (best.lost or best.won)
    verdict = "" if settled else ", which is equivalent in practice" if alike else ", which may be chance"
    bounds = [
        f"in {count} of these only {axis}={name} reaches the target"
        for count, name in ((best.lost, best.first), (best.won, best.value))
        if count
    ]
    told = f" ({', '.join(bounds)})" if bounds else ""
    return (
        f"{axis}: {best.value} needs {format_bounded(found, best.lost, best.won)} times the evaluations of "
        f"{best.first}, over all other settings and problems{told}{verdict}."
    )


def _describe_area(axis: str, areas: Sequence[MainEffect]) -> str:
    def size(each: MainEffect) -> float:
        return abs(each.area.estimate) if each.area else 0.0

    best = max(areas, key=size)
    assert best.area is not None
    chance = "" if best.area.low > 0 or best.area.high < 0 else ", which may be chance"
    better, worse = (best.value, best.first) if best.area.estimate >= 0 else (best.first, best.value)
    return (
        f"{axis}: {better} is nearer to the minimum over the budget than {worse}, by {_tell_area(best.area)}{chance}."
    )


def _tell_area(found: Interval) -> str:
    """Return the size of a difference of areas, with its interval: "an area of 0.12 (95 %: 0.05 to 0.19)"."""
    low, high = sorted((found.low, found.high)) if found.estimate >= 0 else sorted((-found.low, -found.high))
    return f"an area of {abs(found.estimate):.2g} (95 %: {low:+.2g} to {high:+.2g})"
