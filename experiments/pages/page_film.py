"""Films in the look of the studio: Chromium draws a page that replays runs, picture by picture, on its own clock."""

from __future__ import annotations

import asyncio
import base64
import io
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ..animation.animate import AnimationOptions, ProgressWrapper
from ..animation.encoding import WEBP_QUALITY, Encoder, GifEncoder, Mp4Encoder, Picture, WebpEncoder
from ..animation.encoding import has_ffmpeg as has_ffmpeg_program
from .replay_page import ReplayPage, make_replay_page

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-color-profile=srgb"]
PAGE_SECONDS = 12.0
"""Seconds that the page takes for a whole run at speed 1."""
DRAWN_SECONDS = 120.0
FIRST_PICTURE_SECONDS = 3 * DRAWN_SECONDS
PICTURE_SECONDS = 120.0
"""A picture that takes longer than this never comes: a busy machine without a GPU takes a few seconds."""
SAMPLE_EVERY = 12
ASPECT = 9 / 16
CERTAIN_COLOURS = np.array([[251, 251, 249], [28, 37, 48]], dtype=np.uint8)
"""Paper and ink, which a GIF keeps as they are."""
CLOCK_SCRIPT = """(() => {
  let [now, last, waiting] = [0, 0, new Map()];
  performance.now = () => now;
  window.requestAnimationFrame = (act) => { waiting.set(++last, act); return last; };
  window.cancelAnimationFrame = (number) => waiting.delete(number);
  window.advanceClock = (seconds) => {
    now += 1000 * seconds;
    const due = waiting;
    waiting = new Map();
    for (const act of due.values()) act(now);
  };
})()"""
"""Replaces the clock of the page by one that moves when it is told to, so that no picture depends on the machine."""
STAGE_SCRIPT = """() => {
  const style = document.createElement('style');
  const place = 'position: fixed !important; inset: 0; margin: 0; height: 100vh !important; z-index: 50';
  style.textContent = `.scene { ${place} }`;
  document.querySelector('#replay').shadowRoot.append(style);
  document.documentElement.dataset.unhurried = '';
}"""
DRAWN_SCRIPT = """() => {
  const views = [...(document.querySelector('#replay').shadowRoot?.querySelectorAll('.view') ?? [])];
  return views.length > 0 && views.every((view) => Number(view.dataset.drawn) > 0);
}"""


class FilmUnavailable(Exception):
    """Films in the look of the studio cannot be made here; the message says what is missing."""


@dataclass(frozen=True)
class FilmShape:
    """Width and height in pixels, pictures per second, and seconds of the run and of its end.

    The page is ``zoom`` times as large as the pictures, which are made smaller: more of it fits into a small one.
    """

    width: int = 960
    height: int = 540
    fps: float = 12.0
    seconds: float = 10.0
    hold: float = 2.0
    zoom: float = 1.0

    @property
    def frames(self) -> int:
        return max(2, round(self.seconds * self.fps))


def find_chromium() -> str:
    """Return the path of Chromium. Raises FilmUnavailable if it or the package playwright is missing."""
    path = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if path is None or find_spec("playwright") is None:
        missing = "Chromium on the PATH" if path is None else "the extra films (pip install 'searchparty[films]')"
        raise FilmUnavailable(f"The look of the studio needs {missing}.")
    return path


def film_page(page: ReplayPage, shape: FilmShape, theme: str = "light") -> Iterator[Picture]:
    """Yield the pictures of a page that plays from the beginning to its end.

    Raises FilmUnavailable if there is no Chromium, or it fails or hangs.
    """
    path = find_chromium()
    from playwright.async_api import Error

    # No call of the synchronous interface has a limit of time, and a renderer that hangs answers nothing.
    with asyncio.Runner() as runner:
        pictures = _film(path, page, shape, theme)
        limit = FIRST_PICTURE_SECONDS
        while True:
            try:
                picture = runner.run(_take_next(pictures, limit))
            except TimeoutError:
                raise FilmUnavailable(f"Chromium drew no picture within {limit:g} s.") from None
            except Error as error:
                raise FilmUnavailable(f"Chromium failed: {error.message.splitlines()[0].rstrip('.:')}.") from None
            if picture is None:
                return
            yield picture
            limit = PICTURE_SECONDS


async def _take_next(pictures: AsyncIterator[Picture], seconds: float) -> Picture | None:
    """Return the next picture; None after the last one. Raises TimeoutError if it takes longer."""
    async with asyncio.timeout(seconds):
        return await anext(pictures, None)


