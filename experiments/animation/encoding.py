"""Encoders that write a sequence of pictures as a GIF or an MP4 file."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Picture = NDArray[np.uint8]
"""RGB values, (height, width, 3)."""
PALETTE_SIZE = 240
"""Colours of a GIF. Some of the 256 stay free: one marks pixels that have not changed since the picture before."""
WEBP_QUALITY = 60
"""Quality of a WebP, from 0 to 100."""
STILL_CENTISECONDS = 2
"""Shortest duration of a picture, in hundredths of a second; browsers slow down a GIF with shorter ones."""


class EncodingError(Exception):
    """The pictures cannot be written in the requested format; the message says why."""


class Encoder(Protocol):
    """An encoder of pictures of one size, each shown for a number of seconds; the file is complete after ``close``."""

    def add_picture(self, picture: Picture, seconds: float) -> None: ...

    def close(self) -> None: ...

    def discard_file(self) -> None:
        """Stop encoding and remove the unfinished file."""
        ...


def has_ffmpeg() -> bool:
    """Return whether ffmpeg is on the PATH, so that MP4 files can be written."""
    return shutil.which("ffmpeg") is not None


class GifEncoder:
    """An encoder that writes an endlessly looping GIF with one palette for all pictures.

    The palette is made of the colours of ``samples``; those in ``certain`` ((n, 3), 0 to 255) are kept even if they
    are rare.
    """

    def __init__(self, path: Path, samples: Sequence[Picture], certain: NDArray[np.uint8]) -> None:
        self._path = path
        self._palette = build_palette(samples, certain)
        self._pictures: list[Image.Image] = []
        self._lengths: list[int] = []
        self._rounding_carry = 0.0

    def add_picture(self, picture: Picture, seconds: float) -> None:
        # Durations are whole hundredths of a second: the rounding error is carried over to the next picture.
        exact = seconds * 100 + self._rounding_carry
        length = max(STILL_CENTISECONDS, round(exact))
        self._rounding_carry = exact - length
        # Dithering would turn plain areas into noise, which does not compress.
        drawn = Image.fromarray(picture).quantize(palette=self._palette, dither=Image.Dither.NONE)
        if self._pictures and self._pictures[-1].tobytes() == drawn.tobytes():
            self._lengths[-1] += length
            return
        self._pictures.append(drawn)
        self._lengths.append(length)

    def close(self) -> None:
        first, *rest = self._pictures
        lengths = [length * 10 for length in self._lengths]
        first.save(
            self._path, format="GIF", save_all=True, append_images=rest, duration=lengths, loop=0, optimize=True
        )  # fmt: skip

    def discard_file(self) -> None:
        self._path.unlink(missing_ok=True)


def build_palette(samples: Sequence[Picture], certain: NDArray[np.uint8]) -> Image.Image:
    """Return an image that holds a palette: the ``certain`` colours, then those that represent the samples best."""
    strip = Image.fromarray(np.concatenate(list(samples)))
    kept = certain[: PALETTE_SIZE // 3].astype(int)
    common = strip.quantize(PALETTE_SIZE - len(kept), dither=Image.Dither.NONE).getpalette() or []
    others = np.array(common, dtype=int).reshape(-1, 3)
    # Pillow looks colours up in steps of four, so a colour that is nearly white could be used in place of white.
    apart = np.abs(others[:, None] - kept[None]).max(axis=2).min(axis=1) >= 8
    found = Image.new("P", (1, 1))
    found.putpalette([*kept.ravel().tolist(), *others[apart].ravel().tolist()])
    return found


class WebpEncoder:
    """An encoder that writes an endlessly looping WebP, with all colours, for pages; ``quality`` is from 0 to 100."""

    def __init__(self, path: Path, quality: int = WEBP_QUALITY) -> None:
        self._path, self._quality = path, quality
        self._pictures: list[Image.Image] = []
        self._lengths: list[int] = []

    def add_picture(self, picture: Picture, seconds: float) -> None:
        self._pictures.append(Image.fromarray(picture))
        self._lengths.append(round(1000 * seconds))

    def close(self) -> None:
        first, *rest = self._pictures
        first.save(
            self._path, format="WEBP", save_all=True, append_images=rest, duration=self._lengths, loop=0,
            quality=self._quality, method=4,
        )  # fmt: skip

    def discard_file(self) -> None:
        self._path.unlink(missing_ok=True)


class Mp4Encoder:
    """An encoder that writes an MP4 with ffmpeg, which must be on the PATH, at ``fps`` frames per second."""

    def __init__(self, path: Path, width: int, height: int, fps: float) -> None:
        self._path, self._fps = path, fps
        self._error_output = TemporaryFile()  # noqa: SIM115
        self._frames_due = 0.0
        command = [
            *("ffmpeg", "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24"),
            *("-s", f"{width}x{height}", "-r", f"{fps:g}", "-i", "-", "-an", "-f", "mp4"),
            # A format that presentation programs and browsers can play.
            *("-pix_fmt", "yuv420p", "-movflags", "+faststart", str(path)),
        ]  # fmt: skip
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=self._error_output
        )  # fmt: skip

    def add_picture(self, picture: Picture, seconds: float) -> None:
        assert self._process.stdin is not None
        self._frames_due += seconds * self._fps
        times = max(1, round(self._frames_due))
        self._frames_due -= times
        data = picture.tobytes()
        try:
            for _ in range(times):
                self._process.stdin.write(data)
        except BrokenPipeError:
            raise self._encoding_error() from None

    def close(self) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.close()
        except BrokenPipeError:
            raise self._encoding_error() from None
        if self._process.wait():
            raise self._encoding_error()
        self._error_output.close()

    def _encoding_error(self) -> EncodingError:
        self._process.wait()
        self._error_output.seek(0)
        lines = self._error_output.read().decode(errors="replace").strip().splitlines() or ["no reason was given"]
        return EncodingError(f"ffmpeg could not write the MP4: {lines[-1]}. A GIF needs no ffmpeg: use --out NAME.gif.")

    def discard_file(self) -> None:
        self._process.kill()
        self._process.wait()
        self._error_output.close()
        self._path.unlink(missing_ok=True)
