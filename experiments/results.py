"""What an experiment came to: tables, the best point, and a view for notebooks."""

from __future__ import annotations

from functools import cached_property
from html import escape
from pathlib import Path

from . import accounts, statistics
from .runs import Best, RunData, best_of, read_runs
from .table import Table


class Results:
    """What an experiment came to. Tables are read from the log when first asked for; each has ``rows()`` and
    ``to_pandas()``. ``errors`` holds what ended runs that failed, by run id."""

    def __init__(self, path: Path | str, errors: dict[str, Exception] | None = None) -> None:
        self.path = Path(path)
        self.errors = errors or {}

    @cached_property
    def runs(self) -> list[RunData]:
        return read_runs(self.path)

    @cached_property
    def comparison(self) -> Table:
        """Per landscape and strategy: quartiles of the best loss, success, evaluations to target, rank."""
        return statistics.comparison(self.runs)

    @cached_property
    def winners(self) -> Table:
        """Per landscape: who leads, and whether that convinces."""
        return statistics.winners(self.runs)

    @cached_property
    def convergence(self) -> Table:
        """Best loss so far against evaluations, per landscape and strategy."""
        return statistics.convergence(self.runs)

    @cached_property
    def contributions(self) -> Table:
        """Per agent: its share of evaluations, of records, of best points."""
        return accounts.contributions(self.runs)

    @cached_property
    def failures(self) -> Table:
        """What failed, why, how often."""
        return accounts.failures(self.runs)

    def leases(self, run: str) -> Table:
        """Every lease of a run, by the run's id, with its reason and outcome."""
        return accounts.leases(next(r for r in self.runs if r.id == run))

    def best(self) -> list[Best]:
        """The best point of each landscape on which anything finite was found, in the order of the plan."""
        known = [best for best in map(best_of, self.runs) if best is not None]
        labels = dict.fromkeys(best.landscape for best in known)
        return [min((b for b in known if b.landscape == label), key=lambda b: b.loss) for label in labels]

    def summary_rows(self) -> list[dict[str, str]]:
        """The comparison in a few columns of text."""
        winners = {row["landscape"]: row["winner"] for row in self.winners.rows()}
        return [
            {
                "landscape": row["landscape"],
                "strategy": row["strategy"] + (" *" if winners[row["landscape"]] == row["strategy"] else ""),
                "runs": str(row["runs"]),
                "median loss": f"{row['median']:.4g}",
                "quartiles": f"{row['lower_quartile']:.3g} - {row['upper_quartile']:.3g}",
                "success": f"{row['successes']}/{row['runs']}",
                "evaluations to target": "-" if row["ert"] is None else f"{row['ert']:.0f}",
                "mean rank": f"{row['rank']:.2f}",
            }
            for row in self.comparison.rows()
        ]

    def report(self) -> Path:
        """Write the HTML report, the figures and the tables; the report's path."""
        from .report import write_report

        return write_report(self.path)

    def _repr_html_(self) -> str:
        rows = self.summary_rows()
        head = "".join(f"<th>{escape(name)}</th>" for name in (rows[0] if rows else {}))
        body = "".join("<tr>" + "".join(f"<td>{escape(v)}</td>" for v in row.values()) + "</tr>" for row in rows)
        return f"<p>searchparty results in {escape(str(self.path))}</p><table><tr>{head}</tr>{body}</table>"
