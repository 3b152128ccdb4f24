"""Replays of runs as files: what is to be drawn, how it is checked, and where it goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .encoding import Encoder, Gif, Mp4, has_ffmpeg
from .plane import Plane, plane_axes, through
from .replay import film, replay_of
from .resuming import ResultsError
from .runs import RunData, read_runs
from .selection import counterpart, listing, most_telling, pair, run_named

LINGERS = 0.9
"""Seconds that a hand-over stays, and a reason."""
HOLD = 2.0
"""Seconds that the last picture stays; of a short film, a third."""
SMALLEST, LARGEST = 240, 1920
SHORTEST, LONGEST = 2.0, 120.0
FASTEST = 30
MOST_PIXELS = 600_000_000
"""All pictures of a film together: a GIF is kept in memory, a byte a pixel, until all colours are known."""


@dataclass(frozen=True)
class Options:
    """What to draw, and how. ``runs`` are ids or strategies; ``plane`` is "x1,x3"; ``width`` is in pixels."""

    runs: tuple[str, ...] = ()
    compare: bool = False
    out: Path | None = None
    seconds: float = 10.0
    fps: float = 10.0
    width: int = 960
    plane: str | None = None

    def check(self) -> None:
        """Raises ResultsError where one is out of its bounds."""
        _bounded("--width", self.width, SMALLEST, LARGEST, "pixels", "640 suits a page, 1280 a slide")
        _bounded("--seconds", self.seconds, SHORTEST, LONGEST, "seconds", "10 suit most runs")
        _bounded("--fps", self.fps, 1, FASTEST, "pictures a second", "10 suit a GIF, 25 a film")
        if len(self.runs) > 2:
            raise ResultsError(f"--run must be given once or twice, got {len(self.runs)} times. Leave out the others.")
        if self.out is not None and self.out.suffix.lower() not in (".gif", ".mp4"):
            raise ResultsError(f"--out must end in .gif or .mp4, got {self.out}. Write, for example, --out run.gif.")
        if self.out is not None and self.out.suffix.lower() == ".mp4" and not has_ffmpeg():
            raise ResultsError(
                f"--out must end in .gif where there is no ffmpeg on the path, got {self.out}. Install ffmpeg, or "
                "write a GIF."
            )

    @property
    def hold(self) -> float:
        return min(HOLD, self.seconds / 3)

    @property
    def frames(self) -> int:
        return max(2, round((self.seconds - self.hold) * self.fps) + 1)


@dataclass(frozen=True)
class Animated:
    """What was drawn: the runs, the files, and how to choose others."""

    runs: tuple[RunData, ...]
    paths: tuple[Path, ...]
    frames: int
    hint: str


def animate(
    directory: Path, options: Options, progress: Callable[[Iterable[int], int], Iterable[int]] = lambda frames, _: frames
) -> Animated:
    """Draw the replay of one run of a results directory, or of two side by side, and write it. Raises ResultsError where
    the options do not fit, and EncodingError where ffmpeg fails. ``progress`` wraps the numbers of the frames."""
    options.check()
    all_runs = read_runs(directory)
    runs, hint = _chosen(all_runs, options, directory)
    dimension = runs[0].space.dimension
    axes = plane_axes(options.plane, dimension)
    # Only now: drawing takes a second to import.
    from .animation import Stage

    replays = [replay_of(run) for run in runs]
    problem = runs[0].problem
    known = None if problem is None or problem.minimizers is None else problem.space.to_cube(problem.minimizers[0])
    center = through([(replay.cube, replay.losses) for replay in replays], known, dimension)
    linger = max(2, round(LINGERS * options.fps))
    frames = film(replays, options.frames, linger)
    stage = Stage(replays, Plane(runs[0].space, axes, center), frames, width=options.width, linger=linger)
    width, height = stage.size
    if width * height * len(frames) > MOST_PIXELS:
        most = MOST_PIXELS // (width * height) / options.fps
        raise ResultsError(
            f"--seconds must be at most {most:.0f} at {width} pixels and {options.fps:g} pictures a second, got "
            f"{options.seconds:g}. Shorten it, or lower --width or --fps."
        )
    paths = _paths(directory, options)
    # Beside, until they are whole.
    parts = [path.with_name(f".{path.stem}.part{path.suffix}") for path in paths]
    paths[0].parent.mkdir(parents=True, exist_ok=True)
    encoders: list[Encoder] = []
    try:
        for part in parts:
            if part.suffix.lower() == ".gif":
                encoders.append(Gif(part, stage.sample(), stage.colours()))
            else:
                encoders.append(Mp4(part, width, height, options.fps))
        for number, picture in zip(progress(range(len(frames)), len(frames)), stage.pictures(), strict=True):
            seconds = options.hold if number == len(frames) - 1 else 1 / options.fps
            for encoder in encoders:
                encoder.add(picture, seconds)
        for encoder, part, path in zip(encoders, parts, paths, strict=True):
            encoder.close()
            part.replace(path)
    except BaseException:
        for encoder in encoders:
            encoder.abandon()
        raise
    return Animated(tuple(runs), tuple(paths), len(frames), hint)


def _chosen(all_runs: Sequence[RunData], options: Options, directory: Path) -> tuple[list[RunData], str]:
    """The runs to draw, and in words how others are chosen."""
    runs = [run for run in all_runs if len(run.points.losses)]
    if not runs:
        raise ResultsError(
            f"results must hold a run that has found a point, got {directory}, where none has yet. Wait for its first "
            "leases, or go on with `searchparty resume`."
        )
    started = {run.id for run in runs}
    for name in options.runs:
        waiting = [run for run in all_runs if name in (run.id, run.strategy) and run.id not in started]
        if waiting and not any(name in (run.id, run.strategy) for run in runs):
            raise ResultsError(
                f"--run must be of a run that has found a point, got {name!r}, which has not yet. Choose one of "
                f"these.\n{listing(runs)}"
            )
    hint = "another: --run ID or STRATEGY; two side by side: --compare, or --run A --run B"
    if len(options.runs) == 2:
        return pair(runs, options.runs), hint
    run = run_named(runs, options.runs[0]) if options.runs else most_telling(runs)
    return [run, counterpart(runs, run)] if options.compare else [run], hint


def _paths(directory: Path, options: Options) -> list[Path]:
    if options.out is not None:
        return [options.out]
    stem = directory / "animation"
    return [stem.with_suffix(suffix) for suffix in ((".gif", ".mp4") if has_ffmpeg() else (".gif",))]


def _bounded(name: str, value: float, least: float, most: float, unit: str, advice: str) -> None:
    if not least <= value <= most:
        raise ResultsError(f"{name} must be from {least:g} to {most:g} {unit}, got {value:g}. {advice[0].upper()}{advice[1:]}.")
