"""A policy of a stranger, as the loop of a run sees it: its decisions are made in a confined process."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import numpy as np
from pydantic import model_serializer

from ...agents.agent import Incumbent, Lease, Region
from ...agents.sandbox.confined_process import POLICY_ROLE, ConfinedError, ConfinedProcess, quote_text
from ...agents.sandbox.frames import Frame, dump_header
from ...agents.sandbox.plain_data import count_text_floats, decode_text, encode_generator, encode_space
from ...agents.sandbox.settings import Sandbox
from ...agents.sandbox.their_code import TheirCode
from ...agents.sandbox.their_process import SelfDescription, TheirError, WrongClass, load_their_class, read_error
from ...landscapes.landscape import Array
from ..log.codec import encode_event, event_kind
from ..loop.audit import InvalidDecision
from ..policies.policy import Policy
from ..state.events import Event, Started
from ..state.run import Run

LONGEST_LEASE = 1 << 16
"""The most bytes of what a lease says: the log has all of it."""


class SandboxedPolicy(Policy):
    """A policy whose class is run in a confined process only, one for each run.

    Its settings, as runs and logs have them, are those of the stranger's class alone. Its process is sent the events of
    the run, which it folds itself, and the state of the decision's random generator.

    Attributes:
        kind: The kind of the stranger's class.
        code: Its text.
        given: The settings that the user gave.
        settings: All its settings, as it says.
        sandbox: The limits of its process.
        openly: Whether it may work unconfined where there is no sandbox.
        most_at_once: How many leases it wants out at a time, as it says.
        said: Its card, and the schema of its settings.
    """

    kind: str
    code: TheirCode
    given: dict[str, Any]
    settings: dict[str, Any]
    sandbox: Sandbox
    openly: bool = False
    most_at_once: int | None = None
    said: dict[str, Any]

    @classmethod
    def of_description(
        cls, code: TheirCode, given: Mapping[str, Any], about: SelfDescription, sandbox: Sandbox, openly: bool
    ) -> SandboxedPolicy:
        """Return the policy of a class, as it describes itself with the settings that were given."""
        most = about.traits.get("at_once")
        return cls(
            kind=about.kind, code=code, given=dict(given), settings=about.settings, sandbox=sandbox, openly=openly,
            most_at_once=most if type(most) is int and most > 0 else None, said=about.texts,
        )  # fmt: skip

    @property
    def at_once(self) -> int | None:  # type: ignore[override]
        """How many leases may be out at a time if the experiment does not set it."""
        return self.most_at_once

    @model_serializer(mode="plain")
    def _dump_settings(self) -> dict[str, Any]:
        return dict(self.settings)

    def __iter__(self) -> Iterator[tuple[str, Any]]:  # type: ignore[override]
        """Iterate over the settings of the stranger's class, as over the fields of any policy."""
        yield from self.settings.items()

    def begin(self, run: Run) -> PolicyProcess:
        """Return what decides the leases of one run, which must be in its state before its first event."""
        return PolicyProcess(self, run)


