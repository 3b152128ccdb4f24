"""What a comparison found, for a reader with a minute: which, by how much, how sure, at what cost, and what next."""

from __future__ import annotations

from dataclasses import dataclass

from ...spec.errors import quote
from ..comparison import Comparison
from ..verdict import Verdict
from ..wording import describe_briefly, describe_verdict
from .advice import Step, choose_step
from .cost import describe_cost


@dataclass(frozen=True)
class Findings:
    """The answers of a comparison.

    Attributes:
        verdict: Which strategy is better, by how much, and how sure that is; or why there is no verdict.
        others: The verdict on another pair that matters, in a few words; "" if there is none.
        cost: What a success takes, and what all runs took; "" if no run has ended.
        step: What to do next.
    """

    verdict: str
    others: str
    cost: str
    step: Step

    @property
    def lines(self) -> list[str]:
        """All of it, one line each."""
        cost = f"Cost: {self.cost}" if self.cost else ""
        step = f"Next: {self.step.line}" if self.step.text else ""
        return [line for line in (self.verdict, self.others, cost, step) if line]


def write_findings(compared: Comparison, directory: str = "") -> Findings:
    """Return what a comparison found.

    The best strategy is compared with the strongest of its rivals. If that is not the baseline, the verdict against the
    baseline stands beside it: to beat a baseline that others beat as well says little.

    Args:
        compared: The comparison.
        directory: The results directory, for commands; "" if there is no single one.
    """
    headline, rival = compared.headline, compared.rival
    reason, remedy = _find_obstacle(compared, directory)
    if reason or headline is None:
        return Findings(reason, "", describe_cost(compared, None) if compared.problems else "", remedy)
    main, other = (rival, headline) if rival is not None and compared.rival_leads else (headline, rival)
    shared = [each.label for each in compared.problems if {main.first, main.second} <= each.outcomes.keys()]
    problem = shared[0] if len(shared) == 1 else ""
    notes = ("next best", "baseline") if main is rival else ("", "")
    return Findings(
        describe_verdict(main, problem, notes[0]),
        "" if other is None else _describe_other(compared, other, notes[1]),
        describe_cost(compared, main),
        choose_step(compared, main, other, directory),
    )


def _describe_other(compared: Comparison, other: Verdict, note: str) -> str:
    """Return the verdict on another pair in a few words, with the repeats that would settle it.

    A strategy behind the baseline matters only if it may be as good as the best.
    """
    if not note and other.decision == "better":
        return ""
    advice = compared.advise(other)
    more = f" {advice.repeats} repeats in all would probably settle that." if advice.need == "repeats" else ""
    return f"{describe_briefly(other, note)}{more}"


def _find_obstacle(compared: Comparison, directory: str) -> tuple[str, Step]:
    """Return why there is no verdict, in a sentence, and what helps; "" if there is one."""
    if not compared.runs:
        return "There are no runs yet.", Step("")
    if not compared.problems:
        words = ("resume", directory) if directory else ()
        return "No run has ended yet, so there is nothing to compare.", Step("let the runs end.", words)
    if len(compared.strategies) == 1:
        told = f"There is one strategy, {quote(compared.strategies[0])}, and nothing to compare it with."
        return told, Step("add a second strategy, such as one agent alone.")
    if all(not len(run.record_losses) for run in compared.runs):
        told = "No run found a finite loss, so there is nothing to compare."
        return told, Step("mend what failed; the causes are listed under Failures.")
    if compared.headline is None or not compared.headline.problems:
        told = f"No problem has ended runs of {compared.baseline} and of another strategy."
        return told, Step("choose another baseline (--baseline).")
    return "", Step("")
