"""`searchparty studio` as a user runs it: a process that prints its address, answers, and leaves nothing behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from searchparty import Experiment
from searchparty.experiments.api import run
from searchparty.experiments.cli.main import main
from searchparty.experiments.studio.access.hosts import StudioError, allowed_hosts, browser_host, local_host_names
from searchparty.experiments.studio.films.message import decode_film
from searchparty.experiments.studio.plays.folder import remove_stale_folders
from searchparty.experiments.studio.serve import FIRST_PORT, StudioListener
from searchparty.orchestrator.log.reader import LogReader

COMMAND = [sys.executable, "-m", "searchparty.experiments.cli.main", "studio", "--no-browser"]
LONG = """\
name: long
budget: 1000000
landscapes: [{kind: python, function: "slow.py:loss", bounds: [[-1, 1], [-1, 1]]}]
strategies: {alone: {agents: [random-restart]}}
executor: simulated
"""
SLOW = """\
import time
def loss(x):
    time.sleep(0.002)
    return float((x ** 2).sum())
"""


def group_of(pid):
    """Return the process ids of all descendants of a process, read from /proc."""
    children = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parent = int(path.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(path.parent.name))
    found, left = [], [pid]
    while left:
        more = children.get(left.pop(), [])
        found += more
        left += more
    return found


def alive(pid):
    """Return whether a process still works; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Opened:
    """A studio in a separate process."""

    def __init__(self, process, folder):
        self.process, self.temporary = process, folder
        self.line = process.stdout.readline()
        self.address = self.line.split(" at ")[-1].split()[0] if " at " in self.line else ""

    def ask(self, path, **headers):
        """Return the status and the body."""
        request = urllib.request.Request(self.address.partition("?")[0].rstrip("/") + path, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def end(self, number):
        """Send a signal; return the exit code, the output since then, and the processes that it had."""
        had = group_of(self.process.pid)
        self.process.send_signal(number)
        said, complained = self.process.communicate(timeout=60)
        return self.process.returncode, said + complained, had

    def left(self, had, seconds=20.0):
        """Return those of its processes that still exist after a moment."""
        deadline = time.monotonic() + seconds
        while (left := [pid for pid in had if alive(pid)]) and time.monotonic() < deadline:
            time.sleep(0.02)
        return left


@pytest.fixture
def studio(tmp_path):
    """Open a studio; when the test ends, kill what is left of it."""

    @contextmanager
    def opened(*arguments, **environment):
        temporary = tmp_path / "tmp"
        temporary.mkdir(exist_ok=True)
        known = os.environ | {"TMPDIR": str(temporary), "COLUMNS": "60"} | environment
        process = subprocess.Popen(
            [*COMMAND, *map(str, arguments)], cwd=tmp_path, env=known, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        had = []
        try:
            it = Opened(process, temporary)
            had = group_of(process.pid)
            yield it
        finally:
            for pid in [process.pid, *group_of(process.pid)] if process.poll() is None else had:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.wait()
            process.stdout.close()
            process.stderr.close()

    return opened


@pytest.fixture
def refused(tmp_path):
    """Return the message of a studio that does not open."""

    def of(*arguments):
        done = subprocess.run(
            [*COMMAND, *map(str, arguments)], cwd=tmp_path, capture_output=True, text=True, timeout=30,
            env=os.environ | {"COLUMNS": "60"},
        )  # fmt: skip
        assert done.returncode == 2, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        assert done.stdout == ""
        # Nothing was begun.
        assert not (tmp_path / "results").exists()
        return done.stderr.strip()

    return of


def films(it, **headers):
    """Return the headers of the films of all runs of the first results."""
    found = json.loads(it.ask("/api/results", **headers)[1])["results"]
    runs = found[0]["runs"] if found else []
    told = [it.ask(f"/api/results/{found[0]['key']}/runs/{each['run']}/film", **headers) for each in runs]
    return [decode_film(body)[0] for status, body in told if status == 200]


def until(found, seconds=90.0):
    """Return a result as soon as it is found."""
    deadline = time.monotonic() + seconds
    while not (it := found()):
        assert time.monotonic() < deadline
        # Each question costs the studio time.
        time.sleep(0.2)
    return it


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.extras)])
def test_it_says_where_it_is_answers_and_ends(studio, number):
    with studio("--port", "0") as it:
        assert it.line.startswith("The studio is open at http://127.0.0.1:")
        status, body = it.ask("/")
        assert status == 200
        assert b"searchparty studio" in body
        assert json.loads(it.ask("/api/catalogue")[1])["opens"] == "playground"
        assert it.ask("/", Host="evil.example")[0] == 421
        code, said, had = it.end(number)
        assert code == 0
        assert "Traceback" not in said
        assert had
        assert it.left(had) == []
        assert list(it.temporary.iterdir()) == []


