"""What autodoc and Napoleon are helped with: aliases, one-line docstrings with a colon, names without their module."""

from __future__ import annotations

import inspect
import re
from typing import Any

from docutils import nodes
from pydantic import BaseModel
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.domains.python import PyObject
from sphinx.environment import BuildEnvironment
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.inspect import TypeAliasForwardRef
from sphinx.util.nodes import make_refnode

import searchparty

BEFORE_NAPOLEON = 400
CODE = re.compile(r"(``.+?``)")
MARKUP = re.compile(r"([*|])")
"""What reStructuredText would take for emphasis or a substitution."""


def connect(app: Sphinx) -> None:
    """Connect the functions of this module to Sphinx's events."""
    # In a union Sphinx writes an alias by its repr.
    TypeAliasForwardRef.__repr__ = lambda alias: str(alias.name)  # type: ignore[method-assign]
    for field in PyObject.doc_field_types:
        if field.name == "variable":
            field.label = "Attributes"
    app.connect("autodoc-process-docstring", mend_docstring, priority=BEFORE_NAPOLEON)
    app.connect("autodoc-process-signature", mend_signature)
    app.connect("missing-reference", find_short_name)


def mend_docstring(app: Sphinx, what: str, name: str, obj: object, options: Any, lines: list[str]) -> None:
    """Give an alias the docstring from the module that defines it, and keep Napoleon from taking words for a type."""
    package, _, short = name.rpartition(".")
    if what == "data" and package == searchparty.__name__:
        home = ModuleAnalyzer.for_module(f"{package}.{searchparty._HOMES[short]}")
        lines[:] = home.find_attr_docs()["", short]
    in_example = False
    for number, line in enumerate(lines):
        in_example = line.lstrip().startswith(">>>") or (in_example and line.strip() != "")
        if not in_example:
            lines[number] = "".join(
                part if part.startswith("``") else MARKUP.sub(r"\\\1", part) for part in CODE.split(line)
            )
    if what in {"attribute", "data", "property"}:
        # In the first line Napoleon takes what stands before a colon for the type: here it is an empty comment.
        lines[:0] = ["..", ""]


def mend_signature(
    app: Sphinx, what: str, name: str, obj: object, options: Any, signature: str | None, returned: str | None
) -> tuple[str, str | None] | None:
    """Leave out the arguments of a model, as its fields are described below; write a factory's default as Python."""
    if inspect.isclass(obj) and issubclass(obj, BaseModel):
        return "", None
    return None if signature is None else (signature.replace("<factory>", "..."), returned)


def find_short_name(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.TextElement
) -> nodes.reference | None:
    """Resolve a name without its module, or under the module that defines it, if only one documented name fits."""
    short = str(node.get("reftarget", "")).rpartition(".")[2]
    if node.get("refdomain") != "py":
        return None
    found = {
        (each.docname, each.node_id)
        for name, each in env.domains.python_domain.objects.items()
        if name.rpartition(".")[2] == short and not each.aliased
    }
    if len(found) != 1:
        return None
    ((page, anchor),) = found
    return make_refnode(app.builder, node["refdoc"], page, anchor, content)
