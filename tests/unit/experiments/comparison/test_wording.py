"""What is said of a comparison: on terminals, and in JSON, Markdown and LaTeX."""

import json
import re
from itertools import pairwise
from math import log10

import pytest
from summaries import make_summary, reach

from searchparty.experiments.comparison.bars import _draw_scale, _find_place, draw_bars
from searchparty.experiments.comparison.bootstrap import Interval
from searchparty.experiments.comparison.comparison import compare_runs
from searchparty.experiments.comparison.exports import format_comparison, list_sentences
from searchparty.experiments.comparison.wording import (
    describe_briefly,
    describe_differences,
    describe_identities,
    describe_verdict,
    format_amount,
    format_digits,
    format_times,
)
from searchparty.experiments.comparison.words.advice import advise_step, describe_powers
from searchparty.experiments.comparison.words.findings import write_findings
from searchparty.experiments.report.first_screen import draw_first_figures
from searchparty.landscapes.landscape import Refusal


def runs_of(times, runs=5, **more):
    return [
        reach(hit, strategy=strategy, landscape=f"p{place}", repeat=repeat, **more)
        for strategy, hits in times.items()
        for place, hit in enumerate(hits)
        for repeat in range(runs)
    ]


def headline(times, **more):
    return write_findings(compare_runs(runs_of(times, **more))).verdict


def test_the_verdict_has_the_ratio_its_interval_and_the_problems():
    assert headline({"base": [40] * 4, "party": [10] * 4}) == (
        "party is better than base: it needs 4 times fewer evaluations (95 %: 4 to 4) on all 4 problems."
    )
    assert headline({"base": [40] * 2, "party": [10] * 2}).endswith(" on both problems.")
    assert headline({"base": [40, 40, None, None], "party": [10, 10, 10, None]}) == (
        "party is better than base: it needs 4 times fewer evaluations (95 %: 4 to 4) on the 2 of 4 problems "
        "both solve, and it alone solves 1 more."
    )
    assert headline({"base": [40, None], "party": [10, 10]}).endswith(
        "on the 1 of 2 problems both solve, and it alone solves 1 more."
    )


def test_the_strongest_rival_comes_first_and_the_baseline_beside_it():
    compared = compare_runs(runs_of({"base": [80] * 4, "near": [11] * 4, "party": [10] * 4}))
    assert compared.rival_leads
    found = write_findings(compared)
    told = "party and near, the next best, are equivalent in practice: party needs 0.91 times the evaluations "
    assert found.verdict.startswith(told)
    assert found.others == "party against base (baseline): better, 8 times fewer evaluations (95 %: 8 to 8)."
    assert found.lines[:2] == [found.verdict, found.others]
    assert list_sentences(compared)[: len(found.lines)] == found.lines


def test_behind_the_baseline_a_strategy_is_told_of_only_if_it_may_be_as_good():
    behind = compare_runs(runs_of({"base": [20] * 4, "near": [40] * 4, "party": [10] * 4}))
    assert not behind.rival_leads
    assert write_findings(behind).verdict.startswith("party is better than base: ")
    assert write_findings(behind).others == ""
    # The headline is the same comparison, or there is nobody else.
    for times in ({"base": [10] * 4, "party": [40] * 4, "near": [80] * 4}, {"base": [40] * 4, "party": [10] * 4}):
        alone = compare_runs(runs_of(times))
        assert alone.rival is None
        assert not alone.rival_leads
        assert write_findings(alone).others == ""


def test_other_verdicts():
    assert headline({"a": [40], "b": [40]}).startswith(
        "b and a are equivalent in practice: b needs as many evaluations "
    )
    # a spent 5 x 100 evaluations without a success: b needs at most 40 / 500 of that.
    bound = "b needs at least 12 times fewer evaluations."
    reached = "b reaches the target on p0, a never does"
    assert headline({"a": [None], "b": [40]}) == f"b is better than a: {reached}; {bound}"
    solved = "b solves 2 of 2 problems, a none"
    assert headline({"a": [None, None], "b": [40, 40]}) == f"b is better than a: {solved}; {bound}"
    worst = describe_verdict(compare_runs(runs_of({"a": [40], "b": [None]})).verdicts[0])
    assert worst.endswith("b never does; b needs at least 12 times the evaluations.")
    turned = headline({"a": [None, 40, 20], "b": [40, None, 20]})
    assert turned.startswith("Not settled: ")
    assert turned.endswith(", it alone solves 1 more, but never 1 that a solves.")


