"""Every code block of the README, the tutorial, the how-to pages and the reference runs, and prints what is said."""

import contextlib
import importlib.util
import io
import os
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
import yaml
from blocks import ROOT, page_paths, read_blocks
from clusters import Cluster
from studios import studio_in

from searchparty.experiments.spec.load import Experiment, load

LANGUAGES = {"yaml", "python", "sh", "text"}
AROUND_FRAGMENT = {
    "name": "fragment",
    "budget": 100,
    "landscapes": ["sphere"],
    "strategies": {"team": {"agents": ["random"]}},
}
"""What a block with some keys of an experiment alone is laid over."""
NOT_RUN = {
    "searchparty branch results/quickstart-1 --run RUN --at 600 --set policy.radius=fixed": "needs the id of a run",
    "searchparty run grid-radius": "takes a minute: tests/unit/experiments/report/test_studies.py does",
    'searchparty ablate quickstart --set "landscapes=[{kind: rastrigin, dimension: 2, shift: random, instance: 1-3}]" '
    "--set repeats=20": "takes minutes",
    "searchparty ablate party": "takes minutes",
    "python3 -m venv .venv": "installs",
    ". .venv/bin/activate": "installs",
    "pip install .": "installs: tests/packaging/test_wheel.py does",
    "pip install ../searchparty": "installs: tests/packaging/test_wheel.py does",
    "pip install '../searchparty[cluster]'": "installs",
    "pip install '../searchparty[networks]'": "installs",
    "searchparty try hop.py:Hop": "tests/unit/experiments/trials does, and it takes a minute",
    "searchparty try drift.py:Drift": "as before",
    "searchparty try drift.py:Drift --watch": "as before; it does not end",
    "searchparty run digits": "needs an extra, and takes a minute",
    "searchparty landscape results/digits-1 --plane pca": "needs results of digits",
    "searchparty landscape results/digits-1 adam --plane pca": "needs results of digits, which takes minutes",
    "searchparty landscape results/digits-1 --plane best": "as before",
    "searchparty landscape results/digits-1 adam#0 adam#1 --plane through --match": "as before",
    "searchparty landscape results/digits-1 --minima --match": "as before",
    "searchparty run results/digits-1/planes/best.yaml": "as before",
    "searchparty report results/bbob-small-1 exdata/their-algorithm evaluations.parquet": "needs the data of others",
    "ray get-auth-token --generate > /dev/null": "the cluster of this test has a token",
    "export RAY_AUTH_MODE=token": "the cluster of this test has a token",
    "ray start --head --port=6379": "the cluster of this test is there already",
    "ray stop": "would stop every Ray of this machine",
}
SMALL = "--set repeats=1 --set landscapes.0.dimension=2 --set landscapes.0.instance=1"
ALSO = {
    "searchparty run quickstart": "--set repeats=1 --set budget=200 --no-report",
    "searchparty run my.yaml": f"{SMALL} --set budget=200",
    "searchparty run comparison.yaml": "--set budget=100",
    "searchparty run my.yaml --executor simulated --set budget=5000 --set strategies.team.policy.budget=equal": (
        f"{SMALL} --set budget=200 --no-report"
    ),
    "searchparty run my.yaml --executor ray --address auto": f"{SMALL} --no-report",
    "searchparty submit my.yaml --address http://HEAD:8265": SMALL,
    "searchparty studio my.yaml": "--executor simulated",
    "searchparty animate results/my-comparison-1 --compare": "--seconds 2 --width 480",
    "searchparty resume results/my-comparison-1": "--no-report",
    "searchparty resume results/my-comparison-1 --budget 5000": "--no-report",
    "searchparty fetch JOB --address http://HEAD:8265": "--no-report",
    "searchparty animate results/quickstart-1": "--seconds 2 --width 480",
    "searchparty animate results/quickstart-1 --compare --out race.gif --seconds 6 --width 800": "--seconds 2",
    "searchparty simulate how-many-workers --workers 1,10,100,1000": "--workers 1,10 --set repeats=1 --set budget=500",
    "searchparty submit valley.yaml --address http://127.0.0.1:8265 --no-follow": "--place PLACE",
}
"""Options that are added to commands, mostly to make them short; the last one of a kind counts."""
COARSE = f"""#!{sys.executable}
import sys
from searchparty.experiments.cli.main import main
if sys.argv[1:2] in (["run"], ["resume"], ["report"]) and "--no-report" not in sys.argv:
    from searchparty.experiments.drawing import style
    from searchparty.experiments.report import report
    from searchparty.experiments.results.pictures import background
    background.CONTOUR_POINTS, style.PNG_DPI, report.MOST_RUN_FIGURES = 16, 40, 2
main()
"""
"""The command, as it is installed but for coarse figures: drawing takes most of the time."""
JOB_STARTS_WITHIN = 120.0
OF_THE_CLUSTER = re.compile(r"--address|^ray ")


