"""Main effects: what one setting changes on average over the other settings, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...landscapes.landscape import Array
from ..comparison.bootstrap import (
    DRAWS,
    Interval,
    Pair,
    combine_draws,
    count_sources,
    draw_means,
    pair_up,
    seed_random,
    take_interval,
)
from ..comparison.problems import ComparedProblem
from ..comparison.ranking import Outcome
from ..comparison.running_time import measure_areas
from .settings import Sweep


@dataclass(frozen=True)
class MainEffect:
    """What a value of a swept setting changes, compared with the first value, on average over the other settings.

    Attributes:
        axis: The setting.
        value: The value.
        first: The first value of the setting.
        ratio: The geometric mean of the ratios of expected running times, over the problems and the other settings
            with which at least one of the two reaches the target; below 1 if the value needs fewer evaluations. None if
            there are none.
        area: The mean difference of the areas over the convergence curve, above 0 if the value is better; None if a
            minimum is unknown.
        same: Whether all its runs are equal to those of the first value, to the last bit.
        level: Whether each of its runs needs as many evaluations until the target as that of the first value, if any.
        lost: With how many problems and other settings the first value alone reaches the target: the ratio is a bound.
        won: With how many the value alone does.
    """

    axis: str
    value: str
    first: str
    ratio: Interval | None
    area: Interval | None
    same: bool
    level: bool
    lost: int
    won: int


def measure_effects(problems: Sequence[ComparedProblem], sweep: Sweep) -> list[MainEffect]:
    """Measure the main effect of each value of each setting of a sweep but the first.

    The interval is that of the comparison of strategies: a bootstrap of problems, and of the runs on each. Within a
    problem, logarithms of ratios are averaged over the other settings.

    Args:
        problems: The problems, with the outcomes of all strategies. Those without any of the sweep, as other
            directories of a report have them, are left out: their minima need not be known.
        sweep: The sweep.
    """
    names = {setting.strategy for setting in sweep.settings}
    own = [problem for problem in problems if not names.isdisjoint(problem.outcomes)]
    return [_measure_effect(own, sweep, axis, value) for axis, values in sweep.axes.items() for value in values[1:]]


def _measure_effect(problems: Sequence[ComparedProblem], sweep: Sweep, axis: str, value: str) -> MainEffect:
    first = sweep.axes[axis][0]
    pairs = list(_pair_settings(sweep, axis, value, first))
    random = seed_random(f"{one} {other}" for one, other in pairs)
    solved = [pair for one, other in pairs for pair in pair_up(problems, one, other) if pair.solved]
    return MainEffect(
        axis, value, first, _measure_ratio(problems, pairs, random), _measure_area(problems, pairs, random),
        _agree(problems, pairs, lambda each: each.run.digest),
        _agree(problems, pairs, lambda each: (each.reached, each.spent if each.reached is None else None)),
        sum(not pair.first.solved for pair in solved), sum(not pair.second.solved for pair in solved),
    )  # fmt: skip


def _pair_settings(sweep: Sweep, axis: str, value: str, first: str) -> Iterator[tuple[str, str]]:
    """Yield the strategies with a value of a setting, each with the one that has the first value and else the same."""
    for setting in sweep.settings:
        if setting.values.get(axis) == value:
            other = sweep.find({**setting.values, axis: first})
            if other is not None:
                yield setting.strategy, other.strategy


def _measure_ratio(
    problems: Sequence[ComparedProblem], pairs: Sequence[tuple[str, str]], random: np.random.Generator
) -> Interval | None:
    estimates, inner, runs = [], [], []
    for problem in problems:
        found: list[Pair] = [pair for one, other in pairs for pair in pair_up([problem], one, other) if pair.solved]
        if found:
            estimates.append(float(np.mean([pair.log_ratio for pair in found])))
            inner.append(np.mean([pair.draw_log_ratios(DRAWS, random) for pair in found], axis=0))
            runs.append(min(pair.runs for pair in found))
    if not estimates:
        return None
    sources = count_sources(len(estimates), min(runs))
    logs = take_interval(float(np.mean(estimates)), combine_draws(np.array(inner), random), sources)
    return Interval(*(float(np.exp(end)) for end in (logs.estimate, logs.low, logs.high)))


def _measure_area(
    problems: Sequence[ComparedProblem], pairs: Sequence[tuple[str, str]], random: np.random.Generator
) -> Interval | None:
    if not problems or not all(problem.known for problem in problems):
        return None
    estimates, inner, runs = [], [], []
    for problem in problems:
        areas = [
            tuple(measure_areas(problem, problem.outcomes[name]) for name in pair)
            for pair in pairs
            if all(name in problem.outcomes for name in pair)
        ]
        if areas:
            estimates.append(float(np.mean([one.mean() - other.mean() for one, other in areas])))
            inner.append(_draw_differences(areas, random))
            runs.append(min(len(part) for pair in areas for part in pair))
    if not estimates:
        return None
    sources = count_sources(len(estimates), min(runs))
    return take_interval(float(np.mean(estimates)), combine_draws(np.array(inner), random), sources)


def _draw_differences(areas: Sequence[tuple[Array, ...]], random: np.random.Generator) -> Array:
    drawn = [draw_means(one, DRAWS, random) - draw_means(other, DRAWS, random) for one, other in areas]
    mean: Array = np.mean(drawn, axis=0)
    return mean


def _agree(
    problems: Sequence[ComparedProblem], pairs: Sequence[tuple[str, str]], ask: Callable[[Outcome], Any]
) -> bool:
    """Return whether the runs of each pair give the same answer; False if there are none."""
    compared = 0
    for problem in problems:
        for pair in pairs:
            if all(name in problem.outcomes for name in pair):
                one, other = (
                    {(each.run.landscape, each.run.repeat): ask(each) for each in problem.outcomes[name]}
                    for name in pair
                )
                compared += 1
                if one != other:
                    return False
    return compared > 0
