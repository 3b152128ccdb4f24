"""Records of planes: read as they were written, and refused in words where they are none."""

import json

import numpy as np
import pytest

from searchparty.experiments.results.records.plane_record import (
    PlaneRecord,
    PlaneRecordError,
    ProjectedPath,
    read_plane_record,
)

PATH = ProjectedPath(
    "0123456789ab", "adam#0", [3, 9], [0.1, 0.2], [0.3, 0.4], [0.0, 2.0], [1.0, float("nan")], [1.0, 0.5], 0, True,
    {"held-out loss": 0.2},
)  # fmt: skip
RECORD = PlaneRecord(
    "pca", "components of adam#0", "network digits 64", "units of a weight", ("first", "second"),
    (-1.0, 1.0, -2.0, 2.0), np.array([[1.0, np.nan], [3.0, 4.0]]), (PATH,), ("A sentence.",), {"share": 0.9},
)  # fmt: skip


def test_a_record_is_read_as_it_was_written(tmp_path):
    (tmp_path / "pca.json").write_text(RECORD.to_json())
    found = read_plane_record(tmp_path / "pca.json")
    np.testing.assert_array_equal(found.losses, RECORD.losses)
    assert found.holes == 1
    assert np.isnan(found.paths[0].loss[1])
    assert found.to_json() == RECORD.to_json()


@pytest.mark.parametrize(
    "change",
    [
        {"format": 9}, {"losses": [[1.0, 2.0]]}, {"losses": [1.0]}, {"losses": "x"}, {"bounds": [1, 1, 0, 1]},
        {"bounds": [0, 1]}, {"names": ["one"]}, {"paths": [{}]}, {"paths": 3}, {"facts": {"share": "much"}},
        {"bounds": [0, 1e999, 0, 1]},
    ],
)  # fmt: skip
def test_what_is_no_record_is_refused(tmp_path, change):
    (tmp_path / "x.json").write_text(json.dumps(json.loads(RECORD.to_json()) | change))
    with pytest.raises(PlaneRecordError, match="x.json is no record of a plane"):
        read_plane_record(tmp_path / "x.json")


@pytest.mark.parametrize("text", ["", "[", "[1, 2]", "null", "{}"])
def test_text_that_is_no_record_is_refused(tmp_path, text):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(PlaneRecordError, match="x.json is no record of a plane"):
        read_plane_record(tmp_path / "x.json")


def test_a_path_with_lists_of_other_lengths_is_refused(tmp_path):
    data = json.loads(RECORD.to_json())
    data["paths"][0]["u"] = [0.0]
    (tmp_path / "x.json").write_text(json.dumps(data))
    with pytest.raises(PlaneRecordError, match="differ in length"):
        read_plane_record(tmp_path / "x.json")


def test_a_folder_is_no_record(tmp_path):
    with pytest.raises(PlaneRecordError, match="no file"):
        read_plane_record(tmp_path)
