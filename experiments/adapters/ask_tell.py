"""A run whose points are evaluated by others: it is asked for settings, and told their losses."""

from __future__ import annotations

import math
import os
import secrets
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...agents.evaluation.evaluator import EvaluationResult, mark_failures
from ...agents.toolbox.callback import yield_questions
from ...landscapes.ambient import set_ambient_state_aside
from ...landscapes.axis import Value
from ...landscapes.landscape import Array, Space
from ...landscapes.parameters import parse_parameters
from ...landscapes.python_function import InMemory
from ...orchestrator.executors.in_process import InProcessExecutor
from ...orchestrator.log.log import MemoryLog
from ...orchestrator.loop.drive import begin_run
from ...orchestrator.loop.work_run import work_run
from ...orchestrator.policies.party import Party
from ...orchestrator.policies.policy import Policy
from ...orchestrator.run_spec import RunSpec
from ..minimization.team import TeamSpec, build_part, name_agents
from ..minimize import count_evaluations, default_team
from ..spec.models import check_seed

Setting = dict[str, Value]
"""A value for each parameter, by name."""
AskForLosses = Callable[[Array], EvaluationResult]
NEVER_TOLD = "its loss was never told"
"""Cause of failure of a setting that is given up."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A setting that is to be evaluated.

    Attributes:
        number: The number under which its loss is told.
        setting: The value of each parameter, by name.
    """

    number: int
    setting: Setting


@dataclass(frozen=True, slots=True)
class KnownSetting:
    """A setting that is known before a run begins.

    Attributes:
        setting: The value of each parameter, by name.
        loss: Its loss; None if it is to be evaluated.
    """

    setting: Setting
    loss: float | None = None


@dataclass(slots=True)
class _Progress:
    """What a run that is worked again needs beside the losses.

    Attributes:
        best: The best setting that is known, with its loss.
        starts: Where each run began: what was the best setting then.
        ended: Why the last run ended; "" as long as it is worked.
    """

    best: KnownSetting | None = None
    starts: list[KnownSetting | None] = field(default_factory=list)
    ended: str = ""


class AskTell:
    """Works a run whose points are evaluated by the caller.

    The run is the ordinary one, with one lease out at a time, and waits in a second stack of the caller's thread
    wherever it would evaluate. A proposal of n points is handed out as n suggestions, in order; the run goes on once
    all of them are told. If another thread or process asks, the run is worked there again, up to where it was, from the
    losses that were told: so it can also be pickled and copied.

    Args:
        parameters: Names and ranges, choices or fixed values, as for ``minimize``.
        budget: As for ``minimize``.
        team: As for ``minimize``.
        policy: As for ``minimize``.
        seed: As for ``minimize``.
        start: A setting that is known, where the search starts.
        noisy: Whether a setting may have another loss each time.
        continues: Whether a run that is over is followed by another one, which starts at the best setting.

    Raises:
        ValueError: If an argument is not valid.

    Example:
        >>> search = AskTell({"x": {"low": 0, "high": 4, "integer": True}}, seed=1, continues=False)
        >>> while (asked := search.ask()) is not None:
        ...     search.tell(asked.number, (asked.setting["x"] - 3) ** 2)
        >>> search.best.setting, search.best.loss
        ({'x': 3}, 0.0)
    """

    def __init__(
        self,
        parameters: Any,
        *,
        budget: int | str | None = None,
        team: TeamSpec | None = None,
        policy: str | Mapping[str, Any] | Policy = "party",
        seed: int | None = None,
        start: KnownSetting | None = None,
        noisy: bool = False,
        continues: bool = True,
    ) -> None:
        landscape = InMemory(
            function=_refuse_to_evaluate, parameters=parse_parameters(parameters), noisy=True if noisy else None
        )
        self._arguments = landscape.arguments
        allowed = count_evaluations(budget, len(self._arguments.bounds))
        built = build_part("policy", ("policy",), Policy, policy)
        if built == Party():
            # What others evaluate takes long, and is seldom smooth.
            built = Party(plans="always")
        self._planned = RunSpec(
            landscape=landscape,
            team=name_agents(default_team(1, built, self._arguments, allowed) if team is None else team),
            policy=built,
            seed=secrets.randbits(32) if seed is None else check_seed(seed),
            repeat=0,
            budget=allowed,
            concurrency=1,
        )
        self._space = self._planned.facts.space
        self._continues, self._progress = continues, _Progress(start)
        if start is not None:
            self._arguments.locate(start.setting)
        self._random = np.random.Generator(np.random.Philox(key=self._planned.seed))
        self._told: list[EvaluationResult] = []
        """The answers to all proposals that are complete, with which the run can be worked again."""
        self._first, self._handed = 0, 0
        self._points: Array | None = None
        self._losses: dict[int, tuple[float, str]] = {}
        self._steps: Generator[Array, EvaluationResult, None] | None = None
        self._home: tuple[int, threading.Thread | None] = (0, None)

    @property
    def seed(self) -> int:
        """The seed of all random numbers."""
        return self._planned.seed

    @property
    def best(self) -> KnownSetting | None:
        """The best setting that was told, with its loss; None if there is none."""
        return self._progress.best

    @property
    def ended(self) -> str:
        """Why the run is over, in words; "" if it is not."""
        return self._progress.ended

    @property
    def is_waiting(self) -> bool:
        """Whether all settings of the proposal are handed out, and some are not told yet."""
        return self._points is not None and self._handed == len(self._points) > len(self._losses)

    @property
    def open_numbers(self) -> list[int]:
        """The numbers of the suggestions that are handed out and not told."""
        return [self._first + row for row in range(self._handed) if row not in self._losses]

    def ask(self) -> Suggestion | None:
        """Return the next setting to evaluate; None if the run waits to be told losses, or is over."""
        if self.is_waiting or self.ended:
            return None
        if self._points is None or len(self._losses) == len(self._points):
            self._advance()
            if self._points is None:
                return None
        row = self._handed
        self._handed += 1
        return Suggestion(self._first + row, self._name_values(self._points[row]))

    def ask_all(self) -> list[Suggestion]:
        """Return all settings that may be evaluated now, side by side; none if the run waits, or is over."""
        return list(iter(self.ask, None))

    def tell(self, number: int, loss: float | None, cause: str = "") -> None:
        """Tell the loss of a suggestion.

        Args:
            number: Its number.
            loss: Its loss; None if the evaluation failed.
            cause: Why it failed.

        Raises:
            ValueError: No suggestion of this number is open.
        """
        row = number - self._first
        if not 0 <= row < self._handed or row in self._losses or self._points is None:
            raise ValueError(f"number must be that of an open suggestion, got {number}. Open: {self.open_numbers}.")
        value = math.nan if loss is None else float(loss)
        self._losses[row] = (value, cause or ("the evaluation failed" if loss is None else ""))
        self.note(self._name_values(self._points[row]), value)

    def give_up(self) -> None:
        """Let all suggestions fail that are handed out and not told."""
        for number in self.open_numbers:
            self.tell(number, None, NEVER_TOLD)

    def note(self, setting: Setting, loss: float) -> None:
        """Note the loss of a setting that others chose: where it is the best, the next run starts there."""
        best = self._progress.best
        if math.isfinite(loss) and (best is None or best.loss is None or loss < best.loss):
            self._arguments.locate(setting)
            self._progress.best = KnownSetting(setting, loss)

    def draw_setting(self) -> Setting:
        """Draw a setting at random, for callers that want more of them than the run proposes."""
        return self._name_values(self._random.random(self._space.dimension))

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_steps": None, "_home": (0, None)}

    def _name_values(self, point: Array) -> Setting:
        found: Setting = self._arguments.of_row(self._space.to_box(point))
        return found

    def _advance(self) -> None:
        """Tell the run what is known, and take its next proposal."""
        if self._points is not None:
            pairs = [self._losses[row] for row in range(len(self._points))]
            causes = {row: cause for row, (_, cause) in enumerate(pairs) if cause}
            losses, causes = mark_failures(np.array([loss for loss, _ in pairs]), causes)
            self._told.append(EvaluationResult(losses, None, causes))
            self._first += len(self._points)
            self._points, self._handed, self._losses = None, 0, {}
        home = (os.getpid(), threading.current_thread())
        again = self._steps is None or self._home != home
        try:
            with set_ambient_state_aside():
                if again:
                    self._home = home
                    self._steps = yield_questions(_make_work(self._planned, self._progress, self._continues))
                    self._points = next(self._steps)
                for answer in self._told if again else self._told[-1:]:
                    assert self._steps is not None
                    self._points = self._steps.send(answer)
        except StopIteration:
            self._points = None
        except BaseException:
            # Ctrl-C ends the second stack: the run is worked again when it is asked again.
            self._steps = self._points = None
            raise


