"""Replays that are scrubbed, played and stepped through; what is drawn is compared with the log."""

import re

import numpy as np
import pytest
import sights
from accounts_of import accounts_of
from sights import until

from searchparty.experiments.results.pictures.view_plane import SampledPoints, choose_plane
from searchparty.orchestrator.log.reader import LogReader

pytestmark = pytest.mark.extras

SPENT = re.compile(r"^([\d,]+) evaluations")


@pytest.fixture(scope="module")
def page(studio, opened):
    return opened(permissions=["clipboard-read", "clipboard-write"])


@pytest.fixture(scope="module")
def accounts(studio):
    return {name: accounts_of(studio.results / name) for name in ("pair", "ten", "crowd", "ends", "cut", "tuned")}


def show(page, studio, results, account=None, **state):
    """Replay a run in the contour view, at a moment."""
    run = None if account is None else account.run.id
    sights.visit(page, studio.address, view="watch", results=results, run=run, **{"look": "contour", "at": 1} | state)
    until(page, "document.querySelector('#watch .view')?.dataset.head")


def spent(stage):
    return [int(SPENT.match(line)[1].replace(",", "")) for line in stage["agents"]]


def listed(page, kind, stage=0):
    return page.evaluate(
        """([kind, i]) => [...document.querySelectorAll(`#watch .event-log`)[i]
            .querySelectorAll(`[aria-label^="${kind}"] li`)].map((li) => li.lastChild.textContent)""",
        [kind, stage],
    )


def compare(page, accounts, evaluations):
    """Scrub to a moment, and check that everything that is said and drawn agrees with the logs."""
    sights.scrub(page, "watch", evaluations)
    heads = [account.head(evaluations) for account in accounts]
    expected = [account.drawn(evaluations) for account in accounts]
    until(
        page,
        """argument.every((n, i) => document.querySelectorAll("#watch .view")[i].dataset.drawn === String(n))""",
        expected,
    )
    for i, (account, stage) in enumerate(zip(accounts, sights.stages(page, "watch"), strict=True)):
        assert stage["head"] == heads[i]
        assert stage["numbers"] == account.numbers(evaluations)
        assert spent(stage) == account.spent(evaluations)[: len(stage["agents"])]
        assert listed(page, "Decisions", i) == account.decisions(evaluations)


def test_a_scrubbed_replay_shows_what_the_log_says(page, studio, accounts):
    alone, party = accounts["pair"].values()
    show(page, studio, "pair", alone, beside=party.run.id)
    assert [stage["title"] for stage in sights.stages(page, "watch")] == list(accounts["pair"])
    for evaluations in (0, 1, 3, 25, 26, 141, 360, 77):
        compare(page, [alone, party], evaluations)


def test_the_slider_is_dragged(page, studio, accounts):
    show(page, studio, "pair", accounts["pair"]["party on rastrigin D=2 shifted"], at=0)
    sights.drag(page, page.locator("#watch .scrub"), 0.0, 0.5)
    assert sights.at(page, "watch")[0] == pytest.approx(180, abs=12)
    compare(page, [accounts["pair"]["party on rastrigin D=2 shifted"]], sights.at(page, "watch")[0])


def test_the_scene_draws_as_many_points(page, studio, accounts):
    party = accounts["pair"]["party on rastrigin D=2 shifted"]
    show(page, studio, "pair", party, look="3d")
    for evaluations in (360, 60):
        compare(page, [party], evaluations)


def test_steps_by_evaluation_and_by_decision(page, studio, accounts):
    party = accounts["pair"]["party on rastrigin D=2 shifted"]
    show(page, studio, "pair", party, at=100)
    press = page.keyboard.press
    press(".")
    assert sights.at(page, "watch") == (101, 360)
    press(",")
    press(",")
    assert sights.at(page, "watch") == (99, 360)
    press("End")
    assert sights.at(page, "watch")[0] == 360
    press("Home")
    assert sights.at(page, "watch")[0] == 0
    begun = sorted({turn.begins for turn in party.replay.turns})
    moments = [party.replay.spent_at(shown) for shown in begun]
    for moment in moments[1:4]:
        page.click("#watch [data-do=next-decision]")
        assert sights.at(page, "watch")[0] == moment
    press("]")
    assert sights.at(page, "watch")[0] == moments[4]
    press("[")
    assert sights.at(page, "watch")[0] == moments[3]
    page.click("#watch [data-do=on]")
    assert sights.at(page, "watch")[0] == moments[3] + 1
    page.click("#watch [data-do=back]")
    page.click("#watch [data-do=previous-decision]")
    assert sights.at(page, "watch")[0] == moments[2]
    # Clicking a decision in the list goes to its moment.
    press("End")
    page.click("#watch [aria-label^=Decisions] li:last-child button")
    assert sights.at(page, "watch")[0] == 0


