"""The studio's web application: the page's files, the catalogue, results and their films, and plays."""

from __future__ import annotations

import contextlib
import functools
import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from ...landscapes.landscape import Refusal
from ...orchestrator.log.log import LogError
from ...orchestrator.log.reader import LogReader
from ..execution.plan import make_plan
from ..spec.errors import SpecError
from ..spec.parts.policies import BRANCH_KIND
from .films.feed import FeedError
from .films.feed_cache import FeedCache
from .films.message import to_json_data
from .films.shelf import ResultsIndex
from .page_files import PAGE_FOLDER, PageFolder
from .plays.limits import LIMITS
from .plays.listing import playground_offer
from .plays.play import PlaySettings, build_play_experiment, experiment_data, parse_play_settings, play_key
from .plays.play_branch import BRANCH_JOB, plan_play_branch
from .plays.questions import load_questions, question_settings, read_loops, read_true_runs
from .plays.queue import StudioBusy
from .plays.warm_processes import PlayPool
from .plays.work_clock import is_machine_busy

FILM_MEDIA_TYPE = "application/octet-stream"
NOT_FOUND, UNPROCESSABLE, ACCEPTED, CONFLICT, TOO_MANY_REQUESTS, UNAVAILABLE = 404, 422, 202, 409, 429, 503
LONGEST_PAGE_NAME = 64
FIRST_SIDES = 2
"""Sides of the first question."""


class AsciiJsonResponse(JSONResponse):
    """A JSON response in ASCII: text from files and pages may hold lone surrogates, which UTF-8 cannot encode."""

    def render(self, content: Any) -> bytes:
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode()


@dataclass
class Studio:
    """The results that a studio shows and the processes that work its plays.

    ``start_view`` is the part of the page that is shown first.
    """

    shelf: ResultsIndex
    pool: PlayPool
    start_view: str = "playground"
    feeds: FeedCache = field(default_factory=FeedCache)


