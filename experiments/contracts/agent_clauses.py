"""The contract of agents, as clauses: each drives searches on losses that are known."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from ...agents.agent import Agent, Incumbent, Region
from ...agents.random_search import RandomSearch
from ...agents.toolbox.training import TrainingAgent
from ...landscapes.landscape import Space
from ..spec.sandboxed import SANDBOX_KEY
from ..spec.team import TeamEntry
from .clause import Clause, Example, format_evaluations, is_frozen, require
from .drive import DrivenSearch, drive_search, make_lease
from .losses import GRADIENTS, LOSSES, bowl
from .setting_ends import change_settings, list_ends, list_undescribed, read_schema

LONGEST_THOUGHT = 10.0
"""The seconds that an agent may take for a proposal while it is checked."""


@dataclass(frozen=True)
class SearchExample(Example):
    """A search that an agent is driven through.

    Attributes:
        dimension: The number of axes, D.
        evaluations: How long the search is driven.
        seed: The seed of its random numbers.
        loss: The name of the loss (``LOSSES``).
        gradient: The name of its gradients (``GRADIENTS``).
        scale: What losses and gradients are multiplied by.
        region: The center, on every axis, and the radius of the first lease's region.
        incumbent: Whether the first lease has an incumbent.
        every: After how many evaluations the lease changes, again and again; 0: never.
        settings: Settings other than the agent's own.
    """

    SHRUNK: ClassVar[tuple[tuple[str, int], ...]] = (("dimension", 1), ("evaluations", 1), ("seed", 0))

    dimension: int = 2
    evaluations: int = 300
    seed: int = 0
    loss: str = "bowl"
    gradient: str = "none"
    scale: float = 1.0
    region: tuple[float, float] = (0.5, 0.5)
    incumbent: bool = False
    every: int = 0
    settings: tuple[tuple[str, Any], ...] = ()

    def describe(self) -> str:
        """Return the example in words."""
        parts = [f"D = {self.dimension}", f"seed {self.seed}", format_evaluations(self.evaluations), f"on {self.loss}"]
        if self.scale != 1.0:
            parts.append(f"losses times {self.scale:g}")
        if self.gradient != "none":
            parts.append(f"gradients: {self.gradient}")
        if self.region != (0.5, 0.5):
            parts.append(f"first lease around {self.region[0]:g} with radius {self.region[1]:g}")
        if self.every:
            parts.append(f"a new lease every {format_evaluations(self.every)}")
        parts += [f"{name} = {value!r}" for name, value in self.settings]
        return ", ".join(parts)

    def drive(self, agent: Agent, budget: int = 1) -> DrivenSearch:
        """Drive an agent through the search, with leases that state this budget."""
        if self.settings:
            agent = change_settings(agent, dict(self.settings))
        loss, slopes = LOSSES[self.loss], GRADIENTS[self.gradient]
        gradient = None if slopes is None else lambda points: self.scale * slopes(points)
        best = Incumbent("other", 0, 0, np.full(self.dimension, 0.9), 1e-3 * self.scale)
        center, radius = self.region
        lease = make_lease(
            self.dimension, region=Region(np.full(self.dimension, center), radius), budget=budget, fresh=True,
            incumbent=best if self.incumbent else None,
        )  # fmt: skip
        changes = {}
        if self.every:
            for number, (at, width) in enumerate(REGIONS, 1):
                region = Region(np.full(self.dimension, at), width)
                changes[number * self.every] = make_lease(self.dimension, number, region, budget, incumbent=best)
        return drive_search(
            agent, lambda points: self.scale * loss(points), self.dimension, self.evaluations, gradient, lease,
            changes, self.seed, LONGEST_THOUGHT,
        )  # fmt: skip


REGIONS = tuple((center, radius) for center in (0.0, 1.0, 0.9) for radius in (1e-9, 0.05, 0.5))
"""Regions of leases, as center on every axis and radius."""


def asks_for_gradients(agent: Agent) -> bool:
    """Return whether an agent asks for gradients where there are some."""
    return agent.row_price(Space(np.zeros(2), np.ones(2), True)) > 1


def _vary_gradients(
    agent: Agent, thorough: bool, examples: list[SearchExample], *gradients: str
) -> Iterator[SearchExample]:
    """Yield examples without gradients, then with these if the agent asks for them, or to be thorough."""
    yield from examples
    if thorough or asks_for_gradients(agent):
        for gradient in gradients:
            yield from (replace(each, gradient=gradient) for each in examples)


# What each clause is tried on, and how.


def _list_no_settings(_: Agent, __: bool) -> list[Example]:
    return [Example()]


TEAM_KEYS = {SANDBOX_KEY, *TeamEntry.model_fields} - {"agent"}
"""The keys that stand beside an agent's settings, which a setting of the same name would never reach."""


