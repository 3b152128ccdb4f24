"""The page of a plane."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from jinja2 import Environment

from ..drawing.plane import draw_svg
from ..execution.results_directory import write_atomically
from ..results.records.plane_record import PlaneRecord
from .words import list_cautions, list_rows


def write_page(record: PlaneRecord, path: Path) -> Path:
    """Write the page of a plane and return its path."""
    text = files(__package__).joinpath("templates", "plane.html.j2").read_text(encoding="utf-8")
    page = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(text).render(
        record=record, map=draw_svg(record, path.stem, "map"), lines=draw_svg(record, path.stem, "lines"),
        rows=list_rows(record), cautions=list_cautions(record),
    )  # fmt: skip
    write_atomically(path, page)
    return path