def test_a_signal_ends_it_while_a_page_asks(studio):
    """A connection that is kept open does not delay the end."""
    with studio("--port", "0") as it:
        host, port = it.address[7:].rstrip("/").split(":")
        with socket.create_connection((host, int(port))) as idle, socket.create_connection((host, int(port))) as half:
            idle.sendall(b"GET / HTTP/1.1\r\nHost: %b\r\n\r\n" % f"{host}:{port}".encode())
            assert b"200 OK" in idle.recv(4096)
            half.sendall(b"GET / HTTP/1.1\r\nHost:")
            code, said, had = it.end(signal.SIGTERM)
        assert (code, said) == (0, "")
        assert it.left(had) == []


def test_an_experiment_is_run_and_shown_live(studio, tmp_path, small_yaml):
    path = small_yaml()
    path.write_text(path.read_text().replace("executor: simulated", "executor: ray"))
    with studio("small.yaml", "--executor", "simulated", "--port", "0") as it:
        assert json.loads(it.ask("/api/catalogue")[1])["opens"] == "watch"
        assert it.ask("/api/results")[0] == 200
        headers = until(lambda: (found := films(it)) and all(each["state"] == "done" for each in found) and found)
        assert all(each["stopped"] for each in headers)
        assert (tmp_path / "results" / "small-1" / "log.sqlite").exists()
        assert it.end(signal.SIGINT)[0] == 0


@pytest.fixture
def long(tmp_path):
    (tmp_path / "long.yaml").write_text(LONG)
    (tmp_path / "slow.py").write_text(SLOW)
    return "long.yaml"


def test_the_run_ends_with_the_studio_and_can_be_resumed(studio, tmp_path, long):
    with studio(long, "--port", "0") as it:
        (header,) = until(lambda: [each for each in films(it) if each["chunks"]])
        assert header["state"] == "running"
        code, said, had = it.end(signal.SIGTERM)
        assert code == 0
        assert "Ending the run with the studio." in said
        assert "searchparty resume results/long-1" in said
        assert "Traceback" not in said
        assert it.left(had) == []
    with LogReader(tmp_path / "results" / "long-1") as reader:
        assert len(reader.runs()) == 1
        assert reader.stopped_run_ids() == set()


def test_a_killed_studio_leaves_no_worker_behind(studio, long):
    """The run with which it was started continues: it is an ordinary run, and its results are needed."""
    with studio(long, "--port", "0") as it:
        until(lambda: [each for each in films(it) if each["chunks"]])
        had = group_of(it.process.pid)
        it.process.kill()
        it.process.wait()
        lines = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in had if alive(pid)}
        (going_on,) = [pid for pid, line in lines.items() if b"searchparty.experiments.cli.main" in line]
        try:
            assert it.left([pid for pid in had if pid != going_on]) == []
            assert alive(going_on)
        finally:
            os.kill(going_on, signal.SIGTERM)
        assert it.left([going_on]) == []
        (folder,) = it.temporary.iterdir()
        # The next studio removes it, once it cannot be a directory that is just being made.
        remove_stale_folders(it.temporary)
        assert folder.exists()
        os.utime(folder / "open.lock", (0, 0))
        remove_stale_folders(it.temporary)
        assert not folder.exists()


def test_results_are_shown_to_who_has_the_token(studio, tmp_path):
    made = Experiment.from_data({
        "name": "it", "budget": 50, "landscapes": [{"kind": "sphere"}], "strategies": {"a": {"agents": ["random"]}},
        "executor": "simulated",
    })  # fmt: skip
    run(made, out=tmp_path / "elsewhere" / "mine", report=False)
    with studio("elsewhere/mine", "--port", "0", "--token", "auto") as it:
        token = it.address.partition("?token=")[2]
        assert len(token) >= 32
        assert it.ask("/")[0] == 401
        assert it.ask("/api/results")[0] == 401
        (header,) = films(it, Authorization=f"Bearer {token}")
        assert header["strategy"] == "a"
        code, said, _ = it.end(signal.SIGINT)
        assert (code, said) == (0, "")
    assert not (tmp_path / "results").exists()


