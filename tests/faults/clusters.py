"""A real Ray cluster on this machine: a head and nodes, each started by ``ray start`` as a user would, with a token."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from killing import processes

RAY = str(Path(sys.executable).with_name("ray"))
FAST = {
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_failure_threshold": "3",
    "RAY_health_check_timeout_ms": "2500",
    "RAY_health_check_initial_delay_ms": "0",
}
SMALL = ["--object-store-memory", str(80 << 20), "--disable-usage-stats"]


def free_ports(count: int) -> list[int]:
    """Return ports on which nothing listens, below those that Ray takes for its workers."""
    found: list[int] = []
    while len(found) < count:
        port = 20000 + secrets.randbelow(10000)
        with contextlib.closing(socket.socket()) as trial:
            if port not in found and trial.connect_ex(("127.0.0.1", port)) != 0:
                found.append(port)
    return found


def below(root: int) -> dict[int, str]:
    """Return the process ids and command lines of all descendants of a process."""
    listed, found = list(processes()), dict[int, str]()
    while more := {p: w for p, parent, w in listed if parent in (root, *found) and p not in found}:
        found |= more
    return found


class Cluster:
    """A head and the nodes that are added. They know this repository only through their Python."""

    def __init__(self, cpus: int = 1, dashboard: bool = True) -> None:
        # The path is short, because the names of sockets in it have a maximal length.
        self._place = tempfile.TemporaryDirectory(prefix="sp", dir="/tmp", ignore_cleanup_errors=True)
        ports = free_ports(3)
        self.address, self.dashboard = f"127.0.0.1:{ports[0]}", f"http://127.0.0.1:{ports[1]}"
        self.client = f"ray://127.0.0.1:{ports[2]}"
        without = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
        self.environment = without | {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": secrets.token_hex(32),
            "RAY_TMPDIR": self._place.name,
            "HOME": self._place.name,
        }
        self._nodes: list[subprocess.Popen[bytes]] = []
        words = ["--head", "--port", str(ports[0]), "--ray-client-server-port", str(ports[2])]
        words += ["--include-dashboard", str(dashboard).lower(), "--dashboard-port", str(ports[1])]
        self._start([*words, "--num-cpus", str(cpus)])
        try:
            self._up(0)
        except BaseException:
            self.close()
            raise

    def add(self, cpus: int = 1, resources: dict[str, float] | None = None) -> subprocess.Popen[bytes]:
        """Add a node. Nodes are added one by one: two that start at once on one machine may wait for each other."""
        words = ["--address", self.address, "--num-cpus", str(cpus), "--resources", json.dumps(resources or {})]
        node = self._start(words)
        self._up(len(self._nodes) - 1)
        return node

    def ready(self, count: int, seconds: float = 300.0) -> None:
        """Wait until this many nodes are alive."""
        code = (
            "import ray, sys, time\n"
            f"ray.init({self.address!r}, log_to_driver=False)\n"
            f"while sum(node['Alive'] for node in ray.nodes()) < {count}: time.sleep(0.1)\n"
        )
        subprocess.run(
            [sys.executable, "-c", code], env=self.environment, timeout=seconds, check=True, capture_output=True
        )

    def kill(self, node: subprocess.Popen[bytes]) -> int:
        """Kill a node with all its processes at once; return how many of our actors ran there."""
        lived = below(node.pid)
        for pid in [node.pid, *lived]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        node.wait()
        self._nodes.remove(node)
        return sum(line.startswith("ray::RayActor") for line in lived.values())

    def actors(self) -> list[int]:
        """Return the process ids of our actors on this machine."""
        found = {pid: line for node in self._nodes for pid, line in below(node.pid).items()}
        return [pid for pid, line in found.items() if line.startswith("ray::RayActor")]

    def close(self) -> None:
        """Stop all nodes, the head last."""
        for node in self._nodes[::-1]:
            node.terminate()
        for node in self._nodes[::-1]:
            with contextlib.suppress(subprocess.TimeoutExpired):
                node.wait(20)
        for node in list(self._nodes):
            self.kill(node)
        self._place.cleanup()

    def _start(self, words: list[str]) -> subprocess.Popen[bytes]:
        words = [*words, *SMALL, "--dashboard-agent-listen-port", str(free_ports(1)[0])]
        with (Path(self._place.name) / f"node-{len(self._nodes)}.txt").open("wb") as said:
            node = subprocess.Popen(
                [RAY, "start", "--block", *words], env=self.environment | FAST, stdout=said, stderr=said,
                cwd=self._place.name,
            )  # fmt: skip
        self._nodes.append(node)
        return node

    def _up(self, number: int, seconds: float = 300.0) -> None:
        """Wait until a node reports that it is up: nodes that join an incomplete head may wait forever."""
        said = Path(self._place.name) / f"node-{number}.txt"
        deadline = time.monotonic() + seconds
        while "Ray runtime started" not in said.read_text(errors="replace"):
            if self._nodes[number].poll() is not None or time.monotonic() > deadline:
                raise TimeoutError(f"ray start did not come up: {said.read_text(errors='replace')[-2000:]}")
            time.sleep(0.1)
