"""When the rows of a lease are passed on."""

import math

import numpy as np

from searchparty.agents.agent import Lease, Region
from searchparty.agents.evaluation.evaluator import EvaluationResult
from searchparty.agents.leases import flush_timer
from searchparty.agents.leases.flush_timer import FlushTimer
from searchparty.agents.leases.ledger import Ledger


def test_rows_are_passed_on_once_and_the_next_interval_starts(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(flush_timer.time, "monotonic", lambda: now[0])
    timer = FlushTimer(0.25)
    assert timer.next_flush == 100.25
    ledger = Ledger(Lease(0, "it", 5, Region.whole(2), "test", fresh=True), 2, None)
    ledger.enter(np.full((3, 2), 0.5), EvaluationResult(np.arange(3.0), None, {}), 1)
    now[0] = 101.0
    (rows,) = timer.flush_rows(ledger)
    assert rows.losses.tolist() == [0.0, 1.0, 2.0]
    assert timer.next_flush == 101.25
    assert timer.flush_rows(ledger) == []


def test_an_infinite_interval_never_ends():
    assert FlushTimer(math.inf).next_flush == math.inf
