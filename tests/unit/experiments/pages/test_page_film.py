"""Films in the look of the studio: by Chromium, and drawn as always without it."""

import itertools

import numpy as np
import pytest
from PIL import Image

from searchparty.experiments.api import run
from searchparty.experiments.pages import page_film
from searchparty.experiments.pages.page_film import FilmShape, FilmUnavailable, film_page, find_chromium, write_film
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
def test_with_a_chromium_that_fails_the_command_draws_as_always(results, command, tmp_path, monkeypatch):
    pytest.importorskip("playwright")
    program = tmp_path / "chromium"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    size = ("--seconds", "2", "--fps", "2", "--width", "240")
    found = command("animate", str(results.path), "--look", "studio", "--out", "a.gif", *size, cwd=tmp_path)
    assert found.returncode == 0, found.stderr
    (line,) = found.stderr.strip().splitlines()
    assert line.startswith("Chromium failed: ")
    assert line.endswith(". So it is drawn as figures are.")
    assert (tmp_path / "a.gif").exists()


@pytest.fixture
def chromium():
    try:
        find_chromium()
    except FilmUnavailable as error:
        pytest.skip(str(error))


@pytest.mark.extras
@pytest.mark.parametrize(
    ("fault", "words"),
    [("for (;;) ;", "Chromium drew no picture within 2 s."), ("throw new Error('Lost.')", "Chromium failed: .*Lost")],
    ids=["hangs", "fails"],
)
def test_a_page_that_hangs_or_fails_is_given_up(results, chromium, monkeypatch, fault, words):
    # The page's clock stops at the second picture.
    late = f"if (now > 9000) {{ {fault} }} now += 1000 * seconds;"
    monkeypatch.setattr(page_film, "CLOCK_SCRIPT", page_film.CLOCK_SCRIPT.replace("now += 1000 * seconds;", late))
    monkeypatch.setattr(page_film, "PICTURE_SECONDS", 2.0)
    pictures = film_page(results.replay(), FilmShape(240, 136, fps=1.0, seconds=2.0))
    with pytest.raises(FilmUnavailable, match=words):
        list(pictures)


@pytest.mark.extras
def test_a_film_has_its_pictures(results, chromium, tmp_path):
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
