"""A really served dashboard, and a real Chromium to look at it."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from benchmarks.dashboard_serving import CHROMIUM_ARGS, VIEWPORT, chromium, served
from mintcore.progress import SilentReporter
from store.artefacts import Home

OpenPage = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tell the demo first and look at it last, so that no process waits for the one that tells it."""
    items.sort(
        key=lambda item: 0 if item.path.name == "test_demo.py" else 2 if _is_here(item) else 1
    )


def _is_here(item: pytest.Item) -> bool:
    return item.path.parent == Path(__file__).parent


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium; tests skip without one unless MINT_REQUIRE_BROWSER is 1."""
    try:
        executable = chromium()
    except SystemExit as missing:
        if os.environ.get("MINT_REQUIRE_BROWSER") == "1":
            pytest.fail(str(missing))
        pytest.skip(str(missing))
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_ARGS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def told_home(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A home folder with the demo told in it, once for all processes of a run, or the one that MINT_TEST_HOME names."""
    if ready := os.environ.get("MINT_TEST_HOME"):
        return Path(ready)
    own = tmp_path_factory.getbasetemp()
    home = (own if worker_id == "master" else own.parent) / "told-home"
    with FileLock(f"{home}.lock"):
        from mintcore.demo.story import tell  # noqa: PLC0415 - imports PyTorch

        tell(Home(home), device="cpu", reporter=SilentReporter())
    return home


@pytest.fixture(scope="session")
def demo_home(told_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the told home, for the tests of one process."""
    home = tmp_path_factory.mktemp("demo") / "home"
    shutil.copytree(
        told_home, home, ignore=shutil.ignore_patterns("jobs*", ".staging", "unfinished")
    )
    return home


@pytest.fixture(scope="session")
def demo_address(browser: Browser, demo_home: Path) -> Iterator[str]:
    """Where the demo home is served."""
    with served(demo_home) as dashboard:
        yield dashboard.address


@pytest.fixture(scope="session")
def empty_address(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where an empty home is served."""
    with served(tmp_path_factory.mktemp("empty") / "home") as dashboard:
        yield dashboard.address


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Open addresses in tabs of their own; an error on a browser console fails the test."""
    errors: list[str] = []
    tabs = []

    def opened(address: str, theme: str = "light") -> Page:
        page = browser.new_page(viewport=VIEWPORT, color_scheme=theme)
        page.set_default_timeout(60_000)
        page.on("console", lambda message: errors.extend(_console_errors(message)))
        page.on("pageerror", lambda error: errors.append(str(error)))
        tabs.append(page)
        page.goto(address)
        page.wait_for_selector("h1")
        return page

    yield opened
    for page in tabs:
        page.close()
    assert errors == []


def _console_errors(message: ConsoleMessage) -> list[str]:
    """Give a message that is an error.

    A page opened under its own path makes Streamlit look for its endpoints below that path first, which gives two 404s.
    """
    url = message.location.get("url", "")
    below_a_page = re.search(r"//[^/]+/[^_/][^/]*/_stcore/", url)
    return [f"{message.text} ({url})"] if message.type == "error" and not below_a_page else []
