"""The data of networks: sets that scikit-learn bundles, or a file of the user, checked, split and standardised."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..extras import advise_install
from ..landscape import LandscapeError
from ..user_code import resolve_path

EXTRA = "networks"
"""The extra of pyproject.toml that landscapes of networks need."""
Rows = NDArray[np.float32]
"""Inputs, one row of data along the first axis."""
BUNDLED = ("digits", "wine", "breast-cancer", "diabetes")
DATA_FORM = f'one of {", ".join(BUNDLED)}, or a file "path/to/data.npz"'
MOST_CLASSES = 1000


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of data that are used together.

    Attributes:
        inputs: Standardised inputs, shape (n, features) or (n, height, width, channels), float32.
        targets: Numbers of classes, shape (n,), int32; or standardised numbers, shape (n, outputs), float32.
    """

    inputs: Rows
    targets: NDArray[Any]

    def __len__(self) -> int:
        return len(self.inputs)


@dataclass(frozen=True, slots=True)
class DataSet:
    """Data that are ready for a network.

    Attributes:
        train: The rows over which the loss is a mean.
        held_out: The rows that only measures see; there may be none.
        classes: How many classes there are; 0 if the targets are numbers.
    """

    train: Part
    held_out: Part
    classes: int

    @property
    def outputs(self) -> int:
        """How many outputs a network for these data has."""
        return self.classes or self.train.targets.shape[1]


def is_data_file(data: str) -> bool:
    """Return whether the setting ``data`` names a file."""
    return data.endswith(".npz")


def check_data_name(data: str) -> None:
    """Raise ValueError unless the setting ``data`` has one of its forms."""
    if data not in BUNDLED and not is_data_file(data):
        raise ValueError(f"data must be {DATA_FORM}, got {data!r}. Write one of them.")


def load_data(data: str, base: str | None, held_out: float, seed: int) -> DataSet:
    """Load, check, split and standardise data.

    The means and deviations are those of the training rows: of each column of a table, of each channel of images, of
    each target that is a number.

    Args:
        data: The name of a bundled set, or the path of an .npz file with the arrays x and y.
        base: The directory that relative paths start at.
        held_out: The part of the rows, of each class alike, that is held out, 0 <= held_out < 1.
        seed: Which rows are held out.

    Returns:
        The data. Equal calls share one object.

    Raises:
        LandscapeError: The data cannot be used; the message says why.
    """
    if not is_data_file(data):
        return _prepare(data, None, (), held_out, seed)
    path = resolve_path(data, base)
    try:
        status = path.stat()
    except OSError as error:
        why = "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
        raise LandscapeError(f"data must name a readable file, got {path}, which {why}. Check the path.") from None
    return _prepare(path.name, path, (status.st_mtime_ns, status.st_size), held_out, seed)


@lru_cache(maxsize=8)
def _prepare(name: str, path: Path | None, state: tuple[int, ...], held_out: float, seed: int) -> DataSet:
    """Prepare a bundled set, or a file; its time and size are given so that a file that has changed is read again."""
    x, y = _read_bundled(name) if path is None else _read_file(path)
    _check_inputs(x, name)
    targets, classes = _read_targets(y, len(x), name)
    held = choose_held_out(targets if classes else None, len(x), held_out, seed, name)
    inputs = _standardise(x[..., None] if x.ndim == 3 else x, ~held)
    if not classes:
        targets = _standardise(targets, ~held)
    for array in (inputs, targets):
        array.setflags(write=False)
    return DataSet(Part(inputs[~held], targets[~held]), Part(inputs[held], targets[held]), classes)


def _read_bundled(name: str) -> tuple[NDArray[Any], NDArray[Any]]:
    if name == "digits" and (found := _read_digits()) is not None:
        return found
    try:
        from sklearn import datasets
    except ImportError:
        raise LandscapeError(
            f"data must be a file where scikit-learn is not installed, got {name!r}. {advise_install(EXTRA)}"
        ) from None
    load: Callable[[], Any] = getattr(datasets, f"load_{name.replace('-', '_')}")
    found = load()
    return (found.images if name == "digits" else found.data), found.target


def _read_digits() -> tuple[NDArray[Any], NDArray[Any]] | None:
    """Read the digits from the file in which scikit-learn bundles them; None if it is not there.

    To import scikit-learn takes a second, of the few that pictures of a small network take.
    """
    package = find_spec("sklearn")
    for folder in (package and package.submodule_search_locations) or ():
        path = Path(folder) / "datasets" / "data" / "digits.csv.gz"
        if path.is_file():
            table = np.loadtxt(path, delimiter=",")
            return table[:, :-1].reshape(-1, 8, 8), table[:, -1].astype(int)
    return None


