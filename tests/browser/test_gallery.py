"""The gallery of questions: thumbnails that move, questions that open, answers in the end, and what is shown beside."""

import pytest
from sights import ended, until

from searchparty.experiments.studio.plays.questions import load_questions

pytestmark = pytest.mark.extras
PIXELS = """() => [...document.querySelectorAll('.thumbnail canvas')].map((canvas) => canvas.toDataURL().length
  + ' ' + canvas.toDataURL().slice(-4000))"""


def titled(name):
    return next(question for question in load_questions() if question["id"] == name)


def choose(page, name):
    page.click(".all-questions")
    page.locator(".question-card", has_text=titled(name)["title"]).click()
    assert page.locator(".gallery").is_hidden()
    until(page, "document.querySelector('#playground .question').textContent === argument", titled(name)["question"])
    until(page, "!document.querySelector('#playground .replay').classList.contains('veiled')", seconds=30.0)


def test_each_question_has_a_thumbnail_that_moves(studio, opened):
    page = opened()
    page.goto(studio.address)
    page.click(".all-questions")
    until(page, "document.querySelectorAll('.thumbnail canvas').length === argument", len(load_questions()))
    before = page.evaluate(PIXELS)
    page.wait_for_timeout(700)
    moved = [one != other for one, other in zip(before, page.evaluate(PIXELS), strict=True)]
    # A picture rests at its end for a while.
    assert sum(moved) >= len(moved) / 2
    page.keyboard.press("Escape")
    assert page.locator(".gallery").is_hidden()


def test_thumbnails_rest_where_motion_is_unwanted(studio, opened):
    page = opened(reduced_motion="reduce")
    page.goto(studio.address)
    page.click(".all-questions")
    until(page, "document.querySelectorAll('.thumbnail canvas').length === argument", len(load_questions()))
    before = page.evaluate(PIXELS)
    page.wait_for_timeout(300)
    assert page.evaluate(PIXELS) == before


def test_a_question_ends_in_its_answer(studio, opened):
    page = opened()
    page.goto(studio.address)
    choose(page, "radius")
    assert page.is_hidden("#playground .answer")
    ended(page, "playground")
    assert page.inner_text("#playground .answer").endswith(titled("radius")["answer"])
    # It is no answer to other settings.
    page.locator("#playground [name=seed]").first.press("ArrowRight")
    until(page, "document.querySelector('#playground .answer').hidden")
    ended(page, "playground")
    assert page.is_hidden("#playground .answer")


def test_the_front_fills_as_one_plays(studio, opened):
    page = opened()
    page.goto(studio.address)
    choose(page, "compute")
    ended(page, "playground")
    circles = "document.querySelectorAll('.extra circle').length"
    first = until(page, circles)
    assert "Gradient descent" in page.inner_text("section[aria-label='Accuracy against compute']")
    page.locator("#playground [name=seed]").first.press("ArrowRight")
    until(page, "!document.querySelector('#playground .replay').classList.contains('veiled')", seconds=30.0)
    ended(page, "playground")
    until(page, f"{circles} > argument", first)
