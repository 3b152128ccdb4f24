"""The gauges beside an animated map: each agent's evaluations, and the best loss over evaluations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from ...landscapes.landscape import Array
from ..drawing.style import format_label, gap_above_minimum, scale_loss_axis
from .captions import escape_math, run_names, shorten_text
from .map import MARKERS, OTHERS_COLOUR, AgentStyles
from .replay import Frame, Moment, Replay


class BudgetBars:
    """One line per agent: its name, and a bar of the evaluations that it has spent and those left in its lease."""

    def __init__(self, axes: Axes, replay: Replay, cast: AgentStyles, rows: int) -> None:
        self.axes, self._replay, self._styles = axes, replay, cast
        team = replay.run.team
        self._other_agents = [index for index in range(len(team)) if index not in cast.named_agents]
        labels = [team[index] for index in cast.named_agents]
        tints = [cast.tints[index] for index in cast.named_agents]
        shapes = [MARKERS[cast.marker_numbers[index]] for index in cast.named_agents]
        if self._other_agents:
            labels, tints, shapes = (
                [*labels, f"mean of {len(self._other_agents)} others"],
                [*tints, OTHERS_COLOUR],
                [*shapes, "o"],
            )
        self._most_evaluations = float(max(self._bar_values(len(replay.agent))[0].max(), 1.0))
        axes.set(xlim=(0, self._most_evaluations), ylim=(rows, 0))
        axes.set_axis_off()
        width = axes.bbox.width / axes.figure.dpi * 100
        self._texts, self._spent_bars, self._promised_bars = [], [], []
        for place, (label, tint, shape) in enumerate(zip(labels, tints, shapes, strict=True)):
            axes.plot(
                [6 / width * self._most_evaluations], [place + 0.36], shape, color=tint, ms=5, mec="black", mew=0.4,
                clip_on=False
            )  # fmt: skip
            axes.text(
                16 / width * self._most_evaluations,
                place + 0.36,
                escape_math(shorten_text(label, width * 0.62)),
                va="center",
                fontsize=8,
            )
            axes.add_patch(Rectangle((0, place + 0.68), self._most_evaluations, 0.24, color="#ececec", lw=0))
            self._promised_bars.append(self._add_bar(place, tint, 0.4))
            self._spent_bars.append(self._add_bar(place, tint, 1.0))
            self._texts.append(
                axes.text(
                    self._most_evaluations, place + 0.36, "", ha="right", va="center", fontsize=7.5, animated=True
                )
            )  # fmt: skip

    def _add_bar(self, place: int, tint: str, alpha: float) -> Rectangle:
        bar = Rectangle((0, place + 0.68), 0, 0.24, color=tint, alpha=alpha, lw=0, animated=True)
        self.axes.add_patch(bar)
        return bar

    def _bar_values(self, shown: int) -> tuple[Array, Array]:
        """Return the evaluations spent and those left in the current lease, one value per line each."""
        found = []
        for shares in self._replay.shares_at(shown):
            named = shares[list(self._styles.named_agents)].astype(float)
            found.append(np.append(named, shares[self._other_agents].mean()) if self._other_agents else named)
        return found[0], found[1]

    def move(self, moment: Moment) -> None:
        """Draw the bars and numbers of a frame."""
        lines = zip(
            self._texts, self._spent_bars, self._promised_bars, *self._bar_values(moment.points_shown), strict=True
        )
        for text, full, light, spent, promised in lines:
            full.set_width(spent)
            light.set_width(min(spent + promised, self._most_evaluations))
            text.set_text(f"{spent:,.0f}" + (f" + {promised:,.0f}" if promised >= 0.5 else ""))
            for artist in (light, full, text):
                self.axes.draw_artist(artist)


class BestLossCurve:
    """The best loss over evaluations, one line per replay: faint as a whole, and strong up to a cursor."""

    LINE_STYLES = (("#000000", "-"), ("#6a6a6a", "--"))

    def __init__(self, axes: Axes, replays: Sequence[Replay]) -> None:
        self.axes, self._replays = axes, replays
        minimum = replays[0].run.minimum
        axes.set_xlim(0, max(replay.evaluations for replay in replays) or 1)
        scale_loss_axis(axes, minimum, np.concatenate([replay.best for replay in replays]))
        self._values = [
            np.where(np.isfinite(replay.best), gap_above_minimum(replay.best, minimum), np.nan) for replay in replays
        ]  # fmt: skip
        axes.set_ylabel("")
        name = "best loss" if minimum is None else "best loss above the known minimum"
        axes.set_title(f"{name}, over evaluations", fontsize=8, loc="left", pad=3)
        axes.tick_params(labelsize=7, pad=2)
        axes.minorticks_off()
        self._lines, self._heads = [], []
        for replay, values, (tint, dash) in zip(replays, self._values, self.LINE_STYLES, strict=False):
            axes.plot(replay.spent, values, dash, color=tint, alpha=0.2, lw=1.2, drawstyle="steps-post")
            self._lines.append(
                axes.plot([], [], dash, color=tint, lw=1.7, drawstyle="steps-post", animated=True)[0]
            )  # fmt: skip
            self._heads.append(axes.plot([], [], "o", color=tint, ms=4.5, animated=True, clip_on=False, zorder=5)[0])
        self._cursor = axes.axvline(0, color="#D55E00", lw=1.0, animated=True)
        if len(replays) > 1:
            labels = [shorten_text(format_label(name), 190) for name in run_names(replays)]
            handles = [Line2D([], [], color=tint, ls=dash, lw=1.7) for tint, dash in self.LINE_STYLES]
            # The best loss falls, so the upper right corner is free.
            axes.legend(handles, labels, loc="upper right", fontsize=7.5, frameon=False, borderpad=0.1)

    def move(self, frame: Frame) -> None:
        """Draw the curves up to a frame, and the cursor at it."""
        self._cursor.set_xdata([frame.evaluations] * 2)
        self.axes.draw_artist(self._cursor)
        for replay, values, curve, head, moment in zip(
            self._replays, self._values, self._lines, self._heads, frame.moments, strict=True
        ):
            shown = moment.points_shown
            # Up to the cursor, or to the end of a run that ended earlier.
            upto = min(frame.evaluations, replay.evaluations)
            x, y = np.append(replay.spent[:shown], upto), np.append(values[:shown], values[shown - 1 : shown])
            if shown == 0:
                continue
            curve.set_data(x, y)
            head.set_data(x[-1:], y[-1:])
            self.axes.draw_artist(curve)
            self.axes.draw_artist(head)
