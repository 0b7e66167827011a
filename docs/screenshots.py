"""Take a picture of every page of the dashboard in both themes: ``python docs/screenshots.py HOME FOLDER``.

Serves the home folder on a free port and walks the pages in a real Chromium. The committed pictures are of
the home folder that ``mint demo`` makes.
"""

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page, sync_playwright

from dashboard.navigation import PAGES

WIDTH_PX, HEIGHT_PX = 1280, 900
SETTLED_MS = 1500
THEMES: dict[Literal["light", "dark"], str] = {"light": "", "dark": "-dark"}
"""Theme -> the end of its pictures' names."""
_CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
]


@contextmanager
def served(home: Path) -> Iterator[str]:
    """Serve a home folder and yield the address."""
    mint = Path(sys.executable).with_name("mint")
    process = subprocess.Popen(  # noqa: S603 - our own command
        [mint, "dashboard", "--home", home, "--no-browser"], stdout=subprocess.PIPE, text=True
    )
    try:
        first_line = process.stdout.readline() if process.stdout else ""
        found = re.search(r"http://\S+:\d+", first_line)
        if found is None:
            raise SystemExit("The dashboard did not start: see dashboard.log in the home folder.")
        yield found.group()
    finally:
        process.terminate()
        process.wait(30)


def settle(page: Page) -> None:
    """Wait until the page has drawn everything."""
    page.wait_for_selector("h1")
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    page.wait_for_timeout(SETTLED_MS)


def take(page: Page, address: str, folder: Path, name_end: str) -> None:
    """Take a picture of every page; on the image page, with an example judged.

    Args:
        page: The browser's page.
        address: Where the dashboard is served.
        folder: Where the pictures go.
        name_end: The end of their names.
    """
    for place in PAGES.values():
        url = place.url or ""
        page.goto(f"{address}/{url}")
        settle(page)
        if url == "audit-image":
            page.get_by_text("Take an example from a dataset").click()
            page.wait_for_selector("text=Calibrated probability")
            settle(page)
        file = folder / f"{url or 'overview'}{name_end}.png"
        page.screenshot(path=file, full_page=False)
        print(file)  # noqa: T201


def main() -> None:
    """Read the arguments and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--height", type=int, default=HEIGHT_PX)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    with served(asked.home) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=_CHROMIUM_ARGS
        )
        for theme, name_end in THEMES.items():
            page = browser.new_page(
                viewport={"width": WIDTH_PX, "height": asked.height}, color_scheme=theme
            )
            take(page, address, asked.folder, name_end)
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
