"""A comparison of strategies as a whole: problems, verdicts, and what would settle what is open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ...landscapes.landscape import Refusal
from ..results.grouping import strategy_names
from ..results.recorded_runs import RunData
from ..results.run_summary import RunSummary, summarize_run
from ..spec.errors import quote, suggest
from .power import FREE_PROBLEMS, Advice, Power, advise_repeats, estimate_powers
from .problems import ComparedProblem, Identity, find_identical_runs, form_problems
from .verdict import EQUIVALENCE, Verdict, choose_headline, judge_against, judge_pair


@dataclass(frozen=True)
class Comparison:
    """The comparison of all strategies of one or more experiments.

    Attributes:
        runs: All runs.
        problems: The problems, with the outcomes of the runs that have ended.
        baseline: The name of the strategy that the others are compared with; "" without a run.
        equivalence: Ratios of running times between this and its inverse count as equivalent.
        power: Whether advice may take longer than a second of CPU.

    Example:
        >>> from searchparty import run
        >>> from searchparty.experiments.comparison.comparison import compare_runs
        >>> overrides = ["repeats=5", "budget=200"]
        >>> results = run("quickstart", executor="simulated", overrides=overrides, report=False)
        >>> compared = compare_runs(results.runs)
        >>> compared.baseline, len(compared.problems), len(compared.verdicts)
        ('grid alone', 2, 3)
    """

    runs: list[RunSummary]
    problems: list[ComparedProblem]
    baseline: str
    equivalence: float
    power: bool = False
    _advices: dict[tuple[str, str], Advice] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def strategies(self) -> list[str]:
        """The names of the strategies, in the order of the plan."""
        return strategy_names(self.runs)

    @cached_property
    def verdicts(self) -> list[Verdict]:
        """Every other strategy compared with the baseline, the best first."""
        return judge_against(self.problems, self.baseline, self.equivalence)

    @cached_property
    def headline(self) -> Verdict | None:
        """The verdict on the best strategy: against the baseline, or of the baseline against the best other one."""
        return choose_headline(self.verdicts)

    @cached_property
    def rival(self) -> Verdict | None:
        """The verdict on the best strategy against the next one; None if that is the headline, or has no problems."""
        headline = self.headline
        if headline is None or headline.second != self.baseline or len(self.verdicts) < 2:
            return None
        second = self.verdicts[1].first
        found = judge_pair(self.problems, headline.first, second, self.equivalence, with_area=False)
        return found if found.problems else None

    @property
    def rival_leads(self) -> bool:
        """Whether the next best after the best strategy is not the baseline, but the rival."""
        if self.rival is None:
            return False
        following = self.verdicts[1]
        if following.bounded is not None:
            return following.bounded.estimate < 1
        return following.area is not None and following.area.estimate > 0

    @property
    def advice(self) -> Advice:
        """What would settle the headline."""
        return Advice("nothing") if self.headline is None else self.advise(self.headline)

    def advise(self, verdict: Verdict) -> Advice:
        """Return what would settle a verdict."""
        pair = (verdict.first, verdict.second)
        if pair not in self._advices:
            most = None if self.power else FREE_PROBLEMS
            self._advices[pair] = advise_repeats(self.problems, verdict, self.equivalence, most)
        return self._advices[pair]

    @cached_property
    def powers(self) -> list[Power]:
        """How often experiments with more repeats would settle each verdict that is not settled.

        It takes up to 3 s of CPU for each of these verdicts.
        """
        return [each for verdict in self.verdicts for each in estimate_powers(self.problems, verdict, self.equivalence)]

    @cached_property
    def identities(self) -> list[Identity]:
        """Pairs of strategies with runs that are equal to the last bit, by problem."""
        return find_identical_runs(self.problems)

    @property
    def grows(self) -> bool:
        """Whether more repeats can be added: a branch is of one run."""
        return all(run.settings.get("policy", {}).get("kind") != "branch" for run in self.runs)

    @property
    def left_out(self) -> list[RunSummary]:
        """The runs that are not compared, because they have not ended."""
        return [run for run in self.runs if run.stopped is None]


def compare_runs(
    runs: Iterable[RunData | RunSummary],
    baseline: str | None = None,
    equivalence: float = EQUIVALENCE,
    power: bool = False,
) -> Comparison:
    """Compare the strategies of runs.

    Args:
        runs: The runs, in the order of the plan.
        baseline: The strategy that the others are compared with. Default: the first one of the plan.
        equivalence: Ratios of expected running times between this and its inverse count as equivalent; above 0 and at
            most 1.
        power: Whether to estimate how many repeats would settle what is open even if that takes longer than a second.

    Raises:
        Refusal: If no run has a strategy of the baseline's name, or the region of equivalence is not valid.
    """
    listed = [summarize_run(run) for run in runs]
    names = strategy_names(listed)
    if baseline is not None and baseline not in names:
        raise Refusal(f"baseline must be the name of a strategy, got {quote(baseline)}. {suggest(baseline, names)}")
    if not 0 < equivalence <= 1:
        raise Refusal(f"equivalence must be above 0 and at most 1, got {equivalence:g}. Write e.g. 0.9.")
    return Comparison(listed, form_problems(listed), baseline or _first_name(names), equivalence, power)


def _first_name(names: Sequence[str]) -> str:
    return names[0] if names else ""
