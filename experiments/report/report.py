"""The report: one HTML file that opens offline, with its tables beside it, and its figures if they are asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

from ...landscapes.landscape import Refusal
from ...orchestrator.log.reader import LogReader
from ..comparison.comparison import Comparison, compare_runs
from ..comparison.ranking import find_median
from ..comparison.report_tables import make_tables
from ..comparison.verdict import EQUIVALENCE
from ..comparison.words.advice import describe_powers
from ..exchange.read_foreign import is_foreign, read_foreign
from ..results.curves import draw_curves
from ..results.grouping import group_problems, strategy_names
from ..results.recorded_runs import RunData, read_run
from ..results.run_summary import RunSummary, read_delays, read_summaries
from ..spec.models import SimulatedSettings
from .page import Material, RunSource, render_page
from .sentences import label_directories
from .sweep_section import ReportedResults, study_sweeps
from .worth_section import study_parts

MOST_NAME_BYTES = 150
COMPARED_FILE = "compared.txt"
MOST_RUN_FIGURES = 8
"""Maximum number of runs that get figures of their own."""


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
    delays = read_delays(listed[0])
    runs, sources = _merge_runs(listed, delays)
    imported: list[str] = []
    runs += read_foreign(others, runs, imported.append)
    compared = compare_runs(runs, baseline, equivalence, power)
    for line in [*imported, *(describe_powers(compared) if power else ())]:
        remark(line)
    home = listed[0] if len(given) == 1 else comparison_folder([*listed, *others])
    (home / "tables").mkdir(exist_ok=True)
    material = _gather_material(listed, compared, sources, delays, imported)
    for name, table in material.tables.items():
        table.to_csv(home / "tables" / f"{name}.csv")
    page = render_page(material)
    if figures:
        from ..drawing.files import write_figures

        contributions = material.tables["contributions"]
        write_figures(runs, material.whole, material.curves, contributions, home / "figures")
    path = home / "report.html"
    path.write_text(page, encoding="utf-8")
    return path


def _gather_material(
    directories: Sequence[Path],
    compared: Comparison,
    sources: dict[str, RunSource],
    delays: SimulatedSettings | None,
    imported: Sequence[str],
) -> Material:
    """Return what the page is made of: tables, curves, studies, and the runs that are drawn, which are read whole."""
    with LogReader(directories[0]) as reader:
        meta, sessions = reader.meta, reader.sessions
    curves = draw_curves(compared.runs)
    grounds: dict[str, str] = {}
    sweeps, swept = study_sweeps(_list_reported(compared.runs, sources), compared, grounds)
    worths, parts = study_parts(compared)
    whole = _read_chosen([run for run in _representative_runs(compared) if run.id in sources], sources)
    tables = make_tables(compared, curves) | swept | parts
    return Material(
        directories, compared, sources, tables, curves, whole, [*sweeps, *worths], meta, sessions, delays,
        imported, grounds,
    )  # fmt: skip


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
    for index, (label, runs) in enumerate(zip(label_directories(directories), found, strict=True)):
        others = set().union(*(n for i, n in enumerate(names) if i != index))
        for run in runs:
            clash = run.strategy in others
            name = f"{run.strategy} ({label})" if clash else run.strategy
            known = run.id if index == 0 else f"{run.id}-{index + 1}"
            landscape = f"{run.landscape} ({label})" if run.landscape in ambiguous else run.landscape
            merged.append(replace(run, strategy=name, landscape=landscape, id=known))
            sources[known] = RunSource(directories[index], run.id, run.strategy)
    return merged, sources


def _list_reported(runs: Sequence[RunSummary], sources: Mapping[str, RunSource]) -> list[ReportedResults]:
    """Return what the strategies and the runs of each results directory are called in the report."""
    found = []
    for directory in dict.fromkeys(source.directory for source in sources.values()):
        mine = [(run, source) for run in runs if (source := sources.get(run.id)) and source.directory == directory]
        names = {source.strategy: run.strategy for run, source in mine}
        found.append(ReportedResults(directory, names, {run.id: source.run for run, source in mine}))
    return found


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


def _representative_runs(compared: Comparison) -> list[RunSummary]:
    """Select the runs that get figures of their own: the median run of each strategy on each problem, teams first."""
    chosen = [find_median(found).run for problem in compared.problems for found in problem.outcomes.values()]
    if not compared.problems:
        groups = group_problems(compared.runs)
        chosen = [listed[0] for found in groups.values() for listed in found.values()]
    drawn = [run for run in chosen if run.evaluations]
    order = sorted(range(len(drawn)), key=lambda i: (len(drawn[i].team) == 1, i))[:MOST_RUN_FIGURES]
    return [drawn[i] for i in order]
