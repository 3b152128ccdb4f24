"""What is told of sandboxes, and the check that what a log worked in one is not worked without."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ....agents.sandbox.ladder import RUNG_TEXTS, require_rung
from ....orchestrator.log.reader import LogReader
from ....orchestrator.log.tables import has_tables
from ....orchestrator.run_spec import RunSpec
from ....orchestrator.sandbox.record import list_recorded_files, list_sandboxed, normalise_reference
from ...spec.sandboxed import SANDBOX_KEY
from ...spec.sources import read_text_file
from ...spec.yaml_text import parse_yaml
from ..results_directory import ResultsError, experiment_file


def describe_sandboxes(runs: Iterable[RunSpec]) -> tuple[str, list[str]]:
    """Return the rung on which what stands under ``sandbox:`` works here, and a line for each; "" if nothing does.

    Raises:
        NoSandbox: None starts here.
    """
    listed = list_sandboxed(runs)
    if not listed:
        return "", []
    rung = require_rung(all(each.openly for each in listed))
    return rung, [f"{each.code.reference} works in a process of its own, {RUNG_TEXTS[rung]}." for each in listed]


def require_recorded_sandboxes(directory: Path, text: str | None = None) -> None:
    """Check that an experiment has a sandbox for whatever the log of a directory says to have worked in one.

    Nothing that the experiment names is run.

    Args:
        directory: The results directory.
        text: The YAML of the experiment. Default: that of the directory.

    Raises:
        ResultsError: A sandbox is missing.
    """
    log = directory / "log.sqlite"
    if not log.exists() or not has_tables(log):
        return
    with LogReader(directory) as reader:
        recorded = set[str]().union(*(list_recorded_files(record.about) for record in reader.runs()))
    if not recorded:
        return
    data, _ = parse_yaml(read_text_file(experiment_file(directory)) if text is None else text, "experiment.yaml")
    for reference in _list_open_references(data):
        if normalise_reference(reference) in recorded:
            raise ResultsError(
                f"{reference} must have the sandbox in which the log of {directory} says that it worked, got none. Put "
                "sandbox: back beside it, or run into a new directory."
            )


def _list_open_references(data: Any) -> Iterator[str]:
    """Yield every text of plain data that may name a class and has no sandbox beside it."""
    if isinstance(data, dict):
        for key, value in data.items():
            if key != "kind" or SANDBOX_KEY not in data:
                yield from _list_open_references(value)
    elif isinstance(data, list):
        for value in data:
            yield from _list_open_references(value)
    elif isinstance(data, str) and ".py:" in data:
        yield data
