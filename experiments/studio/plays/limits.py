"""How much the playground lets anybody ask for: told to the page, and kept to by the server."""

from __future__ import annotations

from ....landscapes.landscape import Model

Range = tuple[float, float]


class Limits(Model):
    """Least and most of each setting, and what runs may use. Plain JSON by ``model_dump(mode="json")``."""

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
    """Most that any other whole number may be (a batch, a population, an instance): bounds memory."""
    seconds: float = 20.0
    """A run's, by the wall clock."""
    memory: int = 1 << 30
    """Bytes of data of a process that works runs."""
    waiting: int = 8
    """Runs that wait for a process, of all pages together."""
    pages: int = 64
    kept: int = 32
    """Finished runs that are kept beside those which a page shows."""


LIMITS = Limits()
