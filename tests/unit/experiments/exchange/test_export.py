"""Exports are read back as they were written; what a format cannot hold is refused by name."""

import ast
import csv
import json
import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sealing import alter_log

from searchparty.experiments.api import run
from searchparty.experiments.comparison.running_time import expected_running_time
from searchparty.experiments.exchange import coco, evaluations, export, exported_runs, ioh, mlflow_folder
from searchparty.experiments.exchange.destination import open_destination
from searchparty.experiments.results.grouping import group_runs
from searchparty.experiments.results_api import Results
from searchparty.landscapes.landscape import Refusal

BBOB = """
name: b
budget: 250
repeats: 2
seed: 4
landscapes:
  - {kind: bbob, function: [1, 8], dimension: [2, 3], instance: [1, 2]}
strategies:
  slsqp: {agents: [slsqp]}
  "two/of, them": {agents: [cma-es, random], policy: {sharing: broadcast, lease: 20}}
executor: simulated
"""
OBJECTIVE = """
import math
def loss(x):
    rate, depth, kernel, bag = (x[name] for name in ("rate", "depth", "kernel", "bag"))
    if kernel == "poly" and depth > 5:
        raise ValueError("no such kernel")
    return (math.log10(rate) + 3) ** 2 + depth + bag
"""
MIXED = """
name: mixed
budget: 60
landscapes:
  - kind: python
    function: "objective.py:loss"
    parameters:
      rate: {low: 1.0e-5, high: 1.0e-1, log: true}
      depth: {low: 2, high: 8, integer: true}
      kernel: {choices: [rbf, poly]}
      bag: {choices: [true, false]}
  - {kind: sphere, dimension: 2}
strategies:
  party: {agents: [random, grid], policy: {sharing: broadcast, lease: 10}}
executor: simulated
"""


