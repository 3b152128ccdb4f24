"""What the studio answers to whom: the page's files, the catalogue, results and their films, and plays."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from ...orchestrator.log.log import LogError
from ...orchestrator.log.reader import LogReader
from ..execution.plan import make_plan
from ..spec.errors import SpecError
from .films.feed import FeedError
from .films.feed_cache import FeedCache
from .films.message import to_json_data
from .films.shelf import ResultsIndex
from .plays.listing import playground_offer
from .plays.play import build_play_experiment, experiment_data, parse_play_settings, play_key
from .plays.queue import StudioBusy
from .plays.warm_processes import PlayPool

FILM_MEDIA_TYPE = "application/octet-stream"
NOT_FOUND, UNPROCESSABLE, ACCEPTED, TOO_MANY_REQUESTS, UNAVAILABLE = 404, 422, 202, 429, 503
LONGEST_PAGE_NAME = 64


class AsciiJsonResponse(JSONResponse):
    """In ASCII: text from files and pages may hold halves of characters, which UTF-8 has not."""

    def render(self, content: Any) -> bytes:
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode()


@dataclass
class Studio:
    """What a studio shows and where its plays are worked. ``start_view`` is the part of the page that is seen first."""

    shelf: ResultsIndex
    pool: PlayPool
    start_view: str = "playground"
    feeds: FeedCache = field(default_factory=FeedCache)


def create_app(studio: Studio) -> Starlette:
    """The studio as an ASGI application. It trusts who asks: put a ``Guard`` before it."""

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await run_in_threadpool(studio.pool.close)

    answers = StudioEndpoints(studio)
    routes = [
        Route("/api/catalogue", answers.get_catalogue),
        Route("/api/results", answers.results),
        Route("/api/results/{key}/runs/{run}/film", answers.film),
        Route("/api/plays", answers.play, methods=["POST"]),
        Route("/api/plays/{key}/film", answers.get_play_film),
        Route("/api/leave", answers.leave, methods=["POST"]),
        Mount("/", StaticFiles(directory=str(files("searchparty.experiments.studio").joinpath("page")), html=True)),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


class StudioEndpoints:
    """One method an address. Those that are not coroutines run in threads: what they read may be slow to come."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._directories: dict[str, Path] = {}

    def get_catalogue(self, _: Request) -> Response:
        return AsciiJsonResponse(to_json_data({**playground_offer(), "opens": self._studio.start_view}))

    def results(self, _: Request) -> Response:
        return AsciiJsonResponse({"results": self._studio.shelf.describe_results(self._find_directories())})

    def _find_directories(self) -> dict[str, Path]:
        self._directories = self._studio.shelf.directories()
        return self._directories

    def film(self, request: Request) -> Response:
        key, run = request.path_params["key"], request.path_params["run"]
        # Looking through a folder of results takes longer than what is asked for, several times a second.
        directory = self._directories.get(key) or self._find_directories().get(key)
        if directory is None:
            return error_response(NOT_FOUND, f"There are no results named {key!r} here. Choose others from the list.")
        try:
            return self._film_response(directory, run, request)
        except KeyError:
            return error_response(NOT_FOUND, f"{key} holds no run {run!r}. Choose another from the list.")

    async def play(self, request: Request) -> Response:
        """Start what a side of a page asks for, unless it has been worked already; its key, and as YAML."""
        try:
            page, side, settings = _parse_play_request(await request.body())
            return await run_in_threadpool(self._start_play, page, side, settings)
        except SpecError as error:
            return error_response(UNPROCESSABLE, *error.problems)
        except StudioBusy as error:
            return error_response(TOO_MANY_REQUESTS, str(error))

    def _start_play(self, page: str, side: str, given: Any) -> Response:
        settings = parse_play_settings(given)
        data, experiment = experiment_data(settings), build_play_experiment(settings)
        # What cannot be planned is refused before it waits for a process.
        make_plan(experiment)
        key = play_key(data)
        self._studio.pool.play(page, side, key, data)
        return AsciiJsonResponse({"key": key, "yaml": experiment.to_yaml()})

    async def leave(self, request: Request) -> Response:
        """A page is closed: what only it waits for is given up."""
        try:
            page, _, _ = _parse_play_request(await request.body())
        except SpecError as error:
            return error_response(UNPROCESSABLE, *error.problems)
        self._studio.pool.leave(page)
        return AsciiJsonResponse({})

    def get_play_film(self, request: Request) -> Response:
        with self._studio.pool.hold_for_reading(request.path_params["key"]) as played:
            if played is None:
                return error_response(NOT_FOUND, "This play has been cleared away. Move a slider to have it again.")
            if played.error is not None:
                return error_response(UNPROCESSABLE, played.error)
            try:
                with LogReader(played.directory) as reader:
                    runs = reader.runs()
            except LogError:
                # It waits for a process, or that has not begun its log.
                runs = []
            return (
                self._film_response(played.directory, runs[0].id, request)
                if runs
                else error_response(ACCEPTED, "It has not begun.")
            )

    def _film_response(self, directory: Any, run: str, request: Request) -> Response:
        try:
            feed = self._studio.feeds.get_feed(directory, run)
            message = feed.film(request.query_params.get("plane"), request.query_params.get("since", ""))
        except (FeedError, SpecError) as error:
            return error_response(UNPROCESSABLE, *getattr(error, "problems", [str(error)]))
        except LogError as error:
            # A run that was started a moment ago has no log yet; another may be readable again in a moment.
            begins = directory.exists() and not (directory / "log.sqlite").exists()
            return error_response(ACCEPTED if begins else UNAVAILABLE, str(error))
        return Response(message, media_type=FILM_MEDIA_TYPE)


def _parse_play_request(body: bytes) -> tuple[str, str, Any]:
    """The page's name, the side, and the settings that a body asks for. Raises SpecError."""
    try:
        data = json.loads(body)
        # Half a character (an escaped surrogate) is JSON, but no text that a name or a setting could be.
        json.dumps(data, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise SpecError([f"the request must be JSON, got something else ({error}). Send JSON."]) from None
    names = [data.get(name, "") if isinstance(data, dict) else None for name in ("page", "side")]
    for name, value in zip(("page", "side"), names, strict=True):
        if not isinstance(value, str) or len(value) > LONGEST_PAGE_NAME:
            raise SpecError(
                [f"{name} must be text of at most {LONGEST_PAGE_NAME} characters, got other. Reload the page."]
            )
    return str(names[0]), str(names[1]), data.get("settings", {})


def error_response(status: int, *problems: str) -> Response:
    """A refusal that the page shows."""
    return AsciiJsonResponse({"errors": list(problems)}, status)
