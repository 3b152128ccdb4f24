"""Nothing is lost: drivers, actors, raylets and nodes killed at random moments; traces equal to the byte."""

import os
import signal
import subprocess
import sys
import time

import pytest
from killing import Hunter, Tally, arguments, kill_drivers, processes, rows_of, text_of, trial, wait_for_more

from searchparty.experiments.running import resume, run

SEED = int(os.environ.get("SEARCHPARTY_KILL_SEED", "20261124"))


@pytest.fixture(scope="module")
def slow(tmp_path_factory):
    """Cheap evaluations, worked by a team that shares what it finds."""
    return trial(tmp_path_factory.mktemp("kills") / "slow", budget=1200)


def test_drivers_killed_in_one_process(slow, tmp_path):
    """18 kills: cheap evaluations, failing ones in children, expensive ones."""
    cheap = kill_drivers(slow, 8, SEED)
    rules = "{workers: 2, on_error: retry, retries: 1, on_nan: skip}"
    fragile = kill_drivers(trial(tmp_path / "fragile", "fragile", budget=300, evaluation=rules), 6, SEED + 1)
    expensive = kill_drivers(trial(tmp_path / "expensive", "expensive", budget=16), 4, SEED + 2)
    for tally in (cheap, fragile, expensive):
        assert not tally.different
        assert tally.equal >= 1
    # Of expensive evaluations none is lost but that in flight: a driver in one process has one.
    assert expensive.repeated <= expensive.kills
    # Of cheap ones, less than a second's work a kill.
    assert cheap.repeated <= cheap.kills * 300
    assert not [line for _, _, line in processes() if "searchparty.agents.serve" in line]


@pytest.mark.ray
def test_drivers_killed_on_ray(local_ray, slow):
    """7 kills of drivers that join a Ray which goes on."""
    address = local_ray.get_runtime_context().gcs_address
    tally = kill_drivers(slow, 7, SEED + 3, ("--executor", "ray", "--address", address))
    assert not tally.different
    assert tally.equal >= 1


@pytest.mark.ray
def test_actors_killed(local_ray, slow, tmp_path):
    """25 kills of actors under drivers that go on."""
    tally, kills, seed = Tally(), 0, SEED
    trials = [slow, trial(tmp_path / "halving", team="halving", seed=2)]
    while kills < 25:
        seed += 1
        one = trials[seed % 2]
        out = tmp_path / f"out-{seed}"
        hunter = Hunter(seed, 25 - kills, mean=0.5)
        hunter.start()
        results = run(one.yaml, out=out, executor="ray", report=False)
        kills += hunter.stop()
        assert not results.errors
        tally.judge(one, out, f"seed {seed}")
    assert not tally.different


def driver(*words, **options):
    return subprocess.Popen(
        arguments(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True, **options
    )


@pytest.mark.parametrize("how", ["ray", "simulated"])
def test_a_killed_raylet_ends_the_driver_with_a_message_and_it_resumes(slow, tmp_path, how):
    out = tmp_path / "out"
    process = driver("run", slow.yaml, "--out", out, "--executor", "ray")
    wait_for_more(out, 0, process)
    (raylet,) = (pid for pid, parent, words in processes() if parent == process.pid and "raylet/raylet" in words)
    killed = time.monotonic()
    os.kill(raylet, signal.SIGKILL)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1, errors
    assert "Ray was lost" in errors
    assert f"searchparty resume {out}" in errors
    assert "Traceback" not in errors
    assert time.monotonic() - killed < 30
    assert 0 < rows_of(out) < 1200
    assert not resume(out, executor=how, report=False).errors
    assert text_of(out) == slow.reference


CLUSTER = """
import os, signal, subprocess, sys
from ray.cluster_utils import Cluster
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False,
                                                        "object_store_memory": 80 << 20})
print(cluster.address, flush=True)
node = None
for line in sys.stdin:
    if line.strip() == "add":
        node = cluster.add_node(num_cpus=1, object_store_memory=80 << 20)
        print("added", flush=True)
    else:
        raylet = node.all_processes["raylet"][0].process.pid
        listing = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(raylet)], capture_output=True, text=True)
        lines = [line.split(None, 1) for line in listing.stdout.splitlines()]
        actors = [int(pid) for pid, words in lines if words.startswith("ray::Host")]
        if line.strip() == "actors":
            print(len(actors), flush=True)
            continue
        for pid in [raylet, *(int(pid) for pid, _ in lines)]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        print(len(actors), flush=True)
cluster.shutdown()
"""
FAST = {
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_failure_threshold": "3",
    "RAY_health_check_timeout_ms": "1000",
    "RAY_health_check_initial_delay_ms": "0",
}


@pytest.fixture
def cluster(tmp_path_factory):
    """A cluster of a head and, when asked for, one more node, on this machine; in a process of its own."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="sp", dir="/tmp") as place:
        process = subprocess.Popen(
            [sys.executable, "-c", CLUSTER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, env=os.environ | FAST | {"RAY_TMPDIR": place},
        )  # fmt: skip
        address = process.stdout.readline().strip()
        assert address

        def tell(word):
            process.stdin.write(word + "\n")
            process.stdin.flush()
            return process.stdout.readline().strip()

        yield address, tell, {"RAY_TMPDIR": place}
        process.stdin.close()
        process.wait(60)


def test_a_killed_node_costs_no_run(cluster, tmp_path):
    """Two nodes killed, with all their processes, under drivers that go on."""
    address, tell, environment = cluster
    one = trial(tmp_path / "node", team="crowd", budget=2500)
    lost = 0
    for number in range(2):
        tell("add")
        out = tmp_path / f"out-{number}"
        words = ("run", one.yaml, "--out", out, "--executor", "ray", "--address", address)
        # With so many actors some live on the second node.
        process = driver(*words, env=os.environ | environment)
        wait_for_more(out, 0, process)
        lost += int(tell("kill"))
        _, errors = process.communicate(timeout=100)
        assert process.returncode == 0, errors
        assert text_of(out) == one.reference
    assert lost > 0, "no actor lived on a node that was killed"
