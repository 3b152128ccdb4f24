"""Digests as version 0.1 recorded them, by rule 1: of the whole text of a class's module and of the files named.

The modules of that version are gone. What is left is a table of their digests: the frozen traces (tests/frozen) prove
that today's classes give the points that those gave, so a log that has the table's digest may be resumed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from ...landscapes.landscape import Model
from .code_digest import shorten
from .package_code import find_place
from .user_files import read_class_source, read_named_sources

CHANGED_SINCE_0_1: frozenset[str] = frozenset()
"""Names, e.g. "agent cma-es", whose points are no longer those of version 0.1. A commit that renews a frozen trace adds
what it changes, or everything in the table if it changes what every run depends on."""


def digest_by_first_rule(models: Mapping[str, Model]) -> dict[str, str]:
    """Digests that a log of version 0.1 has if the runs may be resumed with today's code, by name.

    Args:
        models: What the runs name, e.g. {"agent cma-es": ..., "landscape python loss.py:loss": ...}.

    Returns:
        Digests by these names; "" for a class that version 0.1 did not have, or that has changed since.
    """
    return {name: _digest_model(name, model) for name, model in sorted(models.items())}


def _digest_model(name: str, model: Model) -> str:
    if find_place(type(model)) is None:
        return shorten("\0".join([read_class_source(type(model)), *read_named_sources(model)]))
    kind = " ".join(name.split(" ")[:2])
    if kind in CHANGED_SINCE_0_1:
        return ""
    digests, texts = read_table()
    # The text of our own module went into the digest together with the user's file.
    return shorten("\0".join([texts[kind], *read_named_sources(model)])) if kind in texts else digests.get(kind, "")


@cache
def read_table() -> tuple[dict[str, str], dict[str, str]]:
    """Read what version 0.1 had: digests of modules by name, and the two texts that are digested with a user's file."""
    table = json.loads(Path(__file__).with_name("digests_0_1.json").read_text(encoding="utf-8"))
    return table["digests"], table["texts"]
