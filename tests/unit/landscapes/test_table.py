"""Tables of losses: which row is found, what fails, and what is refused."""

import re
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchparty.experiments.api import resume, run
from searchparty.experiments.execution.results_directory import ResultsError
from searchparty.experiments.execution.verification import verify_results
from searchparty.landscapes.landscape import EvaluationError, LandscapeError
from searchparty.landscapes.table import LossTable

SMALL = "x,y,loss\n0,0,3\n0,10,2\n4,0,1\n4,10,\n"


@pytest.fixture
def write(tmp_path):
    def write(text, name="points.csv", **settings):
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return LossTable(file=name, base=str(tmp_path), **settings)

    return write


def losses_at(landscape, *points):
    return landscape.open().evaluate(np.array(points, dtype=float)).tolist()


def test_a_point_has_the_loss_of_the_nearest_row_by_scaled_axes(write):
    landscape = write(SMALL)
    problem = landscape.open()
    assert problem.space.lower.tolist() == [0, 0]
    assert problem.space.upper.tolist() == [4, 10]
    # (1.9, 4) is 0.475 and 0.4 of the box's widths from (0, 0); unscaled, (4, 0) would be as near as that.
    assert losses_at(landscape, [0, 0], [1.9, 4], [2.1, 4], [1, 9]) == [3, 3, 1, 2]
    assert (problem.minimum, problem.minimizers.tolist()) == (1, [[4, 0]])
    assert not problem.space.has_gradient


def test_of_equally_near_rows_the_first_is_found(write):
    assert losses_at(write("x,y,loss\n0,0,3\n0,1,2\n1,0,1\n1,1,0\n"), [0.5, 0.5], [0.5, 1], [1, 0.5]) == [3, 2, 1]
    # 0.1 and 0.3 are not equally far from 0.2 in binary numbers.
    assert losses_at(write("x,loss\n0.1,1\n0.3,2\n"), [0.2]) == [1]
    assert losses_at(write("x,loss\n0.3,2\n0.1,1\n"), [0.2]) == [2]
    twice = write("x,loss\n0,5\n1,4\n0,-9\n")
    assert losses_at(twice, [0]) == [5]
    assert twice.open().minimum == 4


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(*[st.integers(-3, 3)] * 3), min_size=4, max_size=40), st.integers(0, 2**32 - 1))
def test_the_nearest_row_is_that_of_a_plain_search(tmp_path_factory, rows, seed):
    points = np.array(rows, dtype=float)
    if (np.ptp(points, axis=0) == 0).any():
        return
    path = tmp_path_factory.mktemp("table") / "t.csv"
    path.write_text("a,b,c,loss\n" + "".join(f"{a},{b},{c},{n}\n" for n, (a, b, c) in enumerate(rows)))
    problem = LossTable(file=str(path)).open()
    where = problem.space.to_box(np.random.default_rng(seed).random((50, 3)))
    scale = problem.space.upper - problem.space.lower
    far = (((where[:, None] - points[None]) / scale) ** 2).sum(axis=2)
    assert problem.evaluate(where).tolist() == far.argmin(axis=1).tolist()


def test_a_row_without_a_loss_fails_with_its_cause(write):
    with pytest.raises(EvaluationError, match=r"row 1: the nearest row of points.csv has no loss") as failed:
        losses_at(write(SMALL), [0, 0], [4, 10])
    assert failed.value.losses[0] == 3
    for text in ("", "nan", "NA", "inf", "-inf", "null"):
        with pytest.raises(EvaluationError, match="has no loss"):
            losses_at(write(f"x,loss\n0,1\n1,{text}\n"), [1])


def test_columns_and_bounds_choose_axes_and_rows(write):
    text = "id,b,a,err\n" + "".join(f"r{n},{n},{n % 3},{n * n}\n" for n in range(9))
    landscape = write(text, loss="err", columns=["a", "b"], bounds=[(0, 2), (3, 10)])
    problem = landscape.open()
    assert problem.space.dimension == 2
    assert problem.minimizers.tolist() == [[0, 3]]
    assert problem.minimum == 9
    assert landscape.label == "table points err"


