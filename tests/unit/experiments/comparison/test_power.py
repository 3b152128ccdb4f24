"""Advice on repeats: the least number with which most experiments would settle the comparison."""

import numpy as np
import pytest
from summaries import reach, simulate

from searchparty.experiments.comparison.comparison import compare_runs
from searchparty.experiments.comparison.power import CANDIDATES, Advice, advise_repeats
from searchparty.experiments.comparison.problems import form_problems
from searchparty.experiments.comparison.verdict import judge_pair


def advise(runs):
    problems = form_problems(runs)
    return advise_repeats(problems, judge_pair(problems, "a", "b"))


def test_what_is_settled_needs_nothing():
    runs = [reach(hit, strategy=s, repeat=r) for s, hit in (("a", 5), ("b", 50)) for r in range(5)]
    assert advise(runs) == Advice("nothing")


def test_single_runs_are_no_pilot():
    runs = [reach(hit, strategy=s) for s, hit in (("a", 5), ("b", 50))]
    assert advise(runs) == Advice("pilot", 5)
    # Five instances with one repeat each are five runs: one repeat is enough of a pilot there.
    runs = [reach(5, strategy=s, landscape=f"p i{n}", instance=n) for s in "ab" for n in range(2)]
    assert advise(runs).need != "pilot"


def test_advice_is_always_more_than_there_is():
    many = [reach(9 + r, strategy=s, landscape="p0", repeat=r) for s in "ab" for r in range(15)]
    thin = [reach(9, strategy=s, landscape="p1", repeat=0) for s in "ab"]
    for runs in (many, many + thin):
        found = advise(runs)
        assert found.repeats is None or found.repeats > 15


def test_no_repeats_are_advised_where_the_slower_one_alone_solves_a_problem():
    runs = [reach(hit, 110, strategy=s, landscape=f"p{p}", repeat=r) for p in range(7) for r in range(5)
            for s, hit in (("a", 10), ("b", 100))]  # fmt: skip
    runs += [
        reach(hit, 110, strategy=s, landscape="p7", repeat=r) for r in range(5) for s, hit in (("a", None), ("b", 90))
    ]
    assert advise(runs) == Advice("problems")


def test_repeats_are_advised_where_runs_differ_and_problems_where_problems_do():
    few, _ = simulate(np.random.default_rng(1), 2, 3, 0.5, 1.0)
    found = advise(few)
    assert found.need == "repeats"
    assert found.repeats in CANDIDATES
    # On each problem all runs are alike, and which strategy is faster differs from problem to problem.
    turning = [reach(hit, strategy=s, landscape=f"p{p}", repeat=r) for p in range(4) for r in range(5)
               for s, hit in zip("ab", (10, 40) if p % 2 else (40, 12), strict=True)]  # fmt: skip
    assert advise(turning) == Advice("problems")


def test_strategies_that_are_close_need_more_runs_than_are_considered():
    hits = [(20, 60), (90, 30), (40, 25), (70, 88), (15, 34)]
    runs = [reach(hit, strategy=s, repeat=r) for r, pair in enumerate(hits) for s, hit in zip("ab", pair, strict=True)]
    assert advise(runs) == Advice("many")


def test_instances_share_the_runs_that_are_needed():
    runs = [reach(hit + r, strategy=s, landscape=f"p i{n}", instance=n, repeat=r, budget=400)
            for n in range(4) for r, hit in enumerate((10, 200)) for s in "ab"]  # fmt: skip
    alone = [run for run in runs if run.landscape == "p i0"]
    assert advise(runs).repeats is None or advise(runs).repeats <= max(CANDIDATES) / 4
    assert advise(alone).need in ("pilot", "many", "repeats")


def test_advice_is_the_same_each_time():
    runs, _ = simulate(np.random.default_rng(2), 3, 4, 0.6, 0.9)
    assert compare_runs(runs).advice == compare_runs(runs).advice


@pytest.mark.extras
@pytest.mark.parametrize(("problems", "pilot"), [(1, 8), (3, 5)])
def test_a_true_ratio_of_a_half_is_settled_with_the_runs_that_were_advised(problems, pilot):
    """Over pilots that do not settle it, and experiments with the advised repeats: settled in 80 % of them."""
    random = np.random.default_rng(problems)
    settled = []
    for _ in range(25):
        advice = advise(simulate(random, problems, pilot, 0.5, 1.0)[0])
        if advice.need != "repeats":
            continue
        for _ in range(8):
            found = form_problems(simulate(random, problems, advice.repeats, 0.5, 1.0)[0])
            settled.append(judge_pair(found, "a", "b").decision == "better")
    assert len(settled) >= 40
    assert np.mean(settled) >= 0.8 - 3 * np.sqrt(0.16 / len(settled))
