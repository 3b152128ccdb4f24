"""The section of a sweep: what each setting costs and brings, on each problem and over all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from ...landscapes.landscape import Array
from ..comparison.comparison import Comparison
from ..comparison.goals import PRECISION
from ..results.run_summary import RunSummary
from ..results.table import Table
from ..studies.basins import describe_basins, map_basins, read_about
from ..studies.cells import Cell
from ..studies.effects import MainEffect, measure_effects
from ..studies.settings import Sweep, read_sweeps
from ..studies.sweep_sentences import describe_effects, describe_trade_off
from ..studies.sweep_tables import make_effects_table, make_settings_table
from ..studies.trade_off import TradeOff, weigh_settings
from .island import pack_table, round_all, round_value
from .sentences import format_number, label_directories
from .sweeps.basins_figure import draw_basins, pack_basins
from .sweeps.held_out import list_held_out

MOST_PANELS = 12
"""The most heat maps of one quantity: of a sweep of many settings, the table has all."""
MOST_FILMS = 16
"""The most runs behind points of fronts that can be replayed in the page."""


@dataclass
class SweepSection:
    """A sweep as the report shows it.

    Attributes:
        strategy: The name of the strategy whose settings were swept.
        axes: The settings and their values, in words.
        sentences: Which settings are worth their cost on each problem, and how sure that is.
        effects: What each setting changes, in sentences.
        problems: The key and the label of each problem.
        key: The key of the table of main effects.
        figures: The figures, by key.
        tables: The tables, by key.
        panels: The keys of the curves of each problem, and of its heat maps, by its key.
        films: The runs behind the points of the fronts.
        basins: In which basins the settings ended, in words, by the key of the problem.
        maps: The landscape of the map of basins, by the key of the problem.
        remarks: What is to be known of it in a report of several directories.
    """

    strategy: str
    axes: str
    sentences: list[str]
    effects: list[str]
    key: str
    problems: dict[str, str] = field(default_factory=dict)
    figures: dict[str, dict[str, Any]] = field(default_factory=dict)
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    panels: dict[str, tuple[list[str], list[str]]] = field(default_factory=dict)
    films: dict[str, RunSummary] = field(default_factory=dict)
    basins: dict[str, str] = field(default_factory=dict)
    maps: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ReportedResults:
    """A results directory in a report, which may have others.

    Attributes:
        directory: The directory.
        strategies: The names of its strategies in the report, by their own names.
        runs: The ids of its runs, by their ids in the report.
    """

    directory: Path
    strategies: Mapping[str, str]
    runs: Mapping[str, str]


def study_sweeps(
    results: Sequence[ReportedResults], compared: Comparison, grounds: dict[str, str]
) -> tuple[list[SweepSection], dict[str, Table]]:
    """Return the sections of the sweeps of results, and their tables by the names of their files; none without one.

    Each sweep has a section with the runs of its own directory. Its problems, and where the minimum is unknown the best
    loss, are those of the whole report.

    Args:
        results: The results directories.
        compared: The comparison of their strategies.
        grounds: The shadings of maps, by key, to which those of the sweep are added.
    """
    sections, weighed = list[SweepSection](), list[tuple[Sweep, TradeOff]]()
    effects = list[tuple[Sweep, list[MainEffect]]]()
    for place, sweep in _list_sweeps(results):
        found = [each for problem in compared.problems if (each := weigh_settings(problem, sweep)) is not None]
        if not found:
            continue
        mine = measure_effects(compared.problems, sweep)
        weighed += [(sweep, each) for each in found]
        effects.append((sweep, mine))
        section = _describe_sweep(f"sweep-{len(sections)}", sweep, found, mine)
        section.remarks += _list_remarks(results, compared, found)
        _add_basins(section, place, compared, sweep, grounds)
        sections.append(section)
    if not sections:
        return [], {}
    return sections, {"settings": make_settings_table(weighed), "effects": make_effects_table(effects)}


def _list_sweeps(results: Sequence[ReportedResults]) -> Iterator[tuple[ReportedResults, Sweep]]:
    """Yield the sweeps of all directories, with the names that strategies have in the report."""
    labels = label_directories([each.directory for each in results])
    for each, label in zip(results, labels, strict=True):
        for sweep in read_sweeps(each.directory, each.strategies):
            settings = [replace(one, strategy=each.strategies[one.strategy]) for one in sweep.settings]
            name = f"{sweep.strategy} ({label})" if len(results) > 1 else sweep.strategy
            yield each, replace(sweep, strategy=name, settings=settings)


def _list_remarks(results: Sequence[ReportedResults], compared: Comparison, found: Sequence[TradeOff]) -> Iterator[str]:
    """Yield what is to be known of a sweep in a report of several directories."""
    if len(results) < 2:
        return
    yield "These are the runs of this directory alone: settings of others are not on the front."
    uneven = [problem.label for problem in compared.problems if not problem.same_budgets]
    if any(each.problem in uneven for each in found):
        yield (
            "Budgets differ on some of its problems: gaps and costs are of whole runs, and expected evaluations until "
            "the target are at the least budget of all."
        )


def _describe_sweep(key: str, sweep: Sweep, found: Sequence[TradeOff], effects: Sequence[MainEffect]) -> SweepSection:
    runs = min(len(cell.gaps) for each in found for cell in each.cells)
    section = SweepSection(
        sweep.strategy,
        "; ".join(f"{axis} {', '.join(values)}" for axis, values in sweep.axes.items()),
        [describe_trade_off(each) for each in found],
        describe_effects(effects, sweep, runs, len(found)),
        key,
    )
    table = make_effects_table([(sweep, effects)])
    names = ("setting", "value", "against", "ratio", "from", "to", "bound", "area", "from", "to")
    section.tables[f"{key}-effects"] = pack_table(
        "Main effects", names, (list(row.values())[1:-1] for row in table.rows())
    )
    for number, each in enumerate(found):
        _draw_problem(section, f"{key}-{number}", sweep, each)
    return section


def _add_basins(
    section: SweepSection, place: ReportedResults, compared: Comparison, sweep: Sweep, grounds: dict[str, str]
) -> None:
    """Add in which basins the settings ended on each problem."""
    known = read_about(place.directory)
    about = {id: known.get(own, {}) for id, own in place.runs.items()}
    problems = {problem.label: problem for problem in compared.problems}
    for key, label in section.problems.items():
        maps = map_basins(problems[label], sweep, about)
        if not maps:
            continue
        section.basins[key] = describe_basins(maps, sweep)
        section.tables[f"{key}-basins"] = pack_basins(maps, sweep)
        source = place.directory, place.runs[maps[0].runs[0].id]
        figure = draw_basins(source, maps[0], f"{key}-map", grounds)
        if figure is not None:
            section.figures[f"{key}-map"] = figure
            section.maps[key] = maps[0].landscape


def _draw_problem(section: SweepSection, key: str, sweep: Sweep, found: TradeOff) -> None:
    section.problems[key] = found.problem
    above = "the minimum" if found.known else "the best loss found"
    grids = {
        f"{key}-gap": _draw_grids(sweep, found, f"Median gap above {above}", [cell.gap for cell in found.cells])
        # Gaps below this are not told apart: such a number is a bound.
        | {"floor": PRECISION if found.known else None},
        f"{key}-time": _draw_grids(
            sweep, found, "Expected evaluations until the target", [cell.ert for cell in found.cells],
            [f"{cell.successes}/{len(cell.gaps)}" for cell in found.cells],
        ),
        f"{key}-cost": _draw_grids(
            sweep, found, "Evaluations until the run had settled", [cell.cost for cell in found.cells]
        ),
    }  # fmt: skip
    figures = {f"{key}-front": _draw_front(found, section)}
    if len(sweep.axes) > 1:
        figures[f"{key}-interaction"] = _draw_interaction(sweep, found, above)
    figures |= {f"{key}-held-{number}": figure for number, figure in enumerate(list_held_out(found.cells))}
    section.panels[key] = list(figures), list(grids)
    section.figures |= figures | grids


def _draw_grids(
    sweep: Sweep,
    found: TradeOff,
    title: str,
    values: Sequence[float | None],
    notes: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Return heat maps of a quantity over the first two settings, one for each combination of the others."""
    places = {tuple(cell.setting.values[axis] for axis in sweep.axes): k for k, cell in enumerate(found.cells)}
    (across, columns), *more = list(sweep.axes.items())[::-1] if len(sweep.axes) == 2 else list(sweep.axes.items())
    down, rows = more[0] if more else ("", [""])
    others = list(product(*(listed for _, listed in more[1:])))
    panels = []
    for other in others[:MOST_PANELS]:
        grid: list[list[Any]] = []
        marks: list[list[str]] = []
        for row in rows:
            chosen = [
                {across: column, **({down: row} if more else {}),
                 **dict(zip((name for name, _ in more[1:]), other, strict=True))}
                for column in columns
            ]  # fmt: skip
            at = [places.get(tuple(each[axis] for axis in sweep.axes)) for each in chosen]
            grid.append([None if place is None else round_value(values[place]) for place in at])
            marks.append([_mark(place, found, notes) for place in at])
        named = ", ".join(f"{name}={value}" for (name, _), value in zip(more[1:], other, strict=True))
        panels.append({"title": named, "values": grid, "marks": marks})
    finite = [value for value in values if value is not None]
    told = f"{format_number(min(finite))} to {format_number(max(finite))}" if finite else "none"
    return {
        "kind": "grids", "title": title, "label": f"{found.problem}: {title}, {told}", "across": across, "down": down,
        "columns": columns, "rows": rows, "panels": panels, "left": max(0, len(others) - MOST_PANELS),
        "range": round_all([min(finite), max(finite)]) if finite else [None, None],
    }  # fmt: skip


