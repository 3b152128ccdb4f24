"""Commands for readers to copy: a shell reads the words that were meant."""

import re
import shlex
from pathlib import Path

import pytest

import searchparty
from searchparty.orchestrator.command_line import format_command, quote_words

ROOT = Path(searchparty.__file__).parent
WRITTEN = re.compile(
    r"searchparty (?:run|resume|report|trace|verify|branch|try|fetch|submit) (?:[^\"'`\n]* )?\{\{? *(?!')"
)
"""A command with a word that is filled in as it is."""


@pytest.mark.parametrize("name", ["plain", "d 1", "d  1", "it's", "a;b", "$HOME", 'say "x"', "(1)", "*", "é"])
def test_a_shell_reads_the_words_that_were_meant(name):
    words = ["searchparty", "resume", name, "--repeats", "5"]
    assert shlex.split(format_command("resume", Path(name), "--repeats", 5)) == words
    assert [shlex.split(word) for word in quote_words(*words[1:])] == [[word] for word in words]


def test_no_module_fills_words_into_a_command_without_quoting_them():
    files = [path for room in ("experiments", "orchestrator", "agents", "landscapes")
             for kind in ("*.py", "*.j2") for path in (ROOT / room).rglob(kind)]  # fmt: skip
    assert len(files) > 300
    found = [f"{path.name}: {line.strip()}" for path in files
             for line in path.read_text(encoding="utf-8").splitlines() if WRITTEN.search(line)]  # fmt: skip
    assert found == []
