"""Studies the best points of runs and what lies between them, and writes what was found beside the results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np

from ...landscapes.ambient import set_ambient_state_aside
from ...landscapes.geometry.escape import find_precision
from ...landscapes.geometry.hessian import GeometryError, refuse_without_gradients
from ...landscapes.geometry.matching import HiddenUnits, find_hidden_units
from ...landscapes.landscape import Problem
from ...landscapes.slices import evaluate_in_chunks
from ..drawing.minima import write_minima_pictures
from ..execution.results_directory import write_atomically
from ..results.records.minima_record import BestPointRecord, MinimaRecord, PairRecord, TrackRecord
from ..results.records.plane_record import PLANES_FOLDER
from .best_points import MOST_SPECTRA, choose_best_points, choose_representatives, measure_best_point
from .between import BASIN_SHARE, choose_barrier, find_basins, measure_pairs, name_unit
from .judge import is_on_slope, judge_points
from .landscape_of_results import SearchedLandscape
from .minima_page import write_minima_page
from .paths import MINIMA_NAME, AgentPath
from .spells import read_troubles, track_curvature

MOST_BENT = 6
"""Between the best points of so many pairs of strategies a path with a bend is looked for."""
MOST_TRACKED_RUNS = 8
"""So many strategies' best runs are followed; as many as there are colours."""


@dataclass(frozen=True)
class Geometry:
    """What can be measured on a landscape.

    Attributes:
        units: The hidden units; None if they cannot be matched.
        matching: Why they cannot; empty if they can.
        curvature: Why there is no curvature; empty if there is.
        is_network: Whether the axes are weights.
    """

    units: HiddenUnits | None
    matching: str
    curvature: str
    is_network: bool


def study_minima(
    searched: SearchedLandscape, references: Sequence[str] = (), seed: int = 0, matched: bool = False
) -> tuple[MinimaRecord, Path]:
    """Study the best points of runs and what lies between them, and write it into the folder planes/ beside results.

    Args:
        searched: The landscape and the paths of its runs.
        references: RUN or RUN:AGENT: whose best points. Default: those of all runs, at most 36.
        seed: The seed of random vectors, of orders that matching tries, and of where bends start.
        matched: Whether it is refused if hidden units cannot be matched, where they are else left as they are.

    Returns:
        What was found, and the path of the page.

    Raises:
        GeometryError: If there are no such points, or hidden units cannot be matched and must be.
    """
    with set_ambient_state_aside():
        record = measure_minima(searched, references, seed, matched)
    folder = searched.directory / PLANES_FOLDER
    folder.mkdir(exist_ok=True)
    stem = folder / MINIMA_NAME
    write_atomically(stem.with_suffix(".json"), record.to_json())
    write_minima_pictures(record, stem)
    return record, write_minima_page(record, stem.with_suffix(".html"))


def measure_minima(
    searched: SearchedLandscape, references: Sequence[str], seed: int, matched: bool
) -> MinimaRecord:  # fmt: skip
    """Measure what ``study_minima`` writes, with its arguments and errors."""
    problem = searched.problem
    if problem.space.noisy:
        raise GeometryError(
            f"--minima needs a landscape with one loss at each point, got {searched.landscape.label}, which is noisy: "
            "barriers would be those of chance. Lay a plane."
        )
    geometry = _inspect_problem(problem, matched)
    chosen, sentences = choose_best_points(searched.paths, references)
    best = choose_representatives(chosen)
    whole = set(best[:MOST_SPECTRA])
    curved = not geometry.curvature
    points = [
        measure_best_point(problem, path, number in whole, curved, seed) for number, path in enumerate(chosen)
    ]  # fmt: skip
    bent = {(min(pair), max(pair)) for pair in list(combinations(best[:4], 2))[:MOST_BENT]} if curved else set()
    ends = [problem.space.to_box(path.end) for path in chosen]
    pairs = measure_pairs(problem, ends, geometry.units, bent, seed)
    fall, height = _measure_height(problem, chosen)
    basins = find_basins([point.loss for point in points], pairs, height)
    points = [replace(point, basin=basin) for point, basin in zip(points, basins, strict=True)]
    tracks, untracked = _track_best(searched, [chosen[number] for number in best], curved, seed)
    sentences += [*_describe_measured(points, geometry), *_describe_basins(points, pairs, fall, height)]
    sentences += [*_describe_pairs(points, pairs, geometry), *_describe_saddles(points), *untracked]
    return MinimaRecord(
        searched.landscape.label, name_unit(problem), fall, height, geometry.matching, geometry.curvature,
        tuple(points), tuple(pairs), tuple(tracks), tuple(sentences), tuple(judge_points(points, geometry.is_network)),
    )  # fmt: skip


def _inspect_problem(problem: Problem, matched: bool) -> Geometry:
    units, matching, curvature = None, "", ""
    try:
        units = find_hidden_units(problem)
    except GeometryError as error:
        if matched:
            raise
        matching = str(error)
    try:
        refuse_without_gradients(problem)
    except GeometryError as error:
        curvature = str(error)
    return Geometry(units, matching, curvature, problem.space.init is not None)


def _measure_height(problem: Problem, chosen: Sequence[AgentPath]) -> tuple[float, float]:
    """Return by how much losses fell, and the barrier that does not part two basins."""
    firsts = evaluate_in_chunks(problem, problem.space.to_box(np.array([path.cube[0] for path in chosen])))
    least = min(path.loss for path in chosen)
    known = firsts[np.isfinite(firsts)]
    fall = max(0.0, float(np.median(known)) - least) if len(known) else 0.0
    return fall, max(BASIN_SHARE * fall, find_precision(np.array([path.loss for path in chosen])))


