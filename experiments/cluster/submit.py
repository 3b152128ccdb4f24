"""An experiment as a Ray job: it goes to a cluster, runs there whether or not anybody watches, and comes home."""

from __future__ import annotations

import base64
import json
import re
import shlex
import time
import uuid
import zlib
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ...orchestrator.log.codec import dump_event
from ...orchestrator.log.directory_lock import DirectoryLock
from ...orchestrator.log.filesystem import file_system_of
from ...orchestrator.log.reader import LogReader
from ..execution.results_directory import ResultsError, write_atomically
from ..execution.staging import DISTRIBUTION_NAME, stage_files
from ..spec.load import Experiment
from ..spec.models import RaySettings
from . import head_entry

if TYPE_CHECKING:
    from ...orchestrator.executors.on_ray.jobs import Job, Jobs

YAML_NAME, LOG_NAME = head_entry.RESULT_FILES
ORIGIN_NAME = "fetched-from"
"""Says, in a directory that was fetched, where from."""
REMOTE_RESULTS = "~/searchparty-results"
HEAD_SCRIPT = f"{DISTRIBUTION_NAME}/experiments/cluster/head_entry.py"
LineCallback = Callable[[str], None]


def connect_jobs(address: str) -> Jobs:
    """The jobs of a cluster, by the address of its dashboard."""
    from ...orchestrator.executors.on_ray.jobs import Jobs

    return Jobs(address)


def submit_experiment(
    experiment: Experiment,
    cluster: Jobs,
    *,
    place: str | None = None,
    resumed: str | None = None,
    python: str = "python3",
    options: dict[str, Any] | None = None,
) -> str:
    """Send an experiment; the job's id. It is worked on the cluster's Ray, and leaves its results in a directory of
    its own under ``place`` on the head (default: ~/searchparty-results). ``resumed`` names a job whose results it
    goes on with instead; ``options`` are Ray's for a job's own process."""
    id = f"{re.sub('[^A-Za-z0-9_-]+', '-', experiment.name).strip('-') or 'experiment'}-{uuid.uuid4().hex[:6]}"
    if place is not None and not place.startswith(("/", "~")):
        raise ResultsError(f"--place must be a full path on the head, got {place!r}. Begin it with / or ~.")
    if resumed is not None:
        results = remote_results_path(cluster, resumed)
        words = ["resume", results]
    else:
        results = f"{place or REMOTE_RESULTS}/{id}"
        words = ["run", YAML_NAME, "--out", results]
    words += ["--executor", "ray", "--address", "auto", "--no-report"]
    with TemporaryDirectory(prefix="searchparty-") as name:
        stage_files(experiment, Path(name))
        (Path(name) / YAML_NAME).write_text(remote_yaml(experiment), encoding="utf-8")
        entrypoint = shlex.join([python, "-I", HEAD_SCRIPT, *words])
        cluster.send(entrypoint, Path(name), id, {"name": experiment.name, "results": results}, options)
    return id


def remote_yaml(experiment: Experiment) -> str:
    """The experiment's YAML as it is run on the cluster: on the Ray that is there."""
    settings = experiment.executor if isinstance(experiment.executor, RaySettings) else RaySettings()
    return experiment.with_settings(settings.model_copy(update={"address": None})).to_yaml()


def job_results_path(job: Job) -> str:
    """Where a job leaves its results, on the head. Raises ResultsError for a job of somebody else."""
    place = job.metadata.get("results")
    if place is None:
        raise ResultsError(
            f"job must be one that `searchparty submit` sent, got {job.id!r}. Give the id that it printed."
        )
    return place


def remote_results_path(cluster: Jobs, job: str) -> str:
    """Where results are on the head: of a job, or the very path, for a job that a new head knows no more."""
    return job if job.startswith(("/", "~")) else job_results_path(cluster.read_job(job))


