"""Loads the experiment of a results directory, as it was run or as it has grown since."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..spec.load import Experiment, load
from .results_directory import ResultsError, experiment_file


def load_for_resuming(
    directory: Path, repeats: int | None = None, source: str | Path | Mapping[str, Any] | None = None
) -> tuple[Experiment, str | None]:
    """Load the experiment that is to be resumed in a results directory.

    Args:
        directory: The results directory.
        repeats: The number of repeats, at least the present one; None leaves it unchanged.
        source: The experiment in its place, with further strategies, landscapes or repeats (``load``); None for the
            YAML in the directory.

    Returns:
        The experiment, and the YAML to keep in the directory if that has changed, else None.

    Raises:
        ResultsError: If the directory holds no experiment, or if there would be fewer repeats than there are.
        SpecError: If the experiment cannot be loaded.
    """
    stored = experiment_file(directory)
    if repeats is None:
        grown = None if source is None else load(source)
        return (load(stored), None) if grown is None else (grown, grown.to_yaml())
    present = load(stored).repeats
    if isinstance(repeats, bool) or not isinstance(repeats, int) or repeats < present:
        raise ResultsError(
            f"--repeats must be a whole number of at least the present {present}, got {repeats!r}. "
            "Choose a larger one: existing runs are not removed."
        )
    grown = load(stored if source is None else source, [f"repeats={repeats}"])
    return grown, grown.to_yaml()
