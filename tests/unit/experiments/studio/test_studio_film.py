"""What a page receives of a run: the message, and the feed that makes it, of complete, growing and odd logs."""

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from sealing import alter_log, seal_log

from searchparty import Experiment
from searchparty.experiments.api import resume, run
from searchparty.experiments.results import accounts, run_header
from searchparty.experiments.results.recorded_runs import read_runs
from searchparty.experiments.spec.errors import SpecError
from searchparty.experiments.studio.films.feed import Feed, FeedError
from searchparty.experiments.studio.films.feed_cache import MOST_FEEDS, FeedCache
from searchparty.experiments.studio.films.message import ALIGNMENT, decode_film, encode_film, to_json_data
from searchparty.orchestrator.log.log import LogError
from searchparty.orchestrator.log.reader import LogReader
from searchparty.orchestrator.log.trace import trace_hash

QUICK = settings(max_examples=60, deadline=None)

# --- the message ---

DTYPES = ["float32", "float64", "uint8", "uint32", "int16", ">f8", "bool"]
numbers = st.one_of(st.integers(-(2**53), 2**53), st.floats(), st.booleans(), st.none(), st.text())
headers = st.dictionaries(
    st.text().filter(lambda key: key != "arrays"),
    st.recursive(numbers, lambda inner: st.lists(inner, max_size=3)),
    max_size=5,
)
arrays = st.dictionaries(
    st.text(max_size=8),
    st.sampled_from(DTYPES).flatmap(
        lambda dtype: npst.arrays(dtype, npst.array_shapes(min_dims=1, max_dims=2, min_side=0, max_side=7))
    ),
    max_size=5,
)


def finite(value):
    """Return a value as JSON can hold it."""
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return [finite(each) for each in value] if isinstance(value, list) else value


@QUICK
@given(headers, arrays)
def test_a_message_holds_its_header_and_its_arrays(header, given):
    message = encode_film(header, given)
    found, again = decode_film(message)
    listed = found.pop("arrays")
    assert found == {key: finite(value) for key, value in header.items()}
    assert list(again) == [entry["name"] for entry in listed] == list(given)
    for name, array in given.items():
        assert again[name].shape == array.shape
        np.testing.assert_array_equal(again[name], array)


@QUICK
@given(headers, arrays)
def test_every_array_begins_where_a_page_can_view_it(header, given):
    message = encode_film(header, given)
    assert len(message) % ALIGNMENT == 0
    length = int.from_bytes(message[:4], "little")
    at = 4 + length
    for array in given.values():
        assert at % ALIGNMENT == 0
        raw = array.astype(array.dtype.newbyteorder("<")).tobytes()
        assert message[at : at + len(raw)] == raw
        at += len(raw) + -len(raw) % ALIGNMENT
    assert at == len(message)
    # As a browser reads it: its JSON has no NaN.
    json.loads(message[4 : 4 + length].decode(), parse_constant=pytest.fail)


def test_plain_data():
    given = {1: np.float64("nan"), "a": np.array([1.0, np.inf]), "b": (np.int64(3), np.bool_(True)), "c": np.array(2)}
    assert to_json_data(given) == {"1": None, "a": [1.0, None], "b": [3, True], "c": 2}


# --- feeds ---

PARTY = {"agents": ["grid", "gradient-descent", "random-restart"],
         "policy": {"budget": "bandit", "sharing": "broadcast", "radius": "trust-region"}}  # fmt: skip


