"""Losses and models of a user, good and bad, named by the tests of the kinds ``jax`` and ``torch``."""

import numpy as np

_RNG = np.random.default_rng(0)
X, Y = _RNG.normal(size=(60, 4)), _RNG.normal(size=(60, 2))
LABELS = np.arange(60) % 3
rows = (X, Y)
unequal = (X, Y[:-1])
texts = np.array(["a"] * 60)
unbounded = (np.where(X > 2, np.nan, X), Y)


def key_init(key):
    import jax

    return {"w": jax.random.normal(key, (4, 2)), "b": jax.numpy.ones(2)}


def seeded_init(seed):
    return {"w": np.random.default_rng(seed).normal(size=(4, 2)), "b": np.ones(2)}


fixed = {"w": np.full((4, 2), 0.5), "b": np.array([1.0, 99.0])}
whole = {"w": np.zeros((4, 2), dtype=int)}
nothing = {}


def raising(seed):
    raise RuntimeError("no weights today")


def fit(weights, batch):
    x, y = batch
    return ((x @ weights["w"] + weights["b"] - y) ** 2).mean()


def bowl(weights):
    return (weights["w"] ** 2).sum() + (weights["b"] ** 2).sum()


def by_row(weights, batch):
    return ((batch[0] @ weights["w"] - batch[1]) ** 2).mean(axis=1)


def unequal_shapes(weights, batch):
    return (batch[0] @ weights["w"].T).mean()


def in_numpy(weights):
    return np.linalg.norm(np.asarray(weights["w"]))


def torch_rows():
    import torch

    return torch.tensor(X), torch.tensor(LABELS)


def shuffled():
    import torch

    data = torch.utils.data.TensorDataset(*torch_rows())
    return torch.utils.data.DataLoader(data, batch_size=7, shuffle=True, drop_last=True)


def dataset():
    return list(zip(*torch_rows(), strict=True)) and _Pairs()


class _Pairs:
    def __new__(cls):
        import torch

        class Pairs(torch.utils.data.Dataset):
            def __len__(self):
                return 60

            def __getitem__(self, row):
                return torch.tensor(X[row]), int(LABELS[row])

        return Pairs()


def wrong_labels():
    x, labels = torch_rows()
    return x, labels + 5


def infinite_rows():
    x, labels = torch_rows()
    x[7, 1] = float("inf")
    return x, labels


def inputs_alone():
    return (torch_rows()[0],)


def dense():
    from torch import nn

    return nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Dropout(0.5), nn.Linear(6, 3))


def normed():
    from torch import nn

    model = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 3))
    model[1].running_mean.fill_(0.3)
    model[1].running_var.fill_(2.0)
    return model


def partly_frozen():
    model = dense()
    model[0].weight.requires_grad_(False)
    return model


def weight_normed():
    from torch.nn.utils import parametrizations

    model = dense()
    parametrizations.weight_norm(model[0])
    return model


def integers():
    import torch

    model = dense()
    model.table = torch.nn.Parameter(torch.arange(3), requires_grad=False)
    return model


def tied():
    from torch import nn

    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 3))
    model[1].weight = model[0].weight
    return model


def hooked():
    model = dense()
    model[1].register_forward_hook(lambda *_: None)
    return model


def parameter_hooked():
    model = dense()
    model[0].weight.register_hook(lambda gradient: gradient)
    return model


def lazy():
    from torch import nn

    return nn.Sequential(nn.LazyLinear(6), nn.Linear(6, 3))


def all_frozen():
    return dense().requires_grad_(False)


def random_outputs():
    import torch
    from torch import nn

    class Noisy(nn.Linear):
        def forward(self, x):
            return super().forward(x) + torch.randn(3)

    return Noisy(4, 3)


def no_module():
    return 7


def too_narrow():
    from torch import nn

    return nn.Linear(3, 3)


def reduction_none(outputs, targets):
    from torch.nn import functional

    return functional.cross_entropy(outputs, targets, reduction="none")
