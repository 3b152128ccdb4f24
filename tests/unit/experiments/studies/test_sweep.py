"""Sweeps: which strategies are one with other values, what each achieved and cost, and main effects."""

import numpy as np
import pytest
from summaries import make_summary, reach

from searchparty.experiments.comparison.problems import form_problems
from searchparty.experiments.studies.cells import measure_cells, settle_run
from searchparty.experiments.studies.effects import measure_effects
from searchparty.experiments.studies.settings import find_sweeps, read_sweeps
from searchparty.experiments.studies.sweep_sentences import describe_effects, describe_trade_off
from searchparty.experiments.studies.sweep_tables import make_effects_table, make_settings_table
from searchparty.experiments.studies.trade_off import weigh_settings

DATA = {
    "strategies": {"a": {"agents": ["grid", "random"]}, "b": {"agents": ["grid"]}, "c": {"agents": ["random"]}},
    "sweep": {"grid.points_per_axis": [3, 5], "strategies.a.policy.lease": [10, 20], "landscapes.0.dimension": [2, 3]},
}


def names():
    found = [f"a[points_per_axis={p}, lease={lease}]" for p in (3, 5) for lease in (10, 20)]
    return [*found, "b[points_per_axis=3]", "b[points_per_axis=5]", "c"]


def test_settings_are_found_by_the_names_of_strategies():
    one, two = find_sweeps(DATA, names())
    assert (one.strategy, one.axes) == ("a", {"points_per_axis": ["3", "5"], "lease": ["10", "20"]})
    assert [each.strategy for each in one.settings] == names()[:4]
    assert one.find({"points_per_axis": "5", "lease": "10"}).strategy == "a[points_per_axis=5, lease=10]"
    assert one.find({"points_per_axis": "7", "lease": "10"}) is None
    assert (two.strategy, [each.describe() for each in two.settings]) == (
        "b", ["points_per_axis=3", "points_per_axis=5"],
    )  # fmt: skip


@pytest.mark.parametrize("sweep", [None, 3, {"budget": []}, {"budget": 5}, {"name": ["x"]}, {"budget": [5]}])
def test_what_is_no_sweep_gives_none(sweep):
    assert find_sweeps({**DATA, "sweep": sweep}, names()) == []


def test_a_directory_without_a_readable_yaml_has_no_sweeps(tmp_path):
    assert read_sweeps(tmp_path, names()) == []
    (tmp_path / "experiment.yaml").write_text("a: [")
    assert read_sweeps(tmp_path, names()) == []


def test_a_run_has_settled_when_its_last_gap_is_nearly_reached():
    run = make_summary([9, 5, 1.005, 1.0, 0.9999], minimum=0.0)
    assert settle_run(run, 0.0, 1e-8) == (0.9999, 3.0)
    assert settle_run(make_summary([9, 1e-9, 1e-12], minimum=0.0), 0.0, 1e-8) == (1e-8, 2.0)
    assert settle_run(make_summary([np.inf, np.inf]), 0.0, 1e-8) == (np.inf, 2.0)


def make_problem(known=True):
    """Return a problem with a cheap and bad, a medium, a dear and good, and a dear and bad setting."""
    losses = {1: [5] * 9, 2: [6] * 4 + [0.1] * 5, 3: [6] * 40 + [0.05], 4: [6] * 40 + [5.0]}
    minimum = 0.0 if known else None
    runs = [
        make_summary([value + 0.001 * repeat for value in listed], f"s[lease={lease}]", repeat, minimum=minimum)
        for lease, listed in losses.items()
        for repeat in range(5)
    ]  # fmt: skip
    (problem,) = form_problems(runs)
    (sweep,) = find_sweeps(
        {"strategies": {"s": {"agents": ["grid"]}}, "sweep": {"strategies.s.policy.lease": [1, 2, 3, 4]}},
        [run.strategy for run in runs],
    )
    return problem, sweep


