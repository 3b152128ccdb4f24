"""Makes tables of how the budget was used: leases and their reasons, each agent's share, failures, time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from ...agents.agent import Finding
from ...landscapes.cause_groups import group_causes
from ...landscapes.landscape import Array
from ...orchestrator.state.lease_table import fold_leases
from ..spec.models import SimulatedSettings
from .agent_account import AgentAccount, account_for_agents
from .clock_account import ClockAccount, account_for_time
from .grouping import group_runs
from .recorded_runs import RunData
from .run_summary import SPELLS, RunSummary
from .table import Table
from .time_use import RunTime

MOST_VALUES = 12
"""The most values of a setting that a table shows."""


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


def best_points_table(runs: Sequence[RunSummary]) -> Table:
    """Make a table of the best points: the best run of each strategy on each landscape, and the setting it ended with.

    The setting is in words: values by name, or coordinates, at most ``MOST_VALUES`` of them. Runs without a finite loss
    are left out.
    """
    names = ("landscape", "strategy", "loss", "setting", "agent", "repeat")
    rows = []
    for landscape, strategies in group_runs(runs).items():
        for strategy, listed in strategies.items():
            points = [run.best_point for run in listed if run.best_point is not None]
            if points:
                best = min(points, key=lambda point: point.loss)
                rows.append((landscape, strategy, best.loss, best.describe(MOST_VALUES), best.agent, best.repeat))
    return Table.from_rows(names, rows)


def contributions_table(runs: Sequence[RunData | RunSummary]) -> Table:
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
            counts = np.array(
                [
                    [
                        (each.evaluations, each.records, each.gains, float(each.found_best))
                        for each in _list_accounts(run)
                    ]
                    for run in group
                ]
            )
            spent, records, gains, finals = counts.sum(axis=0).T
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


def _list_accounts(run: RunData | RunSummary) -> tuple[AgentAccount, ...]:
    return run.accounts if isinstance(run, RunSummary) else account_for_agents(run)


def agents_table(runs: Sequence[RunSummary]) -> Table:
    """Make a table of what each agent did over all runs of its strategy, with one row per strategy and agent.

    It has the agent's shares as ``contributions_table``, how many of its points a run had tried before, and how often
    it was stuck, oscillated, stagnated and was restarted.
    """
    order: dict[tuple[str, str], list[tuple[RunSummary, AgentAccount]]] = {}
    for run in runs:
        for account in run.accounts:
            order.setdefault((run.strategy, account.agent), []).append((run, account))
    totals: dict[str, Array] = {}
    sums = {}
    for (strategy, agent), found in order.items():
        listed = [(each.evaluations, each.records, each.gains, float(each.found_best)) for _, each in found]
        sums[strategy, agent] = np.sum(listed, axis=0)
        totals[strategy] = totals.get(strategy, np.zeros(4)) + sums[strategy, agent]
    rows = []
    for (strategy, agent), found in order.items():
        spells = [sum(run.spells.get((agent, kind), 0) for run, _ in found) for kind in SPELLS]
        shares = sums[strategy, agent] / np.where(totals[strategy] == 0, 1, totals[strategy])
        rows.append((
            strategy, agent, int(sums[strategy, agent][0]), *shares.tolist(), sum(each.leases for _, each in found),
            sum(each.duplicates for _, each in found), *spells,
        ))  # fmt: skip
    names = ("strategy", "agent", "evaluations", "evaluations_share", "records_share", "gains_share", "finals_share",
             "leases", "duplicates", "stuck", "oscillates", "stagnates", "restarts")  # fmt: skip
    return Table.from_rows(names, rows)


def failures_table(runs: Sequence[RunData | RunSummary]) -> Table:
    """Make a table of all causes of failed rows, gradients and agents, with how often each occurred.

    The most frequent cause comes first. A cause starts with "row: ", "gradient: " or "agent: ". Causes that differ in
    numbers alone are one cause, in which each number is "#", with an example.
    """
    counts: Counter[tuple[str, str, str, str, str]] = Counter()
    for run in runs:
        for account in _list_accounts(run):
            for (what, cause), n in account.failures.items():
                counts[run.landscape, run.strategy, account.agent, what, cause] += n
    shown = group_causes(cause for *_, cause in counts)
    grouped: Counter[tuple[str, str, str, str]] = Counter()
    for (*where, what, cause), n in counts.items():
        grouped[(where[0], where[1], where[2], f"{what}: {shown[cause]}")] += n
    # The most frequent cause comes first; equally frequent ones stay in the order of the runs and of their agents.
    rows = sorted(((*key, n) for key, n in grouped.items()), key=lambda row: -row[4])
    return Table.from_rows(("landscape", "strategy", "agent", "cause", "count"), rows)


def describe_impossible(runs: Sequence[RunData | RunSummary]) -> list[str]:
    """Return a sentence for each landscape on which no point that was proposed met the constraints."""
    lines = []
    for landscape, groups in group_runs(runs).items():
        listed = [run for group in groups.values() for run in group]
        refused = Counter[str]()
        for run in listed:
            for account in _list_accounts(run):
                refused.update(account.refused)
        if refused and not any(run.evaluations for run in listed):
            constraint = refused.most_common(1)[0][0]
            lines.append(
                f"No setting of {landscape} that was proposed meets the constraint {constraint!r} "
                f"({refused.total():,} were proposed)."
            )
    return lines


def failed_agents_table(runs: Sequence[RunData | RunSummary]) -> Table:
    """Make a table of the agents that failed, with one row per strategy and agent.

    It has the number of runs in which the agent failed, of runs of its strategy that have begun, and of its failed
    leases; and the most frequent cause, with its place in the agent's file. The agents that failed in most runs come
    first.
    """
    begun: Counter[str] = Counter()
    failed_runs: Counter[tuple[str, str]] = Counter()
    causes: dict[tuple[str, str], Counter[str]] = {}
    for run in runs:
        accounts = _list_accounts(run)
        begun[run.strategy] += any(account.leases for account in accounts)
        for account in accounts:
            if account.failed_leases:
                failed_runs[run.strategy, account.agent] += 1
                causes.setdefault((run.strategy, account.agent), Counter()).update(account.failed_leases)
    shown = group_causes(cause for found in causes.values() for cause in found.elements())
    rows = []
    for (strategy, agent), found in causes.items():
        grouped: Counter[str] = Counter()
        for cause, n in found.items():
            grouped[shown[cause]] += n
        rows.append((strategy, agent, failed_runs[strategy, agent], begun[strategy], found.total(),
                     grouped.most_common(1)[0][0]))  # fmt: skip
    rows.sort(key=lambda row: -row[2])
    return Table.from_rows(("strategy", "agent", "failed_runs", "runs", "leases", "cause"), rows)


def list_failed_strategies(runs: Sequence[RunData | RunSummary]) -> list[str]:
    """Return the strategies of which every agent that had a lease failed, in every run that has begun."""
    sound = dict[str, bool]()
    for run in runs:
        working = [account for account in _list_accounts(run) if account.leases]
        if working:
            sound[run.strategy] = sound.get(run.strategy, False) or not all(a.failed_leases for a in working)
    return [strategy for strategy, fine in sound.items() if not fine]


def times_table(runs: Sequence[RunSummary]) -> Table:
    """Make a table of where the time of each agent went, in seconds over all runs, with a row per strategy and agent.

    ``asked_seconds`` is that of the agent, ``evaluation_seconds`` that of its proposals, ``start_up_seconds`` what the
    first lease of each actor took besides, ``transport_seconds`` what the others did, and ``waiting_seconds`` how long
    the agent had no lease while the run went on. ``leases`` whose times the log does not have are left out.
    """
    rows = []
    for strategy, found in _group_times(runs).items():
        for name in dict.fromkeys(agent.agent for time in found for agent in time.agents):
            listed = [(time, agent) for time in found for agent in time.agents if agent.agent == name]
            actors = sorted({agent.actor for _, agent in listed})
            sums = [
                sum(getattr(agent, part) for _, agent in listed)
                for part in ("leases", "asked", "evaluated", "start_up", "transport")
            ]
            waited = sum(max(0.0, time.seconds - agent.out) for time, agent in listed)
            rows.append((strategy, name, ", ".join(map(str, actors)), len(listed), *sums, waited))
    names = ("strategy", "agent", "actors", "runs", "leases", "asked_seconds", "evaluation_seconds",
             "start_up_seconds", "transport_seconds", "waiting_seconds")  # fmt: skip
    return Table.from_rows(names, rows)


def efficiency_table(runs: Sequence[RunSummary]) -> Table:
    """Make a table of how well the actors of each strategy were used, over all runs whose times the log has.

    ``seconds`` are those that the runs took together, ``ideal_seconds`` those that their work would have taken if it
    had been spread evenly over their actors, with nothing besides, and ``efficiency`` is the ratio of the two.
    """
    rows = []
    for strategy, found in _group_times(runs).items():
        seconds, ideal = sum(time.seconds for time in found), sum(time.ideal for time in found)
        actors = max(time.actors for time in found)
        worked = sum(time.worked for time in found)
        rows.append((strategy, len(found), actors, seconds, worked, ideal, ideal / seconds if seconds > 0 else 1.0))
    names = ("strategy", "runs", "actors", "seconds", "worked_seconds", "ideal_seconds", "efficiency")
    return Table.from_rows(names, rows)


def _group_times(runs: Sequence[RunSummary]) -> dict[str, list[RunTime]]:
    found: dict[str, list[RunTime]] = {}
    for run in runs:
        if run.time is not None:
            found.setdefault(run.strategy, []).append(run.time)
    return found


def clock_table(runs: Sequence[RunData | RunSummary], settings: SimulatedSettings) -> Table:
    """Make a table of the simulated time of each strategy on each landscape.

    It has the simulated seconds after which the last lease would have been collected (median over the runs), the share
    of the workers' time that was spent on evaluations (mean over the runs), and the number of workers lost. If the
    settings have no ``workers``, there is one worker per agent.
    """
    rows = []
    for landscape, groups in group_runs(runs).items():
        for strategy, group in groups.items():
            clocks = [_find_clock(run, settings) for run in group]
            rows.append((
                landscape, strategy, clocks[0].workers, float(np.median([c.makespan for c in clocks])),
                float(np.mean([c.busy_share for c in clocks])), sum(c.losses for c in clocks),
            ))  # fmt: skip
    return Table.from_rows(("landscape", "strategy", "workers", "seconds", "busy_share", "workers_lost"), rows)


def _find_clock(run: RunData | RunSummary, settings: SimulatedSettings) -> ClockAccount:
    if isinstance(run, RunData):
        return account_for_time(run, settings)
    assert run.clock is not None, "a summary has the times of the settings with which it was made"
    return run.clock
