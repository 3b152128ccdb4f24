"""Tables of losses: which row is found, what fails, and what is refused."""

import re
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

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


TUNED = (
    "rate,depth,kernel,warm,loss\n"
    "0.001,2,rbf,true,5\n0.1,2,rbf,true,4\n0.001,3,rbf,true,3\n0.1,3,poly,true,2\n0.1,3,linear,true,0\n"
    "0.1,4,poly,true,\n0.01,2,rbf,false,-9\n,3,sigmoid,true,8\n"
)
PARAMETERS = {
    "depth": {"low": 2, "high": 5, "integer": True},
    "rate": {"low": 1e-3, "high": 0.1, "log": True},
    "kernel": {"choices": ["poly", "rbf"]},
    "warm": True,
}


def test_a_setting_has_the_loss_of_the_nearest_row_with_its_steps(write):
    landscape = write(TUNED, parameters=PARAMETERS, start={"depth": 3, "rate": 0.01, "kernel": "rbf"})
    problem = landscape.open()
    assert problem.space.names == ("depth", "rate", "kernel")
    assert problem.space.steps == (4, 0, 2)
    assert problem.space.to_box(problem.space.start).tolist() == pytest.approx([3, 0.01, 1])
    # 0.02 is nearer to 0.1 by its logarithm, and nearer to 0.001 otherwise.
    assert losses_at(landscape, [2, 0.02, 1], [2, 0.009, 1], [3, 0.1, 1], [3, 0.001, 0]) == [4, 5, 3, 2]
    # Linear kernels are no choice, and other rows are not warm.
    assert (problem.minimum, problem.minimizers.tolist()) == (2, [[3, 0.1, 0]])


def test_a_setting_without_a_row_fails_with_its_cause(write):
    with pytest.raises(EvaluationError, match="no row of points.csv has depth = 2") as failed:
        losses_at(write(TUNED, parameters=PARAMETERS), [2, 0.1, 0], [2, 0.1, 1], [4, 0.1, 0])
    assert failed.value.causes == {
        0: "no row of points.csv has depth = 2, kernel = poly",
        2: "the nearest row of points.csv has no loss",
    }
    assert failed.value.losses[1] == 4
    with pytest.raises(EvaluationError, match=r"row 0: the row of points.csv has no loss"):
        losses_at(write("k,loss\n1,2\n2,\n", parameters={"k": {"choices": [1, 2]}}), [1])


def test_of_real_parameters_every_setting_has_its_nearest_row(write):
    plain = write("x,y,loss\n0,0,3\n0,10,2\n4,0,1\n4,10,7\n")
    ranges = {"x": {"low": 0, "high": 4}, "y": {"low": 0, "high": 10}}
    named = plain.model_copy(update={"parameters": LossTable(file="x.csv", parameters=ranges).parameters})
    points = np.random.default_rng(3).random((200, 2)) * [4, 10]
    assert named.open().evaluate(points).tolist() == plain.open().evaluate(points).tolist()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 3)] * 3), min_size=1, max_size=40), st.integers(0, 2**32 - 1))
def test_the_row_of_a_setting_is_that_of_a_plain_search(tmp_path_factory, rows, seed):
    path = tmp_path_factory.mktemp("table") / "t.csv"
    path.write_text("a,b,c,loss\n" + "".join(f"v{a},{b},{10.0**c},{hash((a, b, c)) % 97}\n" for a, b, c in rows))
    parameters = {
        "b": {"low": 0, "high": 3, "integer": True},
        "a": {"choices": sorted({f"v{a}" for a, _, _ in rows})},
        "c": {"low": 1, "high": 1000, "log": True},
        "z": {"low": 0, "high": 1},
    }
    path.write_text(path.read_text().replace("\n", ",0.5\n").replace("loss,0.5", "loss,z"))
    landscape = LossTable(file=str(path), parameters=parameters)
    if landscape.parameters.fixed:
        # A single choice is fixed.
        assert list(landscape.parameters.fixed) == ["a"]
        return
    problem = landscape.open()
    choices = parameters["a"]["choices"]
    for point in problem.space.to_box(np.random.default_rng(seed).random((30, 4))):
        b, a, c = int(point[0]), choices[int(point[1])], np.log10(point[2])
        alike = [(abs(row[2] - c), n, row) for n, row in enumerate(rows) if row[1] == b and f"v{row[0]}" == a]
        if alike:
            assert problem.evaluate(point[None]).tolist() == [hash(min(alike)[2]) % 97]
        else:
            with pytest.raises(EvaluationError, match=rf"no row of t.csv has b = {b}, a = {a}"):
                problem.evaluate(point[None])


