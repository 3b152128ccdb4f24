"""The pictures of an animation: their layout, and the renderer that draws them one by one with matplotlib.

The still parts are drawn once, points are added to the picture and stay, and only moving parts are redrawn per frame.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from ..drawing.style import COLOURS, figure_style
from .captions import animation_title, caption_line, escape_math, map_notes, run_names, shorten_text
from .encoding import Picture
from .gauges import BestLossCurve, BudgetBars
from .map import BEST_COLOUR, OTHERS_COLOUR, AgentStyles, AnimatedMap, draw_static_map, leave_out_end_ticks
from .replay import Frame, Replay
from .slice import Slice

Box = tuple[float, float, float, float]
"""left, top, width, height."""
BASE_WIDTH = 640
"""The lengths below are in pixels of a picture of this width; another width scales everything, including text."""
MARGIN, LEFT_MARGIN, TOP_MARGIN, MAP_GAP = 12, 54, 44, 18
NOTES_WIDTH, NOTE_HEIGHT = BASE_WIDTH - 2 * MARGIN, 13
"""Of the notes on the maps: the width of a line, and the distance of two lines."""
CURVE_END_MARGIN = 12
"""Room for half of the last number on the horizontal axis."""
ROW_HEIGHT = 19
"""Height of an agent's line: its name, and its bar below it."""
CURVE_HEIGHT = 84
MAP_SIDE = 376
"""Side of the map if there is only one."""
AGENT_ROWS = 14
AGENT_ROWS_OF_TWO = 7
"""Lines for agents; if there are more agents, the last line shows the mean of the rest."""


@dataclass(frozen=True)
class Layout:
    """The layout, from the top: titles, maps, bars (beside one map, below two), curve, legend, captions."""

    styles: tuple[AgentStyles, ...]
    upper: int
    """Top of the maps."""

    @classmethod
    def for_replays(cls, replays: Sequence[Replay], plane: Slice) -> Layout:
        two = len(replays) > 1
        casts = tuple(AgentStyles.for_replay(replay, AGENT_ROWS_OF_TWO if two else AGENT_ROWS) for replay in replays)
        notes = len(map_notes(replays, plane, NOTES_WIDTH))
        # Each of two maps has its own title, below the notes.
        return cls(casts, TOP_MARGIN + (16 if two and notes else 0) + NOTE_HEIGHT * max(0, notes - 1))

    @property
    def is_side_by_side(self) -> bool:
        return len(self.styles) > 1

    @property
    def rows(self) -> int:
        return max(len(cast.named_agents) + (len(cast.named_agents) < len(cast.tints)) for cast in self.styles)

    @property
    def side(self) -> int:
        return (BASE_WIDTH - LEFT_MARGIN - MARGIN - MAP_GAP) // 2 if self.is_side_by_side else MAP_SIDE

    def map_box(self, number: int) -> Box:
        return LEFT_MARGIN + number * (self.side + MAP_GAP), self.upper, self.side, self.side

    def bars_box(self, number: int) -> Box:
        left, top, side, _ = self.map_box(number)
        if self.is_side_by_side:
            return left, top + side + 46, side, self.rows * ROW_HEIGHT
        return left + side + 22, top + 20, BASE_WIDTH - MARGIN - left - side - 22, self.rows * ROW_HEIGHT

    @property
    def curve(self) -> Box:
        below = 26 + self.rows * ROW_HEIGHT if self.is_side_by_side else 0
        return (
            LEFT_MARGIN,
            self.upper + self.side + 52 + below,
            BASE_WIDTH - LEFT_MARGIN - MARGIN - CURVE_END_MARGIN,
            CURVE_HEIGHT,
        )

    @property
    def key(self) -> tuple[float, float]:
        """The legend's left and top if it is a row below two maps; its left and bottom if it is a column beside one."""
        if self.is_side_by_side:
            return MARGIN / 2, self.curve[1] + CURVE_HEIGHT + 24
        return LEFT_MARGIN + self.side + MAP_GAP, self.upper + self.side

    @property
    def captions_top(self) -> float:
        return self.curve[1] + CURVE_HEIGHT + 26 + (22 if self.is_side_by_side else 0)

    @property
    def height(self) -> float:
        return self.captions_top + 16 * len(self.styles) + 4


