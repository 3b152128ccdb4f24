"""What a shell may complete the arguments of the commands with (``searchparty --install-completion``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from ..spec import catalogue
from ..spec.sources import bundled_files

EXECUTORS = ("ray", "simulated")
FORMATS = ("coco", "ioh", "parquet", "csv", "optuna", "mlflow")
"""The formats of exports. Their module is not imported for a completion."""
LISTED_FAMILIES = ("agents", "landscapes", "policies", "experiments")
"""The families that can be listed."""


def complete_experiments(incomplete: str) -> list[str]:
    """Return the bundled experiments and the YAML files that a word may stand for."""
    named = [name for name in bundled_files() if name.startswith(incomplete)]
    return named + list(_match_paths(incomplete, lambda path: path.suffix in (".yaml", ".yml")))


def complete_results(incomplete: str) -> list[str]:
    """Return the results directories that a word may stand for: those in ./results, and where the word leads."""
    found = [*_match_paths(incomplete, _holds_results), *_match_paths(f"results/{incomplete}", _holds_results)]
    return [path for path in dict.fromkeys(found) if path.startswith(incomplete)]


def complete_results_or_experiments(incomplete: str) -> list[str]:
    """Return the experiments and the results directories that a word may stand for."""
    return complete_experiments(incomplete) + complete_results(incomplete)


def complete_executors(incomplete: str) -> list[str]:
    """Return the executors that begin with a word."""
    return [kind for kind in EXECUTORS if kind.startswith(incomplete)]


def complete_formats(incomplete: str) -> list[str]:
    """Return the formats of exports that begin with a word."""
    return [format for format in FORMATS if format.startswith(incomplete)]


def complete_families(incomplete: str) -> list[str]:
    """Return the families that begin with a word."""
    return [family for family in LISTED_FAMILIES if family.startswith(incomplete)]


def complete_kinds(incomplete: str) -> list[str]:
    """Return the kinds of agents, landscapes and policies that begin with a word."""
    kinds = (kind for name in catalogue.PLURALS.values() for kind in catalogue.family_classes(name))
    return [kind for kind in kinds if kind.startswith(incomplete)]


def _match_paths(incomplete: str, wanted: Callable[[Path], bool]) -> Iterator[str]:
    folder, _, name = incomplete.rpartition("/")
    place = f"{folder}/" if "/" in incomplete else ""
    try:
        for path in sorted(Path(place or ".").expanduser().iterdir()):
            if path.name.startswith(name) and wanted(path):
                yield place + path.name
    except OSError:
        return


def _holds_results(path: Path) -> bool:
    return (path / "experiment.yaml").is_file()
