"""The report: one HTML file that opens offline, with its tables beside it, and its figures if they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any, cast

from jinja2 import Environment, PackageLoader
from pydantic import ValidationError

from ...orchestrator.clock.settings import Delays
from ...orchestrator.log.reader import LogReader
from ...orchestrator.log.tables import Session
from ...orchestrator.loop.drive import EVALUATION_FAILED
from ..execution.compatibility import library_differences
from ..results import accounts
from ..results import comparison as statistics
from ..results.curves import Curve, quartile_curve, tabulate_curves
from ..results.recorded_runs import RunData, read_run
from ..results.run_summary import RunSummary, read_summaries
from ..results.table import Table
from ..spec.models import SimulatedSettings
from ..spec.sources import read_text_file
from ..studio.films.embed import EmbeddedRun, embed_modules, embed_replay
from .island import pack_island, pack_problems, pack_ratios, pack_table
from .portraits import Portrait, describe_portrait
from .sentences import describe_strategy, format_number, summary_sentences, target_texts, threshold_rows

RunSource = tuple[Path, str]
"""A results directory, and the id of a run in it."""

MOST_FAILURES = 30
MOST_NAME_BYTES = 150
COMPARED_FILE = "compared.txt"
MOST_RUN_FIGURES = 8
"""Maximum number of runs that get figures of their own."""
MOST_OPEN_ROWS = 24
"""Tables of up to this many rows are open when the page is opened."""
REPORT_MODULE = "report/report.js"


def write_report(directories: Path | Sequence[Path], figures: bool = False) -> Path:
    """Write the report of one results directory, or one report of several, and return its path.

    Write report.html and tables/*.csv: for one directory into it, and for several together into a folder of their own
    in the first of them (``comparison_folder``). The logs are read one run at a time.

    Args:
        directories: The results directories.
        figures: Whether to write figures/*.png and figures/*.svg, too.
    """
    listed = [Path(directories)] if isinstance(directories, str | Path) else [Path(d) for d in directories]
    with LogReader(listed[0]) as reader:
        meta, sessions = reader.meta, reader.sessions
    delays = _recorded_delays(meta["environment"].get("clock"))
    runs, sources = _merge_runs(listed, delays)
    home = listed[0] if len(listed) == 1 else comparison_folder(listed)
    (home / "tables").mkdir(exist_ok=True)
    curves = _draw_curves(runs)
    tables = _make_tables(runs, curves)
    for name, table in tables.items():
        table.to_csv(home / "tables" / f"{name}.csv")
    chosen = _representative_runs([run for run in runs if run.evaluations])
    whole = _read_chosen(chosen, sources)
    page = _render_page(listed, runs, sources, tables, curves, whole, (meta, sessions, delays))
    if figures:
        from ..drawing.files import write_figures

        write_figures(runs, whole, tables, home / "figures")
    path = home / "report.html"
    path.write_text(page, encoding="utf-8")
    return path


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


def _merge_runs(
    directories: Sequence[Path], delays: SimulatedSettings | None
) -> tuple[list[RunSummary], dict[str, RunSource]]:
    """Return the runs of all directories with unique names, and the source of each by its new id.

    A strategy whose name occurs in several directories gets its directory's name appended, and the directory's number
    if the directories' names are equal too. Run ids from later directories get the directory's number, because equal
    runs have equal ids and the ids name figures.
    """
    found = [read_summaries(directory, delays) for directory in directories]
    names = [set(statistics.strategy_names(_as_data(runs))) for runs in found]
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


def _as_data(runs: Sequence[RunSummary]) -> list[RunData]:
    """Return summaries for the functions that compare runs, which ask of a run what both have."""
    return cast(list[RunData], list(runs))


def _read_chosen(chosen: Sequence[RunSummary], sources: dict[str, RunSource]) -> list[RunData]:
    """Read the runs that are drawn, whole, under the names that they have in the report."""
    return [replace(read_run(*sources[run.id]), id=run.id, strategy=run.strategy) for run in chosen]


def _draw_curves(runs: Sequence[RunSummary]) -> dict[str, dict[str, Curve]]:
    """Return the quartiles of the best loss over evaluations, by landscape and strategy."""
    groups = statistics.group_runs(_as_data([run for run in runs if run.evaluations]))
    return {
        landscape: {strategy: quartile_curve(cast(list[RunSummary], group)) for strategy, group in found.items()}
        for landscape, found in groups.items()
    }


def _make_tables(runs: Sequence[RunSummary], curves: dict[str, dict[str, Curve]]) -> dict[str, Table]:
    """Return the tables of a report by the names of their files."""
    started = _as_data([run for run in runs if run.evaluations])
    compared = started or _as_data(runs)
    return {
        "comparison": statistics.comparison_table(compared),
        "winners": statistics.winners_table(compared),
        "convergence": tabulate_curves(curves),
        "contributions": accounts.contributions_table(started),
        "agents": accounts.agents_table([run for run in runs if run.evaluations]),
        "failures": accounts.failures_table(runs),
        "thresholds": statistics.thresholds_table(started),
        "standings": statistics.standings_table(compared),
    }


def _render_page(
    directories: Sequence[Path],
    runs: Sequence[RunSummary],
    sources: dict[str, RunSource],
    tables: dict[str, Table],
    curves: dict[str, dict[str, Curve]],
    whole: Sequence[RunData],
    recorded: tuple[dict[str, Any], Sequence[Session], SimulatedSettings | None],
) -> str:
    meta, sessions, delays = recorded
    known = _as_data(runs)
    started = [run for run in runs if run.evaluations]
    grounds: dict[str, str] = {}
    portraits = [describe_portrait(run, run_title(run), grounds) for run in whole]
    clock = [] if delays is None else accounts.clock_table(started, delays).rows()
    shown = _pack_tables(tables, clock)
    failures = tables["failures"].rows()
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, loader=PackageLoader(__package__))
    environment.filters["number"] = format_number
    return environment.get_template("report.html.j2").render(
        name=directories[0].name if len(directories) == 1 else "comparison",
        directories=[str(d) for d in directories],
        summary=summary_sentences(known, tables["comparison"], tables["winners"]),
        landscapes=statistics.landscape_labels(known),
        strategies=[describe_strategy(cast(RunData, run)) for run in _first_runs(runs).values()],
        rows={name: len(table["rows"]) for name, table in shown.items()},
        most_open_rows=MOST_OPEN_ROWS,
        portraits=portraits,
        island=pack_island(_pack_data(started, tables, curves, portraits, shown) | {"grounds": grounds}),
        code=_embed_code(whole, sources),
        failures=failures[:MOST_FAILURES],
        more_failures=max(0, len(failures) - MOST_FAILURES),
        sessions=len(sessions),
        upgrades=[line for s in sessions[1:] for line in library_differences(s.environment, sessions[0].environment)],
        delayed=delays is not None and _has_delays(delays),
        targets=target_texts(tables["comparison"]),
        alike=len(directories) == 1 and len({run.budget for run in runs}) == 1,
        unfinished=[run for run in runs if run.stopped is None],
        halted=[run for run in runs if (run.stopped or "").startswith(EVALUATION_FAILED)],
        unbounded=list(dict.fromkeys(run.landscape for run in runs if not run.bounded)),
        total=len(runs),
        meta=meta,
        settings=[read_text_file(d / "experiment.yaml") for d in directories if _has_settings(d)],
        salvaged=meta.get("salvaged"),
        kept=_count_whole(runs),
    )


def _pack_data(
    started: Sequence[RunSummary],
    tables: dict[str, Table],
    curves: dict[str, dict[str, Curve]],
    portraits: Sequence[Portrait],
    shown: dict[str, dict[str, Any]],
) -> dict[str, Any]:
    """Return the data from which the page draws its figures and tables; ``types.d.ts`` of the page describes them."""
    groups = cast(dict[str, dict[str, list[RunSummary]]], statistics.group_runs(_as_data(started)))
    strategies = statistics.strategy_names(_as_data(started))
    figures = {key: figure for each in portraits for key, figure in each.figures.items()}
    if len(strategies) > 1:
        figures["ratios"] = pack_ratios(tables["comparison"], strategies)
    return {
        "strategies": strategies,
        "problems": pack_problems(groups, curves, strategies),
        "figures": figures,
        "tables": shown | {key: table for each in portraits for key, table in each.tables.items()},
    }


def _pack_tables(tables: dict[str, Table], clock: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    winners = {row["landscape"]: row["winner"] for row in tables["winners"].rows()}
    comparison = (
        (row["landscape"], row["strategy"], row["best"], row["median"], row["lower_quartile"], row["upper_quartile"],
         row["minimum"], row["target"], f"{row['successes']}/{row['runs']}", row["evaluations_to_target"], row["ert"],
         row["rank"], "yes" if winners[row["landscape"]] == row["strategy"] else "")
        for row in tables["comparison"].rows()
    )  # fmt: skip
    thresholds = (
        (row["landscape"], row["strategy"], *(round(100 * share) for share in row["shares"]))
        for row in threshold_rows(tables["thresholds"])
    )
    agents, contributions = tables["agents"], tables["contributions"]
    found = {
        "comparison": pack_table(
            "Strategies on each landscape",
            ("landscape", "strategy", "best", "median", "lower quartile", "upper quartile", "known minimum", "target",
             "successes", "median evaluations of successful runs", "expected evaluations (ERT)", "mean rank",
             "significant lead"), comparison,
        ),
        "standings": pack_table(
            "Strategies on all landscapes together", ("strategy", "landscapes", "led", "won", "mean rank"),
            (row.values() for row in tables["standings"].rows()),
        ),
        "thresholds": pack_table(
            "Percentage of runs within each distance of the known minimum",
            ("landscape", "strategy", *(f"{gap:g}" for gap in statistics.THRESHOLD_GAPS)),
            thresholds,
        ),
        "agents": pack_table("What each agent did", _heads(agents), (row.values() for row in agents.rows())),
        "contributions": pack_table(
            "What each agent contributed on each landscape", _heads(contributions),
            (row.values() for row in contributions.rows()),
        ),
        "clock": pack_table(
            "Simulated time",
            ("landscape", "strategy", "workers", "simulated seconds", "workers busy", "workers lost"),
            (row.values() for row in clock),
        ),
    }  # fmt: skip
    return {name: table for name, table in found.items() if table["rows"]}


def _heads(table: Table) -> list[str]:
    return [name.replace("_", " ") for name in table.columns]


def _count_whole(runs: Sequence[RunSummary]) -> tuple[int, int] | None:
    """Return how many points of runs have coordinates, and how many there are; None if all have."""
    if all(run.whole is None for run in runs):
        return None
    return sum(run.points if run.whole is None else run.whole for run in runs), sum(run.points for run in runs)


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


def _first_runs(runs: Sequence[RunSummary]) -> dict[str, RunSummary]:
    """Return the first run of each strategy, in the order of the plan."""
    found: dict[str, RunSummary] = {}
    for run in runs:
        found.setdefault(run.strategy, run)
    return found


def _representative_runs(runs: Sequence[RunSummary]) -> list[RunSummary]:
    """Select the runs that get figures of their own: the median run of each strategy on each landscape, teams first."""
    chosen: list[RunSummary] = []
    for groups in statistics.group_runs(_as_data(runs)).values():
        for listed in groups.values():
            group = sorted(cast(list[RunSummary], listed), key=lambda r: r.final)
            chosen.append(group[(len(group) - 1) // 2])
    order = sorted(range(len(chosen)), key=lambda i: (len(chosen[i].team) == 1, i))[:MOST_RUN_FIGURES]
    return [chosen[i] for i in order]


def _embed_code(chosen: Sequence[RunData], sources: dict[str, RunSource]) -> str:
    """Return the page's code as HTML, with the replay of the chosen runs if there are any."""
    replay = embed_replay([EmbeddedRun(*sources[run.id], run.id, run_title(run)) for run in chosen]) if chosen else ""
    return f"{replay}\n{embed_modules((REPORT_MODULE,))}"


def run_title(run: RunData) -> str:
    """Return a short title of a run: its strategy, landscape and repeat."""
    return f"{run.strategy} on {run.landscape}, repeat {run.repeat}"
