"""The solvers that are compared on tuning jobs. Each is called with a job, its loss, a budget and a seed."""

from __future__ import annotations

from collections.abc import Callable
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

    def suggest(trial: Any, name: str, rules: dict[str, Any]) -> Any:
        if "choices" in rules:
            return trial.suggest_categorical(name, rules["choices"])
        draw = trial.suggest_int if rules.get("integer") else trial.suggest_float
        return draw(name, rules["low"], rules["high"], log=rules.get("log", False))

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
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