def check_description(agent: Agent, _: Example) -> None:
    """Check that an agent is a frozen, described model that JSON can hold."""
    schema = read_schema(agent)
    require(is_frozen(agent), "its settings can be changed: leave model_config as searchparty.Agent has it")
    require(bool(schema.get("description")), "its class has no docstring")
    for name in sorted(TEAM_KEYS.intersection(schema.get("properties", {}))):
        require(False, f"the setting {name} has the name of a key of every entry of a team: rename it")
    for name in list_undescribed(schema):
        require(False, f"the setting {name} has no description (Field)")
    again = change_settings(agent, json.loads(agent.model_dump_json()))
    before, after = agent.model_dump(), again.model_dump()
    require(before == after, f"its settings change by way of JSON: {before} becomes {after}")


def check_price(agent: Agent, _: Example) -> None:
    """Check that a row's price is a whole number of evaluations."""
    for has_gradient in (False, True):
        price = agent.row_price(Space(np.zeros(2), np.ones(2), has_gradient))
        require(isinstance(price, int) and price >= 1, f"its row_price is {price!r}; it must be 1 or more, an int")


def _list_proposals(agent: Agent, thorough: bool) -> Iterator[SearchExample]:
    dimensions = (1, 2, 5, 20) if thorough else (1, 2, 20)
    return _vary_gradients(agent, thorough, [SearchExample(dimension) for dimension in dimensions], "exact")


def check_proposals(agent: Agent, example: SearchExample) -> None:
    """Check that a search proposes valid points. The drive does."""
    example.drive(agent)


def _list_repeatable(_: Agent, __: bool) -> list[SearchExample]:
    return [SearchExample(1, 40), SearchExample(3, 200, 1)]


def check_repeatable(agent: Agent, example: SearchExample) -> None:
    """Check that a search is a function of its random numbers and answers."""
    _require_same(
        example.drive(agent), example.drive(agent), "a second search with the same random numbers and answers"
    )


def check_budget_unread(agent: Agent, example: SearchExample) -> None:
    """Check that a search does not depend on the budgets of its leases."""
    small, large = example.drive(agent, budget=1), example.drive(agent, budget=10_000)
    if not np.array_equal(small.points, large.points):
        # One that is not repeatable need not read budgets.
        _require_same(small, example.drive(agent, budget=1), "even the same search under the same lease")
    _require_same(small, large, "the same search under a lease with another budget")


def _require_same(one: DrivenSearch, other: DrivenSearch, what: str) -> None:
    if np.array_equal(one.points, other.points):
        return
    count = min(len(one.points), len(other.points))
    differs = (one.points[:count] != other.points[:count]).any(axis=1)
    row = int(differs.argmax()) if differs.any() else count
    found = [str(each.points[row].tolist()) if row < len(each.points) else "nothing" for each in (one, other)]
    require(False, f"{what} gave other points: point {row} was {found[0]}, then {found[1]}")


def _list_failing(agent: Agent, thorough: bool) -> Iterator[SearchExample]:
    return _list_flat(agent, thorough, "every evaluation fails")


def _list_plateau(agent: Agent, thorough: bool) -> Iterator[SearchExample]:
    return _list_flat(agent, thorough, "plateau")


def _list_flat(agent: Agent, thorough: bool, loss: str) -> Iterator[SearchExample]:
    lengths = (300, 2000) if thorough else (300,)
    listed = [SearchExample(dimension, length, loss=loss) for length in lengths for dimension in (1, 4)]
    return _vary_gradients(agent, thorough, listed, "every gradient fails", "zero")


def check_failing(agent: Agent, example: SearchExample) -> None:
    """Check that no minimum is claimed where every evaluation fails."""
    ended = example.drive(agent).ended
    require(
        ended is None, f"it converged to a loss of {_loss_of(ended)} although no evaluation has a loss; return None"
    )


def _list_holes(agent: Agent, thorough: bool) -> Iterator[SearchExample]:
    listed = [SearchExample(2, 800, loss="bowl with holes")]
    return _vary_gradients(agent, thorough, listed, "exact, with holes")


