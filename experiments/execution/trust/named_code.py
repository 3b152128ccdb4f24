"""What an experiment names as code of a user: files and modules that are imported, and programs that are started."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ....agents.sandbox.sandboxed_agent import SandboxedAgent
from ....landscapes.command import Command
from ....landscapes.landscape import Landscape, Model
from ....landscapes.user_code import LOADED_FILES, is_python_file
from ....orchestrator.sandbox.sandboxed_policy import SandboxedPolicy
from ...spec import catalogue
from ...spec.load import Experiment
from ...spec.models import RaySettings
from ..staging import experiment_models


def names_user_code(experiment: Experiment) -> bool:
    """Return whether working an experiment runs anything but this package and installed plugins."""
    imported = (*list_imported(experiment), *list_confined(experiment))
    named = (list_addresses(experiment), list_programs(experiment), imported)
    return any(name for names in named for name in names)


def is_user_code(landscape: Landscape) -> bool:
    """Return whether evaluating a landscape runs code of a user: its class, or the function or program it names."""
    return isinstance(landscape, Command) or bool(landscape.code_references) or not catalogue.is_installed(landscape)


def list_addresses(experiment: Experiment) -> Iterator[str]:
    """Yield the addresses of clusters that an experiment joins: what they send is run here."""
    executors = [experiment.executor, *(variant.executor for _, variant in experiment.variants)]
    named = [each.address for each in executors if isinstance(each, RaySettings) and each.address is not None]
    yield from dict.fromkeys(named)


def list_programs(experiment: Experiment) -> list[str]:
    """Return the commands of an experiment, each as its words in one text."""
    models = _list_models(experiment)
    return list(dict.fromkeys(" ".join(model.command) for model in models if isinstance(model, Command)))


def list_imported(experiment: Experiment) -> list[str]:
    """Return the user's files, relative to the experiment's directory, and modules that loading it has imported."""
    home = Path(experiment.home).absolute()
    models = (model for model in _list_models(experiment) if not isinstance(model, SandboxedAgent | SandboxedPolicy))
    return list(dict.fromkeys(place for model in models for place in _list_places(model, home)))


def list_confined(experiment: Experiment) -> list[str]:
    """Return the user's files, relative to the experiment's directory, whose classes work in a sandbox only."""
    models = (model for model in _list_models(experiment) if isinstance(model, SandboxedAgent | SandboxedPolicy))
    return list(dict.fromkeys(os.path.normpath(model.code.reference.rpartition(":")[0]) for model in models))


def _list_models(experiment: Experiment) -> list[Model]:
    """Return each model of an experiment once. Members that are copies of one agent share it."""
    return list({id(model): model for model in experiment_models(experiment)}.values())


def _list_places(model: Model, home: Path) -> Iterator[str]:
    if isinstance(model, Landscape):
        for reference in model.code_references:
            place = reference.rpartition(":")[0]
            if place:
                yield os.path.normpath(place) if is_python_file(place) else place
    if not catalogue.is_installed(model):
        module = type(model).__module__
        yield os.path.relpath(LOADED_FILES[module][0], home) if module in LOADED_FILES else module
