"""Films in the look of the studio: by Chromium, and drawn as always without it."""

import itertools

import numpy as np
import pytest
from PIL import Image

from searchparty.experiments.api import run
from searchparty.experiments.pages import page_film
from searchparty.experiments.pages.page_film import FilmShape, FilmUnavailable, find_chromium, write_film
from searchparty.experiments.spec.load import Experiment


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    data = {
        "name": "films", "seed": 1, "budget": 60, "landscapes": [{"kind": "rastrigin", "dimension": 2}],
        "strategies": {"party": {"agents": ["grid", "random"]}}, "executor": "simulated",
    }  # fmt: skip
    return run(Experiment.from_data(data), out=tmp_path_factory.mktemp("films") / "r", report=False)


def test_without_chromium_it_is_told_what_is_missing(monkeypatch):
    monkeypatch.setattr(page_film.shutil, "which", lambda _: None)
    with pytest.raises(FilmUnavailable, match="needs Chromium on the PATH"):
        find_chromium()
    monkeypatch.setattr(page_film.shutil, "which", lambda name: f"/bin/{name}")
    monkeypatch.setattr(page_film, "find_spec", lambda _: None)
    with pytest.raises(FilmUnavailable, match=r"needs the extra films \(pip install"):
        find_chromium()


def test_without_chromium_the_command_draws_as_always(results, command, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    size = ("--seconds", "2", "--fps", "2", "--width", "240")
    found = command("animate", str(results.path), "--look", "studio", "--out", "a.gif", *size, cwd=tmp_path)
    assert found.returncode == 0, found.stderr
    assert "needs Chromium on the PATH. So it is drawn as figures are." in found.stderr.replace("\n", " ")
    assert (tmp_path / "a.gif").exists()


@pytest.mark.extras
def test_a_film_has_its_pictures(results, tmp_path):
    try:
        find_chromium()
    except FilmUnavailable as error:
        pytest.skip(str(error))
    shape = FilmShape(480, 270, fps=2.0, seconds=3.0, hold=1.0)
    paths = [tmp_path / "film.webp", tmp_path / "film.gif"]
    assert write_film(results.replay(), paths, shape) == 7
    with Image.open(paths[0]) as film:
        assert film.size == (480, 270)
        pictures = []
        for number in range(film.n_frames):
            film.seek(number)
            pictures.append(np.asarray(film.convert("RGB")).astype(int))
    assert len(pictures) >= 4
    # Something moves, and nothing is blank.
    assert all(np.abs(a - b).max() > 30 for a, b in itertools.pairwise(pictures))
    assert all(picture.std() > 10 for picture in pictures)
    assert paths[1].stat().st_size > 1000
