"""Agents in a sandbox find what they find without, and their failures are the agent's."""

import json
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from searchparty import AgentError, Experiment, Lease, Region, run
from searchparty.agents.agent import Told, WithGradient
from searchparty.agents.sandbox import ladder
from searchparty.agents.sandbox.confined_process import AGENT_ROLE, limit_conversations
from searchparty.agents.sandbox.sandboxed_agent import SandboxedAgent
from searchparty.agents.sandbox.settings import Sandbox
from searchparty.agents.sandbox.their_code import read_code
from searchparty.agents.sandbox.their_process import RefusedSettings, WrongClass, describe_their_class
from searchparty.experiments.execution.verification import verify_results
from searchparty.experiments.spec.errors import SpecError
from searchparty.landscapes.axis import Axis
from searchparty.landscapes.landscape import LandscapeError, Space
from searchparty.landscapes.networks.initial import Drawing, InitialWeights
from searchparty.orchestrator.log.reader import LogReader
from searchparty.orchestrator.log.trace import trace_hash
from searchparty.orchestrator.loop.randomness import stream

PLANE = Space(np.full(2, -1.0), np.full(2, 1.0), has_gradient=True)


def make_agent(text, folder, settings=(), name="Their", **limits):
    """Write a stranger's file, and return its agent in a sandbox."""
    (folder / "their.py").write_text(text)
    code = read_code(f"their.py:{name}", str(folder))
    sandbox = Sandbox(**limits)
    said = describe_their_class(AGENT_ROLE, code, sandbox, False, dict(settings))
    return SandboxedAgent.of_description(code, dict(settings), said, sandbox, False)


def search_with(body, folder, **limits):
    """The search of a stranger's agent with this body of ``search``, on a plane."""
    lines = "\n".join(f"        {line}" for line in body.splitlines())
    text = HEAD + f"    def search(self, space, lease, rng):\n{lines}\n"
    lease = Lease(0, "a", 10, Region.whole(2), "first lease", fresh=True)
    return make_agent(text, folder, **limits).search(PLANE, lease, stream(1))


HEAD = """\
import os, sys, time, signal, gc
from typing import Literal
import numpy as np
from searchparty import Agent, AgentError, Converged, WithGradient, Repeat


class Their(Agent):
    kind: Literal["their"] = "their"

"""


def experiment_of(entries, sandbox, base, **more):
    """An experiment whose agents stand under ``sandbox:``, or do not."""
    entries = [{**entry, "sandbox": {}} if sandbox and isinstance(entry, dict) else entry for entry in entries]
    data = {
        "name": "their", "budget": 150, "landscapes": [{"kind": "rastrigin", "dimension": [2, 3]}],
        "strategies": {"one": {"agents": entries, "policy": {"lease": 40, "sharing": "broadcast"}}},
        "executor": "simulated",
    }  # fmt: skip
    return Experiment.from_data(data | more, base=str(base))


ENTRIES = [
    {"kind": "walk.py:Walk", "batch": 7},
    {"kind": "walk.py:Walk", "count": 2, "name": "b"},
    {"kind": "slopes.py:Slopes"},
    {"kind": "reader.py:Reader"},
    "cma-es",
]


def test_findings_are_the_same_with_and_without(strangers, tmp_path):
    hashes = {}
    for sandbox in (False, True):
        found = run(experiment_of(ENTRIES, sandbox, strangers), out=tmp_path / str(sandbox), report=False)
        assert not found.errors
        with LogReader(found.path) as reader:
            hashes[sandbox] = trace_hash(reader)
        modules = [
            name for name, module in sys.modules.items() if str(strangers) in str(getattr(module, "__file__", ""))
        ]
        if not sandbox:
            for name in modules:
                del sys.modules[name]
        else:
            assert modules == []
    assert hashes[True] == hashes[False]


def test_a_run_in_a_sandbox_is_verified_without_importing_the_file(strangers, tmp_path):
    found = run(experiment_of(ENTRIES[:1], True, strangers), out=tmp_path / "results", report=False)
    assert verify_results(found.path).problems == []
    assert "sandbox" in (found.path / "experiment.yaml").read_text()


