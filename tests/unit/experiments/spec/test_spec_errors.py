"""Every mistake in a YAML gives a message with the rule, the place and the remedy."""

import re

import pytest

from searchparty.experiments.spec import yaml_text
from searchparty.experiments.spec.errors import SpecError
from searchparty.experiments.spec.load import load, loads_yaml
from searchparty.experiments.spec.models import Experiment
from searchparty.landscapes.landscape import MOST_MESSAGE

GOOD = """\
name: small
budget: 100
landscapes:
  - {kind: sphere}
strategies:
  alone:
    agents: [random]
"""


def problems(text, overrides=()):
    with pytest.raises(SpecError, match=" must .*, got ") as caught:
        loads_yaml(text, overrides, "x.yaml")
    return caught.value.problems


# The text that is changed in GOOD, the new text, and the message.
SETTINGS = [
    ("budget", "budgt", "budgt must be a known setting, got 'budgt' (x.yaml:2). Did you mean 'budget'?"),
    ("budget: 100\n", "", "budget must be given, got nothing (x.yaml). Add budget: ... (Evaluations per run; \"100 D\" "
     "means 100 times the dimension)."),
    ("name: small", "name: 5", "name must be text, got 5 (x.yaml:1). Put it in quotes."),
    ("name: small", 'name: "a\\tb"', "name must be 1 to 100 printable characters, got 'a\\tb' (x.yaml:1)*"),
    ("100", "0", 'budget must be a whole number of evaluations from 1 to 1,000,000,000, or "<n> D" for n times the '
     "dimension, got 0 (x.yaml:2). Write e.g. 2000 or 500 D."),
    ("100", "1.5", "budget must be a whole number*got 1.5 (x.yaml:2)*"),
    ("100", "2 x D", "budget must be a whole number*got '2 x D' (x.yaml:2)*"),
    ("100", ".nan", "budget must be a whole number*got nan (x.yaml:2)*"),
    ("100", "100\nrepeats: true", "repeats must be a whole number, got true (x.yaml:3). Change it."),
    ("100", "100\nrepeats: 0", "repeats must be at least 1, got 0 (x.yaml:3). Its meaning: Runs of each strategy on "
     "each landscape (default: 1)."),
    ("100", "100\nrepeats: 1.5", "repeats must be a whole number, got 1.5 (x.yaml:3). Leave out the fraction."),
    ("100", "100\nrepeats: many", "repeats must be a whole number, got 'many' (x.yaml:3)*"),
    ("100", "100\nconcurrency: 2", "concurrency must be at most 1, the size of the team, also where a lease has "
     "several lanes, got 2 (x.yaml:3). Lower it, or add agents."),
    ("[random]", "[random]\n    concurrency: 3", "strategies.alone.concurrency must be at most 1*got 3 (x.yaml:8)*"),
    ("100", "100\nregion: {center: 0.9, radius: 0.2}", "region must lie within the unit cube, got center 0.9 with "
     "radius 0.2 (x.yaml:3). Lower the radius to 0.1, or move the center."),
    ("100", "100\nregion: {center: 1.2, radius: 0.2}", "region.center must lie in the unit cube, got 1.2 (x.yaml:3)*"),
    ("100", "100\nregion: {centre: 0.5}", "region.centre must be a known setting, got 'centre' (x.yaml:3). Did you "
     "mean 'center'?"),
    ("100", "100\nregion: {center: [0.5, 0.5, 0.5]}", "region.center must have one number per axis (2 for sphere D=2), "
     "got 3 (x.yaml:3). Give one number per axis, or one number for all axes."),
    ("100", "100\nregion: {radius: 0.6}", "region.radius must be at most 0.5, got 0.6 (x.yaml:3)*"),
    ("100", "100\nregion: 3", "region must be a mapping with keys among center, radius, got 3 (x.yaml:3). "
     "Write region: {...}, or leave it out."),
    ("100", "100\nstop: {target: 1, precision: 1}", "stop.precision must be given without target, got 1.0 and target "
     "1.0 (x.yaml:3). Keep one of them."),
    ("100", "100\nstop: {seconds: .inf}", "stop.seconds must be a finite number, got inf (x.yaml:3)*"),
    ("{kind: sphere}", "{kind: sphre}", "landscapes.0.kind must be a known landscape, got 'sphre' (x.yaml:4). Did you "
     "mean 'sphere'?"),
    ("{kind: sphere}", "{dimension: 2}", "landscapes.0.kind must be a kind of landscape, got nothing (x.yaml:4). "
     "Known: *"),
    ("{kind: sphere}", "5", "landscapes.0 must be a kind of landscape or a mapping with a kind, got 5 (x.yaml:4)*"),
    ("{kind: sphere}", "{kind: sphere, dim: 2}", "landscapes.0.dim must be a known setting, got 'dim' (x.yaml:4)*"),
    ("{kind: sphere}", "{kind: sphere, dimension: []}", "landscapes.0.dimension must be a value or a list of values, "
     "got [] (x.yaml:4). Give at least one value."),
    ("{kind: sphere}", "{kind: bbob, function: 5-1}", "landscapes.0.function must be a range from low to high of at "
     "most 10000 numbers, got '5-1' (x.yaml:4). Write e.g. 1-15."),
    ("{kind: sphere}", "{kind: bbob, function: 1-24, instance: 1-9999}", "landscapes.0 must expand to at most 10000 "
     "landscapes, got 239976 (x.yaml:4). Shorten its lists."),
    ("{kind: sphere}", "{kind: bbob, function: [1, 25]}", "landscapes.0.function must be at most 24, got 25 "
     "(x.yaml:4)*"),
    ("{kind: sphere}", "{kind: sphere, shift: far}", "landscapes.0.shift must be a number, a list of number, random or "
     "null, got 'far' (x.yaml:4). Write one of these."),
    ("{kind: sphere}", "{kind: sphere, bounds: [1, 0]}", "landscapes.0.bounds must have low < high, got (1.0, 0.0) "
     "(x.yaml:4)*"),
    ("{kind: sphere}", "{kind: sphere, base: /tmp}", "landscapes.0.base must be a known setting*"),
    ("{kind: sphere}", "{kind: sphere, bounds: []}", "landscapes.0.bounds must have one entry per axis (2), got 0*"),
    ("{kind: sphere}", "{kind: command, command: [x], bounds: []}", "landscapes.0.bounds must be given, one pair "
     "per axis, got [] (x.yaml:4). Write e.g. [-5, 5] with a dimension, or give parameters."),
    ("{kind: sphere}", "{kind: python, function: nope.py:f, bounds: [0, 1]}", "landscapes.0.function must name a "
     "readable file, got *nope.py, which does not exist (x.yaml:4). Check the path."),
    ("{kind: sphere}", "{kind: python, function: json:lods, bounds: [0, 1]}", "landscapes.0.function must name "
     "something in json, got 'lods', which it does not define (x.yaml:4). Did you mean 'loads'?"),
    ("{kind: sphere}", "{kind: python, function: f, bounds: [0, 1]}", "landscapes.0.function must be "
     "\"path/to/file.py:name\" or \"package.module:name\", got 'f' (x.yaml:4). Write e.g. objectives.py:loss."),
    ("\n  - {kind: sphere}", " []", "landscapes must be a list of at least one landscape, got [] (x.yaml:3)*"),
    ("\n  alone:\n    agents: [random]", " {}", "strategies must be a mapping from names to at least one strategy, "
     "got {} (x.yaml:5)*"),
    ("\n    agents: [random]", " 3", "strategies.alone must be a mapping with agents, got 3 (x.yaml:6)*"),
    ("agents: [random]", "agents: []", "strategies.alone.agents must be a list of at least one agent, got [] "
     "(x.yaml:7). Add e.g. - {kind: random}."),
    ("agents: [random]", "agent: [random]", "strategies.alone.agent must be a known setting, got 'agent' (x.yaml:7). "
     "Did you mean 'agents'?"),
    ("random", "randm", "strategies.alone.agents.0 must be a known agent, got 'randm' (x.yaml:7). Did you mean "
     "'random'?"),
    ("random", "{kind: random, batsh: 2}", "strategies.alone.agents.0.batsh must be a known setting, got 'batsh' "
     "(x.yaml:7). Did you mean 'batch'?"),
    ("random", "{kind: random, coun: 2}", "strategies.alone.agents.0.coun must be a known setting, got 'coun' "
     "(x.yaml:7). Did you mean 'count'?"),
    ("random", "{kind: random, count: 0}", "strategies.alone.agents.0.count must be at least 1, got 0 (x.yaml:7)*"),
    ("random", "{kind: random, count: 1001}", "strategies.alone.agents.0.count must be at most 1000, got 1001*"),
    ("random", "{kind: random, name: a}, {kind: grid, name: a}", "strategies.alone.agents.1.name must be a name that "
     "no other member has, got 'a' twice (also x.yaml:7) (x.yaml:7). Give them different names."),
    ("random", "{kind: gradient-descent, method: adm}", "strategies.alone.agents.0.method must be one of plain, "
     "momentum, adam, got 'adm' (x.yaml:7). Did you mean 'adam'?"),
    ("random", "{kind: gradient-descent, step: 0}", "strategies.alone.agents.0.step must be above 0.0, got 0 "
     "(x.yaml:7)*"),
    ("random", "{kind: random, count: 101}", "budget must be at least 101, one row for each agent of alone on sphere "
     "D=2, got 100 (x.yaml:2). Raise it, or make the team smaller."),
    ("random", "{kind: 'nope.py:Mine'}", "strategies.alone.agents.0.kind must name a readable file*(x.yaml:7)*"),
    ("random]", "random]\n    policy: bandit", "strategies.alone.policy must be a kind of policy, got 'bandit' "
     "(x.yaml:8). bandit is a budget choice: write policy: {budget: bandit}."),
    ("random]", "random]\n    policy: compsed", "strategies.alone.policy must be a known policy, got 'compsed' "
     "(x.yaml:8). Did you mean 'composed'?"),
    ("random]", "random]\n    policy: {budget: bandt}", "strategies.alone.policy.budget must be a known budget, got "
     "'bandt' (x.yaml:8). Did you mean 'bandit'?"),
    ("random]", "random]\n    policy: {budget: {kind: bandit, floor: 2}}", "strategies.alone.policy.budget.floor must "
     "be at most 1.0, got 2 (x.yaml:8)*"),
    ("random]", "random]\n    policy: {sharing: no}", "strategies.alone.policy.sharing must be a known sharing, got "
     "'no' (x.yaml:8). Did you mean 'none'?"),
    ("random]", "random]\n    policy: {sharing: ~}", "strategies.alone.policy.sharing must be a kind of sharing, got "
     "null (x.yaml:8). Write sharing: none to share nothing."),
    ("random]", "random]\n    policy: {sharing: false}", "strategies.alone.policy.sharing must be a kind of sharing or "
     "a mapping with a kind, got false (x.yaml:8)*"),
    ("100", "100\nexecutor: raay", "executor must be ray or simulated, got 'raay' (x.yaml:3). Did you mean 'ray'?"),
    ("100", "100\nexecutor: {kind: ray, actor: 2}", "executor.actor must be a known setting, got 'actor' (x.yaml:3). "
     "Did you mean 'actors'?"),
    ("100", "100\nexecutor: {kind: simulated, latency: -1}", "executor.latency.mean must be at least 0.0, got -1 "
     "(x.yaml:3)*"),
    ("100", "100\nexecutor: {kind: simulated, latency: true}", "executor.latency must be a mapping (key: value), got "
     "true (x.yaml:3)*"),
    ("100", "100\nexecutor: {kind: simulated, evaluation: {meen: 2}}", "executor.evaluation.meen must be a known "
     "setting, got 'meen' (x.yaml:3). Did you mean 'mean'?"),
    ("100", "100\nexecutor: {kind: simulated, evaluation: expnential}", "executor.evaluation.kind must be one of "
     "constant, lognormal, exponential, got 'expnential' (x.yaml:3). Did you mean 'exponential'?"),
    ("100", "100\nexecutor: {kind: simulated, stragglers: {factor: 0.5}}", "executor.stragglers.factor must be at "
     "least 1.0, got 0.5 (x.yaml:3). Its meaning: Factor by which the evaluations of a slow lease take longer "
     "(default: 3.0)."),
    ("100", "100\nexecutor: {kind: simulated, failures: {probability: 1}}", "executor.failures.probability must be "
     "below 1.0, got 1 (x.yaml:3)*"),
    ("100", "100\nexecutor: 3", "executor must be ray, simulated, or a mapping with a kind, got 3 (x.yaml:3)*"),
    ("100", "100\nsweep: [1]", "sweep must be a mapping from paths to lists, got [1] (x.yaml:3)*"),
    ("100", "100\nsweep:\n  budget: 5", "sweep.budget must be a list of at least one value, got 5 (x.yaml:4)*"),
    ("100", "100\nsweep:\n  budgt: [5]", "sweep.budgt must begin with a key of the YAML or the name of a member, got "
     "'budgt' (x.yaml:4). Did you mean 'budget'? Members: random."),
    ("100", "100\nsweep:\n  repeats: [5]", "sweep.repeats must be a setting that changes findings, "
     "got 'repeats' (x.yaml:4)*"),
    ("100", "100\nsweep:\n  strategies.alon.policy.lease: [5]", "sweep.strategies.alon.policy.lease must name an "
     "existing strategy, got 'alon' (x.yaml:4). Did you mean 'alone'?"),
    ("100", "100\nsweep:\n  landscapes.1.dimension: [5]", "sweep.landscapes.1.dimension must be the path of a setting, "
     "got 'landscapes.1.dimension', where landscapes is a list of 1 (x.yaml:4)*"),
    ("100", "100\nsweep:\n  landscapes.0.dimension: [5, x]", "landscapes.0.dimension must be a whole number, got 'x' "
     "(x.yaml:4)*"),
    ("100", f"100\nsweep: {{budget: {list(range(1, 1002))}}}", "sweep must have at most 1000 combinations, got 1001 "
     "(x.yaml:3). Shorten its lists."),
]  # fmt: skip


