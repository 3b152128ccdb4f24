"""One browser, one studio and its results for all browser tests.

A browser is an extra, so these tests are marked as extras and `make test-extras` runs them.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import chromium
import prepared
import pytest
import studios


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    path = chromium.program()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=chromium.FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def all_troubles() -> list[str]:
    return []


@pytest.fixture(autouse=True)
def troubles(all_troubles: list[str]) -> Iterator[list[str]]:
    """Collect the errors on all pages during a test. A test that provokes an error clears the list."""
    all_troubles.clear()
    yield all_troubles
    assert all_troubles == []


@pytest.fixture(scope="session")
def studio(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[studios.Studio]:
    """Start a studio with the results of ``prepared``."""
    folder = tmp_path_factory.mktemp("studio")
    with studios.studio_in(folder) as studio:
        prepared.prepare(studio.results)
        yield studio


@pytest.fixture(scope="module")
def opened(browser: Any, all_troubles: list[str]) -> Iterator[Callable[..., Any]]:
    """Open pages, each in its own profile, and close them with the module."""
    with ExitStack() as stack:

        def new(**options: Any) -> Any:
            page = chromium.opened(browser, all_troubles, **options)
            stack.callback(page.context.close)
            return page

        yield new