def experiment(dimension=2, budget=300, landscape="rastrigin", **more):
    known = landscape if isinstance(landscape, dict) else {"kind": landscape, "dimension": dimension}
    return Experiment.from_data(
        {"name": "it", "budget": budget, "landscapes": [known], "strategies": {"party": PARTY},
         "executor": "simulated"} | more
    )  # fmt: skip


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Return dimension -> the results of a run, which no test changes."""
    found = {}

    def of(dimension):
        if dimension not in found:
            found[dimension] = tmp_path_factory.mktemp("film") / f"D{dimension}"
            run(experiment(dimension), out=found[dimension], report=False)
        return found[dimension]

    return of


def only_run(directory):
    with LogReader(directory) as reader:
        return reader.runs()[0].id


def feed(directory, **more):
    return Feed(directory, only_run(directory), **more)


def film(directory, plane=None, **more):
    return decode_film(feed(directory, **more).film(plane))


def rows_of(header, arrays):
    """Return {(lease, row): (loss, u, v)}; no row may occur twice."""
    leases = np.repeat([lease for lease, _ in header["chunks"]], [n for _, n in header["chunks"]])
    assert len(leases) == len(arrays["row"]) == len(arrays["loss"]) == len(arrays["u"])
    keys = list(zip(leases.tolist(), arrays["row"].tolist(), strict=True))
    assert len(set(keys)) == len(keys)
    return dict(zip(keys, zip(arrays["loss"], arrays["u"], arrays["v"], strict=True), strict=True))


def joined(messages):
    """Join several messages into one."""
    told = [decode_film(message) for message in messages]
    header = dict(told[0][0])
    for later, _ in told[1:]:
        for name in ("leases", "outcomes", "insights", "chunks"):
            header[name] = header[name] + later[name]
        header |= {name: later[name] for name in ("state", "stopped", "next", "budget", "plane")}
    names = [name for name in told[0][1] if name != "surface"]
    return header, {name: np.concatenate([arrays[name] for _, arrays in told]) for name in names}


def is_same(one, other):
    """Return whether two (header, arrays) hold the same, except for surfaces."""
    skipped = ("arrays", "surface_from")
    assert {k: v for k, v in one[0].items() if k not in skipped} == {
        k: v for k, v in other[0].items() if k not in skipped
    }
    for name in one[1]:
        if name != "surface":
            np.testing.assert_array_equal(one[1][name], other[1][name])


@pytest.mark.parametrize("dimension", [1, 2, 5])
@pytest.mark.parametrize("plane", [None, "pca", "axes:0:0", "axes:1:0"])
def test_a_film_holds_the_points_of_the_log(results, dimension, plane):
    if plane is not None and plane.startswith("axes") and (plane == "axes:0:0") != (dimension == 1):
        return
    header, arrays = film(results(dimension), plane)
    (data,) = read_runs(results(dimension))
    told = rows_of(header, arrays)
    assert len(told) == len(data.points.losses)
    seen = header["plane"]
    first, second = np.array(seen["first"]), np.array(seen["second"])
    for lease, row, cube, loss in zip(
        data.points.lease, data.points.row, data.points.cube, data.points.losses, strict=True
    ):
        offset = cube - np.array(seen["origin"])
        found, u, v = told[lease, row]
        assert found == loss
        assert (u, v) == pytest.approx((offset @ first, offset @ second), abs=1e-6)
    assert ("distance" in arrays) == (dimension > 2)
    assert len(header["agents"]) == 3
    assert (header["state"], header["stopped"]) == ("done", data.stopped)
    assert arrays["surface"].shape == (81, 81)
    assert header["surface_from"] == "landscape"


def test_leases_and_outcomes_are_those_of_the_reports(results):
    header, _ = film(results(2))
    (data,) = read_runs(results(2))
    table = accounts.leases_table(data).rows()
    assert len(header["leases"]) == len(table)
    outcomes = {outcome["lease"]: outcome for outcome in header["outcomes"]}
    for told, row in zip(header["leases"], table, strict=True):
        assert told["reason"] == row["reason"]
        assert told["id"] == row["lease"]
        assert data.team[told["agent"]] == row["agent"]
        assert (told["starts"], told["ends"], told["fresh"]) == (row["starts"], row["ends"], row["fresh"])
        outcome = outcomes[told["id"]]
        assert (outcome["charged"], outcome["outcome"], outcome["record"]) == (
            row["charged"], row["outcome"], row["record"],
        )  # fmt: skip
    assert sum(outcome["charged"] for outcome in header["outcomes"]) == data.evaluations
    assert min(outcome["best"] for outcome in header["outcomes"]) == data.final


def test_a_surface_and_its_plane_belong_together(results):
    """Points of a run lie on the surface if the plane is the whole landscape."""
    for plane in ("axes:0:1", "axes:1:0"):
        header, arrays = film(results(2), plane)
        left, right, bottom, top = header["plane"]["extent"]
        surface = arrays["surface"]
        i = np.argmin(np.abs(np.linspace(left, right, 81)[:, None] - arrays["u"]), axis=0)
        j = np.argmin(np.abs(np.linspace(bottom, top, 81)[:, None] - arrays["v"]), axis=0)
        near = np.hypot(
            np.linspace(left, right, 81)[i] - arrays["u"], np.linspace(bottom, top, 81)[j] - arrays["v"]
        ) < 1e-3  # fmt: skip
        assert near.any()
        np.testing.assert_allclose(surface[j, i][near], arrays["loss"][near], atol=1.0)


# --- following ---


class Growing:
    """A log that grows event by event, and row by row, as a finished one did."""

    def __init__(self, finished, directory):
        directory.mkdir()
        shutil.copy(finished / "experiment.yaml", directory)
        source = sqlite3.connect(f"file:{finished / 'log.sqlite'}?mode=ro", uri=True)
        self.directory, self.db = directory, sqlite3.connect(directory / "log.sqlite", isolation_level=None)
        for (sql,) in source.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL"):
            self.db.execute(sql)
        for table in ("meta", "sessions", "runs"):
            self._insert(table, source.execute(f"SELECT * FROM {table}").fetchall())
        self.db.execute("UPDATE sessions SET pid = ?, host = ?", (os.getpid(), socket.gethostname()))
        seal_log(self.db)
        points = source.execute("SELECT * FROM points ORDER BY rowid").fetchall()
        self.steps, left = [], {}
        for row in points:
            left.setdefault(row[1], []).append(row)
        for event in source.execute("SELECT * FROM events ORDER BY seq").fetchall():
            if event[2] in ("Found", "Failed"):
                lease = json.loads(event[3])
                lease = lease.get("finding", lease)["lease"]
                self.steps += [("points", row) for row in left.pop(lease, [])]
            self.steps.append(("events", event))
        source.close()

    def _insert(self, table, rows):
        for row in rows:
            self.db.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)

    def grow(self, steps):
        for table, row in self.steps[:steps]:
            self._insert(table, [row])
        del self.steps[:steps]


@pytest.mark.parametrize("dimension", [2, 5])
@pytest.mark.parametrize("most", [10**6, 60])
@pytest.mark.parametrize("seed", range(3))
def test_followed_bit_by_bit_it_is_the_same(results, tmp_path, dimension, most, seed):
    rng = np.random.default_rng(seed)
    growing = Growing(results(dimension), tmp_path / "it")
    fed = feed(tmp_path / "it", most=most)
    messages = [fed.film("axes:0:1")]
    header, _ = decode_film(messages[0])
    # Before its first decision the run waits for its turn.
    assert header["state"] == ("running" if header["leases"] else "waiting")
    assert header["stopped"] is None
    plane = header["plane"]["spec"]
    while growing.steps:
        growing.grow(int(rng.integers(0, 9)))
        since = decode_film(messages[-1])[0]["next"]
        messages.append(fed.film(plane, since))
    bit_by_bit = joined(messages)
    assert bit_by_bit[0]["state"] == "done"
    # From the same feed at once, from a later one, and from the original log.
    is_same(bit_by_bit, decode_film(fed.film(plane)))
    is_same(bit_by_bit, film(tmp_path / "it", plane, most=most))
    is_same(bit_by_bit, film(results(dimension), plane, most=most))
    nothing, arrays = decode_film(fed.film(plane, bit_by_bit[0]["next"]))
    assert nothing["leases"] == nothing["outcomes"] == nothing["insights"] == nothing["chunks"] == []
    assert len(arrays["loss"]) == 0
    assert "surface" not in arrays


def test_a_plane_stays_as_it_was_chosen_while_the_run_goes_on(results, tmp_path):
    growing = Growing(results(5), tmp_path / "it")
    fed = feed(tmp_path / "it")
    growing.grow(len(growing.steps) // 3)
    early, arrays = decode_film(fed.film("best"))
    assert early["plane"]["spec"] == f"best@{len(arrays['loss'])}"
    growing.grow(10**6)
    later, _ = decode_film(fed.film("best"))
    assert later["plane"]["spec"] != early["plane"]["spec"]
    for again in (fed, feed(tmp_path / "it"), feed(results(5))):
        assert decode_film(again.film(early["plane"]["spec"]))[0]["plane"] == early["plane"]


def test_several_viewers_at_once(results, tmp_path):
    """Each viewer uses another plane, while the log grows."""
    growing = Growing(results(5), tmp_path / "it")
    fed, errors, told = feed(tmp_path / "it"), [], {}
    growing.grow(10)

    def watch(plane):
        try:
            messages = [fed.film(plane)]
            while True:
                header, _ = decode_film(messages[-1])
                if header["state"] == "done":
                    break
                messages.append(fed.film(header["plane"]["spec"], header["next"]))
            told[plane] = joined(messages)
        except Exception as error:
            errors.append(error)

    planes = ["best", "pca", "axes:0:1", "axes:3:2", "pca@4", "best@9"]
    threads = [threading.Thread(target=watch, args=(plane,)) for plane in planes]
    for thread in threads:
        thread.start()
    while growing.steps:
        growing.grow(3)
        time.sleep(0.001)
    for thread in threads:
        thread.join(20)
    assert errors == []
    for header, arrays in told.values():
        is_same((header, arrays), decode_film(fed.film(header["plane"]["spec"])))
    assert set(told) == set(planes)


BRIEF = """
import time
def loss(x):
    time.sleep(0.0005)
    return float(((x - 0.2) ** 2).sum())
