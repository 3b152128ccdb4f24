"""The words of a comparison: a verdict in a sentence, its numbers, and what else a reader must know."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isfinite

from ..results.table import Table
from .bootstrap import LEVEL, Interval
from .comparison import Comparison
from .problems import Identity
from .tables import find_disagreement
from .verdict import Verdict

MOST_IDENTITIES = 3
"""The most pairs of strategies with identical runs that are named."""
MOST_NAMED = 3
"""The most problems that a sentence names."""
MOST_INVERTED = 0.5
"""Ratios up to this are told as "2 times fewer"; "1.1 times fewer" would be no easier to read than 0.9."""
ONE_SIDED = ("at least ", "at most ")
"""What stands before a ratio that is a bound in one direction."""
NAMED_LEVEL = f"{100 * LEVEL:.0f} %"


def describe_verdict(verdict: Verdict, problem: str = "", note: str = "") -> str:
    """Return the verdict in one sentence, with its interval and the problems that it rests on.

    Args:
        verdict: The verdict.
        problem: The label of the problem, if there is only one.
        note: What the second strategy is among all, such as "next best"; "" if that need not be said.
    """
    first, second = verdict.first, f"{verdict.second}, the {note}" if note else verdict.second
    if verdict.twins:
        return f"{first} and {second}{',' * bool(note)} do the same here: {tell_twins(verdict)}."
    opening = {
        "better": f"{first} is better than {second}",
        "worse": f"{first} is worse than {second}",
        "equivalent": f"{first} and {second}{',' * bool(note)} are equivalent in practice",
        "not settled": _name_doubt(verdict),
    }[verdict.decision]
    if verdict.basis == "areas":
        return f"{opening}: {_describe_areas(verdict, problem)}."
    if verdict.ratio is None:
        return f"{opening}: {_describe_solved(verdict, problem)}."
    where = f"{_name_problems(verdict.both, verdict.problems, problem)}{_describe_alone(verdict)}"
    if verdict.decision == "not settled":
        return f"{opening}: {first} seems to need {format_times(verdict.ratio, second)} {where}."
    subject = first if verdict.decision == "equivalent" else "it"
    return f"{opening}: {subject} needs {format_times(verdict.ratio)} {where}."


def describe_briefly(verdict: Verdict, note: str = "") -> str:
    """Return a verdict in a few words: the two, what is decided, and by how much. Arguments: see above."""
    second = f"{verdict.second} ({note})" if note else verdict.second
    if not verdict.problems:
        return f"{verdict.first} against {second}: no problem has ended runs of both."
    if verdict.twins:
        return f"{verdict.first} against {second}: {tell_twins(verdict)}."
    decided = "equivalent in practice" if verdict.decision == "equivalent" else verdict.decision
    if verdict.basis == "nothing" or verdict.bounded is None:
        return f"{verdict.first} against {second}: {decided}; neither reaches the target."
    bound = name_bound(verdict.only_second, verdict.only_first)
    return f"{verdict.first} against {second}: {decided}, {format_times(verdict.bounded, bound=bound)}."


def tell_twins(verdict: Verdict) -> str:
    """Return in how many pairs of runs two strategies tried the same points: they did in all."""
    pairs = {1: "in the only pair of runs", 2: "in both pairs of runs"}.get(
        verdict.twins, f"in all {verdict.twins} pairs of runs"
    )
    return f"{pairs} they tried the same points, to the last bit"


def _name_doubt(verdict: Verdict) -> str:
    """Return the beginning of a sentence on what is not settled: with too few runs, its interval may look settled."""
    if not verdict.lacks_runs:
        return "Not settled"
    return "1 run of each does not settle it" if verdict.runs == 1 else f"{verdict.runs} runs of each do not settle it"


def _describe_alone(verdict: Verdict) -> str:
    """Return the problems that only one of the two solves, as the end of a sentence."""
    one, other = verdict.only_first, verdict.only_second
    if one and other:
        return f", it alone solves {one} more, but never {other} that {verdict.second} solves"
    if one:
        return f", and it alone solves {one} more"
    return f", and never solves {other} that {verdict.second} does" if other else ""


def _describe_solved(verdict: Verdict, problem: str) -> str:
    if not (verdict.only_first or verdict.only_second):
        both = f"{verdict.first} and {verdict.second}"
        return f"{both} never reach the target" if verdict.problems else f"no problem has ended runs of {both}"
    if verdict.only_first and verdict.only_second:
        solved = f"{verdict.first} solves {verdict.only_first} of {verdict.problems} problems"
        return f"{solved}, {verdict.second} {verdict.only_second} other{'' if verdict.only_second == 1 else 's'}"
    winner, loser = (verdict.first, verdict.second) if verdict.only_first else (verdict.second, verdict.first)
    assert verdict.bounded is not None
    amount = format_times(verdict.bounded, bound=name_bound(verdict.only_second, verdict.only_first))
    if verdict.problems == 1:
        reached = f"{winner} reaches the target on {problem or 'the only problem'}, {loser} never does"
    else:
        reached = (
            f"{winner} solves {verdict.only_first or verdict.only_second} of {verdict.problems} problems, {loser} none"
        )
    return f"{reached}; {verdict.first} needs {amount}"


def _describe_areas(verdict: Verdict, problem: str) -> str:
    many = "either problem" if verdict.problems == 2 else f"any of the {verdict.problems} problems"
    where = many if verdict.problems > 1 else problem or "the only problem"
    found = verdict.area
    assert found is not None
    names = (verdict.first, verdict.second)
    (better, worse), sign = (names, 1) if found.estimate >= 0 else (names[::-1], -1)
    low, high = sorted((sign * found.low, sign * found.high))
    span = f" (95 %: {low:+.2f} to {high:+.2f})" if isfinite(low) else " (interval unknown)"
    area = f"by an area of {abs(found.estimate):.2f}{span}"
    return f"neither reaches the target on {where}; {better} is nearer to the minimum than {worse}, {area}"


def _name_problems(count: int, total: int, problem: str) -> str:
    """Return the problems that both solve, in words."""
    if total == 1:
        return f"on {problem or 'the only problem'}"
    if count == total:
        return "on both problems" if total == 2 else f"on all {total} problems"
    return f"on the {count} of {total} problems both solve"


def format_times(found: Interval, of: str = "", bound: str = "") -> str:
    """Return how many evaluations are needed, compared with others: "84 times fewer evaluations (95 %: 30 to 240)".

    Ratios up to a half are told the other way round: a hundredth is harder to read than 100 times fewer. An
    interval of a bound that is told as one number is left out: it would read as if the ratio itself were certain.

    Args:
        found: The ratio.
        of: The strategy whose evaluations are the others; "" if that is clear.
        bound: "at least " or "at most " if the ratio is only a bound (``name_bound``).

    Example:
        >>> format_times(Interval(0.0125, 0.01, 0.02), "b", "at most ")
        'at least 80 times fewer evaluations than b (95 %: 50 to 100)'
        >>> format_times(Interval(0.4, 0.1, 3.0))
        '2.5 times fewer evaluations (95 %: 10 times fewer to 3 times as many)'
        >>> format_times(Interval(0.9, 0.5, 1.2), "b")
        '0.9 times the evaluations of b (95 %: 0.5 to 1.2)'
    """
    told, turned = format_factor(found.estimate), 0 < float(f"{found.estimate:.2g}") <= MOST_INVERTED
    span = _format_inverted_span(found) if turned else _format_span(found)
    alike = format_factor(found.low) == format_factor(found.high)
    end = "" if bound in ONE_SIDED and alike else f" {span}"
    if told == "1":
        return f"{bound}as many evaluations{f' as {of}' if of else ''}{end}"
    if not turned:
        return f"{bound}{told} times the evaluations{f' of {of}' if of else ''}{end}"
    return f"{_turn_bound(bound)}{_invert(found.estimate)} times fewer evaluations{f' than {of}' if of else ''}{end}"


def format_amount(ratio: float, bound: str = "") -> str:
    """Return a ratio alone as ``format_times`` tells it: "80 times fewer", "at least 2 times as many"."""
    told = format_factor(ratio)
    if told == "1":
        return f"{bound}as many"
    if not 0 < float(f"{ratio:.2g}") <= MOST_INVERTED:
        return f"{bound}{told} times as many"
    return f"{_turn_bound(bound)}{_invert(ratio)} times fewer"


def _turn_bound(bound: str) -> str:
    return {"at most ": "at least ", "at least ": "at most "}.get(bound, bound)


def _invert(ratio: float) -> str:
    return format_factor(1 / ratio)


def _format_inverted_span(found: Interval) -> str:
    if not isfinite(found.high) or found.low <= 0:
        return "(interval unknown)"
    least = _invert(found.low)
    if found.high < 1:
        return f"({NAMED_LEVEL}: {_invert(found.high)} to {least})"
    most = format_factor(found.high)
    return f"({NAMED_LEVEL}: {least} times fewer to {'as many' if most == '1' else f'{most} times as many'})"


def _format_span(found: Interval) -> str:
    if not isfinite(found.high):
        return "(interval unknown)"
    return f"({NAMED_LEVEL}: {format_factor(found.low)} to {format_factor(found.high)})"


def format_ratio(found: Interval) -> str:
    """Return a ratio with its interval: "0.13 (95 %: 0.06 to 0.33)"."""
    return f"{format_factor(found.estimate)} {_format_span(found)}"


def format_bounded(found: Interval, lost: int, won: int) -> str:
    """Return a ratio of running times with its interval, and whether it is only a bound: "at least 4.4 (95 %: ...)".

    Where one of the two never reaches the target, its whole budget stands for its running time, which is longer.

    Args:
        found: The ratio of the first's running time to the second's.
        lost: How many problems the second alone solves.
        won: How many the first alone solves.
    """
    return f"{name_bound(lost, won)}{format_ratio(found)}"


def name_bound(lost: int, won: int) -> str:
    """Return what stands before a ratio that is only a bound: "at least ", "at most ", "about " or ""."""
    if lost and won:
        return "about "
    return "at least " if lost else "at most " if won else ""


def format_factor(value: float) -> str:
    """Return a factor with two significant digits: "0.13", "1,200", "0.00002"."""
    return format_digits(value, 2)


def format_digits(value: float, digits: int = 4) -> str:
    """Return a number with so many significant digits, without an exponent from 1e-6 to 1e15: "12,350", "0.00012"."""
    size = abs(value)
    if not 1e-6 <= size < 1e15:
        return f"{value:.{digits}g}"
    short = f"{value:.{digits - 1}e}"
    decimals = max(digits - 1 - int(short.partition("e")[2]), 0)
    text = f"{float(short):,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if decimals else text


def describe_evidence(compared: Comparison) -> str:
    """Return what a comparison rests on: problems, runs, and where targets come from."""
    counts = {len(outcomes) for problem in compared.problems for outcomes in problem.outcomes.values()}
    each = f"{min(counts)}" if len(counts) == 1 else f"{min(counts)} to {max(counts)}"
    noun = "run" if each == "1" else "runs"
    problems = "1 problem" if len(compared.problems) == 1 else f"{len(compared.problems)} problems"
    return f"{problems}, {each} {noun} of each strategy on each. {describe_targets(compared)}"


def describe_targets(compared: Comparison) -> str:
    """Return where the targets of the problems come from, in a sentence."""
    goals = [goal for problem in compared.problems for goal in problem.goals.values()]
    origins = list(dict.fromkeys(goal.describe() for goal in goals))
    return f"Target: {'; '.join(origins)}." if origins else ""


def describe_disagreement(compared: Comparison, tests: Table) -> str:
    """Return on which strategies the verdict and the signed-rank test disagree, in a sentence; "" if on none.

    Args:
        compared: The comparison.
        tests: The table of tests over problems (``make_rank_tests_table``).
    """
    names = find_disagreement(compared, tests)
    if not names:
        return ""
    return (
        f"The signed-rank test and the interval of the ratio disagree on {', '.join(names)}: the test looks at the "
        "order of the differences, and the ratio at their size."
    )


def describe_differences(compared: Comparison) -> list[str]:
    """Return sentences on what keeps runs from being compared as they are: other problems, budgets or targets."""
    problems, names = compared.problems, compared.strategies
    lines = []
    apart = [problem for problem in problems if len(problem.outcomes) < len(names)]
    if apart:
        told = [f"{each.label} (only {list_names(list(each.outcomes))})" for each in apart[:MOST_NAMED]]
        more = f" and {len(apart) - MOST_NAMED} more" if len(apart) > MOST_NAMED else ""
        lines.append(
            f"Not all strategies have ended runs on {'; '.join(told)}{more}: each pair is compared where both do."
        )
    if any(not problem.same_budgets for problem in problems):
        lines.append("Budgets differ within a problem: runs are compared at the least of them.")
    if any(not problem.same_targets for problem in problems):
        lines.append("Stop targets differ within a problem: the loosest counts.")
    left = len(compared.left_out)
    if left:
        verbs = ("has", "is") if left == 1 else ("have", "are")
        lines.append(f"{left} of {len(compared.runs)} runs {verbs[0]} not ended and {verbs[1]} not compared.")
    return lines


def describe_identities(identities: Iterable[Identity]) -> list[str]:
    """Return sentences on strategies whose runs are equal to the last bit, over all problems of each pair."""
    found: dict[tuple[str, str], list[Identity]] = {}
    for each in identities:
        found.setdefault((each.first, each.second), []).append(each)
    lines = []
    for (first, second), listed in found.items():
        same, pairs = sum(each.identical for each in listed), sum(each.pairs for each in listed)
        where = listed[0].problem if len(listed) == 1 else f"{len(listed)} problems"
        lines.append(f"{first} and {second} tried the same points on {where}: {same} of {pairs} runs, to the last bit.")
    more = len(lines) - MOST_IDENTITIES
    return lines[:MOST_IDENTITIES] + ([f"{more} more pairs of strategies have identical runs."] if more > 0 else [])


def list_names(names: Sequence[str]) -> str:
    """Return names as a list in words.

    Example:
        >>> list_names(["a", "b", "c"])
        'a, b and c'
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
