"""The results of a simulation: a directory with a page, a figure and tables."""

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
    "Each number of workers is another experiment: a team of so many agents, all of which may have a lease at once, "
    "with the same budget."
)


@dataclass(frozen=True)
class Simulation:
    """What a simulation came to. ``sizes`` has a row for each landscape, strategy and number of workers, ``runs`` one a
    run, ``best_sizes`` the best numbers. ``errors`` holds what ended runs that failed, by run id."""

    path: Path
    experiment: Experiment
    predictions: tuple[Prediction, ...]
    errors: dict[str, Exception]
    price: float | None
    limit: float | None

    @property
    def targeted(self) -> bool:
        """Whether there is a loss to be reached."""
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
        """The sizes in a few columns of text."""
        return format_size_rows(self.sizes, self.targeted, self.price is not None)

    def verdicts(self) -> list[str]:
        """The best numbers of workers, in words."""
        return describe_choices(self.best_sizes, self.targeted, self.price is not None, self.limit)

    def remarks(self) -> list[str]:
        """What a reader must know of how this was found."""
        lines = [CAVEAT]
        real = [landscape.label for landscape in self.experiment.landscapes if not landscape.pictured]
        if real:
            lines.append(f"Evaluated for real, whatever that takes: {', '.join(real)}.")
        if not isinstance(self.experiment.executor, SimulatedSettings):
            lines.append(
                "The YAML's executor is not the simulated one: evaluations take what the landscape declares, and "
                "nothing is late or lost. Say more with --set 'executor={kind: simulated, latency: 0.1}'."
            )
        if self.experiment.stop.seconds is not None:
            lines.append("stop.seconds is left out: it is the wall clock's, not the simulated one's.")
        if not self.targeted:
            lines.append("No target is set (stop.target or stop.precision): sizes are compared by the loss reached.")
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
    """Work an experiment with so many workers each, on the simulated clock, into a new results directory.

    ``price`` is what a worker costs an hour (default: the YAML's), ``limit`` the most that a run may cost, in
    worker-hours where there is no price, ``runs`` what is planned, where it is already. Raises SpecError where the
    budget does not pay for a size.
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
    """Write simulation.html, figures/simulation.png and .svg, and tables/*.csv; the page's path."""
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
    """Settings as a reader has them: {"mean": 60.0, "kind": "constant", "sigma": None} is "mean 60, constant"."""

    def words(value: Any) -> str:
        if isinstance(value, dict):
            given = [(name, each) for name, each in value.items() if each is not None]
            return ", ".join(words(each) if name == "kind" else f"{name} {words(each)}" for name, each in given)
        return f"{value:g}" if isinstance(value, int | float) else str(value)

    return {name: words(value) for name, value in settings.items() if value is not None}
