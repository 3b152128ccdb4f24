"""The animated map of a landscape and the points on it.

The still parts are drawn once, points are added to the picture and stay, and only moving parts are redrawn per frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgba
from matplotlib.patches import FancyArrowPatch, Rectangle
from matplotlib.patheffects import Normal, Stroke

from ..drawing.landscape import shading_levels
from ..drawing.sides import draw_sides, name_sides
from ..drawing.style import COLOURS, scale_loss_axis
from ..results.pictures.background import background_grid
from ..results.pictures.picture_space import move_to_values
from ..results.pictures.surfaces import LINE_POINTS, find_losses
from .replay import Moment, Replay, ReplayLease
from .slice import Slice

MARKERS = ("o", "^", "s", "D", "v", "P", "X", "p")
OTHERS_COLOUR = "#9a9a9a"
"""The colour of agents beyond those that are named."""
BEST_COLOUR = "#F0E442"
HALO_EFFECTS = [Stroke(linewidth=3.0, foreground="white"), Normal()]
GROUND_COLOURS = LinearSegmentedColormap.from_list("pale ground", ["#ffffff", "#bdbdbd"])
"""Paler than in the report, because points are small here, and appear and disappear."""
END_SHARE = 0.1
"""Of a map's width, at either end: the part without ticks if there are two maps."""
MOST_ARROWS = 6
FEW_LEASES = 4


