"""Stochastic gradient descent, as networks are trained with it."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from .toolbox.training import TrainingAgent
from .toolbox.update_rules import UpdateRule


class Sgd(TrainingAgent):
    """Trains by plain gradient descent: each step is the rate times the gradient, on mini-batches or on all rows.

    Use it to see what momentum and Adam add, and where the noise of small mini-batches helps: it leads out of sharp
    valleys. How it differs from ``gradient-descent``: that one takes all rows in every step, searches along the
    gradient for a step that lowers the loss enough, and ends when it is stuck.

    Source: Robbins and Monro 1951.
    """

    card: ClassVar[str] = (
        "Trains a network by the simplest rule: a step against the slope on a few rows of the data. Its noise leads it "
        "out of narrow valleys, and it crawls along flat ones."
    )
    kind: Literal["sgd"] = "sgd"
    rate: float = Field(0.1, gt=0, le=1e6, description="Learning rate: the step for a gradient of 1.")

    def make_rule(self) -> UpdateRule:
        return UpdateRule("sgd")
