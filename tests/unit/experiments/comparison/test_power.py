"""Advice on repeats: the least number with which most experiments would settle the comparison."""

import time

import numpy as np
import pytest
from summaries import reach, simulate

from searchparty.experiments.comparison.comparison import compare_runs
from searchparty.experiments.comparison.power import CANDIDATES, FREE_PROBLEMS, POWER, Advice, advise_repeats
from searchparty.experiments.comparison.problems import form_problems
from searchparty.experiments.comparison.tables import make_power_table
from searchparty.experiments.comparison.verdict import judge_pair
from searchparty.experiments.comparison.words.advice import advise_step, describe_powers


def advise(runs):
    problems = form_problems(runs)
    return advise_repeats(problems, judge_pair(problems, "a", "b"))


def test_what_is_settled_needs_nothing():
    runs = [reach(hit, strategy=s, repeat=r) for s, hit in (("a", 5), ("b", 50)) for r in range(5)]
    assert advise(runs) == Advice("nothing")


def test_single_runs_are_no_pilot():
    runs = [reach(hit, strategy=s) for s, hit in (("a", 5), ("b", 50))]
    found = advise(runs)
    assert (found.need, found.repeats, found.present) == ("pilot", 5, 1)
    assert found.evaluations == 4 * sum(run.evaluations for run in runs)
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
    assert advise(runs) == advise(runs)


def test_powers_grow_up_to_what_is_advised():
    compared = compare_runs(simulate(np.random.default_rng(1), 2, 3, 0.5, 1.0)[0], power=True)
    found = [each for each in compared.powers if each.strategy == "b"]
    assert found[-1].repeats == compared.advise(compared.verdicts[0]).repeats
    assert found[-1].power >= POWER > max([each.power for each in found[:-1]], default=0.0)
    assert [each.runs for each in found] == list(CANDIDATES[: len(found)])
    rows = make_power_table(compared).rows()
    assert rows == [{"strategy": e.strategy, "baseline": "a", "repeats": e.repeats, "runs": e.runs, "power": e.power}
                    for e in compared.powers]  # fmt: skip


def test_nothing_is_estimated_of_what_is_settled_or_no_pilot():
    settled = [reach(hit, strategy=s, repeat=r) for s, hit in (("a", 5), ("b", 50)) for r in range(5)]
    single = [reach(hit, strategy=s) for s, hit in (("a", 5), ("b", 50))]
    assert compare_runs(settled).powers == compare_runs(single).powers == []
    assert describe_powers(compare_runs(settled)) == []
    (told,) = describe_powers(compare_runs(single))
    assert told.startswith("b against a: 5 repeats in all (1 now), ")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_estimated_power_is_how_often_experiments_of_that_size_are_settled(seed):
    """The runs of a pilot are the truth: drawing experiments from them settles as often as is said."""
    random = np.random.default_rng(seed)
    hits = {"a": random.integers(10, 130, 12).tolist(), "b": random.integers(20, 170, 12).tolist()}
    runs = [reach(hit, 200, strategy=s, repeat=r) for s, listed in hits.items() for r, hit in enumerate(listed)]
    for found in compare_runs(runs).powers[:4:3]:
        settled = []
        for _ in range(150):
            drawn = [reach(hits[s][k], 200, strategy=s, repeat=r) for s in hits
                     for r, k in enumerate(random.integers(12, size=found.runs))]  # fmt: skip
            settled.append(judge_pair(form_problems(drawn), "b", "a").decision != "not settled")
        assert np.mean(settled) == pytest.approx(found.power, abs=0.15)


def test_many_problems_are_estimated_only_if_that_is_asked_for():
    runs, _ = simulate(np.random.default_rng(7), FREE_PROBLEMS + 1, 3, 0.86, 1.0, 1.2)
    by_default, asked = compare_runs(runs), compare_runs(runs, power=True)
    assert by_default.advice == Advice("power")
    assert advise_step(by_default, by_default.headline, "there").line.endswith(": searchparty report there --power")
    assert asked.advice.need in ("repeats", "many", "problems")


@pytest.mark.parametrize("problems", [5, FREE_PROBLEMS])
def test_advice_costs_at_most_a_second(problems):
    runs, _ = simulate(np.random.default_rng(8), problems, 5, 0.86, 1.0, 1.2)
    found = form_problems(runs)
    verdict = judge_pair(found, "a", "b")
    # Of three, so that another program that fills the caches does not count.
    assert min(measure_cpu(lambda: advise_repeats(found, verdict)) for _ in range(3)) < 2.0


def measure_cpu(work):
    begun = time.process_time()
    work()
    return time.process_time() - begun


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
