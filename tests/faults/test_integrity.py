"""A log that another process holds, that cannot be written, that is cut, foreign or newer; a clock that jumps."""

import errno
import hashlib
import os
import re
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time

import numpy as np
import pytest
from killing import arguments, started, text_of, trial, wait_for_more

from searchparty.experiments.api import resume, run
from searchparty.experiments.execution.verification import verify_results
from searchparty.experiments.report.report import write_report
from searchparty.orchestrator.log.log import LogError, LogLost
from searchparty.orchestrator.log.log_file import LogFile
from searchparty.orchestrator.log.reader import LogReader


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    return trial(tmp_path_factory.mktemp("integrity") / "one", budget=600)


@pytest.fixture
def results(one, tmp_path):
    """Return a copy of finished results."""
    shutil.copytree(one.folder / "whole", tmp_path / "results")
    return tmp_path / "results"


def cli(*words, **options):
    return subprocess.run(arguments(*words), capture_output=True, text=True, timeout=60, **options)


def digest(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir() if path.is_file()}


def test_a_second_process_is_refused_with_the_first_ones_id_and_host(one, tmp_path):
    out = tmp_path / "out"
    first = started("run", one.yaml, "--out", out)
    wait_for_more(out, 0, first)
    # While it is still working, whatever the load of the machine.
    first.send_signal(signal.SIGSTOP)
    try:
        second = cli("resume", out)
    finally:
        first.send_signal(signal.SIGCONT)
    assert second.returncode == 2
    assert f"in use by process {first.pid} on {socket.gethostname()}" in second.stderr
    assert first.wait(60) == 0
    assert text_of(out) == one.reference
    first.communicate()


def test_a_full_disk_ends_with_a_message_and_loses_nothing(one, tmp_path):
    """A limit on the size of files stands in for a full disk: writing fails in the middle of the run."""
    out = tmp_path / "out"

    def small():
        resource.setrlimit(resource.RLIMIT_FSIZE, (800_000, 800_000))

    full = cli("run", one.yaml, "--out", out, preexec_fn=small)
    assert full.returncode == 1, full.stderr
    assert "can no longer be written" in full.stderr
    assert f"searchparty resume {out}" in full.stderr
    assert "Traceback" not in full.stderr
    with LogReader(out) as reader:
        (record,) = reader.runs()
        assert len(reader.events(record.id)) > 3
    assert cli("resume", out).returncode == 0
    assert text_of(out) == one.reference


def test_every_statement_after_a_full_disk_says_so(tmp_path):
    log = LogFile(tmp_path / "log.sqlite")
    log.execute("PRAGMA max_page_count = 20")
    with pytest.raises(LogLost, match="database or disk is full.*free some space"):
        log.tables.insert("meta", "much", "x" * 10_000_000)
    with pytest.raises(LogLost, match="can no longer be written"):
        log.commit()
    log.close()
    # Everything committed is there, and the file is intact.
    with LogReader(tmp_path / "log.sqlite") as reader:
        assert reader.meta["schema_version"] == 3


@pytest.mark.parametrize("how", ["run", "resume"])
def test_a_place_that_cannot_be_written(one, results, how):
    (results / "log.sqlite").chmod(0o444)
    results.chmod(0o555)
    # Root may write anywhere, unless it drops that capability.
    humbly = ["setpriv", "--bounding-set=-dac_override"] if os.geteuid() == 0 else []
    if humbly and shutil.which("setpriv") is None:
        pytest.skip("needs setpriv, to be less than root")
    words = ("run", one.yaml, "--out", results / "new") if how == "run" else ("resume", results, "--budget", 2000)
    before = digest(results)
    done = subprocess.run([*humbly, *arguments(*words)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    message = "results must be where a directory can be created" if how == "run" else "cannot be written or opened"
    assert message in done.stderr
    assert digest(results) == before


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("cut", "is damaged: database disk image is malformed"),
        ("text", "is not a searchparty log (file is not a database)"),
        ("foreign", "is not a searchparty log (no such table: meta)"),
        ("newer", "has schema version 99, but this searchparty reads versions up to 3. Upgrade"),
    ],
)
def test_a_log_that_is_none_is_refused_and_left_alone(results, command, what, message):
    path = results / "log.sqlite"
    if what == "cut":
        path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    elif what == "text":
        path.write_text("Dear diary, today I wrote a long text that is no database. " * 5)
    else:
        if what == "foreign":
            path.unlink()
        db = sqlite3.connect(path)
        db.execute("CREATE TABLE songs (title)" if what == "foreign" else "UPDATE meta SET value = '99'")
        db.commit()
        db.close()
    before = digest(results)
    done = command("resume", results, cwd=results)
    assert done.returncode == 2, done.stderr
    assert message in done.stderr, done.stderr
    assert "Traceback" not in done.stderr
    for look in (verify_results, text_of, write_report):
        with pytest.raises(LogError, match=re.escape(message)):
            look(results)
    assert digest(results) == before


