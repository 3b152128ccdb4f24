"""Rows of which a log keeps digests only: which these are, and that no finding changes."""

import hashlib

import numpy as np
import pytest
from damages import to_older_schema
from sealing import alter_log

from searchparty.agents.agent import Lease, Region, RowFailure, Rows
from searchparty.agents.evaluation.evaluator import EvaluationResult
from searchparty.agents.gradient_descent import GradientDescent
from searchparty.agents.leases.recorded_rows import GradientReplayer, RecordedRows, ReplayError
from searchparty.agents.leases.row_digests import digest_rows
from searchparty.agents.random_search import RandomSearch
from searchparty.landscapes.classics import Sphere
from searchparty.orchestrator.executors.in_process import InProcessExecutor
from searchparty.orchestrator.executors.packed import RecordedLog, work_in_chunks
from searchparty.orchestrator.kept_rows import DIRECTIONS, RowReducer, choose_interval
from searchparty.orchestrator.log.codec import dump_event
from searchparty.orchestrator.log.damage import salvage_log
from searchparty.orchestrator.log.log import LogDamaged, LogError, join_rows
from searchparty.orchestrator.log.log_file import LogFile
from searchparty.orchestrator.log.reader import LogReader
from searchparty.orchestrator.log.row_checks import decode_points, encode_points
from searchparty.orchestrator.log.trace import trace
from searchparty.orchestrator.log.vectors import SHORTEST
from searchparty.orchestrator.loop.drive import begin_run, drive_run
from searchparty.orchestrator.policies.composed import Composed
from searchparty.orchestrator.run_spec import RunSpec
from searchparty.orchestrator.state.events import Granted, findings
from searchparty.orchestrator.verify import verify_run

INTERVAL = 7


def planned(dimension=40, budget=200):
    team = (("down", GradientDescent()), ("random", RandomSearch(batch=3)))
    policy = Composed(lease=12, radius={"kind": "trust-region"}, sharing={"kind": "broadcast"})
    return RunSpec(Sphere(dimension=dimension), team, policy, 0, 0, budget, 2)


def write(directory, plan, interval=INTERVAL, stops=()):
    """Work a run into a log, with interruptions; return how many gradients were evaluated again."""
    directory.mkdir(exist_ok=True)
    again = 0
    for steps in (*stops, None):
        file = LogFile(directory / "log.sqlite")
        log = file.run(plan, interval=interval)
        executor = InProcessExecutor(plan, log)
        for count, _ in enumerate(drive_run(begin_run(plan), plan, plan.policy, executor, log)):
            if count + 1 == steps:
                break
        executor.close()
        file.close()
        again += executor.replayer.count
    return again


def lines_of(directory):
    with LogReader(directory) as reader:
        reader.check()
        return list(trace(reader))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    place = tmp_path_factory.mktemp("logs") / "whole"
    write(place, planned(), 1)
    return place


@pytest.fixture(scope="module")
def reduced(tmp_path_factory):
    place = tmp_path_factory.mktemp("logs") / "reduced"
    assert write(place, planned()) == 0
    return place


def test_no_finding_changes_and_every_row_is_in_the_trace(whole, reduced):
    before, after = lines_of(whole), lines_of(reduced)
    assert len(before) == len(after)
    for line, kept in zip(before, after, strict=True):
        if line == kept:
            continue
        # All but the coordinates is the same, and the digest is that of the coordinates.
        words, found = line.split(), kept.split()
        assert found[:4] == words[:4]
        raw = np.array([float(word) for word in words[4:]]).tobytes()
        assert found[4:] == ["sha", hashlib.sha256(raw).hexdigest()[:32]]
    changed = sum(line != kept for line, kept in zip(before, after, strict=True))
    rows = sum(line.startswith("point ") for line in before)
    assert rows - changed == pytest.approx(rows / INTERVAL, abs=3)


def test_which_rows_are_whole_follows_from_the_grants(reduced):
    with LogReader(reduced) as reader:
        (record,) = reader.runs()
        assert record.interval == INTERVAL
        leases = [lease for event in reader.events(record.id) if isinstance(event, Granted) for lease in event.leases]
        starts = np.cumsum([0, *(lease.budget for lease in leases)])
        for lease in leases:
            rows = reader.rows(record.id, lease.id)
            numbers = starts[lease.id] + np.arange(len(rows.losses))
            kept = numbers % INTERVAL == 0
            assert rows.whole.tolist() == np.flatnonzero(kept).tolist()
            assert len(rows.points) == len(rows.whole)
            assert [rows.find_point(row) is not None for row in range(len(numbers))] == kept.tolist()


