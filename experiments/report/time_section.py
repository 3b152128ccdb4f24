"""The section of a report on time: where it went, how well actors were used, and a Gantt chart of their leases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from ...agents.agent import LeaseTiming
from ...orchestrator.state.events import findings
from ..drawing.palette import COLOURS
from ..results.recorded_runs import RunData
from ..results.run_summary import RunSummary
from ..results.table import Table

PARTS = {
    "evaluation": "evaluation_seconds", "agents": "asked_seconds", "transport": "transport_seconds",
    "start-up": "start_up_seconds",
}  # fmt: skip
"""What leases spend time on, and the columns of the table of times that have it."""
MOST_GANTTS = 4
MOST_DESCRIBED = 8
"""The tables have all strategies."""
CHART_WIDTH, LANE, LABELS, AXIS = 1000, 18, 130, 26
"""Widths and heights of a chart, in pixels: of the chart, of an actor's lane, of its label, and of the axis."""
LEAST_GAP_PIXELS = 0.5
"""Leases of an agent that are nearer to each other are drawn as one bar."""
TICKS = 5
LETTER = 7
"""The width of a letter of the key, in pixels, about."""
MOST_LANES = 64
MOST_IN_KEY = 2 * len(COLOURS)
"""The key of a chart names so many strategies, and the tips of its bars all."""


@dataclass(frozen=True)
class GanttChart:
    """A chart of the leases of a run over its actors, or of runs over actors.

    Attributes:
        title: What the bars are.
        label: What it shows, in words.
        svg: The chart.
    """

    title: str
    label: str
    svg: str


def describe_times(times: Table, efficiency: Table) -> Iterator[str]:
    """Yield a sentence for each of the first few strategies: what leases spent time on, and how its actors were used.

    Args:
        times: The table of times (``times_table``).
        efficiency: The table of efficiencies (``efficiency_table``).
    """
    for row in efficiency.rows()[:MOST_DESCRIBED]:
        rows = times.where(strategy=row["strategy"]).columns
        seconds = {part: sum(rows[column]) for part, column in PARTS.items()}
        total = sum(seconds.values())
        if not total:
            continue
        shares = ", ".join(f"{100 * value / total:.0f} % {part}" for part, value in seconds.items() if value > 0)
        line = f"{row['strategy']}: its leases took {total:.3g} s, of which {shares}."
        if row["actors"] > 1:
            line += (
                f" Its {row['actors']} actors were used to {100 * row['efficiency']:.0f} %: its runs took "
                f"{row['seconds']:.3g} s, and evenly spread work would take {row['ideal_seconds']:.3g} s."
            )
        yield line


def draw_gantts(runs: Sequence[RunData]) -> Iterator[GanttChart]:
    """Yield a chart for each of the first few runs whose leases were worked by several actors."""
    drawn = 0
    for run in runs:
        if len({timing.actor for timing in run.timings.values()}) > 1 and drawn < MOST_GANTTS:
            drawn += 1
            yield draw_gantt(run)


def draw_gantt(run: RunData) -> GanttChart:
    """Draw the leases of a run over its actors, in the colours of its agents. The run has times."""
    spans: dict[str, list[LeaseTiming]] = {}
    for finding in findings(run.events):
        if finding.lease in run.timings:
            spans.setdefault(finding.agent, []).append(run.timings[finding.lease])
    listed = [timing for found in spans.values() for timing in found]
    begun, ended = min(each.begun for each in listed), max(each.arrived for each in listed)
    scale = (CHART_WIDTH - LABELS - 10) / max(ended - begun, 1e-9)
    actors = sorted({each.actor for each in listed})
    bottom = LANE * len(actors)
    parts = []
    for actor in actors:
        names = ", ".join(agent for agent, found in spans.items() if any(each.actor == actor for each in found))
        y = LANE * actors.index(actor)
        parts.append(_write_label(LABELS - 8, y + LANE - 5, names[:22], "end"))
    for agent, found in spans.items():
        colour = COLOURS[run.team.index(agent) % len(COLOURS)]
        bars = merge_spans_of_time([(each.begun - begun, each.arrived - begun) for each in found], scale)
        parts.append(_draw_bars(bars, scale, actors.index(found[0].actor), colour, agent))
    parts += _draw_axis(ended - begun, scale, bottom)
    title = f"{run.strategy} on {run.landscape}, repeat {run.repeat}"
    label = f"{title}: {len(listed):,} leases over {len(actors)} actors in {ended - begun:.3g} seconds"
    told = (
        f"{title}: the leases over the actors of the run, from when each was handed over to when its finding was there."
    )
    return GanttChart(told, label, _write_chart(parts, bottom + AXIS))


