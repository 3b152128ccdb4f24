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
    page.set_default_timeout(60_000)
    page.locator(".all-questions").dispatch_event("click")
    page.locator(".question-card", has_text=titled(name)["title"]).first.dispatch_event("click")
    assert page.locator(".gallery").is_hidden()
    until(page, "document.querySelector('#playground .question').textContent === argument", titled(name)["question"])
    until(page, "!document.querySelector('#playground .replay').classList.contains('veiled')")


def test_each_question_has_a_thumbnail_that_moves(studio, opened):
    page = opened()
    page.goto(studio.address)
    page.locator(".all-questions").dispatch_event("click")
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
    page.locator(".all-questions").dispatch_event("click")
    until(page, "document.querySelectorAll('.thumbnail canvas').length === argument", len(load_questions()))
    before = page.evaluate(PIXELS)
    page.wait_for_timeout(300)
    assert page.evaluate(PIXELS) == before


def test_a_question_ends_in_its_answer(studio, opened):
    page = opened()
    page.goto(studio.address)
    choose(page, "radius")
    ended(page, "playground")
    answer = titled("radius")["answer"]
    assert page.inner_text("#playground .verdict .reason").startswith(answer.split(". ")[0] + ".")
    assert answer in page.text_content("#playground .verdict details")
    # It is no answer to other settings.
    page.locator("#playground [name=seed]").first.evaluate(
        "(slider) => { slider.value = '7'; slider.dispatchEvent(new Event('change', { bubbles: true })); }"
    )
    until(page, "!document.querySelector('#playground .verdict').textContent.includes(argument)", answer)
    ended(page, "playground")
    assert answer not in page.text_content("#playground .verdict")


def test_the_front_fills_as_one_plays(studio, opened):
    page = opened()
    page.goto(studio.address)
    choose(page, "compute")
    ended(page, "playground")
    circles = "document.querySelectorAll('.extra circle').length"
    first = until(page, circles)
    assert "Gradient descent" in page.inner_text("section[aria-label='Accuracy against compute']")
    page.locator("#playground [name=seed]").first.evaluate(
        "(slider) => { slider.value = '7'; slider.dispatchEvent(new Event('change', { bubbles: true })); }"
    )
    until(page, "!document.querySelector('#playground .replay').classList.contains('veiled')")
    ended(page, "playground")
    until(page, f"{circles} > argument", first)


@pytest.mark.parametrize("form", ["wide", "square"])
def test_the_scene_is_recorded(studio, opened, form):
    page = opened()
    # It takes all that a machine without a GPU has.
    page.set_default_timeout(90_000)
    page.goto(studio.address)
    choose(page, "stuck")
    with page.expect_download(timeout=90_000) as waited:
        page.locator(f"#playground [data-form={form}]").dispatch_event("click")
        assert page.locator("#playground .scene").get_attribute("data-recording") == form
        # The page is busy with drawing and coding: it takes until something is recorded.
        until(page, "document.querySelector('#playground .scene').dataset.recorded > 30")
        page.locator("#playground .stop-recording").dispatch_event("click")
    path = waited.value.path()
    assert waited.value.suggested_filename.startswith("searchparty-line-searched-steps-and-long-fixed-steps.")
    content = path.read_bytes()
    # The marks of WebM and of MP4.
    assert content[:4] == b"\x1a\x45\xdf\xa3" or content[4:8] == b"ftyp"
    assert len(content) > 20_000
    until(page, "!document.querySelector('#playground .scene').dataset.recording")


def test_the_true_runs_stand_beside_the_networks_plane_and_no_other(studio, opened):
    page = opened()
    page.goto(studio.address)
    choose(page, "network")
    until(page, "document.querySelectorAll('section[aria-label=\"The true runs\"] svg[role=img]').length === 2")
    said = page.inner_text("section[aria-label='The true runs']")
    # Of each run its farthest point, and the loss of its best point, through which the plane goes.
    assert "adam#0: 9.2" in said
    assert "0.01094 (on the plane below it 0.01094)" in said
    choose(page, "stuck")
    until(page, "!document.querySelector('section[aria-label=\"The true runs\"]')")
