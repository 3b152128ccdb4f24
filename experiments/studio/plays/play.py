"""The settings of the playground, and their conversion to an ordinary experiment of one run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pydantic import Field

from ....landscapes.landscape import Model
from ....orchestrator.run_spec import digest
from ...spec.build import copy_plain_data
from ...spec.catalogue import CatalogueError
from ...spec.errors import KeyPath, ProblemList, SourcePositions, SpecError, quote, suggest
from ...spec.load import Experiment
from ...spec.parts.model import build_model
from .limits import LIMITS
from .offer import NETWORK_PLANE, offered_classes

MOST_FULL_GRID_POINTS = 1000
"""A grid of up to this many points is evaluated in full, where the agent by default would search axis by axis."""
PLANE_DIMENSION = 2
STRATEGY_NAME = "team"
"""The name of the only strategy."""


class PlaySettings(Model):
    """The settings that the playground's page may ask for. Kinds are those of ``offered_classes``."""

    landscape: dict[str, Any] = Field(
        {"kind": "rastrigin", "dimension": 2}, description="A kind of landscape and the settings of its class."
    )
    kinds: tuple[str, ...] = Field(
        ("grid", "gradient-descent", "random-restart"),
        min_length=1,
        max_length=LIMITS.agents[1],
        description="Kinds of agents, assigned round robin.",
    )
    agents: int = Field(3, ge=LIMITS.agents[0], le=LIMITS.agents[1], description="Total number of agents.")
    grid_size: int = Field(
        5, ge=LIMITS.grid_size[0], le=LIMITS.grid_size[1], description="Points of a grid agent along each axis."
    )
    shrink: float = Field(
        0.5,
        ge=LIMITS.shrink[0],
        le=LIMITS.shrink[1],
        description="Ratio of a radius to the one before, for a grid agent's grids and the radius policy shrink.",
    )
    radius: float = Field(
        0.5, ge=LIMITS.radius[0], le=LIMITS.radius[1], description="Half of the side of the starting region."
    )
    center: float | tuple[float, ...] = Field(
        0.5, description="Center of the starting region, in the unit cube: one number, or one per axis."
    )
    budget: int = Field(1500, ge=LIMITS.budget[0], le=LIMITS.budget[1], description="Evaluations of the run.")
    sharing: str = Field(
        "broadcast",
        description="What agents learn of the best points of others; under party, only whether they learn of them.",
    )
    policy: str = Field("composed", description="The policy that decides about leases.")
    budget_policy: str = Field("bandit", description="Which agent gets a lease; under composed only.")
    radius_policy: str = Field("trust-region", description="The radius of a lease's region; under composed only.")
    lease: int | None = Field(
        None, ge=LIMITS.lease[0], le=LIMITS.lease[1], description="Evaluations per lease. Default: the policy's."
    )
    seed: int = Field(0, ge=LIMITS.seed[0], le=LIMITS.seed[1], description="Seed of all random numbers.")
    agent_settings: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="Settings of an agent's class, by kind; they override those above."
    )


def parse_play_settings(data: Any) -> PlaySettings:
    """Parse settings from plain data (JSON). Raises SpecError with all problems."""
    whole = copy_plain_data(data)
    if not isinstance(whole, dict):
        raise SpecError(
            [f"settings must be a mapping (key: value), got {quote(data)}. Leave them out to use the defaults."]
        )
    notes = ProblemList(SourcePositions({}))
    found = build_model(notes, PlaySettings, whole, ())
    if not isinstance(found, PlaySettings):
        raise SpecError(notes.problems)
    return found


def experiment_data(settings: PlaySettings) -> dict[str, Any]:
    """Convert settings to the data of an experiment's YAML, without default values.

    Raises SpecError with all problems within single parts; problems between parts are found when the experiment is
    built.
    """
    notes = ProblemList(SourcePositions({}))
    try:
        landscape = _landscape_data(notes, settings.landscape)
        dimension = 1 if landscape is None else landscape.get("dimension", PLANE_DIMENSION)
        team = _team_data(notes, settings, dimension)
        policy = _policy_data(notes, settings, dimension)
    except CatalogueError as error:
        raise SpecError([str(error)]) from None
    if notes.problems:
        raise SpecError(notes.problems)
    center = list(settings.center) if isinstance(settings.center, tuple) else settings.center
    return {
        "name": "playground",
        "description": "One run, from the studio's playground.",
        "seed": settings.seed,
        "budget": settings.budget,
        "region": {"center": center, "radius": settings.radius},
        "landscapes": [landscape],
        "strategies": {STRATEGY_NAME: {"agents": team, "policy": policy}},
        "executor": {"kind": "simulated"},
    }


def build_play_experiment(settings: PlaySettings) -> Experiment:
    """Build the experiment of one run that the settings describe. Raises SpecError with all problems.

    Its ``to_yaml()`` can be run by ``searchparty run``.
    """
    data = experiment_data(settings)
    try:
        return Experiment.from_data(data)
    except CatalogueError as error:
        raise SpecError([str(error)]) from None


def play_key(data: Mapping[str, Any]) -> str:
    """Return a key of sixteen hexadecimal digits; the same data of an experiment give the same key."""
    return digest(data)[:16]


