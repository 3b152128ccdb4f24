"""The questions of the studio's gallery: each compares two settings, claims how they end, and says why."""

from __future__ import annotations

import functools
import json
from importlib.resources import files
from typing import Any

from .offer import offered_classes

QUESTIONS_FILE = "questions.json"


@functools.cache
def read_all_questions() -> tuple[dict[str, Any], ...]:
    """Return all questions as plain data, in the order in which the gallery shows them; do not change them."""
    text = files(__package__).joinpath(QUESTIONS_FILE).read_text(encoding="utf-8")
    return tuple(json.loads(text)["questions"])


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
