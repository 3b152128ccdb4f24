"""Simulation: teams of other sizes, predictions, the best number of workers."""

import csv
import json
import math
import sqlite3
from dataclasses import replace

import numpy as np
import pytest
from sealing import seal_log

from searchparty.agents.pattern_search import PatternSearch
from searchparty.agents.random_restart import RandomRestart
from searchparty.agents.random_search import RandomSearch
from searchparty.experiments.api import run
from searchparty.experiments.execution.plan import make_plan
from searchparty.experiments.report.report import write_report
from searchparty.experiments.results import accounts
from searchparty.experiments.results.recorded_runs import read_runs
from searchparty.experiments.results.time_use import format_duration
from searchparty.experiments.simulation.page import run_simulation
from searchparty.experiments.simulation.predict import Prediction, plan_sizes, predict_runs
from searchparty.experiments.simulation.tables import best_sizes_table, describe_choices, sizes_table
from searchparty.experiments.simulation.team_sizes import parse_sizes, resize_experiment, resize_team
from searchparty.experiments.spec.errors import SpecError
from searchparty.experiments.spec.models import Experiment, SimulatedSettings
from searchparty.orchestrator.clock.clock import Clock, timeline
from searchparty.orchestrator.clock.settings import Delays
from searchparty.orchestrator.clock.statistics_log import StatisticsLog
from searchparty.orchestrator.executors.in_process import InProcessExecutor
from searchparty.orchestrator.log.codec import dump_event
from searchparty.orchestrator.log.log import MemoryLog
from searchparty.orchestrator.log.reader import LogReader
from searchparty.orchestrator.log.trace import trace_hash
from searchparty.orchestrator.loop.drive import begin_run, drive_run
from searchparty.orchestrator.state.events import findings

# One of the agents reads the archive.
ALL_READ = ["pattern-search", {"kind": "random-restart", "avoid": "everyone"}]
WILD = {
    "kind": "simulated",
    "evaluation": {"kind": "exponential", "mean": 3.0},
    "latency": 1.0,
    "decision": 0.1,
    "stragglers": {"probability": 0.2},
    "failures": {"probability": 0.1, "replacement": 5.0},
    "price": 2.0,
}


def experiment(**changes):
    data = {
        "name": "sizes",
        "repeats": 2,
        "budget": 400,
        "landscapes": [{"kind": "sphere", "dimension": 2}],
        "strategies": {
            "team": {
                "agents": ALL_READ,
                "policy": {"sharing": "broadcast", "radius": "trust-region", "lease": 10},
            }
        },
        "executor": WILD,
    }
    return Experiment.from_data(data | changes)


def names(team):
    return [name for name, _ in team]


