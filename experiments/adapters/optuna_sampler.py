"""A sampler of Optuna that runs a team behind a study."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from ...landscapes.extras import advise_install

try:
    from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
    from optuna.samplers import BaseSampler, RandomSampler
    from optuna.search_space import IntersectionSearchSpace
    from optuna.study import Study, StudyDirection
    from optuna.trial import FrozenTrial, TrialState
except ImportError as error:
    raise ImportError(f"SearchPartySampler needs Optuna ({error}). {advise_install('optuna')}") from error

from ...orchestrator.policies.policy import Policy
from ..minimization.team import TeamSpec
from .ask_tell import AskTell, KnownSetting, Setting

PATIENCE = 100
"""After so many trials in a row that had to be sampled without the team, the trials it waits for count as failed."""


class SearchPartySampler(BaseSampler):  # type: ignore[misc]
    """Sample the trials of an Optuna study with a team of agents.

    The team searches the parameters that all completed trials have, with the same distributions. Others are sampled
    independently, at random, as is the first trial of a study. A trial that fails or is pruned is a failed
    evaluation. The team works one lease at a time: trials that are asked for while it waits for others, for instance
    with ``n_jobs``, are sampled at random.

    Args:
        budget: The number of trials that the team plans with, or "<n> D" for n times the number of parameters: give
            ``n_trials`` here as well. Once they are spent, the search begins anew at the best trial. Default: 1000 D.
        team: As for ``searchparty.minimize``.
        policy: As for ``searchparty.minimize``.
        seed: The seed of all random numbers; None draws one. With ``n_jobs`` more than 1, threads decide the order.
        noisy: Whether a setting may have another value each time. If not, the team is not given one again that it has
            tried, on axes with finitely many values.

    Raises:
        ValueError: If an argument is not valid.

    Example:
        >>> import optuna
        >>> optuna.logging.set_verbosity(optuna.logging.ERROR)
        >>> def objective(trial):
        ...     rate, depth = trial.suggest_float("rate", 1e-5, 0.1, log=True), trial.suggest_int("depth", 2, 8)
        ...     return abs(math.log10(rate) + 2) + abs(depth - 4)
        >>> study = optuna.create_study(sampler=SearchPartySampler(budget=150, seed=1))
        >>> study.optimize(objective, n_trials=150)
        >>> study.best_value < 1e-3
        True
    """

    def __init__(
        self,
        *,
        budget: int | str | None = None,
        team: TeamSpec | None = None,
        policy: str | Mapping[str, Any] | Policy = "party",
        seed: int | None = None,
        noisy: bool = False,
    ) -> None:
        self._options: dict[str, Any] = {"budget": budget, "team": team, "policy": policy, "noisy": noisy}
        # What is wrong is said here, not in the second trial.
        probe = AskTell({"x": {"low": 0.0, "high": 1.0}}, seed=seed, **self._options)
        self._options["seed"] = probe.seed
        self._independent = RandomSampler(seed=probe.seed % 2**32)
        self._spaces = IntersectionSearchSpace()
        self._space: dict[str, BaseDistribution] = {}
        self._search: AskTell | None = None
        self._asked: dict[int, int] = {}
        """The numbers of the team's suggestions, by number of the trial."""
        self._without_team = 0
        self._lock = threading.Lock()

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return the parameters that the team searches: those of all completed trials that have several values."""
        if len(study.directions) > 1:
            raise ValueError(
                f"directions must be one for SearchPartySampler, got {len(study.directions)}. Combine the objectives "
                "into one, or use another sampler."
            )
        with self._lock:
            found = self._spaces.calculate(study)
        return {name: each for name, each in found.items() if not each.single() and _is_known(each)}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return the team's next setting; nothing while it waits for other trials."""
        fixed = trial.system_attrs.get("fixed_params", {})
        if not search_space or not fixed.keys().isdisjoint(search_space):
            return {}
        with self._lock:
            if self._search is None or search_space != self._space:
                self._begin_search(study, search_space)
            assert self._search is not None
            self._collect_finished(study)
            if self._search.is_waiting and self._without_team >= PATIENCE:
                self._search.give_up()
                self._asked.clear()
            suggestion = self._search.ask()
            if suggestion is None:
                self._without_team += 1
                return {}
            self._without_team = 0
            self._asked[trial.number] = suggestion.number
            return {
                name: _to_value(each, suggestion.setting[_name_axis(index)])
                for index, (name, each) in enumerate(self._space.items())
            }

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Return a value at random, for a parameter that the team does not search."""
        return self._independent.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None) -> None:
        """Tell the team how a trial ended."""
        with self._lock:
            self._tell(study, trial, state, values)

    def reseed_rng(self) -> None:
        """Draw another seed for the values that are sampled independently."""
        self._independent.reseed_rng()

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_lock": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.Lock())

    def _begin_search(self, study: Study, space: dict[str, BaseDistribution]) -> None:
        """Begin a search of a space, at the best trial of the study."""
        self._space, self._asked, self._without_team = space, {}, 0
        trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        known = [
            (_to_loss(study, trial.values), trial.number, setting)
            for trial in trials
            if trial.values is not None and (setting := self._to_setting(trial)) is not None
        ]
        best = min((each for each in known if math.isfinite(each[0])), key=lambda each: each[:2], default=None)
        parameters = {_name_axis(index): _to_entry(each) for index, each in enumerate(space.values())}
        start = None if best is None else KnownSetting(best[2], best[0])
        self._search = AskTell(parameters, start=start, **self._options)

    def _collect_finished(self, study: Study) -> None:
        """Tell the team of trials that ended elsewhere: in another process, or because theirs was lost."""
        if not self._asked:
            return
        trials = study.get_trials(deepcopy=False)
        for number in list(self._asked):
            trial = trials[number]
            if trial.state.is_finished():
                self._tell(study, trial, trial.state, trial.values)

    def _tell(self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None) -> None:
        if self._search is None:
            return
        number = self._asked.pop(trial.number, None)
        complete = state == TrialState.COMPLETE and values is not None
        loss = _to_loss(study, values) if complete and values is not None else None
        if number is not None:
            self._search.tell(number, loss, "" if complete else f"the trial is {state.name}")
        elif loss is not None and (setting := self._to_setting(trial)) is not None:
            self._search.note(setting, loss)

    def _to_setting(self, trial: FrozenTrial) -> Setting | None:
        """Return the setting of a trial; None if it does not lie in the space that is searched."""
        found: Setting = {}
        for index, (name, each) in enumerate(self._space.items()):
            if trial.distributions.get(name) != each:
                return None
            found[_name_axis(index)] = _to_axis_value(each, trial.params[name])
        return found


def _name_axis(index: int) -> str:
    """Return the name of an axis: a study's own names may be any text."""
    return f"x{index + 1}"


