"""Logs that are damaged, or no logs at all: every reader says so in words, and what is intact is saved."""

import contextlib
import json
import os
import shutil
import sqlite3
import struct
import subprocess
import sys
import threading
import zlib

import numpy as np
import pytest
from damages import read_report_data, read_trace, to_older_schema, try_damage
from sealing import alter_log

from searchparty.experiments.api import resume, run
from searchparty.experiments.execution.results_directory import ResultsError, salvage_results
from searchparty.experiments.execution.verification import verify_results
from searchparty.experiments.report.report import write_report
from searchparty.experiments.studio.films.shelf import ResultsIndex
from searchparty.orchestrator.log.log import LogDamaged, LogError
from searchparty.orchestrator.log.reader import LogReader
from searchparty.orchestrator.log.regular_files import IrregularFile, read_regular_file
from searchparty.orchestrator.log.row_checks import compute_checksum

EXPERIMENT = """\
name: small
seed: 3
budget: 60
landscapes: [{kind: rastrigin, dimension: 2}]
strategies:
  party:
    agents: [gradient-descent, random]
    policy: {budget: bandit, radius: trust-region, sharing: broadcast, lease: 12}
executor: simulated
"""
READERS = {
    "trace": read_trace,
    "report": read_report_data,
    "verify": verify_results,
    "resume": lambda directory: resume(directory, report=False),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return finished results, and their trace."""
    folder = tmp_path_factory.mktemp("damage")
    (folder / "small.yaml").write_text(EXPERIMENT)
    path = run(folder / "small.yaml", out=folder / "whole", report=False).path
    return path, read_trace(path)


@pytest.fixture(scope="module", params=[40, pytest.param(1000, marks=pytest.mark.extras)])
def reduced(tmp_path_factory, request):
    """Return finished results of whose points the log keeps every seventh, and their trace."""
    folder = tmp_path_factory.mktemp("reduced")
    text = EXPERIMENT.replace("dimension: 2", f"dimension: {request.param}")
    (folder / "small.yaml").write_text(f"{text}log: {{keep: 1 MB}}\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("searchparty.experiments.execution.plan.choose_interval", lambda planned, share: 7)
        path = run(folder / "small.yaml", out=folder / "reduced", report=False).path
    found = read_trace(path)
    assert sum(" sha " in line for line in found) > 20
    return path, found, request.param


@pytest.fixture
def results(whole, tmp_path):
    """Return a copy of the results."""
    shutil.copytree(whole[0], tmp_path / "results")
    return tmp_path / "results"


def flip_bit_of_a_loss(directory):
    with contextlib.closing(sqlite3.connect(directory / "log.sqlite")) as db:
        (losses,) = db.execute("SELECT losses FROM points WHERE lease = 2").fetchone()
        changed = bytearray(losses)
        changed[8] ^= 1
        db.execute("UPDATE points SET losses = ? WHERE lease = 2", (bytes(changed),))
        db.commit()


def run_id(directory):
    with LogReader(directory) as reader:
        return reader.runs()[0].id


def assert_refused(directory, match, error=LogDamaged):
    """Every reader refuses a directory in words, and leaves it alone."""
    before = (directory / "log.sqlite").read_bytes()
    for look in READERS.values():
        with pytest.raises(error, match=match):
            look(directory)
    assert (directory / "log.sqlite").read_bytes() == before


# --- every row is checked ---


@pytest.mark.parametrize(
    ("damage", "place"),
    [
        (flip_bit_of_a_loss, r"row 0 of lease 2 of run \w+ does not match its checksum"),
        ("UPDATE events SET body = replace(body, '1', '2') WHERE seq = 3", r"event 3 of run \w+ does not match its"),
        ("UPDATE events SET wall = wall + 1 WHERE seq = 3", r"event 3 of run \w+ does not match its checksum"),
        ("UPDATE runs SET strategy = 'other'", r"run \w+ in the table runs does not match its checksum"),
        ("UPDATE runs SET about = '[]'", r"run \w+ in the table runs does not match its checksum"),
        ("UPDATE sessions SET host = 'elsewhere'", r"session 1 does not match its checksum"),
        ("UPDATE meta SET value = '\"now\"' WHERE key = 'created'", r"created in the table meta does not match its"),
        (
            "UPDATE points SET checksum = 1 WHERE lease = 0",
            r"row 0 of lease 0 of run \w+ does not match its",
        ),
    ],
)
def test_a_changed_row_is_named(results, damage, place):
    if callable(damage):
        damage(results)
    else:
        alter_log(results, damage, sealed=False)
    assert_refused(results, rf"log\.sqlite is damaged: {place}.*resume .*results --salvage NEW")


def test_the_message_says_what_is_intact(results):
    with contextlib.closing(sqlite3.connect(results / "log.sqlite")) as db:
        events, points = (db.execute(f"SELECT COUNT(*) FROM {t}").fetchone()[0] for t in ("events", "points"))
    flip_bit_of_a_loss(results)
    found = rf"Intact are 1 of 1 runs, {events} of {events} events and {points - 1} of {points} sets of points\."
    with pytest.raises(LogDamaged, match=found):
        read_trace(results)


def test_contents_that_changed_places_are_seen(results):
    with contextlib.closing(sqlite3.connect(results / "log.sqlite")) as db:
        one, two = db.execute("SELECT rowid, cube, losses, n, checksum FROM points WHERE n = 12 LIMIT 2").fetchall()
        for row, values in ((one, two), (two, one)):
            db.execute(
                "UPDATE points SET cube = ?, losses = ?, n = ?, checksum = ? WHERE rowid = ?", (*values[1:], row[0])
            )
        db.commit()
    with pytest.raises(LogDamaged, match=r"row 0 of lease \d of run \w+ does not match its checksum"):
        read_trace(results)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["a", "b"], ["ab", ""]),
        ([1, 2], [12, None]),
        ([b"1"], ["1"]),
        ([1], [1.0]),
        ([None, 1], [1, None]),
        ([b"ab", b"c"], [b"a", b"bc"]),
    ],
)
def test_no_two_rows_are_encoded_alike(one, other):
    assert compute_checksum("points", one) != compute_checksum("points", other)
    assert compute_checksum("points", one) != compute_checksum("events", one)


@pytest.mark.parametrize("sizes", [(0,), (4095, 4096), (5000, 3, 70_000), (9000, 9000)])
def test_the_checksum_is_that_of_the_whole_row(sizes):
    values = ["run", 7, *(bytes(range(256)) * (size // 256) + b"x" * (size % 256) for size in sizes), None, 1.5]
    text = b"points" + b"s3:run" + b"i7;"
    for value in values[2:-2]:
        text += b"b%d:" % len(value) + value
    assert compute_checksum("points", values) == zlib.crc32(text + b"n" + b"f" + struct.pack("<d", 1.5))


# --- nothing is missing in between ---


@pytest.mark.parametrize(
    ("statement", "place"),
    [
        ("DELETE FROM events WHERE seq = 4", r"event 4 of run \w+ is missing; the next is 5"),
        ("DELETE FROM events WHERE seq = 0", r"event 0 of run \w+ is missing; the next is 1"),
        ("DELETE FROM points WHERE lease = 1", r"lease 1 of run \w+ is not whole: its 12 rows are missing"),
        ("DELETE FROM runs", r"it has events of the run '\w+', which the table runs does not have"),
        ("UPDATE runs SET position = 1", r"row 0 of the table runs is missing"),
        ("DELETE FROM sessions", r"session 1 is missing"),
        ("UPDATE sessions SET number = 2", r"row 0 of the table sessions is missing"),
        ("DELETE FROM meta WHERE key = 'created'", r"created is missing in the table meta"),
        ("DELETE FROM meta WHERE key = 'environment'", r"environment is missing in the table meta"),
        (
            "INSERT INTO events SELECT 'nobody', seq, kind, body, wall, 0 FROM events WHERE seq = 0",
            r"it has events of the run 'nobody', which the table runs does not have",
        ),
        (
            "INSERT INTO points SELECT 'nobody', lease, first, n, cube, losses, gradients, failures, 0 FROM points",
            r"it has points of the run 'nobody', which the table runs does not have",
        ),
    ],
)
def test_what_is_missing_is_named(results, statement, place):
    alter_log(results, statement)
    assert_refused(results, place)


def test_a_log_that_ends_early_is_an_interrupted_run(results, whole):
    alter_log(results, "DELETE FROM events WHERE seq > 5", "DELETE FROM points WHERE lease > 3")
    found = read_trace(results)
    assert found == whole[1][: len(found)]
    assert verify_results(results).unfinished == 1
    resume(results, report=False)
    assert read_trace(results) == whole[1]


# --- what is no log of ours, although its checksums match ---


def forge(column, old, new, where="seq > 0"):
    return f"UPDATE events SET {column} = replace({column}, '{old}', '{new}') WHERE {where}"


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize(
    ("statement", "place"),
    [
        ("UPDATE runs SET settings = '{'", r"run \w+ in the table runs is not JSON"),
        ("UPDATE runs SET settings = '[]'", r"run \w+ in the table runs must hold a JSON object, got \[\]"),
        ("UPDATE runs SET settings = '{}'", r"settings of run \w+ .*the id is not that of these settings"),
        ("UPDATE runs SET settings = replace(settings, '60', '61')", r"the id is not that of these settings"),
        ("UPDATE runs SET settings = " + "'" + "[" * 100_000 + "'", r"run \w+ in the table runs is not JSON"),
        ("UPDATE events SET seq = 'four' WHERE seq = 4", r"seq of event four of run \w+ must be a whole number"),
        (
            "UPDATE points SET lease = 'two' WHERE lease = 2",
            r"lease of row 0 of lease two of run \w+ must be a whole|lease 2 of run \w+ is not whole",
        ),
        ("UPDATE points SET losses = 'none' WHERE lease = 2", r"losses of row 0 of lease 2 of run \w+ must be bytes"),
        ("UPDATE points SET first = -1 WHERE lease = 2", r"row -1 of lease 2 of run \w+ cannot be read"),
        (
            "UPDATE points SET first = 1099511627000 WHERE lease = 2",
            r"the points of lease 2 of run \w+ do not belong together \(1,099,511,627,000 rows are missing\)",
        ),
        (forge("body", '"radius":0.5', '"radius":Infinity'), r"event 1 of .*a number must be finite, got Infinity"),
        (forge("body", '"radius":0.5', '"radius":1e999'), r"event 1 of .*radius must be a finite number, got inf"),
        (forge("body", '"radius":0.5', '"radius":5.5'), r"radius must be above 0 and at most 1, got 5\.5"),
        (forge("body", '"radius":0.5', '"radius":"0.5"'), r"radius must be a finite number, got '0\.5'"),
        (forge("body", '"center":[0.5,', '"center":["0.5",'), r"center must be a list of finite numbers"),
        (forge("body", '"center":[0.5,', '"center":[0.5,0.5,', "seq = 3"), r"center must have \d coordinates, got \d"),
        (forge("body", '"budget":12', '"budget":0'), r"budget must be a whole number of at least 1, got 0"),
        (forge("body", '"agent":"random', '"agent":"nobody'), r"agent must be one of the team, got 'nobody"),
        (forge("body", '"id":1,', '"id":2,'), r"id must be 1, got 2"),
        (forge("body", '"number":1', '"number":3'), r"number must be 1, got 3"),
        (forge("body", '"why":"spent"', '"why":"tired"'), r"why must be one of spent, converged, .*got 'tired'"),
        (forge("body", '"rows":12', '"rows":11'), r"lease \d of run \w+ is not whole: it has 12 rows|best must be"),
        (forge("kind", "Found", "Lost"), r"event kind must be one of Started, .* got 'Lost'"),
        (forge("kind", "Started", "Stopped", "seq = 0"), r"event 0 of run \w+ cannot be read"),
        ("UPDATE events SET body = 'null' WHERE seq = 2", r"event 2 of run \w+ cannot be read \(\w+ is missing\)"),
        ("UPDATE events SET body = " + "'" + "[" * 100_000 + "' WHERE seq = 2", r"event 2 .*nested too deeply"),
        ("UPDATE meta SET value = '{' WHERE key = 'environment'", r"environment in the table meta is not JSON"),
        (
            "UPDATE meta SET value = '{\"code\": 3}' WHERE key = 'environment'",
            r"the environment in environment in the table meta cannot be read .code must not be 3.",
        ),
        (
            "CREATE TRIGGER t AFTER INSERT ON events BEGIN DELETE FROM points; END",
            r"it has a trigger 't', which no log",
        ),
        ("CREATE VIEW v AS SELECT 1", r"it has a view 'v', which no log of version \d has"),
        ("ALTER TABLE events RENAME COLUMN wall TO time", r"the table events is not as version \d has it"),
        ("DROP TABLE points", r"the table points is not as version \d has it"),
    ],
)
def test_what_no_orchestrator_writes_is_refused(results, version, statement, place):
    if version == 2:
        to_older_schema(results, version)
    alter_log(results, statement)
    assert_refused(results, place)


@pytest.mark.parametrize("version", ["-5", "0", '"3"', "3.0", "true", "null", "{", "[" * 100_000])
def test_a_version_that_is_none_is_refused(results, version):
    alter_log(results, ("UPDATE meta SET value = ? WHERE key = 'schema_version'", (version,)))
    assert_refused(results, r"schema_version must be a whole number from 1 to 3, got ", LogError)


@pytest.mark.parametrize("version", [1, 2])
def test_a_version_of_other_tables_is_refused(results, version):
    # The last table is one that older versions do not have.
    alter_log(results, f"UPDATE meta SET value = '{version}' WHERE key = 'schema_version'")
    with pytest.raises(LogDamaged, match=rf"it has a table 'timings', which no log of version {version} has"):
        read_trace(results)
    alter_log(results, "DROP TABLE timings")
    with pytest.raises(LogDamaged, match=rf"the table \w+ is not as version {version} has it"):
        read_trace(results)


# --- older versions ---


@pytest.mark.parametrize("version", [1, 2])
def test_older_logs_are_read_and_resumed_in_their_own_schema(results, whole, version, coarse_figures, unrendered):
    to_older_schema(results, version)
    assert read_trace(results) == whole[1]
    write_report(results)
    alter_log(results, "DELETE FROM events WHERE seq > 5")
    resume(results, report=False)
    assert read_trace(results) == whole[1]
    assert verify_results(results).problems == []
    with LogReader(results) as reader:
        assert reader.meta["schema_version"] == version
        assert reader.runs()[0].about == {}


# --- what is intact is saved ---


@pytest.mark.parametrize("version", [2, 3])
def test_what_is_intact_is_saved_and_resumed_to_the_same_trace(results, whole, tmp_path, version):
    if version == 2:
        to_older_schema(results, version)
        alter_log(results, "UPDATE points SET losses = x'00' WHERE lease = 2")
    else:
        flip_bit_of_a_loss(results)
    before = (results / "log.sqlite").read_bytes()
    said = salvage_results(results, tmp_path / "new")
    assert (results / "log.sqlite").read_bytes() == before
    assert "1 of 1 runs" in said[0]
    assert said[-1] == f"Continue with: searchparty resume {tmp_path / 'new'}"
    found = read_trace(tmp_path / "new")
    assert 10 < len(found) < len(whole[1])
    assert found == whole[1][: len(found)]
    assert verify_results(tmp_path / "new").problems == []
    with LogReader(tmp_path / "new") as reader:
        assert reader.meta["schema_version"] == version
        kept = reader.counts(run_id(tmp_path / "new"))
        assert 2 not in kept
        assert len(kept) > 3
        assert reader.meta["salvaged"]["from"] == str(results)
    resume(tmp_path / "new", report=False)
    assert read_trace(tmp_path / "new") == whole[1]


def test_saving_on_the_command_line(results, command, tmp_path, coarse_figures, unrendered):
    flip_bit_of_a_loss(results)
    for words in (
        ("trace", results),
        ("trace", "--hash", results),
        ("report", results),
        ("verify", results),
        ("resume", results),
    ):
        done = command(*words, cwd=tmp_path)
        assert done.returncode == 2, words
        assert "does not match its checksum" in done.stderr
    done = command("resume", results, "--salvage", tmp_path / "new", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Continue with: searchparty resume" in done.stdout
    assert "was salvaged from a damaged one" in command("trace", tmp_path / "new", cwd=tmp_path).stderr
    assert "was salvaged from a damaged one" in write_report(tmp_path / "new").read_text()
    done = command("resume", results, "--salvage", tmp_path / "new", cwd=tmp_path)
    assert done.returncode == 2
    assert "must be an empty or a new directory" in done.stderr


def test_where_nothing_is_intact_that_is_said(results, tmp_path):
    alter_log(results, "UPDATE runs SET checksum = 0", sealed=False)
    with pytest.raises(LogError, match="nothing in it is intact"):
        salvage_results(results, tmp_path / "new")
    (results / "log.sqlite").write_text("Dear diary")
    with pytest.raises(LogError, match="nothing in it is intact"):
        salvage_results(results, tmp_path / "other")


@pytest.mark.parametrize("place", [b"CREATE TABLE events", b"eventsevents", b"seq INTEGER", b"tablemeta"])
@pytest.mark.parametrize("offset", [0, 3, 7])
def test_a_schema_that_is_no_text_is_refused_in_words(results, tmp_path, place, offset):
    """SQLite quotes a schema that it cannot read, and Python cannot decode the quotation."""
    data = bytearray((results / "log.sqlite").read_bytes())
    at = data.index(place) + offset
    data[at] = 0xD5
    (results / "log.sqlite").write_bytes(data)
    assert_refused(results, "log", (LogError, ResultsError))
    with contextlib.suppress(LogError):
        salvage_results(results, tmp_path / "new")


def test_text_that_is_none_is_not_saved(results, whole, tmp_path):
    """Without checksums, only its encoding shows that a row is damaged."""
    to_older_schema(results, 2)
    alter_log(results, "UPDATE events SET body = CAST(body || x'ff' AS TEXT) WHERE seq = 6")
    assert_refused(results, "Could not decode to UTF-8")
    salvage_results(results, tmp_path / "new")
    found = read_trace(tmp_path / "new")
    assert 5 < len(found) < len(whole[1])
    assert found == whole[1][: len(found)]


# --- at random ---


@pytest.mark.parametrize(
    "seeds", [range(20), pytest.param(range(20, 520), marks=pytest.mark.extras)], ids=["few", "many"]
)
def test_random_damage_is_refused_in_words_or_changes_nothing(whole, tmp_path, seeds):
    outcomes = [try_damage(whole[0], tmp_path, seed, whole[1])[1]["trace"] for seed in seeds]
    assert {"refused", "equal"} <= set(outcomes)


@pytest.mark.parametrize(
    "seeds", [range(12), pytest.param(range(12, 512), marks=pytest.mark.extras)], ids=["few", "many"]
)
def test_random_damage_where_few_points_are_kept_is_refused_or_changes_nothing(reduced, tmp_path, seeds):
    path, expected, dimension = reduced
    # Logs of large vectors are mostly vectors: a part of the damages says as much.
    seeds = seeds if dimension < 100 else seeds[: max(12, len(seeds) // 10)]
    outcomes = [try_damage(path, tmp_path, seed, expected)[1] for seed in seeds]
    assert {"refused", "equal"} <= {found["trace"] for found in outcomes}
    # Most of what is damaged is saved, and resumed to the same trace.
    assert sum(found["salvage"] != "refused" for found in outcomes) > len(outcomes) / 2


@pytest.mark.parametrize(
    "seeds", [range(8), pytest.param(range(8, 108), marks=pytest.mark.extras)], ids=["few", "many"]
)
def test_random_damage_to_a_log_without_checksums_gives_no_traceback(results, whole, tmp_path, seeds):
    to_older_schema(results, 2)
    (tmp_path / "tries").mkdir()
    outcomes = [try_damage(results, tmp_path / "tries", seed, whole[1], exact=False)[1]["trace"] for seed in seeds]
    assert "refused" in outcomes


# --- only regular files are read ---


def in_time(call, seconds=20.0):
    """Return what a call returns or raises; an error if it waits."""
    found = []

    def work():
        try:
            found.append(call())
        except Exception as error:
            found.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    assert found, "it waits"
    return found[0]


def put_fifo(path):
    os.mkfifo(path)


def put_link_to_zeros(path):
    path.symlink_to("/dev/zero")


def put_link_to_fifo(path):
    os.mkfifo(path.with_name(f"{path.name}.pipe"))
    path.symlink_to(f"{path.name}.pipe")


SPECIAL = [put_fifo, put_link_to_zeros, put_link_to_fifo]


@pytest.mark.parametrize("name", ["log.sqlite", "log.sqlite-wal", "log.sqlite-journal", "experiment.yaml"])
@pytest.mark.parametrize("put", SPECIAL)
@pytest.mark.parametrize("reader", READERS)
def test_what_is_no_regular_file_keeps_nobody_waiting(results, name, put, reader):
    path = results / name
    path.unlink(missing_ok=True)
    put(path)
    found = in_time(lambda: READERS[reader](results))
    if name == "experiment.yaml" and reader in ("trace", "report"):
        assert not isinstance(found, Exception)
    else:
        assert "not a regular file" in str(found)


@pytest.mark.parametrize("put", [SPECIAL[0], *(pytest.param(put, marks=pytest.mark.extras) for put in SPECIAL[1:])])
def test_what_is_no_regular_file_is_refused_on_the_command_line(results, put):
    for name in ("experiment.yaml", "log.sqlite"):
        (results / name).unlink()
        put(results / name)
    for word in ("report", "trace", "verify", "resume"):
        words = [sys.executable, "-m", "searchparty.experiments.cli.main", word, str(results)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60)
        assert done.returncode == 2, done.stderr
        assert "Traceback" not in done.stderr
        assert str(results) in done.stderr


def test_a_large_experiment_is_not_read(results):
    with (results / "experiment.yaml").open("ab") as file:
        file.truncate(50_000_000_000)
    found = in_time(lambda: verify_results(results))
    assert "must be at most 1,000,000 bytes, got 50,000,000,000" in str(found)


def test_of_a_regular_file_no_more_than_allowed_is_read(tmp_path):
    (tmp_path / "text").write_bytes(b"0123456789")
    assert read_regular_file(tmp_path / "text", 10) == b"0123456789"
    assert read_regular_file(tmp_path / "text", 4) == b"01234"
    with pytest.raises(IrregularFile, match="it is a directory, not a regular file"):
        read_regular_file(tmp_path, 10)
    with pytest.raises(IrregularFile, match="it is a device, not a regular file"):
        read_regular_file(tmp_path.__class__("/dev/zero"), 10)


@pytest.mark.parametrize("put", SPECIAL)
def test_a_studio_lists_what_is_no_log_as_that(results, put, tmp_path):
    (tmp_path / "results" / "odd").mkdir()
    put(tmp_path / "results" / "odd" / "log.sqlite")
    shutil.copytree(results, tmp_path / "results" / "good", ignore=shutil.ignore_patterns("odd"))
    index = ResultsIndex(folder=tmp_path / "results")

    def ask():
        for _ in range(45):
            listed = {each["key"]: each for each in index.describe_results(index.directories())}
        return listed

    listed = in_time(ask)
    assert len(listed["good"]["runs"]) == 1
    # A link to a device leads out of the folder, and is not listed.
    assert put is put_link_to_zeros or "not a regular file" in listed["odd"]["error"]


@pytest.mark.parametrize("what", ["directory", "log", "experiment", "loop"])
def test_a_studio_follows_no_link_out_of_its_folder(results, what, tmp_path):
    folder = tmp_path / "folder"
    shutil.copytree(results, folder / "good")
    (folder / "link-inside").symlink_to("good")
    odd = folder / "odd"
    if what == "directory":
        odd.symlink_to(results)
    else:
        shutil.copytree(results, odd)
        name = "experiment.yaml" if what == "experiment" else "log.sqlite"
        (odd / name).unlink()
        (odd / name).symlink_to(name if what == "loop" else results / name)
    assert ResultsIndex(folder=folder).directories() == {"good": folder / "good"}


def test_a_name_with_the_signs_of_a_uri_is_a_name(whole, tmp_path):
    place = tmp_path / "50% #1?mode=rwc&é"
    shutil.copytree(whole[0], place)
    assert read_trace(place) == whole[1]


def test_what_is_told_of_a_landscape_is_kept(results):
    """What is told of the landscape besides its settings is kept, and is no part of the trace."""
    before = read_trace(results)
    about = json.dumps({"bounds": np.zeros(2).tolist()})
    alter_log(results, ("UPDATE runs SET about = ?", (about,)))
    assert read_trace(results) == before
    with LogReader(results) as reader:
        assert reader.runs()[0].about == {"bounds": [0.0, 0.0]}


def test_results_without_a_log_are_no_damage(results, tmp_path):
    (results / "log.sqlite").unlink()
    with pytest.raises(LogError, match="does not exist"):
        salvage_results(results, tmp_path / "new")
    with pytest.raises(ResultsError, match="must be an empty or a new directory"):
        salvage_results(results, results)