def _read_file(path: Path) -> tuple[NDArray[Any], NDArray[Any]]:
    if not zipfile.is_zipfile(path):
        raise LandscapeError(
            f"data must be an .npz file, got {path}, which is none. Save it by numpy.savez(path, x=..., y=...)."
        )
    try:
        with np.load(path, allow_pickle=False) as archive:
            missing = [name for name in ("x", "y") if name not in archive.files]
            if missing:
                raise LandscapeError(
                    f"data must have the arrays x and y, got {archive.files} in {path}. "
                    "Save it by numpy.savez(path, x=..., y=...)."
                )
            return archive["x"], archive["y"]
    except LandscapeError:
        raise
    except ValueError as error:
        if "pickle" not in str(error):
            raise LandscapeError(f"data must be an .npz file, got {path} ({error}). Save it again.") from None
        raise LandscapeError(
            f"data must be numbers only, got Python objects in {path}, which would be unpickled. "
            "Save x and y as arrays of numbers."
        ) from None
    except (OSError, EOFError, zipfile.BadZipFile, KeyError, AttributeError) as error:
        raise LandscapeError(
            f"data must be an .npz file, got {path} ({error}). Save it by numpy.savez(path, x=..., y=...)."
        ) from None


def _check_inputs(x: NDArray[Any], name: str) -> None:
    if x.dtype.kind not in "fiub":
        raise LandscapeError(f"data must be real numbers, got {x.dtype} for x in {name}. Convert it.")
    if x.ndim not in (2, 3, 4) or 0 in x.shape or len(x) < 2:
        raise LandscapeError(
            f"data must have x of shape (rows, columns), or of images (rows, height, width[, channels]), with two rows "
            f"or more, got {x.shape} in {name}. Reshape it."
        )
    refuse_unbounded(x, "x", name)


def refuse_unbounded(array: NDArray[Any], letter: str, name: str) -> None:
    """Raise LandscapeError unless all numbers of an array, one row of data after the other, are finite as float32."""
    with np.errstate(over="ignore"):
        good = np.isfinite(array.reshape(len(array), -1).astype(np.float32))
    finite = good.all(axis=1)
    if not finite.all():
        row = int(np.flatnonzero(~finite)[0])
        value = np.ravel(array[row])[~good[row]][0]
        raise LandscapeError(
            f"data must be finite, got {value} in row {row} of {letter} in {name} "
            f"({int((~finite).sum())} of {len(array)} rows). Leave such rows out, or fill them in."
        )


def _read_targets(y: NDArray[Any], rows: int, name: str) -> tuple[NDArray[Any], int]:
    """Return the targets, and the number of classes; 0 if they are numbers."""
    if y.dtype.kind not in "fiub" or y.ndim not in (1, 2) or len(y) != rows or 0 in y.shape:
        raise LandscapeError(
            f"data must have one target for each of its {rows} rows, got y of shape {y.shape} and type {y.dtype} in "
            f"{name}. Give whole numbers from 0 for classes, or floats."
        )
    refuse_unbounded(y, "y", name)
    if y.dtype.kind == "f" and not (y.ndim == 1 and name in ("digits", "wine", "breast-cancer")):
        return y.reshape(rows, -1).astype(np.float64), 0
    if y.ndim == 2:
        raise LandscapeError(
            f"data must have the numbers of classes in one column, got y of shape {y.shape} in {name}. "
            "Give y of shape (rows,), or floats for several targets."
        )
    labels = y.astype(np.int64)
    classes = int(labels.max()) + 1
    seen = np.unique(labels)
    if labels.min() < 0 or classes > MOST_CLASSES or classes < 2:
        raise LandscapeError(
            f"data must have labels from 0 to the number of classes - 1, for 2 to {MOST_CLASSES} classes, "
            f"got {labels.min()} to {labels.max()} in {name}. Number the classes from 0, or save y as floats if it is "
            "no class."
        )
    if len(seen) < classes:
        absent = next(label for label in range(classes) if label not in seen)
        raise LandscapeError(
            f"data must have every label from 0 to the largest, got labels up to {classes - 1} without {absent} in "
            f"{name}. Number the classes without gaps."
        )
    return labels.astype(np.int32), classes


def choose_held_out(labels: NDArray[Any] | None, rows: int, part: float, seed: int, name: str) -> NDArray[np.bool_]:
    """Choose which rows are held out, of each class alike; without labels, of all rows. Returns shape (rows,)."""
    held: NDArray[np.bool_] = np.zeros(rows, dtype=bool)
    if part == 0:
        return held
    rng = np.random.Generator(np.random.Philox(seed))
    groups = [np.arange(rows)] if labels is None else [np.flatnonzero(labels == each) for each in np.unique(labels)]
    for label, group in enumerate(groups):
        count = round(part * len(group))
        if not 0 < count < len(group):
            of = f"the {rows} rows" if labels is None else f"the {len(group)} rows of class {label}"
            where = "held-out" if not count else "training"
            raise LandscapeError(
                f"held_out must leave rows of every class on both sides, got {part}, which leaves no {where} row of "
                f"{of} in {name}. Change it, or write held_out: 0."
            )
        held[rng.permutation(group)[:count]] = True
    return held


def _standardise(values: NDArray[Any], train: NDArray[np.bool_]) -> Rows:
    """Scale columns, or channels of images, to mean 0 and deviation 1 over the training rows. Constants become 0."""
    numbers = values.astype(np.float64)
    axes = tuple(range(numbers.ndim - 1))
    mean, deviation = numbers[train].mean(axis=axes), numbers[train].std(axis=axes)
    # What differs by rounding errors only is constant.
    deviation[deviation <= 1e-12 * np.abs(mean)] = 0
    return np.divide(numbers - mean, deviation, out=np.zeros_like(numbers), where=deviation > 0).astype(np.float32)
