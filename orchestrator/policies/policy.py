"""The base class of policies. A policy is a pure function from the state of a run to leases, each with its reason."""

from __future__ import annotations

from typing import ClassVar, Protocol

import numpy as np

from ...agents.agent import Lease
from ...landscapes.landscape import Model
from ..state.run import Run


class Decider(Protocol):
    """What decides the leases of one run: a policy, or what works one elsewhere, which then observes the events."""

    @property
    def kind(self) -> str:
        """The kind of the policy."""
        ...

    def decide(self, run: Run, rng: np.random.Generator) -> tuple[Lease, ...]:
        """Decide which leases to grant now."""
        ...

    def end(self) -> None:
        """Release what it holds: the run has ended."""
        ...


class Policy(Model):
    """Base class of all policies, which decide the leases of a run.

    To write a policy, derive a class that declares ``kind: Literal["..."] = "..."``, has its settings as fields, and
    implements ``decide``. A policy holds settings only: all that it needs to know about the past, it reads from the
    run. An experiment file names the class as ``kind: FILE.py:CLASS``.

    Attributes:
        at_once: How many leases may be out at a time if the experiment does not set it; None means as many as the
            team has agents.
        kind: The name of the policy in experiment files.

    Example:
        A policy that gives each lease to the idle member that has had the fewest leases:

        >>> from typing import Literal
        >>> import numpy as np
        >>> from searchparty.agents.agent import Lease, Region
        >>> from searchparty.landscapes.landscape import Space
        >>> from searchparty.orchestrator.policies.policy import Policy
        >>> from searchparty.orchestrator.state.member import Member
        >>> from searchparty.orchestrator.state.run import Run
        >>> class TakeTurns(Policy):
        ...     kind: Literal["take-turns"] = "take-turns"
        ...     size: int = 20
        ...
        ...     def decide(self, run, rng):
        ...         able = [m for m in run.idle if m.row_price <= run.remaining]
        ...         if not able or run.free < 1:
        ...             return ()
        ...         member = min(able, key=lambda m: (m.leases, m.index))
        ...         budget = min(max(self.size, member.row_price), run.remaining)
        ...         reason = f"take-turns: {member.leases} leases so far"
        ...         return (Lease(run.leases, member.name, budget, run.region, reason, fresh=member.needs_fresh),)
        >>> members = {"a": Member("a", 0, row_price=1), "b": Member("b", 1, row_price=1)}
        >>> run = Run("r", Space(np.zeros(2), np.ones(2)), 1.0, 100, 1, Region.whole(2), members)
        >>> [(lease.agent, lease.budget, lease.reason) for lease in TakeTurns().decide(run, np.random.default_rng(0))]
        [('a', 20, 'take-turns: 0 leases so far')]
    """

    at_once: ClassVar[int | None] = None

    kind: str

    def begin(self, run: Run) -> Decider:
        """Return what decides the leases of one run: the policy itself, unless it must follow the run's events.

        Args:
            run: The run, in its state before its first event.
        """
        return self

    def end(self) -> None:
        """Do nothing: a policy holds nothing that must be closed."""

    @property
    def origin(self) -> str | None:
        """The id of the run from whose random streams decisions draw, if that is another run: of a branch."""
        return None

    def decide(self, run: Run, rng: np.random.Generator) -> tuple[Lease, ...]:
        """Decide which leases to grant now.

        Must be a pure function of its arguments: the decision is taken again when a run is resumed or verified, and
        must then be the same. Every decision is checked (``audit_decision``) before it is recorded.

        Args:
            run: The state of the run, which must not be changed.
            rng: Random numbers for this decision, the only source of randomness that may be used.

        Returns:
            At most ``run.free`` leases for idle members, one lease per member, with budgets that sum to at most
            ``run.remaining`` evaluations. Their ids continue from ``run.leases``. A lease has at least the
            ``row_price`` of its member, must be fresh if the member's ``needs_fresh`` is set, and has a reason in
            words. An empty tuple means to wait for a lease that is out; if none is out, the run ends.
        """
        raise NotImplementedError
