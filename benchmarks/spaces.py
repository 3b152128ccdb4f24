"""Measure searches of named parameters: logarithmic axes, whole numbers and choices, with Optuna's TPE beside them.

    python benchmarks/spaces.py [--seeds 20] [--rounds 9] [--lease 1000] [--json FILE]

Prints its tables in Markdown. A reactor of six parameters, three of them logarithmic, which fails in a corner: how
many runs of 300 evaluations end below 1e-9. A sum of functions of four whole numbers and a choice: how many runs find
its minimum within 200 evaluations. And the user time per evaluation of a mixed space beside that of a plain box, for
single points and batches.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import resource
import statistics
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import searchparty
from searchparty.experiments.spec.catalogue import agent_classes

REACTOR = {
    "temperature": {"low": 300.0, "high": 1200.0},
    "pressure": {"low": 1e5, "high": 1e7, "log": True},
    "concentration": {"low": 1e-6, "high": 1e-2, "log": True},
    "flow": {"low": 0.0, "high": 0.1},
    "rate": {"low": 0.1, "high": 1e4, "log": True},
    "width": {"low": 0.001, "high": 0.01},
}
REACTOR_BUDGET, NEAR = 300, 1e-9
SUM = {name: {"low": 0, "high": 10, "integer": True} for name in ("a", "b", "c", "d")} | {
    "kind": {"choices": ["plain", "ribbed", "coated"]}
}
SUM_BUDGET = 200
TPE = "tpe"
"""Optuna's sampler."""
PARTY = ["slsqp", "axes", "cma-es"]
PLAIN = {name: {"low": 0.0, "high": 1.0} for name in ("a", "b", "c", "d")}
MIXED = {
    "a": {"low": 0.0, "high": 1.0},
    "b": {"low": 1e-4, "high": 1.0, "log": True},
    "c": {"low": 0, "high": 10, "integer": True},
    "d": {"choices": ["plain", "ribbed", "coated"]},
}
ROWS = 20_000
THIS_FILE = Path(__file__).resolve()


def reactor(setting: Mapping[str, Any]) -> float:
    """Return the loss of a reactor: a bowl with ripples, least where it is 0. Raises RuntimeError in a corner."""
    if setting["temperature"] > 900 and setting["pressure"] > 4e6:
        raise RuntimeError("solver diverged: temperature and pressure too high")
    a = (setting["temperature"] - 640.0) / 200
    b = math.log10(setting["pressure"] / 8e5)
    c = math.log10(setting["concentration"] / 3e-5)
    d = (setting["flow"] - 0.02) / 0.01
    e = math.log10(setting["rate"] / 40.0)
    f = (setting["width"] - 0.0031) / 0.002
    bowl = a * a + 2 * (b - 0.5 * a) ** 2 + (c + 0.3 * e) ** 2 + d * d + 0.5 * e * e + f * f
    return bowl + 0.3 * (1 - math.cos(6 * a)) + 0.2 * (1 - math.cos(5 * c))


def add_up(setting: Mapping[str, Any]) -> float:
    """Return a sum of functions of one parameter each, three of which have more than one valley."""
    a, b, c, d = (setting[name] for name in ("a", "b", "c", "d"))
    kind = {"plain": 0.7, "ribbed": 0.0, "coated": 1.1}[setting["kind"]]
    return abs(a - 7) + (a % 3) / 2 + (b - 2) ** 2 / 4 + abs(c - 5) * (1.5 if c % 2 else 0.8) + abs(d - 9) / 3 + kind


def enumerate_minimum() -> float:
    """Return the least value of ``add_up``."""
    numbers = itertools.product(range(11), range(11), range(11), range(11), SUM["kind"]["choices"])
    return min(add_up(dict(zip(SUM, values, strict=True))) for values in numbers)


