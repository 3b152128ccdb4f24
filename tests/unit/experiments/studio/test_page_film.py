"""The page's numbers compared with the log's: node folds the page's film, if node is installed."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from searchparty.agents.random_search import RandomSearch
from searchparty.experiments.api import run
from searchparty.experiments.results.accounts import leases_table
from searchparty.experiments.results.recorded_runs import RunData, read_runs
from searchparty.experiments.results.run_summary import read_summaries
from searchparty.experiments.spec.models import Experiment
from searchparty.experiments.studio.films.feed import Feed
from searchparty.experiments.studio.films.message import decode_film
from searchparty.orchestrator.log.reader import LogReader, LogUpdate

NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="the page's modules need node here")
PAGE = Path(__file__).parents[4] / "experiments" / "studio" / "page"
TELL = """
import fs from "node:fs";
const [page, ...paths] = process.argv.slice(2);
const { Film } = await import(`${page}/film/film.js`);
const { agentsAt, insightsAt, leasesByAgent } = await import(`${page}/film/moment.js`);
const read = (path) => Uint8Array.from(fs.readFileSync(path)).buffer;
const film = new Film(read(paths[0]));
for (const path of paths.slice(1)) film.append(read(path));
const at = (time) => film.headAt(film.evaluationsAtTime(time));
const seen = film.leases.filter(({ starts }) => starts <= film.timeAt(at(starts))).length;
const said = film.insights.filter(({ time }, i) => insightsAt(film, at(time)) > i).length;
const plain = (value) => JSON.parse(JSON.stringify(value, (_, v) => (ArrayBuffer.isView(v) ? [...v] : v)));
console.log(JSON.stringify({
  evaluations: film.evaluations, seen, said, insights: film.insights.length,
  agents: agentsAt(film, leasesByAgent(film), film.count).map(({ spent }) => spent),
  ...plain({ loss: film.loss, spent: film.spent, cost: film.cost, records: film.records,
    kept: film.kept, own: film.ofAgent }),
}));
"""


def worked(directory: Path, agents: list[str], **settings: Any) -> RunData:
    """Run a team whose leases are cut short, cost uneven amounts and overlap."""
    data = {
        "name": "film", "seed": 3, "budget": 400, "landscapes": [{"kind": "rastrigin", "shift": "random"}],
        "strategies": {"team": {"agents": agents, "policy": {"radius": "fixed"}}}, "executor": {"kind": "simulated"},
    }  # fmt: skip
    run(Experiment.from_data({**data, **settings}), out=directory, report=False)
    return read_runs(directory)[0]


def told(folder: Path, messages: list[bytes]) -> dict[str, Any]:
    """Return what the page computes from messages."""
    return told_by(TELL, folder, messages)


def told_by(script: str, folder: Path, messages: list[bytes]) -> dict[str, Any]:
    """Return what a script prints of messages, as JSON."""
    (folder / "tell.mjs").write_text(script)
    paths = []
    for number, message in enumerate(messages):
        paths.append(folder / f"{number}.bin")
        paths[-1].write_bytes(message)
    assert NODE is not None
    command = [NODE, str(folder / "tell.mjs"), str(PAGE), *map(str, paths)]
    found: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    return found


def failing(*_: object) -> Iterator[Any]:
    raise RuntimeError("cannot begin")
    yield


@pytest.mark.parametrize("agents", [["gradient-descent"], ["grid", "gradient-descent", "random-restart"]])
def test_the_page_says_what_the_log_does(tmp_path: Path, agents: list[str]) -> None:
    data = worked(tmp_path / "run", agents)
    found = told(tmp_path, [Feed(tmp_path / "run", data.id).film()])
    assert found["evaluations"] == data.evaluations
    assert found["agents"] == [int(data.points.cost[data.points.agent == i].sum()) for i in range(len(data.team))]
    assert sorted(found["loss"]) == sorted(data.points.losses.tolist())
    # Decisions and insights are shown at the evaluations at which they are listed.
    assert found["seen"] == len(leases_table(data))
    assert found["said"] == found["insights"]


def test_what_an_agent_is_charged_that_fails_at_once_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RandomSearch, "search", failing)
    for number, agents in enumerate((["random", "grid"], ["random"])):
        data = worked(tmp_path / str(number), agents)
        charged = sum(row["charged"] for row in leases_table(data).rows() if row["agent"] == "random")
        found = told(tmp_path, [Feed(tmp_path / str(number), data.id).film()])
        assert found["evaluations"] == 400
        assert found["agents"][0] == charged > 0
        assert sum(found["agents"]) == 400


def test_a_film_that_grows_ends_as_one_that_is_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = worked(tmp_path / "run", ["grid", "gradient-descent", "random-restart"], concurrency=3)
    whole = Feed(tmp_path / "run", data.id).film()
    messages = grow(tmp_path / "run", data.id, monkeypatch)
    assert len(messages) > 5
    assert told(tmp_path, messages) == told(tmp_path, [whole])


def grow(directory: Path, run_id: str, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Return the messages of a page that looks now and then while the log of a run grows."""
    feed = Feed(directory, run_id)
    monkeypatch.setattr(feed, "_read_news", lambda: None)
    telling = feed._film_fold
    with LogReader(directory) as reader:
        news, measures = reader.read_update(run_id), reader.measures(run_id)
    rng, since, messages = np.random.default_rng(1), "", []
    collected = 0
    for lease, rows in news.new_rows:
        # The rows of a lease come after its grant, and outcomes after its last rows.
        while lease >= len(telling.told.leases):
            telling.add_news(LogUpdate([news.new_events[collected]], [], collected, 0), measures)
            collected += 1
        telling.add_news(LogUpdate([], [(lease, rows)], collected, 0))
        if rng.random() < 0.3:
            messages.append(feed.film(None, since))
            since = ".".join(map(str, telling.told.list_lengths))
    telling.add_news(LogUpdate(news.new_events[collected:], [], len(news.new_events), 0), measures)
    messages.append(feed.film(None, since))
    return messages


