"""The one order of runs: by evaluations to the common target, then by the loss at the common budget."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from summaries import make_summary, reach

from searchparty.experiments.comparison.goals import choose_goal, loosen_loss, round_loss
from searchparty.experiments.comparison.ranking import find_median, judge_runs, rank_outcomes

INF = math.inf


def judge(*runs):
    return judge_runs(runs, choose_goal(runs))


def ranks(*runs):
    return rank_outcomes(judge(*runs)).tolist()


def test_the_run_that_reaches_the_target_in_fewer_evaluations_is_better():
    assert ranks(reach(40), reach(20), reach(None)) == [2.0, 1.0, 3.0]


def test_runs_that_reach_it_at_the_same_evaluation_are_level_however_far_below_it_they_are():
    runs = [make_summary([5, loss], target=1.0, budget=9) for loss in (1.0, 0.5, 0.1, -3.0)]
    assert ranks(*runs) == [2.5] * 4


def test_of_two_that_do_not_reach_it_the_lower_loss_at_the_common_budget_is_better():
    assert ranks(make_summary([9, 5], target=1), make_summary([9, 3], target=1)) == [2.0, 1.0]
    # What the second finds after the common budget does not count.
    assert ranks(make_summary([9, 5], target=1), make_summary([9, 6, 1], target=1)) == [1.0, 2.0]


def test_the_common_target_is_the_loosest_and_the_common_budget_the_least():
    goal = choose_goal([make_summary([2] * 9, target=1e-8), make_summary([2] * 7, target=1e-2)])
    assert (goal.target, goal.budget, goal.origin) == (1e-2, 7, "experiment")


def test_without_a_target_it_is_near_the_known_minimum():
    goal = choose_goal([make_summary([5], minimum=-3.0)])
    assert (goal.target, goal.origin) == (-3.0 + 1e-8, "minimum")


def test_a_target_where_the_minimum_is_unknown_is_a_quantile_and_never_the_best_median():
    runs = [make_summary([value], strategy, place) for strategy in "ab" for place, value in enumerate((1, 2, 3, 4))]
    goal = choose_goal(runs)
    assert goal.origin == "relative"
    assert [share for share, _ in goal.quantiles] == [0.5, 0.25, 0.1]
    assert [round_loss(loss) for _, loss in goal.quantiles] == [2.0, 1.0, 1.0]
    assert goal.target == dict(goal.quantiles)[0.5]
    assert sum(each.reached is not None for each in judge(*runs)) == 4


@pytest.mark.parametrize(("strategies", "share"), [(1, 0.25), (2, 0.5), (3, 1 / 3), (4, 0.25), (8, 0.25)])
def test_a_relative_target_is_reached_by_as_many_runs_as_one_strategy_has_but_by_a_quarter_at_least(strategies, share):
    runs = [make_summary([9 * s + r], f"s{s}", r) for s in range(strategies) for r in range(9)]
    goal = choose_goal(runs)
    assert goal.share == share
    reached = sum(each.reached is not None for each in judge(*runs))
    assert reached == math.ceil(share * len(runs) - 1e-9)
    assert goal.describe() == f"relative: reached by {100 * share:.0f} % of all runs"


def test_nothing_finite_is_no_target_and_no_success():
    outcomes = judge(make_summary([INF, INF]), make_summary([INF]))
    assert [each.reached for each in outcomes] == [None, None]
    assert rank_outcomes(outcomes).tolist() == [1.5, 1.5]


def test_losses_that_differ_after_nine_digits_are_level_and_reach_a_relative_target_alike():
    runs = [make_summary([0.99495905710001]), make_summary([0.99495905710009]), make_summary([0.995])]
    assert [each.reached for each in judge(*runs)] == [1, 1, None]
    assert ranks(*runs)[:2] == [1.5, 1.5]
    gaps = [make_summary([79.48 + gap], minimum=79.48, target=0.0) for gap in (0.1, 0.1 + 1e-12, 0.2)]
    assert ranks(*gaps) == [1.5, 1.5, 3.0]


def test_a_failed_run_has_not_reached_the_target_and_costs_what_it_spent():
    failed = make_summary([5, 4], target=1, budget=9, stopped="evaluation failed: no")
    assert [(each.reached, each.spent) for each in judge(failed, reach(3, 9))] == [(None, 2), (3, 3)]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=9))
def test_a_loosened_loss_is_reached_by_all_that_round_to_it(losses):
    for loss in losses:
        assert round_loss(loss) <= loosen_loss(round_loss(loss))
        assert loss <= loosen_loss(loss)


@given(st.lists(st.lists(st.integers(0, 4).map(float), min_size=3, max_size=3), min_size=2, max_size=6))
def test_the_order_is_transitive_and_ranks_add_up(curves):
    runs = [make_summary(curve, target=1.0, repeat=place) for place, curve in enumerate(curves)]
    outcomes = judge(*runs)
    found = rank_outcomes(outcomes)
    assert found.sum() == len(runs) * (len(runs) + 1) / 2
    order = np.argsort(found, kind="stable")
    keys = [outcomes[place].key for place in order]
    assert keys == sorted(keys)
    assert find_median(outcomes).key == sorted(each.key for each in outcomes)[(len(runs) - 1) // 2]


@pytest.mark.parametrize("change", [lambda x: 1e9 * x - 5e8, lambda x: 1e-9 * x, np.exp])
def test_the_order_does_not_depend_on_the_scale_of_losses(change):
    curves = [(3.0, 0.5), (2.0, 0.2), (0.5, 0.5), (4.0, 3.0)]
    plain = ranks(*(make_summary(curve) for curve in curves))
    assert plain == ranks(*(make_summary([change(loss) for loss in curve]) for curve in curves))
