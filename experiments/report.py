"""The report: one HTML file that opens offline, with its figures and tables beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment
from pydantic import ValidationError

from ..orchestrator.delays import Delays
from ..orchestrator.drive import EVALUATION_FAILED
from ..orchestrator.reading import LogReader
from . import accounts, figures, statistics
from .experiment import SimulatedSettings
from .resuming import other_libraries
from .runs import RunData, best_of, read_runs
from .studio.embed import Shown, embedded
from .table import Table

Source = tuple[Path, str]
"""A results directory, and a run's id in it."""

MOST_FAILURES = 30
MOST_PORTRAITS = 8
"""At most so many runs are drawn one by one."""


@dataclass(frozen=True)
class Portrait:
    """One run, drawn: its timeline, its contour where there is one, and its leases."""

    key: str
    title: str
    timeline: str
    contour: str
    leases: list[dict[str, Any]]


def write_report(directories: Path | Sequence[Path]) -> Path:
    """Write report.html, figures/*.png and *.svg, and tables/*.csv of one results directory, or of several together
    (into the first of them). Returns the report's path."""
    listed = [Path(directories)] if isinstance(directories, str | Path) else [Path(d) for d in directories]
    runs, sources = _together(listed)
    home = listed[0]
    name = "report" if len(listed) == 1 else "comparison"
    pictures, tables = home / ("figures" if name == "report" else "comparison-figures"), home / "tables"
    pictures.mkdir(exist_ok=True)
    tables.mkdir(exist_ok=True)
    page = _page(listed, runs, sources, pictures, tables)
    path = home / f"{name}.html"
    path.write_text(page, encoding="utf-8")
    return path


def _together(directories: Sequence[Path]) -> tuple[list[RunData], dict[str, Source]]:
    """The runs of all directories; strategies that clash are told apart by their directory's name, and where that is
    the same too, by their place. So are equal runs, whose id names figures. And, by these ids, where each comes from.
    """
    found = [read_runs(directory) for directory in directories]
    names = [set(statistics.strategies_of(runs)) for runs in found]
    merged, sources = [], {}
    labels = [d.resolve().name for d in directories]
    for index, (label, runs) in enumerate(zip(labels, found, strict=True)):
        label = label if labels.count(label) == 1 else f"{label} {index + 1}"
        others = set().union(*(n for i, n in enumerate(names) if i != index))
        for run in runs:
            clash = run.strategy in others
            name = f"{run.strategy} ({label})" if clash else run.strategy
            known = run.id if index == 0 else f"{run.id}-{index + 1}"
            merged.append(replace(run, strategy=name, id=known))
            sources[known] = (directories[index], run.id)
    return merged, sources


def _page(
    directories: Sequence[Path], runs: list[RunData], sources: dict[str, Source], pictures: Path, tables: Path
) -> str:
    started = [run for run in runs if run.evaluations]
    comparison, winners = statistics.comparison(started or runs), statistics.winners(started or runs)
    convergence, contributions = statistics.convergence(started), accounts.contributions(started)
    failures, thresholds = accounts.failures(runs), statistics.thresholds(started)
    standings = statistics.standings(started or runs)
    named = {"comparison": comparison, "winners": winners, "convergence": convergence, "contributions": contributions}
    for name, table in (named | {"failures": failures, "thresholds": thresholds, "standings": standings}).items():
        table.to_csv(tables / f"{name}.csv")
    with LogReader(directories[0]) as reader:
        meta, sessions = reader.meta, reader.sessions
    delays = _delays(meta["environment"].get("clock"))
    chosen = _telling(started)
    text = files("searchparty.experiments.templates").joinpath("report.html.j2").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["number"] = number
    return environment.from_string(text).render(
        name=directories[0].name if len(directories) == 1 else "comparison",
        directories=[str(d) for d in directories],
        summary=summary(runs, comparison, winners),
        comparison=comparison.rows(),
        winners={row["landscape"]: row for row in winners.rows()},
        landscapes=statistics.landscapes_of(runs),
        strategies=[_strategy(runs, s) for s in statistics.strategies_of(runs)],
        drawn=_overview(started, convergence, contributions, pictures),
        portraits=[_portrait(run, pictures, figures.palette(started)) for run in chosen],
        replay=_replay(chosen, sources),
        failures=failures.rows()[:MOST_FAILURES],
        more_failures=max(0, len(failures.rows()) - MOST_FAILURES),
        sessions=len(sessions),
        upgrades=[line for s in sessions[1:] for line in other_libraries(s.environment, sessions[0].environment)],
        clock=[] if delays is None else accounts.clock(started, delays).rows(),
        delayed=delays is not None and _delayed(delays),
        gaps=[f"{gap:g}" for gap in statistics.GAPS],
        thresholds=_by_gap(thresholds),
        standings=standings.rows(),
        targets=_targets(comparison),
        alike=len(directories) == 1 and len({run.budget for run in runs}) == 1,
        unfinished=[run for run in runs if run.stopped is None],
        halted=[run for run in runs if (run.stopped or "").startswith(EVALUATION_FAILED)],
        total=len(runs),
        meta=meta,
        settings=[(d / "experiment.yaml").read_text(encoding="utf-8") for d in directories if _has_settings(d)],
    )


