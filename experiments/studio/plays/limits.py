"""The limits of the playground; the page gets them, and the server enforces them."""

from __future__ import annotations

from ....landscapes.landscape import Model

Range = tuple[float, float]


class Limits(Model):
    """Minimum and maximum of each setting, and the resources that runs may use.

    ``model_dump(mode="json")`` gives plain JSON data.
    """

    dimension: tuple[int, int] = (1, 20)
    agents: tuple[int, int] = (1, 12)
    grid_size: tuple[int, int] = (2, 21)
    shrink: Range = (0.1, 0.9)
    radius: Range = (0.02, 0.5)
    center: Range = (0.0, 1.0)
    budget: tuple[int, int] = (10, 20_000)
    lease: tuple[int, int] = (5, 2000)
    seed: tuple[int, int] = (0, 2**53 - 1)
    number: int = 10_000
    """Maximum of every other whole number (a batch, a population, an instance); it bounds memory."""
    seconds: float = 20.0
    """Maximum CPU time of a run."""
    memory: int = 1 << 30
    """Maximum data size of a process that works runs, in bytes."""
    waiting: int = 8
    """Maximum number of runs that wait for a process, for all pages together."""
    ahead: int = 48
    """Maximum number of runs that are prepared because a page may ask for them next."""
    pages: int = 64
    """Maximum number of pages that are remembered."""
    kept: int = 96
    """Maximum number of finished runs that are kept in addition to those that a page shows."""


LIMITS = Limits()
