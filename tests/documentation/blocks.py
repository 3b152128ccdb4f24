"""The fenced code blocks of the README and of the pages of the documentation."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PAGES = (
    "README.md",
    "docs/index.md",
    "docs/coming-from.md",
    "docs/networks.md",
    "docs/tutorial/*.md",
    "docs/how-to/*.md",
    "docs/reference/*.md",
)
FENCE = re.compile(r"^(`{3,})(\S*)\s*$")
SAVED = re.compile(r"Save this as `([\w./-]+)`")
SKIPPED = re.compile(r"<!-- not run: (.+) -->")
NEEDED = re.compile(r"<!-- needs (\w+) -->")
DIRECTIVES = {"{toctree}", "{include}", "{eval-rst}"}
"""What only Sphinx reads."""


@dataclass(frozen=True)
class Block:
    """A code block: where it begins, and what the paragraph above it says of it."""

    page: str
    line: int
    language: str
    text: str
    saved_as: str | None
    """The file that a reader saves it as."""
    skipped: str | None
    """Why it is not run."""
    needs: str | None = None
    """The module without which it is not run: it belongs to an extra."""

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def commands(self) -> list[str]:
        """The commands of a shell block, without comments; one that ends with a backslash goes on in the next line."""
        lines = re.sub(r"\\\n\s*", "", self.text).splitlines()
        found = (re.sub(r"(^|\s)#\s.*$", "", line).strip() for line in lines)
        return [command for command in found if command]


def page_paths() -> list[Path]:
    """Return all pages whose blocks are tested."""
    return [path for pattern in PAGES for path in sorted(ROOT.glob(pattern))]


def read_blocks(path: Path) -> list[Block]:
    """Return the blocks of a page, in their order, without those of Sphinx's directives."""
    found, lines = [], path.read_text().splitlines()
    number = 0
    while number < len(lines):
        fence = FENCE.match(lines[number])
        if fence:
            end = next(i for i in range(number + 1, len(lines)) if lines[i].strip() == fence[1])
            if fence[2] not in DIRECTIVES:
                above = _paragraph_above(lines, number)
                saved, skipped = SAVED.search(above), SKIPPED.search(above)
                text = "\n".join(lines[number + 1 : end]) + "\n"
                page = path.relative_to(ROOT).as_posix()
                needed = NEEDED.search(above)
                block = Block(
                    page, number + 1, fence[2], text, saved and saved[1], skipped and skipped[1], needed and needed[1]
                )
                found.append(block)
            number = end
        number += 1
    return found


def _paragraph_above(lines: list[str], number: int) -> str:
    """The last paragraph before a line."""
    above: list[str] = []
    for line in reversed(lines[:number]):
        if line.strip():
            above.insert(0, line)
        elif above:
            break
    return " ".join(above)
