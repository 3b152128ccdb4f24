"""Makes the fingerprint that a log records: versions, the linear algebra kernel, and the code that decides findings.

Bitwise equal findings are guaranteed for equal fingerprints only.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from ...agents.agent import Agent
from ...agents.sandbox.sandboxed_agent import SandboxedAgent
from ...landscapes.ambient import load_blas_of_scipy
from ...landscapes.command import Command
from ...landscapes.landscape import Landscape, Model
from ...landscapes.table import LossTable
from ...landscapes.thread_pools import find_thread_pools
from ...orchestrator.branch import list_policies
from ...orchestrator.policies.policy import Policy
from ...orchestrator.run_spec import RunSpec, digest
from ...orchestrator.sandbox.sandboxed_policy import SandboxedPolicy
from .code_digest import CODE_RULE
from .package_code import digest_package_code
from .user_files import digest_neighbours, digest_user_files

PACKAGES = ("searchparty", "numpy", "scipy", "ray", "pydantic", "coco-experiment", "cma", "nlopt")


def environment_fingerprint(runs: Iterable[RunSpec] = ()) -> dict[str, Any]:
    """Return versions, and digests of the code of these runs and of their plan.

    This package's code (``code``, by rule ``code_rule``) and the user's files (``files``, and ``neighbours``, the
    modules that these import from beside them) are digested separately: the package's code is digested as a syntax
    tree, which may differ from one version of Python to the next.
    """
    # Otherwise this library is loaded only once an agent needs it.
    load_blas_of_scipy()
    libraries = find_thread_pools().info()
    kernels = {f"{i.get('internal_api')} {i.get('version')} {i.get('architecture', '')}".strip() for i in libraries}
    runs = tuple(runs)
    models = name_models(runs)
    return {
        "python": platform.python_version(),
        "platform": f"{sys.platform} {platform.machine()}",
        "packages": {package: found for package in list_packages(models.values()) if (found := find_version(package))},
        "blas": sorted(kernels),
        "code_rule": CODE_RULE,
        "code": digest_package_code({name: _deciding_class(model) for name, model in models.items()}),
        "files": digest_user_files(models),
        "neighbours": digest_neighbours(models),
        "plan": plan_digest(runs),
    }


def list_packages(models: Iterable[Model]) -> list[str]:
    """Return the packages whose versions are recorded: those of every run, and those that these models need."""
    return list(dict.fromkeys([*PACKAGES, *(name for model in models for name in getattr(model, "packages", ()))]))


@cache
def find_version(package: str) -> str | None:
    """Return the version of an installed package, looked up once per process; None if it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def plan_digest(runs: Iterable[RunSpec]) -> str:
    """Digest the ids of all runs. Their order does not matter."""
    return digest(sorted(run.id for run in runs))


def name_models(runs: Iterable[RunSpec]) -> dict[str, Model]:
    """Return every agent, policy, choice and landscape of the runs by its name: "agent cma-es", "landscape bbob".

    Where several of the user's classes have one name, the last of them has it, and the others have a number too.
    """
    found: dict[str, dict[tuple[Any, ...], Model]] = {}
    for run in runs:
        models: list[tuple[str, Model]] = [("landscape", run.landscape), *(("agent", agent) for _, agent in run.team)]
        for policy in list_policies(run.policy):
            choices = [(name, value) for name, value in policy if isinstance(value, Model)]
            models += [("policy", policy), *choices]
        for family, model in models:
            same = found.setdefault(f"{family} {_describe(model)}", {})
            named: tuple[Any, ...] = ()
            if isinstance(model, Landscape):
                named = (model.code_references, model.data_files)
            elif isinstance(model, SandboxedAgent | SandboxedPolicy):
                named = (model.code.digest,)
            same[type(model), *named] = model
    return {
        name if place == len(same) else f"{name} ({place})": model
        for name, same in found.items()
        for place, model in enumerate(same.values(), 1)
    }


def _deciding_class(model: Model) -> type[Model]:
    """Return the class of this package on whose code the findings of a model depend; a sandbox decides none."""
    if isinstance(model, SandboxedAgent):
        return Agent
    return Policy if isinstance(model, SandboxedPolicy) else type(model)


def _describe(model: Model) -> str:
    kind = str(getattr(model, "kind", type(model).__name__))
    if isinstance(model, LossTable):
        return f"{kind} {model.file}"
    if isinstance(model, Landscape) and (model.code_references or model.data_files):
        return f"{kind} {[*model.code_references, *(path.name for path in model.data_files)][0]}"
    return f"{kind} {' '.join(model.command)}" if isinstance(model, Command) else kind
