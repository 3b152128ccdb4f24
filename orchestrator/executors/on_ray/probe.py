"""Probes a cluster before it is joined. Ray itself tries for minutes where nothing answers, and for half a minute where
it is refused, and then does not say why."""

from __future__ import annotations

import logging
import os
import socket
from importlib.util import find_spec

import ray
from ray._private import services

from ...loop.executor import ExecutorError

PROBE_TIMEOUT_SECONDS = 5.0
CLIENT_SCHEME = "ray://"
TOKEN_ADVICE = (
    "Set RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN (or the file ~/.ray/auth_token, or RAY_AUTH_TOKEN_PATH) to what "
    "`ray get-auth-token` prints on the head"
)


def probe_address(address: str) -> None:
    """Check that a Ray which can be joined answers at an address.

    If it asks for a token that is found on this machine but is not enabled, the token is enabled.

    Args:
        address: "host:port", "ray://host:port" or "auto".

    Raises:
        ExecutorError: If nothing answers, if the Ray there asks for a token that is not found here, or if it has
            another version. The message says what to do.
    """
    host, _, port = _resolve_address(address).removeprefix(CLIENT_SCHEME).rpartition(":")
    if address.startswith(("http://", "https://")):
        raise ExecutorError(
            f"address must be that of a Ray cluster to join, got {address}, the address of a dashboard, which only "
            "submit and fetch use. Use auto, HOST:6379 or ray://HOST:10001."
        )
    if not port.isdigit():
        raise ExecutorError(
            f'address must be "auto", host:port or ray://host:port, got {address!r}. For example, use HEAD:6379.'
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=PROBE_TIMEOUT_SECONDS).close()
    except OSError as error:
        raise ExecutorError(
            f"address must be that of a running Ray, got {address}, where nothing answers ({error.strerror or error}). "
            "Start one (ray start --head), or check host and port: 6379 for a node of the cluster, 10001 for ray://."
        ) from None
    if os.environ.get("RAY_USE_TLS", "0") == "0":
        _probe_version(address, f"{host}:{port}")


def _resolve_address(address: str) -> str:
    """Return the address that "auto" stands for; any other address is returned unchanged."""
    if address != "auto":
        return address
    try:
        found = services.canonicalize_bootstrap_address(address)
    except (ConnectionError, ValueError, RuntimeError):
        found = None
    if not found:
        raise ExecutorError(
            "address auto must find a running Ray, but this machine belongs to none. Start one (ray start --head), or "
            "omit --address to start a local one for the run."
        )
    return str(found)


def _probe_version(address: str, place: str) -> None:
    """Check the token and the version of Ray, with a request that any process with the token may make."""
    if find_spec("grpc") is None:
        # Plain Ray is installed without grpc. Then Ray itself finds out, more slowly.
        return
    answer = _request_version(address, place, None)
    if answer == "refused":
        token = _find_token(place)
        answer = "refused" if token is None else _request_version(address, place, token)
        which = "a token" if token is None else "another token than the one found here"
        if answer == "refused":
            raise ExecutorError(f"The Ray cluster at {address} asks for {which}. {TOKEN_ADVICE}.")
        _enable_ray_token()
    if answer and answer != ray.__version__:
        raise ExecutorError(
            f"The Ray cluster at {address} must have the same version as Ray here, {ray.__version__}, got {answer}. "
            f"Run here: pip install ray=={answer}"
        )


def _find_token(place: str) -> str | None:
    """Return the token that is found on this machine, as a value for a header.

    Unless tokens are enabled, the token is not sent to another machine.

    Args:
        place: "host:port" of the Ray that would receive it.

    Returns:
        The token; None if there is none, or it must not be sent.
    """
    loader = ray._raylet.AuthenticationTokenLoader.instance()
    mode = os.environ.get("RAY_AUTH_MODE", "token" if _is_here(place) else "")
    if mode.lower() != "token" or not loader.has_token(ignore_auth_mode=True):
        return None
    return next(iter(loader.get_token_for_http_header().values()), None)


def enable_token(place: str) -> None:
    """Enable a token that is found on this machine, if it may be sent to ``place`` ("host:port")."""
    if "RAY_AUTH_MODE" not in os.environ and _find_token(place) is not None:
        _enable_ray_token()


def _is_here(place: str) -> bool:
    """Return whether "host:port" is an address of this machine."""
    host = place.rpartition(":")[0].strip("[]")
    return host in ("localhost", "127.0.0.1", "::1", ray.util.get_node_ip_address())


def _enable_ray_token() -> None:
    """Make Ray send the token that is found here, though the user has not enabled it."""
    from ray._private.authentication import authentication_token_setup as setup

    # This logger warns that the token is enabled, which is intended.
    logging.getLogger(setup.__name__).setLevel(logging.ERROR)
    setup.maybe_enable_token_auth_if_token_available(warn_if_disabled=False)


def _request_version(address: str, place: str, token: str | None) -> str:
    """Ask a Ray for its version.

    Args:
        address: The address of the cluster, which tells whether it is that of a client server ("ray://").
        place: Its "host:port".
        token: The token to send; None: none.

    Returns:
        The version; "refused" if the token is missing or wrong; "" if the answer contains neither.
    """
    from grpc import RpcError, StatusCode, insecure_channel

    metadata = [] if token is None else [("authorization", token)]
    channel = insecure_channel(place)
    try:
        if address.startswith(CLIENT_SCHEME):
            from ray.core.generated import ray_client_pb2 as words
            from ray.core.generated import ray_client_pb2_grpc as calls

            ping = words.ClusterInfoRequest(type=words.ClusterInfoType.PING)
            calls.RayletDriverStub(channel).ClusterInfo(ping, timeout=PROBE_TIMEOUT_SECONDS, metadata=metadata)
            return ""
        from ray.core.generated import gcs_service_pb2, gcs_service_pb2_grpc

        store = gcs_service_pb2_grpc.NodeInfoGcsServiceStub(channel)
        found = store.CheckAlive(gcs_service_pb2.CheckAliveRequest(), timeout=PROBE_TIMEOUT_SECONDS, metadata=metadata)
        return str(found.ray_version)
    except RpcError as error:
        return "refused" if error.code() == StatusCode.UNAUTHENTICATED else ""
    finally:
        channel.close()
