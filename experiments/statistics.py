"""Tables from logs: who found what, at what cost, and how sure that is. No drawing here."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import mannwhitneyu, rankdata

from ..agents.agent import Lease
from ..landscapes.landscape import Array
from ..orchestrator.run import Event, Failed, Found, Granted
from .runs import RunData

DEFAULT_PRECISION = 1e-3
"""The target where an experiment sets none: so close to the known minimum."""
ALPHA = 0.05
GRID_POINTS = 80


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


def target_of(runs: Sequence[RunData], landscape: str) -> float:
    """The loss that counts as success on a landscape: the experiment's target, else a little above the known
    minimum, else the best median that any strategy reached."""
    here = [run for run in runs if run.landscape == landscape]
    targets = [run.target for run in here if run.target is not None]
    if targets:
        return max(targets)
    if here[0].minimum is not None:
        return here[0].minimum + DEFAULT_PRECISION
    medians = [np.median([r.final for r in select(runs, landscape, s)]) for s in strategies_of(here)]
    return float(min(medians))


def comparison(runs: Sequence[RunData]) -> Table:
    """Per landscape and strategy: quartiles of the best loss, success at the target, evaluations to it.

    ``ert`` is the expected running time: all evaluations spent before success or the end, over the number of
    successes (Hansen et al. 2010, "Comparing results of 31 algorithms from BBOB-2009").
    """
    names = (
        "landscape", "strategy", "runs", "best", "lower_quartile", "median", "upper_quartile", "minimum", "target",
        "successes", "success_rate", "evaluations_to_target", "ert", "evaluations", "rank",
    )  # fmt: skip
    rows = []
    for landscape in landscapes_of(runs):
        target = target_of(runs, landscape)
        groups = {s: select(runs, landscape, s) for s in strategies_of(runs)}
        groups = {s: group for s, group in groups.items() if group}
        ranks = mean_ranks(groups)
        for strategy, group in groups.items():
            finals = np.array([run.final for run in group])
            hits = [run.first_below(target) for run in group]
            reached = [hit for hit in hits if hit is not None]
            paid = sum(run.evaluations if hit is None else hit for run, hit in zip(group, hits, strict=True))
            low, middle, high = quartiles(finals)
            rows.append((
                landscape, strategy, len(group), float(finals.min()), low, middle, high, group[0].minimum, target,
                len(reached), len(reached) / len(group), float(np.median(reached)) if reached else None,
                paid / len(reached) if reached else None,
                float(np.mean([run.evaluations for run in group])), ranks[strategy],
            ))  # fmt: skip
    return Table.of(names, rows)


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

    ``granted_at`` and ``collected_at`` are evaluations spent by the run then; None: not collected."""
    names = (
        "lease", "agent", "granted_at", "collected_at", "budget", "charged", "center", "radius", "fresh", "reason",
        "outcome", "best", "record",
    )  # fmt: skip
    spent, best = 0, np.inf
    granted: dict[int, tuple[int, Lease]] = {}
    done: dict[int, tuple[Any, ...]] = {}
    for event in run.events:
        if isinstance(event, Granted):
            granted |= {lease.id: (spent, lease) for lease in event.leases}
        elif isinstance(event, Found | Failed):
            lease, charged, outcome, loss = collected(event)
            spent += charged
            done[lease] = (spent, charged, outcome, loss, loss < best)
            best = min(best, loss)
    rows = []
    for number, (at, lease) in granted.items():
        end, charged, outcome, loss, record = done.get(number, (None, 0, "not collected", np.inf, False))
        center = [round(float(c), 6) for c in lease.region.center]
        rows.append((
            number, lease.agent, at, end, lease.budget, charged, center, lease.region.radius, lease.fresh,
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
    loss of the whole team so far), and of the runs whose best point it found."""
    rows = []
    for landscape in landscapes_of(runs):
        for strategy in strategies_of(runs):
            group = [run for run in select(runs, landscape, strategy) if run.evaluations]
            if not group:
                continue
            team = group[0].team
            spent, records, finals = (np.zeros(len(team)) for _ in range(3))
            for run in group:
                np.add.at(spent, run.points.agent, run.points.cost)
                setters = run.points.agent[run.record_rows]
                np.add.at(records, setters, 1)
                if len(setters):
                    finals[setters[-1]] += 1
            for i, agent in enumerate(team):
                rows.append((
                    landscape, strategy, agent, int(spent[i]), spent[i] / max(spent.sum(), 1), int(records[i]),
                    records[i] / max(records.sum(), 1), int(finals[i]), finals[i] / max(finals.sum(), 1),
                ))  # fmt: skip
    return Table.of(
        ("landscape", "strategy", "agent", "evaluations", "evaluations_share", "records", "records_share",
         "finals", "finals_share"), rows,
    )  # fmt: skip


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
