"""Programs as landscapes: the requests, the answers that are accepted or refused, and children that cannot start."""

import json
import os
import re
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchparty.agents.evaluation.children import child_kinds
from searchparty.agents.evaluation.children.pool import ChildPool
from searchparty.agents.evaluation.evaluator import CannotEvaluate
from searchparty.agents.evaluation.in_process import InProcessEvaluator
from searchparty.agents.evaluation.open import open_evaluator
from searchparty.agents.evaluation.settings import Evaluation
from searchparty.experiments.spec.errors import SpecError
from searchparty.experiments.spec.load import loads_yaml
from searchparty.landscapes.arguments import ArrayArguments
from searchparty.landscapes.command import Command, MalformedAnswer, NoLoss, encode_json_request, parse_json_answer
from searchparty.landscapes.landscape import LandscapeError
from searchparty.landscapes.python_function import InMemory, UserFunction

floats = st.floats(allow_nan=False, allow_infinity=False)
LINE, SQUARE = ArrayArguments(((0.0, 1.0),)), ArrayArguments(((0.0, 1.0), (0.0, 1.0)))


@given(st.lists(floats, min_size=1, max_size=5), floats, st.integers(1, 10**9))
def test_numbers_go_there_and_back_to_the_bit(point, loss, number):
    asked = json.loads(encode_json_request(number, np.array(point), False))
    assert (asked["id"], asked["x"]) == (number, point)
    assert parse_json_answer(json.dumps({"id": number, "loss": loss}).encode(), number, LINE, False)[0] == loss
    assert parse_json_answer(json.dumps(loss).encode(), number, LINE, False)[0] == loss


def test_gradients_are_asked_for_and_read():
    assert json.loads(encode_json_request(1, np.zeros(2), True))["gradient"] is True
    loss, gradient, cause = parse_json_answer(b'{"loss": 1, "gradient": [2, 3.5]}', 1, SQUARE, True)
    assert (loss, cause) == (1.0, "")
    np.testing.assert_array_equal(gradient, [2.0, 3.5])


@pytest.mark.parametrize("line", [b"", b"done", b"[1", b'{"loss": "1"}', b'{"cost": 1}', b"[1.0, 2]", b'{"loss": []}',
                                  b'{"loss": [[1]]}', b'{"loss": [null]}',
                                  b'{"loss": 1e999999999999999999x}', b"\xff\xfe", b"[" * 100_000, b"9" * 5000,
                                  b'{"loss": 1' + b"0" * 400 + b"}"])  # fmt: skip
def test_what_is_no_answer_is_quoted(line):
    with pytest.raises(MalformedAnswer, match="^answered '") as garbled:
        parse_json_answer(line, 1, LINE, False)
    assert len(str(garbled.value)) < 1200


@pytest.mark.parametrize(("said", "loss"), [("true", 1.0), ("[0.5]", 0.5), ('{"loss": [2]}', 2.0)])
def test_a_loss_is_a_number_by_the_rule_of_all_objectives(said, loss):
    assert parse_json_answer(said.encode(), 1, LINE, False) == (loss, None, "")


def test_what_is_not_a_number_is_named_by_its_type():
    with pytest.raises(MalformedAnswer, match=r'which has no number as its "loss", but a list of 2$'):
        parse_json_answer(b'{"loss": [1, 2]}', 1, LINE, False)


NO_GRADIENTS = [
    ("null", "returned None, must be 2 real numbers"),
    ("[1.0]", "returned a list of 1 (a float), must be 2 real numbers"),
    ('[1.0, "2"]', "returned a list of 2, must be 2 real numbers"),
    ("[1.0, null]", "returned a list of 2, must be 2 real numbers"),
    ("[[1.0], 2]", "returned a list of 2, must be 2 real numbers"),
    ('"no"', "returned a str 'no', must be 2 real numbers"),
    ("{}", "returned a dict, must be 2 real numbers"),
    ("[1.0, NaN]", "returned nan"),
    ("[-Infinity, 1]", "returned -inf"),
    ("[1" + "0" * 400 + ", 1]", "returned a number that is too large"),
]


@pytest.mark.parametrize(("said", "cause"), NO_GRADIENTS, ids=lambda text: text[:20])
def test_a_gradient_that_is_none_leaves_the_loss(said, cause):
    answer = parse_json_answer(f'{{"loss": 1.5, "gradient": {said}}}'.encode(), 1, SQUARE, True)
    assert (answer.loss, answer.gradient_cause) == (1.5, cause)
    assert not np.isfinite(answer.gradient).all()


