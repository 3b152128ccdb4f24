"""Modules beside the user's files: each file imports its own, whatever else has the same name."""

import importlib
import itertools
import pickle
import subprocess
import sys

import numpy as np
import pytest

from searchparty.agents.evaluation.open import open_evaluator
from searchparty.agents.evaluation.settings import Evaluation
from searchparty.landscapes.neighbours import follow_imports, list_imports, with_local_imports
from searchparty.landscapes.python_function import UserFunction
from searchparty.landscapes.user_code import LOADED_FILES, list_loaded_files, load_object

IMPORTS = {
    "at the top": "import {name}\ndef loss(x): return {name}.value",
    "of a name": "from {name} import value\ndef loss(x): return value",
    "of all names": "from {name} import *\ndef loss(x): return value",
    "under another name": "import {name} as other\ndef loss(x): return other.value",
    "in a function": "def loss(x):\n    import {name}\n    return {name}.value",
    "of a name in a function": "def loss(x):\n    from {name} import value\n    return value",
    "of one that imports another": "import first_{name}\ndef loss(x): return first_{name}.get()",
    "of a module in a package": "import package_{name}.inner\ndef loss(x): return package_{name}.inner.value",
    "of a package by a function": "def loss(x):\n    from package_{name} import inner\n    return inner.value",
    "of a submodule under another name": "import package_{name}.inner as i\ndef loss(x): return i.value",
    "from a folder without __init__.py": "from folder_{name} import inner\ndef loss(x): return inner.value",
    "by importlib": "import importlib\ndef loss(x): return importlib.import_module('{name}').value",
    "by import_module": "from importlib import import_module\nvalue = import_module('{name}').value\n"
    "def loss(x): return value",
    "by __import__": "def loss(x): return __import__('{name}').value",
    "of a circle": "import circle_{name}\ndef loss(x): return circle_{name}.get()",
}
numbers = itertools.count()


def write_folder(folder, name, statement, value):
    """Write obj.py, which imports ``name`` from its folder, and modules that all hold the value."""
    text = f"value = {value!r}\n"
    files = {
        "obj.py": statement.format(name=name) + "\n",
        f"{name}.py": text,
        f"first_{name}.py": f"import {name}\ndef get():\n    import {name} as again\n    return again.value\n",
        f"package_{name}/__init__.py": "",
        f"package_{name}/inner.py": f"from . import deep\nimport {name}\nvalue = (deep.value + {name}.value) / 2\n",
        f"package_{name}/deep.py": text,
        f"folder_{name}/inner.py": text,
        f"circle_{name}.py": f"import back_{name}\ndef get(): return back_{name}.get()\nvalue = {value!r}\n",
        f"back_{name}.py": f"import circle_{name}\ndef get(): return circle_{name}.value\n",
    }
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)


@pytest.mark.parametrize("statement", IMPORTS.values(), ids=IMPORTS)
def test_each_file_imports_its_own(tmp_path, statement):
    name, folders = f"near{next(numbers)}", [tmp_path / each for each in "abc"]
    for value, folder in enumerate(folders):
        write_folder(folder, name, statement, float(value))
    functions = [load_object("obj.py:loss", "function", str(folder)) for folder in folders]
    assert [function(None) for function in functions] == [0.0, 1.0, 2.0]
    assert [function(None) for function in reversed(functions)] == [2.0, 1.0, 0.0]


@pytest.mark.parametrize("name", ["json", "random", "queue", "numpy", "scipy", "searchparty", "utils", "test", "types"])
def test_a_file_beside_comes_before_what_is_installed(tmp_path, name):
    """As in Python, where the folder of the file that is started comes first; others still get what is installed."""
    before = importlib.import_module(name) if name != "utils" else None
    (tmp_path / f"{name}.py").write_text("value = 7\n")
    (tmp_path / "obj.py").write_text(f"import {name}\nimport os, sys\ndef loss(x): return {name}.value\n")
    assert load_object("obj.py:loss", "function", str(tmp_path))(None) == 7
    if before is not None:
        assert importlib.import_module(name) is before


@pytest.mark.parametrize("name", ["sys", "os", "time", "builtins"])
def test_built_in_and_frozen_modules_come_first(tmp_path, name):
    (tmp_path / f"{name}.py").write_text("raise RuntimeError\n")
    (tmp_path / "obj.py").write_text(f"import {name}\ndef loss(x): return {name}.__name__\n")
    assert load_object("obj.py:loss", "function", str(tmp_path))(None) == name


def test_a_folder_that_is_no_package_does_not_hide_what_is_installed(tmp_path):
    (tmp_path / "numpy").mkdir()
    (tmp_path / "obj.py").write_text("import numpy\ndef loss(x): return numpy.pi\n")
    assert load_object("obj.py:loss", "function", str(tmp_path))(None) == np.pi


def test_files_in_a_folder_share_the_modules_beside_them(tmp_path):
    name = f"near{next(numbers)}"
    (tmp_path / f"{name}.py").write_text("calls = []\n")
    for file in ("loss", "grad"):
        (tmp_path / f"{file}.py").write_text(
            f"import {name}\ndef call(x):\n    {name}.calls.append(x)\n    return list({name}.calls)\n"
        )
    first, second = (load_object(f"{file}.py:call", "function", str(tmp_path)) for file in ("loss", "grad"))
    assert first(1) == [1]
    assert second(2) == [1, 2]