@pytest.mark.parametrize(
    ("values", "choices", "found"),
    [
        ("rbf, poly", ["poly", "rbf"], [1, 0]),
        ("1,2.50", [2.5, 1], [1, 0]),
        ("1,01", ["01", "1"], [1, 0]),
        ("True,false", [False, True], [1, 0]),
        (",5", [None, 5], [0, 1]),
    ],
)
def test_choices_are_found_as_they_stand_in_a_csv(write, values, choices, found):
    rows = "".join(f"{value},{n},0\n" for n, value in enumerate(values.split(",")))
    landscape = write("k,loss,y\n" + rows, parameters={"k": {"choices": choices}})
    assert losses_at(landscape, *([place] for place in found)) == [0, 1]


def test_a_setting_in_several_rows_counts_once(write):
    landscape = write("k,loss\n1,\n1,4\n1,4.0\n1,nan\n2,5\n", parameters={"k": {"low": 1, "high": 2, "integer": True}})
    assert losses_at(landscape, [1], [2]) == [4, 5]


@pytest.mark.parametrize(
    ("change", "settings", "message"),
    [
        ({"width": {"low": 0, "high": 1}}, {}, "parameters must name columns of points.csv, got 'width'. It has: r"),
        ({"loss": {"low": 0, "high": 1}}, {}, "parameters must be other columns than the losses', got 'loss'"),
        ({"momentum": 0.9}, {}, "parameters must name columns of points.csv, got 'momentum'"),
        ({"warm": "perhaps"}, {}, "parameters.warm must be values of that column .* got 'perhaps'. It has: tr"),
        ({"kernel": {"choices": ["rbf", "cubic"]}}, {}, "parameters.kernel.choices .* got 'cubic'. It has: rbf, p"),
        ({"rate": {"low": 0, "high": 1, "integer": True}}, {}, "'rate' .* must hold whole numbers, got 0.001 in row 1"),
        ({"kernel": {"low": 0, "high": 1}, "rate": 0.1}, {}, "'kernel' .* must hold numbers, got 'rbf' in row 2"),
        ({"kernel": {"choices": ["sigmoid", "rbf"]}}, {}, "column 'rate' .* must hold numbers, got '' in row 8"),
        ({"depth": {"low": 6, "high": 9}}, {}, "a row with a loss within the parameters, got none"),
        ({}, {"loss": "none"}, "loss must name columns of points.csv, got 'none'"),
    ],
)  # fmt: skip
def test_parameters_that_do_not_fit_the_table_are_refused(write, change, settings, message):
    with pytest.raises(LandscapeError, match=message):
        write(TUNED, parameters=PARAMETERS | change, **settings).open()


def test_two_losses_of_one_setting_are_refused(write):
    with pytest.raises(
        LandscapeError, match=r"one loss for each setting .* got 5 and -9 in rows 1 and 2 below .*header"
    ):
        # Rows differ in columns that no parameter names.
        write("depth,seed,loss\n2,0,5\n2,1,-9\n3,1,0\n", parameters={"depth": PARAMETERS["depth"]}).open()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"columns": ["rate"]}, "columns must be left out beside parameters"),
        ({"bounds": [(0, 1)]}, "bounds must be left out beside parameters"),
        ({"start": {"depth": 9, "rate": 0.1, "kernel": "rbf"}}, "start.depth must lie within its range, got 9"),
        ({"start": [1, 2, 3]}, "start must be a mapping"),
    ],
)
def test_settings_that_do_not_fit_each_other_are_refused(settings, message):
    with pytest.raises(ValidationError, match=message):
        LossTable(file="x.csv", parameters=PARAMETERS, **settings)


