"""The sections of studies in a report: heat maps of many settings, held-out measures, and several directories."""

import csv
import re
from dataclasses import replace
from time import process_time

import numpy as np
import pytest
from summaries import make_summary

from searchparty import load, run
from searchparty.experiments.comparison.comparison import compare_runs
from searchparty.experiments.report import sweep_section
from searchparty.experiments.report.island import unpack_island
from searchparty.experiments.report.report import write_report
from searchparty.experiments.report.sweeps.held_out import list_held_out
from searchparty.experiments.report.worth_section import study_parts
from searchparty.experiments.studies.ablation import plan_ablation
from searchparty.experiments.studies.cells import measure_cells
from searchparty.experiments.studies.settings import find_sweeps

SWEEP = {"strategies.s.policy.a": [1, 2], "strategies.s.policy.b": ["x", "y", "z"], "strategies.s.policy.c": [0, 5]}
DATA = {"strategies": {"s": {"agents": ["grid"]}}, "sweep": SWEEP}


def make_runs(measures=None):
    return [
        replace(
            make_summary([5 - 0.1 * a - 0.01 * c - 0.001 * repeat] * (3 + a), f"s[a={a}, b={b}, c={c}]", repeat,
                         minimum=0.0, seconds=np.arange(1.0, 4 + a)),
            measures={} if measures is None else {
                name: (np.array([a]), np.array([value + a / 10])) for name, value in measures.items()
            },
        )
        for a in (1, 2) for b in "xyz" for c in (0, 5) for repeat in range(3)
    ]  # fmt: skip


def test_more_than_two_settings_are_small_multiples(tmp_path, monkeypatch):
    lines = ["strategies: {s: {agents: [grid]}}", "sweep:", *(f"  {key}: {values}" for key, values in SWEEP.items())]
    (tmp_path / "experiment.yaml").write_text("\n".join(lines))
    monkeypatch.setattr(sweep_section, "read_about", lambda directory: {})
    runs = make_runs()
    place = sweep_section.ReportedResults(tmp_path, {run.strategy: run.strategy for run in runs}, {})
    (section,), tables = sweep_section.study_sweeps([place], compare_runs(runs), {})
    assert section.basins == {}
    gap = section.figures["sweep-0-0-gap"]
    assert (gap["across"], gap["down"]) == ("a", "b")
    assert [panel["title"] for panel in gap["panels"]] == ["c=0", "c=5"]
    assert [len(panel["values"]) for panel in gap["panels"]] == [3, 3]
    assert gap["panels"][0]["values"][0] == [4.899, 4.799]
    assert gap["floor"] == 1e-8
    assert "floor" not in section.figures["sweep-0-0-cost"]
    assert section.axes == "a 1, 2; b x, y, z; c 0, 5"
    steps = section.figures["sweep-0-0-interaction"]
    assert [one["name"] for one in steps["series"]] == ["b=x", "b=y", "b=z"]
    assert len(tables["settings"]) == 12
    assert len(tables["effects"]) == 1 + 2 + 1


@pytest.fixture(scope="module")
def two_sweeps(tmp_path_factory):
    """Two directories with the same sweep of a strategy, and a third without one."""
    home = tmp_path_factory.mktemp("two")
    data = {
        "name": "two", "budget": 40, "repeats": 2, "landscapes": [{"kind": "himmelblau"}], "executor": "simulated",
        "strategies": {"grid": {"agents": ["grid"]}, "other": {"agents": ["random"]}},
        "sweep": {"strategies.grid.agents.0.points_per_axis": [3, 5]},
    }  # fmt: skip
    plain = {key: value for key, value in data.items() if key != "sweep"}
    more = {"budget": 60, "seed": 7}
    return [
        run(given, out=home / name, report=False).path
        for name, given in (("first", data), ("second", data | more), ("plain", plain))
    ]


def test_a_report_of_several_directories_has_the_sweeps_of_each(two_sweeps):
    page = write_report(two_sweeps).read_text()
    for name in ("first", "second"):
        assert f"<h3>grid ({name})</h3>" in page
    assert page.count("These are the runs of this directory alone") == 2
    assert page.count("Budgets differ on some of its problems") == 2
    island = unpack_island(re.search('id="island">([^<]+)<', page)[1])
    fronts = [island["figures"][f"sweep-{number}-0-front"]["points"] for number in range(2)]
    assert [[point["name"] for point in points] for points in fronts] == [
        ["points_per_axis=3", "points_per_axis=5"]
    ] * 2
    # Runs behind points are those of their own directory, and so are basins.
    replayed = [{point["run"] for point in points if point["run"]} for points in fronts]
    assert replayed[0]
    assert not any(run.endswith("-2") for run in replayed[0])
    assert all(run.endswith("-2") for run in replayed[1])
    assert all(f'data-film="{run}"' in page for run in replayed[0] | replayed[1])
    assert {"sweep-0-0-map", "sweep-1-0-map"} <= set(island["figures"])


@pytest.mark.parametrize("place", [0, 1])
def test_a_sweep_is_the_same_beside_a_directory_without_one(two_sweeps, place):
    alone = read_tables(write_report(two_sweeps[place]).parent)
    both = read_tables(write_report([two_sweeps[2], two_sweeps[place]]).parent)
    # The minimum is known, so that nothing of others counts.
    for one, other in zip(alone["settings"], both["settings"], strict=True):
        assert other.pop("strategy") == f"{one.pop('strategy')} ({two_sweeps[place].name})"
        kept = ("setting", "gap", "cost", "runs", "on_front", "knee", "front_probability")
        assert [other[key] for key in kept] == [one[key] for key in kept]


def read_tables(home):
    found = {}
    for path in (home / "tables").glob("settings.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            found[path.stem] = list(csv.DictReader(file))
    return found


def test_networks_show_held_out_accuracy_against_passes_and_seconds():
    runs = make_runs({"held-out loss": 0.3, "held-out accuracy": 0.5})
    compared = compare_runs(runs)
    (sweep,) = find_sweeps(DATA, compared.strategies)
    passes, seconds = list_held_out(measure_cells(compared.problems[0], sweep))
    assert (passes["title"], passes["higher"], passes["unit"], seconds["unit"]) == (
        "held-out accuracy", True, "passes", "s",
    )  # fmt: skip
    best = passes["points"][passes["chosen"]]
    assert (best["x"], best["y"]) == (2, 0.7)
    assert {point["name"][:3] for point in passes["points"] if point["front"]} == {"a=1", "a=2"}
    assert list(list_held_out(measure_cells(compare_runs(make_runs()).problems[0], sweep))) == []


def test_results_without_variants_have_no_section_of_worth():
    assert study_parts(compare_runs(make_runs())) == ([], {})


@pytest.mark.extras
def test_the_report_of_a_sweep_takes_at_most_ten_seconds(tmp_path):
    results = run("grid-radius", out=tmp_path / "out", report=False)
    assert len(results.runs) == 3 * 3 * 5 * 4
    began = process_time()
    write_report(results.path)
    assert process_time() - began < 10


@pytest.mark.extras
def test_an_ablation_of_the_quickstart_takes_at_most_two_minutes(tmp_path):
    began = process_time()
    experiment, _ = plan_ablation(load("quickstart"))
    results = run(experiment.with_executor("simulated"), out=tmp_path / "out")
    assert len(results.runs) == 10 * 2 * 5
    assert process_time() - began < 120
