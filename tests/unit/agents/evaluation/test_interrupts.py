"""Ctrl-C in the middle of a lease: wherever it falls, no row is lost but the one in progress."""

import contextlib
import functools
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import searchparty
from searchparty.agents.agent import Rows
from searchparty.agents.evaluation.in_process import InProcessEvaluator
from searchparty.agents.evaluation.interrupts import Interrupts, interrupts
from searchparty.agents.leases.work import work_lease
from searchparty.agents.random_search import RandomSearch
from searchparty.landscapes.opening import open_problem
from searchparty.landscapes.python_function import InMemory
from searchparty.orchestrator.executors.in_process import InProcessExecutor
from searchparty.orchestrator.executors.packed import RecordedLog, work_in_chunks
from searchparty.orchestrator.log.log import MemoryLog
from searchparty.orchestrator.loop.drive import begin_run, drive_run
from searchparty.orchestrator.policies.composed import Composed
from searchparty.orchestrator.run_spec import RunSpec
from tests.unit.agents.leases.test_work import Scripted, lease, searcher

PACKAGE = Path(searchparty.__file__).parent


@pytest.fixture(autouse=True)
def released():
    yield
    interrupts.held = interrupts.waiting = False


@functools.cache
def counts_lines(file):
    """Whether a file is of the package, whose folder may also have tests and an environment with others' packages."""
    path = Path(file)
    if PACKAGE not in path.parents or path.name == "interrupts.py":
        return False
    return not {"tests", "site-packages"} & set(path.relative_to(PACKAGE).parts)


class Interruption:
    """Has an interrupt come before the n-th line that the package works, and tells which one that was.

    Python itself looks for signals at fewer places: at calls and jumps back. ``interrupts.py`` relies on that, so its
    lines do not count.
    """

    def __init__(self, n):
        self.left, self.line = n, None

    def __enter__(self):
        sys.settrace(self._enter_function)
        return self

    def __exit__(self, *_):
        sys.settrace(None)

    def _enter_function(self, frame, event, argument):
        return self._reach_line if counts_lines(frame.f_code.co_filename) else None

    def _reach_line(self, frame, event, argument):
        if event == "line" and self.line is None:
            self.left -= 1
            if self.left == 0:
                self.line = f"{frame.f_code.co_filename}:{frame.f_lineno}"
                interrupts.receive()
        return self._reach_line


def interrupt_lease(n, sizes, constrained, flush_seconds):
    """Work a lease that is interrupted before its n-th line; return that line, and how many rows were made and kept."""
    made, kept = [], 0

    def count(x):
        made.append(x)
        return float(x @ x)

    options = {"constraints": ["x1 >= -2"]} if constrained else {}
    problem = open_problem(InMemory(function=count, bounds=[[-1, 1]] * 2, **options))
    steps = work_lease(searcher(Scripted(sizes=sizes, heard=[]), problem), lease(99), 0, flush_seconds=flush_seconds)
    # As executors do.
    with interrupts.hold(), Interruption(n) as interruption:
        try:
            while True:
                kept += len(next(steps).losses)
        except StopIteration as stop:
            rows, _ = stop.value
            kept += 0 if rows is None else len(rows.losses)
        except KeyboardInterrupt:
            pass
    interrupts.held = interrupts.waiting = False
    return interruption.line, len(made), kept


@pytest.mark.parametrize("flush_seconds", [0.0, 1e6])
@pytest.mark.parametrize(("sizes", "constrained"), [((4, 2), False), ((1, 1), False), ((3,), True)])
def test_an_interrupt_before_any_line_loses_no_row_but_the_one_in_progress(sizes, constrained, flush_seconds):
    n, most = 0, 0
    while True:
        n += 1
        line, made, kept = interrupt_lease(n, sizes, constrained, flush_seconds)
        if line is None:
            break
        assert made - 1 <= kept <= made, line
        most = max(most, made)
    assert n > 200
    assert most == sum(sizes)


def interrupt_run(n):
    """Work a run that is interrupted before its n-th line; return that line, and how many rows were made and logged."""
    made = []

    def count(x):
        made.append(x)
        return float(x @ x)

    landscape = InMemory(function=count, bounds=[[-1, 1]] * 2)
    planned = RunSpec(landscape, (("random", RandomSearch(batch=2)),), Composed(lease=4), 0, 0, 8, 1)
    log = MemoryLog()
    executor, run = InProcessExecutor(planned, log), begin_run(planned)
    made.clear()
    with Interruption(n) as interruption, contextlib.suppress(KeyboardInterrupt):
        for _ in drive_run(run, planned, planned.policy, executor, log):
            interrupts.raise_waiting()
    interrupts.held = interrupts.waiting = False
    executor.close()
    return interruption.line, len(made), sum(len(rows.losses) for rows in log.all_rows())