TUNED = {
    "kind": "table", "file": "tried.csv",
    "parameters": {
        "rate": {"low": 1e-4, "high": 0.1, "log": True}, "depth": {"low": 2, "high": 4, "integer": True},
        "kernel": {"choices": ["rbf", "poly", True]}, "shift": {"low": -1, "high": 1}, "momentum": 0.9,
    },
}  # fmt: skip
NAME = """
import fs from "node:fs";
const [page, ...paths] = process.argv.slice(2);
const { Film } = await import(`${page}/film/film.js`);
const { nameSetting } = await import(`${page}/film/setting.js`);
const { sideTicks } = await import(`${page}/drawing/numbers.js`);
const { verdictOf } = await import(`${page}/film/verdict.js`);
const read = (path) => Uint8Array.from(fs.readFileSync(path)).buffer;
const film = new Film(read(paths[0]));
for (const path of paths.slice(1)) film.append(read(path));
const { u, v } = film.header.plane.ticks;
const settings = [...Array(film.count).keys()].map((i) => nameSetting(film, i));
const order = [...film.lease].map((lease, i) => [lease, film.row[i]]);
const ticks = [u, v].map((side) => sideTicks(side, 0, 1, 5));
console.log(JSON.stringify({ settings, order, said: verdictOf(film), ticks }));
"""


def tuned(folder: Path) -> tuple[Path, RunData]:
    """Run a team on named parameters of all kinds, with leases that overlap."""
    rows = [(k, d, (d - 3) ** 2 + (k != "poly")) for k in ("rbf", "poly", "true") for d in (2, 3, 4)]
    table = "".join(f"{k},{d},{r},{s},0.9,{loss + s}\n" for k, d, loss in rows for r in (0.001, 0.1) for s in (-1, 1))
    (folder / "tried.csv").write_text("kernel,depth,rate,shift,momentum,loss\n" + table)
    data = {
        "name": "tuned", "seed": 3, "budget": 120, "landscapes": [TUNED],
        "strategies": {"team": {"agents": [{"kind": "random", "batch": 3}, "pattern-search"], "policy": {"lease": 10}}},
        "executor": {"kind": "simulated"},
    }  # fmt: skip
    run(Experiment.from_data(data, str(folder)), out=folder / "run", report=False)
    return folder / "run", read_runs(folder / "run")[0]


def test_the_page_names_the_setting_of_each_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory, data = tuned(tmp_path)
    found = told_by(NAME, tmp_path, [Feed(directory, data.id).film()])
    with LogReader(directory) as reader:
        rows = reader.read_update(data.id).new_rows
    numbers = {
        (lease, part.first + row): data.space.to_box(cube).tolist()
        for lease, part in rows
        for row, cube in enumerate(part.points)
    }
    assert len(found["settings"]) == len(numbers) >= 120
    for place, said in zip(map(tuple, found["order"]), found["settings"], strict=True):
        names, values = zip(*(part.split(" ") for part in said.split(", ")), strict=True)
        rate, depth, kernel, shift = numbers[place]
        assert names == ("rate", "depth", "kernel", "shift")
        assert (float(values[0]), float(values[3])) == pytest.approx((rate, shift), rel=1e-2)
        assert values[1:3] == (str(int(depth)), ("rbf", "poly", "true")[int(kernel)])
    assert re.fullmatch(r"The best setting: rate \S+, depth 3, kernel poly, shift -\S+\.", found["said"][1])
    messages = grow(directory, data.id, monkeypatch)
    assert len(messages) > 2
    assert told_by(NAME, tmp_path, messages)["settings"] == found["settings"]