@pytest.mark.parametrize("text", [SMALL.replace(",", ";"), SMALL.replace(",", "\t"), "\ufeff" + SMALL,
                                  SMALL.replace("\n", "\r\n"), SMALL + "\n", SMALL.replace("x,", '"x",')])  # fmt: skip
def test_csv_in_all_spellings(write, text):
    assert losses_at(write(text), [4, 0], [0, 10]) == [1, 2]


@pytest.mark.parametrize(
    ("text", "settings", "message"),
    [
        ("", {}, "file must have a header|loss must name"),
        ("x,loss\n", {}, "file must have rows"),
        ("x,y\n1,2\n", {}, "loss must name a column of points.csv, got 'loss'. It has: x, y"),
        (SMALL, {"columns": ["z"]}, "columns must name a column of points.csv, got 'z'"),
        (SMALL, {"columns": ["x", "x"]}, "columns must be different columns"),
        (SMALL, {"columns": ["x", "loss"]}, "columns must be different columns"),
        ("x,x,loss\n1,2,3\n", {}, "header with different names"),
        ("x,loss\n1,2\n1,2,3\n", {}, "2 values in each row, got 3 in row 2"),
        ("x,loss\nred,2\nblue,3\n", {}, "column 'x' of points.csv must hold numbers, got 'red' in row 1"),
        ("x,loss\n1,2\n,3\n", {}, "column 'x' of points.csv must hold numbers, got '' in row 2"),
        ("x,loss\n1,low\n2,3\n", {}, "column 'loss' of points.csv must hold numbers, got 'low' in row 1"),
        ("x,loss\n1,2\n1,3\n", {}, "at least two different values each"),
        ("x,loss\n-1.7e308,2\n1.7e308,3\n", {}, "a finite range"),
        ("x,loss\n1,\n2,\n", {}, "a row with a loss within the bounds"),
        (SMALL, {"bounds": [(1, 2), (3, 4)]}, "a row with a loss within the bounds"),
        (SMALL, {"bounds": [(1, 2)]}, r"one pair per axis \(2: x, y\), got 1"),
        (b"x,loss\n\xff,2\n", {}, "readable text"),
    ],
)
def test_what_is_no_table_is_refused(write, text, settings, message):
    with pytest.raises(LandscapeError, match=message):
        write(text, **settings).open()


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(LandscapeError, match=r"file must name a readable file, got .*gone.csv, which does not exist"):
        LossTable(file="gone.csv", base=str(tmp_path)).open()


def test_parquet_needs_pyarrow(write, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(LandscapeError, match=r"must be CSV where pyarrow is not installed.* or save it as CSV"):
        write(b"PAR1", "points.parquet").open()


@pytest.mark.extras
def test_parquet_is_read_as_csv_is(write, tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    table = pyarrow.table({"x": [0, 0, 4, 4], "y": [0, 10, 0, 10], "loss": [3.0, 2.0, 1.0, None]})
    parquet.write_table(table, tmp_path / "points.parquet")
    landscape = LossTable(file="points.parquet", base=str(tmp_path))
    assert losses_at(landscape, [0, 0], [1.9, 4], [2.1, 4], [1, 9]) == [3, 3, 1, 2]
    with pytest.raises(EvaluationError, match="has no loss"):
        losses_at(landscape, [4, 10])


def test_an_experiment_on_a_table_runs_resumes_and_sees_a_changed_file(tmp_path, monkeypatch):
    (tmp_path / "losses.csv").write_text(SMALL)
    (tmp_path / "t.yaml").write_text(
        "name: t\nbudget: 60\nlandscapes: [{kind: table, file: losses.csv}]\n"
        "strategies: {alone: {agents: [random]}}\nexecutor: simulated\n"
    )
    results = run(tmp_path / "t.yaml", out=tmp_path / "out")
    assert results.best()[0].loss == 1
    assert 0 < sum(row["count"] for row in results.failures.rows()) < 60
    monkeypatch.chdir("/")
    assert verify_results(tmp_path / "out").problems == []
    assert len(resume(tmp_path / "out", repeats=2, report=False).runs) == 2
    (tmp_path / "losses.csv").write_text(SMALL.replace("10,2", "10,7"))
    with pytest.raises(ResultsError, match=re.escape("the code of landscape table losses.csv has changed")):
        resume(tmp_path / "out", report=False)
