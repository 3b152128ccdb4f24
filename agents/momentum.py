"""Gradient descent with momentum, as networks are trained with it."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from .toolbox.training import TrainingAgent
from .toolbox.update_rules import UpdateRule


class Momentum(TrainingAgent):
    """Trains as networks are trained: steps by gradient descent with momentum, on mini-batches or on all rows of data.

    Use it on networks, with a ``batch`` of 32 to 512 rows and a rate about a hundred times that of Adam. The rule is
    optax's, on float32 weights: the velocity is ``decay`` times the last one plus the gradient, and a step is ``rate``
    times the velocity. How it differs from ``gradient-descent`` with ``method: momentum``: that one takes all rows in
    every step, measures steps in units of the cube and of the first gradient, and ends when it is stuck.

    Source: Polyak 1964; Sutskever, Martens, Dahl and Hinton 2013 (Nesterov's form).
    """

    card: ClassVar[str] = (
        "Trains a network by rolling downhill: each step keeps much of the last one, so that it runs through small "
        "dips and along valleys. With too much of it, it overshoots and swings."
    )
    kind: Literal["momentum"] = "momentum"
    rate: float = Field(0.1, gt=0, le=1e6, description="Learning rate: the step for a velocity of 1.")
    decay: float = Field(0.9, ge=0, lt=1, description="Fraction of the last velocity that is kept.")
    nesterov: bool = Field(False, description="Whether the gradient counts once more in the step, as Nesterov has it.")

    def make_rule(self) -> UpdateRule:
        return UpdateRule("momentum", (("decay", self.decay), ("nesterov", float(self.nesterov))))
