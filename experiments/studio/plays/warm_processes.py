"""Runs of the playground, worked by a few processes that are warm."""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .folder import PlayFolder
from .limits import LIMITS
from .play_process import PlayProcess
from .queue import PlayJob, PlayQueue, PlayStatus, StudioBusy

__all__ = ["PlayPool", "PlayStatus", "StudioBusy"]


class PlayPool:
    """Works runs in ``workers`` processes, each run for at most ``seconds``, and keeps the last ``kept`` finished ones
    beside those that a page shows.

    Every method may be called from any thread and returns at once, but for ``close``. Results are in a temporary
    directory of its own (under ``parent``), which ``close`` removes. No process outlives this one, however it ends.
    """

    def __init__(
        self,
        workers: int = 2,
        seconds: float = LIMITS.seconds,
        kept: int = LIMITS.kept,
        parent: Path | None = None,
    ) -> None:
        self._seconds = seconds
        self._folder = PlayFolder(parent)
        self._queue = PlayQueue(self._folder.path, kept)
        self._condition = threading.Condition()
        self._closing = threading.Event()
        self._threads = [threading.Thread(target=self._run_worker_thread, daemon=True) for _ in range(workers)]
        for thread in self._threads:
            thread.start()

    def play(self, page: str, side: str, key: str, data: Mapping[str, Any]) -> PlayStatus:
        """Have a run worked (``key`` and ``data`` as ``play_key`` and ``experiment_data`` have them) and shown on a
        side of a page. What that side showed before is given up, unless it is shown elsewhere, too.

        A run that is there already is answered at once; one that failed is tried again. Raises Busy where too many
        wait.
        """
        with self._condition:
            job = self._queue.play(page, side, key, data)
            self._condition.notify_all()
            return job.play_status

    def state(self, key: str) -> PlayStatus | None:
        """How a run stands; None if it is not there (any more)."""
        with self._condition:
            job = self._queue.find(key)
            return None if job is None else job.play_status

    @contextlib.contextmanager
    def hold_for_reading(self, key: str) -> Iterator[PlayStatus | None]:
        """How a run stands; its directory stays there meanwhile."""
        with self._condition:
            job = self._queue.find(key)
            if job is not None:
                job.reader_count += 1
        try:
            yield None if job is None else job.play_status
        finally:
            if job is not None:
                with self._condition:
                    self._queue.release_reader(job)
                    self._condition.notify_all()

    def leave(self, page: str) -> None:
        """Forget a page: what only it waits for is given up."""
        with self._condition:
            self._queue.leave(page)

    def close(self) -> None:
        """End all processes and remove all results."""
        with self._condition:
            self._closing.set()
            for job in self._queue.running:
                job.stop_requested.set()
            self._condition.notify_all()
        for thread in self._threads:
            thread.join()
        self._folder.close()

    def _run_worker_thread(self) -> None:
        """A thread's life: have one worker, and runs worked by it. The worker dies with the thread."""
        worker = self._start_process()
        try:
            while (job := self._next_job()) is not None:
                if worker.has_failed():
                    worker = self._start_process(worker)
                error = worker.work_run(job.data, job.directory, job.stop_requested, self._seconds)
                with self._condition:
                    self._queue.end(job, error)
                if worker.failure_reason:
                    worker = self._start_process(worker)
        finally:
            worker.kill()

    def _start_process(self, before: PlayProcess | None = None) -> PlayProcess:
        """A worker that is ready, or is in trouble."""
        if before is not None:
            before.kill()
        with self._condition:
            warm = self._queue.new_play_directory()
        worker = PlayProcess(self._folder.path, warm)
        worker.wait_until_ready(self._closing)
        shutil.rmtree(warm, ignore_errors=True)
        return worker

    def _next_job(self) -> PlayJob | None:
        """The next run to be worked, None when the pool closes. Until there is one, what is dropped is removed."""
        jobs = self._queue
        while True:
            with self._condition:
                self._condition.wait_for(lambda: jobs.queue or jobs.removable or self._closing.is_set())
                if self._closing.is_set():
                    return None
                if jobs.queue:
                    return jobs.next()
                litter, jobs.removable = jobs.removable, []
            for directory in litter:
                shutil.rmtree(directory, ignore_errors=True)
