"""The models of an experiment: landscapes x strategies x repeats, with all settings that decide the findings."""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, SerializeAsAny, WithJsonSchema, field_validator

from ...agents.agent import Agent
from ...agents.evaluation.settings import Bytes, Evaluation, parse_size
from ...landscapes.landscape import Landscape, Model
from ...orchestrator.clock.settings import Delays
from ...orchestrator.executors.resources import Needs
from ...orchestrator.policies.policy import Policy
from .errors import SpecError, quote, suggest
from .opened import LandscapeCache

MOST_EVALUATIONS = 10**9
LEAST_KEPT_BYTES = 10**6
MOST_SEEDS = 2**63


class RaySettings(Model):
    """Settings of the executor ``ray``: Ray actors work the leases, on this machine or on a cluster.

    No setting here changes a finding.

    Example:
        >>> from searchparty.experiments.spec.models import RaySettings
        >>> RaySettings(address="auto", placement="spread", cpus_per_actor=1).kind
        'ray'
    """

    kind: Literal["ray"] = "ray"
    address: str | None = Field(
        None, description='A cluster to join: "auto", host:port, ray://host:port. Default: start Ray here.'
    )
    placement: Literal["auto", "packed", "spread"] = Field(
        "auto",
        description="packed: each run in one actor, several runs in parallel. spread: one actor per agent. "
        "auto: packed where an evaluation is known to take less than 1 ms.",
    )
    actors: int | None = Field(
        None,
        ge=1,
        le=100_000,
        description="Maximum number of actors. Default: one per core, at least the size of the largest team.",
    )
    cpus_per_actor: float = Field(0.0, ge=0, le=10_000, description="Cores that Ray reserves for each actor.")
    resources: Needs = Field(
        Needs(), description="num_cpus, num_gpus and custom resources of agents and of evaluations."
    )


class SimulatedSettings(Delays):
    """Settings of the executor ``simulated``: this process works the leases.

    The settings concern the simulated clock only; no setting changes a finding.

    Example:
        >>> from searchparty.experiments.spec.models import SimulatedSettings
        >>> SimulatedSettings(workers=10, price=0.05, latency=0.5).latency.mean
        0.5
    """

    kind: Literal["simulated"] = "simulated"
    workers: int | None = Field(None, ge=1, le=1_000_000, description="Simulated workers. Default: one per agent.")
    price: float | None = Field(None, ge=0, description="Price of one worker per hour. Default: unknown.")


class StartRegion(Model):
    """The region where the search starts, in the unit cube (0 and 1 are the landscape's bounds).

    The default is the whole cube. The region must lie within the cube.

    Example:
        >>> from searchparty.experiments.spec.models import StartRegion
        >>> StartRegion(center=(0.25, 0.5), radius=0.25).centers
        (0.25, 0.5)
    """

    center: float | tuple[float, ...] = Field(0.5, description="One number for all axes, or one per axis.")
    radius: float = Field(0.5, gt=0, le=0.5, description="Half the side length of the region, in the unit cube.")

    @property
    def centers(self) -> tuple[float, ...]:
        """The center as a tuple, of one number for all axes or of one number per axis."""
        return self.center if isinstance(self.center, tuple) else (self.center,)


class Stop(Model):
    """Conditions that end a run before its budget is spent. By default there are none.

    ``target`` and ``precision`` exclude each other.

    Example:
        >>> from searchparty.experiments.spec.models import Stop
        >>> Stop(precision=1e-8).target is None
        True
    """

    target: float | None = Field(None, description="End a run when it finds this loss or a lower one.")
    precision: float | None = Field(
        None, ge=0, description="End a run when it finds a loss at most this far above the known minimum."
    )
    seconds: float | None = Field(
        None, gt=0, description="End a run after so many wall-clock seconds. It can be replayed, but not repeated."
    )


class LogSettings(Model):
    """What the log of an experiment keeps. No setting here changes a finding.

    Example:
        >>> from searchparty.experiments.spec.models import LogSettings
        >>> LogSettings(keep="500 MB").keep
        500000000
    """

    keep: Bytes | None = Field(
        None,
        description='What the points of all runs may take, e.g. "500 MB"; of points that do not fit, digests are kept. '
        "Default: all points are kept.",
    )

    @field_validator("keep", mode="before")
    @classmethod
    def _check_keep(cls, value: Any) -> Any:
        return None if value is None else parse_size("keep", value, LEAST_KEPT_BYTES)


