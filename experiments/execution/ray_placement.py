"""Where on Ray a run is worked: whole in one actor, or an actor an agent, its batches perhaps all over the cluster.

The choice changes how long it takes, never what is found.
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
"""An evaluation that costs less is not worth a call between processes: a run of such is worked whole in one."""
LEAST_TIMED_ROWS = 10
"""So many rows tell what an evaluation costs."""


RunStartCallback = Callable[[RunSpec, RunStatus], None]


class EvaluationCosts:
    """Seconds that an evaluation of a landscape costs: declared in the YAML, measured where evaluating is harmless,
    or learned from the first leases; by landscape."""

    def __init__(self) -> None:
        self._cost_by_landscape: dict[str, tuple[float, str]] = {}

    def cost_of(self, landscape: Landscape) -> tuple[float, str] | None:
        """The seconds, and how they are known; None while they are not."""
        key = landscape.model_dump_json()
        if key not in self._cost_by_landscape:
            if "seconds" in landscape.model_fields_set:
                self._cost_by_landscape[key] = (landscape.seconds, "declared")
            elif landscape.pictured:
                self._cost_by_landscape[key] = (measure_evaluation_seconds(landscape), "measured")
        return self._cost_by_landscape.get(key)

    def record_cost(self, landscape: Landscape, seconds: float) -> None:
        """An evaluation was seen to take so long, what its agent did included."""
        self._cost_by_landscape.setdefault(landscape.model_dump_json(), (seconds, "measured"))


class RayPlacement:
    """Places the runs of an experiment on a pool of actors."""

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
        self.wait = self._pool.wait
        least = min(planned.concurrency for planned in runs)
        # Beside those that are worked, one or two that wait: so no core ever does.
        self.at_once = max(2 + len(self._pool.places.plain) // least, 2 + self._pool.places.cpus)

    def drive(
        self, planned: RunSpec, log: RunLog, begun: RunStartCallback, budget: int | None
    ) -> Generator[bool, None, str | None]:
        """Work a run; returns why it was halted, if it was."""
        if self.is_packed(planned):
            standing = RunProgress(planned.budget)
            begun(planned, standing)
            whole = PackedRun(planned, log, self._pool, standing, budget)
            yield from whole.drive()
            if not whole.died:
                return standing.halted
        # Spread from the start, or gone on with after its actor was lost: then losses are counted by the row.
        run = begin_run(planned)
        begun(planned, run)
        while not self._pool.places.fits(self._team_needs(planned)):
            # Until another run gives back what its agents hold.
            yield False
        executor = RayExecutor(planned, log, self._pool, self._settings.resources, self._fan_settings(planned))
        known = self._costs.cost_of(planned.landscape) is not None
        with closing(work_run(planned, log, executor, budget, run)) as steps:
            for moved in steps:
                if not known and executor.rows >= LEAST_TIMED_ROWS:
                    self._costs.record_cost(planned.landscape, executor.seconds / executor.rows)
                    known = True
                yield moved
        return run.halted

    def is_packed(self, planned: RunSpec) -> bool:
        """Whether the run is worked whole in one actor."""
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
        """The choices in words, a line for those that are alike."""
        groups: dict[str, list[tuple[str, float | None]]] = {}
        for planned in {run.landscape.model_dump_json(): run for run in runs}.values():
            cost = self._costs.cost_of(planned.landscape)
            where = "packed, a run an actor" if self.is_packed(planned) else "spread, an actor an agent"
            fan = None if self.is_packed(planned) else self._fan_settings(planned)
            where += "" if fan is None else f", batches over {fan.workers} evaluations at once on the cluster"
            how = "cost not known yet" if cost is None else cost[1]
            groups.setdefault(f"{where} ({how}", []).append((planned.landscape.label, cost and cost[0]))
        return [_placement_line(where, group) for where, group in groups.items()]

    def _fan_settings(self, planned: RunSpec) -> FanOut | None:
        """How the rows of a run are spread over the cluster; None: they are evaluated where their agent lives."""
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
        """Refuse needs that the nodes do not meet: Ray would wait for ever."""
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
                        f"executor.resources.{field} must be what some node has, got {resources.options(1.0)}. "
                        f"Nodes have: {has}. Ask for less, or start such a node before the run."
                    )
            fan = self._fan_settings(run)
            if not self._pool.places.fits(self._team_needs(run), [] if fan is None else [fan.options]):
                what = "its agents" if fan is None else "its agents and an evaluation"
                raise ExecutorError(
                    f"executor.resources must leave room for all of a team at once, got needs of {run.strategy} on "
                    f"{run.landscape.label} that do not fit: {what}, beside {len(self._pool.places.plain)} actors with "
                    f"cpus_per_actor {self._settings.cpus_per_actor:g}. Nodes have: {has}. Ask for less, or lower "
                    "executor.actors."
                )


def _node_capacity(options: dict[str, Any], node: Mapping[str, float]) -> int:
    """How many evaluations of these needs a node works at once; what needs nothing in particular needs a core."""
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
    return f"Placement: {labels}: {where}: {low if low == high else f'{low} to {high}'} an evaluation)"


def _format_seconds(seconds: float) -> str:
    return (
        f"{seconds * 1e6:.2g} us"
        if seconds < 1e-3
        else f"{seconds * 1e3:.3g} ms"
        if seconds < 1
        else f"{seconds:.3g} s"
    )
