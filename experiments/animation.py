"""Replays as moving pictures, drawn by matplotlib. What stands still is drawn once; points stay where they were drawn;
in each frame only what moves is drawn anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap, to_rgb, to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, Rectangle
from matplotlib.patheffects import Normal, Stroke

from ..landscapes.landscape import Array
from ..landscapes.slices import line
from .encoding import Picture
from .figures import COLOURS, STYLE, background, gap, loss_axis, shades, written
from .plane import Plane
from .replay import Frame, Moment, Replay, Turn

SHAPES = ("o", "^", "s", "D", "v", "P", "X", "p")
OTHERS = "#9a9a9a"
"""The colour of agents that are too many to be told apart."""
BEST = "#F0E442"
HALO = [Stroke(linewidth=3.0, foreground="white"), Normal()]
BASE = 640
"""Lengths below are pixels of a picture so wide; another width scales all of it, letters too."""
MARGIN, LEFT, TOP, GAP = 12, 46, 44, 36
ROW = 19
"""Height of an agent's line: its name, and its bar below."""
CURVE = 84
MOST_ARROWS = 6
FEW_AGENTS = 4
LETTERS = 0.75
"""Mean width of a letter, as a part of the size of its font."""
GROUND = LinearSegmentedColormap.from_list("pale ground", ["#ffffff", "#bdbdbd"])
"""Paler than in the report: points are small here, and come and go."""


def short(text: str, width: float, size: float = 8.0) -> str:
    """A text of a font's size (points), as it fits into so many pixels."""
    most = max(8, int(width / (LETTERS * size)))
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def plain(text: str) -> str:
    """Nothing in a text is mathematics."""
    return text.replace("$", r"\$")


