"""Runs of the playground, worked by a few processes that are warm."""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .folder import Folder
from .limits import LIMITS
from .play_process import Worker
from .queue import Busy, Job, Jobs, Played

__all__ = ["Busy", "Played", "Pool"]


class Pool:
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
        self._folder = Folder(parent)
        self._jobs = Jobs(self._folder.path, kept)
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._threads = [threading.Thread(target=self._serve, daemon=True) for _ in range(workers)]
        for thread in self._threads:
            thread.start()

    def play(self, page: str, side: str, key: str, data: Mapping[str, Any]) -> Played:
        """Have a run worked (``key`` and ``data`` as ``play.key_of`` and ``play.data_of`` have them) and shown on a
        side of a page. What that side showed before is given up, unless it is shown elsewhere, too.

        A run that is there already is answered at once; one that failed is tried again. Raises Busy where too many
        wait.
        """
        with self._changed:
            job = self._jobs.play(page, side, key, data)
            self._changed.notify_all()
            return job.played

    def state(self, key: str) -> Played | None:
        """How a run stands; None if it is not there (any more)."""
        with self._changed:
            job = self._jobs.find(key)
            return None if job is None else job.played

    @contextlib.contextmanager
    def reading(self, key: str) -> Iterator[Played | None]:
        """How a run stands; its directory stays there meanwhile."""
        with self._changed:
            job = self._jobs.find(key)
            if job is not None:
                job.readers += 1
        try:
            yield None if job is None else job.played
        finally:
            if job is not None:
                with self._changed:
                    self._jobs.read(job)
                    self._changed.notify_all()

    def leave(self, page: str) -> None:
        """Forget a page: what only it waits for is given up."""
        with self._changed:
            self._jobs.leave(page)

    def close(self) -> None:
        """End all processes and remove all results."""
        with self._changed:
            self._closing.set()
            for job in self._jobs.running:
                job.unwanted.set()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()
        self._folder.close()

    def _serve(self) -> None:
        """A thread's life: have one worker, and runs worked by it. The worker dies with the thread."""
        worker = self._hire()
        try:
            while (job := self._next()) is not None:
                if worker.gone():
                    worker = self._hire(worker)
                error = worker.work(job.data, job.directory, job.unwanted, self._seconds)
                with self._changed:
                    self._jobs.end(job, error)
                if worker.trouble:
                    worker = self._hire(worker)
        finally:
            worker.kill()

    def _hire(self, before: Worker | None = None) -> Worker:
        """A worker that is ready, or is in trouble."""
        if before is not None:
            before.kill()
        with self._changed:
            warm = self._jobs.new_directory()
        worker = Worker(self._folder.path, warm)
        worker.ready(self._closing)
        shutil.rmtree(warm, ignore_errors=True)
        return worker

    def _next(self) -> Job | None:
        """The next run to be worked, None when the pool closes. Until there is one, what is dropped is removed."""
        jobs = self._jobs
        while True:
            with self._changed:
                self._changed.wait_for(lambda: jobs.queue or jobs.litter or self._closing.is_set())
                if self._closing.is_set():
                    return None
                if jobs.queue:
                    return jobs.next()
                litter, jobs.litter = jobs.litter, []
            for directory in litter:
                shutil.rmtree(directory, ignore_errors=True)
