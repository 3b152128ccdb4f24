"""A confined process that has a stranger's class: what it is asked, and how its answers are read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from ...landscapes.landscape import Array
from ..agent import AgentError
from ..leases.failure import limit_words
from .confined_process import ConfinedError, ConfinedProcess, quote_text
from .frames import Frame, dump_header
from .ladder import open_process
from .plain_data import decode_text
from .settings import Sandbox
from .their_code import TheirCode

MOST_DESCRIPTION = 1 << 16
"""The most characters of what a class says of itself: the log has them for each run."""


class TheirError(AgentError):
    """A stranger's agent or policy failed; the message is the cause, as its own process words it.

    Attributes:
        place: Where it raised, as "their_agent.py:12", or "".
    """

    def __init__(self, cause: str, place: str = "") -> None:
        super().__init__(cause)
        self.place = place


class WrongClass(AgentError):
    """A file names no class that can be used; the message is a clause that says why."""


class RefusedSettings(Exception):
    """A class refuses its settings.

    Attributes:
        problems: (path of the setting, kind of the error, message) of each problem.
        known: The names of its settings.
    """

    def __init__(self, problems: Sequence[tuple[tuple[str | int, ...], str, str]], known: Sequence[str]) -> None:
        super().__init__("; ".join(message for _, _, message in problems))
        self.problems, self.known = problems, known


@dataclass(frozen=True, slots=True)
class SelfDescription:
    """What a class says of itself. It is data of a stranger.

    Attributes:
        settings: All its settings, with those that were not given, as plain data; its ``kind`` is one of them.
        schema: The JSON schema of its settings.
        card: What it does, in words.
        traits: What else it says: ``reads_archive`` of an agent, ``at_once`` of a policy.
    """

    settings: dict[str, Any]
    schema: dict[str, Any]
    card: str
    traits: dict[str, Any]

    @property
    def kind(self) -> str:
        """Its kind."""
        return str(self.settings["kind"])

    @property
    def texts(self) -> dict[str, Any]:
        """Its card, and the schema of its settings."""
        return {"card": self.card, "schema": self.schema}


@contextmanager
def load_their_class(role: str, code: TheirCode, sandbox: Sandbox, openly: bool) -> Iterator[ConfinedProcess]:
    """Start a confined process and have it run a stranger's text; it ends with the context.

    Args:
        role: The module that it runs.
        code: The text.
        sandbox: Its limits.
        openly: Whether it may work unconfined where no rung starts.

    Raises:
        NoSandbox: No rung starts here.
        TheirError: The text cannot be run, the process ended, or it sent what it must not.
    """
    try:
        process = open_process(role, sandbox, openly)
    except ConfinedError as error:
        raise TheirError(str(error)) from None
    try:
        frame = process.ask(dump_header({"op": "load", "name": code.class_name, "files": code.files}))
        if frame[0].get("op") != "loaded":
            raise WrongClass(read_reply_text(frame, "wrong"))
        yield process
    except ConfinedError as error:
        raise TheirError(str(error)) from None
    finally:
        process.close()


def describe_their_class(
    role: str, code: TheirCode, sandbox: Sandbox, openly: bool, settings: Mapping[str, Any]
) -> SelfDescription:
    """Ask a stranger's class what it says of itself with these settings.

    Raises:
        NoSandbox: No rung starts here.
        WrongClass: There is no such class, or what it says is not valid.
        RefusedSettings: It refuses the settings.
    """
    try:
        with load_their_class(role, code, sandbox, openly) as process:
            frame = process.ask(dump_header({"op": "describe", "settings": dict(settings)}))
            if frame[0].get("op") == "refused":
                raise _read_refusal(json.loads(read_reply_text(frame, "refused")))
            text = read_reply_text(frame, "described")
            if len(text) > MOST_DESCRIPTION:
                raise WrongClass(
                    f"says too much of itself: its settings and their descriptions have {len(text):,} characters, and "
                    f"at most {MOST_DESCRIPTION:,} are kept"
                )
            return _read_description(json.loads(text))
    except TheirError as error:
        raise WrongClass(f"names a class of which {error}") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise WrongClass("names a class that says nothing valid of itself") from None


def read_reply_text(frame: Frame, op: str) -> str:
    """Return the text of a frame of this kind. Raises WrongClass with the text if it tells what is wrong instead."""
    header, floats = frame
    found = decode_text(header.get("length"), floats)
    if header.get("op") == op:
        return quote_text(found) if op == "wrong" else found
    raise WrongClass(quote_text(found))


def read_error(frame: Frame) -> dict[str, Any]:
    """Return the header of a frame. Raises TheirError if it tells what a stranger's class raised, or should."""
    header, floats = frame
    if header.get("op") != "raised":
        return header
    try:
        cause, place = json.loads(decode_text(header.get("length"), floats))
    except (ValueError, TypeError, RecursionError):
        raise TheirError("its confined process sent no cause") from None
    raise TheirError(limit_words(str(cause)), limit_words(str(place)))


def read_points(shape: Any, floats: Array) -> Array:
    """Return the floats of a frame in the shape that its header says. Raises TheirError if they do not fit."""
    if type(shape) is list and all(type(size) is int and size >= 0 for size in shape):
        with suppress(ValueError, OverflowError):
            return floats.reshape(shape)
    raise TheirError("its confined process sent an array without a valid shape")


def _read_refusal(data: dict[str, Any]) -> RefusedSettings:
    listed = [
        (tuple(each if type(each) is int else quote_text(each) for each in loc), quote_text(kind), quote_text(message))
        for loc, kind, message in data["problems"]
    ]
    return RefusedSettings(listed, [quote_text(name) for name in data["known"]])


def _read_description(data: Any) -> SelfDescription:
    if type(data) is not dict:
        raise ValueError
    settings, schema, card = data.pop("settings"), data.pop("schema"), data.pop("card")
    if type(settings) is not dict or type(schema) is not dict or type(card) is not str:
        raise ValueError
    kind = settings.get("kind")
    if type(kind) is not str or not (kind.isprintable() and 0 < len(kind) <= 60):
        raise WrongClass('names a class without `kind: Literal["..."] = "..."`')
    settings_said = schema.get("properties", {})
    if type(settings_said) is not dict or not all(type(each) is dict for each in settings_said.values()):
        raise ValueError
    # What is logged is finite, and text that can be written to a file.
    json.dumps([settings, schema], allow_nan=False, ensure_ascii=False).encode()
    return SelfDescription(settings, schema, quote_text(card), data)
