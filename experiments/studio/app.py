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
from ..execution.plan import plan
from ..spec.errors import SpecError
from .films.feed import FeedError
from .films.feed_cache import Feeds
from .films.message import plain
from .films.shelf import Shelf
from .plays.listing import offered
from .plays.play import data_of, experiment_of, key_of, read_settings
from .plays.queue import Busy
from .plays.warm_processes import Pool

FILM = "application/octet-stream"
GONE, WRONG, NOT_YET, BUSY, UNREAD = 404, 422, 202, 429, 503
LONGEST_NAME = 64


class Json(JSONResponse):
    """In ASCII: text from files and pages may hold halves of characters, which UTF-8 has not."""

    def render(self, content: Any) -> bytes:
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode()


@dataclass
class Studio:
    """What a studio shows and where its plays are worked. ``opens`` is the part of the page that is seen first."""

    shelf: Shelf
    pool: Pool
    opens: str = "playground"
    feeds: Feeds = field(default_factory=Feeds)


def app(studio: Studio) -> Starlette:
    """The studio as an ASGI application. It trusts who asks: put a ``Guard`` before it."""

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await run_in_threadpool(studio.pool.close)

    answers = Answers(studio)
    routes = [
        Route("/api/catalogue", answers.catalogue),
        Route("/api/results", answers.results),
        Route("/api/results/{key}/runs/{run}/film", answers.film),
        Route("/api/plays", answers.play, methods=["POST"]),
        Route("/api/plays/{key}/film", answers.play_film),
        Route("/api/leave", answers.leave, methods=["POST"]),
        Mount("/", StaticFiles(directory=str(files("searchparty.experiments.studio").joinpath("page")), html=True)),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


class Answers:
    """One method an address. Those that are not coroutines run in threads: what they read may be slow to come."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._known: dict[str, Path] = {}

    def catalogue(self, _: Request) -> Response:
        return Json(plain({**offered(), "opens": self._studio.opens}))

    def results(self, _: Request) -> Response:
        return Json({"results": self._studio.shelf.listed(self._found())})

    def _found(self) -> dict[str, Path]:
        self._known = self._studio.shelf.directories()
        return self._known

    def film(self, request: Request) -> Response:
        key, run = request.path_params["key"], request.path_params["run"]
        # Looking through a folder of results takes longer than what is asked for, several times a second.
        directory = self._known.get(key) or self._found().get(key)
        if directory is None:
            return refused(GONE, f"There are no results named {key!r} here. Choose others from the list.")
        try:
            return self._film(directory, run, request)
        except KeyError:
            return refused(GONE, f"{key} holds no run {run!r}. Choose another from the list.")

    async def play(self, request: Request) -> Response:
        """Start what a side of a page asks for, unless it has been worked already; its key, and as YAML."""
        try:
            page, side, settings = _asked(await request.body())
            return await run_in_threadpool(self._play, page, side, settings)
        except SpecError as error:
            return refused(WRONG, *error.problems)
        except Busy as error:
            return refused(BUSY, str(error))

    def _play(self, page: str, side: str, given: Any) -> Response:
        settings = read_settings(given)
        data, experiment = data_of(settings), experiment_of(settings)
        # What cannot be planned is refused before it waits for a process.
        plan(experiment)
        key = key_of(data)
        self._studio.pool.play(page, side, key, data)
        return Json({"key": key, "yaml": experiment.to_yaml()})

    async def leave(self, request: Request) -> Response:
        """A page is closed: what only it waits for is given up."""
        try:
            page, _, _ = _asked(await request.body())
        except SpecError as error:
            return refused(WRONG, *error.problems)
        self._studio.pool.leave(page)
        return Json({})

    def play_film(self, request: Request) -> Response:
        with self._studio.pool.reading(request.path_params["key"]) as played:
            if played is None:
                return refused(GONE, "This play has been cleared away. Move a slider to have it again.")
            if played.error is not None:
                return refused(WRONG, played.error)
            try:
                with LogReader(played.directory) as reader:
                    runs = reader.runs()
            except LogError:
                # It waits for a process, or that has not begun its log.
                runs = []
            return self._film(played.directory, runs[0].id, request) if runs else refused(NOT_YET, "It has not begun.")

    def _film(self, directory: Any, run: str, request: Request) -> Response:
        try:
            feed = self._studio.feeds.of(directory, run)
            message = feed.film(request.query_params.get("plane"), request.query_params.get("since", ""))
        except (FeedError, SpecError) as error:
            return refused(WRONG, *getattr(error, "problems", [str(error)]))
        except LogError as error:
            # A run that was started a moment ago has no log yet; another may be readable again in a moment.
            begins = directory.exists() and not (directory / "log.sqlite").exists()
            return refused(NOT_YET if begins else UNREAD, str(error))
        return Response(message, media_type=FILM)


def _asked(body: bytes) -> tuple[str, str, Any]:
    """The page's name, the side, and the settings that a body asks for. Raises SpecError."""
    try:
        data = json.loads(body)
        # Half a character (an escaped surrogate) is JSON, but no text that a name or a setting could be.
        json.dumps(data, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise SpecError([f"the request must be JSON, got something else ({error}). Send JSON."]) from None
    names = [data.get(name, "") if isinstance(data, dict) else None for name in ("page", "side")]
    for name, value in zip(("page", "side"), names, strict=True):
        if not isinstance(value, str) or len(value) > LONGEST_NAME:
            raise SpecError([f"{name} must be text of at most {LONGEST_NAME} characters, got other. Reload the page."])
    return str(names[0]), str(names[1]), data.get("settings", {})


def refused(status: int, *problems: str) -> Response:
    """A refusal that the page shows."""
    return Json({"errors": list(problems)}, status)
