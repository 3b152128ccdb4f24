"""The studio answers invalid requests with messages, never with a server error."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("httpx", reason="starlette's test client needs httpx")
from starlette.testclient import TestClient

from searchparty.experiments.api import run
from searchparty.experiments.studio.app import Studio, create_app
from searchparty.experiments.studio.films.feed import MOST_VIEW_PLANES, Feed
from searchparty.experiments.studio.films.shelf import ResultsIndex
from searchparty.experiments.studio.plays.play import build_play_experiment, parse_play_settings
from searchparty.experiments.studio.plays.warm_processes import PlayPool
from searchparty.orchestrator.log.reader import LogReader


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the results of a run in three dimensions."""
    directory = tmp_path_factory.mktemp("results") / "one"
    settings = parse_play_settings({"budget": 120, "landscape": {"kind": "sphere", "dimension": 3}})
    run(build_play_experiment(settings), out=directory, report=False)
    return directory


def run_of(directory: Path) -> str:
    with LogReader(directory) as reader:
        return reader.runs()[0].id


@pytest.fixture
def asked(results: Path, tmp_path: Path) -> Iterator[tuple[TestClient, Path, str]]:
    """Yield a client of a studio that shows a copy of the run, the copy, and the address of its film."""
    copy = tmp_path / "copy"
    shutil.copytree(results, copy)
    studio = Studio(ResultsIndex((copy,)), PlayPool(workers=0, parent=tmp_path))
    with TestClient(create_app(studio)) as client:
        yield client, copy, f"/api/results/copy/runs/{run_of(copy)}/film"


@pytest.mark.parametrize("query", ["since=" + "9" * 5000 + ".0.0.0", "plane=best@" + "9" * 5000, "since=1.2"])
def test_numbers_that_are_too_long_are_refused(asked: tuple[TestClient, Path, str], query: str) -> None:
    client, _, film = asked
    assert client.get(f"{film}?{query}").status_code == 422


@pytest.mark.parametrize(
    "body", ["[" * 60_000, '{"settings": {"\\ud800": 1}}', '{"settings": {"agent_settings": {"\\ud800": {}}}}']
)
def test_json_that_python_cannot_handle_is_refused(asked: tuple[TestClient, Path, str], body: str) -> None:
    client, _, _ = asked
    for path in ("/api/plays", "/api/leave"):
        assert client.post(path, content=body).status_code == 422


def test_results_that_go_away_while_they_are_watched_are_told_of(asked: tuple[TestClient, Path, str]) -> None:
    client, directory, film = asked
    assert client.get(film).status_code == 200
    (directory / "log.sqlite").write_bytes(b"no log" * 1000)
    assert client.get(film).status_code == 503
    assert "not a searchparty log" in client.get(film).json()["errors"][0]
    shutil.rmtree(directory)
    assert client.get(film).status_code == 503
    assert client.get("/api/results").json()["results"][0]["waiting"]


def test_planes_that_nobody_asks_for_again_are_forgotten(results: Path) -> None:
    feed = Feed(results, run_of(results))
    for count in range(110):
        feed.film(f"pca@{count}")
    assert len(feed._view_planes) <= MOST_VIEW_PLANES