@pytest.mark.parametrize(
    ("ends", "bound", "told"),
    [
        ((0.01, 0.005, 0.02), "", "100 times fewer evaluations than b (95 %: 50 to 200)"),
        ((0.01, 0.005, 0.02), "at most ", "at least 100 times fewer evaluations than b (95 %: 50 to 200)"),
        ((0.4, 0.1, 3.0), "", "2.5 times fewer evaluations than b (95 %: 10 times fewer to 3 times as many)"),
        ((0.4, 0.1, 1.0), "", "2.5 times fewer evaluations than b (95 %: 10 times fewer to as many)"),
        ((0.4, 0.0, float("inf")), "", "2.5 times fewer evaluations than b (interval unknown)"),
        ((0.6, 0.5, 0.7), "", "0.6 times the evaluations of b (95 %: 0.5 to 0.7)"),
        ((12.0, 8.0, 1234.0), "at least ", "at least 12 times the evaluations of b (95 %: 8 to 1,200)"),
        ((0.001, 0.001, 0.001), "at most ", "at least 1,000 times fewer evaluations than b"),
        ((0.001, 0.001, 0.001), "", "1,000 times fewer evaluations than b (95 %: 1,000 to 1,000)"),
        ((12.0, 8.0, 1234.0), "about ", "about 12 times the evaluations of b (95 %: 8 to 1,200)"),
        ((1.0, 1.0, 1.0), "at most ", "at most as many evaluations as b"),
        ((2.0, 0.0, float("inf")), "", "2 times the evaluations of b (interval unknown)"),
    ],
)
def test_small_ratios_are_told_the_other_way_round(ends, bound, told):
    assert format_times(Interval(*ends), "b", bound) == told
    assert told.startswith(format_amount(ends[0], bound).removesuffix(" as many").removesuffix(" fewer"))


def test_too_few_runs_are_named_where_the_interval_alone_would_settle_it():
    few = compare_runs(runs_of({"a": [50], "b": [5]}, runs=3))
    assert few.headline.lacks_runs
    told = write_findings(few).verdict
    assert told.startswith("3 runs of each do not settle it: b seems to need 10 times fewer evaluations than a (")
    single = compare_runs(runs_of({"a": [50], "b": [5]}, runs=1))
    assert write_findings(single).verdict.startswith("1 run of each does not settle it: ")
    assert not compare_runs(runs_of({"a": [50], "b": [5]})).headline.lacks_runs


def test_without_a_comparison_it_says_why():
    assert headline({}) == "There are no runs yet."
    assert headline({"a": [5]}) == "There is one strategy, 'a', and nothing to compare it with."
    assert headline({"a": [5], "b": [6]}, stopped=None) == "No run has ended yet, so there is nothing to compare."
    failed = [make_summary([float("inf")], s) for s in "ab"]
    assert write_findings(compare_runs(failed)).verdict == "No run found a finite loss, so there is nothing to compare."
    apart = [reach(5, strategy=s, landscape=s) for s in "ab"]
    found = write_findings(compare_runs(apart))
    assert found.verdict == "No problem has ended runs of a and of another strategy."
    assert found.lines[-1] == "Next: choose another baseline (--baseline)."
    assert write_findings(compare_runs([])).lines == ["There are no runs yet."]


