"""A hyperparameter search of scikit-learn that a team works."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any

import numpy as np

from ...landscapes.extras import advise_install

try:
    from sklearn.exceptions import FitFailedWarning
    from sklearn.model_selection._search import BaseSearchCV
    from sklearn.utils import check_random_state
except ImportError as error:
    raise ImportError(f"SearchPartySearchCV needs scikit-learn ({error}). {advise_install('sklearn')}") from error

from ...orchestrator.policies.policy import Policy
from ..minimization.team import TeamSpec
from .ask_tell import AskTell, Setting
from .estimator_parameters import read_parameters

ALL_FAILED = "All the "
"""First words of what scikit-learn raises if all fits of a call failed."""
NOT_FINITE = "One or more of the (test|train) scores are non-finite"
"""What it warns of whenever it makes its table of results."""


class SearchPartySearchCV(BaseSearchCV):  # type: ignore[misc]
    """Search the hyperparameters of a scikit-learn estimator with a team of agents, by cross-validation.

    Its attributes after ``fit`` (``best_params_``, ``best_score_``, ``best_estimator_``, ``cv_results_`` and the
    others) and its methods are those of ``GridSearchCV``. Settings for which all fits fail are in ``cv_results_`` with
    ``error_score``, after the others.

    Args:
        estimator: The estimator, or a pipeline.
        parameters: Names of parameters (``step__parameter`` in a pipeline), each with ``{"low": ..., "high": ...,
            "log": True, "integer": True}`` (the last two where they apply), ``{"choices": [...]}``, a list of choices,
            a distribution of scipy with exact ends (``uniform``, ``loguniform``, ``randint``), or a fixed value.
        budget: How many settings are evaluated at most, or "<n> D" for n times the number of searched parameters. Of
            settings that are finitely many, none is evaluated twice.
        team: As for ``searchparty.minimize``.
        policy: As for ``searchparty.minimize``.
        scoring: As for ``GridSearchCV``. With several metrics, ``refit`` must name the one that is searched by.
        n_jobs: How many fits run in parallel: those of the folds, and of all settings that an agent proposes at once.
        refit: As for ``GridSearchCV``.
        cv: As for ``GridSearchCV``.
        verbose: As for ``GridSearchCV``.
        pre_dispatch: As for ``GridSearchCV``.
        error_score: The score of a fit that fails; "raise" raises its error. A setting whose mean score is not finite
            is a failed evaluation: it is charged, and never the best.
        return_train_score: As for ``GridSearchCV``.
        random_state: The seed of the search: a whole number, a ``RandomState``, or None for another one each time.

    Example:
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.svm import SVC
        >>> space = {"C": {"low": 1e-3, "high": 1e3, "log": True}, "kernel": ["rbf", "linear"]}
        >>> search = SearchPartySearchCV(SVC(), space, budget=12, random_state=0).fit(*load_iris(return_X_y=True))
        >>> len(search.cv_results_["params"]), sorted(search.best_params_), bool(search.best_score_ > 0.95)
        (12, ['C', 'kernel'], True)
    """

    def __init__(
        self,
        estimator: Any,
        parameters: Mapping[str, Any],
        *,
        budget: int | str = 50,
        team: TeamSpec | None = None,
        policy: str | Mapping[str, Any] | Policy = "party",
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: Any = True,
        cv: Any = None,
        verbose: int = 0,
        pre_dispatch: int | str = "2*n_jobs",
        error_score: Any = np.nan,
        return_train_score: bool = False,
        random_state: Any = None,
    ) -> None:
        super().__init__(
            estimator=estimator, scoring=scoring, n_jobs=n_jobs, refit=refit, cv=cv, verbose=verbose,
            pre_dispatch=pre_dispatch, error_score=error_score, return_train_score=return_train_score,
        )  # fmt: skip
        self.parameters = parameters
        self.budget = budget
        self.team = team
        self.policy = policy
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None, **params: Any) -> SearchPartySearchCV:
        """Search, and fit the estimator with the best parameters found.

        Args:
            X: The samples.
            y: The targets, if there are any.
            **params: Passed to the estimator, the scorer and the splitter, as ``GridSearchCV`` does.

        Returns:
            This object.

        Raises:
            ValueError: If a parameter of the search is not valid, or all fits of all settings failed.
        """
        self._failed: list[tuple[Setting, float]] = []
        super().fit(X, y, **params)
        if self._failed:
            _append_failures(self.cv_results_, self._failed, self.error_score)
        del self._failed
        return self

    def _run_search(self, evaluate_candidates: Callable[[list[Setting]], dict[str, Any]]) -> None:
        """Evaluate what the team proposes, as the base class asks of its subclasses."""
        several = isinstance(self.scoring, list | tuple | set | Mapping)
        if several and not isinstance(self.refit, str):
            raise ValueError(
                f"refit must name the metric to search by if there are several, got {self.refit!r}. "
                f"Write e.g. refit={next(iter(self.scoring), 'accuracy')!r}."
            )
        parameters = read_parameters(self.parameters)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        search = AskTell(
            parameters.searched, budget=self.budget, team=self.team, policy=self.policy, seed=seed, continues=False
        )
        seen, error = 0, None
        while suggestions := search.ask_all():
            settings = [parameters.to_values(each.setting) for each in suggestions]
            began = time.perf_counter()
            try:
                with warnings.catch_warnings():
                    # The base class would say again at each call what it has said of earlier settings.
                    warnings.filterwarnings("ignore", NOT_FINITE, UserWarning)
                    results = evaluate_candidates(settings)
            except ValueError as raised:
                if isinstance(self.error_score, str) or not str(raised).lstrip().startswith(ALL_FAILED):
                    raise
                error, took = raised, (time.perf_counter() - began) / len(settings)
                self._failed += [(setting, took) for setting in settings]
                scores = [math.nan] * len(settings)
                warnings.warn(f"the fits of {settings} failed: {str(raised).strip()}", FitFailedWarning, stacklevel=2)
            else:
                scores = results[self._find_column(results)][seen:].tolist()
                seen += len(settings)
            for suggestion, score in zip(suggestions, scores, strict=True):
                search.tell(suggestion.number, -score if math.isfinite(score) else None, "the fit or its score failed")
        if not seen:
            raise error or ValueError(f"parameters must leave a setting to evaluate, got none: {search.ended}.")

    def _find_column(self, results: dict[str, Any]) -> str:
        """Return the column of the results by which the team searches."""
        name = f"mean_test_{self.refit}" if isinstance(self.refit, str) else "mean_test_score"
        if name not in results and "mean_test_score" in results:
            return "mean_test_score"
        if name not in results:
            found = ", ".join(key.removeprefix("mean_test_") for key in results if key.startswith("mean_test_"))
            raise ValueError(f"refit must name the metric to search by, got {self.refit!r}. Known: {found}.")
        return name


def _append_failures(results: dict[str, Any], failed: list[tuple[Setting, float]], error_score: Any) -> None:
    """Append the settings for which all fits failed, with the mean time of their fits, to the results of a search."""
    settings = [setting for setting, _ in failed]
    splits = sum(key.startswith("split") and "_test_" in key for key in results) or 1
    splits //= max(1, sum(key.startswith("mean_test_") for key in results))
    results["params"].extend(settings)
    for key, column in results.items():
        if key.startswith("param_"):
            results[key] = _make_column(results["params"], key.removeprefix("param_"))
        elif key != "params" and not key.startswith("rank_"):
            found: Any = float(error_score)
            if key == "mean_fit_time":
                found = [took / splits for _, took in failed]
            elif key.endswith("_time") or (key.startswith("std_") and math.isfinite(error_score)):
                found = 0.0
            results[key] = np.concatenate([column, np.broadcast_to(found, len(failed))])
    for key in [key for key in results if key.startswith("rank_")]:
        results[key] = _rank_scores(results[key.replace("rank_", "mean_", 1)])


def _make_column(settings: list[Setting], name: str) -> Any:
    """Return a column of the values of a parameter, as scikit-learn makes it."""
    values = [setting[name] for setting in settings]
    numbers = all(isinstance(value, Real) for value in values)
    column = np.empty(len(values), dtype=np.array(values).dtype if numbers else object)
    for row, value in enumerate(values):
        column[row] = value
    found: Any = np.ma.MaskedArray(column, mask=np.zeros(len(values), dtype=bool))
    return found


def _rank_scores(scores: Any) -> Any:
    """Return ranks from 1 for the best score; equal scores share the best of their ranks, and NaN comes last."""
    filled = np.where(np.isnan(scores), -np.inf, scores)
    return np.array([1 + np.sum(filled > score) for score in filled], dtype=np.int32)