def test_the_sides_of_a_plane_have_the_values_of_their_parameters(tmp_path: Path) -> None:
    directory, data = tuned(tmp_path)
    first, second = told_by(NAME, tmp_path, [Feed(directory, data.id).film("axes:0:2")])["ticks"]
    assert [tick["text"] for tick in first] == ["10⁻⁴", "0.001", "0.01", "0.1"]
    assert [tick["at"] for tick in first] == pytest.approx([0, 1 / 3, 2 / 3, 1], abs=1e-9)
    assert [tick["text"] for tick in second] == ["rbf", "poly", "true"]
    assert [tick["at"] for tick in second] == pytest.approx([1 / 6, 1 / 2, 5 / 6])
    first, second = told_by(NAME, tmp_path, [Feed(directory, data.id).film("axes:1:3")])["ticks"]
    assert [tick["text"] for tick in first] == ["2", "3", "4"]
    assert [tick["text"] for tick in second] == ["−1", "−0.5", "0", "0.5", "1"]
    header, _ = decode_film(Feed(directory, data.id).film("axes:0:2"))
    assert header["axes"][0] == {"name": "rate", "log": True}
    assert header["plane"]["ticks"]["u"]["name"] == "rate"


MEASURED = """
from typing import Literal

import numpy as np

from searchparty import Landscape, Space


class Bowl:
    space = Space(np.full(2, -1.0), np.full(2, 1.0))

    def evaluate(self, points):
        return ((points - 0.3) ** 2).sum(axis=1)

    def measure(self, point):
        far = float(abs(point).max())
        return {"train loss": far, "held-out loss": 2 * far, "held-out accuracy": 1.0 - far}


class Measured(Landscape):
    kind: Literal["measured"] = "measured"

    def open(self):
        return Bowl()
"""
TRACE = """
import fs from "node:fs";
const [page, ...paths] = process.argv.slice(2);
const { Film } = await import(`${page}/film/film.js`);
const { groupByKind, isHigherBetter, traceMeasures } = await import(`${page}/film/measures.js`);
const read = (path) => Uint8Array.from(fs.readFileSync(path)).buffer;
const film = new Film(read(paths[0]));
for (const path of paths.slice(1)) film.append(read(path));
const traces = traceMeasures(film);
console.log(JSON.stringify({
  traces: Object.fromEntries(traces), kinds: [...groupByKind(traces.keys())],
  shares: [...traces.keys()].filter(isHigherBetter),
}));
"""


@pytest.mark.parametrize("concurrency", [1, 2])
def test_the_page_traces_measures_as_reports_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, concurrency: int
) -> None:
    (tmp_path / "own.py").write_text(MEASURED)
    landscapes = [{"kind": f"{tmp_path / 'own.py'}:Measured"}]
    strategies = {"team": {"agents": ["random", "pattern-search"], "policy": {"lease": 8}, "concurrency": concurrency}}
    data = worked(tmp_path / "run", [], budget=200, landscapes=landscapes, strategies=strategies)
    found = told_by(TRACE, tmp_path, [Feed(tmp_path / "run", data.id).film()])
    assert found["kinds"] == [["loss", ["train loss", "held-out loss"]], ["accuracy", ["held-out accuracy"]]]
    assert found["shares"] == ["held-out accuracy"]
    (summary,) = read_summaries(tmp_path / "run")
    assert len(found["traces"]["train loss"]["y"]) > 2
    for name, (places, values) in summary.measures.items():
        assert (np.diff(places) > 0).all()
        # In logical time, of leases that overlap more may have been best when they ended.
        assert found["traces"][name]["y"][-1] == values[-1]
        if concurrency == 1:
            assert found["traces"][name]["y"] == values.tolist()
    if concurrency == 1:
        assert found["traces"]["train loss"]["x"] == summary.measures["train loss"][0].tolist()
    assert found["traces"]["train loss"]["x"] == sorted(found["traces"]["train loss"]["x"])
    messages = grow(tmp_path / "run", data.id, monkeypatch)
    assert len(messages) > 2
    assert told_by(TRACE, tmp_path, messages) == found


