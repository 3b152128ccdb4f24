"""Files of planes: what ``searchparty landscape`` writes, and what a landscape of the kind ``slice`` reads."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..landscape import Array, LandscapeError
from ..planes import Plane
from .framed_plane import FramedPlane, Window

FORMAT = 1
VECTOR_NAMES = ("origin", "first", "second")
MOST_AXES = 10_000_000
MOST_SIDE = 1000
STRAIGHTNESS = 1e-6
"""How far the lengths of directions may be from 1, and their product from 0."""


@dataclass(frozen=True, eq=False)
class PlaneFile:
    """What a file of a plane holds. Two of them are equal only if they are one.

    Attributes:
        framed: The rectangle of a plane.
        landscape: The settings of the landscape that it cuts, with its kind.
        label: The landscape's label.
        losses: The losses on a grid over the rectangle, shape (n, n), one row for each v, NaN in holes: for pictures.
    """

    framed: FramedPlane
    landscape: dict[str, Any]
    label: str
    losses: Array


def write_plane(path: Path, content: PlaneFile) -> None:
    """Write a file of a plane, of numpy's format npz."""
    framed = content.framed
    about = {
        "format": FORMAT, "scale": framed.scale, "names": framed.names, "text": framed.text,
        "landscape": content.landscape, "label": content.label,
    }  # fmt: skip
    plane, text, window = framed.plane, np.array(json.dumps(about)), np.array(framed.window)
    with path.open("wb") as file:
        np.savez(
            file, about=text, window=window, losses=content.losses, origin=plane.origin, first=plane.first,
            second=plane.second,
        )  # fmt: skip


def read_plane(path: Path, named: str) -> PlaneFile:
    """Read a file of a plane. Nothing in it can be run.

    Args:
        path: The file.
        named: The text that named it, for messages.

    Raises:
        LandscapeError: It cannot be read, or is no such file.
    """
    try:
        if path.is_file() and not zipfile.is_zipfile(path):
            raise ValueError("it is no archive of arrays")
        with np.load(path, allow_pickle=False) as arrays:
            about = json.loads(str(arrays["about"]))
            vectors = [_check_vector(arrays[name]) for name in VECTOR_NAMES]
            window, losses = _check_window(arrays["window"]), _check_losses(arrays["losses"])
        if about["format"] != FORMAT:
            raise ValueError(f"its format is {about['format']!r}, not {FORMAT}")
        framed = _make_framed(vectors, window, about)
        return PlaneFile(framed, dict(about["landscape"]), str(about["label"]), losses)
    except FileNotFoundError:
        why = "which does not exist"
    except OSError as error:
        why = f"which cannot be read ({error.strerror})"
    except (ValueError, KeyError, TypeError, zipfile.BadZipFile, RecursionError, EOFError) as error:
        why = f"which is none ({error})"
    raise LandscapeError(
        f"plane must be a file that `searchparty landscape` wrote, got {named}, {why}. Name one of its planes/*.npz."
    )


def _check_vector(found: Any) -> Array:
    if found.ndim != 1 or not 1 <= len(found) <= MOST_AXES or found.dtype.kind != "f" or not np.isfinite(found).all():
        raise ValueError("a vector is no list of finite numbers")
    return np.asarray(found, dtype=float)


def _check_window(found: Any) -> Window:
    left, right, bottom, top = (float(edge) for edge in found)
    if not (np.isfinite([left, right, bottom, top]).all() and left < right and bottom < top):
        raise ValueError("its window has no area")
    return left, right, bottom, top


def _check_losses(found: Any) -> Array:
    if found.ndim != 2 or found.dtype.kind != "f" or not 2 <= len(found) == found.shape[1] <= MOST_SIDE:
        raise ValueError(f"its losses are no square of at most {MOST_SIDE} numbers a side")
    return np.asarray(found, dtype=float)


def _make_framed(vectors: list[Array], window: Window, about: dict[str, Any]) -> FramedPlane:
    origin, first, second = vectors
    if not len(origin) == len(first) == len(second):
        raise ValueError("its vectors differ in length")
    products = np.array([first @ first - 1.0, second @ second - 1.0, first @ second])
    if (np.abs(products) > STRAIGHTNESS).any():
        raise ValueError("its directions are not orthogonal and of length 1")
    one, other = (str(name) for name in about["names"])
    scale = float(about["scale"])
    if not 0 <= scale < np.inf:
        raise ValueError("its scale is no length")
    return FramedPlane(Plane(origin, first, second), window, scale, (one, other), str(about["text"]))