def test_a_strategy_that_shares_no_problem_is_neither_rival_nor_best():
    runs = [reach(hit, strategy=s, landscape="p", repeat=r) for s, hit in (("b", 40), ("a", 10)) for r in range(5)]
    runs += [reach(None, strategy="C", landscape="q", repeat=r) for r in range(5)]
    compared = compare_runs(runs)
    assert [each.first for each in compared.verdicts] == ["a", "C"]
    assert compared.rival is None
    found = write_findings(compared, "out")
    assert (found.verdict.split(":")[0], found.others) == ("a is better than b", "")
    assert found.step.line == "take a; for other problems, budgets or targets, compare again."
    assert describe_briefly(compared.verdicts[1]) == "C against b: no problem has ended runs of both."
    assert describe_powers(compared) == ["C against b: let both run on the same problems: none has ended runs of both."]
    assert [row["name"].split(",")[0] for row in draw_first_figures(compared)["forest"]["rows"]] == [
        "a: better", "C: no problem in common",
    ]  # fmt: skip


def test_a_strategy_that_shares_no_problem_stands_behind_a_worse_one():
    runs = [make_summary([gap] * 60, s, r, "p", minimum=0.0) for s, gap in (("B", 1e-4), ("A", 50.0)) for r in range(5)]
    runs += [make_summary([5.0] * 60, "C", r, "q", minimum=0.0) for r in range(5)]
    compared = compare_runs(runs)
    assert [each.first for each in compared.verdicts] == ["A", "C"]
    assert compared.verdicts[0].area.estimate < 0
    assert write_findings(compared).verdict.startswith("B is better than A: neither reaches the target on ")


def next_of(times, directory="results/x-1", **more):
    return write_findings(compare_runs(runs_of(times, **more)), directory).step


def test_what_next_is_told_with_its_cost_and_its_command():
    command = "searchparty resume results/x-1 --repeats 5"
    one = next_of({"a": [5], "b": [50]}, runs=1)
    assert one.text == (
        "5 repeats in all (1 now), about 220 evaluations more, as fewer than 5 runs of each on a problem cannot tell."
    )
    assert one.command == command
    assert one.line.endswith(f" cannot tell: {command}")
    without = next_of({"a": [5], "b": [50]}, "", runs=1)
    assert without.line == without.text == one.text
    assert next_of({"a": [5], "b": [50]}).line == "take a; for other problems, budgets or targets, compare again."
    assert next_of({"a": [40], "b": [40]}).line.startswith("take either; ")
    assert next_of({"a": [None, 40, 20], "b": [40, None, 20]}).line.startswith("a larger budget, or a looser target: ")
    spaced = next_of({"a": [5], "b": [50]}, "d  1", runs=1)
    assert spaced.command == "searchparty resume 'd  1' --repeats 5"
    assert spaced.quoted == ["searchparty", "resume", "'d  1'", "--repeats", "5"]
    stopped = write_findings(compare_runs(runs_of({"a": [5], "b": [6]}, stopped=None)), "there")
    assert stopped.step.line == "let the runs end: searchparty resume there"


def test_what_next_is_about_what_is_open():
    runs = runs_of({"base": [10] * 5, "party": [9] * 5, "far": [90] * 5})
    runs += [reach(hit, 2000, strategy="wild", landscape=f"p{p}", repeat=r)
             for p in range(5) for r, hit in enumerate((2, 3, 4, 900, 40))]  # fmt: skip
    compared = compare_runs(runs)
    main, other = compared.headline, compared.rival
    assert {main.decision, other.decision} >= {"not settled"}
    found = write_findings(compared, "out")
    asked = other if main.decision != "not settled" else main
    assert advise_step(compared, asked, "out").text in found.step.text


def test_costs_are_those_of_the_verdict():
    found = write_findings(compare_runs(runs_of({"base": [40] * 4, "party": [10] * 4})))
    assert found.cost == "each success costs party 10 evaluations, base 40; all 40 runs took 1,000."
    never = write_findings(compare_runs(runs_of({"base": [None], "party": [10]})))
    assert never.cost == "each success costs party 10 evaluations, base had none in 500; all 10 runs took 550."
    nobody = write_findings(compare_runs(runs_of({"base": [None], "party": [None]})))
    assert nobody.cost == "all 10 runs took 1,000 evaluations."
    single = write_findings(compare_runs(runs_of({"base": [40]}, runs=1)))
    assert single.cost == "the only run took 40 evaluations."
    one = write_findings(compare_runs(runs_of({"base": [40], "party": [1]}, runs=1)))
    assert one.cost == "each success costs party 1 evaluation, base 40; both runs took 41."
    alone = write_findings(compare_runs(runs_of({"base": [None], "party": [1]}, runs=1)))
    assert alone.cost == "each success costs party 1 evaluation, base had none in 100; both runs took 101."


