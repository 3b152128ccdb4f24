"""The contract of landscapes, as clauses."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from pydantic import ValidationError

from ...landscapes.landscape import (
    Array,
    EvaluationError,
    Landscape,
    Problem,
    known_minimizers,
    known_minimum,
)
from .clause import Clause, Example, ExampleRefused, is_frozen, require

SIZES_OF_DIFFERENCES = (1e-5, 1e-3)
"""The steps of differences, as shares of the width of the box."""
MOST_AXES = 20
"""The most axes along which differences are taken: they are drawn if there are more."""
MOST_OFF, MOST_OFF_AXIS = 0.1, 0.5
"""The share of all entries of gradients that may disagree, and of those along one axis: a kink may lie within a
difference."""


@dataclass(frozen=True)
class RowsExample(Example):
    """Random points of a landscape's box.

    Attributes:
        rows: The number of points.
        dimension: The number of axes, D; 0: as the landscape has it.
        seed: The seed of the points.
    """

    SHRUNK: ClassVar[tuple[tuple[str, int], ...]] = (("dimension", 1), ("rows", 1), ("seed", 0))

    rows: int = 1000
    dimension: int = 0
    seed: int = 5

    def describe(self) -> str:
        """Return the example in words."""
        dimension = f"D = {self.dimension}, " if self.dimension else ""
        return f"{dimension}{self.rows} random row{'' if self.rows == 1 else 's'}, seed {self.seed}"

    def open(self, landscape: Landscape) -> Problem:
        """Open a landscape in the dimension of this example."""
        if not self.dimension:
            return landscape.open()
        try:
            other = type(landscape).model_validate(landscape.model_dump() | {"dimension": self.dimension})
        except ValidationError as error:
            raise ExampleRefused(str(error)) from None
        return other.open()

    def draw(self, problem: Problem) -> Array:
        """Draw the points, shape (n, D), in the landscape's units."""
        return problem.space.to_box(np.random.default_rng(self.seed).random((self.rows, problem.space.dimension)))


def evaluate_rows(problem: Problem, points: Array) -> Array:
    """Return the losses of points; NaN for rows that the problem reports as failed."""
    try:
        return problem.evaluate(points)
    except EvaluationError as error:
        return error.losses


def _list_dimensions(landscape: Landscape, thorough: bool, rows: int) -> Iterator[RowsExample]:
    """Yield an example of the landscape as it is, and of others of its class where that has a dimension to choose."""
    own = getattr(landscape, "dimension", None)
    free = type(landscape).model_fields.get("dimension")
    if free is None or free.annotation is not int or not isinstance(own, int):
        yield RowsExample(rows)
        return
    dimensions = {own} | ({2, 5, 10} if thorough else set())
    yield from (RowsExample(rows, dimension) for dimension in sorted(dimensions))


# What each clause is tried on, and how.


def _list_rows(landscape: Landscape, thorough: bool) -> Iterator[RowsExample]:
    return _list_dimensions(landscape, thorough, 1000)


def check_losses(landscape: Landscape, example: RowsExample) -> None:
    """Check that evaluating gives a loss for each row."""
    problem = example.open(landscape)
    losses: Any = evaluate_rows(problem, example.draw(problem))
    require(isinstance(losses, np.ndarray), f"it returned a {type(losses).__name__}; it must be an array")
    rows = (example.rows,)
    require(losses.shape == rows, f"it returned losses of shape {losses.shape}; they must have {rows}")
    require(losses.dtype == np.float64, f"it returned losses of {losses.dtype}; they must be float64")
    require(bool(np.isfinite(losses).any()), "no random row has a finite loss")


def _list_repeatable_rows(landscape: Landscape, thorough: bool) -> Iterator[RowsExample]:
    # Where a setting may have another loss each time, two evaluations tell nothing.
    if not landscape.open().space.noisy:
        yield from _list_rows(landscape, thorough)


def check_independent_rows(landscape: Landscape, example: RowsExample) -> None:
    """Check that the loss of a row does not depend on the rows beside it."""
    problem = example.open(landscape)
    points = example.draw(problem)
    together = evaluate_rows(problem, points.copy())
    for size in (1, 7):
        for row in range(0, min(len(points), 98), size):
            part = evaluate_rows(problem, points[row : row + size].copy())
            other = together[row : row + size]
            if not np.array_equal(part, other, equal_nan=True):
                at = int((~((part == other) | (np.isnan(part) & np.isnan(other)))).argmax())
                beside = f"with {len(points) - 1} rows beside it" if len(points) > 1 else "before"
                require(
                    False,
                    f"row {row + at} has the loss {part[at].item()!r} in a batch of {len(part)}, and "
                    f"{other[at].item()!r} {beside}",
                )


