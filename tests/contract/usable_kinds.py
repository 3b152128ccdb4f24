"""Which kinds can be tried here: some need extras, some need settings."""

from importlib.util import find_spec

import pytest

NEEDS_OPTAX = ("adam", "momentum", "sgd")
"""Agents that need the extra ``networks``: they are tried by the tests that need extras."""


def is_usable(kind):
    """Return whether the libraries of an agent's kind are installed."""
    return kind not in NEEDS_OPTAX or find_spec("optax") is not None


def mark_kind(value, kind, id):
    """Return a parameter of a test for an agent's kind, which is an extra where the kind needs one."""
    return pytest.param(value, id=id, marks=pytest.mark.extras if kind in NEEDS_OPTAX else ())


def needs_no_settings(cls):
    """Return whether every setting of a class has a default."""
    return not any(field.is_required() for field in cls.model_fields.values())
