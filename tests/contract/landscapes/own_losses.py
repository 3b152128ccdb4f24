"""A user's losses: with JAX, and a model of PyTorch. What they import is only there where the extras are."""

import numpy as np

rng = np.random.default_rng(0)
rows = (rng.normal(size=(40, 3)), rng.normal(size=(40, 2)))


def jax_init(key):
    """Weights drawn by JAX."""
    import jax

    return {"slope": jax.random.normal(key, (3, 2)), "offset": jax.numpy.zeros(2)}


def jax_loss(weights, batch):
    """The mean of squared errors."""
    x, y = batch
    return ((x @ weights["slope"] + weights["offset"] - y) ** 2).mean()


def seeded_init(seed):
    """Weights drawn by numpy."""
    return [np.random.default_rng(seed).normal(size=(2, 2)), np.ones(3)]


def jax_bowl(weights):
    """A sum of squares, without data."""
    return sum((each**2).sum() for each in weights)


def torch_rows():
    """The same rows as tensors."""
    import torch

    return tuple(torch.tensor(each) for each in rows)


def TorchModel():  # noqa: N802
    """A small network."""
    from torch import nn

    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