class PolicyProcess:
    """The confined process that decides the leases of one run.

    Args:
        policy: The policy.
        run: The run, before its first event.
    """

    def __init__(self, policy: SandboxedPolicy, run: Run) -> None:
        self.kind, self._policy = policy.kind, policy
        self._opening = _describe_run(policy, run)
        self._exit = ExitStack()
        self._process: ConfinedProcess | None = None
        self._events: list[list[Any]] = []
        self._vectors: list[Array] = []
        self._floats = 0

    def observe(self, event: Event) -> None:
        """Note an event, which the process is sent before its next decision."""
        # The settings of a landscape may tell its minimum, and starting changes no state.
        if not isinstance(event, Started):
            self._events.append([event_kind(event), encode_event(event, self._put_vector)])

    def decide(self, run: Run, rng: np.random.Generator) -> tuple[Lease, ...]:
        """Return what the process decides. Raises InvalidDecision if it fails, or sends what it must not."""
        try:
            if self._process is None:
                self._process = self._start()
            else:
                self._process.allow_seconds()
            header = {"op": "decide", "events": self._events, "rng": encode_generator(rng)}
            frame = self._process.ask(dump_header(header), self._vectors)
            self._events, self._vectors, self._floats = [], [], 0
            return self._read_decision(self._process, frame, run)
        except (ConfinedError, TheirError, WrongClass, ValueError, TypeError, KeyError, RecursionError) as error:
            raise InvalidDecision(
                f"policy {self.kind} must decide, and {_name_subject(error)}{quote_text(error)} "
                f"(decision {run.decisions}). Correct its "
                "code, or leave it out."
            ) from None

    def end(self) -> None:
        """End the process."""
        self._process = None
        self._exit.close()

    def _start(self) -> ConfinedProcess:
        policy = self._policy
        process = self._exit.enter_context(load_their_class(POLICY_ROLE, policy.code, policy.sandbox, policy.openly))
        header, vectors = self._opening
        frame = process.ask(dump_header(header), vectors)
        if _read_failure(frame).get("op") != "begun":
            raise TheirError("sent what is no beginning")
        return process

    def _put_vector(self, vector: Array) -> dict[str, Any]:
        floats = np.asarray(vector, dtype=float)
        reference = {"v": [self._floats, len(floats)]}
        self._vectors.append(floats)
        self._floats += len(floats)
        return reference

    def _read_decision(self, process: ConfinedProcess, frame: Frame, run: Run) -> tuple[Lease, ...]:
        leases: list[Lease] = []
        while frame[0].get("op") == "lease" and len(leases) <= len(run.members):
            leases.append(_read_lease(frame, run))
            frame = process.receive()
        header = _read_failure(frame)
        if header.get("op") == "returned":
            raise TheirError(f"returned {quote_text(header.get('type'))} instead of a tuple of leases")
        if header.get("op") != "decided" or header.get("leases") != len(leases):
            raise TheirError("sent what is no decision")
        return tuple(leases)


def _describe_run(policy: SandboxedPolicy, run: Run) -> tuple[dict[str, Any], list[Array]]:
    """Return a run before its first event as plain data and vectors."""
    about, vectors = encode_space(run.space)
    header = {
        "op": "begin",
        "settings": policy.given,
        "space": about,
        "run": run.id,
        "seconds": float(run.seconds),
        "budget": run.budget,
        "concurrency": run.concurrency,
        "radius": float(run.region.radius),
        "members": [[member.name, member.row_price, member.lanes] for member in run.team],
        "target": None if run.target is None else float(run.target),
        "first_rows": run.first_rows.most,
    }
    return header, [*vectors, np.asarray(run.region.center)]


def _read_failure(frame: Frame) -> dict[str, Any]:
    """Return the header of a frame. Raises TheirError if it tells what the policy raised."""
    try:
        return read_error(frame)
    except TheirError as error:
        raise TheirError(f"failed: {error}{f' ({error.place})' if error.place else ''}") from None


def _read_lease(frame: Frame, run: Run) -> Lease:
    """Return the lease of a frame; every decision is audited before it is recorded. Raises TheirError."""
    length, floats = frame[0].get("length"), frame[1]
    header = json.loads(decode_text(length, floats))
    if type(header) is not dict or type(length) is not int:
        raise TheirError("sent a lease that is none")
    if length > LONGEST_LEASE:
        raise TheirError(f"sent a lease of {length:,} bytes; at most {LONGEST_LEASE:,} are accepted")
    floats = floats[count_text_floats(length) :]
    count, best, settings = header["center"], header.get("incumbent"), header["settings"]
    if type(count) is not int or not 0 <= count <= len(floats) or type(settings) is not dict:
        raise TheirError("sent a lease that is none")
    # They are logged: a lone surrogate is a ValueError here.
    json.dumps(settings, ensure_ascii=False).encode()
    incumbent, center, point = None, floats[:count].copy(), floats[count:].copy()
    if best is not None:
        agent, lease, row, loss = best
        if type(agent) is not str or type(lease) is not int or type(row) is not int or type(loss) is not float:
            raise TheirError("sent an incumbent that is none")
        incumbent = Incumbent(agent, lease, row, point, loss)
        own = run.incumbent
        if own is not None and (own.agent, own.lease, own.row) == (agent, lease, row):
            incumbent = own
    return Lease(
        header["id"], header["agent"], header["budget"], Region(center, header["radius"]), header["reason"], incumbent,
        header["fresh"] is True, settings, header["archive"], takes_over=header["takes_over"] is True,
        lanes=header["lanes"], repeats=header["repeats"] is True,
    )  # fmt: skip


def _name_subject(error: object) -> str:
    """Return "it " before words that have no subject of their own."""
    return "" if str(error).startswith(("it ", "its ")) else "it "
