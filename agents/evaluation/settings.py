"""The settings of evaluation: where, for how long, and what happens to a row that has no loss."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema, field_validator

from ...landscapes.causes import NON_FINITE_CAUSES, is_gradient_cause
from ...landscapes.landscape import Model

Verdict = Literal["penalise", "retry", "skip", "stop"]
MEMORY_UNITS = {"": 1, "B": 1} | {
    f"{letter}{tail}": size**power
    for power, letter in enumerate("KMGT", 1)
    for tail, size in (("", 1000), ("B", 1000), ("IB", 1024))
}
LEAST_MEMORY_BYTES = 64 * 10**6
MOST_MEMORY_BYTES = 10**18
"""More is no limit on any machine, and soon more than the operating system can be told."""

Bytes = Annotated[
    int, WithJsonSchema({"anyOf": [{"type": "integer"}, {"type": "string", "pattern": r"^[\d.]+ ?[KMGTkmgt]?i?B?$"}]})
]
MOST_WORKERS = 256
Workers = Annotated[
    int | Literal["auto"],
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1, "maximum": MOST_WORKERS}, {"const": "auto"}]}),
]


def parse_size(field: str, value: Any, least: int) -> int:
    """Convert a size, such as "2 GB", to bytes.

    Args:
        field: The name of the setting, for the message.
        value: What was given.
        least: The least number of bytes that it may be, in whole megabytes.

    Raises:
        ValueError: If it is no size, or is not from ``least`` to ``MOST_MEMORY_BYTES``.
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d*)?)\s*([A-Za-z]*)\s*", str(value))
    size = None if found is None or isinstance(value, bool) else MEMORY_UNITS.get(found[2].upper())
    if found is None or size is None or not least <= float(found[1]) * size <= MOST_MEMORY_BYTES:
        limits = f"at least {least // 10**6} MB and at most {MOST_MEMORY_BYTES // 10**12:,} TB"
        raise ValueError(
            f'{field} must be a number of bytes or a size like "2 GB", {limits}, got {value!r}. Write e.g. 2 GB.'
        )
    return int(float(found[1]) * size)


class Evaluation(Model):
    """How points are evaluated.

    With ``timeout``, ``memory`` or ``workers``, every row is evaluated in a child process that can be killed; otherwise
    in the process that works the lease.
    """

    timeout: float | None = Field(None, gt=0, description="Seconds a row may take before its process is killed.")
    memory: Bytes | None = Field(None, description='Memory that each child process may have, e.g. "2 GB".')
    workers: Workers | None = Field(
        None,
        description='Child processes that share a batch. "auto": one per CPU. Default: 1 if timeout or memory is set.',
    )
    on_nan: Verdict = Field(
        "penalise", description="What happens to NaN and infinite losses: penalise, retry, skip, stop."
    )
    on_error: Verdict = Field(
        "penalise", description="What happens to rows that raise, hang or crash: penalise, retry, skip, stop."
    )
    retries: int = Field(
        2, ge=1, le=100, description="How often a row is evaluated again under retry; each time is charged."
    )
    stop_after: int | None = Field(
        10,
        ge=1,
        description="A run stops if this many rows at its start all fail for the same error of the program, such as "
        "NameError, TypeError or a wrong type returned. null: it never stops for this reason.",
    )
    agent_timeout: float | None = Field(
        600.0,
        gt=0,
        le=10_000_000,
        description="Seconds that an agent may take to propose before its lease fails; null: no limit.",
    )

    @field_validator("memory", mode="before")
    @classmethod
    def _check_memory(cls, value: Any) -> Any:
        return None if value is None else parse_size("memory", value, LEAST_MEMORY_BYTES)

    @field_validator("workers", mode="before")
    @classmethod
    def _check_workers(cls, value: Any) -> Any:
        if value is None or value == "auto" or (type(value) is int and 1 <= value <= MOST_WORKERS):
            return value
        raise ValueError(
            f'workers must be a whole number from 1 to {MOST_WORKERS} or "auto", got {value!r}. '
            "Write e.g. 4, or auto for one per CPU."
        )

    @property
    def isolated(self) -> bool:
        """Whether rows are evaluated in child processes."""
        return self.timeout is not None or self.memory is not None or self.workers is not None

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that may affect a finding, as plain data; empty if none was chosen.

        The number of workers that share a batch does not affect any finding.
        """
        return self.model_dump(mode="json", exclude={"workers"}, exclude_defaults=True)

    @property
    def skips(self) -> bool:
        """Whether rows without a loss may be skipped."""
        return "skip" in (self.on_nan, self.on_error)

    def verdict(self, cause: str) -> Verdict:
        """Return what happens to a row that has no loss, or no gradient, for this cause.

        A row whose gradient failed has its loss, so it is neither evaluated again nor skipped.
        """
        if is_gradient_cause(cause):
            return "stop" if self.on_error == "stop" else "penalise"
        return self.on_nan if cause in NON_FINITE_CAUSES else self.on_error
