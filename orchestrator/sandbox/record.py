"""What a log records of the sandboxes of a run: beside its settings, as a sandbox decides no finding."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from ...agents.sandbox.sandboxed_agent import SandboxedAgent
from ..branch import list_policies
from ..run_spec import RunSpec
from .sandboxed_policy import SandboxedPolicy

RECORD_KEY = "sandboxes"
"""The key in ``RunRecord.about``; absent where nothing stands under ``sandbox:``."""


def record_sandboxes(planned: RunSpec) -> list[dict[str, Any]]:
    """Return what stands under ``sandbox:`` in a run, and what it says of itself, as plain data (JSON)."""
    space = planned.facts.space
    members: dict[int, list[str]] = {}
    for name, agent in planned.team:
        members.setdefault(id(agent), []).append(name)
    found = []
    for agent in {id(agent): agent for _, agent in planned.team}.values():
        if isinstance(agent, SandboxedAgent):
            said = {"reads_archive": agent.reads_archive, "row_price": agent.row_price(space)}
            found.append({"members": members[id(agent)], **_describe(agent), "says": agent.said | said})
    for policy in list_policies(planned.policy):
        if isinstance(policy, SandboxedPolicy):
            says = policy.said | {"at_once": policy.at_once}
            found.append({"policy": policy.kind, **_describe(policy), "says": says})
    return found


def list_sandboxed(runs: Iterable[RunSpec]) -> list[SandboxedAgent | SandboxedPolicy]:
    """Return the agents and policies of runs that work in a sandbox, one for each reference."""
    found: dict[str, SandboxedAgent | SandboxedPolicy] = {}
    for run in runs:
        for each in (*list_policies(run.policy), *(agent for _, agent in run.team)):
            if isinstance(each, SandboxedAgent | SandboxedPolicy):
                found.setdefault(each.code.reference, each)
    return list(found.values())


def list_recorded_files(about: Mapping[str, Any]) -> set[str]:
    """Return the files whose classes a log says to have worked in a sandbox, as relative paths without "./"."""
    listed = about.get(RECORD_KEY)
    references = [each.get("reference") for each in listed if isinstance(each, dict)] if type(listed) is list else []
    return {normalise_reference(each) for each in references if isinstance(each, str)}


def normalise_reference(reference: str) -> str:
    """Return a reference to a class in a file in one form, however its path is written."""
    place, _, name = reference.rpartition(":")
    return f"{os.path.normpath(place)}:{name}"


def _describe(model: SandboxedAgent | SandboxedPolicy) -> dict[str, Any]:
    limits = model.sandbox.model_dump(mode="json")
    return {"reference": model.code.reference, "code": model.code.digest, "sandbox": limits}
