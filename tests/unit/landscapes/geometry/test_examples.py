"""The examples in the docstrings of this room run."""

import doctest
import importlib

import numpy as np
import pytest

from searchparty.landscapes.landscape import Space

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.mark.parametrize(
    "name", ["barriers", "curvature", "escape", "filters", "framed_plane", "hessian", "lanczos", "matching"]
)
def test_examples_run(name):
    module = importlib.import_module(f"searchparty.landscapes.geometry.{name}")
    names = {**vars(module), "np": np, "Space": Space}
    finder, runner, report = doctest.DocTestFinder(), doctest.DocTestRunner(optionflags=FLAGS), []
    for test in finder.find(module, name, globs=names):
        runner.run(test, out=report.append)
    assert runner.summarize(verbose=False).attempted > 1
    assert not report, "".join(report)
