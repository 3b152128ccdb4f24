"""Loads the experiment of a results directory, as it was run or as it has grown since."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..spec.load import Experiment, load
from .results_directory import ResultsError, experiment_file
from .trust.recorded_experiment import load_recorded
from .trust.sandboxes import require_recorded_sandboxes
from .watcher import Remark


def load_for_resuming(
    directory: Path,
    repeats: int | None = None,
    source: str | Path | Mapping[str, Any] | None = None,
    trust: bool = False,
    remark: Remark = lambda _: None,
) -> tuple[Experiment, str | None]:
    """Load the experiment that is to be resumed in a results directory.

    Args:
        directory: The results directory.
        repeats: The number of repeats, at least the present one; None leaves it unchanged.
        source: The experiment in its place, with further strategies, landscapes or repeats (``load``); None for the
            YAML in the directory.
        trust: Whether to sign the directory first, so that code that its YAML names may be run.
        remark: Receives a remark if it cannot be signed.

    Returns:
        The experiment, and the YAML to keep in the directory if that has changed, else None.

    Raises:
        ResultsError: If the directory holds no experiment; if its YAML is loaded, names code of a user and is not
            signed; if there would be fewer repeats than there are; or if it holds a branch.
        SpecError: If the experiment cannot be loaded.
    """
    experiment_file(directory)
    if repeats is None:
        # An experiment that is given in place of the directory's is the user's own, as it is for `run`.
        grown = None if source is None else load(source)
        if grown is not None:
            require_recorded_sandboxes(directory, grown.to_yaml())
        return (load_recorded(directory, trust, remark), None) if grown is None else (grown, grown.to_yaml())
    recorded = load_recorded(directory, trust, remark)
    present = recorded.repeats
    if recorded.runs:
        raise ResultsError(
            f"--repeats must be left out for a branch, which is one pair of runs and cannot have more repeats, got "
            f"{repeats!r}. Branch another repeat of the original, or extend both runs: --budget N."
        )
    if isinstance(repeats, bool) or not isinstance(repeats, int) or repeats < present:
        raise ResultsError(
            f"--repeats must be a whole number of at least the present {present}, got {repeats!r}. "
            "Choose a larger one: existing runs are not removed."
        )
    overrides = [f"repeats={repeats}"]
    grown = load_recorded(directory, overrides=overrides) if source is None else load(source, overrides)
    return grown, grown.to_yaml()
