"""Checks whether a log may be resumed: compares the settings and code that wrote it with those of today."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...orchestrator.log.reader import LogReader
from ...orchestrator.run_spec import RunSpec
from ...orchestrator.state.events import Extended
from ..spec.models import parse_budget
from .code_digest import CODE_RULE
from .fingerprint import name_models, plan_digest
from .first_rule import digest_by_first_rule
from .plan import Plan
from .results_directory import ResultsError

DATA_ENDINGS = (".npz", ".csv")
"""With these, the first file of a landscape is no code."""
MOST_DIFFERENCES = 8


def check_compatibility(plan: Plan, environment: dict[str, Any], directory: Path, force: bool) -> list[str]:
    """Check that the settings and the code are those that wrote a log, or that the plan has only grown.

    A plan that has every run of the log and others besides (more repeats, new strategies or landscapes) moves nothing
    that stands: the ids and the random streams of the old runs do not depend on the new ones.

    Args:
        plan: The runs that are planned now.
        environment: The fingerprint of this process (``environment_fingerprint``).
        directory: The results directory of the log.
        force: Whether to resume even if settings or code differ.

    Returns:
        Remarks on other differences, one per line: runs that are new, versions of libraries.

    Raises:
        ResultsError: If settings or code differ, unless ``force``. The message shows up to ``MOST_DIFFERENCES`` of
            the differences.
    """
    with LogReader(directory) as reader:
        sessions = reader.sessions
        before = sessions[-1].environment if sessions else reader.meta["environment"]
        changed, added = _compare_settings(plan, before, reader)
    differing = [*changed, *_code_differences(plan, environment, before)]
    if differing and not force:
        shown = "\n".join(f"  {line}" for line in differing[:MOST_DIFFERENCES])
        more = f"\n  ... and {len(differing) - MOST_DIFFERENCES} more" if len(differing) > MOST_DIFFERENCES else ""
        raise ResultsError(
            f"Cannot resume {directory}: these settings or code differ from those that wrote it:\n{shown}{more}\n"
            "Undo the change, run into a new directory, or resume anyway with --force."
        )
    grown = [f"new: {line}" for line in added[:MOST_DIFFERENCES]]
    if len(added) > MOST_DIFFERENCES:
        grown.append(f"new: ... and {len(added) - MOST_DIFFERENCES} more")
    return [*grown, *library_differences(environment, before)]


def _compare_settings(plan: Plan, before: dict[str, Any], reader: LogReader) -> tuple[list[str], list[str]]:
    """Compare the planned runs with those in the log.

    Returns:
        How they differ, one line per difference; and, where the plan has only grown, how many runs are new.
    """
    known = {record.id: record for record in reader.runs()}
    planned = {run.id: run for run in plan.runs}
    # A session that was killed early may have recorded only some of its runs; the digest covers all of them.
    if before.get("plan") == plan_digest(plan.runs) or (before.get("plan") is None and known.keys() == planned.keys()):
        return [], []
    places = {(r.strategy, r.landscape, r.repeat): r.settings for r in known.values()}
    changes, added = Counter[str](), list[RunSpec]()
    for run in plan.runs:
        if run.id in known:
            continue
        old = places.get((run.strategy, plan.labels[run.id], run.repeat))
        if old is None:
            added.append(run)
        else:
            changes.update(describe_changes(old, run.settings))
    # A run may have another name now, but a log keeps the one that it was recorded by.
    now = {(run.strategy, plan.labels[run.id], run.repeat) for run in plan.runs}
    lost = [r for r in known.values() if r.id not in planned and (r.strategy, r.landscape, r.repeat) not in now]
    changes.update(f"{r.strategy} on {r.landscape}, repeat {r.repeat} is no longer planned" for r in lost)
    if changes:
        changes.update(f"{describe_run(run, plan)} is new" for run in added)
        return [line if count == 1 else f"{line} (in {count} runs)" for line, count in changes.items()], []
    grown = Counter(f"{run.strategy} on {plan.labels[run.id]}" for run in added)
    return [], [f"{place} ({count} run{'' if count == 1 else 's'})" for place, count in grown.items()]


def describe_run(run: RunSpec, plan: Plan) -> str:
    """Describe a run by its strategy, landscape and repeat."""
    return f"{run.strategy} on {plan.labels[run.id]}, repeat {run.repeat}"


def describe_changes(old: Any, new: Any, path: str = "") -> Iterator[str]:
    """Yield each place where plain data differ, e.g. "budget: 300 in the log, 400 now"."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from describe_changes(old.get(key), new.get(key), f"{path}.{key}" if path else key)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from describe_changes(before, after, f"{path}.{index}")
    elif old != new:
        yield f"{path}: {old!r:.80} in the log, {new!r:.80} now"


