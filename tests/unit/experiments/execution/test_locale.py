"""The findings do not depend on the locale of the calling program, also where the decimal point is a comma."""

import locale
import os
import subprocess
import sys

import pytest

from searchparty import run
from searchparty.orchestrator.log.reader import LogReader
from searchparty.orchestrator.log.trace import trace_hash

LOCALES = ["de_DE", pytest.param("tr_TR", marks=pytest.mark.extras)]
"""A comma for the decimal point; and an alphabet in which the capital of i is not I."""
EXPERIMENT = """\
name: Größe I
seed: 3
budget: 40
landscapes:
  - {kind: bbob, function: 8, dimension: 2}
  - {kind: rastrigin, dimension: 2, shift: random, rotate: true}
  - {kind: table, file: points.csv}
  - {kind: command, command: [PYTHON, program.py], bounds: [[0.5, 1.5], [-1, 1]]}
strategies:
  party: {agents: [slsqp, axes, cma-es], policy: {kind: party}}
  others: {agents: [derivative-free, nelder-mead, surrogate], policy: {budget: bandit, radius: shrink, sharing: ring}}
executor: simulated
"""
PROGRAM = """\
import json, sys
for line in sys.stdin:
    print(json.dumps({"loss": sum(v * v for v in json.loads(line)["x"]) + 0.125}), flush=True)
"""
RUN = """\
import locale, sys
locale.setlocale(locale.LC_ALL, "")
assert locale.localeconv()["decimal_point"] == sys.argv[2], locale.localeconv()
from searchparty import run
from searchparty.orchestrator.log.reader import LogReader
from searchparty.orchestrator.log.trace import trace_hash
results = run("mine.yaml", out=sys.argv[1], report=False)
assert not results.errors
assert locale.localeconv()["decimal_point"] == sys.argv[2]
with LogReader(results.path) as reader:
    print(trace_hash(reader))
"""


def run_under(folder, out, environment, point):
    """Work the experiment in a process with this environment, and return the hash of its trace."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, out, point], cwd=folder, env=os.environ | environment, capture_output=True,
        text=True, encoding="utf-8", timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def experiment(tmp_path_factory):
    """Write the experiment and its files, and work it in this process, whose decimal point is a point.

    Return its folder and the hash of its trace.
    """
    folder = tmp_path_factory.mktemp("locale")
    (folder / "mine.yaml").write_text(EXPERIMENT.replace("PYTHON", sys.executable), encoding="utf-8")
    (folder / "program.py").write_text(PROGRAM)
    rows = [f"{x / 4},{y / 8},{(x - 1.25) ** 2 + y / 3}" for x in range(5) for y in range(5)]
    (folder / "points.csv").write_text("\n".join(["x,y,loss", *rows]) + "\n")
    assert locale.localeconv()["decimal_point"] == "."
    results = run(folder / "mine.yaml", out=folder / "plain", report=False)
    assert not results.errors
    with LogReader(results.path) as reader:
        return folder, trace_hash(reader)


@pytest.mark.parametrize("name", LOCALES)
def test_no_finding_depends_on_the_locale(experiment, name):
    folder, plain = experiment
    locales = folder / f"locales-{name}"
    locales.mkdir()
    try:
        made = subprocess.run(
            ["localedef", "-i", name, "-f", "UTF-8", locales / f"{name}.UTF-8"], capture_output=True, timeout=60
        )
    except FileNotFoundError:
        pytest.skip("localedef, which makes the locale, is missing")
    if not (locales / f"{name}.UTF-8").exists():
        pytest.skip(f"this system cannot make the locale {name}: {made.stderr[:200]!r}")
    assert len(plain) == 64
    assert run_under(folder, name, {"LC_ALL": f"{name}.UTF-8", "LOCPATH": str(locales)}, ",") == plain
