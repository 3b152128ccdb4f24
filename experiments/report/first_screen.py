"""The first screen of a report: the question, the verdict, what would change it, and two figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..comparison.comparison import Comparison
from ..comparison.profiles import make_runtimes_table
from ..comparison.wording import (
    describe_change,
    describe_differences,
    describe_evidence,
    describe_identities,
    describe_rival,
    write_headline,
)
from ..results.grouping import group_problems
from ..results.measures import is_higher_better, trace_measure
from ..results.table import Table
from ..spec.errors import SpecError
from ..spec.sources import read_text_file
from ..spec.yaml_text import parse_yaml
from .island import pack_intervals, round_all
from .sentences import format_number

MOST_QUESTION_WORDS = 32
"""A longer description of an experiment is cut, so that the first screen can be read at once."""
MOST_PAIRS = 8
"""The most strategies of the forest plot; a table has all."""


def describe_first_screen(compared: Comparison, directories: list[Path]) -> dict[str, Any]:
    """Return the texts of the first screen.

    Args:
        compared: The comparison.
        directories: The results directories.
    """
    single = directories[0] if len(directories) == 1 else None
    return {
        "question": "" if single is None else read_question(single),
        "verdict": write_headline(compared),
        "rival": describe_rival(compared, "" if single is None else str(single)),
        "change": describe_change(compared, "" if single is None else str(single)),
        "evidence": describe_evidence(compared) if compared.problems else "",
        "remarks": [*describe_differences(compared), *describe_identities(compared.identities)],
        "forest": any(verdict.bounded for verdict in compared.verdicts),
        "dropped": max(0, sum(verdict.bounded is not None for verdict in compared.verdicts) - MOST_PAIRS),
    }


def read_question(directory: Path) -> str:
    """Return the description of an experiment from its YAML, cut to a few words; "" if there is none."""
    path = directory / "experiment.yaml"
    try:
        found = parse_yaml(read_text_file(path))[0].get("description") if path.exists() else None
    except (OSError, SpecError):
        return ""
    return shorten_question(" ".join(found.split())) if isinstance(found, str) else ""


def shorten_question(text: str, most: int = MOST_QUESTION_WORDS) -> str:
    """Return a text of at most so many words: whole sentences if they fit, else the first words of the first.

    Example:
        >>> shorten_question("Which is best? The team has three members.", 5)
        'Which is best?'
        >>> shorten_question("one two three", 2)
        'one two ...'
    """
    words = text.split()
    if len(words) <= most:
        return text
    ends = [place for place in range(1, most + 1) if words[place - 1][-1] in ".?!"]
    return " ".join(words[: ends[-1]]) if ends else " ".join(words[:most]) + " ..."


def draw_first_figures(compared: Comparison) -> dict[str, Any]:
    """Return the data of the forest plot and of the distribution of running times, as the page draws them."""
    figures: dict[str, Any] = {}
    verdicts = [verdict for verdict in compared.verdicts if verdict.bounded is not None][:MOST_PAIRS]
    if verdicts:
        listed = [(f"{each.first}: {each.decision}", compared.strategies.index(each.first), each) for each in verdicts]
        figures["forest"] = pack_intervals("Evaluations needed", compared.baseline, compared.equivalence, listed)
    distributions = make_runtimes_table(compared.problems).groups("group", "dimension")
    for (group, dimension), table in distributions.items():
        key = "distribution" if group == "all" else f"distribution-{group}-{dimension}"
        title = "share of targets reached" if group == "all" else f"{group}, D={dimension}"
        figures[key] = _draw_distribution(compared, table, title)
    return figures


def draw_measures(compared: Comparison) -> dict[str, Any]:
    """Return the curves of the measures of the best points, by key, one figure for each problem and measure."""
    figures = {}
    groups = group_problems([run for run in compared.runs if run.measures])
    for number, (problem, strategies) in enumerate(groups.items()):
        names = dict.fromkeys(name for listed in strategies.values() for run in listed for name in run.measures)
        for name in names:
            curves = {
                strategy: trace_measure(listed, name)
                for strategy, listed in strategies.items()
                if any(name in run.measures for run in listed)
            }
            told = ", ".join(f"{strategy} {format_number(values[-1])}" for strategy, (_, values) in curves.items())
            title = f"{name}, {problem}" if len(groups) > 1 else name
            figures[f"measure-{number}-{name.replace(' ', '-')}"] = {
                "kind": "curves",
                "title": title,
                "label": f"{title} of the best point so far, at the end of the budget: {told}",
                "xName": "evaluations",
                "log": not is_higher_better(name),
                "series": [
                    {"name": strategy, "x": round_all(x), "y": round_all(y)} for strategy, (x, y) in curves.items()
                ],
            }
    return figures


def list_group_figures(compared: Comparison) -> list[str]:
    """Return the keys of the distributions of single groups and dimensions; none if there is only one."""
    places = dict.fromkeys((problem.group, problem.dimension) for problem in compared.problems)
    return [f"distribution-{group}-{dimension}" for group, dimension in places] if len(places) > 1 else []


def _draw_distribution(compared: Comparison, table: Table, title: str) -> dict[str, Any]:
    curves = {name: group.columns for (name,), group in table.groups("strategy").items()}
    shares = {name: curve["share"][-1] for name, curve in curves.items()}
    told = ", ".join(f"{name} {share:.0%}" for name, share in shares.items())
    return {
        "kind": "curves",
        "title": title,
        "label": f"Share of all targets that were reached at the end of the budget, {title}: {told}",
        "xName": "evaluations per axis",
        "log": False,
        "xLog": True,
        "within": [0, 1],
        "series": [
            {
                "name": name,
                "x": round_all(curves[name]["evaluations_per_axis"]),
                "y": round_all(curves[name]["share"]),
            }
            for name in compared.strategies
            if name in curves
        ],
    }
