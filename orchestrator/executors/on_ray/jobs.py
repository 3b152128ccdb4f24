"""Ray jobs, by way of the dashboard's port: sent, followed, asked about."""

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

from ....landscapes.extras import install_command
from ...loop.executor import ExecutorError
from .probe import TOKEN_ADVICE, enable_token

END_STATES = ("SUCCEEDED", "FAILED", "STOPPED")
POLL_SECONDS = 0.5
SILENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Job:
    """A job as the cluster knows it."""

    id: str
    status: str
    message: str
    metadata: Mapping[str, str]
    """What was said of it when it was sent."""

    @property
    def ended(self) -> bool:
        return self.status in END_STATES


class Jobs:
    """The jobs of the cluster whose dashboard is at ``address`` ("http://host:8265"). Every method raises
    ExecutorError with what to do where the cluster does not answer, or not to us."""

    def __init__(self, address: str) -> None:
        self.address = address
        if "://" in address:
            enable_token(address.partition("://")[2].partition("/")[0])
        with self._explain_errors():
            # Asks for libraries that plain Ray does not bring.
            from ray.job_submission import JobSubmissionClient

            self._client: Any = JobSubmissionClient(address)
        # They tell of uploads and sockets.
        for name in list(logging.root.manager.loggerDict):
            if name.startswith("ray."):
                logging.getLogger(name).setLevel(logging.ERROR)

    def send(
        self, entrypoint: str, tree: Path, id: str, metadata: dict[str, str], options: Mapping[str, Any] | None = None
    ) -> None:
        """Send a job that runs ``entrypoint`` by a shell, in a copy of ``tree``, on the head."""
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
                    # So it is for some seconds after a cluster was started.
                    if "No available agent" not in str(error) or time.monotonic() > deadline:
                        raise
                time.sleep(POLL_SECONDS)

    def read_job(self, id: str) -> Job:
        """What the cluster knows of a job. Raises ExecutorError if that is nothing."""
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
        """What a job has printed."""
        with self._explain_errors():
            return str(self._client.get_job_logs(id))

    def follow(self, id: str, say: Callable[[str], None]) -> Job:
        """Hand on what a job prints, as it prints it, until it ends."""
        # A proxy may close the line, a laptop sleep: the job goes on, and is asked for again.
        with contextlib.suppress(Exception):
            asyncio.run(self._tail_log(id, say))
        return self.wait(id)

    def wait(self, id: str) -> Job:
        """Wait for the end of a job, through what silences of the cluster are not too long."""
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
        """Have the cluster forget a job that has ended."""
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
                f"jobs need ray[default], and {error.name} is not installed. {install_command('cluster')}"
            ) from None
        except (OSError, RuntimeError, RayError) as error:
            raise ExecutorError(self._describe_error(str(error))) from None

    def _describe_error(self, words: str) -> str:
        line = " ".join(words.split())[:400]
        if "auth" in line.lower():
            which = "another token than the one found here" if "incorrect" in line else "a token"
            return f"The cluster at {self.address} asks for {which}. {TOKEN_ADVICE}."
        if "ray[default]" in line:
            return f"jobs need ray[default]. {install_command('cluster')}"
        return (
            f"address must be that of a Ray dashboard, got {self.address}: {line} Write http://HEAD:8265; "
            "the head needs ray[default], and from afar its port a tunnel: ssh -L 8265:127.0.0.1:8265 HEAD."
        )
