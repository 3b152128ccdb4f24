"""Records of minima: read as they were written, and refused in words where they are none."""

import json
from dataclasses import replace

import pytest

from searchparty.experiments.results.records.minima_record import (
    BestPointRecord,
    MinimaRecord,
    MinimaRecordError,
    PairRecord,
    PointCurvature,
    TrackRecord,
    read_minima_record,
)

CURVATURE = PointCurvature(
    "saddle", 0.001, [2.0, 1.0], -0.5, 1e-9, 3.0, [1.0, 0.5, 1.5], [0.1, 0.0, 0.2], [-0.5, 2.0], [0.5, 0.5], 0.1, 2.0,
    1e-7,
)  # fmt: skip
POINTS = (
    BestPointRecord("0123456789ab", "adam#0", "adam", 0, 0.5, 9.0, 0, {"held-out loss": 0.2}, CURVATURE),
    BestPointRecord("ba9876543210", "l-bfgs#0", "l-bfgs", 0, 0.4, 8.0, 1),
)
TRACK = TrackRecord(
    "0123456789ab", "adam#0", "adam", "adam", float("nan"), [3, 9], [1.0, 0.5], [2.0, 0.001], [5.0, 2.0],
    [-1.0, -0.5], [0.0, 0.0], [0.01, 0.01], ["slope", "saddle"], ["A sentence."],
)  # fmt: skip
RECORD = MinimaRecord(
    "network digits 64", "units of a weight", 2.0, 0.02, "", "", POINTS, (PairRecord(0, 1, 5.0, 0.3, 4.0, 0.01),),
    (TRACK,), ("One.",), ("No.",),
)  # fmt: skip


def test_a_record_is_read_as_it_was_written(tmp_path):
    (tmp_path / "minima.json").write_text(RECORD.to_json())
    found = read_minima_record(tmp_path / "minima.json")
    assert found.to_json() == RECORD.to_json()
    assert found.points == POINTS
    assert found.pairs[0].bent_height != found.pairs[0].bent_height
    assert found.tracks[0].noticed == ["A sentence."]


@pytest.mark.parametrize(
    "change",
    [
        {"format": 9}, {"kind": "plane"}, {"points": []}, {"points": 3}, {"points": [{}]}, {"pairs": [{}]},
        {"fall": "much"}, {"fall": True}, {"sentences": "x"}, {"sentences": [3]}, {"verdicts": ["x" * 30_000]},
        {"tracks": [{}]}, {"landscape": None}, {"sentences": ["x"] * 500}, {"basin_height": 1e999},
    ],
)  # fmt: skip
def test_what_is_no_record_is_refused(tmp_path, change):
    (tmp_path / "x.json").write_text(json.dumps(json.loads(RECORD.to_json()) | change))
    with pytest.raises(MinimaRecordError, match="x.json is no record of minima"):
        read_minima_record(tmp_path / "x.json")


@pytest.mark.parametrize("text", ["", "[", "[1, 2]", "null", "{}", "[" * 100_000])
def test_text_that_is_no_record_of_minima_is_refused(tmp_path, text):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(MinimaRecordError, match="x.json is no record of minima"):
        read_minima_record(tmp_path / "x.json")


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (replace(RECORD, pairs=(PairRecord(0, 2, 1.0, 0.0),)), "pairs are of points that it does not have"),
        (replace(RECORD, pairs=(PairRecord(1, 1, 1.0, 0.0),)), "pairs are of points that it does not have"),
        (replace(RECORD, points=(replace(POINTS[0], basin=2), POINTS[1])), "basins have numbers that there are not"),
        (replace(RECORD, points=POINTS * 19, pairs=()), "a list of at most 36"),
        (replace(RECORD, tracks=(replace(TRACK, words=["slope"]),)), "lists of a track differ in length"),
        (
            replace(RECORD, pairs=(), points=(replace(POINTS[0], curvature=replace(CURVATURE, weights=[])),)),
            "a spectrum no weights",
        ),
        (
            replace(RECORD, pairs=(), points=(replace(POINTS[0], curvature=replace(CURVATURE, trace=[1.0])),)),
            "an estimate has no ends",
        ),
        (
            replace(RECORD, pairs=(), points=(replace(POINTS[0], curvature=replace(CURVATURE, largest=[])),)),
            "no largest eigenvalue",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused(tmp_path, record, message):
    (tmp_path / "x.json").write_text(record.to_json())
    with pytest.raises(MinimaRecordError, match=message):
        read_minima_record(tmp_path / "x.json")


@pytest.mark.parametrize("count", [-1, 10**400, 1.5, True, "3", None])
def test_what_counts_nothing_is_refused(tmp_path, count):
    data = json.loads(RECORD.to_json())
    data["tracks"][0]["evaluations"][0] = count
    (tmp_path / "x.json").write_text(json.dumps(data))
    with pytest.raises(MinimaRecordError, match="must be a count"):
        read_minima_record(tmp_path / "x.json")


def test_a_folder_is_no_record_of_minima(tmp_path):
    with pytest.raises(MinimaRecordError, match="no file"):
        read_minima_record(tmp_path)
