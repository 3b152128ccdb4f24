"""Five tuning jobs by scikit-learn, each in several instances: its data are drawn anew for each.

A fit takes at most some 50 ms. All randomness of a fit is fixed, so that a setting has one loss.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

Setting = Mapping[str, Any]
Loss = Callable[[Setting], float]


@dataclass(frozen=True, slots=True)
class Job:
    """A tuning job.

    Attributes:
        name: Its name in the table.
        parameters: What is tuned, as ``searchparty.minimize`` takes it.
        make: Returns the loss of an instance.
    """

    name: str
    parameters: dict[str, dict[str, Any]]
    make: Callable[[int], Loss]


@cache
def _load(name: str) -> tuple[np.ndarray, np.ndarray]:
    from sklearn import datasets

    found = getattr(datasets, f"load_{name}")()
    return found.data, found.target


def _split(name: str, instance: int, n: int, most: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return n rows to fit, and up to ``most`` others to judge by."""
    x, y = _load(name)
    order = np.random.default_rng([instance, n]).permutation(len(y))
    fit, judge = order[:n], order[n : n + most]
    return x[fit], y[fit], x[judge], y[judge]


def make_boosting(instance: int) -> Loss:
    from sklearn.ensemble import GradientBoostingClassifier
    from sklearn.metrics import log_loss

    x, y, x_test, y_test = _split("breast_cancer", instance, 100, 400)

    def loss(setting: Setting) -> float:
        model = GradientBoostingClassifier(random_state=0, **setting).fit(x, y)
        return float(log_loss(y_test, model.predict_proba(x_test), labels=[0, 1]))

    return loss


def make_support_vectors(instance: int) -> Loss:
    from sklearn.svm import SVC

    x, y, x_test, y_test = _split("digits", instance, 200, 500)

    def loss(setting: Setting) -> float:
        return 1.0 - float(SVC(**setting, max_iter=2000).fit(x / 16.0, y).score(x_test / 16.0, y_test))

    return loss


def make_forest(instance: int) -> Loss:
    from sklearn.ensemble import RandomForestRegressor

    x, y, x_test, y_test = _split("diabetes", instance, 150, 250)

    def loss(setting: Setting) -> float:
        model = RandomForestRegressor(random_state=0, **setting).fit(x, y)
        return 1.0 - float(model.score(x_test, y_test))

    return loss


def make_network(instance: int) -> Loss:
    from sklearn.metrics import log_loss
    from sklearn.neural_network import MLPClassifier

    x, y, x_test, y_test = _split("digits", instance, 120, 300)

    def loss(setting: Setting) -> float:
        known = dict(setting)
        model = MLPClassifier((known.pop("width"),), max_iter=8, batch_size=24, random_state=0, **known)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(x / 16.0, y)
        return float(log_loss(y_test, model.predict_proba(x_test / 16.0), labels=range(10)))

    return loss


def make_pipeline(instance: int) -> Loss:
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline as join
    from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler
    from sklearn.svm import SVC

    x, y, x_test, y_test = _split("wine", instance, 70, 100)
    noise = np.random.default_rng(instance).normal(size=(2, 200, 10))
    x, x_test = np.hstack([x, noise[0, : len(x)]]), np.hstack([x_test, noise[1, : len(x_test)]])
    scalers = {"none": "passthrough", "standard": StandardScaler(), "range": MinMaxScaler(), "robust": RobustScaler()}

    def loss(setting: Setting) -> float:
        models = {
            "logistic": lambda: LogisticRegression(C=setting["strength"], max_iter=100),
            "nearest": lambda: KNeighborsClassifier(setting["neighbours"]),
            "svm": lambda: SVC(C=setting["strength"], gamma=setting["gamma"], max_iter=2000),
        }
        reduce = PCA(setting["components"], random_state=0) if setting["reduce"] else "passthrough"
        pipeline = join(scalers[setting["scale"]], reduce, models[setting["model"]]())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pipeline.fit(x, y)
        return 1.0 - float(pipeline.score(x_test, y_test))

    return loss


JOBS = (
    Job(
        "boosting",
        {
            "learning_rate": {"low": 1e-3, "high": 1.0, "log": True},
            "max_depth": {"low": 1, "high": 8, "integer": True},
            "subsample": {"low": 0.3, "high": 1.0},
            "n_estimators": {"low": 4, "high": 40, "log": True, "integer": True},
            "min_samples_leaf": {"low": 1, "high": 30, "integer": True},
        },
        make_boosting,
    ),
    Job(
        "SVM",
        {
            "C": {"low": 1e-3, "high": 1e3, "log": True},
            "gamma": {"low": 1e-5, "high": 10.0, "log": True},
            "kernel": {"choices": ["rbf", "poly", "sigmoid"]},
            "coef0": {"low": 0.0, "high": 1.0},
        },
        make_support_vectors,
    ),
    Job(
        "forest",
        {
            "n_estimators": {"low": 3, "high": 30, "log": True, "integer": True},
            "max_depth": {"low": 1, "high": 16, "integer": True},
            "max_features": {"low": 0.1, "high": 1.0},
            "min_samples_leaf": {"low": 1, "high": 20, "integer": True},
            "max_samples": {"low": 0.2, "high": 1.0},
        },
        make_forest,
    ),
    Job(
        "MLP",
        {
            "width": {"low": 2, "high": 48, "log": True, "integer": True},
            "alpha": {"low": 1e-6, "high": 10.0, "log": True},
            "learning_rate_init": {"low": 1e-4, "high": 0.3, "log": True},
            "activation": {"choices": ["relu", "tanh", "logistic"]},
            "beta_1": {"low": 0.5, "high": 0.99},
        },
        make_network,
    ),
    Job(
        "pipeline",
        {
            "scale": {"choices": ["none", "standard", "range", "robust"]},
            "reduce": {"choices": [False, True]},
            "components": {"low": 1, "high": 20, "integer": True},
            "model": {"choices": ["logistic", "nearest", "svm"]},
            "strength": {"low": 1e-3, "high": 1e3, "log": True},
            "gamma": {"low": 1e-5, "high": 10.0, "log": True},
            "neighbours": {"low": 1, "high": 25, "integer": True},
        },
        make_pipeline,
    ),
)
