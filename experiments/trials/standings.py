"""How strategies stand on each landscape, over its dimensions and seeds: mean rank and area, with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...landscapes.landscape import Array
from ..comparison.bootstrap import (
    DRAWS,
    Interval,
    combine_draws,
    count_sources,
    draw_means,
    seed_random,
    take_interval,
)
from ..comparison.comparison import Comparison
from ..comparison.problems import ComparedProblem
from ..comparison.running_time import measure_areas
from ..comparison.tables import list_run_ranks


@dataclass(frozen=True)
class Standing:
    """How a strategy stands on a landscape.

    Attributes:
        landscape: The kind of the landscape.
        strategy: The name of the strategy.
        rank: The mean rank of its runs among those of the same seed, 1 for the best.
        area: The mean area over the convergence curve, 0 to 1 for the best.
    """

    landscape: str
    strategy: str
    rank: Interval
    area: Interval


def group_by_landscape(problems: Sequence[ComparedProblem]) -> dict[str, list[ComparedProblem]]:
    """Return the problems of each kind of landscape, in the order of the plan."""
    found: dict[str, list[ComparedProblem]] = {}
    for problem in problems:
        found.setdefault(problem.group, []).append(problem)
    return found


def find_standings(compared: Comparison) -> list[Standing]:
    """Return how each strategy stands on each landscape, in the order of the plan."""
    random = seed_random(run.id for run in compared.runs)
    found = []
    for landscape, problems in group_by_landscape(compared.problems).items():
        ranks = [list_run_ranks(problem) for problem in problems]
        for strategy in compared.strategies:
            ranked = [np.array(each[strategy]) for each in ranks if each.get(strategy)]
            areas = [
                measure_areas(problem, problem.outcomes[strategy])
                for problem in problems
                if strategy in problem.outcomes
            ]
            if ranked and areas:
                found.append(Standing(landscape, strategy, _bound_mean(ranked, random), _bound_mean(areas, random)))
    return found


def _bound_mean(values: Sequence[Array], random: np.random.Generator) -> Interval:
    """Return the mean over problems of the means of runs, with its interval by a bootstrap of both."""
    inner = np.array([draw_means(each, DRAWS, random) for each in values])
    estimate = float(np.mean([each.mean() for each in values]))
    sources = count_sources(len(values), min(map(len, values)))
    return take_interval(estimate, combine_draws(inner, random), sources)
