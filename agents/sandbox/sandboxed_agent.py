"""An agent of a stranger, as the rest of the package sees it: its search is worked in a confined process."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from pydantic import Field, PrivateAttr, model_serializer

from ...landscapes.landscape import Array, Space
from ..agent import MOST_AT_ONCE, Agent, Converged, Lease, MiniBatch, Proposal, Repeat, Search, WithGradient
from .confined_process import AGENT_ROLE, quote_text
from .frames import Frame, dump_header
from .plain_data import count_text_floats, decode_text, encode_generator, encode_lease, encode_space
from .settings import Sandbox
from .their_code import TheirCode
from .their_process import SelfDescription, TheirError, load_their_class, read_error, read_points

MOST_PRICE = 10**9


class SandboxedAgent(Agent):
    """An agent whose class is run in a confined process only, one for each of its searches.

    Its settings, as runs and logs have them, are those of the stranger's class alone, so that findings are the same
    with and without the sandbox. The class itself is never imported here.

    Attributes:
        kind: The kind of the stranger's class.
        code: Its text.
        given: The settings that the user gave.
        changed: Settings of a fresh lease, which replace its own.
        settings: All its settings, as it says.
        sandbox: The limits of its process.
        openly: Whether it may work unconfined where there is no sandbox.
        reads_points: Whether it reads the archive, as it says.
        said: Its card, and the schema of its settings.
    """

    kind: str
    code: TheirCode
    given: dict[str, Any]
    changed: dict[str, Any] = Field(default_factory=dict)
    settings: dict[str, Any]
    sandbox: Sandbox
    openly: bool = False
    reads_points: bool = False
    said: dict[str, Any] = Field(default_factory=dict, repr=False)

    _prices: dict[tuple[bytes, ...], tuple[int, float, int]] = PrivateAttr(default_factory=dict)

    @classmethod
    def of_description(
        cls, code: TheirCode, given: Mapping[str, Any], about: SelfDescription, sandbox: Sandbox, openly: bool
    ) -> SandboxedAgent:
        """Return the agent of a class, as it describes itself with the settings that were given."""
        return cls(
            kind=about.kind, code=code, given=dict(given), settings=about.settings, sandbox=sandbox, openly=openly,
            reads_points=about.traits.get("reads_archive") is True, said=about.texts,
        )  # fmt: skip

    @property
    def reads_archive(self) -> bool:  # type: ignore[override]
        """Whether its lease shows it the archive."""
        return self.reads_points

    @model_serializer(mode="plain")
    def _dump_settings(self) -> dict[str, Any]:
        return dict(self.settings)

    def with_settings(self, settings: Mapping[str, Any]) -> SandboxedAgent:
        """Return the agent with settings of a fresh lease; its own process checks them."""
        changed = self.changed | dict(settings)
        return self.model_copy(update={"changed": changed, "settings": {**self.settings, **settings}})

    def row_price(self, space: Space) -> int:
        """Return the price of its most expensive row, as it says; it is asked once for each space."""
        return self._ask_prices(space)[0]

    def rows_per_evaluation(self, space: Space) -> float:
        """Return how many rows it proposes for one evaluation at most, as it says."""
        return self._ask_prices(space)[1]

    def most_lanes(self, space: Space) -> int:
        """Return how many evaluations side by side it can use, as it says."""
        return self._ask_prices(space)[2]

    def search(self, space: Space, lease: Lease, rng: np.random.Generator) -> Search:
        """Pass on what its process proposes, and what it is told."""
        with load_their_class(AGENT_ROLE, self.code, self.sandbox, self.openly) as process:
            frame = process.ask(*self._begin_search(space, lease, rng))
            known = 0 if lease.seen is None else len(lease.seen.losses)
            while True:
                proposal = read_proposal(frame)
                if not isinstance(proposal, _End):
                    told = yield proposal
                else:
                    return proposal.result
                vectors = [told.losses] if told.gradients is None else [told.losses, told.gradients]
                header = make_told_header(len(told.losses), told.gradients is not None)
                if told.lease is not lease:
                    lease = told.lease
                    process.allow_seconds()
                    granted, more = encode_lease(lease, known if self.reads_points else None)
                    known = known if lease.seen is None else len(lease.seen.losses)
                    vectors += more
                    header = dump_header(json.loads(header) | {"lease": granted})
                frame = process.ask(header, vectors)
                if frame[0].get("changed") is True:
                    _spoil(proposal)

    def _begin_search(self, space: Space, lease: Lease, rng: np.random.Generator) -> tuple[bytes, list[Array]]:
        about, vectors = encode_space(space)
        granted, more = encode_lease(lease, 0 if self.reads_points else None)
        header = self._header("search", about) | {"lease": granted, "rng": encode_generator(rng)}
        return dump_header(header), [*vectors, *more]

    def _header(self, op: str, space: dict[str, Any]) -> dict[str, Any]:
        return {"op": op, "settings": self.given, "changed": self.changed, "space": space}

    def _ask_prices(self, space: Space) -> tuple[int, float, int]:
        about, vectors = encode_space(space)
        key = json.dumps([about, self.changed], sort_keys=True, default=str).encode(), *map(np.ndarray.tobytes, vectors)
        if key not in self._prices:
            with load_their_class(AGENT_ROLE, self.code, self.sandbox, self.openly) as process:
                frame = process.ask(self._header("prices", about), vectors)
            header = read_error(frame)
            price, rows, lanes = header.get("row_price"), header.get("rows"), header.get("lanes")
            if type(price) is not int or not 1 <= price <= MOST_PRICE:
                raise TheirError(f"says that a row costs {quote_text(price)}; it must be a whole number from 1")
            if not isinstance(rows, int | float) or not 0 < rows < MOST_PRICE:
                raise TheirError(f"says that it proposes {quote_text(rows)} rows for an evaluation")
            if type(lanes) is not int or not 1 <= lanes <= MOST_AT_ONCE:
                raise TheirError(f"says that it can use {quote_text(lanes)} lanes; it must be a whole number from 1")
            self._prices[key] = price, float(rows), lanes
        return self._prices[key]


def _spoil(proposal: Proposal) -> None:
    """Change a proposal, as the agent has changed its own array: whoever looks at it again must see that."""
    points = proposal if isinstance(proposal, np.ndarray) else proposal.points
    points.fill(np.nan)


@lru_cache(maxsize=64)
def make_told_header(rows: int, with_gradient: bool) -> bytes:
    """Return the header of an answer of so many rows, under the same lease as before."""
    return dump_header({"op": "told", "n": rows, "gradients": with_gradient})


class _End:
    """The end of a search, with what the stranger's generator returned."""

    __slots__ = ("result",)

    def __init__(self, result: Converged | None) -> None:
        self.result = result