class FrameRenderer:
    """A renderer of the frames of one replay, or of two side by side."""

    def __init__(
        self, replays: Sequence[Replay], plane: Slice, frames: Sequence[Frame], *, width: int, linger: int
    ) -> None:
        self._replays, self._frames, self._plane = replays, frames, plane
        with figure_style({"font.size": 8.0}):
            self._build_artists(width, linger)

    def _build_artists(self, width: int, linger: int) -> None:
        self._layout = layout = Layout.for_replays(self._replays, self._plane)
        self._figure = Figure(dpi=100 * width / BASE_WIDTH)
        # The MP4 format needs an even width and height.
        self.size = width // 2 * 2, round(layout.height * width / BASE_WIDTH / 2) * 2
        self._figure.set_size_inches(self.size[0] / self._figure.dpi, self.size[1] / self._figure.dpi)
        self._canvas = FigureCanvasAgg(self._figure)
        self._maps, self._bars = [], []
        for number, (replay, cast) in enumerate(zip(self._replays, layout.styles, strict=True)):
            axes = self._add_axes(layout.map_box(number))
            draw_static_map(axes, replay, self._plane, number)
            if layout.is_side_by_side:
                leave_out_end_ticks(axes)
            self._maps.append(AnimatedMap(axes, replay, cast, self._plane, linger))
            box = layout.bars_box(number)
            self._add_text(box[0], box[1] - 14, "evaluations: spent + left in lease", color="#505050", fontsize=7.5)
            self._bars.append(BudgetBars(self._add_axes(box), replay, cast, layout.rows))
            if layout.is_side_by_side:
                heading = escape_math(shorten_text(run_names(self._replays)[number], layout.side, 9))
                self._add_text(layout.map_box(number)[0], layout.upper - 17, heading, fontsize=9)
        self._curve = BestLossCurve(self._add_axes(layout.curve), self._replays)
        self._add_text(
            MARGIN, 7, escape_math(shorten_text(animation_title(self._replays), BASE_WIDTH - 180, 10)), fontsize=10
        )
        for number, note in enumerate(map_notes(self._replays, self._plane, NOTES_WIDTH)):
            self._add_text(MARGIN, 26 + NOTE_HEIGHT * number, escape_math(note), fontsize=8, color="#303030")
        draw_legend(self._figure, self._replays, layout)
        self._captions = [
            self._add_text(MARGIN, layout.captions_top + 16 * number, "", animated=True)
            for number in range(len(self._replays))
        ]
        self._evaluations_text = self._add_text(BASE_WIDTH - MARGIN, 8, "", animated=True, ha="right", fontsize=9)

    def _add_axes(self, box: Box) -> Axes:
        left, top, width, height = box
        whole = self._layout.height
        return self._figure.add_axes(
            (left / BASE_WIDTH, 1 - (top + height) / whole, width / BASE_WIDTH, height / whole)
        )

    def _add_text(self, left: float, top: float, text: str, **options: Any) -> Any:
        return self._figure.text(left / BASE_WIDTH, 1 - top / self._layout.height, text, va="top", **options)

    def sample_pictures(self) -> list[Picture]:
        """Return the first and the last picture, from which a palette can be made."""
        self._draw_still()
        first = self._render_picture(self._frames[0])
        self._draw_settled(self._frames[-1], 0)
        last = self._render_picture(self._frames[-1])
        return [first, last]

    def render_pictures(self) -> Iterator[Picture]:
        """Yield the picture of each frame."""
        self._draw_still()
        for frame in self._frames:
            self._draw_settled(frame, None)
            yield self._render_picture(frame)

    def _draw_still(self) -> None:
        with figure_style():
            self._canvas.draw()
        self._still_picture = self._canvas.copy_from_bbox(self._figure.bbox)

    def _draw_settled(self, frame: Frame, first: int | None) -> None:
        """Add a frame's new points to the still picture, or all its points from ``first`` on."""
        if all(moment.first_new_point == moment.points_shown for moment in frame.moments) and first is None:
            return
        self._canvas.restore_region(self._still_picture)
        for drawn, moment in zip(self._maps, frame.moments, strict=True):
            drawn.draw_settled(moment.first_new_point if first is None else first, moment.points_shown)
        self._still_picture = self._canvas.copy_from_bbox(self._figure.bbox)

    def _render_picture(self, frame: Frame) -> Picture:
        self._canvas.restore_region(self._still_picture)
        for drawn, bars, moment in zip(self._maps, self._bars, frame.moments, strict=True):
            drawn.move(moment)
            bars.move(moment)
        self._curve.move(frame)
        last = frame is self._frames[-1]
        begun = run_names(self._replays) if self._layout.is_side_by_side else [""]
        for text, replay, moment, name in zip(self._captions, self._replays, frame.moments, begun, strict=True):
            text.set_text(escape_math(shorten_text(caption_line(replay, moment, last, name), BASE_WIDTH - 2 * MARGIN)))
            text.set_fontweight("bold" if last else "normal")
            with figure_style():
                self._figure.draw_artist(text)
        self._evaluations_text.set_text(f"{frame.evaluations:,} evaluations")
        self._figure.draw_artist(self._evaluations_text)
        return np.asarray(self._canvas.buffer_rgba())[..., :3].copy()


