"""Pickles runs for other processes, and names what prevents it."""

from __future__ import annotations

import inspect
import io
import socket
import threading
from collections.abc import Iterator
from functools import partial
from types import FunctionType, GeneratorType, MethodType
from typing import Any

from ray import cloudpickle

from ....agents.evaluation.children.pool import ChildPool
from ....landscapes.landscape import Model
from ....landscapes.opening import open_problem, probe_problem
from ....landscapes.thread_pools import ONE_THREAD
from ....landscapes.user_code import list_loaded_files
from ...loop.executor import ExecutorError
from ...run_spec import RunSpec
from ..messages import FanOut, PickledRun

DEEPEST = 8
"""How deep in what an object holds the culprit is looked for."""
WORDS: tuple[tuple[type, str], ...] = (
    (type(threading.Lock()), "a lock"),
    (type(threading.RLock()), "a lock"),
    (threading.Thread, "a thread"),
    (GeneratorType, "a generator"),
    (io.IOBase, "an open file"),
    (socket.socket, "a socket"),
)
"""What objects that cannot be pickled are called, by type."""


def pickle_run(planned: RunSpec, fan: FanOut | None = None) -> PickledRun:
    """Return what an actor needs to open a run, as bytes. Raises ExecutorError, which names what cannot be pickled."""
    probe = probe_problem(open_problem(planned.landscape)) if planned.landscape.shareable else None
    try:
        return PickledRun(list_loaded_files(), cloudpickle.dumps(planned), fan, probe)
    except Exception as error:
        raise ExecutorError(_describe_culprit(planned, error)) from None


def open_children(planned: RunSpec) -> ChildPool | None:
    """Create child processes that evaluate rows of a run; none is started before it is needed.

    Returns:
        The processes; None if rows are evaluated in child processes anyway, or the landscape cannot be sent to any from
        here: what an objective holds by now may not be what the driver has sent.
    """
    settings = planned.evaluation
    if settings.isolated or planned.landscape.external or not planned.facts.rowwise:
        return None
    settings = settings.model_copy(update={"workers": planned.concurrency})
    try:
        # The actor has one thread, too, and no loss may depend on where a row is evaluated.
        return ChildPool(
            planned.landscape, settings, planned.facts, cloudpickle.dumps, (cloudpickle.__name__,), ONE_THREAD
        )  # fmt: skip
    except Exception:
        # An objective can raise anything when it is pickled. Children only save time.
        return None


def _describe_culprit(planned: RunSpec, error: Exception) -> str:
    function = getattr(planned.landscape, "function", None)
    parts = [("the objective", function)] if callable(function) else []
    parts.append(("the landscape", planned.landscape))
    parts += [(f"agent {name}", agent) for name, agent in planned.team] + [("the policy", planned.policy)]
    words = " ".join(str(error).split())[:200]
    cure = "Create it inside the function that uses it, or use --executor simulated."
    for name, part in parts:
        if _fails(part):
            holders, culprit = _find_culprit(part)
            held = f" holds `{'.'.join(holders)}`, {_describe(culprit)}," if holders else f" is {_describe(culprit)},"
            return f"On Ray, {name} must be sent to other processes. It{held} which cannot be sent ({words}). {cure}"
    return f"On Ray, a run must be sent to other processes. This run cannot be sent ({words}). {cure}"


def _find_culprit(root: Any) -> tuple[list[str], Any]:
    """Return the names that lead from an object to the innermost part that cannot be pickled, and that part."""
    names, found, seen = list[str](), root, {id(root)}
    for _ in range(DEEPEST):
        held = ((name, part) for name, part in _parts_of(found) if id(part) not in seen and _fails(part))
        inner = next(held, None)
        if inner is None:
            break
        names.append(inner[0])
        found = inner[1]
        seen.add(id(found))
    return names, found


def _fails(part: Any) -> bool:
    try:
        cloudpickle.dumps(part)
    except Exception:
        return True
    return False


def _parts_of(holder: Any) -> Iterator[tuple[str, Any]]:
    """Yield what an object holds, by name."""
    if isinstance(holder, MethodType):
        yield from _parts_of(holder.__self__)
    elif isinstance(holder, FunctionType):
        closed = inspect.getclosurevars(holder)
        yield from [*closed.nonlocals.items(), *closed.globals.items()]
        yield from ((f"default {number}", value) for number, value in enumerate(holder.__defaults__ or (), 1))
        yield from (holder.__kwdefaults__ or {}).items()
    elif isinstance(holder, partial):
        yield getattr(holder.func, "__name__", "func"), holder.func
        yield from ((f"argument {number}", value) for number, value in enumerate(holder.args, 1))
        yield from holder.keywords.items()
    elif isinstance(holder, dict):
        yield from ((f"[{key!r}]", value) for key, value in holder.items())
    elif isinstance(holder, list | tuple | set | frozenset):
        yield from ((f"[{number}]", value) for number, value in enumerate(holder))
    elif isinstance(holder, Model):
        yield from ((name, getattr(holder, name)) for name in type(holder).model_fields)
    else:
        yield from vars(holder).items() if hasattr(holder, "__dict__") else ()


def _describe(culprit: Any) -> str:
    """Return what an object is, in words."""
    for kind, words in WORDS:
        if isinstance(culprit, kind):
            return words
    name = type(culprit).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
