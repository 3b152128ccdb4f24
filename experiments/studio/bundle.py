"""The page's modules in one file, so that a browser asks once and not a hundred times.

The modules are those of the page itself, whose imports and exports have the few forms that are read here; a test holds
them to these. Modules of others (``vendor/``) are imported from their own files.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from posixpath import dirname, join, normpath

LIBRARY_FOLDER = "vendor/"
IMPORT = re.compile(r"""^import\s+(?:\{([^}]*)\}\s*from\s*)?["'](\.{1,2}/[^"']+)["'];?[ ]*\n""", re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async )?function\*? (\w+)|class (\w+)|const (\w+))", re.MULTILINE)
LATER = re.compile(r"""\bimport\(\s*["'](\.{1,2}/[^"']+)["']\s*\)""")
COMMENT = re.compile(r"^ *(?:/\*\*(?:[^*]|\*(?!/))*\*/|//[^\n]*)\n", re.MULTILINE)


def bundle_modules(entry: str, read: Callable[[str], str]) -> str:
    """Return one module that does what ``entry`` and all modules that it imports do.

    Each becomes a function that is called once and returns what the module exports. Imports that are made later
    (``import()``) stay, and load files.

    Args:
        entry: The path of the module that starts the others, e.g. "main.js".
        read: Returns the text of a module by its path.
    """
    parts: list[str] = []
    names: dict[str, str] = {}
    vendors: list[str] = []

    def add(path: str) -> str:
        if path in names:
            return names[path]
        names[path] = name = f"module{len(names)}"
        if path.startswith(LIBRARY_FOLDER):
            vendors.append(f'import * as {name} from "/{path}";')
            return name
        text = COMMENT.sub("", read(path))
        exports = ["".join(found) for found in EXPORT.findall(text)]
        folder = dirname(path)

        def replace_import(found: re.Match[str]) -> str:
            given = add(normpath(join(folder, found[2])))
            return f"const {{{found[1].replace(' as ', ': ')}}} = {given};\n" if found[1] else ""

        text = IMPORT.sub(replace_import, text)
        text = LATER.sub(lambda found: f'import("/{normpath(join(folder, found[1]))}")', EXPORT.sub("", text))
        parts.append(f"const {name} = (() => {{ // {path}\n{text}return {{ {', '.join(exports)} }};\n}})();\n")
        return name

    add(entry)
    return "\n".join([*vendors, *parts])
