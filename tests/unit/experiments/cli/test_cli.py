"""The command line: its output and its exit codes; some of it in separate processes."""

import json

import pytest

pytestmark = pytest.mark.usefixtures("coarse_figures")


@pytest.fixture(scope="module")
def done(command_line, coarse_figures, tmp_path_factory):
    """Return a folder with a small experiment that has been run."""
    folder = tmp_path_factory.mktemp("cli")
    (folder / "small.yaml").write_text(
        "name: small\nseed: 3\nrepeats: 1\nbudget: 200\n"
        "landscapes: [{kind: rastrigin, dimension: 2}]\n"
        "strategies:\n  alone: {agents: [random-restart]}\n"
        "  party: {agents: [grid, random-restart], policy: {sharing: broadcast, lease: 25}}\n"
        "executor: simulated\n"
    )
    with command_line() as command:
        done = command("run", "small.yaml", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder, done


def test_run_prints_the_best_point_a_table_and_the_report(done):
    folder, process = done
    assert "Best point of rastrigin D=2: loss" in process.stdout
    assert "median gap" in process.stdout
    assert "Report:  results/small-1/report.html" in process.stdout
    assert (folder / "results/small-1/report.html").exists()
    assert (folder / "results/small-1/experiment.yaml").exists()
    assert (folder / "results/small-1/tables/comparison.csv").is_file()
    assert not (folder / "results/small-1/figures").exists()
    # A pipe receives plain lines: progress on standard error, results on standard output.
    assert "[2/2]" in process.stderr
    assert "\x1b" not in process.stdout + process.stderr
    assert "┃" not in process.stdout


def test_trace_hash_is_the_hash_of_the_trace(command, done):
    import hashlib

    folder, _ = done
    text = command("trace", "results/small-1", cwd=folder).stdout
    digest = command("trace", "results/small-1", "--hash", cwd=folder).stdout.strip()
    assert hashlib.sha256(text.encode()).hexdigest() == digest


def test_set_changes_a_setting(command, done):
    folder, _ = done
    process = command("check", "small.yaml", "--set", "budget=50", cwd=folder)
    assert "evaluations  100" in process.stdout


def test_a_results_directory_that_is_not_empty_is_refused_with_the_cure(command, done):
    folder, _ = done
    process = command("run", "small.yaml", "--out", "results/small-1", cwd=folder)
    assert process.returncode == 2
    assert "searchparty resume results/small-1" in process.stderr


def test_report_of_several_results_compares_them(command, done, unrendered):
    folder, _ = done
    second = command("run", "small.yaml", "--set", "seed=9", "--no-report", "--out", "results/other", cwd=folder)
    assert second.returncode == 0
    process = command("report", "results/small-1", "results/other", cwd=folder)
    assert process.returncode == 0, process.stderr
    page = folder / process.stdout.split("Report: ")[1].strip()
    assert "party (other)" in page.read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "nosuch.yaml"], "nosuch.yaml"),
        (["run", "quickstrat"], "Did you mean 'quickstart'"),
        (["check", "small.yaml", "--set", "bugdet=5"], "budget"),
        (["report", "nowhere"], "does not exist"),
        (["trace", "nowhere"], "does not exist"),
        (["resume", "nowhere"], "experiment.yaml"),
        (["simulate", "small.yaml", "--workers", "ten"], "--workers must be whole numbers from 1 to 100000"),
        (["simulate", "small.yaml", "--workers", "300"], "budget must be at least 300, a row for each of 300 agents"),
        (["list", "agents", "gird"], "Did you mean 'grid'"),
    ],
)
def test_mistakes_exit_with_2_and_a_message(command, done, arguments, message):
    process = command(*arguments, cwd=done[0])
    assert process.returncode == 2
    assert message in process.stderr
    assert "Traceback" not in process.stderr


@pytest.mark.parametrize("family", ["agents", "landscapes", "policies", "experiments"])
def test_list_names_what_there_is(command, done, family):
    process = command("list", family, cwd=done[0])
    assert process.returncode == 0
    wanted = {"agents": "grid", "landscapes": "rastrigin", "policies": "composed", "experiments": "quickstart"}
    assert wanted[family] in process.stdout


def test_simulate_prints_the_sizes_and_the_best(command, done):
    folder, _ = done
    process = command(
        *("simulate", "small.yaml", "--workers", "1,4", "--set", "stop.precision=0.5", "--price", "2"),
        *("--cost-limit", "1"),
        cwd=folder,
    )
    assert process.returncode == 0, process.stderr
    assert "Each number of workers is another experiment" in process.stdout
    assert "speed-up" in process.stdout
    assert "rastrigin D=2, party, fastest within 1: " in process.stdout
    assert "Results: results/small-simulation-1" in process.stdout
    assert (folder / "results/small-simulation-1/simulation.html").exists()


def test_schema_is_json(command, done):
    assert json.loads(command("schema", cwd=done[0]).stdout)["type"] == "object"


def test_version_and_help(command, done):
    assert command("--version", cwd=done[0]).stdout.startswith("searchparty 0.")
    text = command("--help", cwd=done[0]).stdout
    assert "searchparty run quickstart" in text
    assert "Exit codes" in text


