"""Verdicts over problems: what decides, what is never dropped, and what stays open."""

import math
from dataclasses import replace
from math import exp, log

import numpy as np
import pytest
from summaries import make_summary, reach, simulate

from searchparty.experiments.comparison.bootstrap import FEW_PROBLEMS, Interval
from searchparty.experiments.comparison.comparison import compare_runs
from searchparty.experiments.comparison.problems import form_problems
from searchparty.experiments.comparison.verdict import choose_headline, decide, judge_against, judge_pair
from searchparty.landscapes.landscape import Refusal


def make_runs(times, budget=1000, **more):
    """Return runs of strategies on problems: ``times`` has, for each strategy, a list of hits for each problem."""
    return [
        reach(hit, budget, strategy=strategy, landscape=f"p{place}", repeat=repeat, **more)
        for strategy, problems in times.items()
        for place, hits in enumerate(problems)
        for repeat, hit in enumerate(hits)
    ]


def judge(times, first="a", second="b", **more):
    return judge_pair(form_problems(make_runs(times, **more)), first, second)


FAST, SLOW = (10, 12, 9, 11, 10), (100, 90, 110, 100, 95)


def test_a_clear_difference_is_settled_either_way():
    verdict = judge({"a": [FAST] * 3, "b": [SLOW] * 3})
    assert (verdict.decision, verdict.basis, verdict.both) == ("better", "running times", 3)
    assert verdict.ratio.estimate == pytest.approx(52 / 495)
    assert verdict.ratio.low < verdict.ratio.estimate < verdict.ratio.high < 0.9
    assert judge({"a": [SLOW] * 3, "b": [FAST] * 3}).decision == "worse"


def test_the_ratio_is_the_geometric_mean_over_problems():
    verdict = judge({"a": [(10,) * 5, (90,) * 5], "b": [(40,) * 5, (10,) * 5]})
    assert verdict.ratio.estimate == pytest.approx(math.sqrt(0.25 * 9))


def test_reaching_a_loose_target_earlier_decides_and_the_final_loss_does_not():
    """A stops at 1e-8 and B at 1e-2: each has reached the common target, and neither wins by its loss."""
    strict = [
        make_summary([79.48 + 5e-3] * 20 + [79.48 + 1e-9], "a", r, minimum=79.48, target=79.48 + 1e-8, budget=50)
        for r in range(6)
    ]
    loose = [make_summary([79.48 + 5e-3], "b", r, minimum=79.48, target=79.48 + 1e-2, budget=50) for r in range(6)]
    verdict = judge_pair(form_problems(strict + loose), "a", "b")
    assert verdict.decision == "equivalent"
    assert verdict.ratio.estimate == 1.0


def test_equal_runs_are_equivalent():
    verdict = judge({"a": [FAST] * 3, "b": [FAST] * 3})
    assert verdict.ratio.estimate == 1.0
    same = judge({"a": [(10,) * 5] * 3, "b": [(10,) * 5] * 3})
    assert (same.decision, same.ratio.low, same.ratio.high) == ("equivalent", 1.0, 1.0)


def make_twins(hits, landscape="p0"):
    """Return runs of two strategies that tried the same points, which reach the target after such different times."""
    return [
        reach(hit, 1000, strategy=strategy, landscape=landscape, repeat=repeat, digest=f"{landscape} {repeat}")
        for strategy in "ab"
        for repeat, hit in enumerate(hits)
    ]


def test_runs_that_are_equal_to_the_last_bit_do_not_differ_however_much_they_vary():
    varied = (3, 40, 600, 9, 200)
    unlike = judge({"a": [varied], "b": [varied]})
    assert (unlike.decision, unlike.twins) == ("not settled", 0)
    same = judge_pair(form_problems(make_twins(varied)), "a", "b")
    assert (same.decision, same.twins) == ("equivalent", 5)
    assert (same.ratio, same.bounded) == (Interval(1.0, 1.0, 1.0), Interval(1.0, 1.0, 1.0))
    assert same.turn() == replace(same, first="b", second="a")
    # One run of another problem that differs, or too few runs.
    other = judge_pair(form_problems(make_twins(varied) + make_runs({"a": [[], varied], "b": [[], varied]})), "a", "b")
    assert (other.decision, other.twins) == ("not settled", 0)
    few = judge_pair(form_problems(make_twins(varied[:2])), "a", "b")
    assert (few.decision, few.lacks_runs, few.twins) == ("not settled", True, 2)
    # Where none reaches the target.
    none = judge_pair(form_problems(make_twins([None] * 5)), "a", "b")
    assert (none.basis, none.twins) == ("nothing", 5)


