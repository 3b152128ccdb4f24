"""What other tools wrote becomes strategies to compare with; what is not as it should be is refused with its place."""

import os
import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from searchparty.experiments.api import run
from searchparty.experiments.comparison.comparison import compare_runs
from searchparty.experiments.comparison.tables import make_comparison_table
from searchparty.experiments.exchange import read_coco
from searchparty.experiments.exchange.foreign_runs import find_records
from searchparty.experiments.exchange.read_foreign import is_foreign, read_foreign
from searchparty.experiments.report.report import read_comparison
from searchparty.experiments.results.run_summary import read_summaries
from searchparty.landscapes.landscape import Refusal

YAML = """
name: b
budget: 200
repeats: 2
seed: 4
landscapes:
  - {kind: bbob, function: [1, 8], dimension: 2, instance: [1, 2]}
  - {kind: sphere, dimension: 2}
strategies:
  slsqp: {agents: [slsqp]}
  party: {agents: [cma-es, random], policy: {sharing: broadcast, lease: 20}}
executor: simulated
"""
INFO = """\
suite = 'bbob', funcId = 1, DIM = 2, Precision = 1.000e-08, algId = 'THEIRS', data_format = 'bbob-new2'
% comment
data_f1/bbobexp_f1_DIM2.dat, 1:30|2.0e-09, 2:10|1.0e+00
funcId = 3, DIM = 2, Precision = 1.000e-08, algId = 'THEIRS'
%
data_f1/f3.dat, 1:7|1.0e+00
"""
DAT = """\
% f evaluations | g evaluations | best noise-free fitness - Fopt (7.948000000000e+01) + sum g_i+ | ...
1 0 +3.2e+01 +1.1e+02 +1.1e+02 +1.1e-01 +4.5e+00
12 0 +2.0e-09 +8.4e+01 +8.4e+01 -1.8e+00 -7.6e-01
30 0 +2.0e-09 +8.4e+01 +8.4e+01 -1.8e+00 -7.6e-01
% f evaluations | g evaluations | ...
1 0 +3.0e+00 +1.1e+02 +1.1e+02 +1.1e-01 +4.5e+00
10 0 +1.0e+00 +1.1e+02 +1.1e+02 +1.1e-01 +4.5e+00
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bbob")
    (folder / "b.yaml").write_text(YAML)
    return run(folder / "b.yaml", out=folder / "b-1", report=False)


@pytest.fixture(scope="module")
def known(results):
    return read_summaries(results.path)


@pytest.fixture
def theirs(tmp_path):
    """Return a folder of COCO's data, as an archive has it."""
    home = tmp_path / "theirs"
    (home / "data_f1").mkdir(parents=True)
    (home / "f1.info").write_text(INFO)
    (home / "data_f1" / "bbobexp_f1_DIM2.dat").write_text(DAT)
    (home / "data_f1" / "f3.dat").write_text("% head\n1 0 1.0 1.0 1.0 0 0\n7 0 1.0 1.0 1.0 0 0\n")
    return home


def test_coco_data_are_runs_on_the_landscapes_of_the_results(theirs, known):
    lines = []
    first, second = read_foreign([theirs], known, lines.append)
    assert (first.strategy, first.landscape, first.repeat) == ("THEIRS", "bbob f1 sphere D=2 i1", 0)
    assert second.landscape == "bbob f1 sphere D=2 i2"
    assert first.record_evaluations.tolist() == [1, 12]
    np.testing.assert_allclose(first.record_losses - first.minimum, [32, 2e-9], atol=1e-13)
    assert (first.evaluations, first.budget) == (30, 200)
    assert first.first_below(first.minimum + 1e-8) == 12
    assert lines == [
        f"THEIRS: 2 runs were read from {theirs}; 1 more are on landscapes that these results do not have. Their "
        "points and agents are not known."
    ]


def test_our_own_coco_export_is_as_good_as_we_are(results, known, tmp_path):
    path = export_bbob(results, tmp_path)
    found = read_foreign([path / "slsqp"], known, lambda _: None)
    ours = [each for each in known if each.strategy == "slsqp" and each.landscape.startswith("bbob")]
    assert len(found) == len(ours) == 8
    rows = make_comparison_table(compare_runs([*ours, *found]).problems).rows()
    assert {row["strategy"] for row in rows} == {"slsqp", "slsqp (slsqp)"}
    for mine, other in zip(rows[::2], rows[1::2], strict=True):
        assert (mine["ert"], mine["successes"]) == (other["ert"], other["successes"])


def export_bbob(results, folder):
    from searchparty.experiments.exchange.export import export_results

    return export_results(results.path, "coco", folder / "coco", skip=True)


