"""An objective that ends the program: ``sys.exit`` or Ctrl-C within it leaves, wherever it is evaluated."""

from __future__ import annotations

import os
from typing import Any

from ...landscapes.causes import PACKAGE_FOLDERS


class ObjectiveExit(SystemExit):
    """Raised where an objective raised SystemExit, with the same ``code``.

    Attributes:
        place: Where it did, as "train.py:12".
    """

    def __init__(self, code: Any, place: str) -> None:
        super().__init__(code)
        self.place = place

    def describe(self) -> str:
        """Return what the objective did, in words."""
        return f"The objective ended the program: SystemExit({self.code!r}){self.place and f' in {self.place}'}"


class ExitRequest(Exception):
    """What an objective that ends the program sends from another process; ``to_exception`` gives what is raised here.

    Args:
        code: The code of its SystemExit; None for a KeyboardInterrupt.
        place: Where it raised that, as "train.py:12".
        interrupts: Whether it raised KeyboardInterrupt.
    """

    def __init__(self, code: int | str | None, place: str, interrupts: bool) -> None:
        super().__init__(code, place, interrupts)
        self.code, self.place, self.interrupts = code, place, interrupts

    @classmethod
    def from_exception(cls, error: BaseException) -> ExitRequest:
        """Return the request of a SystemExit or KeyboardInterrupt."""
        code = getattr(error, "code", None)
        plain = code if code is None or isinstance(code, int | str) else str(code)
        return cls(plain, place_of_exit(error), isinstance(error, KeyboardInterrupt))

    def to_exception(self) -> BaseException:
        """Return the exception with which the objective leaves this process, too."""
        return KeyboardInterrupt() if self.interrupts else ObjectiveExit(self.code, self.place)


def place_of_exit(error: BaseException) -> str:
    """Return the line of the objective at which an exception left it, as "train.py:12", or ""."""
    if isinstance(error, ObjectiveExit):
        return error.place
    trace = error.__traceback__
    while trace is not None:
        path = trace.tb_frame.f_code.co_filename
        if not path.startswith(PACKAGE_FOLDERS):
            return f"{os.path.basename(path)}:{trace.tb_lineno}"
        trace = trace.tb_next
    return ""
