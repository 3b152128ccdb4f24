"""Data of networks: what is read, how it is split and standardised, and what is refused."""

import numpy as np
import pytest

from searchparty.landscapes.landscape import LandscapeError
from searchparty.landscapes.networks import data as data_module
from searchparty.landscapes.networks.data import check_data_name, load_data

RNG = np.random.default_rng(0)
X, LABELS = RNG.normal(5.0, 3.0, size=(40, 3)), np.arange(40) % 4


class Trap:
    """Unpickling this object is noticed."""

    unpickled = False

    def __reduce__(self):
        return (setattr, (Trap, "unpickled", True))


@pytest.fixture
def load(tmp_path):
    def load(held_out=0.25, seed=0, **arrays):
        np.savez(tmp_path / "my.npz", **arrays)
        return load_data("my.npz", str(tmp_path), held_out, seed)

    return load


def test_each_class_is_split_alike_and_by_the_seed_alone(load):
    found, again, other = (load(0.2, seed, x=X, y=LABELS) for seed in (3, 3, 4))
    assert (len(found.train), len(found.held_out), found.classes, found.outputs) == (32, 8, 4, 4)
    assert np.bincount(found.held_out.targets).tolist() == [2, 2, 2, 2]
    np.testing.assert_array_equal(found.held_out.inputs, again.held_out.inputs)
    assert not np.array_equal(found.held_out.inputs, other.held_out.inputs)


def test_no_row_is_lost_or_in_both_parts(load):
    numbers = np.arange(40.0)[:, None]
    found = load(0.3, x=numbers, y=LABELS)
    both = np.concatenate([found.train.inputs, found.held_out.inputs])[:, 0].astype(float)
    deviation = np.diff(np.sort(both)).mean()
    mean = both.min()
    np.testing.assert_allclose(np.sort((both - mean) / deviation), np.arange(40), atol=1e-4)