def test_a_problem_that_one_never_solves_counts_by_its_bound():
    verdict = judge({"a": [FAST, FAST], "b": [SLOW, (None,) * 5]})
    assert (verdict.both, verdict.only_first, verdict.only_second) == (1, 1, 0)
    assert verdict.ratio.estimate == pytest.approx(52 / 495)
    # b had 5,000 evaluations and no success: its running time is at least that.
    assert verdict.bounded.estimate == pytest.approx(math.sqrt(52 / 495 * 10.4 / 5000))
    assert verdict.decision == "better"


def test_problems_that_neither_solves_are_counted_and_settle_nothing():
    verdict = judge({"a": [FAST, (None,) * 5], "b": [SLOW, (None,) * 5]})
    assert (verdict.problems, verdict.both, verdict.neither) == (2, 1, 1)
    assert judge({"a": [(None,) * 5], "b": [(None,) * 5]}).decision == "not settled"


def test_nobody_is_better_where_the_other_alone_solves_more():
    times = {"a": [FAST] * 7 + [(None,) * 5], "b": [SLOW] * 8}
    verdict = judge(times, budget=110)
    assert verdict.bounded.estimate < 1
    assert (verdict.decision, verdict.why) == (
        "not settled",
        "one alone solves problems that the other never does",
    )


@pytest.mark.parametrize(("problems", "runs", "settled"), [(1, 4, False), (7, 1, False), (8, 1, True), (1, 5, True)])
def test_few_runs_settle_nothing_unless_there_are_many_problems(problems, runs, settled):
    verdict = judge({"a": [FAST[:runs]] * problems, "b": [SLOW[:runs]] * problems})
    assert (verdict.decision == "better") == settled
    assert ("cannot tell" in verdict.why) != settled


def test_more_problems_make_a_verdict_firmer():
    widths = []
    for count in (2, 4, 8, 16, 32):
        verdict = judge({"a": [(10, 30, 20, 15, 60)] * count, "b": [(20, 60, 40, 30, 120)] * count})
        widths.append(log(verdict.ratio.high / verdict.ratio.low))
    assert widths == sorted(widths, reverse=True)


def test_without_a_success_the_areas_decide():
    runs = [
        make_summary([50.0] * late + [1.0] * (60 - late), name, repeat, f"p{place}", minimum=0.0, budget=60)
        for name, late in (("a", 50), ("b", 10))
        for place in range(8)
        for repeat in range(5)
    ]
    verdict = judge_pair(form_problems(runs), "b", "a")
    assert (verdict.basis, verdict.decision, verdict.ratio) == ("areas", "better", None)
    # 40 evaluations at log10(50) - log10(1) decades higher, of 10 decades and 60 evaluations.
    assert verdict.area.estimate == pytest.approx(40 / 60 * math.log10(50) / 10)


def test_a_report_says_the_same_each_time_and_in_any_order_of_runs():
    runs = make_runs({"a": [FAST, SLOW], "b": [SLOW, FAST]})
    one = judge_pair(form_problems(runs), "a", "b")
    assert one == judge_pair(form_problems(runs), "a", "b")
    assert one.decision == "not settled"


def test_turning_a_pair_turns_the_estimate():
    times = {"a": [(10, 20, None, 15, 12), FAST], "b": [SLOW, (70, 80, None, 75, 90)]}
    one, other = judge(times), judge(times, "b", "a")
    assert one.ratio.estimate == pytest.approx(1 / other.ratio.estimate)
    assert one.area is other.area is None


@pytest.mark.parametrize(("low", "high", "found"), [
    (-2, -0.2, "better"), (0.2, 2, "worse"), (-0.1, 0.1, "equivalent"), (-0.2, 0.05, "not settled"),
    (-math.inf, math.inf, "not settled"),
])  # fmt: skip
def test_decisions(low, high, found):
    assert decide(low, high, 0.1) == found


