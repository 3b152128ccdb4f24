"""Builds a policy, and the choices or the policies that it consists of."""

from __future__ import annotations

from typing import Any

from ....landscapes.landscape import Model
from ....orchestrator.branch import BranchedPolicy
from ....orchestrator.policies.composed import Composed
from ....orchestrator.policies.policy import Policy
from .. import catalogue
from ..errors import KeyPath, ProblemList
from ..sandboxed import build_sandboxed, has_sandbox
from .model import build_model, resolve_kind

BRANCH_KIND = "branch"
"""The kind of the policy of a branch, which `searchparty branch` writes and the catalogue does not list."""


def build_policy(notes: ProblemList, data: Any, path: KeyPath) -> Policy | None:
    """Build a policy from its data at a path; None if it is not valid, which is added to the notes."""
    if data is None:
        return Composed()
    if isinstance(data, str):
        for choice in catalogue.POLICY_CHOICES:
            if data in catalogue.family_classes(choice) and data not in catalogue.family_classes("policy"):
                cure = f"{data} is a {choice} choice: write policy: {{{choice}: {data}}}."
                notes.report(path, "be a kind of policy", repr(data), cure)
                return None
    elif has_sandbox(data):
        made = build_sandboxed(notes, "policy", data, path)
        return made if isinstance(made, Policy) else None
    elif isinstance(data, dict) and "kind" not in data:
        data = {"kind": "composed", **data}
    if isinstance(data, dict) and data["kind"] == BRANCH_KIND:
        return _build_branch(notes, data, path)
    known = resolve_kind(notes, "policy", data, path)
    if known is None:
        return None
    cls, settings = known
    before = len(notes.problems)
    for choice in catalogue.POLICY_CHOICES:
        field = cls.model_fields.get(choice)
        family = catalogue.FAMILIES[choice][0]
        if choice in settings and field is not None and field.annotation is family:
            settings[choice] = _build_choice(notes, choice, settings[choice], (*path, choice))
    if len(notes.problems) > before:
        # Problems of the choices have been reported; leave the choices out, to report only what else is wrong.
        settings = {key: value for key, value in settings.items() if value is not None}
    policy = build_model(notes, cls, settings, path)
    return policy if isinstance(policy, Policy) and len(notes.problems) == before else None


def _build_branch(notes: ProblemList, data: dict[str, Any], path: KeyPath) -> Policy | None:
    """Build the policy of a branch, and the two policies that it consists of."""
    before = len(notes.problems)
    policies: dict[str, Any] = {
        key: build_policy(notes, data[key], (*path, key)) for key in ("before", "after") if key in data
    }
    if len(notes.problems) > before:
        return None
    policy = build_model(notes, BranchedPolicy, {**data, **policies}, path)
    return policy if isinstance(policy, Policy) else None


def _build_choice(notes: ProblemList, family: str, data: Any, path: KeyPath) -> Model | None:
    """Build a budget, radius or sharing choice of a policy."""
    if data is None and family == "sharing":
        notes.report(path, "be a kind of sharing", "null", "Write sharing: none to share nothing.")
        return None
    known = resolve_kind(notes, family, data, path)
    return None if known is None else build_model(notes, known[0], known[1], path)
