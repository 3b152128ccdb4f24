"""Branches of the playground's runs: from a moment on with another setting of the policy, beside the original."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ....orchestrator.command_line import format_command
from ....orchestrator.run_spec import digest
from ....orchestrator.taken_prefix import BranchError
from ...execution.plan import make_plan
from ...execution.session import resume_session
from ...execution.watcher import Watcher
from ...spec.errors import ProblemList, SourcePositions, SpecError
from ...spec.models import MOST_EVALUATIONS
from ...spec.parts.policies import build_policy
from ...studies.branch import begin_branch, plan_branch
from .play import STRATEGY_NAME, PlaySettings, experiment_data

BRANCH_JOB = "branch"
"""The key of a job's data if it is a branch."""
REFUSALS = (
    (
        re.compile(r"--at must be at most ([\d,]+), .*, got ([\d,]+)\."),
        r"the moment must be at most \1, the evaluations at the run's last decision, got \2. Go to an earlier moment.",
    ),
    (
        re.compile(r"--at must be a moment of a run that has findings"),
        "the run must have findings, got one without any. Branch another run.",
    ),
)
"""Refusals of moments, as the command line words them, and the page's words for them."""


@dataclass(frozen=True)
class PlayBranch:
    """A branch of a run of the playground.

    Attributes:
        data: What a worker process is told.
        key: Its key: the same branch of the same run has the same one.
        evaluation: The evaluations after which it leaves the original: those at the first decision from the moment on.
        yaml: The original's YAML, with the command that makes the branch as a comment.
    """

    data: dict[str, Any]
    key: str
    evaluation: int
    yaml: str


def plan_play_branch(original: Mapping[str, Any], directory: Path, at: Any, settings: PlaySettings) -> PlayBranch:
    """Plan a branch of a finished run.

    Args:
        original: The data of the run's experiment.
        directory: Its results directory.
        at: The evaluation from which the branch goes on.
        settings: The settings from then on: those of the run, but for the policy's.

    Raises:
        SpecError: If something other than the policy differs, or nothing, or nothing is decided at that moment.
    """
    if type(at) is not int:
        raise SpecError([f"the moment must be a whole number of evaluations, got {at!r:.40}. Reload the page."])
    if not 1 <= at <= MOST_EVALUATIONS:
        cure = "Go to a later moment." if at < 1 else "Go to an earlier moment."
        raise SpecError([f"the moment must be at least 1 evaluation and within the run, got {at!r:.40}. {cure}"])
    wanted = experiment_data(settings)
    changes = _list_changes(original, wanted)
    try:
        planned = plan_branch(directory, STRATEGY_NAME, at, changes)
    except BranchError as error:
        raise SpecError([_tell_refusal(str(error))]) from None
    data = {"directory": str(directory), "at": at, "changes": changes}
    options = (option for change in changes for option in ("--set", change))
    command = format_command("branch", "RESULTS", "--run", STRATEGY_NAME, "--at", at, *options)
    comment = f"# A branch: run this file, and then go on from a moment of its run with another setting:\n# {command}\n"
    text = (directory / "experiment.yaml").read_text(encoding="utf-8")
    key = digest({"original": dict(original), "at": planned.moment.evaluation, "changes": changes})[:16]
    return PlayBranch({BRANCH_JOB: data}, key, planned.moment.evaluation, comment + text)


def work_play_branch(data: Mapping[str, Any], directory: Path, watcher: Watcher) -> dict[str, Exception]:
    """Work a branch into a directory, and return the errors of its runs.

    Args:
        data: What ``PlayBranch.data`` holds.
        directory: The new results directory. It holds the original, too.
        watcher: Is told of the progress.
    """
    asked = data[BRANCH_JOB]
    planned = plan_branch(Path(asked["directory"]), STRATEGY_NAME, asked["at"], asked["changes"])
    begin_branch(planned, directory)
    plan = make_plan(planned.plan.experiment.with_executor("simulated"))
    return resume_session(plan, directory, None, False, watcher, lambda _: None)


def _list_changes(original: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """Return the changes of the policy, each "policy.path=value". Raises SpecError if something else differs."""
    before, after = (dict(data) for data in (original, wanted))
    policies = []
    for data in (before, after):
        entry = dict(data["strategies"][STRATEGY_NAME])
        policies.append(entry.pop("policy"))
        data["strategies"] = {STRATEGY_NAME: entry}
    if before != after:
        parts = sorted(key for key in before if before[key] != after.get(key))
        words = ["the team" if key == "strategies" else f"the {key.rstrip('s')}" for key in parts]
        raise SpecError(
            [f"{' and '.join(words)} must stay as in the run that is branched, got another. Change its policy only."]
        )
    was, becomes = policies
    notes = ProblemList(SourcePositions({}))
    # A value that is the default changes nothing, as the lease of 10 D that a party has anyway.
    made = [build_policy(notes, policy, ("policy",)) for policy in policies]
    if notes.problems:
        raise SpecError(notes.problems)
    if made[0] == made[1]:
        raise SpecError(
            ["the branch must differ from its run, got settings that mean the same as the run's. Change another one."]
        )
    if was["kind"] != becomes["kind"] or not set(was) <= set(becomes):
        return [f"policy={json.dumps(becomes)}"]
    return [f"policy.{name}={json.dumps(value)}" for name, value in becomes.items() if was.get(name) != value]


def _tell_refusal(message: str) -> str:
    """Return the message of a refused branch for those who did not type a command, and see no ids of runs."""
    for pattern, words in REFUSALS:
        found = pattern.match(message)
        if found is not None:
            return found.expand(words)
    return "the run's files must be as they were written, got others. Change a setting to run it again."