def _to_loss(study: Study, values: Sequence[float]) -> float:
    return -values[0] if study.direction == StudyDirection.MAXIMIZE else values[0]


def _is_known(distribution: BaseDistribution) -> bool:
    return isinstance(distribution, FloatDistribution | IntDistribution | CategoricalDistribution)


def _count_steps(distribution: FloatDistribution | IntDistribution) -> int:
    return round((distribution.high - distribution.low) / distribution.step)


def _to_entry(distribution: BaseDistribution) -> dict[str, Any]:
    """Return the parameter that stands for a distribution: choices and steps by their numbers, from 0."""
    if isinstance(distribution, CategoricalDistribution):
        return {"choices": list(range(len(distribution.choices)))}
    if _is_counted(distribution):
        return {"low": 0, "high": _count_steps(distribution), "integer": True}
    found = {"low": distribution.low, "high": distribution.high, "log": distribution.log}
    return found | ({"integer": True} if isinstance(distribution, IntDistribution) else {})


def _is_counted(distribution: BaseDistribution) -> bool:
    """Whether values are counted in steps."""
    return distribution.step is not None and not (isinstance(distribution, IntDistribution) and distribution.step == 1)


def _to_value(distribution: BaseDistribution, number: Any) -> Any:
    """Return the value of a trial's parameter for that of an axis."""
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices[number]
    if _is_counted(distribution):
        return min(distribution.low + number * distribution.step, distribution.high)
    return number


def _to_axis_value(distribution: BaseDistribution, value: Any) -> Any:
    """Return the value of an axis for that of a trial's parameter."""
    if isinstance(distribution, CategoricalDistribution):
        return round(distribution.to_internal_repr(value))
    if _is_counted(distribution):
        return round((value - distribution.low) / distribution.step)
    return value
