"""The worker as a state machine: each state and each event, without processes; deadlines, losses, restarts."""

import itertools
import math
from collections import deque

import numpy as np
import pytest

from searchparty.agents.evaluation.children.batch import Batch
from searchparty.agents.evaluation.children.held_rows import HeldRows
from searchparty.agents.evaluation.children.prefetch import Prefetch
from searchparty.agents.evaluation.children.restartable import MOST_STARTS
from searchparty.agents.evaluation.children.row_clock import RowClock
from searchparty.agents.evaluation.children.worker import Worker
from searchparty.agents.evaluation.children.worker_state import (
    TRANSITIONS,
    IllegalTransition,
    WorkerEvent,
    WorkerState,
)
from searchparty.agents.evaluation.evaluator import CannotEvaluate, EvaluationResult
from searchparty.landscapes.command import MalformedAnswer
from searchparty.landscapes.process.line_pipe import ProcessEnded

STOPPED, STARTING, IDLE, BUSY, UNREACHABLE = WorkerState
BATCH = Batch(np.arange(20.0)[:, None] / 20, False)
TIMEOUT, STARTUP = 2.0, 10.0


class FakeLines:
    """A process that answers as scripted: with lines, or by raising an exception."""

    def __init__(self):
        self.asked, self.says = [], deque()
        self.started, self.watched, self.killed, self.refuses = True, None, False, False

    def ask(self, line, ahead=False):
        if self.refuses and not ahead:
            raise ProcessEnded("answered before it was asked: '7'")
        self.asked.append((line, ahead))

    def hear(self):
        said = self.says.popleft() if self.says else None
        if isinstance(said, Exception):
            raise said
        return said

    def watch(self, selector, data):
        self.watched = data

    def unwatch(self):
        self.watched = None

    def kill(self):
        self.unwatch()
        self.killed = True


class FakeProtocol:
    """Children that are FakeLines; their answers are numbers."""

    startup, most_unanswered = STARTUP, 64

    def __init__(self, sends_greeting=True):
        self.sends_greeting, self.children, self.fails = sends_greeting, [], False

    def start(self):
        if self.fails:
            raise OSError("no more processes")
        self.children.append(FakeLines())
        return self.children[-1]

    def check_greeting(self, line):
        return line.decode()

    def make_request(self, rows, with_gradient, ahead, share, measured):
        return b"%d" % len(rows)

    def read_answer(self, line, row, with_gradient):
        if line == b"garbled":
            raise MalformedAnswer("answered 'garbled'")
        return float(line)

    def close(self):
        raise NotImplementedError


class Bench:
    """A worker, its process, and a clock that stands still."""

    def __init__(self, sends_greeting=True, timeout=TIMEOUT):
        self.time = 100.0
        self.protocol, self.prefetch = FakeProtocol(sends_greeting), Prefetch(64)
        self.worker = Worker(self.protocol, RowClock(timeout, lambda: self.time), object(), self.prefetch)

    @property
    def child(self):
        return self.protocol.children[-1]

    @property
    def state(self):
        return self.worker.state

    def hear(self, *says):
        self.child.says += says
        return self.worker.collect_answers()

    def begin(self, row=0):
        self.worker.begin_row(BATCH, row)
        return self


def bench_in(state):
    """Return a bench whose worker is in a state, reached by the shortest way."""
    bench = Bench()
    if state is STOPPED:
        return bench
    bench.begin()
    if state is not STARTING:
        bench.hear(b"")
    if state in (IDLE, UNREACHABLE):
        bench.hear(b"0.5")
    if state is UNREACHABLE:
        bench.child.refuses = True
        bench.begin()
    assert bench.state is state
    return bench


def collect(*says):
    """Let the worker read what there is to read, and return it."""

    def happen(bench):
        bench.child.says.extend(says)
        bench.worker.collect_answers()

    return happen


def wait(bench):
    bench.time += 1000.0
    bench.worker.collect_answers()


def begin_unreachable(bench):
    for child in bench.protocol.children:
        child.refuses = True
    bench.begin()


def begin_without_processes(bench):
    bench.protocol.fails = True
    bench.begin()