class OutsideEvaluator:
    """Has points evaluated by whoever asks the run.

    Args:
        space: The space.
        ask: Returns the answer for points (n, D) of the unit cube.
        known: The loss of the space's start, if it is known: nobody is asked for it.
    """

    rowwise = False

    def __init__(self, space: Space, ask: AskForLosses, known: float | None) -> None:
        self.space, self._ask, self._known, self.asks = space, ask, known, 0

    def evaluate(self, cube: Array, with_gradient: bool) -> EvaluationResult:
        """Return the losses of points (n, D)."""
        known, self._known = self._known, None
        if known is not None:
            # The first row of a run with a start.
            return EvaluationResult(np.array([known]), None, {})
        self.asks += 1
        return self._ask(cube.copy())

    def evaluate_in_pieces(self, cube: Array, with_gradient: bool) -> Iterator[tuple[int, EvaluationResult]]:
        """Return the losses of points (n, D) in one piece."""
        yield 0, self.evaluate(cube, with_gradient)

    def evaluate_share(self, cube: Array, rows: NDArray[np.int64]) -> EvaluationResult:
        """Raise NotImplementedError: points that others evaluate are evaluated as a whole."""
        raise NotImplementedError

    def measure(self, point: Array) -> dict[str, float]:
        """Return nothing: others evaluate the points."""
        return {}

    def close(self) -> None:
        """Do nothing: there is nothing to close."""


def _make_work(planned: RunSpec, progress: _Progress, continues: bool) -> Callable[[Callable[[Array], Any]], None]:
    """Return a function that works runs, one after the other. It must not know the AskTell that waits for it."""

    def work(ask: Callable[[Array], Any]) -> None:
        number, progress.ended = 0, ""
        while True:
            if number == len(progress.starts):
                progress.starts.append(progress.best)
            start = progress.starts[number]
            landscape = planned.landscape.model_copy(update={"start": None if start is None else start.setting})
            spec = replace(planned, landscape=landscape, repeat=number)
            evaluator = OutsideEvaluator(spec.facts.space, ask, None if start is None else start.loss)
            run, log = begin_run(spec), MemoryLog()
            for _ in work_run(spec, log, InProcessExecutor(spec, log, evaluator), run=run):
                pass
            number += 1
            # A run that asked nothing would be followed by others that ask nothing.
            if not continues or not evaluator.asks:
                progress.ended = run.stopped or "over"
                return

    return work


def _refuse_to_evaluate(setting: Setting) -> float:
    raise NotImplementedError("this run's points are evaluated by others")
