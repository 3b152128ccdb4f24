"""The names of ``searchparty`` itself: all are listed, sorted, and importable."""

import ast
import inspect

import pytest

import searchparty


def test_they_are_sorted_and_have_a_home():
    assert list(searchparty.__all__) == sorted(searchparty._HOMES)
    assert list(searchparty._HOMES) == sorted(searchparty._HOMES)
    assert dir(searchparty) == sorted(searchparty.__all__)


def test_type_checkers_are_told_the_same_names():
    tree = ast.parse(inspect.getsource(searchparty))
    blocks = [node for node in tree.body if isinstance(node, ast.If)]
    named = [sorted(alias.name for node in block.body for alias in node.names) for block in blocks]
    assert named == [sorted(searchparty.__all__), sorted(searchparty._ADAPTERS)]


@pytest.mark.parametrize("name", searchparty.__all__)
def test_each_is_importable(name):
    found = getattr(searchparty, name)
    if inspect.isclass(found) or inspect.isfunction(found):
        assert found.__name__ == name
        assert found.__doc__


def test_an_unknown_name_is_refused():
    with pytest.raises(AttributeError, match="has no attribute 'Agents'"):
        _ = searchparty.Agents
