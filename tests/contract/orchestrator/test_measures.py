"""What a landscape tells besides the loss is the same on every executor, is not charged, and is refused in words."""

import pytest

from searchparty.experiments.api import run
from searchparty.orchestrator.log.reader import LogReader
from searchparty.orchestrator.log.trace import trace_hash

OWN = """
import os
from typing import Literal

import numpy as np

from searchparty import Landscape, Space


class Bowl:
    space = Space(np.full(2, -1.0), np.full(2, 1.0))
    rowwise = True

    def evaluate(self, points):
        return (points**2).sum(axis=1)

    def measure(self, point):
        {body}


class Measured(Landscape):
    kind: Literal["measured"] = "measured"

    def open(self):
        return Bowl()
"""
TELLS = 'return {"held-out loss": abs(point).sum(), "held-out accuracy": np.float32(1.0 - abs(point).max())}'
IN_CHILDREN = "evaluation: {workers: 2}"
YAML = """
name: own
seed: 2
budget: 45
landscapes: [{kind: ./own.py:Measured}]
strategies:
  team: {agents: [slsqp, {kind: pattern-search, count: 2}], policy: {lease: 10, sharing: broadcast}, concurrency: 2}
executor: """
WAYS = {
    "in process": "simulated",
    "children": f"simulated\n{IN_CHILDREN}",
    "actors": "{kind: ray, placement: spread}",
    "packed": "{kind: ray, placement: packed}",
    "children of actors": f"{{kind: ray, placement: spread}}\n{IN_CHILDREN}",
    "tasks": "{kind: ray, resources: {landscapes: {measured: {}}}}",
    "children of tasks": f"{{kind: ray, resources: {{landscapes: {{measured: {{}}}}}}}}\n{IN_CHILDREN}",
}


def find_measures(folder, body, way):
    """Run in a new folder; return the results, the hash of the trace, and the measures of the run by lease."""
    folder.mkdir()
    (folder / "own.py").write_text(OWN.replace("{body}", body))
    (folder / "own.yaml").write_text(YAML + WAYS[way])
    results = run(folder / "own.yaml", out=folder / "results", report=False)
    with LogReader(results.path) as reader:
        return results, trace_hash(reader), reader.measures(reader.runs()[0].id)


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    return find_measures(tmp_path_factory.mktemp("measures") / "it", TELLS, "in process")[1:]


def test_every_lease_is_measured(expected):
    _, measures = expected
    assert len(measures) > 3
    assert all(values.keys() == {"held-out loss", "held-out accuracy"} for values in measures.values())


@pytest.mark.parametrize(
    "way", ["children", *(pytest.param(way, marks=pytest.mark.ray) for way in WAYS if "ray" in WAYS[way])]
)
def test_every_executor_measures_the_same_and_charges_nothing(request, expected, tmp_path, way):
    if "ray" in WAYS[way]:
        request.getfixturevalue("local_ray")
    results, trace, measures = find_measures(tmp_path / "it", TELLS, way)
    assert not results.errors
    assert (trace, measures) == expected


@pytest.mark.parametrize("way", ["in process", "children", pytest.param("tasks", marks=pytest.mark.ray)])
@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("raise ValueError('no such file')", "raised ValueError: no such file"),
        ("return [1.0]", "returned a list of 1 (a float)"),
        ("return {1: 2.0}", "one of its names is 1"),
        ("return {'a': 'b'}", "of 'a' it returned a str 'b', must be one real number"),
    ],
)
def test_what_cannot_be_measured_ends_the_run_in_words(request, tmp_path, way, body, what):
    if "ray" in WAYS[way]:
        request.getfixturevalue("local_ray")
    results, _, measures = find_measures(tmp_path / "it", body, way)
    assert measures == {}
    (error,) = results.errors.values()
    assert f"measure must return numbers by name, but {what}. Correct it, and resume." in str(error)