def test_the_problem_that_two_share_is_named_among_others():
    runs = [*runs_of({"a": [40], "b": [None]}), reach(3, strategy="a", landscape="other")]
    assert write_findings(compare_runs(runs)).verdict.startswith("a is better than b: a reaches the target on p0, b ")


def test_few_runs_of_one_are_told_where_there_are_many_repeats():
    runs = [reach(hit, strategy=s, repeat=r) for s, hit, n in (("a", None, 5), ("b", None, 2)) for r in range(n)]
    told = write_findings(compare_runs(runs)).step.text
    assert told.startswith("6 repeats in all (5 now), about ")
    assert told.endswith(" more, as 2 runs of one of the two on a problem cannot tell.")


def test_equal_budgets_without_success_are_told_by_areas():
    runs = [make_summary([gap] * 60, s, r, f"p{p}", minimum=0.0) for s, gap in (("a", 50.0), ("b", 1e-4))
            for p in range(2) for r in range(5)]  # fmt: skip
    text = write_findings(compare_runs(runs)).verdict
    assert text.startswith("b is better than a: neither reaches the target on either problem; b is nearer")


def test_the_first_screen_has_no_p_and_at_most_90_words():
    compared = compare_runs(runs_of({"base": [40, 40, None], "party": [10, 10, 10]}))
    lines = list_sentences(compared, "results/x-1")
    assert sum(len(line.split()) for line in lines) <= 90
    assert "p =" not in " ".join(lines)


def test_what_cannot_be_compared_is_told():
    runs = [*runs_of({"a": [5, 9], "b": [6, 8]}), reach(3, strategy="a", landscape="alone")]
    runs += [reach(7, 50, strategy="b", landscape="p0", repeat=5), reach(7, strategy="b", repeat=6, stopped=None)]
    runs += [reach(7, strategy="a", landscape="p1", target=2.0, repeat=9)]
    assert describe_differences(compare_runs(runs)) == [
        "Not all strategies have ended runs on alone (only a): each pair is compared where both do.",
        "Budgets differ within a problem: runs are compared at the least of them.",
        "Stop targets differ within a problem: the loosest counts.",
        "1 of 24 runs has not ended and is not compared.",
    ]
    assert describe_differences(compare_runs(runs_of({"a": [5], "b": [6]}))) == []


def test_bars_lie_left_of_one_where_fewer_evaluations_are_needed():
    runs = runs_of({"base": [40] * 3, "fast": [4] * 3, "same": [40] * 3, "slow": [90, 90, None]})
    scale, *lines = draw_bars(compare_runs(runs).verdicts)
    middle = scale.index(" 1 ") + 1
    places = {line.split()[0]: line.index("●") for line in lines}
    assert places["fast"] < middle == places["same"] < places["slow"]
    assert all(line.split()[-1] in ("better", "worse", "equivalent", "settled") for line in lines)
    assert draw_bars(compare_runs(runs_of({"a": [None], "b": [None]})).verdicts) == []


def test_a_bar_beyond_the_scale_has_an_arrowhead():
    runs = [reach(hit, 100_000, strategy=s, landscape=f"p{p}", repeat=r) for p in range(2) for r in range(5)
            for s, hit in (("a", 1), ("b", 99_999))]  # fmt: skip
    (_, line) = draw_bars(compare_runs(runs).verdicts)
    assert "▶" in line


@pytest.fixture(scope="module")
def compared():
    return compare_runs(runs_of({"base_1": [40, None], "50 % & more|x": [10, 10]}))


