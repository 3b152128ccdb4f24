"""The kinds that the playground offers: those of this package that are quick, safe and without side effects."""

from __future__ import annotations

from importlib.util import find_spec

from ....agents.toolbox.training import TrainingAgent
from ....landscapes.landscape import Landscape, Model
from ...spec import catalogue

NETWORK_PLANE = {"kind": "slice", "plane": "digits"}
"""The only plane that the playground offers, and the only landscape that needs packages of an extra. It is the
package's own: the page can name no other, since a plane may name code."""
NEEDED = ("jax", "sklearn")


def offered_classes(family: str) -> dict[str, type[Model]]:
    """Return kind -> class for a family (landscape, agent, policy, budget, radius, sharing), sorted by kind.

    Kinds from plugins are left out, and so are landscapes that run a program or a file of the user, which are those
    that pictures may not evaluate; but where the extra ``networks`` is installed, a plane through a network is offered
    (``NETWORK_PLANE``). Agents that train networks are left out, too: they take seconds to start, and the playground
    has no whole network.
    """
    package = catalogue.FAMILIES[family][1].__name__ + "."
    plane = NETWORK_PLANE["kind"] if all(find_spec(name) for name in NEEDED) else None
    return {
        kind: cls
        for kind, cls in catalogue.family_classes(family).items()
        if cls.__module__.startswith(package)
        and (not issubclass(cls, Landscape) or cls.pictured or kind == plane)
        and not issubclass(cls, TrainingAgent)
    }
