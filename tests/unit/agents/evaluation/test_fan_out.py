"""How many children share a batch, and how many rows each holds."""

import os

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchparty.agents.evaluation.children.batch import RowQueue, failed_row, join_answers
from searchparty.agents.evaluation.children.pool import count_workers
from searchparty.agents.evaluation.children.prefetch import Prefetch
from searchparty.agents.evaluation.evaluator import EvaluationResult
from searchparty.agents.evaluation.settings import Evaluation
from searchparty.experiments.spec.errors import SpecError
from searchparty.experiments.spec.load import loads_yaml
from searchparty.experiments.spec.schema import experiment_schema

BASE = "name: x\nbudget: 50\nlandscapes: [{kind: sphere}]\nstrategies: {a: {agents: [random]}}\n"


def test_auto_is_one_child_a_cpu_that_this_process_may_use(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 3, 5}, raising=False)
    assert count_workers(loads_yaml(BASE + "evaluation: {workers: auto}\n").evaluation) == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    assert count_workers(Evaluation(workers="auto")) == 7
    assert [count_workers(Evaluation(workers=given)) for given in (None, 1, 64)] == [1, 1, 64]


def test_auto_is_in_children_and_decides_no_finding():
    assert Evaluation(workers="auto").isolated
    assert Evaluation(workers="auto", retries=3).settings == Evaluation(workers=4, retries=3).settings == {"retries": 3}


@pytest.mark.parametrize("given", ["0", "257", "many", "2.5", "[2]"])
def test_a_number_of_workers_that_is_none_is_refused(given):
    shown = repr(given) if given == "many" else given.replace(" ", "")
    with pytest.raises(SpecError, match="^evaluation.workers must be") as refused:
        loads_yaml(BASE + f"evaluation: {{workers: {given}}}\n")
    assert str(refused.value) == (
        f'evaluation.workers must be a whole number from 1 to 256 or "auto", got {shown} (<text>:5). '
        "Write e.g. 4, or auto for one per CPU."
    )


OTHER_TYPE = "is not (valid under any of the given schemas|of type 'integer')"
"""How a schema refuses what is neither a number nor "auto", in new and in old versions of pydantic."""


def test_the_schema_says_the_same():
    own = experiment_schema()["properties"]["evaluation"]
    for good in (1, 256, "auto", None):
        jsonschema.validate({"workers": good}, own)
    for bad, why in ((0, "the minimum"), (257, "the maximum"), ("many", OTHER_TYPE), (2.5, OTHER_TYPE)):
        with pytest.raises(jsonschema.ValidationError, match=why):
            jsonschema.validate({"workers": bad}, own)


def test_quick_rows_are_asked_for_ahead_and_slow_ones_one_by_one():
    ahead = Prefetch(64)
    assert ahead.prefetch_depth(10_000, 4) == 1
    for _ in range(200):
        ahead.record_duration(4, 0.004)
    assert ahead.prefetch_depth(10_000, 4) == 51
    assert 0.0 < ahead.pause_seconds(10_000, 4) <= 0.005
    # Half of a child's share of the remaining rows, besides the row that it is working on.
    assert ahead.prefetch_depth(80, 4) == 11
    assert ahead.prefetch_depth(7, 4) == 1
    for _ in range(200):
        ahead.record_duration(1, 0.1)
    assert ahead.prefetch_depth(10_000, 4) == 1
    assert ahead.pause_seconds(10_000, 4) == 0.0


def test_a_program_of_the_users_is_never_asked_ahead():
    ahead = Prefetch(1)
    ahead.record_duration(100, 0.0001)
    assert (ahead.prefetch_depth(10_000, 4), ahead.pause_seconds(10_000, 4)) == (1, 0.0)


@given(st.integers(0, 40), st.lists(st.integers(1, 9)), st.data())
def test_every_row_is_handed_out_until_it_is_not_put_back(size, takes, data):
    pending, out = RowQueue(size), []
    for most in [*takes, *[9] * size]:
        if not len(pending):
            break
        first, count = pending.take_rows(most)
        assert 1 <= count <= most
        rows = list(range(first, first + count))
        back = rows[1:] if data.draw(st.booleans()) else []
        pending.put_back_rows(back)
        out += [row for row in rows if row not in back]
        assert len(pending) == size - len(out)
    while len(pending):
        first, count = pending.take_rows(9)
        out += range(first, first + count)
    assert sorted(out) == list(range(size))


def test_answers_side_by_side_are_one_piece():
    bad = failed_row("raised OSError: no licence")
    pieces = list(join_answers([(4, 0.5), (5, 0.25), (6, bad), (7, 1.0), (2, 3.0)]))
    assert [(first, found.losses.tolist()) for first, found in pieces] == [
        (4, [0.5, 0.25]), (6, [float("inf")]), (7, [1.0]), (2, [3.0]),
    ]  # fmt: skip
    assert all(isinstance(found, EvaluationResult) for _, found in pieces)
    assert pieces[1][1].causes == {0: "raised OSError: no licence"}
