"""Checks agents, landscapes and policies against their contracts."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, cast

from pydantic import ValidationError

from ...agents.agent import Agent
from ...landscapes.ambient import set_ambient_state_aside
from ...landscapes.cause_groups import group_causes
from ...landscapes.landscape import Landscape, Model, Refusal
from ...orchestrator.policies.choices import BudgetChoice, RadiusChoice, SharingChoice
from ...orchestrator.policies.composed import Composed
from ...orchestrator.policies.policy import Policy
from ..spec.errors import quote, suggest
from .agent_clauses import AGENT_CLAUSES
from .clause import Clause, ClauseResult
from .landscape_clauses import LANDSCAPE_CLAUSES
from .policy_clauses import POLICY_CLAUSES
from .space_clauses import SPACE_CLAUSES

PolicyPart = Policy | BudgetChoice | RadiusChoice | SharingChoice
CHOICE_NAMES: dict[type[Model], str] = {BudgetChoice: "budget", RadiusChoice: "radius", SharingChoice: "sharing"}
CONTRACTS: dict[str, tuple[Clause[Any], ...]] = {
    "agent": (*AGENT_CLAUSES, *SPACE_CLAUSES),
    "landscape": LANDSCAPE_CLAUSES,
    "policy": POLICY_CLAUSES,
}
"""The clauses of each contract, in the order in which they are checked."""


class ContractError(AssertionError):
    """A class breaks clauses of its contract; the message has each of them, with the smallest example.

    Attributes:
        results: How the subject does by every clause.

    Example:
        >>> from searchparty import ContractError, Policy, check_policy
        >>> class Idle(Policy):
        ...     kind: str = "idle"
        ...     def decide(self, run, rng):
        ...         return ()
        >>> try:
        ...     check_policy(Idle())
        ... except ContractError as error:
        ...     print([each.clause for each in error.results if each.is_broken])
        ['budget-used']
    """

    def __init__(self, subject: str, results: list[ClauseResult]) -> None:
        self.results = results
        broken = [each for each in results if each.is_broken]
        count = "1 clause" if len(broken) == 1 else f"{len(broken)} clauses"
        kept = sum(each.state == "kept" for each in results)
        words = "\n".join(describe_broken(results))
        super().__init__(f"{subject} breaks {count} of its contract, and keeps {kept}.\n{words}")


def describe_broken(results: Iterable[ClauseResult]) -> list[str]:
    """Return the broken clauses in words. Of those whose causes differ in numbers alone, the first is told in full."""
    broken = [each for each in results if each.is_broken]
    shown = group_causes(each.cause for each in broken)
    causes: dict[str, list[ClauseResult]] = {}
    for each in broken:
        causes.setdefault(shown[each.cause], []).append(each)
    lines = []
    for first, *others in causes.values():
        lines.append(first.describe())
        if others:
            lines.append(f"  the same happens in: {', '.join(each.clause for each in others)}")
    return lines


def check_agent(
    agent: Agent | type[Agent] | Callable[[], Agent],
    *,
    thorough: bool = False,
    left_out: Collection[str] = (),
    raises: bool = True,
) -> list[ClauseResult]:
    """Check an agent against the contract of agents: it is driven through some hundred short searches.

    Args:
        agent: The agent; or its class, or a function without arguments that returns it, where every setting has a
            default.
        thorough: Whether to try more and longer examples, about five times as many.
        left_out: The names of clauses that are not checked, for example "better-than-random".
        raises: Whether to raise if a clause is broken.

    Returns:
        How the agent does by each clause.

    Raises:
        ContractError: A clause is broken, and ``raises`` is True.
        Refusal: ``agent`` is no agent, or there is no clause of a name in ``left_out``.

    Example:
        >>> import searchparty
        >>> from searchparty.agents.pattern_search import PatternSearch
        >>> results = searchparty.check_agent(PatternSearch(poll="first"))
        >>> all(each.state == "kept" for each in results)
        True
    """
    return _check("agent", take_subject(agent, Agent, "agent"), thorough, left_out, raises)


def check_landscape(
    landscape: Landscape | type[Landscape] | Callable[[], Landscape],
    *,
    thorough: bool = False,
    left_out: Collection[str] = (),
    raises: bool = True,
) -> list[ClauseResult]:
    """Check a landscape against the contract of landscapes, by some ten thousand evaluations.

    Args:
        landscape: The landscape; or its class, or a function without arguments that returns it, where every setting
            has a default.
        thorough: Whether to try it in 2, 5 and 10 dimensions too, where its class has a setting ``dimension``.
        left_out: The names of clauses that are not checked.
        raises: Whether to raise if a clause is broken.

    Returns:
        How the landscape does by each clause; "left out" where it has, for instance, no gradient.

    Raises:
        ContractError: A clause is broken, and ``raises`` is True.
        Refusal: ``landscape`` is no landscape, or there is no clause of a name in ``left_out``.

    Example:
        >>> import searchparty
        >>> from searchparty.landscapes.classics import Rastrigin
        >>> [each.clause for each in searchparty.check_landscape(Rastrigin(dimension=3)) if each.is_broken]
        []
    """
    return _check("landscape", take_subject(landscape, Landscape, "landscape"), thorough, left_out, raises)


def check_policy(
    policy: PolicyPart | type[PolicyPart] | Callable[[], PolicyPart],
    *,
    thorough: bool = False,
    left_out: Collection[str] = (),
    raises: bool = True,
) -> list[ClauseResult]:
    """Check a policy, or a budget, radius or sharing choice, against the contract of policies, by playing runs.

    Their teams have one to five members, named m0, m1, ...: a policy that names members must name these.

    Args:
        policy: The policy or the choice; or its class, or a function without arguments that returns it, where every
            setting has a default. A choice is checked within ``composed``, beside its defaults.
        thorough: Whether to play five times as many runs.
        left_out: The names of clauses that are not checked.
        raises: Whether to raise if a clause is broken.

    Returns:
        How the policy does by each clause.

    Raises:
        ContractError: A clause is broken, and ``raises`` is True.
        Refusal: ``policy`` is none, or there is no clause of a name in ``left_out``.

    Example:
        >>> import searchparty
        >>> from searchparty.orchestrator.policies.budget import Bandit
        >>> [each.clause for each in searchparty.check_policy(Bandit()) if each.is_broken]
        []
    """
    return _check("policy", take_policy(policy), thorough, left_out, raises)


def take_policy(policy: Any) -> Policy:
    """Return a policy, or ``composed`` with a choice, of what ``check_policy`` is given."""
    taken = take_subject(policy, (Policy, BudgetChoice, RadiusChoice, SharingChoice), "policy")
    for base, name in CHOICE_NAMES.items():
        if isinstance(taken, base):
            return Composed.model_validate({name: taken})
    return cast(Policy, taken)


def take_subject(subject: Any, base: Any, name: str) -> Any:
    """Return the object of a class, or of a function that makes one; an object as it is.

    Raises:
        Refusal: It is none, or needs settings.
    """
    bases = base if isinstance(base, tuple) else (base,)
    made = subject
    if (inspect.isclass(subject) and issubclass(subject, bases)) or (
        callable(subject) and not inspect.isclass(subject) and not isinstance(subject, bases)
    ):
        try:
            made = subject()
        except ValidationError as error:
            missing = ", ".join(str(each["loc"][0]) for each in error.errors() if each["loc"])
            raise Refusal(
                f"{name} must be made without settings, got {quote(getattr(subject, '__name__', subject))}, which "
                f"needs {missing}. Give an object, with its settings."
            ) from None
    if not isinstance(made, bases):
        wanted = " or ".join(each.__name__ for each in bases)
        raise Refusal(
            f"{name} must be a {wanted}, got {quote(made)}. Derive its class from searchparty.{bases[0].__name__}."
        )
    return made


def find_clauses(family: str, left_out: Collection[str] = ()) -> tuple[Clause[Any], ...]:
    """Return the clauses of a contract, without some.

    Args:
        family: "agent", "landscape" or "policy".
        left_out: Names of clauses.

    Raises:
        Refusal: There is no clause of such a name.
    """
    names = [clause.name for clause in CONTRACTS[family]]
    for name in left_out:
        if name not in names:
            raise Refusal(f"left_out must have names of clauses, got {quote(name)}. {suggest(name, names)}")
    return tuple(clause for clause in CONTRACTS[family] if clause.name not in left_out)


def check_clauses(subject: Any, clauses: Sequence[Clause[Any]], thorough: bool = False) -> list[ClauseResult]:
    """Return how a subject does by some clauses."""
    with set_ambient_state_aside():
        return [clause.check(subject, thorough) for clause in clauses]


def _check(family: str, subject: Any, thorough: bool, left_out: Collection[str], raises: bool) -> list[ClauseResult]:
    results = check_clauses(subject, find_clauses(family, left_out), thorough)
    if raises and any(each.is_broken for each in results):
        raise ContractError(f"{family} {subject.kind}", results)
    return results
