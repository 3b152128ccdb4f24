"""Advice that works from a checkout and from a wheel: the packages of an extra by name."""

from importlib.metadata import PackageNotFoundError

import pytest

from searchparty.landscapes import extras
from searchparty.landscapes.extras import advise_install

REQUIREMENTS = [
    "numpy>=2.0",
    'pandas>=2.2.2; extra == "pandas"',
    "ray[default]>=2.53; extra == 'cluster'",
    'optuna>=4.0; extra == "bench"',
    'pygmo>=2.19; python_version < "3.14" and extra == "bench"',
]


@pytest.mark.parametrize(
    ("extra", "command"),
    [
        ("pandas", "Run: pip install 'pandas>=2.2.2'"),
        ("cluster", "Run: pip install 'ray[default]>=2.53'"),
        ("bench", "Run: pip install 'optuna>=4.0' 'pygmo>=2.19'"),
    ],
)
def test_the_packages_of_an_extra_are_named(monkeypatch, extra, command):
    monkeypatch.setattr(extras, "requires", lambda name: REQUIREMENTS)
    assert advise_install(extra) == command


def test_where_the_package_was_only_copied_a_sentence_names_the_extra(monkeypatch):
    def raise_not_found(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(extras, "requires", raise_not_found)
    assert advise_install("pandas") == "Install the packages that searchparty's pyproject.toml lists under pandas"


@pytest.mark.parametrize("extra", ["pandas", "cluster", "bench"])
def test_every_extra_of_this_installation_has_packages(extra):
    assert advise_install(extra).startswith("Run: pip install '")
