"""An objective that calls ``sys.exit`` or raises KeyboardInterrupt leaves, wherever it is evaluated."""

import pytest

from searchparty.experiments.api import resume, run
from searchparty.experiments.execution.session import RunExited, RunInterrupted
from searchparty.orchestrator.log.reader import LogReader
from searchparty.orchestrator.log.trace import trace_hash

OBJECTIVE = """\
import pathlib
import sys

HERE = pathlib.Path(__file__).parent

def f(x):
    if not (HERE / "go").exists():
        with open(HERE / "calls", "a") as calls:
            calls.write("x\\n")
        if x[0] > 0.6:
            {leave}
    return float(x @ x)
"""
YAML = """\
name: leaving
budget: 60
landscapes: [{{kind: python, function: "f.py:f", bounds: [[-1, 1], [-1, 1]]}}]
strategies: {{alone: {{agents: [{{kind: random, batch: 12}}]}}}}
evaluation: {{{evaluation}}}
executor: {executor}
"""
PLACES = {
    "here": ("", "simulated"),
    "children": ("timeout: 60", "simulated"),
    "packed": ("", "{kind: ray, placement: packed}"),
    "spread": ("", "{kind: ray, placement: spread}"),
    "children of actors": ("timeout: 60", "{kind: ray, placement: spread}"),
    "tasks": ("workers: 1", "{kind: ray, resources: {landscapes: {python: {num_cpus: 1}}}}"),
}


EXIT, INTERRUPT = "sys.exit('enough')", "raise KeyboardInterrupt"
WAYS = [(place, leave) for place in PLACES for leave in (EXIT, INTERRUPT)]
FEW = {("here", EXIT), ("here", INTERRUPT), ("children", EXIT), ("packed", INTERRUPT), ("spread", EXIT)}
"""Ways to leave that `make test` tests; each of the others starts actors of its own."""


@pytest.mark.ray
@pytest.mark.parametrize(
    ("place", "leave"), [pytest.param(*way, marks=() if way in FEW else pytest.mark.extras) for way in WAYS]
)
def test_an_objective_that_leaves_is_followed_and_what_was_found_is_kept(local_ray, tmp_path, place, leave):
    (tmp_path / "f.py").write_text(OBJECTIVE.format(leave=leave))
    evaluation, executor = PLACES[place]
    (tmp_path / "it.yaml").write_text(YAML.format(evaluation=evaluation, executor=executor))
    with pytest.raises(RunExited if "exit" in leave else RunInterrupted) as left:
        run(tmp_path / "it.yaml", out=tmp_path / "cut", report=False)
    assert str(tmp_path / "cut") in str(left.value)
    if "exit" in leave:
        assert left.value.error.code == "enough"
        assert "SystemExit('enough') in f.py:11" in str(left.value)
    with LogReader(tmp_path / "cut") as reader:
        (kept,) = reader._db.execute("SELECT COALESCE(SUM(n), 0) FROM points").fetchone()
    calls = len((tmp_path / "calls").read_text().splitlines())
    # All calls but the one that left; rows that a child or another task evaluated meanwhile may go with it.
    assert kept >= 1
    assert kept == calls - 1 or place not in ("here", "packed", "spread")
    (tmp_path / "go").touch()
    # On Ray, resuming would start further actors; test_kills.py does that.
    resumed = resume(tmp_path / "cut", executor="simulated", report=False)
    whole = run(tmp_path / "it.yaml", out=tmp_path / "whole", executor="simulated", report=False)
    assert not resumed.errors
    hashes = []
    for results in (resumed, whole):
        with LogReader(results.path) as reader:
            hashes.append(trace_hash(reader))
    assert hashes[0] == hashes[1]
