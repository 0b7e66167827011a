"""One person in a browser: opening the dashboard, switching pages, changing what charts show."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page
from playwright.sync_api import Error as PlaywrightError

from benchmarks.dashboard_serving import VIEWPORT, WATCH
from dashboard.navigation import PAGES

TITLES = [place.title for place in PAGES.values()]
CHART = "[data-testid=stVegaLiteChart]"
_SELECTBOX = "[data-testid=stMain] [data-testid=stSelectbox]"
_STARTS_MS, _OPENS_MS = 60_000, 1_000


@dataclass
class Visitor:
    """A tab, and what went wrong in it.

    Attributes:
        page: The tab.
        problems: Errors of the browser's console, of scripts, and red boxes.
    """

    page: Page
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(_STARTS_MS)
        self.page.add_init_script(WATCH)
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", lambda message: self._note(message.type, message.text))

    def open(self, address: str) -> dict[str, float]:
        """Open the first page; give milliseconds until ``paint``, ``heading`` and ``rest``."""
        self.page.goto(address, wait_until="commit")
        return dict(self.page.evaluate("mintWatch.opened()"))

    def go(self, title: str) -> float:
        """Go to a page by the navigation; give milliseconds until its heading is there and all is at rest."""
        waited = self.page.evaluate("title => mintWatch.go(title)", title)
        self.problems.extend(self.page.evaluate("mintWatch.problems()"))
        return float(waited["rest"])

    def redraws(self, times: int) -> Iterator[tuple[str, list[float]]]:
        """Change each choice of a page with charts some times; give its label and the milliseconds until redrawn."""
        if not self.page.locator(CHART).count():
            return
        boxes = self.page.locator(_SELECTBOX)
        labels = [box.get_by_role("combobox") for box in boxes.all() if box.is_visible()]
        for label in [str(each.get_attribute("aria-label")) for each in labels]:
            choice = self.page.get_by_role("combobox", name=label, exact=True).first
            if not choice.is_visible():  # another choice has taken it away
                continue
            waited = [self._pick(choice) for _ in range(times)]
            yield label, [each for each in waited if each is not None]
            self.problems.extend(self.page.evaluate("mintWatch.problems()"))

    def upload(self, file: Path) -> None:
        """Put a file into the page's first place for files, and wait until the page is at rest."""
        self.page.evaluate("mintWatch.begin()")
        self.page.locator("input[type=file]").first.set_input_files(file)
        self.page.evaluate("mintWatch.rested()")
        self.problems.extend(self.page.evaluate("mintWatch.problems()"))

    def _pick(self, choice: Locator) -> float | None:
        """Choose another option; None where there is none."""
        options = self.page.locator("[role=listbox] [role=option]")
        choice.click()
        try:
            options.first.wait_for(timeout=_OPENS_MS)
        except PlaywrightError:  # the click that takes the focus does not always open the list
            choice.press("ArrowDown")
            options.first.wait_for()
        waited: float | None = self.page.evaluate("mintWatch.pick()")
        if waited is None:
            self.page.keyboard.press("Escape")
        return waited

    def _note(self, kind: str, text: str) -> None:
        if kind == "error":
            self.problems.append(text)


def visitor(browser: Browser) -> Visitor:
    """Give a tab in a browser context of its own, with nothing in its cache."""
    return Visitor(browser.new_context(viewport=VIEWPORT).new_page())