def test_an_interrupt_before_any_line_of_a_run_loses_no_row_on_the_way_to_the_log():
    n, most = 0, 0
    while True:
        n += 1
        line, made, kept = interrupt_run(n)
        if line is None:
            break
        assert made - 1 <= kept <= made, line
        most = max(most, made)
    assert n > 200
    assert most == 8


def test_a_policy_is_interrupted_where_interrupts_are_held_as_in_an_actor():
    class Slow(Composed):
        def decide(self, run, rng):
            if run.leases == 2:
                interrupts.receive()
                waited.append(run.leases)
            return super().decide(run, rng)

    landscape = InMemory(function=lambda x: float(x @ x), bounds=[[-1, 1]] * 2)
    planned = RunSpec(landscape, (("random", RandomSearch(batch=2)),), Slow(lease=4), 0, 0, 40, 1)
    interrupts.held = True
    sent, waited = [], []
    with pytest.raises(KeyboardInterrupt, match="^$"):
        sent.extend(work_in_chunks(planned, RecordedLog(), None, 1e6))
    # What was found before is sent first.
    rows = [note[1] for chunk in sent for note in chunk.notes if isinstance(note[1], Rows)]
    assert sum(len(each.losses) for each in rows) == 8
    assert waited == []
    assert interrupts.held


def test_an_interrupt_while_the_best_point_is_measured_loses_nothing():
    class Measured:
        def __init__(self, problem):
            self.space, self._problem = problem.space, problem

        def evaluate(self, points):
            return self._problem.evaluate(points)

        gradient = None

        def measure(self, point):
            raise KeyboardInterrupt("by hand")

    problem = Measured(open_problem(InMemory(function=lambda x: float(x @ x), bounds=[[-1, 1]] * 2)))
    assert InProcessEvaluator(problem)._measured is not None
    steps = work_lease(searcher(Scripted(sizes=(3, 4), heard=[]), problem), lease(99), 0)
    assert len(next(steps).losses) == 7
    with pytest.raises(KeyboardInterrupt, match="by hand"):
        next(steps)


def test_a_signal_waits_until_something_long_is_called():
    signal.signal(signal.SIGUSR2, lambda *_: interrupts.receive())
    try:
        with interrupts.hold():
            signal.raise_signal(signal.SIGUSR2)
            assert interrupts.waiting
            with pytest.raises(KeyboardInterrupt, match="^$"):
                interrupts.call(pytest.fail, "it is not called")
            assert not interrupts.waiting
            with pytest.raises(KeyboardInterrupt, match="^$"):
                interrupts.call(signal.raise_signal, signal.SIGUSR2)
            assert interrupts.held
        with pytest.raises(KeyboardInterrupt, match="^$"):
            signal.raise_signal(signal.SIGUSR2)
    finally:
        signal.signal(signal.SIGUSR2, signal.SIG_DFL)


def test_a_second_ctrl_c_does_not_wait():
    own = Interrupts()
    with own.hold():
        own.receive()
        with pytest.raises(KeyboardInterrupt, match="^$"):
            own.receive()
        assert not own.waiting


def test_one_that_waits_at_the_end_is_raised_when_asked_for():
    own = Interrupts()
    with own.hold():
        own.receive()
        own.raise_waiting()
    with pytest.raises(KeyboardInterrupt, match="^$"):
        own.raise_waiting()
    own.raise_waiting()
    assert own.call(np.add, 1, 2) == 3


def test_other_threads_hold_nothing_and_are_not_interrupted():
    def work():
        with interrupts.hold():
            seen.append(interrupts.held)
        ready.wait()
        interrupts.raise_waiting()
        seen.append(interrupts.call(lambda: interrupts.held))

    seen, ready = [], threading.Event()
    thread = threading.Thread(target=work)
    thread.start()
    while not seen:
        time.sleep(0.001)
    with interrupts.hold():
        interrupts.receive()
        ready.set()
        thread.join()
        assert seen == [False, True]
        assert interrupts.waiting
