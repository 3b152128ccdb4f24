"""What delays a lease on the simulated clock: settings, and how long things take. Times are in simulated seconds."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, Strict, WithJsonSchema, field_validator, model_validator

from ...landscapes.landscape import Model

LONGEST_SECONDS = 1e9
NORMAL = NormalDist()
LEAST_UNIFORM = 1e-16
"""Uniform numbers below it are taken for it: the quantile of 0 is no number."""
DEFAULT_SIGMA = 0.5


class Duration(Model):
    """How long something takes: always the same, or drawn anew each time."""

    kind: Literal["constant", "lognormal", "exponential"] = Field("constant", description="How it is distributed.")
    mean: Annotated[float, Strict()] | None = Field(
        None, ge=0, le=LONGEST_SECONDS, description="Mean, in simulated seconds. Default: what the landscape declares."
    )
    sigma: Annotated[float, Strict()] | None = Field(
        None, gt=0, le=4, description="Standard deviation of the logarithm of a lognormal. Default: 0.5."
    )

    @model_validator(mode="after")
    def _check_sigma(self) -> Duration:
        if self.sigma is not None and self.kind != "lognormal":
            raise ValueError(f"sigma must go with kind lognormal, got {self.sigma} with {self.kind}. Leave it out.")
        return self

    def total_seconds(self, times: int, declared: float, uniform: float) -> float:
        """How long so many in a row take, where a uniform number from [0, 1) says how lucky they are; ``declared`` is
        the mean of one if the settings have none.

        Exact for constant and exponential ones (a sum of them is a gamma variate). A sum of lognormal ones is drawn
        as the lognormal of its mean and variance (Fenton 1960, "The sum of log-normal probability distributions"),
        which is exact for one.
        """
        mean = times * (declared if self.mean is None else self.mean)
        if self.kind == "constant" or mean == 0.0:
            return mean
        if self.kind == "exponential":
            # Imported where it is needed: it would take a third of the time in which a command starts.
            from scipy.special import gammaincinv

            return mean / times * float(gammaincinv(times, uniform))
        spread, shift = sum_lognormals(DEFAULT_SIGMA if self.sigma is None else self.sigma, times)
        return mean * math.exp(spread * NORMAL.inv_cdf(max(uniform, LEAST_UNIFORM)) - shift)


@lru_cache(maxsize=1024)
def sum_lognormals(sigma: float, times: int) -> tuple[float, float]:
    """The sigma of the sum of so many lognormal durations, as a lognormal, and what its logarithm's mean is below the
    logarithm of its mean."""
    variance = math.log1p(math.expm1(sigma * sigma) / times)
    return math.sqrt(variance), variance / 2


def _expand_short_form(value: Any) -> Any:
    """A number stands for a constant, a word for a kind."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {"mean": value}
    return {"kind": value} if isinstance(value, str) else value


SHORT_FORM_SCHEMA = {
    "anyOf": [
        {"type": "number", "minimum": 0},
        {"enum": ["constant", "lognormal", "exponential"]},
        {"additionalProperties": False, **Duration.model_json_schema()},
    ]
}
DurationSetting = Annotated[Duration, BeforeValidator(_expand_short_form), WithJsonSchema(SHORT_FORM_SCHEMA)]


class Stragglers(Model):
    """Leases that are slow for no reason of their own."""

    probability: Annotated[float, Strict()] = Field(0.0, ge=0, le=1, description="How often a lease is slow.")
    factor: Annotated[float, Strict()] = Field(
        3.0, ge=1, le=LONGEST_SECONDS, description="So many times longer its evaluations take."
    )


class Failures(Model):
    """Workers that are lost under a lease, which is then begun again on the worker's replacement."""

    probability: Annotated[float, Strict()] = Field(
        0.0, ge=0, lt=1, description="How often a lease loses its worker, however long it is."
    )
    every: Annotated[float, Strict()] | None = Field(
        None, gt=0, le=LONGEST_SECONDS, description="Mean simulated seconds of work between two losses of a worker."
    )
    replacement: Annotated[float, Strict()] = Field(
        0.0, ge=0, le=LONGEST_SECONDS, description="Simulated seconds until a lost worker is replaced."
    )


class Delays(Model):
    """What delays a lease. No finding depends on any of it."""

    evaluation: DurationSetting = Field(Duration(), description="How long an evaluation takes.")
    latency: DurationSetting = Field(
        Duration(mean=0.0), description="Simulated seconds a lease takes beside its evaluations, there and back."
    )
    decision: float = Field(
        0.0,
        ge=0,
        le=LONGEST_SECONDS,
        description="Simulated seconds that the orchestrator is busy with each lease, in turn.",
    )
    stragglers: Stragglers = Field(Stragglers(), description="Leases that are slow.")
    failures: Failures = Field(Failures(), description="Workers that are lost.")

    @field_validator("latency", mode="after")
    @classmethod
    def _check_latency(cls, value: Duration) -> Duration:
        if value.mean is None:
            raise ValueError(f"latency must have a mean, got {value.kind} without. Add mean: ... in seconds.")
        return value

    @property
    def random(self) -> bool:
        """Whether anything is drawn at all."""
        lost = self.failures.probability > 0 or self.failures.every is not None
        return lost or self.stragglers.probability > 0 or {self.evaluation.kind, self.latency.kind} != {"constant"}
