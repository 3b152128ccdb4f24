"""Digests the user's files by their whole text, because what they do cannot be analysed."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path

from ...agents.sandbox.sandboxed_agent import SandboxedAgent
from ...landscapes.command import Command
from ...landscapes.landscape import Landscape, Model
from ...landscapes.neighbours import CODE_SUFFIXES, digest_file
from ...landscapes.python_function import UserFunction
from ...landscapes.user_code import LOADED_FILES, find_code_files, find_code_modules, find_local_path, resolve_path
from ...orchestrator.sandbox.sandboxed_policy import SandboxedPolicy
from .code_digest import shorten
from .package_code import find_place
from .staging import find_uninstalled_files, list_model_files


def digest_user_files(models: Mapping[str, Model]) -> dict[str, str]:
    """Digest the files that define the user's classes, and those that landscapes name.

    Args:
        models: The models of the runs by name, e.g. {"landscape python loss.py:loss": ...}.

    Returns:
        Digests by these names. Models that depend on no file of the user are left out.
    """
    texts = {name: [*_class_texts(model), *read_named_sources(model)] for name, model in sorted(models.items())}
    return {name: shorten("\0".join(found)) for name, found in texts.items() if found}


def digest_neighbours(models: Mapping[str, Model]) -> dict[str, dict[str, str]]:
    """Digest the user's modules that the files of these models import from beside them, at any place in their code.

    These are the modules that are copied to a cluster with the files. Data beside them are not digested.

    Args:
        models: The models of the runs by name.

    Returns:
        For each name, the digests of the modules by path, relative to the folder of the first file in the model.
        Models without such modules are left out.
    """
    found: dict[str, dict[str, str]] = {}
    for name, model in sorted(models.items()):
        if isinstance(model, SandboxedAgent | SandboxedPolicy):
            texts = list(model.code.files.items())[1:]
            found |= {name: {path: sha256(text.encode()).hexdigest() for path, text in texts}} if texts else {}
            continue
        files = dict.fromkeys([*list_model_files(model), *_uninstalled_modules(model)])
        code = [path for path in files if path.suffix in CODE_SUFFIXES]
        # ``digest_user_files`` digests these.
        own = {path.absolute() for path in _named_files(model)}
        own |= {find_local_path(Path(path)).absolute() for path, _ in _loaded_file(type(model))}
        beside = sorted(path for path in code if path.absolute() not in own)
        if beside:
            found[name] = {os.path.relpath(path, code[0].parent): digest_file(path) for path in beside}
    return found


def _uninstalled_modules(model: Model) -> Iterator[Path]:
    """Yield the files of the module in which a model's function is, if it is named as a module."""
    if isinstance(model, Landscape):
        for place in find_code_modules(model.code_references):
            if place != "__main__":
                yield from (path for _, path in find_uninstalled_files(place.partition(".")[0]))


def read_class_source(cls: type) -> str:
    """Return the text of a class's module, as it was run; "" where it is not available."""
    for _, text in _loaded_file(cls):
        return text
    try:
        return inspect.getsource(sys.modules[cls.__module__])
    except (OSError, TypeError):
        return ""


def read_named_sources(model: Model) -> list[str]:
    """Return digests of the bytes of the files of code, data and programs that a landscape names.

    There is one digest for each word of a command, "" for a word that is no file.
    """
    return [digest_file(path) for path in _named_files(model)]


def _named_files(model: Model) -> list[Path]:
    """Return the paths that a landscape names; some may not exist."""
    if isinstance(model, Command):
        return [resolve_path(word, model.base) for word in model.command]
    if not isinstance(model, Landscape):
        return []
    # The file of a gradient is digested beside that of its function, as in logs of earlier versions.
    named = model.code_references[:1] if isinstance(model, UserFunction) else model.code_references
    return [*dict.fromkeys(find_code_files(named, getattr(model, "base", None))), *model.data_files]


def _loaded_file(cls: type) -> list[tuple[str, str]]:
    """Return the path and the text of the user's file that defines a class, if there is one."""
    return [LOADED_FILES[cls.__module__]] if cls.__module__ in LOADED_FILES else []


def _class_texts(model: Model) -> list[str]:
    if isinstance(model, SandboxedAgent | SandboxedPolicy):
        return [next(iter(model.code.files.values()))]
    return [] if find_place(type(model)) is not None else [read_class_source(type(model))]
