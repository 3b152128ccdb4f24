"""Limits of evaluation at the ends of their ranges: what is allowed works, what cannot work is refused in words."""

import sys

import numpy as np
import pytest
from pydantic import ValidationError

from searchparty.agents.evaluation.children.pool import ChildPool
from searchparty.agents.evaluation.settings import MOST_MEMORY_BYTES, Evaluation
from searchparty.landscapes.classics import Sphere
from searchparty.landscapes.command import Command
from searchparty.landscapes.process.line_pipe import LONGEST_PAUSE

PROGRAM = """\
import json, sys
for line in sys.stdin:
    print(json.dumps({"id": json.loads(line)["id"], "loss": 2.5}), flush=True)
"""


@pytest.mark.parametrize(
    "timeout",
    [
        2**31 / 1000 + 1,
        float(np.finfo(float).max),
        *(pytest.param(seconds, marks=pytest.mark.extras) for seconds in (LONGEST_PAUSE + 1, 1e300)),
    ],
)
def test_a_row_may_have_any_time(timeout):
    """Above 24 days, the operating system is asked to wait for less, again and again."""
    pool = ChildPool(Sphere(dimension=2), Evaluation(timeout=timeout))
    try:
        assert pool.evaluate(np.array([[0.5, 0.5], [0.0, 0.5]]), False).losses.tolist() == [0.0, 5.12**2]
    finally:
        pool.close()


@pytest.mark.parametrize("startup", [1e-3 + LONGEST_PAUSE, 1e300])
def test_a_program_may_have_any_time_to_start(startup):
    landscape = Command(bounds=((0, 1), (0, 1)), command=(sys.executable, "-c", PROGRAM), startup=startup)
    pool = ChildPool(landscape, Evaluation())
    try:
        assert pool.evaluate(np.full((1, 2), 0.5), False).losses.tolist() == [2.5]
    finally:
        pool.close()


@pytest.mark.parametrize("memory", [10**25, "99999999999999999999 TB", str(MOST_MEMORY_BYTES + 1000), "1000001 TB"])
def test_memory_that_no_system_can_be_told_of_is_refused(memory):
    with pytest.raises(ValidationError, match="memory must be .*at least 64 MB and at most 1,000,000 TB, got"):
        Evaluation(memory=memory)


def test_the_most_memory_is_a_limit_as_any_other():
    pool = ChildPool(Sphere(dimension=2), Evaluation(memory=MOST_MEMORY_BYTES))
    try:
        assert pool.evaluate(np.full((1, 2), 0.5), False).losses.tolist() == [0.0]
    finally:
        pool.close()
