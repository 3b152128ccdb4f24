"""Bits of losses and gradients: equal for any number of rows and any number of CPUs; backends and forks."""

import json
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from searchparty.agents.evaluation.open import open_evaluator
from searchparty.agents.evaluation.settings import Evaluation
from searchparty.landscapes.network import NeuralNetwork

pytestmark = [pytest.mark.extras, pytest.mark.skipif("not has('jax')", reason="jax is not installed")]
DIGEST = """
import hashlib, json
import numpy as np
from searchparty.landscapes.network import NeuralNetwork

found = {}
for name, layers in (("dense", (64,)), ("conv", ({"conv": 4}, {"pool": 2}, 16))):
    problem = NeuralNetwork(data="digits", layers=layers, weight_decay=1e-4).open()
    rng = np.random.default_rng(0)
    points = problem.space.to_box(np.array([problem.space.init.draw(rng) for _ in range(64)]))
    together = problem.evaluate(points)
    for n in range(1, 65):
        assert (problem.evaluate(points[-n:]) == together[-n:]).all(), n
    gradients = problem.gradient(points)
    for n in (1, 2, 3, 17):
        assert (problem.gradient(points[-n:]) == gradients[-n:]).all(), n
    shares = problem.evaluate_share(points[:8], rng.integers(0, problem.space.units, (8, 128)))
    texts = [each.tobytes() for each in (together, gradients, *shares, problem.probe())]
    found[name] = [hashlib.sha256(text).hexdigest() for text in texts]
print(json.dumps(found))
"""


def has(library):
    return __import__("importlib.util").util.find_spec(library) is not None


def run_python(code, cpus=None, **environment):
    """Run code in a new process that may use some CPUs, and return what it prints."""
    code = textwrap.dedent(code)
    if cpus is not None:
        code = f"import os; os.sched_setaffinity(0, {cpus})\n{code}"
    plain = {name: value for name, value in os.environ.items() if name not in ("NPROC", "PJRT_NPROC")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, env=plain | environment, timeout=280,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif("len(__import__('os').sched_getaffinity(0)) < 2", reason="needs two CPUs")
def test_bits_are_equal_for_1_to_64_rows_and_on_one_and_two_cpus():
    cpus = sorted(os.sched_getaffinity(0))
    one, two = (json.loads(run_python(DIGEST, set(cpus[:count]))) for count in (1, 2))
    assert one == two
    assert one["dense"] != one["conv"]


def test_opening_starts_no_backend_and_takes_one_thread():
    out = run_python(
        """
        import os, numpy as np
        from searchparty.landscapes.network import NeuralNetwork
        from searchparty.landscapes.networks.backend import has_started
        problem = NeuralNetwork(data="wine").open()
        problem.space.init.draw(np.random.default_rng(0))
        before = has_started()
        problem.evaluate(np.zeros((1, problem.space.dimension)))
        print(before, has_started(), os.environ["NPROC"], problem.promises_bits)
        """
    )
    assert out.split() == ["False", "True", "1", "True"]


STARTED = """
import jax, numpy as np
jax.numpy.zeros(3).block_until_ready()
from searchparty.landscapes.landscape import LandscapeError
from searchparty.landscapes.network import NeuralNetwork
try:
    NeuralNetwork(data="wine").open()
except LandscapeError as error:
    print(error)
else:
    print("opened")
"""


def test_a_backend_with_other_settings_is_refused_and_one_with_ours_is_used():
    said = run_python(STARTED)
    assert said.startswith("JAX's backend must be started with one thread, got a backend that this process had started")
    assert "Set NPROC=1" in said
    assert run_python(STARTED, NPROC="4").startswith("JAX's backend must be started with one thread, got")
    assert run_python(STARTED, NPROC="1").strip() == "opened"
    assert run_python(STARTED, PJRT_NPROC="1").strip() == "opened"


@pytest.mark.timeout(120)
def test_children_of_the_fork_server_evaluate():
    landscape = NeuralNetwork(data="wine", layers=(8,))
    problem = landscape.open()
    cube = np.random.default_rng(0).random((6, problem.space.dimension))
    # The backend has started here before the fork server is.
    expected = problem.evaluate(problem.space.to_box(cube))
    evaluator = open_evaluator(landscape, Evaluation(timeout=60, workers=2))
    try:
        found = evaluator.evaluate(cube, True)
    finally:
        evaluator.close()
    np.testing.assert_array_equal(found.losses, expected)
    np.testing.assert_allclose(found.gradients, 6 * problem.gradient(problem.space.to_box(cube)))