def pattern(message):
    return ".*".join(map(re.escape, message.split("*"))) + "$"


@pytest.mark.parametrize(("old", "new", "message"), SETTINGS, ids=[f"{s[2][:40]}-{i}" for i, s in enumerate(SETTINGS)])
def test_a_setting_that_is_wrong(old, new, message):
    assert old in GOOD
    with pytest.raises(SpecError, match=r"(?m)^" + pattern(message)):
        loads_yaml(GOOD.replace(old, new, 1), name="x.yaml")


def test_all_problems_are_told_at_once():
    text = GOOD.replace("100", "-1").replace("sphere", "sphre").replace("[random]", "[randm, {kind: grid, shrink: 2}]")
    assert [problem.split(" must ")[0] for problem in problems(text)] == [
        "landscapes.0.kind",
        "strategies.alone.agents.0",
        "strategies.alone.agents.1.shrink",
        "budget",
    ]


def test_a_precision_needs_a_known_minimum():
    text = GOOD.replace("kind: sphere", "kind: python, function: json:loads, bounds: [0, 1]") + "stop: {precision: 1}\n"
    with pytest.raises(
        SpecError, match=r"stop.precision must be used with known minima, got 1.0 for .*, whose .* \(x.yaml:8\). Use"
    ):
        loads_yaml(text, name="x.yaml")


BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)
TEXTS = [
    ("", "experiment must have settings, got an empty file (x.yaml). Start from a bundled one, e.g. quickstart."),
    ("# nothing\n", "experiment must have settings, got an empty file (x.yaml)*"),
    ("- a\n", "experiment must be a mapping (key: value), got ['a'] (x.yaml:1). Start with a line such as "
     "name: my-experiment."),
    ("name: a\n\tbudget: 1\n", "YAML must be indented by spaces, got a tab (x.yaml:2). Replace tabs with spaces."),
    ("a: 1\nb: 2\na: 3\n", "a must be given once, got 'a' in line 1 and in line 3 (x.yaml:3). Remove one of them."),
    ("a:\n  b: 2\n  b: 3\n", "a.b must be given once, got 'b' in line 2 and in line 3 (x.yaml:3)*"),
    ("a: [1, 2\nb: 3\n", "YAML must be well-formed, got *(x.yaml:*). Check the indentation, and put text with *"),
    ("a: b: c\n", "YAML must be well-formed, got a syntax error: mapping values are not allowed here (x.yaml:1)*"),
    ("a: 1\n---\nb: 2\n", "YAML must be one document, got a second one (x.yaml:2). Remove what follows the ---."),
    ("a: *b\n", "YAML must define each anchor before its alias, got an undefined alias 'b'* (x.yaml:1)*"),
    ("a: !!python/object/apply:os.system [ls]\n", "a must be plain data, got the tag "
     "!!python/object/apply:os.system (x.yaml:1). Remove the tag: only *"),
    ("x:\n  - !own 3\n", "x.0 must be plain data, got the tag !!!own (x.yaml:2)*"),
    ("1: a\n", "a key of experiment must be text, got 1 (x.yaml:1). Put it in quotes."),
    ("a:\n  [1, 2]: b\n", "a key of a must be text, got a list or a mapping (x.yaml:2). Put it in quotes."),
    ("a: \x07\n", "YAML must be printable text, got character U+0007 (x.yaml:1). Remove it."),
    ("a: \"\\UFFFFFFFF\"\n", "YAML must be well-formed, got *"),
    (BOMB, "YAML must have at most 100,000 values after aliases are expanded, got more (x.yaml:*). Use fewer aliases*"),
    ("a: &a [*a]\n", "YAML must be finite, got an anchor that contains itself (x.yaml:1). Remove its alias."),
    ("a: " + "[" * 60 + "]" * 60, "YAML must be nested at most 50 deep, got more (x.yaml:1). Flatten it."),
    ("a: " + "[" * 100_000, "YAML must be nested at most 50 deep, got more (x.yaml:1). Flatten it."),
    ("a: {<<: 3}\n", "a.<< must be an alias of a mapping, got something else (x.yaml:1). Write <<: *name."),
    ("a: !!int x\n", "a must be a valid int, got 'x' (x.yaml:1). Change it, or put it in quotes."),
    ("a: " + "9" * 5000 + "\n", "a must be a valid int, got '999*... (x.yaml:1)*"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), TEXTS, ids=[f"{t[1][:40]}-{i}" for i, t in enumerate(TEXTS)])
