"""Classes from which tests of one's own classes are derived: pytest finds one test for each object and clause.

pytest is not imported here: it calls ``pytest_generate_tests`` of a class that it collects.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, ClassVar

from ...agents.agent import Agent
from ...landscapes.landscape import Landscape
from .check import ContractError, check_clauses, find_clauses, take_policy, take_subject
from .clause import Clause


class _Contract:
    """What the three classes share."""

    family: ClassVar[str]
    subjects: ClassVar[Sequence[Any]] = ()
    left_out: ClassVar[Collection[str]] = ()
    thorough: ClassVar[bool] = False

    def pytest_generate_tests(self, metafunc: Any) -> None:
        """Give pytest a test for each object and each clause."""
        import pytest

        if "clause" not in metafunc.fixturenames:
            return
        found = []
        for given in self.subjects:
            # What `pytest.param` returns, perhaps with marks.
            marked = hasattr(given, "marks") and hasattr(given, "values")
            subject = self.take(given.values[0] if marked else given)
            marks, name = (given.marks, given.id) if marked else ((), None)
            found += [
                pytest.param(subject, clause, marks=marks, id=f"{name or repr(subject)}-{clause.name}")
                for clause in find_clauses(self.family, self.left_out)
            ]
        metafunc.parametrize(("subject", "clause"), found)

    def take(self, subject: Any) -> Any:
        """Return the object of what a test class lists."""
        raise NotImplementedError

    def test_clause(self, subject: Any, clause: Clause[Any]) -> None:
        """Check one clause of the contract."""
        import pytest

        (result,) = check_clauses(subject, [clause], self.thorough)
        if result.state == "left out":
            pytest.skip(f"the clause says nothing of {subject!r}")
        if result.is_broken:
            raise ContractError(f"{self.family} {subject.kind}", [result])


class AgentContract(_Contract):
    """Base class of tests of agents, with pytest: a test for each agent and each clause of the contract.

    Attributes:
        subjects: The agents: objects, or classes whose settings have defaults; or ``pytest.param`` of them.
        left_out: The names of clauses that are not checked.
        thorough: Whether to try more and longer examples.

    Example:
        A file ``test_mine.py``, for ``python -m pytest test_mine.py``:

        >>> from searchparty import AgentContract
        >>> from searchparty.agents.random_search import RandomSearch
        >>> class TestMine(AgentContract):
        ...     subjects = (RandomSearch(), RandomSearch(batch=7))
        ...     left_out = ("better-than-random",)
    """

    family = "agent"

    def take(self, subject: Any) -> Any:
        """Return the agent of what a test class lists."""
        return take_subject(subject, Agent, "subjects")


class LandscapeContract(_Contract):
    """Base class of tests of landscapes, with pytest: a test for each landscape and each clause of the contract.

    Attributes:
        subjects: The landscapes: objects, or classes whose settings have defaults; or ``pytest.param`` of them.
        left_out: The names of clauses that are not checked.
        thorough: Whether to try other dimensions, too.

    Example:
        >>> from searchparty import LandscapeContract
        >>> from searchparty.landscapes.classics import Ackley
        >>> class TestMine(LandscapeContract):
        ...     subjects = (Ackley, Ackley(dimension=7))
    """

    family = "landscape"

    def take(self, subject: Any) -> Any:
        """Return the landscape of what a test class lists."""
        return take_subject(subject, Landscape, "subjects")


class PolicyContract(_Contract):
    """Base class of tests of policies and choices, with pytest: a test for each of them and each clause.

    Attributes:
        subjects: Policies, and choices of ``composed``: objects, or classes whose settings have defaults; or
            ``pytest.param`` of them.
        left_out: The names of clauses that are not checked.
        thorough: Whether to play more runs.

    Example:
        >>> from searchparty import PolicyContract
        >>> from searchparty.orchestrator.policies.composed import Composed
        >>> class TestMine(PolicyContract):
        ...     subjects = (Composed, Composed(budget="bandit"))
    """

    family = "policy"

    def take(self, subject: Any) -> Any:
        """Return the policy of what a test class lists."""
        return take_policy(subject)
