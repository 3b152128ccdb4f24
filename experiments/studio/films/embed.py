"""The replay as a part of an HTML file: the page's own code and some films in it, no server needed."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from posixpath import join, normpath
from typing import Any

from ..plays.listing import card_texts
from .feed import Feed

MOST_EMBEDDED_POINTS = 20_000
"""Of a run with more only so many are embedded, evenly chosen."""
NAMESPACE = "searchparty/"
IMPORT_PATTERN = re.compile(r"""(from\s+|import\s+)(["'])(\.{1,2}/[\w./-]+)\2""")


@dataclass(frozen=True)
class EmbeddedRun:
    """A run to embed: the results it is in, its id there, by what it is known in the file, and its title."""

    directory: Path
    run: str
    key: str
    title: str


def embed_replay(shown: Sequence[EmbeddedRun]) -> str:
    """HTML for a file: an element that the replay fills, and all that it needs."""
    page = files("searchparty.experiments.studio").joinpath("page")
    given = {
        "cards": card_texts(),
        "style": style_for_shadow_root(page.joinpath("style.css").read_text(encoding="utf-8")),
    }
    parts = [
        '<div id="replay"></div>',
        _script_element({"type": "importmap"}, json.dumps({"imports": page_modules(page)})),
        _script_element({"type": "application/json", "id": "replay-given"}, json.dumps(given)),
        *(_film_script(each) for each in shown),
        _script_element({"type": "module"}, f'import "{NAMESPACE}embedded.js";'),
    ]
    return "\n".join(parts)


def page_modules(page: Traversable) -> dict[str, str]:
    """Import specifier -> the module itself as a data: address. A file opened without a server can import nothing that
    lies beside it; what the modules import of each other by their place, they import by name."""
    found: dict[str, str] = {}
    for folder, file in _module_files(page):
        data = base64.b64encode(_import_by_name(file.read_text(encoding="utf-8"), folder).encode()).decode()
        found[f"{NAMESPACE}{folder}{file.name}"] = f"data:text/javascript;base64,{data}"
    return required_modules(found)


def _module_files(folder: Traversable, place: str = "") -> Iterator[tuple[str, Traversable]]:
    """Every module of a folder and of those within it, after its place: "" or such as "drawing/scene/"."""
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _module_files(entry, f"{place}{entry.name}/")
        elif entry.name.endswith(".js"):
            yield place, entry


def required_modules(found: Mapping[str, str]) -> dict[str, str]:
    """Those modules that ``embed_replay.js`` imports, directly or not."""
    wanted, seen = [f"{NAMESPACE}embedded.js"], dict[str, str]()
    while wanted:
        name = wanted.pop()
        if name in seen:
            continue
        seen[name] = found[name]
        text = base64.b64decode(found[name].rpartition(",")[2]).decode()
        wanted += [match[1] for match in re.finditer(rf'"({NAMESPACE}[\w./-]+\.js)"', text)]
    return seen


def style_for_shadow_root(style: str) -> str:
    """The page's style for a shadow tree, whose root is :host."""
    return style.replace(':root[data-theme="dark"]', ':host([data-theme="dark"])').replace(":root", ":host")


def _import_by_name(text: str, folder: str) -> str:
    """A module of a folder, with what it imports by its place named instead."""
    return IMPORT_PATTERN.sub(lambda m: f'{m[1]}"{NAMESPACE}{normpath(join(folder, m[3]))}"', text)


def _film_script(each: EmbeddedRun) -> str:
    message = Feed(each.directory, each.run, MOST_EMBEDDED_POINTS).film()
    attributes = {"type": "application/octet-stream", "data-film": each.key, "data-title": each.title}
    return _script_element(attributes, base64.b64encode(message).decode())


def _script_element(attributes: Mapping[str, Any], text: str) -> str:
    listed = " ".join(f'{name}="{escape(str(value))}"' for name, value in attributes.items())
    # Nothing within may end the element before its end, or keep its end from ending it ("<!--<script"); in JSON the two
    # are the same, and neither base64 nor our own line of JavaScript has the character.
    safe = text.replace("<", "\\u003c")
    return f"<script {listed}>{safe}</script>"
