"""A log on a network file system: another journal, locks across machines, the same findings.

The file system itself is simulated, by a list of mounts; everything else is real: processes, kills, files.
"""

import errno
import fcntl
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time

import pytest
from killing import kill_drivers, text_of, trial, wait_for_more

from searchparty.experiments.api import resume
from searchparty.experiments.execution.verification import verify_results
from searchparty.experiments.report.report import write_report
from searchparty.orchestrator.log import filesystem
from searchparty.orchestrator.log.filesystem import UNKNOWN_FILE_SYSTEM, FileSystem
from searchparty.orchestrator.log.log import LogError, LogLost
from searchparty.orchestrator.log.log_file import LogFile
from searchparty.orchestrator.log.reader import LogReader
from searchparty.orchestrator.log.tables import to_log_error

NFS = FileSystem("nfs4", "/shared", "files:/export", ("rw", "vers=4.2"))
DRIVER = """
import sys
from pathlib import Path
from searchparty.orchestrator.log import filesystem
filesystem.MOUNT_LIST = Path(sys.argv.pop(1))
from searchparty.experiments.cli.main import main
main()
"""


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    return trial(tmp_path_factory.mktemp("network") / "one", budget=500)


@pytest.fixture
def there(tmp_path, one):
    """Return the command as it would run if all these files were mounted from another machine."""
    listing = tmp_path / "mounts"
    common = os.path.commonpath([tmp_path.resolve(), one.folder.resolve()])
    listing.write_text(f"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n23 22 0:9 / {common} rw - nfs4 files:/export rw\n")
    return lambda *words: [sys.executable, "-c", DRIVER, str(listing), *map(str, words), "--no-report"]


def files(folder):
    return {path.name for path in folder.iterdir()}


def header_says_wal(path):
    return path.read_bytes()[18:20] == b"\x02\x02"


def noted(log, *names):
    for name in names:
        log.tables.insert("meta", name, "1")
    log.commit()


def test_the_journal_is_another_and_every_commit_is_on_the_disk(tmp_path):
    log = LogFile(tmp_path / "log.sqlite", place=NFS)
    assert log.execute("PRAGMA journal_mode") == [("truncate",)]
    assert log.execute("PRAGMA synchronous") == [(2,)]
    noted(log, "seen")
    assert files(tmp_path) == {"log.sqlite", "log.sqlite-journal", "log.lock"}
    assert not header_says_wal(tmp_path / "log.sqlite")
    with LogReader(tmp_path) as reader:
        assert "seen" in reader.meta
        noted(log, "seen later")
        assert "seen later" in reader.meta
    log.close()
    assert files(tmp_path) == {"log.sqlite", "log.lock"}