def create_app(studio: Studio) -> Starlette:
    """Create the studio as an ASGI application. It trusts every request, so wrap it in a ``Guard``."""

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        # The page opens with the first question: its runs are worked while the browser starts.
        studio.pool.prepare(prepare_plays(question_settings()[:FIRST_SIDES]))
        try:
            yield
        finally:
            await run_in_threadpool(studio.pool.close)

    answers = StudioEndpoints(studio)
    routes = [
        Route("/api/catalogue", answers.get_catalogue),
        Route("/api/loops", answers.get_loops),
        Route("/api/results", answers.results),
        Route("/api/results/{key}/runs/{run}/film", answers.film),
        Route("/api/plays", answers.play, methods=["POST"]),
        Route("/api/plays/{key}/film", answers.get_play_film),
        Route("/api/ahead", answers.prepare, methods=["POST"]),
        Route("/api/leave", answers.leave, methods=["POST"]),
        Route("/{name:path}", answers.get_page_file),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


class StudioEndpoints:
    """The endpoints, one method each. Methods that are not coroutines run in threads: their reads may be slow."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._directories: dict[str, Path] = {}
        self._page = PageFolder(PAGE_FOLDER)

    async def get_page_file(self, request: Request) -> Response:
        """Answer with a file of the page. It is in memory; a thread would take longer."""
        found = self._page.read(request.path_params["name"])
        if found is None:
            return PlainTextResponse("Not Found", NOT_FOUND)
        return Response(found.content, media_type=found.kind)

    def get_catalogue(self, _: Request) -> Response:
        return self._catalogue

    @functools.cached_property
    def _catalogue(self) -> Response:
        offer = {**playground_offer(), "questions": load_questions(), "opens": self._studio.start_view}
        offer["true_runs"] = read_true_runs()
        return AsciiJsonResponse(to_json_data(offer))

    def get_loops(self, _: Request) -> Response:
        return AsciiJsonResponse(read_loops())

    def results(self, _: Request) -> Response:
        return AsciiJsonResponse({"results": self._studio.shelf.describe_results(self._find_directories())})

    def _find_directories(self) -> dict[str, Path]:
        self._directories = self._studio.shelf.directories()
        return self._directories

    def film(self, request: Request) -> Response:
        key, run = request.path_params["key"], request.path_params["run"]
        # Pages ask several times per second, and listing the folder takes longer than the answer: look keys up first.
        directory = self._directories.get(key) or self._find_directories().get(key)
        if directory is None:
            return error_response(NOT_FOUND, f"There are no results named {key!r}. Choose others from the list.")
        try:
            return self._film_response(directory, run, request)
        except KeyError:
            return error_response(NOT_FOUND, f"The results {key} hold no run {run!r}. Choose another from the list.")

    async def play(self, request: Request) -> Response:
        """Start the run that a side of a page asks for, unless it exists already; answer with its key and its YAML."""
        try:
            body = await request.body()
            page, side, settings = _parse_play_request(body)
            start = json.loads(body).get("from")
            return await run_in_threadpool(self._start_play, page, side, settings, start)
        except StudioBusy as error:
            return error_response(TOO_MANY_REQUESTS, str(error))
        except LogError as error:
            return error_response(UNAVAILABLE, str(error))
        except (SpecError, Refusal) as error:
            return error_response(UNPROCESSABLE, *getattr(error, "problems", [str(error)]))

    def _start_play(self, page: str, side: str, given: Any, start: Any) -> Response:
        settings = parse_play_settings(given)
        if start is not None:
            return self._start_branch(page, side, settings, start)
        data, experiment = experiment_data(settings), build_play_experiment(settings)
        # Refuse a run that cannot be planned before it waits for a process.
        make_plan(experiment)
        key = play_key(data)
        self._studio.pool.play(page, side, key, data)
        return AsciiJsonResponse({"key": key, "yaml": experiment.to_yaml()})

    def _start_branch(self, page: str, side: str, settings: PlaySettings, start: Any) -> Response:
        """Start a branch of a run that the page shows, from ``start``: {"key": the run's, "at": the evaluation}."""
        key, at = (start.get(name) if isinstance(start, dict) else None for name in ("key", "at"))
        with self._studio.pool.hold_for_reading(str(key)) as played:
            if played is None or BRANCH_JOB in played.data:
                raise SpecError(["the run to branch must be one that is shown, got another. Reload the page."])
            if played.error is not None:
                raise SpecError([played.error])
            if played.state != "done":
                return error_response(CONFLICT, "The run is still being worked: it can be branched once it has ended.")
            # Planning reads the whole run: pages that wait for a place in the queue ask again and again.
            self._studio.pool.check_room(page, side)
            found = plan_play_branch(played.data, played.directory, at, settings)
            self._studio.pool.play(page, side, found.key, found.data)
        return AsciiJsonResponse({"key": found.key, "yaml": found.yaml, "at": found.evaluation})

    async def prepare(self, request: Request) -> Response:
        """Have runs worked that a page may ask for next, while nothing else is to do."""
        try:
            _, _, given = _parse_play_request(await request.body())
        except SpecError as error:
            return error_response(UNPROCESSABLE, *error.problems)
        if not isinstance(given, list):
            return error_response(UNPROCESSABLE, "settings must be a list, got something else. Reload the page.")
        if not is_machine_busy():
            await run_in_threadpool(lambda: self._studio.pool.prepare(prepare_plays(given[: LIMITS.ahead])))
        return AsciiJsonResponse({})

    async def leave(self, request: Request) -> Response:
        """Handle the closing of a page: runs that only this page waits for are cancelled."""
        try:
            page, _, _ = _parse_play_request(await request.body())
        except SpecError as error:
            return error_response(UNPROCESSABLE, *error.problems)
        self._studio.pool.leave(page)
        return AsciiJsonResponse({})

    def get_play_film(self, request: Request) -> Response:
        with self._studio.pool.hold_for_reading(request.path_params["key"]) as played:
            if played is None:
                return error_response(NOT_FOUND, "This run has been removed. Move a slider to run it again.")
            if played.error is not None:
                return error_response(UNPROCESSABLE, played.error)
            try:
                with LogReader(played.directory) as reader:
                    runs = reader.runs()
                if BRANCH_JOB in played.data:
                    # Its results hold the original, too.
                    runs = [run for run in runs if run.settings["policy"]["kind"] == BRANCH_KIND]
            except LogError:
                # The run waits for a process, or the process has not created its log yet.
                runs = []
            return (
                self._film_response(played.directory, runs[0].id, request)
                if runs
                else error_response(ACCEPTED, "The run has not begun.")
            )

    def _film_response(self, directory: Any, run: str, request: Request) -> Response:
        try:
            feed = self._studio.feeds.get_feed(directory, run)
            message = feed.film(request.query_params.get("plane"), request.query_params.get("since", ""))
        except (FeedError, SpecError) as error:
            return error_response(UNPROCESSABLE, *getattr(error, "problems", [str(error)]))
        except LogError as error:
            # A run that was just started has no log yet; other errors of reading a log may be temporary.
            begins = directory.exists() and not (directory / "log.sqlite").exists()
            return error_response(ACCEPTED if begins else UNAVAILABLE, str(error))
        return Response(message, media_type=FILM_MEDIA_TYPE)


def prepare_plays(given: Iterable[Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return the key and the data of runs that may be asked for; settings that are invalid are left out."""
    found = []
    for settings in given:
        with contextlib.suppress(SpecError):
            data = experiment_data(parse_play_settings(settings))
            found.append((play_key(data), data))
    return found


def _parse_play_request(body: bytes) -> tuple[str, str, Any]:
    """Parse a request body; return the page's name, the side and the settings. Raises SpecError if it is invalid."""
    try:
        data = json.loads(body)
        # A lone surrogate (escaped) is valid JSON, but cannot be part of a name or a setting.
        json.dumps(data, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise SpecError([f"the request must be JSON, got something else ({error}). Send JSON."]) from None
    names = [data.get(name, "") if isinstance(data, dict) else None for name in ("page", "side")]
    for name, value in zip(("page", "side"), names, strict=True):
        if not isinstance(value, str) or len(value) > LONGEST_PAGE_NAME:
            raise SpecError(
                [f"{name} must be text of at most {LONGEST_PAGE_NAME} characters, got another value. Reload the page."]
            )
    return str(names[0]), str(names[1]), data.get("settings", {})


def error_response(status: int, *problems: str) -> Response:
    """Create a response with problems that the page shows."""
    return AsciiJsonResponse({"errors": list(problems)}, status)
