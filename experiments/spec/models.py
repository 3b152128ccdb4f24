"""An experiment: landscapes x strategies x repeats, and all that decides what is found."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, SerializeAsAny, WithJsonSchema, field_validator

from ...agents.agent import Agent
from ...agents.evaluation.settings import Evaluation
from ...landscapes.landscape import Landscape, Model
from ...orchestrator.clock.settings import Delays
from ...orchestrator.executors.resources import Needs
from ...orchestrator.policies.policy import Policy
from .errors import SpecError, quote
from .opened import LandscapeCache

MOST_EVALUATIONS = 10**9


class RaySettings(Model):
    """Leases are worked by Ray actors: on this machine, or on a cluster. Nothing here changes a finding."""

    kind: Literal["ray"] = "ray"
    address: str | None = Field(
        None, description='A cluster to join: "auto", host:port, ray://host:port. Default: start Ray here.'
    )
    placement: Literal["auto", "packed", "spread"] = Field(
        "auto",
        description="packed: a run whole in one actor, runs side by side. spread: an actor an agent. "
        "auto: packed where an evaluation is known to cost less than 1 ms.",
    )
    actors: int | None = Field(
        None, ge=1, le=100_000, description="Most actors. Default: one a core, or a team's size."
    )
    cpus_per_actor: float = Field(0.0, ge=0, le=10_000, description="Cores that Ray sets aside for an actor.")
    resources: Needs = Field(
        Needs(), description="num_cpus, num_gpus and custom resources of agents and of evaluations."
    )


class SimulatedSettings(Delays):
    """Leases are worked in this process. What follows is said of the simulated clock only, never of findings."""

    kind: Literal["simulated"] = "simulated"
    workers: int | None = Field(None, ge=1, le=1_000_000, description="Simulated workers. Default: one an agent.")
    price: float | None = Field(None, ge=0, description="What a worker costs an hour. Default: unknown.")


class StartRegion(Model):
    """Where the search starts, in the unit cube (0 and 1 are the landscape's bounds). Default: all of it."""

    center: float | tuple[float, ...] = Field(0.5, description="One number for all axes, or one an axis.")
    radius: float = Field(0.5, gt=0, le=0.5, description="Half the side of the region.")

    @property
    def centers(self) -> tuple[float, ...]:
        """The center's numbers, however many are given."""
        return self.center if isinstance(self.center, tuple) else (self.center,)


class Stop(Model):
    """What ends a run before its budget is spent."""

    target: float | None = Field(None, description="A loss (absolute).")
    precision: float | None = Field(None, ge=0, description="A loss this far above the landscape's known minimum.")
    seconds: float | None = Field(None, gt=0, description="Wall clock; a run cut so can be replayed, not repeated.")


class Strategy(Model):
    """A team and its policy: what reports compare."""

    team: tuple[tuple[str, SerializeAsAny[Agent]], ...] = Field(description="(member name, agent).")
    policy: SerializeAsAny[Policy] = Field(description="Who decides.")
    concurrency: int | None = Field(None, ge=1, description="Leases out at once. Default: the experiment's.")


Budget = Annotated[
    int | str,
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": r"^\d+ ?\*? ?D$"}]}),
]


class Experiment(Model):
    """One YAML file. Made by ``load`` or ``Experiment.from_data``, which expand lists and sweeps."""

    name: str = Field(description="Names the results directory.")
    description: str = Field("", description="What is asked, in a sentence or two.")
    seed: int = Field(0, ge=0, lt=2**63, description="Decides all randomness.")
    repeats: int = Field(1, ge=1, le=10_000, description="Runs of each strategy on each landscape.")
    budget: Budget = Field(description='Evaluations a run; "100 D" means 100 times the dimension.')
    concurrency: int | None = Field(
        None,
        ge=1,
        le=1000,
        description="Leases out at once, at most the team's size. Default: all agents of the team; 1 under party.",
    )
    region: StartRegion = Field(StartRegion(), description="Where the search starts. Default: the whole cube.")
    landscapes: tuple[SerializeAsAny[Landscape], ...] = Field(min_length=1, description="What is searched.")
    strategies: dict[str, Strategy] = Field(min_length=1, description="What is compared, by name.")
    executor: RaySettings | SimulatedSettings = Field(
        RaySettings(), discriminator="kind", description="Where leases are worked: ray or simulated."
    )
    evaluation: Evaluation = Field(
        Evaluation(), description="How points are evaluated, and what becomes of those without a loss."
    )
    stop: Stop = Field(Stop(), description="What ends a run before its budget is spent.")
    sweep: dict[str, tuple[Any, ...]] = Field(
        default_factory=dict, description="key.path: [values]; every combination is run. Any setting, at its path."
    )
    base: str | None = Field(None, description="Directory of relative paths. Default: the YAML's.")
    files: tuple[str, ...] = Field(
        (), description="Files and folders that objectives and agents read; they travel to a cluster. May have * in it."
    )

    _data: dict[str, Any] = PrivateAttr(default_factory=dict)
    _landscape_cache: LandscapeCache = PrivateAttr(default_factory=LandscapeCache)
    _variants: tuple[tuple[tuple[tuple[str, Any], ...], Experiment], ...] = PrivateAttr(default=())

    @field_validator("name", mode="after")
    @classmethod
    def _check_name(cls, value: str) -> str:
        if not (value.isprintable() and 0 < len(value.strip()) <= 100):
            raise ValueError(f"name must be 1 to 100 printable characters, got {quote(value)}. Choose another.")
        return value

    @field_validator("budget", mode="plain")
    @classmethod
    def _check_budget(cls, value: Any) -> int | str:
        return parse_budget(value)

    @classmethod
    def from_data(cls, data: Mapping[str, Any], base: str | None = None) -> Experiment:
        """An experiment from plain data as YAML gives it; ``base`` is where relative paths start.

        Raises SpecError with all problems.
        """
        return _hooks.read(data, base)

    @property
    def landscape_cache(self) -> LandscapeCache:
        """What is known of the landscapes from reading the experiment."""
        return self._landscape_cache

    @property
    def variants(self) -> tuple[tuple[tuple[tuple[str, Any], ...], Experiment], ...]:
        """(swept settings, experiment without a sweep) for every combination; just itself without a sweep."""
        return self._variants or (((), self),)

    @property
    def home(self) -> str:
        """The directory in which relative paths start."""
        return str(self._data.get("base") or self.base or ".")

    def budget_for(self, dimension: int) -> int:
        """Evaluations of a run on a landscape of this dimension."""
        if isinstance(self.budget, int):
            return self.budget
        return int(self.budget.removesuffix("D")) * dimension

    def with_executor(self, kind: str | None = None, address: str | None = None) -> Experiment:
        """The same experiment, worked elsewhere; None keeps what it has. No finding changes."""
        if kind is None and address is None:
            return self
        settings: RaySettings | SimulatedSettings = self.executor
        if kind is not None and kind != settings.kind:
            if kind not in ("ray", "simulated"):
                raise SpecError([f"executor must be ray or simulated, got {kind!r}. Choose one of them."])
            settings = RaySettings() if kind == "ray" else SimulatedSettings()
        if address is not None:
            if not isinstance(settings, RaySettings):
                raise SpecError([f"address must go with the executor ray, got {address!r}. Add --executor ray."])
            settings = settings.model_copy(update={"address": address})
        return self.with_settings(settings)

    def with_settings(self, settings: RaySettings | SimulatedSettings) -> Experiment:
        """The same experiment under another executor."""
        changed = self.model_copy(update={"executor": settings})
        changed._data = {**self._data, "executor": settings.model_dump(mode="json", exclude_defaults=True)}
        changed._data["executor"]["kind"] = settings.kind
        return changed

    def to_yaml(self) -> str:
        """YAML that loads to the same runs, from wherever it is loaded."""
        return _hooks.dump(copy.deepcopy(self._data))


@dataclass
class Hooks:
    """How an experiment is made of plain data and written as YAML. ``load.py`` sets them, so that the models import
    neither the builder nor YAML, which both need the models."""

    read: Callable[[Mapping[str, Any], str | None], Experiment]
    dump: Callable[[Mapping[str, Any]], str]


def set_hooks(hooks: Hooks) -> None:
    """Say how experiments are read and written."""
    global _hooks
    _hooks = hooks


_hooks: Hooks


def parse_budget(value: Any) -> int | str:
    """A budget as it is kept: a whole number, or "<n> D"."""
    number: Any = value
    if isinstance(value, str):
        times = re.fullmatch(r"\s*(\d{1,9})\s*\*?\s*D\s*", value)
        if times and int(times[1]) > 0:
            return f"{int(times[1])} D"
        try:
            number = float(value)
        except ValueError:
            number = None
    whole = isinstance(number, int | float) and not isinstance(value, bool) and number == number // 1
    if not whole or not 1 <= number <= MOST_EVALUATIONS:
        raise ValueError(
            f'budget must be a whole number of evaluations from 1 to {MOST_EVALUATIONS:,}, or "<n> D" for n times '
            f"the dimension, got {quote(value)}. Write e.g. 2000 or 500 D."
        )
    return int(number)