def test_a_text_that_is_no_experiment(text, message):
    (found,) = problems(text)
    assert re.fullmatch(pattern(message), found, re.DOTALL), found


def test_too_many_values(monkeypatch):
    monkeypatch.setattr(yaml_text, "MOST_NODES", 1000)
    (found,) = problems("a: [" + "1," * 1001 + "]")
    assert found == "YAML must have at most 1,000 values, got more (x.yaml:1). Split it into several."


def test_files_that_cannot_be_read(tmp_path):
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "latin.yaml").write_bytes(b"name: a\nb: \xe4\n")
    (tmp_path / "large.yaml").write_text("#" * 1_000_001)
    near = re.escape(str(tmp_path / "good.yaml"))
    with pytest.raises(
        SpecError, match=f"be a YAML file or a bundled name, got '.*', which does not exist. Did you mean '{near}'"
    ):
        load(tmp_path / "god.yaml")
    with pytest.raises(SpecError, match=r"got 'quikstart', which does not exist. Did you mean 'quickstart'"):
        load("quikstart")
    with pytest.raises(SpecError, match=r"got 'zzz', which does not exist. Known: bbob-small, "):
        load("zzz")
    with pytest.raises(SpecError, match=r"which does not exist"):
        load("a\0b")
    with pytest.raises(SpecError, match=r"got a directory, .* Name a file in it: good.yaml, large.yaml, latin.yaml."):
        load(tmp_path)
    with pytest.raises(SpecError, match=r"be UTF-8 text, got byte 0xe4 \(.*latin.yaml:2\). Save it as UTF-8."):
        load(tmp_path / "latin.yaml")
    with pytest.raises(SpecError, match=r"be at most 1,000,000 bytes, got 1,000,001 \(.*large.yaml\). Split it"):
        load(tmp_path / "large.yaml")
    (tmp_path / "good.yaml").write_text(GOOD.replace("budget", "budgt"))
    with pytest.raises(SpecError, match=rf"budgt must be a known setting, got 'budgt' \({near}:2\). Did you mean"):
        load(tmp_path / "good.yaml")


