"""Lays and evaluates the plane that a user asks for, and writes it beside the results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ...landscapes.ambient import set_ambient_state_aside
from ...landscapes.geometry.curvature import find_steepest
from ...landscapes.geometry.hessian import GeometryError
from ...landscapes.geometry.matching import find_hidden_units, match_units
from ...landscapes.geometry.plane_file import PlaneFile, write_plane
from ...landscapes.landscape import Problem
from ...landscapes.slices import evaluate_in_chunks
from ..drawing.plane import write_pictures
from ..execution.results_directory import write_atomically
from ..results.records.plane_record import PLANES_FOLDER, PlaneRecord
from .evaluate import PLANE_RESOLUTION, evaluate_plane
from .follow_up import write_follow_up
from .landscape_of_results import SearchedLandscape
from .lay import LaidPlane, lay_along, lay_principal, lay_random, lay_through
from .page import write_page
from .paths import FILE_NAME, MINIMA_NAME, AgentPath, find_path

MOST_PATHS = 8
"""The most paths in a picture; as many as there are colours."""


def study_plane(
    searched: SearchedLandscape,
    choice: str,
    references: Sequence[str] = (),
    resolution: int = PLANE_RESOLUTION,
    seed: int = 0,
    name: str | None = None,
    matched: bool = False,
) -> tuple[PlaneRecord, Path]:
    """Lay a plane through the landscape of results, evaluate it, and write it into the folder planes/ beside them.

    Args:
        searched: The landscape and the paths of its runs.
        choice: How it is laid: pca, best, hessian, random or through.
        references: RUN or RUN:AGENT: the run of whose path the components are taken (pca), the agent around whose best
            point the plane lies (random, hessian), or those through whose best points it goes (through).
        resolution: The points along each side.
        seed: The seed of random directions.
        name: The name of the files. Default: the choice.
        matched: Whether the hidden units of the second and third network are reordered to be nearest to the first.

    Returns:
        What was found, and the path of the page.

    Raises:
        GeometryError: If there is no such plane.
    """
    if name is not None and not FILE_NAME.fullmatch(name):
        raise GeometryError(
            f"--name must be 1 to 100 letters, digits, - and _, got {name!r}. It names files in the folder planes/."
        )
    if name == MINIMA_NAME:
        raise GeometryError(f"--name must not be {MINIMA_NAME}, which names the files of --minima, got it. Change it.")
    with set_ambient_state_aside():
        laid, through = _lay(searched, choice, references, seed, matched)
        others = _choose_others(searched, through)
        record = evaluate_plane(searched.problem, laid, choice, searched.landscape.label, through, others, resolution)
    folder = searched.directory / PLANES_FOLDER
    folder.mkdir(exist_ok=True)
    stem = folder / (name or choice)
    settings = searched.landscape.model_dump(mode="json")
    write_plane(stem.with_suffix(".npz"), PlaneFile(laid.framed, settings, searched.landscape.label, record.losses))
    write_atomically(stem.with_suffix(".json"), record.to_json())
    write_follow_up(searched.landscape, searched.problem.space, stem)
    write_pictures(record, stem)
    return record, write_page(record, stem.with_suffix(".html"))


def _lay(
    searched: SearchedLandscape, choice: str, references: Sequence[str], seed: int, matched: bool
) -> tuple[LaidPlane, list[AgentPath]]:
    """Return the plane, and the paths through which it was laid."""
    problem, paths = searched.problem, searched.paths
    named = [find_path(paths, each) for each in references]
    _check_count(choice, named)
    if matched and choice not in ("through", "best"):
        raise GeometryError(f"--match must be given with plane through or best, got {choice}. Leave it out.")
    if choice == "pca":
        chosen = named[0] if named else searched.best
        with_agent = any(":" in each for each in references)
        mine = [chosen] if with_agent else [path for path in paths if path.run == chosen.run]
        return lay_principal(problem, mine), mine
    if choice in ("best", "through"):
        ends = named or _find_best_agents(searched)
        ends = match_paths(problem, ends, seed) if matched else ends
        return lay_through(problem, ends, seed), ends
    center = named[0] if named else searched.best
    return (lay_random(problem, center, seed) if choice == "random" else _lay_curved(problem, center, seed)), [center]


def _lay_curved(problem: Problem, center: AgentPath, seed: int) -> LaidPlane:
    """Lay a plane along the two largest eigenvalues of the Hessian at the best point of a path."""
    found = find_steepest(problem, problem.space.to_box(center.end), seed)
    worst, best = evaluate_in_chunks(problem, problem.space.to_box(np.array([center.cube[0], center.end])))
    fall = float(worst - best) if np.isfinite(worst - best) else 1.0
    return lay_along(problem, center, found.directions[0], found.directions[1], fall, found.largest[:2])


def match_paths(problem: Problem, paths: Sequence[AgentPath], seed: int) -> list[AgentPath]:
    """Return paths to the best points of networks whose hidden units are reordered to be nearest to the first one.

    Of a reordered network only the best point is known; the first path is unchanged.
    """
    units, space = find_hidden_units(problem), problem.space
    first = space.to_box(paths[0].end)
    found = [paths[0]]
    for path in paths[1:]:
        cube = space.to_cube(match_units(units, first, space.to_box(path.end), seed))[None]
        spent = path.evaluations[-1:] if path.best is None else path.evaluations[path.best : path.best + 1]
        found.append(replace(path, cube=cube, evaluations=spent, best=None if path.best is None else 0, matched=True))
    return found


def _check_count(choice: str, named: Sequence[AgentPath]) -> None:
    least, most = {"through": (2, 3), "best": (0, 0)}.get(choice, (0, 1))
    if not least <= len(named) <= most:
        form = ", as RUN or RUN:AGENT"
        rule = {"through": f"two or three runs{form}", "best": "no runs"}.get(choice, f"at most one run{form}")
        raise GeometryError(
            f"plane {choice} must be given {rule}, got {len(named)}. "
            f"{'Leave out' if len(named) > most else 'Add'} some."
        )


def _find_best_agents(searched: SearchedLandscape) -> list[AgentPath]:
    """Return the paths of three agents whose best points are the best, one for each strategy where there are three."""
    repeat = searched.best.repeat
    mine = [path for path in searched.paths if path.best is not None and path.repeat == repeat]
    order = sorted(mine, key=lambda path: path.loss)
    first = list({path.strategy: path for path in reversed(order)}.values())
    chosen = sorted(first, key=lambda path: path.loss)[:3]
    chosen += [path for path in order if path not in chosen][: 3 - len(chosen)]
    if len(chosen) < 2:
        raise GeometryError(
            "plane best needs the best points of at least two agents, got one. Run another agent, strategy or repeat."
        )
    return chosen


def _choose_others(searched: SearchedLandscape, through: Sequence[AgentPath]) -> list[AgentPath]:
    """Return the paths that pictures show besides those through which the plane was laid: others of their repeat."""
    taken = {(path.run, path.agent) for path in through}
    others = [path for path in searched.paths if path.repeat == through[0].repeat]
    return [path for path in others if (path.run, path.agent) not in taken][: MOST_PATHS - len(through)]
