"""An agent that asks a generator after the gest-api standard for its points."""

from __future__ import annotations

import importlib
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator

from ...agents.agent import Agent, AgentError, Lease, Search
from ...agents.toolbox.callback import FAILED_LOSS
from ...agents.toolbox.steering import is_called_away, lies_within
from ...landscapes.extras import advise_install
from ...landscapes.landscape import Array, LandscapeError, Space
from ...landscapes.user_code import load_object, split_reference

LOSS = "loss"
"""The name of the objective."""
ID_KEY = "_id"
"""The key under which a generator may number its points."""


class GestAgent(Agent):
    """Asks a generator of another library for points, after the gest-api standard (``suggest`` and ``ingest``).

    Use it to let a generator of libEnsemble, Xopt or your own take part in a team. The generator is created as
    ``Class(vocs, **arguments)``. Its variables have the names of the axes and lie in the unit cube, within the region
    of the lease: an axis with ``log`` is its logarithm, whole numbers are rounded, and choices are equal parts of
    [0, 1]. Its one objective, ``loss``, is to be minimised. If the incumbent of the first lease lies in the region, it
    is ingested. A failed point is ingested with the worst loss so far. If a lease's region no longer contains the best
    point, a new generator is created. Numbers that the generator draws from numpy's or Python's global generators can
    be repeated; give it a seed by ``seed_argument`` if it draws others.
    """

    card: ClassVar[str] = (
        "Asks an optimizer of another library for its points, and tells it the losses. It is as good, and fails where "
        "that one fails."
    )
    kind: Literal["gest"] = "gest"
    generator: str = Field(description='Its class, as "package.module:Class" or "path/to/file.py:Class".')
    arguments: dict[str, Any] = Field({}, description="Further keyword arguments of the class.")
    seed_argument: str | None = Field(None, description="Name of the keyword argument that takes a seed, if any.")
    batch: int | None = Field(1, ge=1, description="Points per suggestion. null: the generator decides.")

    @field_validator("generator")
    @classmethod
    def _check_reference(cls, value: str) -> str:
        split_reference(value, "generator")
        return value

    def search(self, space: Space, lease: Lease, rng: np.random.Generator) -> Search:
        """Yield what the generator suggests, and have it ingest the losses."""
        state = GlobalRandomState(int(rng.integers(2**32)))
        worst = -np.inf
        while True:
            region, best, least = lease.region, lease.region.center, np.inf
            with state.in_force():
                generator = self._create(space, lease, rng)
            while not is_called_away(lease, region, best):
                with state.in_force():
                    suggested = generator.suggest(self.batch)
                if not suggested:
                    with state.in_force():
                        generator.finalize()
                    return None
                points = np.clip(_read_points(suggested, space), 0.0, 1.0)
                told = yield points.copy()
                lease, losses = told.lease, told.losses
                good = np.isfinite(losses)
                worst = max(worst, float(losses[good].max(initial=-np.inf)))
                if losses.min() < least:
                    best, least = points[int(np.argmin(losses))], float(losses.min())
                filled = np.where(good, losses, worst if np.isfinite(worst) else FAILED_LOSS)
                with state.in_force():
                    generator.ingest(_describe_results(points, filled, suggested, space))

    def _create(self, space: Space, lease: Lease, rng: np.random.Generator) -> Any:
        """Create the generator for the region of a lease. Raises AgentError if it cannot be created."""
        try:
            vocs = importlib.import_module("gest_api.vocs").VOCS
        except ImportError as error:
            raise AgentError(f"needs gest-api ({error}). {advise_install('gest')}") from None
        lower, upper = lease.region.lower.tolist(), lease.region.upper.tolist()
        variables = {name: [low, high] for name, low, high in zip(space.names, lower, upper, strict=True)}
        seed = {self.seed_argument: int(rng.integers(2**31))} if self.seed_argument else {}
        try:
            made = load_object(self.generator, "generator")
        except LandscapeError as error:
            raise AgentError(str(error)) from None
        found = made(vocs(variables=variables, objectives={LOSS: "MINIMIZE"}), **seed, **self.arguments)
        known = lease.incumbent
        if known is not None and lies_within(known.point, lease.region):
            found.ingest(_describe_results(known.point[None], np.array([known.loss]), [{}], space))
        return found


class GlobalRandomState:
    """The state of numpy's and Python's global random numbers, as one generator sees it.

    Args:
        seed: Where it begins.
    """

    def __init__(self, seed: int) -> None:
        self._numpy = np.random.RandomState(seed).get_state()
        self._python = random.Random(seed).getstate()

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """Put this state in place, and afterwards the program's own again."""
        numpy_state, python_state = np.random.get_state(), random.getstate()  # noqa: NPY002
        np.random.set_state(self._numpy)  # noqa: NPY002
        random.setstate(self._python)
        try:
            yield
        finally:
            self._numpy, self._python = np.random.get_state(), random.getstate()  # noqa: NPY002
            np.random.set_state(numpy_state)  # noqa: NPY002
            random.setstate(python_state)


def _read_points(suggested: list[dict[str, Any]], space: Space) -> Array:
    """Return suggestions as points (n, D). Raises AgentError if one has no number for an axis."""
    try:
        return np.array([[float(point[name]) for name in space.names] for point in suggested])
    except (KeyError, TypeError, ValueError) as error:
        raise AgentError(
            f"the generator must suggest a number for each of {', '.join(space.names)}: {error!r}"
        ) from None


def _describe_results(
    points: Array, losses: Array, suggested: list[dict[str, Any]], space: Space
) -> list[dict[str, Any]]:
    """Return evaluated points by name, each with its loss, and with its id if it was suggested with one."""
    return [
        dict(zip(space.names, point, strict=True)) | {LOSS: loss} | ({ID_KEY: given[ID_KEY]} if ID_KEY in given else {})
        for point, loss, given in zip(points.tolist(), losses.tolist(), suggested, strict=True)
    ]
