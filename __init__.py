"""searchparty: independent optimizer agents explore one loss landscape together.

``minimize`` is for one function; ``run`` is for an experiment. Agents, landscapes and policies of your own derive
from ``Agent``, ``Landscape`` and ``Policy``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .agents.agent import Agent, Converged, Lease, Region, Told, WithGradient
    from .experiments.api import Results, resume, run
    from .experiments.minimize import minimize
    from .experiments.spec.load import load
    from .experiments.spec.models import Experiment
    from .landscapes.landscape import Landscape, Space
    from .orchestrator.policies.policy import Policy
    from .orchestrator.state.run import Run

# Named here, imported when first used: the command line answers at once.
_HOMES = {
    "Agent": "agents.agent",
    "Converged": "agents.agent",
    "Experiment": "experiments.spec.load",
    "Landscape": "landscapes.landscape",
    "Lease": "agents.agent",
    "Policy": "orchestrator.policies.policy",
    "Region": "agents.agent",
    "Results": "experiments.api",
    "Run": "orchestrator.state.run",
    "Space": "landscapes.landscape",
    "Told": "agents.agent",
    "WithGradient": "agents.agent",
    "load": "experiments.spec.load",
    "minimize": "experiments.minimize",
    "resume": "experiments.api",
    "run": "experiments.api",
}

__all__ = [
    "Agent",
    "Converged",
    "Experiment",
    "Landscape",
    "Lease",
    "Policy",
    "Region",
    "Results",
    "Run",
    "Space",
    "Told",
    "WithGradient",
    "load",
    "minimize",
    "resume",
    "run",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{home}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
