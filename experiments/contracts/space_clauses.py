"""The clauses of an agent's contract that work whole runs, on axes of every kind: budgets, constraints, starts."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from math import log10, prod
from typing import Any, ClassVar

from ...agents.agent import Agent
from ...landscapes.causes import is_free_cause
from ...orchestrator.state.events import findings
from ..minimization.result import MinimizeResult, SearchpartyWarning
from ..minimize import minimize
from .clause import Clause, ClauseBroken, Example, format_evaluations, require

AXES: dict[str, dict[str, Any]] = {
    "rate": {"low": 1e-5, "high": 0.1, "log": True},
    "depth": {"low": 2, "high": 8, "integer": True},
    "kernel": {"choices": ["rbf", "poly", "linear"]},
    "width": {"low": 1, "high": 1024, "log": True, "integer": True},
    "scale": {"low": -1.0, "high": 3.0},
    "small": {"low": 0, "high": 1, "integer": True},
}
"""An axis of every kind."""
MINIMUM: dict[str, Any] = {"rate": 0.01, "depth": 4, "kernel": "poly", "width": 64, "scale": 0.5, "small": 1}
SPACES = (("rate",), ("depth",), ("kernel",), ("width", "scale"), ("kernel", "small"), tuple(AXES))
"""The axes that are searched together."""
START: dict[str, Any] = {"rate": 0.05, "depth": 7, "kernel": "linear"}
CONSTRAINT = "depth + scale <= 6"


@dataclass(frozen=True)
class RunExample(Example):
    """A run of one agent on a few axes.

    Attributes:
        axes: The names of the axes (``AXES``).
        budget: How many evaluations the run has.
        lease: How many evaluations each lease has.
        seed: The seed of the run.
    """

    SHRUNK: ClassVar[tuple[tuple[str, int], ...]] = (("budget", 1), ("seed", 0))

    axes: tuple[str, ...] = tuple(AXES)
    budget: int = 60
    lease: int = 20
    seed: int = 3

    def describe(self) -> str:
        """Return the example in words."""
        named = ", ".join(f"{name} {AXES[name]}" for name in self.axes)
        return f"a run of {format_evaluations(self.budget)}, seed {self.seed}, over {named}"

    def run(self, agent: Agent, **more: Any) -> tuple[MinimizeResult, list[dict[str, Any]]]:
        """Return the result of a run, and the settings that were evaluated, in order."""
        evaluated: list[dict[str, Any]] = []

        def count(setting: dict[str, Any]) -> float:
            evaluated.append(dict(setting))
            return find_setting_loss(setting)

        parameters = {name: AXES[name] for name in self.axes} | {"fixed": 7}
        policy = {"kind": "composed", "lease": self.lease}
        with warnings.catch_warnings():
            # What it warns of is looked at here.
            warnings.simplefilter("ignore", SearchpartyWarning)
            result = minimize(
                count, parameters=parameters, team=[agent], policy=policy, budget=self.budget, seed=self.seed, **more
            )
        failed = next((each for each in findings(result.log.events()) if each.failed), None)
        if failed is not None:
            raise ClauseBroken(f"it {failed.cause}{f' ({failed.place})' if failed.place else ''}")
        return result, evaluated

    @property
    def is_stepped(self) -> bool:
        """Whether every axis has finitely many values."""
        return all(count_steps(AXES[name]) for name in self.axes)


def find_setting_loss(setting: dict[str, Any]) -> float:
    """Return the loss of a setting: how far it is from the minimum, on logarithmic axes in powers of ten."""
    found = 0.0
    for name, value in setting.items():
        if name == "fixed":
            continue
        if isinstance(value, str):
            found += value != MINIMUM[name]
        elif name in ("rate", "width"):
            found += log10(value / MINIMUM[name]) ** 2
        else:
            found += (value - MINIMUM[name]) ** 2
    return float(found)


def count_steps(axis: dict[str, Any]) -> int:
    """Return how many values an axis has; 0 for a continuous one."""
    if "choices" in axis:
        return len(axis["choices"])
    return axis["high"] - axis["low"] + 1 if axis.get("integer") else 0


def _list_spaces(_: Agent, __: bool) -> Iterator[RunExample]:
    return (RunExample(axes) for axes in SPACES)


def check_axes(agent: Agent, example: RunExample) -> None:
    """Check that a run on axes of a kind ends, keeps to its budget, and evaluates no setting twice."""
    result, evaluated = example.run(agent)
    settings = prod(count_steps(AXES[name]) for name in example.axes) if example.is_stepped else example.budget
    most = min(example.budget, settings)
    require(1 <= len(evaluated) <= most, f"{len(evaluated)} settings were evaluated; at most {most} are allowed")
    counts = (result.nfev, result.charged)
    require(counts == (len(evaluated),) * 2, f"{len(evaluated)} evaluations were counted as {counts}")
    if any(count_steps(AXES[name]) for name in example.axes):
        found = {tuple(setting.items()) for setting in evaluated}
        require(len(found) == len(evaluated), "a setting was evaluated twice")
    best = min(evaluated, key=find_setting_loss)
    require(result.params == best, f"the best of the settings was {best}, and the result has {result.params}")
    noted = [failure.cause for part in result.log.all_rows() for failure in part.failures]
    require(result.nfail == 0 and all(map(is_free_cause, noted)), f"evaluations failed: {noted[:1]}")


def _list_constrained(_: Agent, __: bool) -> list[RunExample]:
    return [RunExample(("depth", "scale"))]


def check_constraint(agent: Agent, example: RunExample) -> None:
    """Check that a run keeps to a constraint, and is charged for evaluations only."""
    result, evaluated = example.run(agent, constraints=CONSTRAINT)
    require(bool(evaluated), "nothing that meets the constraint was evaluated")
    beyond = [setting for setting in evaluated if setting["depth"] + setting["scale"] > 6]
    require(not beyond, f"{beyond[:1]} was evaluated, beyond the constraint {CONSTRAINT}")
    counts = (result.nfev, result.charged)
    require(counts == (len(evaluated),) * 2, f"{len(evaluated)} evaluations were counted as {counts}")


def _list_started(_: Agent, __: bool) -> list[RunExample]:
    return [RunExample(tuple(START))]


def check_start(agent: Agent, example: RunExample) -> None:
    """Check that a run evaluates the start that the user knows first."""
    _, evaluated = example.run(agent, x0=START)
    first = evaluated[0]
    near = abs(first["rate"] / START["rate"] - 1) <= 1e-12
    same = (first["depth"], first["kernel"]) == (START["depth"], START["kernel"])
    require(near and same, f"the run began at {first}, not at the start {START}")


SPACE_CLAUSES: tuple[Clause[Agent], ...] = tuple(
    Clause(name, sentence, list_examples, check_example)
    for name, sentence, list_examples, check_example in (
        ("any-axes", "Runs on axes of every kind end within their budget, and evaluate no setting twice.",
         _list_spaces, check_axes),
        ("constraints", "Runs with a constraint evaluate only what meets it.",
         _list_constrained, check_constraint),
        ("start", "Runs with a known start evaluate it first.",
         _list_started, check_start),
    )
)  # fmt: skip
"""The clauses that work whole runs."""
