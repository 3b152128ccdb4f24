"""Builds agents and policies that stand under ``sandbox:``; nothing of their files is imported here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from ...agents.sandbox.confined_process import AGENT_ROLE, POLICY_ROLE
from ...agents.sandbox.ladder import NoSandbox, is_unsandboxed_allowed
from ...agents.sandbox.sandboxed_agent import SandboxedAgent
from ...agents.sandbox.settings import Sandbox
from ...agents.sandbox.their_code import TheirCode, read_code
from ...agents.sandbox.their_process import RefusedSettings, SelfDescription, WrongClass, describe_their_class
from ...landscapes.landscape import LandscapeError
from ...orchestrator.sandbox.sandboxed_policy import SandboxedPolicy
from . import catalogue
from .errors import KeyPath, ProblemList, quote, setting_names, suggest

SANDBOX_KEY = "sandbox"
MOST_DESCRIPTIONS = 256
ROLES = {"agent": AGENT_ROLE, "policy": POLICY_ROLE}
_described: dict[str, SelfDescription] = {}
"""What classes have said of themselves in this process, by their text, their settings and their limits."""


def has_sandbox(entry: Any) -> bool:
    """Return whether an entry of a YAML stands under ``sandbox:``."""
    return isinstance(entry, Mapping) and SANDBOX_KEY in entry


def build_sandboxed(
    notes: ProblemList, family: str, entry: Mapping[str, Any], path: KeyPath, also: tuple[str, ...] = ()
) -> SandboxedAgent | SandboxedPolicy | None:
    """Build an agent or a policy that works in a sandbox, or report what is wrong with it and return None.

    Args:
        notes: The list to which problems are added.
        family: "agent" or "policy".
        entry: Its kind, which names a class in a file, its settings, and its sandbox.
        path: Where they stand in the YAML.
        also: Keys that may stand beside its settings, for suggestions.
    """
    sandbox = _read_sandbox(notes, entry[SANDBOX_KEY], (*path, SANDBOX_KEY))
    settings = {key: value for key, value in entry.items() if key != SANDBOX_KEY}
    found = None if sandbox is None else _describe_entry(notes, family, settings, path, sandbox, (*also, SANDBOX_KEY))
    if sandbox is None or found is None:
        return None
    code, given, said = found
    kind = SandboxedAgent if family == "agent" else SandboxedPolicy
    return kind.of_description(code, given, said, sandbox, is_unsandboxed_allowed())


def _read_sandbox(notes: ProblemList, data: Any, path: KeyPath) -> Sandbox | None:
    if not isinstance(data, Mapping):
        known = ", ".join(setting_names(Sandbox))
        cure = "Write sandbox: {} for the usual limits, or leave it out."
        notes.report(path, f"be a mapping with keys among {known}", quote(data), cure)
        return None
    try:
        return Sandbox.model_validate(dict(data))
    except ValidationError as error:
        notes.report_validation_error(error, Sandbox, data, path)
        return None


def _describe_entry(
    notes: ProblemList, family: str, entry: Mapping[str, Any], path: KeyPath, sandbox: Sandbox, also: tuple[str, ...]
) -> tuple[TheirCode, dict[str, Any], SelfDescription] | None:
    """Return the text that an entry names, its settings, and what its class says; None after a report."""
    reference = entry.get("kind")
    given = {key: value for key, value in entry.items() if key != "kind"}
    if not isinstance(reference, str) or ":" not in reference:
        rule, cure = "name a class in a file where there is a sandbox", "Write path/to/file.py:Class, or leave it out."
        notes.report((*path, "kind"), rule, quote(reference), cure)
        return None
    try:
        code = read_code(reference, notes.base)
        said = _describe_once(family, code, given, sandbox)
        known = catalogue.family_classes(family).get(said.kind)
        if known is not None:
            raise WrongClass(f"has the kind {said.kind!r} of {known.__module__}.{known.__name__}")
    except LandscapeError as error:
        notes.report_message(path, str(error))
    except NoSandbox as error:
        notes.report_message(path, str(error))
    except WrongClass as error:
        wanted = f"name a subclass of {catalogue.FAMILIES[family][0].__name__} that can be used"
        notes.report((*path, "kind"), wanted, f"{quote(reference)}, which {error}", "Correct the file.")
    except RefusedSettings as error:
        for loc, kind, message in error.problems:
            _report_refused(notes, (*path, *loc), kind, message, given, error.known, also)
    else:
        return code, given, said
    return None


def _describe_once(family: str, code: TheirCode, given: Mapping[str, Any], sandbox: Sandbox) -> SelfDescription:
    openly = is_unsandboxed_allowed()
    key = json.dumps([family, code.reference, code.digest, given, sandbox.model_dump(), openly], default=str)
    if key not in _described:
        while len(_described) >= MOST_DESCRIPTIONS:
            _described.pop(next(iter(_described)))
        _described[key] = describe_their_class(ROLES[family], code, sandbox, openly, given)
    return _described[key]


def _report_refused(
    notes: ProblemList,
    where: KeyPath,
    kind: str,
    message: str,
    given: Mapping[str, Any],
    known: Any,
    also: tuple[str, ...],
) -> None:
    """Report a setting that a stranger's class refuses, in the words of its own process."""
    if kind == "missing":
        notes.report(where, "be given", "nothing", f"Add {where[-1]}: ....")
    elif kind == "extra_forbidden":
        notes.report(where, "be a known setting", repr(where[-1]), suggest(str(where[-1]), sorted({*known, *also})))
    elif kind == "value_error":
        notes.report_message(where[:-1], message.removeprefix("Value error, "))
    else:
        notes.report(where, f"be valid ({message})", quote(given.get(str(where[-1]))), "Change it.")
