"""Which evaluator a landscape and its settings call for."""

from __future__ import annotations

from ...landscapes.landscape import Landscape, Space
from ...landscapes.opening import open_problem
from .evaluator import Evaluator
from .in_process import InProcessEvaluator
from .settings import Evaluation


def open_evaluator(landscape: Landscape, evaluation: Evaluation, space: Space | None = None) -> Evaluator:
    """Make the evaluator: in this process, or in child processes where the settings or the landscape need them.

    Child processes open the landscape themselves; it is opened here only if its ``space`` is not given.
    """
    if not evaluation.isolated and not landscape.external:
        return InProcessEvaluator(open_problem(landscape))
    # Most runs need no child processes: what these import is left out until then.
    from .children.pool import ChildPool

    return ChildPool(landscape, evaluation, space)