def test_the_class_is_asked_what_it_is(strangers):
    code = read_code("walk.py:Walk", str(strangers))
    said = describe_their_class(AGENT_ROLE, code, Sandbox(), False, {"batch": 3})
    assert said.settings == {"kind": "walk", "batch": 3, "step": 0.1}
    assert said.schema["properties"]["batch"]["description"] == "Points per step."
    agent = SandboxedAgent.of_description(code, {"batch": 3}, said, Sandbox(), False)
    assert agent.model_dump(mode="json") == said.settings
    assert (agent.kind, agent.reads_archive, agent.row_price(PLANE), agent.rows_per_evaluation(PLANE)) == (
        "walk",
        False,
        1,
        1.0,
    )
    assert agent.with_settings({"batch": 4}).model_dump()["batch"] == 4


@pytest.mark.parametrize(
    "method",
    [
        "def model_dump(self, **_): return ['odd']",
        "def model_dump(self, **_): return {'kind': 'odd', 'text': chr(0xd800)}",
        "@classmethod\n    def model_json_schema(cls, *_): return {'least': float('nan')}",
        "@classmethod\n    def model_json_schema(cls, *_): return {'properties': ['step']}",
        "@classmethod\n    def model_json_schema(cls, *_): return {'properties': {'step': 3}}",
    ],
)
def test_what_it_says_of_itself_must_be_data_that_can_be_logged(tmp_path, method):
    text = f"from searchparty import Agent\n\n\nclass Odd(Agent):\n    kind: str = 'odd'\n\n    {method}\n"
    (tmp_path / "odd.py").write_text(text)
    with pytest.raises(WrongClass, match="says nothing valid of itself"):
        describe_their_class(AGENT_ROLE, read_code("odd.py:Odd", str(tmp_path)), Sandbox(), False, {})


def test_what_it_says_of_itself_is_short(tmp_path):
    text = (
        "from searchparty import Agent\nfrom pydantic import Field\n\n\nclass Odd(Agent):\n    kind: str = 'odd'\n"
        "    step: int = Field(1, description='x' * 70_000)\n"
    )
    (tmp_path / "odd.py").write_text(text)
    with pytest.raises(WrongClass, match=r"says too much of itself: .* have 70,\d\d\d characters, and at most 65,536"):
        describe_their_class(AGENT_ROLE, read_code("odd.py:Odd", str(tmp_path)), Sandbox(), False, {})


def test_text_that_is_nested_too_deeply_is_refused_where_it_is_run(tmp_path):
    (tmp_path / "deep.py").write_text("x = " + "-" * 100_000 + "1\n")
    with pytest.raises(WrongClass, match="names a file that raised"):
        describe_their_class(AGENT_ROLE, read_code("deep.py:Deep", str(tmp_path)), Sandbox(), False, {})


def test_settings_that_it_refuses_are_told(strangers):
    code = read_code("walk.py:Walk", str(strangers))
    with pytest.raises(RefusedSettings, match="greater") as told:
        describe_their_class(AGENT_ROLE, code, Sandbox(), False, {"batch": 0, "stap": 1})
    assert [(loc, kind) for loc, kind, _ in told.value.problems] == [
        (("batch",), "greater_than_equal"),
        (("stap",), "extra_forbidden"),
    ]
    with pytest.raises(SpecError, match="agents.0") as spec:
        experiment_of([{"kind": "walk.py:Walk", "batch": 0, "stap": 1}], True, strangers)
    assert "strategies.one.agents.0.stap must be a known setting, got 'stap'. Did you mean 'step'?" in str(spec.value)
    assert "strategies.one.agents.0.batch must be valid (Input should be greater than or equal to 1), got 0" in str(
        spec.value
    )


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"kind": "cma-es", "sandbox": {}}, "kind must name a class in a file where there is a sandbox, got 'cma-es'"),
        ({"kind": "numpy:array", "sandbox": {}}, "kind must name a file where there is a sandbox, got 'numpy:array'"),
        ({"kind": "none.py:None", "sandbox": {}}, "does not exist"),
        ({"kind": "walk.py:Wolk", "sandbox": {}}, "which the file does not define"),
        ({"kind": "beside.py:np", "sandbox": {}}, "names no subclass of Agent"),
        (
            {"kind": "walk.py:Walk", "sandbox": 3},
            "sandbox must be a mapping with keys among memory, cpu_seconds, seconds",
        ),
        ({"kind": "walk.py:Walk", "sandbox": {"memory": "1 MB"}}, "memory must be a number of bytes or a size"),
        ({"kind": "walk.py:Walk", "sandbox": {"cpu": 1}}, "sandbox.cpu must be a known setting"),
    ],
)
def test_what_cannot_stand_under_sandbox_is_refused(strangers, entry, words):
    with pytest.raises(SpecError, match=".*") as told:
        experiment_of([entry], False, strangers)
    assert words in str(told.value)