@pytest.mark.extras
def test_our_own_parquet_is_read_back_as_it_was(results, known):
    pytest.importorskip("pyarrow")
    path = results.export("parquet") / "evaluations.parquet"
    found = read_foreign([path], known, lambda _: None)
    assert len(found) == len(known)
    ours = {(each.strategy, each.landscape, each.repeat): each for each in known}
    for each in found:
        mine = ours[each.strategy.removesuffix(" (evaluations.parquet)"), each.landscape, each.repeat]
        assert each.record_evaluations.tolist() == mine.record_evaluations.tolist()
        assert each.record_losses.tolist() == mine.record_losses.tolist()
        assert each.evaluations == mine.evaluations


@pytest.mark.extras
def test_a_parquet_of_others_needs_two_columns_only(known, tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    rows = {"landscape": ["sphere D=2"] * 3, "loss": [float("nan"), 3, 1]}
    parquet.write_table(pyarrow.table(rows), tmp_path / "nelder-mead.parquet")
    (found,) = read_foreign([tmp_path / "nelder-mead.parquet"], known, lambda _: None)
    assert (found.strategy, found.evaluations) == ("nelder-mead", 3)
    assert found.record_evaluations.tolist() == [2, 3]


@pytest.mark.extras
@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"x": [1.0], "y": [2.0]}, r"must have the columns landscape and loss, got .*, which has x, y\. Rename its"),
        ({"landscape": [1], "loss": [2.0]}, "landscape must be text in every row of .*, got int64"),
        ({"landscape": ["sphere D=2"], "loss": ["low"]}, "loss must be numbers in .*, got string"),
        ({"landscape": ["sphere D=2"], "loss": [1.0], "cost": [-3]}, r"cost must be a whole number .*, got -3\."),
        ({"landscape": ["moon"], "loss": [1.0], "cost": [1e300]}, r"cost must be of fewer than 2\^53 .*, got 1e\+300"),
        ({"landscape": ["moon"], "loss": [1.0]}, r"must have a run on a landscape of the results, got moon\."),
        ({"landscape": ["sphere D=2"], "loss": [float("nan")]}, "must have a run with a finite loss .*, got 1 without"),
        ({"landscape": [], "loss": []}, "must have a run on a landscape of the results, got no run"),
    ],
)
def test_a_parquet_that_is_not_of_the_layout_is_refused(known, tmp_path, rows, message):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    table = pyarrow.table(rows)
    if not len(table):
        schema = pyarrow.schema([("landscape", pyarrow.string()), ("loss", pyarrow.float64())])
        table = schema.empty_table()
    parquet.write_table(table, tmp_path / "p.parquet")
    with pytest.raises(Refusal, match=message):
        read_foreign([tmp_path / "p.parquet"], known, lambda _: None)


