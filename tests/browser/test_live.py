"""A run that the studio works while pages watch it, leave, or never read; and the end of the studio."""

import socket
import time
from urllib.parse import urlsplit

import prepared
import pytest
import sights
import studios
from accounts_of import accounts_of
from sights import until

pytestmark = pytest.mark.extras

BUDGET = 420
SLOW = f"""
name: slow
seed: 1
budget: {BUDGET}
landscapes: [{{kind: python, function: "ends.py:slow", bounds: [[-1, 1], [-1, 1]]}}]
strategies: {{team: {{agents: [grid, random-restart], policy: {{lease: 20}}}}}}
executor: simulated
"""
LONGEST = 60.0
"""Seconds within which the rest of the run is worked, whoever watches; without viewers it takes two."""


@pytest.fixture(scope="module")
def live(browser, tmp_path_factory):
    folder = tmp_path_factory.mktemp("live")
    (folder / "ends.py").write_text(prepared.FUNCTIONS)
    leave(folder, 120)
    (folder / "slow.yaml").write_text(SLOW)
    with studios.studio_in(folder, "slow.yaml") as studio:
        yield studio


def leave(folder, evaluations):
    """Let the run continue to this many evaluations."""
    (folder / "new").write_text(str(evaluations))
    (folder / "new").replace(folder / "leave")


def points(page):
    return sights.stages(page, "watch")[0]["head"]


def length(page):
    return sights.at(page, "watch")[1]


def following(page):
    return page.get_attribute("#watch .live", "aria-pressed") == "true"


def test_a_run_is_watched_while_it_goes_on(live, opened, troubles):
    page, other = opened(), opened()
    page.goto(f"{live.address}#look=contour")
    until(page, "Number(document.querySelector('#watch .view')?.dataset.head) >= 100")
    other.goto(live.address)
    assert sights.part(page) == "watch"
    assert sights.stages(page, "watch")[0]["badge"] == "running"
    assert following(page)
    shown, said = points(page), page.locator("#watch [aria-label^=Decisions] li").count()
    stall(live)
    leave(live.folder, 200)
    until(page, "Number(document.querySelector('#watch .view').dataset.head) > argument", max(shown, 180))
    assert page.locator("#watch [aria-label^=Decisions] li").count() > said
    assert sights.at(page, "watch")[0] == length(page)
    # A viewer who looks back stays there while the run continues.
    sights.scrub(page, "watch", 30)
    assert not following(page)
    leave(live.folder, 280)
    until(page, "Number(document.querySelector('#watch .scrub').max) > 260")
    assert sights.at(page, "watch")[0] == 30
    page.click("#watch .live")
    assert following(page)
    assert sights.at(page, "watch")[0] == length(page)
    sights.scrub(page, "watch", 40)
    # Two viewers watch the same run; one of them leaves.
    until(other, "Number(document.querySelector('#watch .view')?.dataset.head) > 260")
    other.close()
    begun = time.monotonic()
    leave(live.folder, BUDGET)
    until(page, "document.querySelector('#watch .badge').dataset.state === 'done'", seconds=LONGEST)
    assert time.monotonic() - begun < LONGEST
    # A viewer who looks at an earlier moment stays there when the run ends, too.
    assert sights.at(page, "watch") == (40, BUDGET)
    assert not sights.playing(page, "watch")
    (stage,) = sights.ended(page, "watch")
    account = accounts_of(next(live.results.iterdir()))["team on slow D=2"]
    assert stage["drawn"] == account.head(BUDGET) == BUDGET
    assert stage["numbers"] == account.numbers(BUDGET)
    assert page.is_hidden("#watch .live")


def stall(live):
    """Request the whole film again and again, and never read an answer."""
    server = urlsplit(live.address)
    (run,) = accounts_of(next(live.results.iterdir())).values()
    path = f"/api/results/{next(live.results.iterdir()).name}/runs/{run.run.id}/film"
    for _ in range(3):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect((server.hostname, server.port))
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {server.netloc}\r\n\r\n".encode() * 8)
        STALLED.append(connection)


STALLED: list[socket.socket] = []


def test_the_end_of_the_studio_is_said_in_words(live, opened, troubles):
    page, playing = opened(), opened()
    for each, part in ((page, "watch"), (playing, "playground")):
        sights.visit(each, live.address, view=part, look="contour", at=0)
        until(each, "document.querySelector(`#${argument} .view`)?.dataset.drawn", part)
    for connection in STALLED:
        connection.close()
    live.end()
    words = "The studio no longer responds: its server has ended. Start it again with `searchparty studio`."
    playing.click("#playground .settings > summary")
    playing.locator("#playground [name=seed]").press("ArrowRight")
    until(playing, "document.querySelector('#playground .problems p')?.textContent === argument", words)
    until(page, "document.querySelector('#watch .note').textContent === argument", words)
    assert page.is_visible("#watch .note")
    # What was shown remains, and can be scrubbed.
    sights.scrub(page, "watch", 100)
    assert sights.drawn(page, "watch")[0]["head"] == 100
    for each in (page, playing):
        each.close()
    assert troubles
    assert all("ERR_CONNECTION" in trouble for trouble in troubles)
    troubles.clear()
