"""How a log file comes into being, and how points get into it."""

import threading

import numpy as np
import pytest

from searchparty.agents.agent import Rows
from searchparty.agents.random_search import RandomSearch
from searchparty.landscapes.classics import Sphere
from searchparty.orchestrator.log import log_file, writer
from searchparty.orchestrator.log.log_file import LogFile
from searchparty.orchestrator.log.reader import LogReader
from searchparty.orchestrator.log.row_checks import compute_checksum, encode_points
from searchparty.orchestrator.policies.composed import Composed
from searchparty.orchestrator.run_spec import RunSpec

PLANNED = RunSpec(Sphere(dimension=10), (("it", RandomSearch(batch=100)),), Composed(), 0, 0, 40_000, 1)


def test_a_log_can_be_read_from_the_moment_it_exists(tmp_path):
    directories = [tmp_path / str(number) for number in range(30)]
    for directory in directories:
        directory.mkdir()

    def write():
        for directory in directories:
            LogFile(directory / "log.sqlite").close()

    writer = threading.Thread(target=write)
    writer.start()
    for directory in directories:
        while not (directory / "log.sqlite").exists():
            assert writer.is_alive() or (directory / "log.sqlite").exists()
        with LogReader(directory) as reader:
            assert reader.runs() == []
    writer.join()


@pytest.mark.parametrize("left", ["", "half a page"])
def test_what_a_process_left_that_was_killed_while_creating_is_replaced(tmp_path, monkeypatch, left):
    def die(_):
        raise KeyboardInterrupt("killed")

    with monkeypatch.context() as patch:
        patch.setattr(log_file, "sync_path", die)
        with pytest.raises(KeyboardInterrupt, match="killed"):
            LogFile(tmp_path / "log.sqlite")
    assert [path.name for path in tmp_path.glob("log.sqlite*")] == ["log.sqlite.new"]
    (tmp_path / "log.sqlite.new").write_text(left)
    LogFile(tmp_path / "log.sqlite").close()
    assert [path.name for path in tmp_path.glob("log.sqlite*")] == ["log.sqlite"]
    with LogReader(tmp_path) as reader:
        assert len(reader.sessions) == 1


def test_a_transaction_is_committed_before_it_outgrows_the_cache(tmp_path, monkeypatch):
    """A reader sees points that are followed by no pause, whatever time it is."""
    monkeypatch.setattr(writer.time, "monotonic", lambda: 5.0)
    monkeypatch.setattr(writer, "SYNC_SECONDS", 1000.0)
    file = LogFile(tmp_path / "log.sqlite")
    log = file.run(PLANNED)
    many = Rows(0, np.random.default_rng(1).random((1000, 10)), np.arange(1000.0))
    found = [0]
    for lease in range(40):
        log.add_rows(lease, many)
        with LogReader(tmp_path) as reader:
            found.append(sum(reader.rows(PLANNED.id, each) is not None for each in range(lease + 1)))
    file.close()
    assert found[2] == 0
    assert 10 < np.diff(found).max() < 20
    assert found[-1] > 20
    with LogReader(tmp_path) as reader:
        np.testing.assert_array_equal(reader.rows(PLANNED.id, 39).points, many.points)


@pytest.mark.parametrize("rows", [1000, 500, 1, 0])
def test_points_are_written_as_they_are_however_they_lie_in_memory(tmp_path, rows):
    points = np.random.default_rng(1).random((1000, 10))[:: max(1, 1000 // max(rows, 1))][:rows]
    losses = np.arange(float(rows))
    found = encode_points(Rows(0, np.asfortranarray(points), losses))
    plain = (0, rows, points.tobytes(), losses.tobytes(), None, None)
    assert compute_checksum("points", found) == compute_checksum("points", plain)
    if rows:
        file = LogFile(tmp_path / "log.sqlite")
        file.run(PLANNED).add_rows(0, Rows(0, np.asfortranarray(points), losses))
        file.close()
        with LogReader(tmp_path) as reader:
            np.testing.assert_array_equal(reader.rows(PLANNED.id, 0).points, points)
