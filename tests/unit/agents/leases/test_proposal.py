"""Proposals: what stands for the losses of skipped rows."""

import numpy as np

from searchparty.agents.leases.proposal import WorstLoss


def test_the_worst_loss_so_far_stands_for_skipped_rows_alone():
    worst = WorstLoss()
    unknown = np.array([np.inf])
    assert worst.replace_skipped(unknown, [0]) is unknown
    told = np.array([1.0, np.inf, np.inf, 5.0])
    np.testing.assert_array_equal(worst.replace_skipped(told, [1]), [1.0, 5.0, np.inf, 5.0])
    np.testing.assert_array_equal(told, [1.0, np.inf, np.inf, 5.0])
    np.testing.assert_array_equal(worst.replace_skipped(np.array([2.0, np.inf]), [1]), [2.0, 5.0])
