"""Tables from logs: who found what, at what cost, and how sure that is. No drawing here."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import mannwhitneyu, rankdata

from ..agents.agent import Lease
from ..landscapes.landscape import Array
from ..orchestrator.clock import Clock, busy_share, makespan, timeline
from ..orchestrator.run import Event, Failed, Found, Granted
from .runs import RunData

DEFAULT_PRECISION = 1e-3
"""The target where an experiment sets none: so close to the known minimum."""
ALPHA = 0.05
GRID_POINTS = 80
GAPS = tuple(10.0**power for power in range(1, -9, -1))
"""Distances above the known minimum, 10 to 1e-8, that the table of thresholds asks for."""


@dataclass(frozen=True)
class Table:
    """Named columns of equal length."""

    columns: dict[str, list[Any]]

    @classmethod
    def of(cls, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Table:
        """A table from rows."""
        listed = [list(row) for row in rows]
        return cls({name: [row[i] for row in listed] for i, name in enumerate(names)})

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), []))

    def rows(self) -> list[dict[str, Any]]:
        """One mapping a row."""
        return [{name: column[i] for name, column in self.columns.items()} for i in range(len(self))]

    def where(self, **wanted: Any) -> Table:
        """The rows whose columns have these values."""
        keep = [i for i in range(len(self)) if all(self.columns[name][i] == value for name, value in wanted.items())]
        return Table({name: [column[i] for i in keep] for name, column in self.columns.items()})

    def to_pandas(self) -> Any:
        """A pandas DataFrame. Raises ImportError, with the cure, where pandas is not installed."""
        try:
            import pandas
        except ImportError:
            raise ImportError("pandas is not installed: pip install 'searchparty[pandas]'") from None
        return pandas.DataFrame(self.columns)

    def to_csv(self, path: Path) -> None:
        """Write the table as CSV."""
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(self.columns)
            writer.writerows(row.values() for row in self.rows())


def landscapes_of(runs: Sequence[RunData]) -> list[str]:
    """Labels of the landscapes, in the order of the plan."""
    return list(dict.fromkeys(run.landscape for run in runs))


def strategies_of(runs: Sequence[RunData]) -> list[str]:
    """Names of the strategies, in the order of the plan."""
    return list(dict.fromkeys(run.strategy for run in runs))


def select(runs: Sequence[RunData], landscape: str, strategy: str) -> list[RunData]:
    """The runs of one strategy on one landscape."""
    return [run for run in runs if run.landscape == landscape and run.strategy == strategy]


def target_of(runs: Sequence[RunData], landscape: str) -> tuple[float, str]:
    """The loss that counts as success on a landscape, and where it comes from: the experiment's target, else a
    little above the known minimum, else the best median that any strategy reached."""
    here = [run for run in runs if run.landscape == landscape]
    targets = [run.target for run in here if run.target is not None]
    if targets:
        return max(targets), "set by the experiment"
    if here[0].minimum is not None:
        return here[0].minimum + DEFAULT_PRECISION, f"{DEFAULT_PRECISION:g} above the known minimum"
    medians = [np.median([r.final for r in select(runs, landscape, s)]) for s in strategies_of(here)]
    best = float(min(medians))
    # Infinity would make a success of every run that found nothing.
    return (best, "the best median reached") if np.isfinite(best) else (-np.inf, "none: no median is finite")


def comparison(runs: Sequence[RunData]) -> Table:
    """Per landscape and strategy: quartiles of the best loss, success at the target, evaluations to it.

    ``ert`` is the expected running time: all evaluations spent before success or the end, over the number of
    successes (Hansen et al. 2010, "Comparing results of 31 algorithms from BBOB-2009").
    """
    names = (
        "landscape", "strategy", "runs", "best", "lower_quartile", "median", "upper_quartile", "minimum", "median_gap",
        "target", "target_from", "successes", "success_rate", "evaluations_to_target", "ert", "evaluations", "rank",
    )  # fmt: skip
    rows = []
    for landscape in landscapes_of(runs):
        target, origin = target_of(runs, landscape)
        groups = {s: select(runs, landscape, s) for s in strategies_of(runs)}
        groups = {s: group for s, group in groups.items() if group}
        ranks = mean_ranks(groups)
        for strategy, group in groups.items():
            finals = np.array([run.final for run in group])
            hits = [run.first_below(target) for run in group]
            reached = [hit for hit in hits if hit is not None]
            paid = sum(run.evaluations if hit is None else hit for run, hit in zip(group, hits, strict=True))
            low, middle, high = quartiles(finals)
            known = group[0].minimum
            rows.append((
                landscape, strategy, len(group), float(finals.min()), low, middle, high, known,
                None if known is None else middle - known, target, origin, len(reached), len(reached) / len(group),
                float(np.median(reached)) if reached else None, paid / len(reached) if reached else None,
                float(np.mean([run.evaluations for run in group])), ranks[strategy],
            ))  # fmt: skip
    return Table.of(names, rows)


def thresholds(runs: Sequence[RunData]) -> Table:
    """Per landscape of known minimum, strategy and gap: the share of runs that came so close to the minimum, and the
    median of the evaluations they took (None: no run did)."""
    rows: list[tuple[Any, ...]] = []
    for landscape in landscapes_of(runs):
        for strategy in strategies_of(runs):
            group = select(runs, landscape, strategy)
            if not group or group[0].minimum is None:
                continue
            for gap in GAPS:
                hits = [hit for run in group if (hit := run.first_below(group[0].minimum + gap)) is not None]
                median = float(np.median(hits)) if hits else None
                rows.append((landscape, strategy, gap, len(hits) / len(group), median))
    return Table.of(("landscape", "strategy", "gap", "share", "evaluations"), rows)


def standings(runs: Sequence[RunData]) -> Table:
    """Per strategy over all landscapes: how often it led by median, how often it won convincingly, and the mean of
    its mean ranks; best rank first. Only landscapes it searched count."""
    compared, leading = comparison(runs), winners(runs)
    rows: list[tuple[Any, ...]] = []
    for strategy in strategies_of(runs):
        ranks = compared.where(strategy=strategy).columns["rank"]
        led, won = len(leading.where(leader=strategy)), len(leading.where(winner=strategy))
        rows.append((strategy, len(ranks), led, won, float(np.mean(ranks))))
    names = ("strategy", "landscapes", "led", "won", "mean_rank")
    return Table.of(names, sorted(rows, key=lambda row: float(row[-1])))


def quartiles(values: Array) -> tuple[float, float, float]:
    """Lower quartile, median and upper quartile; a quartile between a number and infinity is infinity."""
    ordered = np.sort(np.asarray(values, dtype=float))
    found = []
    for share in (0.25, 0.5, 0.75):
        position = share * (len(ordered) - 1)
        low, high = ordered[int(np.floor(position))], ordered[int(np.ceil(position))]
        part = position - np.floor(position)
        found.append(float(low if part == 0 else high if np.isinf(high) else low + part * (high - low)))
    return found[0], found[1], found[2]


def mean_ranks(groups: dict[str, list[RunData]]) -> dict[str, float]:
    """Mean rank (1 is best) of each strategy's final losses among all runs of its repeat."""
    repeats = sorted({run.repeat for group in groups.values() for run in group})
    ranks: dict[str, list[float]] = {strategy: [] for strategy in groups}
    for repeat in repeats:
        found = {s: run.final for s, group in groups.items() for run in group if run.repeat == repeat}
        for strategy, rank in zip(found, rankdata(list(found.values())), strict=True):
            ranks[strategy].append(float(rank))
    return {strategy: float(np.mean(values)) for strategy, values in ranks.items()}