@pytest.mark.parametrize("place", ["beside.py", "beside", "beside/deep.py", "beside/deep"])
def test_links_beside_a_strangers_file_lead_to_no_file_of_the_user(tmp_path, place):
    secret, theirs = tmp_path / "mine", tmp_path / "theirs"
    secret.mkdir()
    theirs.mkdir()
    (secret / "deep.py").write_text("SECRET = 1\n")
    (theirs / "their.py").write_text("import beside\n")
    link = theirs / place
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(secret / "deep.py" if place.endswith(".py") else secret)
    if place == "beside/deep":
        # A link to a folder within a package is not followed at all.
        assert read_code("their.py:Their", str(theirs)).files == {"their.py": "import beside\n"}
        return
    with pytest.raises(LandscapeError, match="imports only what lies beside it, got .* is a link to .*Copy that"):
        read_code("their.py:Their", str(theirs))


def test_links_that_stay_beside_a_strangers_file_are_followed(tmp_path):
    (tmp_path / "real.py").write_text("X = 1\n")
    (tmp_path / "beside.py").symlink_to(tmp_path / "real.py")
    (tmp_path / "their.py").write_text("import beside\n")
    assert list(read_code("their.py:Their", str(tmp_path)).files) == ["their.py", "beside.py"]


def test_what_is_no_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "their.py")
    with pytest.raises(LandscapeError, match="cannot be read .it is no file"):
        read_code("their.py:Their", str(tmp_path))


def test_a_file_is_read_only_if_it_is_short(tmp_path):
    (tmp_path / "their.py").write_text("import beside\n")
    (tmp_path / "beside.py").write_text("#" * (1 << 20))
    with pytest.raises(LandscapeError, match="at most 1 MB of code"):
        read_code("their.py:Their", str(tmp_path))
    (tmp_path / "beside.py").write_text("#" * 1_000_000)
    assert len(read_code("their.py:Their", str(tmp_path)).files["beside.py"]) == 1_000_000


def test_user_code_that_is_withheld_is_not_run_in_a_sandbox_either(strangers):
    from searchparty.landscapes.user_code import withhold_user_code

    with withhold_user_code() as withheld, pytest.raises(LandscapeError, match="must be trusted"):
        read_code("walk.py:Walk", str(strangers))
    assert withheld == ["walk.py:Walk"]


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ("raise ValueError('no idea')\nyield", r"raised ValueError: no idea"),
        ("raise AgentError('these do not fit')\nyield", r"these do not fit"),
        ("sys.exit('enough')\nyield", r"raised SystemExit: enough"),
        ("os._exit(7)\nyield", r"called os\._exit\(7\)"),
        ("os.write(3, b'x' * 100)\nyield", r"its confined process sent a header of"),
        ("os.write(3, bytes(8))\nyield", r"its confined process sent a header that is no JSON"),
        ("os.close(3)\nyield", r"its confined process ended \(exit code"),
        ("import ctypes\nctypes.string_at(0)\nyield", r"its confined process ended \(signal SIGSEGV\)"),
        ("yield np.zeros((3_000_000, 3))", r"its confined process sent 9,000,000 numbers at once"),
    ],
)
def test_failures_are_the_agents(tmp_path, body, cause):
    with pytest.raises(AgentError, match=cause) as told:
        next(search_with(body, tmp_path))
    if "ValueError" in body:
        assert told.value.place == "their.py:11"


def test_a_late_answer_is_a_verdict(tmp_path):
    with pytest.raises(AgentError, match=r"its confined process sent nothing for 0\.5 s, the limit of its sandbox"):
        next(search_with("time.sleep(100)\nyield", tmp_path, seconds=0.5))


def test_nothing_is_asked_when_the_time_is_over(tmp_path):
    search = search_with("while True: yield np.zeros((1, 2))", tmp_path)
    told = Told(np.zeros(1), None, Lease(0, "a", 10, Region.whole(2), "first lease", fresh=True))
    with limit_conversations(time.monotonic() + 60):
        next(search)
    search.send(told)
    with limit_conversations(0.0), pytest.raises(AgentError, match="was not asked: the time is over"):
        search.send(told)