def check_holes(agent: Agent, example: SearchExample) -> None:
    """Check that a minimum is claimed only where there is a loss."""
    driven = example.drive(agent)
    require(
        driven.ended is None or np.isfinite(_loss_of(driven.ended)),
        f"it converged to a loss of {_loss_of(driven.ended)}; only a point that has a loss is a minimum",
    )


def _loss_of(ended: Any) -> float:
    return float("nan") if ended is None else float(ended.loss)


def _list_leases(agent: Agent, thorough: bool) -> Iterator[SearchExample]:
    listed = [
        SearchExample(dimension, every * len(REGIONS) + 100, every=every)
        for dimension in (1, 3)
        for every in (1, 7, 40)
    ]
    listed += [
        SearchExample(dimension, 60, region=region, incumbent=True) for dimension in (1, 3) for region in REGIONS
    ]
    return _vary_gradients(agent, thorough, listed, "exact")


def check_leases(agent: Agent, example: SearchExample) -> None:
    """Check that any lease may come at any answer."""
    require(len(example.drive(agent).points) > 0, "it proposed nothing on a fresh lease")


def _list_scales(agent: Agent, thorough: bool) -> Iterator[SearchExample]:
    return _vary_gradients(agent, thorough, [SearchExample(2, 400, scale=scale) for scale in (1e-250, 1e250)], "exact")


def _list_better(agent: Agent, thorough: bool) -> Iterator[SearchExample]:
    return _vary_gradients(agent, thorough, [_BowlExample(5, 500)], "exact")


@dataclass(frozen=True)
class _BowlExample(SearchExample):
    """A search that is not made smaller: with few evaluations, random points may well be better."""

    SHRUNK: ClassVar[tuple[tuple[str, int], ...]] = ()


def check_better(agent: Agent, example: SearchExample) -> None:
    """Check that a search finds a lower loss than as many random points."""
    random = drive_search(RandomSearch(), bowl, example.dimension, example.evaluations, seed=example.seed)
    found = example.drive(agent).losses.min(initial=np.inf)
    least = random.losses.min()
    require(found < least, f"its least loss is {found:.4g}, that of random points {least:.4g}")


def _list_setting_ends(agent: Agent, thorough: bool) -> Iterator[SearchExample]:
    starts = [((0.5, 0.5), False), *([((0.5, 1e-9), False), ((0.5, 0.1), True)] if thorough else [])]
    for name, value in list_ends(read_schema(agent)):
        # Mini-batches are refused where a loss is no mean over rows of data.
        if name == "batch" and isinstance(agent, TrainingAgent):
            continue
        for region, incumbent in starts:
            example = SearchExample(2, 40, region=region, incumbent=incumbent, settings=((name, value),))
            yield replace(example, gradient="exact") if asks_for_gradients(agent) else example


AGENT_CLAUSES: tuple[Clause[Agent], ...] = tuple(
    Clause(name, sentence, list_examples, check_example)
    for name, sentence, list_examples, check_example in (
        ("described", "It is a frozen model with a docstring, each setting is described, and JSON can hold them.",
         _list_no_settings, check_description),
        ("row-price", "Its row_price is a whole number of evaluations, at least 1.",
         _list_no_settings, check_price),
        ("points-in-cube", "Every proposal is a float64 array (n, D) with n >= 1 within [0, 1], costs at most "
         "row_price, and is not changed later.", _list_proposals, check_proposals),
        ("repeatable", "The same random numbers and answers give the same points, also in a second search.",
         _list_repeatable, check_repeatable),
        ("budget-unread", "The points do not depend on the budget of a lease.",
         _list_repeatable, check_budget_unread),
        ("failures", "Where every evaluation fails it goes on, or ends and claims no minimum.",
         _list_failing, check_failing),
        ("plateaus", "Where all losses are the same it goes on, or ends.",
         _list_plateau, check_proposals),
        ("holes", "Where some evaluations fail it goes on, and claims no minimum that has no loss.",
         _list_holes, check_holes),
        ("any-lease", "Any lease may come at any answer, and a fresh one may begin anywhere.",
         _list_leases, check_leases),
        ("any-scale", "Losses may be as small as 1e-250 or as large as 1e250.",
         _list_scales, check_proposals),
        ("setting-ends", "It searches with each setting at both ends of its range.",
         _list_setting_ends, check_leases),
        ("better-than-random", "On a bowl in 5 dimensions, 500 evaluations find a lower loss than 500 random points.",
         _list_better, check_better),
    )
)  # fmt: skip
"""The clauses that drive searches by hand; ``SPACE_CLAUSES`` work whole runs."""
