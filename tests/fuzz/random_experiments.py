"""Random experiments over the whole catalogue: valid, small, and with odd settings within their ranges.

The experiment with a number is the same for the same seed. What a class may be given is read from its fields, so that a
new agent, landscape, policy or choice, and a new setting, is drawn without an edit here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from drawn_settings import choose, draw_settings

from searchparty.experiments.spec import catalogue
from searchparty.experiments.spec.errors import SpecError
from searchparty.experiments.spec.load import Experiment, loads_yaml
from searchparty.experiments.spec.yaml_text import dump_yaml

NEED_FILES = {"command", "python", "table"}
"""Kinds of landscape that evaluate with a file of the user."""
NEED_EXTRAS = ("network", "slice", "jax", "torch", "adam", "momentum", "sgd")
"""Kinds that need packages which are not always installed."""
MOST_TRIES = 200
"""Draws of which one must be valid."""
BUDGETS = (1, 2, 3, 5, 8, 13, 20, 40, 40, 80, 80, 150)
ODD_BOUNDS = [
    *([-1, 1], [0, 1e-9], [-1e-300, 1e-300], [1e15, 1e15 + 2], [-1e9, 1e-9], [0.1, 0.3], [-5, -4], [-1e100, 1e100]),
    *([-1e150, 1e160], [-32.768, 32.768]),
]
REGIONS = [
    *({"radius": 0.5}, {"radius": 1e-6}, {"radius": 0.25}),
    *({"center": 0.25, "radius": 0.25}, {"center": 0.9, "radius": 0.1}),
    {"center": 0.5, "radius": 0.01},
]
NAMES = [
    "alone",
    "team",
    "a.b",
    "strategy with spaces",
    "\u00e9quipe",
    "\u63a2\u7d22",
    "\U0001f40c",
    "x" * 60,
    "[b]",
    "1",
]


def make_experiment(seed: int, number: int) -> tuple[str, Experiment]:
    """Make the random experiment of a number.

    Returns:
        Its YAML, and the experiment.
    """
    for attempt in range(MOST_TRIES):
        text = dump_yaml(draw_experiment(np.random.default_rng([seed, 2, number, attempt]), number))
        try:
            return text, loads_yaml(text)
        except SpecError as error:
            refused = error
    raise RuntimeError(f"no valid experiment in {MOST_TRIES} tries; the last one: {refused}\n{text}")


def draw_experiment(rng: np.random.Generator, number: int) -> dict[str, Any]:
    """Draw the data of an experiment, which is valid more often than not."""
    budget: Any = choose(rng, BUDGETS)
    if rng.random() < 0.2:
        budget = f"{choose(rng, [1, 5, 20])} D"
    data: dict[str, Any] = {
        "name": f"fuzz-{number}" if rng.random() < 0.8 else choose(rng, NAMES),
        "seed": int(choose(rng, [0, 1, 2**63 - 1, int(rng.integers(2**62))])),
        "repeats": int(choose(rng, [1, 1, 1, 2])),
        "budget": budget,
        "landscapes": [draw_landscape(rng) for _ in range(choose(rng, [1, 1, 1, 2]))],
        "strategies": {
            str(name): draw_strategy(rng, number) for name in rng.choice(NAMES, choose(rng, [1, 1, 2]), replace=False)
        },
        "executor": draw_clock(rng),
    }
    if rng.random() < 0.2:
        data["region"] = choose(rng, REGIONS)
    if rng.random() < 0.2:
        data["concurrency"] = int(choose(rng, [1, 2, 3]))
    if rng.random() < 0.2:
        data["stop"] = choose(rng, [{"target": 0.5}, {"target": -1e300}, {"precision": 0}, {"precision": 0.1}])
    if rng.random() < 0.3:
        data["evaluation"] = draw_evaluation(rng)
    if rng.random() < 0.1:
        data["sweep"] = {"budget": [budget, 30]}
    return data


def draw_evaluation(rng: np.random.Generator) -> dict[str, Any]:
    """Draw how rows are evaluated; seldom in child processes, each of which takes a while to start."""
    verdicts = ["penalise", "retry", "skip", "stop"]
    found: dict[str, Any] = {"on_nan": choose(rng, verdicts), "on_error": choose(rng, verdicts)}
    if "retry" in found.values() and rng.random() < 0.5:
        found["retries"] = int(choose(rng, [1, 3, 100]))
    if rng.random() < 0.2:
        found["stop_after"] = choose(rng, [None, 1])
    if rng.random() < 0.05:
        found |= {"workers": int(choose(rng, [1, 2])), "timeout": 60}
    return found


def draw_clock(rng: np.random.Generator) -> Any:
    """Draw the settings of the simulated clock, on which no finding depends."""
    if rng.random() < 0.7:
        return "simulated"
    return {
        "kind": "simulated",
        "workers": choose(rng, [None, 1, 2, 1_000_000]),
        "latency": choose(rng, [0, 1.5, {"kind": "exponential", "mean": 1e9}, {"kind": "lognormal", "mean": 1e-9}]),
        "evaluation": choose(rng, [0, "exponential", {"kind": "lognormal", "sigma": 4}, 1e9]),
        "stragglers": choose(rng, [{}, {"probability": 1, "factor": 1e9}]),
        "failures": choose(rng, [{}, {"probability": 0.5}, {"every": 10.0, "replacement": 3}]),
    }


def draw_landscape(rng: np.random.Generator) -> dict[str, Any]:
    """Draw a landscape that needs no file."""
    classes = catalogue.family_classes("landscape")
    kind = choose(rng, [name for name in classes if name not in (*NEED_FILES, *NEED_EXTRAS)])
    data = {"kind": kind} | draw_settings(rng, classes[kind])
    dimension = data.get("dimension", classes[kind].model_fields["dimension"].default)
    if "bounds" in classes[kind].model_fields and rng.random() < 0.15:
        data["bounds"] = choose(rng, ODD_BOUNDS)
        if rng.random() < 0.3:
            data["bounds"] = [choose(rng, ODD_BOUNDS) for _ in range(dimension)]
    if data.get("shift") is not None and rng.random() < 0.5:
        data["shift"] = choose(rng, [0.5, 1e-9, [0.1] * dimension, "random"])
    return data


def draw_strategy(rng: np.random.Generator, number: int) -> dict[str, Any]:
    """Draw a team and its policy. Every kind of agent leads a team of some number."""
    kinds = [kind for kind in catalogue.family_classes("agent") if kind not in NEED_EXTRAS]
    team = [draw_member(rng, kinds[number % len(kinds)])]
    team += [draw_member(rng, choose(rng, kinds)) for _ in range(choose(rng, [0, 0, 1, 2, 3]))]
    if rng.random() < 0.1:
        team[0]["name"] = choose(rng, NAMES)
    strategy: dict[str, Any] = {"agents": team}
    if rng.random() < 0.9:
        strategy["policy"] = draw_policy(rng)
    if rng.random() < 0.1:
        strategy["concurrency"] = 1
    return strategy


def draw_member(rng: np.random.Generator, kind: str) -> dict[str, Any]:
    """Draw an entry of a team."""
    data = {"kind": kind} | draw_settings(rng, catalogue.family_classes("agent")[kind])
    return data | ({"count": int(choose(rng, [2, 3, 9]))} if rng.random() < 0.1 else {})


def draw_policy(rng: np.random.Generator) -> dict[str, Any]:
    """Draw a policy, with its choices."""
    classes = catalogue.family_classes("policy")
    kind = choose(rng, ["composed", *classes])
    data = {"kind": kind} | draw_settings(rng, classes[kind])
    for choice in catalogue.POLICY_CHOICES:
        if kind == "composed" and rng.random() < 0.7:
            known = catalogue.family_classes(choice)
            name = choose(rng, list(known))
            data[choice] = {"kind": name} | draw_settings(rng, known[name])
    return data
