"""The replay embedded in an HTML file, with the page's code and the films, so that no server is needed."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from posixpath import join, normpath
from typing import Any

from ..plays.listing import card_texts_of
from .feed import Feed

MOST_EMBEDDED_POINTS = 20_000
"""Maximum number of points that are embedded per run; a longer run is thinned evenly."""
NAMESPACE = "searchparty/"
REPLAY_MODULE = "embedded.js"
VENDOR = "vendor/"
"""The folder of modules of others, which stay as they are, with their licences."""
COMMENT_PATTERN = re.compile(r"^ *(?:/\*\*(?:[^*]|\*(?!/))*\*/|//[^\n]*)\n", re.MULTILINE)
IMPORT_PATTERN = re.compile(r"""(from\s+|import\s+)(["'])(\.{1,2}/[\w./-]+)\2""")


@dataclass(frozen=True)
class EmbeddedRun:
    """A run to embed: its results directory, its id there, its key in the HTML file, and its title."""

    directory: Path
    run: str
    key: str
    title: str


def embed_replay(shown: Sequence[EmbeddedRun], most: int | None = None) -> str:
    """Return the HTML that holds a replay of these runs: all its code and data. It fills the element "replay".

    ``report/late.js`` of the page starts it when that element comes near the view: its code is packed, because most of
    it is a 3D library. Of a run with more than ``most`` points, about that many are embedded (default: 20,000).
    """
    page = files("searchparty.experiments.studio").joinpath("page")
    feeds = [Feed(each.directory, each.run, MOST_EMBEDDED_POINTS if most is None else most) for each in shown]
    given = {
        "cards": card_texts_of(feed.header.settings for feed in feeds),
        "style": style_for_shadow_root(page.joinpath("style.css").read_text(encoding="utf-8")),
    }
    code = json.dumps(list(order_modules(page).items()))
    parts = [
        _script_element({"type": "application/json", "id": "replay-given"}, json.dumps(given)),
        *(_film_script(each, feed) for each, feed in zip(shown, feeds, strict=True)),
        _script_element(
            {"type": "application/octet-stream", "id": "replay-code"},
            base64.b64encode(zlib.compress(code.encode(), 9)).decode(),
        ),
    ]
    return "\n".join(parts)


def order_modules(page: Traversable) -> dict[str, str]:
    """Return the modules of the replay by their names, each after those that it imports."""
    data = page_modules(page)
    texts = {name: base64.b64decode(url.rpartition(",")[2]).decode() for name, url in data.items()}
    found: dict[str, str] = {}

    def add(name: str) -> None:
        for needed in _list_imports(texts[name]):
            if needed not in found:
                add(needed)
        found[name] = texts[name]

    add(f"{NAMESPACE}{REPLAY_MODULE}")
    return found


def embed_modules(entries: Sequence[str]) -> str:
    """Return the HTML that holds modules of the page, with all that they import, and starts them.

    Args:
        entries: The modules, by their paths in the folder of the page.
    """
    page = files("searchparty.experiments.studio").joinpath("page")
    imports = json.dumps({"imports": page_modules(page, entries)})
    starts = [_script_element({"type": "module"}, f'import "{NAMESPACE}{entry}";') for entry in entries]
    return "\n".join([_script_element({"type": "importmap"}, imports), *starts])


def page_modules(page: Traversable, entries: Sequence[str] = (REPLAY_MODULE,)) -> dict[str, str]:
    """Return an import map: import specifier -> the module itself as a data: URL.

    A file that is opened without a server cannot import files beside it. The modules' relative imports of each other
    are therefore replaced by imports by name.
    """
    found: dict[str, str] = {}
    for folder, file in _module_files(page):
        text = _import_by_name(file.read_text(encoding="utf-8"), folder)
        data = base64.b64encode((text if folder == VENDOR else _strip_comments(text)).encode()).decode()
        found[f"{NAMESPACE}{folder}{file.name}"] = f"data:text/javascript;base64,{data}"
    return required_modules(found, entries)


def _module_files(folder: Traversable, place: str = "") -> Iterator[tuple[str, Traversable]]:
    """Yield every module of a folder and its subfolders, each with its folder's path: "" or e.g. "drawing/scene/"."""
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _module_files(entry, f"{place}{entry.name}/")
        elif entry.name.endswith(".js"):
            yield place, entry


def required_modules(found: Mapping[str, str], entries: Sequence[str] = (REPLAY_MODULE,)) -> dict[str, str]:
    """Return the modules that these import directly or indirectly, and themselves."""
    wanted, seen = [f"{NAMESPACE}{entry}" for entry in entries], dict[str, str]()
    while wanted:
        name = wanted.pop()
        if name in seen:
            continue
        seen[name] = found[name]
        text = base64.b64decode(found[name].rpartition(",")[2]).decode()
        wanted += _list_imports(text)
    return seen


def _list_imports(text: str) -> list[str]:
    return re.findall(rf'"({NAMESPACE}[\w./-]+\.js)"', text)


def style_for_shadow_root(style: str) -> str:
    """Return the page's style sheet for use in a shadow tree, whose root is :host."""
    return style.replace(':root[data-theme="dark"]', ':host([data-theme="dark"])').replace(":root", ":host")


def _strip_comments(text: str) -> str:
    """Remove the comments that have lines of their own: most of them are types, for the type check alone."""
    return COMMENT_PATTERN.sub("", text)


def _import_by_name(text: str, folder: str) -> str:
    """Replace the relative imports of a module in ``folder`` by imports by name."""
    return IMPORT_PATTERN.sub(lambda m: f'{m[1]}"{NAMESPACE}{normpath(join(folder, m[3]))}"', text)


def _film_script(each: EmbeddedRun, feed: Feed) -> str:
    message = feed.film()
    attributes = {"type": "application/octet-stream", "data-film": each.key, "data-title": each.title}
    return _script_element(attributes, base64.b64encode(message).decode())


def _script_element(attributes: Mapping[str, Any], text: str) -> str:
    listed = " ".join(f'{name}="{escape(str(value))}"' for name, value in attributes.items())
    # The text must not end the element early, nor keep its end tag from ending it ("<!--<script"). In JSON "<" and its
    # escape are equivalent, and neither base64 nor the line of JavaScript contains the character.
    safe = text.replace("<", "\\u003c")
    return f"<script {listed}>{safe}</script>"