class TestSizing:
    TEAM = (("random", RandomSearch()), ("pattern-search", PatternSearch()))

    def test_a_larger_team_repeats_the_members_in_their_order(self):
        team = resize_team(self.TEAM, 5)
        assert names(team) == ["random", "pattern-search", "random-2", "pattern-search-2", "random-3"]
        assert [agent.kind for _, agent in team] == ["random", "pattern-search"] * 2 + ["random"]

    def test_a_smaller_team_has_the_first_members_and_the_same_size_the_same(self):
        assert resize_team(self.TEAM, 1) == self.TEAM[:1]
        assert resize_team(self.TEAM, 2) == self.TEAM

    def test_numbers_go_on_where_the_team_has_some(self):
        team = (
            ("a-1", RandomSearch()),
            ("a-2", RandomSearch(batch=2)),
            ("b-3", RandomRestart()),
            ("b", RandomSearch()),
        )
        grown = resize_team(team, 9)
        assert names(grown) == ["a-1", "a-2", "b-3", "b", "a-3", "a-4", "b-2", "b-4", "a-5"]
        assert len(set(names(resize_team(team, 500)))) == 500

    def test_at_its_own_size_an_experiment_has_its_own_runs(self):
        base = experiment()
        assert [run.id for run in make_plan(resize_experiment(base, 2)).runs] == [
            run.id for run in make_plan(base).runs
        ]

    def test_every_size_has_its_team_its_concurrency_and_the_same_budget(self):
        for size in (1, 3, 7):
            runs = make_plan(resize_experiment(experiment(concurrency=1), size)).runs
            assert {(len(run.team), run.concurrency, run.budget) for run in runs} == {(size, size, 400)}

    def test_a_sweep_and_its_labels_are_kept_and_the_wall_clock_ends_nothing(self):
        swept = experiment(sweep={"strategies.team.policy.lease": [5, 10]}, stop={"seconds": 1.0})
        runs = make_plan(resize_experiment(swept, 4)).runs
        assert {run.strategy for run in runs} == {"team[lease=5]", "team[lease=10]"}
        assert {run.seconds for run in runs} == {None}

    def test_of_strategies_that_become_equal_the_first_is_kept(self):
        strategies = {"one": {"agents": ["random"]}, "other": {"agents": [{"kind": "random"}, "pattern-search"]}}
        base = experiment(strategies=strategies)
        assert {run.strategy for run in make_plan(resize_experiment(base, 1)).runs} == {"one"}
        assert {run.strategy for run in make_plan(resize_experiment(base, 2)).runs} == {"one", "other"}

    def test_a_budget_that_does_not_pay_for_a_row_each_is_refused(self):
        message = (
            r"budget must be at least 500, a row for each of 500 agents of team on sphere D=2, got 400\. "
            r"Raise it \(--set budget=\.\.\.\), or ask for fewer workers\."
        )
        with pytest.raises(SpecError, match=message):
            plan_sizes(experiment(), [500])

    def test_sizes_are_whole_numbers_each_once_in_order(self):
        assert parse_sizes("100, 1,10,1") == (1, 10, 100)

    @pytest.mark.parametrize("text", ["", "0", "1,x", "1.5", "-3", "100001", "1,,2"])
    def test_other_sizes_are_refused(self, text):
        message = rf"--workers must be whole numbers from 1 to 100000, separated by commas, got {text!r}\. Write e\.g\."
        with pytest.raises(SpecError, match=message):
            parse_sizes(text)


def worked(planned, log):
    executor = InProcessExecutor(planned, log)
    for _ in drive_run(begin_run(planned), planned, planned.policy, executor, log):
        pass
    executor.close()


@pytest.fixture(scope="module")
def predictions():
    found, errors = predict_runs(experiment(), plan_sizes(experiment(), [1, 2, 6]))
    assert not errors
    return found


class TestPredictions:
    @pytest.mark.parametrize("agents", [ALL_READ, ["pattern-search", "nelder-mead"]])
    def test_they_are_what_the_clock_makes_of_the_log_of_the_run_itself(self, agents):
        base = experiment(strategies={"team": {"agents": agents}})
        runs = plan_sizes(base, [1, 2, 6])
        for (size, _, planned), found in zip(runs, predict_runs(base, runs)[0], strict=True):
            log = MemoryLog()
            worked(planned, log)
            shifts = timeline(planned.id, log.events(), 1.0, size, base.executor)
            assert (found.workers, found.repeat) == (size, planned.repeat)
            assert found.seconds == max(s.end for s in shifts)
            assert found.leases == len(shifts)
            assert found.workers_lost == sum(s.losses for s in shifts)
            outcomes = list(findings(log.events()))
            assert found.evaluations == sum(finding.charged for finding in outcomes) == 400
            assert found.loss == min(finding.best.loss for finding in outcomes)

    def test_they_repeat(self, predictions):
        assert predict_runs(experiment(), plan_sizes(experiment(), [1, 2, 6]))[0] == predictions

    def test_one_worker_is_never_idle_but_for_delays(self):
        plain = experiment(executor={"kind": "simulated", "evaluation": 3.0})
        (found,) = predict_runs(plain, plan_sizes(plain, [1])[:1])[0]
        assert (found.seconds, found.idle_share) == (1200.0, 0.0)

    def test_a_run_that_fails_is_left_out_and_told(self):
        broken = experiment(evaluation={"on_nan": "stop"}, landscapes=[{"kind": "sphere", "dimension": 2}])
        runs = plan_sizes(broken, [1, 2])
        size, label, planned = runs[0]
        runs[0] = (size, label, replace(planned, team=(("odd", RandomSearch()),) * 2, concurrency=2))
        found, errors = predict_runs(broken, runs)
        assert len(found) == 3
        assert list(errors) == [runs[0][2].id]


