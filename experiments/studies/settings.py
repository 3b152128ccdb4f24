"""The settings of a sweep: which strategies of the results are the same one with other values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from ..spec.errors import ProblemList, SourcePositions, SpecError
from ..spec.expand import check_sweep, concerns, format_setting, shortest_suffixes, sweep_suffix
from ..spec.sources import read_text_file
from ..spec.yaml_text import parse_yaml


@dataclass(frozen=True)
class SweptSetting:
    """One combination of the values of a sweep.

    Attributes:
        strategy: The name of the strategy in the results.
        values: The value of each swept setting that concerns it, by its short name, as text.
    """

    strategy: str
    values: dict[str, str]

    def describe(self) -> str:
        """Return the values in words: "points_per_axis=5, radius=0.2"."""
        return ", ".join(f"{name}={value}" for name, value in self.values.items())


@dataclass(frozen=True)
class Sweep:
    """A strategy of an experiment whose settings were swept.

    Attributes:
        strategy: Its name in the YAML.
        axes: The values of each swept setting that concerns it and has at least two, by its short name, in the order
            of the YAML.
        settings: All combinations that the results have runs of.
    """

    strategy: str
    axes: dict[str, list[str]]
    settings: list[SweptSetting]

    def find(self, values: Mapping[str, str]) -> SweptSetting | None:
        """Return the combination with these values; None if the results have none."""
        return next((each for each in self.settings if each.values == values), None)


def read_sweeps(directory: Path, strategies: Iterable[str]) -> list[Sweep]:
    """Read which strategies of results are combinations of a sweep, from the YAML in their directory.

    Nothing that the YAML names is imported. What cannot be read, or is no sweep, gives none.

    Args:
        directory: The results directory.
        strategies: The names of the strategies of its runs.
    """
    try:
        data = parse_yaml(read_text_file(directory / "experiment.yaml"))[0]
    except (OSError, SpecError):
        return []
    return find_sweeps(data, strategies)


def find_sweeps(data: Mapping[str, Any], strategies: Iterable[str]) -> list[Sweep]:
    """Find the strategies whose settings a sweep changes.

    Args:
        data: The data of an experiment.
        strategies: The names of the strategies of its runs.

    Example:
        >>> data = {"strategies": {"a": {"agents": ["grid"]}}, "sweep": {"region.radius": [0.1, 0.2]}}
        >>> [(sweep.strategy, sweep.axes) for sweep in find_sweeps(data, ["a[radius=0.1]", "a[radius=0.2]"])]
        [('a', {'radius': ['0.1', '0.2']})]
    """
    sweep, named = data.get("sweep"), data.get("strategies")
    notes = ProblemList(SourcePositions({}), None)
    if not sweep or not isinstance(named, Mapping) or not check_sweep(notes, sweep):
        return []
    short, known = shortest_suffixes(list(sweep)), set(strategies)
    return [found for name in named if (found := _find_sweep(data, name, short, known)) is not None]


def _find_sweep(data: Mapping[str, Any], name: str, short: Mapping[str, str], known: set[str]) -> Sweep | None:
    sweep = data["sweep"]
    keys = [key for key in sweep if concerns(data, key, name)]
    settings = dict[str, SweptSetting]()
    for chosen in product(*(sweep[key] for key in keys)):
        label = name + sweep_suffix(data, name, _complete(sweep, keys, chosen))
        if label in known:
            values = {short[key]: format_setting(value) for key, value in zip(keys, chosen, strict=True)}
            settings.setdefault(label, SweptSetting(label, values))
    axes = {short[key]: list(dict.fromkeys(map(format_setting, sweep[key]))) for key in keys}
    several = {axis: values for axis, values in axes.items() if len(values) > 1}
    return Sweep(name, several, list(settings.values())) if several and len(settings) > 1 else None


def _complete(sweep: Mapping[str, Any], keys: list[str], chosen: tuple[Any, ...]) -> tuple[tuple[str, Any], ...]:
    """Return a value of every key of a sweep, as names of strategies depend on all keys."""
    given = dict(zip(keys, chosen, strict=True))
    return tuple((key, given.get(key, values[0])) for key, values in sweep.items())