OVERRIDES = [
    ("budgt=5", "budgt must be a known setting, got 'budgt' (--set budgt=5). Did you mean 'budget'?"),
    ("budget", "--set must be key.path=value, got 'budget'. Write e.g. --set budget=5000."),
    ("budget=", "budget must be a whole number*got null (--set budget=). Write e.g. 2000 or 500 D."),
    ("budget=[", "YAML must be well-formed, got * (--set budget=[)*"),
    ("budget.x=3", "budget.x must be the path of a setting, got 'budget.x', where budget is 100 (--set budget.x=3)*"),
    ("strategies.alon.policy.lease=3", "strategies.alon.policy.lease must name an existing strategy, got 'alon' "
     "(--set strategies.alon.policy.lease=3). Did you mean 'alone'?"),
    ("strategies.alone.agents.0.batsh=3", "strategies.alone.agents.0.batsh must be a known setting, got 'batsh' "
     "(--set strategies.alone.agents.0.batsh=3). Did you mean 'batch'?"),
    ("landscapes.7.dimension=3", "landscapes.7.dimension must be the path of a setting, got 'landscapes.7.dimension', "
     "where landscapes is a list of 1 (--set landscapes.7.dimension=3)*"),
]  # fmt: skip


@pytest.mark.parametrize(("override", "message"), OVERRIDES, ids=[o[0] for o in OVERRIDES])
def test_an_override_that_is_wrong(override, message):
    (found,) = problems(GOOD, [override])
    assert re.fullmatch(pattern(message).removesuffix("$"), found), found


