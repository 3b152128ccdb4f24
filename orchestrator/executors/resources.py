"""What a process needs of its machine beside time: cores, GPUs, and whatever a cluster calls a resource."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from ...agents.agent import Agent
from ...landscapes.landscape import Landscape, Model

Amount = Annotated[float, Field(ge=0, le=10_000)]


class Resources(Model):
    """What Ray sets aside for a process, on one node."""

    num_cpus: Amount | None = Field(
        None, description="Cores. Default: cpus_per_actor for an agent, 1 for an evaluation."
    )
    num_gpus: Amount = Field(0.0, description="GPUs; a fraction shares one.")
    custom: dict[str, Amount] = Field(default_factory=dict, description="Custom resources of the cluster, by name.")

    def options(self, cpus: float) -> dict[str, Any]:
        """Ray's options for an actor or a task; ``cpus`` where no cores are asked for."""
        found: dict[str, Any] = {"num_cpus": cpus if self.num_cpus is None else self.num_cpus}
        if self.num_gpus:
            found["num_gpus"] = self.num_gpus
        if self.custom:
            found["resources"] = dict(self.custom)
        return found

    @property
    def key(self) -> str:
        """Equal for equal needs."""
        return self.model_dump_json()


class Needs(Model):
    """Who needs what. A team's member is named by its own name or by its agent's kind, a landscape by its kind."""

    agents: dict[str, Resources] = Field(default_factory=dict, description="Agents, by member name or kind.")
    landscapes: dict[str, Resources] = Field(
        default_factory=dict, description="Each evaluation of a landscape, by its kind."
    )

    def of_agent(self, name: str, agent: Agent) -> Resources | None:
        """What the process of this member needs, if anything was said."""
        return self.agents.get(name) or self.agents.get(agent.kind)

    def of_landscape(self, landscape: Landscape) -> Resources | None:
        """What an evaluation needs, if anything was said."""
        return self.landscapes.get(landscape.kind)

    def of_team(self, team: tuple[tuple[str, Agent], ...]) -> bool:
        """Whether anything was said of a member of the team."""
        return any(self.of_agent(name, agent) is not None for name, agent in team)


def _requested_amounts(options: Mapping[str, Any]) -> dict[str, float]:
    """Amounts by Ray's names, less those of which nothing is wanted."""
    found = {"CPU": options.get("num_cpus", 0), "GPU": options.get("num_gpus", 0), **options.get("resources", {})}
    return {name: float(amount) for name, amount in found.items() if amount > 0}


def count_fitting(options: Mapping[str, Any], node: Mapping[str, float]) -> float:
    """How many processes of these needs a node has room for, all others gone; infinity if they need nothing."""
    ratios = [node.get(name, 0.0) / amount for name, amount in _requested_amounts(options).items()]
    return min((float(int(ratio + 1e-9)) for ratio in ratios), default=float("inf"))


def fits_on_nodes(processes: Sequence[Mapping[str, Any]], nodes: Sequence[Mapping[str, float]]) -> bool:
    """Whether processes with these options fit onto nodes all at once: each, the neediest first, goes to the first node
    that has room for it."""
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
