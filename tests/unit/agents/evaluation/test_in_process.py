"""Evaluation in this process."""

import numpy as np
import pytest

from searchparty.agents.evaluation.in_process import LAID_OUT_SIZE, InProcessEvaluator
from searchparty.landscapes.landscape import Space


class SeenPoints:
    """A problem that keeps the points that it is given."""

    def __init__(self, dimension):
        rng = np.random.default_rng(dimension)
        lower = rng.uniform(-100, 100, dimension)
        self.space = Space(lower, lower + rng.uniform(1e-9, 1e9, dimension))
        self.seen = []

    def evaluate(self, points):
        self.seen.append(points)
        return points[:, 0].copy()


@pytest.mark.parametrize("dimension", [1, 3, LAID_OUT_SIZE // 2, LAID_OUT_SIZE + 1])
def test_batches_of_any_size_are_converted_as_the_space_converts_them(dimension):
    problem = SeenPoints(dimension)
    evaluator = InProcessEvaluator(problem)
    rng = np.random.default_rng(0)
    for rows in (1, 2, 7, 1, LAID_OUT_SIZE // dimension + 1, 2, 1):
        cube = rng.random((rows, dimension))
        cube[0] = 1.0
        before = cube.copy()
        found = evaluator.evaluate(cube, False)
        assert problem.seen[-1].tobytes() == problem.space.to_box(cube).tobytes()
        assert found.losses.tolist() == problem.seen[-1][:, 0].tolist()
        assert cube.tobytes() == before.tobytes()


def test_what_an_objective_does_to_its_points_changes_nothing():
    problem = SeenPoints(2)
    evaluator = InProcessEvaluator(problem)
    cube = np.full((3, 2), 0.25)
    for _ in range(2):
        evaluator.evaluate(cube, False)
        assert problem.seen[-1].tobytes() == problem.space.to_box(cube).tobytes()
        problem.seen[-1][:] = 7.0
