"""The simulation of an experiment with several numbers of workers, and its results directory: page, figure, tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment

from ...orchestrator.run_spec import RunSpec
from ..drawing import style
from ..execution.results_directory import create_results_directory, write_atomically
from ..execution.watcher import Watcher
from ..results.table import Table
from ..spec.load import Experiment
from ..spec.models import SimulatedSettings
from .figure import sizes_figure
from .predict import Prediction, clock_settings, plan_sizes, predict_runs
from .tables import best_sizes_table, describe_choices, format_size_rows, runs_table, sizes_table

CAVEAT = (
    "Each number of workers is another experiment: a team of that many agents, all of which may have a lease at the "
    "same time, with the same budget."
)


@dataclass(frozen=True)
class Simulation:
    """The result of a simulation.

    ``sizes`` has one row for each landscape, strategy and number of workers, ``runs`` one row per run, and
    ``best_sizes`` the best numbers of workers. ``errors`` holds the exceptions of failed runs by run id.
    """

    path: Path
    experiment: Experiment
    predictions: tuple[Prediction, ...]
    errors: dict[str, Exception]
    price: float | None
    limit: float | None

    @property
    def targeted(self) -> bool:
        """Whether the runs have a target loss."""
        return any(prediction.target is not None for prediction in self.predictions)

    @property
    def sizes(self) -> Table:
        return sizes_table(self.predictions, self.price)

    @property
    def runs(self) -> Table:
        return runs_table(self.predictions)

    @property
    def best_sizes(self) -> Table:
        return best_sizes_table(self.sizes, self.targeted, self.limit)

    def summary_rows(self) -> list[dict[str, str]]:
        """Return the table of sizes as text, in a few columns."""
        return format_size_rows(self.sizes, self.targeted, self.price is not None)

    def verdicts(self) -> list[str]:
        """Return sentences that name the best numbers of workers."""
        return describe_choices(self.best_sizes, self.targeted, self.price is not None, self.limit)

    def remarks(self) -> list[str]:
        """Return the notes that a reader needs to interpret the results."""
        lines = [CAVEAT]
        real = [landscape.label for landscape in self.experiment.landscapes if not landscape.pictured]
        if real:
            lines.append(f"Evaluated for real, however long that takes: {', '.join(real)}.")
        if not isinstance(self.experiment.executor, SimulatedSettings):
            lines.append(
                "The YAML does not use the simulated executor: evaluations take the seconds that the landscape "
                "declares, without delays or lost workers. Set delays with "
                "--set 'executor={kind: simulated, latency: 0.1}'."
            )
        if self.experiment.stop.seconds is not None:
            lines.append("stop.seconds is ignored: it limits wall-clock time, not simulated time.")
        if not self.targeted:
            lines.append(
                "No target is set (stop.target or stop.precision): numbers of workers are compared by the loss reached."
            )
        return lines


def run_simulation(
    experiment: Experiment,
    sizes: Sequence[int],
    *,
    out: str | Path | None = None,
    price: float | None = None,
    limit: float | None = None,
    watcher: Watcher | None = None,
    runs: Sequence[tuple[int, str, RunSpec]] | None = None,
) -> Simulation:
    """Run an experiment on the simulated clock with each number of workers, into a new results directory.

    ``price`` is the cost of one worker per hour (default: the YAML's price). ``limit`` is the maximum cost of a run,
    in worker-hours if there is no price. ``runs`` are the planned runs, if the caller has planned them already. Raises
    SpecError if the budget is too small for one of the sizes.
    """
    runs = plan_sizes(experiment, sizes) if runs is None else runs
    directory = create_results_directory(out, f"{experiment.name}-simulation")
    write_atomically(directory / "experiment.yaml", experiment.to_yaml())
    predictions, errors = predict_runs(experiment, runs, watcher)
    price = clock_settings(experiment).price if price is None else price
    simulation = Simulation(directory, experiment, tuple(predictions), errors, price, limit)
    if predictions:
        write_simulation_page(simulation)
    return simulation


def write_simulation_page(simulation: Simulation) -> Path:
    """Write simulation.html, figures/simulation.png and .svg, and tables/*.csv; return the page's path."""
    pictures, tables = simulation.path / "figures", simulation.path / "tables"
    pictures.mkdir(exist_ok=True)
    tables.mkdir(exist_ok=True)
    written = {"sizes": simulation.sizes, "runs": simulation.runs, "chosen": simulation.best_sizes}
    for name, table in written.items():
        table.to_csv(tables / f"{name}.csv")
    figure = style.draw_in_style(
        sizes_figure, simulation.sizes, simulation.targeted, simulation.price is not None
    )  # fmt: skip
    drawn = style.save_figure(figure, pictures / "simulation")
    text = files(__package__).joinpath("templates", "simulation.html.j2").read_text(encoding="utf-8")
    experiment = simulation.experiment
    page = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(text).render(
        name=experiment.name, remarks=simulation.remarks(), verdicts=simulation.verdicts(), drawn=drawn,
        rows=simulation.summary_rows(),
        clock=describe_clock_settings(clock_settings(experiment).model_dump(exclude={"kind", "workers"})),
        repeats=experiment.repeats, failed=simulation.errors, settings=experiment.to_yaml(),
    )  # fmt: skip
    path = simulation.path / "simulation.html"
    path.write_text(page, encoding="utf-8")
    return path


def describe_clock_settings(settings: dict[str, Any]) -> dict[str, str]:
    """Format the clock's settings: {"mean": 60.0, "kind": "constant", "sigma": None} becomes "mean 60, constant"."""

    def words(value: Any) -> str:
        if isinstance(value, dict):
            given = [(name, each) for name, each in value.items() if each is not None]
            return ", ".join(words(each) if name == "kind" else f"{name} {words(each)}" for name, each in given)
        return f"{value:g}" if isinstance(value, int | float) else str(value)

    return {name: words(value) for name, value in settings.items() if value is not None}
