"""The first screen of a report: the question, the verdict, what would change it, and two figures."""

from __future__ import annotations

import re
from itertools import accumulate
from pathlib import Path
from typing import Any

from ..comparison.comparison import Comparison
from ..comparison.profiles import make_runtimes_table
from ..comparison.verdict import Verdict
from ..comparison.wording import describe_differences, describe_evidence, describe_identities
from ..comparison.words.findings import Findings, write_findings
from ..results.grouping import group_problems
from ..results.measures import is_higher_better, trace_measure
from ..results.table import Table
from ..spec.errors import SpecError
from ..spec.sources import read_text_file
from ..spec.yaml_text import parse_yaml
from .island import pack_intervals, round_all
from .sentences import format_number

MOST_WORDS = 90
"""The first screen can be read at once: the description of an experiment is cut to what the answers leave of these."""
LEAST_QUESTION_WORDS = 6
"""Fewer words of a description say nothing."""
MOST_PAIRS = 8
"""The most strategies of the forest plot; a table has all."""


def describe_first_screen(compared: Comparison, directories: list[Path], name: str = "") -> dict[str, Any]:
    """Return the texts of the first screen, in at most ``MOST_WORDS`` words unless names are long.

    What each strategy does against the baseline is told by the forest plot there, in words below it.

    Args:
        compared: The comparison.
        directories: The results directories.
        name: The title of the page.
    """
    single = directories[0] if len(directories) == 1 else None
    found = write_findings(compared, "" if single is None else str(single))
    room = MOST_WORDS - len(name.split()) - _count_words(found)
    question = "" if single is None or room < LEAST_QUESTION_WORDS else shorten_question(read_question(single), room)
    return {
        "question": question,
        "verdict": found.verdict.replace(" %", "\N{NO-BREAK SPACE}%"),
        "cost": capitalize(found.cost),
        "next": capitalize(found.step.text.removesuffix(".") + ":" if found.step.command else found.step.text),
        "command": found.step.command,
        "words": found.step.quoted,
        "others": found.others,
        "evidence": describe_evidence(compared) if compared.problems else "",
        "remarks": [*describe_differences(compared), *describe_identities(compared.identities)],
        "figures": bool(compared.problems) and any(len(run.record_losses) for run in compared.runs),
        "forest": any(verdict.bounded for verdict in compared.verdicts),
        "dropped": max(0, len(compared.verdicts) - MOST_PAIRS),
    }


def _count_words(found: Findings) -> int:
    """Return how many words the first screen has of findings; what is said of others stands below."""
    return len(" ".join(found.lines).split()) - len(found.others.split())


def capitalize(text: str) -> str:
    """Return a text that begins with a capital letter; names of strategies keep theirs where a sentence goes on."""
    return text[:1].upper() + text[1:]


def read_question(directory: Path) -> str:
    """Return the description of an experiment from its YAML; "" if there is none."""
    path = directory / "experiment.yaml"
    try:
        found = parse_yaml(read_text_file(path))[0].get("description") if path.exists() else None
    except (OSError, SpecError):
        return ""
    return " ".join(found.split()) if isinstance(found, str) else ""


def shorten_question(text: str, most: int) -> str:
    """Return a text of at most so many words: its question if it has one that fits, else its first sentences or words.

    Example:
        >>> shorten_question("The team has three members. Is it best?", 5)
        'Is it best?'
        >>> shorten_question("It is best. The team has three members.", 5)
        'It is best.'
        >>> shorten_question("one two three four", 3)
        'one two ...'
    """
    if len(text.split()) <= most:
        return text
    sentences = re.split(r"(?<=[.?!])\s+", text)
    asked = [sentence for sentence in sentences if sentence.endswith("?") and len(sentence.split()) <= most]
    if asked:
        return asked[0]
    counts = accumulate(len(sentence.split()) for sentence in sentences)
    whole = sum(count <= most for count in counts)
    return " ".join(sentences[:whole]) if whole else " ".join(text.split()[: most - 1]) + " ..."


def draw_first_figures(compared: Comparison) -> dict[str, Any]:
    """Return the data of the forest plot and of the distribution of running times, as the page draws them."""
    figures: dict[str, Any] = {}
    verdicts = compared.verdicts[:MOST_PAIRS]
    if any(verdict.bounded for verdict in verdicts):
        listed = [(_name_pair(each), compared.strategies.index(each.first), each) for each in verdicts]
        title = "Evaluations needed" + " over all problems" * (len(compared.problems) > 1)
        if any(verdict.only_first or verdict.only_second for verdict in verdicts):
            title += ", also those that only one solves"
        figures["forest"] = pack_intervals(title, compared.baseline, compared.equivalence, listed)
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


def _name_pair(verdict: Verdict) -> str:
    if not verdict.problems:
        return f"{verdict.first}: no problem in common"
    return f"{verdict.first}: {'target never reached' if verdict.bounded is None else verdict.decision}"


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
