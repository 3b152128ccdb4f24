"""Makes tables of how the budget was used: leases and their reasons, each agent's share, failures, time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from ...agents.agent import Finding
from ...agents.leases.failure import format_cause
from ...landscapes.cause_groups import group_causes
from ...landscapes.causes import GRADIENT_CAUSE
from ...landscapes.landscape import Array
from ...orchestrator.clock.clock import Clock, clock_of
from ...orchestrator.state.events import findings
from ...orchestrator.state.lease_table import fold_leases
from ..spec.models import SimulatedSettings
from .comparison import group_runs
from .recorded_runs import RunData
from .table import Table


def leases_table(run: RunData) -> Table:
    """Make a table of every lease of a run, with its reason and its outcome, in the order of granting.

    ``granted_at`` and ``collected_at`` are the evaluations that the run had spent when the lease was granted and when
    it was collected; ``collected_at`` is None for a lease that is not collected. ``starts`` and ``ends`` are logical
    seconds, fixed at the grant. ``center`` and ``radius`` are in the unit cube.
    """
    names = (
        "lease", "agent", "granted_at", "collected_at", "starts", "ends", "budget", "charged", "center", "radius",
        "fresh", "reason", "outcome", "best", "record",
    )  # fmt: skip
    rows = []
    for entry in fold_leases(run.events, run.settings["landscape"]["seconds"]):
        lease, finding = entry.lease, entry.finding
        outcome = "not collected" if finding is None else lease_outcome(finding)
        best = None if finding is None or finding.best is None else finding.best.loss
        center = np.round(lease.region.center, 6).tolist()
        rows.append((
            lease.id, lease.agent, entry.granted_at, entry.collected_at, entry.starts, entry.ends, lease.budget,
            entry.charged, center, lease.region.radius, lease.fresh, lease.reason, outcome, best, entry.record,
        ))  # fmt: skip
    return Table.from_rows(names, rows)


def lease_outcome(finding: Finding) -> str:
    """Describe the outcome of a lease in words."""
    if finding.failed:
        return f"failed: {finding.cause}"
    outcome = finding.why if finding.converged is None else f"converged: {finding.converged.why}"
    rows = finding.failed_rows
    outcome += f"; {rows} rows failed" if rows else ""
    outcome += f"; {finding.failed_gradients} gradients failed" if finding.failed_gradients else ""
    return outcome + (f"; {finding.free_rows} rows were known or infeasible" if finding.free_rows else "")


def contributions_table(runs: Sequence[RunData]) -> Table:
    """Make a table of each agent's contribution, with one row per landscape, strategy and agent.

    It has the agent's share of the evaluations, of the records (rows that improved the best loss of the whole team), of
    the gains (``rank_gains``), and of the runs whose best point it found (``finals``). Runs without evaluations are
    left out.
    """
    rows = []
    for landscape, groups in group_runs(runs).items():
        for strategy, listed in groups.items():
            group = [run for run in listed if run.evaluations]
            if not group:
                continue
            team = group[0].team
            spent, records, gains, finals = (np.zeros(len(team)) for _ in range(4))
            for run in group:
                np.add.at(spent, run.points.agent, run.points.cost)
                setters = run.points.agent[run.record_rows]
                np.add.at(records, setters, 1)
                np.add.at(gains, setters, rank_gains(run))
                if len(setters):
                    finals[setters[-1]] += 1
            for i, agent in enumerate(team):
                rows.append((
                    landscape, strategy, agent, int(spent[i]), spent[i] / max(spent.sum(), 1), int(records[i]),
                    records[i] / max(records.sum(), 1), gains[i] / (gains.sum() or 1), int(finals[i]),
                    finals[i] / max(finals.sum(), 1),
                ))  # fmt: skip
    return Table.from_rows(
        ("landscape", "strategy", "agent", "evaluations", "evaluations_share", "records", "records_share",
         "gains_share", "finals", "finals_share"), rows,
    )  # fmt: skip


def rank_gains(run: RunData) -> Array:
    """Compute what each record of a run gained, shape (records,).

    The gain is a share of the run's finite points: those that are worse than the record but not worse than the record
    before it. All gains add up to 1 minus the best point's own share. They do not depend on the scale of losses, so a
    first step down from a huge loss does not outweigh all later ones.
    """
    finite = np.sort(run.points.losses[np.isfinite(run.points.losses)])
    better = np.searchsorted(finite, run.points.losses[run.record_rows], side="right")
    return -np.diff(better, prepend=len(finite)) / max(len(finite), 1)


def failures_table(runs: Sequence[RunData]) -> Table:
    """Make a table of all causes of failed rows, gradients and agents, with how often each occurred.

    The most frequent cause comes first. A cause starts with "row: ", "gradient: " or "agent: ". Causes that differ in
    numbers alone are one cause, in which each number is "#", with an example.
    """
    counts: dict[tuple[str, str, str, str, str], int] = {}
    for run in runs:
        for finding in findings(run.events):
            causes = [
                ("gradient", failure.cause.removeprefix(GRADIENT_CAUSE))
                if failure.of_gradient
                else ("row", failure.cause)
                for failure in finding.failures
                if not failure.is_free
            ]
            if finding.failed:
                causes.append(("agent", finding.cause + (f", {finding.place}" if finding.place else "")))
            for what, cause in causes:
                key = (run.landscape, run.strategy, finding.agent, what, cause)
                counts[key] = counts.get(key, 0) + 1
    shown = group_causes(cause for *_, cause in counts)
    grouped: Counter[tuple[str, str, str, str]] = Counter()
    for (*where, what, cause), n in counts.items():
        grouped[(where[0], where[1], where[2], f"{what}: {shown[cause]}")] += n
    # The most frequent cause comes first; equally frequent ones stay in the order in which they occurred.
    rows = sorted(((*key, n) for key, n in grouped.items()), key=lambda row: -row[4])
    return Table.from_rows(("landscape", "strategy", "agent", "cause", "count"), rows)


def failed_agents_table(runs: Sequence[RunData]) -> Table:
    """Make a table of the agents that failed, with one row per strategy and agent.

    It has the number of runs in which the agent failed, of runs of its strategy that have begun, and of its failed
    leases; and the most frequent cause, with its place in the agent's file. The agents that failed in most runs come
    first.
    """
    begun, failed = dict[str, int](), dict[tuple[str, str], list[Finding]]()
    failed_runs: Counter[tuple[str, str]] = Counter()
    for run in runs:
        outcomes = list(findings(run.events))
        begun[run.strategy] = begun.get(run.strategy, 0) + bool(outcomes)
        losses = [finding for finding in outcomes if finding.failed]
        for finding in losses:
            failed.setdefault((run.strategy, finding.agent), []).append(finding)
        failed_runs.update({(run.strategy, finding.agent) for finding in losses})
    rows = []
    shown = group_causes(format_cause(each.cause, each.place) for found in failed.values() for each in found)
    for (strategy, agent), found in failed.items():
        causes = Counter(shown[format_cause(finding.cause, finding.place)] for finding in found)
        rows.append((strategy, agent, failed_runs[strategy, agent], begun[strategy], len(found),
                     causes.most_common(1)[0][0]))  # fmt: skip
    rows.sort(key=lambda row: -row[2])
    return Table.from_rows(("strategy", "agent", "failed_runs", "runs", "leases", "cause"), rows)


def list_failed_strategies(runs: Sequence[RunData]) -> list[str]:
    """Return the strategies of which every agent that had a lease failed, in every run that has begun."""
    sound = dict[str, bool]()
    for run in runs:
        outcomes = list(findings(run.events))
        working = {finding.agent for finding in outcomes}
        failed = {finding.agent for finding in outcomes if finding.failed}
        if working:
            sound[run.strategy] = sound.get(run.strategy, False) or working != failed
    return [strategy for strategy, fine in sound.items() if not fine]


def clock_table(runs: Sequence[RunData], settings: SimulatedSettings) -> Table:
    """Make a table of the simulated time of each strategy on each landscape.

    It has the simulated seconds after which the last lease would have been collected (median over the runs), the share
    of the workers' time that was spent on evaluations (mean over the runs), and the number of workers lost. If the
    settings have no ``workers``, there is one worker per agent.
    """
    rows = []
    for landscape, groups in group_runs(runs).items():
        for strategy, group in groups.items():
            workers = settings.workers or len(group[0].team)
            clocks = [
                clock_of(Clock(run.id, run.settings["landscape"]["seconds"], workers, settings), run.events)
                for run in group
            ]  # fmt: skip
            rows.append((
                landscape, strategy, workers, float(np.median([c.makespan for c in clocks])),
                float(np.mean([c.busy_share for c in clocks])), sum(c.losses for c in clocks),
            ))  # fmt: skip
    return Table.from_rows(("landscape", "strategy", "workers", "seconds", "busy_share", "workers_lost"), rows)
