"""The SLURM script, with real processes: SLURM's own commands are replaced by ones that run everything here."""

import contextlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from killing import rows_of, text_of

from searchparty.experiments.api import run

SCRIPT = Path(__file__).parent.parent.parent / "cluster" / "slurm.sh"
COMMANDS = {
    "scontrol": 'printf "%s\\n" node1 node2',
    "srun": """
        echo "$@" >>"$CALLS"
        while [[ $1 == -* ]]; do shift; done
        exec "$@"
    """,
}
JOB = str(os.getpid())
EXPERIMENT = """\
name: on-slurm
seed: 5
budget: 700
landscapes: [{kind: python, function: "slow.py:slow", bounds: [-1, 1], dimension: 2}]
strategies:
  team:
    agents: [{kind: random-restart, count: 2}, pattern-search]
    policy: {budget: bandit, sharing: broadcast, lease: 25}
executor: simulated
"""
SLOW = """\
import time

def slow(x):
    time.sleep(0.002)
    return float(((x - 0.2) ** 2).sum())
"""


def test_the_script_is_clean():
    subprocess.run(["bash", "-n", SCRIPT], check=True)
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed: only its syntax was checked")
    done = subprocess.run(["shellcheck", SCRIPT], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_its_options_stand_before_any_command():
    """SLURM reads options only up to the first command, and silently ignores those after it."""
    lines = SCRIPT.read_text().splitlines()
    first = next(number for number, line in enumerate(lines) if line and not line.startswith("#"))
    options = [number for number, line in enumerate(lines) if line.startswith("#SBATCH ")]
    assert len(options) > 5
    assert max(options) < first


@pytest.fixture
def site(tmp_path):
    """Return a folder to submit from, and the environment of a job on two nodes; end what it has started."""
    commands = tmp_path / "bin"
    commands.mkdir()
    for name, body in COMMANDS.items():
        (commands / name).write_text("#!/usr/bin/env bash\n" + textwrap.dedent(body).strip() + "\n")
        (commands / name).chmod(0o755)
    (tmp_path / "slow.py").write_text(SLOW)
    (tmp_path / "mine.yaml").write_text(EXPERIMENT)
    path = os.pathsep.join([str(commands), str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {
        **os.environ, "PATH": path, "CALLS": str(tmp_path / "calls"), "SLURM_JOB_ID": JOB,
        "SLURM_JOB_NAME": "searchparty", "SLURM_JOB_NODELIST": "node[1-2]", "SLURM_JOB_NUM_NODES": "2",
        "SLURM_CPUS_PER_TASK": "1", "PATIENCE": "60",
    }  # fmt: skip
    yield tmp_path, environment
    for pid in processes_of_the_job():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    shutil.rmtree(f"/tmp/sp-{JOB}", ignore_errors=True)


def processes_of_the_job():
    """Return the process ids of all that the script has started, on any "node": they have its environment."""
    found = []
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if folder.name.isdigit() and f"SLURM_JOB_ID={JOB}".encode() in (folder / "environ").read_bytes().split(
                b"\0"
            ):
                found.append(int(folder.name))
    return found


def begun(folder, environment):
    return subprocess.Popen(
        ["bash", SCRIPT, "mine.yaml", "results"], cwd=folder, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip


def while_it_works(job, folder, before=0):
    """Wait until the run has written something, and return the token."""
    deadline = time.monotonic() + 60
    while rows_of(folder / "results") <= before and job.poll() is None and time.monotonic() < deadline:
        time.sleep(0.1)
    assert job.poll() is None, job.stdout.read()
    private = folder / f".searchparty-{JOB}"
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert stat.S_IMODE((private / "token").stat().st_mode) == 0o600
    return (private / "token").read_text()


@pytest.mark.extras
@pytest.mark.skipif(sys.platform != "linux", reason="Ray joins several nodes on Linux only")
@pytest.mark.timeout(240)
def test_a_job_that_is_stopped_and_requeued(site, monkeypatch):
    """At its time limit the job ends cleanly. Requeued, on more nodes, it continues to the findings of one process."""
    folder, environment = site
    first = begun(folder, environment | {"SLURM_JOB_NUM_NODES": "1"})
    token = while_it_works(first, folder)
    assert len(token) == 64
    words = [Path(f"/proc/{pid}/cmdline") for pid in processes_of_the_job()]
    assert not any(token.encode() in path.read_bytes() for path in words if path.exists())
    first.send_signal(signal.SIGTERM)
    told, _ = first.communicate(timeout=60)
    assert first.returncode == 130, told
    assert "Resume with: searchparty resume results" in told
    assert processes_of_the_job() == []
    assert not (folder / f".searchparty-{JOB}").exists()
    written = rows_of(folder / "results")

    second = begun(folder, environment | {"SLURM_RESTART_COUNT": "1", "HEAD_IP": "127.0.0.1"})
    assert while_it_works(second, folder, written) != token
    calls = (folder / "calls").read_text()
    first_head, head, worker = calls.splitlines()
    assert "--nodelist=node1" in first_head
    assert "--nodelist=node1" in head
    assert "--nodes=1 --ntasks=1 --exclude=node1" in worker
    assert token not in calls
    told, _ = second.communicate(timeout=120)
    assert second.returncode == 0, told
    assert processes_of_the_job() == []
    assert not Path(f"/tmp/sp-{JOB}").exists()

    monkeypatch.chdir(folder)
    assert text_of(folder / "results") == text_of(run("mine.yaml", out="alone", report=False).path)