@dataclass(frozen=True)
class AgentStyles:
    """How agents are drawn: the indices of the named agents, and the colour and marker of each agent.

    Agents that are not named share one colour.
    """

    named_agents: tuple[int, ...]
    tints: tuple[str, ...]
    marker_numbers: tuple[int, ...]

    @classmethod
    def for_replay(cls, replay: Replay, most: int) -> AgentStyles:
        """Choose the styles of a replay's agents; if there are more than ``most``, name those that spend most."""
        team = len(replay.run.team)
        named = list(range(team))
        if team > most:
            spent, _ = replay.shares_at(len(replay.agent))
            named = sorted(np.argsort(-spent, kind="stable")[: most - 1].tolist())
        tints, shapes = [OTHERS_COLOUR] * team, [0] * team
        for place, index in enumerate(named):
            tints[index] = COLOURS[place % len(COLOURS)]
            shapes[index] = (place + place // len(COLOURS)) % len(MARKERS)
        return cls(tuple(named), tuple(tints), tuple(shapes))


class AnimatedMap:
    """The moving parts of a map: points, regions of leases, hand-overs and the best point."""

    def __init__(self, axes: Axes, replay: Replay, cast: AgentStyles, plane: Slice, linger: int) -> None:
        self.axes, self._replay, self._styles, self._plane, self._linger = axes, replay, cast, plane, linger
        located = replay.losses[replay.located]
        self._positions = replay.spread(plane.places(replay.cube, located))
        self._finite = np.isfinite(replay.losses) & replay.located
        self._lost = ~np.isfinite(replay.losses) & replay.located
        self._records = replay.records[replay.located[replay.records]]
        self._colours = np.array([to_rgba(tint) for tint in cast.tints])[replay.agent]
        self._nearness = replay.spread(plane.nearness(replay.cube))
        self._shapes = np.array(cast.marker_numbers, dtype=np.int64)[replay.agent]
        self._settled_dots = {shape: self._make_dots(MARKERS[shape], 2) for shape in sorted({*cast.marker_numbers})}
        self._newest_dots = {shape: self._make_dots(MARKERS[shape], 4) for shape in self._settled_dots}
        self._latest = {shape: self._make_dots(MARKERS[shape], 6) for shape in self._settled_dots}
        self._failed_dots = axes.scatter(
            [], [], s=14, marker="x", c="#303030", lw=0.7, animated=True, zorder=3, clip_on=False
        )
        self._region = Rectangle((0, 0), 1, 1, fill=False, animated=True, zorder=5)
        axes.add_patch(self._region)
        self._arrow = FancyArrowPatch(
            (0, 0), (1, 1), arrowstyle="-|>", mutation_scale=13, lw=2.0, animated=True, zorder=7
        )  # fmt: skip
        axes.add_patch(self._arrow)
        self._arrow.set_path_effects(HALO_EFFECTS)
        self._star = axes.scatter(
            [], [], s=150, marker="*", c=BEST_COLOUR, edgecolors="black", lw=0.9, animated=True, zorder=8
        )  # fmt: skip

    def _make_dots(self, marker: str, order: int) -> Any:
        return self.axes.scatter([], [], marker=marker, lw=0, animated=True, zorder=order)

    def draw_settled(self, first: int, last: int) -> None:
        """Draw the points from ``first`` up to ``last``, which stay in the picture."""
        rows = np.arange(first, last)
        # Points of agents that are not named are many, so they are fainter and do not hide the ground.
        known = np.isin(self._replay.agent[rows], self._styles.named_agents)
        strength = (0.15 + 0.6 * self._nearness[rows]) * np.where(known, 1.0, 0.4)
        self._draw_points(self._settled_dots, rows, 10.0, strength, ("none", 0.0))
        lost = rows[self._lost[rows]]
        if len(lost):
            places = self._positions[lost].copy()
            if len(self._plane.axes) == 1:
                # A failed point has no loss and so no height: draw it at the lower edge.
                places[:, 1] = self.axes.get_ylim()[0]
            self._failed_dots.set_offsets(places)
            self.axes.draw_artist(self._failed_dots)

    def _draw_points(
        self, kind: dict[int, Any], rows: Any, size: float, strength: Any, edge: tuple[str, float], back: float = 0.0
    ) -> None:
        """Draw those points (indices) that have finite losses with one kind of dots."""
        kept = self._finite[rows]
        rows, strength = rows[kept], np.broadcast_to(strength, kept.shape)[kept]
        for shape, dots in kind.items():
            mine = self._shapes[rows] == shape
            if not mine.any():
                continue
            colours = self._colours[rows[mine]].copy()
            colours[:, 3] = strength[mine]
            dots.set_offsets(self._positions[rows[mine]])
            dots.set_sizes([size])
            dots.set_facecolors(colours)
            dots.set_edgecolors(edge[0])
            dots.set_linewidths([edge[1]])
            self.axes.draw_artist(dots)

    def move(self, moment: Moment) -> None:
        """Draw the parts that are visible in this frame only."""
        for number, turn in enumerate(moment.out):
            self._draw_region(turn, number, len(moment.out))
        self._draw_points(
            self._newest_dots, np.arange(moment.first_new_point, moment.points_shown), 18.0, 0.95, ("white", 0.5)
        )
        self._draw_points(self._latest, self._latest_points(moment), 52.0, 1.0, ("black", 1.1))
        for over, age in moment.hand_overs[-MOST_ARROWS:]:
            self._draw_hand_over(over.origin, over.replay_lease, age)
        best = int(np.searchsorted(self._records, moment.points_shown))
        if best:
            self._star.set_offsets(self._positions[self._records[[best - 1]]])
            self.axes.draw_artist(self._star)

    def _latest_points(self, moment: Moment) -> Any:
        """Return the indices of the latest points of the named agents whose leases are out."""
        found = []
        for turn in moment.out:
            if turn.agent in self._styles.named_agents:
                shown = slice(0, moment.points_shown)
                mine = np.flatnonzero((self._replay.agent[shown] == turn.agent) & self._replay.located[shown])
                found += mine[-1:].tolist()
        return np.array(found, dtype=np.int64)

    def _draw_region(self, turn: ReplayLease, number: int, count: int) -> None:
        """Draw the region of a lease that is out, if its agent is named."""
        region, tint = turn.lease.region, self._styles.tints[turn.agent]
        if turn.agent not in self._styles.named_agents:
            return
        corners = self._plane.places(np.array([region.lower, region.upper]), np.zeros(2))
        (left, low), (right, high) = corners
        if len(self._plane.axes) == 1:
            low, high = self.axes.get_ylim()
        self._region.set_bounds(left, low, right - left, high - low)
        self._region.set_edgecolor(tint)
        self._region.set_alpha(0.95 if self._plane.meets(region) else 0.4)
        self._region.set_linewidth(1.8)
        # Regions that coincide, such as the whole box at the start, alternate along their common edge.
        dashes = (7.0 * number, (7.0, 7.0 * (count - 1))) if 1 < count <= FEW_LEASES and region.is_whole else "solid"
        self._region.set_linestyle(dashes)
        self.axes.draw_artist(self._region)

    def _draw_hand_over(self, origin: int | None, turn: ReplayLease, age: int) -> None:
        """Draw an arrow from an agent's last point to the point that it is sent to."""
        incumbent = turn.lease.incumbent
        assert incumbent is not None
        target = self._plane.places(
            move_to_values(self._replay.run.space, incumbent.point[None]), np.array([incumbent.loss])
        )[0]
        start = target if origin is None else self._positions[origin]
        to_pixels = self.axes.transData.transform
        if not np.isfinite(start).all() or np.hypot(*(to_pixels(target) - to_pixels(start))) < 4:
            return
        part = min(1.0, (age + 1) / max(1, self._linger // 3))
        # Interpolate in pixels, so that the arrow grows evenly on a logarithmic axis too.
        tip = self.axes.transData.inverted().transform(to_pixels(start) * (1 - part) + to_pixels(target) * part)
        self._arrow.set_positions((start[0], start[1]), (tip[0], tip[1]))
        self._arrow.set_color(self._styles.tints[turn.agent])
        self.axes.draw_artist(self._arrow)


def draw_static_map(axes: Axes, replay: Replay, plane: Slice, number: int) -> None:
    """Draw the still parts of a map: the landscape, its known minima, and the axes."""
    run, space = replay.run, replay.run.picture
    kinds = [run.space.axes[axis] if run.space.axes else None for axis in plane.axes]
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(True)
        spine.set_color("#808080")
    axes.tick_params(labelsize=7, pad=2, labelleft=not number)
    name = name_sides([space.names[axis] for axis in plane.axes], kinds)
    axes.set_xlabel(name[0], fontsize=8, labelpad=1)
    if not number:
        axes.set_ylabel("loss" if len(name) == 1 else name[1], fontsize=8, labelpad=1)
    at = space.to_box(plane.through_point)
    first = plane.axes[0]
    axes.set_xlim(space.lower[first], space.upper[first])
    known = run.drawn_minimizers
    if len(plane.axes) == 1:
        losses = replay.losses[np.isfinite(replay.losses)]
        places = np.linspace(0.0, 1.0, LINE_POINTS)[:, None]
        y = find_losses(run, places)
        if y is not None:
            axes.plot(space.to_box(places)[:, 0], y, color="#a0a0a0", lw=1.2, zorder=1)
            losses = np.concatenate([losses, y[np.isfinite(y)]])
        scale_loss_axis(axes, None, losses)
        if len(losses):
            # Points are drawn one by one and do not extend the axis limits.
            axes.update_datalim([(at[0], losses.min()), (at[0], losses.max())])
            axes.autoscale_view(scalex=False)
        axes.set_ylabel("" if number else "loss", fontsize=8, labelpad=1)
        draw_sides(axes, kinds)
        if known is not None and run.minimum is not None:
            axes.plot(known[:, 0], np.full(len(known), run.minimum), "k+", ms=10, mew=1.5, path_effects=HALO_EFFECTS)
        return
    second = plane.axes[1]
    axes.set_ylim(space.lower[second], space.upper[second])
    axes.ticklabel_format(scilimits=(-3, 4))
    draw_sides(axes, kinds)
    if kinds[1] is not None and kinds[1].choices:
        # Beside the map there is no room for names of more than a few letters.
        for label in axes.get_yticklabels():
            label.set(rotation=90, va="center")
    x, y, z = background_grid(run, (first, second), run.space.to_box(plane.through_point))
    found = shading_levels(z, 11)
    if found is not None:
        shifted, norm, levels = found
        axes.contourf(x, y, shifted, levels=levels, norm=norm, cmap=GROUND_COLOURS)
        axes.contour(x, y, shifted, levels=levels, norm=norm, colors="black", linewidths=0.3, alpha=0.18)
    if known is not None:
        for (x, y), near in zip(known[:, [first, second]], plane.nearness(space.to_cube(known)), strict=True):
            axes.plot(x, y, "+", ms=10, mew=1.5, color="black" if near > 0.7 else "#707070", path_effects=HALO_EFFECTS)


def leave_out_end_ticks(axes: Axes) -> None:
    """Leave out the ticks near either end of the horizontal axis: those of two maps side by side would overlap."""
    low, high = axes.get_xlim()
    margin = END_SHARE * (high - low)
    axes.set_xticks([tick for tick in axes.get_xticks() if low + margin <= tick <= high - margin])