def test_json_has_all_tables_and_no_number_that_json_lacks(compared):
    found = json.loads(format_comparison(compared, "json"))
    assert found["baseline"] == "base_1"
    assert [row["verdict"] for row in found["verdicts"]] == ["better"]
    assert {"standings", "comparison", "tests", "rank_tests", "next", "cost", "others", "verdict"} <= found.keys()
    single = compare_runs(runs_of({"a": [5], "b": [9]}, runs=1))
    assert json.loads(format_comparison(single, "json"))["verdicts"][0]["bounded_high"] == "inf"


def test_markdown_and_latex_escape_names(compared):
    text = format_comparison(compared, "md")
    assert "| 50 % & more\\|x | base\\_1 | better |" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len({line.replace("\\|", "").count("|") for line in rows[:3]}) == 1
    assert r"50 \% \& more|x & base\_1 & better" in format_comparison(compared, "tex")


def test_another_format_is_refused(compared):
    with pytest.raises(Refusal, match="format must be one of json, md, tex, got 'html'"):
        format_comparison(compared, "html")


def test_a_verdict_alone_names_no_problem_that_it_does_not_know(compared):
    assert describe_verdict(compared.verdicts[0]).endswith(", and it alone solves 1 more.")


def test_strategies_that_tried_the_same_points_are_named():
    runs = [reach(5, strategy=s, landscape=p, repeat=r, digest=f"{p} {r}") for p in "xy" for s in "abc" for r in (0, 1)]
    runs[-1] = reach(5, strategy="c", landscape="y", repeat=1, digest="another")
    lines = describe_identities(compare_runs(runs).identities)
    assert lines[0] == "a and b tried the same points on 2 problems: 4 of 4 runs, to the last bit."
    assert lines[1] == "a and c tried the same points on 2 problems: 3 of 4 runs, to the last bit."


def test_of_strategies_that_do_the_same_nobody_is_asked_for_more_runs():
    hits = (3, 40, 60, 9, 20)
    runs = [reach(hit, strategy=s, repeat=r, digest=f"{r}") for s in "ab" for r, hit in enumerate(hits)]
    found = write_findings(compare_runs(runs))
    assert (
        found.verdict == "b and a do the same here: in all 5 pairs of runs they tried the same points, to the last bit."
    )
    assert found.step.text == "take either, or compare them where what sets them apart can act: here it did nothing."
    briefly = describe_briefly(compare_runs(runs).verdicts[0], "baseline")
    assert briefly == "b against a (baseline): in all 5 pairs of runs they tried the same points, to the last bit."
    pair, two = (compare_runs([run for run in runs if run.repeat < few]).verdicts[0] for few in (1, 2))
    assert "in the only pair of runs they tried" in describe_verdict(pair)
    assert "in both pairs of runs they tried" in describe_verdict(two)


@pytest.mark.parametrize("reach", [1, 2, 3, 4])
@pytest.mark.parametrize("width", [21, 41, 61])
def test_the_powers_on_a_scale_are_at_equal_distances(reach, width):
    line = _draw_scale(reach, width)
    labels = [(float(found.group().replace(",", "")), found.start(), found.end())
              for found in re.finditer(r"[\d.,]+", line)]  # fmt: skip
    powers = [round(log10(value)) for value, _, _ in labels]
    assert powers == sorted(-power for power in powers), "as many on one side as on the other"
    assert 0 in powers
    assert len({after - before for before, after in pairwise(powers)}) == 1
    for value, start, end in labels:
        assert start <= _find_place(value, reach, width) <= end


@pytest.mark.parametrize(
    ("value", "two", "four"),
    [
        (1234.6, "1,200", "1,235"),
        (0.1234567, "0.12", "0.1235"),
        (99.6, "100", "99.6"),
        (123456789.0, "120,000,000", "123,500,000"),
        (0.0000123456, "0.000012", "0.00001235"),
        (1.0, "1", "1"),
        (0.0, "0", "0"),
        (-2500.4, "-2,500", "-2,500"),
        (1e-9, "1e-09", "1e-09"),
        (9.96, "10", "9.96"),
        (100.0, "100", "100"),
        (float("inf"), "inf", "inf"),
    ],
)
def test_numbers_are_written_without_exponents(value, two, four):
    assert format_digits(value, 2) == two
    assert format_digits(value) == four
