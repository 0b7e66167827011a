"""A really served dashboard, and a real Chromium to look at it."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from filelock import FileLock
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from mintcore.progress import SilentReporter
from store.artefacts import Home

ROOT = Path(__file__).parents[2]
SERVE = """
import sys
from pathlib import Path
from mintcore.serving import serve
from store.artefacts import Home
serve(Home(Path(sys.argv[1])), None)
"""
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
]

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
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        reason = "no chromium on this machine: apt-get install chromium"
        if os.environ.get("MINT_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGS)
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
    with _served(demo_home) as address:
        yield address


@pytest.fixture(scope="session")
def empty_address(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where an empty home is served."""
    with _served(tmp_path_factory.mktemp("empty") / "home") as address:
        yield address


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Open addresses in tabs of their own; an error on a browser console fails the test."""
    errors: list[str] = []
    tabs = []

    def opened(address: str, theme: str = "light") -> Page:
        page = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme=theme)
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


@contextmanager
def _served(home: Path) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(home)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        assert found is not None
        yield found.group()
    finally:
        process.terminate()
        process.wait(30)
