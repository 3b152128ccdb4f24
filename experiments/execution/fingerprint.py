"""What a log records of where it was written: versions, the linear algebra kernel, the code that decides findings.

The promise of equal bits is for equal fingerprints.
"""

from __future__ import annotations

import inspect
import platform
import sys
from collections.abc import Iterable
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_info

from ...landscapes.command import Command
from ...landscapes.landscape import Model
from ...landscapes.python_function import UserFunction
from ...landscapes.user_code import LOADED, is_file, resolved
from ...orchestrator.run_spec import PlannedRun, digest

PACKAGES = ("searchparty", "numpy", "scipy", "ray", "pydantic", "coco-experiment", "cma", "nlopt")


def environment(runs: Iterable[PlannedRun] = ()) -> dict[str, Any]:
    """Versions, and digests of the code of these runs and of their plan."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    kernels = {
        f"{i.get('internal_api')} {i.get('version')} {i.get('architecture', '')}".strip() for i in threadpool_info()
    }
    runs = tuple(runs)
    return {
        "python": platform.python_version(),
        "platform": f"{sys.platform} {platform.machine()}",
        "packages": found,
        "blas": sorted(kernels),
        "code": code(runs),
        "plan": plan_digest(runs),
    }


def plan_digest(runs: Iterable[PlannedRun]) -> str:
    """A digest of the ids of all runs, in any order."""
    return digest(sorted(run.id for run in runs))


def code(runs: Iterable[PlannedRun]) -> dict[str, str]:
    """Digests of the source of every agent, policy and landscape of the runs, by what it is."""
    parts: dict[str, Model] = {}
    for run in runs:
        models = [("landscape", run.landscape), ("policy", run.policy), *(("agent", agent) for _, agent in run.team)]
        choices = {name: value for name, value in run.policy if isinstance(value, Model)}
        parts |= {f"{family} {_named(model)}": model for family, model in [*models, *choices.items()]}
    return {name: _digest(model) for name, model in sorted(parts.items())}


def _named(model: Model) -> str:
    kind = str(getattr(model, "kind", type(model).__name__))
    if isinstance(model, UserFunction):
        return f"{kind} {model.function}"
    return f"{kind} {' '.join(model.command)}" if isinstance(model, Command) else kind


def _digest(model: Model) -> str:
    """Of the module of a class, and of what a user's landscape names."""
    cls = type(model)
    loaded = LOADED.get(cls.__module__)
    try:
        text = loaded[1] if loaded is not None else inspect.getsource(sys.modules[cls.__module__])
    except OSError:
        text = ""
    return sha256("\0".join([text, *_named_sources(model)]).encode()).hexdigest()[:16]


def _named_sources(model: Model) -> list[str]:
    """The texts of the files that a landscape of the user's own names."""
    if isinstance(model, UserFunction):
        place = model.function.rpartition(":")[0]
        return [_text(resolved(place, model.base))] if is_file(place) else []
    if isinstance(model, Command):
        return [_text(resolved(word, model.base)) for word in model.command]
    return []


def _text(path: Path) -> str:
    """A digest of a file's bytes; "" where there is none (an option of a command, a program found on the path)."""
    try:
        return sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
    except OSError:
        return ""