def test_an_answer_that_comes_byte_by_byte_is_late(tmp_path):
    body = (
        "os.write(3, (4000).to_bytes(4, 'little') + bytes(4))\n"
        "for _ in range(200):\n    os.write(3, b'x')\n    time.sleep(0.05)\nyield"
    )
    with pytest.raises(AgentError, match=r"its confined process sent nothing for 0\.5 s"):
        next(search_with(body, tmp_path, seconds=0.5))


def test_processor_time_is_limited(tmp_path):
    with pytest.raises(AgentError, match="it used more than 1 CPU seconds"):
        next(search_with("while True: pass\nyield", tmp_path, cpu_seconds=1, seconds=20))


def test_memory_is_limited(tmp_path):
    with pytest.raises(AgentError, match="MemoryError"):
        next(search_with("np.ones(10**8)\nyield", tmp_path))


def test_points_of_a_wrong_shape_arrive_for_the_usual_check(tmp_path):
    assert next(search_with("yield np.zeros(3)", tmp_path)).shape == (3,)
    found = next(search_with("yield WithGradient(np.full((1, 2), np.nan))", tmp_path))
    assert isinstance(found, WithGradient)
    assert np.isnan(found.points).all()


def test_the_way_down_from_a_saddle_is_kept(tmp_path):
    search = search_with(
        "yield lease.region.center[None]\nreturn Converged(np.array([0.5, 0.25]), 1.5, 'flat', np.array([0.0, -2.0]))",
        tmp_path,
    )
    next(search)
    with pytest.raises(StopIteration, match="flat") as end:
        search.send(Told(np.zeros(1), None, Lease(0, "a", 10, Region.whole(2), "first lease", fresh=True)))
    found = end.value.value
    assert (found.point.tolist(), found.loss, found.why) == ([0.5, 0.25], 1.5, "flat")
    assert found.escape.tolist() == [0.0, -2.0]


def test_a_price_may_depend_on_the_bounds(tmp_path):
    text = HEAD + "    def row_price(self, space):\n        return int(space.upper[0])\n"
    agent = make_agent(text, tmp_path)
    spaces = [Space(np.zeros(2), np.full(2, upper)) for upper in (3.0, 5.0)]
    assert [agent.row_price(space) for space in spaces] == [3, 5]


def test_spaces_of_all_kinds_arrive_whole(tmp_path):
    text = HEAD + (
        "    def search(self, space, lease, rng):\n"
        "        start = space.init.draw(np.random.default_rng(3)) if space.init else space.start\n"
        "        yield np.concatenate([space.lower, space.upper, start, [space.units, space.gradient_price]])\n"
        "        yield rng.random(3)\n"
        "        raise AgentError(repr(space.axes))\n"
    )
    agent = make_agent(text, tmp_path)
    axes = (Axis("rate", 1e-4, 1e-2, log=True), Axis.of_choices("kernel", ("rbf", None, True, 2)))
    space = Space.of_axes(axes, start=np.array([0.25, 0.5]))
    lease = Lease(3, "a", 10, Region(np.array([0.1, 0.9]), 0.3), "because", fresh=True)
    search = agent.search(space, lease, stream(1, "x"))
    assert next(search).tolist() == [1e-4, 0.0, 1e-2, 3.0, 0.25, 0.5, 1.0, 1.0]
    told = Told(np.zeros(1), None, lease)
    assert search.send(told).tolist() == stream(1, "x").random(3).tolist()
    with pytest.raises(AgentError, match="Axis") as raised:
        search.send(told)
    assert str(raised.value) == repr(axes)
    init = InitialWeights((Drawing(1, "normal", 0.5), Drawing(1, "constant", 1.0)), -3.0, 3.0)
    network = Space(np.full(2, -3.0), np.full(2, 3.0), has_gradient=True, units=7, init=init)
    found = next(agent.search(network, lease, stream(1)))
    assert found[4:6].tolist() == init.draw(np.random.default_rng(3)).tolist()
    assert found[6] == 7