def test_a_start_without_parameters_is_a_point(write):
    assert write(SMALL, start=[1, 5]).open().space.start.tolist() == [0.25, 0.5]
    with pytest.raises(LandscapeError, match="start must lie within the bounds, got 11"):
        write(SMALL, start=[1, 11]).open()


def test_new_settings_are_recorded_only_where_they_are_given(write):
    assert list(write(SMALL).model_dump()) == ["kind", "seconds", "file", "loss", "columns", "bounds"]
    recorded = write(TUNED, parameters=PARAMETERS).model_dump(mode="json")
    assert [name for name, _ in recorded["parameters"]] == ["depth", "rate", "kernel", "warm"]
    assert LossTable(**recorded).model_dump(mode="json") == recorded


def test_a_wide_range_of_a_table_may_be_logarithmic(write):
    assert (
        write(TUNED, parameters={"rate": {"low": 1e-5, "high": 1}}).hints[0].startswith("table points: parameters.rate")
    )
    assert not write(TUNED, parameters={"rate": {"low": 1e-5, "high": 1, "log": False}}).hints


def test_an_experiment_on_a_table_of_parameters_finds_the_best_row_and_verifies(tmp_path):
    rows = [(d, k, 10.0**-e) for d in range(2, 8) for k in ("rbf", "poly") for e in range(4)]
    losses = "".join(f"{d},{k},{r},{abs(d - 5) + (k == 'rbf') + r}\n" for d, k, r in rows)
    (tmp_path / "losses.csv").write_text("depth,kernel,rate,loss\n" + losses)
    (tmp_path / "t.yaml").write_text(
        "name: t\nbudget: 200\nlandscapes:\n  - kind: table\n    file: losses.csv\n    parameters:\n"
        "      rate: {low: 1.0e-3, high: 1, log: true}\n      depth: {low: 2, high: 9, integer: true}\n"
        "      kernel: {choices: [rbf, poly]}\n    start: {rate: 1, depth: 2, kernel: rbf}\n"
        "strategies: {party: {agents: [slsqp, axes, cma-es], policy: party}, alone: {agents: [random]}}\n"
        "executor: simulated\n"
    )
    results = run(tmp_path / "t.yaml", out=tmp_path / "out", report=False)
    assert not results.errors
    assert all(best.loss == pytest.approx(0.001) for best in results.best())
    causes = {row["cause"] for row in results.failures.rows()}
    assert causes
    # Causes that differ in numbers alone are one, with an example.
    said = r"no row of losses\.csv has depth = [89], kernel = (rbf|poly)"
    assert all(re.fullmatch(rf"row: ({said}|{said.replace('[89]', '#')} \(e\.g\. {said}\))", each) for each in causes)
    assert verify_results(tmp_path / "out").problems == []


@pytest.mark.extras
def test_parquet_has_choices_of_its_own_types(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    rows = {"warm": [True, False, None], "n": [1, 2, 2], "k": ["a", "1", "1"], "loss": [3.0, 2.0, 1.0]}
    parquet.write_table(pyarrow.table(rows), tmp_path / "points.parquet")
    parameters = {"warm": {"choices": [None, False, True]}, "n": {"choices": [1, 2]}, "k": {"choices": ["1", "a"]}}
    landscape = LossTable(file="points.parquet", base=str(tmp_path), parameters=parameters)
    assert losses_at(landscape, [2, 0, 1], [1, 1, 0], [0, 1, 0]) == [3, 2, 1]
    with pytest.raises(LandscapeError, match=r"parameters.warm.choices .* got 1. It has: True, False, None"):
        landscape.model_copy(
            update={"parameters": LossTable(file="x", parameters={"warm": {"choices": [1, False]}}).parameters}
        ).open()


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


def test_an_experiment_on_a_table_runs_resumes_and_sees_a_changed_file(
    tmp_path, monkeypatch, coarse_figures, unrendered
):
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
    with pytest.raises(ResultsError, match=re.escape("the data of landscape table losses.csv have changed")):
        resume(tmp_path / "out", report=False)