def test_the_knee_is_worth_its_cost():
    problem, sweep = make_problem()
    cells = measure_cells(problem, sweep)
    assert [cell.cost for cell in cells] == [1, 5, 41, 41]
    assert [cell.gap for cell in cells] == pytest.approx([5.002, 0.102, 0.052, 5.002])
    found = weigh_settings(problem, sweep)
    assert (found.front, found.knee, found.chosen) == ([0, 1, 2], 1, 1)
    assert found.shares.tolist() == [1, 1, 1, 0]
    assert describe_trade_off(found) == (
        "bowl: lease=2 is worth its cost: it ends 0.102 above the minimum after 5 evaluations; the best, lease=3, "
        "costs 8.2 times as much for 0.51 times the gap. That it is on the front is sure: so in 100 % of 4,000 draws "
        "of the 5 runs."
    )
    rows = make_settings_table([(sweep, found)]).rows()
    assert [(row["on_front"], row["knee"], row["gap_above"]) for row in rows] == [
        (True, False, "minimum"), (True, True, "minimum"), (True, False, "minimum"), (False, False, "minimum"),
    ]  # fmt: skip


def test_without_a_minimum_gaps_are_above_the_best_loss():
    problem, sweep = make_problem(known=False)
    found = weigh_settings(problem, sweep)
    assert found.cells[2].gap == pytest.approx(0.03, abs=0.03)
    assert "best loss that any run found" in (describe_trade_off(found))
    assert not found.known


def test_main_effects_compare_each_value_with_the_first():
    spent = {(1, "x"): 10, (1, "y"): 20, (2, "x"): 40, (2, "y"): 80}
    runs = [
        reach(spent[lease, mode], 200, strategy=f"s[lease={lease}, mode={mode}]", repeat=repeat, landscape=place)
        for lease, mode in spent
        for repeat in range(6)
        for place in ("p", "q")
    ]
    sweep = {"strategies.s.policy.lease": [1, 2], "strategies.s.policy.mode": ["x", "y"]}
    (found,) = find_sweeps({"strategies": {"s": {"agents": ["grid"]}}, "sweep": sweep}, [run.strategy for run in runs])
    lease, mode = measure_effects(form_problems(runs), found)
    assert (lease.axis, lease.value, lease.first, lease.same) == ("lease", "2", "1", False)
    assert [lease.ratio.estimate, lease.ratio.low, lease.ratio.high] == pytest.approx([4, 4, 4])
    assert mode.ratio.estimate == pytest.approx(2)
    assert mode.area is None
    assert describe_effects([lease, mode], found, 6, 2) == [
        "lease: 2 needs 4 (95 %: 4 to 4) times the evaluations of 1, over all other settings and problems.",
        "mode: y needs 2 (95 %: 2 to 2) times the evaluations of x, over all other settings and problems.",
    ]
    table = make_effects_table([(found, [lease, mode])])
    assert table.columns["ratio"] == pytest.approx([4, 2])
    assert table.columns["bound"] == ["", ""]


def test_problems_without_the_settings_of_a_sweep_change_no_effect():
    problem, sweep = make_problem()
    (foreign,) = form_problems([make_summary([3, 2, 1], "other", repeat, landscape="far") for repeat in range(3)])
    assert not foreign.known
    alone = measure_effects([problem], sweep)
    assert measure_effects([problem, foreign], sweep) == measure_effects([foreign, problem], sweep) == alone
    assert alone[0].area.estimate > 0
    # A problem of its own whose minimum is unknown still leaves no area.
    assert measure_effects([problem, make_problem(known=False)[0]], sweep)[0].area is None


@pytest.mark.parametrize(("spent", "bound"), [((10, None), "at least"), ((None, 10), "at most"), ((10, 20), "")])
def test_the_table_of_effects_says_which_ratios_are_bounds(spent, bound):
    runs = [
        reach(need, 200, strategy=f"s[lease={lease}]", repeat=repeat)
        for lease, need in enumerate(spent)
        for repeat in range(6)
    ]
    data = {"strategies": {"s": {"agents": ["grid"]}}, "sweep": {"strategies.s.policy.lease": [0, 1]}}
    (found,) = find_sweeps(data, [run.strategy for run in runs])
    (row,) = make_effects_table([(found, measure_effects(form_problems(runs), found))]).rows()
    assert (row["bound"], row["ratio"] is None) == (bound, False)


def test_a_setting_that_does_nothing_is_said():
    runs = [
        make_summary([3, 2], f"s[lease={lease}]", repeat, digest=f"d{repeat}", minimum=0.0)
        for lease in (1, 2)
        for repeat in (0, 1)
    ]
    (sweep,) = find_sweeps(
        {"strategies": {"s": {"agents": ["grid"]}}, "sweep": {"strategies.s.policy.lease": [1, 2]}},
        [run.strategy for run in runs],
    )
    effects = measure_effects(form_problems(runs), sweep)
    assert describe_effects(effects, sweep, 2, 1) == [
        "lease changes nothing: with 1, 2 all runs are equal, to the last bit."
    ]