@pytest.mark.parametrize("statement", IMPORTS.values(), ids=IMPORTS)
def test_an_edited_neighbour_is_read_again(tmp_path, statement):
    """Also if its size and the second of its change are what they were, which byte code cannot tell apart."""
    name = f"near{next(numbers)}"
    for value in (1.0, 2.0, 3.0):
        write_folder(tmp_path, name, statement, value)
        assert load_object("obj.py:loss", "function", str(tmp_path))(None) == value


def test_a_name_that_nothing_else_has_stays_plain(tmp_path):
    """So that processes which the user's code starts can import it."""
    name = f"near{next(numbers)}"
    (tmp_path / f"{name}.py").write_text("def work(x): return x\n")
    (tmp_path / "obj.py").write_text(f"import {name}\nwork = {name}.work\n")
    work = load_object("obj.py:work", "function", str(tmp_path))
    assert work.__module__ == name
    assert pickle.loads(pickle.dumps(work)) is work


def test_a_missing_module_has_its_own_name_in_the_message(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder / "pack").mkdir(parents=True)
        (tmp_path / folder / "pack" / "__init__.py").write_text("")
        (tmp_path / folder / "obj.py").write_text("import pack\ndef loss(x):\n    import pack.absent\n    return 0.0\n")
        loss = load_object("obj.py:loss", "function", str(tmp_path / folder))
        with pytest.raises(ModuleNotFoundError, match=r"No module named 'pack.absent'$"):
            loss(None)


def test_children_import_the_same(tmp_path):
    """All statements in one pair of landscapes: starting their children takes most of the time."""
    name = f"near{next(numbers)}"
    every = "".join(f"import obj{number}\n" for number in range(len(IMPORTS)))
    losses = ", ".join(f"obj{number}.loss(x)" for number in range(len(IMPORTS)))
    for value, folder in enumerate("ab"):
        for number, statement in enumerate(IMPORTS.values()):
            write_folder(tmp_path / folder, name, statement, float(value))
            (tmp_path / folder / "obj.py").rename(tmp_path / folder / f"obj{number}.py")
        (tmp_path / folder / "all.py").write_text(
            f"{every}def loss(x):\n    values = {{{losses}}}\n"
            "    assert len(values) == 1, values\n    return values.pop()\n"
        )
    landscapes = [UserFunction(function="all.py:loss", bounds=((0, 1),), base=str(tmp_path / each)) for each in "ab"]
    for value, landscape in enumerate(landscapes):
        evaluator = open_evaluator(landscape, Evaluation(workers=2))
        try:
            evaluated = evaluator.evaluate(np.full((3, 1), 0.5), False)
            assert evaluated.losses.tolist() == [float(value)] * 3, evaluated
        finally:
            evaluator.close()


SETTING = """
import {name}
from pydantic import BaseModel
class Holder(BaseModel):
    shape: {name}.Shape = {name}.Shape(side={value})
"""


def test_what_neighbours_define_is_unpickled_elsewhere(tmp_path):
    """In a process that receives it, whichever of them it needs first."""
    name = f"near{next(numbers)}"
    holders = []
    for value, folder in enumerate("ab"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "own.py").write_text(SETTING.format(name=name, value=value))
        (tmp_path / folder / f"{name}.py").write_text(
            "from pydantic import BaseModel\nclass Shape(BaseModel):\n    side: int\n"
            f"    def area(self): return self.side + {10 * value}\n"
        )
        holders.append(load_object("own.py:Holder", "kind", str(tmp_path / folder))())
    used = {holder.__class__.__module__ for holder in holders}
    files = {key: value for key, value in list_loaded_files().items() if key in used or key not in LOADED_FILES}
    message = tmp_path / "message"
    message.write_bytes(pickle.dumps((files, [pickle.dumps(holder) for holder in holders])))
    program = (
        "import pickle, sys\nfrom searchparty.landscapes.user_code import load_object, unpickle_with_files\n"
        "files, messages = pickle.load(open(sys.argv[1], 'rb'))\n"
        "second = unpickle_with_files(files, messages[1]).shape.area()\n"
        # A process that has received files gives no names itself.
        "load_object('own.py:Holder', 'kind', sys.argv[2])\n"
        "print([unpickle_with_files(files, messages[0]).shape.area(), second])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(message), str(tmp_path / "b")], capture_output=True, text=True
    )
    assert (done.stdout.strip(), done.stderr) == ("[0, 11]", "")


def test_imports_are_listed(tmp_path):
    path = tmp_path / "a.py"
    path.write_text(
        "import one.two, three as t\nfrom four.x import y\nfrom . import five\ndef f():\n    import six\n"
        "    importlib.import_module('seven.eight')\n    __import__('nine')\n    import_module(six)\n"
    )
    assert list_imports(path) == {"one", "three", "four", "five", "six", "seven", "nine"}
    for bad in ("def", "\0", ""):
        path.write_text(bad)
        assert list_imports(path) == set()
    assert list_imports(tmp_path / "absent.py") == set()


def test_imports_are_followed(tmp_path):
    write_folder(tmp_path, "near", IMPORTS["of a circle"], 1.0)
    found = {path.name for path in with_local_imports(tmp_path / "obj.py")}
    assert found == {"obj.py", "circle_near.py", "back_near.py"}
    package = tmp_path / "package_near" / "inner.py"
    assert {path.name for path in follow_imports([package], tmp_path)} == {"inner.py", "deep.py", "near.py"}