def _code_differences(plan: Plan, now: dict[str, Any], before: dict[str, Any]) -> Iterator[str]:
    """Yield how the code that decides the findings differs: that of this package, and the user's files."""
    rule = before.get("code_rule", 1)
    if rule not in (1, CODE_RULE):
        yield f"code_rule: the log has digests of code by rule {rule}, this version makes them by rule {CODE_RULE}"
        return
    known, current = dict(before.get("code", {})), dict(now["code"])
    if rule == 1:
        current = digest_by_first_rule(name_models(plan.runs))
    elif _minor(before.get("python", "")) != _minor(now["python"]):
        # Another version of Python may parse the same code to another syntax tree, so these digests cannot be
        # compared. The other version is reported as a remark instead.
        current = {}
    changed = [name for name, digest in current.items() if known.get(name, digest) != digest]
    yield from map(_word_change, changed)
    own = user_file_differences(plan, now, before) if rule == CODE_RULE else _neighbour_differences(now, before)
    yield from (line for line in own if line not in set(map(_word_change, changed)))


def _word_change(name: str) -> str:
    """Return what has changed of a named model, whose name ends with its first file: code, data or a plane."""
    is_slice, has_code = name.startswith("landscape slice "), not name.endswith(DATA_ENDINGS)
    if is_slice:
        # The digest of one that cuts a user's code is of this code and of the file of the plane together.
        what = "code or the plane" if has_code else "plane"
        return f"the {what} of {name} has changed: lay it again as it was, and give another one a --name of its own"
    return f"the code of {name} has changed" if has_code else f"the data of {name} have changed"


def user_file_differences(plan: Plan, now: dict[str, Any], before: dict[str, Any]) -> Iterator[str]:
    """Yield how the user's files, and the modules that they import from beside them, differ from those of a session.

    Args:
        plan: The runs that are planned now.
        now: The fingerprint of this process.
        before: The fingerprint of the session.
    """
    if before.get("code_rule", 1) == 1:
        files, current = before.get("code", {}), digest_by_first_rule(name_models(plan.runs))
        current = {name: digest for name, digest in current.items() if name in now["files"]}
    else:
        files, current = before.get("files", {}), now["files"]
    for name, digest in current.items():
        if files.get(name, digest) != digest:
            yield _word_change(name)
    yield from _neighbour_differences(now, before)


def _neighbour_differences(now: dict[str, Any], before: dict[str, Any]) -> Iterator[str]:
    # Logs of earlier versions do not have these digests.
    known, files = before.get("neighbours"), before.get("files", {})
    if known is None:
        return
    for name in dict.fromkeys([*known, *now["neighbours"]]):
        old, new = known.get(name, {}), now["neighbours"].get(name, {})
        if name not in files and name not in known:
            # What is planned now was not planned then.
            continue
        for path in sorted({*old, *new}):
            if old.get(path) != new.get(path):
                what = "is new" if path not in old else "is no longer imported" if path not in new else "has changed"
                yield f"the code of {name} has changed: {path} in its folder {what}"


def _minor(python: str) -> list[str]:
    """Return the major and minor number of a version of Python."""
    return python.split(".")[:2]


def library_differences(now: dict[str, Any], before: dict[str, Any]) -> Iterator[str]:
    """Yield a remark for each library, this package included, of which another version wrote the log.

    Equal findings are guaranteed for equal versions only.
    """
    pairs = [("Python", before.get("python"), now["python"]), ("the platform", before.get("platform"), now["platform"])]
    pairs += [(name, before.get("packages", {}).get(name), v) for name, v in now["packages"].items()]
    pairs += [("linear algebra", before.get("blas"), now["blas"])]
    for name, old, new in pairs:
        if old is not None and old != new:
            yield f"{name}: {old} in the log, {new} now; equal findings are guaranteed for equal versions only."


def extend_budgets(plan: Plan, budget: int | str, directory: Path | None) -> dict[str, int]:
    """Compute the new budget of every run.

    Args:
        plan: The planned runs.
        budget: The new budget: evaluations per run, or "<n> D".
        directory: The results directory, whose log may hold earlier extensions; None if there is no log yet.

    Returns:
        The new budget of each run, in evaluations, by the run's id.

    Raises:
        ResultsError: If the budget is not valid, or is below the present budget of every run.
    """
    try:
        experiment = plan.experiment.model_copy(update={"budget": parse_budget(budget)})
    except ValueError as error:
        raise ResultsError(f"--{error}") from None
    wanted = {run.id: experiment.budget_for(run.facts.space.dimension) for run in plan.runs}
    now = {run.id: run.budget for run in plan.runs}
    if directory is not None:
        with LogReader(directory) as reader:
            for run in plan.runs:
                said = [event.budget for event in reader.events(run.id) if isinstance(event, Extended)]
                now[run.id] = max([run.budget, *said])
    least = min(now.values(), default=0)
    if all(wanted[id] < had for id, had in now.items()):
        raise ResultsError(
            f"--budget must be at least the present budget of the runs, {least}, got {budget}. "
            "Choose a larger one: evaluations that were made cannot be removed."
        )
    return wanted
