"""The page of a report: what its template is filled with, part by part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader

from ...orchestrator.clock.settings import Delays
from ...orchestrator.command_line import format_command
from ...orchestrator.log.reader import LogReader
from ...orchestrator.log.tables import Session
from ...orchestrator.loop.drive import EVALUATION_FAILED
from ..comparison.comparison import Comparison
from ..comparison.wording import describe_disagreement
from ..execution.compatibility import library_differences
from ..glossary import TERMS
from ..results import accounts
from ..results.curves import Curve
from ..results.grouping import group_problems
from ..results.measures import describe_measures
from ..results.recorded_runs import RunData
from ..results.run_summary import RunSummary
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
from .sentences import describe_strategy, format_number, label_directories, list_notes
from .sweep_section import SweepSection
from .template_cache import TemplateCache
from .time_section import describe_times, draw_gantts, draw_run_gantts
from .worth_section import WorthSection

StudySection = SweepSection | WorthSection
"""A study that the report has a section of, with its figures and tables."""

MOST_FAILURES = 30
MOST_FIRST_FAILURES = 3
"""So many causes are on the first screen of a report without a finite loss."""
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


@dataclass(frozen=True)
class Material:
    """What the page of a report is made of.

    Attributes:
        directories: The results directories.
        compared: The comparison of all runs.
        sources: Where each run is from, by its id in the report.
        tables: The tables of the report's files, by name.
        curves: The convergence of each strategy on each problem.
        whole: The runs that get figures of their own.
        studies: What has a section of its own.
        meta: What the first log says of itself.
        sessions: The sessions of the first log.
        delays: The settings of the simulated clock; None without one.
        imported: What was read of other tools' files, a sentence for each.
        grounds: The shadings of maps, as pictures in data: URLs; those of the runs are added.
    """

    directories: Sequence[Path]
    compared: Comparison
    sources: dict[str, RunSource]
    tables: dict[str, Table]
    curves: dict[str, dict[str, Curve]]
    whole: Sequence[RunData]
    studies: Sequence[StudySection]
    meta: dict[str, Any]
    sessions: Sequence[Session]
    delays: SimulatedSettings | None
    imported: Sequence[str]
    grounds: dict[str, str]

    @property
    def name(self) -> str:
        """The title of the page."""
        return label_directories(self.directories)[0] if len(self.directories) == 1 else "comparison"

    @cached_property
    def started(self) -> list[RunSummary]:
        """The runs that have evaluated anything."""
        return [run for run in self.compared.runs if run.evaluations]

    @cached_property
    def sweeps(self) -> list[SweepSection]:
        """The sweeps among the studies."""
        return [each for each in self.studies if isinstance(each, SweepSection)]

    @cached_property
    def portraits(self) -> list[Portrait]:
        """What is shown of each run that gets figures of its own."""
        return [describe_portrait(run, run_title(run), self.grounds) for run in self.whole]

    @cached_property
    def shown(self) -> dict[str, dict[str, Any]]:
        """The tables of the page, by key."""
        timed = [run for run in self.started if run.clock is not None]
        clock = [] if self.delays is None else accounts.clock_table(timed, self.delays).rows()
        return pack_tables(self.tables, clock) | {k: table for each in self.studies for k, table in each.tables.items()}


def render_page(material: Material) -> str:
    """Return the page of a report as HTML."""
    environment = Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, loader=PackageLoader(__package__),
        bytecode_cache=TemplateCache(),
    )  # fmt: skip
    environment.filters["number"] = format_number
    environment.globals["format_command"] = format_command
    return environment.get_template("report.html.j2").render(
        **_tell_state(material),
        **_tell_result(material),
        **_tell_reasons(material),
        **_tell_origin(material),
        rows={name: len(table["rows"]) for name, table in material.shown.items()},
        most_open_rows=MOST_OPEN_ROWS,
        island=pack_island(_pack_data(material)),
        code=_embed_code(_list_films(material.whole, material.sweeps), material.sources),
    )


def _tell_state(material: Material) -> dict[str, Any]:
    """Return what stands above everything else: what is missing, or broken."""
    runs = material.compared.runs
    return {
        "name": material.name,
        "unfinished": [run for run in runs if run.stopped is None],
        "halted": [run for run in runs if (run.stopped or "").startswith(EVALUATION_FAILED)],
        "unbounded": list(dict.fromkeys(run.landscape for run in runs if not run.bounded)),
        "total": len(runs),
        "salvaged": material.meta.get("salvaged"),
    }


def _tell_result(material: Material) -> dict[str, Any]:
    """Return what was found: the first screen, studies, problems and measures."""
    compared, directories = material.compared, list(material.directories)
    planes, more = list_planes(directories)
    return {
        "first": describe_first_screen(compared, directories, material.name),
        "notes": [
            *describe_branches(compared.runs),
            *list_notes(compared.runs),
            *material.imported,
            *_compare_versions(directories),
            *list_unread(directories),
        ],
        "baseline": compared.baseline,
        "equivalence": compared.equivalence,
        "disagreement": describe_disagreement(compared, material.tables["rank_tests"]),
        "problems": list(material.curves),
        "compared_problems": len(compared.problems),
        "alike": all(problem.same_budgets for problem in compared.problems),
        "groups": list_group_figures(compared),
        "most_open_groups": MOST_OPEN_GROUPS,
        "sweeps": material.sweeps,
        "worths": [each for each in material.studies if isinstance(each, WorthSection)],
        "measures": list(draw_measures(compared)),
        "measured": list(describe_measures(material.started)),
        "planes": planes,
        "more_planes": more,
        "minima": list_minima(directories),
    }


def _tell_reasons(material: Material) -> dict[str, Any]:
    """Return why: single runs, time and failures."""
    failures = material.tables["failures"].rows()
    return {
        "portraits": material.portraits,
        "branched": _find_branched(material.whole, material.sources),
        "kept": _count_whole(material.compared.runs),
        "times": list(describe_times(material.tables["times"], material.tables["efficiency"])),
        "gantts": [*draw_run_gantts(_group_by_directory(material)), *draw_gantts(material.whole)],
        "delayed": material.delays is not None and _has_delays(material.delays),
        "failures": failures[:MOST_FAILURES],
        "most_first_failures": MOST_FIRST_FAILURES,
        "more_failures": max(0, len(failures) - MOST_FAILURES),
    }


def _tell_origin(material: Material) -> dict[str, Any]:
    """Return where it is from, and how to repeat it."""
    files = [directory / "experiment.yaml" for directory in material.directories]
    return {
        "directories": [str(directory) for directory in material.directories],
        "strategies": [describe_strategy(run) for run in _first_runs(material.compared.runs).values()],
        "terms": TERMS,
        "meta": material.meta,
        "sessions": len(material.sessions),
        "upgrades": [
            line
            for session in material.sessions[1:]
            for line in library_differences(session.environment, material.sessions[0].environment)
        ],
        "settings": [read_text_file(path) for path in files if path.exists()],
    }


def _pack_data(material: Material) -> dict[str, Any]:
    """Return the data from which the page draws its figures and tables; ``types.d.ts`` of the page describes them."""
    compared, ratios = material.compared, material.tables["ratios"]
    figures = draw_first_figures(compared) | draw_measures(compared)
    for part in (*material.portraits, *material.studies):
        figures |= part.figures
    if ratios.rows():
        figures["ratios"] = pack_ratios(ratios, compared.baseline)
    return {
        "strategies": compared.strategies,
        "problems": pack_problems(group_problems(material.started), material.curves, compared.strategies),
        "figures": figures,
        "tables": material.shown | {key: table for each in material.portraits for key, table in each.tables.items()},
        "grounds": material.grounds,
    }


def _count_whole(runs: Sequence[RunSummary]) -> tuple[int, int] | None:
    """Return how many points of runs have coordinates, and how many there are; None if all have."""
    if all(run.whole is None for run in runs):
        return None
    return sum(run.points if run.whole is None else run.whole for run in runs), sum(run.points for run in runs)


def _has_delays(delays: SimulatedSettings) -> bool:
    """Return whether evaluations take other than their declared seconds, or leases have additional delays."""
    return Delays.model_validate(delays.model_dump(include=set(Delays.model_fields))) != Delays()


def _first_runs(runs: Sequence[RunSummary]) -> dict[str, RunSummary]:
    """Return the first run of each strategy, in the order of the plan."""
    found: dict[str, RunSummary] = {}
    for run in runs:
        found.setdefault(run.strategy, run)
    return found


def _find_branched(whole: Sequence[RunData], sources: Mapping[str, RunSource]) -> tuple[str, str] | None:
    """Return the ids of a run and of its branch that the replay shows side by side; None without a branch.

    A branch names its original by the id in their results directory, which is not always that in the report.
    """
    shown = {sources[run.id][:2]: run.id for run in whole}
    for run in whole:
        policy = run.settings["policy"]
        original = shown.get((sources[run.id].directory, policy["run"])) if policy["kind"] == "branch" else None
        if original is not None:
            return original, run.id
    return None


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


def _compare_versions(directories: Sequence[Path]) -> list[str]:
    """Return a sentence on the versions of this package that wrote the directories, if they differ."""
    found = dict[str, None]()
    for directory in directories:
        with LogReader(directory) as reader:
            packages = reader.meta["environment"].get("packages") or {}
        found[str(packages.get("searchparty", "unknown"))] = None
    return [f"Different versions of searchparty wrote these results: {', '.join(found)}."] if len(found) > 1 else []


def _group_by_directory(material: Material) -> Iterator[tuple[str, list[RunSummary]]]:
    """Yield the label of each results directory and its runs. Runs that other tools wrote are in none."""
    sources = material.sources
    for directory, label in zip(material.directories, label_directories(material.directories), strict=True):
        yield (
            label,
            [run for run in material.started if run.id in sources and sources[run.id].directory == directory],
        )
