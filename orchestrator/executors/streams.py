"""The random streams of the agents of a run."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..loop.randomness import stream
from ..run_spec import RunSpec, digest


class AgentStreams:
    """The random streams of a run's agents: keyed by seed, landscape, repeat, agent and episode, so that an
    agent draws the same numbers in every strategy (common random numbers)."""

    def __init__(self, planned: RunSpec) -> None:
        self._key = (planned.seed, digest(planned.settings["landscape"]), planned.repeat)

    def for_agent(self, agent: str) -> Callable[[int], np.random.Generator]:
        """The function from episode to generator that a searcher wants."""
        return lambda episode: stream(*self._key, agent, episode)
