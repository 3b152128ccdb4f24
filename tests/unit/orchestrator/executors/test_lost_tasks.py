"""Which processes that are lost with a task on Ray speak against the row that it evaluated."""

import numpy as np
import pytest
from ray.exceptions import NodeDiedError, ObjectLostError, OutOfMemoryError, WorkerCrashedError

from searchparty.agents.evaluation.evaluator import CannotEvaluate
from searchparty.orchestrator.executors.on_ray import task_evaluator
from searchparty.orchestrator.executors.on_ray.task_evaluator import PartLosses, TaskEvaluator, _BatchLost
from searchparty.orchestrator.executors.process_losses import LOSSES_PER_ROW, MOST_STUCK, ROW_LOST

ROW, BATCH = np.zeros((1, 2)), np.zeros((3, 2))


@pytest.fixture
def lose(monkeypatch):
    """Return the result of a task after processes were lost in these ways."""
    evaluator = TaskEvaluator.__new__(TaskEvaluator)
    evaluator._in_children = False

    def work(rows, *errors):
        losses, found = PartLosses(), None
        for error in errors:

            def raises(task, error=error):
                raise error

            monkeypatch.setattr(task_evaluator.ray, "get", raises)
            found = evaluator._get_result(None, rows, 0, losses)
        return found

    return work


@pytest.mark.parametrize("error", [WorkerCrashedError(), OutOfMemoryError("full")])
def test_a_row_fails_once_three_processes_were_lost_without_their_nodes(lose, error):
    assert lose(ROW, *[error] * (LOSSES_PER_ROW - 1)) is None
    found = lose(ROW, *[error] * LOSSES_PER_ROW)
    assert found.losses.tolist() == [np.inf]
    assert found.causes == {0: ROW_LOST}


@pytest.mark.parametrize("error", [NodeDiedError("gone"), ObjectLostError("id", None, "")])
def test_a_node_that_is_lost_does_not_speak_against_the_row(lose, error):
    assert lose(ROW, *[error] * (MOST_STUCK - 1)) is None
    with pytest.raises(CannotEvaluate, match=f"lost {MOST_STUCK} processes in a row"):
        lose(ROW, *[error] * MOST_STUCK)


def test_losses_of_both_kinds_are_counted_apart(lose):
    assert lose(ROW, *[NodeDiedError("gone"), WorkerCrashedError()] * (LOSSES_PER_ROW - 1)) is None


def test_a_batch_is_taken_apart_after_two_losses(lose):
    assert lose(BATCH, WorkerCrashedError(), NodeDiedError("gone")) is None
    with pytest.raises(_BatchLost, match="^$"):
        lose(BATCH, WorkerCrashedError(), WorkerCrashedError())