"""
SLOW = """
import time
def loss(x):
    time.sleep(0.004)
    return float(((x - 0.2) ** 2).sum())
"""


def test_viewers_do_not_disturb_a_run(tmp_path):
    """The trace is the same, and no process waits for a lock."""
    (tmp_path / "brief.py").write_text(BRIEF)
    landscape = {"kind": "python", "function": f"{tmp_path}/brief.py:loss", "bounds": [[-1, 1]] * 3}
    made = experiment(budget=1200, landscape=landscape)
    run(made, out=tmp_path / "alone", report=False)
    errors, films, done = [], [], threading.Event()

    def watch(plane):
        fed, since, spec = None, "", plane
        while True:
            last = done.is_set()
            try:
                fed = fed or feed(tmp_path / "watched")
                header, _ = decode_film(fed.film(spec, since))
                since, spec = header["next"], header["plane"]["spec"]
                films.append(header["state"])
            except (LogError, IndexError):
                # The run has not begun.
                if last or fed is not None:
                    errors.append(sys.exc_info()[1])
            except Exception as error:
                errors.append(error)
            if last:
                return
            time.sleep(0.02)

    watchers = [threading.Thread(target=watch, args=(plane,)) for plane in ("best", "pca", "axes:0:1", "axes:1:2")]
    for watcher in watchers:
        watcher.start()
    try:
        found = run(made, out=tmp_path / "watched", report=False)
    finally:
        done.set()
        for watcher in watchers:
            watcher.join(20)
    assert found.errors == {}
    assert errors == []
    assert "running" in films
    assert films.count("done") >= 4
    with LogReader(tmp_path / "alone") as one, LogReader(tmp_path / "watched") as other:
        assert trace_hash(one) == trace_hash(other)


def test_a_run_that_is_killed_and_resumed_is_told_once(tmp_path):
    (tmp_path / "slow.py").write_text(SLOW)
    landscape = {"kind": "python", "function": f"{tmp_path}/slow.py:loss", "bounds": [[-1, 1], [-1, 1]]}
    made = experiment(budget=250, landscape=landscape)
    (tmp_path / "it.yaml").write_text(made.to_yaml())
    command = [sys.executable, "-m", "searchparty.experiments.cli.main", "run", "it.yaml", "--out", "it", "--no-report"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline, messages, fed = time.monotonic() + 90, [], None
        while time.monotonic() < deadline:
            try:
                fed = fed or feed(tmp_path / "it")
                messages.append(fed.film(None, decode_film(messages[-1])[0]["next"] if messages else ""))
                if len(joined(messages)[1]["loss"]) > 60:
                    break
            except (LogError, IndexError):
                pass
            time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    messages.append(fed.film(None, decode_film(messages[-1])[0]["next"]))
    header, _ = joined(messages)
    assert (header["state"], header["stopped"]) == ("unfinished", None)
    # Later readers see the log as it is on the disk.
    is_same(joined(messages), film(tmp_path / "it"))
    resume(tmp_path / "it", report=False)
    messages.append(fed.film(None, header["next"]))
    whole = joined(messages)
    assert whole[0]["state"] == "done"
    is_same(whole, film(tmp_path / "it"))
    (data,) = read_runs(tmp_path / "it")
    assert len(rows_of(*whole)) == len(data.points.losses)


def test_a_run_that_is_extended_goes_on(tmp_path):
    run(experiment(budget=100), out=tmp_path / "it", report=False)
    fed = feed(tmp_path / "it", most=50)
    first = fed.film()
    assert decode_film(first)[0]["stopped"] is not None
    resume(tmp_path / "it", budget=400, report=False)
    both = joined([first, fed.film(None, decode_film(first)[0]["next"])])
    assert (both[0]["budget"], both[0]["state"]) == (400, "done")
    assert sum(outcome["charged"] for outcome in both[0]["outcomes"]) == 400
    # A new viewer receives as much as for any run of that budget.
    header, arrays = film(tmp_path / "it", most=50)
    assert header["stride"] == 8
    assert len(arrays["loss"]) < len(both[1]["loss"])


# --- thinning ---


@pytest.mark.parametrize("dimension", [2, 5])
@pytest.mark.parametrize("most", [20, 77, 250])
def test_of_many_points_some_are_told_and_all_records(results, dimension, most):
    header, arrays = film(results(dimension), most=most)
    (data,) = read_runs(results(dimension))
    told = rows_of(header, arrays)
    records = {(data.points.lease[row], data.points.row[row]) for row in data.record_rows}
    assert records <= set(told)
    assert arrays["loss"].min() == data.final
    least = min(most, len(data.points.losses)) / 2
    assert least <= len(told) <= most + 40
    assert header["stride"] == -(-300 // most)
    # What the points omit is in the outcomes.
    assert sum(outcome["charged"] for outcome in header["outcomes"]) == data.evaluations


def test_short_leases_are_thinned_as_long_ones(tmp_path):
    agents = ["random"] * 4
    made = experiment(budget=2000, strategies={"party": {"agents": agents, "policy": {"lease": 2}}})
    run(made, out=tmp_path / "it", report=False)
    _, arrays = film(tmp_path / "it", most=100)
    assert 100 <= len(arrays["loss"]) <= 130


# --- odd runs ---

ODD = """
def nothing(x):
    raise ValueError("there is nothing here")

