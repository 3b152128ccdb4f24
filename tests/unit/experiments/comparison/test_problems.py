"""Instances are repeats: landscapes that differ in their instance alone form a problem, and families form groups."""

import math

import pytest
from summaries import make_summary, reach

from searchparty.experiments.comparison.problems import find_identical_runs, form_problems, name_group


def instances(strategy, hits, **more):
    return [
        reach(
            hit, strategy=strategy, landscape=f"bbob f8 D=5 i{number}", kind="bbob", function=8, instance=number, **more
        )
        for number, hit in enumerate(hits, 1)
    ]


def test_instances_of_a_landscape_are_one_problem():
    (problem,) = form_problems(instances("a", (1, 2, 3)) + instances("b", (4, None, 6)))
    assert (problem.label, problem.group) == ("bbob f8 D=5", "bbob moderate conditioning")
    assert [each.reached for each in problem.outcomes["a"]] == [1, 2, 3]
    assert [each.reached for each in problem.outcomes["b"]] == [4, None, 6]
    assert list(problem.goals) == ["bbob f8 D=5 i1", "bbob f8 D=5 i2", "bbob f8 D=5 i3"]


def test_landscapes_that_differ_in_more_are_several_problems():
    runs = [make_summary([1], landscape=f"bowl D={d}", dimension=d, instance=0) for d in (2, 3)]
    assert [problem.label for problem in form_problems(runs)] == ["bowl D=2", "bowl D=3"]
    runs = [make_summary([1], landscape=name, function=name) for name in ("mine", "yours")]
    assert [problem.label for problem in form_problems(runs)] == ["mine", "yours"]


def test_gaps_of_instances_are_compared_and_their_losses_are_not():
    near, far = (
        make_summary([minimum + gap], strategy, landscape=f"b i{n}", minimum=minimum, instance=n)
        for strategy, n, minimum, gap in (("a", 1, 1000.0, 0.1), ("b", 2, -1000.0, 5.0))
    )
    (problem,) = form_problems([near, far])
    assert problem.outcomes["a"][0].level == pytest.approx(0.1)
    assert problem.outcomes["b"][0].level == pytest.approx(5.0)
    assert problem.outcomes["a"][0].key < problem.outcomes["b"][0].key


def test_unknown_minima_are_pooled_by_the_share_of_better_runs():
    # On the second instance every loss is lower; only the order within each instance counts.
    runs = [
        make_summary([loss], strategy, landscape=f"b i{n}", instance=n, repeat=repeat)
        for n, offset in ((1, 0.0), (2, -500.0))
        for strategy, losses in (("a", (1, 2)), ("b", (3, 4)))
        for repeat, loss in enumerate(offset + value for value in losses)
    ]
    (problem,) = form_problems(runs)
    assert [each.reached for each in problem.outcomes["a"]] == [1, 1, 1, 1]
    assert [each.level for each in problem.outcomes["b"]] == [0.5, 0.75, 0.5, 0.75]
    assert problem.relative


def test_runs_that_have_not_ended_are_left_out():
    (problem,) = form_problems([reach(3, strategy="a"), reach(4, strategy="b", stopped=None)])
    assert list(problem.outcomes) == ["a"]
    assert form_problems([reach(3, stopped=None)]) == []


@pytest.mark.parametrize(
    ("function", "name"),
    [(1, "separable"), (5, "separable"), (6, "moderate conditioning"), (9, "moderate conditioning"),
     (10, "high conditioning"), (14, "high conditioning"), (15, "multimodal"), (19, "multimodal"),
     (20, "weak structure"), (24, "weak structure")],
)  # fmt: skip
def test_the_groups_of_bbob(function, name):
    assert name_group({"kind": "bbob", "function": function}) == f"bbob {name}"


def test_identical_runs_are_counted_by_landscape_and_repeat():
    runs = [reach(5, strategy="a", repeat=r, digest=f"same {r}") for r in range(3)]
    runs += [reach(5, strategy="b", repeat=r, digest=f"same {r}" if r else "other") for r in range(3)]
    (found,) = find_identical_runs(form_problems(runs))
    assert (found.first, found.second, found.identical, found.pairs) == ("a", "b", 2, 3)
    # Runs of other repeats are not compared.
    assert (
        find_identical_runs(form_problems([reach(5, strategy=s, repeat=r, digest="d") for s, r in ("a0", "b1")])) == []
    )


def test_budgets_differ_only_within_a_problem():
    runs = [reach(5, 20, landscape="small"), reach(5, 90, landscape="large")]
    assert all(problem.same_budgets for problem in form_problems(runs))
    (problem,) = form_problems([reach(5, 20, strategy="a"), reach(5, 90, strategy="b")])
    assert not problem.same_budgets
    assert math.isclose(problem.goals["bowl"].budget, 20)
