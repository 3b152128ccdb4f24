"""What the playground offers: kinds of this package that are quick, safe and without side effects."""

from __future__ import annotations

from ....landscapes.landscape import Landscape, Model
from ...spec import catalogue


def offered_classes(family: str) -> dict[str, type[Model]]:
    """Kind -> class of a family (landscape, agent, policy, budget, radius, sharing), sorted by kind.

    Left out is what a plugin brings, and every landscape that runs a program or a file of somebody's: those that do
    not say that pictures may evaluate them.
    """
    package = catalogue.FAMILIES[family][1].__name__ + "."
    return {
        kind: cls
        for kind, cls in catalogue.family_classes(family).items()
        if cls.__module__.startswith(package) and (not issubclass(cls, Landscape) or cls.pictured)
    }