def test_a_reader_that_takes_its_time_delays_a_commit_and_costs_nothing(tmp_path):
    log = LogFile(tmp_path / "log.sqlite", place=NFS)
    reader = sqlite3.connect(f"file:{tmp_path}/log.sqlite?mode=ro", uri=True, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM meta").fetchall()
    began = time.monotonic()
    committing = threading.Thread(target=noted, args=(log, "waited for"))
    committing.start()
    time.sleep(0.4)
    assert committing.is_alive()
    reader.execute("COMMIT")
    committing.join()
    assert time.monotonic() - began < 20
    reader.close()
    log.close()
    with LogReader(tmp_path) as after:
        assert "waited for" in after.meta


def test_a_reader_that_never_ends_is_told_of_and_nothing_is_lost(tmp_path):
    log = LogFile(tmp_path / "log.sqlite", place=NFS)
    noted(log, "before")
    log.execute("PRAGMA busy_timeout=100")
    reader = sqlite3.connect(f"file:{tmp_path}/log.sqlite?mode=ro", uri=True, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM meta").fetchall()
    with pytest.raises(LogLost, match=f"read it without a pause.*resume {tmp_path}"):
        noted(log, "after")
    reader.close()
    log.close()
    with LogReader(tmp_path) as after:
        assert "before" in after.meta


def test_drivers_killed_there_and_the_log_carried_home(one, there):
    """Kills happen with one journal; the last session, on a local disk, continues with the other."""
    tally = kill_drivers(one, 2, 20261125, program=there)
    assert tally.kills == 2
    assert not tally.different
    assert tally.equal >= 1


@pytest.mark.usefixtures("coarse_figures", "unrendered")
def test_a_second_process_is_refused_and_the_first_one_says_where_it_writes(one, there, tmp_path):
    out = tmp_path / "out"
    words = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    first = subprocess.Popen(there("run", one.yaml, "--out", out), start_new_session=True, **words)
    wait_for_more(out, 0, first)
    # While it is still working, whatever the load of the machine.
    first.send_signal(signal.SIGSTOP)
    try:
        second = subprocess.run(there("resume", out), timeout=60, **words)
    finally:
        first.send_signal(signal.SIGCONT)
    assert second.returncode == 2, second.stderr
    assert f"in use by process {first.pid} on {socket.gethostname()}" in second.stderr
    # A report does not disturb the run.
    write_report(out)
    _, said = first.communicate(timeout=60)
    assert first.returncode == 0, said
    (remark,) = [line for line in said.splitlines() if "network file system" in line]
    assert "(nfs4, mounted at /" in remark
    assert text_of(out) == one.reference
    assert verify_results(out).problems == []


@pytest.mark.parametrize(
    ("killed", "goes_on"), [(UNKNOWN_FILE_SYSTEM, NFS), (NFS, UNKNOWN_FILE_SYSTEM)], ids=["to the network", "and back"]
)
def test_a_log_moves_between_file_systems(one, tmp_path, killed, goes_on):
    """A killed process leaves its journal beside the file; both are copied, and continue in the other mode."""
    here, moved = tmp_path / "here", tmp_path / "moved"
    shutil.copytree(one.folder / "whole", here)
    log = LogFile(here / "log.sqlite", place=killed)
    noted(log, "before the move")
    shutil.copytree(here, moved)
    log.close()
    assert (moved / "log.sqlite-wal").exists() == (killed is UNKNOWN_FILE_SYSTEM)
    log = LogFile(moved / "log.sqlite", place=goes_on)
    assert log.execute("PRAGMA journal_mode") == [("truncate" if goes_on is NFS else "wal",)]
    assert header_says_wal(moved / "log.sqlite") == (goes_on is UNKNOWN_FILE_SYSTEM)
    noted(log, "after the move")
    with LogReader(moved) as reader:
        assert {"before the move", "after the move"} < set(reader.meta)
    log.close()
    assert not files(moved) & {"log.sqlite-wal", "log.sqlite-shm", "log.sqlite-journal"}
    assert text_of(moved) == one.reference
    assert not resume(moved, report=False).errors


def test_a_directory_is_held_by_one_writer_of_this_process_too(tmp_path):
    log = LogFile(tmp_path / "log.sqlite", place=NFS)
    with pytest.raises(LogError, match=rf"in use by process {os.getpid()} on .*Wait until it ends"):
        LogFile(tmp_path / "log.sqlite", place=NFS)
    log.close()
    LogFile(tmp_path / "log.sqlite", place=NFS).close()


@pytest.mark.parametrize(
    ("first", "second"), [(UNKNOWN_FILE_SYSTEM, NFS), (NFS, UNKNOWN_FILE_SYSTEM)], ids=["disk first", "network first"]
)
def test_whose_disk_it_is_and_who_has_it_mounted_do_not_write_at_once(tmp_path, monkeypatch, first, second):
    """The machine that exports the file system sees it as local: the two hold the directory by locks of two kinds."""
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda path, timeout=0.2, **options: connect(path, timeout, **options))
    log = LogFile(tmp_path / "log.sqlite", place=first)
    with pytest.raises(LogError, match=r"is in use by another process \(database is locked\)"):
        LogFile(tmp_path / "log.sqlite", place=second)
    noted(log, "undisturbed")
    log.close()
    with LogReader(tmp_path) as reader:
        assert "undisturbed" in reader.meta


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_file_system_without_locks_is_refused(tmp_path, monkeypatch, number):
    def lockf(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "lockf", lockf)
    cure = rf"\(nfs4, mounted at /shared: {os.strerror(number)}\).*--out PATH"
    with pytest.raises(
        LogError, match=f"results must be on a file system where files can be locked, got {tmp_path}, .*{cure}"
    ):
        LogFile(tmp_path / "log.sqlite", place=NFS)
    assert files(tmp_path) == {"log.lock"}


@pytest.mark.parametrize("name", ["SQLITE_BUSY", "SQLITE_IOERR_RDLOCK"])
def test_a_reader_where_locks_are_refused_is_told_that_it_may_be_that(tmp_path, monkeypatch, name):
    """SQLite can distinguish "another process has it" from "there are no locks" only sometimes."""
    error = sqlite3.OperationalError("database is locked" if name == "SQLITE_BUSY" else "disk I/O error")
    error.sqlite_errorname = name
    monkeypatch.setattr(filesystem, "MOUNT_LIST", tmp_path / "mounts")
    assert str(to_log_error(error, tmp_path / "log.sqlite")).endswith("Wait until it ends.")
    (tmp_path / "mounts").write_text("23 22 0:9 / / rw - nfs files:/export rw,nolock\n")
    said = str(to_log_error(error, tmp_path / "log.sqlite"))
    assert "refuses all locks (nfs, mounted at /): then copy the directory to a disk" in said


def test_a_lock_that_fails_is_not_taken_for_another_process(tmp_path, monkeypatch):
    """As on a network file system that was not recognized: its locks need a file that is open for writing."""

    def flock(*_):
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(LogError, match=r"where files can be locked.*\(novelfs, mounted at /new: Bad file descriptor\)"):
        LogFile(tmp_path / "log.sqlite", place=FileSystem("novelfs", "/new"))


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "log.lock").mkdir()
    with pytest.raises(LogError, match=r"cannot be written \(Is a directory\).*--out PATH"):
        LogFile(tmp_path / "log.sqlite", place=NFS)
