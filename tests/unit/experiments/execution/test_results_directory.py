"""The directory of results, and what is in it already."""

import pytest

from searchparty.experiments.api import run
from searchparty.experiments.execution.results_directory import ResultsError, create_results_directory
from searchparty.experiments.spec.load import loads_yaml

TEXT = """
name: begun
budget: 10
landscapes: [{kind: python, function: "loss.py:loss", bounds: [[-1, 1]]}]
strategies: {a: {agents: [random]}}
executor: simulated
"""


@pytest.mark.parametrize("left", [(), ("signature.part",), ("signature.json",), ("signature.json", "experiment.part")])
def test_where_a_run_was_killed_before_it_began_another_begins(tmp_path, left):
    (tmp_path / "loss.py").write_text("def loss(x):\n    return float(x @ x)\n")
    out = tmp_path / "out"
    out.mkdir()
    for name in left:
        (out / name).write_text("half of")
    results = run(loads_yaml(TEXT, base=str(tmp_path)), out=out, report=False)
    assert not results.errors
    assert len(results.best()) == 1
    assert "half of" not in (out / "signature.json").read_text()
    assert not list(out.glob("*.part"))


@pytest.mark.parametrize("held", ["experiment.yaml", "log.sqlite", "notes.txt"])
def test_a_directory_that_holds_something_is_refused(tmp_path, held):
    (tmp_path / held).write_text("mine")
    with pytest.raises(ResultsError, match="--out must be an empty or a new directory"):
        create_results_directory(tmp_path, "any")
    with pytest.raises(ResultsError, match="which is not empty"):
        create_results_directory(tmp_path / held, "any")
