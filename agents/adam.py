"""Adam, as networks are trained with it."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from .toolbox.training import TrainingAgent
from .toolbox.update_rules import UpdateRule


class Adam(TrainingAgent):
    """Trains as networks are trained: steps by Adam, on mini-batches or on all rows of data.

    Use it on networks, with a ``batch`` of 32 to 512 rows. The rule is optax's, on float32 weights; ``rate`` is the
    length of a step along each axis, about, in the landscape's units. It never settles by itself at a rate that does
    not fall; lease radius and policy decide where and how fast it searches (see ``TrainingAgent``). How it differs from
    ``gradient-descent`` with ``method: adam``: that one takes all rows in every step, measures steps in units of the
    cube and of the first gradient, ends when it is stuck or oscillates, and needs no optax.

    Source: Kingma and Ba 2015.
    """

    card: ClassVar[str] = (
        "Trains a network as is usual: small steps along slopes that it averages, each on a few rows of the data. It "
        "is quick at the beginning, and at a rate that is too high it never settles."
    )
    kind: Literal["adam"] = "adam"
    rate: float = Field(0.001, gt=0, le=1e6, description="Learning rate: about the step along each axis, in its units.")
    beta1: float = Field(0.9, ge=0, lt=1, description="Memory of gradients.")
    beta2: float = Field(0.999, ge=0, lt=1, description="Memory of squared gradients.")
    epsilon: float = Field(1e-8, gt=0, le=1, description="Added to the root of the mean square.")

    def make_rule(self) -> UpdateRule:
        return UpdateRule("adam", (("b1", self.beta1), ("b2", self.beta2), ("eps", self.epsilon)))
