"""Submits and follows Ray jobs through the port of the cluster's dashboard."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ray.exceptions import RayError

from ....landscapes.extras import advise_install
from ...loop.executor import ExecutorError
from .probe import TOKEN_ADVICE, enable_token

END_STATES = ("SUCCEEDED", "FAILED", "STOPPED")
POLL_SECONDS = 0.5
SILENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Job:
    """A job, as the cluster knows it.

    Attributes:
        id: Its id.
        status: Its status, such as "RUNNING" or one of ``END_STATES``.
        message: Ray's explanation of the status.
        metadata: The metadata with which it was submitted.
    """

    id: str
    status: str
    message: str
    metadata: Mapping[str, str]

    @property
    def ended(self) -> bool:
        """Whether the job has ended."""
        return self.status in END_STATES


class Jobs:
    """The jobs of a cluster.

    Args:
        address: Address of its dashboard ("http://host:8265").

    Raises:
        ExecutorError: From every method, if the cluster does not answer or refuses the request. The message says what
            to do.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        if "://" in address:
            enable_token(address.partition("://")[2].partition("/")[0])
        with self._explain_errors():
            # This needs libraries that are not installed with plain Ray.
            from ray.job_submission import JobSubmissionClient

            self._client: Any = JobSubmissionClient(address)
        # Ray's loggers report uploads and sockets, which users do not need.
        for name in list(logging.root.manager.loggerDict):
            if name.startswith("ray."):
                logging.getLogger(name).setLevel(logging.ERROR)

    def send(
        self, entrypoint: str, tree: Path, id: str, metadata: dict[str, str], options: Mapping[str, Any] | None = None
    ) -> None:
        """Submit a job, which runs on the head.

        Args:
            entrypoint: The shell command that it runs.
            tree: A directory; the command runs in a copy of it.
            id: Id of the job.
            metadata: Metadata of the job.
            options: Further arguments of Ray's ``submit_job``.
        """
        deadline = time.monotonic() + SILENCE_SECONDS
        with self._explain_errors():
            while True:
                try:
                    self._client.submit_job(
                        entrypoint=entrypoint,
                        submission_id=id,
                        runtime_env={"working_dir": str(tree)},
                        metadata=metadata,
                        **(options or {}),
                    )
                    return
                except RuntimeError as error:
                    # This happens for some seconds after a cluster was started.
                    if "No available agent" not in str(error) or time.monotonic() > deadline:
                        raise
                time.sleep(POLL_SECONDS)

    def read_job(self, id: str) -> Job:
        """Return what the cluster knows of a job. Raises ExecutorError also if it does not know the job."""
        with self._explain_errors():
            try:
                info = self._client.get_job_info(id)
            except RuntimeError as error:
                if "404" not in str(error) and "does not exist" not in str(error):
                    raise
                known = [each.submission_id for each in self._client.list_jobs() if "results" in (each.metadata or {})]
                raise ExecutorError(
                    f"job must be one that the cluster at {self.address} knows, got {id!r}. "
                    f"It knows: {', '.join(known[-8:]) or 'none'}."
                ) from None
        return Job(id, str(getattr(info.status, "value", info.status)), info.message or "", dict(info.metadata or {}))

    def log(self, id: str) -> str:
        """Return what a job has printed so far."""
        with self._explain_errors():
            return str(self._client.get_job_logs(id))

    def follow(self, id: str, say: Callable[[str], None]) -> Job:
        """Pass on what a job prints, as it prints it, until it ends.

        Args:
            id: Id of the job.
            say: Called with the printed lines.

        Returns:
            The job, which has ended.
        """
        # A proxy may close the connection, or a laptop may sleep. The job continues, and its status is polled.
        with contextlib.suppress(Exception):
            asyncio.run(self._tail_log(id, say))
        return self.wait(id)

    def wait(self, id: str) -> Job:
        """Wait until a job ends, and return it. Raises ExecutorError if the cluster does not answer for
        ``SILENCE_SECONDS``."""
        heard = time.monotonic()
        while True:
            try:
                job = self.read_job(id)
                if job.ended:
                    return job
                heard = time.monotonic()
            except ExecutorError:
                if time.monotonic() - heard > SILENCE_SECONDS:
                    raise
            time.sleep(POLL_SECONDS)

    def forget(self, id: str) -> None:
        """Delete a job that has ended from the cluster's list."""
        with self._explain_errors():
            self._client.delete_job(id)

    async def _tail_log(self, id: str, say: Callable[[str], None]) -> None:
        async for lines in self._client.tail_job_logs(id):
            say(lines.rstrip("\n"))

    @contextlib.contextmanager
    def _explain_errors(self) -> Iterator[None]:
        try:
            yield
        except ModuleNotFoundError as error:
            raise ExecutorError(
                f"jobs need ray[default], but {error.name} is not installed. {advise_install('cluster')}"
            ) from None
        except (OSError, RuntimeError, RayError) as error:
            raise ExecutorError(self._describe_error(str(error))) from None

    def _describe_error(self, words: str) -> str:
        line = " ".join(words.split())[:400]
        if "auth" in line.lower():
            which = "another token than the one found here" if "incorrect" in line else "a token"
            return f"The cluster at {self.address} asks for {which}. {TOKEN_ADVICE}."
        if "ray[default]" in line:
            return f"jobs need ray[default]. {advise_install('cluster')}"
        return (
            f"address must be that of a Ray dashboard, got {self.address}: {line} Use http://HEAD:8265. The head needs "
            "ray[default]. If its port cannot be reached from here, open a tunnel: ssh -L 8265:127.0.0.1:8265 HEAD."
        )
