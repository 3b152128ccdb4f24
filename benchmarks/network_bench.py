"""A network and points at which its losses are measured, and functions that are timed in turn."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from searchparty.landscapes.network import NeuralNetwork

POINTS = 64
BATCH = 128
Call = Callable[[int], Any]


class Bench:
    """A network on data, opened, and points at which it is evaluated: weights as they are drawn for starts."""

    def __init__(self) -> None:
        self.landscape = NeuralNetwork(data="digits", layers=(64,))
        self.problem: Any = self.landscape.open()
        rng, space = np.random.default_rng(0), self.problem.space
        self.points = space.to_box(np.array([space.init.draw(rng) for _ in range(POINTS)]))
        self.rows = rng.integers(0, space.units, (POINTS, 1, BATCH))
        train = self.landscape.load_data().train
        self.inputs, self.labels = train.inputs.reshape(len(train), -1).copy(), train.targets.copy()


def time_in_turn(calls: dict[str, tuple[Call, int]], rounds: int) -> dict[str, list[float]]:
    """Call each function so often in each round, and return the seconds of one call, round by round."""
    found: dict[str, list[float]] = {name: [] for name in calls}
    for call, _ in calls.values():
        call(0)
    for _ in range(rounds):
        for name, (call, times) in calls.items():
            began = time.perf_counter()
            for number in range(times):
                call(number % POINTS)
            found[name].append((time.perf_counter() - began) / times)
    return found


def median_ratio(above: list[float], below: list[float]) -> float:
    """Return the median over rounds of the ratio of two durations."""
    return statistics.median(one / other for one, other in zip(above, below, strict=True))
