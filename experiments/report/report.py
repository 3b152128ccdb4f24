"""The report: one HTML file that opens offline, with its figures and tables beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from itertools import count
from pathlib import Path
from typing import Any

from jinja2 import Environment
from pydantic import ValidationError

from ...orchestrator.clock.settings import Delays
from ...orchestrator.log.reader import LogReader
from ...orchestrator.loop.drive import EVALUATION_FAILED
from ..comparison import profiles, tables
from ..comparison.comparison import Comparison, compare_runs
from ..comparison.exports import list_sentences
from ..comparison.verdict import EQUIVALENCE
from ..drawing import style
from ..drawing.comparison import contributions_figure, convergence_figure, finals_figure, timeline_figure
from ..drawing.landscape import contour_figure
from ..execution.compatibility import library_differences
from ..results import accounts
from ..results import comparison as statistics
from ..results.recorded_runs import RunData, read_runs
from ..results.table import Table
from ..spec.models import SimulatedSettings
from ..spec.sources import read_text_file
from ..studio.films.embed import EmbeddedRun, embed_replay
from .sentences import describe_strategy, format_number, list_notes, target_rows

RunSource = tuple[Path, str]
"""A results directory, and the id of a run in it."""

MOST_FAILURES = 30
MOST_NAME_BYTES = 150
COMPARED_FILE = "compared.txt"
MOST_RUN_FIGURES = 8
"""Maximum number of runs that get figures of their own."""


@dataclass(frozen=True)
class RunFigures:
    """The figures of one run: its timeline, its contour figure ("" if there is none), and the rows of its leases."""

    key: str
    title: str
    timeline: str
    contour: str
    leases: list[dict[str, Any]]


def write_report(
    directories: Path | Sequence[Path], baseline: str | None = None, equivalence: float = EQUIVALENCE
) -> Path:
    """Write the report of one results directory, or one report of several, and return its path.

    Write report.html, figures/*.png, figures/*.svg and tables/*.csv: for one directory into it, and for several
    together into a folder of their own in the first of them (``comparison_folder``).
    """
    listed = [Path(directories)] if isinstance(directories, str | Path) else [Path(d) for d in directories]
    runs, sources = _merge_runs(listed)
    home = listed[0] if len(listed) == 1 else comparison_folder(listed)
    pictures, folder = home / "figures", home / "tables"
    pictures.mkdir(exist_ok=True)
    folder.mkdir(exist_ok=True)
    page = _render_page(listed, runs, sources, pictures, folder, compare_runs(runs, baseline, equivalence))
    path = home / "report.html"
    path.write_text(page, encoding="utf-8")
    return path


def read_comparison(
    directories: Sequence[Path], baseline: str | None = None, equivalence: float = EQUIVALENCE
) -> Comparison:
    """Read the runs of all directories, and compare their strategies. The arguments are those of ``write_report``."""
    return compare_runs(_merge_runs(directories)[0], baseline, equivalence)


def comparison_folder(directories: Sequence[Path]) -> Path:
    """Return the folder for the report of several results directories, and create it.

    It is in the first of them, and is named after the others. A file in it lists them, so that the report of the same
    directories is written there again, and that of others with these names gets a number.
    """
    listed = "".join(f"{directory.resolve()}\n" for directory in directories)
    names = "-".join(directory.resolve().name for directory in directories[1:])
    stem = f"comparison-with-{names.encode()[:MOST_NAME_BYTES].decode(errors='ignore')}"
    for number in count(1):
        folder = directories[0] / (stem if number == 1 else f"{stem}-{number}")
        known = folder / COMPARED_FILE
        if not folder.exists():
            folder.mkdir()
            known.write_text(listed, encoding="utf-8", errors="surrogateescape")
        if known.is_file() and known.read_text(encoding="utf-8", errors="surrogateescape") == listed:
            return folder
    raise AssertionError


def _merge_runs(directories: Sequence[Path]) -> tuple[list[RunData], dict[str, RunSource]]:
    """Return the runs of all directories with unique names, and the source of each by its new id.

    A strategy whose name occurs in several directories gets its directory's name appended, and the directory's number
    if the directories' names are equal too. Run ids from later directories get the directory's number, because equal
    runs have equal ids and the ids name figures.
    """
    found = [read_runs(directory) for directory in directories]
    names = [set(statistics.strategy_names(runs)) for runs in found]
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


def _render_page(
    directories: Sequence[Path],
    runs: list[RunData],
    sources: dict[str, RunSource],
    pictures: Path,
    folder: Path,
    compared: Comparison,
) -> str:
    started = [run for run in runs if run.evaluations]
    comparison, convergence = tables.make_comparison_table(compared.problems), statistics.convergence_table(started)
    contributions, failures = accounts.contributions_table(started), accounts.failures_table(runs)
    targets, standings = profiles.make_targets_table(compared.problems), tables.make_standings_table(compared)
    named = {"comparison": comparison, "convergence": convergence, "contributions": contributions, "targets": targets}
    named |= {"failures": failures, "standings": standings, "verdicts": tables.make_verdicts_table(compared)}
    named |= {"tests": tables.make_tests_table(compared), "rank_tests": tables.make_rank_tests_table(compared)}
    named |= {"budgets": profiles.make_budgets_table(compared.problems)}
    named |= {"running_times": profiles.make_runtimes_table(compared.problems)}
    for name, table in named.items():
        table.to_csv(folder / f"{name}.csv")
    with LogReader(directories[0]) as reader:
        meta, sessions = reader.meta, reader.sessions
    delays = _recorded_delays(meta["environment"].get("clock"))
    chosen = _representative_runs(started)
    text = files(__package__).joinpath("templates", "report.html.j2").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["number"] = format_number
    return environment.from_string(text).render(
        name=directories[0].name if len(directories) == 1 else "comparison",
        directories=[str(d) for d in directories],
        summary=[*list_sentences(compared, str(directories[0]) if len(directories) == 1 else ""), *list_notes(runs)],
        comparison=comparison.rows(),
        verdicts={(row["problem"], row["strategy"]): row["verdict"] for row in named["tests"].rows()},
        problems=len(compared.problems),
        strategies=[describe_strategy(run) for run in _first_runs(runs, "strategy").values()],
        drawn=_draw_overview(started, convergence, contributions, pictures),
        portraits=[_draw_run(run, pictures, style.palette_names(started)) for run in chosen],
        replay=_render_replay(chosen, sources),
        failures=failures.rows()[:MOST_FAILURES],
        more_failures=max(0, len(failures.rows()) - MOST_FAILURES),
        sessions=len(sessions),
        upgrades=[line for s in sessions[1:] for line in library_differences(s.environment, sessions[0].environment)],
        clock=[] if delays is None else accounts.clock_table(started, delays).rows(),
        delayed=delays is not None and _has_delays(delays),
        gaps=[f"{gap:g}" for gap in profiles.FIXED_TARGETS],
        thresholds=target_rows(targets),
        standings=standings.rows(),
        alike=all(
            len({each.run.budget for found in p.outcomes.values() for each in found}) == 1 for p in compared.problems
        ),
        unfinished=[run for run in runs if run.stopped is None],
        halted=[run for run in runs if (run.stopped or "").startswith(EVALUATION_FAILED)],
        unbounded=list(dict.fromkeys(run.landscape for run in runs if not run.bounded)),
        total=len(runs),
        meta=meta,
        settings=[read_text_file(d / "experiment.yaml") for d in directories if _has_settings(d)],
        salvaged=meta.get("salvaged"),
        kept=_count_whole(runs),
    )


def _count_whole(runs: Sequence[RunData]) -> tuple[int, int] | None:
    """Return how many points of runs have coordinates, and how many there are; None if all have."""
    if all(run.points.whole is None for run in runs):
        return None
    return sum(len(run.points.cube) for run in runs), sum(len(run.points.losses) for run in runs)


def _recorded_delays(settings: dict[str, Any] | None) -> SimulatedSettings | None:
    """Return the simulated clock's settings in a log; None if there are none or an older version wrote them."""
    try:
        return None if settings is None else SimulatedSettings.model_validate(settings)
    except ValidationError:
        return None


def _has_delays(delays: SimulatedSettings) -> bool:
    """Return whether evaluations take other than their declared seconds, or leases have additional delays."""
    return Delays.model_validate(delays.model_dump(include=set(Delays.model_fields))) != Delays()


def _has_settings(directory: Path) -> bool:
    return (directory / "experiment.yaml").exists()


def _first_runs(runs: list[RunData], field: str) -> dict[str, RunData]:
    """Return the first run for each value of ``field`` ("strategy" or "landscape"), in the order of the plan."""
    found: dict[str, RunData] = {}
    for run in runs:
        found.setdefault(getattr(run, field), run)
    return found


def _draw_overview(runs: list[RunData], convergence: Table, contributions: Table, folder: Path) -> dict[str, str]:
    """Draw the figures over all runs and return their SVG texts by name; figures without data are left out."""
    if not runs:
        return {}
    landscapes, strategies = statistics.landscape_labels(runs), statistics.strategy_names(runs)
    order = style.palette_names(runs)
    minima = {landscape: run.minimum for landscape, run in _first_runs(runs, "landscape").items()}
    found = {
        "convergence": style.draw_in_style(convergence_figure, convergence, minima, strategies),
        "finals": style.draw_in_style(finals_figure, runs, minima, strategies),
        "contributions": style.draw_in_style(contributions_figure, contributions, landscapes, strategies, order),
    }
    return {name: style.save_figure(figure, folder / name) for name, figure in found.items() if figure is not None}


def _representative_runs(runs: list[RunData]) -> list[RunData]:
    """Select the runs that get figures of their own: the median run of each strategy on each landscape, teams first."""
    chosen = []
    for groups in statistics.group_runs(runs).values():
        for listed in groups.values():
            group = sorted(listed, key=lambda r: r.final)
            chosen.append(group[(len(group) - 1) // 2])
    order = sorted(range(len(chosen)), key=lambda i: (len(chosen[i].team) == 1, i))[:MOST_RUN_FIGURES]
    return [chosen[i] for i in order]


def _render_replay(chosen: Sequence[RunData], sources: dict[str, RunSource]) -> str:
    """Return the replay of the chosen runs as HTML; "" if there are none."""
    return embed_replay([EmbeddedRun(*sources[run.id], run.id, run_title(run)) for run in chosen]) if chosen else ""


def run_title(run: RunData) -> str:
    """Return a short title of a run: its strategy, landscape and repeat."""
    return f"{run.strategy} on {run.landscape}, repeat {run.repeat}"


def _draw_run(run: RunData, folder: Path, tints: Sequence[str]) -> RunFigures:
    figure, hover = style.draw_in_style(timeline_figure, run, tints)
    timeline = style.save_figure(figure, folder / f"timeline-{run.id}", hover)
    contour = style.draw_in_style(contour_figure, run, tints)
    svg = "" if contour is None else style.save_figure(contour, folder / f"contour-{run.id}")
    return RunFigures(f"run-{run.id}", run_title(run), timeline, svg, accounts.leases_table(run).rows())
