"""`log: {keep}` from the YAML to the report: what is refused, what every reader shows, and what is evaluated again."""

import contextlib
import re
import sqlite3

import numpy as np
import pytest

from searchparty import Experiment
from searchparty.experiments.animation.animate import AnimationOptions, write_animation
from searchparty.experiments.animation.replay import build_replay
from searchparty.experiments.api import resume, run
from searchparty.experiments.execution.cost import describe_plan, estimate_bytes
from searchparty.experiments.execution.plan import make_plan
from searchparty.experiments.execution.verification import verify_results
from searchparty.experiments.results.recorded_runs import read_runs
from searchparty.experiments.results_api import Results
from searchparty.experiments.spec.errors import SpecError
from searchparty.experiments.studio.films.feed import Feed
from searchparty.experiments.studio.films.message import decode_film
from searchparty.orchestrator.log.reader import LogReader
from searchparty.orchestrator.log.trace import trace
from searchparty.orchestrator.state.events import findings

TEAM = {
    "agents": ["gradient-descent", {"kind": "random", "batch": 3}],
    "policy": {"radius": "trust-region", "sharing": "broadcast", "lease": 20},
}


def data_of(keep=None, dimension=1000, budget=300, team=TEAM, **more):
    data = {
        "name": "large",
        "seed": 1,
        "budget": budget,
        "landscapes": [{"kind": "rastrigin", "dimension": dimension}],
        "strategies": {"team": team},
        "executor": "simulated",
        **more,
    }
    return data if keep is None else {**data, "log": {"keep": keep}}


def read_trace(directory):
    with LogReader(directory) as reader:
        return list(trace(reader))


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """Results of the same experiment that keep all points, and that keep some."""
    place = tmp_path_factory.mktemp("kept")
    return [run(data_of(keep), out=place / name, report=False) for name, keep in (("all", None), ("some", "1 MB"))]


def test_no_finding_changes(both):
    every, some = ([line for line in read_trace(each.path) if not line.startswith("point ")] for each in both)
    assert every == some
    assert both[0].comparison.rows() == both[1].comparison.rows()
    assert both[0].convergence.rows() == both[1].convergence.rows()
    assert both[0].best()[0].point.tolist() == both[1].best()[0].point.tolist()


def test_the_points_are_within_what_is_allowed(both):
    sizes = []
    for each in both:
        with contextlib.closing(sqlite3.connect(each.path / "log.sqlite")) as db:
            tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            columns = {"points": "cube, gradients", "reduced_points": "cube, gradients", "vectors": "vector"}
            sizes.append(
                sum(
                    len(blob or b"")
                    for table in columns.keys() & tables
                    for row in db.execute(f"SELECT {columns[table]} FROM {table}")
                    for blob in row
                )
            )
    assert sizes[0] > 2_400_000
    assert sizes[1] < 1_000_000


def test_a_table_of_points_says_what_it_lacks(both):
    every, some = (each.points().rows() for each in both)
    assert len(every) == len(some)
    assert "projection_1" not in every[0]
    assert {f"projection_{number}" for number in range(1, 9)} < set(some[0])
    lacking = 0
    for before, after in zip(every, some, strict=True):
        for name in ("agent", "lease", "evaluations", "loss"):
            assert after[name] == before[name]
        assert after["x1"] in (None, before["x1"])
        assert (after["x1"] is None) == (after["x1000"] is None)
        assert isinstance(after["projection_8"], float)
        lacking += after["x1"] is None
    assert 0 < lacking < len(some)


def test_the_report_says_how_many_points_it_shows(both, coarse_figures, unrendered):
    (data,) = read_runs(both[1].path)
    shown = f"{len(data.points.cube):,} of {len(data.points.losses):,} points"
    assert shown in Results(both[1].path).report().read_text(encoding="utf-8")
    assert "log: {keep}" not in Results(both[0].path).report().read_text(encoding="utf-8")


def test_a_film_shows_what_is_whole_and_the_best_of_each_lease(both):
    (data,) = read_runs(both[1].path)
    header, arrays = decode_film(Feed(both[1].path, data.id).film())
    leases = np.repeat(*np.array(header["chunks"], dtype=int).T)
    shown = sorted(zip(leases.tolist(), arrays["row"].tolist(), arrays["loss"].tolist(), strict=True))
    points = data.points.select_whole()
    assert shown == sorted(zip(points.lease.tolist(), points.row.tolist(), points.losses.tolist(), strict=True))
    assert {(f.lease, f.best.row) for f in findings(data.events) if f.best} <= {(lease, row) for lease, row, _ in shown}