class Strategy(Model):
    """A team and its policy. Strategies are what reports compare.

    In a YAML the team is given as ``agents``, whose entries may have a ``count`` and a ``name``.

    Example:
        >>> from searchparty import load
        >>> strategy = load("quickstart").strategies["team"]
        >>> [name for name, agent in strategy.team], strategy.policy.kind
        (['grid', 'gradient-descent', 'random-restart'], 'composed')
    """

    team: tuple[tuple[str, SerializeAsAny[Agent]], ...] = Field(description="(member name, agent) of each member.")
    policy: SerializeAsAny[Policy] = Field(description="Decides which agent gets which lease.")
    concurrency: int | None = Field(
        None, ge=1, description="Maximum number of simultaneous leases. Default: the experiment's."
    )


Budget = Annotated[
    int | str,
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": r"^\d+ ?\*? ?D$"}]}),
]


class Experiment(Model):
    """An experiment: every strategy searches every landscape, ``repeats`` times.

    It corresponds to one YAML file, whose keys are its fields. Make it with ``load`` or ``Experiment.from_data``, which
    expand lists and sweeps; the constructor does not.

    Example:
        >>> from searchparty import Experiment
        >>> experiment = Experiment.from_data(
        ...     {
        ...         "name": "example",
        ...         "budget": "100 D",
        ...         "landscapes": [{"kind": "rastrigin", "dimension": [2, 5]}],
        ...         "strategies": {"alone": {"agents": ["cma-es"]}, "team": {"agents": ["cma-es", "slsqp"]}},
        ...     }
        ... )
        >>> [landscape.label for landscape in experiment.landscapes]
        ['rastrigin D=2', 'rastrigin D=5']
        >>> experiment.budget_for(5), experiment.executor.kind
        (500, 'ray')
        >>> print(experiment.with_executor("simulated").to_yaml().splitlines()[-1])
          kind: simulated
    """

    name: str = Field(description="Name of the experiment, and of its results directory.")
    description: str = Field("", description="The question that the experiment asks, in a sentence or two.")
    seed: int = Field(0, ge=0, lt=MOST_SEEDS, description="Seed of all random numbers.")
    repeats: int = Field(1, ge=1, le=10_000, description="Runs of each strategy on each landscape.")
    budget: Budget = Field(description='Evaluations per run; "100 D" means 100 times the dimension.')
    concurrency: int | None = Field(
        None,
        ge=1,
        le=1000,
        description="Maximum number of simultaneous leases, up to the team's size. Default: that size; 1 under party.",
    )
    region: StartRegion = Field(StartRegion(), description="Where the search starts. Default: the whole cube.")
    landscapes: tuple[SerializeAsAny[Landscape], ...] = Field(min_length=1, description="The losses to be minimised.")
    strategies: dict[str, Strategy] = Field(min_length=1, description="The strategies to compare, by name.")
    executor: RaySettings | SimulatedSettings = Field(
        RaySettings(), description="Where leases are worked: ray or simulated."
    )
    evaluation: Evaluation = Field(
        Evaluation(), description="How points are evaluated, and how those without a loss are treated."
    )
    stop: Stop = Field(Stop(), description="Conditions that end a run before its budget is spent.")
    log: LogSettings = Field(LogSettings(), description="What the log keeps. Default: everything.")
    sweep: dict[str, tuple[Any, ...]] = Field(
        default_factory=dict, description="key.path: [values], for any setting; every combination is run."
    )
    runs: tuple[str, ...] = Field(
        (), description="Only these runs of the experiment, by id. Default: all. `searchparty branch` writes it."
    )
    base: str | None = Field(None, description="Directory in which relative paths start. Default: that of the YAML.")
    files: tuple[str, ...] = Field(
        (), description="Files and folders that objectives and agents read, copied to a cluster; * is a wildcard."
    )

    _data: dict[str, Any] = PrivateAttr(default_factory=dict)
    _landscape_cache: LandscapeCache = PrivateAttr(default_factory=LandscapeCache)
    _variants: tuple[tuple[tuple[tuple[str, Any], ...], Experiment], ...] = PrivateAttr(default=())

    @field_validator("name", mode="after")
    @classmethod
    def _check_name(cls, value: str) -> str:
        if not (value.isprintable() and 0 < len(value.strip()) <= 100):
            raise ValueError(f"name must be 1 to 100 printable characters, got {quote(value)}. Choose another name.")
        return value

    @field_validator("budget", mode="plain")
    @classmethod
    def _check_budget(cls, value: Any) -> int | str:
        return parse_budget(value)

    @classmethod
    def from_data(cls, data: Mapping[str, Any], base: str | None = None) -> Experiment:
        """Build an experiment from plain data with the keys and values of a YAML.

        Args:
            data: The experiment's settings. They are copied.
            base: The directory in which relative paths start; None for the current one.

        Returns:
            The experiment, with its lists and its sweep expanded.

        Raises:
            SpecError: If the data do not describe an experiment. It holds all problems.
        """
        return _hooks.read(data, base)

    @property
    def landscape_cache(self) -> LandscapeCache:
        """The facts of the landscapes that were learned when the experiment was built."""
        return self._landscape_cache

    @property
    def variants(self) -> tuple[tuple[tuple[tuple[str, Any], ...], Experiment], ...]:
        """(swept settings, experiment without a sweep) of every combination; without a sweep, the experiment alone."""
        return self._variants or (((), self),)

    @property
    def plain_data(self) -> Mapping[str, Any]:
        """The data that the experiment was built from, with its sweep. They must not be changed."""
        return self._data

    @property
    def home(self) -> str:
        """The directory in which relative paths start; "." is the current one."""
        return str(self._data.get("base") or self.base or ".")

    def budget_for(self, dimension: int) -> int:
        """Return the budget of a run on a landscape of this dimension, in evaluations."""
        if isinstance(self.budget, int):
            return self.budget
        return int(self.budget.removesuffix("D")) * dimension

    def with_executor(self, kind: str | None = None, address: str | None = None) -> Experiment:
        """Return the same experiment with another executor. No finding changes.

        Args:
            kind: "ray" or "simulated", with that executor's default settings if the kind changes; None keeps the
                executor.
            address: The Ray cluster to join: "auto", "host:port" or "ray://host:port"; None keeps the address.

        Raises:
            SpecError: If the kind is unknown, or if an address is given for the executor simulated.
        """
        if kind is None and address is None:
            return self
        settings: RaySettings | SimulatedSettings = self.executor
        if kind is not None and kind != settings.kind:
            if kind not in ("ray", "simulated"):
                cure = suggest(str(kind), ("ray", "simulated"), listed=False)
                raise SpecError([f"executor must be ray or simulated, got {quote(kind)}. {cure}"])
            settings = RaySettings() if kind == "ray" else SimulatedSettings()
        if address is not None:
            if not isinstance(settings, RaySettings):
                raise SpecError([f"address must be used with the executor ray, got {address!r}. Add --executor ray."])
            settings = settings.model_copy(update={"address": address})
        return self.with_settings(settings)

    def with_settings(self, settings: RaySettings | SimulatedSettings) -> Experiment:
        """Return the same experiment with these settings of its executor."""
        changed = self.model_copy(update={"executor": settings})
        changed._data = {**self._data, "executor": settings.model_dump(mode="json", exclude_defaults=True)}
        changed._data["executor"]["kind"] = settings.kind
        return changed

    def to_yaml(self) -> str:
        """Write the experiment as YAML that loads to the same runs, whatever directory it is loaded from."""
        return _hooks.dump(copy.deepcopy(self._data))


