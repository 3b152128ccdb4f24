"""``make soak``: kill processes a thousand times, and measure memory over long work.

With ``--write`` it writes its figures to docs/reliability.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from clusters import Cluster
from killing import Tally, actors, arguments, kill_actors, kill_drivers, kill_nodes, kill_part, trial

from searchparty.orchestrator.executors.on_ray.connection import ray, start_ray

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- soak: begin -->", "<!-- soak: end -->"
SHARES = {
    "driver, one process": 0.56,
    "driver, on Ray": 0.08,
    "actor": 0.34,
    "raylet, control store": 0.01,
    "node": 0.01,
}
SECONDS_BETWEEN_ACTORS = 1.5
"""Mean seconds between kills of actors: with less, those that start on a busy machine never come to work."""
FRAGILE = "{workers: 2, on_error: retry, retries: 1, on_nan: skip}"


def soaked(folder: Path, kills: int, seed: int) -> dict[str, Tally]:
    """Make all kills and return what came of them, by what is killed.

    Kills that need no Ray are made at the same time as those that do.
    """
    share = {name: max(2, round(part * kills)) for name, part in SHARES.items()}
    tallies = {name: Tally() for name in SHARES}
    with ThreadPoolExecutor(1) as beside:
        drivers = "driver, one process"
        alone = beside.submit(in_one_process, folder / "alone", share[drivers], seed, tallies[drivers], tallies)
        on_ray(folder / "ray", share, seed, tallies)
        alone.result()
    return tallies


def in_one_process(folder: Path, kills: int, seed: int, tally: Tally, tallies: dict[str, Tally]) -> None:
    """Kill drivers that evaluate in their own process or in child processes."""
    trials = [
        (trial(folder / "slow", budget=1200), 0.3),
        (trial(folder / "halving", team="halving", budget=1200, seed=2), 0.2),
        (trial(folder / "party", team="party", budget=1200, seed=3), 0.15),
        (trial(folder / "fragile", "fragile", budget=300, evaluation=FRAGILE), 0.25),
        (trial(folder / "expensive", "expensive", budget=16), 0.1),
    ]
    for one, part in trials:
        kill_drivers(one, round(part * kills), seed, (), tally)
        say(tallies)


def on_ray(folder: Path, share: dict[str, int], seed: int, tallies: dict[str, Tally]) -> None:
    """Kill parts of Ray, and drivers and actors on it."""
    slow = trial(folder / "slow", budget=1200)
    for number in range(share["raylet, control store"]):
        part, how = ("raylet", "gcs_server")[number % 3 == 2], ("ray", "simulated")[number % 2]
        kill_part(slow, folder / f"part-{number}", how, tallies["raylet, control store"], part)
    say(tallies)
    crowd, cluster = trial(folder / "crowd", team="crowd", budget=2500), Cluster(dashboard=False)
    try:
        for number in range(share["node"]):
            node = cluster.add()
            cluster.ready(2)
            kill_nodes(cluster, [node], crowd, folder / f"node-{number}", tallies["node"])
    finally:
        cluster.close()
    say(tallies)
    start_ray(None)
    try:
        joined = ("--executor", "ray", "--address", ray.get_runtime_context().gcs_address)
        kill_drivers(slow, share["driver, on Ray"], seed, joined, tallies["driver, on Ray"])
        say(tallies)
        slow.fresh_calls()
        pooled = trial(folder / "pooled", evaluation="{workers: 2}", budget=1000, seed=4)
        kill_actors([slow, pooled], folder, share["actor"], seed, tallies["actor"], SECONDS_BETWEEN_ACTORS)
        say(tallies)
    finally:
        ray.shutdown()


def say(tallies: dict[str, Tally]) -> None:
    parts = [f"{name}: {t.kills} kills, {t.equal} equal, {len(t.different)} different" for name, t in tallies.items()]
    print("; ".join(parts), flush=True)


def resident(pid: int) -> float:
    """Return the resident memory of a process in MB, or 0 if the process no longer exists."""
    done = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True)
    return int(done.stdout or 0) / 1024


MEMORY = """\
name: memory
seed: 1
repeats: {repeats}
budget: 100000
landscapes: [{{kind: rastrigin, dimension: 5}}]
executor: {{kind: ray, placement: spread}}
strategies:
  team:
    agents: [random-restart, pattern-search, {{kind: random, batch: 10}}]
    policy: {{budget: bandit, radius: trust-region, sharing: broadcast, lease: 500}}
