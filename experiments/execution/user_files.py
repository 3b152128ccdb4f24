"""Digests the user's files by their whole text, because what they do cannot be analysed."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from ...landscapes.command import Command
from ...landscapes.landscape import Model
from ...landscapes.python_function import UserFunction
from ...landscapes.table import LossTable
from ...landscapes.user_code import LOADED_FILES, is_python_file, resolve_path
from .code_digest import shorten
from .package_code import find_place


def digest_user_files(models: Mapping[str, Model]) -> dict[str, str]:
    """Digest the files that define the user's classes, and those that landscapes (python, table, command) name.

    Args:
        models: The models of the runs by name, e.g. {"landscape python loss.py:loss": ...}.

    Returns:
        Digests by these names. Models that depend on no file of the user are left out.
    """
    texts = {name: [*_class_texts(model), *read_named_sources(model)] for name, model in sorted(models.items())}
    return {name: shorten("\0".join(found)) for name, found in texts.items() if found}


def read_class_source(cls: type) -> str:
    """Return the text of a class's module, as it was run; "" where it is not available."""
    loaded = LOADED_FILES.get(cls.__module__)
    if loaded is not None:
        return loaded[1]
    try:
        return inspect.getsource(sys.modules[cls.__module__])
    except (OSError, TypeError):
        return ""


def read_named_sources(model: Model) -> list[str]:
    """Return digests of the bytes of the files that a landscape of kind python, table or command names.

    There is one digest for each word of a command, "" for a word that is no file.
    """
    if isinstance(model, UserFunction):
        place = model.function.rpartition(":")[0]
        return [_digest_file(resolve_path(place, model.base))] if is_python_file(place) else []
    if isinstance(model, LossTable):
        return [_digest_file(model.path)]
    if isinstance(model, Command):
        return [_digest_file(resolve_path(word, model.base)) for word in model.command]
    return []


def _class_texts(model: Model) -> list[str]:
    return [] if find_place(type(model)) is not None else [read_class_source(type(model))]


def _digest_file(path: Path) -> str:
    """Digest a file's bytes; "" if there is no such file (an option of a command, a program found on the path)."""
    try:
        return sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
    except OSError:
        return ""
