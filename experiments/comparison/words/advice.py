"""What next: what would settle a verdict, or what to do with a settled one, and the command that does it."""

from __future__ import annotations

from dataclasses import dataclass

from ....orchestrator.command_line import quote_words
from ..comparison import Comparison
from ..power import Advice
from ..verdict import LEAST_RUNS, Verdict
from ..wording import format_factor
from .cost import describe_more


@dataclass(frozen=True)
class Step:
    """What to do next.

    Attributes:
        text: A sentence or two, or the beginning of a sentence that ends with the command.
        words: The words of the command that does it, after the program's name; none if no single command does.
    """

    text: str
    words: tuple[str, ...] = ()

    @property
    def quoted(self) -> list[str]:
        """The words of the command as a shell reads them, the program's name first; none without a command."""
        return quote_words(*self.words) if self.words else []

    @property
    def command(self) -> str:
        """The command as one line; "" if there is none."""
        return " ".join(self.quoted)

    @property
    def line(self) -> str:
        """The text with the command, which no full stop follows, so that it can be copied."""
        return f"{self.text.removesuffix('.')}: {self.command}" if self.command else self.text


def advise_step(compared: Comparison, verdict: Verdict, directory: str = "") -> Step:
    """Return what would settle a verdict; of a settled one, what to do with it.

    Args:
        compared: The comparison.
        verdict: The verdict.
        directory: The results directory, for a command; "" if there is no single one.
    """
    advice = compared.advise(verdict)
    words: tuple[str, ...]
    if advice.need in ("pilot", "repeats") and not compared.grows:
        return Step("branch other repeats of the original, too: one pair of runs cannot tell.")
    if advice.need in ("pilot", "repeats"):
        words = ("resume", directory, "--repeats", str(advice.repeats)) if directory else ()
        return Step(_ask_repeats(compared, verdict, advice), words)
    if advice.need == "power":
        words = ("report", directory, "--power") if directory else ()
        return Step("ask how many repeats would settle it (--power); to estimate that takes longer.", words)
    if advice.need == "many":
        return Step("take either, or add problems: to settle it, more than a hundred runs on each would be needed.")
    if advice.need == "problems":
        return Step(_ask_problems(compared, verdict))
    if verdict.twins:
        return Step("take either, or compare them where what sets them apart can act: here it did nothing.")
    if verdict.decision == "equivalent":
        return Step("take either; other problems, budgets or targets may tell them apart.")
    winner = verdict.first if verdict.decision == "better" else verdict.second
    return Step(f"take {winner}; for other problems, budgets or targets, compare again.")


def _ask_repeats(compared: Comparison, verdict: Verdict, advice: Advice) -> str:
    """Return how many repeats are advised, why, and what those cost that are not there."""
    more = describe_more(compared, advice)
    count = f"{advice.repeats} repeats in all ({advice.present} now), {more} more"
    if advice.need == "pilot" and advice.present >= LEAST_RUNS:
        few = "1 run" if verdict.runs == 1 else f"{verdict.runs} runs"
        return f"{count}, as {few} of one of the two on a problem cannot tell."
    if advice.need == "pilot":
        return f"{count}, as fewer than {LEAST_RUNS} runs of each on a problem cannot tell."
    return f"{count}, would probably settle it."


def _ask_problems(compared: Comparison, verdict: Verdict) -> str:
    if not verdict.problems:
        return "let both run on the same problems: none has ended runs of both."
    if verdict.only_first * verdict.only_second:
        return "a larger budget, or a looser target: each solves problems that the other never does."
    if not (verdict.both or verdict.only_first or verdict.only_second):
        return "a larger budget, or a looser target (stop), would tell more than further repeats."
    spent = sum(run.evaluations for run in compared.runs if run.stopped is not None)
    each = format_factor(spent / len(compared.problems))
    return f"add problems, about {each} evaluations each; more repeats of these would not settle it."


def choose_step(compared: Comparison, main: Verdict, other: Verdict | None, directory: str = "") -> Step:
    """Return what to do next about the first of two verdicts that is not settled; if both are, about the first.

    Args:
        compared: The comparison.
        main: The verdict that matters most.
        other: Another one; None if there is none.
        directory: The results directory, for a command; "" if there is no single one.
    """
    if main.decision == "not settled" or other is None or other.decision != "not settled":
        return advise_step(compared, main, directory)
    step = advise_step(compared, other, directory)
    return Step(f"against {other.second}, {step.text}", step.words)


def describe_powers(compared: Comparison) -> list[str]:
    """Return how often more repeats would settle each verdict that is not settled, in a sentence for each strategy."""
    lines = []
    for verdict in compared.verdicts:
        if verdict.decision != "not settled":
            continue
        # Sizes that differ by less than a repeat are one.
        shares = {each.repeats: each.power for each in compared.powers if each.strategy == verdict.first}
        told = ", ".join(f"{repeats} (probability {100 * power:.0f} %)" for repeats, power in shares.items())
        settled = f"repeats that settle it: {told}." if told else advise_step(compared, verdict).text
        lines.append(f"{verdict.first} against {verdict.second}: {settled}")
    return lines
