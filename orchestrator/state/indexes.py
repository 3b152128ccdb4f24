"""Indexes that a run updates with each event, so that a decision costs O(log n) for n members.

They hold the idle members ordered by the evaluations that they have spent, and the water level: how high the
remaining budget would stand if it were poured over what all members have.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .member import Member

HEAP_SLACK = 16
"""A heap is rebuilt when it holds this many more entries than twice the number of members. Until then, outdated
entries stay in it."""


class LossCurve:
    """The least loss of a run as a function of the evaluations spent.

    A sequence of (evaluations spent, least loss), one pair after each collected lease. It takes 16 bytes per lease.
    """

    def __init__(self) -> None:
        self._spent, self._losses = array("q"), array("d")

    def append(self, spent: int, loss: float) -> None:
        """Add the evaluations spent and the least loss after the next collected lease."""
        self._spent.append(spent)
        self._losses.append(loss)

    def __len__(self) -> int:
        return len(self._spent)

    def __getitem__(self, lease: int) -> tuple[int, float]:
        return self._spent[lease], self._losses[lease]

    def __iter__(self) -> Iterator[tuple[int, float]]:
        return zip(self._spent, self._losses, strict=True)


class IdleMembers:
    """The idle members, ordered by evaluations spent, then in team order."""

    def __init__(self, members: Iterable[Member]) -> None:
        self._members = tuple(members)
        self._idle = {member.index: member for member in self._members if member.lease is None}
        self._heap: list[tuple[int, int, int]] = []
        self._rebuild_heap()

    def __iter__(self) -> Iterator[Member]:
        """Yield the idle members in order. The k-th member costs O(log k)."""
        heap = self._heap
        frontier = [(heap[0], 0)] if heap else []
        while frontier:
            entry, place = heappop(frontier)
            for child in (2 * place + 1, 2 * place + 2):
                if child < len(heap):
                    heappush(frontier, (heap[child], child))
            if self._is_current(entry):
                yield self._members[entry[1]]

    @property
    def in_team_order(self) -> list[Member]:
        """The idle members, in team order."""
        return [self._idle[index] for index in sorted(self._idle)]

    def leave(self, member: Member) -> None:
        """Remove a member that has been granted a lease."""
        del self._idle[member.index]
        while self._heap and not self._is_current(self._heap[0]):
            heappop(self._heap)

    def join(self, member: Member) -> None:
        """Add a member whose lease was collected."""
        self._idle[member.index] = member
        heappush(self._heap, (member.spent, member.index, member.leases))
        if len(self._heap) > 2 * len(self._members) + HEAP_SLACK:
            self._rebuild_heap()

    def _is_current(self, entry: tuple[int, int, int]) -> bool:
        """Return whether an entry describes the member's present idle period, rather than an earlier one."""
        member = self._members[entry[1]]
        return member.lease is None and member.leases == entry[2]

    def _rebuild_heap(self) -> None:
        self._heap = [(member.spent, member.index, member.leases) for member in self._idle.values()]
        heapify(self._heap)


class WaterLevel:
    """Columns of integer heights, over which water is poured to find the level at which it stands.

    A column is wet if its top is below the level, else dry. Columns whose tops the level has passed since it was last
    asked for are moved from one set to the other when it is asked for again.

    Args:
        heights: The initial heights of the columns.
    """

    def __init__(self, heights: Iterable[int]) -> None:
        self._heights = list(heights)
        self._is_wet = [True] * len(self._heights)
        self._sum, self._count = sum(self._heights), len(self._heights)
        """Sum of the heights of the wet columns, and their number."""
        self._wet: list[tuple[int, int]] = []
        self._dry: list[tuple[int, int]] = []
        self._rebuild_heaps()

    def set_height(self, column: int, height: int) -> None:
        """Set the height of a column."""
        before = self._heights[column]
        if height == before:
            return
        self._heights[column] = height
        if self._is_wet[column]:
            self._sum += height - before
            heappush(self._wet, (-height, column))
        else:
            heappush(self._dry, (height, column))
        if len(self._wet) + len(self._dry) > 2 * len(self._heights) + HEAP_SLACK:
            self._rebuild_heaps()

    def level_with(self, pool: int) -> float:
        """Return the level at which the water stands after ``pool`` units are poured over the columns."""
        # Adding a column below the mean, or removing one above it, lowers the mean; the least mean is the level.
        while True:
            water = pool + self._sum
            if (dry := self._first_valid(self._dry, False)) is not None and dry[0] * self._count < water:
                self._move(heappop(self._dry)[1], True)
            elif (wet := self._first_valid(self._wet, True)) is not None and -wet[0] * self._count > water:
                self._move(heappop(self._wet)[1], False)
            else:
                return water / self._count

    def _first_valid(self, heap: list[tuple[int, int]], wet: bool) -> tuple[int, int] | None:
        """Return the first entry of a heap that is not outdated, or None. Outdated entries before it are dropped."""
        while heap:
            height, column = heap[0]
            if self._is_wet[column] is wet and self._heights[column] == abs(height):
                return heap[0]
            heappop(heap)
        return None

    def _move(self, column: int, wet: bool) -> None:
        height = self._heights[column]
        self._is_wet[column] = wet
        self._sum += height if wet else -height
        self._count += 1 if wet else -1
        heappush(self._wet, (-height, column)) if wet else heappush(self._dry, (height, column))

    def _rebuild_heaps(self) -> None:
        columns = list(enumerate(self._heights))
        self._wet = [(-height, column) for column, height in columns if self._is_wet[column]]
        self._dry = [(height, column) for column, height in columns if not self._is_wet[column]]
        heapify(self._wet)
        heapify(self._dry)
