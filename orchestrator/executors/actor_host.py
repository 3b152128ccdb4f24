"""The content of an actor: the searchers of runs whose agents it hosts, or whole runs. It does not depend on Ray."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from types import FrameType

from ...agents.evaluation.apart import ApartEvaluator
from ...agents.evaluation.children.pool import ChildPool
from ...agents.evaluation.evaluator import Evaluator
from ...agents.evaluation.interrupts import interrupts
from ...agents.evaluation.lanes import LaneEvaluator
from ...agents.evaluation.open import open_evaluator
from ...agents.leases.agent_clock import AgentClock
from ...agents.leases.recorded_rows import GradientReplayer
from ...agents.leases.work import Phase, work_lease
from ...landscapes.ambient import set_ambient_state_aside
from ...landscapes.opening import check_probe, open_problem
from ..run_spec import RunSpec
from ..state.archive import ArchiveStore
from .messages import ACTOR_FLUSH_SECONDS, LeaseUpdate, PickledRun, WorkOrder
from .packed import Chunk, RecordedLog, work_in_chunks
from .process_losses import LOSSES_PER_ROW, ROW_LOST
from .streams import open_searchers

STOP_SIGNAL = getattr(signal, "SIGUSR1", None)
"""The signal by which a driver that is stopped asks an actor to send what it has found."""
SENDING_SECONDS = 0.005
"""How long an update takes to leave this process, about."""


def end_at_termination() -> None:
    """Let SIGTERM end this process at once. Ray would raise SystemExit, wherever an agent or an objective then is."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def hear_stop_signal() -> None:
    """Let the driver's signal end the work of this process, so that what was found is sent first.

    It raises KeyboardInterrupt in what an agent or an objective does, or where they wait for other processes, and never
    in Ray's own code.
    """
    if threading.current_thread() is threading.main_thread() and STOP_SIGNAL is not None:
        # For as long as this process lives.
        interrupts.held = True
        signal.signal(STOP_SIGNAL, _end_work)


def _end_work(_: int, __: FrameType | None) -> None:
    if not interrupts.waiting:
        interrupts.receive()


class RunHost:
    """The searchers of one run within an actor.

    Args:
        planned: The run's specification.
        evaluator: Evaluates its points. It is closed with the host.
        open_children: Creates child processes, in which rows are evaluated that are suspected of ending their process;
            None if rows of the run cannot be evaluated in any.

    Attributes:
        replayer: Evaluates recorded rows again whose gradients the log does not keep.
    """

    def __init__(
        self, planned: RunSpec, evaluator: Evaluator, open_children: Callable[[], ChildPool | None] = lambda: None
    ) -> None:
        self._evaluator, self.replayer = evaluator, GradientReplayer(evaluator)
        self._open_children = open_children
        self._apart: ApartEvaluator | None = None
        self._clock = AgentClock(planned.evaluation.agent_timeout, disposable=True)
        self._searchers = open_searchers(planned, self._evaluator, self._clock, self.replayer)
        self._store = ArchiveStore(self._evaluator.space.dimension)

    def work(self, order: WorkOrder) -> Iterator[LeaseUpdate]:
        """Work one lease.

        Yields:
            Rows as they are evaluated; the last update has the finding.
        """
        for agent, rows in order.archive_update:
            self._store.extend(agent, rows)
        lease = order.lease
        if isinstance(self._evaluator, LaneEvaluator):
            self._evaluator.set_lanes(lease.lanes)
        searcher = self._searchers[lease.agent]
        apart = self._open_apart() if order.apart else None
        searcher.evaluator = self._evaluator if apart is None else apart
        if order.announce_rows:
            yield LeaseUpdate(None, apart=apart is not None)
        if searcher.agent.reads_archive or self._evaluator.space.remembers:
            lease = replace(lease, seen=self._store.view(lease.archive))
        began = time.perf_counter()
        steps = work_lease(
            searcher,
            lease,
            order.episode,
            order.recorded,
            order.flush_seconds,
            order.lost_rows,
            order.largest,
            first_rows=order.first_rows,
            verdict=order.verdict,
            announces=order.announce_rows,
        )
        try:
            while True:
                part = next(steps)
                yield LeaseUpdate(None, phase=part) if isinstance(part, Phase) else LeaseUpdate(part)
                if order.announce_rows:
                    # What was sent arrives even if this process ends in the next instant.
                    time.sleep(SENDING_SECONDS)
        except StopIteration as stop:
            rows, finding = stop.value
            yield LeaseUpdate(rows, finding, time.perf_counter() - began, self.replayer.count)

    def close(self) -> None:
        """End all searches of the run, and close its evaluator."""
        for searcher in self._searchers.values():
            searcher.end()
        self._clock.close()
        if self._apart is not None:
            self._apart.close()
        self._evaluator.close()

    def _open_apart(self) -> ApartEvaluator | None:
        """Return the evaluator of rows that may end their process; None if there can be none."""
        if self._apart is None and (children := self._open_children()) is not None:
            self._apart = ApartEvaluator(children, LOSSES_PER_ROW, ROW_LOST)
        return self._apart


