"""Fixtures for all tests: one Ray per session, and small experiments."""

import atexit
import gc
import io
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings
from kernels import leave_out_wide_code

leave_out_wide_code()
# How long an example takes depends on what else the machine does.
settings.register_profile("searchparty", deadline=None)
settings.load_profile("searchparty")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
# The secret with which results are signed is not that of whoever runs the tests.
os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="searchparty-state-")
atexit.register(shutil.rmtree, os.environ["XDG_STATE_HOME"], ignore_errors=True)
WIDTH = 200
"""Width, in characters, of what the command line prints."""


def pytest_collection_finish():
    _freeze_objects()


def pytest_runtest_teardown(item, nextitem):
    if nextitem is None or nextitem.path != item.path:
        _freeze_objects()


def _freeze_objects():
    """Leave out of later garbage collections what lives now: in a long session they would take a third of the time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def local_ray():
    """Start a local Ray once. Pools join it and leave it running."""
    from searchparty.orchestrator.executors.on_ray.connection import ray, start_ray

    start_ray(None)
    yield ray
    ray.shutdown()


@pytest.fixture
def rung():
    """The rung of the sandbox that starts here; tests that need one are skipped where none does."""
    from searchparty.agents.sandbox.ladder import find_rung

    found, why = find_rung()
    if not found:
        pytest.skip(f"no sandbox starts here: {why}")
    return found


@pytest.fixture(scope="module")
def coarse_figures():
    """Make figures fast to draw, except in separate processes: few contour points, small pictures, few runs."""
    from searchparty.experiments.drawing import style
    from searchparty.experiments.report import report
    from searchparty.experiments.results.pictures import background

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(background, "CONTOUR_POINTS", 16)
        patch.setattr(style, "PNG_DPI", 40)
        patch.setattr(report, "MOST_RUN_FIGURES", 3)
        yield


@pytest.fixture
def unrendered(monkeypatch):
    """Draw figures without rendering them, which takes most of the time: for tests of the words of a page."""
    from searchparty.experiments.drawing import style

    def save(figure, stem, hover=None):
        stem.with_suffix(".svg").write_text("<svg></svg>")
        return "<svg></svg>"

    monkeypatch.setattr(style, "save_figure", save)
    monkeypatch.setattr(style, "render_svg", lambda figure, name, hover: "<svg></svg>")


@pytest.fixture
def small_yaml(tmp_path):
    """Write a small experiment file with this text, or with the text of ``SMALL``."""

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


@dataclass
class Done:
    """The result of a command line."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def command(command_line):
    """Run the command line in this process; return its exit code and output. ``program`` starts another process."""
    with command_line() as call:
        yield call


@pytest.fixture(scope="session")
def command_line():
    """Return a context in which the command line can be run in this process: ``command``, for fixtures of a module."""
    return _prepare_command


@contextmanager
def _prepare_command():
    from searchparty.experiments.cli.main import main
    from searchparty.experiments.cli.terminal import console

    def call(*arguments, cwd):
        code, said, complained = 0, io.StringIO(), io.StringIO()
        handler = signal.getsignal(signal.SIGTERM)
        try:
            with pytest.MonkeyPatch.context() as patch, redirect_stdout(said), redirect_stderr(complained):
                patch.chdir(cwd)
                patch.setattr(sys, "argv", ["searchparty", *map(str, arguments)])
                main()
        except SystemExit as stop:
            code = stop.code or 0
        finally:
            signal.signal(signal.SIGTERM, handler)
        return Done(code, said.getvalue(), complained.getvalue())

    with pytest.MonkeyPatch.context() as patched:
        for where in (console.out, console.err):
            patched.setattr(where, "_width", WIDTH)
        patched.setenv("COLUMNS", str(WIDTH))
        yield call


@pytest.fixture(scope="session")
def program():
    """Run the command line in a separate process."""

    def call(*arguments, cwd, timeout=90, **options):
        environment = os.environ | {"COLUMNS": str(WIDTH)}
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