EVENTS = {
    "a row is begun": lambda bench: bench.begin(),
    "a row cannot be sent": begin_unreachable,
    "no process can be started": begin_without_processes,
    "more is requested": lambda bench: bench.worker.request_more(1, 3),
    "nothing is said": lambda bench: bench.worker.collect_answers(),
    "a good greeting, or an answer that is none": collect(b""),
    "a bad greeting": collect(b"it is broken"),
    "an answer": collect(b"1.5"),
    "the process ends": collect(ProcessEnded("took its process down")),
    "an answer is garbled": collect(b"garbled"),
    "time passes": wait,
    "it is killed": lambda bench: bench.worker.kill(),
    "rows are dropped": lambda bench: bench.worker.drop_rows(),
    "it is watched no more": lambda bench: bench.worker.unwatch(),
}
NO, STOP = IllegalTransition, CannotEvaluate
TABLE = {
    #                                STOPPED   STARTING  IDLE         BUSY     UNREACHABLE
    "a row is begun":               (STARTING, NO,       BUSY,        NO,      NO),
    "a row cannot be sent":         (STARTING, NO,       UNREACHABLE, NO,      NO),
    "no process can be started":    (STOP,     NO,       BUSY,        NO,      NO),
    "more is requested":            (NO,       NO,       NO,          BUSY,    NO),
    "nothing is said":              (STOPPED,  STARTING, IDLE,        BUSY,    STOPPED),
    "a good greeting, or an answer that is none":
                                    (None,     BUSY,     IDLE,        None,    STOPPED),
    "a bad greeting":               (None,     STOP,     IDLE,        None,    STOPPED),
    "an answer":                    (None,     None,     IDLE,        IDLE,    STOPPED),
    "the process ends":             (None,     STARTING, IDLE,        STOPPED, STOPPED),
    "an answer is garbled":         (None,     None,     IDLE,        STOPPED, STOPPED),
    "time passes":                  (STOPPED,  STOP,     IDLE,        STOPPED, STOPPED),
    "it is killed":                 (STOPPED,  STOPPED,  STOPPED,     STOPPED, STOPPED),
    "rows are dropped":             (STOPPED,  STOPPED,  IDLE,        STOPPED, STOPPED),
    "it is watched no more":        (STOPPED,  STARTING, IDLE,        BUSY,    UNREACHABLE),
}  # fmt: skip
"""The state that follows, or the exception that is raised; None if the event cannot happen in that state."""
CASES = [
    pytest.param(state, event, follows, id=f"{state.name}: {event}")
    for event, row in TABLE.items()
    for state, follows in zip(WorkerState, row, strict=True)
    if follows is not None
]


@pytest.mark.parametrize(("state", "event", "follows"), CASES)
def test_each_event_in_each_state(state, event, follows):
    bench = bench_in(state)
    held = len(bench.worker.rows)
    if isinstance(follows, WorkerState):
        EVENTS[event](bench)
        assert bench.state is follows
    else:
        with pytest.raises(follows):
            EVENTS[event](bench)
        if follows is IllegalTransition:
            # It is refused before anything has changed.
            assert (bench.state, len(bench.worker.rows)) == (state, held)
        else:
            bench.worker.drop_rows()
            assert bench.state is STOPPED
    # What the states guarantee.
    assert bool(bench.worker.rows) == (bench.state in (STARTING, BUSY, UNREACHABLE))
    assert (bench.worker.clock.deadline == math.inf) == (not bench.worker.rows)
    assert all(child.killed for child in bench.protocol.children[: None if bench.state is STOPPED else -1])
    assert bench.state is STOPPED or not bench.child.killed
    assert bench.worker.accepts_more == (bench.state is BUSY)


def test_the_table_has_every_event_and_every_state():
    assert set(TABLE) == set(EVENTS)
    assert set(TRANSITIONS) == set(WorkerState)


@pytest.mark.parametrize(("state", "event"), [*itertools.product(WorkerState, WorkerEvent)])
def test_a_transition_is_in_the_table_or_refused(state, event):
    worker = bench_in(state).worker
    if event in TRANSITIONS[state]:
        worker._move(event)
        assert worker.state is TRANSITIONS[state][event]
    else:
        with pytest.raises(IllegalTransition, match=f"{event.name} cannot happen to a worker that is {state.name}"):
            worker._move(event)
        assert worker.state is state


def test_every_state_is_reached_and_every_worker_can_be_killed():
    assert {state for row in TRANSITIONS.values() for state in row.values()} == set(WorkerState)
    assert all(row[WorkerEvent.KILL] is STOPPED for row in TRANSITIONS.values())


def causes(answers):
    return [(row, found.causes[0]) for row, found in answers if isinstance(found, EvaluationResult)]


def test_a_row_waits_for_the_greeting_and_its_time_counts_from_when_it_is_sent():
    bench = Bench().begin(4)
    assert (bench.child.asked, bench.worker.clock.deadline) == ([], 100.0 + STARTUP)
    assert bench.child.watched is bench.worker
    bench.time += 5.0
    assert bench.hear(b"") == []
    assert bench.child.asked == [(b"1", False)]
    assert bench.worker.clock.deadline == 105.0 + TIMEOUT
    assert bench.hear(b"0.25") == [(4, 0.25)]
    assert bench.worker.clock.deadline == math.inf


def test_a_child_without_a_greeting_has_its_startup_for_the_first_row_only():
    bench = Bench(sends_greeting=False).begin()
    assert (bench.state, bench.child.asked) == (BUSY, [(b"1", False)])
    assert bench.worker.clock.deadline == 100.0 + TIMEOUT + STARTUP
    bench.hear(b"1")
    assert bench.begin(1).worker.clock.deadline == 100.0 + TIMEOUT
    assert bench.child.watched is bench.worker


def test_the_greeting_and_the_answer_may_come_together():
    bench = Bench().begin()
    assert bench.hear(b"", b"0.5") == [(0, 0.5)]
    assert bench.state is IDLE


