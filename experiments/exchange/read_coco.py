"""Reads data of COCO's observers (.info, .dat and .tdat of the suite bbob), such as its archives of algorithms."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from ...landscapes.landscape import Array, Refusal
from ...orchestrator.log.regular_files import read_regular_file
from ..results.run_summary import RunSummary
from ..spec.errors import quote
from .foreign_runs import BEYOND_WHOLE, ForeignRun, find_info_files, find_records

MOST_FILE_BYTES = 500_000_000
SETTING = re.compile(r"(\w+)\s*=\s*('[^']*'|[^,]*)")
RUN = re.compile(r"(\d{1,15})(?::(\d{1,15})\|\S+)?")
"""An instance, and the evaluations and the gap of its run: numbers below ``BEYOND_WHOLE``."""
GAP_COLUMN = 2
"""The column of the best gap so far, in old and in new files. The first has the evaluations."""


def read_coco(folder: Path, known: Sequence[RunSummary]) -> list[ForeignRun]:
    """Read a folder of COCO's data.

    Args:
        folder: The folder of one algorithm, or of several.
        known: The runs of results: functions are found among their landscapes.

    Raises:
        Refusal: If a file is missing, or is not as COCO writes it.
    """
    landscapes: dict[tuple[int, int, int], RunSummary] = {}
    for run in known:
        settings = run.settings["landscape"]
        if settings["kind"] == "bbob" and run.minimum is not None:
            landscapes.setdefault((settings["function"], settings["dimension"], settings["instance"]), run)
    found: list[ForeignRun] = []
    for path in find_info_files(folder):
        for header, line, place in _list_entries(path):
            found += _read_entry(path, header, line, place, landscapes)
    return found


def _read_text(path: Path) -> list[str]:
    try:
        return read_regular_file(path, MOST_FILE_BYTES).decode("utf-8", "replace").splitlines()
    except OSError as error:
        raise Refusal(
            f"COCO's data must be files that can be read, got {path} ({error.strerror or error}). "
            "Give the folder with all files of the algorithm."
        ) from None


def _list_entries(path: Path) -> Iterator[tuple[dict[str, str], str, str]]:
    """Yield the settings, the line of the runs, and the place of each entry of a .info."""
    header: dict[str, str] | None = None
    for number, line in enumerate(_read_text(path), 1):
        text, place = line.strip(), f"{path}:{number}"
        if not text or text.startswith("%"):
            continue
        if "funcId" in text:
            header = {key: value.strip().strip("'") for key, value in SETTING.findall(text)}
        elif header is None:
            raise Refusal(f"an entry of COCO's .info must begin with its funcId, got {quote(text[:60])} ({place}).")
        else:
            yield header, text, place


def _read_entry(
    path: Path, header: dict[str, str], line: str, place: str, landscapes: dict[tuple[int, int, int], RunSummary]
) -> Iterator[ForeignRun]:
    name, *words = (word.strip() for word in line.split(","))
    try:
        function, dimension = int(header["funcId"]), int(header["DIM"])
        runs = [RUN.fullmatch(word) for word in words if word]
        numbers = [(int(run[1]), int(run[2] or 0)) for run in runs if run is not None]
    except (KeyError, ValueError):
        raise Refusal(
            f"COCO's .info must have funcId and DIM for its runs, got {quote(line[:60])} ({place})."
        ) from None
    if len(numbers) != len(runs):
        raise Refusal(f"COCO's .info must list runs as INSTANCE:EVALUATIONS|GAP, got {quote(line[:60])} ({place}).")
    strategy = header.get("algId") or path.parent.name
    if header.get("suite", "bbob") != "bbob":
        label = f"{header['suite']} f{function} D={dimension}"
        nothing = np.empty(0)
        yield from (ForeignRun(strategy, label, None, nothing.astype(np.int64), nothing, 0) for _ in numbers)
        return
    blocks = _read_blocks(_resolve_data(path, name, place), len(numbers))
    for (instance, spent), block in zip(numbers, blocks, strict=True):
        like = landscapes.get((function, dimension, instance))
        at, gaps = find_records(block[:, 0].astype(np.int64), block[:, 1])
        minimum = 0.0 if like is None or like.minimum is None else like.minimum
        label = f"bbob f{function} D={dimension} i{instance}" if like is None else like.landscape
        most = int(block[-1, 0]) if len(block) else 0
        yield ForeignRun(strategy, label, like, at, minimum + gaps, max(spent, most))


def _resolve_data(path: Path, name: str, place: str) -> Path:
    """Return the path of a .dat that a .info names, which is in the .info's folder or below it."""
    found = path.parent / name.replace("\\", "/")
    try:
        inside = found.resolve().is_relative_to(path.parent.resolve())
    except (OSError, ValueError):
        # It is too long, or has a null byte.
        inside = False
    if not inside or found.suffix != ".dat":
        raise Refusal(f"COCO's .info must name a .dat in its own folder, got {quote(name[:60])} ({place}).")
    return found


def _read_blocks(path: Path, count: int) -> list[Array]:
    """Return (evaluations, best gap) of the runs of a .dat and of the .tdat beside it, in order, one array a run."""
    found: list[list[Array]] = [[] for _ in range(count)]
    others = path.with_suffix(".tdat")
    for each in (path, others) if others.exists() else (path,):
        blocks = _split_blocks(each)
        if len(blocks) != count:
            raise Refusal(
                f"{each} must have as many runs as its .info lists, {count}, got {len(blocks)}. "
                "Fetch the data of the algorithm again."
            )
        for rows, block in zip(found, blocks, strict=True):
            rows.append(block)
    joined = [np.concatenate(rows) for rows in found]
    return [rows[np.lexsort((rows[:, 1], rows[:, 0]))] for rows in joined]


def _split_blocks(path: Path) -> list[Array]:
    blocks: list[list[tuple[float, float]]] = []
    after_comment = True
    for number, line in enumerate(_read_text(path), 1):
        if line.startswith("%"):
            after_comment = True
            continue
        words = line.split()
        if not words:
            continue
        if after_comment:
            blocks.append([])
            after_comment = False
        try:
            evaluations, gap = float(words[0]), float(words[GAP_COLUMN])
            if not 0 <= evaluations < BEYOND_WHOLE:
                raise ValueError
            blocks[-1].append((evaluations, gap))
        except (ValueError, IndexError):
            raise Refusal(
                f"a line of COCO's data must be numbers with the best gap in column {GAP_COLUMN + 1}, "
                f"got {quote(line[:60])} ({path}:{number})."
            ) from None
    return [np.array(block) for block in blocks]