def test_the_landscape_is_nowhere_in_its_process(strangers, tmp_path):
    """One line of ``gc`` finds a landscape in the process that has it."""
    (strangers / "finder.py").write_text(
        HEAD.replace("Their", "Finder").replace('"their"', '"finder"') + "    def search(self, space, lease, rng):\n"
        "        names = [type(each).__name__ for each in gc.get_objects()]\n"
        "        dicts = [each for each in gc.get_objects() if isinstance(each, dict)]\n"
        "        texts = [each for each in dicts if 'dimension' in each and 'seed' in each]\n"
        "        known = sum(name in ('Rastrigin', 'AnalyticProblem') for name in names)\n"
        "        raise AgentError(f'{known} {len(texts)}')\n"
        "        yield\n"
    )
    found = run(experiment_of([{"kind": "finder.py:Finder"}], True, strangers), out=tmp_path / "r", report=False)
    assert {row["cause"] for row in found.failed_agents.rows()} == {"0 0, finder.py:15"}


def test_environment_and_files_of_others_are_out_of_reach(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "planted")
    (tmp_path / "secret.txt").write_text("planted")
    body = f"""found = []
for path in ({str(tmp_path / "secret.txt")!r}, "/etc/passwd", "/proc/self/environ", "/proc/1/environ"):
    try:
        found.append(open(path, "rb").read())
    except OSError as error:
        found.append(type(error).__name__)
raise AgentError(f"{{found}} {{dict(os.environ)}}")
yield"""
    with pytest.raises(AgentError, match="Error") as told:
        next(search_with(body, tmp_path))
    assert str(told.value) in (
        f"{['PermissionError'] * 4} {{}}",
        f"{['FileNotFoundError'] * 2 + ['PermissionError'] * 2} {{}}",
    )


def test_names_of_users_are_unknown_and_no_plugin_that_looks_them_up_aborts(tmp_path):
    body = """import pwd
found = [os.path.expanduser("~")]
for look in (lambda: pwd.getpwuid(0), lambda: pwd.getpwnam("root")):
    try:
        found.append(look())
    except KeyError:
        found.append(None)
raise AgentError(repr(found))
yield"""
    with pytest.raises(AgentError, match=r"^\['~', None, None\]$"):
        next(search_with(body, tmp_path))


def test_processes_do_not_outlive_the_search(tmp_path):
    search = search_with("yield np.array([[os.getpid() / 1e9, 0.0]])\nyield", tmp_path)
    others = {child for server in children_of(os.getpid()) for child in children_of(server)}
    next(search)
    own = {child for server in children_of(os.getpid()) for child in children_of(server)} - others
    assert own
    search.close()
    # Their server ends them once it hears that nobody needs them.
    deadline = time.monotonic() + 30
    while any(Path(f"/proc/{child}").exists() for child in own) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(Path(f"/proc/{child}").exists() for child in own)


def test_an_answer_that_nobody_waited_for_is_put_aside(strangers):
    server = ladder.start_server(ladder.RESTRICTIONS)
    lost = server.start(AGENT_ROLE, Sandbox())
    # As if the one who asked had been interrupted.
    asked = {"op": "start", "role": AGENT_ROLE, "confined": True, "memory": 10**8, "seconds": 1, "id": 99}
    server._control.send(json.dumps(asked).encode())
    assert lost.close() in (0, -signal.SIGKILL)
    server.start(AGENT_ROLE, Sandbox()).close()
    server.close()


def test_a_server_that_is_gone_is_replaced(tmp_path):
    search = search_with("yield np.zeros((1, 2))\nyield np.ones((1, 2))", tmp_path)
    next(search)
    (server,) = ladder.SERVERS.known.values()
    server._process.kill()
    server._process.wait()
    lease = Lease(0, "a", 10, Region.whole(2), "first lease", fresh=True)
    with pytest.raises(AgentError, match=r"its confined process ended \("):
        search.send(Told(np.zeros(1), None, lease))
    assert next(search_with("yield np.zeros((1, 2))", tmp_path)).shape == (1, 2)


def children_of(process):
    """The children of a process, by their parents' ids."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == process:
            found.append(int(path.parent.name))
    return found


def test_without_a_sandbox_the_findings_are_the_same(strangers, tmp_path):
    hashes = set()
    try:
        for rung in (ladder.RESTRICTIONS, ladder.OPEN):
            ladder.use_rung(rung)
            found = run(experiment_of(ENTRIES[:1], True, strangers), out=tmp_path / rung, report=False)
            with LogReader(found.path) as reader:
                hashes.add(trace_hash(reader))
    finally:
        ladder.use_rung(None)
    assert len(hashes) == 1