@dataclass(frozen=True)
class Cast:
    """Who is drawn how: the agents (indices) that are named, the others in one colour; colours and shapes by agent."""

    named: tuple[int, ...]
    tints: tuple[str, ...]
    shapes: tuple[int, ...]

    @classmethod
    def of(cls, replay: Replay, most: int) -> Cast:
        """At most so many agents are named; where there are more, those that spend most are."""
        team = len(replay.run.team)
        named = list(range(team))
        if team > most:
            spent, _ = replay.shares_at(len(replay.agent))
            named = sorted(np.argsort(-spent, kind="stable")[: most - 1].tolist())
        tints, shapes = [OTHERS] * team, [0] * team
        for place, index in enumerate(named):
            tints[index] = COLOURS[place % len(COLOURS)]
            shapes[index] = (place + place // len(COLOURS)) % len(SHAPES)
        return cls(tuple(named), tuple(tints), tuple(shapes))


class Map:
    """The landscape, and on it the points, the regions searched, hand-overs and the best point."""

    def __init__(self, axes: Axes, replay: Replay, cast: Cast, plane: Plane, linger: int) -> None:
        self.axes, self._replay, self._cast, self._plane, self._linger = axes, replay, cast, plane, linger
        self._places = plane.places(replay.cube, replay.losses)
        self._finite = np.isfinite(replay.losses)
        self._colours = np.array([to_rgba(tint) for tint in cast.tints])[replay.agent]
        self._near = plane.nearness(replay.cube)
        self._shapes = np.array(cast.shapes, dtype=np.int64)[replay.agent]
        self._settled = {shape: self._dots(SHAPES[shape], 2) for shape in sorted({*cast.shapes})}
        self._newest = {shape: self._dots(SHAPES[shape], 4) for shape in self._settled}
        self._stands = {shape: self._dots(SHAPES[shape], 6) for shape in self._settled}
        self._failed = axes.scatter([], [], s=14, marker="x", c="#303030", lw=0.7, animated=True, zorder=3)
        self._region = axes.add_patch(Rectangle((0, 0), 1, 1, fill=False, animated=True, zorder=5))
        self._arrow = axes.add_patch(
            FancyArrowPatch((0, 0), (1, 1), arrowstyle="-|>", mutation_scale=13, lw=2.0, animated=True, zorder=7)
        )  # fmt: skip
        self._arrow.set_path_effects(HALO)
        self._star = axes.scatter(
            [], [], s=150, marker="*", c=BEST, edgecolors="black", lw=0.9, animated=True, zorder=8
        )  # fmt: skip

    def _dots(self, marker: str, order: int) -> Any:
        return self.axes.scatter([], [], marker=marker, lw=0, animated=True, zorder=order)

    def settle(self, first: int, last: int) -> None:
        """Draw the points from first to last for good."""
        rows = np.arange(first, last)
        strength = 0.15 + 0.6 * self._near[rows]
        self._draw(self._settled, rows, 10.0, strength, ("none", 0.0))
        lost = rows[~self._finite[rows]]
        if len(lost):
            places = self._places[lost].copy()
            if len(self._plane.axes) == 1:
                # Where no loss is, no height is.
                places[:, 1] = self.axes.get_ylim()[0]
            self._failed.set_offsets(places)
            self.axes.draw_artist(self._failed)

    def _draw(
        self, kind: dict[int, Any], rows: Any, size: float, strength: Any, edge: tuple[str, float], back: float = 0.0
    ) -> None:
        """Draw points (indices) with finite losses as dots of a kind."""
        kept = self._finite[rows]
        rows, strength = rows[kept], np.broadcast_to(strength, kept.shape)[kept]
        for shape, dots in kind.items():
            mine = self._shapes[rows] == shape
            if not mine.any():
                continue
            colours = self._colours[rows[mine]].copy()
            colours[:, 3] = strength[mine]
            dots.set_offsets(self._places[rows[mine]])
            dots.set_sizes([size])
            dots.set_facecolors(colours)
            dots.set_edgecolors(edge[0])
            dots.set_linewidths([edge[1]])
            self.axes.draw_artist(dots)

    def move(self, moment: Moment) -> None:
        """Draw what is seen in one frame only."""
        for number, turn in enumerate(moment.out):
            self._mark(turn, number, len(moment.out))
        self._draw(self._newest, np.arange(moment.newest, moment.shown), 18.0, 0.95, ("white", 0.5))
        self._draw(self._stands, self._last_of(moment), 52.0, 1.0, ("black", 1.1))
        for over, age in moment.hand_overs[-MOST_ARROWS:]:
            self._hand(over.origin, over.turn, age)
        best = self._replay.best_at(moment.shown)
        if best is not None:
            self._star.set_offsets(self._places[[best]])
            self.axes.draw_artist(self._star)

    def _last_of(self, moment: Moment) -> Any:
        """The latest points of the named agents whose leases are out."""
        found = []
        for turn in moment.out:
            if turn.agent in self._cast.named:
                mine = np.flatnonzero(self._replay.agent[: moment.shown] == turn.agent)
                found += mine[-1:].tolist()
        return np.array(found, dtype=np.int64)

    def _mark(self, turn: Turn, number: int, count: int) -> None:
        """Draw the region of a lease that is out."""
        region, tint = turn.lease.region, self._cast.tints[turn.agent]
        if turn.agent not in self._cast.named:
            return
        corners = self._plane.places(np.array([region.lower, region.upper]), np.zeros(2))
        (left, low), (right, high) = corners
        if len(self._plane.axes) == 1:
            low, high = self.axes.get_ylim()
        self._region.set_bounds(left, low, right - left, high - low)
        self._region.set_edgecolor(tint)
        self._region.set_alpha(0.95 if self._plane.meets(region) else 0.4)
        self._region.set_linewidth(1.8)
        # Regions that coincide, such as the whole box at the start, take turns along their common edge.
        dashes = (7.0 * number, (7.0, 7.0 * (count - 1))) if 1 < count <= FEW_AGENTS and region.is_whole else "solid"
        self._region.set_linestyle(dashes)
        self.axes.draw_artist(self._region)

    def _hand(self, origin: int | None, turn: Turn, age: int) -> None:
        """Draw an arrow from an agent's last point to the one that it is sent to."""
        incumbent = turn.lease.incumbent
        assert incumbent is not None
        target = self._plane.places(incumbent.point[None], np.array([incumbent.loss]))[0]
        start = target if origin is None else self._places[origin]
        to_pixels = self.axes.transData.transform
        if not np.isfinite(start).all() or np.hypot(*(to_pixels(target) - to_pixels(start))) < 4:
            return
        part = min(1.0, (age + 1) / max(1, self._linger // 3))
        # In pixels, so that it grows evenly on a logarithmic axis too.
        tip = self.axes.transData.inverted().transform(to_pixels(start) * (1 - part) + to_pixels(target) * part)
        self._arrow.set_positions(start, tip)
        self._arrow.set_color(self._cast.tints[turn.agent])
        self.axes.draw_artist(self._arrow)


class Bars:
    """A line an agent: its name, and as a bar what it has spent and what its lease now out promises."""

    def __init__(self, axes: Axes, replay: Replay, cast: Cast, rows: int) -> None:
        self.axes, self._replay, self._cast = axes, replay, cast
        team = replay.run.team
        self._rest = [index for index in range(len(team)) if index not in cast.named]
        names = [written(team[index]) for index in cast.named]
        tints = [cast.tints[index] for index in cast.named]
        shapes = [SHAPES[cast.shapes[index]] for index in cast.named]
        if self._rest:
            names, tints, shapes = [*names, f"mean of {len(self._rest)} others"], [*tints, OTHERS], [*shapes, "o"]
        self._most = float(max(self._values(len(replay.agent))[0].max(), 1.0))
        axes.set(xlim=(0, self._most), ylim=(rows, 0))
        axes.set_axis_off()
        width = axes.bbox.width * BASE / axes.figure.bbox.width
        self._texts, self._spent, self._out = [], [], []
        for place, (name, tint, shape) in enumerate(zip(names, tints, shapes, strict=True)):
            axes.plot(
                [6 / width * self._most], [place + 0.36], shape, color=tint, ms=5, mec="black", mew=0.4, clip_on=False
            )  # fmt: skip
            axes.text(16 / width * self._most, place + 0.36, short(name, width * 0.62), va="center", fontsize=8)
            axes.add_patch(Rectangle((0, place + 0.68), self._most, 0.24, color="#ececec", lw=0))
            self._out.append(self._bar(place, tint, 0.4))
            self._spent.append(self._bar(place, tint, 1.0))
            self._texts.append(
                axes.text(self._most, place + 0.36, "", ha="right", va="center", fontsize=7.5, animated=True)
            )  # fmt: skip

    def _bar(self, place: int, tint: str, alpha: float) -> Rectangle:
        bar = Rectangle((0, place + 0.68), 0, 0.24, color=tint, alpha=alpha, lw=0, animated=True)
        self.axes.add_patch(bar)
        return bar

    def _values(self, shown: int) -> tuple[Array, Array]:
        """Spent and promised, line by line."""
        found = []
        for shares in self._replay.shares_at(shown):
            named = shares[list(self._cast.named)].astype(float)
            found.append(np.append(named, shares[self._rest].mean()) if self._rest else named)
        return found[0], found[1]

    def move(self, moment: Moment) -> None:
        """Draw what is spent and promised in a frame."""
        lines = zip(self._texts, self._spent, self._out, *self._values(moment.shown), strict=True)
        for text, full, light, spent, promised in lines:
            full.set_width(spent)
            light.set_width(min(spent + promised, self._most))
            text.set_text(f"{spent:,.0f}" + (f" + {promised:,.0f}" if promised >= 0.5 else ""))
            for artist in (light, full, text):
                self.axes.draw_artist(artist)


class Curve:
    """The best loss over evaluations: all of it faint, and up to a cursor strong; a line a replay."""

    STROKES = (("#000000", "-"), ("#6a6a6a", "--"))

    def __init__(self, axes: Axes, replays: Sequence[Replay]) -> None:
        self.axes, self._replays = axes, replays
        minimum = replays[0].run.minimum
        axes.set_xlim(0, max(replay.evaluations for replay in replays) or 1)
        loss_axis(axes, minimum, np.concatenate([replay.best for replay in replays]))
        self._values = [
            np.where(np.isfinite(replay.best), gap(replay.best, minimum), np.nan) for replay in replays
        ]  # fmt: skip
        axes.set_ylabel("")
        name = "best loss" if minimum is None else "best loss above the known minimum"
        axes.set_title(f"{name}, over evaluations", fontsize=8, loc="left", pad=3)
        axes.tick_params(labelsize=7, pad=2)
        axes.minorticks_off()
        self._lines, self._heads = [], []
        for replay, values, (tint, dash) in zip(replays, self._values, self.STROKES, strict=False):
            axes.plot(replay.spent, values, dash, color=tint, alpha=0.2, lw=1.2, drawstyle="steps-post")
            self._lines.append(
                axes.plot([], [], dash, color=tint, lw=1.7, drawstyle="steps-post", animated=True)[0]
            )  # fmt: skip
            self._heads.append(axes.plot([], [], "o", color=tint, ms=4.5, animated=True, clip_on=False, zorder=5)[0])
        self._cursor = axes.axvline(0, color="#D55E00", lw=1.0, animated=True)
        if len(replays) > 1:
            names = [short(written(replay.run.strategy), 190) for replay in replays]
            handles = [Line2D([], [], color=tint, ls=dash, lw=1.7) for tint, dash in self.STROKES]
            # Losses fall: above on the right there is room.
            axes.legend(handles, names, loc="upper right", fontsize=7.5, frameon=False, borderpad=0.1)

    def move(self, frame: Frame) -> None:
        """Draw the curves up to a frame, and the cursor there."""
        self._cursor.set_xdata([frame.evaluations] * 2)
        self.axes.draw_artist(self._cursor)
        for replay, values, curve, head, moment in zip(
            self._replays, self._values, self._lines, self._heads, frame.moments, strict=True
        ):
            shown = moment.shown
            # To the cursor, or to the end of a run that ended before.
            upto = min(frame.evaluations, replay.evaluations)
            x, y = np.append(replay.spent[:shown], upto), np.append(values[:shown], values[shown - 1 : shown])
            if shown == 0:
                continue
            curve.set_data(x, y)
            head.set_data(x[-1:], y[-1:])
            self.axes.draw_artist(curve)
            self.axes.draw_artist(head)


class Stage:
    """A picture with one replay, or two side by side, and its frames one by one."""

    def __init__(
        self, replays: Sequence[Replay], plane: Plane, frames: Sequence[Frame], *, width: int, linger: int
    ) -> None:
        self._replays, self._frames, self._plane = replays, frames, plane
        with matplotlib.rc_context(STYLE | {"font.size": 8.0}):
            self._build(width, linger)

    def _build(self, width: int, linger: int) -> None:
        two = len(self._replays) > 1
        most = 7 if two else 14
        casts = [Cast.of(replay, most) for replay in self._replays]
        rows = max(len(cast.named) + (len(cast.named) < len(cast.tints)) for cast in casts)
        side = (BASE - LEFT - MARGIN - 18) // 2 if two else 376
        below = 26 + rows * ROW if two else 0
        # The key is a line of its own below two maps, and beside one.
        self._key = 22 if two else 0
        self._height = TOP + side + 34 + below + 18 + CURVE + 22 + self._key + 16 * len(self._replays) + 8
        self._figure = Figure(figsize=(BASE / 100, self._height / 100), dpi=100 * width / BASE)
        self._canvas = FigureCanvasAgg(self._figure)
        # Before anything is measured, and even, as films must be.
        pixels = (width, round(self._height * width / BASE / 2) * 2)
        self._figure.set_size_inches(pixels[0] / self._figure.dpi, pixels[1] / self._figure.dpi)
        self.size = pixels
        self._maps, self._bars = [], []
        for number, (replay, cast) in enumerate(zip(self._replays, casts, strict=True)):
            left = LEFT + number * (side + 18)
            axes = self._axes(left, TOP, side, side)
            _scenery(axes, replay, self._plane, number)
            self._maps.append(Map(axes, replay, cast, self._plane, linger))
            if two:
                place = (left, TOP + side + 46, side, rows * ROW)
            else:
                place = (left + side + 22, TOP + 20, BASE - MARGIN - left - side - 22, rows * ROW)
            self._text(place[0], place[1] - 14, "evaluations: spent + lease now out", color="#505050", fontsize=7.5)
            self._bars.append(Bars(self._axes(*place), replay, cast, rows))
        top = TOP + side + 34 + below + 18
        self._curve = Curve(self._axes(LEFT, top, BASE - LEFT - MARGIN, CURVE), self._replays)
        self._titles(side, two)
        if two:
            self._legend(MARGIN / 2, top + CURVE + 24, two)
        else:
            self._legend(LEFT + side + 18, TOP + side, two)
        self._words = [
            self._text(MARGIN, top + CURVE + 26 + self._key + 16 * number, "", animated=True, fontsize=8)
            for number in range(len(self._replays))
        ]
        self._count = self._text(BASE - MARGIN, 8, "", animated=True, ha="right", fontsize=9)

    def _axes(self, left: float, top: float, width: float, height: float) -> Axes:
        return self._figure.add_axes(
            (left / BASE, 1 - (top + height) / self._height, width / BASE, height / self._height)
        )  # fmt: skip

    def _text(self, left: float, top: float, text: str, **options: Any) -> Any:
        return self._figure.text(left / BASE, 1 - top / self._height, text, va="top", **options)

    def _titles(self, side: int, two: bool) -> None:
        run = self._replays[0].run
        where = f"{written(run.landscape)}, repeat {run.repeat}"
        if two:
            self._text(MARGIN, 7, short(where, BASE - 200, 10), fontsize=10)
        else:
            self._text(MARGIN, 7, short(f"{written(run.strategy)} on {where}", BASE - 180, 10), fontsize=10)
        for number, replay in enumerate(self._replays):
            said = [written(replay.run.strategy)] if two else []
            if self._plane.is_slice and not number:
                first, second = self._plane.names()
                near = "faint: far from it"
                said.append(f"slice {first}, {second} through the best point; {near}")
            if not replay.run.pictured and not number:
                said.append("not evaluated for pictures: between the points guessed")
            if replay.run.stopped is None:
                said.append("unfinished")
            self._text(LEFT + number * (side + 18), 27, short(" · ".join(said), side), fontsize=8, color="#303030")

    def _legend(self, left: float, at: float, two: bool) -> None:
        known = self._replays[0].run.problem
        marks = [
            (Line2D([], [], marker="*", ls="", ms=10, color=BEST, mec="black", mew=0.7), "best point"),
            (Line2D([], [], marker="s", ls="", ms=8, mfc="none", mec="#303030", mew=1.5), "region of a lease now out"),
        ]
        if any(replay.hand_overs for replay in self._replays):
            marks.append((Line2D([], [], marker=r"$\rightarrow$", ls="", ms=12, color="#303030"), "sent to a point found by another"))
        if known is not None and known.minimizers is not None:
            marks.append((Line2D([], [], marker="+", ls="", ms=9, color="black", mew=1.4), "known minimum"))
        if any(not np.isfinite(replay.losses).all() for replay in self._replays):
            marks.append((Line2D([], [], marker="x", ls="", ms=5, color="#303030"), "failed"))
        self._figure.legend(
            [mark for mark, _ in marks], [text for _, text in marks], ncols=len(marks) if two else 1,
            loc="upper left" if two else "lower left", bbox_to_anchor=(left / BASE, 1 - at / self._height), frameon=False,
            fontsize=7.5, borderpad=0, handletextpad=0.3, columnspacing=1.2, labelspacing=0.6, borderaxespad=0, handlelength=1.4,
        )  # fmt: skip

    def sample(self) -> list[Picture]:
        """The first and the last picture, for a palette."""
        self._start()
        first = self._picture(self._frames[0])
        self._settle(self._frames[-1], 0)
        last = self._picture(self._frames[-1])
        return [first, last]

    def colours(self) -> Any:
        """Colours that must be in a palette, (n, 3), 0 to 255: each agent's, at full strength and fainter."""
        tints = dict.fromkeys([*COLOURS, OTHERS, BEST, "#000000", "#ffffff"])
        full = np.array([to_rgb(tint) for tint in tints])
        return np.round(255 * np.concatenate([full, full * 0.7 + 0.3 * 0.9, full * 0.4 + 0.6 * 0.9])).astype(np.uint8)

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
        for text, replay, moment in zip(self._words, self._replays, frame.moments, strict=True):
            text.set_text(plain(short(self._said(replay, moment, last), BASE - 2 * MARGIN)))
            text.set_fontweight("bold" if last else "normal")
            self._figure.draw_artist(text)
        self._count.set_text(f"{frame.evaluations:,} evaluations")
        self._figure.draw_artist(self._count)
        return np.asarray(self._canvas.buffer_rgba())[..., :3].copy()

    def _said(self, replay: Replay, moment: Moment, last: bool) -> str:
        name = f"{replay.run.strategy}: " if len(self._replays) > 1 else ""
        if last or moment.shown == len(replay.agent):
            return name + result(replay)
        return name if moment.told is None else name + reason(moment.told)


def _scenery(axes: Axes, replay: Replay, plane: Plane, number: int) -> None:
    """Draw what stands still on a map: the landscape, its known minima, and the axes."""
    run, space = replay.run, replay.run.space
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(True)
        spine.set_color("#808080")
    axes.tick_params(labelsize=7, pad=2, labelleft=not number)
    name = plane.names()
    axes.set_xlabel(name[0], fontsize=8, labelpad=1)
    if not number:
        axes.set_ylabel(name[1], fontsize=8, labelpad=1)
    at = space.to_box(plane.through)
    first = plane.axes[0]
    axes.set_xlim(space.lower[first], space.upper[first])
    known = None if run.problem is None else run.problem.minimizers
    if len(plane.axes) == 1:
        losses = replay.losses[np.isfinite(replay.losses)]
        if run.problem is not None and run.pictured:
            x, y = line(run.problem)
            axes.plot(x, y, color="#a0a0a0", lw=1.2, zorder=1)
            losses = np.concatenate([losses, y[np.isfinite(y)]])
        loss_axis(axes, None, losses)
        axes.set_ylabel("" if number else "loss", fontsize=8, labelpad=1)
        if known is not None:
            axes.plot(known[:, 0], [run.minimum] * len(known), "k+", ms=10, mew=1.5, path_effects=HALO)
        return
    second = plane.axes[1]
    axes.set_ylim(space.lower[second], space.upper[second])
    x, y, z = background(run, (first, second), at)
    found = shades(z, 11)
    if found is not None:
        shifted, norm, levels = found
        axes.contourf(x, y, shifted, levels=levels, norm=norm, cmap=GROUND)
        axes.contour(x, y, shifted, levels=levels, norm=norm, colors="black", linewidths=0.3, alpha=0.18)
    if known is not None:
        axes.plot(known[:, first], known[:, second], "k+", ms=10, mew=1.5, path_effects=HALO)


def reason(turn: Turn) -> str:
    """Why a lease was granted; of a hand-over, first whose point it is."""
    lease = turn.lease
    if turn.handed and lease.incumbent is not None:
        return f"{lease.agent} sent to {lease.incumbent.agent}'s point, {lease.incumbent.loss:.4g}: {lease.reason}"
    return f"{lease.agent}: {lease.reason}"


def result(replay: Replay) -> str:
    """What a run came to, in a sentence."""
    run = replay.run
    ended = f"unfinished after {replay.evaluations:,} of {run.budget:,} evaluations"
    if run.stopped is not None:
        ended = f"{run.stopped} after {replay.evaluations:,} evaluations"
    best = replay.best_at(len(replay.agent))
    if best is None:
        return f"{ended}: no evaluation gave a finite loss"
    loss, finder = replay.losses[best], run.team[replay.agent[best]]
    return f"{ended}: best loss {loss:.6g}, found by {finder}"
