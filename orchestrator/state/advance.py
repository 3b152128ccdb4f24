"""The reducer, which folds one event into the state of a run."""

from __future__ import annotations

from heapq import heappop, heappush

import numpy as np

from ...agents.agent import Converged, Finding, Lease
from ...landscapes.landscape import Array
from .events import Collected, Event, Extended, Granted, Stopped, is_cut
from .member import Member
from .run import Run


def advance(run: Run, event: Event) -> None:
    """Fold one event into the run, in place.

    The state of a run is the result of folding its events, in order, into a new ``Run``.

    Args:
        run: The state before the event. It is changed.
        event: The run's next event. ``Started`` changes nothing.

    Example:
        >>> import numpy as np
        >>> from searchparty.agents.agent import Lease, Region
        >>> from searchparty.landscapes.landscape import Space
        >>> from searchparty.orchestrator.state.events import Granted
        >>> from searchparty.orchestrator.state.member import Member
        >>> from searchparty.orchestrator.state.run import Run
        >>> space, members = Space(np.zeros(2), np.ones(2)), {"a": Member("a", 0, 1), "b": Member("b", 1, 1)}
        >>> run = Run("r", space, 1.0, 100, 2, Region.whole(2), members)
        >>> advance(run, Granted(0, (Lease(0, "a", 30, run.region, "first lease", fresh=True),)))
        >>> run.granted, run.remaining, [member.name for member in run.idle]
        (30, 70, ['b'])
    """
    # The most frequent events come first.
    if isinstance(event, Granted):
        _grant(run, event)
    elif isinstance(event, Collected):
        _settle(run, event.finding)
        _note_end(run, event.finding)
    elif isinstance(event, Extended):
        # With more evaluations the search goes on, and what it finds may be far better than what was chosen.
        run.confirmed = run.confirmed and is_cut(run.budget, event)
        run.budget = event.budget
        run.halted = run.stopped = None
    elif isinstance(event, Stopped):
        run.stopped = event.reason


def _grant(run: Run, event: Granted) -> None:
    run.decisions = event.number + 1
    # Versions that did not stop runs by their first rows have granted further leases.
    run.halted = None
    for lease in event.leases:
        member = run.members[lease.agent]
        member.lease = lease
        if lease.fresh:
            member.episode_best, member.episode_spent, member.episode_incumbent = np.inf, 0, None
        member.converged = member.failed = None
        member.granted_at = run.spent + run.granted
        end = run.now + lease.rounds * run.seconds
        run.lanes_out += lease.lanes
        run.out[lease.id] = (end, lease)
        heappush(run.ends, (end, lease.id))
        run.idle_by_spent.leave(member)
        run.columns.set_height(member.index, member.committed)
        run.granted += lease.budget
        run.ever_granted += lease.budget
        run.leases = lease.id + 1


def _settle(run: Run, finding: Finding) -> None:
    charged, best = finding.charged, finding.best
    end, lease = run.out.pop(finding.lease)
    run.lanes_out -= lease.lanes
    while run.ends and run.ends[0][1] not in run.out:
        heappop(run.ends)
    run.now = max(run.now, end)
    run.granted -= lease.budget
    run.spent += charged
    run.collected += 1
    run.noisy = run.noisy or finding.noisy
    member = run.members[lease.agent]
    member.lease, member.last = None, lease
    member.leases += 1
    member.spent += charged
    member.episode_spent += charged
    member.costs.append(charged)
    loss = finding.best_loss
    member.bests.append(loss)
    member.improved = loss < member.episode_best
    if member.improved:
        member.episode_best, member.episode_incumbent = loss, best
    if best is not None and (member.best is None or loss < member.best.loss):
        member.best = best
    # What repeats have chosen, luck does not replace.
    news = best is not None and not run.confirmed
    member.record = news and (run.incumbent is None or loss < run.incumbent.loss)
    if member.record or finding.confirmed:
        run.incumbent = best
    run.confirmed = run.confirmed or finding.confirmed
    member.improvements.append(member.improved)
    member.records.append(member.record)
    run.curve.append(run.spent, min(loss, run.curve[-1][1]) if len(run.curve) else loss)
    if charged > 0:
        nothing = lease.fresh and finding.converged is not None and best is not None and best.row == 0
        member.fruitless = member.fruitless + 1 if nothing else 0
    _rejoin(run, member, lease, finding)
    run.columns.set_height(member.index, member.spent)
    if run.first_rows.room is not None and finding.why != "stopped":
        run.first_rows.add(finding.rows, finding.causes)
        cause = run.first_rows.stopped_by
        if cause is not None and run.remaining > 0:
            run.halted = f"the first {run.first_rows.most} rows all failed for the same error of the program: {cause}"


def _rejoin(run: Run, member: Member, lease: Lease, finding: Finding) -> None:
    """Make a member idle, unless it has had nothing new for long; and all who waited for news, if there is some."""
    if finding.charged > 0:
        member.barren = 0
        for waiting in run.waiting_for_news:
            waiting.barren = 0
            run.idle_by_spent.join(waiting)
        run.waiting_for_news.clear()
    elif lease.fresh and finding.free_rows:
        member.barren += 1
        if member.waits_for_news:
            run.waiting_for_news.append(member)
            return
    run.idle_by_spent.join(member)


def _note_end(run: Run, finding: Finding) -> None:
    """Record what the end of a lease means for the next lease of its agent, or for the run."""
    if finding.why == "spent":
        return
    if finding.failed:
        run.members[finding.agent].failed = finding.cause
        return
    if finding.why == "stopped":
        run.halted = run.halted or f"lease {finding.lease} of {finding.agent}: {finding.cause}"
        return
    minimum = finding.converged
    if minimum is not None:
        run.minima.append((finding.agent, minimum))
        run.members[finding.agent].converged = minimum
    else:
        point: Array = run.region.center if finding.best is None else finding.best.point
        run.members[finding.agent].converged = Converged(point, np.inf, "has nothing more to propose")
