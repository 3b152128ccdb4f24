"""The words of what parts are worth: who could be left out, what the policy's choices and sharing bring, how sure."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, isnan

from ..comparison.bootstrap import Interval
from ..comparison.verdict import Verdict
from ..comparison.wording import format_bounded, format_factor, list_names, tell_twins
from .worth import PartWorth, Saving, StrategyWorth

CHOICE_OFF = {"sharing": "Without sharing", "radius": "With a fixed radius", "budget": "With equal budgets"}


def describe_worth(found: StrategyWorth) -> list[str]:
    """Return what the parts of a strategy are worth, in a few sentences."""
    members = [part for part in found.parts if part.kind == "member"]
    alone = [part for part in found.parts if part.kind == "alone"]
    lines = [_name_dispensable(found, members)] if members else []
    lines += [_describe_member(found.strategy, part) for part in members]
    if alone:
        lines.append(_describe_best_alone(found.strategy, alone))
    lines += [_describe_choice(found.strategy, part) for part in found.parts if part.kind == "choice"]
    if found.shapley and found.shapley[0].runs < 2:
        lines.append("Shares of what the whole team is worth (Shapley values) take more than one repeat.")
    elif found.shapley:
        ordered = sorted(found.shapley, key=lambda each: -each.value.estimate)
        told = ", ".join(
            f"{each.member} {'' if each.share is None else f'{100 * each.share:.0f} %'}".strip() for each in ordered
        )
        lines.append(f"Shares of what the whole team is worth (Shapley values): {told}.")
    return lines + [line for each in found.savings if (line := describe_saving(each))]


def _name_dispensable(found: StrategyWorth, members: Sequence[PartWorth]) -> str:
    """Return who could be left out, and how sure that is."""
    spare = [part.part for part in members if part.verdict.decision in ("better", "equivalent")]
    needed = [part.part for part in members if part.verdict.decision == "worse"]
    unsettled = [part for part in members if part.verdict.decision == "not settled"]
    if spare:
        return f"{list_names(spare)} could be left out of {found.strategy}: without, it needs no more evaluations."
    if not unsettled:
        return f"Nobody could be left out of {found.strategy}: without any of {list_names(needed)} it is worse."
    least = min(unsettled, key=lambda part: _rate(part.verdict))
    return (
        f"Whether anyone could be left out of {found.strategy} is not settled; the first to try is {least.part}"
        f"{f' ({list_names(needed)} must stay)' if needed else ''}."
    )


def _rate(verdict: Verdict) -> float:
    """Return how much worse a variant is: the ratio of running times, or where there is none of areas."""
    if verdict.bounded is not None:
        return verdict.bounded.estimate
    return 1.0 if verdict.area is None else 1.0 - verdict.area.estimate


def _describe_member(strategy: str, part: PartWorth) -> str:
    return f"Without {part.part}, {_tell_change(strategy, part)}."


def _describe_choice(strategy: str, part: PartWorth) -> str:
    return f"{CHOICE_OFF.get(part.part, f'Without {part.part}')}, {_tell_change(strategy, part)}."


def _describe_best_alone(strategy: str, alone: Sequence[PartWorth]) -> str:
    best = min(alone, key=lambda part: _rate(part.verdict))
    return f"The best alone is {best.part}: {_tell_change('it', best, f'those of {strategy}')}."


def _tell_change(subject: str, part: PartWorth, against: str = "the evaluations") -> str:
    verdict = part.verdict
    if verdict.twins:
        idle = "the rest of the team" if part.kind == "alone" else part.part
        return f"{subject} does the same: {tell_twins(verdict)}. Here {idle} did nothing"
    sure = {
        "better": "that is better",
        "worse": "that is worse",
        "equivalent": "that is equivalent in practice",
        "not settled": "that is not settled",
    }[verdict.decision]
    if verdict.bounded is not None:
        times = "times the evaluations" if against == "the evaluations" else f"times {against}"
        bounded = format_bounded(verdict.bounded, verdict.only_second, verdict.only_first)
        return f"{subject} needs {bounded} {times}{_tell_unsolved(verdict)}: {sure}"
    if verdict.area is not None:
        return f"{subject} changes its area over the convergence curve by {format_area(verdict.area)}: {sure}"
    return f"{subject} cannot be compared: no target was reached"


def _tell_unsolved(verdict: Verdict) -> str:
    """Return on how many problems a running time is only known to be longer than the budget; "" if on none."""
    counts = [
        f"on {count} of {verdict.problems} {'problem' if verdict.problems == 1 else 'problems'} only {name} "
        "reaches the target"
        for count, name in ((verdict.only_second, verdict.second), (verdict.only_first, verdict.first))
        if count
    ]
    return f" ({', '.join(counts)})" if counts else ""


def format_area(found: Interval) -> str:
    """Return a difference of areas with its interval: "+0.12 (95 %: +0.05 to +0.19)"."""
    if not isfinite(found.low):
        return f"{found.estimate:+.2g} (interval unknown)"
    return f"{found.estimate:+.2g} (95 %: {found.low:+.2g} to {found.high:+.2g})"


def describe_saving(found: Saving) -> str:
    """Return what sharing cost and gained on a problem, in a sentence; "" if it did nothing there."""
    if not found.sent:
        return f"{found.problem}: nobody was ever sent to another's point."
    others = found.leases - found.sent
    parts = [
        f"{100 * found.sent / found.leases:.0f} % of the leases began at another's point, and "
        f"{100 * found.sent_records / found.sent:.0f} % of these set a record"
        + (f" (of the others {100 * found.own_records / others:.0f} %)" if others else "")
    ]
    if found.saved is not None and found.saved.estimate == 0:
        parts.append("until the loss that both reached, it takes the same evaluations with and without sharing")
    elif found.saved is not None:
        word = "saved" if found.saved.estimate >= 0 else "took" if _is_ahead(found) else "wasted"
        sign = 1 if found.saved.estimate >= 0 else -1
        more = " more" if word == "took" else ""
        low, high = sorted((sign * found.saved.low, sign * found.saved.high))
        span = f" (95 %: {low:,.0f} to {high:,.0f})" if isfinite(low) else " (interval unknown)"
        chance = "" if low > 0 else ", which may be chance"
        spent = f"{abs(found.saved.estimate):,.0f}{more} evaluations a run"
        parts.append(f"until the loss that both reached, sharing {word} {spent}{span}{chance}")
    if found.pairs:
        parts.append(_describe_ends(found))
    before, after, late, apart = found.spreads
    if not isnan(before) and not isnan(after):
        parts.append(
            f"the points of an agent lay {format_factor(before)} box widths from their middle in the lease before it "
            f"was sent, and {format_factor(after)} in the lease after"
        )
    if not isnan(late) and not isnan(apart):
        parts.append(
            f"in the second half of a run, the points of all agents lay {format_factor(late)} from their middle with "
            f"sharing, {format_factor(apart)} without"
        )
    return f"{found.problem}: {'; '.join(parts)}."


def _is_ahead(found: Saving) -> bool:
    """Return whether sharing did more than it cost: more runs reached the target, or of equally many more ended lower.

    Evaluations until a loss that both reached do not count what only one of them reached.
    """
    (solved, without), (lower, higher) = found.solved, found.lower
    return solved > without or (solved == without and lower > higher)


def _describe_ends(found: Saving) -> str:
    """Return in how many pairs the run with sharing ended lower, and the run without."""
    lower, higher = found.lower
    pairs = "the only pair of runs" if found.pairs == 1 else f"{found.pairs} pairs of runs"
    level = found.pairs - lower - higher
    told = f"of {pairs}, {lower} ended lower with sharing, {higher} without{f', {level} level' if level else ''}"
    solved, without = found.solved
    if solved == without:
        return told
    return f"{told}; {solved} reached the target with sharing, {without} without"
