"""The interfaces of a landscape: what is searched, and what an agent may know of it."""

from __future__ import annotations

import math
import re
import types
import typing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from .axis import Axis

Array = NDArray[np.float64]
"""An array of float64; its shape is stated where it is used."""
MOST_QUOTED = 200
"""The most characters of a text of the user that a message quotes."""
MOST_MESSAGE = 1000
"""The most characters of one line of a message. What the user wrote is cut out of the middle of a longer one."""
MESSAGE_END = 500
"""The characters at the end of a message that is cut: the place and what to do about it."""
LONG_QUOTE = re.compile(
    # An apostrophe within a word begins no quotation.
    rf"(?<!\w)'(?:[^'\\\n]|\\.){{{MOST_QUOTED},}}'|\"(?:[^\"\\\n]|\\.){{{MOST_QUOTED},}}\"|\S{{{MOST_QUOTED + 1},}}"
)
AxisBounds = tuple[tuple[float, float], ...]
"""The pair (low, high) of each axis, in the landscape's units."""


class Model(BaseModel):
    """Base class of everything that a YAML can name: the fields are the YAML keys.

    Objects are immutable, unknown keys are refused, and numbers must be finite. A number in quotes is a text, which is
    no number, wherever it comes from: ``seed: "7"`` in a YAML is refused as ``seed="7"`` is in Python.
    """

    # What validates a class is built when it is first used: of all that a command imports, most is not.
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True, defer_build=True)

    @field_validator("*", mode="before")
    @classmethod
    def _refuse_quoted_numbers(cls, value: Any, info: ValidationInfo) -> Any:
        name = str(info.field_name)
        if has_quoted_number(value) and takes_numbers_only(cls.model_fields[name].annotation):
            shown = repr(value) if len(repr(value)) <= MOST_QUOTED else f"{repr(value)[: MOST_QUOTED - 3]}..."
            raise ValueError(f"{name} must be a number, got {shown}. Write numbers without quotes.")
        return value

    card: ClassVar[str] = ""
    """What this class does and where it fails, in two sentences for readers who have never heard of it."""


def has_quoted_number(value: Any) -> bool:
    """Return whether a value is a text that is a finite number, or a list or tuple that holds one.

    Example:
        >>> has_quoted_number("7"), has_quoted_number([1, ["2.5"]]), has_quoted_number("7 D"), has_quoted_number(7)
        (True, True, False, False)
    """
    if isinstance(value, list | tuple):
        return any(has_quoted_number(each) for each in value)
    if not isinstance(value, str):
        return False
    try:
        return math.isfinite(float(value))
    except ValueError:
        return False


def takes_numbers_only(annotation: Any) -> bool:
    """Return whether a type is of numbers: alone, in tuples, or beside null and words to choose from.

    A type that may be a text, or has a check of its own, is not.

    Example:
        >>> takes_numbers_only(int | None), takes_numbers_only(tuple[float, ...] | Literal["random"])
        (True, True)
        >>> takes_numbers_only(int | str), takes_numbers_only(bool), takes_numbers_only(Literal["a"])
        (False, False, False)
    """
    if typing.get_origin(annotation) in (typing.Union, types.UnionType, tuple, list):
        parts = [part for part in typing.get_args(annotation) if part not in (Ellipsis, type(None))]
        return all(takes_numbers_only(part) for part in parts if typing.get_origin(part) is not Literal)
    return annotation in (int, float)


class Refusal(ValueError):
    """Something that the user wrote cannot be used; the message says what to change.

    The message quotes at most ``MOST_QUOTED`` characters of one text of the user, however long that is, and shows
    characters that cannot be printed as Python escapes them, so that a name cannot command a terminal.

    Example:
        >>> len(str(Refusal(f"kind must be known, got {'k' * 1000!r}. Did you mean 'knot'?"))) < 260
        True
    """

    def __init__(self, message: str) -> None:
        super().__init__("\n".join(shorten_quotes(escape_unprintable(line)) for line in message.split("\n")))


class LandscapeError(Refusal):
    """Raised where a landscape cannot be opened as described; the message says what to change.

    Example:
        >>> raise LandscapeError("mesh must be an existing file, got 'wing.msh'. Check the path.")
        Traceback (most recent call last):
        ...
        searchparty.landscapes.landscape.LandscapeError: mesh must be an existing file, got 'wing.msh'. Check the path.
    """