def test_play_pause_and_speed(page, studio, accounts):
    party = accounts["pair"]["party on rastrigin D=2 shifted"]
    show(page, studio, "pair", party, at=0)
    page.select_option("#watch .speed", "0.1")
    page.keyboard.press("Space")
    assert sights.playing(page, "watch")
    assert page.get_attribute("#watch [data-do=play]", "aria-label") == "Pause"
    until(page, "Number(document.querySelector('#watch .scrub').value) >= 1")
    page.click("#watch [data-do=play]")
    assert not sights.playing(page, "watch")
    paused = sights.at(page, "watch")[0]
    assert paused < 100
    page.select_option("#watch .speed", "8")
    sights.scrub(page, "watch", 250)
    page.click("#watch [data-do=play]")
    until(page, "document.querySelector('#watch .scrub').value === '360'")
    until(page, "document.querySelector('#watch [data-do=play]').dataset.playing === 'false'")
    assert "Why it ended this way" in page.text_content("#watch .verdict")
    # At the end, playback restarts from the beginning, and scrubbing stops it.
    page.select_option("#watch .speed", "0.1")
    page.click("#watch [data-do=play]")
    assert sights.at(page, "watch")[0] < 360
    sights.scrub(page, "watch", 12)
    assert not sights.playing(page, "watch")
    assert sights.at(page, "watch")[0] == 12


def seen_on(account, spec):
    """Return the plane that the page shows, chosen by all points as they are in the log."""
    points, run = account.run.points, account.run
    return choose_plane(spec, run.space, SampledPoints(points.cube, points.losses, points.agent, run.team))


def choose(page, account, index, spec):
    """Click on a point of the contour, and return what the page says about the point there."""
    plane = seen_on(account, spec).plane
    u, v, _ = plane.project(account.point(index)["cube"][None])
    page.mouse.click(*sights.place(page, "watch", float(u[0]), float(v[0]), plane.extent))
    return page.text_content("#watch .detail")


def test_a_chosen_point_says_who_tried_it_and_why(page, studio, accounts):
    party = accounts["pair"]["party on rastrigin D=2 shifted"]
    show(page, studio, "pair", party, at=0)
    for index in (0, 7, 120):
        # The newest point is on top, but the nearest is selected.
        sights.scrub(page, "watch", party.replay.spent_at(index + 1))
        sights.drawn(page, "watch")
        said = choose(page, party, index, "axes:0:1")
        point = party.point(index)
        assert f"{point['agent']} tried this point: loss {sights.number(point['loss'])}" in said
        assert f"row {point['row']} of lease {point['lease']}," in said
        assert f"Why: {point['reason']}" in said
        for value, name in zip(party.run.space.to_box(point["cube"][None])[0], ("x1", "x2"), strict=True):
            assert f"{name} {sights.number(float(value))}" in said
    page.click("#watch .detail button")
    assert page.is_hidden("#watch .detail")


@pytest.mark.parametrize("spec", ["best", "pca", "axes:2:5"])
def test_planes_of_ten_dimensions(page, studio, accounts, spec):
    (party,) = accounts["ten"].values()
    if spec == "best":
        show(page, studio, "ten", party, at=party.run.evaluations)
    else:
        page.select_option("#watch .planes", spec)
        until(page, "decodeURIComponent(location.hash).includes(`plane=${argument}`)", spec)
    seen = seen_on(party, spec)
    until(page, "document.querySelector('#watch .plane-text').textContent.includes(argument)", seen.text)
    assert page.input_value("#watch .planes") == spec
    assert sights.drawn(page, "watch")[0]["drawn"] == len(party.replay.losses)
    index = int(party.replay.records[2])
    sights.scrub(page, "watch", party.replay.spent_at(index + 1))
    sights.drawn(page, "watch")
    said = choose(page, party, index, spec)
    distance = float(seen.plane.project(party.point(index)["cube"][None])[2][0])
    assert f"row {party.point(index)['row']} of lease {party.point(index)['lease']}," in said
    assert float(re.search(r"; (\S+) from the plane", said)[1]) == pytest.approx(distance, rel=1e-3, abs=1e-6)
    sights.scrub(page, "watch", party.run.evaluations)


