"""Makes summaries of runs by hand, for tests of comparisons."""

from math import exp, log

import numpy as np

from searchparty.experiments.results.clock_account import ClockAccount
from searchparty.experiments.results.run_summary import RunSummary


def make_summary(
    losses, strategy="s", repeat=0, landscape="bowl", minimum=None, target=None, budget=None, stopped="budget spent",
    digest=None, leases=None, seconds=None, **settings,
):  # fmt: skip
    """Return the summary of a run with one evaluation for each loss.

    ``leases`` are the evaluations after which each lease ended (default: one evaluation a lease), and ``seconds`` when
    each of them was collected.
    """
    losses = np.asarray(losses, dtype=float)
    best = np.minimum.accumulate(losses) if len(losses) else losses
    records = np.flatnonzero(losses < np.concatenate([[np.inf], best[:-1]])) if len(losses) else np.empty(0, int)
    ends = np.arange(1, len(losses) + 1) if leases is None else np.asarray(leases)
    lease = np.searchsorted(ends, records + 1)
    clock = None if seconds is None else make_clock(losses, ends, np.asarray(seconds, dtype=float))
    # A landscape of its own for each label, unless settings say otherwise.
    landscape_settings = {"kind": "sphere", "seconds": 1.0, **(settings or {"label": landscape})}
    return RunSummary(
        f"{landscape}-{strategy}-{repeat}", strategy, landscape, repeat,
        {"team": [], "target": target, "landscape": landscape_settings}, 2, minimum, True, budget or len(losses),
        stopped, False, len(losses), records + 1, losses[records], ends[lease],
        len(losses), None, digest or f"{strategy}{repeat}{landscape}", (), {}, None, clock,
    )  # fmt: skip


def make_clock(losses, ends, seconds):
    """Return the times of leases that end after these evaluations, and are collected at these seconds."""
    best = [part.min() for part in np.split(losses, ends[:-1])]
    order = np.argsort(seconds, kind="stable")
    return ClockAccount(1, seconds.max(), 1.0, 0, seconds[order], np.array(best)[order], ends[order])


def reach(evaluations, budget=100, target=1.0, **more):
    """Return the summary of a run that reaches its target after so many evaluations; None: never."""
    spent = budget if evaluations is None else evaluations
    losses = np.full(spent, target + 1.0)
    if evaluations is not None:
        losses[-1] = target
    return make_summary(losses, target=target, budget=budget, **more)


def simulate(random, problems, runs, ratio, solved, spread=0.6, between=0.0, budget=2000):
    """Return runs of two strategies whose true ratio of expected running times is ``ratio`` on average."""
    found, log_ratios = [], []
    for place in range(problems):
        log_ratios.append(log(ratio) + between * random.normal())
        for strategy, factor in (("a", exp(log_ratios[-1])), ("b", 1.0)):
            times = 100 * factor * np.exp(spread * random.normal(size=runs) - spread**2 / 2)
            hits = np.maximum(np.round(times), 1).astype(int)
            fails = random.random(runs) >= solved
            # What a failed run spends is in proportion, so that the ratio of running times is the factor.
            spent = np.where(fails, np.round(300 * factor).astype(int), hits)
            found += [
                make_summary([2.0] * int(n - 1) + [2.0 if failed else 1.0], strategy, repeat, f"p{place}", target=1.0,
                             budget=budget)
                for repeat, (n, failed) in enumerate(zip(spent, fails, strict=True))
            ]  # fmt: skip
    return found, float(np.mean(log_ratios))
