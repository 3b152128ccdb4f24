"""Choose the evaluator that a landscape and its settings need."""

from __future__ import annotations

from ...landscapes.landscape import Landscape
from ...landscapes.opening import LandscapeFacts, open_problem
from .evaluator import Evaluator
from .in_process import InProcessEvaluator
from .settings import Evaluation


def open_evaluator(landscape: Landscape, evaluation: Evaluation, facts: LandscapeFacts | None = None) -> Evaluator:
    """Create the evaluator: in this process, or in child processes if the settings or the landscape need them.

    Child processes open the landscape themselves; it is opened here only if ``facts`` are not given.
    """
    if not evaluation.isolated and not landscape.external:
        return InProcessEvaluator(open_problem(landscape))
    # Most runs need no child processes, so their modules are imported only here.
    from .children.pool import ChildPool

    return ChildPool(landscape, evaluation, facts)
