"""Knocks at a cluster before it is joined: Ray itself tries for minutes where nothing answers, and for half a minute
where it is refused, and then does not say why."""

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
    """Raise ExecutorError, with what to do, where nothing answers at ``address`` ("host:port" or "ray://host:port"),
    where what answers asks for a token that we have not, or is another version of Ray. Where it asks for one that is
    here, but not switched on, it is switched on."""
    host, _, port = _resolve_address(address).removeprefix(CLIENT_SCHEME).rpartition(":")
    if address.startswith(("http://", "https://")):
        raise ExecutorError(
            f"address must be that of a Ray to join, got {address}, which is a dashboard's: that is for submit and "
            "fetch. Write auto, HOST:6379 or ray://HOST:10001."
        )
    if not port.isdigit():
        raise ExecutorError(
            f'address must be "auto", host:port or ray://host:port, got {address!r}. Write e.g. HEAD:6379.'
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
    """The address that is meant by "auto"; others are themselves."""
    if address != "auto":
        return address
    try:
        found = services.canonicalize_bootstrap_address(address)
    except (ConnectionError, ValueError, RuntimeError):
        found = None
    if not found:
        raise ExecutorError(
            "address auto must find a running Ray, and this machine belongs to none. Start one (ray start --head), or "
            "leave --address out: then a local one is started for the run."
        )
    return str(found)


def _probe_version(address: str, place: str) -> None:
    """Ask what any process may ask that has the token."""
    if find_spec("grpc") is None:
        # Plain Ray does without; then it is Ray that finds out, more slowly.
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
            f"The Ray cluster at {address} must be of the same version as Ray here, {ray.__version__}, got {answer}. "
            f"pip install ray=={answer}"
        )


def _find_token(place: str) -> str | None:
    """The token that is found here, as a header has it; None if there is none, or it is switched off. Unless it is
    switched on, no other machine is shown it."""
    loader = ray._raylet.AuthenticationTokenLoader.instance()
    mode = os.environ.get("RAY_AUTH_MODE", "token" if _is_here(place) else "")
    if mode.lower() != "token" or not loader.has_token(ignore_auth_mode=True):
        return None
    return next(iter(loader.get_token_for_http_header().values()), None)


def enable_token(place: str) -> None:
    """Switch on a token that is found here, if it may be shown at ``place``."""
    if "RAY_AUTH_MODE" not in os.environ and _find_token(place) is not None:
        _enable_ray_token()


def _is_here(place: str) -> bool:
    """Whether an address is this machine's own."""
    host = place.rpartition(":")[0].strip("[]")
    return host in ("localhost", "127.0.0.1", "::1", ray.util.get_node_ip_address())


def _enable_ray_token() -> None:
    """Have Ray send the token, where it is there but nobody has said that it is to be sent."""
    from ray._private.authentication import authentication_token_setup as setup

    # It warns that it does what it is asked to.
    logging.getLogger(setup.__name__).setLevel(logging.ERROR)
    setup.maybe_enable_token_auth_if_token_available(warn_if_disabled=False)


def _request_version(address: str, place: str, token: str | None) -> str:
    """The version of Ray that answers, "refused", or "" where neither was said."""
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
