"""The function that experiment.yaml minimises. Put your own in its place."""

import math

import numpy as np


def loss(setting: dict[str, float]) -> float:
    """Return how far a pendulum's swing is from the wanted one. There are several valleys.

    Args:
        setting: The parameters by name, in their own units: "friction", from 0.0001 to 1, and "length", from 1 to 200.

    Returns:
        One number; the smaller, the better. A point for which this raises an exception, or returns NaN, has failed: it
        is counted with its cause, and the search goes on.
    """
    friction, length = setting["friction"], setting["length"]
    rate = math.sqrt(9.81 / length)
    times = np.linspace(0.0, 20.0, 60)
    swing = np.exp(-friction * times) * np.cos(rate * times)
    wanted = np.exp(-0.05 * times) * np.cos(0.9 * times)
    return float(np.mean((swing - wanted) ** 2))
