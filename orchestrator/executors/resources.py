"""The resources that a process needs on its machine: CPU cores, GPUs, and custom resources of the cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from ...agents.agent import Agent
from ...landscapes.landscape import Landscape, Model

Amount = Annotated[float, Field(ge=0, le=10_000)]


class Resources(Model):
    """The resources that Ray reserves for a process, on one node."""

    num_cpus: Amount | None = Field(
        None, description="Number of CPU cores. Default: cpus_per_actor for an agent, 1 for an evaluation."
    )
    num_gpus: Amount = Field(0.0, description="Number of GPUs. With a fraction, several processes share one.")
    custom: dict[str, Amount] = Field(
        default_factory=dict, description="Amounts of the cluster's custom resources, by name."
    )

    def options(self, cpus: float) -> dict[str, Any]:
        """Return Ray's options for an actor or a task.

        Args:
            cpus: Number of CPU cores if ``num_cpus`` is not set.
        """
        found: dict[str, Any] = {"num_cpus": cpus if self.num_cpus is None else self.num_cpus}
        if self.num_gpus:
            found["num_gpus"] = self.num_gpus
        if self.custom:
            found["resources"] = dict(self.custom)
        return found

    @property
    def key(self) -> str:
        """A text that is equal for equal resources."""
        return self.model_dump_json()


class Needs(Model):
    """Resources of agents and landscapes.

    A member of a team is named by its own name or by the kind of its agent, a landscape by its kind.
    """

    agents: dict[str, Resources] = Field(
        default_factory=dict, description="Resources of agents, by name of the member or by kind."
    )
    landscapes: dict[str, Resources] = Field(
        default_factory=dict, description="Resources of each evaluation of a landscape, by its kind."
    )

    def of_agent(self, name: str, agent: Agent) -> Resources | None:
        """Return the resources of the process of this member; None if none are set."""
        return self.agents.get(name) or self.agents.get(agent.kind)

    def of_landscape(self, landscape: Landscape) -> Resources | None:
        """Return the resources of one evaluation of this landscape; None if none are set."""
        return self.landscapes.get(landscape.kind)

    def of_team(self, team: tuple[tuple[str, Agent], ...]) -> bool:
        """Return whether resources are set for any member of the team."""
        return any(self.of_agent(name, agent) is not None for name, agent in team)


def _requested_amounts(options: Mapping[str, Any]) -> dict[str, float]:
    """Return the requested amounts by Ray's names for resources, without those that are 0."""
    found = {"CPU": options.get("num_cpus", 0), "GPU": options.get("num_gpus", 0), **options.get("resources", {})}
    return {name: float(amount) for name, amount in found.items() if amount > 0}


def count_fitting(options: Mapping[str, Any], node: Mapping[str, float]) -> float:
    """Return how many processes with these options fit on an otherwise empty node; infinity if they need nothing.

    Args:
        options: Ray's options for one process.
        node: The resources of the node, by Ray's names.
    """
    ratios = [node.get(name, 0.0) / amount for name, amount in _requested_amounts(options).items()]
    return min((float(int(ratio + 1e-9)) for ratio in ratios), default=float("inf"))


def fits_on_nodes(processes: Sequence[Mapping[str, Any]], nodes: Sequence[Mapping[str, float]]) -> bool:
    """Return whether processes fit on nodes, all at the same time.

    Each process, the one that needs most first, is placed on the first node that has room for it.

    Args:
        processes: Ray's options for each process.
        nodes: The resources of each node, by Ray's names.
    """
    free = [dict(node) for node in nodes]
    wanted = sorted((_requested_amounts(options) for options in processes), key=lambda each: -sum(each.values()))
    for each in wanted:
        for node in free:
            if all(node.get(name, 0.0) + 1e-9 >= amount for name, amount in each.items()):
                for name, amount in each.items():
                    node[name] -= amount
                break
        else:
            return False
    return True