def winners(runs: Sequence[RunData]) -> Table:
    """Per landscape: the strategy of the best median against the runner-up, by the two-sided Mann-Whitney U test,
    p-values adjusted over the landscapes by Holm's method. ``winner`` is None where that does not convince."""
    found: list[list[Any]] = []
    for landscape in landscapes_of(runs):
        groups = [(s, [r.final for r in select(runs, landscape, s)]) for s in strategies_of(runs)]
        groups = sorted((g for g in groups if g[1]), key=lambda g: (float(np.median(g[1])), float(np.mean(g[1]))))
        first = groups[0]
        second = groups[1] if len(groups) > 1 else None
        p = None if second is None else rank_sum(first[1], second[1])
        found.append([landscape, first[0], None if second is None else second[0], p])
    adjusted = holm([row[3] for row in found])
    return Table.of(
        ("landscape", "leader", "runner_up", "p", "winner"),
        [
            (la, a, b, p, a if p is not None and p < ALPHA else None)
            for (la, a, b, _), p in zip(found, adjusted, strict=True)
        ],
    )


def rank_sum(first: Sequence[float], second: Sequence[float]) -> float:
    """p of the two-sided Mann-Whitney U test; 1 where all values are the same."""
    if len(set(first) | set(second)) == 1:
        return 1.0
    # Ranks are all the test looks at, and unlike infinities they can be subtracted.
    ranks = rankdata([*first, *second])
    return float(mannwhitneyu(ranks[: len(first)], ranks[len(first) :], alternative="two-sided").pvalue)


