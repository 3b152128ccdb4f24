"""Which points of a run make a path, and which path a text names."""

import numpy as np
import pytest

import searchparty
from searchparty.experiments.planes.paths import MOST_PATH_POINTS, AgentPath, collect_paths, find_path
from searchparty.experiments.results.recorded_runs import read_runs
from searchparty.landscapes.geometry.hessian import GeometryError


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("paths")
    experiment = {
        "name": "paths", "budget": 400, "executor": "simulated", "landscapes": [{"kind": "sphere", "dimension": 3}],
        "strategies": {"team": {"agents": ["random", "gradient-descent"]}, "alone": {"agents": ["random"]}},
    }  # fmt: skip
    searchparty.run(experiment, out=folder / "out", report=False)
    return read_runs(folder / "out")


def test_a_path_has_the_best_and_the_last_point_of_each_lease(runs):
    run = runs[0]
    for path in collect_paths(run):
        number = run.team.index(path.agent)
        mine = np.flatnonzero(run.points.agent == number)
        assert path.loss == run.points.losses[mine].min()
        assert len(path.cube) <= MOST_PATH_POINTS
        np.testing.assert_array_equal(path.end, run.points.cube[mine[run.points.losses[mine].argmin()]])
        np.testing.assert_array_equal(path.cube[-1], run.points.cube[mine[-1]])
        assert (np.diff(path.evaluations) > 0).all()


def test_an_agent_without_points_has_no_path(runs):
    assert {path.agent for path in collect_paths(runs[1])} == {"random"}


def make(run, strategy, repeat=0, agent=None, loss=1.0):
    return AgentPath(run, strategy, repeat, agent or strategy, np.zeros((1, 2)), np.array([1]), 0, loss)


PATHS = [
    make("aaaa11", "adam"), make("aaaa22", "adam", 1), make("bbbb33", "party", 0, "adam", 0.5),
    make("bbbb33", "party", 0, "grid", 0.25), make("cccc44", "odd:name"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "place"),
    [("adam", 0), ("adam#1", 1), ("aaaa2", 1), ("party", 3), ("party:adam", 2), ("bbbb33:adam", 2), ("odd:name", 4)],
)
def test_a_text_names_a_path(text, place):
    assert find_path(PATHS, text) is PATHS[place]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("aaaa", "run must be one run, got 'aaaa', which 2 ids begin with"),
        ("nothing", "got 'nothing'. Write one of: adam#0, adam#1, party#0:adam"),
        ("party:nobody", "as RUN or RUN:AGENT, got 'party:nobody'"),
        ("adam#7", "got 'adam#7'"),
        ("", "got ''"),
        (":adam", "got ':adam'"),
        ("aa", "got 'aa'"),
    ],
)
def test_a_text_that_names_none_is_refused(text, message):
    with pytest.raises(GeometryError, match=message):
        find_path(PATHS, text)
