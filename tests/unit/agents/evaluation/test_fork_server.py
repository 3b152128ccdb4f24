"""What a fork server imports before it forks."""

import math
import sys
from typing import Literal

import pytest

from searchparty.agents.evaluation.children import child_kinds, child_main
from searchparty.landscapes.classics import Sphere
from searchparty.landscapes.python_function import InMemory


class UsersSphere(Sphere):
    """A class outside the package."""

    kind: Literal["users-sphere"] = "users-sphere"


@pytest.mark.parametrize(
    ("landscape", "modules"),
    [
        (Sphere(dimension=2), ["searchparty.landscapes.classics"]),
        (InMemory(function=math.fsum, bounds=((0.0, 1.0),)), ["searchparty.landscapes.python_function"]),
        (UsersSphere(dimension=2), []),
    ],
    ids=lambda value: "" if isinstance(value, list) else value.kind,
)
def test_it_imports_the_landscape_of_this_package_and_nothing_of_users(landscape, modules, monkeypatch):
    asked = []
    monkeypatch.setattr(child_kinds, "ForkServer", lambda *given: asked.append(given[2]))
    with pytest.raises(AttributeError, match="fork_child"):
        child_kinds.PythonChild(landscape, 2, 0).start()
    assert asked == [modules]


def test_modules_are_imported_before_children_are_forked(monkeypatch, tmp_path):
    (tmp_path / "needed_by_children.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    found = []
    monkeypatch.setattr(child_main, "run_fork_server", lambda number: found.append((number, set(sys.modules))))
    monkeypatch.setattr(sys, "argv", ["-c", "3", "needed_by_children"])
    child_main.main()
    ((number, imported),) = found
    assert number == 3
    assert "needed_by_children" in imported
    del sys.modules["needed_by_children"]
