"""What other tools wrote, as runs of strategies to compare with. Nothing that the files name is run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

from ...landscapes.landscape import Refusal, escape_unprintable
from ..results.agent_account import AgentAccount
from ..results.grouping import strategy_names
from ..results.run_summary import RunSummary
from .foreign_runs import ForeignRun, find_info_files
from .read_coco import read_coco
from .read_parquet import read_parquet

LOG_FILE = "log.sqlite"
MOST_LABELS, MOST_NAME = 5, 100
"""The most landscapes that are named, and the most characters of the name of a strategy."""
STOPPED = "read from a file"
AGENT = "imported"


def is_foreign(path: Path) -> bool:
    """Return whether a path leads to what other tools wrote: a Parquet file, or a folder with COCO's .info files."""
    if path.is_dir():
        return not (path / LOG_FILE).exists() and bool(find_info_files(path))
    return path.suffix.lower() in (".parquet", ".pq")


def read_foreign(paths: Sequence[Path], known: Sequence[RunSummary], remark: Callable[[str], None]) -> list[RunSummary]:
    """Read what other tools wrote as runs to compare with those of results.

    Args:
        paths: Parquet files of the layout that ``searchparty export --to parquet`` writes, and folders of COCO's data.
        known: The runs of the results. What is on landscapes that they do not have is left out.
        remark: Receives a line for each strategy that was read, with what was left out of it.

    Returns:
        The runs, by path. A strategy has a number after its name if another one has the name.

    Raises:
        Refusal: If a file cannot be read, or none of its runs is on a landscape of the results.
    """
    found: list[RunSummary] = []
    for number, path in enumerate(paths, 1):
        runs = read_coco(path, known) if path.is_dir() else read_parquet(path, known)
        found += _summarize(path, number, runs, [*known, *found], remark)
    return found


def _summarize(
    path: Path, number: int, runs: Sequence[ForeignRun], others: Sequence[RunSummary], remark: Callable[[str], None]
) -> list[RunSummary]:
    taken, found = set(strategy_names(others)), list[RunSummary]()
    for strategy in dict.fromkeys(run.strategy for run in runs):
        listed = [run for run in runs if run.strategy == strategy]
        kept = [run for run in listed if run.like is not None and len(run.losses)]
        if not kept:
            continue
        name = _choose_name(strategy, path, taken)
        taken.add(name)
        repeats: dict[str, int] = {}
        for run in kept:
            repeat = repeats[run.landscape] = repeats.get(run.landscape, -1) + 1
            found.append(summarize_foreign(run, name, repeat, f"imported-{number}-{len(found)}", path))
        away = sum(run.like is None for run in listed)
        lossless = len(listed) - len(kept) - away
        rest = f"; {away:,} more are on landscapes that these results do not have" if away else ""
        rest += f"; {lossless:,} more have no finite loss" if lossless else ""
        remark(f"{name}: {len(kept):,} runs were read from {path}{rest}. Their points and agents are not known.")
    if not found and any(run.like is not None for run in runs):
        count = sum(run.like is not None for run in runs)
        raise Refusal(
            f"{path} must have a run with a finite loss on a landscape of the results, got {count:,} without one. "
            "Check its losses."
        )
    if not found:
        labels = list(dict.fromkeys(escape_unprintable(run.landscape[:MOST_NAME]) for run in runs))
        listed_labels = ", ".join(labels[:MOST_LABELS]) + (", ..." if len(labels) > MOST_LABELS else "")
        raise Refusal(
            f"{path} must have a run on a landscape of the results, got {listed_labels or 'no run'}. "
            "Give results on the same landscapes."
        )
    return found


def _choose_name(strategy: str, path: Path, taken: set[str]) -> str:
    """Return the name of a strategy; with its file, and a number, if another strategy has the name."""
    # It is printed, and a file may say anything.
    strategy = escape_unprintable(strategy[:MOST_NAME]) or path.stem
    names = [strategy, f"{strategy} ({path.name})"]
    number = 2
    while names[0] in taken and names[-1] in taken:
        names.append(f"{strategy} ({path.name}, {number})")
        number += 1
    return names[0] if names[0] not in taken else names[-1]


def summarize_foreign(run: ForeignRun, strategy: str, repeat: int, id: str, path: Path) -> RunSummary:
    """Return the summary of a run on a landscape that the results have.

    Its budget is at least theirs: a run that ended earlier is one that stopped by itself.
    """
    like = run.like
    assert like is not None
    budget = max(run.spent, like.budget)
    account = AgentAccount(AGENT, run.spent, len(run.losses), 1.0, True, 0, 0, {}, {}, {})
    settings: dict[str, Any] = {
        "landscape": like.settings["landscape"], "team": [[AGENT, {"kind": f"read from {path}"}]],
        "policy": {"kind": "unknown"}, "budget": budget, "target": like.target, "seconds": None, "seed": None,
        "repeat": repeat, "concurrency": "unknown",
    }  # fmt: skip
    digest = blake2b(id.encode() + run.evaluations.tobytes() + run.losses.tobytes(), digest_size=16).hexdigest()
    return RunSummary(
        id, strategy, like.landscape, repeat, settings, like.dimension, like.minimum, like.bounded, budget, STOPPED,
        False, run.spent, run.evaluations, run.losses, run.evaluations, len(run.losses), None, digest, (account,), {},
        None,
    )  # fmt: skip
