"""The folder into which results are exported: it is there completely, or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...landscapes.landscape import Refusal

HOME = "exports"
"""The folder of a results directory that holds its exports, one folder for each format."""


@contextmanager
def open_destination(directory: Path, format: str, out: Path | None) -> Iterator[tuple[Path, Path]]:
    """Yield a new folder to write into, and the path that it gets once it is complete.

    Args:
        directory: The results directory.
        format: The name of the format.
        out: The folder, which must be empty or not exist. None: RESULTS/exports/<format>, which is replaced.

    Raises:
        Refusal: If the folder is not empty, or cannot be made.
    """
    target = directory / HOME / format if out is None else out
    # Of all paths, only "." and "/" have no name.
    target = target if target.name else target.absolute()
    part = target.with_name(f".{target.name}.part")
    try:
        if out is not None and target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise Refusal(f"--out must be an empty or a new folder, got {out}, which is not empty. Name another.")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        try:
            yield part, target
            if target.is_symlink():
                raise Refusal(f"exports must be a folder, got {target}, which is a link. Name another: --out FOLDER.")
            shutil.rmtree(target, ignore_errors=True)
            part.rename(target)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    except OSError as error:
        raise Refusal(
            f"exports must be where files can be written, got {target} ({error.strerror or error}). "
            "Name another folder: --out FOLDER."
        ) from None
