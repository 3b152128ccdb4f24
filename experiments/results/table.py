"""A table: named columns, as rows, as CSV, as pandas."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...landscapes.extras import install_command


@dataclass(frozen=True)
class Table:
    """Named columns of equal length."""

    columns: dict[str, list[Any]]

    @classmethod
    def from_rows(cls, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Table:
        """A table from rows."""
        listed = [list(row) for row in rows]
        return cls({name: [row[i] for row in listed] for i, name in enumerate(names)})

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), []))

    def rows(self) -> list[dict[str, Any]]:
        """One mapping a row."""
        return [{name: column[i] for name, column in self.columns.items()} for i in range(len(self))]

    def where(self, **wanted: Any) -> Table:
        """The rows whose columns have these values."""
        keep = [i for i in range(len(self)) if all(self.columns[name][i] == value for name, value in wanted.items())]
        return Table({name: [column[i] for i in keep] for name, column in self.columns.items()})

    def groups(self, *names: str) -> dict[tuple[Any, ...], Table]:
        """The rows by the values that they have in these columns, in the order in which they first occur."""
        places: dict[tuple[Any, ...], list[int]] = {}
        for i, key in enumerate(zip(*(self.columns[name] for name in names), strict=True)):
            places.setdefault(key, []).append(i)
        return {
            key: Table({name: [column[i] for i in keep] for name, column in self.columns.items()})
            for key, keep in places.items()
        }

    def to_pandas(self) -> Any:
        """A pandas DataFrame. Raises ImportError, with the cure, where pandas is not installed."""
        try:
            import pandas
        except ImportError:
            raise ImportError(f"pandas is not installed: {install_command('pandas')}") from None
        return pandas.DataFrame(self.columns)

    def to_csv(self, path: Path) -> None:
        """Write the table as CSV."""
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(self.columns)
            writer.writerows(row.values() for row in self.rows())
