"""Opens a landscape of a results directory and the paths of its runs. This runs the code that the results name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...landscapes.geometry.hessian import GeometryError
from ...landscapes.landscape import Landscape, Problem
from ...landscapes.opening import open_problem
from ..execution.plan import make_plan
from ..execution.trust.recorded_experiment import load_recorded
from ..execution.watcher import Remark
from ..results.recorded_runs import iterate_runs
from ..spec.errors import suggest
from .paths import AgentPath, collect_paths


@dataclass(frozen=True)
class SearchedLandscape:
    """A landscape of a results directory.

    Attributes:
        directory: The results directory.
        landscape: The landscape.
        problem: The opened landscape.
        paths: The paths of all agents of its runs, in the order of the plan.
    """

    directory: Path
    landscape: Landscape
    problem: Problem
    paths: tuple[AgentPath, ...]

    @property
    def best(self) -> AgentPath:
        """The path with the lowest loss."""
        return min(self.paths, key=lambda path: path.loss)


def open_searched(
    directory: Path, label: str | None = None, trust: bool = False, remark: Remark = lambda _: None
) -> SearchedLandscape:
    """Open a landscape of a results directory.

    Args:
        directory: The results directory.
        label: The label of the landscape. Default: the only one.
        trust: Whether to sign the directory first, so that code of a user that it names may be run.
        remark: Receives a remark if it cannot be signed.

    Raises:
        ResultsError: If the directory has no experiment.yaml, or names code of a user and is not signed by this user.
        SpecError: If the YAML cannot be loaded.
        LogError: If the log cannot be read.
        GeometryError: If there is no such landscape, or no point with a loss.
        LandscapeError: If it cannot be opened.
    """
    planned = make_plan(load_recorded(directory, trust, remark))
    landscapes = {run.id: run.landscape for run in planned.runs}
    labels = list(dict.fromkeys(landscape.label for landscape in landscapes.values()))
    if label is None and len(labels) > 1:
        raise GeometryError(f"--of must name one landscape, got none of {', '.join(labels)}. Add --of LANDSCAPE.")
    if label is not None and label not in labels:
        raise GeometryError(f"--of must name a landscape of {directory}, got {label!r}. {suggest(label, labels)}")
    wanted = labels[0] if label is None else label
    paths, landscape = [], None
    for run in iterate_runs(directory, pictured=False):
        if run.id in landscapes and landscapes[run.id].label == wanted and run.evaluations:
            landscape = landscape or landscapes[run.id]
            paths += collect_paths(run)
    if landscape is None or not paths:
        raise GeometryError(f"results must have points on {wanted}, got none in {directory}. Run or resume it first.")
    if not any(np.isfinite(path.loss) for path in paths):
        raise GeometryError(
            f"results must have a loss on {wanted}, got failed evaluations only in {directory}. The report says why "
            "they failed: correct that, and run it again."
        )
    problem = open_problem(landscape)
    if problem.space.dimension != paths[0].cube.shape[1]:
        raise GeometryError(
            f"{wanted} must have the {paths[0].cube.shape[1]:,} axes of the points in the log, got "
            f"{problem.space.dimension:,}. Use the files with which it was run."
        )
    if problem.space.dimension == 1:
        raise GeometryError(f"{wanted} must have two axes or more, got one. The report shows the whole of it.")
    return SearchedLandscape(directory, landscape, problem, tuple(paths))
