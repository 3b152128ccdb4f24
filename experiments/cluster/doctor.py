"""Checks whether a cluster is fit for an experiment, and says what to do about each problem."""

from __future__ import annotations

import pickle
import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ...landscapes.landscape import Landscape, Model
from ...landscapes.user_code import STAGED_FILES, list_loaded_files
from ..execution.fingerprint import list_packages
from ..execution.staging import StagedTree, experiment_models, stage_files
from ..spec.models import Experiment

if TYPE_CHECKING:
    from ...orchestrator.executors.on_ray.survey import NodeReport

REQUIRED_PACKAGES = ("numpy", "ray", "pydantic", "threadpoolctl")
"""Packages without which a node cannot work any lease. Others are needed by some agents and landscapes only."""
SKEW_SECONDS = 1.0
ROUND_TRIP_SECONDS = 20e-3
SLOW_BYTES = 20e6
SHARED_BYTES = 64e6
LARGE_BYTES = 20e6
MOST_FOLDERS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class ClusterProblem:
    """A problem of a cluster.

    Attributes:
        level: "error" for what stops a run, "warning" for what slows it or may have unexpected effects.
        text: What is wrong, and what to do about it.
    """

    level: str
    text: str


@dataclass(frozen=True, slots=True)
class ClusterReport:
    """The result of an examination.

    Attributes:
        table: The lines of a table of the nodes, and of the files that would be copied to them.
        found_problems: All problems that were found.
    """

    table: list[str]
    found_problems: list[ClusterProblem]


def examine_cluster(experiment: Experiment | None, address: str | None, say: Callable[[str], None]) -> ClusterReport:
    """Examine every node of a cluster.

    Args:
        experiment: The experiment that is to run there; None checks no agents and landscapes.
        address: The Ray cluster: "auto", "host:port" or "ray://host:port". None starts Ray on this machine.
        say: Receives lines on what is being done.

    Returns:
        The table of the nodes, and the problems.

    Raises:
        ExecutorError: If the cluster cannot be joined.
        SpecError: If a file that the experiment names does not exist, or if the files to copy are too large.
    """
    from ...orchestrator.executors.on_ray.connection import has_ray, start_ray, stop_ray
    from ...orchestrator.executors.on_ray.survey import survey_nodes

    models = (
        {}
        if experiment is None
        else {_describe_model(model): pickle.dumps(model) for model in experiment_models(experiment)}
    )
    with TemporaryDirectory(prefix="searchparty-") as name:
        staged = stage_files(experiment, Path(name)) if not STAGED_FILES.exists() else None
        owned = not has_ray()
        if owned:
            say(f"Joining {address} ..." if address else "Starting a local Ray ...")
            start_ray(address, None if staged is None or address is None else staged.root)
        try:
            packages = list_packages([] if experiment is None else experiment_models(experiment))
            nodes = survey_nodes((*packages, "threadpoolctl", "greenlet"), models, list_loaded_files())
        finally:
            if owned:
                stop_ray()
    found = [finding for node in nodes for finding in check_node(node)]
    if nodes and all(node.problem for node in nodes):
        found.append(ClusterProblem("error", "no node could be examined. Is the cluster busy, or its disk full?"))
    if staged is not None:
        found += _check_staged_size(staged)
    return ClusterReport([*_node_table(nodes), *([] if staged is None else _describe_staged(staged))], found)


def _describe_model(model: Model) -> str:
    kind = str(getattr(model, "kind", type(model).__name__))
    if isinstance(model, Landscape) and model.code_references:
        return f"{kind} {model.code_references[0]}"
    return f"{kind} {model.label}" if isinstance(model, Landscape) and model.label != kind else kind


