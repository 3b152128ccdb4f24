"""What a log tells of landscapes: bounds, minima and surfaces, without the code that they are of."""

import numpy as np
import pytest
from sealing import alter_log

from searchparty.experiments.api import resume, run
from searchparty.experiments.results.pictures import surfaces
from searchparty.experiments.results.pictures.background import background_grid, is_evaluated
from searchparty.experiments.results.pictures.surfaces import find_losses, sample_surface
from searchparty.experiments.results_api import Results
from searchparty.experiments.studio.films.feed import Feed
from searchparty.experiments.studio.films.message import decode_film
from searchparty.landscapes.planes import axes_plane
from searchparty.orchestrator.landscape_record import LandscapeRecord, StoredSurface
from searchparty.orchestrator.log.log import LogError
from searchparty.orchestrator.log.reader import LogReader

BOWL = """
import numpy as np
from typing import ClassVar, Literal
from searchparty import Landscape, Space

class Opened:
    rowwise = True
    minimum = 1.5
    def __init__(self, dimension):
        self.space = Space(np.full(dimension, -3.0), np.arange(dimension) + 5.0)
        self.minimizers = np.full((1, dimension), 0.5)
    def evaluate(self, points):
        return 1.5 + ((points - 0.5) ** 2).sum(axis=1)

class Bowl(Landscape):
    kind: Literal["bowl"] = "bowl"
    pictured: ClassVar[bool] = PICTURED
    dimension: int = 2
    def open(self):
        return Opened(self.dimension)
"""


@pytest.fixture
def bowl(tmp_path):
    """Run an experiment on a landscape of a user, and remove its file."""

    def make(dimension, pictured=True, **more):
        (tmp_path / "bowl.py").write_text(BOWL.replace("PICTURED", str(pictured)))
        data = {
            "name": "bowl", "budget": 40, "repeats": 2, "executor": "simulated", "base": str(tmp_path),
            "landscapes": [{"kind": "bowl.py:Bowl", "dimension": dimension}],
            "strategies": {"it": {"agents": ["random", "axes"]}}, **more,
        }  # fmt: skip
        path = run(data, out=tmp_path / "out", report=False).path
        (tmp_path / "bowl.py").unlink()
        return path

    return make


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_the_log_has_bounds_minima_and_surfaces(bowl, dimension):
    path = bowl(dimension)
    for each in Results(path).runs:
        assert each.bounded
        assert each.problem is None
        assert each.space.lower.tolist() == [-3.0] * dimension
        assert each.space.upper.tolist() == [5.0, 6.0, 7.0][:dimension]
        assert each.minimum == 1.5
        assert each.minimizers.tolist() == [[0.5] * dimension]
        assert each.surfaces
        best = each.space.to_box(each.points.cube[each.points.losses.argmin()])
        found = find_losses(each, each.space.to_cube(best)[None])
        np.testing.assert_allclose(found, [1.5 + ((best - 0.5) ** 2).sum()], rtol=1e-2)


def test_pictures_show_the_recorded_surface(bowl):
    each = Results(bowl(2)).runs[1]
    for axes in ((0, 1), (1, 0)):
        x, y, z = background_grid(each, axes)
        np.testing.assert_allclose(z, 1.5 + (x[None] - 0.5) ** 2 + (y[:, None] - 0.5) ** 2, rtol=1e-9)
    assert is_evaluated(each)


def test_a_slice_in_three_dimensions_is_recorded(bowl):
    each = Results(bowl(3)).runs[0]
    at = each.space.to_box(each.points.cube[each.points.losses.argmin()])
    x, y, z = background_grid(each, (0, 1), at)
    exact = 1.5 + (x[None] - 0.5) ** 2 + (y[:, None] - 0.5) ** 2 + (at[2] - 0.5) ** 2
    np.testing.assert_allclose(z, exact, rtol=2e-2)
    # Of another slice nothing is known.
    assert find_losses(each, np.array([[0.1, 0.2, 0.9]])) is None


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_the_film_shows_the_recorded_surface(bowl, dimension):
    path = bowl(dimension)
    header, arrays = decode_film(Feed(path, Results(path).runs[0].id).film())
    assert header["surface_from"] == "landscape"
    assert header["bounded"]
    assert np.nanmin(arrays["surface"]) >= 1.5
    assert header["minimum"] == 1.5


def test_a_landscape_that_may_not_be_pictured_is_interpolated(bowl):
    path = bowl(2, pictured=False)
    each = Results(path).runs[0]
    assert each.bounded
    assert each.surfaces == ()
    assert not is_evaluated(each)
    assert np.isfinite(background_grid(each)[2]).any()
    header, _ = decode_film(Feed(path, each.id).film())
    assert header["surface_from"] == "points"


