"""Surveys the nodes of a cluster, by one process on each node."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from .actor_class import make_actor_class
from .connection import live_nodes

START_SECONDS = 90.0
ROUND_TRIPS = 30
PAYLOAD_BYTES = 8 << 20
"""Number of bytes that are sent to measure throughput."""


@dataclass(slots=True)
class NodeReport:
    """What was found on a node. Times are in seconds, sizes in bytes.

    Attributes:
        id: Ray's id of the node.
        address: Its IP address.
        resources: Its resources, by Ray's names.
        problem: Why the node could not be surveyed; "" if it could.
        facts: "host"; "python", its version; "packages", the version of each package or None; "cores"; "shared",
            (free, total) of its shared memory or None; "imports", why each model cannot be created there, or "".
        start: Time until the process there had started.
        round_trip: Median time of a call to it.
        throughput: Bytes per second that can be sent there.
        skew: By how much its clock is ahead of the clock of this machine.
        skew_error: Greatest error of ``skew``.
    """

    id: str
    address: str
    resources: dict[str, float]
    problem: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    start: float = 0.0
    round_trip: float = 0.0
    throughput: float = 0.0
    skew: float = 0.0
    skew_error: float = 0.0


def survey_nodes(
    packages: tuple[str, ...], models: dict[str, bytes], files: dict[str, tuple[str, str]]
) -> list[NodeReport]:
    """Survey every node: its versions, whether it can create each of the models, and how far away it is.

    Args:
        packages: Names of the packages whose versions are reported.
        models: Pickled models, by their names for messages.
        files: The user's Python files that are executed before the models are unpickled.
    """
    found = [NodeReport(node["NodeID"], node["NodeManagerAddress"], node["Resources"]) for node in live_nodes()]
    probe = ray.remote(make_probe_class())
    actors = {
        node.id: probe.options(
            num_cpus=0, scheduling_strategy=NodeAffinitySchedulingStrategy(node.id, soft=False)
        ).remote()
        for node in found
    }
    for node in found:
        _survey_node(node, actors[node.id], packages, models, files)
    for actor in actors.values():
        ray.kill(actor)
    return found


def _survey_node(
    node: NodeReport, actor: Any, packages: tuple[str, ...], models: dict[str, bytes], files: dict[str, tuple[str, str]]
) -> None:
    began = time.perf_counter()
    try:
        ray.get(actor.clock.remote(), timeout=START_SECONDS)
        node.start = time.perf_counter() - began
        trips = [_time_round_trip(actor) for _ in range(ROUND_TRIPS)]
        node.round_trip = statistics.median(seconds for seconds, _ in trips)
        # The fastest round trip gives the best estimate: the clock was read at most half a trip from its middle.
        node.skew_error, node.skew = (lambda best: (best[0] / 2, best[1]))(min(trips))
        node.throughput = _measure_throughput(actor)
        node.facts = ray.get(actor.facts.remote(packages, models, files), timeout=START_SECONDS)
    except GetTimeoutError:
        node.problem = f"no process started there within {START_SECONDS:g} s"
    except RayError as error:
        node.problem = " ".join(str(error).split())[-400:]


def _time_round_trip(actor: Any) -> tuple[float, float]:
    """Return the seconds of a round trip, and by how many seconds the clock there is ahead."""
    went, began = time.time(), time.perf_counter()
    there = ray.get(actor.clock.remote(), timeout=START_SECONDS)
    seconds = time.perf_counter() - began
    return seconds, there - (went + seconds / 2)


def _measure_throughput(actor: Any) -> float:
    rates = []
    for number in range(3):
        payload = bytes([number]) * PAYLOAD_BYTES
        began = time.perf_counter()
        ray.get(actor.payload_size.remote(payload), timeout=START_SECONDS)
        rates.append(PAYLOAD_BYTES / (time.perf_counter() - began))
    return statistics.median(rates)


def make_probe_class(unpickled: tuple[str, str] = ("landscapes.user_code", "unpickle_with_files")) -> type:
    """Return the class of the process that surveys a node. It is sent as bytes, and needs only Python there.

    Args:
        unpickled: Module within this package, and name of the function there, that unpickles a model.
    """
    package = make_actor_class.__module__.partition(".")[0]

    class Probe:
        """Surveys the node that it runs on."""

        def clock(self) -> float:
            """Return the time of the clock there, in seconds since the epoch."""
            import time

            return time.time()

        def payload_size(self, payload: bytes) -> int:
            """Return the number of bytes that arrived."""
            return len(payload)

        def facts(
            self, packages: tuple[str, ...], models: dict[str, bytes], files: dict[str, tuple[str, str]]
        ) -> dict[str, Any]:
            """Return the facts of a ``NodeReport``."""
            import importlib.metadata
            import os
            import platform
            import shutil
            import socket

            versions: dict[str, str | None] = {}
            for name in packages:
                try:
                    versions[name] = importlib.metadata.version(name)
                except importlib.metadata.PackageNotFoundError:
                    versions[name] = None
            shared = shutil.disk_usage("/dev/shm") if os.path.isdir("/dev/shm") else None
            return {
                "host": socket.gethostname(),
                "python": platform.python_version(),
                "packages": versions,
                "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
                "shared": None if shared is None else (shared.free, shared.total),
                "imports": {name: self._import(model, files) for name, model in models.items()},
            }

        def _import(self, model: bytes, files: dict[str, tuple[str, str]]) -> str:
            """Return why a model cannot be created here; "" if it can."""
            from importlib import import_module

            try:
                made: Callable[..., Any] = getattr(import_module(f"{package}.{unpickled[0]}"), unpickled[1])
                found = made(files, model)
                if hasattr(found, "open"):
                    found.open()
            except Exception as error:
                return f"{type(error).__name__}: {error}"
            return ""

    return Probe
