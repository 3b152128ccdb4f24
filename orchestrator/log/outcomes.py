"""What each collected lease came to, and what its rows cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..state.events import Event, Failed, Found


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was charged for a collected lease, found or failed."""

    lease: int
    agent: str
    rows: int
    charged: int


def collected(events: list[Event]) -> Iterator[Outcome]:
    """The collected leases, in order."""
    for event in events:
        match event:
            case Found(f):
                yield Outcome(f.lease, f.agent, f.rows, f.charged)
            case Failed():
                yield Outcome(event.lease, event.agent, event.rows, event.charged)


def row_costs(rows: int, charged: int) -> NDArray[np.int64]:
    """What each row of a lease was charged, in whole evaluations that add up to ``charged``."""
    base, more = divmod(charged, rows)
    costs = np.full(rows, base, dtype=np.int64)
    # Uneven only where rows with and without gradients mix, or where a failed agent was charged in full.
    costs[rows - more :] += 1
    return costs
