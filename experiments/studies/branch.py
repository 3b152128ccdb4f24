"""Branches a recorded run: it goes on from a moment with another setting of its policy, beside the original."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...orchestrator.log.log_file import LogFile
from ...orchestrator.log.reader import LogReader
from ...orchestrator.log.tables import RunRecord
from ...orchestrator.run_spec import RunSpec
from ...orchestrator.taken_prefix import BranchError, Moment, find_moment, list_extensions, take_over
from ..execution.compatibility import check_compatibility
from ..execution.fingerprint import environment_fingerprint
from ..execution.plan import Plan, make_plan, plan_run
from ..execution.results_directory import create_results_directory, write_atomically
from ..execution.trust.named_code import names_user_code
from ..execution.trust.recorded_experiment import load_recorded, try_signing
from ..execution.watcher import Remark
from ..spec.errors import ProblemList, SourcePositions, SpecError, format_problem, quote
from ..spec.expand import expand_sweep, set_at_path, sweep_suffix
from ..spec.load import Experiment
from ..spec.parts.policies import BRANCH_KIND, build_policy
from ..spec.yaml_text import parse_text

SHORTEST_RUN_PREFIX = 4
"""So many leading characters of an id name a run, if no other id begins with them."""
MOST_NAMED_RUNS = 20
MOST_LABEL = 100
"""The most characters that the name of a strategy has."""


@dataclass(frozen=True)
class BranchPlan:
    """A branch before it starts.

    Attributes:
        source: The results directory of the original run.
        plan: The original run and the branch.
        original: The original run.
        branch: The branch.
        moment: Where the branch leaves the original.
        budgets: The budgets to which the original was extended later, in evaluations: the branch is, too.
    """

    source: Path
    plan: Plan
    original: RunSpec
    branch: RunSpec
    moment: Moment
    budgets: tuple[int, ...] = ()


def plan_branch(
    directory: Path, name: str, at: int, changes: Sequence[str], trust: bool = False, remark: Remark = lambda _: None
) -> BranchPlan:
    """Plan a branch of a recorded run.

    Args:
        directory: The results directory.
        name: The run: its id, the beginning of it, or its strategy if that has one run.
        at: The evaluation from which the branch goes on: at the first decision after so many have been spent.
        changes: The settings that differ from then on, as "policy.path=value".
        trust: Whether to sign the directory first, so that code that it names may be run.
        remark: Receives remarks, one line each.

    Raises:
        BranchError: If there is no such run, or it decides nothing at that moment.
        SpecError: If a change is no setting of a policy, or changes nothing.
        ResultsError: If the directory cannot be resumed by this version, or must be trusted first.
        LogError: If the log cannot be read.
    """
    experiment = load_recorded(directory, trust, remark)
    with LogReader(directory) as reader:
        reader.check()
        record = _find_record(reader.runs(), name)
        events = reader.events(record.id)
    planned = make_plan(experiment)
    for line in check_compatibility(planned, environment_fingerprint(planned.runs), directory, False):
        remark(line)
    original = next((run for run in planned.runs if run.id == record.id), None)
    if original is None:
        raise BranchError(f"--run must be a run that experiment.yaml plans, got {record.id}, which it no longer does.")
    moment = find_moment(original, events, at)
    data, label = _describe_branch(experiment, original, moment, changes)
    whole = make_plan(Experiment.from_data(data))
    branch = next(
        run for run in whole.runs
        if run.strategy == label and run.repeat == original.repeat and run.landscape == original.landscape
    )  # fmt: skip
    chosen = make_plan(Experiment.from_data({**data, "runs": [original.id, branch.id]}))
    if moment.evaluation != at:
        remark(f"The branch leaves the run at {moment.evaluation:,} evaluations, at the first decision from {at:,} on.")
    budgets = list_extensions(original, events, moment)
    if budgets:
        remark(f"The branch is extended to {budgets[-1]:,} evaluations, as its original was.")
    return BranchPlan(directory, chosen, original, branch, moment, budgets)


def begin_branch(planned: BranchPlan, out: str | Path | None, remark: Remark = lambda _: None) -> Path:
    """Create the results directory of a branch: its YAML, and a log with the original run and the recorded prefix.

    What is left is to resume the experiment there, and once more for each of the plan's budgets.

    Args:
        planned: The branch.
        out: The directory (``create_results_directory``).
        remark: Receives a remark if it cannot be signed.

    Returns:
        The directory.

    Raises:
        ResultsError: If the directory cannot be used.
        LogError: If a log cannot be read or written.
    """
    experiment = planned.plan.experiment
    directory = create_results_directory(out, experiment.name)
    text = experiment.to_yaml()
    if names_user_code(experiment):
        try_signing(directory, remark, [text], planned.plan.runs)
    write_atomically(directory / "experiment.yaml", text)
    with LogReader(planned.source) as reader:
        clock = reader.meta["environment"].get("clock")
        known = {"clock": clock, "directory": str(directory.absolute())}
        log = LogFile(directory / "log.sqlite", environment_fingerprint(planned.plan.runs) | known)
        try:
            take_over(reader, planned.original.id, log, planned.original)
            take_over(reader, planned.original.id, log, planned.branch, planned.moment)
        finally:
            log.close()
    return directory


def _find_record(records: Sequence[RunRecord], name: str) -> RunRecord:
    named = [record for record in records if record.strategy == name]
    begun = [record for record in records if record.id.startswith(name) and len(name) >= SHORTEST_RUN_PREFIX]
    found = [record for record in records if record.id == name] or begun or named
    if len(found) == 1:
        return found[0]
    listed = [f"  {each.id}  {each.strategy}, {each.landscape}, repeat {each.repeat}" for each in (found or records)]
    more = [f"  ... and {len(listed) - MOST_NAMED_RUNS} more"] if len(listed) > MOST_NAMED_RUNS else []
    what = f"got {name!r}, which names {len(found)} runs" if found else f"got {name!r}"
    shown = "\n".join([*listed[:MOST_NAMED_RUNS], *more])
    raise BranchError(f"--run must be the id of a run, {what}. Choose one of these.\n{shown}")


def _describe_branch(
    experiment: Experiment, original: RunSpec, moment: Moment, changes: Sequence[str]
) -> tuple[dict[str, Any], str]:
    """Return the data of an experiment with the original strategy and the branch, and the name of the branch."""
    data, name = _find_variant(experiment, original)
    entry = data["strategies"][name]
    before = entry.get("policy") or {}
    present = _find_policy_in_force(before, moment.evaluation)
    after = _change_policy(present, changes)
    told = ", ".join(each.strip().removeprefix("policy.") for each in changes)
    label = f"{original.strategy}, from {moment.evaluation}: {told}"[:MOST_LABEL].strip()
    _require_change(experiment, present, after, changes)
    policy = {"kind": "branch", "run": original.id, "evaluation": moment.evaluation, "before": before, "after": after}
    branch = {**copy.deepcopy(entry), "policy": policy, "concurrency": original.concurrency}
    data |= {
        "name": f"{experiment.name}-branch",
        "description": f"What if {told} had been set at evaluation {moment.evaluation} of run {original.id}?",
        "strategies": {original.strategy[:MOST_LABEL].strip(): entry, label: branch},
    }
    return data, label


def _find_variant(experiment: Experiment, original: RunSpec) -> tuple[dict[str, Any], str]:
    """Return the data of the variant of a sweep that has a run, without the sweep, and the name of its strategy."""
    notes = ProblemList(SourcePositions({}), None)
    expanded = expand_sweep(notes, experiment.plain_data)
    for (settings, data, _), (_, variant) in zip(expanded, experiment.variants, strict=True):
        for name, strategy in variant.strategies.items():
            label = name + sweep_suffix(experiment.plain_data, name, settings)
            for landscape in variant.landscapes:
                if landscape != original.landscape or original.facts is None:
                    continue
                run = plan_run(variant, landscape, original.facts, label, strategy, original.repeat)
                if run.id == original.id:
                    kept = {key: value for key, value in data.items() if key != "runs"}
                    return copy.deepcopy(kept), name
    raise AssertionError(original.id)


def _find_policy_in_force(policy: Any, evaluation: int) -> Any:
    """Return the data of the policy that decides at a moment: of a branch of a branch, one of its two."""
    while isinstance(policy, Mapping) and policy.get("kind") == BRANCH_KIND:
        policy = policy["before" if evaluation < policy["evaluation"] else "after"]
    return policy or {}


def _require_change(experiment: Experiment, present: Any, after: Any, changes: Sequence[str]) -> None:
    """Raise SpecError, which names the options, if a changed policy is not valid, or the one that decides anyway."""
    notes = ProblemList(SourcePositions({}), experiment.home)
    made = build_policy(notes, after, ("--set policy",))
    kinds = [text.strip() for key, _, text in (each.partition("=") for each in changes) if key.strip() == "policy.kind"]
    if notes.problems and kinds:
        rule, got = "be a setting of the policy that decides then", repr(f"policy.kind={kinds[0]}")
        cure = f"For another policy, write --set policy={kinds[0]}."
        raise SpecError([format_problem("--set", rule, got, "", cure), *notes.problems])
    if notes.problems:
        raise SpecError(notes.problems)
    if made == build_policy(notes, present, ("policy",)):
        told = ", ".join(each.strip().removeprefix("policy.") for each in changes)
        raise SpecError([format_problem("--set", "change the policy", quote(told), "", "Choose another value.")])


def _change_policy(policy: Any, changes: Sequence[str]) -> Any:
    """Return the data of a policy with changes, each "policy.path=value"."""
    data: dict[str, Any] = {"policy": copy.deepcopy(policy)}
    notes = ProblemList(SourcePositions({}), None)
    for change in changes:
        key, equals, text = change.partition("=")
        if not equals or not key.strip():
            cure = "Write e.g. --set policy.radius=fixed."
            raise SpecError([format_problem("--set", "be policy.path=value", repr(change), "", cure)])
        key = key.strip()
        if key.split(".")[0] != "policy":
            rule = "be a setting of the policy, the only one that may change within a run"
            raise SpecError([format_problem("--set", rule, repr(key), "", "Write e.g. --set policy.radius=fixed.")])
        found = parse_text(text, f"--set {change:.60}", f"--set {change:.60}")
        set_at_path(notes, data, key, None if found is None else found[0], (key,))
    if notes.problems:
        raise SpecError(notes.problems)
    return data["policy"]


def describe_branches(runs: Sequence[Any]) -> list[str]:
    """Return a sentence for each strategy whose runs are branches: of which run, from when on.

    Args:
        runs: Runs or summaries of runs.
    """
    found: dict[str, Mapping[str, Any]] = {}
    for run in runs:
        policy = run.settings["policy"]
        if policy.get("kind") == "branch":
            found.setdefault(run.strategy, policy)
    return [
        f"{strategy!r} is a branch of run {policy.get('run')}: until evaluation {policy.get('evaluation')} it is that "
        "run, from there another policy decides, with the same random numbers."
        for strategy, policy in found.items()
    ]