def _offered_class(notes: ProblemList, family: str, kind: Any, path: KeyPath) -> type[Model] | None:
    """Return the class of a kind that the playground offers; report a problem and return None if it does not."""
    known = offered_classes(family)
    if isinstance(kind, str) and kind in known:
        return known[kind]
    got = "nothing" if kind is None else quote(kind)
    notes.report(path, f"be a kind of {family} that the playground offers", got, suggest(str(kind), known))
    return None


def _model_data(notes: ProblemList, cls: type[Model], data: Mapping[str, Any], path: KeyPath) -> dict[str, Any] | None:
    """Validate a model's data and return them without defaults; report problems and return None if they are invalid."""
    model = build_model(notes, cls, data, path)
    if model is None:
        return None
    kept = model.model_dump(mode="json", exclude_defaults=True)
    large = [name for name, value in kept.items() if isinstance(value, int) and value > LIMITS.number]
    for name in large:
        notes.report((*path, name), f"be at most {LIMITS.number:,}", quote(kept[name]), "Lower it.")
    return None if large else {"kind": data["kind"], **kept}


def _landscape_data(notes: ProblemList, data: Mapping[str, Any]) -> dict[str, Any] | None:
    """Validate a landscape's data and return them, with the dimension where it has one; None if they are invalid."""
    cls = _offered_class(notes, "landscape", data.get("kind"), ("landscape", "kind"))
    if cls is not None and data["kind"] == NETWORK_PLANE["kind"]:
        if {**NETWORK_PLANE, **data} != NETWORK_PLANE:
            notes.report(("landscape",), f"be {NETWORK_PLANE} or its kind alone", quote(data), "Leave out the rest.")
            return None
        return dict(NETWORK_PLANE)
    found = None if cls is None else _model_data(notes, cls, data, ("landscape",))
    if cls is None or found is None:
        return None
    dimension = found.setdefault("dimension", cls.model_fields["dimension"].default)
    least, most = LIMITS.dimension
    if not least <= dimension <= most:
        notes.report(("landscape", "dimension"), f"be {least} to {most}", quote(dimension), "Lower it.")
        return None
    return found


def _team_data(notes: ProblemList, settings: PlaySettings, dimension: int) -> list[dict[str, Any]]:
    """Return the agents' data, one entry per agent, assigned round robin."""
    found: dict[str, dict[str, Any] | None] = {}
    for number, kind in enumerate(settings.kinds):
        cls = _offered_class(notes, "agent", kind, ("kinds", number))
        if cls is not None and kind not in settings.agent_settings:
            found[kind] = _model_data(
                notes, cls, {"kind": kind, **_default_settings(settings, kind, {}, dimension)}, ("kinds", number)
            )
    for kind, given in settings.agent_settings.items():
        path: KeyPath = ("agent_settings", kind)
        cls = _offered_class(notes, "agent", kind, path)
        if cls is not None:
            usual = _default_settings(settings, kind, given, dimension)
            found[kind] = _model_data(notes, cls, {"kind": kind, **usual, **given}, path)
    dealt = [found.get(settings.kinds[number % len(settings.kinds)]) for number in range(settings.agents)]
    return [agent for agent in dealt if agent is not None]


def _default_settings(settings: PlaySettings, kind: str, given: Mapping[str, Any], dimension: int) -> dict[str, Any]:
    """Return the settings of an agent's class that come from the playground's own fields."""
    if kind != "grid":
        return {}
    size = given.get("points_per_axis", settings.grid_size)
    full = size**dimension if isinstance(size, int) and 0 < size <= LIMITS.grid_size[1] else 0
    wider = {"max_points": full} if 256 < full <= MOST_FULL_GRID_POINTS else {}
    return {"points_per_axis": settings.grid_size, "shrink": settings.shrink, **wider}


def _policy_data(notes: ProblemList, settings: PlaySettings, dimension: int) -> dict[str, Any]:
    """Return the policy's data.

    A policy that is not composed gets the settings of sharing and leases only as far as it has such fields.
    """
    cls = _offered_class(notes, "policy", settings.policy, ("policy",))
    sharing = _offered_class(notes, "sharing", settings.sharing, ("sharing",))
    budget = _offered_class(notes, "budget", settings.budget_policy, ("budget_policy",))
    radius = _offered_class(notes, "radius", settings.radius_policy, ("radius_policy",))
    if cls is None or sharing is None or budget is None or radius is None:
        return {}
    found: dict[str, Any] = {"kind": settings.policy}
    if settings.policy == "composed":
        shrinks = {"factor": settings.shrink} if settings.radius_policy == "shrink" else {}
        found |= {"budget": settings.budget_policy, "sharing": settings.sharing}
        found["radius"] = {"kind": settings.radius_policy, **shrinks} if shrinks else settings.radius_policy
        return found | ({} if settings.lease is None else {"lease": settings.lease})
    if "sharing" in cls.model_fields and settings.sharing == "none":
        found["sharing"] = False
    if "lease" in cls.model_fields and settings.lease is not None:
        # Policies that are not composed count leases in multiples of the dimension.
        found["lease"] = math.ceil(settings.lease / dimension)
    return found