@pytest.mark.extras
def test_large_whole_losses_and_names_that_cannot_be_printed_are_read(known, tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    rows = {"landscape": ["sphere D=2"], "loss": pyarrow.array([2**63 + 1], pyarrow.uint64()), "strategy": ["\x1b[2Jx"]}
    parquet.write_table(pyarrow.table(rows), tmp_path / "p.parquet")
    said = []
    (found,) = read_foreign([tmp_path / "p.parquet"], known, said.append)
    assert (found.strategy, found.final) == (r"\x1b[2Jx", 2.0**63)
    assert said[0].isprintable()


@pytest.mark.extras
def test_what_is_no_parquet_is_refused(known, tmp_path):
    pytest.importorskip("pyarrow")
    (tmp_path / "p.parquet").write_bytes(b"PAR1 not really")
    os.mkfifo(tmp_path / "q.parquet")
    for name in ("p.parquet", "q.parquet"):
        with pytest.raises(Refusal, match="a Parquet file must be one that pyarrow can read"):
            read_foreign([tmp_path / name], known, lambda _: None)


def test_a_parquet_that_is_not_there_is_said_so(known, tmp_path):
    with pytest.raises(
        Refusal, match=r"a Parquet file must exist, got .*none\.parquet, which does not\. Check its path"
    ):
        read_foreign([tmp_path / "none.parquet"], known, lambda _: None)


@pytest.mark.extras
def test_what_is_left_out_is_told_apart(known, tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    rows = {"landscape": ["sphere D=2", "sphere D=2", "moon"], "loss": [1.0, float("inf"), 2.0], "repeat": [0, 1, 0]}
    parquet.write_table(pyarrow.table(rows), tmp_path / "p.parquet")
    said = []
    assert len(read_foreign([tmp_path / "p.parquet"], known, said.append)) == 1
    assert "; 1 more are on landscapes that these results do not have; 1 more have no finite loss." in said[0]


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("f1.info", "funcId = 1", "function = 1", "an entry of COCO's .info must begin with its funcId"),
        ("f1.info", "DIM = 2, Precision = 1.000e-08, algId = 'THEIRS', d", "d", "must have funcId and DIM"),
        ("f1.info", "1:30|2.0e-09", "one", "must list runs as INSTANCE:EVALUATIONS|GAP"),
        ("f1.info", "1:30|2.0e-09", f"1:{10**20}|1", "must list runs as INSTANCE:EVALUATIONS|GAP"),
        ("f1.info", "data_f1/bbobexp_f1_DIM2.dat", "../../secret.dat", "must name a .dat in its own folder"),
        ("f1.info", "data_f1/bbobexp_f1_DIM2.dat", "data_f1/none.dat", "COCO's data must be files that can be read"),
        ("f1.info", ", 2:10|1.0e+00", "", "must have as many runs as its .info lists, 1, got 2"),
        ("data_f1/bbobexp_f1_DIM2.dat", "+2.0e-09", "near", r"must be numbers .* \(.*DIM2.dat:3\)"),
        ("data_f1/bbobexp_f1_DIM2.dat", "12 0", "inf 0", r"must be numbers .* \(.*DIM2.dat:3\)"),
        ("data_f1/bbobexp_f1_DIM2.dat", "12 0 +2.0e-09 +8.4e+01 +8.4e+01 -1.8e+00 -7.6e-01", "12", "must be numbers"),
    ],
)
def test_damaged_coco_data_are_refused_with_their_place(theirs, known, file, old, new, message):
    text = (theirs / file).read_text()
    assert old in text
    (theirs / file).write_text(text.replace(old, new))
    with pytest.raises(Refusal, match=message):
        read_foreign([theirs], known, lambda _: None)


@settings(max_examples=60, deadline=None)
@given(some.binary(max_size=200), some.integers(0, 3))
def test_no_bytes_make_a_traceback(tmp_path_factory, text, place):
    home = tmp_path_factory.mktemp("any")
    data = INFO.splitlines()[:3]
    (home / "data_f1").mkdir()
    (home / "f.info").write_bytes("\n".join(data[:place]).encode() + b"\n" + text if place < 3 else INFO.encode())
    (home / "data_f1" / "bbobexp_f1_DIM2.dat").write_bytes(text if place == 3 else DAT.encode())
    try:
        read_coco.read_coco(home, [])
    except Refusal:
        pass
    finally:
        shutil.rmtree(home)


def test_suites_other_than_bbob_are_left_out(theirs, known):
    (theirs / "f1.info").write_text(INFO.replace("suite = 'bbob'", "suite = 'bbob-noisy'"))
    with pytest.raises(Refusal, match=r"must have a run on a landscape of the results, got bbob-noisy f1 D=2, bbob f3"):
        read_foreign([theirs], known, lambda _: None)


def test_what_is_foreign(theirs, results, tmp_path):
    assert is_foreign(theirs)
    assert is_foreign(theirs.parent)
    assert not is_foreign(results.path)
    assert is_foreign(tmp_path / "x.parquet")
    assert not is_foreign(tmp_path / "none")


def test_a_report_has_the_strategies_of_others(results, theirs, command, tmp_path):
    compared = read_comparison([results.path, theirs])
    assert compared.strategies == ["slsqp", "party", "THEIRS"]
    done = command("report", results.path, theirs, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "THEIRS: 2 runs were read" in done.stderr
    folder = results.path / "comparison-with-theirs"
    assert "THEIRS: 2 runs were read from" in (folder / "report.html").read_text()
    assert ",THEIRS," in (folder / "tables" / "comparison.csv").read_text()
    assert results.report(others=[theirs]) == folder / "report.html"
    done = command("report", theirs, cwd=tmp_path)
    assert done.returncode == 2
    assert "a report must have results to compare with" in done.stderr


def test_records_are_the_best_at_each_evaluation():
    at, losses = find_records(np.array([1, 1, 2, 3]), np.array([5.0, 4.0, np.inf, 4.0]))
    assert (at.tolist(), losses.tolist()) == ([1], [4.0])
    at, losses = find_records(np.array([1, 2]), np.array([-np.inf, 3.0]))
    assert (at.tolist(), losses.tolist()) == ([2], [3.0])
    at, losses = find_records(np.array([], dtype=np.int64), np.array([]))
    assert len(at) == len(losses) == 0