@dataclass
class Hooks:
    """Functions that build an experiment from plain data and write it as YAML.

    ``load.py`` sets them, so that the models need not import the builder and the YAML code, which import the models.

    Attributes:
        read: Builds an experiment from data and a base directory.
        dump: Writes plain data as YAML.
    """

    read: Callable[[Mapping[str, Any], str | None], Experiment]
    dump: Callable[[Mapping[str, Any]], str]


def set_hooks(hooks: Hooks) -> None:
    """Set the functions by which experiments are built and written."""
    global _hooks
    _hooks = hooks


_hooks: Hooks


def check_seed(value: Any) -> int:
    """Return a seed if it is a whole number from 0 to 2**63 - 1. Raises ValueError if it is not."""
    whole = isinstance(value, int | float | Real) and type(value) is not bool and value == value // 1
    if not whole or not 0 <= value < MOST_SEEDS:
        raise ValueError(f"seed must be a whole number from 0 to 2**63 - 1, got {quote(value)}. Write e.g. 1.")
    return int(value)


def check_target(value: Any) -> float:
    """Return a target if it is a finite number. Raises ValueError if it is not."""
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise ValueError(f"target must be a finite number, got {quote(value)}. Write e.g. 0.001.")
    return float(value)


def parse_budget(value: Any) -> int | str:
    """Convert a budget to a whole number of evaluations, or to "<n> D" (n times the dimension).

    Raises:
        ValueError: If it is neither, or is not from 1 to ``MOST_EVALUATIONS``.
    """
    number: Any = value
    if isinstance(value, str):
        times = re.fullmatch(r"\s*(\d{1,9})\s*\*?\s*D\s*", value)
        if times and int(times[1]) > 0:
            return f"{int(times[1])} D"
        try:
            number = float(value)
        except ValueError:
            number = None
    whole = isinstance(number, Real) and not isinstance(value, bool) and number == number // 1
    if not whole or not 1 <= number <= MOST_EVALUATIONS:
        raise ValueError(
            f'budget must be a whole number of evaluations from 1 to {MOST_EVALUATIONS:,}, or "<n> D" for n times '
            f"the dimension, got {quote(value)}. Write e.g. 2000 or 500 D."
        )
    return int(number)
