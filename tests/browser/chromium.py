"""Chromium for the browser tests: where it is, how it is started, and which errors on a page fail a test."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
REQUIRED = "SEARCHPARTY_BROWSER"
VIOLATIONS = """document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`content policy: ${event.violatedDirective} ${event.blockedURI}`));"""


def program() -> str:
    """Return the path of the browser.

    Without it, or without playwright, the test is skipped. It fails instead if the environment says that a browser is
    required.
    """
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path and find_spec("playwright"):
        return path
    missing = f"one of {', '.join(NAMES)} on the PATH" if path is None else "the package playwright"
    words = f"the tests in a browser need {missing}. Install it, e.g. apt-get install chromium; make .venv/.test."
    if os.environ.get(REQUIRED) == "required":
        pytest.fail(f"{words} {REQUIRED}=required says that they must run.")
    pytest.skip(words)


def opened(browser: Any, troubles: list[str], **options: Any) -> Any:
    """Open a new page in its own profile. Every error on it is recorded in ``troubles``."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
    context.set_default_timeout(15_000)
    page = context.new_page()
    page.add_init_script(VIOLATIONS)
    page.on("pageerror", lambda error: troubles.append(f"error: {error.message}"))
    page.on("console", lambda said: said.type == "error" and troubles.append(f"{said.type}: {said.text}"))
    page.on("requestfailed", lambda request: _failed(request, troubles))
    return page


def _failed(request: Any, troubles: list[str]) -> None:
    # A request that the page itself has cancelled is not a failure.
    if request.failure != "net::ERR_ABORTED":
        troubles.append(f"request: {request.url} {request.failure}")
