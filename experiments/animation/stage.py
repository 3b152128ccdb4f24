"""Replays as moving pictures, drawn by matplotlib: where everything stands, and the pictures one by one. What stands
still is drawn once, points stay where they were drawn, and only what moves is drawn anew in each frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from ..drawing.style import COLOURS, STYLE
from .captions import names, notes, plain, said, short, title
from .encoding import Picture
from .gauges import Bars, Curve
from .map import BEST, OTHERS, Cast, Map, scenery
from .replay import Frame, Replay
from .slice import Slice

Box = tuple[float, float, float, float]
"""left, top, width, height."""
BASE = 640
"""Lengths below are pixels of a picture so wide; another width scales all of it, letters too."""
MARGIN, LEFT, TOP, BETWEEN = 12, 54, 44, 18
END = 12
"""Half of a number below the end of the curve."""
ROW = 19
"""Height of an agent's line: its name, and its bar below."""
CURVE = 84
SIDE = 376
"""Of the map, where there is but one."""
NAMED = 14
NAMED_OF_TWO = 7
"""Lines for agents; where there are more agents, the last line is their mean."""


@dataclass(frozen=True)
class Layout:
    """Where everything stands, from the top: titles, maps, bars (beside one map, below two), curve, key, words."""

    casts: tuple[Cast, ...]
    upper: int
    """Where the maps begin."""

    @classmethod
    def of(cls, replays: Sequence[Replay], plane: Slice) -> Layout:
        two = len(replays) > 1
        casts = tuple(Cast.of(replay, NAMED_OF_TWO if two else NAMED) for replay in replays)
        # Two maps have titles of their own, below the notes.
        return cls(casts, TOP + (16 if two and notes(replays, plane) else 0))

    @property
    def two(self) -> bool:
        return len(self.casts) > 1

    @property
    def rows(self) -> int:
        return max(len(cast.named) + (len(cast.named) < len(cast.tints)) for cast in self.casts)

    @property
    def side(self) -> int:
        return (BASE - LEFT - MARGIN - BETWEEN) // 2 if self.two else SIDE

    def map(self, number: int) -> Box:
        return LEFT + number * (self.side + BETWEEN), self.upper, self.side, self.side

    def bars(self, number: int) -> Box:
        left, top, side, _ = self.map(number)
        if self.two:
            return left, top + side + 46, side, self.rows * ROW
        return left + side + 22, top + 20, BASE - MARGIN - left - side - 22, self.rows * ROW

    @property
    def curve(self) -> Box:
        below = 26 + self.rows * ROW if self.two else 0
        return LEFT, self.upper + self.side + 52 + below, BASE - LEFT - MARGIN - END, CURVE

    @property
    def key(self) -> tuple[float, float]:
        """Its left and its top, a line below two maps; or its left and its bottom, a column beside one."""
        if self.two:
            return MARGIN / 2, self.curve[1] + CURVE + 24
        return LEFT + self.side + BETWEEN, self.upper + self.side

    @property
    def words(self) -> float:
        return self.curve[1] + CURVE + 26 + (22 if self.two else 0)

    @property
    def height(self) -> float:
        return self.words + 16 * len(self.casts) + 4


