"""Compiled templates are kept, and never used where they do not fit."""

import sys

import pytest
from jinja2 import DictLoader, Environment

from searchparty.experiments.report import template_cache
from searchparty.experiments.report.template_cache import TemplateCache


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setattr(template_cache, "cache_from_source", lambda _: str(tmp_path / "module.pyc"))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return tmp_path


def render(text, monkeypatch, compiles=True):
    """Render a template in a new environment, and check whether it was compiled."""
    compiled = []
    original = Environment.compile
    monkeypatch.setattr(Environment, "compile", lambda *given, **more: compiled.append(1) or original(*given, **more))
    environment = Environment(autoescape=True, loader=DictLoader({"t": text}), bytecode_cache=TemplateCache())
    found = environment.get_template("t").render(name="<x>")
    monkeypatch.setattr(Environment, "compile", original)
    assert bool(compiled) == compiles
    return found


def test_a_template_is_compiled_once_until_it_changes(place, monkeypatch):
    assert render("a {{ name }}", monkeypatch) == "a &lt;x&gt;"
    (kept,) = place.iterdir()
    assert render("a {{ name }}", monkeypatch, compiles=False) == "a &lt;x&gt;"
    assert render("b {{ name }}", monkeypatch) == "b &lt;x&gt;"
    assert list(place.iterdir()) == [kept]


@pytest.mark.parametrize("torn", [b"", b"j2", b"nonsense" * 99])
def test_what_is_torn_is_compiled_again(place, monkeypatch, torn):
    render("a {{ name }}", monkeypatch)
    (kept,) = place.iterdir()
    whole = kept.read_bytes()
    for damaged in (torn, whole[: len(whole) // 2], whole[:-1]):
        kept.write_bytes(damaged)
        assert render("a {{ name }}", monkeypatch) == "a &lt;x&gt;"
        assert kept.read_bytes() == whole


def test_where_nothing_may_be_written_a_template_is_compiled_each_time(tmp_path, monkeypatch):
    monkeypatch.setattr(template_cache, "cache_from_source", lambda _: str(tmp_path / "none" / "module.pyc"))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    for _ in range(2):
        assert render("a {{ name }}", monkeypatch) == "a &lt;x&gt;"
    monkeypatch.setattr(template_cache, "cache_from_source", lambda _: str(tmp_path / "module.pyc"))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    render("a {{ name }}", monkeypatch)
    assert list(tmp_path.iterdir()) == []