def draw_legend(figure: Figure, replays: Sequence[Replay], layout: Layout) -> None:
    """Draw the legend of the marks; the bars are the legend of the agents' markers."""
    marks = {
        "best point": Line2D([], [], marker="*", ls="", ms=10, color=BEST_COLOUR, mec="black", mew=0.7),
        "region of a current lease": Line2D([], [], marker="s", ls="", ms=8, mfc="none", mec="#303030", mew=1.5),
    }
    if any(replay.hand_overs for replay in replays):
        marks["sent to another agent's point"] = Line2D(
            [], [], marker=r"$\rightarrow$", ls="", ms=12, color="#303030"
        )  # fmt: skip
    if replays[0].run.minimizers is not None:
        marks["known minimum"] = Line2D([], [], marker="+", ls="", ms=9, color="black", mew=1.4)
    if lost := _name_lost_points(replays):
        marks[lost] = Line2D([], [], marker="x", ls="", ms=5, color="#303030")
    left, at = layout.key
    figure.legend(
        list(marks.values()), list(marks), ncols=len(marks) if layout.is_side_by_side else 1,
        loc="upper left" if layout.is_side_by_side else "lower left",
        bbox_to_anchor=(left / BASE_WIDTH, 1 - at / layout.height),
        frameon=False, fontsize=7.5, borderpad=0, handletextpad=0.3, columnspacing=1.2, labelspacing=0.6,
        borderaxespad=0, handlelength=1.4,
    )  # fmt: skip


def _name_lost_points(replays: Sequence[Replay]) -> str:
    """Return what the points without a loss are: failed, infeasible, or both; "" if there are none."""
    costs = np.concatenate([replay.cost[~np.isfinite(replay.losses)] for replay in replays])
    named = {"failed": (costs > 0).any(), "infeasible": (costs == 0).any()}
    return " or ".join(name for name, found in named.items() if found)


def palette_colours() -> NDArray[np.uint8]:
    """Return the colours that must be in a palette, (n, 3): each agent's colour at full strength and fainter."""
    tints = dict.fromkeys(["#ffffff", "#000000", *COLOURS, OTHERS_COLOUR, BEST_COLOUR])
    full = np.array([to_rgb(tint) for tint in tints])
    ground = np.full(3, 0.9)
    return np.round(255 * np.concatenate([full, *(part * full + (1 - part) * ground for part in (0.7, 0.4))])).astype(
        np.uint8
    )
