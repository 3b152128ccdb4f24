"""Starts a local Ray or joins a running one, and explains why that fails."""

from __future__ import annotations

import contextlib
import logging
import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
# Otherwise a call to a Ray that was lost would start or join another one.
os.environ.setdefault("RAY_ENABLE_AUTO_CONNECT", "0")
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")

import ray

from ...loop.executor import ExecutorError
from ..liveness import Liveness
from ..process_losses import first_line
from .local_ray import (
    bind_to_loopback,
    forget_token,
    is_bound_to_loopback,
    keep_signal_handler,
    leave_out_servants,
    make_job_config,
    require_token,
)
from .probe import CLIENT_SCHEME, TOKEN_ADVICE, probe_address

# Only now: an older Ray, which is refused above, does not have it.
from ray.exceptions import AuthenticationError  # isort: skip


def start_ray(address: str | None, staged_directory: Path | None = None) -> None:
    """Start a local Ray, or join a running one.

    Args:
        address: Which Ray to join: "auto" for the one that this machine belongs to; "host:port" of its control store;
            "ray://host:port" from a machine that is not one of its nodes. None: start a local one.
        staged_directory: A directory that is copied to every node, and is the working directory of the processes there.

    Raises:
        ExecutorError: If that fails. The message says what to do.
    """
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address is not None:
        probe_address(address)
    if staged_directory is not None:
        options["runtime_env"] = {"working_dir": str(staged_directory)}
    try:
        with keep_signal_handler(), ExitStack() as stack:
            if address is None:
                stack.enter_context(require_token())
                stack.enter_context(leave_out_servants())
                # If RAY_ADDRESS happens to be set, Ray must still start a local cluster, not join that one.
                options |= {"include_dashboard": False, "address": "local"} | stack.enter_context(bind_to_loopback())
                options["job_config"] = make_job_config()
            else:
                options["address"] = address
                if is_bound_to_loopback(address):
                    options |= stack.enter_context(bind_to_loopback())
            _init_ray(options)
        silence_notices()
    except AuthenticationError as error:
        if address is None:
            raise ExecutorError(_describe_failure(address, error)) from None
        raise ExecutorError(
            f"Could not join the Ray cluster at {address}: {first_line(error)} {TOKEN_ADVICE}."
        ) from None
    except Exception as error:
        # Ray raises a plain Exception where one of its processes does not start in time.
        with contextlib.suppress(Exception):
            ray.shutdown()
        raise ExecutorError(_describe_failure(address, error)) from None


def _init_ray(options: dict[str, Any]) -> None:
    try:
        ray.init(**options)
    except ConnectionAbortedError:
        # The head starts a process for each client. On a busy machine, the first one may not start in time.
        with contextlib.suppress(Exception):
            ray.shutdown()
        ray.init(**options)


def _describe_failure(address: str | None, error: Exception) -> str:
    words = first_line(error)
    if address is None:
        late = f"{error} {type(error).__name__}".lower()
        busy = any(word in late for word in ("time", "second", "failed to start", "not start"))
        cure = "The machine may be too busy: try again later" if busy else "Remove the cause"
        return f"Could not start a local Ray: {words} {cure}, or use --executor simulated."
    if os.environ.get("RAY_AUTH_MODE", "").lower() != "token":
        cure = f"Most likely it asks for a token. {TOKEN_ADVICE}."
    elif isinstance(error, ConnectionError):
        cure = f"Most likely it has a different token. {TOKEN_ADVICE}."
    else:
        cure = "Check the address. From a machine that is not one of its nodes, use ray://HOST:10001 or submit."
    return f"Could not join the Ray cluster at {address}: {words} {cure}"


def has_ray() -> bool:
    """Return whether this process is connected to Ray."""
    return bool(ray.is_initialized())


def stop_ray() -> None:
    """Disconnect from Ray, and stop it if it was started here."""
    ray.shutdown()
    forget_token()


def is_client() -> bool:
    """Return whether this process is connected to Ray through a client server on the head ("ray://")."""
    return bool(ray.util.client.ray.is_connected())


def silence_notices() -> None:
    """Suppress Ray's notices of dead workers on standard output; they stay in Ray's logs.

    A lost actor is rebuilt, and what the loss cost is in our log.
    """
    from ray._private import worker

    worker.print_to_stdstream = lambda *_, **__: None


def cluster_cpus() -> int:
    """Return the number of CPU cores of the cluster, at least 1."""
    return max(1, int(ray.cluster_resources().get("CPU", 1)))


def live_nodes() -> list[dict[str, Any]]:
    """Return the nodes that are alive, as Ray describes them."""
    return [node for node in ray.nodes() if node["Alive"]]


def make_liveness(address: str | None) -> Liveness:
    """Return the liveness check of the connected Ray.

    Args:
        address: The address with which it was joined; None for a local one.
    """
    if is_client():
        host, _, port = str(address).removeprefix(CLIENT_SCHEME).rpartition(":")
        return Liveness({"client server": (host.strip("[]"), int(port or 10001))}, lambda: ())
    context = ray.get_runtime_context()
    own = next(node for node in ray.nodes() if node["NodeID"] == context.get_node_id())
    host, _, port = context.gcs_address.rpartition(":")
    doors = {
        "control store (GCS)": (host.strip("[]"), int(port)),
        "raylet": (own["NodeManagerAddress"], int(own["NodeManagerPort"])),
    }
    # Processes can be checked only if they were started here.
    started = ray._private.worker._global_node
    return Liveness(doors, (lambda: ()) if started is None else started.dead_processes)
