"""On a real cluster of ``ray start`` on this machine, with a token: each way to run gives the trace of one process.

``make test`` tests what docs/reliability.md promises, ``make test-extras`` the rest: submitting jobs needs an extra,
and each way to run starts programs that join the cluster.
"""

import contextlib
import os
import re
import subprocess
import sys

import pytest
from clusters import Cluster
from killing import Tally, arguments, kill_nodes, text_of, trial, wait_for_more

from searchparty.experiments.api import resume, run

pytestmark = pytest.mark.timeout(300)
WAYS = pytest.mark.extras
"""Marks tests of ways to run on a cluster and of their messages."""

OBJECTIVES = """
import pathlib
from neighbour import shift

OFFSET = float((pathlib.Path(__file__).parent / "data" / "offset.txt").read_text())

def bowl(x):
    return float(((x - shift()) ** 2).sum() + OFFSET)

def far(x):
    # Only a copy that has travelled lies below a folder of this name.
    return bowl(x) if "searchparty_files" in __file__ else float("nan")

def lacking(x):
    import only_at_home
    return bowl(x)
"""
HOP = """
from typing import Literal
import numpy as np
from searchparty import Agent, Converged

class Hop(Agent):
    kind: Literal["hop"] = "hop"

    def search(self, space, lease, rng):
        best = rng.uniform(lease.region.lower, lease.region.upper)
        told = yield best[None]
        loss, step = told.losses[0], 0.3
        while step > 1e-9:
            trial = np.clip(best + step * rng.normal(size=(6, space.dimension)), 0, 1)
            told = yield trial
            row = told.losses.argmin()
            if told.losses[row] < loss:
                best, loss = trial[row], told.losses[row]
            else:
                step *= 0.9
        return Converged(best, float(loss), "its hops became too short")
"""
MINE = """
name: mine
seed: 4
budget: 240
files: [data]
executor: ray
landscapes:
  - {kind: python, function: "objectives.py:bowl", bounds: [-1, 1], dimension: 2}
  - {kind: rastrigin, dimension: 3}
strategies:
  team:
    agents: [{kind: "hop.py:Hop"}, random, nelder-mead]
    policy: {budget: bandit, radius: trust-region, sharing: broadcast, lease: 20}
"""


@pytest.fixture(scope="module")
def cluster(request):
    """Start a head and a node; for the ways to run, another node, and a dashboard, which takes jobs."""
    ways = any(item.get_closest_marker(WAYS.name) for item in request.session.items)
    with contextlib.closing(Cluster(dashboard=ways)) as made:
        made.nodes = [made.add(resources={"fast": 1})] + ([made.add()] if ways else [])
        made.ready(1 + len(made.nodes))
        yield made


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Return a user's folder, and the trace of one process."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "data").mkdir()
    (folder / "data" / "offset.txt").write_text("1.5")
    (folder / "objectives.py").write_text(OBJECTIVES)
    (folder / "neighbour.py").write_text("def shift():\n    from later import SHIFT\n    return SHIFT\n")
    (folder / "later.py").write_text("SHIFT = 0.25\n")
    (folder / "hop.py").write_text(HOP)
    (folder / "mine.yaml").write_text(MINE)
    (folder / ".git").mkdir()
    (folder / ".git" / "large").write_bytes(bytes(1 << 20))
    run(folder / "mine.yaml", out=folder / "one", executor="simulated", report=False)
    return folder


def there(cluster, *words, cwd, timeout=120, **environment):
    """Return the command line in an environment with the cluster's token."""
    return subprocess.run(
        [sys.executable, "-m", "searchparty.experiments.cli.main", *map(str, words)], cwd=cwd, timeout=timeout,
        capture_output=True, text=True, env=cluster.environment | environment | {"COLUMNS": "200"},
    )  # fmt: skip


