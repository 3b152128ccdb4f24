"""A table with named columns, which can be read as rows, CSV or a pandas DataFrame."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from numbers import Number
from pathlib import Path
from typing import Any

import numpy as np

from ...landscapes.extras import advise_install

MOST_SHOWN = 60
"""The most rows that are shown of a table; its methods give all."""


@dataclass(frozen=True, repr=False)
class Table:
    """A table with named columns of equal length.

    Attributes:
        columns: The values of each column, by name.

    Example:
        >>> from searchparty.experiments.results.table import Table
        >>> table = Table.from_rows(("agent", "loss"), [("grid", 2.0), ("random", 1.5)])
        >>> table.where(agent="random").rows()
        [{'agent': 'random', 'loss': 1.5}]
        >>> Table.from_rows(("agent", "loss"), [("grid", 2.0), ("random", 1.5)])
        agent   loss
        grid       2
        random   1.5
    """

    columns: dict[str, list[Any]]

    @classmethod
    def from_rows(cls, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Table:
        """Make a table from the names of its columns and from rows of values in the same order.

        Numbers of numpy become those of Python.
        """
        listed = [[value.item() if isinstance(value, np.generic) else value for value in row] for row in rows]
        return cls({name: [row[i] for row in listed] for i, name in enumerate(names)})

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(next(iter(self.columns.values()), []))

    def rows(self) -> list[dict[str, Any]]:
        """Return one mapping per row, from the columns' names to the row's values."""
        return [{name: column[i] for name, column in self.columns.items()} for i in range(len(self))]

    def where(self, **wanted: Any) -> Table:
        """Return the rows whose columns have these values."""
        keep = [i for i in range(len(self)) if all(self.columns[name][i] == value for name, value in wanted.items())]
        return Table({name: [column[i] for i in keep] for name, column in self.columns.items()})

    def groups(self, *names: str) -> dict[tuple[Any, ...], Table]:
        """Group the rows by their values in these columns, in the order in which the values first occur."""
        places: dict[tuple[Any, ...], list[int]] = {}
        for i, key in enumerate(zip(*(self.columns[name] for name in names), strict=True)):
            places.setdefault(key, []).append(i)
        return {
            key: Table({name: [column[i] for i in keep] for name, column in self.columns.items()})
            for key, keep in places.items()
        }

    def __repr__(self) -> str:
        shown = [list(self.columns), *self._shown_rows()]
        widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
        numeric = [all(isinstance(value, Number | None) for value in column) for column in self.columns.values()]
        cells = [
            [cell.rjust(width) if right else cell.ljust(width) for cell, width, right in columns]
            for columns in (zip(row, widths, numeric, strict=True) for row in shown)
        ]
        return "\n".join(["  ".join(line).rstrip() for line in cells] + self._rest())

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{escape(name)}</th>" for name in self.columns)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in self._shown_rows()
        )
        rest = "".join(f"<p>{escape(line)}</p>" for line in self._rest())
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{rest}"

    def _shown_rows(self) -> list[list[str]]:
        shown = zip(*(column[:MOST_SHOWN] for column in self.columns.values()), strict=True)
        return [[_format_cell(value) for value in row] for row in shown]

    def _rest(self) -> list[str]:
        return [f"... and {len(self) - MOST_SHOWN:,} more rows"] if len(self) > MOST_SHOWN else []

    def to_pandas(self) -> Any:
        """Return the table as a pandas DataFrame.

        Raises:
            ImportError: If pandas is not installed. The message says how to install it.
        """
        try:
            import pandas
        except ImportError:
            raise ImportError(f"pandas is not installed. {advise_install('pandas')}") from None
        return pandas.DataFrame(self.columns)

    def to_csv(self, path: Path) -> None:
        """Write the table as CSV, in UTF-8, with the columns' names in the first line."""
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(self.columns)
            writer.writerows(zip(*self.columns.values(), strict=True))


def _format_cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list | tuple) and all(isinstance(each, float) for each in value):
        return f"({', '.join(f'{each:.4g}' for each in value)})"
    return str(value)