def _list_few_rows(landscape: Landscape, thorough: bool) -> Iterator[RowsExample]:
    return _list_dimensions(landscape, thorough, 9)


def check_points_unchanged(landscape: Landscape, example: RowsExample) -> None:
    """Check that evaluating leaves the points as they are."""
    problem = example.open(landscape)
    points = example.draw(problem)
    before = points.copy()
    evaluate_rows(problem, points)
    require(np.array_equal(points, before), "evaluate changed the points that it was given")
    if problem.space.has_gradient:
        problem.gradient(points)
        require(np.array_equal(points, before), "gradient changed the points that it was given")


def _list_with_gradient(landscape: Landscape, thorough: bool) -> Iterator[RowsExample]:
    space = landscape.open().space
    if space.has_gradient and not space.noisy:
        yield from _list_dimensions(landscape, thorough, 40)


def check_gradients(landscape: Landscape, example: RowsExample) -> None:
    """Check that gradients agree with differences of losses."""
    problem: Any = example.open(landscape)
    space = problem.space
    points = 0.9 * example.draw(problem) + 0.05 * (space.upper + space.lower)
    exact = problem.gradient(points)
    require(exact.shape == points.shape, f"gradients have the shape {exact.shape}; it must be {points.shape}")
    width = space.upper - space.lower
    axes = np.arange(space.dimension)
    if len(axes) > MOST_AXES:
        axes = np.sort(np.random.default_rng(example.seed).choice(axes, MOST_AXES, replace=False))
    scale = np.abs(exact).max(axis=1, keepdims=True) + np.abs(problem.evaluate(points))[:, None] / width.max() + 1e-9
    fine, coarse = (_take_differences(problem, points, axes, size * width) for size in SIZES_OF_DIFFERENCES)
    exact = exact[:, axes]
    # By how much the two differ is how far they can be trusted: losses may be rounded, or have a kink.
    error = np.minimum(np.abs(exact - fine), np.abs(exact - coarse)) / (2e-5 * scale + np.abs(fine - coarse))
    row, place = (int(number) for number in np.unravel_index(error.argmax(), error.shape))
    off = error > 1
    require(
        bool(off.mean() <= MOST_OFF and off.mean(axis=0).max() <= MOST_OFF_AXIS),
        f"along axis {axes[place] + 1} the gradient at row {row} is {float(exact[row, place]):.6g}, and differences "
        f"give {float(fine[row, place]):.6g}",
    )


def _take_differences(problem: Problem, points: Array, axes: Array, steps: Array) -> Array:
    """Return fourth-order central differences of losses at points (n, D) along k axes, shape (n, k)."""
    found = np.empty((len(points), len(axes)))
    for place, axis in enumerate(axes):
        h = np.zeros(points.shape[1])
        h[axis] = steps[axis]
        f = {k: problem.evaluate(points + k * h) for k in (-2, -1, 1, 2)}
        found[:, place] = (8 * (f[1] - f[-1]) - (f[2] - f[-2])) / (12 * h[axis])
    return found


def _list_with_minimum(landscape: Landscape, thorough: bool) -> Iterator[RowsExample]:
    problem = landscape.open()
    known = known_minimizers(problem) is not None and known_minimum(problem) is not None
    if known and not problem.space.noisy:
        yield from _list_dimensions(landscape, thorough, 20_000)


def check_minimum(landscape: Landscape, example: RowsExample) -> None:
    """Check that the known minimum is attained at the known minimizers, and that nothing is below it."""
    # It takes a third of a second to import.
    from scipy.optimize import minimize as minimize_locally

    problem = example.open(landscape)
    space, at, least = problem.space, known_minimizers(problem), known_minimum(problem)
    if at is None or least is None:
        return
    require(bool(((at >= space.lower) & (at <= space.upper)).all()), f"a minimizer lies outside the box: {at.tolist()}")
    found = problem.evaluate(at.copy())
    tolerance = 1e-7 * max(1.0, abs(least))
    require(
        bool(np.abs(found - least).max() <= tolerance),
        f"the losses at the minimizers are {found.tolist()}, and the minimum is {least!r}",
    )
    losses = problem.evaluate(example.draw(problem))
    require(bool(losses.min() >= least - tolerance), f"a random row has the loss {losses.min()!r}, below {least!r}")
    start = at[0] + 0.01 * (space.upper - space.lower) * np.random.default_rng(1).normal(size=at.shape[1])
    bounds = list(zip(space.lower, space.upper, strict=True))
    start = np.clip(start, space.lower, space.upper)
    polished = minimize_locally(lambda x: problem.evaluate(x[None].copy())[0], start, bounds=bounds, method="L-BFGS-B")
    require(polished.fun >= least - tolerance, f"near a minimizer the loss is {polished.fun!r}, below {least!r}")