def fetch_results(cluster: Jobs, id: str, out: Path | None = None, say: LineCallback = lambda _: None) -> Path:
    """Bring a job's results home, finished or not; the directory, by default results/<job>. Fetched again, what has
    come since is added. Instead of a job, a path on the head may be given. Raises ResultsError where the directory
    holds something else, or has been gone on with."""
    place = remote_results_path(cluster, id)
    directory = Path("results") / Path(place).name if out is None else out
    _check_destination(directory, place)
    files = _download_files(cluster, place)
    directory.mkdir(parents=True, exist_ok=True)
    held = DirectoryLock(directory, file_system_of(directory))
    try:
        if LOG_NAME in files:
            part = directory / "log.part"
            part.write_bytes(files[LOG_NAME])
            _check_continuation(directory, part)
            part.replace(directory / LOG_NAME)
        write_atomically(directory / YAML_NAME, files[YAML_NAME].decode("utf-8"))
        write_atomically(directory / ORIGIN_NAME, f"{place}\n")
    finally:
        held.release()
    job = None if id == place else cluster.read_job(id)
    if job is not None and not job.ended:
        say(f"{id} is {job.status.lower()}: this is what it had found by now. Fetch it again later.")
    return directory


def _check_continuation(directory: Path, come: Path) -> None:
    """Refuse a log that does not go on from the one that is here."""
    if not (directory / LOG_NAME).exists():
        return
    with LogReader(directory) as here, LogReader(come) as there:
        known = {record.id for record in there.runs()}
        for record in here.runs():
            before = [dump_event(event) for event in here.events(record.id)]
            come_now = [dump_event(event) for event in there.events(record.id)] if record.id in known else []
            if come_now[: len(before)] != before:
                come.unlink()
                raise ResultsError(
                    f"results must be as they came, got {directory}, which has been gone on with here. Fetch into "
                    "another directory: --out PATH."
                )


def _check_destination(directory: Path, place: str) -> None:
    if not directory.exists() or (directory.is_dir() and not any(directory.iterdir())):
        return
    note = directory / ORIGIN_NAME
    if not note.is_file() or note.read_text().strip() != place:
        raise ResultsError(
            f"--out must be a new directory, or one that {place} was fetched into, got {directory}. Name another."
        )


def _download_files(cluster: Jobs, place: str) -> dict[str, bytes]:
    """The files of a results directory on the head, by name: printed by a small job, read from its log."""
    id = f"fetch-{int(time.time())}-{uuid.uuid4().hex[:6]}"
    with TemporaryDirectory(prefix="searchparty-") as name:
        entry = Path(name) / Path(HEAD_SCRIPT).name
        entry.write_text(Path(head_entry.__file__).read_text(encoding="utf-8"), encoding="utf-8")
        cluster.send(shlex.join(["python3", "-I", entry.name, "send", place]), Path(name), id, {})
    job = cluster.wait(id)
    log = cluster.log(id)
    try:
        if job.status != "SUCCEEDED":
            last = log.strip().splitlines()[-1:] or [job.message]
            raise ResultsError(f"results must be on the cluster's head, got {place}: {last[0]}")
        return _parse_files(log)
    finally:
        cluster.forget(id)


def _parse_files(log: str) -> dict[str, bytes]:
    """Files as ``afar.py`` prints them. Raises ResultsError where something was lost on the way."""
    text, end, _ = log.partition(head_entry.BEGIN)[2].partition(head_entry.END)
    found: dict[str, bytes] = {}
    parts: list[bytes] = []
    try:
        for line in text.split("\n"):
            if not line.startswith("{"):
                parts.append(base64.b64decode(line, validate=True))
                continue
            said = json.loads(line)
            if "end" in said:
                data = zlib.decompress(b"".join(parts))
                if len(data) != said["bytes"] or zlib.crc32(data) != said["crc32"]:
                    raise ValueError(said["end"])
                found[said["end"]] = data
            parts = []
    except (ValueError, KeyError, zlib.error):
        end = ""
    if not end or YAML_NAME not in found:
        raise ResultsError("results came home damaged, or not all of them. Fetch them again.")
    return found
