"""What a confined process may use: the key ``sandbox`` of an agent or a policy."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator

from ...landscapes.landscape import Model
from ..evaluation.settings import Bytes, parse_size

LEAST_MEMORY = 16 * 10**6


class Sandbox(Model):
    """Limits of the confined process in which an agent or a policy works. No setting here changes a finding.

    Whatever the limits, it has no network, writes nothing, starts nothing, has one thread, and reads nothing but the
    interpreter and installed packages.

    Example:
        >>> from searchparty.agents.sandbox.settings import Sandbox
        >>> Sandbox(memory="1 GB").memory, Sandbox().cpu_seconds
        (1000000000, 10)
    """

    memory: Bytes = Field(512 * 10**6, description='Memory that it may use beyond its start, e.g. "1 GB".')
    cpu_seconds: int = Field(10, ge=1, le=10**6, description="Processor time for each lease or decision, in seconds.")
    seconds: float = Field(10.0, gt=0, le=10**6, description="Wall-clock time for each message, in seconds.")

    @field_validator("memory", mode="before")
    @classmethod
    def _check_memory(cls, value: Any) -> Any:
        return parse_size("memory", value, LEAST_MEMORY)
