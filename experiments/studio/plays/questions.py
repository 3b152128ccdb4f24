"""The questions of the studio's gallery: each compares two settings, claims how they end, and says why."""

from __future__ import annotations

import functools
import json
from importlib.resources import files
from typing import Any

from .offer import offered_classes

QUESTIONS_FILE = "questions.json"
TRUE_RUNS_FILE = "true_runs.json"
LOOPS_FILE = "loops.json"


@functools.cache
def read_all_questions() -> tuple[dict[str, Any], ...]:
    """Return all questions as plain data, in the order in which the gallery shows them; do not change them."""
    return tuple(_read_json(QUESTIONS_FILE)["questions"])


def load_questions() -> list[dict[str, Any]]:
    """Return the questions whose landscapes are offered: one needs packages that may not be installed."""
    offered = offered_classes("landscape")
    return [question for question in read_all_questions() if question["common"]["landscape"]["kind"] in offered]


def side_settings(question: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the whole settings of each side of a question, as the page sends them."""
    return [{**question["common"], "lease": None, **side["settings"]} for side in question["sides"]]


def question_settings() -> list[dict[str, Any]]:
    """Return the settings of all sides of the questions that are offered, in order."""
    return [settings for question in load_questions() for settings in side_settings(question)]


def read_true_runs() -> Any:
    """Return the runs of a network through which the bundled plane was laid: where they lay above it, and how far."""
    return _read_json(TRUE_RUNS_FILE)


def read_loops() -> Any:
    """Return the moving thumbnails of the questions by their ids; ``films/loop.py`` makes them."""
    return _read_json(LOOPS_FILE)


def _read_json(name: str) -> Any:
    return json.loads(files(__package__).joinpath(name).read_text(encoding="utf-8"))