def test_killed_before_anything_was_committed(one, tmp_path):
    """A session that was killed at once leaves an empty file, or none."""
    for number, leave in enumerate((lambda path: path.touch(), lambda path: None)):
        out = tmp_path / str(number)
        out.mkdir()
        for name in ("signature.json", "experiment.yaml"):
            # Both are written before the log is created.
            shutil.copy(one.folder / "whole" / name, out)
        leave(out / "log.sqlite")
        assert not resume(out, report=False).errors
        assert text_of(out) == one.reference


def test_killed_while_it_left_write_ahead_mode(one, results, tmp_path):
    """A hot journal: the file holds half of a transaction, and the journal holds the previous content."""
    db = sqlite3.connect(results / "log.sqlite", isolation_level=None)
    db.execute("PRAGMA cache_size = 1")
    db.execute("BEGIN IMMEDIATE")
    db.execute("UPDATE points SET cube = zeroblob(length(cube)), losses = zeroblob(length(losses))")
    db.execute("CREATE TABLE more AS SELECT zeroblob(1000000)")
    for number in range(3):
        shutil.copytree(results, tmp_path / f"cut-{number}")
    db.rollback()
    db.close()
    assert (tmp_path / "cut-0" / "log.sqlite-journal").stat().st_size > 0
    assert text_of(tmp_path / "cut-0") == one.reference
    assert verify_results(tmp_path / "cut-1").problems == []
    assert not resume(tmp_path / "cut-2", report=False).errors
    assert text_of(tmp_path / "cut-2") == one.reference


def test_a_cut_yaml_is_told_as_that(results, command):
    path = results / "experiment.yaml"
    path.write_text(path.read_text()[:150])
    done = command("resume", results, cwd=results)
    assert done.returncode == 2
    assert "experiment.yaml" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_clock_that_jumps_changes_nothing(one, tmp_path, monkeypatch, coarse_figures, unrendered):
    real, calls = time.time, [0]

    def jumping():
        calls[0] += 1
        return real() + (-1) ** calls[0] * 1e6

    monkeypatch.setattr(time, "time", jumping)
    monkeypatch.setattr(time, "gmtime", lambda *_: time.struct_time((1970, 1, 1, 0, 0, 0, 3, 1, 0)))
    results = run(one.yaml, out=tmp_path / "out")
    assert text_of(results.path) == one.reference
    with LogReader(results.path) as reader:
        (record,) = reader.runs()
        assert 0 < reader.wall_seconds(record.id) < 60


def test_pauses_are_no_work(one, tmp_path):
    """Time between sessions does not count as work, and the clock of neither session runs backwards."""
    out = tmp_path / "out"
    began = time.monotonic()
    first = started("run", one.yaml, "--out", out)
    wait_for_more(out, 0, first)
    first.kill()
    first.communicate()
    time.sleep(2.0)
    resume(out, report=False)
    with LogReader(out) as reader:
        (record,) = reader.runs()
        assert reader.wall_seconds(record.id) < time.monotonic() - began - 2.0
        assert [session.pid for session in reader.sessions] == [first.pid, os.getpid()]
        walls = [wall for (wall,) in reader._execute("SELECT wall FROM events ORDER BY seq")]
    assert walls == sorted(walls)


def test_what_came_before_a_long_wait_is_on_the_disk(tmp_path):
    """The last rows are committed and synced even if nothing is written after them."""
    log = LogFile(tmp_path / "log.sqlite")
    for number in range(3):
        log.tables.insert("meta", f"note {number}", "1")
    time.sleep(1.0)
    with LogReader(tmp_path / "log.sqlite") as reader:
        assert "note 2" in reader.meta
    log.close()


def test_what_is_committed_is_synced_within_a_second(one, tmp_path, monkeypatch):
    """A power cut can take only what no call of fsync on the write-ahead log has followed."""
    calls, real = [], os.fsync

    def fsync(fd):
        calls.append((time.monotonic(), os.readlink(f"/proc/self/fd/{fd}")))
        real(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    began = time.monotonic()
    run(one.yaml, out=tmp_path / "out", report=False)
    times = [at for at, path in calls if path.endswith("log.sqlite-wal")]
    gaps = np.diff([began, *times, time.monotonic()])
    assert len(times) >= 2
    assert max(gaps) < 1.5


def test_a_directory_is_held_by_one_writer(tmp_path):
    log = LogFile(tmp_path / "log.sqlite")
    with pytest.raises(LogError, match=rf"in use by process {os.getpid()} on .*Wait until it ends"):
        LogFile(tmp_path / "log.sqlite")
    log.close()
    LogFile(tmp_path / "log.sqlite").close()


def test_a_report_that_cannot_be_written_leaves_a_message(results, monkeypatch, capsys):
    from searchparty.experiments.cli import main
    from searchparty.experiments.report import report

    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "report.html")

    monkeypatch.setattr(report, "write_report", full)
    monkeypatch.setattr(sys, "argv", ["searchparty", "report", str(results)])
    with pytest.raises(SystemExit, match="^1$") as stop:
        main.main()
    assert stop.value.code == 1
    assert "report.html: No space left on device. What the log holds is safe" in capsys.readouterr().err
