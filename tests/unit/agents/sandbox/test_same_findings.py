"""What clumsy agents propose, return and raise ends in the same findings with and without a sandbox; no run fails."""

import pytest

from searchparty import Experiment, run
from searchparty.experiments.execution.verification import verify_results
from searchparty.orchestrator.log.reader import LogReader
from searchparty.orchestrator.log.trace import trace_hash
from searchparty.orchestrator.state.events import findings

HEAD = """\
from typing import Literal

import numpy as np

from searchparty import Agent, AgentError, Converged, Repeat, WithGradient

P = np.array([0.25, 0.5])


class Their(Agent):
    kind: Literal["their"] = "their"
"""
SAME = {
    "points": [
        "[[0.5, 0.5]]",
        "np.zeros((1, 2), dtype=int)",
        "'text'",
        "None",
        "np.array(0.5)",
        "np.empty((0, 2))",
        "np.zeros(3)",
        "np.ma.array([[0.5, 0.5]])",
        "np.zeros((1, 2), dtype='>f8')",
        "np.full((1, 2), np.nan)",
        "np.full((1, 2), 1.5)",
        "np.full((1, 1, 2), 0.5)",
        "WithGradient([[0.5, 0.5]])",
        "WithGradient(np.full((1, 2), 0.5))",
        "Repeat(None)",
        "np.broadcast_to(rng.random(2), (3, 2))",
        "rng.random((2, 4)).T",
        "rng.random((4, 2))[::-1]",
        "np.full((1, 2), -0.0)",
        "type('a\\x1bb', (), {})()",
    ],
    "ends": [
        "Converged([0.5, 1], 3, 'it is done')",
        "Converged(P, told.losses[0], 'it is done')",
        "Converged(P, np.nan, 'no')",
        "Converged(P.astype('f4'), np.float32(1), 'x')",
        "Converged(P[None], 1.0, 'x')",
        "Converged(P * np.nan, 1.0, 'x')",
        "Converged('ab', 1.0, 'x')",
        "Converged([[1], [1, 2]], 1.0, 'x')",
        "Converged(P, None, 'x')",
        "Converged(P, '3', 'x')",
        "Converged(P, told.losses[None], 'x')",
        "Converged(P, 10**400, 'x')",
        "Converged(P, 1.0, None)",
        "Converged(P, 1.0, '')",
        "Converged(P, 1.0, 'a\\nb\\x1b[31m\\ud800')",
        "Converged(P, 1.0, 'long ' * 500)",
        "Converged(P, 1.0, '\u53ce' * 990)",
        "Converged(P, 1.0, 'x', np.ones(7))",
        "Converged(P, 1.0, 'x', P * np.inf)",
        "Converged(P, 1.0, 'x', 'up')",
        "[1]",
        "type('a b', (), {})()",
    ],
    "errors": [
        "ValueError('\u043e\u0448\u0438\u0431\u043a\u0430 ' * 200)",
        "ValueError('a\\nb\\x1b[31m\\ud800')",
        "AgentError('x ' * 3000)",
        "AgentError('\u0436' * 900)",
        "AgentError('a\\nb\\ud800')",
        "AgentError",
        "type('\\x1b[31mE', (Exception,), {})('x')",
        "type('E', (AgentError,), {'__str__': lambda self: 1 / 0})()",
        "SystemExit(3)",
        "GeneratorExit",
        "MemoryError",
        "ExceptionGroup('g', [ValueError(1)])",
    ],
}
"""What is proposed, returned and raised, as it should be and as it should not."""


def list_bodies():
    """The bodies of searches, by name, whose findings must be the same with and without."""
    yield from ((f"yields {each}", f"yield {each}\nyield rng.random((1, 2))") for each in SAME["points"])
    yield from ((f"ends {each}", f"told = yield P[None]\nreturn {each}") for each in SAME["ends"])
    yield from ((f"raises {each}", f"yield P[None]\nraise {each}") for each in SAME["errors"])
    yield "writes to a region", "lease.region.center[0] = 0.1\nyield P[None]"
    yield "writes to a space", "space.lower[0] = 0.1\nyield P[None]"
    yield "writes to losses", "told = yield P[None]\ntold.losses[0] = 0.1\nyield told.losses * P[None]"
    yield "spawns", "yield rng.spawn(1)[0].random((1, 2))"
    yield "goes on", "while True: yield rng.random((3, 2))"
    yield "sets itself", "self.x = 1\nyield P[None]"
    yield "forgets to yield", "return P"


@pytest.mark.parametrize(("name", "body"), tuple(list_bodies()))
def test_findings_and_causes_are_the_same_with_and_without(tmp_path, name, body):
    lines = "\n".join(f"        {line}" for line in body.splitlines())
    (tmp_path / "their.py").write_text(f"{HEAD}    def search(self, space, lease, rng):\n{lines}\n", encoding="utf-8")
    found = {}
    for sandbox in ("without", "with"):
        entry = {"kind": "their.py:Their"} | ({"sandbox": {}} if sandbox == "with" else {})
        data = {
            "name": "same", "budget": 40, "executor": "simulated", "landscapes": [{"kind": "rastrigin"}],
            "strategies": {"a": {"agents": [entry, "random"], "policy": {"lease": 10, "escape": 0.2}}},
        }  # fmt: skip
        results = run(Experiment.from_data(data, base=str(tmp_path)), out=tmp_path / sandbox, report=False)
        assert not results.errors, sandbox
        with LogReader(results.path) as reader:
            ends = [end for record in reader.runs() for end in findings(reader.events(record.id))]
            found[sandbox] = trace_hash(reader), {end.cause for end in ends}
    assert found["with"] == found["without"]
    assert verify_results(results.path).problems == []
