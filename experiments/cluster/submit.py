"""Submits an experiment to a cluster as a Ray job, which runs there on its own, and fetches its results."""

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
from ..execution.trust.job_signature import is_own_job, sign_job
from ..execution.trust.recorded_experiment import try_signing
from ..spec.load import Experiment
from ..spec.models import RaySettings
from . import head_entry

if TYPE_CHECKING:
    from ...orchestrator.executors.on_ray.jobs import Job, Jobs

YAML_NAME, LOG_NAME = head_entry.RESULT_FILES
ORIGIN_NAME = "fetched-from"
"""The file in a fetched directory that says where it was fetched from."""
SIGNATURE_KEY = "signature"
"""The metadata of a job that say that this user submitted it."""
REMOTE_RESULTS = "~/searchparty-results"
HEAD_SCRIPT = f"{DISTRIBUTION_NAME}/experiments/cluster/head_entry.py"
LineCallback = Callable[[str], None]


def connect_jobs(address: str) -> Jobs:
    """Connect to the jobs of a cluster, by the address of its dashboard."""
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
    """Submit an experiment as a job that runs on the cluster's Ray.

    Args:
        experiment: The experiment.
        cluster: The jobs of the cluster.
        place: The directory on the head in which the job creates its results directory. It starts with / or ~.
            Default: ~/searchparty-results.
        resumed: A job (or the path of its results on the head) that this job resumes.
        python: A Python on the head that starts the job. The run itself uses the Python of Ray.
        options: Ray's options for the job's own process.

    Returns:
        The id of the job.

    Raises:
        ResultsError: If ``place`` is not a full path, or if ``resumed`` is not a job of searchparty.
        SpecError: If a file that the experiment names does not exist, or if the files to copy are too large.
    """
    id = f"{re.sub('[^A-Za-z0-9_-]+', '-', experiment.name).strip('-') or 'experiment'}-{uuid.uuid4().hex[:6]}"
    if place is not None and not place.startswith(("/", "~")):
        raise ResultsError(f"--place must be a full path on the head, got {place!r}. Begin it with / or ~.")
    text = remote_yaml(experiment)
    trusted: list[str] = []
    if resumed is not None:
        results = remote_results_path(cluster, resumed)
        words = ["resume", results]
        # The head may be a new machine, whose user has not signed what this user submitted.
        if results != resumed and is_own_job(cluster.read_job(resumed).metadata.get(SIGNATURE_KEY, ""), results, text):
            trusted = ["--trust"]
    else:
        results = f"{place or REMOTE_RESULTS}/{id}"
        words = ["run", YAML_NAME, "--out", results]
    words += ["--executor", "ray", "--address", "auto", "--no-report", *trusted]
    metadata = {"name": experiment.name, "results": results, SIGNATURE_KEY: sign_job(results, text)}
    with TemporaryDirectory(prefix="searchparty-") as name:
        stage_files(experiment, Path(name))
        (Path(name) / YAML_NAME).write_text(text, encoding="utf-8")
        entrypoint = shlex.join([python, "-I", HEAD_SCRIPT, *words])
        cluster.send(entrypoint, Path(name), id, metadata, options)
    return id


def remote_yaml(experiment: Experiment) -> str:
    """Return the experiment's YAML as it is run on the cluster: with the executor ray, and without an address."""
    settings = experiment.executor if isinstance(experiment.executor, RaySettings) else RaySettings()
    return experiment.with_settings(settings.model_copy(update={"address": None})).to_yaml()


def job_results_path(job: Job) -> str:
    """Return the path on the head of a job's results.

    Raises:
        ResultsError: If the job was not submitted by ``searchparty submit``.
    """
    place = job.metadata.get("results")
    if place is None:
        raise ResultsError(
            f"job must be one that `searchparty submit` started, got {job.id!r}. Give the id that it printed."
        )
    return place


def remote_results_path(cluster: Jobs, job: str) -> str:
    """Return the path on the head of the results of a job.

    A path (with / or ~) is returned as it is: a new head does not know the jobs of an earlier one.
    """
    return job if job.startswith(("/", "~")) else job_results_path(cluster.read_job(job))


def fetch_results(cluster: Jobs, id: str, out: Path | None = None, say: LineCallback = lambda _: None) -> Path:
    """Fetch a job's results, finished or not. If they are fetched again, what is new is added.

    The results of a job that this user submitted are signed, if their experiment is the one that was submitted.

    Args:
        cluster: The jobs of the cluster.
        id: The id of the job, or the path of its results on the head.
        out: The directory for the results. Default: results/<job>.
        say: Receives a remark if the job has not ended, or if its results cannot be signed.

    Returns:
        The directory.

    Raises:
        ResultsError: If the directory holds something else, or results that were resumed here; if there are no
            results on the head; or if they arrive incomplete or damaged.
    """
    place = remote_results_path(cluster, id)
    directory = Path("results") / Path(place).name if out is None else out
    _check_destination(directory, place)
    files = _download_files(cluster, place)
    text = files[YAML_NAME].decode("utf-8")
    job = None if id == place else cluster.read_job(id)
    directory.mkdir(parents=True, exist_ok=True)
    held = DirectoryLock(directory, file_system_of(directory))
    try:
        if LOG_NAME in files:
            part = directory / "log.part"
            part.write_bytes(files[LOG_NAME])
            _check_continuation(directory, part)
            part.replace(directory / LOG_NAME)
        write_atomically(directory / YAML_NAME, text)
        write_atomically(directory / ORIGIN_NAME, f"{place}\n")
        if job is not None and is_own_job(job.metadata.get(SIGNATURE_KEY, ""), place, text):
            try_signing(directory, say)
    finally:
        held.release()
    if job is not None and not job.ended:
        say(f"{id} is {job.status.lower()}: these are its findings so far. Fetch it again later.")
    return directory


def _check_continuation(directory: Path, come: Path) -> None:
    """Raise ResultsError unless the fetched log continues the one that is here."""
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
                    f"results must be unchanged since they were fetched, got {directory}, which was resumed here. "
                    "Fetch into another directory: --out PATH."
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
    """Download the files of a results directory on the head: a small job prints them into its log.

    Returns:
        The content of each file, by name.
    """
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
    """Parse the files that ``head_entry.py`` printed. Raise ResultsError if something is missing or damaged."""
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
        raise ResultsError("results must arrive complete, but are incomplete or damaged. Fetch them again.")
    return found