def _mark(place: int | None, found: TradeOff, notes: Sequence[str] | None) -> str:
    """Return what stands beside a number: successes, or that the setting is on the front, or is its knee."""
    if place is None:
        return ""
    if notes is not None:
        return notes[place]
    return "◆" if place == found.knee else "●" if found.on_front[place] else ""


def _draw_interaction(sweep: Sweep, found: TradeOff, above: str) -> dict[str, Any]:
    """Return lines of the gap over one setting, one line for each value of another, with quartiles of the runs."""
    (first, values), (second, others) = list(sweep.axes.items())[:2]
    series = []
    for other in others:
        quartiles = [
            _find_quartiles([cell for cell in found.cells
                             if (cell.setting.values[first], cell.setting.values[second]) == (value, other)])
            for value in values
        ]  # fmt: skip
        low, middle, high = (round_all(part) for part in zip(*quartiles, strict=True))
        series.append({"name": f"{second}={other}", "y": middle, "low": low, "high": high})
    told = "; ".join(f"{one['name']}: {', '.join(format_number(y) for y in one['y'])}" for one in series)
    gaps = [y for one in series for y in one["y"] if y is not None]
    return {
        "kind": "steps", "title": f"Gap above {above}", "label": f"{found.problem}: gap over {first}: {told}",
        "xName": first, "names": values, "series": series, "log": bool(gaps) and min(gaps) > 0,
    }  # fmt: skip