EvaluatorFactory = Callable[[PickledRun, RunSpec], Evaluator]
"""Creates the evaluator of a run whose rows are evaluated on the whole cluster."""


ChildrenFactory = Callable[[RunSpec], ChildPool | None]
"""Creates child processes that evaluate rows of a run; None if its rows cannot be evaluated in them, or are anyway."""


class ActorHost:
    """What an actor hosts: the ``RunHost`` of each run that has agents in it.

    Args:
        spread: Creates the evaluator of a run whose rows are evaluated on the whole cluster.
        open_children: Creates children of an actor, for leases with several lanes and for rows that may end a process.
    """

    def __init__(self, spread: EvaluatorFactory, open_children: ChildrenFactory) -> None:
        # For as long as this process lives.
        self._ambient_state = ExitStack()
        self._ambient_state.enter_context(set_ambient_state_aside())
        end_at_termination()
        hear_stop_signal()
        self._make_evaluator, self._open_children = spread, open_children
        self._run_hosts: dict[str, RunHost] = {}
        self._checked: set[bytes] = set()
        """What was found at fixed points of landscapes whose bits were compared with the driver's."""

    def work(
        self, run: str, opening: PickledRun | None, earlier: list[WorkOrder], order: WorkOrder
    ) -> Iterator[LeaseUpdate]:
        """Work one lease of a run.

        Args:
            run: Id of the run.
            opening: The run, if it is not open in this actor yet; else None.
            earlier: Earlier leases of the agent's episode, which bring a rebuilt agent to where it was. All their
                points are recorded, so nothing is evaluated.
            order: The lease.

        Yields:
            The updates of the lease, but none of the earlier ones.
        """
        if opening is not None:
            self._run_hosts[run] = self._open_run(opening)
        desk = self._run_hosts[run]
        desk.replayer.count = 0
        for past in earlier:
            for _ in desk.work(past):
                pass
        yield from desk.work(order)

    def drive(self, opening: PickledRun, recorded: RecordedLog, budget: int | None) -> Iterator[Chunk]:
        """Work a whole run in this actor.

        Yields:
            What is to be written to its log, in chunks.
        """
        begun = time.monotonic()
        planned = opening.unpickle_run()
        self._check_bits(opening, planned)
        return work_in_chunks(planned, recorded, budget, ACTOR_FLUSH_SECONDS, begun)

    def _check_bits(self, opening: PickledRun, planned: RunSpec) -> None:
        """Compare losses at fixed points with the driver's, once. Raises LandscapeError if they differ."""
        if opening.probe is not None and opening.probe.tobytes() not in self._checked:
            check_probe(open_problem(planned.landscape), opening.probe)
            self._checked.add(opening.probe.tobytes())

    def close(self, run: str) -> None:
        """Close a run. Does nothing if it is not open here."""
        desk = self._run_hosts.pop(run, None)
        if desk is not None:
            desk.close()

    def _open_run(self, opening: PickledRun) -> RunHost:
        planned = opening.unpickle_run()
        if opening.fan_out is not None:
            return RunHost(planned, self._make_evaluator(opening, planned))
        self._check_bits(opening, planned)
        evaluator = open_evaluator(planned.landscape, planned.evaluation, planned.facts)
        open_children = partial(self._open_children, planned)
        if planned.concurrency > 1:
            evaluator = LaneEvaluator(evaluator, open_children)
        return RunHost(planned, evaluator, open_children)