def test_the_headline_is_of_the_best_strategy():
    problems = form_problems(make_runs({"base": [SLOW] * 3, "worst": [(500,) * 5] * 3, "best": [FAST] * 3}))
    verdicts = judge_against(problems, "base")
    assert [each.first for each in verdicts] == ["best", "worst"]
    assert choose_headline(verdicts).first == "best"
    problems = form_problems(make_runs({"base": [FAST] * 3, "worst": [(500,) * 5] * 3, "next": [SLOW] * 3}))
    headline = choose_headline(judge_against(problems, "base"))
    assert (headline.first, headline.second, headline.decision) == ("base", "next", "better")


def test_what_gives_up_early_counts_for_its_whole_budget():
    """A crash at the first evaluation is not the fastest strategy."""
    runs = make_runs({"base": [(1000,) * 5], "good": [(200,) * 5]}, 2000)
    for repeat in range(5):
        runs.append(make_summary([], "crash", repeat, "p0", target=1.0, budget=2000, stopped="evaluation failed"))
        runs.append(make_summary([9.0] * 40, "stops", repeat, "p0", target=1.0, budget=2000))
    problems = form_problems(runs)
    verdicts = judge_against(problems, "base")
    assert [each.first for each in verdicts] == ["good", "crash", "stops"]
    assert [each.decision for each in verdicts] == ["better", "worse", "worse"]
    # Five budgets of 2000, against 1000 evaluations a success.
    assert verdicts[1].bounded.estimate == verdicts[2].bounded.estimate == pytest.approx(10)


def test_nobody_is_better_where_each_alone_solves_as_many():
    verdict = judge({"a": [(100,) * 5, (None,) * 5], "b": [(None,) * 5, (900,) * 5]})
    assert (verdict.only_first, verdict.only_second, verdict.decision) == (1, 1, "not settled")


def test_problems_that_nobody_solves_are_no_evidence():
    verdict = judge({"a": [(10,), (12,)] + [(None,)] * 6, "b": [(100,), (90,)] + [(None,)] * 6})
    assert (verdict.decision, verdict.problems) == ("not settled", 8)
    assert "cannot tell" in verdict.why


def test_areas_of_zero_tell_nothing():
    runs = [make_summary([loss] * 30, s, r, minimum=0.0) for s, loss in (("a", 1e6), ("b", 150.0)) for r in range(5)]
    verdict = judge_pair(form_problems(runs), "a", "b")
    assert (verdict.area, verdict.basis, verdict.decision) == (None, "nothing", "not settled")


def test_two_are_not_equivalent_if_one_alone_solves_a_problem():
    verdict = judge(
        {"a": [(10,) * 5] * 23 + [(100, None, None, None, None)], "b": [(10,) * 5] * 23 + [(None,) * 5]}, budget=100
    )
    assert verdict.only_first == 1
    assert verdict.decision == "not settled"


def test_a_verdict_can_be_turned():
    verdict = judge({"a": [FAST, FAST], "b": [SLOW, (None,) * 5]})
    turned = verdict.turn()
    assert (turned.first, turned.decision, turned.only_second) == ("b", "worse", 1)
    assert turned.bounded.estimate == pytest.approx(1 / verdict.bounded.estimate)
    assert turned.bounded.low == pytest.approx(1 / verdict.bounded.high)
    assert turned.turn().bounded.low == pytest.approx(verdict.bounded.low)


def test_the_shown_ratio_is_the_one_that_decides():
    for seed in range(20):
        runs, _ = simulate(np.random.default_rng(seed), 2, 6, 0.5, 1.0)
        verdict = judge_pair(form_problems(runs), "a", "b")
        assert verdict.ratio == verdict.bounded


def test_baseline_and_region_are_the_users():
    runs = make_runs({"a": [(95,) * 5], "b": [(100,) * 5]})
    assert compare_runs(runs).verdicts[0].second == "a"
    assert compare_runs(runs, "b").verdicts[0].decision == "equivalent"
    assert compare_runs(runs, "b", 0.99).verdicts[0].decision == "better"
    with pytest.raises(Refusal, match="baseline must be the name of a strategy, got 'c'"):
        compare_runs(runs, "c")
    with pytest.raises(Refusal, match="equivalence must be above 0 and at most 1, got 1.5"):
        compare_runs(runs, equivalence=1.5)


