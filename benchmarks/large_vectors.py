"""Measure what an experiment in very many dimensions takes of the disk and of memory with ``log: {keep}``.

Runs an experiment once, and once more with its driver killed at random moments and resumed, and compares the traces.
Then makes the film of the run and the report, each in a process of its own.

    python benchmarks/large_vectors.py [--network] [--dimension 100000] [--evaluations 10000]
        [--keep "500 MB" "100 MB"] [--kills 10] [--lease 1] [--folder PLACE]

``--lease 1`` measures a run of very many short leases, each of which has points of its own in the log. ``--network``
trains a network on digits by four agents with gradients; of about as many weights as ``--dimension`` says.
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
from searchparty.orchestrator.state.events import Granted

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
NETWORK = """
name: large
budget: {evaluations}
landscapes:
  - {{kind: network, data: digits, layers: [{width}, {width}], weight_decay: 1.0e-4}}
strategies:
  team:
    agents:
      - {{kind: adam, rate: 0.003, batch: 128}}
      - {{kind: momentum, rate: 0.05}}
      - l-bfgs
      - {{kind: gradient-descent, method: adam}}
    policy: {{budget: bandit, radius: trust-region, sharing: broadcast, lease: {lease}}}
executor: simulated
log: {{keep: {keep}}}
"""
FILM = """
import sys
from pathlib import Path
from searchparty.experiments.studio.films.feed import Feed
from searchparty.orchestrator.log.reader import LogReader
with LogReader(Path(sys.argv[1])) as reader:
    run = reader.runs()[0].id
print(len(Feed(Path(sys.argv[1]), run).film()))
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


def continue_command(yaml: Path, out: Path) -> tuple[object, ...]:
    """Return the command that continues an experiment, or begins it if it was killed before it had begun."""
    return ("resume", out) if (out / "experiment.yaml").exists() else ("run", yaml, "--out", out)


def kill_and_resume(yaml: Path, out: Path, kills: int, seconds: float) -> None:
    """Work an experiment whose driver is killed so often, at random moments of the seconds that it takes."""
    rng = random.Random(1)
    for number in range(kills):
        process = start(*continue_command(yaml, out))
        time.sleep(rng.uniform(0.5, 1.5) * seconds / (kills + 1))
        print(f"kill {number + 1}: {'too late' if process.poll() is not None else 'done'}", file=sys.stderr)
        process.kill()
        process.wait()
    finish(start(*continue_command(yaml, out)))


def width_of_layers(weights: int) -> int:
    """Return the width of two hidden layers with which a network for digits has about so many weights."""
    # 64 w + w, w w + w, and 10 w + 10.
    return max(1, round(-38 + (38**2 + weights) ** 0.5))


def time_process(*command: object) -> float:
    """Return the seconds of a process, which must end well."""
    began = time.monotonic()
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
    return round(time.monotonic() - began, 1)


def most_memory_mb() -> int:
    """Return the greatest resident memory of any process that this one has waited for, in MB."""
    return round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / 1e6)


def measure(folder: Path, options: argparse.Namespace, keep: str) -> dict[str, object]:
    """Run the experiment both ways, and return the figures."""
    (folder / "objective.py").write_text(OBJECTIVE)
    yaml = folder / "large.yaml"
    text = NETWORK if options.network else YAML
    yaml.write_text(text.format(**{**vars(options), "keep": keep, "width": width_of_layers(options.dimension)}))
    began = time.monotonic()
    finish(start("run", yaml, "--out", folder / "whole"))
    seconds = time.monotonic() - began
    memory = most_memory_mb()
    expected = hash_results(folder / "whole")
    if options.kills:
        kill_and_resume(yaml, folder / "cut", options.kills, seconds)
    resumed_memory = most_memory_mb()
    film = time_process(sys.executable, "-c", FILM, folder / "whole")
    report = time_process(sys.executable, "-m", "searchparty", "report", folder / "whole")
    with LogReader(folder / "whole") as reader:
        granted = (event for event in reader.events(reader.runs()[0].id) if isinstance(event, Granted))
        dimension = len(next(granted).leases[0].region.center)
    return {
        "evaluations": options.evaluations,
        "dimension": dimension,
        "network": options.network,
        "lease": options.lease,
        "keep": keep,
        "seconds": round(seconds, 1),
        "memory_mb": memory,
        "memory_mb_with_resumed_runs": resumed_memory,
        "memory_mb_with_film_and_report": most_memory_mb(),
        "seconds_of_film": film,
        "seconds_of_report": report,
        "report_mb": round((folder / "whole" / "report.html").stat().st_size / 1e6, 1),
        "log_mb": round((folder / "whole" / "log.sqlite").stat().st_size / 1e6, 1),
        "log_mb_after_kills": round((folder / "cut" / "log.sqlite").stat().st_size / 1e6, 1) if options.kills else None,
        "kills": options.kills,
        "same_trace": hash_results(folder / "cut") == expected if options.kills else None,
    }


def main() -> None:
    """Measure, and print the figures as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--network", action="store_true", help="a network on digits in place of a narrow valley")
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
