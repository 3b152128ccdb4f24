"""Tells of agents that fail, when it happens: once for each cause."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ...agents.agent import Finding
from ...agents.leases.failure import format_cause
from ...orchestrator.run_spec import RunSpec
from .watcher import Remark

MOST_TOLD = 20
"""The most failures that are told of while an experiment runs; all are counted at its end."""


class AgentFailureReporter:
    """Tells of failed leases, once for each agent of a strategy and each line of code or kind of cause.

    Args:
        runs: The runs of the experiment.
        remark: Receives what is told.
    """

    def __init__(self, runs: Iterable[RunSpec], remark: Remark) -> None:
        self._strategies = {run.id: run.strategy for run in runs}
        self._remark = remark
        self._told: set[tuple[str, str, str]] = set()

    def report(self, run: str, finding: Finding) -> None:
        """Tell of a lease that failed, unless its like has been told."""
        strategy = self._strategies.get(run, "")
        # Causes often quote points and numbers, which never come twice.
        key = (strategy, finding.agent, finding.place or re.sub(r"[-\d.e, ]+", " ", finding.cause))
        if key in self._told or len(self._told) > MOST_TOLD:
            return
        self._told.add(key)
        if len(self._told) > MOST_TOLD:
            self._remark(
                "Agents failed for further causes. The summary at the end counts them, and the report lists all."
            )
            return
        cause = format_cause(finding.cause, finding.place)
        self._remark(f"{finding.agent} of {strategy} failed: {cause}. Its lease is charged, and the run continues.")
