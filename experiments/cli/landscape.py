"""The command landscape: planes through the landscape of results, and what lies between its minima."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from ...landscapes.geometry.hessian import GeometryError
from ..spec.errors import format_problem, quote, suggest
from .completion import complete_results
from .terminal.console import TrustOption, out, print_remark

PLANE_NAMES = ("pca", "best", "hessian", "random", "through")


def landscape_command(
    results: Annotated[
        Path, typer.Argument(metavar="RESULTS", help="A results directory.", autocompletion=complete_results)
    ],
    runs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RUN[:AGENT]]...",
            help="Runs by id or strategy, with #REPEAT for another repeat than the first: of whose path the components "
            "are taken (pca), around whose best point the plane lies (random, hessian), or two or three (through). "
            "With --minima: whose best points are studied, at most 36; by default, those of all runs.",
        ),
    ] = None,
    plane: Annotated[
        str | None,
        typer.Option(
            metavar="|".join(PLANE_NAMES),
            help="pca: the components of a run's path. best: through the best points of three agents. random: along "
            "random directions, normalised by filters. hessian: along the largest curvatures. through: through RUNs. "
            "Default: pca.",
        ),
    ] = None,
    minima: Annotated[
        bool,
        typer.Option(
            "--minima",
            help="Instead of a plane: curvature at the best points of runs, barriers between them, who ended in whose "
            "basin, and the curvature over runs.",
        ),
    ] = False,
    match: Annotated[
        bool,
        typer.Option(
            "--match",
            help="through, best: reorder the hidden units of the second and third network. With --minima units are "
            "matched where they can be; this refuses landscapes where they cannot.",
        ),
    ] = False,
    of: Annotated[str | None, typer.Option(help="The landscape's label, where the results have several.")] = None,
    resolution: Annotated[
        int | None,
        typer.Option(min=3, max=501, help="Points along each side of the plane; not with --minima. Default: 51."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The seed of random directions and vectors.")] = 0,
    name: Annotated[
        str | None, typer.Option(help="The name of the files; not with --minima. Default: that of the plane.")
    ] = None,
    trust: TrustOption = False,
) -> None:
    """Evaluate a plane through the landscape of results, with the paths of its agents, or study its minima.

    It runs the code that the results name. It writes planes/NAME.png, .svg, .html and .json, and .npz for kind: slice.

    Examples: searchparty landscape results/digits-1 adam --plane pca; searchparty landscape results/digits-1 adam
    l-bfgs adam#1 --plane through --match; searchparty landscape results/digits-1 --minima
    """
    given = {"--plane": plane, "--resolution": resolution, "--name": name}
    if minima:
        _refuse_plane_options(given)
        _print_minima(results, runs or [], match, of, seed, trust)
    else:
        _print_plane(results, runs or [], (plane or "pca", resolution or 51, name), match, of, seed, trust)


def _refuse_plane_options(given: Mapping[str, object]) -> None:
    """Raise GeometryError if an option of planes is given; None is one that is not."""
    for option, value in given.items():
        if value is not None:
            cure = "Leave it out, or call the command twice."
            raise GeometryError(format_problem(option, "be left out with --minima", quote(value), "", cure))


def _print_minima(results: Path, runs: list[str], match: bool, of: str | None, seed: int, trust: bool) -> None:
    from ..planes.landscape_of_results import describe_replaced, open_searched
    from ..planes.minima import study_minima
    from ..planes.paths import MINIMA_NAME

    searched = open_searched(results, of, trust, print_remark)
    replaced = describe_replaced(searched, MINIMA_NAME)
    record, page = study_minima(searched, runs, seed, match)
    _print_replaced(replaced)
    for line in (*record.verdicts, *record.sentences):
        out.print(line, soft_wrap=True)
    out.print(f"Minima: {page}", soft_wrap=True)


def _print_plane(
    results: Path,
    runs: list[str],
    chosen: tuple[str, int, str | None],
    match: bool,
    of: str | None,
    seed: int,
    trust: bool,
) -> None:
    from ..planes.landscape_of_results import describe_replaced, open_searched
    from ..planes.study import study_plane

    plane, resolution, name = chosen
    if plane not in PLANE_NAMES:
        rule = f"be one of {', '.join(PLANE_NAMES)}"
        raise GeometryError(
            format_problem("--plane", rule, quote(plane), "", suggest(plane, PLANE_NAMES, listed=False))
        )
    searched = open_searched(results, of, trust, print_remark)
    replaced = describe_replaced(searched, name or plane)
    record, page = study_plane(searched, plane, runs, resolution, seed, name, match)
    _print_replaced(replaced)
    for line in record.sentences:
        out.print(line, soft_wrap=True)
    out.print(f"Plane: {page}", soft_wrap=True)


def _print_replaced(text: str) -> None:
    if text:
        print_remark(text)
