"""Which evaluator a landscape and its settings call for."""

from __future__ import annotations

from ...landscapes.landscape import Landscape
from .evaluator import Evaluator
from .in_process import InPlace
from .settings import Evaluation


def evaluator_for(landscape: Landscape, evaluation: Evaluation) -> Evaluator:
    """In place, or in child processes where the settings or the landscape want them."""
    if not evaluation.isolated and not landscape.external:
        return InPlace(landscape.open())
    from .children.pool import ChildPool

    return ChildPool(landscape, evaluation)
