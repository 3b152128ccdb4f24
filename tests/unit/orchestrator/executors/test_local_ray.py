"""A Ray that is started here: who may join it, what it leaves behind, and what is said where it does not start."""

import os
import signal
import stat
import subprocess
import sys
import threading
import time

import pytest

from searchparty.orchestrator.executors.on_ray import connection, local_ray
from searchparty.orchestrator.loop.executor import ExecutorError

HOST = """\
import sys
from searchparty.orchestrator.executors.on_ray.connection import ray, start_ray, stop_ray
start_ray(None)
print(ray.get_runtime_context().gcs_address, ray.nodes()[0]["NodeManagerPort"], flush=True)
sys.stdin.read()
stop_ray()
"""
JOIN = """\
import logging, sys
import ray
from ray._private import services
services.resolve_ip_for_localhost = lambda host: host
ray.init(sys.argv[1], log_to_driver=False, logging_level=logging.CRITICAL)
print("joined", ray.get(ray.remote(lambda: "and ran a task").remote(), timeout=60))
"""
NETWORK = """\
from ray._private import services
print(services.node_ip_address_from_perspective(None))
"""


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    """A Ray that another process has started as ``run`` does: its home, the address, and the port of its raylet."""
    home = tmp_path_factory.mktemp("home")
    plain = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    process = subprocess.Popen(
        [sys.executable, "-c", HOST], env=plain | {"HOME": str(home)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    try:
        address, port = process.stdout.readline().split()
        yield home, address, int(port), plain
    finally:
        process.communicate("", timeout=60)


def join(address, environment):
    return subprocess.run(
        [sys.executable, "-c", JOIN, address], env=environment, capture_output=True, text=True, timeout=200
    )


@pytest.mark.ray
@pytest.mark.extras
def test_nobody_joins_a_ray_of_ours_without_its_token(host, tmp_path):
    home, address, _, plain = host
    for mode in ({}, {"RAY_AUTH_MODE": "disabled"}, {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "0" * 64}):
        stranger = join(address, plain | {"HOME": str(tmp_path)} | mode)
        assert "joined" not in stranger.stdout
        assert stranger.returncode != 0
    friend = join(address, plain | {"HOME": str(home), "RAY_AUTH_MODE": "token"})
    assert friend.stdout.strip() == "joined and ran a task", friend.stderr


@pytest.mark.ray
@pytest.mark.extras
def test_a_ray_of_ours_listens_on_this_machine_only(host):
    import socket

    _, address, port, plain = host
    assert address.startswith("127.0.0.1:")
    outer = subprocess.run([sys.executable, "-c", NETWORK], env=plain, capture_output=True, text=True).stdout.strip()
    if outer.startswith("127."):
        pytest.skip("this machine has no network")
    for door in (int(address.split(":")[1]), port):
        socket.create_connection(("127.0.0.1", door), timeout=5).close()
        with pytest.raises(ConnectionRefusedError, match="refused"):
            socket.create_connection((outer, door), timeout=5)


@pytest.mark.ray
@pytest.mark.extras
def test_the_token_that_we_cause_is_readable_for_its_owner_only(host):
    token = host[0] / ".ray" / "auth_token"
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert len(token.read_text()) == 64


@pytest.fixture
def untouched(monkeypatch, tmp_path):
    """A home without a token, and a Ray that is not started."""
    for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(connection.ray, "shutdown", lambda: None)
    return monkeypatch, tmp_path


def test_a_token_that_others_can_read_is_closed_to_them(untouched):
    patch, home = untouched
    (home / ".ray").mkdir()
    (home / ".ray" / "auth_token").write_text("a" * 64)
    (home / ".ray" / "auth_token").chmod(0o644)
    asked = []
    patch.setattr(connection.ray, "init", lambda **options: asked.append((options, os.environ["RAY_AUTH_MODE"])))
    connection.start_ray(None)
    assert stat.S_IMODE((home / ".ray" / "auth_token").stat().st_mode) == 0o600
    ((options, mode),) = asked
    assert (options["_node_ip_address"], mode) == ("127.0.0.1", "token")
    connection.stop_ray()
    assert "RAY_AUTH_MODE" not in os.environ


def test_who_has_switched_tokens_off_gets_none(untouched):
    patch, home = untouched
    patch.setenv("RAY_AUTH_MODE", "disabled")
    patch.setattr(connection.ray, "init", lambda **_: None)
    connection.start_ray(None)
    assert os.environ["RAY_AUTH_MODE"] == "disabled"
    assert not (home / ".ray").exists()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (Exception("The current node timed out during startup."), "The machine may be too busy: try again later"),
        (TimeoutError(), "The machine may be too busy: try again later"),
        (RuntimeError("Failed to start GCS."), "or use --executor simulated"),
        (OSError(28, "No space left on device"), "Remove the cause, or use --executor simulated"),
        (KeyError("node_ip_address"), "Remove the cause, or use --executor simulated"),
    ],
)
def test_a_ray_that_does_not_start_is_one_sentence_and_the_way_out(untouched, error, words):
    patch, _ = untouched

    def fail(**_):
        raise error

    patch.setattr(connection.ray, "init", fail)
    with pytest.raises(ExecutorError, match="^Could not start a local Ray: ") as told:
        connection.start_ray(None)
    assert words in str(told.value)
    assert "\n" not in str(told.value)
    assert "RAY_AUTH_MODE" not in os.environ


