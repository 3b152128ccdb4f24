"""Reads what the studio's page shows, and waits for conditions, never for a fixed time."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

EVERY = 0.03
PARTS = ("playground", "watch", "cards")


def until(page: Any, expression: str, argument: Any = None, seconds: float = 60.0) -> Any:
    """Return the value of a JavaScript expression (of ``argument``) as soon as it is true.

    The browser's own waiting would use eval, which the page's policy forbids.
    """
    end = time.monotonic() + seconds
    while True:
        value = page.evaluate(f"(argument) => {expression}", argument)
        if value:
            return value
        assert time.monotonic() < end, f"never became true: {expression} ({argument!r})"
        page.wait_for_timeout(1000 * EVERY)


def visit(page: Any, address: str, **state: Any) -> None:
    """Open the studio anew with a state in its address."""
    page.goto("about:blank")
    page.goto(f"{address}#{urlencode({k: v for k, v in state.items() if v is not None})}")


def part(page: Any) -> str:
    """Return the visible part of the page."""
    shown: str = page.evaluate("() => document.querySelector('[role=tab][aria-selected=true]').dataset.part")
    return shown


def frame(page: Any) -> dict[str, str]:
    """Return the state in the page's address."""
    return {key: values[0] for key, values in parse_qs(urlsplit(page.url).fragment).items()}


def stages(page: Any, where: str) -> list[dict[str, Any]]:
    """Return what each stage of a part shows: title, numbers, badge, agents, the label of the picture, its points.

    Agents and the plane are told in the notes below the stages.
    """
    found: list[dict[str, Any]] = page.evaluate(
        """(where) => [...document.querySelectorAll(`#${where} .stage`)].map((stage, i) => {
            const notes = document.querySelectorAll(`#${where} .notes`)[i];
            const text = (name) => (stage.querySelector(name) ?? notes.querySelector(name))?.textContent ?? "";
            const { head, drawn } = stage.querySelector(".view").dataset;
            return { title: text(".stage-title"), numbers: text(".numbers"), badge: text(".badge"),
              plane: text(".plane-text"), label: stage.querySelector(".view").getAttribute("aria-label"),
              head: Number(head), drawn: Number(drawn),
              agents: [...notes.querySelectorAll(".agent > span")].map((line) => line.textContent) };
        })""",
        where,
    )
    return found


def at(page: Any, where: str) -> tuple[int, int]:
    """Return (evaluations shown, total evaluations) according to the slider of the player."""
    value, most = page.evaluate(
        "(where) => { const s = document.querySelector(`#${where} .scrub`); return [Number(s.value), Number(s.max)]; }",
        where,
    )
    return value, most


def scrub(page: Any, where: str, evaluations: int) -> None:
    """Move the player's slider as a pointer would."""
    page.evaluate(
        """([where, to]) => { const s = document.querySelector(`#${where} .scrub`); s.value = String(to);
            s.dispatchEvent(new Event("input", { bubbles: true })); }""",
        [where, evaluations],
    )


def drawn(page: Any, where: str) -> list[dict[str, Any]]:
    """Return what the stages show once all points at their position are drawn."""
    until(
        page,
        """[...document.querySelectorAll(`#${argument} .view`)].every(
            (view) => view.dataset.head !== undefined && view.dataset.drawn === view.dataset.head)""",
        where,
    )
    return stages(page, where)


def playing(page: Any, where: str) -> bool:
    value: bool = page.evaluate(
        "(w) => document.querySelector(`#${w} [data-do=play]`).dataset.playing === 'true'", where
    )
    return value


def ended(page: Any, where: str) -> list[dict[str, Any]]:
    """Go to the end of finished runs, and return what the stages show then."""
    until(
        page,
        """(() => { const part = document.querySelector(`#${argument}`);
            const badges = [...part.querySelectorAll(".stage .badge")];
            part.querySelector("[data-do=last]").click();
            return badges.length && badges.every((b) => !["running", "waiting"].includes(b.dataset.state))
              && !part.querySelector(".verdict").hidden; })()""",
        where,
    )
    return drawn(page, where)


def drag(page: Any, slider: Any, start: float, end: float, steps: int = 6) -> None:
    """Drag a slider's thumb from one fraction of its length to another (0 to 1)."""
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    thumb = 16.0
    x0, x1 = (box["x"] + thumb / 2 + part * (box["width"] - thumb) for part in (start, end))
    y = box["y"] + box["height"] / 2
    page.mouse.move(x0, y)
    page.mouse.down()
    page.mouse.move(x1, y, steps=steps)
    page.mouse.up()


def place(page: Any, where: str, u: float, v: float, extent: Any, stage: int = 0) -> list[float]:
    """Return the client coordinates of a place on the plane, in a contour view that is made to show all of it.

    What lies over the view is hidden, so that it can be clicked everywhere.
    """
    found: list[float] = page.evaluate(
        """async ([where, u, v, extent, stage]) => { const { ContourFrame } = await import("/drawing/contour/frame.js");
            const part = document.querySelector(`#${where}`); const host = part.querySelectorAll(".stage")[stage];
            const view = host.querySelector(".view"); const follow = part.querySelector(".follow[aria-pressed=true]");
            for (const cover of part.querySelectorAll(".story, .verdict")) cover.style.visibility = "hidden";
            for (const each of part.querySelectorAll(".settings, .team")) each.open = false;
            follow?.click(); view.dispatchEvent(new KeyboardEvent("keydown", { key: "0" }));
            view.scrollIntoView({ block: "nearest" });
            const frame = new ContourFrame(); const top = host.querySelector(".hud").offsetHeight + 40;
            frame.insets = { top, bottom: 8 };
            frame.resize(view.clientWidth, view.clientHeight);
            frame.setExtent(extent); const box = view.getBoundingClientRect();
            return [box.left + frame.x(u), box.top + frame.y(v)]; }""",
        [where, u, v, list(extent), stage],
    )
    return found


def yamls(page: Any) -> list[str]:
    """Return the experiments that the playground shows."""
    found: list[str] = page.evaluate("() => [...document.querySelectorAll('.yaml pre')].map((pre) => pre.textContent)")
    return found


def number(value: float | None) -> str:
    """Write a number as the page does (page/base/wording.js)."""
    if value is None or abs(value) == float("inf"):
        return "none"
    if value == 0:
        return "0"
    if abs(value) < 1e-3 or abs(value) >= 1e6:
        mantissa, _, power = f"{value:.2e}".partition("e")
        return f"{mantissa}e{int(power)}"
    return f"{float(f'{value:.4g}'):.10g}"
