"""The only propose/evaluate/tell loop: one agent works one lease."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from typing import Any

import numpy as np

from ..landscapes.landscape import Array
from .agent import (
    Agent,
    AgentError,
    Converged,
    Finding,
    Incumbent,
    Lease,
    RowFailure,
    Rows,
    Search,
    Told,
    WithGradient,
)
from .evaluate import Evaluated, Evaluator


class ReplayError(Exception):
    """A replayed point differs from the recorded one."""


class Searcher:
    """One agent across its leases: its generator, the proposal in hand, and the answer still due."""

    __slots__ = (
        "agent", "answered", "episode", "evaluator", "generator", "gradients", "losses", "name",
        "points", "price", "priced", "rng_of", "with_gradient",
    )  # fmt: skip

    def __init__(
        self, name: str, agent: Agent, evaluator: Evaluator, rng_of: Callable[[int], np.random.Generator]
    ) -> None:
        self.name, self.agent, self.evaluator, self.rng_of = name, agent, evaluator, rng_of
        self.generator: Search | None = None
        self.episode = -1
        self.priced = agent.row_price(evaluator.space)
        self._forget()

    def restart(self, lease: Lease, episode: int) -> None:
        """Close the generator, drop what it still had proposed, and start another."""
        self.close()
        self.episode = episode
        agent = self.agent
        if lease.settings:
            agent = type(agent).model_validate(agent.model_dump() | lease.settings)
        self.priced = agent.row_price(self.evaluator.space)
        self.generator = agent.search(self.evaluator.space, lease, self.rng_of(episode))

    def close(self) -> None:
        """Close the generator, in the thread that ran it."""
        if self.generator is not None:
            self.generator.close()
        self.generator = None
        self._forget()

    def _forget(self) -> None:
        self.points: Array | None = None
        self.losses: Array | None = None
        self.gradients: Array | None = None
        self.answered = 0
        self.with_gradient = False
        self.price = 1

    def propose(self, lease: Lease) -> None:
        """Deliver the answer that is due, if any, and take the next proposal. Raises StopIteration at the end."""
        generator = self.generator
        if generator is None:
            raise AgentError("was given a lease that is not fresh, with no search under way")
        if self.points is None:
            proposal: Any = next(generator)
        else:
            assert self.losses is not None
            told = Told(self.losses, self.gradients, lease)
            self.points = None
            proposal = generator.send(told)
        space = self.evaluator.space
        self.with_gradient = type(proposal) is WithGradient
        if self.with_gradient:
            if not space.has_gradient:
                raise AgentError("asked for gradients, and this landscape has none")
            proposal = proposal.points
        self.price = 1 + space.gradient_price if self.with_gradient else 1
        if self.price > self.priced:
            raise AgentError(f"proposed a row that costs {self.price}, and its row_price says {self.priced}")
        self.points = checked(proposal, space.dimension)
        self.losses = self.gradients = None
        self.answered = 0

    def answer(self, outcome: Evaluated) -> None:
        """Note the losses of the next rows of the proposal in hand."""
        assert self.points is not None
        n = len(outcome.losses)
        if n == len(self.points):
            self.losses, self.gradients = outcome.losses, outcome.gradients
        else:
            if self.losses is None:
                self.losses = np.empty(len(self.points))
                self.gradients = np.empty(self.points.shape) if self.with_gradient else None
            self.losses[self.answered : self.answered + n] = outcome.losses
            if self.gradients is not None and outcome.gradients is not None:
                self.gradients[self.answered : self.answered + n] = outcome.gradients
        self.answered += n


def checked(points: Any, dimension: int) -> Array:
    """The proposal as it must be: (n, D) float64, n >= 1, within the unit cube. Else ``AgentError``."""
    if type(points) is not np.ndarray or points.dtype != np.float64:
        kind = type(points).__name__
        dtype = getattr(points, "dtype", None)
        raise AgentError(f"proposed a {kind}{f' of {dtype}' if dtype else ''}; it must be a float64 array (n, D)")
    if points.ndim != 2 or points.shape[1] != dimension or not len(points):
        raise AgentError(f"proposed shape {points.shape}; it must be (n, {dimension}) with n >= 1")
    # One comparison finds what is below, above and NaN at once.
    if not (np.minimum.reduce(points, axis=None) >= 0.0 and np.maximum.reduce(points, axis=None) <= 1.0):
        row = int(np.flatnonzero(~((points >= 0) & (points <= 1)).all(axis=1))[0])
        raise AgentError(f"proposed {points[row].tolist()}, outside the unit cube (row {row} of its batch)")
    return points


class Ledger:
    """What a lease has brought so far: rows answered, evaluations charged, the best of them."""

    __slots__ = ("best", "charged", "dimension", "failures", "filled", "flushed", "gradients", "lease", "losses",
                 "points", "recorded", "reported")  # fmt: skip

    def __init__(self, lease: Lease, dimension: int, recorded: Rows | None) -> None:
        self.lease, self.recorded, self.dimension = lease, recorded, dimension
        self.points = np.empty((min(lease.budget, 1024), dimension))
        self.losses = np.empty(len(self.points))
        self.gradients: Array | None = None
        self.failures: list[RowFailure] = []
        self.filled = self.charged = self.reported = 0
        self.flushed = 0 if recorded is None else len(recorded.losses)
        self.best: tuple[float, int] | None = None

    def recall(self, points: Array, with_gradient: bool) -> Evaluated | None:
        """The recorded answer to the next rows, as many of them as are recorded; None when there is none."""
        if self.recorded is None or self.filled >= len(self.recorded.losses):
            return None
        known = self.recorded
        span = slice(self.filled, min(self.filled + len(points), len(known.losses)))
        if not np.array_equal(known.points[span], points[: span.stop - span.start]):
            row = self.filled + int(
                np.flatnonzero((known.points[span] != points[: span.stop - span.start]).any(axis=1))[0]
            )
            raise ReplayError(
                f"lease {self.lease.id} of {self.lease.agent}, row {row}: recorded {known.points[row].tolist()}, "
                f"now proposed {points[row - self.filled].tolist()}. The code, the settings or a library changed "
                "since the log was written; run the experiment again into a new directory."
            )
        causes = {f.row - self.filled: f.cause for f in known.failures if span.start <= f.row < span.stop}
        gradients = known.gradients[span] if with_gradient and known.gradients is not None else None
        return Evaluated(known.losses[span], gradients, causes)

    def enter(self, points: Array, outcome: Evaluated, price: int) -> None:
        """Write down answered rows."""
        first, n = self.filled, len(outcome.losses)
        if first + n > len(self.losses):
            self._grow(first + n)
        self.points[first : first + n] = points
        self.losses[first : first + n] = outcome.losses
        if outcome.gradients is not None:
            if self.gradients is None:
                self.gradients = np.full(self.points.shape, np.nan)
            self.gradients[first : first + n] = outcome.gradients
        row = 0 if n == 1 else int(outcome.losses.argmin())
        loss = float(outcome.losses[row])
        if loss < np.inf and (self.best is None or loss < self.best[0]):
            self.best = (loss, first + row)
        for row, cause in outcome.causes.items():
            self.failures.append(RowFailure(first + row, cause))
        self.filled += n
        self.charged += n * price

    def _grow(self, need: int) -> None:
        size = max(need, 2 * len(self.losses))
        for name, shape in (("points", (size, self.dimension)), ("losses", (size,))):
            old = getattr(self, name)
            new = np.empty(shape)
            new[: self.filled] = old[: self.filled]
            setattr(self, name, new)
        if self.gradients is not None:
            wider = np.full((size, self.dimension), np.nan)
            wider[: self.filled] = self.gradients[: self.filled]
            self.gradients = wider

    def flush(self) -> Rows | None:
        """Rows not yet handed on, or None."""
        first, last = self.flushed, self.filled
        if last <= first:
            return None
        failures = tuple(f for f in self.failures if f.row >= first)
        gradients = None if self.gradients is None else self.gradients[first:last].copy()
        self.flushed = last
        return Rows(first, self.points[first:last].copy(), self.losses[first:last].copy(), gradients, failures)

    def close(self, why: str, converged: Converged | None = None, cause: str = "") -> Finding:
        """The finding."""
        best = None
        if self.best is not None:
            loss, row = self.best
            best = Incumbent(self.lease.agent, self.lease.id, row, self.points[row].copy(), loss)
        return Finding(
            self.lease.id, self.lease.agent, self.filled, self.charged, why, best, converged,
            tuple(self.failures), cause,
        )  # fmt: skip


def work(
    searcher: Searcher,
    lease: Lease,
    episode: int,
    recorded: Rows | None = None,
    flush_seconds: float = 0.25,
    lost_rows: dict[int, str] | None = None,
    largest: int | None = None,
) -> Generator[Rows, None, tuple[Rows | None, Finding]]:
    """Work one lease to its end: yields rows as they come (those not in ``recorded``), and returns the last of
    them with the finding.

    Answers from ``recorded`` first, then from the evaluator; cuts batches to the budget and keeps the rest for
    the next lease; charges n points n evaluations, with gradients n (1 + price). A told due when the lease is
    spent is delivered with the next. ``lost_rows`` fail unevaluated, with the cause given; ``largest`` cuts
    batches further (both only after processes were lost). An agent that raises or breaks its contract ends the
    finding with ``why="failed"``.
    """
    space = searcher.evaluator.space
    ledger = Ledger(lease, space.dimension, recorded)
    flush_at = time.monotonic() + flush_seconds
    try:
        if lease.fresh:
            searcher.restart(lease, episode)
        while ledger.charged < lease.budget:
            if searcher.points is None or searcher.answered == len(searcher.points):
                searcher.propose(lease)
            n = _answer_some(searcher, ledger, lost_rows, largest)
            if n == 0:
                break
            if time.monotonic() >= flush_at:
                if (rows := ledger.flush()) is not None:
                    yield rows
                flush_at = time.monotonic() + flush_seconds
        finding = ledger.close("spent")
    except StopIteration as stop:
        finding = _ended(searcher, ledger, stop.value)
    except ReplayError:
        raise
    except Exception as error:
        finding = _failed(searcher, ledger, error)
    except BaseException:
        # Ctrl-C: hand on what was found before going.
        if (rows := ledger.flush()) is not None:
            yield rows
        raise
    return ledger.flush(), finding


def _answer_some(searcher: Searcher, ledger: Ledger, lost_rows: dict[int, str] | None, largest: int | None) -> int:
    """Answer as many rows of the proposal in hand as the budget allows; how many that were."""
    points = searcher.points
    assert points is not None
    n = min(len(points) - searcher.answered, (ledger.lease.budget - ledger.charged) // searcher.price)
    if n <= 0:
        return 0
    if searcher.answered or n < len(points):
        points = points[searcher.answered : searcher.answered + n]
    outcome = ledger.recall(points, searcher.with_gradient)
    if outcome is None:
        if largest is not None:
            points = points[:largest]
        if lost_rows and ledger.filled in lost_rows:
            points = points[:1]
            outcome = Evaluated(np.array([np.inf]), None, {0: lost_rows[ledger.filled]})
            if searcher.with_gradient:
                outcome = outcome._replace(gradients=np.full(points.shape, np.nan))
        else:
            outcome = searcher.evaluator.evaluate(points, searcher.with_gradient)
    n = len(outcome.losses)
    ledger.enter(points[:n], outcome, searcher.price)
    searcher.answer(outcome)
    return n


def _ended(searcher: Searcher, ledger: Ledger, result: Any) -> Finding:
    """The generator returned."""
    searcher.close()
    if ledger.lease.fresh and ledger.filled == 0:
        return ledger.close("failed", cause="proposed nothing on a fresh lease")
    if result is None:
        return ledger.close("exhausted")
    if not isinstance(result, Converged):
        return ledger.close("failed", cause=f"returned {type(result).__name__}; it must return Converged or None")
    if np.shape(result.point) != (ledger.dimension,):
        return ledger.close(
            "failed", cause=f"converged at shape {np.shape(result.point)}; it must be ({ledger.dimension},)"
        )
    return ledger.close("converged", converged=result)


def _failed(searcher: Searcher, ledger: Ledger, error: Exception) -> Finding:
    cause = str(error) if isinstance(error, AgentError) else f"raised {type(error).__name__}: {error}"
    try:
        searcher.close()
    except Exception as second:  # a generator that raises again while it is closed
        cause += f" (and on closing, {type(second).__name__}: {second})"
        searcher.generator = None
        searcher._forget()
    return ledger.close("failed", cause=cause)