class Page:
    """A page that is worked through in a folder: files that are saved, commands, and Python in one namespace."""

    def __init__(self, folder: Path, cluster: Cluster | None) -> None:
        self.folder, self.cluster = folder, cluster
        self.names: dict[str, object] = {"__name__": "a_page"}
        self.printed: list[str] = []
        self.job = ""
        program = folder.parent / f"{folder.name}-bin" / "searchparty"
        program.parent.mkdir()
        program.write_text(COARSE)
        program.chmod(0o755)
        path = os.pathsep.join([str(program.parent), str(Path(sys.executable).parent), os.environ["PATH"]])
        self.environment = os.environ | {"COLUMNS": "200", "PATH": path}

    def work(self, block):
        """Do what a reader of a block does."""
        if block.saved_as:
            (self.folder / block.saved_as).write_text(block.text)
        getattr(self, f"work_{block.language}")(block)

    def work_yaml(self, block):
        data = yaml.safe_load(block.text)
        if block.saved_as:
            load(self.folder / block.saved_as)
        else:
            Experiment.from_data(AROUND_FRAGMENT | data, str(self.folder))

    def work_python(self, block):
        code = compile(block.text, block.place, "exec")
        if not block.saved_as:
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                exec(code, self.names)
            self.printed += printed.getvalue().splitlines()

    def work_sh(self, block):
        for command in block.commands:
            if command.startswith("make "):
                subprocess.run(["make", "-n", *command.split()[1:]], cwd=ROOT, check=True, capture_output=True)
            elif command.startswith("searchparty studio"):
                arguments = [*command.split()[2:], *ALSO.get(command, "").split()]
                with studio_in(self.folder, *arguments) as studio, urllib.request.urlopen(studio.address) as answer:
                    assert answer.status == 200
            elif command not in NOT_RUN:
                self.run(command)

    def work_text(self, block):
        """Compare what is said to be printed with what was, numbers aside. Dots stand for what is left out."""
        if block.saved_as:
            return
        printed = [without_numbers(line) for line in self.printed]
        for line in block.text.splitlines():
            said = ".*".join(re.escape(without_numbers(part)) for part in line.split("..."))
            assert any(re.match(said, each) for each in printed), f"{block.place}: {line!r} is not printed"
        self.printed.clear()

    def run(self, command):
        words, environment = f"{command} {ALSO.get(command, '')}", self.environment
        if OF_THE_CLUSTER.search(command):
            cluster = self.cluster
            # A Ray that is not of this test is left alone.
            assert cluster is not None
            assert not command.startswith("ray ")
            environment = environment | cluster.environment | {"PATH": environment["PATH"]}
            words = re.sub(r"http://(HEAD|127\.0\.0\.1):8265", cluster.dashboard, words)
            words = words.replace("PLACE", str(self.folder / "on-the-head")).replace(" JOB ", f" {self.job} ")
        deadline = time.monotonic() + JOB_STARTS_WITHIN
        while True:
            done = subprocess.run(
                ["bash", "-c", words], cwd=self.folder, env=environment, capture_output=True, text=True, timeout=300
            )
            has_begun = done.returncode == 0 and "has not begun its runs yet" not in done.stderr
            if " fetch " not in command or has_begun or time.monotonic() > deadline:
                break
            # The job has not started yet.
            time.sleep(1)
        assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
        self.printed += done.stdout.splitlines() + done.stderr.splitlines()
        if " submit " in command:
            self.job = re.findall(r" as ([\w-]+)\.", done.stderr)[0]


def without_numbers(line):
    """A line in which every word with a digit is #."""
    return " ".join(re.sub(r"-[0-9a-f]{6}\b|\w*\d[\w.,+-]*", "#", line).split())


def needs_cluster(path):
    return any(OF_THE_CLUSTER.search(c) for b in read_blocks(path) if b.language == "sh" for c in b.commands)


@pytest.fixture(scope="module")
def cluster():
    with contextlib.closing(Cluster(cpus=2)) as made:
        yield made


@pytest.fixture
def own_modules(tmp_path, monkeypatch):
    """Modules of a page are found in its folder, and forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.mark.extras
@pytest.mark.timeout(1800)
@pytest.mark.usefixtures("own_modules", "coarse_figures")
@pytest.mark.parametrize("path", page_paths(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_blocks_run(path, tmp_path, request):
    page = Page(tmp_path, request.getfixturevalue("cluster") if needs_cluster(path) else None)
    missing = False
    for block in read_blocks(path):
        needs_missing = block.needs is not None and importlib.util.find_spec(block.needs) is None
        # What a block prints stands below it.
        missing = needs_missing or (missing and block.language == "text")
        if not block.skipped and not missing:
            page.work(block)


@pytest.mark.parametrize("path", page_paths(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_blocks_are_of_a_known_language(path):
    for block in read_blocks(path):
        assert block.language in LANGUAGES, f"{block.place}: a block must be of {sorted(LANGUAGES)}"


def test_commands_of_the_tables_stand_on_a_page():
    commands = {c for path in page_paths() for b in read_blocks(path) if b.language == "sh" for c in b.commands}
    assert NOT_RUN.keys() | ALSO.keys() <= commands
