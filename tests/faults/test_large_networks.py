"""A network of many weights, agents with gradients and a log that keeps few points: killed, resumed, shown, reported.

``benchmarks/large_vectors.py --network`` does the same with 100,000 weights and 10,000 evaluations.
"""

import random
import subprocess
import sys
import time
import tracemalloc

import numpy as np
import pytest

from searchparty.experiments.animation.animate import AnimationOptions, write_animation
from searchparty.experiments.execution.verification import verify_results
from searchparty.experiments.results_api import Results
from searchparty.experiments.studio.films.feed import Feed
from searchparty.experiments.studio.films.message import decode_film
from searchparty.orchestrator.log.reader import LogReader
from searchparty.orchestrator.log.trace import trace_hash

pytest.importorskip("jax")
pytestmark = [pytest.mark.extras, pytest.mark.timeout(600)]

WEIGHTS = 64 * 160 + 160 + 160 * 96 + 96 + 96 * 10 + 10
YAML = """
name: large
budget: 900
landscapes:
  - {kind: network, data: digits, layers: [160, 96], weight_decay: 1.0e-4}
strategies:
  team:
    agents:
      - {kind: adam, rate: 0.003, batch: 128}
      - {kind: momentum, rate: 0.05}
      - l-bfgs
      - {kind: gradient-descent, method: adam}
    policy: {budget: bandit, radius: trust-region, sharing: broadcast}
executor: simulated
log: {keep: 12 MB}
"""


def start(folder, *words):
    command = [sys.executable, "-m", "searchparty.experiments.cli.main", *words, "--no-report"]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with results of a run that was never killed, and of one that was killed three times."""
    folder = tmp_path_factory.mktemp("large")
    (folder / "large.yaml").write_text(YAML)
    began = time.monotonic()
    assert start(folder, "run", "large.yaml", "--out", "whole").wait() == 0
    seconds, rng = time.monotonic() - began, random.Random(2)
    for _ in range(3):
        words = ("resume", "cut") if (folder / "cut").exists() else ("run", "large.yaml", "--out", "cut")
        driver = start(folder, *words)
        time.sleep(rng.uniform(0.4, 0.7) * seconds)
        driver.kill()
        driver.wait()
    assert start(folder, "resume", "cut").wait() == 0
    return folder


def test_the_trace_is_that_of_a_run_that_was_never_killed(folder):
    with LogReader(folder / "whole") as whole, LogReader(folder / "cut") as cut:
        run = whole.runs()[0].id
        assert trace_hash(whole) == trace_hash(cut)
        assert whole.measures(run) == cut.measures(run)
        assert len(whole.measures(run)) > 10


def test_the_log_is_within_what_it_may_take(folder):
    # Of all 900 rows and half as many gradients, points would take 290 MB.
    assert (folder / "whole" / "log.sqlite").stat().st_size < 15e6


def test_gradients_that_are_not_kept_are_evaluated_again_to_verify_it(folder):
    found = verify_results(folder / "cut")
    assert (found.runs, found.unfinished, found.problems) == (1, 0, [])
    assert "Evaluated again, without charge:" in found.describe()


def test_a_film_is_made_of_projections(folder):
    with LogReader(folder / "whole") as reader:
        run = reader.runs()[0].id
    began = time.process_time()
    header, arrays = decode_film(Feed(folder / "whole", run).film())
    assert time.process_time() - began < 15
    assert header["dimension"] == WEIGHTS
    assert 20 < len(arrays["u"]) < 900
    assert np.isfinite(arrays["u"]).all()
    assert sum("measures" in outcome for outcome in header["outcomes"]) > 10


def test_an_animation_takes_no_grid_of_points(folder):
    options = AnimationOptions(seconds=2.0, fps=4.0, width=240, out=folder / "it.gif")
    tracemalloc.start()
    write_animation(folder / "whole", options)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (folder / "it.gif").stat().st_size > 1000
    # A grid of 140 x 140 points would be 4 GB.
    assert most < 400e6


def test_the_report_is_small(folder):
    Results(folder / "whole").report()
    page = folder / "whole" / "report.html"
    assert page.stat().st_size < 2e6
    assert "held-out accuracy" in page.read_text()
