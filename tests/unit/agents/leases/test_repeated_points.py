"""Points that are repeated, and which is best on the mean."""

import numpy as np
import pytest

from searchparty.agents.agent import Rows
from searchparty.agents.leases.repeated_points import RepeatedPoints, find_repeated


def repeat(*told):
    repeated = RepeatedPoints()
    for row, (x, loss) in enumerate(told):
        repeated.add(np.array([x]), row, loss)
    return repeated


@pytest.mark.parametrize(
    ("told", "choice"),
    [
        ([], None),
        ([(0.1, 1.0), (0.1, 2.0)], None),
        ([(0.1, 3.0), (0.2, 2.0), (0.1, 1.0), (0.2, 2.5)], (2.0, 0)),
        # Once is less than half of three times.
        ([(0.1, 3.0), (0.2, -9.0), (0.1, 1.0), (0.1, 2.0), (0.3, 2.5), (0.3, 2.5)], (2.0, 0)),
        ([(0.1, np.inf), (0.2, np.inf)], None),
        ([(0.1, 1.0), (0.2, -9.0), (0.1, 1.0), (0.2, np.inf)], (1.0, 0)),
    ],
)
def test_the_choice_is_the_least_mean_of_what_was_repeated_often(told, choice):
    assert repeat(*told).choose() == choice


def test_only_rows_that_have_arrived_and_occur_again_are_repeats():
    points = np.array([[0.5], [0.1], [np.nan], [0.1], [0.2], [0.2]])
    rows = Rows(4, points, np.array([-9.0, 1.0, np.nan, 3.0, 4.0, 2.0]), gaps=(6,))
    repeated = find_repeated(rows)
    assert repeated.rows == [5, 8]
    assert repeated.choose() == (2.0, 5)
