"""Ids of runs stay what they are: settings that are added later are absent from the recorded ones at their defaults.

Random streams and ids are keyed by the settings. A setting that appeared in all of them would change every run that
was made before, so that nothing could be resumed.
"""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from searchparty.experiments.execution.plan import make_plan
from searchparty.experiments.spec import catalogue
from searchparty.experiments.spec.load import load

PINNED = Path(__file__).with_name("run_ids.json")
"""The ids of November 2026, by what the run is of. A line is added for a new kind; none is ever changed."""
GIVEN = {
    "bbob": {"function": 8, "dimension": 3},
    "python": {"function": "math:fsum", "bounds": [-1, 1], "dimension": 2},
    "command": {"command": ["python3", "-c", "pass"], "bounds": [[0, 1], [0, 2]]},
    "table": {"file": "points.csv"},
    "network": {"data": "wine", "layers": [8]},
    "slice": {"plane": "digits"},
    "jax": {"function": "own_losses.py:jax_loss", "init": "jax_init", "data": "rows"},
    "torch": {"module": "own_losses.py:TorchModel", "data": "torch_rows"},
}
"""What a landscape needs."""
TABLES = Path(__file__).parents[2] / "contract" / "landscapes"


def run_id(landscape, agents, policy=None, **more):
    strategy = {"agents": agents} | ({} if policy is None else {"policy": policy})
    data = {"name": "pinned", "seed": 7, "budget": "400 D", "landscapes": [landscape], "strategies": {"it": strategy}}
    (run,) = make_plan(load({**data, **more})).runs
    return run.id


NEEDS = {
    "network": "jax",
    "slice": "jax",
    "jax": "jax",
    "torch": "torch",
    "adam": "optax",
    "momentum": "optax",
    "sgd": "optax",
}
"""The library without which a kind cannot be planned."""


def list_plannable(classes):
    """Return the kinds whose libraries are installed."""
    return [kind for kind in classes if find_spec(NEEDS.get(kind, "json")) is not None]


def list_ids():
    """Return the id of a run of each kind, with its defaults, and of runs with each section of an experiment."""
    found = {}
    for kind in list_plannable(catalogue.landscape_classes()):
        found[f"landscape {kind}"] = run_id({"kind": kind, **GIVEN.get(kind, {})}, ["random"], base=str(TABLES))
    for kind in list_plannable(catalogue.agent_classes()):
        found[f"agent {kind}"] = run_id({"kind": "sphere", "dimension": 2}, [{"kind": kind}, "random"])
    for kind in catalogue.policy_classes():
        found[f"policy {kind}"] = run_id("rastrigin", ["random", "axes"], {"kind": kind})
    for family in catalogue.POLICY_CHOICES:
        for kind in catalogue.family_classes(family):
            found[f"{family} {kind}"] = run_id("rastrigin", ["random", "axes"], {family: kind})
    found["moved"] = run_id({"kind": "ackley", "dimension": 3, "shift": "random", "rotate": True}, ["cma-es"])
    found["stop"] = run_id("sphere", ["random"], stop={"precision": 1e-3, "seconds": 5})
    found["evaluation"] = run_id("sphere", ["random"], evaluation={"timeout": 3, "memory": "1 GB", "on_error": "retry"})
    found["region"] = run_id("sphere", ["random"], region={"center": 0.4, "radius": 0.2}, concurrency=1)
    return found


def needed_by(name):
    """Return the library that a run needs, by what the run is of; None if it needs none."""
    return NEEDS.get(name.split()[-1]) if name.startswith(("landscape ", "agent ")) else None


def test_ids_are_what_they_were():
    pinned, now = json.loads(PINNED.read_text()), list_ids()
    given = {name: id for name, id in pinned.items() if needed_by(name) is None}
    assert len(given) < len(pinned)
    assert {name: now.get(name) for name in given} == given


@pytest.mark.extras
@pytest.mark.parametrize("library", ["jax", "optax", "torch"])
def test_ids_of_networks_are_what_they_were(library):
    pytest.importorskip(library, reason=f"{library} is not installed")
    pinned, now = json.loads(PINNED.read_text()), list_ids()
    given = {name: id for name, id in pinned.items() if needed_by(name) == library}
    assert given
    assert {name: now.get(name) for name in given} == given


@pytest.mark.parametrize("section", ["executor", "description", "files", "name"])
def test_what_decides_no_finding_is_no_part_of_an_id(section):
    values = {"executor": {"kind": "ray", "actors": 3}, "description": "other", "files": [], "name": "other"}
    assert run_id("sphere", ["random"], **{section: values[section]}) == run_id("sphere", ["random"])
