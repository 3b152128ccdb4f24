"""How a log file comes into being."""

import threading

import pytest

from searchparty.orchestrator.log import log_file
from searchparty.orchestrator.log.log_file import LogFile
from searchparty.orchestrator.log.reader import LogReader


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