def test_f10_the_party_ranks_before_nelder_mead():
    """Each reaches the target in all of five runs, in 61 and 108 evaluations; the lower final loss is the other's."""
    party = [make_summary([1.0] * 60 + [5e-9], "party", r, minimum=0.0, budget=400) for r in range(5)]
    simplex = [make_summary([1.0] * 107 + [1e-12], "nelder-mead", r, minimum=0.0, budget=400) for r in range(5)]
    compared = compare_runs(simplex + party)
    assert compared.headline.first == "party"
    assert compared.headline.ratio.estimate == pytest.approx(61 / 108)


SIZES = [(1, 5), (1, 15), (2, 5), (5, 5), (10, 1), (24, 1)]


@pytest.mark.extras
@pytest.mark.parametrize(("problems", "runs"), SIZES)
@pytest.mark.parametrize(("solved", "between"), [(1.0, 0.0), (0.8, 0.4)])
def test_intervals_cover_the_truth_and_no_difference_is_rarely_called_one(problems, runs, solved, between):
    """Over 200 synthetic experiments: coverage at least 93 %, and at most 5 % are called better where none is."""
    random = np.random.default_rng(problems * 100 + runs)
    covered = wrong = 0
    tries = 200
    for _ in range(tries):
        made, truth = simulate(random, problems, runs, 1.0, solved, between=between)
        verdict = judge_pair(form_problems(made), "a", "b")
        if verdict.bounded is None:
            covered += 1
            continue
        # Many problems stand for others of their kind, a few for themselves.
        truth = 0.0 if problems >= FEW_PROBLEMS else truth
        covered += verdict.bounded.low <= exp(truth) <= verdict.bounded.high
        wrong += verdict.decision == "better"
    # Three standard errors of the shares are allowed for.
    assert covered / tries >= 0.93 - 3 * math.sqrt(0.93 * 0.07 / tries)
    if not between or problems >= FEW_PROBLEMS:
        assert wrong / tries <= 0.05


def draw_unknown(random, strategies, runs, lead):
    """Return runs whose losses fall towards ends of an unknown minimum; the first strategy ends lower by ``lead``."""
    falling = 10 * np.exp(-0.2 * np.arange(40))
    return [
        make_summary(falling + random.normal() - lead * (place == 0), f"s{place}", repeat)
        for place in range(strategies)
        for repeat in range(runs)
    ]


@pytest.mark.parametrize("strategies", [2, 3, 4])
def test_five_wins_of_five_are_settled_where_the_minimum_is_unknown(strategies):
    problems = form_problems(draw_unknown(np.random.default_rng(strategies), strategies, 5, lead=9.0))
    assert {judge_pair(problems, "s0", f"s{place}").decision for place in range(1, strategies)} == {"better"}


@pytest.mark.parametrize(("strategies", "runs"), [(2, 5), (2, 10), (3, 10)])
def test_where_the_minimum_is_unknown_no_difference_is_rarely_called_one(strategies, runs):
    random = np.random.default_rng(runs)
    decisions = [
        judge_pair(form_problems(draw_unknown(random, strategies, runs, lead=0.0)), "s0", "s1").decision
        for _ in range(100)
    ]
    assert decisions.count("better") <= 5
    assert decisions.count("worse") <= 5


def test_areas_are_compared_only_where_they_are_asked_for_or_decide():
    problems = form_problems(make_runs({"a": [FAST] * 3, "b": [SLOW] * 3}, minimum=0.0))
    whole, lean = judge_pair(problems, "a", "b"), judge_pair(problems, "a", "b", with_area=False)
    assert whole.area is not None
    assert lean == replace(whole, area=None)
    unsolved = [
        make_summary([gap] * 60, s, r, "p", minimum=0.0) for s, gap in (("a", 50.0), ("b", 1e-4)) for r in range(5)
    ]
    assert judge_pair(form_problems(unsolved), "b", "a", with_area=False).basis == "areas"