"""


def remembered(folder: Path, repeats: int) -> dict[str, list[float]]:
    """Run a long experiment on Ray and sample the resident memory once a second.

    Returns:
        MB of the driver, and of the largest actor.
    """
    path = folder / "memory.yaml"
    path.write_text(MEMORY.format(repeats=repeats))
    driver = subprocess.Popen(
        arguments("run", path, "--out", folder / "memory", "--executor", "ray"),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    samples: dict[str, list[float]] = {"driver": [], "actor": []}
    while driver.poll() is None:
        living = actors()
        if len(living) >= 3:
            samples["driver"].append(resident(driver.pid))
            samples["actor"].append(max(map(resident, living)))
        time.sleep(1.0)
    assert driver.returncode == 0
    return samples


def page_of(tallies: dict[str, Tally], samples: dict[str, list[float]], repeats: int, seconds: float) -> str:
    """Return the figures as Markdown."""
    kills, equal = sum(t.kills for t in tallies.values()), sum(t.equal for t in tallies.values())
    different = sum(len(t.different) for t in tallies.values())
    lines = [
        f"`make soak` on {time.strftime('%Y-%m-%d')}, Python {platform.python_version()}, Ray {ray.__version__}: "
        f"**{kills:,} kills, {equal} experiments finished, {equal} traces identical to the byte, "
        f"{different} different**, in {seconds / 60:.0f} minutes on 2 cores.",
        "",
        "| killed | kills | experiments finished | identical to the byte | evaluations repeated per kill |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, t in tallies.items():
        again = f"{t.repeated / t.kills:.1f}"
        lines.append(f"| {name} | {t.kills} | {t.equal + len(t.different)} | {t.equal} | {again} |")
    lines += [
        "",
        f"Memory during {repeats} runs of 100,000 evaluations on Ray ({len(samples['driver'])} s), in MB:",
        "",
        "| process | after a tenth of the time | after half | at the end |",
        "|---|---:|---:|---:|",
    ]
    for name, values in samples.items():
        tenth, half, end = (np.median(part) for part in (at(values, 0.1), at(values, 0.5), at(values, 1.0)))
        lines.append(f"| {name} | {tenth:.0f} | {half:.0f} | {end:.0f} |")
    return "\n".join(lines)


def at(values: list[float], share: float) -> list[float]:
    """Return a few samples around a share of the time, from 0 to 1."""
    middle, width = round(share * (len(values) - 1)), max(2, len(values) // 40)
    return values[max(0, middle - width) : middle + width + 1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=40, help="runs of 100,000 evaluations that measure memory")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true", help=f"write the figures into {PAGE.name}")
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="soak") as place:
        # Drivers in a cluster have another home; they sign with the secret of this process.
        os.environ["XDG_STATE_HOME"] = str(Path(place) / "state")
        samples = remembered(Path(place), options.repeats)
        tallies = soaked(Path(place), options.kills, options.seed)
    page = page_of(tallies, samples, options.repeats, time.monotonic() - began)
    print(page)
    if options.write:
        text = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(
            re.sub(f"{BEGIN}.*{END}", lambda _: f"{BEGIN}\n{page}\n{END}", text, flags=re.S), encoding="utf-8"
        )
    different = [line for tally in tallies.values() for line in tally.different]
    if different:
        sys.exit("\n".join(different))


if __name__ == "__main__":
    main()