STORY = """
import fs from "node:fs";
const [page, ...paths] = process.argv.slice(2);
const { Film } = await import(`${page}/film/film.js`);
const { storyOf } = await import(`${page}/film/story.js`);
const { Director, SECONDS } = await import(`${page}/film/director.js`);
const { FocusTrack } = await import(`${page}/film/focus.js`);
const { nameEnd, reasonsOf } = await import(`${page}/film/closing.js`);
const { leasesByAgent, overlayAt } = await import(`${page}/film/moment.js`);
const { lastFall } = await import(`${page}/film/progress.js`);
const read = (path) => Uint8Array.from(fs.readFileSync(path)).buffer;
const film = new Film(read(paths[0]));
for (const path of paths.slice(1)) film.append(read(path));
const story = storyOf(film);
const director = new Director(film.evaluations, story);
const track = new FocusTrack(film);
const steps = [...Array(121).keys()].map((k) => (SECONDS * k) / 120);
const parts = [...Array(21).keys()].map((k) => k / 20);
console.log(JSON.stringify({
  story, team: film.team.map(({ name }) => name), end: nameEnd(film),
  reasons: reasonsOf([film]).map(({ moment }) => moment),
  seconds: director.secondsAt(film.evaluations), at: steps.map((s) => director.evaluationsAt(s)),
  back: parts.map((part) => director.evaluationsAt(director.secondsAt(part * film.evaluations)) / film.evaluations),
  pace: story.map(({ at }) => director.secondsAt(at + 0.014 * film.evaluations) - director.secondsAt(at)),
  falls: [...Array(film.count).keys()].map((k) => lastFall(film, k + 1)),
  shown: story.map(({ at }) => overlayAt(film, leasesByAgent(film), film.headAt(at))),
  looks: parts.map((part) => track.at(part * film.evaluations)),
  spent: [...film.spent], loss: [...film.loss], agent: [...film.agent],
}));
"""


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_moments_of_a_run_are_those_of_its_log(tmp_path: Path, seed: int) -> None:
    team = ["grid", "cma-es", "random-restart"]
    data = worked(tmp_path / "run", team, seed=seed, budget=900)
    found = told_by(STORY, tmp_path, [Feed(tmp_path / "run", data.id).film()])
    story = found["story"]
    with LogReader(tmp_path / "run") as reader:
        leases = [lease for event in reader.events(data.id) for lease in getattr(event, "leases", ())]
    granted = {(lease.incumbent.agent, lease.agent) for lease in leases if lease.incumbent is not None}
    assert [moment["at"] for moment in story] == sorted(moment["at"] for moment in story)
    assert story[0]["text"] == "3 agents search everywhere"
    assert all(len(moment["text"].split()) <= 8 for moment in story)
    assert sum(moment["weight"] >= 0.3 for moment in story) <= 10
    spent, losses = np.array(found["spent"]), np.array(found["loss"])
    for moment in story:
        name = found["team"][moment["agent"]]
        if moment["kind"] == "record":
            # The best loss is then that of the caption, found by that agent.
            now = int(np.searchsorted(spent, moment["at"], side="right"))
            best = int(losses[:now].argmin())
            assert found["team"][found["agent"][best]] == name
            assert moment["text"].startswith(name)
            assert moment["text"].endswith(brief(losses[best]))
        if moment["kind"] == "spell":
            lowest = losses[: int(np.searchsorted(spent, moment["at"], side="right"))].min()
            earlier = losses[: int(np.searchsorted(spent, moment["at"] - 0.09 * 900, side="right"))].min()
            assert moment["text"].endswith(f"stays at {brief(lowest)}")
            assert brief(earlier) == brief(lowest)
        if moment["kind"] == "handed":
            # A decision was made then that hands a point of this agent to the others.
            assert moment["others"]
            assert f"{name}'s point: " in moment["text"]
            assert moment["agent"] not in moment["others"]
            given = {(name, found["team"][other]) for other in moment["others"]}
            assert given <= granted


def brief(loss: float) -> str:
    """Write a loss with three digits, as the page does (page/base/wording.js)."""
    value = float(f"{loss:.3g}")
    if value != 0 and (abs(value) < 1e-3 or abs(value) >= 1e6):
        mantissa, _, power = f"{value:.2e}".partition("e")
        return f"{mantissa}e{int(power)}"
    return f"{value:.10g}"


