"""The report: one HTML file that opens offline, with its tables beside it, and its figures if they are asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader

from ...landscapes.landscape import Refusal
from ...orchestrator.clock.settings import Delays
from ...orchestrator.log.reader import LogReader
from ...orchestrator.log.tables import Session
from ...orchestrator.loop.drive import EVALUATION_FAILED
from ..comparison.comparison import Comparison, compare_runs
from ..comparison.ranking import find_median
from ..comparison.report_tables import make_tables
from ..comparison.verdict import EQUIVALENCE
from ..comparison.wording import describe_disagreement
from ..comparison.words.advice import describe_powers
from ..exchange.read_foreign import is_foreign, read_foreign
from ..execution.compatibility import library_differences
from ..glossary import TERMS
from ..results import accounts
from ..results.curves import Curve, draw_curves
from ..results.grouping import group_problems, strategy_names
from ..results.measures import describe_measures
from ..results.recorded_runs import RunData, read_run
from ..results.run_summary import RunSummary, read_delays, read_summaries
from ..results.table import Table
from ..spec.models import SimulatedSettings
from ..spec.sources import read_text_file
from ..studies.branch import describe_branches
from ..studio.films.embed import EmbeddedRun, embed_modules, embed_replay
from .first_screen import describe_first_screen, draw_first_figures, draw_measures, list_group_figures
from .island import pack_island, pack_problems, pack_ratios
from .minima_section import list_minima
from .page_tables import pack_tables
from .plane_section import list_planes, list_unread
from .portraits import Portrait, describe_portrait
from .sentences import describe_strategy, format_number, list_notes
from .sweep_section import ReportedResults, SweepSection, study_sweeps
from .template_cache import TemplateCache
from .time_section import describe_times, draw_gantts, draw_run_gantts
from .worth_section import WorthSection, study_parts

StudySection = SweepSection | WorthSection
"""A study that the report has a section of, with its figures and tables."""

MOST_FAILURES = 30
MOST_FIRST_FAILURES = 3
"""So many causes are on the first screen of a report without a finite loss."""
MOST_NAME_BYTES = 150
COMPARED_FILE = "compared.txt"
MOST_RUN_FIGURES = 8
"""Maximum number of runs that get figures of their own."""
MOST_OPEN_GROUPS = 6
"""So many groups of problems are shown when the page is opened."""
MOST_OPEN_ROWS = 24
"""Tables of up to this many rows are open when the page is opened."""
REPORT_MODULE = "report/report.js"


class RunSource(NamedTuple):
    """Where a run of a report is recorded: the results directory, and its id and the name of its strategy there."""

    directory: Path
    run: str
    strategy: str


def write_report(
    directories: Path | Sequence[Path],
    figures: bool = False,
    baseline: str | None = None,
    equivalence: float = EQUIVALENCE,
    power: bool = False,
    remark: Callable[[str], None] = lambda _: None,
) -> Path:
    """Write the report of one results directory, or one report of several, and return its path.

    Write report.html and tables/*.csv: for one directory into it, and for several together into a folder of their own
    in the first of them (``comparison_folder``). The logs are read one run at a time.

    Args:
        directories: The results directories. Folders of COCO's data and Parquet files of evaluations among them are
            strategies to compare with.
        figures: Whether to write figures/*.png and figures/*.svg, too.
        baseline: The strategy that the others are compared with. Default: the first one.
        equivalence: Ratios of expected running times between this and its inverse count as equivalent.
        power: Whether to estimate how many repeats would settle each verdict that is open, however long that takes, and
            to write tables/power.csv.
        remark: Receives what was estimated, a sentence for each verdict that is open.

    Raises:
        LogError: If a log does not exist, or cannot be read.
        Refusal: If there is no such strategy, the region of equivalence is not valid, or what another tool wrote cannot
            be read.
    """
    given = [Path(directories)] if isinstance(directories, str | Path) else [Path(d) for d in directories]
    listed, others = _part_foreign(given)
    with LogReader(listed[0]) as reader:
        meta, sessions = reader.meta, reader.sessions
    delays = read_delays(listed[0])
    runs, sources = _merge_runs(listed, delays)
    imported: list[str] = []
    runs += read_foreign(others, runs, imported.append)
    compared = compare_runs(runs, baseline, equivalence, power)
    for line in [*imported, *(describe_powers(compared) if power else ())]:
        remark(line)
    home = listed[0] if len(given) == 1 else comparison_folder([*listed, *others])
    (home / "tables").mkdir(exist_ok=True)
    curves = draw_curves(runs)
    grounds: dict[str, str] = {}
    sweeps, swept = study_sweeps(_list_reported(runs, sources), compared, grounds)
    worths, parts = study_parts(compared)
    studies: list[StudySection] = [*sweeps, *worths]
    made = make_tables(compared, curves) | swept | parts
    for name, table in made.items():
        table.to_csv(home / "tables" / f"{name}.csv")
    chosen = [run for run in _representative_runs(compared) if run.id in sources]
    whole = _read_chosen(chosen, sources)
    page = _render_page(
        listed, compared, sources, made, curves, whole, studies, (meta, sessions, delays), imported, grounds
    )
    if figures:
        from ..drawing.files import write_figures

        write_figures(runs, whole, curves, made["contributions"], home / "figures")
    path = home / "report.html"
    path.write_text(page, encoding="utf-8")
    return path


def read_comparison(
    directories: Sequence[Path], baseline: str | None = None, equivalence: float = EQUIVALENCE, power: bool = False
) -> Comparison:
    """Read the runs of all directories, and compare their strategies. Arguments and errors: see ``write_report``."""
    listed, others = _part_foreign(directories)
    runs, _ = _merge_runs(listed, read_delays(listed[0]))
    runs += read_foreign(others, runs, lambda _: None)
    return compare_runs(runs, baseline, equivalence, power)


def _part_foreign(paths: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Return the results directories among paths, and what other tools wrote.

    Raises:
        Refusal: If there are no results, or one of the paths is given twice.
    """
    places = [path.resolve() for path in paths]
    for path, place in zip(paths, places, strict=True):
        if places.count(place) > 1:
            raise Refusal(f"a report must have each directory once, got {path} twice. Leave one of them out.")
    others = [path for path in paths if is_foreign(path)]
    listed = [path for path in paths if path not in others]
    if not listed:
        raise Refusal(
            f"a report must have results to compare with, got {', '.join(map(str, others))}. Name a results directory "
            "that searchparty run wrote, too."
        )
    return listed, others


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
    if the directories' names are equal too; so does a landscape whose label stands for other settings in another
    directory. Run ids from later directories get the directory's number, because equal
    runs have equal ids and the ids name figures.
    """
    found = [read_summaries(directory, delays) for directory in directories]
    names = [set(strategy_names(runs)) for runs in found]
    ambiguous = _find_ambiguous([run for runs in found for run in runs])
    merged, sources = [], {}
    labels = [d.resolve().name for d in directories]
    for index, (label, runs) in enumerate(zip(labels, found, strict=True)):
        label = label if labels.count(label) == 1 else f"{label} {index + 1}"
        others = set().union(*(n for i, n in enumerate(names) if i != index))
        for run in runs:
            clash = run.strategy in others
            name = f"{run.strategy} ({label})" if clash else run.strategy
            known = run.id if index == 0 else f"{run.id}-{index + 1}"
            landscape = f"{run.landscape} ({label})" if run.landscape in ambiguous else run.landscape
            merged.append(replace(run, strategy=name, landscape=landscape, id=known))
            sources[known] = RunSource(directories[index], run.id, run.strategy)
    return merged, sources


def _group_by_directory(
    runs: Sequence[RunSummary], sources: Mapping[str, RunSource]
) -> Iterator[tuple[str, list[RunSummary]]]:
    """Yield the name of each results directory and its runs. Runs that other tools wrote are in none."""
    for directory in dict.fromkeys(source.directory for source in sources.values()):
        yield directory.name, [run for run in runs if run.id in sources and sources[run.id].directory == directory]


def _list_reported(runs: Sequence[RunSummary], sources: Mapping[str, RunSource]) -> list[ReportedResults]:
    """Return what the strategies and the runs of each results directory are called in the report."""
    found = []
    for directory in dict.fromkeys(source.directory for source in sources.values()):
        mine = [(run, source) for run in runs if (source := sources.get(run.id)) and source.directory == directory]
        names = {source.strategy: run.strategy for run, source in mine}
        found.append(ReportedResults(directory, names, {run.id: source.run for run, source in mine}))
    return found


def _compare_versions(directories: Sequence[Path]) -> list[str]:
    """Return a sentence on the versions of this package that wrote the directories, if they differ."""
    found = dict[str, None]()
    for directory in directories:
        with LogReader(directory) as reader:
            packages = reader.meta["environment"].get("packages") or {}
        found[str(packages.get("searchparty", "unknown"))] = None
    return [f"Different versions of searchparty wrote these results: {', '.join(found)}."] if len(found) > 1 else []


def _find_ambiguous(runs: Sequence[RunSummary]) -> set[str]:
    """Return the labels that landscapes with different settings have."""
    known: dict[str, set[str]] = {}
    for run in runs:
        known.setdefault(run.landscape, set()).add(json.dumps(run.settings["landscape"], sort_keys=True))
    return {label for label, settings in known.items() if len(settings) > 1}


def _read_chosen(chosen: Sequence[RunSummary], sources: dict[str, RunSource]) -> list[RunData]:
    """Read the runs that are drawn, whole, under the names that they have in the report."""
    places = [sources[run.id] for run in chosen]
    return [
        replace(read_run(place.directory, place.run), id=run.id, strategy=run.strategy)
        for run, place in zip(chosen, places, strict=True)
    ]


def _render_page(
    directories: Sequence[Path],
    compared: Comparison,
    sources: dict[str, RunSource],
    made: dict[str, Table],
    curves: dict[str, dict[str, Curve]],
    whole: Sequence[RunData],
    studies: Sequence[StudySection],
    recorded: tuple[dict[str, Any], Sequence[Session], SimulatedSettings | None],
    imported: Sequence[str],
    grounds: dict[str, str],
) -> str:
    meta, sessions, delays = recorded
    runs = compared.runs
    started = [run for run in runs if run.evaluations]
    portraits = [describe_portrait(run, run_title(run), grounds) for run in whole]
    timed = [run for run in started if run.clock is not None]
    clock = [] if delays is None else accounts.clock_table(timed, delays).rows()
    shown = pack_tables(made, clock) | {key: table for each in studies for key, table in each.tables.items()}
    sweeps = [each for each in studies if isinstance(each, SweepSection)]
    failures = made["failures"].rows()
    environment = Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, loader=PackageLoader(__package__),
        bytecode_cache=TemplateCache(),
    )  # fmt: skip
    environment.filters["number"] = format_number
    name = directories[0].name if len(directories) == 1 else "comparison"
    return environment.get_template("report.html.j2").render(
        name=name,
        directories=[str(d) for d in directories],
        first=describe_first_screen(compared, list(directories), name),
        notes=[
            *describe_branches(runs),
            *list_notes(runs),
            *imported,
            *_compare_versions(directories),
            *list_unread(directories),
        ],
        terms=TERMS,
        baseline=compared.baseline,
        equivalence=compared.equivalence,
        disagreement=describe_disagreement(compared, made["rank_tests"]),
        problems=list(curves),
        compared_problems=len(compared.problems),
        groups=list_group_figures(compared),
        strategies=[describe_strategy(run) for run in _first_runs(runs).values()],
        rows={name: len(table["rows"]) for name, table in shown.items()},
        most_open_rows=MOST_OPEN_ROWS,
        measures=list(draw_measures(compared)),
        measured=list(describe_measures([run for run in compared.runs if run.evaluations])),
        most_open_groups=MOST_OPEN_GROUPS,
        sweeps=sweeps,
        branched=_find_branched(whole),
        worths=[each for each in studies if isinstance(each, WorthSection)],
        planes=list_planes(directories),
        minima=list_minima(directories),
        portraits=portraits,
        island=pack_island(_pack_data(compared, made, curves, portraits, shown, studies) | {"grounds": grounds}),
        code=_embed_code(_list_films(whole, sweeps), sources),
        times=list(describe_times(made["times"], made["efficiency"])),
        gantts=[*draw_run_gantts(_group_by_directory(started, sources)), *draw_gantts(whole)],
        failures=failures[:MOST_FAILURES],
        most_first_failures=MOST_FIRST_FAILURES,
        more_failures=max(0, len(failures) - MOST_FAILURES),
        sessions=len(sessions),
        upgrades=[line for s in sessions[1:] for line in library_differences(s.environment, sessions[0].environment)],
        delayed=delays is not None and _has_delays(delays),
        alike=all(problem.same_budgets for problem in compared.problems),
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
    compared: Comparison,
    made: dict[str, Table],
    curves: dict[str, dict[str, Curve]],
    portraits: Sequence[Portrait],
    shown: dict[str, dict[str, Any]],
    studies: Sequence[StudySection],
) -> dict[str, Any]:
    """Return the data from which the page draws its figures and tables; ``types.d.ts`` of the page describes them."""
    groups = group_problems([run for run in compared.runs if run.evaluations])
    figures = draw_first_figures(compared) | {k: figure for each in portraits for k, figure in each.figures.items()}
    figures |= draw_measures(compared) | {k: figure for each in studies for k, figure in each.figures.items()}
    if made["ratios"].rows():
        figures["ratios"] = pack_ratios(made["ratios"], compared.baseline)
    return {
        "strategies": compared.strategies,
        "problems": pack_problems(groups, curves, compared.strategies),
        "figures": figures,
        "tables": shown | {key: table for each in portraits for key, table in each.tables.items()},
    }


def _count_whole(runs: Sequence[RunSummary]) -> tuple[int, int] | None:
    """Return how many points of runs have coordinates, and how many there are; None if all have."""
    if all(run.whole is None for run in runs):
        return None
    return sum(run.points if run.whole is None else run.whole for run in runs), sum(run.points for run in runs)


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


def _representative_runs(compared: Comparison) -> list[RunSummary]:
    """Select the runs that get figures of their own: the median run of each strategy on each problem, teams first."""
    chosen = [find_median(found).run for problem in compared.problems for found in problem.outcomes.values()]
    if not compared.problems:
        groups = group_problems(compared.runs)
        chosen = [listed[0] for found in groups.values() for listed in found.values()]
    drawn = [run for run in chosen if run.evaluations]
    order = sorted(range(len(drawn)), key=lambda i: (len(drawn[i].team) == 1, i))[:MOST_RUN_FIGURES]
    return [drawn[i] for i in order]


def _find_branched(whole: Sequence[RunData]) -> tuple[str, str] | None:
    """Return the ids of a run and of its branch that the replay shows side by side; None without a branch."""
    shown = {run.id for run in whole}
    policies = ((run.id, run.settings["policy"]) for run in whole)
    pairs = [(policy["run"], id) for id, policy in policies if policy["kind"] == "branch" and policy["run"] in shown]
    return pairs[0] if pairs else None


def _list_films(whole: Sequence[RunData], sweeps: Sequence[SweepSection]) -> list[RunData | RunSummary]:
    """Return the runs that can be replayed in the page: those that are drawn, and those behind points of fronts."""
    found: dict[str, RunData | RunSummary] = {run.id: run for run in whole}
    for sweep in sweeps:
        for id, run in sweep.films.items():
            found.setdefault(id, run)
    return list(found.values())


def _embed_code(chosen: Sequence[RunData | RunSummary], sources: dict[str, RunSource]) -> str:
    """Return the page's code as HTML, with the replay of the chosen runs if there are any."""
    films = [EmbeddedRun(*sources[run.id][:2], run.id, run_title(run)) for run in chosen]
    replay = embed_replay(films) if films else ""
    return f"{replay}\n{embed_modules((REPORT_MODULE,))}"


def run_title(run: RunData | RunSummary) -> str:
    """Return a short title of a run: its strategy, landscape and repeat."""
    return f"{run.strategy} on {run.landscape}, repeat {run.repeat}"
