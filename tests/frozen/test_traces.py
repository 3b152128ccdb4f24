"""Traces stay as they were when they were frozen, whatever is moved, renamed or made faster."""

import json

import pytest
from freeze import HASHES, bits, compute_hash, experiments

FROZEN = json.loads(HASHES.read_text())
EXPERIMENTS = [
    pytest.param(name, file, overrides, marks=[pytest.mark.extras] if name.endswith("(whole)") else [], id=name)
    for name, file, overrides in experiments()
]


def test_every_experiment_is_frozen():
    assert FROZEN["traces"].keys() == {name for name, _, _ in experiments()}


@pytest.mark.skipif(bits() != FROZEN["bits"], reason="equal bits are promised for equal versions and kernels only")
@pytest.mark.parametrize(("name", "file", "overrides"), EXPERIMENTS)
def test_a_trace_is_what_it_was(name, file, overrides):
    assert compute_hash(file, overrides) == FROZEN["traces"][name]
