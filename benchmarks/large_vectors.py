"""Measure what an experiment in very many dimensions takes of the disk and of memory with ``log: {keep}``.

Runs an experiment once, and once more with its driver killed at random moments and resumed, and compares the traces.

    python benchmarks/large_vectors.py [--dimension 100000] [--evaluations 10000] [--keep "500 MB" "100 MB"]
        [--kills 10] [--lease 1] [--folder PLACE]

``--lease 1`` measures a run of very many short leases, each of which has points of its own in the log.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from searchparty.orchestrator.log.reader import LogReader
from searchparty.orchestrator.log.trace import trace_hash

OBJECTIVE = '''
import numpy as np

def scales(x):
    """Make the valley narrow, so that no agent is soon done."""
    return np.logspace(0, 6, x.shape[1])

def loss(x):
    return (scales(x) * (x - 0.2) ** 2).sum(axis=1)

def slope(x):
    return 2 * scales(x) * (x - 0.2)
'''
YAML = """
name: large
budget: {evaluations}
landscapes:
  - {{kind: python, function: "objective.py:loss", gradient: "objective.py:slope", vectorized: true, bounds: [-1, 1],
      dimension: {dimension}}}
strategies:
  team: {{agents: [gradient-descent, {{kind: random, batch: 10}}], policy: {{lease: {lease}}}}}
executor: simulated
log: {{keep: {keep}}}
"""


def start(*words: object) -> subprocess.Popen[bytes]:
    """Start a command of searchparty without a report."""
    command = [sys.executable, "-m", "searchparty", *map(str, words), "--no-report"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL)


def finish(process: subprocess.Popen[bytes]) -> None:
    """Wait for a command, which must end well."""
    if process.wait() != 0:
        raise SystemExit(f"a command ended with exit code {process.returncode}")


def hash_results(results: Path) -> str:
    """Return the hash of the trace of results."""
    with LogReader(results) as reader:
        return trace_hash(reader)


def kill_and_resume(yaml: Path, out: Path, kills: int, seconds: float) -> None:
    """Work an experiment whose driver is killed so often, at random moments of the seconds that it takes."""
    rng = random.Random(1)
    for number in range(kills):
        words = ("resume", out) if (out / "experiment.yaml").exists() else ("run", yaml, "--out", out)
        process = start(*words)
        time.sleep(rng.uniform(0.5, 1.5) * seconds / (kills + 1))
        print(f"kill {number + 1}: {'too late' if process.poll() is not None else 'done'}", file=sys.stderr)
        process.kill()
        process.wait()
    finish(start("resume", out))


def most_memory_mb() -> int:
    """Return the greatest resident memory of any process that this one has waited for, in MB."""
    return round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / 1e6)


def measure(folder: Path, options: argparse.Namespace, keep: str) -> dict[str, object]:
    """Run the experiment both ways, and return the figures."""
    (folder / "objective.py").write_text(OBJECTIVE)
    yaml = folder / "large.yaml"
    yaml.write_text(YAML.format(**{**vars(options), "keep": keep}))
    began = time.monotonic()
    finish(start("run", yaml, "--out", folder / "whole"))
    seconds = time.monotonic() - began
    memory = most_memory_mb()
    expected = hash_results(folder / "whole")
    if options.kills:
        kill_and_resume(yaml, folder / "cut", options.kills, seconds)
    return {
        "evaluations": options.evaluations,
        "dimension": options.dimension,
        "lease": options.lease,
        "keep": keep,
        "seconds": round(seconds, 1),
        "memory_mb": memory,
        "memory_mb_with_resumed_runs": most_memory_mb(),
        "log_mb": round((folder / "whole" / "log.sqlite").stat().st_size / 1e6, 1),
        "log_mb_after_kills": round((folder / "cut" / "log.sqlite").stat().st_size / 1e6, 1) if options.kills else None,
        "kills": options.kills,
        "same_trace": hash_results(folder / "cut") == expected if options.kills else None,
    }


def main() -> None:
    """Measure, and print the figures as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dimension", type=int, default=100_000)
    parser.add_argument("--evaluations", type=int, default=10_000)
    parser.add_argument("--keep", nargs="+", default=["500 MB", "100 MB"])
    parser.add_argument("--lease", default="null", help="evaluations of a lease; by default a twentieth of a share")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    for keep in options.keep:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            print(json.dumps(measure(Path(folder), options, keep), indent=1), flush=True)


if __name__ == "__main__":
    main()