def test_each_answer_begins_the_next_row():
    bench = bench_in(BUSY)
    bench.worker.request_more(1, 3)
    assert bench.child.asked[-1] == (b"3", True)
    assert bench.worker.clock.deadline == 100.0 + TIMEOUT
    bench.time += 1.5
    assert bench.hear(b"0", b"1") == [(0, 0.0), (1, 1.0)]
    assert bench.worker.clock.deadline == 101.5 + TIMEOUT
    bench.time += 1.5
    assert bench.hear() == []
    # An answer that has arrived counts, even if it is late.
    bench.time += 1.0
    assert bench.hear(b"2") == [(2, 2.0)]
    assert (bench.state, bench.worker.clock.deadline) == (BUSY, 104.0 + TIMEOUT)


def test_how_long_rows_take_is_recorded():
    bench = bench_in(STARTING)
    bench.time += 5.0
    bench.hear(b"")
    bench.worker.request_more(1, 1)
    bench.time += 0.002
    bench.hear(b"0", b"1")
    # 0.001 s each, without the start: 51 rows are 0.05 s of work.
    assert bench.prefetch.prefetch_depth(10_000, 1) == pytest.approx(51, abs=1)


@pytest.mark.parametrize(
    ("says", "cause"),
    [
        (ProcessEnded("took its process down (exit code 3)"), "took its process down (exit code 3)"),
        (b"garbled", "answered 'garbled'"),
        (None, "gave no answer within its time-out of 2 s"),
    ],
)
def test_the_first_row_fails_and_the_others_are_given_back_once(says, cause):
    bench = bench_in(BUSY)
    bench.worker.request_more(1, 4)
    assert bench.hear(b"0") == [(0, 0.0)]
    if says is None:
        bench.time += TIMEOUT
    answers = bench.hear(*([] if says is None else [says]))
    assert causes(answers) == [(1, cause)]
    assert (bench.state, len(bench.worker.rows), bench.child.killed) == (STOPPED, 0, True)
    assert bench.worker.rows.take_unstarted() == [2, 3, 4]
    assert bench.worker.rows.take_unstarted() == []


def test_answers_that_came_before_the_end_stand():
    bench = bench_in(BUSY)
    bench.worker.request_more(1, 2)
    answers = bench.hear(b"0.5", ProcessEnded("took its process down"))
    assert answers[0] == (0, 0.5)
    assert causes(answers) == [(1, "took its process down")]
    assert bench.worker.rows.take_unstarted() == [2]


def test_a_row_that_cannot_be_sent_fails_without_waiting():
    bench = bench_in(UNREACHABLE)
    assert bench.worker.clock.deadline <= bench.time
    assert causes(bench.worker.collect_answers()) == [(0, "answered before it was asked: '7'")]
    # The next row has a new child, and none of this output.
    bench.begin(1)
    assert len(bench.protocol.children) == 2
    assert bench.hear(b"", b"1") == [(1, 1.0)]


def test_a_row_that_cannot_be_sent_after_the_greeting_fails_for_that():
    bench = Bench().begin()
    bench.child.refuses = True
    assert causes(bench.hear(b"", b"7")) == [(0, "answered before it was asked: '7'")]


def test_a_child_that_never_gets_ready_is_started_so_often_and_no_more():
    bench = Bench().begin()
    for start in range(1, MOST_STARTS):
        assert bench.hear(ProcessEnded("took its process down")) == []
        assert (bench.state, len(bench.protocol.children)) == (STARTING, start + 1)
    with pytest.raises(CannotEvaluate, match="a child process must start, but it took its process down. Check"):
        bench.hear(ProcessEnded("took its process down"))
    assert len(bench.protocol.children) == MOST_STARTS
    assert all(child.killed for child in bench.protocol.children)


def test_a_loss_that_is_not_the_rows_fault_starts_the_child_again_for_it():
    """This happens when the fork server is lost; each row has its own count of starts."""
    bench = bench_in(BUSY)
    for row in range(2 * MOST_STARTS):
        bench.worker.request_more(18, 2)
        bench.child.started = False
        assert bench.hear(ProcessEnded("was killed")) == []
        assert (bench.state, len(bench.worker.rows)) == (STARTING, 1)
        assert bench.worker.rows.take_unstarted() == [18, 19]
        assert bench.hear(b"", b"1") == [(row, 1.0)]
        bench.begin(row + 1)


def test_without_a_time_out_a_row_may_take_for_ever():
    bench = Bench(timeout=None).begin()
    bench.hear(b"")
    bench.time += 1e9
    assert bench.hear() == []
    assert bench.state is BUSY


@pytest.mark.parametrize("interrupted", [STARTING, BUSY])
def test_ctrl_c_between_a_transition_and_its_row_leaves_a_worker_that_can_be_used(interrupted):
    bench = bench_in(STOPPED if interrupted is STARTING else IDLE)
    hold, bench.worker.rows = bench.worker.rows, Interrupting()
    with pytest.raises(KeyboardInterrupt, match="^$"):
        bench.begin()
    bench.worker.rows = hold
    assert bench.state is interrupted
    bench.worker.drop_rows()
    assert bench.state is STOPPED
    assert bench.begin().hear(b"", b"1") == [(0, 1.0)]


class Interrupting(HeldRows):
    def append(self, row):
        raise KeyboardInterrupt
