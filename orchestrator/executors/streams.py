"""The random streams of the agents of a run."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..loop.randomness import RekeyedGenerator, stream
from ..run_spec import RunSpec, digest


class AgentStreams:
    """The random streams of the agents of a run.

    They are keyed by seed, landscape, repeat, agent and episode. So an agent draws the same numbers in every strategy
    (common random numbers).

    Args:
        planned: The run's specification.
    """

    def __init__(self, planned: RunSpec) -> None:
        self._key = (planned.seed, digest(planned.settings["landscape"]), planned.repeat)

    def for_agent(self, agent: str) -> Callable[[int], np.random.Generator]:
        """Return the function from episode to random generator that a searcher needs."""
        return lambda episode: stream(*self._key, agent, episode)

    def for_mini_batches(self, agent: str) -> Callable[[int, int], np.random.Generator]:
        """Return the function from a lease's id and the number of a row in it to the generator that draws the rows of
        data of its mini-batch. A generator is valid until the next call."""
        generator = RekeyedGenerator()
        return lambda lease, row: generator.stream(*self._key, agent, "mini-batch", lease, row)
