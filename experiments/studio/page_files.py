"""The files of the studio's page, and its first file, which names all others that the page begins with."""

from __future__ import annotations

import functools
import mimetypes
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from .bundle import bundle_modules

PAGE_FOLDER = Path(str(files("searchparty.experiments.studio").joinpath("page")))
FIRST_MODULE = "main.js"
BUNDLE = "bundle.js"
"""The name by which the page's modules come in one file."""
LIBRARY = "vendor/three.js"
CATALOGUE = "/api/catalogue"


@dataclass(frozen=True)
class PageFile:
    """The contents of a file and its media type."""

    content: bytes
    kind: str


class PageFolder:
    """The files of the page. Each is read anew only when it has changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._known: dict[str, tuple[int, PageFile]] = {}

    def read(self, name: str) -> PageFile | None:
        """Return a file, named by its path; "" is the first one. Returns None if there is none of that name."""
        if name in ("", "index.html"):
            return PageFile(index_page().encode(), "text/html")
        if name == BUNDLE:
            return PageFile(page_code().encode(), "text/javascript")
        path = self._find(name)
        if path is None:
            return None
        changed = path.stat().st_mtime_ns
        if self._known.get(name, (0,))[0] != changed:
            kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
            self._known[name] = changed, PageFile(path.read_bytes(), kind)
        return self._known[name][1]

    def _find(self, name: str) -> Path | None:
        """Return the path of a file in the folder, or None if there is none of that name."""
        try:
            path = (self._folder / name).resolve()
            return path if path.is_relative_to(self._folder) and path.is_file() else None
        except (OSError, ValueError):
            # A name may be too long, or have a null byte.
            return None


@functools.cache
def index_page() -> str:
    """Return index.html, which begins with one file of all modules, and says what else it needs."""
    text = (PAGE_FOLDER / "index.html").read_text(encoding="utf-8")
    links = (
        f'<link rel="modulepreload" href="/{LIBRARY}">\n<link rel="preload" href="{CATALOGUE}" as="fetch" crossorigin>'
    )
    return text.replace(f'src="{FIRST_MODULE}"', f'src="{BUNDLE}"').replace("</head>", f"{links}\n</head>")


@functools.cache
def page_code() -> str:
    """Return the page's own code that a first view loads."""
    return bundle_modules(FIRST_MODULE, lambda name: (PAGE_FOLDER / name).read_text(encoding="utf-8"))
