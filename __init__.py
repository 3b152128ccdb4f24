"""searchparty: independent optimizer agents explore one loss landscape together.

``minimize`` minimises one function, and ``run`` runs an experiment. To write your own agents, landscapes and policies,
derive them from ``Agent``, ``Landscape`` and ``Policy``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .agents.agent import (
        Agent,
        AgentError,
        Archive,
        Converged,
        Incumbent,
        Lease,
        MiniBatch,
        Proposal,
        Region,
        Repeat,
        Search,
        Told,
        WithGradient,
    )
    from .agents.toolbox.callback import Objective, invert_solver
    from .agents.toolbox.local_solver import follow_solver
    from .agents.toolbox.steering import (
        clip_to_cube,
        draw_points,
        first_point,
        is_called_away,
        is_handed_over,
        lies_within,
        restart_point,
        same_region,
        start_point,
    )
    from .experiments.api import resume, run
    from .experiments.contracts.check import ContractError, check_agent, check_landscape, check_policy
    from .experiments.contracts.clause import ClauseResult
    from .experiments.contracts.pytest_classes import AgentContract, LandscapeContract, PolicyContract
    from .experiments.minimization.result import SearchpartyWarning
    from .experiments.minimize import minimize
    from .experiments.results_api import Results
    from .experiments.spec.load import load
    from .experiments.spec.models import Experiment
    from .landscapes.analytic import Analytic
    from .landscapes.axis import Axis
    from .landscapes.landscape import (
        Array,
        DivisibleProblem,
        EvaluationError,
        InitialPoints,
        Landscape,
        LandscapeError,
        MeasuredProblem,
        Problem,
        Space,
    )
    from .orchestrator.loop.audit import InvalidDecision, audit_decision
    from .orchestrator.policies.budget import rewards, share_by_parts
    from .orchestrator.policies.choices import (
        BudgetChoice,
        RadiusChoice,
        Share,
        SharedIncumbent,
        SharingChoice,
        Width,
        fit_budget,
        portion,
        share_leftover,
        standing_key,
    )
    from .orchestrator.policies.composed import fit_region
    from .orchestrator.policies.policy import Policy
    from .orchestrator.policies.radius import last_radius
    from .orchestrator.policies.sharing import is_better, keep_own_best
    from .orchestrator.state.member import Member
    from .orchestrator.state.run import Run

if TYPE_CHECKING:
    from .experiments.adapters.gest_agent import GestAgent as GestAgent
    from .experiments.adapters.gest_generator import SearchPartyGenerator as SearchPartyGenerator
    from .experiments.adapters.optuna_sampler import SearchPartySampler as SearchPartySampler
    from .experiments.adapters.search_cv import SearchPartySearchCV as SearchPartySearchCV

# Names are listed here and imported when they are first used, so that the command line starts quickly.
_HOMES = {
    "Agent": "agents.agent",
    "AgentContract": "experiments.contracts.pytest_classes",
    "AgentError": "agents.agent",
    "Analytic": "landscapes.analytic",
    "Archive": "agents.agent",
    "Array": "landscapes.landscape",
    "Axis": "landscapes.axis",
    "BudgetChoice": "orchestrator.policies.choices",
    "ClauseResult": "experiments.contracts.clause",
    "ContractError": "experiments.contracts.check",
    "Converged": "agents.agent",
    "DivisibleProblem": "landscapes.landscape",
    "EvaluationError": "landscapes.landscape",
    "Experiment": "experiments.spec.load",
    "Incumbent": "agents.agent",
    "InitialPoints": "landscapes.landscape",
    "InvalidDecision": "orchestrator.loop.audit",
    "Landscape": "landscapes.landscape",
    "LandscapeContract": "experiments.contracts.pytest_classes",
    "LandscapeError": "landscapes.landscape",
    "Lease": "agents.agent",
    "MeasuredProblem": "landscapes.landscape",
    "Member": "orchestrator.state.member",
    "MiniBatch": "agents.agent",
    "Objective": "agents.toolbox.callback",
    "Policy": "orchestrator.policies.policy",
    "PolicyContract": "experiments.contracts.pytest_classes",
    "Problem": "landscapes.landscape",
    "Proposal": "agents.agent",
    "RadiusChoice": "orchestrator.policies.choices",
    "Region": "agents.agent",
    "Repeat": "agents.agent",
    "Results": "experiments.results_api",
    "Run": "orchestrator.state.run",
    "Search": "agents.agent",
    "SearchpartyWarning": "experiments.minimization.result",
    "Share": "orchestrator.policies.choices",
    "SharedIncumbent": "orchestrator.policies.choices",
    "SharingChoice": "orchestrator.policies.choices",
    "Space": "landscapes.landscape",
    "Told": "agents.agent",
    "Width": "orchestrator.policies.choices",
    "WithGradient": "agents.agent",
    "audit_decision": "orchestrator.loop.audit",
    "check_agent": "experiments.contracts.check",
    "check_landscape": "experiments.contracts.check",
    "check_policy": "experiments.contracts.check",
    "clip_to_cube": "agents.toolbox.steering",
    "draw_points": "agents.toolbox.steering",
    "first_point": "agents.toolbox.steering",
    "fit_budget": "orchestrator.policies.choices",
    "fit_region": "orchestrator.policies.composed",
    "follow_solver": "agents.toolbox.local_solver",
    "invert_solver": "agents.toolbox.callback",
    "is_better": "orchestrator.policies.sharing",
    "is_called_away": "agents.toolbox.steering",
    "is_handed_over": "agents.toolbox.steering",
    "keep_own_best": "orchestrator.policies.sharing",
    "last_radius": "orchestrator.policies.radius",
    "lies_within": "agents.toolbox.steering",
    "load": "experiments.spec.load",
    "minimize": "experiments.minimize",
    "portion": "orchestrator.policies.choices",
    "restart_point": "agents.toolbox.steering",
    "resume": "experiments.api",
    "rewards": "orchestrator.policies.budget",
    "run": "experiments.api",
    "same_region": "agents.toolbox.steering",
    "share_by_parts": "orchestrator.policies.budget",
    "share_leftover": "orchestrator.policies.choices",
    "standing_key": "orchestrator.policies.choices",
    "start_point": "agents.toolbox.steering",
}

__all__ = [
    "Agent",
    "AgentContract",
    "AgentError",
    "Analytic",
    "Archive",
    "Array",
    "Axis",
    "BudgetChoice",
    "ClauseResult",
    "ContractError",
    "Converged",
    "DivisibleProblem",
    "EvaluationError",
    "Experiment",
    "Incumbent",
    "InitialPoints",
    "InvalidDecision",
    "Landscape",
    "LandscapeContract",
    "LandscapeError",
    "Lease",
    "MeasuredProblem",
    "Member",
    "MiniBatch",
    "Objective",
    "Policy",
    "PolicyContract",
    "Problem",
    "Proposal",
    "RadiusChoice",
    "Region",
    "Repeat",
    "Results",
    "Run",
    "Search",
    "SearchpartyWarning",
    "Share",
    "SharedIncumbent",
    "SharingChoice",
    "Space",
    "Told",
    "Width",
    "WithGradient",
    "audit_decision",
    "check_agent",
    "check_landscape",
    "check_policy",
    "clip_to_cube",
    "draw_points",
    "first_point",
    "fit_budget",
    "fit_region",
    "follow_solver",
    "invert_solver",
    "is_better",
    "is_called_away",
    "is_handed_over",
    "keep_own_best",
    "last_radius",
    "lies_within",
    "load",
    "minimize",
    "portion",
    "restart_point",
    "resume",
    "rewards",
    "run",
    "same_region",
    "share_by_parts",
    "share_leftover",
    "standing_key",
    "start_point",
]

# What needs a package that is installed only on request: it is no part of ``from searchparty import *``.
_ADAPTERS = {
    "GestAgent": "experiments.adapters.gest_agent",
    "SearchPartyGenerator": "experiments.adapters.gest_generator",
    "SearchPartySampler": "experiments.adapters.optuna_sampler",
    "SearchPartySearchCV": "experiments.adapters.search_cv",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name) or _ADAPTERS.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{home}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
