"""Draws the pictures of the reference pages. A picture is kept until the code that it shows has changed."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from searchparty.experiments.api import run
from searchparty.experiments.drawing.comparison import timeline_figure
from searchparty.experiments.drawing.landscape import contour_figure, shading_levels
from searchparty.experiments.drawing.style import draw_in_style
from searchparty.experiments.execution.package_code import digest_package_code
from searchparty.experiments.results.recorded_runs import RunData
from searchparty.experiments.spec import catalogue
from searchparty.experiments.spec.load import Experiment
from searchparty.landscapes.landscape import Landscape
from searchparty.landscapes.slices import evaluate_grid

PICTURES = Path(__file__).resolve().parents[2] / "build" / "docs-pictures"
DPI = 100
BBOB_FUNCTIONS = range(1, 25)
RESOLUTION = 120
GROUND = "viridis"

AGENT_LANDSCAPE = {"kind": "himmelblau"}
AGENT_LANDSCAPES = {"axes": {"kind": "styblinski-tang"}}
"""Where an agent is at home, if not on the landscape of the others: one whose axes can be searched one by one."""
AGENT_BUDGET = 200
TEAM_LANDSCAPE = {"kind": "rastrigin", "dimension": 2, "shift": "random", "rotate": True, "instance": 3}
TEAM_BUDGET = 600
TEAM = ["grid", "gradient-descent", "random-restart"]
PARTY = ["slsqp", "axes", "cma-es"]
"""The team that the policy ``party`` is made for."""
CROWD = [{"kind": "random-restart", "count": 6}]
"""A team of equals, as ``exploit-and-explore`` wants it."""
TEAMS: dict[str, list[Any]] = {"party": PARTY, "exploit-and-explore": CROWD}

Draw = Callable[[], Figure]


def draw_all() -> None:
    """Draw all pictures that are not there yet, on all cores."""
    names = [(family, kind) for family in catalogue.FAMILIES for kind in catalogue.family_classes(family)]
    with ProcessPoolExecutor() as pool:
        # An entry that fails is tried again, and says so, where its page is written.
        for drawn in [pool.submit(draw_entry, *name) for name in names]:
            drawn.exception()


def draw_entry(family: str, kind: str) -> list[Path]:
    """Draw the pictures of a kind of the catalogue, unless they are there; their paths."""
    if family == "landscape":
        return landscape_pictures(catalogue.landscape_classes()[kind])
    return agent_pictures(kind) if family == "agent" else policy_pictures(family, kind)


def agent_pictures(kind: str) -> list[Path]:
    """The points of an agent that searches alone, on a landscape of two dimensions."""
    data = _experiment_data(AGENT_LANDSCAPES.get(kind, AGENT_LANDSCAPE), AGENT_BUDGET, [kind], {"budget": "equal"})
    return [_keep_picture(f"agent-{kind}", data, lambda: _draw_contour(_run_alone(data)))]


def policy_pictures(family: str, kind: str) -> list[Path]:
    """The points of a team under a policy, or under a choice of ``composed``, and below them who had which lease."""
    composed: dict[str, Any] = {"budget": "equal", "radius": "shrink", "sharing": "broadcast"}
    policy = {"kind": kind} if family == "policy" else composed | {family: kind}
    data = _experiment_data(TEAM_LANDSCAPE, TEAM_BUDGET, TEAMS.get(kind, TEAM), policy)
    runs: list[RunData] = []

    def run_once() -> RunData:
        if not runs:
            runs.append(_run_alone(data))
        return runs[0]

    return [
        _keep_picture(f"{family}-{kind}", data, lambda: _draw_contour(run_once())),
        _keep_picture(f"{family}-{kind}-leases", data, lambda: timeline_figure(run_once())[0]),
    ]


def landscape_pictures(cls: type[Landscape]) -> list[Path]:
    """Contours of a landscape of two dimensions that may be evaluated for a picture; of BBOB all functions."""
    kind = catalogue.kind_of(cls)
    settings: list[dict[str, Any]] = [{"kind": kind, "dimension": 2}]
    if kind == "bbob":
        settings = [{"kind": kind, "dimension": 2, "function": number} for number in BBOB_FUNCTIONS]
    if not cls.pictured:
        return []
    try:
        landscapes = [cls.model_validate(each) for each in settings]
    except ValueError:
        # Of other dimensions than two.
        return []
    data = {"landscapes": settings}
    return [_keep_picture(f"landscape-{kind}", data, lambda: _draw_landscapes(landscapes))]


def _experiment_data(landscape: dict[str, Any], budget: int, agents: list[Any], policy: dict[str, Any]) -> Any:
    return {
        "name": "picture",
        "seed": 1,
        "budget": budget,
        "landscapes": [landscape],
        "strategies": {"search": {"agents": agents, "policy": policy}},
        "executor": "simulated",
    }


def _run_alone(data: dict[str, Any]) -> RunData:
    """Run an experiment of one run."""
    with TemporaryDirectory() as folder:
        results = run(Experiment.from_data(data), out=Path(folder) / "results", report=False)
        (found,) = results.runs
        for error in results.errors.values():
            raise error
        return found


def _draw_contour(found: RunData) -> Figure:
    figure = contour_figure(found)
    assert figure is not None
    # The page says what is drawn; a title would only name the run.
    figure.axes[0].set_title("")
    return figure


def _draw_landscapes(landscapes: list[Landscape]) -> Figure:
    """One landscape, or small panels of several."""
    columns = min(6, len(landscapes))
    rows = math.ceil(len(landscapes) / columns)
    size = (5.2, 4.2) if len(landscapes) == 1 else (1.7 * columns, 1.75 * rows)
    figure = Figure(figsize=size, layout="constrained")
    for axes, landscape in zip(figure.subplots(rows, columns, squeeze=False).flat, landscapes, strict=True):
        _draw_landscape(axes, landscape)
        if len(landscapes) > 1:
            axes.set(xticks=[], yticks=[], title=f"f{landscape.function}")  # type: ignore[attr-defined]
    if len(landscapes) == 1:
        figure.axes[0].set(xlabel="x1", ylabel="x2")
    return figure


def _draw_landscape(axes: Axes, landscape: Landscape) -> None:
    problem = landscape.open()
    x, y, z = evaluate_grid(problem, RESOLUTION)
    found = shading_levels(z)
    if found is not None:
        shifted, norm, levels = found
        axes.contourf(x, y, shifted, levels=levels, norm=norm, cmap=GROUND)
        axes.contour(x, y, shifted, levels=levels, norm=norm, colors="black", linewidths=0.2, alpha=0.4)
    axes.grid(visible=False)
    if problem.minimizers is not None:
        known = problem.minimizers
        axes.scatter(known[:, 0], known[:, 1], marker="*", s=110, color="white", edgecolors="black", zorder=5)


def _keep_picture(name: str, data: dict[str, Any], draw: Draw) -> Path:
    """Draw a picture, unless it was drawn before from the same code and settings."""
    path = PICTURES / f"{name}-{_digest_code(data)}.png"
    if not path.exists():
        PICTURES.mkdir(parents=True, exist_ok=True)
        for older in PICTURES.glob(f"{name}-{'[0-9a-f]' * 12}.png"):
            older.unlink()
        figure: Figure = draw_in_style(draw)
        draw_in_style(lambda: figure.savefig(path, dpi=DPI))
    return path


def _digest_code(data: dict[str, Any]) -> str:
    """Digest what decides a picture: its settings, the code of what it shows, and the code that draws it."""
    classes = {f"{family} {kind}": cls for family in catalogue.FAMILIES for kind, cls in _named(family, data).items()}
    drawing = Path(contour_figure.__code__.co_filename).parent
    sources = [Path(__file__), *sorted(drawing.glob("*.py"))]
    text = json.dumps([data, digest_package_code(classes)], sort_keys=True, default=str)
    return sha256(b"".join([text.encode(), *(path.read_bytes() for path in sources)])).hexdigest()[:12]


def _named(family: str, data: dict[str, Any]) -> dict[str, Any]:
    """The classes of a family whose kind stands in the settings."""
    text = json.dumps(data)
    return {kind: cls for kind, cls in catalogue.family_classes(family).items() if json.dumps(kind) in text}
