"""Runs as studies of Optuna, in one journal file: a study a run, a trial an evaluation."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ...landscapes.axis import Axis
from ...landscapes.extras import advise_install
from ...landscapes.landscape import Refusal
from ...orchestrator.state.events import findings
from ..results.recorded_runs import RunData
from .evaluations import list_lease_columns
from .exported_runs import ExportedRuns, Misfit, check_coordinates

try:
    import optuna
    from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
    from optuna.storages import JournalStorage
    from optuna.storages.journal import BaseJournalBackend
    from optuna.trial import TrialState, create_trial
except ImportError:
    raise Refusal(f"Studies of Optuna need Optuna, which is not installed. {advise_install('exchange')}") from None

JOURNAL_NAME = "journal.log"
MOST_TRIALS = 100_000
"""Optuna reads all trials of all studies of a file whenever it is opened."""


class _ListBackend(BaseJournalBackend):  # type: ignore[misc]
    """A journal in memory, which is written to a file at once: Optuna's own waits for the disk after each trial."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []

    def read_logs(self, log_number_from: int) -> Iterable[dict[str, Any]]:
        return self.entries[log_number_from:]

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        self.entries += logs


def write_optuna(runs: ExportedRuns, folder: Path, target: Path) -> None:
    """Write each run as a study, and each evaluation as a trial; a failed one is a failed trial, with its cause.

    Open it with ``optuna.load_study(study_name=..., storage=JournalStorage(JournalFileBackend("journal.log")))``.

    Args:
        runs: The runs.
        folder: The folder into which it writes ``journal.log``.
        target: The path that the folder gets.

    Raises:
        Refusal: If the log does not keep all points, or there are too many evaluations.
    """
    backend = _ListBackend()
    storage = JournalStorage(backend)
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        for run in runs.iterate(check_optuna):
            _record_study(storage, run)
    finally:
        optuna.logging.set_verbosity(level)
    with (folder / JOURNAL_NAME).open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(entry, separators=(",", ":")) + "\n" for entry in backend.entries)


def check_optuna(run: RunData) -> Misfit | None:
    """Return why a study cannot hold a run; None if it can."""
    if len(run.points.losses) > MOST_TRIALS:
        what = (
            f"it has {len(run.points.losses):,} evaluations, and a study with more than {MOST_TRIALS:,} trials is slow"
        )
        return Misfit(what, "Export to parquet.")
    return check_coordinates(run)


def name_study(run: RunData) -> str:
    """Return the name of the study of a run: its strategy, landscape, repeat and id, as no two runs have them."""
    return f"{run.strategy} on {run.landscape}, repeat {run.repeat} ({run.id})"


def to_distribution(axis: Axis) -> BaseDistribution:
    """Return the distribution of Optuna for an axis."""
    if axis.choices:
        return CategoricalDistribution(axis.choices)
    if axis.integer:
        return IntDistribution(int(axis.low), int(axis.high), log=axis.log)
    return FloatDistribution(float(axis.low), float(axis.high), log=axis.log)


def _record_study(storage: JournalStorage, run: RunData) -> None:
    study = optuna.create_study(storage=storage, study_name=name_study(run), direction="minimize")
    about = {"run": run.id, "strategy": run.strategy, "landscape": run.landscape, "repeat": run.repeat}
    for key, value in about.items():
        study.set_user_attr(key, value)
    axes = run.space.axes or tuple(
        Axis(name, low, high)
        for name, low, high in zip(run.space.names, run.space.lower.tolist(), run.space.upper.tolist(), strict=True)
    )
    distributions = {axis.name: to_distribution(axis) for axis in axes}
    causes = {(finding.lease, row): cause for finding in findings(run.events) for row, cause in finding.causes.items()}
    radius, origin = list_lease_columns(run)
    box = run.space.to_box(run.points.cube).tolist()
    for place, loss in enumerate(run.points.losses.tolist()):
        lease = int(run.points.lease[place])
        attributes = {
            "agent": run.team[run.points.agent[place]], "lease": lease, "radius": float(radius[place]),
            "began_at": None if origin[place] < 0 else run.team[origin[place]],
            "evaluations": int(run.spent[place]), "cost": int(run.points.cost[place]),
        }  # fmt: skip
        failed = not np.isfinite(loss)
        if failed:
            attributes["cause"] = causes.get((lease, int(run.points.row[place])), "")
        study.add_trial(
            create_trial(
                state=TrialState.FAIL if failed else TrialState.COMPLETE,
                value=None if failed else loss,
                params={axis.name: axis.name_number(number) for axis, number in zip(axes, box[place], strict=True)},
                distributions=distributions,
                user_attrs=attributes,
            )
        )