@pytest.mark.parametrize("stops", [(3,), (1, 6, 9), (2, 3, 4, 5, 6, 7)])
def test_a_resumed_run_is_the_same(reduced, tmp_path, stops):
    again = write(tmp_path / "cut", planned(), stops=stops)
    assert lines_of(tmp_path / "cut") == lines_of(reduced)
    assert again > 0


def test_a_run_that_is_worked_elsewhere_is_the_same(reduced, tmp_path):
    plan = planned()
    file = LogFile(tmp_path / "log.sqlite")
    file.run(plan, interval=INTERVAL)
    file.close()
    # An actor sends some chunks and is lost; the next one gets what the log holds.
    for most in (4, 9, 10**6):
        file = LogFile(tmp_path / "log.sqlite")
        log = file.run(plan)
        recorded = RecordedLog(log.events(), log.all_rows())
        chunks = work_in_chunks(plan, recorded, None, 0.0)
        for _, chunk in zip(range(most), chunks, strict=False):
            for note in chunk.notes:
                if not isinstance(note, tuple):
                    log.append(note)
                elif isinstance(note[0], str):
                    log.append_event_text(*note)
                elif isinstance(note[1], Rows):
                    log.add_rows(*note)
        chunks.close()
        file.close()
    assert chunk.last
    assert chunk.evaluated_again > 0
    assert lines_of(tmp_path) == lines_of(reduced)


def test_parts_do_not_matter():
    """Rows are the same however often they were passed on, and in whatever order."""
    rng = np.random.default_rng(1)
    points, losses, gradients = rng.random((20, 40)), rng.random(20), rng.random((20, 40))
    cut = [Rows(a, points[a:b], losses[a:b], gradients[a:b]) for a, b in ((0, 1), (1, 9), (9, 17), (17, 20))]
    reducer = RowReducer("run", 6)
    lease = Lease(0, "it", 20, Region.whole(40), "test")
    reducer.add_event(Granted(0, (lease,)))
    one = reducer.reduce(0, Rows(0, points, losses, gradients))
    several = join_rows([reducer.reduce(0, cut[place]) for place in (2, 0, 3, 1)])
    assert encode_points(several)[:5] == encode_points(one)[:5]
    assert encode_points(several)[6:10] == encode_points(one)[6:10]
    np.testing.assert_allclose(several.digests.projections, one.digests.projections)
    decoded = decode_points(*encode_points(one))
    assert encode_points(decoded) == encode_points(one)
    gap = join_rows([reducer.reduce(0, cut[0]), reducer.reduce(0, cut[2])])
    assert gap.gaps == tuple(range(1, 9))
    assert gap.whole.tolist() == [0, 12]
    assert gap.find_point(6) is None
    assert (gap.find_point(12) == points[12]).all()
    with pytest.raises(ValueError, match="some parts have digests, and others have none"):
        join_rows([cut[0], reducer.reduce(0, cut[1])])


def test_projections_preserve_squared_distances_on_average():
    rng = np.random.default_rng(0)
    points = rng.random((60, 500))
    reducer = RowReducer("run", 3)
    reducer.add_event(Granted(0, (Lease(0, "it", 60, Region.whole(500), "test"),)))
    found = reducer.reduce(0, Rows(0, points, np.zeros(60))).digests.projections
    assert found.shape == (60, DIRECTIONS)
    ratios = [
        ((found[i] - found[j]) ** 2).sum() / ((points[i] - points[j]) ** 2).sum() for i in range(60) for j in range(i)
    ]
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.25)
    assert np.std(ratios) == pytest.approx(0.5, abs=0.2)


@pytest.mark.parametrize(
    ("dimension", "budget", "share", "interval"),
    [
        (SHORTEST - 1, 10**6, 1e6, 1),
        (100, 1000, 1e9, 1),
        (100, 1000, 2 * 1000 * 8 * 100, 1),
        (100, 1000, 2 * 1000 * 8 * 100 - 2, 2),
        (1000, 10_000, 2 * 8e6, 10),
    ],
)
def test_the_interval_is_what_half_of_the_share_allows(dimension, budget, share, interval):
    assert choose_interval(planned(dimension, budget), share) == interval


