"""What landscapes tell besides the loss: recorded with leases, in tables, sentences and curves; not in the trace."""

from dataclasses import replace

import numpy as np
import pytest

from searchparty.experiments.api import run
from searchparty.experiments.results.measures import (
    MeasureGroup,
    compare_measures,
    describe_measures,
    group_measures,
    tabulate_measures,
    trace_measure,
)
from searchparty.experiments.results.recorded_runs import describe_faces
from searchparty.experiments.results.run_summary import read_summaries
from searchparty.orchestrator.log.reader import LogReader
from searchparty.orchestrator.log.trace import trace_hash

OWN = """
from typing import ClassVar, Literal

from dataclasses import replace

import numpy as np

from searchparty import Landscape, Space


class Bowl:
    space = Space(np.full(2, -1.0), np.full(2, 1.0))

    def evaluate(self, points):
        return (points**2).sum(axis=1)

    def measure(self, point):
        return {"held-out loss": float(abs(point).sum()), "held-out accuracy": 1.0 - float(abs(point).max())}


class Measured(Landscape):
    kind: Literal["measured"] = "measured"

    def open(self):
        return Bowl()
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory, coarse_figures):
    folder = tmp_path_factory.mktemp("measures")
    (folder / "own.py").write_text(OWN)
    (folder / "own.yaml").write_text(
        """
name: own
budget: 60
repeats: 3
landscapes: [{kind: ./own.py:Measured}]
strategies: {random: {agents: [random]}, slsqp: {agents: [slsqp]}}
executor: simulated
"""
    )
    return run(folder / "own.yaml", out=folder / "results")


def test_the_best_point_of_each_lease_is_measured(results):
    with LogReader(results.path) as reader:
        for data in results.runs:
            measured = reader.measures(data.id)
            bests = {e.finding.lease: e.finding.best for e in data.events if hasattr(e, "finding")}
            assert measured.keys() == {lease for lease, best in bests.items() if best is not None}
            for lease, values in measured.items():
                point = data.space.to_box(bests[lease].point)
                assert values["held-out loss"] == pytest.approx(abs(point).sum())


def test_the_trace_is_that_of_a_landscape_that_tells_nothing_more(results, tmp_path):
    own = OWN.replace("def measure(", "def other(")
    (tmp_path / "own.py").write_text(own)
    (tmp_path / "own.yaml").write_text(
        (results.path / "experiment.yaml").read_text().replace("name: own", "name: bare")
    )
    data = (results.path.parent / "own.yaml").read_text()
    (tmp_path / "own.yaml").write_text(data)
    bare = run(tmp_path / "own.yaml", out=tmp_path / "results", report=False)
    with LogReader(results.path) as one, LogReader(bare.path) as other:
        assert trace_hash(one) == trace_hash(other)
        assert not other.measures(bare.runs[0].id)


def test_the_table_compares_with_the_best_of_the_others(results):
    rows = results.measures.where(measure="held-out loss").rows()
    assert [row["strategy"] for row in rows] == ["random", "slsqp"]
    random, slsqp = rows
    assert slsqp["mean"] < random["mean"]
    assert slsqp["difference"] == pytest.approx(slsqp["mean"] - random["mean"])
    assert slsqp["low"] <= slsqp["difference"] <= slsqp["high"] < 0
    finals = [data.space.to_box(data.points.cube[data.record_rows[-1]]) for data in results.runs[::2]]
    assert random["mean"] == pytest.approx(np.mean([abs(point).sum() for point in finals]))


def test_sentences_say_who_is_ahead_and_how_sure(results):
    lines = list(describe_measures(read_summaries(results.path)))
    assert lines[0].startswith("held-out loss: slsqp is ahead, ")
    assert "95 % interval of the difference: -" in lines[0]
    # Of an accuracy, more is better.
    assert lines[1].startswith("held-out accuracy: slsqp is ahead, ")


def test_the_page_has_curves_of_measures(results):
    page = (results.path / "report.html").read_text()
    assert 'data-figure="measure-0-held-out-loss"' in page
    assert "What the landscape tells besides the loss" in page
    assert (results.path / "tables" / "measures.csv").read_text().startswith("problem,measure,strategy,runs,mean")


def test_curves_have_medians_from_where_all_runs_have_begun(results):
    summaries = [each for each in read_summaries(results.path) if each.strategy == "random"]
    places, values = trace_measure(summaries, "held-out loss")
    assert places == sorted(places)
    traced = [each.measures["held-out loss"] for each in summaries]
    assert places[0] == max(evaluations[0] for evaluations, _ in traced)
    assert values[-1] == pytest.approx(np.median([found[-1] for _, found in traced]))


def test_intervals_cover_and_narrow_with_more_runs():
    rng = np.random.default_rng(0)

    def make(mean, n):
        return MeasureGroup("p", "loss", "s", rng.normal(mean, 1.0, n))

    few, many = (compare_measures(make(0.0, n), make(1.0, n)) for n in (10, 1000))
    assert many.high - many.low < 0.3 * (few.high - few.low)
    assert many.low <= -1.0 <= many.high
    single = compare_measures(make(0.0, 1), make(1.0, 5))
    assert np.isnan([single.low, single.high]).all()


def test_equal_means_are_not_told_as_a_lead(results):
    summaries = read_summaries(results.path)
    same = [each for each in summaries if each.strategy == "slsqp"]
    twins = [*same, *(replace(each, strategy="twin") for each in same)]
    assert "no strategy has a better mean than slsqp and twin" in next(iter(describe_measures(twins)))


def test_weights_on_a_bound_are_told_of_networks_only(results):
    def with_point(kind, point):
        run = read_summaries(results.path)[0]
        best = replace(run.best_point, point=np.array(point))
        return replace(run, best_point=best, settings=run.settings | {"landscape": {"kind": kind}})

    (line,) = describe_faces([with_point("network", [-1.0, 0.5])])
    assert line.startswith(f"The best point of {results.runs[0].landscape} has 1 of 2 weights on a bound")
    assert list(describe_faces([with_point("network", [0.0, 0.5])])) == []
    assert list(describe_faces([with_point("python", [-1.0, 1.0])])) == []


def test_runs_without_measures_have_empty_tables():
    assert tabulate_measures([]).rows() == []
    assert group_measures([]) == []
    assert list(describe_measures([])) == []
