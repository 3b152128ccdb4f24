"""Judge what comes of a mutated YAML, and of a random experiment.

A judge returns what came of it in a word, for the counts, and raises ``Fault`` where it is not what is promised.
"""

from __future__ import annotations

import contextlib
import io
import re
import resource
import shutil
import signal
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import typer
import typer.main
from mutated_yamls import mutate_yaml
from random_experiments import make_experiment

from searchparty import Results, resume
from searchparty.experiments.api import run_plan
from searchparty.experiments.cli.main import main
from searchparty.experiments.execution.plan import Plan, make_plan
from searchparty.experiments.execution.session import EvaluationFailed, RunInterrupted
from searchparty.experiments.execution.verification import verify_results
from searchparty.experiments.spec.load import Experiment, load, loads_yaml
from searchparty.experiments.spec.sources import bundled_files
from searchparty.orchestrator.log.reader import LogReader
from searchparty.orchestrator.log.trace import trace_hash
from searchparty.orchestrator.state.events import Collected, Extended, Granted, Started, Stopped

MOST_CPU_SECONDS = 5.0
"""CPU time in which a YAML is described or refused: "at most a few seconds"."""
MOST_MEGABYTES = 400
"""By how much the memory of a process may grow over one YAML."""
MOST_PLANNED_RUNS = 3_000
"""More runs are planned in proportion; what they need is not a property of the YAML's form."""
MOST_CHARACTERS = 1_001
"""The longest problem that is still one message."""
PROBLEM = re.compile(r".+ must .+, got .+[.?]", re.DOTALL)
"""How all problems are worded."""


NO_GRADIENTS = (
    "gradients must be auto or finite-differences on a landscape without",
    "saddles must be false without exact gradients",
)
"""The causes for which an agent of the package fails as its settings demand."""


build_command = cache(typer.main.get_command)
"""Builds the command line once a process, which would take most of the time of a fuzz."""


class Fault(AssertionError):
    """Something came of an input that is not promised."""


def require(holds: bool, what: str) -> None:
    """Raise Fault unless a condition holds."""
    if not holds:
        raise Fault(what)


def judge_yaml(seed: int, number: int, folder: Path) -> str:
    """Hand the mutated YAML of a number to ``searchparty check``, in this process.

    Args:
        seed: The seed of the fuzz.
        number: The number of the YAML.
        folder: A folder of this process.

    Returns:
        "accepted" or "refused".

    Raises:
        Fault: If something else came of it.
    """
    prepare_user_files(folder)
    path = folder / "fuzz.yaml"
    path.write_bytes(mutate_yaml(seed, number))
    return judge_file(path)


def prepare_user_files(folder: Path) -> None:
    """Put the files that bundled experiments name beside the YAML."""
    if not (folder / "your_function.py").exists():
        for source in next(iter(bundled_files().values())).parent.glob("your_*.py"):
            shutil.copy(source, folder)


def judge_file(path: Path) -> str:
    """Hand a YAML to ``searchparty check``. Returns and raises as ``judge_yaml``."""
    began, before = time.process_time(), read_peak_megabytes()
    code, printed, complained = call_check(path)
    bad = [char for char in printed + complained if not char.isprintable() and char != "\n"]
    require(not bad, f"characters that cannot be printed, {bad[:5]!r}:\n{printed!r:.1000}\n{complained!r:.1000}")
    seconds, grown = time.process_time() - began, read_peak_megabytes() - before
    require("Traceback" not in printed + complained, f"a traceback:\n{complained[-2000:]}")
    require(code in (0, 2), f"exit code {code!r}:\n{complained[-2000:]}")
    planned = planned_runs(printed) if code == 0 else 0
    scale = max(1.0, planned / MOST_PLANNED_RUNS)
    require(seconds < MOST_CPU_SECONDS * scale, f"{seconds:.1f} s of CPU time for {planned} runs")
    require(grown < MOST_MEGABYTES * scale, f"{grown:.0f} MB for {planned} runs")
    if code == 0:
        require(complained == "", f"complains of what it accepts:\n{complained[-2000:]}")
        judge_accepted(path, planned)
        return "accepted"
    require(printed == "", f"refused, but prints a plan:\n{printed[-2000:]}")
    judge_refusal(complained)
    return "refused"


def call_check(path: Path) -> tuple[Any, str, str]:
    """Call ``searchparty check`` in this process. Returns its exit code, and what it prints to both outputs."""
    outputs = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="") for _ in range(2)]
    words, code = sys.argv, 0
    handler = signal.getsignal(signal.SIGTERM)
    sys.argv = ["searchparty", "check", str(path)]
    try:
        with (
            contextlib.redirect_stdout(outputs[0]),
            contextlib.redirect_stderr(outputs[1]),
            contextlib.chdir(path.parent),
            warnings.catch_warnings(),
            patch.object(typer.main, "get_command", build_command),
        ):
            warnings.simplefilter("error")
            main()
    except SystemExit as stop:
        code = stop.code or 0
    finally:
        sys.argv = words
        signal.signal(signal.SIGTERM, handler)
    texts = []
    for output in outputs:
        output.flush()
        texts.append(output.buffer.getvalue().decode())
    return code, texts[0], texts[1]


