"""Problems whose losses are those of the user's PyTorch model."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..geometry.filters import Filters
from ..geometry.hessian import GeometryError
from ..landscape import Array, LandscapeError, Space, keep_found_rows
from .compiled import list_probes
from .torch_library import import_torch
from .torch_model import find_batch_norms, list_torch_filters, list_weights
from .torch_rows import Tensors, TorchRows


class TorchProblem:
    """The loss of a PyTorch model over rows of data, as a function of its weights.

    The model is in evaluation mode: dropout is off, and layers of BatchNorm have the statistics with which the model
    was made. If they are to be renewed, they take the statistics of the rows that are evaluated, each time.

    Args:
        space: The space that is searched.
        module: The model. It belongs to this problem.
        loss: The user's loss: a function of outputs and targets that returns a mean over rows.
        rows: The data.
        renew: Whether statistics of BatchNorm are renewed.
    """

    minimum: None = None
    minimizers: None = None
    rowwise = True
    promises_bits = True

    def __init__(
        self, space: Space, module: Any, loss: Callable[[Any, Any], Any], rows: TorchRows, renew: bool
    ) -> None:
        torch = import_torch()
        self.space, self._module, self._loss, self._rows = space, module, loss, rows
        self._parameters = list_weights(module)
        self._norms = find_batch_norms(module) if renew else []
        # One point at a time is in the model: runs in several threads may share a problem.
        self._lock = threading.Lock()
        self._weights = torch.zeros(space.dimension)
        first = 0
        for each in self._parameters:
            part = self._weights[first : first + each.numel()].view(each.shape)
            part.copy_(each.detach())
            each.data = part
            first += each.numel()
        module.eval()
        for norm in self._norms:
            # In training mode it normalises by the rows at hand; with this momentum it keeps nothing of them.
            norm.train()
            norm.momentum = 0.0

    def evaluate(self, points: Array) -> Array:
        """Return the losses (n,) of points (n, D), one after the other."""
        torch = import_torch()
        losses = np.empty(len(points))
        number = 0
        try:
            with self._lock, torch.no_grad():
                for number, point in enumerate(points):
                    self._set_weights(point)
                    losses[number] = float(self._run(self._rows.train)[0])
        except (KeyboardInterrupt, SystemExit) as error:
            # What the earlier rows gave leaves with it.
            keep_found_rows(error, losses[:number], {})
            raise
        return losses

    def gradient(self, points: Array) -> Array:
        """Return the gradients (n, D) at points (n, D)."""
        with self._lock:
            return np.array([self._differentiate(point, self._rows.train)[1] for point in points])

    @cached_property
    def filters(self) -> Filters:
        """Which filter each weight belongs to."""
        return list_torch_filters(self._module)

    def multiply_hessian(self, point: Array, direction: Array) -> Array:
        """Return the product (D,) of the Hessian at a point (D,) with a direction (D,), in float32.

        Raises:
            GeometryError: An operation of the model or of its loss has no second derivative in PyTorch.
        """
        torch = import_torch()
        ways = torch.from_numpy(direction.astype(np.float32)).split([each.numel() for each in self._parameters])
        with self._lock:
            self._set_weights(point)
            loss, _ = self._run(self._rows.train)
            try:
                first = torch.autograd.grad(loss, self._parameters, create_graph=True, allow_unused=True)
                slope = sum(
                    (each.reshape(-1) * way).sum() for each, way in zip(first, ways, strict=True) if each is not None
                )
                if slope.requires_grad:
                    return self._join(torch.autograd.grad(slope, self._parameters, allow_unused=True))
            except RuntimeError as error:
                raise _refuse_second_derivatives(str(error)) from None
        # PyTorch says nothing where an operation hides that its gradient depends on the weights.
        if (self.gradient(np.array([point, point + direction])) != self._join(first)).any():
            raise _refuse_second_derivatives("an operation hides them")
        return np.zeros(len(point))

    def evaluate_share(self, points: Array, rows: NDArray[np.int64]) -> tuple[Array, Array]:
        """Return losses (n,) and gradients (n, D) at points (n, D), each over its rows of data (n, b)."""
        losses, gradients = np.empty(len(points)), np.empty(points.shape)
        with self._lock:
            for number, point in enumerate(points):
                chosen = import_torch().from_numpy(np.ascontiguousarray(rows[number]))
                batch = tuple(each[chosen] for each in self._rows.train)
                losses[number], gradients[number] = self._differentiate(point, batch)
        return losses, gradients

    def measure(self, point: Array) -> dict[str, float]:
        """Return the losses at a point (D,), and accuracies where targets are classes and outputs have one for each."""
        torch = import_torch()
        with self._lock, torch.no_grad():
            self._set_weights(point)
            # Statistics that are renewed are those of the training rows for held-out rows too.
            for norm in self._norms:
                norm.momentum = 1.0
            try:
                found = self._measure_part("train", self._rows.train)
                for norm in self._norms:
                    norm.eval()
                if self._rows.held_out is not None:
                    found |= self._measure_part("held-out", self._rows.held_out)
            finally:
                for norm in self._norms:
                    norm.train()
                    norm.momentum = 0.0
        return found

    def probe(self) -> Array:
        """Return losses at fixed points, and digests of some gradients, by which two processes are compared."""
        points, differentiated = list_probes(self.space)
        digests = [float(zlib.crc32(row.tobytes())) for row in self.gradient(points[:differentiated])]
        return np.concatenate([self.evaluate(points), digests])

    def _set_weights(self, point: Array) -> None:
        self._weights.copy_(import_torch().from_numpy(point.astype(np.float32)))

    def _run(self, part: Tensors) -> tuple[Any, Any]:
        """Return loss and outputs over rows of data."""
        outputs = self._module(*part[:-1])
        loss = self._loss(outputs, part[-1])
        if not isinstance(loss, import_torch().Tensor) or loss.numel() != 1:
            got = f"shape {tuple(loss.shape)}" if hasattr(loss, "shape") else type(loss).__name__
            raise LandscapeError(
                f"loss must return one number, the mean over rows, got {got}. Take the mean, e.g. reduction='mean'."
            )
        return loss, outputs

    def _differentiate(self, point: Array, part: Tensors) -> tuple[float, Array]:
        torch = import_torch()
        self._set_weights(point)
        loss, _ = self._run(part)
        found = torch.autograd.grad(loss, self._parameters, allow_unused=True)
        return float(loss.detach()), self._join(found)

    def _join(self, found: Sequence[Any]) -> Array:
        """Return derivatives by all parameters as one vector (D,)."""
        torch = import_torch()
        pairs = zip(found, self._parameters, strict=True)
        # A weight that no output depends on has none.
        parts = [torch.zeros_like(weights) if each is None else each for each, weights in pairs]
        return torch.cat([each.reshape(-1) for each in parts]).detach().numpy().astype(np.float64)

    def _measure_part(self, name: str, part: Tensors) -> dict[str, float]:
        loss, outputs = self._run(part)
        found = {f"{name} loss": float(loss)}
        targets = part[-1]
        if targets.ndim == 1 and not targets.is_floating_point() and getattr(outputs, "ndim", 0) == 2:
            found[f"{name} accuracy"] = float((outputs.argmax(dim=1) == targets).double().mean())
        return found


def _refuse_second_derivatives(why: str) -> GeometryError:
    return GeometryError(
        f"module must have second derivatives for curvature, got none from PyTorch ({why}). Use operations that can "
        "be differentiated twice."
    )
