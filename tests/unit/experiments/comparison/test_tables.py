"""Tables of a comparison, against values worked out by hand."""

import math

import pytest
from summaries import make_summary, reach

from searchparty.experiments.comparison import profiles, tables
from searchparty.experiments.comparison.comparison import compare_runs
from searchparty.experiments.comparison.problems import form_problems

INF = math.inf


def row_of(table, **wanted):
    (row,) = table.where(**wanted).rows()
    return row


def compare(*runs):
    return tables.make_comparison_table(form_problems(runs))


def test_running_times_and_success():
    # Reached at 2 and at 4 evaluations; the third run spent 5 without reaching it: (2 + 4 + 5) / 2.
    row = row_of(compare(*(reach(hit, 5, repeat=r) for r, hit in enumerate((2, 4, None)))))
    assert (row["ert"], row["median_evaluations"]) == (5.5, 3.0)
    assert (row["successes"], row["success_rate"]) == (2, pytest.approx(2 / 3))
    assert 0 < row["success_low"] < 2 / 3 < row["success_high"] < 1
    assert (row["target_from"], row["target"]) == ("set by the experiment", 1.0)


def test_without_a_success_there_is_no_running_time():
    row = row_of(compare(make_summary([9, 8], target=1)))
    assert (row["ert"], row["median_evaluations"], row["successes"]) == (None, None, 0)


def test_a_relative_target_has_no_success_rate():
    row = row_of(compare(make_summary([9]), make_summary([8], "t")), strategy="t")
    assert (row["successes"], row["success_rate"], row["success_low"]) == (None, None, None)
    assert row["target_from"] == "relative: reached by 50 % of all runs"


def test_a_run_that_found_nothing_is_no_success():
    row = row_of(compare(make_summary([INF, INF])))
    assert (row["successes"], row["median"], row["best"], row["ert"]) == (None, INF, INF, None)


def test_results_are_gaps_where_the_minimum_is_known():
    row = row_of(compare(make_summary([-8], minimum=-10.0)))
    assert (row["quantity"], row["median"]) == ("gap", 2.0)
    row = row_of(compare(make_summary([-8])))
    assert (row["quantity"], row["median"]) == ("loss", -8.0)


def test_gaps_of_instances_are_pooled_and_losses_are_not():
    runs = [make_summary([m + g], landscape=f"b i{n}", instance=n, minimum=m) for n, m, g in ((1, 99, 1), (2, -9, 3))]
    row = row_of(compare(*runs))
    assert (row["runs"], row["instances"], row["best"], row["median"]) == (2, 2, 1.0, 2.0)
    assert row["target"] == pytest.approx(1e-8, rel=1e-3)
    runs = [make_summary([m], landscape=f"b i{n}", instance=n) for n, m in ((1, 99), (2, -9))]
    row = row_of(compare(*runs))
    assert (row["quantity"], row["median"], row["target"]) == ("loss", None, None)


def test_ranks_are_those_of_the_one_order_and_share_ties():
    ranks = {row["strategy"]: row["rank"] for row in compare(reach(5, strategy="a"), reach(5, strategy="b"),
                                                              reach(2, strategy="c")).rows()}  # fmt: skip
    assert ranks == {"a": 2.5, "b": 2.5, "c": 1.0}


def clear(strategy, hit, landscape="bowl"):
    return [reach(hit + r, strategy=strategy, landscape=landscape, repeat=r) for r in range(5)]


def test_ranks_are_of_repeats_that_all_have():
    runs = [reach(50, strategy="a", repeat=r) for r in range(10)]
    runs += [reach(hit, strategy="b", repeat=r) for r, hit in enumerate((20, 20, 80))]
    ranks = {row["strategy"]: row["rank"] for row in compare(*runs).rows()}
    assert ranks == {"a": pytest.approx(5 / 3), "b": pytest.approx(4 / 3)}


def test_a_stop_target_without_a_known_minimum_is_a_target():
    runs = [reach(9, strategy=s, repeat=r) for s in "ab" for r in range(2)]
    rows = profiles.make_targets_table(form_problems(runs)).rows()
    assert [(row["gap"], row["quantile"], row["share"]) for row in rows] == [(None, None, 1.0)] * 2
    assert profiles.make_runtimes_table(form_problems(runs)).rows()[-1]["share"] == 1.0


def test_profiles_reach_to_the_end_of_the_budget():
    runs = [reach(100, repeat=r) for r in range(2)]
    assert profiles.make_profiles_table(form_problems(runs)).rows()[-1]["share"] == 1.0
    late = [make_summary([5.0] * 100 + [0.0], minimum=0.0)]
    assert profiles.make_runtimes_table(form_problems(late)).rows()[-1]["share"] == 1.0


def test_few_problems_are_no_disagreement_of_tests():
    one = compare_runs(clear("a", 1) + clear("b", 50))
    assert one.verdicts[0].decision == "worse"
    assert tables.find_disagreement(one, tables.make_rank_tests_table(one)) == []


def test_standings_over_problems():
    runs = clear("a", 1) + clear("b", 50) + clear("a", 50, "hill") + clear("b", 1, "hill") + clear("b", 3, "pit")
    table = tables.make_standings_table(compare_runs(runs))
    a, b = row_of(table, strategy="a"), row_of(table, strategy="b")
    assert (a["problems"], a["led"], a["solved"], a["mean_rank"]) == (2, 1, 2, 1.5)
    assert (b["problems"], b["led"], b["solved"], b["mean_rank"]) == (3, 1, 3, pytest.approx(4 / 3))