def test_parameters_are_shown_by_their_names(page, studio, accounts):
    (tuned,) = accounts["tuned"].values()
    show(page, studio, "tuned", tuned, at=tuned.run.evaluations, plane="axes:0:2")
    planes = page.eval_on_selector_all("#watch .planes option", "all => all.map((each) => each.textContent)")
    assert planes[2:] == ["rate and depth", "rate and kernel", "depth and kernel"]
    until(page, "document.querySelector('#watch .plane-text').textContent.includes('coordinates rate and kernel')")

    def setting_of(index):
        rate, depth, kernel = tuned.run.space.to_box(tuned.point(index)["cube"][None])[0]
        return f"rate {sights.number(float(rate))}, depth {int(depth)}, kernel {('rbf', 'poly', 'linear')[int(kernel)]}"

    # Around the best points there are others, a pixel away: the most distant one can be clicked.
    places = tuned.replay.cube[:, [0, 2]]
    gaps = np.abs(places[:, None] - places[None]).max(axis=2)
    np.fill_diagonal(gaps, np.inf)
    alone = int(gaps.min(axis=1).argmax())
    assert f"{setting_of(alone)}; " in choose(page, tuned, alone, "axes:0:2")
    best = int(tuned.replay.records[-1])
    assert f"The best setting: {setting_of(best)}." in page.text_content("#watch .verdict")


def test_a_link_to_a_frame_shows_the_same_frame(page, studio, opened, accounts):
    (party,) = accounts["ten"].values()
    show(page, studio, "ten", party, at=0, plane="axes:0:1")
    sights.scrub(page, "watch", 123)
    page.click("#watch [data-do=link]")
    until(page, "document.querySelector('#watch .player [role=status]').textContent === 'Copied'")
    link = page.evaluate("() => navigator.clipboard.readText()")
    other = opened()
    other.goto(link)
    until(other, "document.querySelector('#watch .view')?.dataset.head")
    assert sights.at(other, "watch") == (123, 600)
    assert sights.stages(other, "watch")[0]["label"] == sights.stages(page, "watch")[0]["label"]
    assert other.input_value("#watch .planes") == "axes:0:1"


def test_a_crowd_of_hundreds(page, studio, accounts):
    (crowd,) = accounts["crowd"].values()
    show(page, studio, "crowd", crowd, at=1)
    for evaluations in (1500, 3000):
        sights.scrub(page, "watch", evaluations)
        (stage,) = sights.drawn(page, "watch")
        assert stage["drawn"] == crowd.head(evaluations)
        assert stage["numbers"] == crowd.numbers(evaluations)
    assert len(stage["agents"]) == 12
    assert "and 288 more" in page.text_content("#watch .agent-list")


def test_a_run_that_was_cut_off(page, studio, accounts):
    (cut,) = accounts["cut"].values()
    show(page, studio, "cut", cut, at=50)
    compare(page, [cut], 50)
    (stage,) = sights.stages(page, "watch")
    assert stage["badge"] == "interrupted"
    assert "(unfinished)" in page.text_content("#run option")
    assert page.is_hidden("#watch .live")


def test_a_run_without_a_finite_loss(page, studio, accounts):
    nowhere = accounts["ends"]["team on nowhere D=2"]
    show(page, studio, "ends", nowhere)
    for evaluations in (40, 120):
        compare(page, [nowhere], evaluations)
    assert sights.stages(page, "watch")[0]["numbers"] == "No finite loss yet; 120 evaluations failed"
    assert "No evaluation gave a finite loss." in page.text_content("#watch .verdict")


def test_a_run_that_failed_says_why_and_nothing_of_it_is_markup(page, studio, accounts):
    broken = accounts["ends"]["team on broken D=2"]
    show(page, studio, "ends", broken)
    compare(page, [broken], broken.run.evaluations)
    assert "too far <b>right</b>" in sights.stages(page, "watch")[0]["badge"]
    assert page.evaluate("() => document.querySelectorAll('#watch b').length") == 0


