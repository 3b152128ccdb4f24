"""Places runs on Ray: a run is packed whole into one actor, or spread over one actor per agent.

Batches of a spread run may in turn be distributed over the cluster. The choice changes how long a run takes, never what
it finds.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import numpy as np

from ...landscapes.landscape import Landscape
from ...orchestrator.executors.messages import FanOut
from ...orchestrator.executors.on_ray.actor_pool import ActorPool
from ...orchestrator.executors.on_ray.executor import RayExecutor
from ...orchestrator.executors.on_ray.packed_runs import PackedRun, RunProgress
from ...orchestrator.executors.resources import Resources, count_fitting
from ...orchestrator.log.log_file import RunLog
from ...orchestrator.loop.drive import begin_run
from ...orchestrator.loop.executor import ExecutorError
from ...orchestrator.loop.work_run import work_run
from ...orchestrator.run_spec import RunSpec
from ..spec.models import RaySettings
from .cost import measure_evaluation_seconds
from .watcher import RunStatus

CHEAP_SECONDS = 1e-3
"""An evaluation that takes less than this is not worth a call between processes, so its run is packed."""
LEAST_TIMED_ROWS = 10
"""The number of rows after which the measured cost of an evaluation is reliable."""


RunStartCallback = Callable[[RunSpec, RunStatus], None]


class EvaluationCosts:
    """The seconds that an evaluation of each landscape takes.

    They are declared in the YAML, measured where the landscape is safe to evaluate, or learned from the first leases.
    """

    def __init__(self) -> None:
        self._cost_by_landscape: dict[str, tuple[float, str]] = {}

    def cost_of(self, landscape: Landscape) -> tuple[float, str] | None:
        """Return the seconds and how they are known ("declared" or "measured"); None while they are unknown."""
        key = landscape.model_dump_json()
        if key not in self._cost_by_landscape:
            if "seconds" in landscape.model_fields_set:
                self._cost_by_landscape[key] = (landscape.seconds, "declared")
            elif landscape.pictured:
                self._cost_by_landscape[key] = (measure_evaluation_seconds(landscape), "measured")
        return self._cost_by_landscape.get(key)

    def record_cost(self, landscape: Landscape, seconds: float) -> None:
        """Record the observed seconds per evaluation, including the agent's own work. The first record is kept."""
        self._cost_by_landscape.setdefault(landscape.model_dump_json(), (seconds, "measured"))


