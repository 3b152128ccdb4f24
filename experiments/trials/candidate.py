"""The class that is tried: it is asked in a sandbox what it is, checked against its contract there, and timed."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...agents.agent import Agent, AgentError
from ...agents.leases.failure import HUNG_AGENT, LATE_PROCESS
from ...agents.sandbox.confined_process import limit_conversations
from ...agents.sandbox.ladder import NoSandbox, is_unsandboxed_allowed, require_rung
from ...agents.sandbox.settings import Sandbox
from ...agents.sandbox.their_code import read_code
from ...agents.sandbox.their_process import RefusedSettings, SelfDescription, WrongClass, describe_their_class
from ...landscapes.landscape import Refusal
from ...orchestrator.loop.audit import InvalidDecision
from ..contracts.check import check_clauses, find_clauses
from ..contracts.clause import NOT_TRIED, ClauseBroken, ClauseResult, describe_failure
from ..contracts.drive import drive_search
from ..contracts.losses import bowl
from ..contracts.played_run import PlayedRun, play_run
from ..spec import catalogue
from ..spec.errors import SpecError, quote
from ..spec.load import Experiment
from ..spec.sandboxed import ROLES, SANDBOX_KEY

SANDBOX = Sandbox(seconds=5.0)
"""The limits of what is tried: the usual ones, but for the time of a message, so that a loop is found out sooner."""
OWN_PLACE = re.compile(r"\bstrategies\.it\.(agents|policy)(\.0)?(\.kind)?(?= must )")
"""Where a candidate stands in the experiment by which it is built."""
NOT_OF_FAMILY = "names no subclass of"
TIMED_DIMENSION, TIMED_EVALUATIONS = 5, (3, 20, 500)
"""Where a candidate is timed: first briefly, to find out whether there is time for more."""
SLOW_SECONDS = 1.0
"""A candidate whose brief search takes so long is timed by that."""


class CandidateFailed(Exception):
    """A candidate failed outside its contract and its race; the message is a clause that says how."""


@dataclass(frozen=True)
class Candidate:
    """A class that is tried.

    Attributes:
        reference: How the user names it: "their_agent.py:Their".
        family: "agent" or "policy".
        kind: Its kind.
        digest: A digest of its text, and of the modules that it imports from beside it.
        model: The agent or the policy; its own code runs in a sandbox.
        rung: How it is confined (``ladder``).
    """

    reference: str
    family: str
    kind: str
    digest: str
    model: Any
    rung: str

    @property
    def entry(self) -> Mapping[str, Any]:
        """The candidate as a YAML has it."""
        return make_entry(self.reference)


def is_class_reference(text: str) -> bool:
    """Return whether a text names a class in a Python file: "path/to/file.py:Class"."""
    place, colon, name = text.rpartition(":")
    return bool(colon) and place.endswith(".py") and name.isidentifier()


def make_entry(reference: str) -> dict[str, Any]:
    """Return what a YAML has for a class that is worked in a sandbox."""
    return {"kind": reference, SANDBOX_KEY: SANDBOX.model_dump(exclude_defaults=True)}


def read_digest(reference: str, base: str) -> str:
    """Return a digest of the text of a class, and of the modules that it imports from beside it.

    Raises:
        LandscapeError: It names no file that can be read.
    """
    return read_code(reference, base).digest


def open_candidate(reference: str, base: str) -> Candidate:
    """Ask a class in a sandbox what it is.

    Args:
        reference: "path/to/file.py:Class".
        base: The folder in which relative paths start.

    Raises:
        Refusal: It names no agent and no policy that can be used, or there is no sandbox.
    """
    for family in ROLES:
        if ":" not in reference and reference in catalogue.family_classes(family):
            raise Refusal(
                f"FILE:CLASS must name a class of yours, got {quote(reference)}, which is "
                f"{'an agent' if family == 'agent' else 'a policy'} of the package. Write path/to/file.py:Class."
            )
    code = read_code(reference, base)
    openly = is_unsandboxed_allowed()
    try:
        rung = require_rung(openly)
        family, said = _ask_family(lambda role: describe_their_class(role, code, SANDBOX, openly, {}))
    except NoSandbox as error:
        raise Refusal(str(error)) from None
    except RefusedSettings as error:
        places = "; ".join(f"{loc[0]} ({message})" for loc, _, message in error.problems if loc)
        raise Refusal(
            f"FILE:CLASS must be made without settings, got {quote(reference)}, which refuses that: {places or error}. "
            "Give each setting a default that it accepts."
        ) from None
    except WrongClass as error:
        raise Refusal(
            f"FILE:CLASS must name an agent or a policy that can be used, got {quote(reference)}, which {error}. "
            "Correct the file."
        ) from None
    try:
        model = _build(family, reference, base)
    except SpecError as error:
        raise Refusal(OWN_PLACE.sub("FILE:CLASS", str(error))) from None
    return Candidate(reference, family, said.kind, code.digest, model, rung)


def _ask_family(ask: Callable[[str], SelfDescription]) -> tuple[str, SelfDescription]:
    """Return the family of a class, and what it says of itself, by asking in each family's role."""
    wrong = None
    for family, role in ROLES.items():
        try:
            said = ask(role)
        except WrongClass as error:
            if not str(error).startswith(NOT_OF_FAMILY):
                raise
            wrong = wrong or error
        else:
            if said.traits.get("has_search") is False:
                raise WrongClass("is an agent: it defines no search")
            return family, said
    bases = " or ".join(family.capitalize() for family in ROLES)
    raise WrongClass(f"{NOT_OF_FAMILY} {bases}") from wrong


