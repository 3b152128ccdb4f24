"""The curvature along the path of an agent, and what it shows where the agent was stuck, flat, or oscillating."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from ...landscapes.geometry.curvature import measure_starts, name_point
from ...landscapes.geometry.framed_plane import find_scale
from ...landscapes.geometry.hessian import choose_hessian, differentiate_points
from ...landscapes.geometry.lanczos import EndBounds, Extremes, bound_ends
from ...landscapes.landscape import Array, Problem, known_minimum
from ...landscapes.slices import evaluate_in_chunks
from ...orchestrator.log.reader import LogReader
from ...orchestrator.state.lease_table import fold_leases
from ..results.insights import Insight, collect_insights
from ..results.records.minima_record import TrackRecord
from .landscape_of_results import SearchedLandscape
from .paths import AgentPath

TRACKED = 12
"""The most points of a path at which curvature is measured."""
TRACK_STEPS = 40
"""How many products with the Hessian are taken at each of them."""
MOST_NOTICED = 4
"""The most troubles of a path at which curvature is measured because something was noticed there."""
TROUBLE_KINDS = ("stuck", "oscillates", "stagnates")
OVERSHOOTS = "overshoots"
SHOWN_BY = {
    "stuck": ("minimum", "flat", "saddle"),
    "oscillates": (OVERSHOOTS,),
    "stagnates": ("minimum", "flat", "saddle", OVERSHOOTS),
}
"""Which words for a point agree with what was noticed there."""
MEANINGS = {
    "minimum": "the gradient is small and no eigenvalue is clearly negative",
    "flat": "the gradient is small and all eigenvalues are about zero",
    "saddle": "the gradient is small and the least eigenvalue is clearly negative",
    "slope": "the gradient is not small",
    OVERSHOOTS: "rate times largest eigenvalue is beyond what its steps follow on a quadratic",
}


@dataclass(frozen=True)
class Trouble:
    """Something that was noticed of an agent.

    Attributes:
        kind: What happened: stuck, oscillates or stagnates.
        evaluations: What the run had spent.
        text: It in words.
    """

    kind: str
    evaluations: int
    text: str


@dataclass(frozen=True)
class StepRule:
    """How an agent steps.

    Attributes:
        agent: The kind of the agent.
        rate: Its learning rate, in the landscape's units; NaN if it has none that is known.
        limit: The product of rate and eigenvalue beyond which its steps on all rows of data overshoot on a quadratic,
            ever farther; NaN if there is none that holds for all quadratics.
        until: What the run had spent when the rate became another one.
    """

    agent: str
    rate: float
    limit: float
    until: float = np.inf


def find_step_rule(settings: dict[str, Any]) -> StepRule:
    """Return how an agent steps, given its settings as a log has them.

    Gradient descent is at the edge of stability at 2 (Cohen et al. 2021). Heavy-ball momentum b is at 2 (1 + b), and
    Nesterov's form at 2 (1 + b) / (1 + 2 b), for steps of rate times velocity. Adam's limit is of another matrix, the
    Hessian divided by the roots of mean squares (Cohen et al. 2022).

    Example:
        >>> find_step_rule({"kind": "momentum", "rate": 0.1, "decay": 0.9}).limit
        3.8
    """
    kind, rate = str(settings.get("kind", "")), settings.get("rate")
    if kind not in ("adam", "momentum", "sgd") or not isinstance(rate, int | float):
        return StepRule(kind, np.nan, np.nan)
    decay = float(settings.get("decay", 0.9))
    limits = {"sgd": 2.0, "momentum": 2.0 * (1.0 + decay) / (1.0 + 2.0 * decay * bool(settings.get("nesterov")))}
    return StepRule(kind, float(rate), limits.get(kind, np.nan))


def find_descent_rule(problem: Problem, settings: dict[str, Any], first: Array | None, radius: float) -> StepRule:
    """Return how gradient descent steps, which measures its rate against its first gradient.

    Where it searches along the gradient (``line_search``), it has no rate that stays.

    Args:
        problem: The problem.
        settings: The settings of the agent.
        first: The point where it started, shape (D,), in the cube; None if the log does not keep it.
        radius: The radius of its first region.
    """
    method, scale = settings["method"], find_scale(problem.space)
    searches = method == "plain" and settings.get("line_search") is not False
    if first is None or not scale or searches:
        return StepRule(settings["kind"], np.nan, np.nan)
    step = min(settings["step"], radius) * scale
    if method == "adam":
        return StepRule(settings["kind"], step, np.nan)
    slope = float(np.linalg.norm(differentiate_points(problem, problem.space.to_box(first)[None])[0]))
    memory = settings["momentum"] if method == "momentum" else 0.0
    return StepRule(settings["kind"], step / slope if slope > 0 else np.nan, 2.0 * (1.0 + memory))


def read_troubles(searched: SearchedLandscape, path: AgentPath) -> tuple[StepRule, list[Trouble]]:
    """Return how the agent of a path steps, and what was noticed of it, as the log of its run tells.

    Args:
        searched: The landscape and its results.
        path: The path.
    """
    with LogReader(searched.directory) as reader:
        record = reader.record(path.run)
        events = reader.events_of(record)
        points = reader.points_of(record, events)
    settings = record.settings
    team = dict(settings["team"])
    entries = fold_leases(events, settings["landscape"]["seconds"])
    noticed = collect_insights(events, list(team), settings["budget"], known_minimum(searched.problem))
    spent = {entry.lease.id: entry.collected_at for entry in entries}
    troubles = [_make_trouble(each, spent[each.lease]) for each in noticed if each.agent == path.agent]
    rule = find_step_rule(team[path.agent])
    if rule.agent == "gradient-descent":
        mine = np.flatnonzero(points.agent == list(team).index(path.agent))
        # Each start has a rate of its own, of which the first is known.
        starts = [entry for entry in entries if entry.lease.agent == path.agent and entry.lease.fresh]
        first, radius = points.find(int(mine[0])), starts[0].lease.region.radius
        rule = find_descent_rule(searched.problem, team[path.agent], first, radius)
        rule = replace(rule, until=starts[1].granted_at if len(starts) > 1 else np.inf)
    return rule, [each for each in troubles if each.kind in TROUBLE_KINDS]


def _make_trouble(insight: Insight, spent: int | None) -> Trouble:
    return Trouble(insight.kind, spent or 0, insight.text)


def track_curvature(
    problem: Problem, path: AgentPath, rule: StepRule, troubles: Sequence[Trouble], seed: int
) -> TrackRecord:
    """Measure the ends of the spectrum at points of a path, and say what they show.

    Args:
        problem: A problem with gradients.
        path: The path.
        rule: How its agent steps.
        troubles: What was noticed of the agent.
        seed: Which random vectors are used.

    Raises:
        GeometryError: A derivative cannot be computed.
    """
    places = _choose_places(path, troubles)
    points, hessian = problem.space.to_box(path.cube[places]), choose_hessian(problem)
    gradients = [float(np.linalg.norm(differentiate_points(problem, point[None])[0])) for point in points]
    ends = [
        bound_ends(
            partial(hessian.multiply_hessian, point),
            len(point),
            np.random.Generator(np.random.Philox(seed)),
            TRACK_STEPS,
        )
        for point in points
    ]
    starts = measure_starts(problem, points[-1], np.random.Generator(np.random.Philox(seed)))
    spent = path.evaluations[places].tolist()
    rates = [rule.rate if each <= rule.until else np.nan for each in spent]
    words = [_name_place(*each, starts, rule.limit) for each in zip(gradients, ends, rates, strict=True)]
    noticed = _join_troubles(troubles, spent, words)
    return TrackRecord(
        path.run, path.name, path.strategy, rule.agent, rule.limit, spent,
        evaluate_in_chunks(problem, points).tolist(), gradients, [each.largest for each in ends],
        [each.least for each in ends], [each.drift for each in ends], rates, words, noticed,
    )  # fmt: skip


def _choose_places(path: AgentPath, troubles: Sequence[Trouble]) -> list[int]:
    """Return places of a path: those where something was noticed, the best, and others evenly over it."""
    count = len(path.cube)
    noticed = [int(np.searchsorted(path.evaluations, each.evaluations, side="right")) - 1 for each in troubles]
    chosen = {max(0, place) for place in noticed[:MOST_NOTICED]} | {count - 1 if path.best is None else path.best}
    for number in range(TRACKED, 1, -1):
        even = set(np.linspace(0, count - 1, number).round().astype(int).tolist())
        if len(chosen | even) <= TRACKED:
            return sorted(chosen | even)
    return sorted(chosen)


def _name_place(gradient: float, ends: EndBounds, rate: float, starts: tuple[float, float], limit: float) -> str:
    if rate * ends.largest > limit:
        return OVERSHOOTS
    none: Array = np.empty(0)
    extremes = Extremes(np.array([ends.largest]), none[None], ends.least, none, 0.0)
    return name_point(gradient, extremes, starts)


def _join_troubles(troubles: Sequence[Trouble], spent: Sequence[int], words: Sequence[str]) -> list[str]:
    """Say for each moment what the curvature at the nearest measured point before it shows, and whether both agree."""
    said = []
    for trouble in troubles[:MOST_NOTICED]:
        place = max(0, int(np.searchsorted(spent, trouble.evaluations, side="right")) - 1)
        word = words[place]
        agrees = "agrees" if word in SHOWN_BY[trouble.kind] else "does not show that"
        said.append(
            f"After {trouble.evaluations:,} evaluations: {trouble.text}. The curvature at its point after "
            f"{spent[place]:,} {agrees}: {word}, {MEANINGS[word]}."
        )
    return said
