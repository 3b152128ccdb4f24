"""Long vectors in events: references in the file, whole vectors in what is read."""

import contextlib
import json
import sqlite3
import time

import numpy as np
import pytest
from damages import to_older_schema
from sealing import alter_log

from searchparty.agents.agent import Region, Rows
from searchparty.agents.gradient_descent import GradientDescent
from searchparty.agents.random_search import RandomSearch
from searchparty.landscapes.classics import Sphere
from searchparty.orchestrator.executors.in_process import InProcessExecutor
from searchparty.orchestrator.executors.packed import RecordedLog, work_in_chunks
from searchparty.orchestrator.log.codec import dump_event
from searchparty.orchestrator.log.damage import salvage_log
from searchparty.orchestrator.log.log import LogDamaged, MemoryLog
from searchparty.orchestrator.log.log_file import LogFile
from searchparty.orchestrator.log.reader import LogReader
from searchparty.orchestrator.log.trace import trace
from searchparty.orchestrator.log.vectors import SHORTEST, ReferenceReader, ReferenceWriter
from searchparty.orchestrator.loop.drive import begin_run, drive_run
from searchparty.orchestrator.policies.composed import Composed
from searchparty.orchestrator.run_spec import RunSpec
from searchparty.orchestrator.state.events import Collected, findings


def planned(dimension, budget=200):
    team = (("down", GradientDescent()), ("random", RandomSearch(batch=3)))
    policy = Composed(lease=12, radius={"kind": "trust-region"}, sharing={"kind": "broadcast"})
    return RunSpec(Sphere(dimension=dimension), team, policy, 0, 0, budget, 2)


def work(plan, log, steps=None):
    executor = InProcessExecutor(plan, log)
    for count, _ in enumerate(drive_run(begin_run(plan), plan, plan.policy, executor, log)):
        if count + 1 == steps:
            break
    executor.close()


def write(directory, plan, stops=()):
    directory.mkdir()
    for steps in (*stops, None):
        file = LogFile(directory / "log.sqlite")
        work(plan, file.run(plan), steps)
        file.close()
    return directory


def read(directory):
    with LogReader(directory) as reader:
        (record,) = reader.runs()
        return [dump_event(event) for event in reader.events(record.id)], list(trace(reader))


def query(directory, sql):
    with contextlib.closing(sqlite3.connect(directory / "log.sqlite")) as db:
        return db.execute(sql).fetchall()


def longest_list(data):
    if isinstance(data, dict | list):
        inner = max((longest_list(v) for v in (data.values() if isinstance(data, dict) else data)), default=0)
        return max(inner, len(data) if isinstance(data, list) else 0)
    return 0