class Answers:
    """An evaluator that gives fixed gradients, and records what it is asked for."""

    rowwise = False
    space = None

    def __init__(self, losses, gradients, causes=None):
        self.losses, self.gradients, self.causes, self.asked = losses, gradients, causes or {}, []

    def evaluate(self, cube, with_gradient):
        assert with_gradient
        self.asked.append(cube)
        return EvaluationResult(self.losses, self.gradients, self.causes)


def recorded_rows():
    rng = np.random.default_rng(2)
    points, losses, gradients = rng.random((5, 40)), rng.random(5), rng.random((5, 40))
    losses[3], gradients[3] = np.inf, np.nan
    reducer, lease = RowReducer("run", 2), Lease(0, "it", 5, Region.whole(40), "test")
    reducer.add_event(Granted(0, (lease,)))
    kept = reducer.reduce(0, Rows(0, points, losses, gradients, (RowFailure(3, "it fell"),)))
    return points, losses, gradients, RecordedRows(lease, kept)


def test_only_gradients_that_are_not_kept_are_evaluated_again():
    points, losses, gradients, rows = recorded_rows()
    answers = Answers(losses[[1]], gradients[[1]])
    replayer = GradientReplayer(answers)
    again = lambda _, absent: replayer.evaluate(absent)  # noqa: E731
    found = rows.recall(0, points, True, again)
    np.testing.assert_array_equal(found.gradients, gradients)
    np.testing.assert_array_equal(found.losses, losses)
    assert found.causes == {3: "it fell"}
    # Rows 0, 2 and 4 are whole, and row 3 has no gradient.
    assert replayer.count == 1
    assert (answers.asked[0] == points[[1]]).all()
    assert rows.recall(2, points[2:], True, again).gradients[0].tolist() == gradients[2].tolist()
    assert rows.recall(0, points, False, again).gradients is None
    assert replayer.count == 1


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda f, g: (f, np.nextafter(g, 2.0), {}), "the bits are others than the recorded ones"),
        (lambda f, g: (np.nextafter(f, 2.0), g, {}), "the bits are others than the recorded ones"),
        (lambda f, g: (f, None, {}), "there is none"),
        (lambda f, g: (np.array([np.inf]), np.full_like(g, np.nan), {0: "it fell, too"}), "it fell, too"),
    ],
)
def test_other_bits_are_refused(change, match):
    points, losses, gradients, rows = recorded_rows()
    answers = Answers(*change(losses[[1]], gradients[[1]]))
    with pytest.raises(ReplayError, match=f"row 1 and later: .*{match}.*without log.keep"):
        rows.recall(0, points, True, lambda _, absent: GradientReplayer(answers).evaluate(absent))


def test_another_point_is_refused():
    points, _, _, rows = recorded_rows()
    for row in (1, 2):
        changed = points.copy()
        changed[row, 7] = np.nextafter(changed[row, 7], 2.0)
        digest = digest_rows(points)[row].tobytes().hex()
        with pytest.raises(ReplayError, match=f"row {row}: recorded a point with the digest {digest}, now proposed"):
            rows.recall(0, changed, False, lambda _, absent: None)


def test_verify_evaluates_the_missing_gradients(reduced, whole):
    for directory, least in ((reduced, 1), (whole, 0)):
        with LogReader(directory) as reader:
            found = verify_run(planned(), reader)
        assert found.finished
        assert bool(found.evaluated_again) is bool(least)


def test_readers_have_what_is_whole_and_the_best_of_each_lease(whole, reduced):
    with LogReader(whole) as reader:
        (record,) = reader.runs()
        every = reader.points(record.id)
    with LogReader(reduced) as reader:
        points = reader.points(record.id)
        bests = [(f.lease, f.best.row) for f in findings(reader.events(record.id)) if f.best is not None]
        assert reader.counts(record.id) == {f.lease: f.rows for f in findings(reader.events(record.id))}
    for name in ("lease", "agent", "row", "cost", "losses"):
        assert getattr(points, name).tolist() == getattr(every, name).tolist()
    assert (points.cube == every.cube[points.whole]).all()
    assert points.projections.shape == (len(points.losses), DIRECTIONS)
    places = set(zip(points.lease[points.whole].tolist(), points.row[points.whole].tolist(), strict=True))
    assert places >= set(bests)
    for place in range(len(points.losses)):
        found = points.find(place)
        assert (found is not None) is (place in points.whole)
        assert found is None or (found == every.cube[place]).all()
    chosen = points.select_whole()
    assert chosen.losses.tolist() == every.losses[points.whole].tolist()
    assert chosen.whole is None
    assert every.select_whole() is every


