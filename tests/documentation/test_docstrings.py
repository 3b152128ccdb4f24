"""The docstrings of public names: their examples run, they have their sections, and the API pages have the names."""

import doctest
import inspect
import re
import sys
from inspect import Parameter

import pytest
from blocks import ROOT
from pydantic import BaseModel

import searchparty

PUBLIC = {name: getattr(searchparty, name) for name in searchparty.__all__}
DOCUMENTED = {name: obj for name, obj in PUBLIC.items() if inspect.isclass(obj) or inspect.isfunction(obj)}
"""All but aliases of types, whose docstrings are comments to Python."""
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def has_section(obj, *names):
    return re.search(rf"^\s*({'|'.join(names)}):\s*$", obj.__doc__ or "", re.MULTILINE) is not None


def takes_arguments(obj):
    if inspect.isclass(obj) and issubclass(obj, BaseException) and "__init__" not in vars(obj):
        return False
    ignored = {Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD}
    return any(each.kind not in ignored for each in inspect.signature(obj).parameters.values())


def is_described_model(obj):
    """Whether it is a model, whose fields all have descriptions of their own."""
    return (
        inspect.isclass(obj)
        and issubclass(obj, BaseModel)
        and all(field.description for field in obj.model_fields.values())
    )


@pytest.mark.parametrize("name", DOCUMENTED)
def test_examples_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    obj = DOCUMENTED[name]
    names = vars(sys.modules[obj.__module__]).copy()
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    report = []
    for test in doctest.DocTestFinder().find(obj, name, module=sys.modules[obj.__module__], globs=names):
        runner.run(test, out=report.append)
    assert runner.failures == 0, "".join(report)


@pytest.mark.parametrize("name", DOCUMENTED)
def test_sections(name):
    obj = DOCUMENTED[name]
    assert has_section(obj, "Example", "Examples"), f"{name} has no example"
    if is_described_model(obj):
        return
    if takes_arguments(obj):
        assert has_section(obj, *(("Args", "Attributes") if inspect.isclass(obj) else ("Args",))), f"{name}: arguments"
    if inspect.isfunction(obj) and inspect.signature(obj).return_annotation not in (None, "None"):
        assert has_section(obj, "Returns", "Yields"), f"{name} does not say what it returns"


def test_every_public_name_is_on_a_page():
    pages = "\n".join(path.read_text() for path in sorted((ROOT / "docs" / "reference" / "python").glob("*.md")))
    assert {name for name in PUBLIC if not re.search(rf":: searchparty\.{name}$", pages, re.MULTILINE)} == set()