@pytest.mark.parametrize("dimension", [10, SHORTEST - 1, SHORTEST, 100])
def test_what_is_read_is_what_happened(tmp_path, dimension):
    plan, log = planned(dimension), MemoryLog()
    work(plan, log)
    events, _ = read(write(tmp_path / "it", plan))
    assert events == [dump_event(event) for event in log.events()]
    bodies = [json.loads(body) for (body,) in query(tmp_path / "it", "SELECT body FROM events WHERE kind != 'Started'")]
    assert (max(map(longest_list, bodies)) >= dimension) is (dimension < SHORTEST)
    tables = {name for (name,) in query(tmp_path / "it", "SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert ("vectors" in tables) is (dimension >= SHORTEST)


def test_what_is_a_row_of_the_log_is_written_once(tmp_path):
    write(tmp_path / "it", planned(100))
    bodies = [json.loads(body) for (body,) in query(tmp_path / "it", "SELECT body FROM events")]
    leases = [lease for body in bodies for lease in body.get("leases", ())]
    shared = [lease for lease in leases if lease["incumbent"] is not None]
    assert shared
    assert all(
        lease["incumbent"]["point"] == {"row": [lease["incumbent"][k] for k in ("lease", "row")]} for lease in shared
    )
    # The start is the middle of the cube, which no agent need have tried.
    assert len(query(tmp_path / "it", "SELECT hash FROM vectors")) <= 3
    assert max(len(json.dumps(body)) for body in bodies[1:]) < 2000


@pytest.mark.parametrize("stops", [(3,), (1, 6, 9)])
def test_a_resumed_run_is_the_same(tmp_path, stops):
    plan = planned(64)
    assert read(write(tmp_path / "cut", plan, stops)) == read(write(tmp_path / "whole", plan))


def test_a_run_that_is_worked_elsewhere_is_the_same(tmp_path):
    plan = planned(64)
    whole = read(write(tmp_path / "whole", plan))
    (tmp_path / "sent").mkdir()
    file = LogFile(tmp_path / "sent" / "log.sqlite")
    log = file.run(plan)
    for chunk in work_in_chunks(plan, RecordedLog(), None, 0.0):
        for note in chunk.notes:
            if not isinstance(note, tuple):
                log.append(note)
            elif isinstance(note[0], str):
                log.append_event_text(*note)
            elif isinstance(note[1], Rows):
                log.add_rows(*note)
    file.close()
    assert read(tmp_path / "sent") == whole
    assert query(tmp_path / "sent", "SELECT body FROM events") == query(tmp_path / "whole", "SELECT body FROM events")


def test_older_logs_get_whole_vectors(tmp_path):
    plan = planned(40)
    whole = read(write(tmp_path / "whole", plan))
    write(tmp_path / "old", planned(40))
    alter_log(tmp_path / "old", "DELETE FROM events", "DELETE FROM points", "DROP TABLE vectors")
    to_older_schema(tmp_path / "old", 2)
    file = LogFile(tmp_path / "old" / "log.sqlite")
    work(plan, file.run(plan))
    file.close()
    assert read(tmp_path / "old") == whole
    assert "hash" not in "".join(body for (body,) in query(tmp_path / "old", "SELECT body FROM events"))


@pytest.mark.parametrize(
    ("statement", "sealed", "match"),
    [
        ("UPDATE vectors SET vector = zeroblob(320)", False, r"vector \w+ does not match its checksum"),
        ("UPDATE vectors SET vector = zeroblob(320)", True, r"vector \w+ is another than its hash says"),
        (
            "DELETE FROM vectors",
            True,
            r"event 1 of run \w+ cannot be read \(vector \w+, to which it refers, is missing\)",
        ),
        (
            "DROP TABLE vectors",
            True,
            r"event 1 of run \w+ cannot be read \(vector \w+, to which it refers, is missing\)",
        ),
        ("DELETE FROM points WHERE lease = 0", True, r"row \d+ of lease 0, to which it refers, is missing"),
        (
            "UPDATE events SET body = replace(body, '{\"row\":[0,', '{\"row\":[99,')",
            True,
            r"row \d+ of lease 99, to which it refers, is missing",
        ),
        (
            'UPDATE events SET body = replace(body, \'{"row":[0,\', \'{"row":["x",\')',
            True,
            r"\{'row': \['x', \d+\]\} refers to nothing",
        ),
    ],
)
def test_a_reference_to_nothing_is_damage(tmp_path, statement, sealed, match):
    write(tmp_path / "it", planned(40))
    alter_log(tmp_path / "it", statement, sealed=sealed)
    with LogReader(tmp_path / "it") as reader, pytest.raises(LogDamaged, match=match):
        reader.check()


def test_what_is_intact_is_saved_with_its_vectors(tmp_path):
    whole = read(write(tmp_path / "it", planned(40)))
    alter_log(tmp_path / "it", "UPDATE points SET losses = zeroblob(length(losses)) WHERE lease = 5", sealed=False)
    (tmp_path / "new").mkdir()
    salvage_log(tmp_path / "it" / "log.sqlite", tmp_path / "new" / "log.sqlite")
    events, lines = read(tmp_path / "new")
    assert len(events) > 4
    assert (events, lines) == (whole[0][: len(events)], whole[1][: len(lines)])
    file = LogFile(tmp_path / "new" / "log.sqlite")
    work(planned(40), file.run(planned(40)))
    file.close()
    assert read(tmp_path / "new") == whole


def test_a_best_point_that_is_no_row_is_kept_as_it_is():
    """An agent's row must be equal to the last bit: -0.0 is not 0.0."""
    plan, log = planned(40), MemoryLog()
    work(plan, log)
    finding = next(finding for finding in findings(log.events()) if finding.best is not None)
    rows = log.rows(finding.lease)
    changed = rows.points.copy()
    changed[finding.best.row, 0] = np.nextafter(changed[finding.best.row, 0], 2.0)
    for points, kind in ((rows.points, "row"), (changed, "hash")):
        writer = ReferenceWriter()
        writer.add_rows(finding.lease, type(rows)(0, points, rows.losses))
        writer.add_event(Collected(finding))
        (name,) = writer.encode(finding.best.point)
        assert name == kind


def test_what_is_found_may_be_changed():
    kept = np.zeros(40)
    reader = ReferenceReader(lambda lease, row: kept, lambda name: kept)
    for reference in ({"row": [0, 0]}, {"hash": "x"}):
        vector = reader.decode(reference)
        found = vector.read()
        found += 1.0
        assert not vector.read().any()
    assert not kept.any()


@pytest.mark.parametrize("dimension", [1, 16, 17, 300])
def test_a_region_is_whole_if_it_contains_the_cube(dimension):
    centers = [np.full(dimension, 0.5), np.full(dimension, 0.25), np.r_[np.full(dimension - 1, 0.5), 0.6]]
    for center in centers:
        for radius in (0.4, 0.5, 0.6, 0.75, 1.0):
            expected = all(c - radius <= 0.0 and c + radius >= 1.0 for c in center.tolist())
            assert Region(center, radius).is_whole is expected


def test_many_dimensions_cost_little(tmp_path):
    """What a lease costs beside its points must not grow with the text of its vectors."""
    seconds = {}
    for dimension in (10, 1000):
        began = time.process_time()
        write(tmp_path / str(dimension), planned(dimension, 600))
        seconds[dimension] = time.process_time() - began
    size = (tmp_path / "1000" / "log.sqlite").stat().st_size
    points = query(tmp_path / "1000", "SELECT SUM(length(cube) + COALESCE(length(gradients), 0)) FROM points")[0][0]
    assert size < 1.1 * points + 500_000
    assert seconds[1000] < 4 * seconds[10] + 0.5