class EvaluationError(Exception):
    """Raised by ``Problem.evaluate`` where some rows of a batch have no loss; the others keep theirs.

    Attributes:
        losses: Losses of the whole batch, shape (n,), float64; NaN for rows without a loss.
        causes: Why these rows have no loss, by row number from 0.

    Example:
        >>> error = EvaluationError(np.array([0.5, np.nan]), {1: "the mesh is degenerate"})
        >>> str(error)
        'row 1: the mesh is degenerate'
    """

    def __init__(self, losses: Array, causes: dict[int, str]) -> None:
        super().__init__("; ".join(f"row {row}: {cause}" for row, cause in causes.items()))
        self.losses, self.causes = losses, causes


class GradientError(Exception):
    """Raised by ``Problem.gradient`` where some points of a batch have no gradient; the others keep theirs.

    Attributes:
        gradients: Gradients of the whole batch, shape (n, D), float64; NaN for points without one.
        causes: Why these points have none, by row number from 0.
    """

    def __init__(self, gradients: Array, causes: dict[int, str]) -> None:
        super().__init__("; ".join(f"row {row}: {cause}" for row, cause in causes.items()))
        self.gradients, self.causes = gradients, causes


def keep_found_rows(error: BaseException, losses: Array, causes: dict[int, str]) -> None:
    """Attach the rows of a batch that were evaluated before an error ended the evaluation, for ``found_rows``."""
    error.__dict__["searchparty_rows"] = (losses.copy(), dict(causes))


def found_rows(error: BaseException) -> tuple[Array, dict[int, str]] | None:
    """Return the losses, shape (n,), and causes of failure that ``keep_found_rows`` attached to an error, if any."""
    found: tuple[Array, dict[int, str]] | None = error.__dict__.pop("searchparty_rows", None)
    return found


def shorten_quotes(message: str) -> str:
    """Cut out the middle of whatever is too long in a message of one line.

    This is every quoted text and every unbroken word that is longer than ``MOST_QUOTED`` characters, and the message
    itself if it is longer than ``MOST_MESSAGE``, as with a long list in it.

    Example:
        >>> shorten_quotes("name must be short, got '" + "long " * 100 + "'. Shorten it.")[-30:]
        " long long long '. Shorten it."
    """
    message = LONG_QUOTE.sub(lambda found: found[0][: MOST_QUOTED - 63] + "..." + found[0][-60:], message)
    if len(message) <= MOST_MESSAGE:
        return message
    return f"{message[: MOST_MESSAGE - MESSAGE_END - 3]}...{message[-MESSAGE_END:]}"


PYDANTIC_LINK = re.compile(r" ?For further information visit \S*")


def escape_unprintable(text: str) -> str:
    r"""Return a text in which characters that cannot be printed are written as Python escapes them, on one line.

    Example:
        >>> escape_unprintable("a\x1b[31m\u202eb\n")
        'a\\x1b[31m\\u202eb\\n'
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def describe_exception(error: BaseException, links: bool = True) -> str:
    """Describe an exception as a cause of failure, on one line of limited length, even if its text cannot be read.

    Args:
        error: The exception.
        links: Whether the addresses stay that pydantic adds to each problem. Causes in logs have them.
    """
    try:
        words = " ".join(str(error)[:2000].split())
        words = (words if links else PYDANTIC_LINK.sub("", words))[:300]
    except Exception:
        words = "its message cannot be printed"
    return f"raised {type(error).__name__}: {words}"


class PointCheck(Protocol):
    """Protocol of conditions that points must meet before an evaluation is spent on them."""

    def broken_by(self, point: Array) -> str:
        """Return what is to be said of a point (D,), in the landscape's units, that breaks one; "" if it meets all."""
        ...


class InitialPoints(Protocol):
    """Protocol of a rule for where searches start: for a network, how its weights are initialised.

    It is sent to other processes with the space, so it must be small, and pickled.

    Example:
        >>> class NearTheMiddle:
        ...     def draw(self, rng):
        ...         return np.clip(0.5 + 0.01 * rng.standard_normal(2), 0.0, 1.0)
        >>> space = Space(np.zeros(2), np.ones(2), init=NearTheMiddle())
        >>> space.init.draw(np.random.default_rng(0)).round(3).tolist()
        [0.501, 0.499]
    """

    def draw(self, rng: np.random.Generator) -> Array:
        """Draw one starting point.

        Args:
            rng: Random numbers.

        Returns:
            The point, shape (D,), in the unit cube.
        """
        ...