def _find_quartiles(cells: Sequence[Cell]) -> tuple[float | None, ...]:
    """Return the quartiles of the gaps of the runs of several settings together."""
    if not cells:
        return None, None, None
    gaps: Array = np.concatenate([cell.gaps for cell in cells])
    finite = gaps[np.isfinite(gaps)]
    return tuple(np.quantile(finite, (0.25, 0.5, 0.75)).tolist()) if len(finite) else (None, None, None)


def _draw_front(found: TradeOff, section: SweepSection) -> dict[str, Any]:
    points = []
    for place, cell in enumerate(found.cells):
        low, _, high = _find_quartiles([cell])
        on_front = bool(found.on_front[place])
        if on_front and len(section.films) < MOST_FILMS:
            section.films[cell.middle.id] = cell.middle
        points.append({
            "name": cell.setting.describe(), "x": round_value(cell.cost), "y": round_value(cell.gap),
            "low": round_value(low), "high": round_value(high), "front": on_front, "knee": place == found.knee,
            "share": None if found.shares is None else round_value(float(found.shares[place])),
            "run": cell.middle.id if cell.middle.id in section.films else None,
        })  # fmt: skip
    best = found.cells[found.chosen].setting.describe()
    return {
        "kind": "front", "title": f"Gap above {'the minimum' if found.known else 'the best loss found'}",
        "label": f"{found.problem}: loss against cost of {len(points)} settings, {len(found.front)} of them on the "
        f"front; worth its cost: {best}",
        "xName": "evaluations until the run had settled", "unit": "evaluations",
        "log": min(cell.gap for cell in found.cells) > 0, "higher": False,
        "floor": PRECISION if found.known else None,
        "points": points, "chosen": found.chosen,
    }  # fmt: skip
