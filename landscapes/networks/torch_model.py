"""The user's PyTorch model: what it must be, and its weights as one vector."""

from __future__ import annotations

import math
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..geometry.filters import Filters, join_filters
from ..landscape import Array, LandscapeError
from ..user_code import load_object
from .initial import SEEDS, WeightBounds, to_cube_weights
from .torch_library import import_torch
from .user_objects import call_user_function

HOOKS = {
    "_forward_hooks": "a forward hook",
    "_forward_pre_hooks": "a forward pre-hook",
    "_backward_hooks": "a backward hook",
    "_backward_pre_hooks": "a backward pre-hook",
}
"""Where PyTorch keeps the hooks of modules."""


@dataclass(frozen=True, slots=True)
class TorchInit:
    """Draws starts as the user's model is initialised when it is made.

    Attributes:
        reference: "path/to/file.py:name" of a class or function that makes the model, or of a model, with whose
            weights every search then starts.
        base: The directory that relative paths start at.
        bounds: The bounds of every weight. What is drawn beyond a bound is set to it.
    """

    reference: str
    base: str | None
    bounds: WeightBounds

    def draw(self, rng: np.random.Generator) -> Array:
        """Draw one starting point (D,) in the unit cube."""
        module = make_module(self.reference, self.base, int(rng.integers(SEEDS)))
        weights = [each.detach().reshape(-1).double().numpy() for each in list_weights(module)]
        return to_cube_weights(np.concatenate(weights), self.bounds)


def make_module(reference: str, base: str | None, seed: int) -> Any:
    """Make the user's model, on the CPU and in float32.

    Args:
        reference: "path/to/file.py:name" of a module, of its class, or of a function that returns one.
        base: The directory that relative paths start at.
        seed: The seed of PyTorch's generator while it is made.

    Raises:
        LandscapeError: It is no module, or one whose loss is no function of its floating-point weights alone.
    """
    torch = import_torch()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        found = load_object(reference, "module", base)
        module = found if isinstance(found, torch.nn.Module) else None
        if module is None and callable(found):
            module = call_user_function("module", reference, found)
    if not isinstance(module, torch.nn.Module):
        got = type(found if module is None else module).__name__
        raise LandscapeError(
            f"module must name an nn.Module, its class, or a function that returns one, got {got} from {reference}. "
            "Return the model."
        )
    _check_module(module, reference)
    if module is found:
        # The user's own object stays as it is.
        module = call_user_function("module", reference, deepcopy, module)
    return module.cpu().to(torch.float32)


def list_weights(module: Any) -> list[Any]:
    """Return the parameters that are searched, in the order of ``module.parameters()``: those that need gradients."""
    return [each for each in module.parameters() if each.requires_grad]


def find_batch_norms(module: Any) -> list[Any]:
    """Return the layers that normalise by statistics of batches."""
    torch = import_torch()
    return [each for each in module.modules() if isinstance(each, torch.nn.modules.batchnorm._BatchNorm)]


def list_torch_filters(module: Any) -> Filters:
    """Return the filters of a PyTorch model: the first axis of parameters of two axes or more.

    A parameter of one axis belongs to the filters of the parameter of two axes or more in the same module that has as
    many; else it is one filter of its own. Both are biases or gains.
    """
    homes = {id(each): part for part in module.modules() for each in part.parameters(recurse=False)}
    firsts: dict[int, int] = {}
    total = 0
    for each in list_weights(module):
        firsts[id(each)] = total
        total += len(each) if each.ndim > 1 else 1
    blocks: list[tuple[NDArray[np.int64], bool]] = []
    for each in list_weights(module):
        beside = homes[id(each)].parameters(recurse=False)
        owner = each if each.ndim > 1 else _find_owner(each, [other for other in beside if id(other) in firsts])
        if owner is None:
            blocks.append((np.full(each.numel(), firsts[id(each)]), True))
        else:
            numbers = firsts[id(owner)] + np.arange(len(owner))
            blocks.append((np.repeat(numbers, math.prod(each.shape[1:])), each.ndim < 2))
    return join_filters(blocks)


def _find_owner(parameter: Any, beside: list[Any]) -> Any:
    """Return the first parameter of two axes or more whose first axis is as long as a parameter of one, or None."""
    return next((each for each in beside if each.ndim > 1 and parameter.shape == each.shape[:1]), None)


def _check_module(module: Any, reference: str) -> None:
    torch = import_torch()
    homes: dict[int, str] = {}
    for name, weights in module.named_parameters(remove_duplicate=False):
        if torch.nn.parameter.is_lazy(weights):
            raise LandscapeError(
                f"module must have weights of known shapes, got {name} of {reference}, which is not initialised yet. "
                "Call the model with one batch before you return it."
            )
        if not weights.is_floating_point():
            raise LandscapeError(
                f"module must have floating-point parameters only, got {name} of type {weights.dtype} in {reference}. "
                "Make it a buffer: register_buffer(name, tensor)."
            )
        place = weights.data_ptr() if weights.numel() else id(weights)
        if homes.setdefault(place, name) != name:
            raise LandscapeError(
                f"module must have each weight once, got {name}, which is tied to {homes[place]}, in {reference}. Give "
                f"it weights of its own, or use those of {homes[place]} in forward by torch.nn.functional."
            )
        if weights._backward_hooks or getattr(weights, "_post_accumulate_grad_hooks", None):
            raise _refuse_hook("a hook on a parameter", name, reference)
    if not list_weights(module):
        raise LandscapeError(
            f"module must have parameters that need gradients, got none in {reference}. Set requires_grad."
        )
    for name, part in module.named_modules():
        for attribute, what in HOOKS.items():
            if getattr(part, attribute, None):
                raise _refuse_hook(what, name or "the model", reference)


def _refuse_hook(what: str, name: str, reference: str) -> LandscapeError:
    return LandscapeError(
        f"module must have no hooks, got {what} on {name} in {reference}. A hook may keep what it sees from one "
        "evaluation to the next, and gets no gradients here. Do it in forward, or by torch.nn.utils.parametrizations."
    )
