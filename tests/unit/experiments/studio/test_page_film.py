"""The page's numbers compared with the log's: node folds the page's film, if node is installed."""

import json
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
from searchparty.experiments.spec.models import Experiment
from searchparty.experiments.studio.films.feed import Feed
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
    (folder / "tell.mjs").write_text(TELL)
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
    feed = Feed(tmp_path / "run", data.id)
    monkeypatch.setattr(feed, "_read_news", lambda: None)
    telling = feed._film_fold
    with LogReader(tmp_path / "run") as reader:
        news = reader.read_update(data.id)
    rng, since, messages = np.random.default_rng(1), "", []
    collected = 0
    for lease, rows in news.new_rows:
        # The rows of a lease come after its grant, and outcomes after its last rows.
        while lease >= len(telling.told.leases):
            telling.add_news(LogUpdate([news.new_events[collected]], [], collected, 0))
            collected += 1
        telling.add_news(LogUpdate([], [(lease, rows)], collected, 0))
        if rng.random() < 0.3:
            messages.append(feed.film(None, since))
            since = ".".join(map(str, telling.told.list_lengths))
    telling.add_news(LogUpdate(news.new_events[collected:], [], len(news.new_events), 0))
    messages.append(feed.film(None, since))
    assert len(messages) > 5
    assert told(tmp_path, messages) == told(tmp_path, [whole])