def _delays(settings: dict[str, Any] | None) -> SimulatedSettings | None:
    """The simulated clock's settings that a log records; None where it has none, or those of an older version."""
    try:
        return None if settings is None else SimulatedSettings.model_validate(settings)
    except ValidationError:
        return None


def _delayed(delays: SimulatedSettings) -> bool:
    """Whether evaluations take anything but their declared seconds, or leases anything beside."""
    return Delays.model_validate(delays.model_dump(include=set(Delays.model_fields))) != Delays()


def _by_gap(thresholds: Table) -> list[dict[str, Any]]:
    """The table of thresholds with a line a strategy and a column a gap."""
    lines: dict[tuple[str, str], list[float]] = {}
    for row in thresholds.rows():
        lines.setdefault((row["landscape"], row["strategy"]), []).append(row["share"])
    return [{"landscape": la, "strategy": s, "shares": shares} for (la, s), shares in lines.items()]


def _targets(comparison: Table) -> list[str]:
    """Where targets come from, in words; landscapes of one origin together."""
    origins: dict[str, list[str]] = {}
    for row in comparison.rows():
        listed = origins.setdefault(row["target_from"], [])
        if row["landscape"] not in listed:
            listed.append(row["landscape"])
    return [f"{origin} ({', '.join(listed)})" for origin, listed in origins.items()]


def _has_settings(directory: Path) -> bool:
    return (directory / "experiment.yaml").exists()


def _overview(runs: list[RunData], convergence: Table, contributions: Table, folder: Path) -> dict[str, str]:
    """The figures over all runs, as SVG text by name; those that there is nothing to draw for are left out."""
    if not runs:
        return {}
    landscapes, strategies = statistics.landscapes_of(runs), statistics.strategies_of(runs)
    order = figures.palette(runs)
    minima = {la: next(r.minimum for r in runs if r.landscape == la) for la in landscapes}
    found = {
        "convergence": figures.styled(figures.convergence_figure, convergence, minima, strategies),
        "finals": figures.styled(figures.finals_figure, runs, minima, strategies),
        "contributions": figures.styled(figures.contributions_figure, contributions, landscapes, strategies, order),
    }
    return {name: figures.save(figure, folder / name) for name, figure in found.items() if figure is not None}