async def _film(path: str, page: ReplayPage, shape: FilmShape, theme: str) -> AsyncIterator[Picture]:
    from playwright.async_api import async_playwright

    with tempfile.TemporaryDirectory() as folder:
        file = page.write(Path(folder) / "page.html")
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=path, args=FLAGS)
            size = {"width": round(shape.zoom * shape.width), "height": round(shape.zoom * shape.height)}
            shown = await browser.new_page(viewport=size, color_scheme="dark" if theme == "dark" else "light")  # type: ignore[arg-type]
            await shown.add_init_script(CLOCK_SCRIPT)
            await shown.goto(file.as_uri())
            await _begin(shown)
            session = await shown.context.new_cdp_session(shown)
            step = PAGE_SECONDS / shape.frames
            for _ in range(shape.frames):
                await _advance(shown, step)
                yield await _take_picture(session, shape)
            # The last picture has the words that explain the end.
            await _advance(shown, 1.0)
            yield await _take_picture(session, shape)
            await browser.close()


async def _begin(shown: Any) -> None:
    """Lay out the page as a film, and move its clock until its first points are drawn."""
    has_replay = "document.querySelector('#replay')?.shadowRoot"
    await shown.wait_for_function(has_replay, timeout=1000 * DRAWN_SECONDS, polling=50)
    await shown.evaluate(STAGE_SCRIPT)
    for _ in range(int(DRAWN_SECONDS / 0.1)):
        await _advance(shown, 0.001)
        if await shown.evaluate(DRAWN_SCRIPT):
            return
        await shown.wait_for_timeout(100)
    raise FilmUnavailable(f"The page was not drawn within {DRAWN_SECONDS:g} s: the machine is too busy. Try again.")


async def _advance(shown: Any, seconds: float) -> None:
    """Move the clock in one step, and once without time: what the step asks to be drawn later is drawn then."""
    await shown.evaluate("(steps) => { for (const step of steps) window.advanceClock(step); }", [seconds, 0.0])


async def _take_picture(session: Any, shape: FilmShape) -> Picture:
    """Take a picture by the browser's own protocol, and have it compressed little: that would take longest."""
    taken = await session.send("Page.captureScreenshot", {"format": "png", "optimizeForSpeed": True})
    picture = Image.open(io.BytesIO(base64.b64decode(taken["data"]))).convert("RGB")
    size = (shape.width, shape.height)
    return np.asarray(picture if picture.size == size else picture.resize(size, Image.Resampling.LANCZOS))


def write_film(
    page: ReplayPage,
    paths: Iterable[Path],
    shape: FilmShape,
    theme: str = "light",
    progress: ProgressWrapper = lambda numbers, _: numbers,
    quality: int = WEBP_QUALITY,
) -> int:
    """Write the film of a page to files, each a .gif, .webp or .mp4; return the number of pictures.

    ``quality`` is that of a .webp, from 0 to 100.
    """
    count = shape.frames + 1
    numbered = zip(progress(range(count), count), film_page(page, shape, theme), strict=True)
    pictures = [picture for _, picture in numbered]
    for path in paths:
        encoder = _open_encoder(path, pictures, shape, quality)
        try:
            for number, picture in enumerate(pictures):
                encoder.add_picture(picture, shape.hold if number == len(pictures) - 1 else 1 / shape.fps)
            encoder.close()
        except BaseException:
            encoder.discard_file()
            raise
    return len(pictures)


def _open_encoder(path: Path, pictures: list[Picture], shape: FilmShape, quality: int) -> Encoder:
    if path.suffix.lower() == ".mp4":
        return Mp4Encoder(path, shape.width, shape.height, shape.fps)
    if path.suffix.lower() == ".webp":
        return WebpEncoder(path, quality)
    return GifEncoder(path, pictures[::SAMPLE_EVERY], CERTAIN_COLOURS)


def write_studio_animation(
    directory: Path, options: AnimationOptions, progress: ProgressWrapper = lambda numbers, _: numbers
) -> tuple[tuple[str, ...], tuple[Path, ...]]:
    """Write the replay of runs of a results directory in the look of the studio; return their titles and the files.

    Raises FilmUnavailable if there is no Chromium or it fails, and ResultsError if the options do not fit.
    """
    find_chromium()
    options.check()
    page = make_replay_page(directory, options.runs, options.compare)
    stem = directory / "animation"
    suffixes = (".gif", ".mp4") if has_ffmpeg_program() else (".gif",)
    paths = (options.out,) if options.out is not None else tuple(stem.with_suffix(suffix) for suffix in suffixes)
    # Video codecs need even numbers.
    width = 2 * round(options.width / 2)
    shape = FilmShape(width, 2 * round(width * ASPECT / 2), options.fps, options.seconds - options.hold, options.hold)
    write_film(page, paths, shape, progress=progress)
    return page.titles, paths
