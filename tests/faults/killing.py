"""Kills real experiments at seeded random moments, resumes them, and compares traces byte for byte.

Used by ``test_kills.py`` (short) and by ``soak.py`` (long).
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from searchparty.experiments.api import run
from searchparty.experiments.execution.results_directory import ResultsError
from searchparty.experiments.execution.verification import verify_results
from searchparty.orchestrator.executors.process_losses import ROW_LOST
from searchparty.orchestrator.log.log import LogError
from searchparty.orchestrator.log.reader import LogReader
from searchparty.orchestrator.log.trace import trace

OBJECTIVES = '''
import os, time

CALLS = FOLDER + "/calls"

def called():
    """A byte for each evaluation, whoever makes it, and however its process ends."""
    fd = os.open(CALLS, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(fd, b".")
    os.close(fd)

def slow(x):
    called()
    time.sleep(0.003)
    return float(((x - 0.2) ** 2).sum() + 0.1 * abs(x[0] * x[1]))

def slope(x):
    """The gradient of slow, nearly."""
    time.sleep(0.001)
    return 2 * (x - 0.2)

def expensive(x):
    called()
    time.sleep(0.3)
    return float(((x - 0.2) ** 2).sum())

def fragile(x):
    """Fails now and then: by NaN, by an exception, by taking its process down."""
    called()
    time.sleep(0.002)
    if x[0] > 0.9:
        return float("nan")
    if x[0] < -0.95:
        os._exit(3)
    if x[1] > 0.9:
        raise ValueError("too far up")
    return float(((x - 0.2) ** 2).sum())
'''
TEAMS = {
    "bandit": """
        agents: [random-restart, {kind: grid, points_per_axis: 6}, {kind: random, batch: 7}]
        policy: {budget: bandit, radius: trust-region, sharing: broadcast, lease: 25}
""",
    "halving": """
        agents: [pattern-search, nelder-mead, {kind: random-restart, count: 2}]
        policy: {budget: successive-halving, radius: shrink, sharing: ring, lease: 25}
        concurrency: 3
""",
    "crowd": """
        agents: [{kind: random, count: 5}, {kind: pattern-search, count: 3}]
        policy: {budget: equal, sharing: broadcast, lease: 15}
""",
    "descent": """
        agents: [gradient-descent, {kind: random, batch: 3}]
        policy: {sharing: broadcast, lease: 25}
""",
    "party": """
        agents: [slsqp, axes, cma-es]
        policy: {kind: party}
        concurrency: 3
""",
}


@dataclass(frozen=True)
class Trial:
    """An experiment to be killed, and its folder."""

    folder: Path
    yaml: Path
    reference: str
    calls: int
    """Evaluations that an uninterrupted run makes."""

    def fresh_calls(self) -> None:
        """Reset the count of evaluations."""
        with contextlib.suppress(FileNotFoundError):
            (self.folder / "calls").unlink()

    def counted(self) -> int:
        """Return the evaluations made since ``fresh_calls``, in any process."""
        path = self.folder / "calls"
        return path.stat().st_size if path.exists() else 0


def trial(
    folder: Path,
    function: str = "slow",
    team: str = "bandit",
    budget: int = 900,
    seed: int = 1,
    evaluation: str = "{}",
    repeats: int = 1,
    dimension: int = 3,
    gradient: str = "null",
    log: str = "{}",
) -> Trial:
    """Write an experiment, and work it once without interruption."""
    folder.mkdir(parents=True)
    # The text contains the place where calls are counted, because on a cluster a copy of the file runs elsewhere.
    (folder / "objectives.py").write_text(f"FOLDER = {str(folder)!r}\n{OBJECTIVES}")
    path = folder / "trial.yaml"
    path.write_text(
        textwrap.dedent(f"""\
        name: trial
        seed: {seed}
        budget: {budget}
        repeats: {repeats}
        landscapes:
          - kind: python
            function: "objectives.py:{function}"
            gradient: {gradient}
            bounds: [-1, 1]
            dimension: {dimension}
        evaluation: {evaluation}
        log: {log}
        executor: simulated
        strategies:
          it:
        """)
        + TEAMS[team]
    )
    assert not run(path, out=folder / "whole", report=False).errors
    found = Trial(folder, path, text_of(folder / "whole"), (folder / "calls").stat().st_size)
    found.fresh_calls()
    return found


def text_of(results: Path) -> str:
    """Return the trace of a results directory as text."""
    with LogReader(results) as reader:
        return "\n".join(trace(reader))


def arguments(*words: object) -> list[str]:
    return [sys.executable, "-m", "searchparty.experiments.cli.main", *map(str, words), "--no-report"]


def command(*words: object, timeout: float = 300.0) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; an error if it fails."""
    done = subprocess.run(arguments(*words), capture_output=True, text=True, timeout=timeout)
    assert done.returncode == 0, f"{words}: {done.stderr[-2000:]}"
    return done


