"""Basins: where the best points of a sweep's runs lead, and which of them are one minimum."""

import numpy as np
import pytest

from searchparty import load, resume, run
from searchparty.experiments.results.run_summary import read_summaries
from searchparty.experiments.studies.basins import describe_basins, map_basins, read_about
from searchparty.experiments.studies.descents import DESCENT_KEY, descend, read_descent
from searchparty.experiments.studies.settings import read_sweeps
from searchparty.landscapes.classics import Rastrigin
from searchparty.landscapes.opening import open_problem
from searchparty.orchestrator.log.reader import LogReader

DATA = {
    "name": "trial",
    "seed": 1,
    "budget": 60,
    "landscapes": [{"kind": "rastrigin", "shift": "random", "instance": [1, 2]}],
    "strategies": {"grid": {"agents": ["grid"]}},
    "sweep": {"grid.points_per_axis": [3, 5], "region.radius": [0.2, 0.5]},
    "executor": "simulated",
}


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    return run(load(DATA), out=tmp_path_factory.mktemp("sweep") / "out", report=False)


def find_maps(results, about=None):
    compared = results.compare()
    (problem,) = compared.problems
    (sweep,) = read_sweeps(results.path, compared.strategies)
    return map_basins(problem, sweep, read_about(results.path) if about is None else about), sweep


def test_a_descent_ends_in_the_minimum_of_its_basin():
    problem = open_problem(Rastrigin(dimension=2))
    start = problem.space.to_cube(np.array([1.2, -0.1]))
    point, loss = descend(problem, start)
    assert problem.space.to_box(point) == pytest.approx([0.995, 0], abs=1e-3)
    assert loss == pytest.approx(0.99496, abs=1e-4)
    # A point that leads nowhere stays.
    again, same = descend(problem, problem.space.to_cube(np.zeros(2)))
    assert problem.space.to_box(again) == pytest.approx([0, 0])
    assert same == 0


def test_descents_are_recorded_beside_the_landscape_and_change_no_trace(swept, tmp_path):
    about = read_about(swept.path)
    assert len(about) == 8
    for each in swept.runs:
        point, loss = read_descent(about[each.id], 2)
        assert loss <= each.final + 1e-9
        assert ((point >= 0) & (point <= 1)).all()
    # A part of the sweep without descents has the same runs.
    alone = run(load({**DATA, "sweep": {}}, ["strategies.grid.agents.0.points_per_axis=3", "region.radius=0.2"]),
                out=tmp_path / "alone", report=False)  # fmt: skip
    assert all(DESCENT_KEY not in found for found in read_about(alone.path).values())
    twin = next(each for each in swept.runs if each.id == alone.runs[0].id)
    assert twin.digest == alone.runs[0].digest
    with LogReader(swept.path) as reader:
        reader.check()


def test_a_longer_run_gets_another_descent(tmp_path):
    results = run(load({**DATA, "budget": 40}), out=tmp_path / "out", report=False)
    before = read_about(results.path)
    resume(results.path, budget=80, report=False)
    after = read_about(results.path)
    assert all(after[id][DESCENT_KEY]["evaluations"] == 80 for id in before)


def test_basins_are_numbered_from_the_lowest(swept):
    maps, sweep = find_maps(swept)
    assert [each.landscape for each in maps] == ["rastrigin D=2 shifted i1", "rastrigin D=2 shifted i2"]
    for each in maps:
        assert each.descended
        assert list(each.losses) == sorted(each.losses)
        assert len(each.runs) == len(each.basins) == 4
        for one, basin in zip(each.ends, each.basins, strict=True):
            assert np.abs(one - each.places[basin]).max() <= 0.01
        assert len(each.of_strategy(sweep.settings[0].strategy)) == 1
    assert "runs ended in the lowest basin that any found" in describe_basins(maps, sweep)
    assert "where the best points lead by L-BFGS-B" in describe_basins(maps, sweep)


def test_without_descents_basins_are_clusters_of_best_points(swept):
    maps, sweep = find_maps(swept, {})
    assert not any(each.descended for each in maps)
    found = {each.id: each for each in read_summaries(swept.path)}
    for each in maps:
        ends = [found[run.id].best_point for run in each.runs]
        assert np.allclose(each.ends, [end.space.to_cube(end.point) for end in ends])
    assert "clusters of the best points, within 1 % of the box" in describe_basins(maps, sweep)
    assert describe_basins([], sweep) == ""


@pytest.mark.parametrize(
    "about",
    [{}, {DESCENT_KEY: 3}, {DESCENT_KEY: {"point": [0.1], "loss": 1}}, {DESCENT_KEY: {"point": [0.1, "x"], "loss": 1}},
     {DESCENT_KEY: {"point": [0.1, 0.2], "loss": "nan"}}],
)  # fmt: skip
def test_what_is_no_descent_is_ignored(about):
    assert read_descent(about, 2) is None


def test_equal_minima_count_alike(tmp_path):
    data = {**DATA, "budget": 40, "repeats": 2, "landscapes": [{"kind": "himmelblau"}]}
    maps, sweep = find_maps(run(load(data), out=tmp_path / "out", report=False))
    (found,) = maps
    # All four minima are global; every descent ends in one.
    assert found.lowest == len(found.losses) > 1
    told = describe_basins(maps, sweep)
    assert told.startswith(
        f"8 of 8 runs ended in the lowest basin that any found; up to {found.lowest} basins are equally low, and count "
        "alike. Each setting did in 2 of 2 ("
    )
