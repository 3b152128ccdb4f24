"""The moving thumbnails of the gallery: they are of the runs of their questions."""

import base64

import numpy as np
import pytest

from searchparty.experiments.api import run
from searchparty.experiments.studio.films.feed import Feed
from searchparty.experiments.studio.films.loop import MOST_LOOP_POINTS, make_loop, measure_heights
from searchparty.experiments.studio.plays.play import build_play_experiment, parse_play_settings
from searchparty.experiments.studio.plays.questions import read_all_questions, read_loops, side_settings
from searchparty.orchestrator.log.reader import LogReader

QUESTIONS = {question["id"]: question for question in read_all_questions()}
NEEDS_NETWORKS = [pytest.param(name, marks=pytest.mark.extras) if name == "network" else name for name in QUESTIONS]


def decoded(text):
    return np.frombuffer(base64.b64decode(text), dtype=np.uint8).astype(int)


def made(question, folder):
    for number, settings in enumerate(side_settings(question)):
        run(build_play_experiment(parse_play_settings(settings)), out=folder / str(number), report=False)
        with LogReader(folder / str(number)) as reader:
            (record,) = reader.runs()
        yield make_loop(Feed(folder / str(number), record.id).film())


@pytest.mark.parametrize("name", NEEDS_NETWORKS)
def test_a_thumbnail_is_of_the_runs_of_its_question(name, tmp_path):
    stored = read_loops()[name]
    assert len(stored) == 2
    for kept, loop in zip(stored, made(QUESTIONS[name], tmp_path), strict=True):
        assert kept["records"] == loop["records"]
        assert kept["agent"] == loop["agent"]
        for key in ("u", "v", "surface"):
            # Another machine may round a last digit to another byte.
            assert np.abs(decoded(kept.get(key, stored[0][key])) - decoded(loop[key])).max() <= 1, key
        assert len(decoded(kept["u"])) <= MOST_LOOP_POINTS + len(kept["records"]) + 1


def test_every_question_has_a_thumbnail():
    assert list(read_loops()) == list(QUESTIONS)


def test_heights_are_those_of_the_page():
    losses = np.array([[0.0, 1.0, 2.0], [4.0, 100.0, np.nan]])
    heights = measure_heights(losses, None)
    assert heights[0, 0] == 0.0
    assert heights[1, 1] == heights[1, 2] == 1.0
    assert heights[0, 1] == pytest.approx(np.arcsinh(1.0) / np.arcsinh(100.0))
    assert measure_heights(np.full((2, 2), 3.0), None).max() == 0.0
