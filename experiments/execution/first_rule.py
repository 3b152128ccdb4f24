"""Digests code as version 0.1 did, by rule 1: the whole text of a class's module, and of the files it names.

The modules of that version no longer exist. A table of their digests is kept: the frozen traces (tests/frozen) prove
that today's classes give the same points as those did, so a log with a digest from the table may be resumed.
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

CHANGED_SINCE_0_1: frozenset[str] = frozenset({"agent axes", "agent slsqp", "policy party"})
"""Names, e.g. "agent cma-es", whose points are no longer those of version 0.1.

A commit that renews a frozen trace adds the names that it changes, or every name in the table if it changes code that
every run depends on.
"""


def digest_by_first_rule(models: Mapping[str, Model]) -> dict[str, str]:
    """Compute the digests that a log of version 0.1 holds if the runs may be resumed with today's code.

    Args:
        models: The models of the runs by name, e.g. {"agent cma-es": ..., "landscape python loss.py:loss": ...}.

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
    # Version 0.1 digested the text of the package's module together with the user's file.
    return shorten("\0".join([texts[kind], *read_named_sources(model)])) if kind in texts else digests.get(kind, "")


@cache
def read_table() -> tuple[dict[str, str], dict[str, str]]:
    """Read the table of version 0.1.

    Returns:
        The digests of modules, by name, and the texts of the two modules that are digested with a user's file.
    """
    table = json.loads(Path(__file__).with_name("digests_0_1.json").read_text(encoding="utf-8"))
    return table["digests"], table["texts"]
