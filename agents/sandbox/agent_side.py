"""What a confined process does for an agent: it runs a stranger's text, and passes on what it proposes."""

from __future__ import annotations

import json
import os
from collections.abc import Generator
from functools import lru_cache
from operator import index
from typing import Any, get_args

import numpy as np
from pydantic import ValidationError

from ...landscapes.landscape import Model, describe_exception
from ..agent import Agent, Converged, Lease, MiniBatch, Repeat, Told, WithGradient
from ..evaluation.evaluator import FLOAT64
from ..leases.failure import AgentCalledExit, describe_failure_of, limit_words, place_of_error, place_of_search
from ..leases.search_rules import check_ending, check_search
from .frames import ChannelClosed, ConfinedChannel, dump_header
from .plain_data import FloatCursor, LeaseDecoder, decode_generator, decode_space, encode_text
from .their_code import run_text

KINDS = {WithGradient: "gradients", Repeat: "repeats", MiniBatch: "mini-batch"}
LONGEST_NAME = 100
"""The most characters of the name of a type that are sent."""


def serve(channel: ConfinedChannel) -> None:
    """Answer what is asked of a stranger's agent, until nobody asks."""
    try:
        header, _ = channel.receive()
        cls = load_class(channel, header, Agent)
        if cls is None:
            return
        while True:
            header, floats = channel.receive()
            _answer(channel, cls, header, FloatCursor(floats))
    except ChannelClosed:
        return


def load_class(channel: ConfinedChannel, header: dict[str, Any], base: type[Model]) -> Any:
    """Run the text that a frame holds, and return the class that it names; None if there is none, which is said.

    From now on, ``os._exit`` is an error of whoever calls it.
    """
    os._exit = _refuse_exit  # type: ignore[assignment]
    name = header["name"]
    try:
        cls = run_text(header["files"], name)
    except AttributeError:
        send_text(channel, "wrong", f"names {name!r}, which the file does not define")
    except BaseException as error:
        send_text(channel, "wrong", f"names a file that {describe_exception(error, links=False)}")
    else:
        if isinstance(cls, type) and issubclass(cls, base):
            channel.send(dump_header({"op": "loaded"}))
            return cls
        send_text(channel, "wrong", f"names no subclass of {base.__name__}")
    return None


def describe_class(channel: ConfinedChannel, cls: type[Model], settings: dict[str, Any], own: dict[str, Any]) -> None:
    """Send what a class says of itself with these settings, or what it refuses of them.

    Args:
        channel: The channel.
        cls: The class.
        settings: Its settings.
        own: What else is to be sent.
    """
    try:
        if wrong := _find_wrong_kind(cls):
            send_text(channel, "wrong", wrong)
            return
        model = cls.model_validate(settings)
        schema = cls.model_json_schema()
        said = {"settings": model.model_dump(mode="json"), "schema": schema, "card": str(cls.card)}
        send_text(channel, "described", json.dumps(said | own))
    except ValidationError as error:
        # Their inputs stand in the YAML; what a validator raised is told by its words.
        listed = error.errors(include_url=False, include_context=False, include_input=False)
        problems = [[list(each["loc"]), each["type"], each["msg"]] for each in listed]
        send_text(channel, "refused", json.dumps({"problems": problems, "known": list(cls.model_fields)}))
    except BaseException as error:
        send_text(channel, "wrong", f"names a class that {describe_exception(error, links=False)}")


def _find_wrong_kind(cls: type[Model]) -> str:
    """Return what is wrong with the default of a class's kind; "" if nothing is."""
    field = cls.model_fields.get("kind")
    kinds = () if field is None else get_args(field.annotation)
    if field is None or field.is_required() or not kinds or field.default in kinds:
        return ""
    return f"has the kind {field.default!r} by default, which is not its Literal, {' or '.join(map(repr, kinds))}"


def send_text(channel: ConfinedChannel, op: str, text: str) -> None:
    """Send a text, which need not fit into a header."""
    length, floats = encode_text(text)
    channel.send(dump_header({"op": op, "length": length}), [floats])


def send_error(channel: ConfinedChannel, error: BaseException, place: str = "") -> None:
    """Send what an agent or a policy raised, as the cause of its failure, and where."""
    send_text(channel, "raised", json.dumps([describe_failure_of(error), limit_words(place)]))