def weigh(runs, sweep):
    (problem,) = form_problems(runs)
    settings = {f"strategies.s.policy.{axis}": values for axis, values in sweep.items()}
    (found,) = find_sweeps({"strategies": {"s": {"agents": ["grid"]}}, "sweep": settings}, [r.strategy for r in runs])
    return weigh_settings(problem, found)


def test_equal_settings_are_level_and_the_one_that_spent_less_comes_first():
    # The run of 6 evaluations ends as that of 3, of which it is the continuation.
    runs = [
        make_summary([5, 1] + [1] * more, f"s[most={more}]", repeat, minimum=0.0)
        for more in (4, 1)
        for repeat in range(5)
    ]
    found = weigh(runs, {"most": [4, 1]})
    assert (found.front, found.chosen, found.best) == ([1, 0], 1, 1)
    assert describe_trade_off(found) == (
        "bowl: most does not matter here: 1 and 4 are level: each ends 1 above the minimum after 2 evaluations."
    )


def test_a_tie_is_named_beside_the_setting_that_is_worth_its_cost():
    gaps = {(3, 0.1): 1.0, (3, 0.4): 1.0, (5, 0.1): 4.0, (5, 0.4): 5.0}
    runs = [
        make_summary([9, gap], f"s[n={n}, r={r}]", repeat, minimum=0.0)
        for (n, r), gap in gaps.items()
        for repeat in range(5)
    ]
    assert describe_trade_off(weigh(runs, {"n": [3, 5], "r": [0.1, 0.4]})).startswith(
        "bowl: n=3, r=0.1 is both the cheapest and the best: it ends 1 above the minimum after 2 evaluations; "
        "r does not matter with n=3: 0.1 and 0.4 are level. That it is on the front is sure"
    )
    gaps[5, 0.4] = 1.0
    runs = [
        make_summary([9, gap], f"s[n={n}, r={r}]", repeat, minimum=0.0)
        for (n, r), gap in gaps.items()
        for repeat in range(5)
    ]
    assert "; (n=3, r=0.1), (n=3, r=0.4) and (n=5, r=0.4) are level. " in describe_trade_off(
        weigh(runs, {"n": [3, 5], "r": [0.1, 0.4]})
    )


def describe_leases(spent, repeats=5):
    """Return the sentence on the lease of runs that need so many evaluations, by lease and landscape."""
    runs = [
        reach(need, 200, strategy=f"s[lease={lease}]", repeat=repeat, landscape=place)
        for lease, needs in spent.items()
        for place, need in zip("pq", needs, strict=True)
        for repeat in range(repeats)
    ]
    settings = {"strategies.s.policy.lease": list(spent)}
    (sweep,) = find_sweeps({"strategies": {"s": {"agents": ["grid"]}}, "sweep": settings}, [r.strategy for r in runs])
    (line,) = describe_effects(measure_effects(form_problems(runs), sweep), sweep, repeats, 2)
    return line


def test_runs_that_need_the_same_evaluations_are_no_chance():
    assert describe_leases({1: (10, 20), 2: (10, 20)}) == (
        "lease does not matter: with 1, 2 each run needs the same evaluations until the target, over all other "
        "settings and problems."
    )
    assert describe_leases({1: (100, 100), 2: (101, 101)}).endswith("problems, which is equivalent in practice.")


def test_the_effect_of_a_value_that_never_reaches_the_target_is_a_bound():
    assert describe_leases({1: (10, 20), 2: (None, 20)}).startswith("lease: 2 needs at least 10 (95 %: ")
    assert "problems (in 1 of these only lease=1 reaches the target)" in describe_leases({1: (10, 20), 2: (None, 20)})


def test_few_runs_are_no_certainty_whatever_the_draws_say():
    runs = [make_summary([9, gap], f"s[n={n}]", k, minimum=0.0) for n, gap in ((1, 2.0), (2, 1.0)) for k in range(3)]
    assert describe_trade_off(weigh(runs, {"n": [1, 2]})).endswith(
        "It is on the front in 100 % of 4,000 draws of the 3 runs, but it takes 5 runs to be sure."
    )
