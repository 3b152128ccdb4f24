"""Measure losses of neural networks: losses a second, beside PyTorch and the limit of matrix products; bits; curvature.

All figures are of a network with 64 inputs, 64 hidden units and 10 outputs on the training rows of digits, on one core.
What is compared is measured in turn, round by round, a few milliseconds each; ratios are the medians over rounds. Those
called best are of the least durations, which other programs on the machine disturb least.

    python benchmarks/networks.py [--json FILE] [--rounds 200] [--figures losses shares gradients steps bits ...]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from network_bench import BATCH, POINTS, Bench, Call, median_ratio, time_in_turn
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits
from torch_loops import make_torch_loop, make_torch_slice

from searchparty.agents.adam import Adam
from searchparty.landscapes.geometry.lanczos import find_extremes
from searchparty.landscapes.network import NeuralNetwork
from searchparty.landscapes.networks.backend import use_precision
from searchparty.landscapes.networks.network_loss import NetworkLoss
from searchparty.orchestrator.executors.in_process import InProcessExecutor
from searchparty.orchestrator.kept_rows import choose_interval
from searchparty.orchestrator.log.log_file import LogFile
from searchparty.orchestrator.loop.work_run import work_run
from searchparty.orchestrator.policies.composed import Composed
from searchparty.orchestrator.run_spec import RunSpec

STEPS = 500
CHUNK = 16
"""How many points are evaluated before the next function has its turn."""


def multiply_matrices(bench: Bench) -> Call:
    """Return the matrix products of a loss alone, by numpy: what no program of these shapes can be faster than."""
    first, second = (np.random.default_rng(1).normal(size=shape).astype(np.float32) for shape in ((64, 64), (64, 10)))
    hidden = np.empty((len(bench.inputs), 64), np.float32)
    outputs = np.empty((len(bench.inputs), 10), np.float32)

    def multiply(number: int) -> None:
        np.matmul(bench.inputs, first, out=hidden)
        np.matmul(hidden, second, out=outputs)

    return multiply


def measure_losses(bench: Bench, rounds: int) -> dict[str, Any]:
    """Measure losses a second in batches and one by one, against PyTorch and the limit of matrix products."""
    calls: dict[str, tuple[Call, int]] = {
        "batch": (lambda _: bench.problem.evaluate(bench.points[:CHUNK]), 1),
        "single": (lambda n: bench.problem.evaluate(bench.points[n : n + 1]), CHUNK),
        "limit": (multiply_matrices(bench), CHUNK),
    }
    loop = make_torch_loop(bench)
    if loop is not None:
        calls["torch"] = (loop, CHUNK // 2)
    found = time_in_turn(calls, rounds)
    found["batch"] = [each / CHUNK for each in found["batch"]]
    figures: dict[str, Any] = {
        "losses_per_s": 1 / statistics.median(found["batch"]),
        "losses_per_s_best": 1 / min(found["batch"]),
        "losses_per_s_one_by_one": 1 / statistics.median(found["single"]),
        "losses_per_s_one_by_one_best": 1 / min(found["single"]),
        "share_of_matmul_limit": median_ratio(found["limit"], found["batch"]),
        "share_of_matmul_limit_best": min(found["limit"]) / min(found["batch"]),
    }
    if loop is not None:
        figures["torch_losses_per_s"] = 1 / statistics.median(found["torch"])
        figures["times_torch"] = median_ratio(found["torch"], found["batch"])
        figures["times_torch_best"] = min(found["torch"]) / min(found["batch"])
        figures["torch_share_of_matmul_limit"] = median_ratio(found["limit"], found["torch"])
        figures["torch_share_of_matmul_limit_best"] = min(found["limit"]) / min(found["torch"])
    return figures


def measure_shares(bench: Bench, rounds: int) -> dict[str, Any]:
    """Measure what a mini-batch costs above the compiled program of its loss and gradient."""
    import jax

    programs = bench.problem._programs
    bench.problem.evaluate_share(bench.points[:1], bench.rows[0])
    weights = [jax.numpy.asarray(point.astype(np.float32)) for point in bench.points]
    rows = [jax.numpy.asarray(each[0].astype(np.int32)) for each in bench.rows]
    found = time_in_turn(
        {
            "ours": (lambda n: bench.problem.evaluate_share(bench.points[n : n + 1], bench.rows[n]), CHUNK),
            "program": (lambda n: programs._share(weights[n], rows[n]).block_until_ready(), CHUNK),
        },
        rounds,
    )
    above = [1e6 * (one - other) for one, other in zip(found["ours"], found["program"], strict=True)]
    return {
        "share_us": 1e6 * statistics.median(found["ours"]),
        "share_us_above_program": statistics.median(above),
        "share_us_above_program_best": 1e6 * (min(found["ours"]) - min(found["program"])),
    }


def measure_gradients(bench: Bench, rounds: int) -> dict[str, Any]:
    """Measure the price of a gradient, in losses: of the bench's network, and of a small convolutional one."""
    figures = {}
    for name, layers in (("dense", (64,)), ("conv", ({"conv": 8}, {"pool": 2}, 64))):
        many = rounds if name == "dense" else max(1, rounds // 20)
        problem: Any = NeuralNetwork(data="digits", layers=layers).open()
        rng = np.random.default_rng(0)
        points = problem.space.to_box(np.array([problem.space.init.draw(rng) for _ in range(8)]))
        found = time_in_turn(
            {
                "loss": (lambda _, p=problem, x=points: p.evaluate(x), 1),
                "gradient": (lambda _, p=problem, x=points: p.gradient(x), 1),
            },
            many,
        )
        figures[f"gradient_price_{name}"] = median_ratio(found["gradient"], found["loss"])
        figures[f"gradient_price_{name}_best"] = min(found["gradient"]) / min(found["loss"])
    return figures


def digest_bits() -> str:
    """Digest losses and gradients, and fail if any row's bits depend on the rows beside it."""
    bench = Bench()
    problem, points = bench.problem, bench.points
    losses, gradients = problem.evaluate(points), problem.gradient(points)
    for count in range(1, POINTS + 1):
        assert np.array_equal(problem.evaluate(points[-count:]), losses[-count:]), count
    for count in (1, 7, 64):
        assert np.array_equal(problem.gradient(points[-count:]), gradients[-count:]), count
    shares = problem.evaluate_share(points, bench.rows[:, 0])
    return hashlib.sha256(b"".join(each.tobytes() for each in (losses, gradients, *shares))).hexdigest()


def compare_bits(bench: Bench, rounds: int) -> dict[str, Any]:
    """Compare the bits for 1 to 64 rows, in new processes that may use one and two CPUs."""
    cpus = sorted(os.sched_getaffinity(0))
    digests = []
    for count in (1, 2):
        words = [sys.executable, __file__, "--digest", "--cpus", ",".join(map(str, cpus[:count]))]
        digests.append(subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip())
    return {"cpus": min(2, len(cpus)), "bits_are_equal": len(set(digests)) == 1}


def measure_steps(bench: Bench, rounds: int) -> dict[str, Any]:
    """Measure a step of Adam in a run with a log that keeps some points, beside a jitted step of optax.

    Both take the loss and the gradient of 128 rows at 4,810 weights; the plain loop reads the loss of each step.
    """
    import jax
    import optax

    functions, rule = bench.problem._make_functions(), optax.adam(0.003)

    @jax.jit
    def step(weights: Any, state: Any, rows: Any) -> Any:
        loss, gradient = jax.value_and_grad(functions.evaluate_rows)(weights, rows)
        updates, state = rule.update(gradient, state, weights)
        return optax.apply_updates(weights, updates), state, loss

    def work_plainly(_: int) -> None:
        rng, weights = np.random.default_rng(0), bench.points[0].astype(np.float32)
        state = rule.init(weights)
        for _ in range(STEPS):
            rows = rng.choice(bench.problem.space.units, BATCH, replace=False, shuffle=False).astype(np.int32)
            weights, state, loss = step(weights, state, rows)
            float(loss)

    with tempfile.TemporaryDirectory() as folder:
        found = time_in_turn(
            {"run": (lambda _: work_run_of_adam(bench, Path(folder)), 1), "plain": (work_plainly, 1)},
            max(1, rounds // 20),
        )
    return {
        "step_us": 1e6 * statistics.median(found["run"]) / STEPS,
        "step_over_optax": median_ratio(found["run"], found["plain"]),
        "step_over_optax_best": min(found["run"]) / min(found["plain"]),
    }


def work_run_of_adam(bench: Bench, folder: Path) -> None:
    """Work a run of STEPS steps of Adam in this process, with a log."""
    team = (("adam", Adam(rate=0.003, batch=BATCH)),)
    # Each lease ends with an evaluation; a step costs 3 x 128 of 1,347 rows.
    budget = 1 + -(-STEPS * 3 * BATCH // bench.problem.space.units)
    spec = RunSpec(bench.landscape, team, Composed(lease=budget), 0, 0, budget, 1)
    log = LogFile(folder / f"{time.perf_counter_ns()}.sqlite")
    try:
        run_log = log.run(spec, interval=choose_interval(spec, 20e6))
        for _ in work_run(spec, run_log, InProcessExecutor(spec, run_log)):
            pass
    finally:
        log.close()


def measure_eigenvalues(bench: Bench, rounds: int) -> dict[str, Any]:
    """Compare the ends of the Hessian's spectrum with those of the exact Hessian, of 610 weights, in float64.

    Both are compared where a search starts and where L-BFGS ends it, relative to the largest eigenvalue.
    """
    import jax

    landscape = NeuralNetwork(data="digits", layers=(8,))
    problem: Any = landscape.open()
    start = problem.space.to_box(problem.space.init.draw(np.random.default_rng(0)))
    end = minimize(
        lambda x: (problem.evaluate(x[None])[0], problem.gradient(x[None])[0]), start, jac=True, method="L-BFGS-B"
    ).x
    data = landscape.load_data()
    with use_precision(np.float64):
        loss = NetworkLoss(landscape.plan_network(data), data, "cross-entropy", 0.0, np.float64)
        compute = jax.jit(jax.hessian(loss.evaluate))
        exact = [np.linalg.eigvalsh(np.asarray(compute(point))) for point in (start, end)]
    errors, seconds = [], []
    for point, values in zip((start, end), exact, strict=True):
        began = time.perf_counter()
        rng = np.random.default_rng(0)
        found = find_extremes(lambda x, at=point: problem.multiply_hessian(at, x), len(point), rng, 1e-8)
        seconds.append(time.perf_counter() - began)
        ends = np.array([*found.largest, found.least]) - [*values[::-1][:5], values[0]]
        errors.append(float(np.abs(ends).max() / values[-1]))
    return {"eigenvalues_error": f"{max(errors):.1e}", "eigenvalues_s": seconds[1]}


SLICES: dict[str, dict[str, Any]] = {
    "slice": {"layers": (64,)},
    "slice_large": {"layers": (256, 312)},
    "slice_conv": {"layers": ({"conv": 8}, {"pool": 2})},
}
"""Networks on digits of which planes are evaluated: D = 4,810, D = 99,954, and a small convolutional one."""
SLICE_POINTS = 51


def measure_slices(bench: Bench, rounds: int) -> dict[str, Any]:
    """Compare the losses on a plane of 51 x 51 points with the loop of PyTorch, at points of the same plane."""
    figures: dict[str, Any] = {}
    for name, settings in SLICES.items():
        problem: Any = NeuralNetwork(data="digits", **settings).open()
        space, rng = problem.space, np.random.default_rng(0)
        vectors = np.stack([space.to_box(space.init.draw(rng)), *0.02 * rng.standard_normal((2, space.dimension))])
        u = np.linspace(-1, 1, SLICE_POINTS)

        def evaluate(number: int, problem: Any = problem, vectors: Any = vectors, u: Any = u) -> None:
            # A line of the plane in each turn.
            problem.evaluate_plane(vectors, u, u[number % SLICE_POINTS : number % SLICE_POINTS + 1])

        few = max(3, rounds // (4 if name == "slice" else 40))
        calls: dict[str, tuple[Call, int]] = {"slice": (evaluate, 1)}
        points = (vectors[0] + rng.standard_normal((POINTS, 2)) @ vectors[1:]).astype(np.float32)
        for loop, batched in (("torch", False), ("loader", True)):
            call = make_torch_slice(bench, settings["layers"], points, batched)
            if call is not None:
                calls[loop] = (call, 2)
        found = time_in_turn(calls, few)
        figures[f"{name}_d"] = space.dimension
        figures[f"{name}_losses_per_s"] = SLICE_POINTS / min(found["slice"])
        for loop in ("torch", "loader"):
            if loop in found:
                figures[f"{name}_times_{loop}"] = SLICE_POINTS * median_ratio(found[loop], found["slice"])
                figures[f"{name}_times_{loop}_best"] = SLICE_POINTS * min(found[loop]) / min(found["slice"])
    return figures


FIGURES: dict[str, Callable[[Bench, int], dict[str, Any]]] = {
    "losses": measure_losses,
    "shares": measure_shares,
    "gradients": measure_gradients,
    "steps": measure_steps,
    "bits": compare_bits,
    "eigenvalues": measure_eigenvalues,
    "slices": measure_slices,
}
"""What is measured, by name."""


def main() -> None:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--figures", nargs="+", choices=FIGURES, default=list(FIGURES))
    parser.add_argument("--digest", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--cpus", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.digest:
        os.sched_setaffinity(0, {int(cpu) for cpu in options.cpus.split(",")})
        print(digest_bits())
        return
    figures: dict[str, Any] = {}
    # Bits are compared on all CPUs; all else is measured on one.
    cpus = os.sched_getaffinity(0)
    with threadpool_limits(1):
        for name in options.figures:
            os.sched_setaffinity(0, cpus if name == "bits" else {max(cpus)})
            bench = Bench()
            for key, value in FIGURES[name](bench, options.rounds).items():
                figures[key] = value
                print(f"{key:34} {value:,.2f}" if isinstance(value, float) else f"{key:34} {value}", flush=True)
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