def _build(family: str, reference: str, base: str) -> Any:
    """Return the agent or the policy, as an experiment builds it."""
    entry = make_entry(reference)
    strategy = {"agents": [entry]} if family == "agent" else {"agents": ["random"], "policy": entry}
    data = {"name": "it", "budget": 10, "landscapes": ["sphere"], "strategies": {"it": strategy}}
    (found,) = Experiment.from_data(data, base).strategies.values()
    return found.team[0][1] if family == "agent" else found.policy


def check_candidate(candidate: Candidate, end: float) -> list[ClauseResult]:
    """Check a candidate against its contract until a time. Once it hangs, the other clauses are not tried.

    Args:
        candidate: The candidate.
        end: When to stop, on the monotonic clock.
    """
    results: list[ClauseResult] = []
    with limit_conversations(end):
        for clause in find_clauses(candidate.family):
            if hangs(results) or time.monotonic() > end:
                results.append(ClauseResult(clause.name, clause.sentence, NOT_TRIED))
            else:
                results += check_clauses(candidate.model, [clause])
    return results


def hangs(results: list[ClauseResult]) -> bool:
    """Return whether a candidate took too long for a proposal or a decision."""
    return any(words in each.cause for each in results for words in (HUNG_AGENT, LATE_PROCESS))


def time_candidate(candidate: Candidate) -> tuple[float, float]:
    """Measure what a proposal, or a decision of a policy, takes in its sandbox.

    Returns:
        The seconds of a proposal, and of an evaluation: a proposal may have many points.

    Raises:
        CandidateFailed: It raised, or proposed or decided what it must not.
    """
    for evaluations in TIMED_EVALUATIONS:
        try:
            taken, spent = _work(candidate, evaluations)
        except (AgentError, InvalidDecision, ClauseBroken) as error:
            raise CandidateFailed(describe_failure(candidate.model, error)) from error
        if sum(taken) > SLOW_SECONDS:
            break
    # The first of them starts its process.
    later = taken[1:] or taken
    return float(np.median(later)), sum(later) / max(spent, 1)


def _work(candidate: Candidate, evaluations: int) -> tuple[list[float], int]:
    """Drive a candidate for some evaluations; return the seconds of each proposal or decision, and the evaluations."""
    if isinstance(candidate.model, Agent):
        driven = drive_search(candidate.model, bowl, TIMED_DIMENSION, evaluations)
        return driven.seconds, len(driven.points)
    plays = play_run(candidate.model, PlayedRun((1, 1, 1), evaluations, 1))
    taken: list[float] = []
    while True:
        began = time.perf_counter()
        if next(plays, None) is None:
            return taken, evaluations
        taken.append(time.perf_counter() - began)
