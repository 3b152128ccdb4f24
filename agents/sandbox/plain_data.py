"""Spaces, leases and random generators as plain data and vectors, for frames, and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

import numpy as np

from ...landscapes.axis import Axis
from ...landscapes.landscape import Array, Space
from ...landscapes.networks.initial import Drawing, InitialWeights
from ..agent import AgentError, Archive, Incumbent, Lease, Region
from ..leases.search_rules import protect_region, protect_space
from ..toolbox.key_sequence import KeySequence

LONGEST_TEXT = 1 << 20
"""The most bytes of a text that is sent behind a header."""


class FloatCursor:
    """Takes vectors off the floats of a frame, one after the other.

    Args:
        floats: The floats, shape (n,).
    """

    __slots__ = ("_floats", "_place")

    def __init__(self, floats: Array) -> None:
        self._floats, self._place = floats, 0

    def take(self, count: int) -> Array:
        """Return the next floats. Raises ValueError if there are fewer."""
        found = self._floats[self._place : self._place + count]
        if len(found) != count:
            raise ValueError("a frame has fewer numbers than its header says")
        self._place += count
        return found


def encode_text(text: str) -> tuple[int, Array]:
    """Return the length of a text in bytes, and its bytes as floats, which are numbers only by their width."""
    data = text.encode()
    return len(data), np.frombuffer(data + bytes(-len(data) % 8), "<f8")


def decode_text(length: Any, floats: Array) -> str:
    """Return the text that ``encode_text`` encoded. Raises ValueError if it is none, or too long."""
    if type(length) is not int or not 0 <= length <= min(LONGEST_TEXT, 8 * len(floats)):
        raise ValueError("a text is too long")
    return floats.tobytes()[:length].decode()


def count_text_floats(length: int) -> int:
    """Return behind how many floats the rest of a frame lies that begins with a text of this length."""
    return -(-length // 8)


def encode_space(space: Space) -> tuple[dict[str, Any], list[Array]]:
    """Return a space as plain data and vectors. Its conditions are not sent: points are checked where they are due.

    Raises:
        AgentError: It has a rule for where searches start that is not of this package.
    """
    if space.init is not None and not isinstance(space.init, InitialWeights):
        raise AgentError("works in a sandbox, to which the rule for where searches start cannot be sent")
    vectors = [space.lower, space.upper] + ([] if space.start is None else [space.start])
    data = {
        "dimension": space.dimension,
        "has_gradient": bool(space.has_gradient),
        "gradient_price": int(space.gradient_price),
        "axes": [{each.name: getattr(axis, each.name) for each in fields(axis) if each.init} for axis in space.axes],
        "start": space.start is not None,
        "noisy": bool(space.noisy),
        "units": int(space.units),
        "init": None if space.init is None else asdict(space.init),
    }
    return data, vectors


def decode_space(data: dict[str, Any], cursor: FloatCursor) -> Space:
    """Return the space that ``encode_space`` encoded."""
    size, init = data["dimension"], data["init"]
    axes = tuple(Axis(**{**axis, "choices": tuple(axis["choices"])}) for axis in data["axes"])
    rule = None
    if init is not None:
        rule = InitialWeights(tuple(Drawing(**each) for each in init["drawings"]), init["low"], init["high"])
    lower, upper = cursor.take(size), cursor.take(size)
    start = cursor.take(size) if data["start"] else None
    return protect_space(Space(
        lower, upper, data["has_gradient"], data["gradient_price"], axes, start, data["noisy"], None, data["units"],
        rule,
    ))  # fmt: skip


def encode_lease(lease: Lease, known: int | None) -> tuple[dict[str, Any], list[Array]]:
    """Return a lease as plain data and vectors.

    Args:
        lease: The lease.
        known: How many rows of the archive the receiver has; None if it does not read the archive.
    """
    region, best = lease.region, lease.incumbent
    vectors = [np.asarray(region.center)]
    data: dict[str, Any] = {
        "id": lease.id,
        "agent": lease.agent,
        "budget": lease.budget,
        "radius": float(region.radius),
        "reason": lease.reason,
        "fresh": lease.fresh,
        "archive": lease.archive,
    }
    if lease.settings:
        data["settings"] = lease.settings
    if lease.takes_over:
        data["takes_over"] = True
    if lease.lanes != 1:
        data["lanes"] = lease.lanes
    if lease.repeats:
        data["repeats"] = True
    if best is not None:
        data["incumbent"] = [best.agent, best.lease, best.row, float(best.loss)]
        vectors.append(np.asarray(best.point))
    if known is not None and lease.seen is not None:
        seen = lease.seen
        data["seen"] = [seen.cutoff, len(seen.losses) - known]
        vectors += [seen.points[known:].ravel(), seen.losses[known:], np.asarray(seen.agents[known:], dtype=float)]
    return data, vectors


class LeaseDecoder:
    """Makes leases of plain data again, and keeps what later ones build on: the archive, and the last incumbent.

    Args:
        dimension: Number of axes, D.
    """

    def __init__(self, dimension: int) -> None:
        self._dimension = dimension
        self._incumbent: Incumbent | None = None
        self._points, self._losses = np.empty((0, dimension)), np.empty(0)
        self._agents = np.empty(0, dtype=np.int32)

    def decode(self, data: dict[str, Any], cursor: FloatCursor) -> Lease:
        """Return the lease that ``encode_lease`` encoded."""
        region = protect_region(Region(cursor.take(self._dimension), data["radius"]))
        incumbent = self._decode_incumbent(data["incumbent"], cursor) if "incumbent" in data else None
        seen = self._extend_archive(data["seen"], cursor) if "seen" in data else None
        return Lease(
            data["id"], data["agent"], data["budget"], region, data["reason"], incumbent, data["fresh"],
            data.get("settings", {}), data["archive"], seen, data.get("takes_over", False),
            data.get("lanes", 1), data.get("repeats", False),
        )  # fmt: skip

    def _decode_incumbent(self, data: Sequence[Any], cursor: FloatCursor) -> Incumbent:
        agent, lease, row, loss = data
        point, last = cursor.take(self._dimension), self._incumbent
        if last is None or (last.agent, last.lease, last.row) != (agent, lease, row):
            self._incumbent = last = Incumbent(agent, lease, row, point, loss)
        return last

    def _extend_archive(self, data: Sequence[int], cursor: FloatCursor) -> Archive:
        cutoff, rows = data
        points = cursor.take(rows * self._dimension).reshape(rows, self._dimension)
        losses, agents = cursor.take(rows), cursor.take(rows).astype(np.int32)
        self._points = np.concatenate([self._points, points])
        self._losses = np.concatenate([self._losses, losses])
        self._agents = np.concatenate([self._agents, agents])
        arrays = self._points[:], self._losses[:], self._agents[:]
        for array in arrays:
            array.flags.writeable = False
        return Archive(cutoff, *arrays)


def encode_generator(rng: np.random.Generator) -> dict[str, Any]:
    """Return the state of a Philox generator as plain data."""
    state: dict[str, Any] = rng.bit_generator.state  # type: ignore[assignment]
    inner = {name: array.tolist() for name, array in state["state"].items()}
    return {**state, "state": inner, "buffer": state["buffer"].tolist()}


def decode_generator(data: dict[str, Any]) -> np.random.Generator:
    """Return the generator that ``encode_generator`` encoded."""
    # Without entropy, as where it comes from: what is spawned from it would differ each time.
    philox = np.random.Philox(KeySequence(np.zeros(2, dtype=np.uint64)))  # type: ignore[arg-type]
    inner = {name: np.array(numbers, dtype=np.uint64) for name, numbers in data["state"].items()}
    philox.state = dict(data, state=inner, buffer=np.array(data["buffer"], dtype=np.uint64))  # type: ignore[assignment]
    return np.random.Generator(philox)