@pytest.mark.extras
def test_the_address_of_every_address_can_be_opened(studio):
    with studio("--host", "0.0.0.0", "--port", "0", SEARCHPARTY_STUDIO_TOKEN="a-token-of-some-length") as it:
        assert "0.0.0.0" not in it.address
        assert it.ask("/", Authorization="Bearer a-token-of-some-length")[0] == 200
        it.end(signal.SIGINT)


def test_a_port_that_is_taken(refused):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = refused("--port", port)
    assert said == (
        f"127.0.0.1:{port} cannot be served (Address already in use). Choose another with --port."
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--host", "0.0.0.0"], "host must stay on this machine (127.0.0.1) if there is no token, got '0.0.0.0'. "
         "Add --token auto: anyone who can reach this address could start runs."),
        (["quickstart", "--host", "0.0.0.0"], "host must stay on this machine"),
        (["quickstart", "--allow-host", "http://x"], "--allow-host must be a name, or name:port, got 'http://x'"),
        (["--token", "short"], "token must have 16 to 200 characters, got 5. Use --token auto"),
        (["results/nothing-1"], "experiment must be a YAML file or a bundled name, got 'results/nothing-1'"),
        (["quickstar"], "Did you mean 'quickstart'?"),
        (["nothing.yaml"], "which does not exist"),
        (["folder"], "RESULTS must be a directory that `run` made, got folder, which holds no log. Name another."),
        (["broken.yaml"], "budget must be"),
        (["quickstart", "--executor", "nowhere"], "executor"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_mistakes_are_told_in_words(tmp_path, monkeypatch, capsys, arguments, message):
    (tmp_path / "folder").mkdir()
    (tmp_path / "broken.yaml").write_text(LONG.replace("1000000", "much").replace("python", "sphere"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["searchparty", "studio", "--no-browser", *arguments])
    monkeypatch.setattr("searchparty.experiments.cli.studio.handle_termination", lambda: None)
    with pytest.raises(SystemExit, match="^2$") as ended:
        main()
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert message in said.err
    assert said.out == ""
    # Nothing was begun.
    assert not (tmp_path / "results").exists()


@pytest.mark.extras
def test_no_traceback_without_a_token(refused):
    assert "Add --token auto" in refused("quickstart", "--host", "0.0.0.0")


# --- addresses ---


@pytest.mark.parametrize(
    "host", ["nonsense.invalid", "a" * 70 + ".example", "192.0.2.1"], ids=["unknown", "too long", "another's"]
)
def test_addresses_that_are_not_this_machines(host):
    rule = rf"{host}:\d+ cannot be served \(.+\)\. Use an address of this machine\."
    with pytest.raises(StudioError, match=rule):
        StudioListener(host, None, "a-token-of-some-length")


def test_the_first_free_port_is_taken():
    first = StudioListener()
    try:
        second = StudioListener()
        assert FIRST_PORT <= first.socket.getsockname()[1] < second.socket.getsockname()[1]
        second.close()
    finally:
        first.close()


def test_a_wrong_name_lets_go_of_the_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(StudioError, match="--allow-host must be a name"):
        StudioListener("127.0.0.1", port, None, ["a b"])
    StudioListener("127.0.0.1", port).close()


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::", "", "::1", "localhost", "10.0.0.7", "Head.Example"])
def test_what_is_opened_is_served(host):
    assert f"{browser_host(host)}:8137" in allowed_hosts(host, 8137)
    assert browser_host(host) not in ("0.0.0.0", "::", "[::]", "")


def test_everywhere_is_opened_by_an_address(monkeypatch):
    assert browser_host("0.0.0.0") in (*local_host_names(), "127.0.0.1")
    for names, shown in [
        (("head", "10.0.0.7"), "10.0.0.7"),
        (("head",), "127.0.0.1"),
        (("head", "[fe80::1]"), "[fe80::1]"),
    ]:
        monkeypatch.setattr("searchparty.experiments.studio.access.hosts.local_host_names", lambda names=names: names)
        assert browser_host("0.0.0.0") == shown