@pytest.mark.parametrize("agents", [["grid"], ["grid", "cma-es", "random-restart"]])
def test_a_standstill_lasts_since_the_loss_shown_was_first_reached(tmp_path: Path, agents: list[str]) -> None:
    data = worked(tmp_path / "run", agents, budget=900, strategies={
        "team": {"agents": agents, "policy": {"radius": "shrink", "sharing": "broadcast", "lease": 40}}})  # fmt: skip
    found = told_by(STORY, tmp_path, [Feed(tmp_path / "run", data.id).film()])
    shown = [brief(loss) for loss in np.minimum.accumulate(np.array(found["loss"]))]
    assert found["falls"] == [shown.index(loss) for loss in shown]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_hand_over_says_what_its_receiver_gains_and_leads_into_its_region(tmp_path: Path, seed: int) -> None:
    team = ["grid", "cma-es", "random-restart"]
    data = worked(tmp_path / "run", team, seed=seed, budget=900, strategies={
        "team": {"agents": team, "policy": {"radius": "shrink", "sharing": "broadcast", "lease": 40}}})  # fmt: skip
    found = told_by(STORY, tmp_path, [Feed(tmp_path / "run", data.id).film()])
    with LogReader(tmp_path / "run") as reader:
        leases = [lease for event in reader.events(data.id) for lease in getattr(event, "leases", ())]
    granted = {(each.incumbent.agent, each.agent, brief(each.incumbent.loss)) for each in leases if each.incumbent}
    spent, losses, agent = (np.array(found[name]) for name in ("spent", "loss", "agent"))
    arrows = 0
    for moment, shown in zip(found["story"], found["shown"], strict=True):
        assert len(shown["arrows"]) <= 1
        if moment["kind"] == "handed":
            giver, receiver = moment["agent"], moment["others"][-1]
            own = brief(losses[(spent <= moment["at"]) & (agent == receiver)].min())
            source, gain = moment["text"].split("'s point: ")
            assert source.endswith(found["team"][giver])
            handed = own if gain == "same loss, elsewhere" else gain.split(" → ")[-1]
            assert (found["team"][giver], found["team"][receiver], handed) in granted
            if " → " in gain:
                assert gain.split(" → ")[0] == own != handed
        for arrow in shown["arrows"]:
            # Nothing else leads from one place to another, and it ends in the region that the receiver searches next.
            assert shown["trail"] == []
            for region in shown["regions"]:
                assert region["agent"] == arrow["receiver"]
                sides = [[corner[k] for corner in region["polygon"]] for k in (0, 1)]
                assert min(sides[0]) - 1e-6 <= arrow["to"]["u"] <= max(sides[0]) + 1e-6
                assert min(sides[1]) - 1e-6 <= arrow["to"]["v"] <= max(sides[1]) + 1e-6
                arrows += 1
    assert arrows


def test_a_replay_takes_twelve_seconds_and_lingers_where_something_happens(tmp_path: Path) -> None:
    data = worked(tmp_path / "run", ["grid", "cma-es", "random-restart"], budget=900)
    found = told_by(STORY, tmp_path, [Feed(tmp_path / "run", data.id).film()])
    assert found["seconds"] == pytest.approx(12)
    assert found["at"][0] == 0
    assert found["at"][-1] == pytest.approx(data.evaluations, rel=1e-3)
    assert found["at"] == sorted(found["at"])
    assert found["back"] == pytest.approx([k / 20 for k in range(21)], abs=1e-3)
    # At a steady pace, this part of a run would take 0.17 s.
    told = [
        pace
        for pace, moment in zip(found["pace"], found["story"], strict=True)
        if moment["weight"] >= 0.3 and moment["at"] < 0.98 * data.evaluations
    ]
    assert len(told) > 2
    assert min(told) > 2 * 0.014 * 12


def test_the_camera_looks_at_the_best_point_from_nearer_and_nearer(tmp_path: Path) -> None:
    data = worked(tmp_path / "run", ["grid"], budget=900, strategies={
        "team": {"agents": ["grid"], "policy": {"radius": "shrink", "lease": 40}}})  # fmt: skip
    found = told_by(STORY, tmp_path, [Feed(tmp_path / "run", data.id).film()])
    looks = found["looks"]
    assert looks[0]["half"] == pytest.approx(0.5, abs=0.06)
    assert min(look["half"] for look in looks) < 0.2
    best = data.points.cube[data.points.losses.argmin()]
    assert all(0 <= look[axis] <= 1 for look in looks for axis in "uv")
    assert abs(looks[15]["u"] - best[0]) < 0.3
    assert found["end"]["kind"] in ("found", "stuck", "ended")
    assert len(found["reasons"]) <= 3