def _telling(runs: list[RunData]) -> list[RunData]:
    """The run of median result of each strategy on each landscape, teams first: those that are drawn one by one."""
    chosen = []
    for landscape in statistics.landscapes_of(runs):
        for strategy in statistics.strategies_of(runs):
            group = sorted(statistics.select(runs, landscape, strategy), key=lambda r: r.final)
            if group:
                chosen.append(group[(len(group) - 1) // 2])
    order = sorted(range(len(chosen)), key=lambda i: (len(chosen[i].team) == 1, i))[:MOST_PORTRAITS]
    return [chosen[i] for i in order]


def _replay(chosen: Sequence[RunData], sources: dict[str, Source]) -> str:
    """The replay of these runs, as HTML."""
    return embedded([Shown(*sources[run.id], run.id, title(run)) for run in chosen]) if chosen else ""


def title(run: RunData) -> str:
    """A run in a few words."""
    return f"{run.strategy} on {run.landscape}, repeat {run.repeat}"


def _portrait(run: RunData, folder: Path, tints: Sequence[str]) -> Portrait:
    figure, hover = figures.styled(figures.timeline_figure, run, tints)
    timeline = figures.save(figure, folder / f"timeline-{run.id}", hover)
    contour = figures.styled(figures.contour_figure, run, tints)
    svg = "" if contour is None else figures.save(contour, folder / f"contour-{run.id}")
    return Portrait(f"run-{run.id}", title(run), timeline, svg, accounts.leases(run).rows())


def summary(runs: list[RunData], comparison: Table, winners: Table) -> list[str]:
    """What happened, in plain sentences."""
    landscapes, strategies = statistics.landscapes_of(runs), statistics.strategies_of(runs)
    spent = sum(run.evaluations for run in runs)
    lines = [
        f"{counted(len(strategies), 'strategy', 'strategies')} searched {counted(len(landscapes), 'landscape')} in "
        f"{counted(len(runs), 'run')}, spending {spent:,} evaluations in all."
    ]
    for row in winners.rows():
        lines.append(_verdict(row, comparison))
    lines += _too_few(comparison, winners)
    known = [best for best in (best_of(run) for run in runs) if best is not None]
    for landscape in landscapes[:4]:
        here = [best for best in known if best.landscape == landscape]
        if here:
            best = min(here, key=lambda b: b.loss)
            point = ", ".join(number(x) for x in best.point[:6]) + (", ..." if len(best.point) > 6 else "")
            lines.append(
                f"The best point of {landscape} has loss {best.loss:.8g} at ({point}); {best.agent} of "
                f"{best.strategy} found it in repeat {best.repeat}."
            )
    failed = sum(accounts.failures(runs).columns["count"])
    lines.append("Nothing failed." if not failed else f"{counted(failed, 'failure')} occurred; see below.")
    return lines


def _too_few(comparison: Table, winners: Table) -> list[str]:
    """A warning where so few runs cannot convince, however far apart they are."""
    tested = [row for row in winners.rows() if row["runner_up"] is not None]
    counts = {(row["landscape"], row["strategy"]): row["runs"] for row in comparison.rows()}
    pairs = [(counts[r["landscape"], r["leader"]], counts[r["landscape"], r["runner_up"]]) for r in tested]
    least = min((statistics.least_p(*pair) for pair in pairs), default=0.0) * len(tested)
    if least < statistics.ALPHA:
        return []
    return [
        f"With so few runs no lead could convince: the least p that the test can give here is {min(1.0, least):.2g}, "
        f"and a winner needs p < {statistics.ALPHA}. More repeats would tell."
    ]


def _verdict(row: dict[str, Any], comparison: Table) -> str:
    landscape, leader, second = row["landscape"], row["leader"], row["runner_up"]
    medians = {r["strategy"]: r["median"] for r in comparison.where(landscape=landscape).rows()}
    if np.isinf(medians[leader]):
        return f"On {landscape} no strategy found a finite loss in half of its runs."
    if second is None:
        return f"On {landscape}, {leader} reached a median loss of {number(medians[leader])}."
    # Also where they differ by less than is shown.
    if row["winner"] is None and number(medians[leader]) == number(medians[second]):
        return f"On {landscape}, {leader} and {second} are level at a median loss of {number(medians[leader])}."
    figures_text = f"median loss {number(medians[leader])} against {number(medians[second])} of {second}"
    if row["winner"] is not None:
        return f"On {landscape}, {leader} won: {figures_text} (p = {row['p']:.2g})."
    return f"On {landscape} there is no clear winner: {leader} leads with {figures_text} (p = {row['p']:.2g})."


def counted(count: int, one: str, many: str | None = None) -> str:
    """ "1 run", "3 runs"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def number(value: Any) -> str:
    """A number as a reader wants it; a dash for none."""
    if value is None:
        return "-"
    if isinstance(value, float | np.floating):
        return "none" if np.isinf(value) else f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _strategy(runs: list[RunData], name: str) -> dict[str, Any]:
    """A strategy's team and policy in words."""
    run = next(r for r in runs if r.strategy == name)
    team: dict[str, list[str]] = {}
    for member, agent in run.settings["team"]:
        plain = ", ".join(f"{k} {v}" for k, v in agent.items() if k != "kind" and v is not None)
        team.setdefault(f"{agent['kind']}: {plain}" if plain else agent["kind"], []).append(member)
    policy = run.settings["policy"]
    return {
        "name": name,
        "team": [(", ".join(members), text) for text, members in team.items()],
        "policy": "; ".join(f"{k}: {_choice(v)}" for k, v in policy.items() if k != "kind" and v is not None),
        "kind": policy["kind"],
        "concurrency": run.settings["concurrency"],
        "budget": run.budget,
    }


def _choice(value: Any) -> str:
    if not isinstance(value, dict):
        return str(value)
    rest = ", ".join(f"{k} {v}" for k, v in value.items() if k != "kind" and v is not None)
    return f"{value.get('kind', '')} ({rest})" if rest else str(value.get("kind", ""))