def rows_of(results: Path) -> int:
    """Return the number of points that a log holds now."""
    path = results / "log.sqlite"
    if not path.exists():
        return 0
    try:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE name LIKE '%points'")]
            counts = [db.execute(f"SELECT COALESCE(SUM(n), 0) FROM {name}").fetchone()[0] for name in tables]
            return sum(counts)
    except sqlite3.Error:
        return 0


@dataclass
class Tally:
    """The results of kills."""

    kills: int = 0
    finished_early: int = 0
    repeated: int = 0
    """Evaluations that were repeated, over all kills."""
    seconds: float = 0.0
    equal: int = 0
    """Experiments whose finished trace was identical to the byte."""
    different: list[str] = field(default_factory=list)

    def judge(self, trial: Trial, results: Path, what: str) -> None:
        """Compare a finished experiment with the uninterrupted one, and check it with ``verify``."""
        if text_of(results) == trial.reference:
            self.equal += 1
        else:
            lost = f": a row {ROW_LOST}, and failed by the rule" if ROW_LOST in text_of(results) else ""
            self.different.append(f"{what}{lost}")
        self.different += verify_results(results).problems


def kill_drivers(
    trial: Trial,
    kills: int,
    seed: int,
    options: tuple[object, ...] = (),
    tally: Tally | None = None,
    program: Callable[..., list[str]] = arguments,
) -> Tally:
    """Kill a driver with ``kill -9`` repeatedly, at random moments, then resume.

    Some kills hit a driver while it starts, most while it works. ``program`` makes the command of the drivers that are
    killed.
    """
    tally = tally or Tally()
    rng = random.Random(seed)
    began = time.monotonic()
    count, out, number = 0, trial.folder / f"cut-{seed}-0", 0
    trial.fresh_calls()
    while count < kills:
        words = _words_to_continue(trial, out)
        before = rows_of(out)
        driver = subprocess.Popen(
            program(*words, *options), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            start_new_session=True,
        )  # fmt: skip
        if count == 0 or rng.random() < 0.8:
            wait_for_more(out, before, driver)
            moment = rng.expovariate(1 / 0.3)
        else:
            moment = rng.uniform(0.0, 2.0)
        with contextlib.suppress(subprocess.TimeoutExpired):
            driver.wait(moment)
        if driver.poll() is None:
            driver.kill()
            driver.wait()
            count += 1
            tally.kills += 1
            # The log that a killed driver has left is consistent as far as it goes.
            with contextlib.suppress(LogError, ResultsError):
                tally.different += verify_results(out).problems
        else:
            # It ended before it could be killed: judge it, and start another.
            assert driver.returncode == 0, driver.stderr.read()[-2000:]
            tally.finished_early += 1
            _finish(trial, out, options, tally, f"{trial.folder.name}, seed {seed}, part {number}")
            number += 1
            out = trial.folder / f"cut-{seed}-{number}"
        driver.stderr.close()
    _finish(trial, out, options, tally, f"{trial.folder.name}, seed {seed}, part {number}")
    tally.seconds += time.monotonic() - began
    return tally


def _words_to_continue(trial: Trial, out: Path) -> tuple[object, ...]:
    """Return the command that continues an experiment, or begins it if the driver was killed before it had begun."""
    return ("resume", out) if (out / "experiment.yaml").exists() else ("run", trial.yaml, "--out", out)


def _finish(trial: Trial, out: Path, options: tuple[object, ...], tally: Tally, what: str) -> None:
    command(*_words_to_continue(trial, out), *options)
    tally.repeated += trial.counted() - trial.calls
    trial.fresh_calls()
    tally.judge(trial, out, what)


