"""Where the runs of a sweep would end if their best points went on downhill: recorded when a session ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ...landscapes.landscape import Array, Problem
from ...landscapes.opening import open_problem
from ...orchestrator.log.log_file import LogFile
from ...orchestrator.run_spec import RunSpec
from ...orchestrator.state.events import findings

DESCENT_KEY = "descent"
"""The key in ``RunRecord.about`` of where a run's best point leads downhill."""
MOST_DESCENT_DIMENSIONS = 30
"""In more dimensions, slopes by differences take too many evaluations."""
MOST_DESCENT_SECONDS = 10.0
"""Seconds that the descents of a session may take."""
MOST_DESCENT_STEPS = 200


def record_descents(log: LogFile, runs: Sequence[RunSpec], remark: Callable[[str], None] = lambda _: None) -> None:
    """Record where the best point of each run leads by L-BFGS-B, on landscapes that pictures may evaluate.

    It is not charged, decides nothing, and is no part of the trace. Runs that have not ended, and landscapes with steps
    or choices, are left out.

    Args:
        log: The log of the runs.
        runs: The runs.
        remark: Receives a remark if not all descents could be made in time.
    """
    records, ended = {record.id: record for record in log.runs()}, log.stopped_run_ids()
    problems: dict[int, Problem] = {}
    began = time.monotonic()
    for run in runs:
        space = run.facts.space
        if (
            run.id not in ended
            or not run.landscape.pictured
            or space.is_stepped
            or space.dimension > MOST_DESCENT_DIMENSIONS
        ):
            continue
        brought = list(findings(log.run(run).events()))
        bests = [each.best for each in brought if each.best is not None and np.isfinite(each.best.loss)]
        spent, about = sum(each.charged for each in brought), records[run.id].about
        if not bests or (about.get(DESCENT_KEY) or {}).get("evaluations") == spent:
            continue
        if time.monotonic() - began > MOST_DESCENT_SECONDS:
            remark("Basins: descents from the best points take too long; clusters of these points stand for them.")
            return
        best = min(bests, key=lambda each: each.loss)
        try:
            problem = problems.setdefault(id(run.landscape), open_problem(run.landscape))
            point, loss = descend(problem, np.asarray(best.point, dtype=float))
        except Exception:
            # A landscape of a user may raise anything, and the run has ended: its findings do not depend on this.
            continue
        found = {"point": point.tolist(), "loss": loss, "evaluations": spent}
        log.run(run).record_about({**about, DESCENT_KEY: found})


def descend(problem: Problem, start: Array) -> tuple[Array, float]:
    """Descend from a point by L-BFGS-B (Byrd, Lu, Nocedal & Zhu 1995), with slopes by differences.

    Args:
        problem: The opened landscape.
        start: The point in the unit cube, shape (D,).

    Returns:
        The point where the descent ended, in the unit cube, and the loss there.
    """
    # It is slow to import, and only sweeps need it.
    from scipy.optimize import minimize

    def evaluate(cube: Array) -> float:
        loss = float(problem.evaluate(problem.space.to_box(np.clip(cube, 0.0, 1.0)[None]))[0])
        return loss if np.isfinite(loss) else 1e300

    found = minimize(
        evaluate, start, method="L-BFGS-B", bounds=[(0.0, 1.0)] * len(start), options={"maxiter": MOST_DESCENT_STEPS}
    )
    if found.fun < evaluate(start):
        return np.clip(found.x, 0.0, 1.0), float(found.fun)
    return start, evaluate(start)


def read_descent(about: Mapping[str, Any], dimension: int) -> tuple[Array, float] | None:
    """Return where the best point of a run leads, in the unit cube, and the loss there; None if it is not recorded.

    Args:
        about: What the log says of the run's landscape (``RunRecord.about``).
        dimension: The number of axes.
    """
    try:
        found = about[DESCENT_KEY]
        point, loss = np.array(found["point"], dtype=float), float(found["loss"])
    except (KeyError, TypeError, ValueError):
        return None
    return (point, loss) if point.shape == (dimension,) and np.isfinite(point).all() and np.isfinite(loss) else None