def test_without_the_key_the_gradient_is_none_and_a_bare_number_is_a_loss():
    for line in (b'{"loss": 1.5}', b"1.5"):
        assert parse_json_answer(line, 1, SQUARE, True)[::2] == (1.5, "returned None, must be 2 real numbers")


def test_a_point_without_a_loss():
    with pytest.raises(NoLoss, match="^said: no convergence after 100 steps$"):
        parse_json_answer(b'{"error": "no convergence\\n after 100 steps"}', 1, LINE, False)
    assert np.isnan(parse_json_answer(b'{"loss": null}', 1, LINE, False)[0])
    assert np.isnan(parse_json_answer(b"NaN", 1, LINE, False)[0])
    # As C prints these values.
    assert np.isnan(parse_json_answer(b"-nan\r", 1, LINE, False)[0])
    assert parse_json_answer(b" inf", 1, LINE, False)[0] == np.inf


BROKEN = """
import json, os, sys
for line in sys.stdin:
    asked = json.loads(line)
    said = {"loss": sum(v * v for v in asked["x"])}
    if asked.get("gradient"):
        said["gradient"] = [2 * v for v in asked["x"]] if asked["x"][0] < 1 else [1.0]
    print(json.dumps(said), flush=True)
    with open("starts", "a") as file:
        print(os.getpid(), file=file)
"""


def test_a_row_with_a_malformed_gradient_keeps_its_loss_at_every_door(tmp_path):
    """In a pool and in this process; and the program, which is in step, is not started again."""
    (tmp_path / "broken.py").write_text(BROKEN)
    landscape = Command(
        command=(sys.executable, "broken.py"), bounds=((-1.0, 3.0), (0.0, 1.0)), gradient=True, base=str(tmp_path)
    )
    points = np.array([[0.1, 0.5], [0.9, 0.5], [0.2, 0.25]])
    box = landscape.space.to_box(points)
    pool = open_evaluator(landscape, Evaluation())
    found = pool.evaluate(points, True)
    pool.close()
    assert len(set((tmp_path / "starts").read_text().split())) == 1
    for each in (found, InProcessEvaluator(landscape.open()).evaluate(points, True)):
        np.testing.assert_allclose(each.losses, np.square(box).sum(axis=1))
        assert each.causes == {1: "the gradient returned a list of 1 (a float), must be 2 real numbers"}
        assert np.isnan(each.gradients[1]).all()
        np.testing.assert_allclose(each.gradients[[0, 2]], 2 * box[[0, 2]] * [4.0, 1.0])


GRADED = """
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    said = {"loss": sum(v * v for v in asked["x"])}
    if asked.get("gradient"):
        said["gradient"] = [2 * v for v in asked["x"]]
    print(json.dumps(said), flush=True)
"""


def test_a_program_in_place_and_in_a_pool_say_the_same(tmp_path):
    (tmp_path / "graded.py").write_text(GRADED)
    landscape = Command(
        command=(sys.executable, "graded.py"), bounds=((-1.0, 3.0), (0.0, 1.0)), gradient=True, base=str(tmp_path)
    )
    assert landscape.label == "graded.py D=2"
    points = np.random.default_rng(1).random((5, 2))
    pool = open_evaluator(landscape, Evaluation())
    assert isinstance(pool, ChildPool)
    found, alone = pool.evaluate(points, True), InProcessEvaluator(landscape.open()).evaluate(points, True)
    pool.close()
    np.testing.assert_array_equal(found.losses, alone.losses)
    np.testing.assert_array_equal(found.gradients, alone.gradients)
    box = landscape.space.to_box(points)
    np.testing.assert_allclose(found.gradients, 2 * box * [4.0, 1.0])


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (("nowhere-to-be-found",), "command must be a program that can be run, got 'nowhere-to-be-found', which does "
         "not exist. Check its path, or PATH"),
        (("./missing.sh",), r"missing\.sh', which does not exist"),
        (("./plain.txt",), r"plain\.txt', which is not executable\. Run chmod \+x on it"),
    ],
)  # fmt: skip
def test_a_program_that_cannot_be_run_is_refused(tmp_path, command, message):
    (tmp_path / "plain.txt").write_text("plain")
    with pytest.raises(LandscapeError, match=message):
        Command(command=command, bounds=(0.0, 1.0), base=str(tmp_path)).open()