def describe_teams(names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return teams as settings of strategies: the party, or a stock agent alone."""
    party = {"agents": PARTY, "policy": "party"}
    return {name: party if name == "party" else {"agents": [name]} for name in names}


def run_yaml(
    objective: str, parameters: Mapping[str, Any], budget: int, seeds: int, teams: Mapping[str, Any]
) -> dict[str, list[float]]:
    """Return the best losses of each team in one experiment, whose function is found by its name in this file."""
    data = {
        "name": "spaces",
        "budget": budget,
        "repeats": seeds,
        "landscapes": [{"kind": "python", "function": f"{THIS_FILE}:{objective}", "parameters": parameters}],
        "strategies": dict(teams),
        "executor": "simulated",
    }  # fmt: skip
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "spaces.yaml"
        # JSON is YAML.
        path.write_text(json.dumps(data))
        results = searchparty.run(path, out=Path(folder) / "out", report=False)
        assert not results.errors, results.errors
        for each in results.runs:
            found.setdefault(each.strategy, []).append(float(each.best[-1]))
    return found


def run_python(
    objective: Callable[..., float], parameters: Mapping[str, Any], budget: int, seeds: int, teams: Mapping[str, Any]
) -> dict[str, list[float]]:
    """Return the best losses of each team by ``minimize``, with the seeds 0, 1, 2, ..."""
    return {
        name: [
            searchparty.minimize(
                objective,
                parameters=parameters,
                budget=budget,
                seed=seed,
                team=team["agents"],
                policy=team.get("policy", "composed"),
            ).fun
            for seed in range(seeds)
        ]
        for name, team in teams.items()
    }


def run_optuna(
    objective: Callable[..., float], parameters: Mapping[str, Any], budget: int, seeds: int
) -> dict[str, list[float]]:
    """Return the best losses of Optuna's TPE with its defaults; nothing if Optuna is not installed."""
    try:
        import optuna
    except ImportError:
        return {}
    optuna.logging.set_verbosity(optuna.logging.ERROR)

    def suggest(trial: Any) -> float:
        setting: dict[str, Any] = {}
        for name, entry in parameters.items():
            if "choices" in entry:
                setting[name] = trial.suggest_categorical(name, entry["choices"])
            elif entry.get("integer"):
                setting[name] = trial.suggest_int(name, entry["low"], entry["high"])
            else:
                setting[name] = trial.suggest_float(name, entry["low"], entry["high"], log=entry.get("log", False))
        return objective(setting)

    found = []
    for seed in range(seeds):
        study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
        study.optimize(suggest, n_trials=budget, catch=(RuntimeError,))
        found.append(float(study.best_value))
    return {TPE: found}


def measure_overhead(rounds: int, batch: int, lease: int) -> list[tuple[float, float, float]]:
    """Return, by round, the microseconds per evaluation of a plain box, of a mixed space that forgets, and of one that
    remembers, where agents propose so many points at once. They take turns, and only the user time of this process
    counts."""

    def one(parameters: Mapping[str, Any], noisy: bool, seed: int) -> float:
        began = resource.getrusage(resource.RUSAGE_SELF).ru_utime
        found = searchparty.minimize(
            lambda setting: setting["a"],
            parameters=parameters,
            budget=ROWS,
            seed=seed,
            noisy=noisy,
            team=[{"kind": "random", "batch": batch}],
            policy={"kind": "composed", "lease": lease},
        )
        assert found.nfev == ROWS
        return (resource.getrusage(resource.RUSAGE_SELF).ru_utime - began) / ROWS * 1e6

    one(PLAIN, False, 0)
    return [(one(PLAIN, False, seed), one(MIXED, True, seed), one(MIXED, False, seed)) for seed in range(rounds)]


def render_table(head: list[str], rows: list[list[str]]) -> str:
    """Return a table in Markdown; all but its first column are numbers."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seeds", type=int, default=20)
    options.add_argument("--rounds", type=int, default=9, help="rounds of the measurement of time")
    options.add_argument("--lease", type=int, default=1000, help="evaluations of a lease there")
    options.add_argument("--teams", default=",".join(["party", *agent_classes(), TPE]), help="names, with commas")
    options.add_argument("--parts", default="reactor,sum,time", help="what is measured")
    options.add_argument("--json", type=Path, help="write the figures here")
    args = options.parse_args()
    parts, names = args.parts.split(","), args.teams.split(",")
    teams = describe_teams(name for name in names if name != TPE)
    figures: dict[str, Any] = {}
    if "reactor" in parts:
        figures["reactor by YAML"] = run_yaml("reactor", REACTOR, REACTOR_BUDGET, args.seeds, teams)
        figures["reactor"] = run_python(reactor, REACTOR, REACTOR_BUDGET, args.seeds, teams)
        if TPE in names:
            figures["reactor"] |= run_optuna(reactor, REACTOR, REACTOR_BUDGET, args.seeds)
        print(render_reactor(figures["reactor by YAML"], figures["reactor"]), end="\n\n", flush=True)
    if "sum" in parts:
        figures["sum"] = run_python(add_up, SUM, SUM_BUDGET, args.seeds, teams)
        if TPE in names:
            figures["sum"] |= run_optuna(add_up, SUM, SUM_BUDGET, args.seeds)
        print(render_sum(figures["sum"], enumerate_minimum()), end="\n\n", flush=True)
    if "time" in parts:
        figures["microseconds"] = {batch: measure_overhead(args.rounds, batch, args.lease) for batch in (1, 100)}
        for batch, times in figures["microseconds"].items():
            print(render_times(times, batch), end="\n\n", flush=True)
    if args.json:
        args.json.write_text(json.dumps(figures, indent=2) + "\n")


def render_reactor(by_yaml: Mapping[str, list[float]], by_python: Mapping[str, list[float]]) -> str:
    """Return the table of the reactor."""
    rows = [
        [
            name,
            describe_share(by_yaml[name], NEAR) if name in by_yaml else "",
            describe_share(losses, NEAR),
            f"{statistics.median(losses):.1e}",
        ]
        for name, losses in by_python.items()
    ]
    return render_table(["reactor, 300 evaluations", "below 1e-9, YAML", "below 1e-9, Python", "median"], rows)


def render_sum(found: Mapping[str, list[float]], least: float) -> str:
    """Return the table of the sum, whose least value is known."""
    rows = [
        [name, describe_share(losses, least), f"{statistics.median(losses) - least:.3g}"]
        for name, losses in found.items()
    ]
    return render_table(["sum, 200 evaluations", "minimum found", "median above it"], rows)


def render_times(times: list[tuple[float, float, float]], batch: int) -> str:
    """Return the table of the microseconds per evaluation."""
    medians = [f"{statistics.median(column):.1f}" for column in zip(*times, strict=True)]
    more = [f"{statistics.median(each[column] - each[0] for each in times):.1f}" for column in (1, 2)]
    names = ["plain box", "mixed, `noisy: true`", "mixed"]
    rows = [list(row) for row in zip(names, medians, ["", *more], strict=True)]
    return render_table([f"four axes, {batch} at once", "µs per evaluation", "more than the plain box"], rows)


def describe_share(losses: list[float], bound: float) -> str:
    """Return how many losses are at most a bound, rounding aside."""
    return f"{sum(loss <= bound + 1e-12 for loss in losses)} of {len(losses)}"


if __name__ == "__main__":
    main()
