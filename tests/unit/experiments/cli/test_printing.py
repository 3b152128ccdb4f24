"""What is printed: it never ends work, is never markup, is short enough, and fits narrow terminals."""

import dataclasses
import io
import os
import subprocess
import sys
import time

import pytest

from searchparty.experiments.cli.terminal import console, progress, streams
from searchparty.experiments.cli.terminal.progress import ProgressLines
from searchparty.experiments.execution.results_directory import directory_stem
from searchparty.experiments.execution.verification import verify_results
from searchparty.experiments.spec.load import loads_yaml

SMALL = (
    "name: small\nbudget: 60\nseed: 1\nlandscapes: [{kind: sphere, dimension: 2}]\n"
    "strategies:\n  %s: {agents: [random]}\nexecutor: simulated\n"
)
RUN = [sys.executable, "-m", "searchparty", "run", "small.yaml", "--no-report", "--out"]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "small.yaml").write_text(SMALL % '"équipe :x: [bold]"', encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("encoding", ["ascii", pytest.param("latin-1", marks=pytest.mark.extras), "utf-8"])
def test_characters_that_the_output_lacks_are_escaped(folder, encoding):
    done = subprocess.run(
        [*RUN, "out"], cwd=folder, capture_output=True, env=os.environ | {"PYTHONIOENCODING": encoding}, check=True
    )
    name = {"ascii": "\\xe9quipe"}.get(encoding, "équipe")
    assert f"by random of {name} :x: [bold]" in done.stdout.decode(encoding)


@pytest.mark.parametrize(
    ("where", "stream"),
    [
        ("/dev/full", "stdout"),
        ("closed", "stderr"),
        ("pipe", "stdout"),
        pytest.param("/dev/full", "stderr", marks=pytest.mark.extras),
        pytest.param("closed", "stdout", marks=pytest.mark.extras),
        pytest.param("pipe", "stderr", marks=pytest.mark.extras),
    ],
)
def test_output_that_nobody_takes_ends_no_work(folder, stream, where):
    reading, writing = os.pipe()
    os.close(reading)
    target = os.open("/dev/full", os.O_WRONLY) if where == "/dev/full" else writing
    other = {"stdout": "stderr", "stderr": "stdout"}[stream]
    number = {"stdout": 1, "stderr": 2}[stream]
    done = subprocess.run(
        [*RUN, "out"],
        cwd=folder,
        check=False,
        text=True,
        preexec_fn=(lambda: os.close(number)) if where == "closed" else None,
        **{stream: None if where == "closed" else target, other: subprocess.PIPE},
    )
    os.close(writing)
    assert done.returncode == 0
    assert "Traceback" not in getattr(done, other)
    verified = verify_results(folder / "out")
    assert (verified.runs, verified.unfinished, verified.problems) == (1, 0, [])


def test_a_stream_is_left_alone_once_it_fails(monkeypatch):
    class Full(io.StringIO):
        def write(self, text):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(sys, "stdout", Full())
    streams.open_console("stdout").print("lost")
    monkeypatch.setattr(sys, "stdout", None)
    streams.open_console("stdout").print("lost")
    found = io.StringIO()
    monkeypatch.setattr(sys, "stdout", found)
    streams.open_console("stdout").print("kept")
    assert found.getvalue() == "kept\n"


@pytest.mark.parametrize("text", [":x: :smile:", "[bold]no[/bold]", "[/]", "[link=http://a]b[/link]", "\\[x]"])
def test_a_text_of_the_user_is_never_markup(command, tmp_path, text):
    (tmp_path / "m.yaml").write_text(f"name: '{text}'\ndescription: '{text}'\n" + (SMALL % f"'{text}'")[12:])
    assert f"{text}: {text[:-1]}" in command("check", "m.yaml", cwd=tmp_path).stdout
    (tmp_path / "t.yaml").write_text(f"{text}\nname: x\n")
    refused = command("check", "t.yaml", cwd=tmp_path)
    assert refused.returncode == 2
    assert "❌" not in refused.stderr
    done = command("run", "m.yaml", "--no-report", "--out", "out", cwd=tmp_path)
    assert f"random of {text}\n" in done.stdout


def test_bars_and_tables_show_texts_as_they_are(monkeypatch):
    found = io.StringIO()
    monkeypatch.setattr(sys, "stdout", found)
    shown = streams.open_console("stdout")
    monkeypatch.setattr(shown, "_force_terminal", True)
    monkeypatch.setattr(shown, "_width", 120)
    monkeypatch.setattr(console, "out", shown)
    console.print_table([{"landscape": ":x: [red]", "loss": "1"}])
    assert ":x: [red]" in found.getvalue()
    (planned,) = plan_of(SMALL % "':x: [red]'")
    with progress.ProgressBars(shown, 1) as bars:
        bars.on_run_begin(planned, Status())
        bars.on_run_end(planned.id, ValueError("[/] :x:"))
    assert ":x: [red] on sphere D=2, repeat 0 failed: [/] :x:" in found.getvalue()


class Status:
    spent, budget, incumbent = 1, 60, None


def plan_of(text):
    from searchparty.experiments.execution.plan import make_plan

    return make_plan(loads_yaml(text)).runs


def test_a_narrow_terminal_gets_a_list(command, monkeypatch):
    rows = [{"landscape": "sphere", "strategy": "team *", "runs": "3", "median loss": "0.5"}]
    for width, listed in ((79, True), (80, False)):
        found = io.StringIO()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", found)
            patch.setattr(console.out, "_width", width)
            patch.setenv("COLUMNS", str(width))
            console.print_table(rows, "By strategy")
        lines = found.getvalue().splitlines()
        wanted = ["By strategy", "sphere, team *", "  runs: 3", "  median loss: 0.5"]
        assert (lines == wanted) is listed, lines


def test_a_pipe_gets_a_line_in_five_seconds_at_most(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    found = io.StringIO()
    monkeypatch.setattr(sys, "stderr", found)
    (first,) = plan_of(SMALL % "a")
    with ProgressLines(streams.open_console("stderr"), 100) as lines:
        for number in range(100):
            planned = dataclasses.replace(first, repeat=number)
            lines.on_run_begin(planned, Status())
            now[0] += 0.1
            lines.on_run_step(planned.id)
            now[0] += 0.1
            lines.on_run_end(planned.id, ValueError("no") if now[0] > 119.9 else None)
    said = found.getvalue().splitlines()
    # 20 seconds: a line after a bit more than 5, 10 and 15, and one at the end.
    assert len(said) == 4
    assert said[0] == "[25/100] a on sphere D=2, repeat 25: at 1 of 60 evaluations, no finite loss yet"
    assert said[-1].startswith("[100/100, ")
    assert said[-1].endswith("failed] all runs have ended")


def test_a_run_that_is_worked_in_stages_counts_once(monkeypatch):
    found = io.StringIO()
    monkeypatch.setattr(sys, "stderr", found)
    (planned,) = plan_of(SMALL % "a")
    with ProgressLines(streams.open_console("stderr"), 1) as lines:
        for _ in range(2):
            lines.on_run_begin(planned, Status())
            lines.on_run_end(planned.id, None)
    assert found.getvalue() == "[1/1] all runs have ended\n"


def test_runs_for_which_there_was_no_time_are_not_said_to_have_ended(monkeypatch):
    found = io.StringIO()
    monkeypatch.setattr(sys, "stderr", found)
    (planned,) = plan_of(SMALL % "a")
    with ProgressLines(streams.open_console("stderr"), 3) as lines:
        lines.on_run_end(planned.id, None)
    assert found.getvalue() == "[1/3] the other runs have not ended\n"


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("探索", "探索"),
        ("Поиск", "Поиск"),
        ("हिन्दी", "हिन्दी"),
        ("בדיקה 2", "בדיקה-2"),
        ("e\u0301quipe", "équipe"),
        ("a/b\\c: d", "a-b-c-d"),
        ("..", "experiment"),
        ("-x-", "x"),
        ("🎯", "experiment"),
        ("team 🎯", "team"),
        ("my_study.v2", "my_study.v2"),
    ],
)
def test_a_name_in_any_script_keeps_its_directory(name, stem):
    assert directory_stem(name) == stem


def test_a_long_name_is_cut_between_characters():
    stem = directory_stem("探" * 100)
    assert set(stem) == {"探"}
    assert 195 <= len(stem.encode()) <= 200
