"""The kind ``torch``: values and gradients of the user's model, its statistics and data, and what is refused."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from searchparty.landscapes.landscape import LandscapeError
from searchparty.landscapes.torch_module import TorchModule

torch = pytest.importorskip("torch", reason="torch is not installed")
pytestmark = pytest.mark.extras
OWN = str(Path(__file__).parent / "own_models.py")
RNG = np.random.default_rng(1)


def make(module="dense", data="torch_rows", **settings):
    return TorchModule(module=f"{OWN}:{module}", data=data, **settings)


def split(point, *shapes):
    ends = np.cumsum([np.prod(shape) for shape in shapes])
    return [part.reshape(shape) for part, shape in zip(np.split(point, ends[:-1]), shapes, strict=True)]


def cross_entropy(outputs, labels):
    shifted = outputs - outputs.max(axis=1, keepdims=True)
    return (np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]).mean()


@pytest.mark.parametrize("module", ["normed", "dense"])
@pytest.mark.parametrize("renew", [False, True])
def test_the_loss_is_that_of_the_model_with_frozen_or_renewed_statistics(module, renew):
    from own_models import LABELS, X

    if renew and module == "dense":
        pytest.skip("nothing to renew")
    problem = make(module, renew=renew).open()
    gains = [(6,), (6,)] if module == "normed" else []
    shapes = [(6, 4), (6,), *gains, (3, 6), (3,)]
    point = RNG.normal(size=problem.space.dimension)
    kernel, bias, *gain, last, offset = split(point, *shapes)
    state = X @ kernel.T + bias
    if gain:
        mean, variance = (state.mean(axis=0), state.var(axis=0)) if renew else (0.3, 2.0)
        state = (state - mean) / np.sqrt(variance + 1e-5) * gain[0] + gain[1]
    expected = cross_entropy(np.tanh(state) @ last.T + offset, LABELS)
    assert problem.evaluate(point[None])[0] == pytest.approx(expected, rel=1e-5)
    way = RNG.normal(size=point.shape) / 10
    ends = problem.evaluate(np.array([point + 0.01 * way, point - 0.01 * way]))
    assert (ends[0] - ends[1]) / 0.02 == pytest.approx(problem.gradient(point[None])[0] @ way, rel=0.02, abs=1e-3)


@pytest.mark.parametrize("module", ["normed", "dense", "weight_normed"])
@pytest.mark.parametrize("renew", [False, True])
def test_nothing_is_kept_from_one_evaluation_to_the_next(module, renew):
    if renew and module != "normed":
        pytest.skip("nothing to renew")
    problem = make(module, renew=renew, held_out=0.2).open()
    points = RNG.normal(size=(6, problem.space.dimension))
    together, gradients = problem.evaluate(points), problem.gradient(points)
    for number in (5, 0, 3):
        problem.measure(points[1])
        problem.evaluate_share(points[2:3], np.array([[1, 5, 9]]))
        point = points[number : number + 1]
        np.testing.assert_array_equal(problem.evaluate(point), together[number : number + 1])
        np.testing.assert_array_equal(problem.gradient(point), gradients[number : number + 1])


def test_a_share_of_all_rows_is_the_loss():
    problem = make().open()
    point = RNG.normal(size=(1, problem.space.dimension))
    losses, gradients = problem.evaluate_share(point, np.arange(60)[None])
    np.testing.assert_allclose(losses, problem.evaluate(point), rtol=1e-6)
    np.testing.assert_allclose(gradients, problem.gradient(point), rtol=1e-4, atol=1e-6)


def test_measures_have_accuracies_where_targets_are_classes():
    problem = make(held_out=0.25).open()
    found = problem.measure(np.zeros(problem.space.dimension))
    assert found["train loss"] == pytest.approx(np.log(3), rel=1e-6)
    assert set(found) == {"train loss", "train accuracy", "held-out loss", "held-out accuracy"}


@pytest.mark.parametrize("data", ["shuffled", "dataset"])
def test_all_rows_are_gathered_in_the_order_of_the_dataset(data):
    one, other = make().open(), make(data=data).open()
    assert one.space.units == other.space.units == 60
    point, rows = RNG.normal(size=(1, one.space.dimension)), np.array([[0, 1, 2, 59]])
    np.testing.assert_allclose(one.evaluate_share(point, rows)[0], other.evaluate_share(point, rows)[0], rtol=1e-6)


def test_starts_are_those_of_the_model_by_the_stream_alone():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    space = pickle.loads(pickle.dumps(make().open().space))
    one, again, other = (space.init.draw(np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert not np.allclose(one, other)
    # Linear layers start within 1 / sqrt(4) and 1 / sqrt(6).
    assert np.abs(space.to_box(one)).max() <= 0.5
    # The user's own generator stays where it was.
    assert torch.equal(before, torch.get_rng_state())


def test_frozen_parameters_are_no_axes():
    assert make("dense").open().space.dimension - make("partly_frozen").open().space.dimension == 24


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"module": "integers"}, "module must have floating-point parameters only, got table of type torch.int64"),
        ({"module": "tied"}, "module must have each weight once, got 1.weight, which is tied to 0.weight"),
        ({"module": "hooked"}, "module must have no hooks, got a forward hook on 1"),
        ({"module": "parameter_hooked"}, "module must have no hooks, got a hook on a parameter on 0.weight"),
        ({"module": "lazy"}, "module must have weights of known shapes, got 0.weight"),
        ({"module": "all_frozen"}, "module must have parameters that need gradients"),
        ({"module": "random_outputs"}, "module must give equal losses at equal weights"),
        ({"module": "no_module"}, "module must name an nn.Module, its class, or a function that returns one, got int"),
        ({"module": "too_narrow"}, "module must name a function that runs, got .*raised RuntimeError: mat1 and mat2"),
        ({"module": "absent"}, "module must name something in"),
        ({"renew": True}, "renew must be false where the model has no BatchNorm"),
        ({"loss": "reduction_none"}, r"loss must return one number, the mean over rows, got shape \(60,\)"),
        ({"loss": "LABELS"}, "loss must be callable, got ndarray"),
        ({"data": "wrong_labels"}, "raised IndexError: Target . is out of bounds"),
        ({"data": "infinite_rows"}, "data must be finite, got a number that is not in row 7 of tensor 0"),
        (
            {"data": "inputs_alone"},
            r"data must have inputs and targets of equally many rows, two or more, got \(60, 4\)",
        ),
        ({"data": "no_module"}, "data must be a DataLoader, a Dataset or tensors, got int"),
    ],
)
def test_mistakes_are_told_when_it_is_opened(settings, message):
    with pytest.raises(LandscapeError, match=message):
        make(**settings).open()


def test_whatever_it_names_is_told():
    assert make().code_references == (f"{OWN}:dense", f"{OWN}:torch_rows")
    assert make(loss="reduction_none").code_references[1] == f"{OWN}:reduction_none"