class Stage:
    """A picture with one replay, or two side by side, and its frames one by one."""

    def __init__(
        self, replays: Sequence[Replay], plane: Slice, frames: Sequence[Frame], *, width: int, linger: int
    ) -> None:
        self._replays, self._frames, self._plane = replays, frames, plane
        with matplotlib.rc_context(STYLE | {"font.size": 8.0}):
            self._build(width, linger)

    def _build(self, width: int, linger: int) -> None:
        self._layout = layout = Layout.of(self._replays, self._plane)
        self._figure = Figure(dpi=100 * width / BASE)
        # Even, as films must be.
        self.size = width // 2 * 2, round(layout.height * width / BASE / 2) * 2
        self._figure.set_size_inches(self.size[0] / self._figure.dpi, self.size[1] / self._figure.dpi)
        self._canvas = FigureCanvasAgg(self._figure)
        self._maps, self._bars = [], []
        for number, (replay, cast) in enumerate(zip(self._replays, layout.casts, strict=True)):
            axes = self._axes(layout.map(number))
            scenery(axes, replay, self._plane, number)
            self._maps.append(Map(axes, replay, cast, self._plane, linger))
            box = layout.bars(number)
            self._text(box[0], box[1] - 14, "evaluations: spent + lease now out", color="#505050", fontsize=7.5)
            self._bars.append(Bars(self._axes(box), replay, cast, layout.rows))
            if layout.two:
                heading = plain(short(names(self._replays)[number], layout.side, 9))
                self._text(layout.map(number)[0], layout.upper - 17, heading, fontsize=9)
        self._curve = Curve(self._axes(layout.curve), self._replays)
        self._text(MARGIN, 7, plain(short(title(self._replays), BASE - 180, 10)), fontsize=10)
        self._text(MARGIN, 26, notes(self._replays, self._plane), fontsize=8, color="#303030")
        key(self._figure, self._replays, layout)
        self._words = [
            self._text(MARGIN, layout.words + 16 * number, "", animated=True) for number in range(len(self._replays))
        ]
        self._count = self._text(BASE - MARGIN, 8, "", animated=True, ha="right", fontsize=9)

    def _axes(self, box: Box) -> Axes:
        left, top, width, height = box
        whole = self._layout.height
        return self._figure.add_axes((left / BASE, 1 - (top + height) / whole, width / BASE, height / whole))

    def _text(self, left: float, top: float, text: str, **options: Any) -> Any:
        return self._figure.text(left / BASE, 1 - top / self._layout.height, text, va="top", **options)

    def sample(self) -> list[Picture]:
        """The first and the last picture, for a palette."""
        self._start()
        first = self._picture(self._frames[0])
        self._settle(self._frames[-1], 0)
        last = self._picture(self._frames[-1])
        return [first, last]

    def pictures(self) -> Iterator[Picture]:
        """Every frame."""
        self._start()
        for frame in self._frames:
            self._settle(frame, None)
            yield self._picture(frame)

    def _start(self) -> None:
        with matplotlib.rc_context(STYLE):
            self._canvas.draw()
        self._still = self._canvas.copy_from_bbox(self._figure.bbox)

    def _settle(self, frame: Frame, first: int | None) -> None:
        """Draw a frame's new points for good, or all from the first."""
        if all(moment.newest == moment.shown for moment in frame.moments) and first is None:
            return
        self._canvas.restore_region(self._still)
        for drawn, moment in zip(self._maps, frame.moments, strict=True):
            drawn.settle(moment.newest if first is None else first, moment.shown)
        self._still = self._canvas.copy_from_bbox(self._figure.bbox)

    def _picture(self, frame: Frame) -> Picture:
        self._canvas.restore_region(self._still)
        for drawn, bars, moment in zip(self._maps, self._bars, frame.moments, strict=True):
            drawn.move(moment)
            bars.move(moment)
        self._curve.move(frame)
        last = frame is self._frames[-1]
        begun = names(self._replays) if self._layout.two else [""]
        for text, replay, moment, name in zip(self._words, self._replays, frame.moments, begun, strict=True):
            text.set_text(plain(short(said(replay, moment, last, name), BASE - 2 * MARGIN)))
            text.set_fontweight("bold" if last else "normal")
            self._figure.draw_artist(text)
        self._count.set_text(f"{frame.evaluations:,} evaluations")
        self._figure.draw_artist(self._count)
        return np.asarray(self._canvas.buffer_rgba())[..., :3].copy()


def key(figure: Figure, replays: Sequence[Replay], layout: Layout) -> None:
    """Say what the marks mean; the bars say it of the agents'."""
    problem = replays[0].run.problem
    marks = {
        "best point": Line2D([], [], marker="*", ls="", ms=10, color=BEST, mec="black", mew=0.7),
        "region of a lease now out": Line2D([], [], marker="s", ls="", ms=8, mfc="none", mec="#303030", mew=1.5),
    }
    if any(replay.hand_overs for replay in replays):
        marks["sent to a point found by another"] = Line2D(
            [], [], marker=r"$\rightarrow$", ls="", ms=12, color="#303030"
        )  # fmt: skip
    if problem is not None and problem.minimizers is not None:
        marks["known minimum"] = Line2D([], [], marker="+", ls="", ms=9, color="black", mew=1.4)
    if any(not np.isfinite(replay.losses).all() for replay in replays):
        marks["failed"] = Line2D([], [], marker="x", ls="", ms=5, color="#303030")
    left, at = layout.key
    figure.legend(
        list(marks.values()), list(marks), ncols=len(marks) if layout.two else 1,
        loc="upper left" if layout.two else "lower left", bbox_to_anchor=(left / BASE, 1 - at / layout.height),
        frameon=False, fontsize=7.5, borderpad=0, handletextpad=0.3, columnspacing=1.2, labelspacing=0.6,
        borderaxespad=0, handlelength=1.4,
    )  # fmt: skip


def colours() -> NDArray[np.uint8]:
    """Colours that must be in a palette, (n, 3): each agent's, at full strength and fainter."""
    tints = dict.fromkeys(["#ffffff", "#000000", *COLOURS, OTHERS, BEST])
    full = np.array([to_rgb(tint) for tint in tints])
    ground = np.full(3, 0.9)
    return np.round(255 * np.concatenate([full, *(part * full + (1 - part) * ground for part in (0.7, 0.4))])).astype(
        np.uint8
    )