@pytest.fixture(scope="module")
def bbob(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bbob")
    (folder / "b.yaml").write_text(BBOB)
    return run(folder / "b.yaml", out=folder / "b-1", report=False)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mixed")
    (folder / "objective.py").write_text(OBJECTIVE)
    (folder / "mixed.yaml").write_text(MIXED)
    results = run(folder / "mixed.yaml", out=folder / "mixed-1", report=False)
    assert any(not np.isfinite(each.points.losses).all() for each in results.runs)
    return results


def running_time(runs, gap):
    hits = [each.first_below(each.minimum + gap) for each in runs]
    spent = [each.evaluations if hit is None else hit for each, hit in zip(runs, hits, strict=True)]
    return expected_running_time(hits, spent)


def by_problem(results):
    """Return the runs by (strategy, function, dimension)."""
    found = {}
    for each in results.runs:
        settings = each.settings["landscape"]
        found.setdefault((each.strategy, settings["function"], settings["dimension"]), []).append(each)
    return found


# COCO


def read_coco(path):
    """Return the blocks of a .dat or .tdat: rows of numbers, one block a run."""
    blocks = []
    for line in path.read_text().splitlines():
        if line.startswith("%"):
            blocks.append([])
        else:
            blocks[-1].append([float(word) for word in line.split()])
    return [np.array(block) for block in blocks]


def test_coco_has_every_run_with_its_evaluations_and_gaps(bbob, tmp_path):
    path = bbob.export("coco", tmp_path / "out")
    for (strategy, function, dimension), runs in by_problem(bbob).items():
        home = path / coco.name_folder(strategy, [strategy]) / f"data_f{function}"
        assert home.parent.name == {"slsqp": "slsqp", "two/of, them": "two-of-them"}[strategy]
        for ending in (".dat", ".tdat"):
            blocks = read_coco(home / f"bbobexp_f{function}_DIM{dimension}{ending}")
            assert len(blocks) == len(runs) == 4
            for block, each in zip(blocks, runs, strict=True):
                assert block.shape[1] == 5 + dimension
                assert block[0, 0] == 1
                assert block[-1, 0] == each.evaluations
                rows = block[:, 0].astype(int) - 1
                assert (block[:, 2] == each.best[rows] - each.minimum).all()
                np.testing.assert_allclose(block[:, 5:], each.space.to_box(each.points.cube[rows]), rtol=1e-8)
        info = (home.parent / f"bbobexp_f{function}.info").read_text()
        assert f"funcId = {function}, DIM = {dimension}, Precision = 1.000e-08" in info
        assert "data_format = 'bbob-new2'" in info


@pytest.mark.extras
@pytest.mark.filterwarnings("ignore")
def test_cocopp_gives_our_expected_running_times(bbob, tmp_path):
    pytest.importorskip("cocopp")
    from cocopp.pproc import DataSetList

    path = bbob.export("coco", tmp_path / "out")
    compared = 0
    for strategy, name in (("slsqp", "slsqp"), ("two/of, them", "two-of-them")):
        sets = DataSetList([str(path / name)])
        assert len(sets) == 4
        for each in sets:
            runs = by_problem(bbob)[strategy, each.funcId, each.dim]
            for gap in (10.0, 1.0, 1e-1, 1e-3, 1e-8):
                ours, (theirs,) = running_time(runs, gap), each.detERT([gap])
                assert math.isinf(theirs) if ours is None else theirs == pytest.approx(ours, rel=1e-3)
                compared += 1
    assert compared == 40


def test_rows_of_coco():
    assert coco.choose_target_rows(np.array([100.0, 63.0957344480193, 63.0, 1e-8, 1e-9])).tolist() == [0, 1, 3, 4]
    assert coco.choose_time_rows(np.array([1])).tolist() == [0]


def test_coco_refuses_other_landscapes_by_name(mixed, tmp_path):
    with pytest.raises(
        Refusal,
        match=r"coco cannot hold run \w+ \(party on .*, repeat 0\): its landscape is of the kind "
        r"python, and COCO's files are of .*bbob\. Export to ioh.* With --skip, such runs are left out\.",
    ):
        mixed.export("coco", tmp_path / "out")  # fmt: skip
    assert not any(tmp_path.iterdir())


def test_nothing_is_left_to_export(mixed, tmp_path):
    lines = []
    with pytest.raises(Refusal, match="results must have a run that coco can hold, got none"):
        export.export_results(mixed.path, "coco", tmp_path / "out", skip=True, remark=lines.append)
    assert [line.startswith("Left out: coco cannot hold run") for line in lines] == [True, True]


# IOHprofiler


def test_ioh_has_improvements_from_the_first_evaluation_to_the_last(bbob, tmp_path):
    path = bbob.export("ioh", tmp_path / "out")
    for (strategy, function, dimension), runs in by_problem(bbob).items():
        home = path / coco.name_folder(strategy, [strategy])
        (file,) = home.glob(f"IOHprofiler_f{function}_*.json")
        about = json.loads(file.read_text())
        assert about["function_id"] == function
        assert about["algorithm"]["name"] == strategy
        (scenario,) = (each for each in about["scenarios"] if each["dimension"] == dimension)
        blocks = (home / scenario["path"]).read_text().split("evaluations raw_y\n")[1:]
        for block, said, each in zip(blocks, scenario["runs"], runs, strict=True):
            rows = np.array([[float(word) for word in line.split()] for line in block.splitlines()])
            assert rows[0, 0] == 1
            assert rows[-1, 0] == said["evals"] == each.evaluations
            assert (rows[:, 1] == each.best[rows[:, 0].astype(int) - 1]).all()
            assert said["best"]["y"] == each.final
            assert said["instance"] == each.settings["landscape"]["instance"]


def test_a_gradient_and_free_points_do_not_move_the_first_evaluation():
    spent, losses = ioh.list_improvements(np.array([0, 2, 2, 4]), np.array([np.inf, 5.0, 4.0, 4.0]))
    assert spent.tolist() == [1, 2, 4]
    assert losses.tolist() == [5.0, 4.0, 4.0]


def test_ioh_refuses_a_run_whose_first_evaluation_failed(tmp_path):
    (tmp_path / "objective.py").write_text(
        "def loss(x):\n    raise ValueError('no') if x[0] < 2 else 0\n    return 1.0"
    )
    landscape = {"kind": "python", "function": "objective.py:loss", "bounds": [[0, 3], [0, 1]]}
    (tmp_path / "e.yaml").write_text(
        json.dumps({
            "name": "e", "budget": 40, "landscapes": [landscape], "strategies": {"r": {"agents": ["random"]}},
            "executor": "simulated", "seed": 2,
        })
    )  # fmt: skip
    results = run(tmp_path / "e.yaml", out=tmp_path / "e-1", report=False)
    assert not np.isfinite(results.runs[0].points.losses[0])
    with pytest.raises(Refusal, match="ioh cannot hold run .*its first evaluation has no loss"):
        results.export("ioh")


READERS = Path(sys.prefix) / "readers"
"""Where `make test-extras` has iohinspector: what it needs installs a package named tests, which would hide these."""
ABSENT = 3
INSPECTION = """
import json, sys
try:
    import iohinspector
except ImportError as error:
    print(error)
    sys.exit({absent})
folder, asked = sys.argv[1], json.loads(sys.argv[2])
manager = iohinspector.DataManager()
manager.add_folder(folder)
data = manager.load(monotonic=True, include_meta_data=True)
found = []
for name, function, dimension, instance, low in asked:
    rows = data.filter(
        (data["algorithm_name"] == name) & (data["function_id"] == function) & (data["dimension"] == dimension)
        & (data["instance"] == instance)
    )
    times = iohinspector.metrics.aggregate_running_time(
        rows, f_min=low + 1e-3, f_max=low + 10, scale_f_log=False, eval_max=250
    )
    found.append([list(map(float, times[key])) for key in ("raw_y", "ERT", "success_count")])
print(json.dumps([manager.n_runs, found]))
"""


def inspect_ioh(folder, asked):
    """What iohinspector says of exported runs, in a process of its own; the test is skipped where it is missing."""
    places = os.pathsep.join(filter(None, [str(READERS), os.environ.get("PYTHONPATH", "")]))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", INSPECTION.replace("{absent}", str(ABSENT)), str(folder),
         json.dumps(asked)],
        cwd=folder.parent, env=os.environ | {"PYTHONPATH": places}, capture_output=True, text=True, timeout=250,
    )  # fmt: skip
    if done.returncode == ABSENT:
        pytest.skip(f"iohinspector is missing: {done.stdout.strip()}")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.extras