@pytest.mark.parametrize("version", ["2.9.3", "2.40.0", "2.52.1", "1.13.0"])
def test_an_old_ray_is_refused_in_words(version):
    with pytest.raises(ExecutorError, match=rf"ray must be at least 2.53, got {version}.*pip install 'ray>=2.53'"):
        local_ray.check_ray_version(version)


@pytest.mark.parametrize("version", ["2.53.0", "2.60.0", "3.0.0.dev0"])
def test_a_new_ray_is_accepted(version):
    local_ray.check_ray_version(version)


YAML = "name: it\nbudget: 100000\nlandscapes: [{kind: python, function: 'f.py:f', bounds: [[-1, 1]]}]\n"
YAML += "strategies: {alone: {agents: [random]}}\n"


@pytest.mark.ray
@pytest.mark.extras
@pytest.mark.parametrize("after", [0.0, 2.0, 5.0, "rows"])
def test_sigterm_on_ray_ends_as_everywhere_also_while_it_starts(tmp_path, after):
    (tmp_path / "f.py").write_text("import time\n\ndef f(x):\n    time.sleep(0.01)\n    return float(x @ x)\n")
    (tmp_path / "it.yaml").write_text(YAML)
    words = ["run", "it.yaml", "--out", "out", "--executor", "ray", "--no-report"]
    process = subprocess.Popen(
        [sys.executable, "-m", "searchparty.experiments.cli.main", *words], cwd=tmp_path, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while not (tmp_path / "out" / "log.sqlite").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    if after == "rows":
        from searchparty.orchestrator.log.reader import LogReader

        while time.monotonic() < deadline:
            with LogReader(tmp_path / "out") as reader:
                if reader._db.execute("SELECT COUNT(*) FROM points").fetchone()[0]:
                    break
            time.sleep(0.1)
    else:
        time.sleep(after)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=120)
    # Python ends itself by SIGINT, which a shell shows as 130, if the interrupt fell into code compiled from text.
    assert process.returncode in (130, -signal.SIGINT), errors
    assert "Resume with: searchparty resume out" in errors
    assert "Traceback" not in errors


def test_the_handler_of_sigterm_is_kept(untouched):
    patch, _ = untouched
    from ray._private import utils

    patch.setattr(connection.ray, "init", lambda **_: utils.set_sigterm_handler(lambda *_: sys.exit(1)))
    assert threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGTERM)
    connection.start_ray(None)
    assert signal.getsignal(signal.SIGTERM) is before
    connection.stop_ray()


def test_processes_look_for_modules_where_this_one_does(tmp_path, monkeypatch):
    mine, others = str(tmp_path / "mine"), str(tmp_path / "others")
    monkeypatch.syspath_prepend(mine)
    config = local_ray.make_job_config()
    # As Ray does with the folder of the script, and with the one that the user is in.
    config._py_driver_sys_path.extend([mine, others])
    assert list(config._py_driver_sys_path) == [mine]