@dataclass(frozen=True, slots=True)
class Space:
    """What an agent may know of a landscape: its box, and whether gradients exist and what they cost.

    Agents work in the unit cube [0, 1]^D; ``to_box`` and ``to_cube`` convert.

    Attributes:
        lower: Lower bounds, shape (D,), float64, in the landscape's units.
        upper: Upper bounds, shape (D,), float64, in the landscape's units.
        has_gradient: Whether agents may ask for gradients.
        gradient_price: What one gradient costs, in whole evaluations, >= 0.
        axes: The axes, D of them, if some are named, logarithmic or stepped; empty for a plain box.
        start: A point that the user knows, shape (D,), in the unit cube; it is evaluated first. None if there is none.
        noisy: Whether a setting may have another loss each time.
        conditions: Conditions that a point must meet before an evaluation is spent on it; None if there are none.
        units: How many parts of one evaluation can be evaluated alone: the rows of data over which a loss is a mean. 1
            if it cannot be divided.
        init: The rule for where searches start; None: anywhere in the box.

    Example:
        >>> space = Space(np.array([-5.0, 0.0]), np.array([5.0, 2.0]))
        >>> space.dimension
        2
        >>> space.to_box(np.array([0.5, 0.25])).tolist()
        [0.0, 0.5]
        >>> space.to_cube(np.array([0.0, 0.5])).tolist()
        [0.5, 0.25]
        >>> mixed = Space.of_axes((Axis("rate", 1e-4, 1e-2, log=True), Axis("depth", 2, 8, integer=True)))
        >>> mixed.to_box(np.array([0.0, 0.9])).tolist()
        [0.0001, 8.0]
    """

    lower: Array
    upper: Array
    has_gradient: bool = False
    gradient_price: int = 1
    axes: tuple[Axis, ...] = ()
    start: Array | None = None
    noisy: bool = False
    conditions: PointCheck | None = None
    units: int = 1
    init: InitialPoints | None = None

    @classmethod
    def of_axes(
        cls, axes: tuple[Axis, ...], has_gradient: bool = False, gradient_price: int = 1, start: Array | None = None
    ) -> Space:
        """Return the space of these axes."""
        lower, upper = np.array([[axis.low, axis.high] for axis in axes], dtype=float).T
        return cls(lower.copy(), upper.copy(), has_gradient, gradient_price, axes, start)

    @property
    def dimension(self) -> int:
        """The number of axes, D."""
        return len(self.lower)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the axes; x1, x2, ... where they have none."""
        return tuple(axis.name for axis in self.axes) or tuple(f"x{k + 1}" for k in range(self.dimension))

    @property
    def steps(self) -> tuple[int, ...]:
        """How many values each axis has; 0 for a continuous one."""
        return tuple(axis.steps for axis in self.axes) or (0,) * self.dimension

    @property
    def is_stepped(self) -> bool:
        """Whether any axis has finitely many values."""
        return any(axis.is_stepped for axis in self.axes)

    @property
    def remembers(self) -> bool:
        """Whether a setting that is known is not evaluated again: it may come again, and has one loss."""
        return self.is_stepped and not self.noisy

    def to_box(self, cube: Array) -> Array:
        """Convert points of the unit cube to the landscape's units; the results never lie outside the box.

        Args:
            cube: Points in the unit cube, shape (n, D) or (D,), float64.

        Returns:
            The same points in the landscape's units, in the same shape; of a choice, its position among the choices.
        """
        if self.axes and cube.size == len(self.axes):
            # One point: numpy would take several times as long.
            numbers = [axis.to_box(x) for axis, x in zip(self.axes, cube.ravel().tolist(), strict=True)]
            return np.array(numbers).reshape(cube.shape)
        box = np.minimum(self.lower + cube * (self.upper - self.lower), self.upper)
        for index, axis in enumerate(self.axes):
            if not axis.is_plain:
                box[..., index] = axis.to_numbers(cube[..., index])
        return box

    def to_cube(self, box: Array) -> Array:
        """Convert points from the landscape's units to the unit cube.

        Args:
            box: Points in the landscape's units, shape (n, D) or (D,), float64; those outside the box are clipped.

        Returns:
            The same points in the unit cube, in the same shape.
        """
        cube: Array = np.clip((box - self.lower) / (self.upper - self.lower), 0.0, 1.0)
        for index, axis in enumerate(self.axes):
            if not axis.is_plain:
                column = box[..., index].reshape(-1).tolist()
                cube[..., index] = np.reshape([axis.to_coordinate(x) for x in column], box.shape[:-1])
        return cube

    def to_cube_gradients(self, box: Array, gradients: Array) -> Array:
        """Convert gradients per unit of the landscape to gradients per unit of the cube.

        Args:
            box: The points, shape (n, D), in the landscape's units.
            gradients: The gradients there, shape (n, D).

        Returns:
            The gradients per cube unit, shape (n, D).
        """
        slopes = np.broadcast_to(self.upper - self.lower, box.shape)
        if not all(axis.is_plain for axis in self.axes):
            slopes = np.array([[axis.slope(x) for axis, x in zip(self.axes, row, strict=True)] for row in box.tolist()])
        return gradients * slopes


@runtime_checkable
class DivisibleProblem(Protocol):
    """Protocol of a problem whose loss is a mean over rows of data (``space.units`` of them, more than one).

    It can evaluate the mean over some of them, a mini-batch. Agents ask for these with ``MiniBatch``.

    Example:
        >>> class Line:
        ...     space = Space(np.full(1, -1.0), np.full(1, 1.0), has_gradient=True, units=4)
        ...     targets = np.array([0.0, 0.5, 1.0, 1.5])
        ...     def evaluate(self, points):
        ...         return ((points - self.targets) ** 2).mean(axis=1)
        ...     def gradient(self, points):
        ...         return 2 * (points - self.targets).mean(axis=1, keepdims=True)
        ...     def evaluate_share(self, points, rows):
        ...         errors = points - self.targets[rows]
        ...         return (errors**2).mean(axis=1), 2 * errors.mean(axis=1, keepdims=True)
        >>> losses, gradients = Line().evaluate_share(np.array([[0.5]]), np.array([[0, 2]]))
        >>> losses.tolist(), gradients.tolist()
        ([0.25], [[0.0]])
    """

    def evaluate_share(self, points: Array, rows: NDArray[np.int64]) -> tuple[Array, Array]:
        """Evaluate loss and gradient over some rows of data.

        Args:
            points: Points in the box, shape (n, D), float64, in the landscape's units.
            rows: For each point, the numbers of the rows of data, from 0, shape (n, b).

        Returns:
            The losses, shape (n,), and the gradients per unit of the landscape, shape (n, D), float64.
        """
        ...


@runtime_checkable
class MeasuredProblem(Protocol):
    """Protocol of a problem with more to tell of a point than its loss, for reports only.

    Example:
        >>> class Bowl:
        ...     space = Space(np.full(2, -1.0), np.full(2, 1.0))
        ...     def evaluate(self, points):
        ...         return (points**2).sum(axis=1)
        ...     def measure(self, point):
        ...         return {"distance": float(np.linalg.norm(point))}
        >>> Bowl().measure(np.array([0.6, 0.8]))
        {'distance': 1.0}
    """

    def measure(self, point: Array) -> dict[str, float]:
        """Measure a point, where its loss was evaluated. This is not charged, and no agent or policy sees it.

        Args:
            point: The point, shape (D,), in the box.

        Returns:
            Values by name, such as the loss on held-out data. Of a name that ends in "accuracy" more is better, of all
            others less.
        """
        ...


@runtime_checkable
class ProbedProblem(Protocol):
    """Protocol of a problem whose bits may depend on the machine, as those of compiled numerical programs may."""

    @property
    def promises_bits(self) -> bool:
        """Whether processes of equal machines and versions find the same bits."""
        ...

    def probe(self) -> Array:
        """Return losses and gradients at a few fixed points, shape (k,), by which two processes are compared."""
        ...


@runtime_checkable
class Problem(Protocol):
    """Protocol of an opened landscape. A problem is created in the process that uses it, and is never pickled.

    A class may leave out ``minimum`` and ``minimizers``, and ``gradient`` if its space has no gradients.

    A problem may set ``rowwise = True`` if it evaluates a batch row by row, so that a batch may be split anywhere
    without changing any bit of the losses. The rows of an expensive batch are then recorded as they are evaluated.

    Attributes:
        space: The box, and whether gradients exist.

    Example:
        >>> class Bowl:
        ...     space = Space(np.full(2, -1.0), np.full(2, 1.0))
        ...     rowwise = True
        ...     def evaluate(self, points):
        ...         return (points**2).sum(axis=1)
        >>> Bowl().evaluate(np.array([[0.0, 1.0], [0.5, 0.5]])).tolist()
        [1.0, 0.5]
    """

    space: Space

    def evaluate(self, points: Array) -> Array:
        """Evaluate a batch of points.

        Args:
            points: Points in the box, shape (n, D), float64, in the landscape's units.

        Returns:
            Losses, shape (n,), float64. NaN means that the evaluation of this row failed.

        Raises:
            EvaluationError: Some rows have no loss; the exception has the losses of the others.
        """
        ...

    def gradient(self, points: Array) -> Array:
        """Return the gradients at a batch of points; called only if ``space.has_gradient``.

        Args:
            points: Points in the box, shape (n, D), float64, in the landscape's units.

        Returns:
            Gradients per unit of the landscape, shape (n, D), float64.
        """
        ...

    @property
    def minimum(self) -> float | None:
        """The known minimum loss, for reports only; ``None`` if it is unknown."""
        ...

    @property
    def minimizers(self) -> Array | None:
        """The known minimizers, shape (k, D), in the landscape's units, for reports only; ``None`` if unknown."""
        ...


