"""Branches: runs that take over what another run found up to a moment, and go on from there under another policy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, SerializeAsAny

from ..agents.agent import Lease
from .policies.policy import Decider, Policy
from .state.events import Event
from .state.run import Run


class BranchedPolicy(Policy):
    """The policy of a branch: that of the original run until so many evaluations are spent, and then another one.

    ``searchparty branch`` writes it. Its settings name the original run and the moment, so they are a part of the id of
    the branch. Decisions draw from the random streams of the original run.

    Example:
        >>> from searchparty.orchestrator.policies.composed import Composed
        >>> policy = BranchedPolicy(run="0" * 12, evaluation=300, before=Composed(), after=Composed(radius="shrink"))
        >>> policy.origin
        '000000000000'
    """

    catalogued: ClassVar[bool] = False
    kind: Literal["branch"] = "branch"
    run: str = Field(pattern="^[0-9a-f]{12}$", description="Id of the original run.")
    evaluation: int = Field(ge=1, description="Evaluations after which the other policy decides.")
    before: SerializeAsAny[Policy] = Field(description="The policy of the original run.")
    after: SerializeAsAny[Policy] = Field(description="The policy that decides from then on.")

    @property
    def origin(self) -> str | None:
        """The id of the run from whose streams decisions draw: the first original, if this is a branch of a branch."""
        return self.before.origin or self.run

    def begin(self, run: Run) -> Decider:
        """Return what decides the leases of one run. Either policy may be one that is worked in another process."""
        return _BranchedDecider(self, run)

    def decide(self, run: Run, rng: np.random.Generator) -> tuple[Lease, ...]:
        """Decide by the policy whose turn it is."""
        return (self.before if run.spent < self.evaluation else self.after).decide(run, rng)


class _BranchedDecider:
    """Decides by two policies, each of which is told of all events of the run."""

    def __init__(self, policy: BranchedPolicy, run: Run) -> None:
        self.kind, self._evaluation = policy.kind, policy.evaluation
        self._before, self._after = policy.before.begin(run), policy.after.begin(run)
        each = (getattr(part, "observe", None) for part in (self._before, self._after))
        self._observers: list[Callable[[Event], None]] = [observe for observe in each if observe is not None]

    def observe(self, event: Event) -> None:
        for observe in self._observers:
            observe(event)

    def decide(self, run: Run, rng: np.random.Generator) -> tuple[Lease, ...]:
        return (self._before if run.spent < self._evaluation else self._after).decide(run, rng)

    def end(self) -> None:
        try:
            self._before.end()
        finally:
            self._after.end()


def find_stream_id(id: str, settings: Mapping[str, Any]) -> str:
    """Return the id in the keys of a run's random streams (``RunSpec.stream_id``), from the settings in its log.

    Args:
        id: The id of the run.
        settings: Its settings.

    Example:
        >>> find_stream_id("b", {"policy": {"kind": "branch", "run": "a", "before": {"kind": "party"}}})
        'a'
    """
    policy = settings["policy"]
    while policy.get("kind") == "branch":
        id, policy = policy["run"], policy["before"]
    return id


def list_policies(policy: Policy) -> Iterator[Policy]:
    """Yield the policies that decide: a policy itself, or those of a branch."""
    if isinstance(policy, BranchedPolicy):
        yield from list_policies(policy.before)
        yield from list_policies(policy.after)
    else:
        yield policy
