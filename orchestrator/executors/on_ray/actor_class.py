"""What runs on a node and knows of Ray. It travels as bytes, so that it can also say what a node lacks to import the
rest of this package."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

PACKAGE_NAME = (__package__ or "").rpartition(".")[0]


def make_actor_class(package: str = PACKAGE_NAME) -> tuple[type, Callable[..., Any]]:
    """The actor's class, and the function of a task; they refer to nothing of this package until they are used."""

    def name_node(error: Exception) -> Exception:
        """What was raised; if for what is amiss on this node, with the node's name."""
        import ray

        node, words = ray.util.get_node_ip_address(), str(error)
        if isinstance(error, ModuleNotFoundError):
            name = str(error.name).partition(".")[0]
            return ModuleNotFoundError(
                f"node {node} must have the package {name!r}, and has not ({words}). "
                f"If it is a file of yours, name it under files:, else install it there (pip install {name}); "
                "`searchparty doctor` looks at every node."
            )
        if type(error).__name__ in ("LandscapeError", "CannotEvaluate") and not words.startswith("node "):
            return type(error)(f"node {node}: {words}")
        return error

    def import_object(module: str, name: str) -> Any:
        from importlib import import_module

        return getattr(import_module(f"{package}.{module}"), name)

    class RayActor:
        """Hosts what ``executors/host.py`` says, opened at the first call."""

        def __init__(self) -> None:
            self._host: Any = None
            self._calls: dict[int, Iterator[Any]] = {}
            self._number = 0

        def stream(self, method: str, *arguments: Any) -> Iterator[tuple[int, Any]]:
            """What a method of the host yields, item by item, each under the call's number."""
            self._number += 1
            number = self._number
            try:
                if self._host is None:
                    self._host = import_object("actor_host", "ActorHost")(
                        import_object("on_ray.task_evaluator", "TaskEvaluator")
                    )
                for item in getattr(self._host, method)(*arguments):
                    yield number, item
            except Exception as error:
                raise name_node(error) from None

        def first(self, method: str, *arguments: Any) -> tuple[int, Any]:
            """The first item of a call; ``more`` has the next."""
            items = self.stream(method, *arguments)
            number, item = next(items)
            if not item.last:
                self._calls[number] = items
            return number, item

        def more(self, number: int) -> tuple[int, Any]:
            """The next item of a call."""
            found: tuple[int, Any] = next(self._calls[number])
            if found[1].last:
                del self._calls[number]
            return found

        def tell(self, method: str, *arguments: Any) -> None:
            """Call a method of the host that yields nothing; in vain, if nothing was ever hosted."""
            if self._host is not None:
                getattr(self._host, method)(*arguments)

    def evaluate(*arguments: Any) -> Any:
        try:
            return import_object("on_ray.task_evaluator", "evaluate_task_rows")(*arguments)
        except Exception as error:
            raise name_node(error) from None

    return RayActor, evaluate