def test_a_trace_does_not_depend_on_the_clock_and_its_report_does(tmp_path):
    hashes, tables = set(), []
    for name, executor in {"wild": WILD | {"workers": 1}, "plain": {"kind": "simulated"}}.items():
        settings = SimulatedSettings.model_validate(executor)
        run(experiment(executor=executor, repeats=1), out=tmp_path / name, report=False)
        with LogReader(tmp_path / name) as reader:
            hashes.add(trace_hash(reader))
            assert reader.meta["environment"]["clock"] == settings.model_dump(exclude={"kind"})
        tables.append(accounts.clock_table(read_runs(tmp_path / name), settings).rows()[0])
    assert len(hashes) == 1
    wild, plain = tables
    # 400 evaluations of one second each by two agents at the same time; or of three seconds by one worker, with delays.
    assert (plain["workers"], plain["seconds"], plain["busy_share"], plain["workers_lost"]) == (2, 200.0, 1.0, 0)
    assert wild["workers"] == 1
    assert wild["seconds"] > 1000


def test_a_report_of_an_older_log_has_no_clock(tmp_path, coarse_figures, unrendered):
    run(experiment(repeats=1, budget=40), out=tmp_path / "old", report=False)
    with sqlite3.connect(tmp_path / "old" / "log.sqlite") as database:
        (text,) = database.execute("SELECT value FROM meta WHERE key = 'environment'").fetchone()
        settings = json.loads(text) | {"clock": {"workers": None, "latency": 0.0, "straggler_probability": 0.5}}
        database.execute("UPDATE meta SET value = ? WHERE key = 'environment'", (json.dumps(settings),))
        seal_log(database)
    assert "Simulated clock" not in write_report(tmp_path / "old").read_text()


class TestTally:
    @pytest.mark.parametrize("delays", [Delays(), Delays.model_validate({"evaluation": "lognormal", "latency": 9.0})])
    def test_no_clock_changes_a_decision(self, delays):
        planned = make_plan(resize_experiment(experiment(), 5)).runs[0]

        class Recorder(StatisticsLog):
            def __init__(self, clock):
                super().__init__(clock)
                self.kept = []

            def append(self, event):
                self.kept.append(event)
                return super().append(event)

        plain, told = MemoryLog(), Recorder(Clock(planned.id, 1.0, 5, delays))
        worked(planned, plain)
        worked(planned, told)
        assert [dump_event(event) for event in told.kept] == [dump_event(event) for event in plain.events()]

    def test_only_what_is_out_is_kept(self):
        planned = make_plan(resize_experiment(experiment(), 5)).runs[0]
        tally = StatisticsLog(Clock(planned.id, 1.0, 5))
        worked(planned, tally)
        assert (tally.evaluations, tally.failures, tally.stopped) == (400, 0, "budget spent")
        assert not tally._rows
        assert not tally.clock._outstanding
        assert tally.events() == []


def prediction(workers, seconds, to_target=math.inf, target=None, loss=1.0, repeat=0, strategy="team"):
    return Prediction(
        "sphere", strategy, workers, repeat, seconds, to_target, target, loss, 0.0, 0.5, 1, 10, 100, "budget spent"
    )