def test_what_is_recorded_of_the_landscape_later_keeps_the_interval(tmp_path):
    write(tmp_path, planned())
    file = LogFile(tmp_path / "log.sqlite")
    file.run(planned()).record_about({"dimension": 40})
    file.close()
    with LogReader(tmp_path) as reader:
        (record,) = reader.runs()
    assert record.about["dimension"] == 40
    assert record.interval == INTERVAL


def test_the_log_is_smaller(tmp_path):
    """Points and gradients of whole rows, and the best points of 17 leases, are left of 200 rows."""
    for name, interval in (("all", 1), ("few", 50)):
        write(tmp_path / name, planned(1000), interval)
    sizes = [(tmp_path / name / "log.sqlite").stat().st_size for name in ("all", "few")]
    assert sizes[1] < sizes[0] / 2


def test_older_logs_are_refused(tmp_path):
    write(tmp_path, planned(), 1, stops=())
    to_older_schema(tmp_path, 2)
    file = LogFile(tmp_path / "log.sqlite")
    try:
        with pytest.raises(LogError, match=r"log.keep must be absent where a log of an older version is resumed"):
            file.run(planned(budget=201), interval=2)
    finally:
        file.close()


@pytest.mark.parametrize(
    ("statement", "sealed", "match"),
    [
        ("UPDATE reduced_points SET losses = zeroblob(96) WHERE lease = 2", False, "does not match its checksum"),
        ("UPDATE reduced_points SET digests = zeroblob(16) WHERE lease = 2", True, "cannot be read"),
        ("UPDATE reduced_points SET whole = zeroblob(16) WHERE lease = 2", True, "the whole rows must be among"),
        ("UPDATE reduced_points SET dimension = 39 WHERE lease = 2", True, "cannot be read|coordinates"),
        ("UPDATE reduced_points SET dimension = 'x' WHERE lease = 2", True, "dimension of row 0 of lease 2 .* must be"),
        (
            "DELETE FROM reduced_points WHERE lease = 2",
            True,
            "lease 2 .* is not whole: its 12 rows are missing|missing",
        ),
        ("UPDATE reduced_points SET run = 'other' WHERE lease = 2", True, "points of the run 'other'|missing"),
    ],
)
def test_damage_is_seen(tmp_path, statement, sealed, match):
    write(tmp_path, planned())
    alter_log(tmp_path, statement, sealed=sealed)
    with LogReader(tmp_path) as reader, pytest.raises(LogDamaged, match=match):
        reader.check()


@pytest.mark.parametrize("interval", ["0", "-3", "true", '"7"', "2.0", "null"])
def test_an_interval_is_a_number_of_rows(tmp_path, interval):
    write(tmp_path, planned(budget=30))
    alter_log(tmp_path, ("UPDATE runs SET about = ?", (f'{{"whole_rows_interval": {interval}}}',)))
    with pytest.raises(LogDamaged, match=r"whole_rows_interval of run \w+ must not be"):
        write(tmp_path, planned(budget=30))


def test_what_is_intact_is_saved(reduced, tmp_path):
    write(tmp_path / "it", planned())
    alter_log(tmp_path / "it", "UPDATE reduced_points SET losses = zeroblob(96) WHERE lease = 5", sealed=False)
    (tmp_path / "new").mkdir()
    counts = salvage_log(tmp_path / "it" / "log.sqlite", tmp_path / "new" / "log.sqlite")
    assert counts["reduced_points"] != counts["points"]
    events, expected = lines_of(tmp_path / "new"), lines_of(reduced)
    assert len(events) > 4
    assert events == expected[: len(events)]
    write(tmp_path / "new", planned())
    assert lines_of(tmp_path / "new") == expected


def test_a_log_that_keeps_everything_has_no_such_table(whole):
    with LogReader(whole) as reader:
        assert not reader.tables.has_table("reduced_points")
        (record,) = reader.runs()
        assert "whole_rows_interval" not in record.about
        assert record.interval == 1
        assert [dump_event(event) for event in reader.events(record.id)]
