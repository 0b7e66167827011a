"""Take a picture of every page of the dashboard in both themes: ``python docs/screenshots.py HOME FOLDER``.

Serves the home folder on a free port and walks the pages in a real Chromium. The committed pictures are of
the home folder that ``mint demo`` makes.
"""

import argparse
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page, sync_playwright

from benchmarks.dashboard_serving import CHROMIUM_ARGS, VIEWPORT, chromium, served
from dashboard.navigation import PAGES

SETTLED_MS = 1500
THEMES: dict[Literal["light", "dark"], str] = {"light": "", "dark": "-dark"}
"""Theme -> the end of its pictures' names."""


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
    parser.add_argument("--height", type=int, default=VIEWPORT["height"])
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    with served(asked.home) as dashboard, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_ARGS)
        for theme, name_end in THEMES.items():
            page = browser.new_page(
                viewport=VIEWPORT | {"height": asked.height}, color_scheme=theme
            )
            take(page, dashboard.address, asked.folder, name_end)
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