def test_iohinspector_gives_our_expected_running_times(bbob, tmp_path):
    path = bbob.export("ioh", tmp_path / "out")
    groups = [
        (strategy, function, dimension, instance,
         [each for each in runs if each.settings["landscape"]["instance"] == instance])
        for (strategy, function, dimension), runs in by_problem(bbob).items()
        for instance in (1, 2)
    ]  # fmt: skip
    count, found = inspect_ioh(path, [[*group[:4], group[4][0].minimum] for group in groups])
    assert count == len(bbob.runs)
    compared = 0
    for (*_, group), times in zip(groups, found, strict=True):
        # It charges a run that fails eval_max, not what it spent: all spent their budget.
        assert {each.evaluations for each in group} == {250}
        for target, theirs, hits in zip(*times, strict=True):
            ours = running_time(group, target - group[0].minimum)
            assert hits == sum(each.first_below(target) is not None for each in group)
            assert math.isinf(theirs) if ours is None else theirs == pytest.approx(ours, rel=1e-3)
            compared += 1
    assert compared == 16 * 50


# Parquet


@pytest.mark.extras
def test_parquet_is_read_by_pandas_polars_and_duckdb(mixed, tmp_path):
    pandas, polars, duckdb = map(pytest.importorskip, ("pandas", "polars", "duckdb"))
    path = mixed.export("parquet", tmp_path / "out") / "evaluations.parquet"
    frame = pandas.read_parquet(path)
    expected = mixed.points().to_pandas()
    assert len(frame) == len(expected)
    for name in ("run", "landscape", "strategy", "repeat", "agent", "lease", "evaluations", "loss"):
        assert frame[name].tolist() == expected[name].tolist(), name
    for name in ("rate", "depth", "kernel", "bag", "x1", "x2"):
        found, wanted = frame[name].astype(object), expected[name].astype(object)
        assert found.isna().tolist() == wanted.isna().tolist()
        assert found.dropna().tolist() == wanted.dropna().tolist(), name
    assert frame["best"].tolist() == [loss for each in mixed.runs for loss in each.best.tolist()]
    assert set(frame["began_at"].dropna()) <= {"random", "grid"}
    assert frame["radius"].between(0, 0.5).all()
    assert polars.read_parquet(path)["loss"].to_list() == frame["loss"].tolist()
    count, cost = duckdb.sql(f"SELECT count(*), sum(cost) FROM '{path}'").fetchall()[0]
    assert (count, cost) == (len(frame), frame["cost"].sum())