def test_a_run_that_fails_exits_with_1_and_the_others_go_on(command, tmp_path, unrendered):
    (tmp_path / "policy.py").write_text(
        "from typing import Literal\n"
        "from searchparty import Lease, Policy, Region\n"
        "class Greedy(Policy):\n"
        "    '''Overspends.'''\n"
        "    kind: Literal['greedy'] = 'greedy'\n"
        "    def decide(self, run, rng):\n"
        "        return (Lease(run.leases, 'random', run.remaining + 1, run.region, 'more', fresh=True),)\n"
    )
    (tmp_path / "bad.yaml").write_text(
        "name: bad\nbudget: 50\nlandscapes: [{kind: sphere}]\nexecutor: simulated\n"
        'strategies:\n  greedy: {agents: [random], policy: {kind: "policy.py:Greedy"}}\n  good: {agents: [random]}\n'
    )
    process = command("run", "bad.yaml", cwd=tmp_path)
    assert process.returncode == 1
    assert "budget" in process.stderr
    assert "Traceback" not in process.stderr
    assert "good" in process.stdout


def test_failed_evaluations_are_told_with_their_commonest_cause(command, tmp_path, unrendered):
    text = (
        "name: ill\nbudget: 40\nlandscapes: [{kind: python, function: 'f.py:f', bounds: [[-1, 1]]}]\n"
        "strategies: {alone: {agents: [random]}}\nexecutor: simulated\n"
    )
    (tmp_path / "ill.yaml").write_text(text)
    (tmp_path / "f.py").write_text("def f(x):\n    return undefined(x)\n")
    nothing = command("run", "ill.yaml", "--out", "all", "--no-report", cwd=tmp_path)
    assert nothing.returncode == 1
    cause = "raised NameError: name 'undefined' is not defined; in f.py:2"
    assert f"10 of 10 evaluations failed. The most frequent cause (10 times): {cause}" in nothing.stdout
    assert f"the first 10 rows all failed for the same error of the program: {cause}" in nothing.stderr
    (tmp_path / "f.py").write_text("def f(x):\n    return float('nan') if x[0] > 0 else 1.0\n")
    some = command("run", "ill.yaml", "--out", "some", "--no-report", cwd=tmp_path)
    assert some.returncode == 0
    assert "of 40 evaluations failed. The most frequent cause" in some.stdout
    (tmp_path / "ill.yaml").write_text(text + "evaluation: {on_nan: stop}\n")
    stopped = command("run", "ill.yaml", "--out", "stop", cwd=tmp_path)
    assert stopped.returncode == 1
    assert "failed: an evaluation failed: lease 0 of random: row" in stopped.stderr
    assert "an evaluation failed" in (tmp_path / "stop" / "report.html").read_text()


FAILED_CAND = "cand failed in 3 of 3 runs: ValueError: no idea, cand.py:10"
FAILING = """\
from typing import Literal
from searchparty import Agent

class Cand(Agent):
    '''Has no idea.'''
    kind: Literal["cand"] = "cand"

    def search(self, space, lease, rng):
        yield rng.random((5, space.dimension))
        raise ValueError("no idea")
"""


@pytest.mark.parametrize(
    ("strategies", "line", "code"),
    [
        ("{mine: {agents: ['cand.py:Cand']}}", FAILED_CAND, 3),
        (
            "{mine: {agents: ['cand.py:Cand']}, other: {agents: [random]}}",
            f"mine: {FAILED_CAND}",
            3,
        ),
        (
            "{mine: {agents: ['cand.py:Cand', random]}}",
            FAILED_CAND,
            0,
        ),
        ("{mine: {agents: [random]}}", "", 0),
    ],
)
def test_agents_that_fail_are_told_with_file_and_line(command, tmp_path, strategies, line, code):
    (tmp_path / "cand.py").write_text(FAILING)
    (tmp_path / "it.yaml").write_text(
        f"name: it\nbudget: 60\nrepeats: 3\nlandscapes: [{{kind: sphere}}]\nstrategies: {strategies}\n"
        "executor: simulated\n"
    )
    process = command("run", "it.yaml", "--no-report", cwd=tmp_path)
    assert process.returncode == code
    assert line in process.stdout
    assert ("failed in" in process.stdout) == bool(line)
    # Once, when it happens.
    assert process.stderr.count("cand of mine failed: ValueError: no idea, cand.py:10") == bool(line)
    assert "Traceback" not in process.stderr


def test_an_objective_that_exits_leaves_and_the_message_says_where_and_how_to_go_on(command, tmp_path):
    (tmp_path / "f.py").write_text(
        "import pathlib, sys\n\ndef f(x):\n    if x[0] > 0.8 and not pathlib.Path('go').exists():\n"
        "        sys.exit('enough')\n    return float(x @ x)\n"
    )
    (tmp_path / "it.yaml").write_text(
        "name: it\nbudget: 60\nlandscapes: [{kind: python, function: 'f.py:f', bounds: [[-1, 1]]}]\n"
        "strategies: {alone: {agents: [{kind: random, batch: 10}]}}\nexecutor: simulated\n"
    )
    process = command("run", "it.yaml", "--out", "cut", "--no-report", cwd=tmp_path)
    assert process.returncode == 130
    assert "SystemExit('enough') in f.py:5. Everything found so far is in cut." in process.stderr
    assert "searchparty resume cut" in process.stderr
    assert "Traceback" not in process.stderr
    (tmp_path / "go").touch()
    assert command("resume", "cut", "--no-report", cwd=tmp_path).returncode == 0
    assert command("run", "it.yaml", "--out", "whole", "--no-report", cwd=tmp_path).returncode == 0
    cut, whole = (command("trace", name, cwd=tmp_path).stdout for name in ("cut", "whole"))
    assert cut == whole


def test_figures_are_written_as_files_on_request(done, command, coarse_figures):
    folder, _ = done
    assert command("report", "results/small-1", "--figures", cwd=folder).returncode == 0
    assert {path.suffix for path in (folder / "results/small-1/figures").iterdir()} == {".png", ".svg"}