def known_minimum(problem: Problem) -> float | None:
    """Return the known least loss of a problem, or None if it is unknown or not stated."""
    return getattr(problem, "minimum", None)


def known_minimizers(problem: Problem) -> Array | None:
    """Return the known minimizers (k, D) of a problem, or None if they are unknown or not stated."""
    return getattr(problem, "minimizers", None)


class Landscape(Model):
    """Base class of landscapes: a loss to be minimised over a box.

    A subclass declares ``kind: Literal["..."]``, its settings as pydantic fields, and ``open``.

    Attributes:
        catalogued: Class variable; whether a YAML can name it.
        pictured: Class variable; whether figures may evaluate it tens of thousands of times.
        shareable: Class variable; whether runs may share one opened problem.
        external: Class variable; whether a separate program evaluates it.
        packages: Class variable; packages on whose versions losses depend.
        kind: The name of this kind of landscape in YAML.
        seconds: Declared cost of one evaluation, in (logical) seconds, > 0.

    Example:
        >>> from searchparty.landscapes.classics import Sphere
        >>> landscape = Sphere(dimension=2)
        >>> landscape.label
        'sphere D=2'
        >>> problem = landscape.open()
        >>> problem.evaluate(np.array([[3.0, 4.0]])).tolist()
        [25.0]
    """

    catalogued: ClassVar[bool] = True
    """Whether a YAML can name it."""
    pictured: ClassVar[bool] = False
    """Whether figures may evaluate it tens of thousands of times: it is quick, safe, and has no side effects."""
    shareable: ClassVar[bool] = False
    """Whether runs may share one opened problem: it keeps no state from one evaluation to the next."""
    external: ClassVar[bool] = False
    """Whether a separate program evaluates it, with which lines are exchanged (see ``command.py``)."""
    packages: ClassVar[tuple[str, ...]] = ()
    """Installed packages, beside those of every run, on whose versions losses depend; a log records them."""

    kind: str
    seconds: float = Field(
        1.0, gt=0, description="Declared cost of one evaluation, in (logical) seconds; orders concurrent leases."
    )

    def open(self) -> Problem:
        """Open the landscape: load what its evaluation needs. Large state belongs in the problem, not in this object.

        Returns:
            A new problem.

        Raises:
            LandscapeError: The landscape cannot be opened as described.
        """
        raise NotImplementedError

    @property
    def code_references(self) -> tuple[str, ...]:
        """The user's code that it names, each as "path/to/file.py:name" or "package.module:name".

        It is copied to the machines of a cluster, and part of what decides whether results may be resumed and trusted.
        """
        return ()

    @property
    def data_files(self) -> tuple[Path, ...]:
        """The user's files of data that it reads, as paths on this machine. They are copied to a cluster too."""
        return ()

    @property
    def label(self) -> str:
        """A short name for tables and figures: the kind, and the settings that distinguish it from others."""
        return self.kind

    @property
    def hints(self) -> tuple[str, ...]:
        """What the user may have meant otherwise, in sentences for the console."""
        return ()
