"""Mutated YAMLs of experiments: what somebody may hand in by mistake, on a bad day, or to see what happens.

The YAML with a number is the same for the same seed. It starts from a bundled experiment, or from one in the
documentation, and is changed as a tree, as a text, or both.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from drawn_settings import choose, draw_settings

from searchparty.experiments.spec import catalogue
from searchparty.experiments.spec.errors import SpecError
from searchparty.experiments.spec.sources import bundled_files
from searchparty.experiments.spec.yaml_text import dump_yaml, parse_yaml

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "CONTRIBUTING.md", "docs/*.md", "docs/*/*.md")
BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.DOTALL | re.MULTILINE)
WHOLE = {"name", "landscapes", "strategies"}
"""The keys by which a block of the documentation is a whole experiment."""
AROUND = {
    "name": "around",
    "budget": 100,
    "landscapes": [{"kind": "sphere", "dimension": 2}],
    "strategies": {"team": {"agents": ["random", {"kind": "grid", "count": 2}], "policy": {"budget": "bandit"}}},
}
"""What a block with some keys of an experiment alone is laid over."""
MARK = "zzraw{}zz"
"""Stands for a raw piece of YAML until the tree around it is written."""
RAW = [
    *("2024-01-01", "12:30:45", "1_000", "0x1F", "0o17", "+.inf", "-.INF", ".nan", "-0.0"),
    *("1e400", "-1e-400", "9" * 400),
    *("9" * 5000, "1" + "0" * 40, "yes", "off", "~", "Null", "!!binary aGFsbG8=", "!!set {a, b}", "!!python/tuple [1]"),
    *("!!int abc", "!!str 1", "!!float one", "!local 3", "&a [*a]", "&b {x: *b}", "*nowhere", "&c 1", "{? [1, 2] : 3}"),
    *("{1: 2}", "{null: 1}", "{true: 1}", "[,]", "[1, 2", "{a: 1", "'half", '"half', "a: b: c", "- - - 1", "{<<: 1}"),
    *("{<<: {kind: grid}}", "{<<: [{a: 1}, {b: 2}]}", "|\n  block\n  text", ">-\n  folded", "@at"),
    *("`tick`", "%percent"),
    *('"\\ud800"', '"\\U0001F600"', '"\\x00"', '"\\u2028"', '"\\e[31mred"', '"\\U7fffffff"'),
    *('"a\\nb"', "[" * 60 + "]" * 60),
    *("&l [1, 2, 3]", "#comment", "? key", "---", "...", "\t", "{a: 1, a: 2}", "=", "<<", "'it''s'", '"\\ufeff"'),
]  # fmt: skip
ODD_TEXTS = [
    *("", " ", "a", "null", "none", "nan", "inf", "1", "1.5", "-1", "1e3", "1-15"),
    *("5-1", "1-999999999", "5 D", "D", "0 D"),
    *("random", "composed", "grid", "sphere", "bandit", "simulated", "ray", "auto", "party", "../../..", "/", "~", "."),
    *("nowhere.py:f", "nowhere:f", "os:path", ":", "a:", ":b", "a:b:c", "x" * 300, "y" * 20_000),
    *("word " * 500, "*", "[x]"),
    *("[bold]", ":x:", "\u00e9", "\u65e5\u672c\u8a9e", "\U0001f600", "\u202eabc", "\u200b"),
    *("e\u0301", "\u0000", "\x1b[31m"),
    *("\n", "a\nb", "\r\n", "\t", "'", '"', "\\", "%s", "{}", "${HOME}", "$(ls)"),
    *("<b>", "a.b", "agents.0.kind", "\ufeff"),
]  # fmt: skip
ODD_NUMBERS = [
    *(0, 1, 2, 3, -1, -2, 7, 10, 100, 10**4, 10**6, 10**9, 2**31, 2**53, 2**63 - 1),
    *(2**63, 2**64, 10**30, 10**400, -(10**400)),
    *(0.0, -0.0, 0.5, 1.0, 1.5, -1.5, 1e-9, 5e-324, 1e-308, 1e308, -1e308, 1.7976931348623157e308, 1e16, 0.1 + 0.2),
    *(float("nan"), float("inf"), float("-inf")),
]  # fmt: skip
ODD_CHARACTERS = [
    *"\t\r\n :-#&*!|>%@`'\"[]{},?~<=.0aZ\\",
    *"\x00\x07\x1b\x7f\x85\xa0\xe9\u2028\u202e\ufeff\ufffe\U0001f600",
]
TOP_KEYS = [
    *("name", "description", "seed", "repeats", "budget", "concurrency", "region"),
    *("landscapes", "strategies", "executor"),
    *("evaluation", "stop", "log", "sweep", "base", "files", "x-mine", "include", "kind"),
]  # fmt: skip
SECTIONS = {
    "region": ("center", "radius"),
    "stop": ("target", "precision", "seconds"),
    "log": ("keep",),
    "evaluation": ("timeout", "memory", "workers", "on_nan", "on_error", "retries", "stop_after", "agent_timeout"),
    "executor": (
        *("kind", "address", "placement", "actors", "cpus_per_actor", "resources", "workers", "price", "evaluation"),
        *("latency", "decision", "stragglers", "failures"),
    ),
}
SWEPT = [
    *("budget", "seed", "concurrency", "landscapes.0.dimension", "landscapes.0", "landscapes"),
    *("strategies", "executor"),
    *("region.radius", "stop.target", "nothing", "a.b.c", "landscapes.9.kind", "strategies.team.agents.0"),
    *("sweep", "", "."),
    *("strategies.team.policy.lease", "strategies.team.policy.budget", "strategies.team.agents.0.step"),
    *("name", "repeats"),
]  # fmt: skip

MOST_COPIED = 10_000
"""The most values that one mutation copies: PyYAML writes and reads some ten thousand a second."""
MOST_CHARACTERS = 200_000
"""The longest text that is changed further."""

Place = tuple[Any, Any]
"""A container, and the key or index of a value in it."""


@cache
def read_originals() -> tuple[str, ...]:
    """Return the YAMLs from which mutations start: those of the package, then those of the documentation."""
    # Those of networks need an extra, and take long where it is installed.
    bundled = [path for name, path in bundled_files().items() if not name.startswith(("digits", "wide-start"))]
    found = [path.read_text(encoding="utf-8") for path in bundled]
    for path in [path for pattern in PAGES for path in sorted(ROOT.glob(pattern))]:
        for text in BLOCK.findall(path.read_text(encoding="utf-8")):
            try:
                data, _ = parse_yaml(text)
            except SpecError:
                continue
            found.append(text if data.keys() >= WHOLE else dump_yaml(AROUND | data))
    return tuple(dict.fromkeys(found))


@cache
def parse_original(text: str) -> dict[str, Any]:
    """Return the data of an original, which must not be changed."""
    return parse_yaml(text)[0]


def mutate_yaml(seed: int, number: int) -> bytes:
    """Make the mutated YAML of a number, as the bytes of its file."""
    rng = np.random.default_rng([seed, 1, number])
    originals = read_originals()
    text = originals[number % len(originals)]
    way = rng.random()
    if way < 0.85:
        text = mutate_tree(text, rng)
    if way > 0.7:
        for _ in range(rng.integers(1, 4)):
            text = choose(rng, TEXT_MUTATIONS)(text, rng) if len(text) < MOST_CHARACTERS else text
    raw = text.encode("utf-8", "surrogatepass")
    if rng.random() < 0.02:
        at = int(rng.integers(len(raw) + 1))
        raw = raw[:at] + rng.bytes(int(rng.integers(1, 4))) + raw[at:]
    return raw


def mutate_tree(text: str, rng: np.random.Generator) -> str:
    """Change a YAML as a tree, a few times."""
    data = copy.deepcopy(parse_original(text))
    raw: list[str] = []
    for _ in range(int(rng.choice([1, 1, 1, 2, 3, 5]))):
        if len(list_places(data)) < MOST_COPIED:
            choose(rng, TREE_MUTATIONS)(data, rng, raw)
    written = dump_yaml(data) if isinstance(data, dict) else str(data)
    for number, piece in enumerate(raw):
        written = written.replace(MARK.format(number), piece, 1)
    return written


def list_places(data: Any) -> list[Place]:
    """Return the place of every value of a tree."""
    found: list[Place] = []
    if isinstance(data, dict | list):
        for key in data if isinstance(data, dict) else range(len(data)):
            found += [(data, key), *list_places(data[key])]
    return found


def make_odd_value(rng: np.random.Generator, raw: list[str], depth: int = 0) -> Any:
    """Make a value that hardly any setting takes."""
    way = int(rng.integers(9))
    if way == 0:
        return choose(rng, [None, True, False])
    if way <= 2:
        return choose(rng, ODD_NUMBERS)
    if way <= 4:
        return choose(rng, ODD_TEXTS)
    if way == 5:
        raw.append(choose(rng, RAW))
        return MARK.format(len(raw) - 1)
    if way == 6:
        nests: list[Any] = [
            [],
            {},
            [[]],
            [{}],
            {"": 1},
            {"a": {"b": {"c": 1}}},
            {"kind": "grid"},
            {"kind": []},
            [[1, 2]],
        ]
        return copy.deepcopy(choose(rng, nests))
    if way == 7:
        nested: Any = choose(rng, ODD_NUMBERS)
        for _ in range(int(choose(rng, [2, 5, 45, 60, 100]))):
            nested = [nested] if rng.random() < 0.5 else {"a": nested}
        return nested
    if depth > 2:
        return []
    size = int(choose(rng, [1, 2, 3, 20, 1000])) if depth == 0 else 2
    inner = [make_odd_value(rng, raw, depth + 1) for _ in range(min(size, 20))]
    return (inner * (size // len(inner) + 1))[:size]


def delete_value(data: Any, rng: np.random.Generator, raw: list[str]) -> None:
    places = list_places(data)
    if places:
        parent, key = choose(rng, places)
        del parent[key]


def rename_key(data: Any, rng: np.random.Generator, raw: list[str]) -> None:
    places = [(parent, key) for parent, key in list_places(data) if isinstance(parent, dict)]
    if places:
        parent, key = choose(rng, places)
        value = parent.pop(key)
        parent[misspell(key, rng) if rng.random() < 0.7 else choose(rng, ODD_TEXTS)] = value


def misspell(word: str, rng: np.random.Generator) -> str:
    """Misspell a word as a hand does."""
    at = int(rng.integers(len(word) + 1))
    other = choose(rng, list("aeinrst-_ 5"))
    ways = [word[:at] + word[at + 1 :], word[:at] + other + word[at:], word.upper(), word + "s", word[::-1]]
    return str(choose(rng, ways))


def replace_value(data: Any, rng: np.random.Generator, raw: list[str]) -> None:
    places = list_places(data)
    if places:
        parent, key = choose(rng, places)
        parent[key] = make_odd_value(rng, raw)


def misspell_value(data: Any, rng: np.random.Generator, raw: list[str]) -> None:
    places = [(parent, key) for parent, key in list_places(data) if isinstance(parent[key], str)]
    if places:
        parent, key = choose(rng, places)
        parent[key] = misspell(parent[key], rng)


def quote_value(data: Any, rng: np.random.Generator, raw: list[str]) -> None:
    """Write a number as a text, or a text as something else."""
    places = [(parent, key) for parent, key in list_places(data) if not isinstance(parent[key], dict | list)]
    if places:
        parent, key = choose(rng, places)
        parent[key] = choose(rng, [str, lambda v: [v], lambda v: {"kind": v}, lambda v: {"mean": v}, repr])(parent[key])


def list_kinds(data: Any) -> list[dict[str, Any]]:
    """Return every mapping of a tree that has a kind."""
    return [parent[key] for parent, key in list_places(data) if isinstance(parent[key], dict) and "kind" in parent[key]]


def nudge_number(data: Any, rng: np.random.Generator, raw: list[str]) -> None:
    """Change a number a little, or by much."""
    places = [(parent, key) for parent, key in list_places(data) if type(parent[key]) in (int, float)]
    numbers = [(parent, key) for parent, key in places if abs(parent[key]) < 1e300]
    if numbers:
        parent, key = choose(rng, numbers)
        factor = choose(rng, [0, -1, 2, 3, 10, 1000, 10**6, 0.5, 0.1])
        changed = parent[key] * factor if rng.random() < 0.6 else parent[key] + choose(rng, [1, -1, 5, 1e-9])
        parent[key] = int(changed) if type(parent[key]) is int and rng.random() < 0.8 else changed


def give_setting(data: Any, rng: np.random.Generator, raw: list[str]) -> None:
    """Give a setting of a kind a value within its range."""
    found = list_kinds(data)
    for entry in [choose(rng, found)] if found else []:
        for family in catalogue.FAMILIES:
            cls = catalogue.family_classes(family).get(str(entry["kind"]))
            if cls is not None:
                entry |= draw_settings(rng, cls)
                return


def move_value(data: Any, rng: np.random.Generator, raw: list[str]) -> None:
    """Put a copy of a value where another one stands."""
    places = list_places(data)
    if places:
        (parent, key), (other, there) = choose(rng, places), choose(rng, places)
        parent[key] = copy.deepcopy(other[there])


def transplant_value(data: Any, rng: np.random.Generator, raw: list[str]) -> None:
    """Put a value of another experiment where one stands."""
    places, theirs = list_places(data), list_places(parse_original(choose(rng, read_originals())))
    if places:
        (parent, key), (other, there) = choose(rng, places), choose(rng, theirs)
        parent[key] = copy.deepcopy(other[there])


def multiply_entry(data: Any, rng: np.random.Generator, raw: list[str]) -> None:
    """Repeat an entry of a list or a mapping, sometimes very often."""
    places = list_places(data)
    if places:
        parent, key = choose(rng, places)
        times = int(choose(rng, [1, 1, 2, 3, 30, 300]))
        if len(list_places(parent[key])) * times > MOST_COPIED:
            times = 1
        for number in range(times):
            if isinstance(parent, list):
                parent.append(copy.deepcopy(parent[key]))
            else:
                parent[f"{key}{number}"] = copy.deepcopy(parent[key])


def add_setting(data: Any, rng: np.random.Generator, raw: list[str]) -> None:
    """Give a setting that the schema has, with a value that it may not take."""
    if not isinstance(data, dict):
        return
    way = rng.random()
    if way < 0.3:
        section = choose(rng, list(SECTIONS))
        place = data.setdefault(section, {})
        if isinstance(place, dict):
            place[choose(rng, SECTIONS[section])] = make_odd_value(rng, raw)
    elif way < 0.5:
        data[choose(rng, TOP_KEYS)] = make_odd_value(rng, raw)
    elif way < 0.65:
        swept = choose(rng, SWEPT)
        values = [make_odd_value(rng, raw) for _ in range(int(rng.integers(3)))]
        data["sweep"] = {swept: values} if rng.random() < 0.8 else make_odd_value(rng, raw)
    else:
        add_setting_of_kind(data, rng, raw)


def add_setting_of_kind(data: Any, rng: np.random.Generator, raw: list[str]) -> None:
    """Give a landscape, an agent, a policy or a choice one of its own settings."""
    found = list_kinds(data)
    if not found:
        return
    entry = choose(rng, found)
    for family in catalogue.FAMILIES:
        classes = catalogue.family_classes(family)
        if isinstance(entry["kind"], str) and entry["kind"] in classes:
            name = choose(rng, list(classes[entry["kind"]].model_fields))
            entry[name] = make_odd_value(rng, raw)
            return
    entry["count"] = make_odd_value(rng, raw)


def cut_text(text: str, rng: np.random.Generator) -> str:
    low, high = sorted(rng.integers(0, len(text) + 1, 2))
    return text[:low] + text[high if rng.random() < 0.3 else low + min(high - low, int(rng.integers(1, 20))) :]


def end_early(text: str, rng: np.random.Generator) -> str:
    return text[: int(rng.integers(len(text) + 1))]


def insert_character(text: str, rng: np.random.Generator) -> str:
    at = int(rng.integers(len(text) + 1))
    return text[:at] + choose(rng, ODD_CHARACTERS) * int(choose(rng, [1, 1, 1, 2, 50])) + text[at:]


def insert_raw(text: str, rng: np.random.Generator) -> str:
    at = int(rng.integers(len(text) + 1))
    return text[:at] + choose(rng, RAW) + text[at:]


def duplicate_lines(text: str, rng: np.random.Generator) -> str:
    lines = text.splitlines(keepends=True)
    low, high = sorted(rng.integers(0, len(lines) + 1, 2))
    return "".join(lines[:high] + lines[low:high] * int(choose(rng, [1, 1, 2, 50])) + lines[high:])


def swap_lines(text: str, rng: np.random.Generator) -> str:
    lines = text.splitlines(keepends=True)
    if lines:
        one, other = rng.integers(0, len(lines), 2)
        lines[one], lines[other] = lines[other], lines[one]
    return "".join(lines)


def indent_line(text: str, rng: np.random.Generator) -> str:
    lines = text.splitlines(keepends=True)
    if lines:
        at = int(rng.integers(len(lines)))
        lines[at] = choose(rng, [" ", "  ", "\t", "- "]) + lines[at] if rng.random() < 0.6 else lines[at].lstrip()
    return "".join(lines)


def replace_word(text: str, rng: np.random.Generator) -> str:
    words = list(re.finditer(r"[\w.+-]+", text))
    if not words:
        return text
    word = choose(rng, words)
    other = choose(rng, words)[0] if rng.random() < 0.4 else choose(rng, [*RAW, *map(str, ODD_TEXTS)])
    return text[: word.start()] + other + text[word.end() :]


def join_texts(text: str, rng: np.random.Generator) -> str:
    between = choose(rng, ["", "\n", "\n---\n", "\n...\n"])
    return text + between + choose(rng, read_originals())


def change_line_ends(text: str, rng: np.random.Generator) -> str:
    return choose(rng, ["\ufeff", "", "%YAML 1.1\n---\n"]) + text.replace("\n", choose(rng, ["\r\n", "\r", "\n"]))


TREE_MUTATIONS: list[Callable[[Any, np.random.Generator, list[str]], None]] = [
    *(delete_value, rename_key, replace_value, replace_value, misspell_value, quote_value, move_value),
    *(transplant_value, multiply_entry, add_setting, add_setting, nudge_number, nudge_number, nudge_number),
    *(give_setting, give_setting),
]
TEXT_MUTATIONS: list[Callable[[str, np.random.Generator], str]] = [
    *(cut_text, end_early, insert_character, insert_raw, duplicate_lines, swap_lines, indent_line, replace_word),
    *(join_texts, change_line_ends),
]
