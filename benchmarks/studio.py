"""Measure the studio: time to the first view, frames per second, bytes per thousand points, and the cost of viewers.

    python benchmarks/studio.py --write        # a few minutes; writes its tables into docs/studio.md

Frames are counted in Debian's Chromium without a GPU (--disable-gpu), headless, at 1280 x 900. Beside them stands the
CPU time of a frame, of the page and of the process that draws: on a busy machine, frames come late, but this time
stays. Needs playwright and chromium on the PATH.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from searchparty import Experiment, run
from searchparty.experiments.studio.films.feed import Feed
from searchparty.experiments.studio.films.message import decode_film
from searchparty.orchestrator.log.reader import LogReader

STUDIO_PAGE = Path(__file__).parent.parent / "docs" / "studio.md"
BROWSER_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
SHOWN_SELECTOR = ".stage:last-child .view[data-drawn]:not([data-drawn='0'])"
FRAME_SECONDS = 5.0
COUNT_FRAMES_JS = """(seconds) => new Promise((done) => {
  let frames = 0;
  const began = performance.now();
  const tick = (now) => {
    frames++;
    if (now - began < 1000 * seconds) requestAnimationFrame(tick);
    else done(frames / ((now - began) / 1000));
  };
  requestAnimationFrame(tick);
})"""


MOVE_SLIDER_JS = """([name, step]) => new Promise((done) => {
  const part = document.querySelector("#playground");
  const slider = [...part.querySelectorAll(`input[type=range][name=${name}]`)].at(-1);
  const replay = part.querySelector(".replay");
  const began = performance.now();
  let veiled = 0;
  slider.value = String(Number(slider.value) + step * Number(slider.step || 1));
  for (const event of ["input", "change"]) slider.dispatchEvent(new Event(event, { bubbles: true }));
  const tick = () => {
    const now = performance.now() - began;
    const on = replay.classList.contains("veiled");
    if (on && !veiled) veiled = now;
    if (veiled && !on) requestAnimationFrame(() => done([veiled, performance.now() - began]));
    else requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
})"""
MOVES = [("grid_size", 1), ("radius", -1), ("seed", 1), ("grid_size", -1), ("seed", 1)]
IDLE_MILLISECONDS = 6000
"""After this, the runs of the sliders' next steps have been worked."""


def make_results(folder: Path, name: str, dimension: int, budget: int) -> Path:
    """Make a results directory with one run of a team of three."""
    team = ["grid", "random-restart", "random"]
    data: dict[str, Any] = {
        "name": name,
        "seed": 1,
        "budget": budget,
        "landscapes": [{"kind": "rastrigin", "dimension": dimension, "shift": "random", "instance": 1}],
        "strategies": {"team": {"agents": team, "policy": {"sharing": "broadcast", "radius": "shrink", "lease": 60}}},
        "executor": "simulated",
    }
    return run(Experiment.from_data(data), out=folder / name, report=False).path


@contextmanager
def start_studio(*arguments: str) -> Iterator[str]:
    """Start a studio, yield its address, and stop it at the end."""
    command = [
        sys.executable,
        "-m",
        "searchparty.experiments.cli.main",
        "studio",
        "--no-browser",
        "--port",
        "0",
        *arguments,
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().split(" at ")[1].split()[0]
    finally:
        process.terminate()
        process.wait(20)


def measure_first_views(browser: Browser, address: str, times: int) -> list[float]:
    """Return the seconds from opening the playground, with an empty browser cache, until both stages show points."""
    found = []
    for _ in range(times):
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        page = context.new_page()
        began = time.perf_counter()
        page.goto(address)
        page.locator(SHOWN_SELECTOR).wait_for()
        found.append(time.perf_counter() - began)
        context.close()
    return found


def measure_sliders(browser: Browser, address: str) -> list[str]:
    """Return table rows: milliseconds from a moved slider until the old picture is veiled, and until the new is drawn.

    Once the next slider is moved at once, and once after a rest, in which the runs of its next steps are prepared.
    """
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(address)
    page.locator(SHOWN_SELECTOR).wait_for()
    rows = []
    for words, wait in (("one after the other", 0), ("after a rest", IDLE_MILLISECONDS)):
        found = []
        for name, step in MOVES:
            page.wait_for_timeout(wait)
            found.append(page.evaluate(MOVE_SLIDER_JS, [name, step]))
        veiled, shown = (statistics.median(column) for column in zip(*found, strict=True))
        rows.append(f"| {words} | {veiled:.0f} ms | {shown / 1000:.2f} s |")
    page.close()
    return rows


@dataclass(frozen=True)
class FrameCost:
    """Frames per second, and the CPU time of a frame in milliseconds: of the page, and of the process that draws."""

    rate: float
    page: float
    drawing: float

    def __str__(self) -> str:
        return f"{self.rate:.0f} | {self.page:.0f} + {self.drawing:.0f} ms"


def read_cpu_seconds(browser: Browser) -> dict[str, float]:
    """Return the CPU time that the browser's processes have used, by their kind."""
    session = browser.new_browser_cdp_session()
    found: dict[str, float] = {}
    for process in session.send("SystemInfo.getProcessInfo")["processInfo"]:
        found[process["type"]] = found.get(process["type"], 0.0) + process["cpuTime"]
    session.detach()
    return found


def measure_cost(browser: Browser, count: Callable[[], float]) -> FrameCost:
    """Return what frames cost while ``count`` counts them for ``FRAME_SECONDS``."""
    before = read_cpu_seconds(browser)
    rate = count()
    spent = {kind: seconds - before.get(kind, 0.0) for kind, seconds in read_cpu_seconds(browser).items()}
    each = {kind: 1000 * seconds / (rate * FRAME_SECONDS) for kind, seconds in spent.items()}
    return FrameCost(rate, each.get("renderer", 0.0), each.get("GPU", 0.0))


def measure_frames(browser: Browser, page: Page, look: str, turning: bool) -> FrameCost:
    """Return the frames during a replay, or while the picture is turned (on a contour: moved) at its end."""
    page.get_by_role("button", name="3-D" if look == "3d" else "Contour").click()
    page.get_by_role("button", name="To the end").click()
    page.wait_for_timeout(1500)
    if not turning:
        page.get_by_role("button", name="Play", exact=True).click()
        page.wait_for_timeout(1500)
        counted = measure_cost(browser, lambda: float(page.evaluate(COUNT_FRAMES_JS, FRAME_SECONDS)))
        page.get_by_role("button", name="Pause", exact=True).click()
        return counted
    box = page.locator(".view").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()

    def turn() -> float:
        handle = page.evaluate_handle(f"() => ({{ rate: ({COUNT_FRAMES_JS})({FRAME_SECONDS}) }})")
        began = time.perf_counter()
        while time.perf_counter() - began < FRAME_SECONDS:
            along = (time.perf_counter() - began) / FRAME_SECONDS
            page.mouse.move(x + 220 * along, y + 30 * along)
            time.sleep(0.01)
        return float(handle.evaluate("(held) => held.rate"))

    cost = measure_cost(browser, turn)
    page.mouse.up()
    return cost


def frame_rate_rows(browser: Browser, folder: Path) -> list[str]:
    rows = []
    for name, budget in (("few", 2000), ("many", 100_000)):
        directory = make_results(folder, name, 2, budget)
        with start_studio(str(directory)) as address:
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(address)
            page.locator(SHOWN_SELECTOR).wait_for()
            for look, words in (("3d", "3-D"), ("contour", "contour")):
                playing, turning = (measure_frames(browser, page, look, turns) for turns in (False, True))
                rows.append(f"| {words}, {budget:,} points | {playing} | {turning} |")
            page.close()
    return rows


def message_size_rows(folder: Path) -> list[str]:
    """Return table rows: the size of a thousand points as they are sent, and of everything else in a message."""
    rows = []
    for dimension in (2, 10):
        directory = make_results(folder, f"weigh-{dimension}", dimension, 20_000)
        with LogReader(directory) as reader:
            (record,) = reader.runs()
        message = Feed(directory, record.id).film()
        _, arrays = decode_film(message)
        points = sum(a.nbytes for name, a in arrays.items() if name != "surface")
        count = len(arrays["loss"])
        rest = len(message) - points - arrays["surface"].nbytes
        rows.append(
            f"| {dimension} dimensions | {1000 * points / count / 1024:.1f} | {1000 * rest / count / 1024:.1f} "
            f"| {arrays['surface'].nbytes / 1024:.0f} |"
        )
    return rows


def viewer_cost_rows(folder: Path, rounds: int) -> list[str]:
    """Time a run next to a studio without viewers and next to one with four viewers, in turn; return the table row."""
    alone, watched = [], []
    for number in range(rounds):
        for how, found in (("alone", alone), ("watched", watched)):
            directory = folder / f"{how}-{number}"
            directory.mkdir()
            (directory / "experiment.yaml").write_text("name: to come\n")
            with start_studio(str(directory)) as address:
                (directory / "experiment.yaml").unlink()
                stop = threading.Event()
                threads = [threading.Thread(target=_poll_film, args=(address, directory.name, stop)) for _ in range(4)]
                for thread in threads if how == "watched" else []:
                    thread.start()
                began = time.perf_counter()
                subprocess.run([sys.executable, "-c", RUN_SOURCE.format(path=str(directory))], check=True)
                found.append(time.perf_counter() - began)
                stop.set()
                for thread in threads if how == "watched" else []:
                    thread.join()
    ratios = [w / a for w, a in zip(watched, alone, strict=True)]
    middle, beside = statistics.median(alone), statistics.median(watched)
    return [f"| {middle:.1f} s | {beside:.1f} s | {statistics.median(ratios):.2f} |"]


RUN_SOURCE = """
from searchparty import Experiment, run
agents = ["grid", "random-restart", "random", "gradient-descent"]
data = {{"name": "x", "seed": 1, "budget": 100000, "landscapes": [{{"kind": "rastrigin", "dimension": 2}}],
         "strategies": {{"s": {{"agents": agents}}}}, "executor": "simulated"}}
run(Experiment.from_data(data), out={path!r}, report=False)
"""


def _poll_film(address: str, key: str, stop: threading.Event) -> None:
    """Act as a viewer like the page: ask every 0.4 s for what is new."""
    run, since = "", ""
    while not stop.wait(0.4):
        if not run:
            with urllib.request.urlopen(f"{address}api/results") as answer:
                listed = next(each for each in json.load(answer)["results"] if each["key"] == key)["runs"]
            run = listed[0]["run"] if listed else ""
            continue
        with urllib.request.urlopen(f"{address}api/results/{key}/runs/{run}/film?since={since}") as answer:
            since = decode_film(answer.read())[0]["next"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the tables into docs/studio.md")
    parser.add_argument("--waits", action="store_true", help="only how long one waits: the first view, and sliders")
    parser.add_argument("--frames", action="store_true", help="only frames per second, and what they cost")
    arguments = parser.parse_args()
    chromium = shutil.which("chromium")
    assert chromium, "chromium must be on the PATH"
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        browser = playwright.chromium.launch(executable_path=chromium, args=BROWSER_FLAGS)
        parts: dict[str, list[str]] = {}
        if not arguments.frames:
            with start_studio() as address:
                cold = measure_first_views(browser, address, 1)
                warm = measure_first_views(browser, address, 5)
                sliders = measure_sliders(browser, address)
            parts["first view"] = [
                "| right after the start | later, median of 5 |",
                "|---:|---:|",
                f"| {cold[0]:.2f} s | {statistics.median(warm):.2f} s |",
            ]
            parts["sliders"] = [
                "| a slider is moved | the old picture is veiled | new points, median of 5 |",
                "|---|---:|---:|",
                *sliders,
            ]
        if not arguments.waits:
            parts["frames"] = [
                "| frames per second, CPU of page + drawing | playing | a frame | turning, moving | a frame |",
                "|---|---:|---:|---:|---:|",
                *frame_rate_rows(browser, folder),
            ]
        if not (arguments.waits or arguments.frames):
            parts["bytes"] = [
                "| KiB per 1,000 points | points | leases, reasons, insights | the surface, once |",
                "|---|---:|---:|---:|",
                *message_size_rows(folder),
            ]
            parts["viewers"] = [
                "| a run of 100,000 evaluations without viewers | with four viewers | ratio, median of pairs |",
                "|---:|---:|---:|",
                *viewer_cost_rows(folder, 5),
            ]
        browser.close()
    for title, lines in parts.items():
        print(f"\n{title}\n" + "\n".join(lines))
        if arguments.write:
            write_table(title, lines)


def write_table(title: str, lines: list[str]) -> None:
    """Write a table between its marks in the page."""
    text = STUDIO_PAGE.read_text(encoding="utf-8")
    begin, end = f"<!-- {title} -->\n", f"\n<!-- end of {title} -->"
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    STUDIO_PAGE.write_text(before + begin + "\n".join(lines) + end + after, encoding="utf-8")


if __name__ == "__main__":
    main()