def _refuse_exit(status: int) -> None:
    raise AgentCalledExit(f"called os._exit({status!r})")


def _answer(channel: ConfinedChannel, cls: type[Agent], header: dict[str, Any], cursor: FloatCursor) -> None:
    agent = search = None
    try:
        if header["op"] == "describe":
            traits = {"reads_archive": bool(cls.reads_archive), "has_search": cls.search is not Agent.search}
            describe_class(channel, cls, header["settings"], traits)
            return
        agent = make_agent(cls, header)
        space = decode_space(header["space"], cursor)
        if header["op"] == "prices":
            price, rows = agent.row_price(space), agent.rows_per_evaluation(space)
            prices = {"row_price": index(price), "rows": float(rows), "lanes": index(agent.most_lanes(space))}
            channel.send(dump_header({"op": "prices", **prices}))
            return
        leases = LeaseDecoder(space.dimension)
        lease = leases.decode(header["lease"], cursor)
        search = check_search(agent.search(space, lease, decode_generator(header["rng"])))
        _run_search(channel, search, lease, leases, space.dimension)
    except ChannelClosed:
        raise
    except BaseException as error:
        place = "" if agent is None else place_of_error(agent, error) or place_of_search(agent, search)
        send_error(channel, error, place)


def make_agent(cls: type[Agent], header: dict[str, Any]) -> Agent:
    """Return the agent of these settings, with those of a fresh lease laid over them, as a searcher does."""
    agent = cls.model_validate(header["settings"])
    return cls.model_validate(agent.model_dump() | header["changed"]) if header["changed"] else agent


def _run_search(
    channel: ConfinedChannel, search: Generator[Any, Any, Any], lease: Lease, leases: LeaseDecoder, dimension: int
) -> None:
    """Pass on what a search proposes, and what it is told, to its end."""
    try:
        proposal, changed = next(search), False
        while True:
            points, sent = _send_proposal(channel, proposal, changed)
            header, floats = channel.receive()
            cursor = FloatCursor(floats)
            losses = cursor.take(header["n"])
            gradients = cursor.take(header["n"] * dimension).reshape(-1, dimension) if header["gradients"] else None
            if "lease" in header:
                lease = leases.decode(header["lease"], cursor)
            proposal = search.send(Told(losses, gradients, lease))
            changed = points.tobytes() != sent
    except StopIteration as end:
        _send_ending(channel, check_ending(end.value, dimension))


def _send_proposal(channel: ConfinedChannel, proposal: Any, changed: bool) -> tuple[Any, bytes]:
    """Send a proposal; where that is no array of float64, what it is: the other side checks it.

    Args:
        channel: The channel.
        proposal: The proposal.
        changed: Whether the agent has changed the one before since it was sent.

    Returns:
        The points, and their bytes.
    """
    kind = type(proposal)
    points = proposal.points if kind in KINDS else proposal
    rows = proposal.rows if kind is MiniBatch else 0
    rows = rows if type(rows) is int else repr(rows)[:LONGEST_NAME]
    if type(points) is np.ndarray and points.dtype == FLOAT64:
        channel.send(_make_points_header(KINDS.get(kind, ""), points.shape, rows, changed), [points.ravel()])
        return points, points.tobytes()
    names = {"type": type(points).__name__[:LONGEST_NAME], "dtype": str(getattr(points, "dtype", ""))[:LONGEST_NAME]}
    channel.send(dump_header({"op": "points", "kind": KINDS.get(kind, ""), "rows": rows} | names))
    return np.empty(0), b""


@lru_cache(maxsize=64)
def _make_points_header(kind: str, shape: tuple[int, ...], rows: int | str, changed: bool) -> bytes:
    header = {"op": "points", "kind": kind, "shape": shape, "rows": rows}
    return dump_header(header | {"changed": True} if changed else header)


def _send_ending(channel: ConfinedChannel, ended: Converged | None) -> None:
    if ended is None:
        channel.send(dump_header({"op": "done"}))
        return
    length, why = encode_text(ended.why)
    header = {"op": "converged", "loss": ended.loss, "length": length, "escape": ended.escape is not None}
    channel.send(dump_header(header), [why, ended.point, *([] if ended.escape is None else [ended.escape])])