def wait_for_more(out: Path, before: int, driver: subprocess.Popen[str], seconds: float = 60.0) -> None:
    """Wait until a driver has added points, or has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and driver.poll() is None and rows_of(out) <= before:
        time.sleep(0.05)


def processes() -> Iterator[tuple[int, int, str]]:
    """Return (pid, parent, command line) of every process."""
    listing = subprocess.run(
        ["ps", "-ww", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    ).stdout
    for line in listing.splitlines():
        pid, parent, words = line.split(None, 2)
        yield int(pid), int(parent), words


def actors(of: int | None = None) -> list[int]:
    """Return the process ids of the actors on this machine, or of those that one raylet has started."""
    found = [(pid, parent) for pid, parent, words in processes() if words.startswith("ray::RayActor")]
    return sorted(pid for pid, parent in found if of in (None, parent))


MOST_IN_VAIN = 5
"""Most kills in succession without a new point in the log; after ``MOST_STUCK`` losses a driver gives up."""


class Hunter(threading.Thread):
    """Kills actors at random moments until it is stopped, as often as work can get on.

    Args:
        seed: Of the moments.
        most: Greatest number of kills.
        out: The results directory, whose log shows whether work gets on. A busy machine starts an actor in seconds.
        victims: Returns the process ids of living actors.
        mean: Mean seconds between kills, about.

    Attributes:
        kills: Number of kills.
    """

    def __init__(
        self, seed: int, most: int, out: Path, victims: Callable[[], list[int]] = actors, mean: float = 0.5
    ) -> None:
        super().__init__(daemon=True)
        self._rng, self._most, self._victims, self._mean = random.Random(seed), most, victims, mean
        self._out, self._rows, self._in_vain = out, 0, 0
        self._over = threading.Event()
        self.kills = 0

    def run(self) -> None:
        while self.kills < self._most and not self._over.wait(0.1 + self._rng.expovariate(1 / self._mean)):
            rows = rows_of(self._out)
            if rows > self._rows:
                self._rows, self._in_vain = rows, 0
            living = self._victims()
            if living and self._in_vain < MOST_IN_VAIN:
                self._in_vain += 1
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self._rng.choice(living), signal.SIGKILL)
                    self.kills += 1

    def stop(self) -> int:
        """Stop, and return how many were killed."""
        self._over.set()
        self.join()
        return self.kills


def own_raylet() -> int:
    """Return the process id of the raylet that this process has started."""
    return next(pid for pid, parent, words in processes() if parent == os.getpid() and "raylet/raylet" in words)


def kill_actors(
    trials: list[Trial], out: Path, kills: int, seed: int, tally: Tally | None = None, mean: float = 0.5
) -> Tally:
    """Kill actors of running drivers, every ``mean`` seconds or so, in the Ray that this process has joined."""
    tally = tally or Tally()
    began, done = time.monotonic(), 0
    while done < kills:
        seed += 1
        one = trials[seed % len(trials)]
        folder = out / f"actors-{seed}"
        hunter = Hunter(seed, kills - done, folder, lambda: actors(own_raylet()), mean)
        hunter.start()
        results = run(one.yaml, out=folder, executor="ray", report=False)
        done += hunter.stop()
        assert not results.errors, results.errors
        tally.repeated += one.counted() - one.calls
        one.fresh_calls()
        tally.judge(one, results.path, f"actors, seed {seed}")
    tally.kills += done
    tally.seconds += time.monotonic() - began
    return tally


def started(*words: object, **options: Any) -> subprocess.Popen[str]:
    """Start a driver in a separate session."""
    return subprocess.Popen(
        arguments(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True, **options
    )


def kill_part(one: Trial, out: Path, how: str, tally: Tally, part: str = "raylet") -> str:
    """Kill the raylet, or the "gcs_server", of a driver that started Ray; resume with ``how``; return its output."""
    one.fresh_calls()
    process = started("run", one.yaml, "--out", out, "--executor", "ray")
    wait_for_more(out, 0, process)
    (victim,) = (
        pid for pid, parent, words in processes() if parent == process.pid and words.split()[0].endswith(f"/{part}")
    )
    killed = time.monotonic()
    os.kill(victim, signal.SIGKILL)
    _, errors = process.communicate(timeout=60)
    tally.seconds += time.monotonic() - killed
    tally.kills += 1
    assert process.returncode == 1, errors
    command("resume", out, "--executor", how)
    tally.repeated += one.counted() - one.calls
    tally.judge(one, out, f"{part}, {out.name}")
    return errors


def kill_nodes(cluster: Any, nodes: list[Any], one: Trial, out: Path, tally: Tally) -> int:
    """Kill nodes in turn with all their processes while a driver runs; return how many actors ran there."""
    one.fresh_calls()
    words = ("run", one.yaml, "--out", out, "--executor", "ray", "--address", cluster.address)
    process = started(*words, env=cluster.environment)
    lost, killed = 0, time.monotonic()
    for node in nodes:
        wait_for_more(out, rows_of(out), process)
        lost += cluster.kill(node)
        tally.kills += 1
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    tally.seconds += time.monotonic() - killed
    tally.repeated += one.counted() - one.calls
    tally.judge(one, out, f"node, {out.name}")
    return int(lost)