BASE = """\
name: x
budget: 50
landscapes: [{kind: sphere}]
strategies: {a: {agents: [random]}}
"""
PROGRAM = "{{kind: command, bounds: [0, 1], command: {}}}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BASE + "evaluation: {timeout: -1}\n", "evaluation.timeout must be above 0.0, got -1 (<text>:5)"),
        (BASE + "evaluation: {timeot: 1}\n", "evaluation.timeot must be a known setting, got 'timeot' (<text>:5). Did "
         "you mean 'timeout'?"),
        (BASE + "evaluation: {retries: 3}\n", "evaluation.retries must be used with on_nan: retry or on_error: retry, "
         "got 3 without either (<text>:5). Add on_error: retry."),
        (BASE + "evaluation: {on_error: ignore}\n", "evaluation.on_error must be one of"),
        (BASE + "evaluation: {memory: lots}\n", "evaluation.memory must be a number of bytes or a size"),
        (BASE + "evaluation: 30\n", "evaluation must be a mapping with keys among"),
        (BASE.replace("{kind: sphere}", PROGRAM.format("[]")), "landscapes.0.command must"),
        (BASE.replace("{kind: sphere}", PROGRAM.format("' '")), "command must name a program"),
        (BASE.replace("{kind: sphere}", PROGRAM.format("./no")), "which does not exist"),
        (BASE.replace("{kind: sphere}", PROGRAM.format("cat").replace("[0, 1]", "[1, 0]")), "bounds must have low <"),
    ],
)  # fmt: skip
def test_mistakes_in_the_yaml_are_named(text, message):
    with pytest.raises(SpecError, match=re.escape(message)):
        loads_yaml(text)


def test_settings_of_the_evaluation_are_part_of_a_runs_id_only_where_chosen():
    from searchparty.experiments.execution.plan import make_plan

    ids = {
        extra: make_plan(loads_yaml(BASE + extra)).runs[0].id
        for extra in ("", "evaluation: {}\n", "evaluation: {workers: 3}\n", "evaluation: {timeout: 5}\n")
    }
    assert len({ids[""], ids["evaluation: {}\n"], ids["evaluation: {workers: 3}\n"]}) == 1
    assert ids["evaluation: {timeout: 5}\n"] != ids[""]


def test_a_child_that_cannot_open_its_landscape_says_so_and_charges_nothing(tmp_path):
    path = tmp_path / "here.py"
    path.write_text(f"import os\nif os.getpid() != {os.getpid()}:\n    raise RuntimeError('only there')\n"
                    "def f(x):\n    return 0.0\n")  # fmt: skip
    pool = ChildPool(UserFunction(function=f"{path}:f", bounds=(0.0, 1.0)), Evaluation(workers=1))
    with pytest.raises(CannotEvaluate, match="could not be opened.*only there.*Correct it, and resume"):
        pool.evaluate(np.array([[0.5]]), False)


def test_a_child_that_dies_before_it_is_ready_is_started_three_times(monkeypatch, tmp_path):
    starts = tmp_path / "starts"
    monkeypatch.setattr(child_kinds, "CHILD_PROGRAM", f"open({str(starts)!r}, 'a').write('.'); raise MemoryError")
    pool = ChildPool(UserFunction(function="math:fsum", bounds=(0.0, 1.0)), Evaluation(memory="64 MB"))
    expected = (
        "must start, but it took its process down .exit code 1.: MemoryError. Check the command and evaluation.memory"
    )
    with pytest.raises(CannotEvaluate, match=expected):
        pool.evaluate(np.array([[0.5]]), False)
    assert starts.read_text() == "..."


def test_a_function_that_no_child_can_have_is_refused():
    landscape = InMemory(function=lambda x: 0.0, bounds=((0.0, 1.0),))
    with pytest.raises(CannotEvaluate, match="landscape must be one that a child process can open"):
        ChildPool(landscape, Evaluation(workers=1))


def test_an_evaluation_that_cannot_be_made_fails_the_run_not_the_point(tmp_path, command):
    (tmp_path / "gone.sh").write_text("#!/bin/sh\nexit 127\n")
    (tmp_path / "gone.sh").chmod(0o755)
    (tmp_path / "x.yaml").write_text(BASE.replace("{kind: sphere}", PROGRAM.format("./gone.sh")))
    done = command("run", "x.yaml", "--executor", "simulated", "--out", "out", "--no-report", cwd=tmp_path)
    assert done.returncode == 1
    assert "a child process must start" in done.stderr
    assert "Traceback" not in done.stderr