def least_p(first: int, second: int) -> float:
    """The least p that the test can give for groups so large: that of a complete separation."""
    return min(1.0, 2 / comb(first + second, first))


def holm(values: Sequence[float | None]) -> list[float | None]:
    """p-values adjusted for so many tests (Holm 1979); None stays None."""
    tested = sorted((p, i) for i, p in enumerate(values) if p is not None)
    adjusted: list[float | None] = [None] * len(values)
    worst = 0.0
    for place, (p, i) in enumerate(tested):
        worst = max(worst, min(1.0, p * (len(tested) - place)))
        adjusted[i] = worst
    return adjusted


def convergence(runs: Sequence[RunData]) -> Table:
    """Best loss so far against evaluations: median and quartiles per landscape and strategy, on a geometric grid.
    Runs that stopped early (a target) keep their last loss; infinite before the first finite loss."""
    rows = []
    for landscape in landscapes_of(runs):
        for strategy in strategies_of(runs):
            group = [run for run in select(runs, landscape, strategy) if run.evaluations]
            if not group:
                continue
            last = max(run.evaluations for run in group)
            grid = np.unique(np.round(np.geomspace(1, last, GRID_POINTS)).astype(int))
            curves = np.array([run.best_at(grid) for run in group])
            rows += [(landscape, strategy, int(x), *quartiles(curves[:, i])) for i, x in enumerate(grid)]
    return Table.of(("landscape", "strategy", "evaluations", "lower_quartile", "median", "upper_quartile"), rows)


def leases(run: RunData) -> Table:
    """Every lease of a run with its reason and what came of it, in the order of granting.

    ``granted_at`` and ``collected_at`` are evaluations spent by the run then; None: not collected. ``starts`` and
    ``ends`` are logical seconds, fixed at the grant."""
    names = (
        "lease", "agent", "granted_at", "collected_at", "starts", "ends", "budget", "charged", "center", "radius",
        "fresh", "reason", "outcome", "best", "record",
    )  # fmt: skip
    spent, best, now = 0, np.inf, 0.0
    seconds = run.settings["landscape"]["seconds"]
    granted: dict[int, tuple[int, float, float, Lease]] = {}
    done: dict[int, tuple[Any, ...]] = {}
    for event in run.events:
        if isinstance(event, Granted):
            granted |= {lease.id: (spent, now, now + lease.budget * seconds, lease) for lease in event.leases}
        elif isinstance(event, Found | Failed):
            id, charged, outcome, loss = collected(event)
            spent, now = spent + charged, max(now, granted[id][2])
            done[id] = (spent, charged, outcome, loss, loss < best)
            best = min(best, loss)
    rows = []
    for number, (at, starts, ends, lease) in granted.items():
        end, charged, outcome, loss, record = done.get(number, (None, 0, "not collected", np.inf, False))
        center = [round(float(c), 6) for c in lease.region.center]
        rows.append((
            number, lease.agent, at, end, starts, ends, lease.budget, charged, center, lease.region.radius, lease.fresh,
            lease.reason, outcome, None if np.isinf(loss) else loss, record,
        ))  # fmt: skip
    return Table.of(names, rows)