@WAYS
@pytest.mark.parametrize("how", ["auto", "spread", "packed"])
def test_run_on_a_cluster(cluster, home, tmp_path, how):
    options = ("--address", cluster.address, "--set", f"executor.placement={how}", "--no-report")
    done = there(
        cluster, "run", home / "mine.yaml", "--executor", "ray", "--out", tmp_path / "out", *options, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert text_of(tmp_path / "out") == text_of(home / "one")
    assert "Placement: " in done.stderr


@WAYS
def test_run_from_a_machine_that_is_no_node(cluster, home, tmp_path):
    options = ("--executor", "ray", "--address", cluster.client, "--no-report")
    done = there(cluster, "run", home / "mine.yaml", "--out", tmp_path / "out", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert text_of(tmp_path / "out") == text_of(home / "one")


@WAYS
def test_submit_fetch_and_go_on(cluster, home, tmp_path):
    address = ("--address", cluster.dashboard)
    place = tmp_path / "on-the-head"
    sent = there(cluster, "submit", home / "mine.yaml", *address, "--place", place, cwd=tmp_path)
    assert sent.returncode == 0, sent.stderr + sent.stdout
    (job,) = re.findall(r"as (mine-\w+)\.", sent.stderr)
    assert text_of(tmp_path / "results" / job) == text_of(home / "one")
    assert (tmp_path / "results" / job / "report.html").exists()
    assert text_of(place / job) == text_of(home / "one")
    # Fetched results are resumed at home, with the user's own files.
    resume(tmp_path / "results" / job, executor="simulated", budget=300, report=False)
    # On the cluster the job continues where it was, and is fetched into the directory that was fetched before.
    words = ("--resume", job, "--out", tmp_path / "on")
    resumed = there(cluster, "submit", home / "mine.yaml", *address, *words, cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr + resumed.stdout
    assert text_of(tmp_path / "on") == text_of(home / "one")


@WAYS
def test_a_job_that_is_not_there(cluster, tmp_path):
    done = there(cluster, "fetch", "nobody", "--address", cluster.dashboard, cwd=tmp_path)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "job must be one that the cluster at" in done.stderr


@WAYS
def test_what_travels_is_what_is_used_there(cluster, home, tmp_path):
    """The copy on the node is used, not the file at home, which here is on the same disk."""
    text = MINE.replace("objectives.py:bowl", "objectives.py:far").replace("  - {kind: rastrigin, dimension: 3}\n", "")
    (home / "far.yaml").write_text(text)
    options = ("--executor", "ray", "--address", cluster.address, "--no-report", "--out", tmp_path / "out")
    done = there(cluster, "run", home / "far.yaml", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "returned nan" not in text_of(tmp_path / "out")


@WAYS
def test_a_missing_package_is_named_with_its_node(cluster, home, tmp_path):
    (home / "lacking.yaml").write_text(MINE.replace("objectives.py:bowl", "objectives.py:lacking"))
    (tmp_path / "only_at_home.py").write_text("")
    options = ("--executor", "ray", "--address", cluster.address, "--no-report", "--out", tmp_path / "out")
    done = there(cluster, "run", home / "lacking.yaml", *options, cwd=tmp_path, PYTHONPATH=str(tmp_path))
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert re.search(r"node [\d.]+ must have the package 'only_at_home'", done.stderr)
    # No point is at fault: nothing is recorded as failed.
    assert "only_at_home" not in text_of(tmp_path / "out")


@WAYS
def test_doctor(cluster, home, tmp_path):
    well = there(cluster, "doctor", home / "mine.yaml", "--address", cluster.address, cwd=tmp_path)
    # A busy machine is slow, which is a warning.
    lines = [line for line in well.stdout.splitlines() if "warning:" in line]
    found = [line for line in lines if " ms" not in line and " MB/s" not in line]
    assert well.returncode == 0, well.stdout + well.stderr
    assert "No problems found." in well.stdout or ("warning:" in well.stdout and not found), well.stdout
    assert sum("node 1" in line for line in well.stdout.splitlines() if line not in lines) == 3
    assert ".git" not in well.stdout
    (tmp_path / "bad.yaml").write_text(MINE.replace("objectives.py:bowl", "broken.py:f").replace("files: [data]\n", ""))
    (tmp_path / "hop.py").write_text(HOP)
    (tmp_path / "broken.py").write_text("import only_at_home\nf = sum\n")
    (tmp_path / "path").mkdir()
    (tmp_path / "path" / "only_at_home.py").write_text("")
    path = str(tmp_path / "path")
    ill = there(cluster, "doctor", tmp_path / "bad.yaml", "--address", cluster.address, cwd=tmp_path, PYTHONPATH=path)
    assert ill.returncode == 1
    assert ill.stdout.count("must be able to make python broken.py:f, but cannot") == 3
    assert "only_at_home" in ill.stdout


@WAYS
@pytest.mark.parametrize("door", ["address", "client", "dashboard"])
def test_without_a_token_it_is_said_what_to_set(cluster, home, tmp_path, door):
    environment = {"RAY_AUTH_MODE": "disabled", "RAY_AUTH_TOKEN": ""}
    address = getattr(cluster, door)
    words = ("submit", home / "mine.yaml") if door == "dashboard" else ("doctor",)
    done = there(cluster, *words, "--address", address, cwd=tmp_path, **environment)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert re.search(rf"cluster at {re.escape(address)} asks for a token. Set RAY_AUTH_MODE=token", done.stderr)


@WAYS
def test_needs_of_agents_and_evaluations(cluster, home, tmp_path):
    """An agent runs where its resource is, and rows as tasks with theirs: the same trace.

    What no node has is refused.
    """
    needs = "executor.resources={agents: {hop: {custom: {fast: 1}}}, landscapes: {python: {num_cpus: 0.5}}}"
    options = ("--executor", "ray", "--address", cluster.address, "--no-report")
    done = there(cluster, "run", home / "mine.yaml", "--out", tmp_path / "out", *options, "--set", needs, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "batches over 6 concurrent evaluations" in done.stderr
    # Two runs need it and one node has it, so they run one after the other.
    assert text_of(tmp_path / "out") == text_of(home / "one")
    wanting = ("--set", "executor.resources={agents: {random: {num_gpus: 1}}}", "--out", tmp_path / "not")
    none = there(cluster, "run", home / "mine.yaml", *options, *wanting, cwd=tmp_path)
    assert (none.returncode, "Traceback" in none.stderr) == (1, False)
    assert "executor.resources.agents.random must be available on some node" in none.stderr


def test_killed_nodes_cost_no_run(cluster, tmp_path):
    """Nodes are killed in turn, with all their processes, while a driver runs."""
    tally = Tally()
    # With this many actors, some run on every node.
    crowd = trial(tmp_path / "node", team="crowd", budget=1200)
    lost = kill_nodes(cluster, cluster.nodes, crowd, tmp_path / "out", tally)
    assert not tally.different
    assert lost > 0, "no actor lived on a node that was killed"


def test_an_actor_that_works_a_whole_run_is_killed(cluster, tmp_path):
    """The run continues as a spread run, from what was recorded."""
    one = trial(tmp_path / "packed", budget=900)
    options = ("--set", "executor={kind: ray, placement: packed}", "--address", cluster.address)
    process = subprocess.Popen(
        arguments("run", one.yaml, "--out", tmp_path / "out", *options), env=cluster.environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    wait_for_more(tmp_path / "out", 0, process)
    (victim,) = cluster.actors()
    os.kill(victim, 9)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    tally = Tally()
    tally.judge(one, tmp_path / "out", "packed")
    assert not tally.different