def test_data_that_are_no_experiment():
    with pytest.raises(SpecError, match=r"experiment must be a mapping \(key: value\), got 3. Start with the key name"):
        Experiment.from_data(3)
    with pytest.raises(SpecError, match=r"key must be text, got 3. Put it in quotes."):
        Experiment.from_data({"a": {3: 4}})
    with pytest.raises(SpecError, match=r"landscapes must be given, got nothing. Add landscapes: "):
        Experiment.from_data({"name": "a"})
    endless = []
    endless.append(endless)
    with pytest.raises(SpecError, match=r"experiment must be nested at most 50 deep, got more. Flatten it."):
        Experiment.from_data({"name": endless})


UNPRINTABLE = ["\x1b[31m", "a\nb", "\u202eabc", "\u200b", "\x07", "\ufeff", "\U000e0041"]


@pytest.mark.parametrize("odd", UNPRINTABLE)
@pytest.mark.parametrize(
    "place",
    [(), ("landscapes", 0), ("strategies",), ("strategies", "alone"), ("evaluation",), ("stop",), ("executor",)],
)
def test_what_cannot_be_printed_is_shown_as_it_is_escaped(place, odd):
    """A key that commands a terminal, or holds a line break, is one line of printable text in the message."""
    data = {
        "name": "small", "budget": 100, "landscapes": [{"kind": "sphere"}], "evaluation": {}, "stop": {},
        "strategies": {"alone": {"agents": ["random"]}}, "executor": {"kind": "simulated"},
    }  # fmt: skip
    inner = data
    for key in place:
        inner = inner[key]
    inner[odd] = 1
    with pytest.raises(SpecError, match=" must ") as caught:
        load(data)
    escaped = odd.encode("unicode_escape").decode()
    assert all(problem.isprintable() for problem in caught.value.problems)
    assert any(escaped in problem for problem in caught.value.problems)


@pytest.mark.parametrize("name", [*UNPRINTABLE, " ", "   "])
def test_a_member_has_a_printable_name(name):
    data = {
        "name": "small", "budget": 100, "landscapes": ["sphere"],
        "strategies": {"alone": {"agents": [{"kind": "random", "name": name}]}},
    }  # fmt: skip
    with pytest.raises(SpecError, match=r"agents\.0\.name must be 1 to 60 printable characters, got '"):
        load(data)


def test_check_shows_a_description_without_commands_to_the_terminal(command, tmp_path):
    (tmp_path / "x.yaml").write_text(GOOD + 'description: "red \\e[31m\\u202e text\\nmore"\nexecutor: simulated\n')
    done = command("check", "x.yaml", cwd=tmp_path)
    assert done.returncode == 0
    assert "small: red \\x1b[31m\\u202e text\nmore\n" in done.stdout


LONG = [
    "x" * 5000,
    "word " * 1000,
    list(range(3000)),
    {f"key {number}": number for number in range(1000)},
    [["a b"] * 900],
]
PLACES = [
    ("name",), ("seed",), ("budget",), ("repeats",), ("region",), ("region", "center"), ("landscapes", 0, "bounds"),
    ("landscapes", 0, "dimension"), ("landscapes", 0, "kind"), ("strategies", "alone", "agents"), ("executor",),
    ("strategies", "alone", "policy"), ("executor", "latency"), ("executor", "kind"), ("evaluation", "memory"),
    ("evaluation", "workers"), ("evaluation", "on_nan"), ("stop", "target"), ("sweep",), ("files",), ("base",),
]  # fmt: skip