class RayPlacement:
    """Places the runs of an experiment on a pool of actors.

    Attributes:
        evaluated_again: How many gradients were evaluated again because the log does not keep them.
    """

    evaluated_again = 0

    def __init__(
        self, settings: RaySettings, runs: Sequence[RunSpec], stack: ExitStack, staged_directory: Path | None
    ) -> None:
        self._settings, self._costs = settings, EvaluationCosts()
        self._pool = ActorPool(
            largest_team=max(len(planned.team) for planned in runs),
            members=sum(len(planned.team) for planned in runs),
            actors=settings.actors,
            address=settings.address,
            cpus_per_actor=settings.cpus_per_actor,
            staged_directory=staged_directory,
        )
        stack.callback(self._pool.close)
        self._nodes = self._pool.places.nodes
        self._check_needs(runs)
        self.wait, self.drain = self._pool.wait, self._pool.drain
        least = min(planned.concurrency for planned in runs)
        # Start one or two runs more than can be worked at once, so that no core ever waits for a run.
        self.at_once = max(2 + len(self._pool.places.plain) // least, 2 + self._pool.places.cpus)

    def drive(
        self, planned: RunSpec, log: RunLog, begun: RunStartCallback, budget: int | None
    ) -> Generator[bool, None, str | None]:
        """Work a run step by step.

        Args:
            planned: The run.
            log: Its log.
            begun: Called with the run and its status when the run starts, and again if it continues as a spread run
                because its actor was lost.
            budget: The budget to which the run is extended, in evaluations; None leaves it unchanged.

        Yields:
            True after a step that brought something, False while the run waits.

        Returns:
            Why the run was halted, or None if it ended normally.
        """
        if self.is_packed(planned):
            standing = RunProgress(planned.budget)
            begun(planned, standing)
            whole = PackedRun(planned, log, self._pool, standing, budget)
            yield from whole.drive()
            self.evaluated_again += standing.evaluated_again
            if not whole.died:
                return standing.halted
        # The run is spread from the start, or it resumes here after its actor was lost. When it is spread, losses of
        # actors are counted per row.
        run = begin_run(planned)
        begun(planned, run)
        while not self._pool.places.fits(self._team_needs(planned)):
            # Wait until another run releases the resources that its agents hold.
            yield False
        executor = RayExecutor(planned, log, self._pool, self._settings.resources, self._fan_settings(planned))
        known = self._costs.cost_of(planned.landscape) is not None
        with closing(work_run(planned, log, executor, budget, run)) as steps:
            for moved in steps:
                if not known and executor.rows >= LEAST_TIMED_ROWS:
                    self._costs.record_cost(planned.landscape, executor.seconds / executor.rows)
                    known = True
                yield moved
        self.evaluated_again += executor.evaluated_again
        return run.halted

    def is_packed(self, planned: RunSpec) -> bool:
        """Return whether the run is packed, i.e. worked whole in one actor."""
        if self._settings.placement != "auto":
            return self._settings.placement == "packed"
        needs = self._settings.resources
        if needs.of_team(planned.team) or needs.of_landscape(planned.landscape) is not None:
            return False
        if planned.evaluation.isolated or planned.landscape.external:
            return False
        cost = self._costs.cost_of(planned.landscape)
        return cost is not None and cost[0] < CHEAP_SECONDS

    def describe(self, runs: Sequence[RunSpec]) -> list[str]:
        """Describe where the runs are placed, with one line per group of landscapes that are placed alike."""
        groups: dict[str, list[tuple[str, float | None]]] = {}
        for planned in {run.landscape.model_dump_json(): run for run in runs}.values():
            cost = self._costs.cost_of(planned.landscape)
            where = "packed, one run per actor" if self.is_packed(planned) else "spread, one actor per agent"
            fan = None if self.is_packed(planned) else self._fan_settings(planned)
            where += "" if fan is None else f", batches over {fan.workers} concurrent evaluations on the cluster"
            how = "cost not known yet" if cost is None else cost[1]
            groups.setdefault(f"{where} ({how}", []).append((planned.landscape.label, cost and cost[0]))
        return [_placement_line(where, group) for where, group in groups.items()]

    def _fan_settings(self, planned: RunSpec) -> FanOut | None:
        """Return how the rows of a run are distributed over the cluster; None if they stay with their agent's actor."""
        needs = self._settings.resources.of_landscape(planned.landscape)
        workers = planned.evaluation.workers
        if needs is None and (workers != "auto" or len(self._nodes) == 1):
            return None
        options = (needs or Resources()).options(1.0)
        if not isinstance(workers, int):
            workers = max(1, sum(_node_capacity(options, node) for node in self._nodes))
        return FanOut(workers, options)

    def _team_needs(self, planned: RunSpec) -> list[Resources | None]:
        return [self._settings.resources.of_agent(name, agent) for name, agent in planned.team]

    def _check_needs(self, runs: Sequence[RunSpec]) -> None:
        """Raise ExecutorError if the nodes cannot meet the resources that are asked for: Ray would wait forever."""
        needs = self._settings.resources
        has = "; ".join(sorted({_format_resources(node) for node in self._nodes}))
        for run in {(run.strategy, run.landscape.kind): run for run in runs}.values():
            wanted = {f"agents.{name}": needs.of_agent(name, agent) for name, agent in run.team}
            wanted[f"landscapes.{run.landscape.kind}"] = needs.of_landscape(run.landscape)
            for field, resources in wanted.items():
                if resources is not None and not any(
                    count_fitting(resources.options(1.0), node) >= 1 for node in self._nodes
                ):
                    raise ExecutorError(
                        f"executor.resources.{field} must be available on some node, got {resources.options(1.0)}. "
                        f"Nodes have: {has}. Ask for less, or start such a node before the run."
                    )
            fan = self._fan_settings(run)
            if not self._pool.places.fits(self._team_needs(run), [] if fan is None else [fan.options]):
                what = "the agents" if fan is None else "the agents and an evaluation"
                raise ExecutorError(
                    f"executor.resources must leave room on the nodes for a whole team at once, got no room for {what} "
                    f"of {run.strategy} on {run.landscape.label} beside {len(self._pool.places.plain)} actors with "
                    f"cpus_per_actor {self._settings.cpus_per_actor:g}. Nodes have: {has}. Ask for less, or lower "
                    "executor.actors."
                )


def _node_capacity(options: dict[str, Any], node: Mapping[str, float]) -> int:
    """Return how many evaluations with these options a node can work at once.

    Evaluations that ask for no resources are counted as one per core.
    """
    most = count_fitting(options, node)
    return int(node.get("CPU", 1.0) if np.isinf(most) else most)


def _format_resources(node: Mapping[str, float]) -> str:
    shown = {name: amount for name, amount in node.items() if ":" not in name and "memory" not in name}
    return ", ".join(f"{name} {amount:g}" for name, amount in sorted(shown.items())) or "nothing"


def _placement_line(where: str, group: list[tuple[str, float | None]]) -> str:
    labels = ", ".join(label for label, _ in group[:3]) + (f" and {len(group) - 3} more" if len(group) > 3 else "")
    costs = [cost for _, cost in group if cost is not None]
    if not costs:
        return f"Placement: {labels}: {where})"
    low, high = _format_seconds(float(np.min(costs))), _format_seconds(float(np.max(costs)))
    return f"Placement: {labels}: {where}: {low if low == high else f'{low} to {high}'} per evaluation)"


def _format_seconds(seconds: float) -> str:
    return (
        f"{seconds * 1e6:.2g} us"
        if seconds < 1e-3
        else f"{seconds * 1e3:.3g} ms"
        if seconds < 1
        else f"{seconds:.3g} s"
    )
