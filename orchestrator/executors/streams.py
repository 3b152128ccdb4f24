"""The searchers of a run, each with the random streams of its agent."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...agents.evaluation.evaluator import Evaluator
from ...agents.leases.agent_clock import AgentClock
from ...agents.leases.collected_settings import CollectedSettings
from ...agents.leases.recorded_rows import GradientReplayer
from ...agents.leases.searcher import Searcher
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


def open_searchers(
    planned: RunSpec, evaluator: Evaluator, clock: AgentClock, replayer: GradientReplayer
) -> dict[str, Searcher]:
    """Return a searcher for each member of a run's team, by name.

    Args:
        planned: The run's specification.
        evaluator: Evaluates what they propose.
        clock: Ends agents that propose nothing for too long.
        replayer: Evaluates recorded rows again whose gradients the log does not keep.
    """
    streams, collected_settings = AgentStreams(planned), CollectedSettings(evaluator.space)
    return {
        name: Searcher(
            name, agent, evaluator, streams.for_agent(name), planned.evaluation, clock, replayer,
            streams.for_mini_batches(name), collected_settings,
        )
        for name, agent in planned.team
    }  # fmt: skip
