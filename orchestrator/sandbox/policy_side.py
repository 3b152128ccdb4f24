"""What a confined process does for a policy: it folds the events that it is sent, and runs a stranger's ``decide``."""

from __future__ import annotations

import json
from typing import Any

from ...agents.agent import Lease, Region
from ...agents.evaluation.first_rows import FirstRows
from ...agents.sandbox.agent_side import LONGEST_NAME, describe_class, load_class, send_error
from ...agents.sandbox.frames import ChannelClosed, ConfinedChannel, dump_header
from ...agents.sandbox.plain_data import FloatCursor, decode_generator, decode_space, encode_text
from ...landscapes.landscape import Array
from ..log.codec import decode_event
from ..policies.policy import Policy
from ..state.advance import advance
from ..state.member import Member
from ..state.run import Run


def serve(channel: ConfinedChannel) -> None:
    """Answer what is asked of a stranger's policy, until nobody asks."""
    try:
        header, _ = channel.receive()
        cls = load_class(channel, header, Policy)
        if cls is None:
            return
        run: Run | None = None
        policy: Policy | None = None
        while True:
            header, floats = channel.receive()
            try:
                if header["op"] == "describe":
                    describe_class(channel, cls, header["settings"], {"at_once": cls.at_once})
                elif header["op"] == "begin":
                    policy, run = cls.model_validate(header["settings"]), _begin_run(header, FloatCursor(floats))
                    channel.send(dump_header({"op": "begun"}))
                elif policy is not None and run is not None:
                    _decide(channel, policy, run, header, floats)
            except ChannelClosed:
                raise
            except BaseException as error:
                send_error(channel, error)
    except ChannelClosed:
        return


def _begin_run(header: dict[str, Any], cursor: FloatCursor) -> Run:
    """Return the state of a run before its first event."""
    space = decode_space(header["space"], cursor)
    members = {
        name: Member(name, index, price, lanes=lanes) for index, (name, price, lanes) in enumerate(header["members"])
    }
    return Run(
        header["run"], space, header["seconds"], header["budget"], header["concurrency"],
        Region(cursor.take(space.dimension), header["radius"]), members, header["target"],
        first_rows=FirstRows(header["first_rows"]),
    )  # fmt: skip


def _decide(channel: ConfinedChannel, policy: Policy, run: Run, header: dict[str, Any], floats: Array) -> None:
    """Fold the events that have happened since the last decision, and send the next one, lease by lease."""

    def find(reference: Any) -> Array:
        first, count = reference["v"]
        return floats[first : first + count]

    for kind, body in header["events"]:
        advance(run, decode_event(kind, body, find))
    leases = policy.decide(run, decode_generator(header["rng"]))
    if type(leases) is not tuple or not all(isinstance(lease, Lease) for lease in leases):
        channel.send(dump_header({"op": "returned", "type": type(leases).__name__[:LONGEST_NAME]}))
        return
    frames = [_encode_lease(lease) for lease in leases]
    for data, vectors in frames:
        channel.send(dump_header(data), vectors)
    channel.send(dump_header({"op": "decided", "leases": len(frames)}))


def _encode_lease(lease: Lease) -> tuple[dict[str, Any], list[Array]]:
    """Return a lease as a header and floats: what it holds as text, which may be longer than a header, and points."""
    best = lease.incumbent
    data: dict[str, Any] = {
        "id": lease.id,
        "agent": lease.agent,
        "budget": int(lease.budget) if isinstance(lease.budget, int) else repr(lease.budget)[:LONGEST_NAME],
        "radius": float(lease.region.radius),
        "center": len(lease.region.center),
        "reason": lease.reason,
        "fresh": lease.fresh,
        "settings": lease.settings,
        "archive": lease.archive,
        "takes_over": lease.takes_over,
        "lanes": int(lease.lanes) if isinstance(lease.lanes, int) else repr(lease.lanes)[:LONGEST_NAME],
        "repeats": lease.repeats,
    }
    points = [lease.region.center]
    if best is not None:
        data["incumbent"] = [best.agent, best.lease, best.row, float(best.loss)]
        points.append(best.point)
    length, text = encode_text(json.dumps(data))
    return {"op": "lease", "length": length}, [text, *points]
