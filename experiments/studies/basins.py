"""Basins: in which minimum each setting of a sweep ended, landscape by landscape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...landscapes.landscape import Array
from ...orchestrator.log.reader import LogReader
from ..comparison.problems import ComparedProblem
from ..results.run_summary import RunSummary
from .descents import read_descent
from .settings import Sweep

SAME_BASIN = 0.01
"""Points that differ by up to this share of the box on every axis are in one basin."""
SAME_LOSS = 1e-6
"""Minima that differ by up to this (of large ones, by this part) are equally low: descents end no nearer to them."""


@dataclass(frozen=True)
class BasinMap:
    """In which basin each run of a sweep on one landscape ended.

    Attributes:
        landscape: The label of the landscape.
        descended: Whether basins are of where the best points lead downhill; else they are clusters of these points.
        places: Where the basins are, in the unit cube, shape (basins, D): the lowest comes first.
        losses: The lowest loss in each, shape (basins,).
        runs: The runs, in the order of settings and repeats.
        basins: The number of the basin of each run, from 0 on.
        ends: Where each run ended, in the unit cube, shape (runs, D).
    """

    landscape: str
    descended: bool
    places: Array
    losses: Array
    runs: Sequence[RunSummary]
    basins: Sequence[int]
    ends: Array

    @property
    def lowest(self) -> int:
        """How many basins are equally low as the lowest, it among them: they come first."""
        low = float(self.losses[0])
        return int((self.losses <= low + SAME_LOSS * max(1.0, abs(low))).sum())

    def of_strategy(self, strategy: str) -> list[int]:
        """Return the basins in which the runs of a strategy ended, by repeat."""
        return [basin for run, basin in zip(self.runs, self.basins, strict=True) if run.strategy == strategy]


def read_about(directory: Path) -> dict[str, Mapping[str, Any]]:
    """Return what a log says of the landscape of each run, by the run's id."""
    with LogReader(directory) as reader:
        return {record.id: record.about for record in reader.runs()}


def map_basins(problem: ComparedProblem, sweep: Sweep, about: Mapping[str, Mapping[str, Any]]) -> list[BasinMap]:
    """Map the basins in which the runs of a sweep ended, for each landscape (instance) of a problem.

    Args:
        problem: The problem.
        sweep: The sweep.
        about: What the log says of the landscape of each run.
    """
    strategies = [setting.strategy for setting in sweep.settings]
    outcomes = [each for name in strategies for each in problem.outcomes.get(name, [])]
    found = []
    for landscape in problem.goals:
        runs = [each.run for each in outcomes if each.run.landscape == landscape and each.run.best_point is not None]
        if len(runs) > 1:
            found.append(_map_landscape(landscape, runs, about))
    return found


def _map_landscape(landscape: str, runs: Sequence[RunSummary], about: Mapping[str, Mapping[str, Any]]) -> BasinMap:
    descents = [read_descent(about.get(run.id, {}), run.dimension) for run in runs]
    descended = all(each is not None for each in descents)
    points = [each[0] for each in descents if each is not None] if descended else [_find_best(run) for run in runs]
    losses = [each[1] for each in descents if each is not None] if descended else [run.final for run in runs]
    ends, values = np.array(points), np.array(losses)
    chosen: list[int] = []
    basins = np.zeros(len(runs), dtype=int)
    for place in np.argsort(values, kind="stable").tolist():
        near = [k for k, centre in enumerate(chosen) if np.abs(ends[place] - ends[centre]).max() <= SAME_BASIN]
        if not near:
            chosen.append(place)
        basins[place] = near[0] if near else len(chosen) - 1
    return BasinMap(landscape, descended, ends[chosen], values[chosen], runs, basins.tolist(), ends)


def _find_best(run: RunSummary) -> Array:
    assert run.best_point is not None
    return run.best_point.space.to_cube(run.best_point.point)


def describe_basins(maps: Sequence[BasinMap], sweep: Sweep) -> str:
    """Return which settings end most often in the lowest basin, in a sentence; "" if there is no map."""
    if not maps:
        return ""
    total = sum(len(each.runs) for each in maps)
    lowest = sum(basin < each.lowest for each in maps for basin in each.basins)
    shares = {}
    for setting in sweep.settings:
        mine = [basin < each.lowest for each in maps for basin in each.of_strategy(setting.strategy)]
        if mine:
            shares[setting.describe()] = (sum(mine), len(mine))
    most, least = (choose(shares, key=lambda name: shares[name][0] / shares[name][1]) for choose in (max, min))
    how = (
        "basins are where the best points lead by L-BFGS-B"
        if all(each.descended for each in maps)
        else "basins are clusters of the best points, within 1 % of the box"
    )
    where = "the lowest basin that any found"
    if any(each.lowest > 1 for each in maps):
        where += f"; up to {max(each.lowest for each in maps)} basins are equally low, and count alike"
    first = most if shares[least] != shares[most] else "Each setting"
    contrast = f"; {least} in {shares[least][0]} of {shares[least][1]}" if shares[least] != shares[most] else ""
    return (
        f"{lowest} of {total} runs ended in {where}. {first} did in {shares[most][0]} of "
        f"{shares[most][1]}{contrast} ({how})."
    )
