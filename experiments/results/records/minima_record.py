"""What is kept of what lies between minima: all that its pictures and pages show, as plain numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .json_file import format_record, read_record
from .plane_record import WEIGHT_UNIT

MINIMA_FORMAT = 1
MINIMA_KIND = "minima"
MOST_MINIMA = 36
MOST_TRACKS, MOST_TRACKED = 24, 100
MOST_SPECTRUM = 10_000
"""The most eigenvalues, or nodes of a quadrature, of one minimum."""
MOST_MINIMA_BYTES = 20_000_000
MOST_SENTENCES, MOST_CHARACTERS = 200, 20_000
MOST_MEASURES, MOST_LARGEST = 100, 20
MOST_COUNTED = 10**15
"""No run has spent more evaluations."""


class MinimaRecordError(ValueError):
    """A file is no record of minima. The message says why."""


@dataclass(frozen=True)
class PointCurvature:
    """The curvature at the best point of an agent; NaN is what was not measured, or is not known.

    Attributes:
        kind: What the point is: minimum, saddle, flat or slope.
        gradient: The length of the gradient.
        largest: The largest eigenvalues, falling.
        least: The least eigenvalue.
        residual: No eigenvalue is farther than this from one of the Hessian.
        filter_sharpness: The greatest curvature along filter-normalised directions.
        trace: The sum of all eigenvalues, and the ends of its 95 % interval; empty if not measured.
        negative: The share of negative eigenvalues, and the ends of its interval; empty if not measured.
        values: Eigenvalues, or the nodes of a quadrature; empty if not measured.
        weights: The share of all eigenvalues that each stands for.
        fall: Of a saddle, by how much the loss falls along the direction of the least eigenvalue.
        distance: How far away it is that low.
        precision: What losses are exact to: no smaller fall is one.
    """

    kind: str
    gradient: float
    largest: list[float]
    least: float
    residual: float
    filter_sharpness: float
    trace: list[float] = field(default_factory=list)
    negative: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    fall: float = math.nan
    distance: float = math.nan
    precision: float = math.nan
    both_ways: bool = False


@dataclass(frozen=True)
class BestPointRecord:
    """The best point of an agent.

    Attributes:
        run: The id of the run.
        name: Strategy, repeat and agent in short.
        strategy: The strategy.
        repeat: The number of the repeat, from 0.
        loss: The loss.
        length: Its distance from the origin, in the landscape's units: for a network, how large the weights are.
        basin: The number of its basin, from 0.
        measures: What the landscape measures there, by name, what is held out first.
        curvature: The curvature there; None if it could not be measured.
    """

    run: str
    name: str
    strategy: str
    repeat: int
    loss: float
    length: float
    basin: int
    measures: dict[str, float] = field(default_factory=dict)
    curvature: PointCurvature | None = None


@dataclass(frozen=True)
class PairRecord:
    """What lies between two best points; NaN is what was not measured.

    Attributes:
        one: The number of the first point.
        other: The number of the second, which is greater.
        distance: How far they are apart.
        height: The barrier on the segment between them.
        matched_distance: How far they are apart with the units of the second one reordered.
        matched_height: The barrier on the segment to the reordered one.
        bent_height: The barrier on the best path with one bend that was found, without reordering.
        failed: At how many points of these paths there was no loss: barriers are then lower bounds.
    """

    one: int
    other: int
    distance: float
    height: float
    matched_distance: float = math.nan
    matched_height: float = math.nan
    bent_height: float = math.nan
    failed: int = 0


@dataclass(frozen=True)
class TrackRecord:
    """The curvature along the path of an agent; lists have one entry for each point.

    Attributes:
        run: The id of the run.
        name: Strategy, repeat and agent in short.
        strategy: The strategy.
        agent: The kind of the agent.
        limit: The product of rate and eigenvalue beyond which its steps overshoot on a quadratic; NaN if there is none.
        evaluations: What the run had spent.
        losses: The losses.
        gradients: The lengths of the gradients.
        largest: The largest eigenvalue is at least this.
        least: The least eigenvalue is at most this.
        drift: How far the last steps of the estimate moved both, relative to the greater.
        rates: Its learning rate, in the landscape's units; NaN where none is known.
        words: What each point is: slope, minimum, saddle, flat, or overshoots.
        noticed: What was noticed of the agent, and what the curvature there says, in sentences.
    """

    run: str
    name: str
    strategy: str
    agent: str
    limit: float
    evaluations: list[int]
    losses: list[float]
    gradients: list[float]
    largest: list[float]
    least: list[float]
    drift: list[float]
    rates: list[float]
    words: list[str]
    noticed: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class MinimaRecord:
    """What lies between the best points of runs.

    Attributes:
        landscape: The label of the landscape.
        unit: What distances are counted in.
        fall: By how much losses fell: the median loss of first points above the least loss.
        basin_height: Points with no higher barrier between them are joined; a basin is what is joined, directly or
            through other points.
        matching: Why hidden units were not matched; empty if they were.
        curvature: Why curvature was not measured; empty if it was.
        points: The best points.
        pairs: What lies between any two of them.
        tracks: The curvature along paths.
        sentences: What was found, and what was left out.
        verdicts: What the runs say of strategies, sharpness and held-out data.
    """

    landscape: str
    unit: str
    fall: float
    basin_height: float
    matching: str
    curvature: str
    points: tuple[BestPointRecord, ...]
    pairs: tuple[PairRecord, ...]
    tracks: tuple[TrackRecord, ...]
    sentences: tuple[str, ...]
    verdicts: tuple[str, ...]

    @property
    def is_network(self) -> bool:
        """Whether the axes of the landscape are weights."""
        return self.unit == WEIGHT_UNIT

    def to_json(self) -> str:
        """Return the record as JSON, in which null is a number that there is not."""
        data = asdict(self) | {"kind": MINIMA_KIND, "format": MINIMA_FORMAT}
        return format_record(data)


def read_minima_record(path: Path) -> MinimaRecord:
    """Read a record. Nothing in it can be run.

    Raises:
        MinimaRecordError: The file cannot be read, or holds something else.
    """
    return read_record(path, MOST_MINIMA_BYTES, "minima", _parse_record, MinimaRecordError)


def _parse_record(data: Mapping[str, Any]) -> MinimaRecord:
    if (data["kind"], data["format"]) != (MINIMA_KIND, MINIMA_FORMAT):
        raise MinimaRecordError(f"it is {data['kind']!r} of format {data['format']!r}")
    points = tuple(_read_list(data["points"], MOST_MINIMA, _parse_point))
    pairs = tuple(_read_list(data["pairs"], MOST_MINIMA * MOST_MINIMA, _parse_pair))
    if not points or not all(0 <= pair.one < pair.other < len(points) for pair in pairs):
        raise MinimaRecordError("its pairs are of points that it does not have")
    if not all(0 <= point.basin < len(points) for point in points):
        raise MinimaRecordError("its basins have numbers that there are not")
    texts = [tuple(_read_list(data[name], MOST_SENTENCES, _read_text)) for name in ("sentences", "verdicts")]
    words = [_read_text(data[name]) for name in ("landscape", "unit", "matching", "curvature")]
    landscape, unit, matching, curvature = words
    return MinimaRecord(
        landscape, unit, _read_number(data["fall"]), _read_number(data["basin_height"]), matching, curvature, points,
        pairs, tuple(_read_list(data["tracks"], MOST_TRACKS, _parse_track)), *texts,
    )  # fmt: skip


def _parse_point(data: Mapping[str, Any]) -> BestPointRecord:
    measures = dict(data["measures"])
    if len(measures) > MOST_MEASURES:
        raise MinimaRecordError("it has too many measures")
    return BestPointRecord(
        run=_read_text(data["run"]),
        name=_read_text(data["name"]),
        strategy=_read_text(data["strategy"]),
        repeat=_read_count(data["repeat"]),
        loss=_read_number(data["loss"]),
        length=_read_number(data["length"]),
        basin=_read_count(data["basin"]),
        measures={_read_text(name): _read_number(value) for name, value in measures.items()},
        curvature=None if data["curvature"] is None else _parse_curvature(data["curvature"]),
    )


def _parse_curvature(data: Mapping[str, Any]) -> PointCurvature:
    found = PointCurvature(
        kind=_read_text(data["kind"]),
        gradient=_read_number(data["gradient"]),
        largest=_read_list(data["largest"], MOST_LARGEST, _read_number),
        least=_read_number(data["least"]),
        residual=_read_number(data["residual"]),
        filter_sharpness=_read_number(data["filter_sharpness"]),
        trace=_read_list(data["trace"], 3, _read_number),
        negative=_read_list(data["negative"], 3, _read_number),
        values=_read_list(data["values"], MOST_SPECTRUM, _read_number),
        weights=_read_list(data["weights"], MOST_SPECTRUM, _read_number),
        fall=_read_number(data["fall"]),
        distance=_read_number(data["distance"]),
        precision=_read_number(data["precision"]),
    )
    if {len(found.trace), len(found.negative)} - {0, 3} or len(found.values) != len(found.weights):
        raise MinimaRecordError("an estimate has no ends, or a spectrum no weights")
    if not found.largest:
        raise MinimaRecordError("a point has no largest eigenvalue")
    return found


def _parse_pair(data: Mapping[str, Any]) -> PairRecord:
    return PairRecord(
        one=_read_count(data["one"]),
        other=_read_count(data["other"]),
        distance=_read_number(data["distance"]),
        height=_read_number(data["height"]),
        matched_distance=_read_number(data["matched_distance"]),
        matched_height=_read_number(data["matched_height"]),
        bent_height=_read_number(data["bent_height"]),
        failed=_read_count(data["failed"]),
    )


def _parse_track(data: Mapping[str, Any]) -> TrackRecord:
    found = TrackRecord(
        run=_read_text(data["run"]),
        name=_read_text(data["name"]),
        strategy=_read_text(data["strategy"]),
        agent=_read_text(data["agent"]),
        limit=_read_number(data["limit"]),
        evaluations=_read_list(data["evaluations"], MOST_TRACKED, _read_count),
        losses=_read_list(data["losses"], MOST_TRACKED, _read_number),
        gradients=_read_list(data["gradients"], MOST_TRACKED, _read_number),
        largest=_read_list(data["largest"], MOST_TRACKED, _read_number),
        least=_read_list(data["least"], MOST_TRACKED, _read_number),
        drift=_read_list(data["drift"], MOST_TRACKED, _read_number),
        rates=_read_list(data["rates"], MOST_TRACKED, _read_number),
        words=_read_list(data["words"], MOST_TRACKED, _read_text),
        noticed=_read_list(data["noticed"], MOST_SENTENCES, _read_text),
    )
    lists = (found.losses, found.gradients, found.largest, found.least, found.drift, found.rates, found.words)
    if {len(each) for each in lists} != {len(found.evaluations)} or not found.evaluations:
        raise MinimaRecordError("the lists of a track differ in length")
    return found


def _read_list(data: Any, most: int, read: Callable[[Any], Any]) -> list[Any]:
    if not isinstance(data, list) or len(data) > most:
        raise MinimaRecordError(f"what must be a list of at most {most:,} is none")
    return [read(each) for each in data]


def _read_number(data: Any) -> float:
    if data is None:
        return math.nan
    if isinstance(data, bool | str) or not math.isfinite(data):
        raise MinimaRecordError("what must be a number is none")
    return float(data)


def _read_count(data: Any) -> int:
    if not isinstance(data, int) or isinstance(data, bool) or not 0 <= data <= MOST_COUNTED:
        raise MinimaRecordError("what must be a count is none")
    return data


def _read_text(data: Any) -> str:
    if not isinstance(data, str) or len(data) > MOST_CHARACTERS:
        raise MinimaRecordError(f"what must be a text of at most {MOST_CHARACTERS:,} characters is none")
    return data
