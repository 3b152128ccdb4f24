"""The Sphinx extension: replaces a line such as ``<!-- generated: agent -->`` by what is generated."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from . import docstrings
from .catalogue import analytic_settings, family_page
from .commands import commands_page
from .pictures import draw_all
from .yaml_keys import keys_page

MARKER = re.compile(r"^<!-- generated: ([\w-]+) -->$", re.MULTILINE)
FAMILIES = ("agent", "policy", "budget", "radius", "sharing", "landscape")


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    docstrings.connect(app)
    app.connect("builder-inited", lambda _: draw_all())
    app.connect("source-read", generate_parts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def generate_parts(app: Sphinx, page: str, source: list[str]) -> None:
    """Replace the markers of a page before it is parsed."""
    folder = (Path(app.srcdir) / page).parent
    makers: dict[str, Callable[[], str]] = {
        "commands": commands_page,
        "yaml-keys": keys_page,
        "analytic-settings": analytic_settings,
    }
    for family in FAMILIES:
        makers[family] = lambda family=family: family_page(family, folder)  # type: ignore[misc]
    source[0] = MARKER.sub(lambda found: makers[found[1]](), source[0])
