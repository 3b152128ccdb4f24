"""The words of a comparison: the verdict in a sentence, what would change it, and what else a reader must know."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isfinite

from ..results.table import Table
from ..spec.errors import quote
from .bootstrap import LEVEL, Interval
from .comparison import Comparison
from .power import POWER, Advice
from .problems import Identity
from .tables import find_disagreement
from .verdict import LEAST_RUNS, Verdict

MOST_IDENTITIES = 3
"""The most pairs of strategies with identical runs that are named."""
MOST_NAMED = 3
"""The most problems that a sentence names."""


def describe_verdict(verdict: Verdict, problem: str = "") -> str:
    """Return the verdict in one sentence, with its interval and the problems that it rests on.

    Args:
        verdict: The verdict.
        problem: The label of the problem, if there is only one.
    """
    first, second = verdict.first, verdict.second
    opening = {
        "better": f"{first} is better than {second}",
        "worse": f"{first} is worse than {second}",
        "equivalent": f"{first} and {second} are equivalent in practice",
        "not settled": f"{_name_doubt(verdict)} whether {first} or {second} is better",
    }[verdict.decision]
    if verdict.basis == "areas":
        return f"{opening}: {_describe_areas(verdict, problem)}."
    if verdict.ratio is None:
        return f"{opening}: {_describe_solved(verdict, problem)}."
    where = _name_problems(verdict.both, verdict.problems, problem)
    subject = first if verdict.decision in ("equivalent", "not settled") else "it"
    ratio = f"{subject} needs {format_ratio(verdict.ratio)} times the evaluations {where}"
    return f"{opening}: {ratio}{_describe_alone(verdict)}."


def _name_doubt(verdict: Verdict) -> str:
    """Return the beginning of a sentence on what is not settled: with too few runs, its interval may look settled."""
    if not verdict.lacks_runs:
        return "It is not settled"
    return "1 run of each does not settle" if verdict.runs == 1 else f"{verdict.runs} runs of each do not settle"


def _describe_alone(verdict: Verdict) -> str:
    """Return the problems that only one of the two solves, as the end of a sentence."""
    one, other = verdict.only_first, verdict.only_second
    if one and other:
        return f", and solves {one} that {verdict.second} never does, and {other} the other way"
    if one:
        return f", and solves {one} that {verdict.second} never does, none the other way"
    return f", and never solves {other} that {verdict.second} does, none the other way" if other else ""


def _describe_solved(verdict: Verdict, problem: str) -> str:
    if not (verdict.only_first or verdict.only_second):
        return "there is nothing to compare" if not verdict.problems else "neither reaches the target"
    if verdict.only_first and verdict.only_second:
        solved = f"{verdict.first} solves {verdict.only_first} of {verdict.problems} problems"
        return f"{solved}, {verdict.second} {verdict.only_second} other{'' if verdict.only_second == 1 else 's'}"
    winner, loser = (verdict.first, verdict.second) if verdict.only_first else (verdict.second, verdict.first)
    if verdict.problems == 1:
        return (
            f"{winner} reaches the target on {problem or 'the only problem'}, {loser} never does{_bound_ratio(verdict)}"
        )
    solved = f"{winner} solves {verdict.only_first or verdict.only_second} of {verdict.problems} problems"
    return f"{solved}, {loser} none{_bound_ratio(verdict)}"


def _bound_ratio(verdict: Verdict) -> str:
    """Return by how much one is better that alone reaches the target, as the end of a sentence."""
    assert verdict.bounded is not None
    bounded = format_bounded(verdict.bounded, verdict.only_second, verdict.only_first)
    return f"; {verdict.first} needs {bounded} times the evaluations"


def _describe_areas(verdict: Verdict, problem: str) -> str:
    where = f"any of the {verdict.problems} problems" if verdict.problems > 1 else problem or "the only problem"
    found = verdict.area
    assert found is not None
    better, sign = (verdict.first, 1) if found.estimate >= 0 else (verdict.second, -1)
    low, high = sorted((sign * found.low, sign * found.high))
    span = f" (95 %: {low:+.2f} to {high:+.2f})" if isfinite(low) else " (interval unknown)"
    area = f"by an area of {abs(found.estimate):.2f}{span}"
    return f"neither reaches the target on {where}; {better} is nearer to the minimum over the budget, {area}"


def _name_problems(count: int, total: int, problem: str) -> str:
    """Return the problems that both solve, in words."""
    if total == 1:
        return f"on {problem or 'the only problem'}"
    if count == total:
        return f"on all {total} problems"
    return f"on the {'only one' if count == 1 else count} of {total} problems that both solve"


def format_ratio(found: Interval) -> str:
    """Return a ratio with its interval: "0.13 (95 %: 0.06 to 0.33)"."""
    if not isfinite(found.high):
        return f"{format_factor(found.estimate)} (interval unknown)"
    low, high = (format_factor(end) for end in (found.low, found.high))
    return f"{format_factor(found.estimate)} ({LEVEL:.0%}: {low} to {high})".replace("%", " %")


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


def describe_change(compared: Comparison, directory: str = "") -> str:
    """Return what would change or settle the headline, in a sentence or two.

    Args:
        compared: The comparison.
        directory: The results directory, for the command that adds repeats; "" if there is no single one.
    """
    verdict = compared.headline
    if verdict is None or describe_state(compared):
        return ""
    return describe_advice(compared.advice, verdict, directory if compared.grows else "")


def describe_advice(advice: Advice, verdict: Verdict, directory: str = "") -> str:
    """Return what would settle a verdict; of a settled one, what it holds for."""
    command = f" Run: searchparty resume {directory} --repeats {advice.repeats}" if directory and advice.repeats else ""
    if advice.need == "pilot":
        return f"It takes at least {LEAST_RUNS} runs of each strategy on a problem to tell.{command}"
    if advice.need == "repeats":
        return f"About {advice.repeats} repeats would settle it, with a probability of {POWER:.0%}.{command}".replace(
            "%", " %"
        )
    if advice.need == "power":
        asked = f" Run: searchparty report {directory} --power" if directory else " Ask for it: --power."
        return f"How many repeats would settle it takes longer to estimate.{asked}"
    if advice.need == "many":
        return "The two are close: it would take more than a hundred runs on each problem to settle it."
    if advice.need == "problems":
        if verdict.only_first * verdict.only_second:
            return (
                "Each solves problems that the other never does: a larger budget, or a looser target, would tell more."
            )
        if not (verdict.both or verdict.only_first or verdict.only_second):
            return "A larger budget, or a looser target (stop), would tell more than further repeats."
        return "More problems would settle it; more repeats of these would not."
    return "This holds for these problems, this budget and this target; it may differ for others."


def describe_rival(compared: Comparison, directory: str = "") -> str:
    """Return how the best strategy does against the best of the others, and what would settle that if it is open.

    Args:
        compared: The comparison.
        directory: The results directory, for the command that adds repeats; "" if there is no single one.

    Returns:
        Two or three sentences; "" if the headline is that comparison.
    """
    verdict = compared.rival
    if verdict is None or describe_state(compared):
        return ""
    problem = compared.problems[0].label if len(compared.problems) == 1 else ""
    found = f"Of the others, {verdict.second} comes next. {describe_verdict(verdict, problem)}"
    if verdict.decision != "not settled":
        return found
    directory = directory if compared.grows else ""
    return f"{found} {describe_advice(compared.advise(verdict), verdict, directory)}"


def describe_powers(compared: Comparison) -> list[str]:
    """Return how often more repeats would settle each verdict that is not settled, in a sentence for each strategy."""
    lines = []
    for verdict in compared.verdicts:
        if verdict.decision != "not settled":
            continue
        # Sizes that differ by less than a repeat are one.
        shares = {each.repeats: each.power for each in compared.powers if each.strategy == verdict.first}
        told = ", ".join(f"{repeats} (probability {100 * power:.0f} %)" for repeats, power in shares.items())
        settled = f"repeats that settle it: {told}." if told else describe_advice(compared.advise(verdict), verdict)
        lines.append(f"{verdict.first} against {verdict.second}: {settled}")
    return lines


def describe_evidence(compared: Comparison) -> str:
    """Return what a comparison rests on: problems, runs, evaluations, and where targets come from."""
    runs = [run for run in compared.runs if run.stopped is not None]
    counts = {len(outcomes) for problem in compared.problems for outcomes in problem.outcomes.values()}
    each = f"{min(counts)}" if len(counts) == 1 else f"{min(counts)} to {max(counts)}"
    noun = "run" if each == "1" else "runs"
    problems = "1 problem" if len(compared.problems) == 1 else f"{len(compared.problems)} problems"
    spent = sum(run.evaluations for run in runs)
    counted = f"{problems}, {each} {noun} of each strategy on each, {spent:,} evaluations in all"
    return f"{counted}. {describe_targets(compared)}"


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


def describe_state(compared: Comparison) -> str:
    """Return why there is no verdict, in a sentence; "" if there is one."""
    if not compared.runs:
        return "There are no runs yet."
    if not compared.problems:
        return "No run has ended yet, so there is nothing to compare."
    if len(compared.strategies) == 1:
        return f"There is one strategy, {quote(compared.strategies[0])}, and nothing to compare it with."
    if all(not len(run.record_losses) for run in compared.runs):
        return "No run found a finite loss, so there is nothing to compare."
    if compared.headline is None or not compared.headline.problems:
        return f"No problem has ended runs of {compared.baseline} and of another strategy. Choose another baseline."
    return ""


def write_headline(compared: Comparison) -> str:
    """Return the verdict on the best strategy in one sentence, or why there is none."""
    verdict = compared.headline
    state = describe_state(compared)
    if state or verdict is None:
        return state
    return describe_verdict(verdict, compared.problems[0].label if len(compared.problems) == 1 else "")


def list_names(names: Sequence[str]) -> str:
    """Return names as a list in words.

    Example:
        >>> list_names(["a", "b", "c"])
        'a, b and c'
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