def draw_run_gantts(groups: Iterable[tuple[str, Sequence[RunSummary]]]) -> Iterator[GanttChart]:
    """Yield a chart of runs over actors for each group with runs that several actors worked, one at a time for each.

    Args:
        groups: The runs of each results directory, with its name.
    """
    for name, runs in groups:
        whole = [run for run in runs if run.time is not None and run.time.actors == 1]
        if len({span.actor for run in whole if run.time is not None for span in run.time.spans}) > 1:
            yield _draw_run_gantt(name, whole)


def _draw_run_gantt(name: str, runs: Sequence[RunSummary]) -> GanttChart:
    spans = [(run, span) for run in runs if run.time is not None for span in run.time.spans]
    begun, ended = min(span.begun for _, span in spans), max(span.ended for _, span in spans)
    scale = (CHART_WIDTH - LABELS - 10) / max(ended - begun, 1e-9)
    actors = sorted({span.actor for _, span in spans})
    strategies = list(dict.fromkeys(run.strategy for run in runs))
    lanes = actors[:MOST_LANES]
    bottom = LANE * len(lanes)
    parts = [_write_label(LABELS - 8, LANE * (k + 1) - 5, f"actor {actor + 1}", "end") for k, actor in enumerate(lanes)]
    for place, strategy in enumerate(strategies):
        colour = COLOURS[place % len(COLOURS)]
        for lane, actor in enumerate(lanes):
            mine = [span for run, span in spans if run.strategy == strategy and span.actor == actor]
            bars = merge_spans_of_time([(span.begun - begun, span.ended - begun) for span in mine], scale)
            if bars:
                parts.append(_draw_bars(bars, scale, lane, colour, strategy))
    parts += _draw_axis(ended - begun, scale, bottom)
    key, height = _draw_key(strategies[:MOST_IN_KEY], bottom + AXIS)
    listed = "1 run" if len(runs) == 1 else f"{len(runs):,} runs, each"
    told = f"{listed} in one of {len(actors)} actors at a time, in {ended - begun:.3g} seconds"
    more = f" The first {MOST_LANES} actors are drawn." if len(actors) > MOST_LANES else ""
    title = f"{name}: {told}, from when its actor turned to each to when its last finding was there.{more}"
    return GanttChart(title, f"{name}: {told}", _write_chart([*parts, *key], height))


def _draw_bars(bars: Iterable[tuple[float, float]], scale: float, lane: int, colour: str, name: str) -> str:
    y = LANE * lane + 3
    outline = "".join(
        f"M{LABELS + scale * start:.1f} {y}h{max(scale * (end - start), 0.3):.1f}v{LANE - 6}"
        f"h-{max(scale * (end - start), 0.3):.1f}z"
        for start, end in bars
    )
    return f'<path d="{outline}" fill="{colour}"><title>{escape(name)}</title></path>'


def _draw_axis(length: float, scale: float, bottom: int) -> Iterator[str]:
    for tick in range(TICKS + 1):
        seconds = length * tick / TICKS
        x = LABELS + scale * seconds
        yield f'<path d="M{x:.1f} 0V{bottom}" stroke="#8886" fill="none"/>'
        yield _write_label(x, bottom + 16, f"{seconds:.3g} s", "end" if tick == TICKS else "middle")


def _draw_key(names: Sequence[str], top: int) -> tuple[list[str], int]:
    """Return the key of colours, in as many lines as it takes, and its lower end."""
    widths = [LETTER * len(name) + 30 for name in names]
    parts, line, x = [], 0, LABELS
    for place, (name, width) in enumerate(zip(names, widths, strict=True)):
        if x > LABELS and x + width > CHART_WIDTH:
            line, x = line + 1, LABELS
        y = top + LANE * line
        parts.append(f'<path d="M{x} {y + 4}h10v10h-10z" fill="{COLOURS[place % len(COLOURS)]}"/>')
        parts.append(_write_label(x + 15, y + 13, name, "start"))
        x += width
    return parts, top + LANE * (line + 1)


def _write_chart(parts: Iterable[str], height: int) -> str:
    size = f'viewBox="0 0 {CHART_WIDTH} {height}" width="{CHART_WIDTH}" height="{height}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(parts)}</svg>'


def merge_spans_of_time(spans: Sequence[tuple[float, float]], scale: float) -> list[tuple[float, float]]:
    """Return spans in order, with those merged that are drawn less than half a pixel from each other.

    Args:
        spans: Their starts and ends, in seconds.
        scale: Pixels per second.

    Example:
        >>> merge_spans_of_time([(2.0, 3.0), (0.0, 1.0), (1.001, 1.5)], scale=10.0)
        [(0.0, 1.5), (2.0, 3.0)]
    """
    found: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        if found and scale * (start - found[-1][1]) < LEAST_GAP_PIXELS:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def _write_label(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y}" text-anchor="{anchor}" font-size="12" fill="#333">{escape(text)}</text>'
