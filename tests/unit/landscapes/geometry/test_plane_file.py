"""Files of planes: what was written is read, and what is none is refused in words."""

import json

import numpy as np
import pytest

from searchparty.landscapes.geometry.framed_plane import FramedPlane
from searchparty.landscapes.geometry.plane_file import PlaneFile, read_plane, write_plane
from searchparty.landscapes.landscape import LandscapeError
from searchparty.landscapes.planes import Plane

PLANE = Plane(np.array([0.5, 0.25, 0.75]), np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.6, 0.8]))
CONTENT = PlaneFile(
    FramedPlane(PLANE, (-0.5, 0.25, -0.1, 0.1), 6.0, ("one", "two"), "a plane"),
    {"kind": "sphere"},
    "sphere D=3",
    np.array([[1.0, np.nan], [2.0, 3.0]]),
)


def rewrite(path, **changes):
    """Write the file with other arrays; None leaves one out."""
    with np.load(path) as arrays:
        content = dict(arrays)
    content |= changes
    np.savez(path, **{name: array for name, array in content.items() if array is not None})


def about(path, **changes):
    with np.load(path) as arrays:
        found = json.loads(str(arrays["about"]))
    return np.array(json.dumps(found | changes))


def test_what_was_written_is_read(tmp_path):
    path = tmp_path / "pca.npz"
    write_plane(path, CONTENT)
    found = read_plane(path, "pca.npz")
    assert found.landscape == CONTENT.landscape
    assert found.label == "sphere D=3"
    assert (found.framed.window, found.framed.scale, found.framed.names, found.framed.text) == (
        (-0.5, 0.25, -0.1, 0.1), 6.0, ("one", "two"), "a plane",
    )  # fmt: skip
    for name in ("origin", "first", "second"):
        np.testing.assert_array_equal(getattr(found.framed.plane, name), getattr(PLANE, name))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"origin": None}, "origin"),
        ({"origin": np.array([0.5, np.nan, 0.5])}, "no list of finite numbers"),
        ({"origin": np.array(["a", "b", "c"])}, "no list of finite numbers"),
        ({"first": np.array([1.0, 0.0])}, "differ in length"),
        ({"first": np.array([0.0, 0.6, 0.8])}, "not orthogonal"),
        ({"window": np.array([0.5, 0.5, 0.0, 1.0])}, "no area"),
        ({"losses": np.ones((2, 3))}, "no square"),
        ({"losses": np.ones(4)}, "no square"),
        ({"losses": None}, "losses"),
        ({"window": np.array([0.0, 1.0])}, "values to unpack"),
        ({"about": np.array("{")}, "which is none"),
        ({"about": np.array([{"format": 1}], dtype=object)}, "which is none"),
    ],
)
def test_what_is_no_plane_is_refused(tmp_path, changes, why):
    path = tmp_path / "x.npz"
    write_plane(path, CONTENT)
    rewrite(path, **changes)
    with pytest.raises(LandscapeError, match=f"plane must be a file that .* wrote, got planes/x.npz.*{why}"):
        read_plane(path, "planes/x.npz")


@pytest.mark.parametrize("changes", [{"format": 2}, {"scale": -1.0}, {"names": ["one"]}, {"landscape": 3}])
def test_what_another_version_wrote_is_refused(tmp_path, changes):
    path = tmp_path / "x.npz"
    write_plane(path, CONTENT)
    rewrite(path, about=about(path, **changes))
    with pytest.raises(LandscapeError, match="plane must be a file"):
        read_plane(path, "x.npz")


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04nothing", b"text"])
def test_what_is_no_archive_is_refused(tmp_path, content):
    path = tmp_path / "x.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(LandscapeError, match="does not exist" if content is None else "plane must be a file"):
        read_plane(path, "x.npz")
