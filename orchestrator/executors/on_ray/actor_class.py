"""The Ray actor and the Ray task that run on a node. They are sent as bytes, so that they can also report what a node
lacks to import the rest of this package."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

PACKAGE_NAME = (__package__ or "").rpartition(".")[0]


def make_actor_class(package: str = PACKAGE_NAME) -> tuple[type, Callable[..., Any]]:
    """Return the class of the actor, and the function of the task.

    Neither imports anything of this package before it is used.

    Args:
        package: Name of the package that has ``actor_host`` and ``on_ray.task_evaluator``.
    """

    def name_node(error: Exception) -> Exception:
        """Return the error. If something on this node is its cause, the message names the node."""
        import ray

        node, words = ray.util.get_node_ip_address(), str(error)
        if isinstance(error, ModuleNotFoundError):
            name = str(error.name).partition(".")[0]
            return ModuleNotFoundError(
                f"node {node} must have the package {name!r}, but does not ({words}). "
                f"If it is a file of yours, list it under files:, else install it there (pip install {name}). "
                "`searchparty doctor` checks every node."
            )
        if type(error).__name__ in ("LandscapeError", "CannotEvaluate") and not words.startswith("node "):
            return type(error)(f"node {node}: {words}")
        return error

    def import_object(module: str, name: str) -> Any:
        from importlib import import_module

        return getattr(import_module(f"{package}.{module}"), name)

    class RayActor:
        """An actor that hosts an ``ActorHost`` (``executors/actor_host.py``), which is created at the first call."""

        def __init__(self) -> None:
            self._host: Any = None
            self._calls: dict[int, Iterator[Any]] = {}
            self._number = 0

        def identify(self) -> tuple[str, int]:
            """Return the id of the node, and the id of this process there."""
            import os

            import ray

            return ray.get_runtime_context().get_node_id(), os.getpid()

        def stream(self, method: str, *arguments: Any) -> Iterator[tuple[int, Any]]:
            """Call a method of the host, and yield (number of the call, item) of each item that it yields."""
            self._number += 1
            number = self._number
            try:
                if self._host is None:
                    self._host = import_object("actor_host", "ActorHost")(
                        import_object("on_ray.task_evaluator", "TaskEvaluator"),
                        import_object("on_ray.pickling", "open_children"),
                    )
                for item in getattr(self._host, method)(*arguments):
                    yield number, item
            except (SystemExit, KeyboardInterrupt) as error:
                # Ray would take it for the end of this process.
                raise import_object("messages", "ExitRequest").from_exception(error) from None
            except Exception as error:
                raise name_node(error) from None

        def first(self, method: str, *arguments: Any) -> tuple[int, Any]:
            """Call a method of the host, and return (number of the call, first item); ``more`` returns the next."""
            items = self.stream(method, *arguments)
            number, item = next(items)
            if not item.last:
                self._calls[number] = items
            return number, item

        def more(self, number: int) -> tuple[int, Any]:
            """Return (number of the call, next item)."""
            found: tuple[int, Any] = next(self._calls[number])
            if found[1].last:
                del self._calls[number]
            return found

        def tell(self, method: str, *arguments: Any) -> None:
            """Call a method of the host that yields nothing. Does nothing if there is no host yet."""
            if self._host is not None:
                getattr(self._host, method)(*arguments)

    def evaluate(*arguments: Any) -> Any:
        """Evaluate or measure rows (see ``evaluate_task_rows``)."""
        try:
            import_object("actor_host", "end_at_termination")()
            return import_object("on_ray.task_evaluator", "evaluate_task_rows")(*arguments)
        except (SystemExit, KeyboardInterrupt) as error:
            raise import_object("messages", "ExitRequest").from_exception(error) from None
        except Exception as error:
            raise name_node(error) from None

    return RayActor, evaluate