def read_peak_megabytes() -> float:
    """Return the largest memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def planned_runs(printed: str) -> int:
    """Return the number of runs in a plan as ``check`` prints it."""
    found = re.search(r"^runs +([\d,]+)$", printed, re.MULTILINE)
    require(found is not None, f"a plan without runs:\n{printed[-2000:]}")
    assert found is not None
    return int(found[1].replace(",", ""))


def judge_accepted(path: Path, planned: int) -> None:
    """Check that what was accepted is written to results, and read there, as the same experiment."""
    if planned > MOST_PLANNED_RUNS:
        return
    experiment = load(path)
    again = loads_yaml(experiment.to_yaml())
    runs, others = make_plan(experiment).runs, make_plan(again).runs
    require([run.id for run in runs] == [run.id for run in others], "written and read back, its runs are others")
    require([run.strategy for run in runs] == [run.strategy for run in others], "read back, its strategies are others")


def judge_refusal(complained: str) -> None:
    """Check that a refusal is made of problems in the form of all problems, each of a length that can be read."""
    require(complained.strip() != "", "refused without a word")
    for problem in complained.rstrip("\n").split("\n"):
        require(len(problem) < MOST_CHARACTERS, f"a problem of {len(problem):,} characters:\n{problem[:600]}")
        whole = f"{problem}\nin:\n{complained[:2000]}"
        require(PROBLEM.fullmatch(problem) is not None, f"not worded as a problem:\n{whole}")
        require("Value error" not in problem and "pydantic" not in problem, f"words of a library:\n{problem}")


class Steps:
    """Counts the steps of runs; interrupts the session, as Ctrl-C does, at the step with a number."""

    def __init__(self, last: int | None = None) -> None:
        self.count, self.last = 0, last

    def on_run_begin(self, planned: Any, run: Any) -> None:
        """Do nothing."""

    def on_run_step(self, run: str) -> None:
        """Count a step."""
        self.count += 1
        if self.count == self.last:
            raise KeyboardInterrupt

    def on_run_end(self, run: str, error: Exception | None) -> None:
        """Do nothing."""


def judge_experiment(seed: int, number: int, folder: Path) -> str:
    """Work the random experiment of a number: whole, whole again, and interrupted at a random step and resumed.

    Args:
        seed: The seed of the fuzz.
        number: The number of the experiment.
        folder: A folder of this process.

    Returns:
        "finished".

    Raises:
        Fault: If it does not end as is promised.
    """
    text, experiment = make_experiment(seed, number)
    (folder / "fuzz.yaml").write_text(text, encoding="utf-8")
    for name in ("whole", "again", "cut"):
        shutil.rmtree(folder / name, ignore_errors=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        planned, steps = make_plan(experiment), Steps()
        results = run_plan(planned, out=folder / "whole", watcher=steps, report=False)
        judge_results(results, planned)
        run_plan(make_plan(loads_yaml(text)), out=folder / "again", report=False)
        whole = read_hash(folder / "whole")
        require(read_hash(folder / "again") == whole, "a second run finds something else")
        rng = np.random.default_rng([seed, 3, number])
        interrupt(experiment, folder / "cut", int(rng.integers(1, steps.count + 1)))
        resume(folder / "cut", executor="simulated", report=False)
        require(read_hash(folder / "cut") == whole, "interrupted and resumed, it finds something else")
    return "finished"


def interrupt(experiment: Experiment, folder: Path, step: int) -> None:
    """Work an experiment up to a step."""
    try:
        run_plan(make_plan(experiment), out=folder, watcher=Steps(step), report=False)
    except RunInterrupted:
        return
    raise Fault(f"it was not interrupted at step {step}")


def read_hash(directory: Path) -> str:
    """Return the trace hash of a results directory."""
    with LogReader(directory) as reader:
        return trace_hash(reader)


def judge_results(results: Results, planned: Plan) -> None:
    """Check that every run ended, that its budget is exact, and that all that is kept of it is finite."""
    for run_id, error in results.errors.items():
        require(isinstance(error, EvaluationFailed), f"run {run_id} ended in {error!r}")
    require({run.id for run in results.runs} == {run.id for run in planned.runs}, "the runs are not those planned")
    failed = [row for row in results.failed_agents.rows() if not row["cause"].startswith(NO_GRADIENTS)]
    require(not failed, f"an agent of the package failed: {failed}")
    for run in results.runs:
        judge_run(run)
    verified = verify_results(results.path)
    require(not (verified.problems or verified.unknown or verified.changed), f"verify says:\n{verified.describe()}")
    require(verified.unfinished == 0, "verify says that a run has not ended")
    totals = verified.totals
    require(totals["out"] == 0, f"verify says that {totals['out']} evaluations are out")
    require(totals["granted"] == totals["spent"] + totals["returned"], f"verify adds up {dict(totals)}")
    for table in (
        results.comparison,
        results.verdicts,
        results.tests,
        results.convergence,
        results.contributions,
        results.points(),
    ):
        judge_table(table.rows())
    results.failures.rows()
    results.summary_rows()
    results.best()


def judge_table(rows: list[dict[str, Any]]) -> None:
    """Check that no number of a table is NaN."""
    for row in rows:
        for name, value in row.items():
            require(not (isinstance(value, float) and np.isnan(value)), f"{name} is NaN in {row}")


def judge_run(run: Any) -> None:
    """Check the events and the points of a run."""
    events, budget = run.events, run.settings["budget"]
    require(isinstance(events[0], Started) and isinstance(events[-1], Stopped), f"its events are {events!r:.500}")
    require(sum(isinstance(event, Stopped | Started) for event in events) == 2, "it started or stopped twice")
    require(not any(isinstance(event, Extended) for event in events), "its budget was changed")
    leases = {lease.id: lease for event in events if isinstance(event, Granted) for lease in event.leases}
    found = {event.finding.lease: event.finding for event in events if isinstance(event, Collected)}
    require(leases.keys() == found.keys(), "not every lease was collected")
    require(all(0 <= found[id].charged <= lease.budget for id, lease in leases.items()), "a lease was overspent")
    spent = sum(finding.charged for finding in found.values())
    require(spent <= budget, f"{spent} of {budget} evaluations were spent")
    failed = sum(finding.charged for finding in found.values() if finding.why == "failed")
    require(spent - failed <= run.evaluations <= spent, f"its points cost {run.evaluations}, its leases {spent}")
    if events[-1].reason == "budget spent":
        require(spent == budget, f"its budget is said to be spent, but {spent} of {budget} are")
    judge_points(run, {id: finding.rows for id, finding in found.items()})
    for lease in leases.values():
        require(bool(np.isfinite([*lease.region.center, lease.region.radius]).all()), f"region of {lease!r:.500}")
        require(lease.incumbent is None or np.isfinite(lease.incumbent.loss), f"incumbent of {lease!r:.500}")


def judge_points(run: Any, rows: dict[int, int]) -> None:
    """Check the points of a run."""
    cube, losses = run.points.cube, run.points.losses
    require(bool(np.isfinite(cube).all() and (cube >= 0).all() and (cube <= 1).all()), "a point is not in the cube")
    require(not np.isnan(losses).any() and not (losses == -np.inf).any(), "a loss is NaN or -inf")
    counted = Counter(run.points.lease.tolist())
    require(all(counted[lease] == count for lease, count in rows.items()), "a lease has other points than it says")
    require(bool((run.points.cost >= 1).all()), "a point costs nothing")
    box = run.space.to_box(cube)
    require(bool(((box >= run.space.lower) & (box <= run.space.upper)).all()), "a point is outside the bounds")


def judge_on_ray(seed: int, numbers: list[int], folder: Path) -> str:
    """Work the random experiments of some numbers on Ray, as one plan whose runs share its actors, and compare traces.

    The first call in a process starts Ray, which runs until the process ends.

    Args:
        seed: The seed of the fuzz.
        numbers: The numbers of the experiments.
        folder: A folder of this process.

    Returns:
        "equal".

    Raises:
        Fault: If a trace is another than that of the executor simulated.
    """
    from searchparty.orchestrator.executors.on_ray.connection import has_ray, start_ray

    if not has_ray():
        start_ray(None)
    placement = ("packed", "spread", "auto")[numbers[0] // len(numbers) % 3]
    plans = [make_plan(make_experiment(seed, number)[1]) for number in numbers]
    runs = {run.id: run for plan in plans for run in plan.runs}
    labels = {id: label for plan in plans for id, label in plan.labels.items()}
    text = "{name: on-ray, budget: 1, landscapes: [sphere], strategies: {a: {agents: [random]}}, executor: EXECUTOR}"
    traces = []
    for executor in (f"{{kind: ray, placement: {placement}, actors: 12}}", "simulated"):
        experiment = loads_yaml(text.replace("EXECUTOR", executor))
        out = folder / f"{placement}-{len(traces)}"
        shutil.rmtree(out, ignore_errors=True)
        results = run_plan(Plan(experiment, tuple(runs.values()), labels), out=out, report=False)
        for run_id, error in results.errors.items():
            require(isinstance(error, EvaluationFailed), f"run {run_id} ended in {error!r}")
        traces.append(read_hash(out))
    require(traces[0] == traces[1], f"on Ray ({placement}) it finds something else")
    return "equal"


JUDGES: dict[str, Callable[[int, Any, Path], str]] = {
    "yaml": judge_yaml,
    "experiment": judge_experiment,
    "ray": judge_on_ray,
}


def judge_item(item: tuple[str, int, Any], folder: Path) -> str:
    """Judge an item: (kind, seed, number). Returns and raises as its judge."""
    kind, seed, number = item
    return JUDGES[kind](seed, number, folder)


def read_input(kind: str, seed: int, number: Any) -> bytes:
    """Return the YAML of an item, for whoever reproduces a fault."""
    if kind == "yaml":
        return mutate_yaml(seed, number)
    numbers = number if isinstance(number, list) else [number]
    return "---\n".join(make_experiment(seed, each)[0] for each in numbers).encode()