def test_columns_are_scaled_by_the_training_rows_and_constant_ones_are_zero(load):
    x = np.column_stack([X, np.full(40, 0.1)])
    found = load(x=x, y=LABELS)
    np.testing.assert_allclose(found.train.inputs.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(found.train.inputs.std(axis=0), [1, 1, 1, 0], atol=1e-6)
    assert not np.allclose(found.held_out.inputs[:, :3].mean(axis=0), 0, atol=1e-3)
    assert (found.held_out.inputs[:, 3] == 0).all()


def test_images_are_scaled_by_channel(load):
    images = RNG.normal(size=(40, 5, 4, 2)) * [1.0, 10.0] + [0.0, 50.0]
    found = load(x=images, y=LABELS)
    np.testing.assert_allclose(found.train.inputs.mean(axis=(0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(found.train.inputs.std(axis=(0, 1, 2)), 1, atol=1e-5)
    assert load(x=images[..., 0], y=LABELS).train.inputs.shape == (32, 5, 4, 1)


def test_floats_are_targets_and_are_scaled(load):
    found = load(x=X, y=X[:, :2] * 100)
    assert (found.classes, found.outputs) == (0, 2)
    np.testing.assert_allclose(found.train.targets.std(axis=0), 1, atol=1e-5)


def test_nothing_is_held_out_on_request(load):
    assert len(load(0.0, x=X, y=LABELS).held_out) == 0


def test_a_changed_file_is_read_again(load):
    one = load(x=X, y=LABELS)
    assert load(x=X[::-1], y=LABELS).train.inputs[0, 0] != one.train.inputs[0, 0]


def with_value(array, value, row=3):
    found = np.array(array, dtype=float)
    found[row, 0] = value
    return found


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": X}, r"data must have the arrays x and y, got \['x'\]"),
        ({"x": with_value(X, np.nan), "y": LABELS}, r"data must be finite, got nan in row 3 of x in my.npz \(1 of 40"),
        ({"x": with_value(X, 1e300), "y": LABELS}, r"data must be finite, got 1e\+300 in row 3 of x"),
        ({"x": X, "y": with_value(X, np.inf)}, "data must be finite, got inf in row 3 of y"),
        ({"x": X, "y": LABELS - 1}, "labels from 0 to the number of classes - 1.* got -1 to 2"),
        ({"x": X, "y": LABELS + 5000}, "labels from 0 to the number of classes - 1.* got 5000 to 5003"),
        ({"x": X, "y": LABELS * 2}, "every label from 0 to the largest, got labels up to 6 without 1"),
        ({"x": X, "y": LABELS * 0}, "labels from 0 .* got 0 to 0"),
        ({"x": X, "y": LABELS[:-1]}, r"one target for each of its 40 rows, got y of shape \(39,\)"),
        ({"x": X, "y": np.array(["a"] * 40)}, "one target for each of its 40 rows"),
        ({"x": X, "y": LABELS[:, None]}, "numbers of classes in one column"),
        ({"x": X[:, 0], "y": LABELS}, r"x of shape \(rows, columns\)"),
        ({"x": X[:1], "y": LABELS[:1]}, "with two rows or more"),
        ({"x": X.astype(complex), "y": LABELS}, "data must be real numbers, got complex128"),
        ({"x": X, "y": np.array([Trap()] * 40)}, "data must be numbers only, got Python objects"),
    ],
)
def test_bad_data_are_refused(load, arrays, message):
    with pytest.raises(LandscapeError, match=message):
        load(**arrays)
    assert not Trap.unpickled


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04broken"])
def test_a_file_that_is_no_archive_is_refused(tmp_path, content):
    (tmp_path / "my.npz").write_bytes(content)
    with pytest.raises(LandscapeError, match="data must be an .npz file"):
        load_data("my.npz", str(tmp_path), 0.25, 0)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(LandscapeError, match="data must name a readable file, got .*absent.npz, which does not exist"):
        load_data("absent.npz", str(tmp_path), 0.25, 0)


@pytest.mark.parametrize("part", [0.01, 0.99])
def test_a_class_that_is_left_out_is_refused(load, part):
    side = "held-out" if part < 0.5 else "training"
    with pytest.raises(
        LandscapeError, match=f"held_out must leave rows of every class .* no {side} row of the 10 rows"
    ):
        load(part, x=X, y=LABELS)


def test_a_missing_scikit_learn_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sklearn", None)
    data_module._prepare.cache_clear()
    with pytest.raises(
        LandscapeError, match="where scikit-learn is not installed, got 'wine'. (Run: pip install|Install)"
    ):
        load_data("wine", None, 0.25, 0)


def test_other_names_are_refused():
    with pytest.raises(ValueError, match="data must be one of digits, wine, breast-cancer, diabetes, or a file"):
        check_data_name("mnist")


@pytest.mark.extras
@pytest.mark.parametrize(
    ("name", "shape", "classes"),
    [("digits", (8, 8, 1), 10), ("wine", (13,), 3), ("breast-cancer", (30,), 2), ("diabetes", (10,), 0)],
)
def test_bundled_data(name, shape, classes):
    pytest.importorskip("sklearn")
    found = load_data(name, None, 0.25, 0)
    assert found.train.inputs.shape[1:] == shape
    assert found.classes == classes
    assert found.train.inputs.dtype == np.float32


@pytest.mark.extras
def test_digits_are_those_that_scikit_learn_reads():
    datasets = pytest.importorskip("sklearn.datasets")
    images, labels = data_module._read_digits()
    wanted = datasets.load_digits()
    assert images.tobytes() == wanted.images.tobytes()
    assert (labels.dtype, labels.tobytes()) == (wanted.target.dtype, wanted.target.tobytes())


def test_digits_come_from_scikit_learn_itself_where_their_file_lies_elsewhere(monkeypatch):
    monkeypatch.setattr(data_module, "find_spec", lambda _: None)
    assert data_module._read_digits() is None


def test_held_out_rows_are_those_that_the_documentation_finds():
    labels = np.arange(12) % 3
    assert np.flatnonzero(data_module.choose_held_out(labels, 12, 0.25, 0, "my.npz")).tolist() == [0, 7, 8]