def read_proposal(frame: Frame) -> Proposal | _End:
    """Return what a frame proposes, or the end of the search. What is proposed is checked where all proposals are.

    Raises:
        TheirError: The agent failed, or its process sent what it must not.
    """
    header, floats = read_error(frame), frame[1]
    match header.get("op"):
        case "points":
            return _read_points_of(header, floats)
        case "done":
            return _End(None)
        case "converged":
            return _End(_read_converged(header, floats))
    raise TheirError("its confined process sent a frame of an unknown kind")


def _read_converged(header: Mapping[str, Any], floats: Array) -> Converged:
    """Return the end of a search; the way down from a saddle stands behind the point, and both behind the words."""
    loss, length, escapes = header.get("loss"), header.get("length", 0), header.get("escape") is True
    try:
        why = quote_text(decode_text(length, floats))
        vectors = floats[count_text_floats(length) :]
    except ValueError:
        raise TheirError("its confined process sent a minimum without words") from None
    if type(loss) is not float or len(vectors) % (1 + escapes):
        raise TheirError("its confined process sent a minimum without a loss")
    point, *more = np.split(vectors, 1 + escapes)
    return Converged(point, loss, why, *more)


def _read_points_of(header: Mapping[str, Any], floats: Array) -> Proposal:
    points = _make_thing(header["type"], header.get("dtype")) if "type" in header else None
    points = read_points(header.get("shape"), floats) if points is None else points
    match header.get("kind"):
        case "gradients":
            return WithGradient(points)
        case "repeats":
            return Repeat(points)
        case "mini-batch":
            return MiniBatch(points, header.get("rows", 0))
    return points


def _make_thing(name: Any, dtype: Any) -> Any:
    """Return an object that stands for one that is no array of float64: its type has the same name."""
    return type(quote_text(name), (), {"dtype": quote_text(dtype or "")})()