def test_a_slow_landscape_is_left_out_and_that_is_said(bowl, monkeypatch, tmp_path):
    monkeypatch.setattr(surfaces, "MOST_SECONDS", 0.0)
    path = bowl(2)
    assert Results(path).runs[0].surfaces == ()
    (tmp_path / "bowl.py").write_text(BOWL.replace("PICTURED", "True"))
    monkeypatch.undo()
    said = []
    # The file is what it was, so that its signature holds.
    resume(path, budget=60, remark=said.append, report=False)
    assert Results(path).runs[0].surfaces
    assert said == []


def test_a_log_of_an_older_version_is_shown_in_the_unit_cube_and_says_so(bowl, coarse_figures, unrendered):
    path = bowl(2)
    alter_log(path, "UPDATE runs SET about = '{}'")
    results = Results(path)
    for each in results.runs:
        assert not each.bounded
        assert each.space.upper.tolist() == [1.0, 1.0]
        assert each.minimum is None
    report = results.report().read_text()
    assert "The log does not have the bounds of bowl" in report
    header, _ = decode_film(Feed(path, results.runs[0].id).film())
    assert (header["bounded"], header["surface_from"]) == (False, "points")


def test_bounds_of_an_older_log_are_those_of_its_settings(tmp_path):
    (tmp_path / "f.py").write_text("def loss(x):\n    return float(x.sum())\n")
    landscape = {"kind": "python", "function": "f.py:loss", "bounds": [-2, 4], "dimension": 3, "minimum": -6.0}
    data = {
        "name": "old", "budget": 10, "executor": "simulated", "base": str(tmp_path), "landscapes": [landscape],
        "strategies": {"it": {"agents": ["random"]}},
    }  # fmt: skip
    path = run(data, out=tmp_path / "out", report=False).path
    alter_log(path, "UPDATE runs SET about = '{}'")
    (tmp_path / "f.py").unlink()
    (each,) = Results(path).runs
    assert (each.bounded, each.minimum, each.space.lower.tolist()) == (True, -6.0, [-2.0] * 3)
    assert min(min(row) for row in zip(*(each.points.cube.T), strict=True)) >= 0


@pytest.mark.parametrize(
    "about",
    [
        '{"dimension": 3, "lower": 0, "upper": 1}',
        '{"dimension": 2, "lower": 1, "upper": 0}',
        '{"dimension": 2, "lower": [0], "upper": 1}',
        '{"dimension": -1, "lower": 0, "upper": 1}',
        '{"dimension": 1e99, "lower": 0, "upper": 1}',
        '{"dimension": 2, "lower": 0, "upper": 1, "minimizers": 3}',
        '{"dimension": 2, "lower": 0, "upper": 1, "minimum": []}',
        '{"dimension": 2, "lower": 0, "upper": 1, "surfaces": [{}]}',
        '{"dimension": 2, "lower": 0, "upper": 1, "surfaces": [{"origin": 0, "first": 0, "second": 0, "columns": 0, '
        '"losses": "AAAAAAAAAAA="}]}',
        '{"x": 1}',
        "[1]",
        "7",
    ],
)
def test_what_cannot_be_said_of_a_landscape_is_damage(bowl, about):
    path = bowl(2)
    alter_log(path, ("UPDATE runs SET about = ?", (about,)))
    with pytest.raises(LogError, match="damaged"):
        Results(path).runs  # noqa: B018
    with LogReader(path) as reader:
        run_id = next(iter(reader.stopped_run_ids()))
    with pytest.raises(LogError, match="damaged"):
        Feed(path, run_id).film()


@pytest.mark.parametrize("shape", [(7, 5), (1, 9)])
def test_a_surface_is_recorded_to_the_bit(shape):
    rng = np.random.default_rng(0)
    losses = rng.random(shape)
    losses[0, 1] = np.nan
    stored = StoredSurface(axes_plane(np.full(2, 0.5), 0, 1), losses)
    again = StoredSurface.from_data(stored.to_data(), 2)
    np.testing.assert_array_equal(again.losses, losses)
    np.testing.assert_array_equal(again.plane.first, stored.plane.first)


def test_a_surface_is_linear_between_its_points():
    u, v = np.meshgrid(np.linspace(0, 1, 5), np.linspace(0, 1, 9))
    stored = StoredSurface(axes_plane(np.full(2, 0.5), 0, 1), 2 * u - 3 * v)
    places = np.random.default_rng(1).random((50, 2))
    np.testing.assert_allclose(sample_surface(stored, places), 2 * places[:, 0] - 3 * places[:, 1], atol=1e-12)


def test_bounds_that_are_all_equal_take_one_number():
    from searchparty.landscapes.landscape import Space

    record = LandscapeRecord(Space(np.zeros(100_000), np.ones(100_000)))
    assert record.to_data() == {"dimension": 100_000, "lower": 0.0, "upper": 1.0}
    assert LandscapeRecord.from_data(record.to_data()).space.dimension == 100_000