def _local_version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def check_node(node: NodeReport) -> Iterator[ClusterProblem]:
    """Yield the problems of a node."""
    name = _node_name(node)
    if node.problem:
        yield ClusterProblem(
            "error", f"{name} must start a process, but does not ({node.problem}). See Ray's logs there."
        )
        return
    yield from _check_versions(name, node.facts)
    for model, problem in node.facts["imports"].items():
        if problem:
            yield ClusterProblem(
                "error", f"{name} must be able to make {model}, but cannot ({problem}). Install what is missing."
            )
    shared = node.facts["shared"]
    if shared is not None and shared[0] < SHARED_BYTES:
        yield ClusterProblem(
            "warning",
            f"{name} must have {SHARED_BYTES / 1e6:.0f} MB of shared memory free, got {shared[0] / 1e6:.0f} of "
            f"{shared[1] / 1e6:.0f} MB. Enlarge /dev/shm (docker run --shm-size=2g).",
        )
    if abs(node.skew) > SKEW_SECONDS + node.skew_error:
        yield ClusterProblem(
            "warning",
            f"{name}'s clock should agree with this machine's, but is off by {node.skew:+.1f} s. No finding depends on "
            "it, but logs and tokens do: run chrony or ntpd there.",
        )
    if node.round_trip > ROUND_TRIP_SECONDS:
        yield ClusterProblem(
            "warning",
            f"a call to {name} should take less than {ROUND_TRIP_SECONDS * 1e3:.0f} ms, but takes "
            f"{node.round_trip * 1e3:.0f}. Use placement: packed or longer leases, or submit the run to the head.",
        )
    if node.throughput < SLOW_BYTES:
        yield ClusterProblem(
            "warning",
            f"data should be sent to {name} at {SLOW_BYTES / 1e6:.0f} MB/s or more, but are sent at "
            f"{node.throughput / 1e6:.1f}. Keep files: small, or submit the run to the head.",
        )


def _check_versions(name: str, facts: dict[str, Any]) -> Iterator[ClusterProblem]:
    if facts["python"].rpartition(".")[0] != platform.python_version().rpartition(".")[0]:
        yield ClusterProblem(
            "error",
            f"{name} must have the Python of this machine, {platform.python_version()}, got {facts['python']}. "
            "Objects cannot be sent between the two: use one Python everywhere.",
        )
    for package, there in facts["packages"].items():
        here = _local_version(package)
        if there is None and package in REQUIRED_PACKAGES:
            yield ClusterProblem(
                "error", f"{name} must have {package}, but does not. pip install {package}=={here} there."
            )
        elif there is None and here is not None and package != "searchparty":
            yield ClusterProblem(
                "warning", f"{name} has no {package}; agents and landscapes that need it would fail there. "
                f"pip install {package}=={here} there."
            )  # fmt: skip
        elif there is not None and here is not None and there != here:
            yield ClusterProblem(
                "warning", f"{name} has {package} {there}, this machine {here}; equal findings are guaranteed for "
                f"equal versions only. pip install {package}=={here} there."
            )  # fmt: skip


def _check_staged_size(staged: StagedTree) -> Iterator[ClusterProblem]:
    if staged.size > LARGE_BYTES:
        places = ", ".join(
            f"{folder} ({size / 1e6:.1f} MB)" for folder, size in staged.folder_sizes()[:MOST_FOLDERS_SHOWN]
        )
        yield ClusterProblem(
            "warning",
            f"the files to copy should be below {LARGE_BYTES / 1e6:.0f} MB, but are {staged.size / 1e6:.1f}: {places}. "
            "Name fewer under files:, or put data on a disk that the nodes share.",
        )


def _node_name(node: NodeReport) -> str:
    host = node.facts.get("host")
    return f"node {node.address} {node.id[:6]}" + (f" ({host})" if host else "")


def _node_table(nodes: list[NodeReport]) -> list[str]:
    heads = (
        "node",
        "cores",
        "python",
        "ray",
        "numpy",
        "shared memory",
        "first call",
        "round trip",
        "throughput",
        "clock",
    )
    rows = [heads, *(_node_row(node) for node in nodes)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _node_row(node: NodeReport) -> tuple[str, ...]:
    if node.problem:
        return (_node_name(node), f"{node.resources.get('CPU', 0):g}", *["?"] * 8)
    facts, shared = node.facts, node.facts["shared"]
    return (
        _node_name(node),
        f"{node.resources.get('CPU', 0):g} of {facts['cores']}",
        facts["python"],
        str(facts["packages"]["ray"]),
        str(facts["packages"]["numpy"]),
        "-" if shared is None else f"{shared[0] / 1e6:,.0f} MB free",
        f"{node.start:.1f} s",
        f"{node.round_trip * 1e3:.1f} ms",
        f"{node.throughput / 1e6:,.0f} MB/s",
        f"{node.skew * 1e3:+.0f} ms",
    )


def _describe_staged(staged: StagedTree) -> list[str]:
    lines = [f"Files to copy: {len(staged.files)}, {staged.size / 1e6:.2f} MB. Largest folders:"]
    return lines + [f"  {size / 1e6:8.3f} MB  {folder}" for folder, size in staged.folder_sizes()[:MOST_FOLDERS_SHOWN]]
