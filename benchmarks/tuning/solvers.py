"""The solvers that are compared on tuning jobs. Each is called with a job, its loss, a budget and a seed."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from searchparty import minimize

from .jobs import Job, Loss

Solver = Callable[[Job, Loss, int, int], None]


def _team_of(*team: str) -> Solver:
    def solve(job: Job, loss: Loss, budget: int, seed: int) -> None:
        minimize(loss, parameters=job.parameters, budget=budget, seed=seed, team=team or None)

    return solve


def solve_by_tpe(job: Job, loss: Loss, budget: int, seed: int) -> None:
    """Run Optuna's TPE sampler with its defaults."""
    import optuna

    _run_study(optuna.samplers.TPESampler(seed=seed), job, loss, budget)


def solve_by_gp_sampler(job: Job, loss: Loss, budget: int, seed: int) -> None:
    """Run Optuna's Gaussian process sampler with its defaults. It needs torch."""
    import optuna

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _run_study(optuna.samplers.GPSampler(seed=seed), job, loss, budget)


def solve_by_smac(job: Job, loss: Loss, budget: int, seed: int) -> None:
    """Run SMAC's facade for hyperparameters, a random forest, with its defaults."""
    from ConfigSpace import Categorical, ConfigurationSpace, Float, Integer
    from smac import HyperparameterOptimizationFacade, Scenario

    space, known = ConfigurationSpace(seed=seed), job.parameters
    for name, rules in known.items():
        if "choices" in rules:
            # The positions: truth values are no choices there.
            space.add(Categorical(name, list(range(len(rules["choices"])))))
        else:
            kind = Integer if rules.get("integer") else Float
            space.add(kind(name, (rules["low"], rules["high"]), log=rules.get("log", False)))

    def evaluate(config: Any, seed: int = 0) -> float:
        return loss(
            {
                name: rules["choices"][config[name]] if "choices" in rules else config[name]
                for name, rules in known.items()
            }
        )

    with tempfile.TemporaryDirectory() as folder:
        scenario = Scenario(space, n_trials=budget, seed=seed, deterministic=True, output_directory=Path(folder))
        HyperparameterOptimizationFacade(scenario, evaluate, overwrite=True, logging_level=50).optimize()


def _run_study(sampler: Any, job: Job, loss: Loss, budget: int) -> None:
    import optuna

    def suggest(trial: Any, name: str, rules: dict[str, Any]) -> Any:
        if "choices" in rules:
            return trial.suggest_categorical(name, rules["choices"])
        draw = trial.suggest_int if rules.get("integer") else trial.suggest_float
        return draw(name, rules["low"], rules["high"], log=rules.get("log", False))

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=sampler)
    study.optimize(
        lambda trial: loss({name: suggest(trial, name, rules) for name, rules in job.parameters.items()}),
        n_trials=budget,
    )


SOLVERS: dict[str, Solver] = {
    "party": _team_of(),
    "TPE (Optuna)": solve_by_tpe,
    "CMA-ES (pycma)": _team_of("cma-es"),
    "random": _team_of("random"),
}
"""The solvers; those below only where what they need is installed."""
if find_spec("torch") is not None:
    SOLVERS["GP (Optuna)"] = solve_by_gp_sampler
if find_spec("smac") is not None:
    SOLVERS["SMAC"] = solve_by_smac
