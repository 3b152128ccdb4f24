"""A clause of a contract: one sentence, the examples that it is tried on, and the smallest example that breaks it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Generic, Self, TypeVar

from pydantic import ValidationError

from ...agents.agent import Agent, AgentError
from ...agents.leases.failure import (
    UNASKED_PROCESS,
    AgentCalledExit,
    AgentTimeout,
    describe_failure_of,
    place_of_error,
)
from ...landscapes.landscape import Model, describe_exception, escape_unprintable

Subject = TypeVar("Subject")
SHRINKING_SECONDS = 5.0
"""The time after which no smaller example is looked for."""
NOT_TRIED = "not tried"
"""The state of a clause where the time was over before it was clear."""
MOST_TRIES = 200
"""The most smaller examples that are tried."""


class ClauseBroken(AssertionError):
    """Raised where an example breaks a clause; the message says what happened."""


class OutOfTime(Exception):
    """Raised where the time was over before an example was tried to its end."""


class ExampleRefused(Exception):
    """Raised where a subject does not take an example, such as another dimension: it says nothing then."""


@dataclass(frozen=True)
class Example:
    """What a clause is tried on. The base class is an example without settings: there is nothing to make smaller."""

    SHRUNK: ClassVar[tuple[tuple[str, int], ...]] = ()
    """The whole numbers that are made smaller, in this order, each with its least value."""

    def describe(self) -> str:
        """Return the example in words; "" if there is nothing to say."""
        return ""

    def list_smaller(self) -> Iterator[Self]:
        """Yield smaller examples: with the least value of a number first, then ever nearer to its present one."""
        for name, least in self.SHRUNK:
            value = getattr(self, name)
            gap = value - least
            while gap > 0:
                yield replace(self, **{name: value - gap})
                gap //= 2


@dataclass(frozen=True)
class ClauseResult:
    """How a subject does by one clause of its contract.

    Attributes:
        clause: The name of the clause.
        sentence: What it says.
        state: "kept", "broken", "left out" where the clause says nothing of such a subject, or "not tried" where there
            was no time.
        examples: The number of examples that were tried, without those that were tried to find the smallest.
        example: The smallest example that breaks it, in words; "" if none does.
        cause: What happened then; "" if nothing did.

    Example:
        >>> from searchparty import check_agent
        >>> from searchparty.agents.random_search import RandomSearch
        >>> results = check_agent(RandomSearch(), left_out=["better-than-random"])
        >>> results[0].clause, results[0].state
        ('described', 'kept')
    """

    clause: str
    sentence: str
    state: str
    examples: int = 0
    example: str = ""
    cause: str = ""

    @property
    def is_broken(self) -> bool:
        """Whether the subject breaks the clause."""
        return self.state == "broken"

    def describe(self) -> str:
        """Return the result as a few lines of text."""
        if not self.is_broken:
            return f"{self.clause}: {self.state}. {self.sentence}"
        where = f"\n  smallest example: {self.example}" if self.example else ""
        return f"{self.clause}: {self.sentence}{where}\n  what happened: {self.cause}"


@dataclass(frozen=True)
class Clause(Generic[Subject]):
    """One clause of a contract.

    Attributes:
        name: Its name.
        sentence: What it says, in one sentence.
        list_examples: Returns what it is tried on, small examples first; whether to be thorough is the second argument.
            No examples: the clause says nothing of this subject.
        check_example: Tries an example. It raises if the example breaks the clause.
    """

    name: str
    sentence: str
    list_examples: Callable[[Subject, bool], Iterable[Any]]
    check_example: Callable[[Subject, Any], None]

    def check(self, subject: Subject, thorough: bool = False) -> ClauseResult:
        """Try the examples, and return how the subject does, with the smallest example that was found to break it."""
        tried, found = 0, None
        try:
            for example in self.list_examples(subject, thorough):
                tried += 1
                found = self._try(subject, example)
                if found is not None:
                    example, found = self._shrink(subject, example, found)
                    # A stranger's settings have any names.
                    shown = escape_unprintable(example.describe())
                    return ClauseResult(self.name, self.sentence, "broken", tried, shown, found)
        except OutOfTime:
            return ClauseResult(self.name, self.sentence, NOT_TRIED, tried)
        except Exception as error:
            # Its own methods are asked what to try it on.
            words = describe_failure(subject, error)
            state = NOT_TRIED if UNASKED_PROCESS in words else "broken"
            return ClauseResult(self.name, self.sentence, state, tried, "", "" if state == NOT_TRIED else words)
        return ClauseResult(self.name, self.sentence, "kept" if tried else "left out", tried)

    def _try(self, subject: Subject, example: Example) -> str | None:
        """Return what happens if an example breaks the clause; None if it does not."""
        try:
            self.check_example(subject, example)
        except ExampleRefused:
            return None
        except (Exception, SystemExit, AgentTimeout, AgentCalledExit) as error:
            words = describe_failure(subject, error)
            if UNASKED_PROCESS in words:
                raise OutOfTime from None
            return words
        return None

    def _shrink(self, subject: Subject, example: Any, cause: str) -> tuple[Any, str]:
        """Return the smallest example that is found to break the clause, and what happens with it."""
        end, tries = time.monotonic() + SHRINKING_SECONDS, 0
        smaller = example.list_smaller()
        while tries < MOST_TRIES and time.monotonic() < end:
            candidate = next(smaller, None)
            if candidate is None:
                break
            tries += 1
            try:
                found = self._try(subject, candidate)
            except OutOfTime:
                break
            if found is not None:
                example, cause = candidate, found
                smaller = example.list_smaller()
        return example, cause


def describe_failure(subject: Any, error: BaseException) -> str:
    """Return in words what broke a clause: what was found, or what the subject raised, and in which line."""
    if isinstance(error, ClauseBroken):
        return escape_unprintable(str(error))
    if isinstance(error, AgentTimeout):
        words = str(error)
    elif isinstance(error, AgentError | AgentCalledExit):
        words = describe_failure_of(error)
    else:
        words = describe_exception(error, links=False)
    place = place_of_error(subject, error) if isinstance(subject, Agent) else ""
    # Words that have a subject of their own get no other.
    head = "" if words.startswith(("it ", "its ")) else "it "
    return f"{head}{words}{f' ({place})' if place else ''}"


def require(holds: bool, what: str) -> None:
    """Raise ClauseBroken, with what happened, unless something holds."""
    if not holds:
        raise ClauseBroken(what)


def is_frozen(model: Model) -> bool:
    """Return whether the settings of a model cannot be changed."""
    try:
        setattr(model, "kind", model.kind)  # type: ignore[attr-defined]  # noqa: B010
    except ValidationError:
        return True
    return False


def format_evaluations(number: int) -> str:
    """Return a number of evaluations in words."""
    return count_words(number, "evaluation")


def count_words(number: int, word: str) -> str:
    """Return a number of things: "1 lease", "2 leases"."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