def _track_best(
    searched: SearchedLandscape, paths: Sequence[AgentPath], curved: bool, seed: int
) -> tuple[list[TrackRecord], list[str]]:
    """Return the curvature along paths, and sentences on those that have none."""
    tracks, said = [], []
    if curved and len(paths) > MOST_TRACKED_RUNS:
        said.append(f"Of {len(paths)} strategies the {MOST_TRACKED_RUNS} best are followed over their runs.")
    for path in paths[:MOST_TRACKED_RUNS] if curved else ():
        try:
            rule, troubles = read_troubles(searched, path)
            tracks.append(track_curvature(searched.problem, path, rule, troubles, seed))
        except GeometryError as error:
            said.append(f"The path of {path.name} is not followed: {error}")
    return tracks, said


def _describe_measured(points: Sequence[BestPointRecord], geometry: Geometry) -> list[str]:
    if geometry.curvature:
        return [f"Curvature is left out: {geometry.curvature}"]
    named = [point.name for point in points if point.curvature and point.curvature.trace]
    failed = [point.name for point in points if point.curvature is None]
    said = [
        f"The whole spectrum is estimated at the best point of each strategy, of at most {MOST_SPECTRA}: "
        f"{', '.join(named)}. At the others it is the ends of it only."
    ]
    return said + ([f"At the best points of {', '.join(failed)} there are no finite derivatives."] if failed else [])


def _describe_basins(
    points: Sequence[BestPointRecord], pairs: Sequence[PairRecord], fall: float, height: float
) -> list[str]:
    losses = [point.loss for point in points]
    counts = [len(set(find_basins(losses, pairs, each))) for each in (height / 10, height, height * 10)]
    counted = "is 1 basin" if counts[1] == 1 else f"are {counts[1]} basins"
    rule = (
        f"{BASIN_SHARE:.0%} of the {fall:.3g} by which losses fell".replace("%", " %")
        if fall > 0 and height <= BASIN_SHARE * fall
        else "to which losses are exact"
    )
    said = [
        f"Two points are joined if the barrier between them is at most {height:.3g}, {rule}, and a basin is what is "
        "joined directly or through other points; the lowest loss is "
        f"{min(losses):.3g}. There {counted} of {len(points)} points; at a tenth of that height it is {counts[0]}, at "
        f"ten times it {counts[2]}. Basins are those of straight lines: two of them may be joined by a path that is "
        "not straight.",
    ]
    within = [choose_barrier(pair) for pair in pairs if points[pair.one].basin == points[pair.other].basin]
    higher = [barrier for barrier in within if barrier > height]
    if higher:
        said.append(
            f"Of the {len(within)} pairs within a basin {len(higher)} have a higher barrier between them, up to "
            f"{max(higher):.3g}: they are joined through other points only."
        )
    sloping = [point.name for point in points if is_on_slope(point)]
    if sloping:
        said.append(
            f"The best points of {', '.join(sloping)} are on a slope: they are no minima, and their basin is that to "
            "which a straight line leads without a rise."
        )
    return said


def _describe_pairs(
    points: Sequence[BestPointRecord], pairs: Sequence[PairRecord], geometry: Geometry
) -> list[str]:  # fmt: skip
    said = []
    known = [pair for pair in pairs if np.isfinite(pair.height)]
    if geometry.units is None:
        # Of what is no network, nobody expects it.
        if geometry.is_network:
            said.append(f"Hidden units are not matched: {geometry.matching}")
    elif known:
        before, after = (
            float(np.median(heights))
            for heights in ([pair.height for pair in known], [pair.matched_height for pair in known])
        )
        said.append(
            f"The median of the barriers ({len(known)}) is {before:.3g} on the straight line, and {after:.3g} with the "
            "hidden units of the second network matched to those of the first, which changes no output. Matching finds "
            "a local optimum: what it leaves may be too much."
        )
    bent = [pair for pair in pairs if np.isfinite(pair.bent_height)]
    if bent:
        parts = [
            f"{points[pair.one].name} and {points[pair.other].name} {pair.bent_height:.3g} ({pair.height:.3g} straight)"
            for pair in bent
        ]
        said.append(f"Barriers on the best path with one bend that was found, without matching: {'; '.join(parts)}.")
    holes = sum(pair.failed for pair in pairs)
    if holes:
        said.append(f"At {holes:,} points between there is no loss: barriers there are lower bounds.")
    if any(not np.isfinite(choose_barrier(pair)) for pair in pairs):
        said.append("Pairs with a point that has no loss have no barrier, and are of two basins.")
    return said


def _describe_saddles(points: Sequence[BestPointRecord]) -> list[str]:
    said = []
    for point in points:
        found = point.curvature
        if found is None or found.kind != "saddle":
            continue
        if found.both_ways:
            checked = f"the loss falls both ways, by {found.fall:.3g} on a way of {found.distance:.3g}: it is one"
        elif found.fall > found.precision:
            checked = f"the loss falls one way, by {found.fall:.3g}, and not the other: that it is one is not shown"
        else:
            checked = (
                f"the loss does not fall by more than rounding, {found.precision:.2g}: that it is one is not shown"
            )
        said.append(
            f"{point.name} ends where the least eigenvalue is {found.least:.3g}, as at a saddle. Along its direction "
            f"{checked}."
        )
    return said
