"""The entry point of the animation: its options and their checks, the choice of runs, and the files written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...landscapes.landscape import Array
from ..execution.results_directory import ResultsError
from ..results.pictures.picture_space import move_to_values
from ..results.recorded_runs import RunData, read_runs
from .encoding import Encoder, GifEncoder, Mp4Encoder, has_ffmpeg
from .replay import build_replay, schedule_frames
from .selection import choose_runs
from .slice import Slice, find_slice_center, parse_plane_axes

if TYPE_CHECKING:
    from .stage import FrameRenderer

LINGER_SECONDS = 0.9
"""Seconds for which a hand-over, and the reason of a decision, stay visible."""
HOLD_SECONDS = 2.0
"""Seconds for which the last picture stays, but at most a third of the film."""
SMALLEST_WIDTH, LARGEST_WIDTH = 240, 1920
SHORTEST_FILM_SECONDS, LONGEST_FILM_SECONDS = 2.0, 120.0
MOST_FPS = 30
MOST_PIXELS = 600_000_000
"""Maximum number of pixels of all pictures of a film: a GIF stays in memory, one byte per pixel, until it is saved."""


ProgressWrapper = Callable[[Iterable[int], int], Iterable[int]]
"""A function of numbers and their count that yields the numbers and shows the progress."""


@dataclass(frozen=True)
class AnimationOptions:
    """The options of an animation.

    ``runs`` are ids or strategies, ``plane`` is a text such as "x1,x3", and ``width`` is in pixels.
    """

    runs: tuple[str, ...] = ()
    compare: bool = False
    out: Path | None = None
    seconds: float = 10.0
    fps: float = 10.0
    width: int = 960
    plane: str | None = None

    def check(self) -> None:
        """Raise ResultsError if an option is invalid or out of bounds."""
        _check_option_bounds(
            "--width", self.width, SMALLEST_WIDTH, LARGEST_WIDTH, "pixels", "640 suits a page, 1280 a slide"
        )
        _check_option_bounds(
            "--seconds", self.seconds, SHORTEST_FILM_SECONDS, LONGEST_FILM_SECONDS, "seconds", "10 suits most runs"
        )
        _check_option_bounds("--fps", self.fps, 1, MOST_FPS, "frames per second", "10 suits a GIF, 25 an MP4")
        if len(self.runs) > 2:
            raise ResultsError(f"--run must be given once or twice, got {len(self.runs)} times. Leave out the others.")
        if self.out is not None and self.out.suffix.lower() not in (".gif", ".mp4"):
            raise ResultsError(f"--out must end in .gif or .mp4, got {self.out}. Write, for example, --out run.gif.")
        if self.out is not None and self.out.suffix.lower() == ".mp4" and not has_ffmpeg():
            raise ResultsError(
                f"--out must end in .gif if ffmpeg is not on the PATH, got {self.out}. Install ffmpeg, or write a GIF."
            )

    @property
    def hold(self) -> float:
        return min(HOLD_SECONDS, self.seconds / 3)

    @property
    def frames(self) -> int:
        return max(2, round((self.seconds - self.hold) * self.fps) + 1)


@dataclass(frozen=True)
class AnimationResult:
    """The runs that were drawn, the files written, and the number of frames."""

    runs: tuple[RunData, ...]
    paths: tuple[Path, ...]
    frames: int


def write_animation(
    directory: Path, options: AnimationOptions, progress: ProgressWrapper = lambda numbers, _: numbers
) -> AnimationResult:
    """Draw and write the replay of one run of a results directory, or of two runs side by side.

    ``progress`` wraps the numbers of the frames. Raises ResultsError if the options do not fit, and EncodingError if
    ffmpeg fails.
    """
    options.check()
    runs = choose_runs(read_runs(directory), options.runs, options.compare, directory)
    axes = parse_plane_axes(options.plane, runs[0].space)
    # Imported here because importing the drawing modules takes a second.
    from .stage import FrameRenderer

    replays = [build_replay(run) for run in runs]
    plane = Slice(runs[0].picture, axes, _slice_center(runs))
    linger = max(2, round(LINGER_SECONDS * options.fps))
    frames = schedule_frames(replays, options.frames, linger)
    stage = FrameRenderer(replays, plane, frames, width=options.width, linger=linger)
    _check_size(stage.size, options)
    paths = _output_paths(directory, options)
    paths[0].parent.mkdir(parents=True, exist_ok=True)
    _write_files(stage, paths, options, progress)
    return AnimationResult(tuple(runs), tuple(paths), len(frames))


def _write_files(
    stage: FrameRenderer, paths: Sequence[Path], options: AnimationOptions, progress: ProgressWrapper
) -> None:
    from .stage import palette_colours

    # Write to temporary files beside the targets until the files are complete.
    parts = [path.with_name(f".{path.stem}.part{path.suffix}") for path in paths]
    encoders: list[Encoder] = []
    try:
        for part in parts:
            if part.suffix.lower() == ".gif":
                encoders.append(GifEncoder(part, stage.sample_pictures(), palette_colours()))
            else:
                encoders.append(Mp4Encoder(part, *stage.size, options.fps))
        for number, picture in zip(
            progress(range(options.frames), options.frames), stage.render_pictures(), strict=True
        ):
            seconds = options.hold if number == options.frames - 1 else 1 / options.fps
            for encoder in encoders:
                encoder.add_picture(picture, seconds)
        for encoder, part, path in zip(encoders, parts, paths, strict=True):
            encoder.close()
            part.replace(path)
    except BaseException:
        for encoder in encoders:
            encoder.discard_file()
        raise


def _slice_center(runs: Sequence[RunData]) -> Array:
    """Return the point that the slice passes through, (D,) in the unit cube."""
    minimizers = runs[0].minimizers
    known = None if minimizers is None else runs[0].space.to_cube(minimizers[0])
    found = [run.points.select_whole() for run in runs]
    pairs = [(points.cube, points.losses) for points in found]
    center = find_slice_center(pairs, known, runs[0].space.dimension)
    return move_to_values(runs[0].space, center[None])[0]


def _check_size(size: tuple[int, int], options: AnimationOptions) -> None:
    most = MOST_PIXELS // (size[0] * size[1])
    if options.frames > most:
        raise ResultsError(
            f"--seconds must be at most {most / options.fps:.0f} at {size[0]} pixels and {options.fps:g} frames per "
            f"second, got {options.seconds:g}. Lower it, or lower --width or --fps."
        )


def _output_paths(directory: Path, options: AnimationOptions) -> list[Path]:
    if options.out is not None:
        return [options.out]
    stem = directory / "animation"
    return [stem.with_suffix(suffix) for suffix in ((".gif", ".mp4") if has_ffmpeg() else (".gif",))]


def _check_option_bounds(name: str, value: float, least: float, most: float, unit: str, advice: str) -> None:
    if not least <= value <= most:
        raise ResultsError(
            f"{name} must be from {least:g} to {most:g} {unit}, got {value:g}. {advice[0].upper()}{advice[1:]}."
        )
