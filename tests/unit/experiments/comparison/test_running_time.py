"""Measures against values worked out by hand or published."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from summaries import make_summary

from searchparty.experiments.comparison.problems import form_problems
from searchparty.experiments.comparison.running_time import (
    TARGET_GAPS,
    area_over_convergence,
    area_over_time,
    data_profile,
    expected_running_time,
    find_running_times,
    measure_areas,
    median_of_successes,
    runtime_distribution,
    wilson_interval,
)
from searchparty.experiments.comparison.tables import make_comparison_table


def test_expected_running_time_is_all_evaluations_over_successes():
    assert expected_running_time([2, 4, None], [2, 4, 5]) == 5.5
    assert expected_running_time([None], [7]) is None


def test_the_median_of_successes_leaves_failures_out():
    assert median_of_successes([2, 4, None]) == 3.0
    assert median_of_successes([None]) is None


def test_wilson_interval_is_that_of_the_literature():
    # Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3.
    for successes, runs, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611),
                                       (1, 29, 0.0061, 0.1718)):  # fmt: skip
        assert wilson_interval(successes, runs) == pytest.approx((low, high), abs=5e-5)
    assert wilson_interval(9, 9)[1] == 1.0


@given(st.integers(1, 60), st.data())
def test_the_ends_of_a_wilson_interval_solve_its_equation(runs, data):
    successes = data.draw(st.integers(0, runs))
    # The ends are the rates p with (p - rate)^2 = z^2 p (1 - p) / n.
    z2, rate = 1.959963984540054**2 / runs, successes / runs
    roots = np.sort(np.roots([1 + z2, -2 * rate - z2, rate**2]).real)
    assert wilson_interval(successes, runs) == pytest.approx(np.clip(roots, 0, 1), abs=1e-6)


def test_there_are_51_targets_from_100_to_1e_8():
    assert len(TARGET_GAPS) == 51
    assert TARGET_GAPS[[0, -1]] == pytest.approx([1e2, 1e-8])


def test_running_times_to_gaps():
    run = make_summary([7, 3, 9, 1.05], minimum=1.0)
    assert find_running_times(run, 1.0, np.array([10.0, 2.0, 0.1, 0.01])).tolist() == [1, 2, 4, np.inf]


def test_distribution_and_data_profile():
    assert runtime_distribution(np.array([[1, 10], [np.inf, 5]]), np.array([1, 5, 1e9])).tolist() == [0.25, 0.5, 0.75]
    # More & Wild 2009, equation 2.3: a problem in D axes costs D + 1 evaluations a simplex gradient.
    profile = data_profile(np.array([30.0, 60.0, np.inf]), np.array([2, 5, 5]), np.array([9.0, 10.0]))
    assert profile.tolist() == [0.0, pytest.approx(2 / 3)]


def test_area_over_convergence_by_hand():
    # Gaps 1e2, 1e-3, 1e-8 at evaluations 1, 2, 4: heights 0, 0.5, 0.5, 1, and 1 until the end of the budget.
    run = make_summary([100, 1e-3, 5, 1e-8], minimum=0.0, budget=6)
    assert area_over_convergence(run, 0.0, 6) == pytest.approx((0 + 0.5 + 0.5 + 1 + 1 + 1) / 6)
    assert area_over_convergence(run, 0.0, 3) == pytest.approx(1 / 3)
    assert area_over_convergence(make_summary([np.inf]), 0.0, 5) == 0.0


def test_at_lease_ends_a_point_counts_when_its_lease_has_ended():
    # The same run in leases of 3 evaluations: nothing is known until 3, where 1e-3 is, and 1e-8 from 6 on.
    run = make_summary([100, 1e-3, 5, 1e-8, 7, 9], minimum=0.0, leases=[3, 6])
    assert area_over_convergence(run, 0.0, 6) == pytest.approx((0 + 0.5 + 0.5 + 1 + 1 + 1) / 6)
    assert area_over_convergence(run, 0.0, 6, at_lease_ends=True) == pytest.approx((0 + 0 + 0.5 + 0.5 + 0.5 + 1) / 6)
    # Beyond the budget nothing counts.
    assert area_over_convergence(run, 0.0, 5, at_lease_ends=True) == pytest.approx((0 + 0 + 0.5 + 0.5 + 0.5) / 5)


def test_area_in_simulated_time_by_hand():
    # Two workers: the lease with 1e-8 is collected after 2 s, that with 1e-3 after 4 s, too late to matter.
    run = make_summary([1e-3, 1e-8], minimum=0.0, leases=[1, 2], seconds=[4.0, 2.0])
    assert area_over_time(run, 0.0, 8.0, 2) == pytest.approx(1 - 2 / 8)
    # 1e-8 is beyond the common budget: from 4 s on, half of the height.
    assert area_over_time(run, 0.0, 8.0, 1) == pytest.approx(0.5 * 4 / 8)
    assert area_over_time(run, 0.0, 1.0, 2) == 0.0
    # Without times, or if evaluations take none, there is no area in time.
    assert area_over_time(make_summary([1.0]), 0.0, 8.0, 2) is None
    assert area_over_time(make_summary([1.0], seconds=[0.0]), 0.0, 0.0, 2) is None
    assert area_over_time(make_summary([1.0], seconds=[1e307]), 0.0, np.inf, 2) is None


@given(st.lists(st.tuples(st.floats(1e-9, 1e3), st.integers(1, 20)), min_size=1, max_size=9), st.integers(1, 25))
def test_the_area_in_time_is_the_mean_of_the_heights_at_each_second(leases, horizon):
    losses, seconds = [loss for loss, _ in leases], [float(end) for _, end in leases]
    run = make_summary(losses, minimum=0.0, seconds=seconds)
    heights = [
        max(((2 - np.log10(np.clip(loss, 1e-8, 1e2))) / 10 for loss, end in leases if end <= second), default=0.0)
        for second in range(horizon)
    ]
    assert area_over_time(run, 0.0, float(horizon), len(losses)) == pytest.approx(np.mean(heights), abs=1e-12)


def test_areas_of_a_problem_are_measured_until_the_longest_run_has_ended():
    # The team needs half of the seconds for the same evaluations; alone, both would have the same area.
    team = make_summary([1e-3, 1e-8], "team", minimum=0.0, seconds=[1.0, 1.0])
    alone = make_summary([1e-3, 1e-8], "alone", minimum=0.0, seconds=[1.0, 2.0])
    (problem,) = form_problems([team, alone])
    assert problem.goals["bowl"].seconds == 2.0
    found = {name: measure_areas(problem, outcomes, "seconds") for name, outcomes in problem.outcomes.items()}
    assert found["team"] == pytest.approx([0.5])
    assert found["alone"] == pytest.approx([0.25])
    rows = {row["strategy"]: row for row in make_comparison_table([problem]).rows()}
    assert (rows["team"]["area_in_time"], rows["alone"]["area_in_time"]) == pytest.approx((0.5, 0.25))
    assert rows["team"]["area"] == rows["alone"]["area"] == pytest.approx(0.75)


@given(st.lists(st.floats(1e-9, 1e3), min_size=1, max_size=20), st.integers(1, 30))
def test_the_area_is_the_mean_of_the_heights_at_each_evaluation(losses, budget):
    best = make_summary(losses).best_at(np.arange(1, budget + 1))
    heights = (2 - np.log10(np.clip(best, 1e-8, 1e2))) / 10
    assert area_over_convergence(make_summary(losses), 0.0, budget) == pytest.approx(heights.mean(), abs=1e-12)