def valley(x):
    return float((x[0] - 0.25) ** 2 + 10 * x[1] ** 2)
"""


@pytest.fixture
def of_function(tmp_path):
    """Run an experiment on a function of a file."""

    def make(name, dimension=2, **more):
        (tmp_path / "odd.py").write_text(ODD)
        landscape = {"kind": "python", "function": f"{tmp_path}/odd.py:{name}", "bounds": [[0, 1]] * dimension}
        run(experiment(budget=90, landscape=landscape, **more), out=tmp_path / "it", report=False)
        return tmp_path / "it"

    return make


def test_a_run_without_a_finite_loss(of_function):
    header, arrays = film(of_function("nothing"))
    assert np.isinf(arrays["loss"]).all()
    assert len(arrays["loss"]) > 0
    assert header["surface_from"] is None
    assert "surface" not in arrays
    assert all(outcome["best"] is None for outcome in header["outcomes"])
    assert sum(outcome["failures"] for outcome in header["outcomes"]) == len(arrays["loss"])


@pytest.mark.parametrize("plane", ["axes:0:1", "axes:1:0"])
def test_a_landscape_that_may_not_be_pictured_has_a_surface_of_its_points(of_function, plane):
    header, arrays = film(of_function("valley"), plane)
    assert header["surface_from"] == "points"
    surface, (left, right, bottom, top) = arrays["surface"], header["plane"]["extent"]
    u, v = np.meshgrid(np.linspace(left, right, 81), np.linspace(bottom, top, 81))
    x, y = (u, v) if plane == "axes:0:1" else (v, u)
    known = np.isfinite(surface)
    assert known.mean() > 0.3
    assert np.abs(surface - (x - 0.25) ** 2 - 10 * y**2)[known].max() < 2.5


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_a_landscape_whose_file_is_gone(of_function, tmp_path, dimension):
    if dimension == 1:
        (tmp_path / "one.py").write_text("def loss(x):\n    return float(x[0])\n")
        landscape = {"kind": "python", "function": f"{tmp_path}/one.py:loss", "bounds": [[0, 1]]}
        run(experiment(budget=60, landscape=landscape), out=tmp_path / "it", report=False)
        (tmp_path / "one.py").unlink()
    else:
        of_function("valley", dimension)
        (tmp_path / "odd.py").unlink()
    header, arrays = film(tmp_path / "it")
    assert header["dimension"] == dimension
    assert header["minimum"] is None
    assert np.isfinite(arrays["loss"]).all()
    assert header["surface_from"] == ("points" if dimension == 2 else None)


def test_a_landscape_that_is_gone_before_the_first_lease(of_function, tmp_path, monkeypatch):
    """The number of dimensions is known from the first lease on."""
    finished = of_function("valley", 3)
    (tmp_path / "odd.py").unlink()
    # An older version recorded nothing of the landscape, and the settings of some landscapes have no bounds.
    alter_log(finished, "UPDATE runs SET about = '{}'")
    monkeypatch.setattr(run_header, "_describe_settings", lambda settings: None)
    growing = Growing(finished, tmp_path / "growing")
    fed = feed(tmp_path / "growing")
    assert decode_film(fed.film())[0]["plane"]["spec"].startswith("axes")
    growing.grow(10**6)
    header, arrays = decode_film(fed.film())
    assert header["dimension"] == 3
    assert header["plane"]["spec"].startswith("best")
    assert "distance" in arrays


def test_points_of_leases_whose_grant_is_gone_are_left_out(results, tmp_path):
    shutil.copytree(results(2), tmp_path / "it")
    db = sqlite3.connect(tmp_path / "it" / "log.sqlite", isolation_level=None)
    db.execute("DELETE FROM events WHERE seq > 4")
    db.close()
    header, arrays = film(tmp_path / "it")
    assert header["stopped"] is None
    assert len(arrays["loss"]) > 0
    assert {lease for lease, _ in header["chunks"]} <= {lease["id"] for lease in header["leases"]}


def test_a_run_of_which_nothing_came_yet(results, tmp_path):
    growing = Growing(results(5), tmp_path / "it")
    for steps in (0, 1, 1, 1):
        growing.grow(steps)
        header, arrays = film(tmp_path / "it")
        assert header["state"] == ("running" if header["leases"] else "waiting")
        assert arrays["surface"].shape == (81, 81)
        assert np.isfinite(arrays["surface"]).all()


# --- what does not exist ---


@pytest.mark.parametrize(
    "since", ["1", "1.2.3", "1.2.3.4.5", "a.b.c.d", "-1.0.0.0", "1.2.3.", "0.0.0." + "9" * 5000, "٣.0.0.0", " "]
)
def test_a_since_that_never_was(results, since):
    with pytest.raises(FeedError, match=r"since must be the next of an earlier message, got .*Leave it out"):
        feed(results(2)).film(since=since)


def test_a_since_of_another_run(results):
    with pytest.raises(FeedError, match=r"since must be .* got '0\.0\.0\.999' of another run\. Reload the page\."):
        feed(results(2)).film(since="0.0.0.999")


@pytest.mark.parametrize("plane", ["best@x", "pca@-1", "axes:0:1@1.5", "best@" + "9" * 5000, "best@@3", "pca@٣"])
def test_a_plane_of_no_number_of_points(results, plane):
    with pytest.raises(FeedError, match=r"plane must name a number of points after @, got .*Leave it out\."):
        feed(results(5)).film(plane)


@pytest.mark.parametrize("plane", ["worst", "axes:0:9", "axes:1:1", "worst@3", "@3"])
def test_a_plane_that_there_is_not(results, plane):
    with pytest.raises(SpecError, match="plane must"):
        feed(results(5)).film(plane)


def test_a_plane_by_more_points_than_there_are_is_by_all(results):
    one, other = film(results(5), "best")[0]["plane"], film(results(5), "best@999999999")[0]["plane"]
    assert one == other


def test_a_run_that_there_is_not(results, tmp_path):
    with pytest.raises(KeyError, match="no-such-run"):
        Feed(results(2), "no-such-run")
    with pytest.raises(LogError, match="does not exist"):
        FeedCache().get_feed(tmp_path, "it")
    (tmp_path / "log.sqlite").write_bytes(b"no log at all" * 100)
    with pytest.raises(LogError, match="is not a searchparty log"):
        FeedCache().get_feed(tmp_path, "it")


def test_feeds_are_kept_and_the_oldest_are_dropped(results, tmp_path):
    feeds = FeedCache()
    one = feeds.get_feed(results(2), only_run(results(2)))
    assert feeds.get_feed(results(2), only_run(results(2))) is one
    for number in range(MOST_FEEDS):
        shutil.copytree(results(2), tmp_path / str(number))
        feeds.get_feed(tmp_path / str(number), only_run(results(2)))
    other = feeds.get_feed(results(2), only_run(results(2)))
    assert other is not one
    assert other.film() == one.film()


def test_a_log_that_was_replaced_has_a_new_feed(results, tmp_path):
    """This holds even if the file system reuses the number of the old file."""
    feeds, run_id = FeedCache(), only_run(results(2))
    shutil.copytree(results(2), tmp_path / "it")
    one = feeds.get_feed(tmp_path / "it", run_id)
    shutil.rmtree(tmp_path / "it")
    growing = Growing(results(2), tmp_path / "it")
    other = feeds.get_feed(tmp_path / "it", run_id)
    assert other is not one
    assert decode_film(other.film())[0]["leases"] == []
    growing.grow(10**6)
    assert feeds.get_feed(tmp_path / "it", run_id) is other
    is_same(decode_film(other.film()), film(results(2)))


def test_many_axes_are_sent_as_what_is_drawn_of_them(tmp_path):
    experiment = {
        "name": "many", "budget": 200, "landscapes": [{"kind": "sphere", "dimension": [64, 100]}],
        "strategies": {"team": {"agents": ["random", "random-restart"], "policy": {"radius": "shrink"}}},
        "executor": "simulated",
    }  # fmt: skip
    results = run(Experiment.from_data(experiment), out=tmp_path / "results", report=False)
    for data in results.runs:
        message = Feed(results.path, data.id).film()
        header, _ = decode_film(message)
        many = data.space.dimension > 64
        assert (len(header["plane"]["origin"]), len(header["lower"])) == ((0, 0) if many else (64, 64))
        for lease in header["leases"]:
            assert (lease["center"] == []) == ("polygon" in lease) == many