def test_a_replay_counts_all_points_and_locates_those_that_are_whole(both):
    (every,), (some,) = (read_runs(each.path) for each in both)
    full, part = build_replay(every), build_replay(some)
    for name in ("agent", "losses", "cost", "spent", "best"):
        assert getattr(full, name).tolist() == getattr(part, name).tolist()
    assert full.located.all()
    assert part.located.sum() == len(some.points.cube)
    assert (part.cube == full.cube[part.located]).all()
    spread = part.spread(part.cube[:, 0])
    assert np.isnan(spread).tolist() == (~part.located).tolist()
    assert (spread[part.located] == full.cube[part.located, 0]).all()


def test_an_animation_is_drawn(both, tmp_path):
    options = AnimationOptions(seconds=2.0, fps=5.0, width=240, out=tmp_path / "it.gif")
    write_animation(both[1].path, options)
    assert (tmp_path / "it.gif").stat().st_size > 1000


def test_verify_says_what_it_evaluates_again(both):
    for results, again in zip(both, (False, True), strict=True):
        found = verify_results(results.path)
        assert not found.problems
        assert ("Evaluated again, without charge:" in found.describe()) is again


def test_extending_evaluates_again_what_the_agents_need(both, tmp_path):
    said, results = [], []
    for name, keep in (("all", None), ("some", "1 MB")):
        path = run(data_of(keep, budget=100), out=tmp_path / name, report=False).path
        results.append(resume(path, budget=200, report=False, remark=said.append).path)
    every, some = ([line for line in read_trace(path) if not line.startswith("point ")] for path in results)
    assert every == some
    again = [line for line in said if line.startswith("evaluated again")]
    assert len(again) == 1
    assert re.fullmatch(r"evaluated again, without charge: \d+ gradients that the log does not keep\.", again[0])
    assert not verify_results(results[1]).problems


@pytest.mark.parametrize(
    ("keep", "bytes_kept"), [("1 MB", 10**6), ("2.5 GB", 2_500_000_000), (3_000_000, 3_000_000), (None, None)]
)
def test_sizes_are_those_of_memory(keep, bytes_kept):
    experiment = Experiment.from_data({**data_of(), "log": {"keep": keep}})
    assert experiment.log.keep == bytes_kept
    assert Experiment.from_data(data_of()).log.keep is None


@pytest.mark.parametrize(
    ("log", "match"),
    [
        ({"keep": "10 kB"}, r"log\.keep must be a number of bytes or a size .*at least 1 MB.*got '10 kB'"),
        ({"keep": "much"}, r"log\.keep must be a number of bytes"),
        ({"keep": True}, r"log\.keep must be"),
        ({"kept": "1 GB"}, "kept"),
        ("1 GB", "log must be a mapping with keys among keep"),
    ],
)
def test_what_is_no_size_is_refused(log, match):
    with pytest.raises(SpecError, match=match):
        Experiment.from_data({**data_of(), "log": log})


def test_ids_do_not_depend_on_it():
    plans = [make_plan(Experiment.from_data(data_of(keep))) for keep in (None, "1 MB", "9 GB")]
    assert len({run.id for plan in plans for run in plan.runs}) == 1
    assert [plan.find_interval(plan.runs[0]) > 1 for plan in plans] == [False, True, False]


def test_check_says_how_many_points_are_kept():
    plans = [make_plan(Experiment.from_data(data_of(keep))) for keep in (None, "1 MB")]
    every, some = map(describe_plan, plans)
    assert "points kept" not in every
    assert f"points kept  one of {plans[1].find_interval(plans[1].runs[0])}, and" in some
    assert estimate_bytes(plans[1]) < 1_000_000 < 2_400_000 < estimate_bytes(plans[0])


STEPPED = {
    "kind": "python",
    "function": "math:fsum",
    "parameters": {f"w{number}": {"low": 0, "high": 9, "integer": True} for number in range(50)},
}


@pytest.mark.parametrize(
    "change",
    [
        {"strategies": {"readers": {"agents": ["surrogate"]}}},
        {"landscapes": [STEPPED]},
    ],
)
def test_runs_that_read_their_points_are_refused(change):
    data = {**data_of("1 MB", budget=100_000), **change}
    with pytest.raises(SpecError, match=r"log\.keep must be enough for all points .* got 1000000 for .*Leave it out"):
        make_plan(Experiment.from_data(data))
    make_plan(Experiment.from_data({**data, "log": {"keep": "900 GB"}}))
