"""A generator after the gest-api standard that runs a team, for libEnsemble and others."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Real
from typing import Any

from ...landscapes.extras import advise_install

try:
    from gest_api import Generator
    from gest_api.vocs import (
        VOCS,
        ContextualVariable,
        ContinuousVariable,
        DiscreteVariable,
        ExploreObjective,
        MaximizeObjective,
    )
except ImportError as error:
    raise ImportError(f"SearchPartyGenerator needs gest-api ({error}). {advise_install('gest')}") from error

from ...orchestrator.policies.policy import Policy
from ..minimization.team import TeamSpec
from ..spec.errors import quote
from .ask_tell import AskTell, KnownSetting, Setting

ID = "_id"
"""The key under which a point has its number."""


class SearchPartyGenerator(Generator):  # type: ignore[misc]
    """Suggest points with a team of agents, after the gest-api standard (``suggest`` and ``ingest``).

    The team works one lease at a time. If more points are asked for than it proposes at once, the others are drawn at
    random; their results count, too. Points with a result that is not finite are failed evaluations. Results without
    an ``_id``, which this generator did not suggest, are noted: the search begins at the best of those that are
    ingested before the first suggestion.

    Args:
        vocs: Variables (continuous, or discrete with finitely many values), one objective (MINIMIZE or MAXIMIZE) and
            constants; no constraints. If all variables have a ``default_value``, the search begins there.
        budget: The number of points that the team plans with, or "<n> D" for n times the number of variables. Once
            they are spent, the search begins anew at the best point. Default: 1000 D.
        team: As for ``searchparty.minimize``.
        policy: As for ``searchparty.minimize``.
        seed: The seed of all random numbers; None draws one.
        noisy: Whether a point may have another result each time.

    Raises:
        ValueError: If an argument is not valid.

    Example:
        >>> vocs = VOCS(variables={"x": [-1.0, 1.0], "y": {1, 2, 5}}, objectives={"f": "MINIMIZE"})
        >>> generator = SearchPartyGenerator(vocs, budget=60, seed=1)
        >>> for _ in range(60):
        ...     points = generator.suggest(1)
        ...     generator.ingest([point | {"f": (point["x"] - 0.5) ** 2 + abs(point["y"] - 2)} for point in points])
        >>> best = generator.best
        >>> round(best["x"], 2), best["y"]
        (0.5, 2)
    """

    returns_id = True

    def __init__(
        self,
        vocs: VOCS,
        *,
        budget: int | str | None = None,
        team: TeamSpec | None = None,
        policy: str | Mapping[str, Any] | Policy = "party",
        seed: int | None = None,
        noisy: bool = False,
    ) -> None:
        super().__init__(vocs)
        self.vocs = vocs
        self._options: dict[str, Any] = {
            "budget": budget, "team": team, "policy": policy, "seed": seed, "noisy": noisy,
        }  # fmt: skip
        self._values = {
            name: _sort_values(variable.values)
            for name, variable in vocs.variables.items()
            if isinstance(variable, DiscreteVariable)
        }
        (self._objective,) = vocs.objective_names
        self._sign = -1.0 if isinstance(vocs.objectives[self._objective], MaximizeObjective) else 1.0
        self._search = self._begin_search(None)
        self._drawn: dict[int, Setting] = {}
        """Points that were drawn at random, by their ids, which are below 0."""
        self._count_drawn, self._is_begun = 0, False

    @property
    def best(self) -> dict[str, Any] | None:
        """The best point that was ingested, by name; None if there is none."""
        found = self._search.best
        return None if found is None or found.loss is None else self._to_point(found.setting)

    def suggest(self, num_points: int | None = None) -> list[dict[str, Any]]:
        """Suggest points.

        Args:
            num_points: How many; None: all that the team proposes now, at least one.

        Returns:
            The points by name, with constants and ``_id``.

        Raises:
            ValueError: The number is none.
        """
        if num_points is not None and (not isinstance(num_points, int) or num_points < 0):
            raise ValueError(f"num_points must be a whole number of at least 0, got {num_points!r}. Change it.")
        self._is_begun = True
        found: list[dict[str, Any]] = []
        while num_points is None or len(found) < num_points:
            suggestion = self._search.ask()
            if suggestion is not None:
                found.append(self._to_point(suggestion.setting) | {ID: suggestion.number})
            elif num_points is None and found:
                break
            else:
                self._count_drawn += 1
                setting = self._drawn[-self._count_drawn] = self._search.draw_setting()
                found.append(self._to_point(setting) | {ID: -self._count_drawn})
        return found

    def ingest(self, results: list[dict[str, Any]]) -> None:
        """Take results.

        Args:
            results: Points with the value of the objective, and with the ``_id`` with which they were suggested.

        Raises:
            ValueError: A result has no value of the objective, or an ``_id`` that is not open.
        """
        for result in results:
            if self._objective not in result:
                raise ValueError(f"results must have {self._objective}, got {quote(result)}. Add it.")
            value = result[self._objective]
            loss = self._sign * float(value) if value is not None else math.nan
            number = result.get(ID)
            if number is None:
                self._search.note(self._to_setting(result), loss)
            elif int(number) in self._drawn:
                self._search.note(self._drawn.pop(int(number)), loss)
            else:
                self._search.tell(int(number), loss)
        if not self._is_begun and self._search.best is not None:
            self._search = self._begin_search(self._search.best)

    def _validate_vocs(self, vocs: VOCS) -> None:
        for name, variable in vocs.variables.items():
            contextual = isinstance(variable, ContextualVariable)
            if contextual or not isinstance(variable, ContinuousVariable | DiscreteVariable):
                raise ValueError(f"variables: {name} must be continuous or discrete, got {variable!r}. Leave it out.")
            if isinstance(variable, DiscreteVariable) and len(variable.values) < 2:
                raise ValueError(f"variables: {name} must have two values, got {variable!r}. Make it a constant.")
            if isinstance(variable.dtype, tuple):
                raise ValueError(f"variables: {name} must be a scalar, got {variable.dtype}. Give one per element.")
        if len(vocs.objectives) != 1 or isinstance(next(iter(vocs.objectives.values())), ExploreObjective):
            raise ValueError(f"objectives must be one, MINIMIZE or MAXIMIZE, got {dict(vocs.objectives)}. Change them.")
        if vocs.constraints:
            raise ValueError(
                f"constraints must be left out, got {', '.join(vocs.constraints)}: a team takes constraints over "
                "variables only. Give points that break them the result NaN."
            )

    def _begin_search(self, start: KnownSetting | None) -> AskTell:
        parameters = {name: self._to_entry(name, variable) for name, variable in self.vocs.variables.items()}
        defaults = {name: variable.default_value for name, variable in self.vocs.variables.items()}
        if start is None and all(value is not None for value in defaults.values()):
            start = KnownSetting(self._to_setting(defaults))
        return AskTell(parameters, start=start, **self._options)

    def _to_entry(self, name: str, variable: Any) -> dict[str, Any]:
        """Return the parameter of a variable; discrete values are numbered, in order if they are numbers."""
        if name not in self._values:
            low, high = variable.domain
            return {"low": low, "high": high}
        values = self._values[name]
        if all(_is_number(value) for value in values):
            return {"low": 0, "high": len(values) - 1, "integer": True}
        return {"choices": list(range(len(values)))}

    def _to_point(self, setting: Setting) -> dict[str, Any]:
        numbered: dict[str, Any] = {
            name: self._values[name][value] if name in self._values else value  # type: ignore[index]
            for name, value in setting.items()
        }
        return numbered | {name: constant.value for name, constant in self.vocs.constants.items()}

    def _to_setting(self, point: Mapping[str, Any]) -> Setting:
        """Return the setting of a point. Raises ValueError if it is none."""
        found: Setting = {}
        for name in self.vocs.variables:
            if name not in point:
                raise ValueError(f"results must have {name}, got {quote(dict(point))}. Add it.")
            value = point[name].item() if hasattr(point[name], "item") else point[name]
            if name in self._values and value not in self._values[name]:
                raise ValueError(f"results: {name} must be one of {self._values[name]}, got {value!r}. Change it.")
            found[name] = self._values[name].index(value) if name in self._values else float(value)
        return found


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _sort_values(values: Any) -> list[Any]:
    """Return values that a set holds in an order that does not depend on hashes."""
    if all(_is_number(value) for value in values):
        return sorted(values)
    return sorted(values, key=lambda value: (type(value).__name__, repr(value)))
