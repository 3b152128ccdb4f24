"""Shared by all tests: one Ray a session, and experiments small enough to run by the dozen."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")


@pytest.fixture(scope="session")
def local_ray():
    """A local Ray, started once; pools join it and leave it running."""
    from searchparty.orchestrator.executors.on_ray.connection import ray, start_ray

    start_ray(None)
    yield ray
    ray.shutdown()


@pytest.fixture
def small_yaml(tmp_path):
    """A small experiment file; ``**changes`` are lines laid over it."""

    def write(text="", name="small.yaml"):
        path = tmp_path / name
        path.write_text(textwrap.dedent(text) or SMALL)
        return path

    return write


SMALL = """\
name: small
seed: 3
repeats: 2
budget: 300
landscapes:
  - {kind: rastrigin, dimension: 2}
strategies:
  alone:
    agents: [random-restart]
  party:
    agents:
      - {kind: grid, points_per_axis: 4}
      - gradient-descent
      - random-restart
    policy: {budget: bandit, radius: trust-region, sharing: broadcast, lease: 25}
executor: simulated
"""


@pytest.fixture(scope="session")
def command():
    """Run the command line in a process of its own."""

    def call(*arguments, cwd, timeout=90, **options):
        environment = os.environ | {"COLUMNS": "200"}
        return subprocess.run(
            [sys.executable, "-m", "searchparty.experiments.cli.main", *map(str, arguments)],
            cwd=cwd,
            timeout=timeout,
            capture_output=True,
            text=True,
            env=environment,
            **options,
        )

    return call


@pytest.fixture(scope="session")
def repository():
    return Path(__file__).parent.parent
