"""Branching in the playground: another setting from a moment on, beside the original, as the command does it."""

import json
import time

import pytest
import sights
from sights import until

from searchparty import Results, run
from searchparty.experiments.execution.plan import make_plan
from searchparty.experiments.execution.session import resume_session
from searchparty.experiments.spec.load import loads_yaml
from searchparty.experiments.studies.branch import begin_branch, plan_branch

pytestmark = pytest.mark.extras

ASKED = {
    "common": {
        "landscape": {"kind": "rastrigin", "dimension": 2, "shift": "random", "instance": 1},
        "budget": 300,
        "seed": 3,
    },
    "sides": [
        {"name": "Team", "settings": {"grid_size": 5, "shrink": 0.5, "policy": "composed", "kinds": ["grid", "random"],
                                      "agents": 2, "radius": 0.5, "sharing": "broadcast", "lease": 20,
                                      "budget_policy": "equal", "radius_policy": "shrink"}},
    ],
}  # fmt: skip
AT = 150


@pytest.fixture
def page(studio, opened):
    page = opened(viewport={"width": 1280, "height": 720})
    sights.visit(page, studio.address, view="playground", play=json.dumps(ASKED), look="contour", at=0)
    until(page, "document.querySelectorAll('.yaml pre').length === 1")
    sights.ended(page, "playground")
    return page


def say(page):
    return page.text_content(".branch-problem")


def test_a_run_is_branched_by_keyboard_and_goes_on_beside_the_original(page, tmp_path):
    sights.scrub(page, "playground", AT)
    page.focus(".branch > summary")
    page.keyboard.press("Enter")
    until(page, "document.activeElement.name === 'radius_policy'")
    assert f"From evaluation {AT} on" in page.text_content(".branch-moment")
    assert page.get_by_role("form", name="Another setting from here on").is_visible()
    page.select_option(".branch [name=radius_policy]", "fixed")
    page.focus(".branch [type=submit]")
    page.keyboard.press("Enter")
    until(page, "document.querySelectorAll('.yaml pre').length === 2", seconds=60)
    # It is played from there, not from the beginning.
    until(page, "document.querySelectorAll('#playground .stage').length === 2", seconds=60)
    assert sights.at(page, "playground")[0] >= AT
    ends = sights.ended(page, "playground")
    assert [each["title"] for each in ends] == ["Team", f"From {AT}: radius fixed"]
    assert page.inner_text("#playground .reason").startswith(f"Until evaluation {AT}, both are one run.")
    # The same is found by the command.
    original, branch = sights.yamls(page)
    assert f"--at {AT} --set 'policy.radius=\"fixed\"'" in branch
    run(loads_yaml(original), out=tmp_path / "original", report=False)
    planned = plan_branch(tmp_path / "original", "team", AT, ["policy.radius=fixed"])
    directory = begin_branch(planned, tmp_path / "branch")
    resume_session(make_plan(planned.plan.experiment), directory, None, False, None, lambda _: None)
    found = {each.strategy != "team": each.final for each in Results(directory).runs}
    for stage, final in zip(ends, (found[False], found[True]), strict=True):
        assert stage["numbers"].startswith(f"Best loss {sights.number(final)} ")
    # Until then, both are one run.
    sights.scrub(page, "playground", AT - 20)
    first, second = sights.drawn(page, "playground")
    assert first["numbers"] == second["numbers"]
    # Its address shows it again, and its form changes it.
    page.reload()
    until(page, "document.querySelectorAll('.yaml pre').length === 2", seconds=60)
    assert [each["title"] for each in sights.ended(page, "playground")][1] == f"From {AT}: radius fixed"
    page.select_option("#playground .quick-row [name=sharing]", "none")
    until(page, "document.querySelectorAll('#playground .stage-title')[1].textContent.includes('sharing none')")


def test_what_cannot_be_branched_is_said_and_nothing_changes(page):
    sights.scrub(page, "playground", AT)
    page.click(".branch > summary")
    page.click(".branch [type=submit]")
    assert say(page) == "These are the settings of the run itself: change one of them."
    page.select_option(".branch [name=radius_policy]", "fixed")
    assert say(page) == ""
    sights.scrub(page, "playground", 300)
    page.click(".branch [type=submit]")
    assert "nothing is decided any more: go to an earlier moment" in say(page)
    sights.scrub(page, "playground", 0)
    page.click(".branch [type=submit]")
    assert say(page) == "Nothing has been found yet at the beginning: go to a later moment."
    assert page.get_attribute(".branch-problem", "role") == "alert"
    page.keyboard.press("Escape")
    assert page.evaluate("() => document.activeElement.textContent") == "Branch"
    assert page.evaluate("() => document.querySelectorAll('#playground .stage').length") == 1
    assert len(sights.yamls(page)) == 1


@pytest.fixture
def branched(page):
    """Return a function that asks for a branch, which is first answered by these, each (status, words)."""

    def branch(answers):
        asked = []

        def answer(route):
            if "from" not in (route.request.post_data_json or {}) or len(asked) >= len(answers):
                return route.continue_()
            status, words = answers[len(asked)]
            asked.append(time.monotonic())
            return route.fulfill(status=status, json={"errors": [words]})

        page.route("**/api/plays", answer)
        sights.scrub(page, "playground", AT)
        page.click(".branch > summary")
        page.select_option(".branch [name=radius_policy]", "fixed")
        page.click(".branch [type=submit]")
        return asked

    return branch


def test_a_branch_waits_for_its_original_and_longer_for_a_full_queue(page, branched, troubles):
    asked = branched([(409, "The run is still being worked."), (429, "Full."), (429, "Full.")])
    until(page, "document.querySelectorAll('.yaml pre').length === 2", seconds=60)
    assert len(asked) == 3
    # The page's timers never fire early.
    assert asked[2] - asked[1] > 1.3
    assert page.is_hidden("#playground .problems")
    troubles[:] = [each for each in troubles if "status of 4" not in each]


def test_after_a_refusal_a_preset_plays_from_its_beginning(page, branched, troubles):
    branched([(422, "The moment must be another one.")])
    until(page, "document.querySelector('#playground .problems').textContent.includes('must be another one')")
    # What the slider shows as long as the page is visible; the player moves it only in frames.
    page.evaluate("""() => {
      const scrub = document.querySelector('#playground .scrub');
      window.shown = [];
      const note = () => { window.shown.push(Number(scrub.value)); requestAnimationFrame(note); };
      note();
    }""")
    page.click("text=The radius")
    until(page, "document.querySelectorAll('#playground .stage').length === 2")
    until(page, f"window.shown.at(-1) !== {AT}")
    assert page.evaluate("() => Math.min(...window.shown)") < AT
    troubles[:] = [each for each in troubles if "status of 422" not in each]
