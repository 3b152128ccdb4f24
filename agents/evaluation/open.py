"""Which evaluator a landscape and its settings call for."""

from __future__ import annotations

from ...landscapes.landscape import Landscape, Space
from ...landscapes.opening import open_problem
from .evaluator import Evaluator
from .in_process import InProcessEvaluator
from .settings import Evaluation


def open_evaluator(landscape: Landscape, evaluation: Evaluation, space: Space | None = None) -> Evaluator:
    """In place, or in child processes where the settings or the landscape want them: these open the landscape
    themselves, and it is opened here only where its ``space`` is not known."""
    if not evaluation.isolated and not landscape.external:
        return InProcessEvaluator(open_problem(landscape))
    from .children.pool import ChildPool

    return ChildPool(landscape, evaluation, space)
