"""Runs as MLflow keeps them in a local folder: an experiment, its runs, their parameters, metrics and artifacts.

The files are written without MLflow, which would report its use to its makers. MLflow reads them with
MLFLOW_ALLOW_FILE_STORE=true, or moves them into its database (`mlflow migrate-filestore`).
"""

from __future__ import annotations

import calendar
import json
import re
import time
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from ...orchestrator.log.reader import LogReader
from ..results.accounts import leases_table
from ..results.recorded_runs import RunData
from .exported_runs import ExportedRuns

EXPERIMENT = "1"
"""The id of the experiment. Id 0 is that of MLflow's default experiment."""
FINISHED, RUNNING, LOCAL = 3, 1, 4
"""Numbers by which MLflow's files mean the state of a run, and that it was not started by a job."""
MOST_VALUE = 6000
"""A parameter of MLflow has at most so many characters."""


def write_mlflow(runs: ExportedRuns, folder: Path, target: Path) -> None:
    """Write runs as the files of MLflow's file store.

    A run has the parameters of its settings, the metrics ``loss`` (the best so far) and ``gap``, whose step is the
    number of evaluations, those that its landscape tells of its best points, and its settings and leases as artifacts.

    Args:
        runs: The runs.
        folder: The folder into which it writes.
        target: The path that the folder gets; MLflow's files name it.
    """
    with LogReader(runs.directory) as reader:
        started = reader.sessions[0].started if reader.sessions else reader.meta["created"]
        seconds = {record.id: reader.wall_seconds(record.id) for record in reader.runs()}
    began = _to_milliseconds(started)
    home, place = folder / EXPERIMENT, target.resolve() / EXPERIMENT
    _write_meta(home, {
        "artifact_location": place.as_uri(), "creation_time": began, "experiment_id": EXPERIMENT,
        "last_update_time": began, "lifecycle_stage": "active", "name": runs.directory.resolve().name,
    })  # fmt: skip
    for run in runs.iterate():
        id = blake2b(f"{runs.directory.resolve().name} {run.id}".encode(), digest_size=16).hexdigest()
        ended = began + int(1000 * seconds.get(run.id, 0.0))
        _write_run(home / id, place / id, run, id, (began, ended))


def _write_run(home: Path, place: Path, run: RunData, id: str, times: tuple[int, int]) -> None:
    name = f"{run.strategy} on {run.landscape}, repeat {run.repeat}"
    began, ended = times
    running = run.stopped is None
    _write_meta(home, {
        "artifact_uri": (place / "artifacts").as_uri(), "end_time": None if running else ended, "entry_point_name": "",
        "experiment_id": EXPERIMENT, "lifecycle_stage": "active", "run_id": id, "run_name": name, "run_uuid": id,
        "source_name": "", "source_type": LOCAL, "source_version": "", "start_time": began,
        "status": RUNNING if running else FINISHED, "tags": [], "user_id": "searchparty",
    })  # fmt: skip
    tags = {"mlflow.runName": name, "searchparty.run": run.id, "searchparty.stopped": run.stopped or "not yet"}
    for key, text in tags.items():
        _write_text(home / "tags" / key, text)
    for key, text in list_parameters(run):
        _write_text(home / "params" / key, text)
    for key, steps in list_metrics(run).items():
        _write_text(home / "metrics" / key, "".join(f"{ended} {value!r} {step}\n" for step, value in steps))
    artifacts = home / "artifacts"
    artifacts.mkdir()
    (artifacts / "settings.json").write_text(json.dumps(run.settings, indent=2), encoding="utf-8")
    leases_table(run).to_csv(artifacts / "leases.csv")


def list_parameters(run: RunData) -> Iterator[tuple[str, str]]:
    """Yield the parameters of a run: its settings by their paths, such as "policy.radius.kind"."""
    yield "strategy", run.strategy
    yield "landscape", run.landscape
    settings = {"landscape_settings" if key == "landscape" else key: value for key, value in run.settings.items()}
    settings["team"] = dict(settings["team"])
    for key, value in _flatten(settings, ()):
        yield key, value[:MOST_VALUE]


def _flatten(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for key, each in value.items():
            yield from _flatten(each, (*path, str(key)))
    else:
        # The name of a parameter is that of a file: no separators, and none of the characters that MLflow forbids.
        name = ".".join(re.sub(r"[^\w\- ]", "_", part) for part in path)
        yield name, value if isinstance(value, str) else json.dumps(value)


def list_metrics(run: RunData) -> dict[str, list[tuple[int, float]]]:
    """Return the metrics of a run by name: (evaluations, value) where they change. Failed evaluations have none.

    What a landscape measures under the name of another metric has "landscape_" before it.
    """
    rows = run.record_rows
    steps, losses = run.spent[rows].tolist(), run.points.losses[rows]
    found = {"loss": list(zip(steps, losses.tolist(), strict=True))}
    if run.minimum is not None:
        found["gap"] = list(zip(steps, (losses - run.minimum).tolist(), strict=True))
    found["evaluations"] = [(run.evaluations, float(run.evaluations))]
    taken = set(found)
    ends = {int(lease): int(spent) for lease, spent in zip(run.points.lease, run.spent, strict=True)}
    for lease, measured in sorted(run.measures.items(), key=lambda each: ends.get(each[0], 0)):
        for name, value in measured.items():
            if lease in ends and np.isfinite(value):
                key = re.sub(r"[^\w\- ]", "_", name)
                key = f"landscape_{key}" if key in taken else key
                found.setdefault(key, []).append((ends[lease], float(value)))
    return {name: values for name, values in found.items() if values}


def _write_meta(home: Path, meta: dict[str, Any]) -> None:
    """Write the description of an experiment or of a run. JSON is YAML."""
    home.mkdir(parents=True)
    lines = [f"{key}: {json.dumps(value)}\n" for key, value in meta.items()]
    (home / "meta.yaml").write_text("".join(lines), encoding="utf-8")


def _write_text(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _to_milliseconds(text: str) -> int:
    return 1000 * calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))