@pytest.mark.parametrize("place", PLACES, ids=lambda place: ".".join(map(str, place)))
@pytest.mark.parametrize("value", LONG, ids=["word", "words", "numbers", "mapping", "nested"])
def test_a_problem_is_short_whatever_was_given(place, value):
    """The rule stands at its beginning, and what to do at its end."""
    data = {
        "name": "small", "budget": 100, "landscapes": [{"kind": "sphere"}], "evaluation": {}, "stop": {}, "region": {},
        "strategies": {"alone": {"agents": ["random"], "policy": {}}}, "executor": {"kind": "simulated"},
    }  # fmt: skip
    inner = data
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    try:
        load(data)
    except SpecError as error:
        for problem in error.problems:
            assert len(problem) <= MOST_MESSAGE
            assert re.match(r"[^\n]{1,450} must ", problem)
            assert problem[-1] in ".?"


@pytest.mark.parametrize("key", ["k" * 3000, "word " * 600])
def test_a_key_of_any_length_is_cut_in_the_path(key):
    data = {"name": "a", "budget": 9, "landscapes": ["sphere"], "strategies": {"a": {"agents": ["random"], key: 1}}}
    with pytest.raises(SpecError, match=r"^strategies\.a\..{97}\.\.\. must be a known setting, got '") as caught:
        load(data)
    assert max(map(len, caught.value.problems)) < 500


def with_setting(place, value):
    """Return the data of a small experiment with one setting changed."""
    data = {
        "name": "small", "budget": 100, "landscapes": [{"kind": "sphere"}], "evaluation": {}, "stop": {}, "region": {},
        "strategies": {"alone": {"agents": [{"kind": "random"}], "policy": {}}}, "executor": {"kind": "simulated"},
    }  # fmt: skip
    inner = data
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return data


QUOTED = [
    (("seed",), "7"), (("repeats",), "2"), (("concurrency",), "1"), (("landscapes", 0, "dimension"), "2"),
    (("landscapes", 0, "dimension"), ["2", "3"]), (("landscapes", 0, "bounds"), ["0", "1"]),
    (("landscapes", 0, "bounds"), [["0", 1], [0, 1]]), (("landscapes", 0, "shift"), "0.5"),
    (("stop", "target"), "1e-3"),
    (("evaluation", "timeout"), "3"), (("evaluation", "retries"), " 3 "), (("region", "center"), "0.5"),
    (("region", "center"), ["0.5", 0.5]), (("strategies", "alone", "agents", 0, "batch"), "3"),
    (("strategies", "alone", "agents", 0, "count"), "3"), (("strategies", "alone", "policy", "lease"), "1_0"),
    (("strategies", "alone", "concurrency"), "1"), (("executor", "workers"), "1"), (("executor", "price"), "1"),
]  # fmt: skip


@pytest.mark.parametrize(("place", "value"), QUOTED, ids=lambda each: str(each))
def test_a_number_in_quotes_is_a_text(place, value):
    """By YAML, by a mapping and by ``--set``, as in ``minimize(seed="7")``."""
    with pytest.raises(SpecError, match="must be a number, got .*. Write numbers without quotes."):
        load(with_setting(place, value))
    with pytest.raises(SpecError, match="must be a number, got .*x.yaml:.*. Write numbers without quotes."):
        loads_yaml(yaml_text.dump_yaml(with_setting(place, value)), name="x.yaml")


TEXTS = [
    (("name",), "7"), (("description",), "7"), (("budget",), "5 D"), (("landscapes", 0, "dimension"), "2-3"),
    (("landscapes", 0, "shift"), "random"), (("evaluation", "memory"), "2 GB"), (("executor", "latency"), 1),
    (("strategies", "alone", "agents", 0, "name"), "7"), (("strategies",), {"7": {"agents": ["random"]}}),
    (("strategies", "alone", "policy"), {"kind": "party", "opener": "7"}),
]  # fmt: skip


@pytest.mark.parametrize(("place", "value"), TEXTS, ids=lambda each: str(each))
def test_what_is_a_text_may_be_a_number_in_quotes(place, value):
    assert load(with_setting(place, value)).name


def test_the_place_of_a_message_stands_before_its_cure_whatever_its_first_words():
    text = (
        "name: x\nbudget: 10\nlandscapes:\n  - kind: python\n    function: a.py:f\n    parameters: {C: {low 0.01: 1}}\n"
        "strategies: {a: {agents: [random]}}\n"
    )
    with pytest.raises(SpecError, match=r"C\.low 0\.01 must be a known setting, got 'low 0\.01' \(x\.yaml:6\)\. \S"):
        loads_yaml(text, name="x.yaml")