def collected(event: Event) -> tuple[int, int, str, float]:
    """(lease, charged, outcome in words, best loss) of a finding or a failure."""
    if isinstance(event, Found):
        f = event.finding
        outcome = f.why if f.converged is None else f"converged: {f.converged.why}"
        if f.failures:
            outcome += f"; {len(f.failures)} rows failed"
        return f.lease, f.charged, outcome, np.inf if f.best is None else f.best.loss
    assert isinstance(event, Failed)
    return event.lease, event.charged, f"failed: {event.cause}", np.inf if event.best is None else event.best.loss


def contributions(runs: Sequence[RunData]) -> Table:
    """Per landscape, strategy and agent: its share of the evaluations, of the records (rows that bettered the best
    loss of the whole team so far), of the gains (``rank_gains``), and of the runs whose best point it found."""
    rows = []
    for landscape in landscapes_of(runs):
        for strategy in strategies_of(runs):
            group = [run for run in select(runs, landscape, strategy) if run.evaluations]
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
    return Table.of(
        ("landscape", "strategy", "agent", "evaluations", "evaluations_share", "records", "records_share",
         "gains_share", "finals", "finals_share"), rows,
    )  # fmt: skip


def rank_gains(run: RunData) -> Array:
    """What each record of a run gained, (records,), as a share of the run's finite points: those it is better than
    and the record before it was not. They add up to 1 less the best point's own share and do not depend on the scale
    of losses, so that a first step down from a huge loss does not drown all later ones."""
    finite = np.sort(run.points.losses[np.isfinite(run.points.losses)])
    better = np.searchsorted(finite, run.points.losses[run.record_rows], side="right")
    return -np.diff(better, prepend=len(finite)) / max(len(finite), 1)


def failures(runs: Sequence[RunData]) -> Table:
    """What went wrong, how often, in which strategy: failed rows, failed agents."""
    counts: dict[tuple[str, str, str, str], int] = {}
    for run in runs:
        for event in run.events:
            if isinstance(event, Found):
                causes = [("row", f.cause) for f in event.finding.failures]
                agent = event.finding.agent
            elif isinstance(event, Failed):
                causes = [("row", f.cause) for f in event.failures] + [("agent", event.cause)]
                agent = event.agent
            else:
                continue
            for what, cause in causes:
                key = (run.landscape, run.strategy, agent, f"{what}: {cause}")
                counts[key] = counts.get(key, 0) + 1
    return Table.of(("landscape", "strategy", "agent", "cause", "count"), [(*key, n) for key, n in counts.items()])


def clock(runs: Sequence[RunData], settings: dict[str, Any]) -> Table:
    """Per landscape and strategy: when the simulated clock would have had the last lease in (median over the runs,
    simulated seconds), the share of the workers' time that was work, and workers lost. ``settings`` are the simulated
    executor's; without ``workers``, one an agent."""
    rows = []
    for landscape in landscapes_of(runs):
        for strategy in strategies_of(runs):
            group = select(runs, landscape, strategy)
            if not group:
                continue
            workers = settings.get("workers") or len(group[0].team)
            kept = Clock(**(settings | {"workers": workers}))
            shifts = [timeline(r.id, r.events, r.settings["landscape"]["seconds"], kept) for r in group]
            rows.append((
                landscape, strategy, workers, float(np.median([makespan(s) for s in shifts])),
                float(np.mean([busy_share(s, workers) for s in shifts])), sum(x.losses for s in shifts for x in s),
            ))  # fmt: skip
    return Table.of(("landscape", "strategy", "workers", "seconds", "busy_share", "workers_lost"), rows)
