"""``make fuzz``: hand in 10,000 mutated YAMLs, and work 1,000 random experiments, 100 of them on Ray, too.

With ``--write`` it writes its counts to docs/reliability.md. What is found is kept in build/fuzz: a line for each
input, and the YAML of each that showed a fault. ``--continue`` goes on where a fuzz with the same seed was stopped, and
``--one yaml 113`` tries one input again.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from judges import judge_item, read_input
from limited import Outcome, work_items

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reliability.md"
FOLDER = ROOT / "build" / "fuzz"
BEGIN, END = "<!-- fuzz: begin -->", "<!-- fuzz: end -->"
SECONDS = {"yaml": 90.0, "experiment": 600.0, "ray": 900.0}
"""Seconds of the clock that an input may take on a busy machine. What is promised is measured in CPU time."""
PER_PLAN = 10
"""Experiments that are worked on Ray as one plan, whose runs share its actors."""

Item = tuple[str, int, Any]


def list_items(seed: int, yamls: int, experiments: int, on_ray: int) -> dict[str, list[Item]]:
    """Return the inputs of each kind."""
    step = max(1, experiments // on_ray) if on_ray else 1
    sample = list(range(0, experiments, step))[:on_ray]
    return {
        "yaml": [("yaml", seed, number) for number in range(yamls)],
        "experiment": [("experiment", seed, number) for number in range(experiments)],
        "ray": [("ray", seed, sample[low : low + PER_PLAN]) for low in range(0, len(sample), PER_PLAN)],
    }


def judge_items(items: dict[str, list[Item]], processes: int) -> Iterator[Outcome]:
    """Judge all inputs, those on Ray last and in one process, so that there is one Ray."""
    for kind, listed in items.items():
        on_ray = kind == "ray"
        yield from work_items(judge_item, listed, SECONDS[kind], 1 if on_ray else processes, limited=not on_ray)


def keep_outcome(outcome: Outcome, folder: Path) -> None:
    """Add an outcome to the folder; print a fault, with what reproduces it."""
    kind, seed, number = outcome.item
    with (folder / "outcomes.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps([outcome.item, outcome.result, outcome.fault]) + "\n")
    if outcome.fault:
        numbers = number if isinstance(number, list) else [number]
        path = folder / f"{kind}-{seed}-{numbers[0]}.yaml"
        path.write_bytes(read_input(kind, seed, number))
        again = f"python tests/fuzz/fuzz.py --seed {seed} --one {kind} {' '.join(map(str, numbers))}"
        print(f"FAULT {kind} {number} of seed {seed}: {outcome.fault}\n  again: {again}\n  input: {path}", flush=True)


def read_outcomes(folder: Path) -> list[Outcome]:
    """Return the outcomes that a folder holds."""
    path = folder / "outcomes.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [Outcome(tuple(item), result, fault) for item, result, fault in map(json.loads, lines)]


def count_outcomes(outcomes: list[Outcome]) -> dict[str, Counter[str]]:
    """Count what came of the inputs of each kind. An input on Ray stands for as many experiments as it has."""
    found = {kind: Counter[str]() for kind in SECONDS}
    for outcome in outcomes:
        kind, _, number = outcome.item
        found[kind]["fault" if outcome.fault else outcome.result] += len(number) if isinstance(number, list) else 1
    return found


def page_of(counts: dict[str, Counter[str]], seed: int, seconds: float) -> str:
    """Return the counts as Markdown."""
    versions = f"Python {platform.python_version()}, Ray {version('ray')}, pydantic {version('pydantic')}"
    faults = sum(counted["fault"] for counted in counts.values())
    yamls, worked, on_ray = counts["yaml"], counts["experiment"], counts["ray"]
    refused, accepted = f"{yamls['refused']:,} refused in words", f"{yamls['accepted']:,} accepted and described"
    return "\n".join(
        [
            f"`make fuzz` on {time.strftime('%Y-%m-%d')}, {versions}, seed {seed}: **{yamls.total():,} mutated YAMLs, "
            f"{worked.total():,} random experiments, {on_ray.total():,} of them on Ray, {faults} faults**, in "
            f"{seconds / 60:.0f} minutes.",
            "",
            "| input | number | as promised | faults |",
            "|---|---:|---|---:|",
            f"| mutated YAMLs | {yamls.total():,} | {refused}, {accepted} | {yamls['fault']} |",
            f"| random experiments, three times each | {worked.total():,} | {worked['finished']:,} finished with exact "
            f"budgets and equal traces | {worked['fault']} |",
            f"| of these, on Ray | {on_ray.total():,} | {on_ray['equal']:,} with equal traces | {on_ray['fault']} |",
        ]
    )


def write_page(page: str) -> None:
    """Write the counts into the documentation."""
    text = PAGE.read_text(encoding="utf-8")
    text = re.sub(f"{BEGIN}.*{END}", lambda _: f"{BEGIN}\n{page}\n{END}", text, flags=re.DOTALL)
    PAGE.write_text(text, encoding="utf-8")


def try_one(words: list[str], seed: int) -> None:
    """Judge one input in this process, and print what comes of it. A fault ends in its traceback."""
    kind, numbers = words[0], [int(word) for word in words[1:]]
    number = numbers if kind == "ray" else numbers[0]
    with tempfile.TemporaryDirectory(prefix="fuzz") as folder:
        print(read_input(kind, seed, number).decode(errors="backslashreplace"), flush=True)
        print(judge_item((kind, seed, number), Path(folder)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--yamls", type=int, default=10_000)
    parser.add_argument("--experiments", type=int, default=1_000)
    parser.add_argument("--on-ray", type=int, default=100, help="experiments that are worked on Ray, too")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="keeps what came of each input")
    parser.add_argument("--continue", dest="more", action="store_true", help="go on where a fuzz was stopped")
    parser.add_argument("--one", nargs="+", metavar="KIND NUMBER", help="try one input again: yaml 113")
    parser.add_argument("--write", action="store_true", help=f"write the counts into {PAGE.name}")
    options = parser.parse_args()
    if options.one:
        try_one(options.one, options.seed)
        return
    if not options.more:
        shutil.rmtree(options.folder, ignore_errors=True)
    options.folder.mkdir(parents=True, exist_ok=True)
    clock = options.folder / "seconds.txt"
    before = float(clock.read_text()) if clock.exists() else 0.0
    outcomes = read_outcomes(options.folder)
    done = {json.dumps(outcome.item) for outcome in outcomes}
    listed = list_items(options.seed, options.yamls, options.experiments, options.on_ray)
    items = {kind: [item for item in each if json.dumps(item) not in done] for kind, each in listed.items()}
    print(f"seed {options.seed}: " + ", ".join(f"{len(each)} x {kind}" for kind, each in items.items()), flush=True)
    began = said = time.monotonic()
    for outcome in judge_items(items, options.processes):
        outcomes.append(outcome)
        keep_outcome(outcome, options.folder)
        clock.write_text(f"{before + time.monotonic() - began:.0f}")
        if time.monotonic() - said > 30:
            said = time.monotonic()
            print({kind: dict(counted) for kind, counted in count_outcomes(outcomes).items()}, flush=True)
    counts = count_outcomes(outcomes)
    page = page_of(counts, options.seed, before + time.monotonic() - began)
    print(page)
    if options.write:
        write_page(page)
    faults = sum(counted["fault"] for counted in counts.values())
    if faults:
        sys.exit(f"{faults} faults: see above, or {options.folder}")


if __name__ == "__main__":
    main()
