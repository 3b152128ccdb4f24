"""Batches over many children, in real processes: rows requested ahead are each evaluated and answered once."""

import os
import signal
import time
from collections import Counter

import numpy as np
import pytest

from searchparty.agents.evaluation.children import child_kinds
from searchparty.agents.evaluation.children.pool import ChildPool
from searchparty.agents.evaluation.settings import Evaluation
from searchparty.landscapes.python_function import UserFunction

FUNCTIONS = '''
import os, random, signal, sys, time
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent

def noted(x):
    with open(HERE / "rows", "a") as file:
        file.write(f"{x[0]!r}\\n")

def pid(x):
    time.sleep(0.05)
    return float(os.getpid())

def slow(x):
    time.sleep(0.02)
    return float(x[0])

def hanging(x):
    time.sleep(100)

def treacherous(x):
    """Quick and talkative, but a few rows die or hang and say nothing."""
    noted(x)
    if 0.3 < x[0] < 0.31:
        os._exit(3)
    if 0.6 < x[0] < 0.61:
        time.sleep(100)
    print("words of", x, file=sys.stderr, flush=True)
    return float(x[0])

def drawing(x):
    time.sleep(0.05)
    return float(np.random.random() if x[0] < 0.5 else random.random())

def parricide(x):
    """Kills what it was split off from, once."""
    if x[0] > 0.5 and not (HERE / "killed").exists():
        (HERE / "killed").touch()
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(100)
    return float(x[0])
'''


@pytest.fixture(scope="module")
def functions(tmp_path_factory):
    path = tmp_path_factory.mktemp("fanning") / "functions.py"
    path.write_text(FUNCTIONS)
    return path


@pytest.fixture
def pool_of(functions):
    pools = []

    def make(name, **rules):
        pools.append(ChildPool(UserFunction(function=f"{functions}:{name}", bounds=(0.0, 1.0)), Evaluation(**rules)))
        return pools[-1]

    yield make
    for pool in pools:
        pool.close()


def column(n):
    return np.random.default_rng(n).random((n, 1))


def test_a_batch_takes_its_share_of_the_time(pool_of):
    pool, points = pool_of("slow", workers=16), column(320)
    pool.evaluate(points[:16], False)
    began = time.perf_counter()
    outcome = pool.evaluate(points, False)
    seconds = time.perf_counter() - began
    np.testing.assert_array_equal(outcome.losses, points[:, 0])
    # 320 x 0.02 s / 16 is 0.4 s; in sequence they take 6.4 s.
    assert 0.4 <= seconds < 4


def test_children_are_started_when_a_batch_needs_them_and_are_gone_at_the_end(pool_of):
    pool = pool_of("pid", workers=64)
    first = set(pool.evaluate(column(3), False).losses)
    assert len(first) == 3
    assert set(pool.evaluate(column(2), False).losses) <= first
    assert len(set(pool.evaluate(column(5), False).losses)) == 5
    pool.close()
    for number in first:
        with pytest.raises(ProcessLookupError, match="No such process"):
            os.kill(int(number), 0)


def test_a_batch_that_is_left_leaves_no_row_behind(pool_of):
    pool = pool_of("hanging", workers=3)
    pieces = pool.evaluate_in_pieces(column(3), False)
    signal.signal(signal.SIGALRM, interrupted)
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    with pytest.raises(KeyboardInterrupt, match="by the alarm"):
        next(pieces)
    assert not any(worker.rows or worker.accepts_more for worker in pool._workers)


def interrupted(number, frame):
    raise KeyboardInterrupt("by the alarm")


def test_rows_asked_for_ahead_are_evaluated_once_and_only_the_guilty_fail(functions, pool_of):
    pool, points = pool_of("treacherous", workers=3, timeout=1.0), column(600)
    outcome = pool.evaluate(points, False)
    dying, hanging = (set(np.flatnonzero((low < points[:, 0]) & (points[:, 0] < low + 0.01))) for low in (0.3, 0.6))
    assert dying
    assert hanging
    # The exact text: what other rows have printed is not quoted.
    expected = dict.fromkeys(dying, "took its process down (exit code 3)")
    expected |= dict.fromkeys(hanging, "gave no answer within its time-out of 1 s")
    assert outcome.causes == expected
    good = np.isfinite(outcome.losses)
    np.testing.assert_array_equal(outcome.losses[good], points[good, 0])
    rows = Counter((functions.parent / "rows").read_text().split("\n"))
    rows.pop("")
    assert len(rows) == 600
    assert set(rows.values()) == {1}


def test_children_draw_numbers_of_their_own(pool_of):
    for low in (0.0, 0.5):
        losses = pool_of("drawing", workers=4).evaluate(low + 0.5 * column(4), False).losses
        assert len(set(losses)) == 4


def test_a_stem_that_is_lost_is_no_rows_fault(functions, pool_of):
    pool, points = pool_of("parricide", workers=3), column(200)
    outcome = pool.evaluate(points, False)
    assert (functions.parent / "killed").exists()
    assert outcome.causes == {}
    np.testing.assert_array_equal(outcome.losses, points[:, 0])


def test_children_that_are_started_one_by_one_do_the_same(monkeypatch, pool_of):
    """As on systems without fork."""
    monkeypatch.setattr(child_kinds, "FORKS_CHILDREN", False)
    pool, points = pool_of("slow", workers=2), column(30)
    outcome = pool.evaluate(points, False)
    np.testing.assert_array_equal(outcome.losses, points[:, 0])
