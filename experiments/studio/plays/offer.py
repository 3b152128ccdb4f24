"""The kinds that the playground offers: those of this package that are quick, safe and without side effects."""

from __future__ import annotations

from ....agents.toolbox.training import TrainingAgent
from ....landscapes.landscape import Landscape, Model
from ...spec import catalogue


def offered_classes(family: str) -> dict[str, type[Model]]:
    """Return kind -> class for a family (landscape, agent, policy, budget, radius, sharing), sorted by kind.

    Kinds from plugins are left out, and so are landscapes that run a program or a file of the user, which are those
    that pictures may not evaluate. Agents that train networks are left out, too: they need an extra and take seconds to
    start, and the playground has no network.
    """
    package = catalogue.FAMILIES[family][1].__name__ + "."
    return {
        kind: cls
        for kind, cls in catalogue.family_classes(family).items()
        if cls.__module__.startswith(package)
        and (not issubclass(cls, Landscape) or cls.pictured)
        and not issubclass(cls, TrainingAgent)
    }