class TestChoices:
    AIMED = (
        *(prediction(1, 7200.0, 3600.0, 0.1, repeat=i) for i in range(3)),
        *(prediction(10, 400.0, [300.0, 360.0, np.inf][i], 0.1, repeat=i) for i in range(3)),
        *(prediction(100, 80.0, [70.0, np.inf, np.inf][i], 0.1, repeat=i) for i in range(3)),
    )

    def test_medians_speed_up_and_cost(self):
        rows = sizes_table(self.AIMED, price=3.0).rows()
        assert [row["to_target"] for row in rows] == [3600.0, 360.0, math.inf]
        assert [row["reached"] for row in rows] == [3, 2, 1]
        assert [row["speed_up"] for row in rows] == [1.0, 10.0, None]
        assert [row["efficiency"] for row in rows] == [1.0, 1.0, None]
        assert [row["worker_hours"] for row in rows] == pytest.approx([2.0, 4000 / 3600, 8000 / 3600])
        assert [row["cost"] for row in rows] == pytest.approx([6.0, 12000 / 3600, 24000 / 3600])

    def test_the_fastest_within_a_limit_and_the_cheapest_that_reaches_the_target(self):
        table = sizes_table(self.AIMED, None)
        chosen = {limit: best_sizes_table(table, True, limit).columns["workers"] for limit in (None, 2.5, 1.0)}
        assert chosen == {None: [10, 10], 2.5: [10, 10], 1.0: [None, 10]}
        lines = describe_choices(best_sizes_table(table, True, 1.0), True, False, 1.0)
        assert lines[0] == (
            "sphere, team, fastest within 1 worker-hours: none of the sizes tried, or too few of its runs reach it."
        )
        assert lines[1] == (
            "sphere, team, cheapest that reaches the target: 10 workers, target in 6 min (2 of 3 runs reach it), "
            "cost 1.11 worker-hours."
        )

    def test_without_a_target_losses_are_compared(self):
        runs = [prediction(1, 100.0, loss=0.1), prediction(10, 20.0, loss=0.3), prediction(50, 5.0, loss=0.2)]
        table = sizes_table(runs, 1.0)
        chosen = best_sizes_table(table, False, 0.06)
        assert chosen.columns["question"] == ["fastest", "best loss"]
        assert chosen.columns["workers"] == [10, 1]
        assert describe_choices(chosen, False, True, 0.06)[1] == (
            "sphere, team, best loss within 0.06: 1 worker, done in 100 s, median loss 0.1, cost 0.0278."
        )

    def test_strategies_are_kept_apart(self):
        runs = [prediction(1, 100.0), prediction(1, 50.0, strategy="other"), prediction(2, 60.0)]
        assert best_sizes_table(sizes_table(runs, None), False, None).columns["workers"] == [2, 1, 1, 1]

    def test_durations(self):
        assert [format_duration(s) for s in (0.5, 119, 120, 7200, 2e5, math.inf)] == [
            "0.5 s", "119 s", "2 min", "2 h", "2.31 d", "-"
        ]  # fmt: skip


def test_a_simulation_writes_a_page_a_figure_and_tables(tmp_path):
    done = run_simulation(experiment(stop={"precision": 1e-3}), [1, 4], out=tmp_path / "out", limit=0.5)
    page = (tmp_path / "out/simulation.html").read_text()
    for text in (*done.verdicts(), "Each number of workers is another experiment", "<svg", "speed-up"):
        assert text in page
    assert (tmp_path / "out/figures/simulation.png").stat().st_size > 10_000
    with (tmp_path / "out/tables/sizes.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["workers"] for row in rows] == ["1", "4"]
    assert float(rows[0]["cost"]) == pytest.approx(2 * float(rows[0]["worker_hours"]))
    with (tmp_path / "out/tables/runs.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 4
    assert done.targeted
    assert all(p.stopped.startswith("target") == (p.to_target < math.inf) for p in done.predictions)


def test_what_is_evaluated_for_real_and_what_is_left_out_is_said(tmp_path, unrendered):
    (tmp_path / "f.py").write_text("def f(x):\n    return float((x ** 2).sum())\n")
    user = {"kind": "python", "function": f"{tmp_path}/f.py:f", "bounds": [[-1, 1]]}
    done = run_simulation(experiment(landscapes=[user], stop={"seconds": 9.0}, budget=20), [2], out=tmp_path / "out")
    said = " ".join(done.remarks())
    assert "Evaluated for real, however long that takes: " in said
    assert "stop.seconds is ignored" in said
    assert "No target is set" in said
    assert "does not use the simulated executor" not in said
    on_ray = run_simulation(experiment(executor="ray", budget=20), [2], out=tmp_path / "ray")
    assert "The YAML does not use the simulated executor" in " ".join(on_ray.remarks())
    assert on_ray.predictions[0].seconds == 10.0


def test_the_clocks_settings_in_words():
    from searchparty.experiments.simulation.page import describe_clock_settings

    settings = {"evaluation": {"kind": "lognormal", "mean": 60.0, "sigma": 0.3}, "decision": 0.002, "price": None}
    assert describe_clock_settings(settings) == {"evaluation": "lognormal, mean 60, sigma 0.3", "decision": "0.002"}
