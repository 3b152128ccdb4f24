"""Settings of what delays a lease on the simulated clock, and how durations are drawn. Times are in simulated
seconds."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, Strict, field_validator, model_validator

from ...landscapes.landscape import Model

LONGEST_SECONDS = 1e9
NORMAL = NormalDist()
LEAST_UNIFORM = 1e-16
"""Uniform numbers below this are raised to it, as the normal quantile of 0 is not finite."""
DEFAULT_SIGMA = 0.5


class Duration(Model):
    """How long something takes: always the same time, or a random time that is drawn each time."""

    kind: Literal["constant", "lognormal", "exponential"] = Field("constant", description="Its distribution.")
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
        """Return how long several durations in a row take, as the quantile of their sum.

        This is exact for constant and exponential durations (a sum of exponential ones is a gamma variate). The sum of
        lognormal durations is drawn as the lognormal with its mean and variance (Fenton 1960, "The sum of log-normal
        probability distributions"), which is exact for one duration.

        Args:
            times: Number of durations.
            declared: Mean of one duration in seconds, if the settings have none.
            uniform: A uniform random number from [0, 1): the quantile.

        Returns:
            Simulated seconds.
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
    """Approximate the sum of lognormal durations by one lognormal with the same mean and variance.

    Args:
        sigma: Standard deviation of the logarithm of one duration.
        times: Number of durations.

    Returns:
        The standard deviation of the logarithm of the sum, and by how much the mean of that logarithm is below the
        logarithm of the mean.
    """
    variance = math.log1p(math.expm1(sigma * sigma) / times)
    return math.sqrt(variance), variance / 2


def _expand_short_form(value: Any) -> Any:
    """Expand the short forms: a number means a constant duration, a text means a kind."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {"mean": value}
    return {"kind": value} if isinstance(value, str) else value


class _ShortForms:
    """What the JSON Schema says of a duration: a number, a kind or a mapping. It is made when it is asked for."""

    def __get_pydantic_json_schema__(self, _: Any, handler: Any) -> dict[str, Any]:
        return {
            "anyOf": [
                {"type": "number", "minimum": 0},
                {"enum": ["constant", "lognormal", "exponential"]},
                {"additionalProperties": False, **Duration.model_json_schema()},
            ]
        }


DurationSetting = Annotated[Duration, BeforeValidator(_expand_short_form), _ShortForms()]


class Stragglers(Model):
    """Stragglers: leases that are slow by chance."""

    probability: Annotated[float, Strict()] = Field(0.0, ge=0, le=1, description="Probability that a lease is slow.")
    factor: Annotated[float, Strict()] = Field(
        3.0, ge=1, le=LONGEST_SECONDS, description="Factor by which the evaluations of a slow lease take longer."
    )


class Failures(Model):
    """Workers that are lost while they work on a lease, which then starts again on the worker's replacement."""

    probability: Annotated[float, Strict()] = Field(
        0.0, ge=0, lt=1, description="Probability that a lease loses its worker, whatever its length."
    )
    every: Annotated[float, Strict()] | None = Field(
        None, gt=0, le=LONGEST_SECONDS, description="Mean simulated seconds of work between two losses of a worker."
    )
    replacement: Annotated[float, Strict()] = Field(
        0.0, ge=0, le=LONGEST_SECONDS, description="Simulated seconds until a lost worker is replaced."
    )


class Delays(Model):
    """What delays a lease. Findings do not depend on any of these settings."""

    evaluation: DurationSetting = Field(Duration(), description="How long an evaluation takes.")
    latency: DurationSetting = Field(
        Duration(mean=0.0),
        description="Simulated seconds that a lease takes in addition to its evaluations, for both ways together.",
    )
    decision: float = Field(
        0.0,
        ge=0,
        le=LONGEST_SECONDS,
        description="Simulated seconds for which each lease occupies the orchestrator, one lease after the other.",
    )
    stragglers: Stragglers = Field(Stragglers(), description="Leases that are slow by chance.")
    failures: Failures = Field(Failures(), description="Workers that are lost.")

    @field_validator("latency", mode="after")
    @classmethod
    def _check_latency(cls, value: Duration) -> Duration:
        if value.mean is None:
            raise ValueError(f"latency must have a mean, got {value.kind} without one. Add mean: ... in seconds.")
        return value

    @property
    def random(self) -> bool:
        """Whether any of the settings is random."""
        lost = self.failures.probability > 0 or self.failures.every is not None
        return lost or self.stragglers.probability > 0 or {self.evaluation.kind, self.latency.kind} != {"constant"}