def test_parquet_without_pyarrow_says_what_to_install(mixed, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(Refusal, match=r"Parquet files need pyarrow, which is not installed\. "):
        mixed.export("parquet", tmp_path / "out")


def test_optuna_that_is_missing_says_what_to_install(mixed, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    monkeypatch.delitem(sys.modules, "searchparty.experiments.exchange.optuna_studies", raising=False)
    with pytest.raises(Refusal, match=r"Studies of Optuna need Optuna, which is not installed\. "):
        mixed.export("optuna", tmp_path / "out")


# CSV


def restore(text, like):
    """Return a value of a CSV as a table has it."""
    if like is None:
        return None if text == "" else text
    if isinstance(like, list | tuple):
        return type(like)(ast.literal_eval(text))
    return text == "True" if isinstance(like, bool) else type(like)(text)


def test_every_table_is_read_back_from_its_csv(mixed, tmp_path):
    path = mixed.export("csv", tmp_path / "out")
    names = {file.stem for file in path.iterdir()}
    mixed.report()
    assert {file.stem for file in (mixed.path / "tables").iterdir()} <= names
    compared = {"points": mixed.points(), "failures": mixed.failures, "comparison": mixed.comparison,
                "tests": mixed.tests, "rank_tests": mixed.rank_tests, "running_times": mixed.running_times,
                "data_profiles": mixed.data_profiles, "measures": mixed.measures, "failed_agents": mixed.failed_agents,
                "contributions": mixed.contributions, "convergence": mixed.convergence, "targets": mixed.targets,
                "budgets": mixed.budgets, "verdicts": mixed.verdicts, "standings": mixed.standings}  # fmt: skip
    for name, table in compared.items():
        with (path / f"{name}.csv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == len(table)
        for row, wanted in zip(rows, table.rows(), strict=True):
            assert {key: restore(row[key], value) for key, value in wanted.items()} == wanted, name
    with (path / "leases.csv").open(newline="", encoding="utf-8") as file:
        leases = list(csv.DictReader(file))
    assert [row["run"] for row in leases] == [each.id for each in mixed.runs for _ in mixed.leases(each.id).rows()]
    for name, make in (("decisions", mixed.decisions), ("insights", mixed.insights)):
        with (path / f"{name}.csv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        expected = [{"run": each.id} | row for each in mixed.runs for row in make(each.id).rows()]
        assert [
            {key: restore(row[key], value) for key, value in wanted.items()}
            for row, wanted in zip(rows, expected, strict=True)
        ] == expected
    assert names >= {"leases", "decisions", "insights", "points", "failed_agents"}


# Optuna


@pytest.mark.extras
def test_a_study_is_a_run(mixed, tmp_path):
    optuna = pytest.importorskip("optuna")
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    path = mixed.export("optuna", tmp_path / "out") / "journal.log"
    storage = JournalStorage(JournalFileBackend(str(path)))
    names = optuna.get_all_study_names(storage)
    assert len(names) == len(mixed.runs)
    for name, each in zip(names, mixed.runs, strict=True):
        study = optuna.load_study(study_name=name, storage=storage)
        assert each.id in name
        assert study.best_value == each.final
        values = [trial.value for trial in study.trials]
        assert values == [loss if np.isfinite(loss) else None for loss in each.points.losses.tolist()]
        assert [trial.user_attrs["evaluations"] for trial in study.trials] == each.spent.tolist()
        assert study.best_params == {key: each.best_point.setting[key] for key in study.best_params}
        failed = [trial for trial in study.trials if trial.state == optuna.trial.TrialState.FAIL]
        assert all("no such kernel" in trial.user_attrs["cause"] for trial in failed)


# MLflow


def test_mlflow_has_settings_losses_and_leases_of_each_run(mixed, tmp_path):
    path = mixed.export("mlflow", tmp_path / "out")
    homes = [home for home in (path / "1").iterdir() if home.is_dir()]
    assert len(homes) == len(mixed.runs)
    runs = {each.id: each for each in mixed.runs}
    for home in homes:
        each = runs[(home / "tags" / "searchparty.run").read_text()]
        lines = [line.split() for line in (home / "metrics" / "loss").read_text().splitlines()]
        assert [float(value) for _, value, _ in lines] == each.points.losses[each.record_rows].tolist()
        assert [int(step) for *_, step in lines] == each.spent[each.record_rows].tolist()
        assert (home / "params" / "policy.sharing.kind").read_text() == "broadcast"
        assert json.loads((home / "artifacts" / "settings.json").read_text()) == each.settings
        assert f"run_id: {json.dumps(home.name)}" in (home / "meta.yaml").read_text()
        assert str(path) in (home / "meta.yaml").read_text()
    assert dict(mlflow_folder.list_parameters(mixed.runs[0]))["strategy"] == "party"


def test_what_a_landscape_measures_is_no_loss(mixed):
    first = mixed.runs[0]
    lease = int(first.points.lease[-1])
    plain = mlflow_folder.list_metrics(first)
    found = mlflow_folder.list_metrics(replace(first, measures={lease: {"loss": 7.0, "accuracy": 0.5}}))
    assert {name: found[name] for name in plain} == plain
    assert [value for _, value in found["landscape_loss"]] == [7.0]
    assert [value for _, value in found["accuracy"]] == [0.5]


@pytest.mark.extras
@pytest.mark.filterwarnings("ignore")
def test_mlflow_reads_its_folder(mixed, tmp_path, monkeypatch):
    pytest.importorskip("mlflow")
    for name in ("MLFLOW_ALLOW_FILE_STORE", "MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK"):
        monkeypatch.setenv(name, "true")
    from mlflow.store.tracking.file_store import FileStore

    path = mixed.export("mlflow", tmp_path / "out")
    store = FileStore(str(path))
    found = store.search_runs(["1"], "", 1)
    assert {each.data.tags["searchparty.run"] for each in found} == {each.id for each in mixed.runs}
    for each in found:
        (ours,) = (one for one in mixed.runs if one.id == each.data.tags["searchparty.run"])
        assert each.data.metrics["loss"] == ours.final
        assert each.info.status == "FINISHED"
        assert each.data.params["budget"] == "60"


# All formats

EXTREME = """
def loss(x):
    if x[0] < 0.3:
        raise ValueError("no")
    return (-1e308 if x[1] < 0.5 else 1e308) * x[0]
"""


@pytest.fixture(scope="module")
def extreme(tmp_path_factory):
    """Return the results of a loss that fails, and is as large as numbers are, in either direction."""
    folder = tmp_path_factory.mktemp("extreme")
    (folder / "objective.py").write_text(EXTREME)
    landscape = {"kind": "python", "function": "objective.py:loss", "bounds": [[0, 1.7], [0, 1]]}
    text = {"name": "e", "budget": 40, "landscapes": [landscape], "strategies": {"r": {"agents": ["random"]}}}
    (folder / "e.yaml").write_text(json.dumps({**text, "executor": "simulated", "seed": 3}))
    results = run(folder / "e.yaml", out=folder / "e-1", report=False)
    losses = results.runs[0].points.losses
    assert np.isinf(losses).any()
    assert losses.min() < -1e308
    assert losses[np.isfinite(losses)].max() > 1e308
    return results


@pytest.mark.parametrize("to", ["csv", "mlflow", "ioh"])
def test_failed_and_huge_losses_are_exported(extreme, tmp_path, to):
    assert any(extreme.export(to, tmp_path / "out").rglob("*.*"))


@pytest.mark.extras
def test_failed_and_huge_losses_are_read_back(extreme, tmp_path):
    parquet, optuna = pytest.importorskip("pyarrow.parquet"), pytest.importorskip("optuna")
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    (each,) = extreme.runs
    path = extreme.export("parquet", tmp_path / "parquet") / "evaluations.parquet"
    assert parquet.read_table(path)["loss"].to_pylist() == each.points.losses.tolist()
    journal = extreme.export("optuna", tmp_path / "optuna") / "journal.log"
    (study,) = optuna.get_all_study_summaries(JournalStorage(JournalFileBackend(str(journal))))
    assert study.n_trials == 40
    assert study.best_trial.value == each.final


@pytest.mark.extras
def test_an_evaluation_takes_less_than_100_bytes(tmp_path):
    pytest.importorskip("pyarrow")
    description = {
        "name": "large", "budget": 50_000, "landscapes": [{"kind": "sphere", "dimension": 10}],
        "strategies": {"two": {"agents": ["random", "cma-es"], "policy": {"lease": 1000}}}, "executor": "simulated",
    }  # fmt: skip
    path = run(description, out=tmp_path / "large", report=False).export("parquet") / "evaluations.parquet"
    assert path.stat().st_size / 50_000 < 85


@pytest.mark.parametrize("to", ["csv", "mlflow", "ioh"])
def test_unfinished_logs_are_exported(tmp_path, to):
    results = run(
        "quickstart", out=tmp_path / "q-1", executor="simulated", overrides=["repeats=1", "budget=60"], report=False
    )
    cut = results.runs[0].id
    alter_log(results.path, f"DELETE FROM events WHERE run = '{cut}' AND seq > 3")
    unfinished = Results(results.path)
    assert unfinished.runs[0].stopped is None
    assert unfinished.export(to).is_dir()


def test_there_is_no_such_format(mixed):
    with pytest.raises(
        Refusal, match=r"to must be one of coco, ioh, parquet, csv, optuna, mlflow, got 'coca'\. Did you"
    ):
        mixed.export("coca")


def test_a_folder_that_is_not_empty_is_refused(mixed, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(Refusal, match=r"--out must be an empty or a new folder, got .*, which is not empty"):
        mixed.export("csv", tmp_path)


def test_the_current_folder_is_filled_and_a_name_that_is_too_long_is_refused(mixed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    mixed.export("csv", ".")
    assert (tmp_path / "points.csv").exists()
    with pytest.raises(Refusal, match="exports must be where files can be written"):
        mixed.export("csv", tmp_path / ("x" * 300))


def test_the_default_folder_is_replaced_and_nothing_is_left_of_a_failure(mixed):
    path = mixed.export("csv")
    assert path == mixed.path / "exports" / "csv"
    (path / "old.csv").write_text("old")
    assert not (mixed.export("csv") / "old.csv").exists()
    with pytest.raises(ZeroDivisionError, match="zero"), open_destination(mixed.path, "csv", None) as (part, _):  # noqa: PT012
        (part / "half.csv").write_text("half")
        raise ZeroDivisionError("zero")
    assert [each.name for each in (mixed.path / "exports").iterdir()] == ["csv"]
    assert (path / "points.csv").exists()


def test_names_of_folders_differ():
    assert [coco.name_folder(name, ["a b", "a/b", "a-b"]) for name in ("a b", "a/b", "a-b")] == [
        "a-b",
        "a-b-2",
        "a-b-3",
    ]


def test_the_command_says_what_it_wrote_and_what_is_wrong(command, bbob, mixed, tmp_path):
    done = command("export", bbob.path, "--to", "coco", "--out", "out", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "Exported: out\n")
    done = command("export", mixed.path, "--to", "coco", cwd=tmp_path)
    assert done.returncode == 2
    assert "coco cannot hold run" in done.stderr
    done = command("export", tmp_path / "none", "--to", "csv", cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "none").exists()


def test_completions_are_the_formats():
    from searchparty.experiments.cli.completion import FORMATS, complete_formats

    assert FORMATS == export.EXPORT_FORMATS
    assert complete_formats("c") == ["coco", "csv"]


def test_the_origin_of_a_lease_is_the_agent_whose_point_it_was_given(bbob):
    (each, *_) = (one for one in bbob.runs if len(one.team) == 2)
    radius, origin = evaluations.list_lease_columns(each)
    assert len(radius) == len(each.points.losses)
    assert origin[0] == -1
    assert set(origin.tolist()) - {-1} <= {0, 1}
    assert exported_runs.check_coordinates(each) is None
    assert group_runs([each])
