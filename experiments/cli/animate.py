"""The command animate, which draws the replay of a run."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.progress import track

from .terminal.console import INTERRUPTED, RUN_FAILED, ResultsArgument, err, handle_termination, out

if TYPE_CHECKING:
    from ..animation.animate import AnimationOptions, ProgressWrapper

Look = Literal["drawn", "studio"]
OTHER_RUNS_HINT = (
    "(To draw another run: --run ID or STRATEGY. To draw two side by side: --compare, or --run A --run B.)"
)


def animate_command(
    results: ResultsArgument,
    runs: Annotated[
        list[str] | None,
        typer.Option(
            "--run",
            metavar="ID|STRATEGY",
            help="The run to draw. Given twice, it draws two runs side by side. Default: the run of the largest team "
            "that has the median result.",
        ),
    ] = None,
    compare: Annotated[
        bool,
        typer.Option(
            "--compare",
            help="Also draw another strategy on the same landscape and repeat, with equally many evaluations spent.",
        ),
    ] = False,
    target: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="PATH",
            help="A .gif, or an .mp4 (needs ffmpeg). Default: RESULTS/animation.gif, and .mp4 if ffmpeg is found.",
        ),
    ] = None,
    look: Annotated[
        Look,
        typer.Option(
            "--look",
            help="drawn: as figures of the report; studio: as the studio shows it, which needs Chromium and the extra "
            "films (without them, it is drawn).",
        ),
    ] = "drawn",
    seconds: Annotated[float, typer.Option("--seconds", help="Duration in seconds.")] = 10.0,
    fps: Annotated[float, typer.Option("--fps", help="Frames per second.")] = 10.0,
    width: Annotated[int, typer.Option("--width", help="Width in pixels.")] = 960,
    plane: Annotated[
        str | None,
        typer.Option(
            "--plane",
            metavar="x1,x3",
            help="In more than two dimensions: the two coordinates of the slice to draw, through the best point.",
        ),
    ] = None,
) -> None:
    """Write the replay of a run as a GIF, and as an MP4 if ffmpeg is installed, for slides.

    Examples: searchparty animate results/quickstart-1; searchparty animate results/quickstart-1 --compare;
    searchparty animate results/party-1 --run party --run "slsqp alone" --plane x1,x3 --out party.gif
    """
    from ..animation.animate import AnimationOptions, write_animation
    from ..animation.encoding import EncodingError

    def progress(frames: Iterable[int], total: int) -> Iterable[int]:
        return track(frames, "drawing", total, console=err, transient=True, disable=not err.is_terminal)

    options = AnimationOptions(tuple(runs or ()), compare, target, seconds, fps, width, plane)
    handle_termination()
    if look == "studio" and _film_in_studio(results, options, progress):
        return
    try:
        done = write_animation(results, options, progress)
    except KeyboardInterrupt:
        err.print("Stopped. Nothing was written.")
        raise typer.Exit(INTERRUPTED) from None
    except EncodingError as error:
        err.print(str(error), style="red", soft_wrap=True)
        raise typer.Exit(RUN_FAILED) from None
    for run in done.runs:
        line = f"Run {run.id}: {run.strategy} on {run.landscape}, repeat {run.repeat}"
        out.print(line, soft_wrap=True)
    out.print(OTHER_RUNS_HINT, soft_wrap=True)
    for path in done.paths:
        line = f"Animation: {path} ({path.stat().st_size / 1e6:.1f} MB)"
        out.print(line, soft_wrap=True)


def _film_in_studio(results: Path, options: AnimationOptions, progress: ProgressWrapper) -> bool:
    """Write the film in the look of the studio, and say so; return whether that was possible."""
    from ..pages.page_film import FilmUnavailable, write_studio_animation

    try:
        titles, paths = write_studio_animation(results, options, progress)
    except FilmUnavailable as error:
        err.print(f"{error} So it is drawn as figures are.", soft_wrap=True)
        return False
    out.print(f"Shown: {' beside '.join(titles)}", soft_wrap=True)
    for path in paths:
        out.print(f"Animation: {path} ({path.stat().st_size / 1e6:.1f} MB)", soft_wrap=True)
    return True
