"""The section of a report on time: where it went, how well actors were used, and a Gantt chart of their leases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from ...agents.agent import LeaseTiming
from ...orchestrator.state.events import findings
from ..drawing.palette import COLOURS
from ..results.recorded_runs import RunData
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


@dataclass(frozen=True)
class GanttChart:
    """A chart of the leases of a run over its actors.

    Attributes:
        title: Strategy, landscape and repeat of the run.
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
        y = LANE * actors.index(found[0].actor) + 3
        outline = "".join(
            f"M{LABELS + scale * start:.1f} {y}h{max(scale * (end - start), 0.3):.1f}v{LANE - 6}"
            f"h-{max(scale * (end - start), 0.3):.1f}z"
            for start, end in bars
        )
        parts.append(f'<path d="{outline}" fill="{colour}"><title>{escape(agent)}</title></path>')
    for tick in range(TICKS + 1):
        seconds = (ended - begun) * tick / TICKS
        x = LABELS + scale * seconds
        parts.append(f'<path d="M{x:.1f} 0V{bottom}" stroke="#8886" fill="none"/>')
        anchor = "end" if tick == TICKS else "middle"
        parts.append(_write_label(x, bottom + 16, f"{seconds:.3g} s", anchor))
    title = f"{run.strategy} on {run.landscape}, repeat {run.repeat}"
    label = f"{title}: {len(listed):,} leases over {len(actors)} actors in {ended - begun:.3g} seconds"
    size = f'viewBox="0 0 {CHART_WIDTH} {bottom + AXIS}" width="{CHART_WIDTH}" height="{bottom + AXIS}"'
    return GanttChart(title, label, f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(parts)}</svg>')


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
