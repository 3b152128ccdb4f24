"""The loops of PyTorch with which losses of networks are compared; None where PyTorch is not installed."""

from __future__ import annotations

from typing import Any

import numpy as np
from network_bench import Bench, Call

LOADER_BATCH = 128
"""Rows of a batch of the DataLoader."""


def make_torch_loop(bench: Bench) -> Call | None:
    """Return the usual loop of PyTorch: weights into the model, all rows through it, the loss. None without PyTorch."""
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(1)
    model = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10))
    inputs, labels = torch.from_numpy(bench.inputs), torch.from_numpy(bench.labels).long()
    points = torch.from_numpy(bench.points.astype(np.float32))

    def evaluate(number: int) -> float:
        with torch.no_grad():
            torch.nn.utils.vector_to_parameters(points[number], model.parameters())
            return float(torch.nn.functional.cross_entropy(model(inputs), labels))

    return evaluate


def make_torch_slice(bench: Bench, layers: Any, points: Any, batched: bool) -> Call | None:
    """Return the loop of PyTorch over the points of a plane, of all rows at once or by a DataLoader as Li et al. do."""
    try:
        import torch
    except ImportError:
        return None
    from torch import nn

    torch.set_num_threads(1)
    images, parts, width = isinstance(layers[0], dict), [], 64
    for layer in layers:
        if isinstance(layer, int):
            parts += [nn.Linear(width, layer), nn.ReLU()]
            width = layer
        elif "conv" in layer:
            parts += [nn.Conv2d(1, layer["conv"], 3, padding="same"), nn.ReLU()]
            width = 64 * layer["conv"]
        else:
            parts += [nn.MaxPool2d(layer["pool"]), nn.Flatten()]
            width //= layer["pool"] ** 2
    model = nn.Sequential(*parts, nn.Linear(width, 10))
    inputs, labels = torch.from_numpy(bench.inputs), torch.from_numpy(bench.labels).long()
    inputs = inputs.reshape(-1, 1, 8, 8) if images else inputs
    weights = torch.from_numpy(points)
    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(inputs, labels), batch_size=LOADER_BATCH)

    def evaluate(number: int) -> float:
        with torch.no_grad():
            nn.utils.vector_to_parameters(weights[number % len(weights)], model.parameters())
            if not batched:
                return float(nn.functional.cross_entropy(model(inputs), labels))
            return sum(float(nn.functional.cross_entropy(model(x), y)) * len(y) for x, y in data) / len(labels)

    return evaluate
