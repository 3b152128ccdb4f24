"""Measures joblib, Optuna and Ray Tune, each set up as its documentation recommends for objectives that wait."""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .cell import Cell, warm_up

TUNE_A_SECOND = 60
"""A cell of Ray Tune is limited to this many trials per second: it makes few, however short they are."""
TUNE_SECONDS = 300.0
"""Time limit of a cell of Ray Tune, including the start of its actors."""


class PeerMissing(Exception):
    """Raised if a library is not installed; the message says how to install it."""


def import_peer(module: str) -> Any:
    """Import the module of a library. Raises PeerMissing if it is not installed."""
    from importlib import import_module

    try:
        return import_module(module)
    except ImportError as error:
        raise PeerMissing(f'{error}. Install the peers: pip install -c constraints.txt -e ".[bench]".') from None


def wait_for_workers(folder: str, workers: int) -> None:
    """Return once ``workers`` processes have called this. It is the first task of a worker: then all are up."""
    Path(folder, str(os.getpid())).touch()
    deadline = time.monotonic() + TUNE_SECONDS
    while len(os.listdir(folder)) < workers and time.monotonic() < deadline:
        time.sleep(0.05)


def make_sleeper(sleep: float) -> Callable[[tuple[float, float]], float]:
    """Return the objective: a closure, which is sent to other processes by value."""

    def sleeping(x: tuple[float, float]) -> float:
        time.sleep(sleep)
        return float(x[0])

    return sleeping


def measure_joblib(workers: int, sleep: float, seconds: float, backend: str) -> Cell:
    """Measure joblib: all tasks in one call, in batches whose size joblib chooses."""
    joblib = import_peer("joblib")
    objective, draw = make_sleeper(sleep), random.Random(0)
    began = time.perf_counter()
    with joblib.Parallel(n_jobs=workers, backend=backend) as parallel, tempfile.TemporaryDirectory() as folder:
        if backend == "loky":
            parallel(joblib.delayed(wait_for_workers)(folder, workers) for _ in range(workers))
        startup = time.perf_counter() - began

        def run(count: int) -> float:
            points = [(draw.random(), draw.random()) for _ in range(count)]
            since = time.perf_counter()
            parallel(joblib.delayed(objective)(x) for x in points)
            return time.perf_counter() - since

        count = warm_up(workers, sleep, seconds, run)
        return Cell(f"joblib-{backend}", workers, sleep, count, run(count), startup)


def measure_optuna(workers: int, sleep: float, seconds: float) -> Cell:
    """Measure Optuna: ``n_jobs`` threads, random search, storage in memory."""
    optuna = import_peer("optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sleeping = make_sleeper(sleep)

    def objective(trial: Any) -> float:
        return sleeping((trial.suggest_float("x", 0.0, 1.0), trial.suggest_float("y", 0.0, 1.0)))

    def run(count: int) -> float:
        study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
        since = time.perf_counter()
        study.optimize(objective, n_trials=count, n_jobs=workers)
        return time.perf_counter() - since

    count = warm_up(workers, sleep, seconds, run)
    return Cell("optuna", workers, sleep, count, run(count), 0.0)


def measure_ray_tune(workers: int, sleep: float, seconds: float) -> Cell:
    """Measure Ray Tune: a trainable class on actors that are reused, as many trials at a time as there are workers."""
    # Tune reads these when it is imported, and so do its actors: no log files per trial, and where this module is.
    os.environ |= {
        "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
        "RAY_USAGE_STATS_ENABLED": "0",
        "PYTHONPATH": str(Path(__file__).parents[1]),
    }
    ray, tune = import_peer("ray"), import_peer("ray.tune")
    # At least four trials per worker, as for all libraries; the number is limited for a fast objective.
    count = max(4 * workers, min(round(workers * seconds / sleep), round(TUNE_A_SECOND * seconds)))
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        ray.init(
            address="local", num_cpus=workers, include_dashboard=False, log_to_driver=False, configure_logging=False,
            object_store_memory=100 << 20, _temp_dir=folder,
        )  # fmt: skip
        try:
            results = run_tune(tune, workers, sleep, count, Path(folder))
        finally:
            ray.shutdown()
    spans = [(each.metrics["begun"], each.metrics["ended"]) for each in results if each.metrics]
    first, last = min(begun for begun, _ in spans), max(ended for _, ended in spans)
    return Cell("ray-tune", workers, sleep, len(spans), last - first, first - began)


def run_tune(tune: Any, workers: int, sleep: float, count: int, folder: Path) -> Any:
    """Run ``count`` trials and return their results."""
    sleeping, meeting = make_sleeper(sleep), folder / "meeting"
    meeting.mkdir()

    class Sleeping(tune.Trainable):  # type: ignore[misc]
        def setup(self, config: dict[str, Any]) -> None:
            wait_for_workers(str(meeting), workers)
            self.point = (config["x"], config["y"])

        def reset_config(self, new_config: dict[str, Any]) -> bool:
            self.point = (new_config["x"], new_config["y"])
            return True

        def step(self) -> dict[str, Any]:
            begun = time.monotonic()
            loss = sleeping(self.point)
            return {"loss": loss, "begun": begun, "ended": time.monotonic(), "done": True}

    tuner = tune.Tuner(
        tune.with_resources(Sleeping, {"cpu": 1}),
        param_space={"x": tune.uniform(0.0, 1.0), "y": tune.uniform(0.0, 1.0)},
        tune_config=tune.TuneConfig(
            num_samples=count, max_concurrent_trials=workers, reuse_actors=True, metric="loss", mode="min",
            time_budget_s=TUNE_SECONDS,
        ),
        run_config=tune.RunConfig(storage_path=str(folder / "results"), verbose=0,
            failure_config=tune.FailureConfig(fail_fast=True),
            checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
        ),
    )  # fmt: skip
    return tuner.fit()
