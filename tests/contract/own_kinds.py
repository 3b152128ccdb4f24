"""Classes outside this repository that the contract tests try too.

``SEARCHPARTY_OWN_KINDS`` names them as a YAML does, separated by commas: ``/home/me/hop.py:Hop,my.package:Bowl``.
"""

import os
from importlib.util import find_spec

import pytest

from searchparty.landscapes.user_code import load_object

REFERENCES = [word.strip() for word in os.environ.get("SEARCHPARTY_OWN_KINDS", "").split(",") if word.strip()]
CLASSES = [load_object(reference, "SEARCHPARTY_OWN_KINDS") for reference in REFERENCES]


def own_classes(base):
    """Return the named classes that derive from ``base``, by kind."""
    return {cls.model_fields["kind"].default: cls for cls in CLASSES if issubclass(cls, base)}


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
