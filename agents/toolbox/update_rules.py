"""Update rules of optax, compiled: how a gradient becomes a step. The only module that imports optax."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any, Literal

from ...landscapes.extras import advise_install
from ...landscapes.landscape import Refusal
from ...landscapes.networks.backend import import_jax

EXTRA = "networks"
"""The extra that optax belongs to."""


@dataclass(frozen=True, slots=True)
class UpdateRule:
    """An update rule, as optax names it, before it is compiled.

    Attributes:
        name: Its name.
        settings: Its settings, as (name, value).
    """

    name: Literal["adam", "momentum", "sgd"]
    settings: tuple[tuple[str, float], ...] = ()


@cache
def check_optax(kind: str) -> None:
    """Check that optax is installed, without importing it. Raises Refusal."""
    if find_spec("optax") is None or find_spec("jax") is None:
        raise Refusal(
            f"agents of the kind {kind} must have optax and JAX installed, got neither or one of them. "
            f"{advise_install(EXTRA)}"
        )


class CompiledRule:
    """An update rule that is compiled for weights of one size. All of its arithmetic is in single precision.

    Args:
        begin: Returns the state of the rule at its beginning, given the weights.
        step: Returns new weights and the new state.
    """

    def __init__(self, begin: Callable[..., Any], step: Callable[..., Any]) -> None:
        self._begin, self._step = begin, step

    def begin(self, weights: Any) -> Any:
        """Return the state of the rule before its first step from weights (D,), float32."""
        return self._begin(weights)

    def step(
        self, weights: Any, gradient: Any, state: Any, rate: float, lower: Any, upper: Any
    ) -> tuple[Any, Any]:  # fmt: skip
        """Take one step, and return the new weights and the new state.

        Args:
            weights: The weights, shape (D,), float32.
            gradient: The gradient there, shape (D,), float32, per unit of the landscape.
            state: The state of the rule.
            rate: The learning rate.
            lower: Lower bounds of the weights, shape (D,), float32.
            upper: Upper bounds of the weights, shape (D,), float32.
        """
        return self._step(weights, gradient, state, rate, lower, upper)


@cache
def open_rule(rule: UpdateRule) -> CompiledRule:
    """Return a rule of optax, compiled. It is compiled once in each process and for each number of weights."""
    jax = import_jax()
    import optax

    settings = dict(rule.settings)
    match rule.name:
        case "adam":
            direction = optax.scale_by_adam(settings["b1"], settings["b2"], settings["eps"])
        case "momentum":
            direction = optax.trace(decay=settings["decay"], nesterov=bool(settings["nesterov"]))
        case "sgd":
            direction = optax.identity()

    def step(weights: Any, gradient: Any, state: Any, rate: Any, lower: Any, upper: Any) -> Any:
        updates, state = direction.update(gradient, state, weights)
        moved = optax.apply_updates(weights, jax.tree.map(lambda update: -rate * update, updates))
        return jax.numpy.clip(moved, lower, upper), state

    return CompiledRule(jax.jit(direction.init), jax.jit(step))
