"""Take a picture of every page of the dashboard: ``python docs/screenshots.py HOME FOLDER [--dark]``.

Serves the home folder on a free port and walks the pages in a real Chromium.
"""

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

WIDTH_PX, HEIGHT_PX = 1280, 900
SETTLED_MS = 1500
PAGES = {
    "overview": "/",
    "audit-image": "/audit-image",
    "audit-dataset": "/audit-dataset",
    "train": "/train",
    "layers": "/layers",
    "datasets": "/datasets",
    "jobs": "/jobs",
}
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
    page.wait_for_function("!document.querySelector('[data-testid=\"stStatusWidget\"]')")
    page.wait_for_timeout(SETTLED_MS)


def take(page: Page, address: str, folder: Path) -> None:
    """Take a picture of every page; on the image page, with an example judged."""
    for name, path in PAGES.items():
        page.goto(address + path)
        settle(page)
        if name == "audit-image":
            page.get_by_text("Take an example from a dataset").click()
            page.wait_for_selector("text=Calibrated probability")
            settle(page)
        page.screenshot(path=folder / f"{name}.png", full_page=False)
        print(folder / f"{name}.png")  # noqa: T201


def main() -> None:
    """Read the arguments and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--height", type=int, default=HEIGHT_PX)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    with served(asked.home) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=_CHROMIUM_ARGS
        )
        page = browser.new_page(
            viewport={"width": WIDTH_PX, "height": asked.height},
            color_scheme="dark" if asked.dark else "light",
        )
        take(page, address, asked.folder)
        browser.close()


if __name__ == "__main__":
    main()
