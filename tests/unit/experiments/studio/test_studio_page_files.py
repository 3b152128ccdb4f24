"""The files of the page: the first one names what else is needed, and the modules come in one file."""

import gzip
import os
import re
import shutil
import subprocess

import pytest

from searchparty.experiments.studio.bundle import EXPORT, IMPORT, bundle_modules
from searchparty.experiments.studio.page_files import BUNDLE, LIBRARY, PAGE_FOLDER, PageFolder, index_page, page_code

MOST_FIRST_VIEW_BYTES = 250_000
"""Bytes of the page's own code, packed, that a first view loads; the library for 3-D is not counted."""


def test_the_first_file_names_what_else_is_needed():
    text = index_page()
    assert f'<script type="module" src="{BUNDLE}">' in text
    for name in (LIBRARY, "api/catalogue"):
        assert f'href="/{name}"' in text
    assert (PAGE_FOLDER / LIBRARY).exists()


def test_the_first_view_is_light():
    size = len(gzip.compress(page_code().encode())) + len(gzip.compress((PAGE_FOLDER / "style.css").read_bytes()))
    assert size < MOST_FIRST_VIEW_BYTES


def test_a_bundle_does_what_its_modules_do(tmp_path):
    texts = {
        "main.js": 'import { twice as double, Box } from "./a/double.js";\nimport "./a/b/shared.js";\n'
        "console.log(double(4), new Box().kept.length);\n",
        "a/double.js": 'import {\n  list,\n} from "./b/shared.js";\nimport { SIX } from "../vendor/six.js";\n'
        "/** A comment. */\nexport function twice(x) { list.push(x); return SIX + x; }\n"
        "export class Box {\n  kept = list;\n}\nexport async function later() {}\n",
        "a/b/shared.js": "export const list = [1];\nconst main = 3;\n",
    }
    code = bundle_modules("main.js", texts.__getitem__)
    assert code.startswith('import * as module3 from "/vendor/six.js";')
    assert "A comment" not in code
    if shutil.which("node") is None:
        pytest.skip("node is missing")
    (tmp_path / "six.mjs").write_text("export const SIX = 6;\n")
    (tmp_path / "bundle.mjs").write_text(code.replace("/vendor/six.js", "./six.mjs"))
    done = subprocess.run(["node", "bundle.mjs"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["10", "2"]


def test_modules_have_only_the_forms_that_are_read():
    code = page_code()
    assert not re.search(r"^(import (?!\* as module\d+ from \"/vendor/)|export )", code, re.MULTILINE)
    for path in PAGE_FOLDER.rglob("*.js"):
        if "vendor" in path.parts:
            continue
        text = path.read_text(encoding="utf-8")
        assert len(re.findall(r"^import\b", text, re.MULTILINE)) == len(IMPORT.findall(text)), path
        assert len(re.findall(r"^export\b", text, re.MULTILINE)) == len(EXPORT.findall(text)), path
        # What is exported and changed later would stay as it was in a bundle.
        assert not re.search(r"^export (let|var|default)\b", text, re.MULTILINE), path


@pytest.mark.parametrize("name", ["../app.py", "nothing.js", "drawing", "a\0b", "x" * 300, "../../../pyproject.toml"])
def test_only_files_of_the_page_are_read(name):
    assert PageFolder(PAGE_FOLDER).read(name) is None


def test_files_come_with_their_types():
    files = PageFolder(PAGE_FOLDER)
    kinds = {"": "text/html", "style.css": "text/css", BUNDLE: "text/javascript", "icon.svg": "image/svg+xml"}
    assert {name: files.read(name).kind for name in kinds} == kinds
    assert files.read("main.js").kind.endswith("/javascript")


def test_a_file_that_has_changed_is_read_again(tmp_path):
    (tmp_path / "a.txt").write_text("one")
    files = PageFolder(tmp_path)
    assert files.read("a.txt").content == b"one"
    (tmp_path / "a.txt").write_text("two, and longer")
    os.utime(tmp_path / "a.txt", ns=(1, 1))
    assert files.read("a.txt").content == b"two, and longer"
