"""Compiled templates, kept beside Python's own bytecode: to compile them anew takes longer than to fill them."""

from __future__ import annotations

import os
import sys
from importlib.util import cache_from_source
from pathlib import Path

import jinja2
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket


class TemplateCache(BytecodeCache):
    """Keeps compiled templates where Python keeps the bytecode of this module, if it may write there.

    A template that has changed is compiled again: jinja compares its digest.
    """

    def load_bytecode(self, bucket: Bucket) -> None:
        """Load a template, if it is there, and of this version of the template, of jinja and of Python."""
        try:
            with _find_place(bucket.key).open("rb") as file:
                bucket.load_bytecode(file)
        except (OSError, ValueError, EOFError, TypeError):
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a template, unless Python is told to write no bytecode."""
        if sys.dont_write_bytecode:
            return
        place = _find_place(bucket.key)
        # Another process never sees a part of it.
        whole = place.with_suffix(f".{os.getpid()}.tmp")
        try:
            with whole.open("wb") as file:
                bucket.write_bytecode(file)
            whole.replace(place)
        except OSError:
            # Where this package is installed may belong to another user.
            whole.unlink(missing_ok=True)


def _find_place(key: str) -> Path:
    module = Path(cache_from_source(__file__))
    return module.with_name(f"template-{jinja2.__version__}-{sys.implementation.cache_tag}-{key}.bin")