def test_results_and_runs_are_chosen_from_lists(page, studio, accounts):
    show(page, studio, "pair")
    page.select_option("#results", "ten")
    until(page, "document.querySelector('#watch .stage-title')?.textContent.includes('rosenbrock')")
    page.select_option("#results", "pair")
    until(page, "document.querySelector('#watch .stage-title')?.textContent.includes('rastrigin')")
    alone, party = accounts["pair"].values()
    page.select_option("#run", alone.run.id)
    page.select_option("#other-run", party.run.id)
    until(page, "document.querySelectorAll('#watch .stage').length === 2")
    sights.ended(page, "watch")
    assert [stage["numbers"] for stage in sights.stages(page, "watch")] == [alone.numbers(360), party.numbers(360)]
    page.select_option("#other-run", "")
    until(page, "document.querySelectorAll('#watch .stage').length === 1")


def read_charts(page):
    """Return the labels of the charts below the view, and what their legends name."""
    return page.evaluate(
        """() => [...document.querySelectorAll("#watch .curves .panel")].map((panel) => ({
            label: panel.querySelector("canvas").getAttribute("aria-label"),
            legend: [...panel.querySelectorAll(".legend span")].map((each) => each.textContent) }))"""
    )


def test_measures_follow_the_clock(page, studio):
    with LogReader(studio.results / "told") as reader:
        alone, team = reader.runs()
        measures = reader.measures(alone.id)
        # Leases of one agent, one after the other.
        ended = [event.finding for event in reader.events(alone.id) if hasattr(event, "finding")]
    sights.visit(page, studio.address, view="watch", results="told", run=alone.id, look="contour", at=1)
    until(page, "document.querySelector('#watch .view')?.dataset.head")
    best, leases = np.inf, []
    for finding in ended:
        if finding.best_loss < best:
            best, leases = finding.best_loss, [*leases, finding.lease]
    assert len(leases) > 2
    for lease in leases:
        at = 10 * (lease + 1)
        sights.scrub(page, "watch", at)
        _, losses, accuracies, *_ = read_charts(page)
        train, held_out = (float(f"{measures[lease][name]:.3g}") for name in ("train loss", "held-out loss"))
        told = re.fullmatch(
            rf"Loss of the best point over evaluations at {at}: train loss (\S+), held-out loss (\S+)", losses["label"]
        )
        assert [float(value) for value in told.groups()] == [train, held_out]
        assert accuracies["label"].startswith(f"Accuracy of the best point over evaluations at {at}: train accuracy 0.")
        assert losses["legend"] == ["train loss", "held-out loss"]
        assert accuracies["legend"] == ["train accuracy", "held-out accuracy"]
    sights.scrub(page, "watch", 5)
    assert read_charts(page)[1]["label"].endswith("train loss no value yet, held-out loss no value yet")
    sights.visit(
        page, studio.address, view="watch", results="told", run=alone.id, beside=team.id, look="contour", at=300
    )
    until(page, "document.querySelectorAll('#watch .curves .panel').length === 7")
    charts = read_charts(page)
    assert [chart["label"].partition(" of the")[0] for chart in charts[1:5]] == [
        "Train loss",
        "Train accuracy",
        "Held-out loss",
        "Held-out accuracy",
    ]
    assert all(chart["legend"] == ["alone on told", "team on told"] for chart in charts[1:5])


@pytest.mark.parametrize("width", [1440, 390])
def test_curves_of_measures_fit_the_page(studio, opened, width):
    page = opened(viewport={"width": width, "height": 900 if width > 400 else 844})
    with LogReader(studio.results / "told") as reader:
        run = reader.runs()[0]
    sights.visit(page, studio.address, view="watch", results="told", run=run.id, look="contour", at=300)
    until(page, "document.querySelectorAll('#watch .curves .panel').length === 5")
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    sizes = page.evaluate(
        """() => [...document.querySelectorAll("#watch .curves .panel")].map((panel) => {
            const [outer, legend] = [panel, panel.querySelector(".legend")].map((each) => each.getBoundingClientRect());
            const chart = panel.querySelector("canvas").clientWidth;
            return [chart, legend.right - outer.right, legend.bottom - outer.bottom];
        })"""
    )
    assert all(chart > 250 and beyond <= 0 and below <= 0 for chart, beyond, below in sizes)