def test_each_problem_is_tested_against_the_baseline():
    runs = clear("a", 1) + clear("b", 50) + clear("c", 1) + clear("a", 1, "few")[:4] + clear("b", 50, "few")[:4]
    table = tables.make_tests_table(compare_runs(runs))
    row = row_of(table, problem="bowl", strategy="b")
    # 2 of 252 assignments are as extreme; Holm multiplies by the two tests that were made.
    assert (row["effect"], row["p"], row["verdict"]) == (0.0, pytest.approx(2 * 2 / 252), "worse")
    assert row_of(table, strategy="c")["verdict"] == "no difference shown"
    few = row_of(table, problem="few")
    assert (few["p"], few["verdict"], few["effect"]) == (None, "too few runs", 0.0)


def test_four_runs_that_reach_the_target_together_are_level():
    runs = [make_summary([5, 0.9 - r / 10], s, r, target=1.0, budget=9) for r in range(4) for s in "ab"]
    row = row_of(tables.make_tests_table(compare_runs(runs)))
    assert row["effect"] == 0.5
    assert compare_runs(runs).verdicts[0].ratio.estimate == 1.0


def test_pairs_are_tested_over_problems():
    runs = [run for p in range(8) for s, hit in (("a", 5), ("b", 40), ("c", 60)) for run in clear(s, hit, f"p{p}")]
    table = tables.make_rank_tests_table(compare_runs(runs))
    row = row_of(table, first="a", second="b")
    # All eight differences have one sign: 2 / 2^8, times the three pairs.
    assert row["p"] == pytest.approx(3 * 2 / 256)
    assert row["better"] > 0.99
    assert row["friedman_p"] < 0.001


def test_ratios_say_what_is_only_bounded():
    runs = [*clear("a", 1), *(reach(None, strategy="b", repeat=r) for r in range(5)), *clear("c", 1)]
    rows = {row["strategy"]: row for row in tables.make_ratios_table(compare_runs(runs)).rows()}
    assert (rows["b"]["bound"], rows["b"]["ratio"]) == ("strategy", pytest.approx(500 / 3))
    assert (rows["c"]["bound"], rows["c"]["ratio"]) == ("", 1.0)


def test_verdicts_as_rows():
    compared = compare_runs(clear("a", 50) + clear("b", 1))
    row = row_of(tables.make_verdicts_table(compared))
    assert (row["strategy"], row["baseline"], row["verdict"]) == ("b", "a", "better")
    assert row["ratio"] == pytest.approx(3 / 52)
    assert (row["solved_by_both"], row["solved_alone"], row["area"]) == (1, 0, None)


def test_fixed_targets_count_the_runs_that_came_so_close():
    runs = [make_summary([5, 0.05], minimum=0.0), make_summary([50, 7], repeat=1, minimum=0.0)]
    table = profiles.make_targets_table(form_problems(runs))
    # The first at 1 evaluation, the second at 2.
    assert (row_of(table, gap=10.0)["share"], row_of(table, gap=10.0)["evaluations"]) == (1.0, 1.5)
    assert (row_of(table, gap=0.1)["share"], row_of(table, gap=0.1)["ert"]) == (0.5, 4.0)
    assert row_of(table, gap=1e-8)["evaluations"] is None


def test_unknown_minima_have_targets_by_quantile():
    runs = [make_summary([9, value], repeat=r) for r, value in enumerate((4, 3, 2, 1))]
    table = profiles.make_targets_table(form_problems(runs))
    assert [(row["quantile"], row["share"]) for row in table.rows()] == [(0.5, 0.5), (0.25, 0.25), (0.1, 0.25)]


def test_fixed_budgets_by_hand():
    runs = [make_summary([float(100 - k) for k in range(70)], minimum=0.0, repeat=r) for r in range(2)]
    table = profiles.make_budgets_table(form_problems(runs))
    assert [(row["evaluations"], row["median"]) for row in table.rows()] == [(20, 81.0), (60, 41.0), (70, 31.0)]


def test_distributions_of_running_times():
    runs = [make_summary([1e-9], "a", minimum=0.0, budget=50), make_summary([1e3], "b", minimum=0.0, budget=50)]
    table = profiles.make_runtimes_table(form_problems(runs))
    assert {row["group"] for row in table.rows()} == {"sphere", "all"}
    last = table.where(group="all").rows()[-1]
    assert (last["strategy"], last["share"]) == ("b", 0.0)
    assert max(row["share"] for row in table.where(strategy="a").rows()) == 1.0


def test_data_profiles_count_simplex_gradients():
    runs = [reach(hit, strategy="a", repeat=r) for r, hit in enumerate((3, None))]
    rows = profiles.make_profiles_table(form_problems(runs)).rows()
    # Two axes: three evaluations are one simplex gradient.
    assert (rows[0]["simplex_gradients"], rows[0]["share"]) == (1.0, 0.5)
    assert rows[-1]["share"] == 0.5


def test_tables_of_nothing_are_empty():
    compared = compare_runs([])
    for make in (tables.make_verdicts_table, tables.make_standings_table, tables.make_tests_table,
                 tables.make_rank_tests_table, tables.make_ratios_table):  # fmt: skip
        assert len(make(compared)) == 0
    for make in (tables.make_comparison_table, profiles.make_targets_table, profiles.make_budgets_table,
                 profiles.make_runtimes_table):  # fmt: skip
        assert len(make([])) == 0
