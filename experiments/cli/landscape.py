"""The command landscape: planes through the landscape of results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ...landscapes.geometry.hessian import GeometryError
from ..spec.errors import format_problem, quote, suggest
from .completion import complete_results
from .console import TrustOption, out, print_remark

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
            "are taken (pca), around whose best point the plane lies (random, hessian), or two or three (through).",
        ),
    ] = None,
    plane: Annotated[
        str,
        typer.Option(
            metavar="|".join(PLANE_NAMES),
            help="pca: the components of a run's path. best: through the best points of three agents. random: along "
            "random directions, normalised by filters. hessian: along the largest curvatures. through: through RUNs.",
        ),
    ] = "pca",
    match: Annotated[
        bool, typer.Option("--match", help="through: reorder the hidden units of the second and third network.")
    ] = False,
    of: Annotated[str | None, typer.Option(help="The landscape's label, where the results have several.")] = None,
    resolution: Annotated[int, typer.Option(min=3, max=501, help="Points along each side of the plane.")] = 51,
    seed: Annotated[int, typer.Option(min=0, help="The seed of random directions.")] = 0,
    name: Annotated[str | None, typer.Option(help="The name of the files. Default: that of the plane.")] = None,
    trust: TrustOption = False,
) -> None:
    """Evaluate a plane through the landscape of results, with the paths of its agents.

    It runs the code that the results name. It writes planes/NAME.png, .svg, .html and .json, and .npz for kind: slice.

    Examples: searchparty landscape results/digits-1 adam --plane pca; searchparty landscape results/digits-1 adam
    l-bfgs adam#1 --plane through --match
    """
    from ..planes.landscape_of_results import open_searched
    from ..planes.study import study_plane

    if plane not in PLANE_NAMES:
        rule = f"be one of {', '.join(PLANE_NAMES)}"
        raise GeometryError(
            format_problem("--plane", rule, quote(plane), "", suggest(plane, PLANE_NAMES, listed=False))
        )
    searched = open_searched(results, of, trust, print_remark)
    record, page = study_plane(searched, plane, runs or [], resolution, seed, name, match)
    for line in record.sentences:
        out.print(line, soft_wrap=True)
    out.print(f"Plane: {page}", soft_wrap=True)