def _list_inner_minima(landscape: Landscape, thorough: bool) -> Iterator[RowsExample]:
    problem = landscape.open()
    if problem.space.has_gradient and _find_inner(problem) is not None:
        yield from _list_dimensions(landscape, thorough, 200)


def _find_inner(problem: Problem) -> Array | None:
    """Return the known minimizers that do not lie at the edge of the box; None if there are none."""
    at, space = known_minimizers(problem), problem.space
    if at is None:
        return None
    edge = 1e-9 * (space.upper - space.lower)
    inner: Array = at[((at > space.lower + edge) & (at < space.upper - edge)).all(axis=1)]
    return inner if len(inner) else None


def check_flat_minima(landscape: Landscape, example: RowsExample) -> None:
    """Check that gradients vanish at minimizers within the box, except at kinks, where losses rise at once."""
    problem: Any = example.open(landscape)
    inner = _find_inner(problem)
    if inner is None:
        return
    steep = float(np.abs(problem.gradient(example.draw(problem))).max())
    slight = 1e-4 * steep + 1e-6
    for point, gradient in zip(inner, problem.gradient(inner.copy()), strict=True):
        found = float(np.abs(gradient).max())
        require(
            found <= slight or _measure_rise(problem, point) > slight,
            f"the gradient at the minimizer {point.tolist()} has an entry of {found:.4g}; elsewhere up to {steep:.4g}",
        )


def _measure_rise(problem: Problem, point: Array) -> float:
    """Return how steeply losses rise from a point (D,) along the axes, at most: near 0 unless it lies in a kink."""
    steps = 1e-6 * (problem.space.upper - problem.space.lower)
    beside = np.concatenate([point + np.diag(steps), point - np.diag(steps)])
    rises = problem.evaluate(beside) - problem.evaluate(point[None].copy())[0]
    return float(np.max(rises / np.tile(steps, 2)))


def _list_once(_: Landscape, __: bool) -> list[Example]:
    return [Example()]


def check_model(landscape: Landscape, _: Example) -> None:
    """Check that a landscape is a frozen model that can be sent to other processes."""
    cls = type(landscape)
    require(is_frozen(landscape), "its settings can be changed: leave model_config as searchparty.Landscape has it")
    require(cls.model_validate_json(landscape.model_dump_json()) == landscape, "its settings change by way of JSON")
    require(pickle.loads(pickle.dumps(landscape)) == landscape, "its settings change by way of pickle")
    require(bool(landscape.label), "its label is empty")
    require(bool(cls.__doc__), "its class has no docstring")


def check_settings_described(landscape: Landscape, _: Example) -> None:
    """Check that each setting has a description."""
    for name, field in type(landscape).model_fields.items():
        require(name == "kind" or bool(field.description), f"the setting {name} has no description (Field)")


LANDSCAPE_CLAUSES: tuple[Clause[Landscape], ...] = tuple(
    Clause(name, sentence, list_examples, check_example)
    for name, sentence, list_examples, check_example in (
        ("portable", "It is a frozen model with a docstring and a label; JSON and pickle keep it.",
         _list_once, check_model),
        ("described", "Each setting is described.",
         _list_once, check_settings_described),
        ("losses", "Evaluating n rows returns n losses, float64, some of them finite.",
         _list_rows, check_losses),
        ("independent-rows", "The loss of a row is the same, to the last bit, alone and beside any others.",
         _list_repeatable_rows, check_independent_rows),
        ("points-unchanged", "Evaluating leaves the points as they are.",
         _list_few_rows, check_points_unchanged),
        ("gradients", "Gradients agree with differences of losses.",
         _list_with_gradient, check_gradients),
        ("minimum", "The known minimum is attained at the known minimizers, and nothing lies below it.",
         _list_with_minimum, check_minimum),
        ("flat-minima", "Gradients vanish at known minimizers within the box.",
         _list_inner_minima, check_flat_minima),
    )
)  # fmt: skip
