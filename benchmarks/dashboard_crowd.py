"""Several people at once: each clicks from page to page until the time is over."""

import asyncio
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.async_api import Browser, Page, WebSocket, async_playwright
from playwright.async_api import Error as PlaywrightError

from benchmarks.dashboard_serving import CHROMIUM_ARGS, VIEWPORT, WATCH, chromium
from benchmarks.dashboard_visits import TITLES

_LOOKS_S = 0.5
"""How long a person looks at a page before the next click."""
_LONGEST_S = 90.0


@dataclass
class Crowd:
    """What several people met.

    Attributes:
        waits_ms: What each click took until the page was at rest.
        problems: Errors of the browsers' consoles, of scripts, red boxes, lost connections.
    """

    waits_ms: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def crowd(address: str, sessions: int, seconds: float) -> Crowd:
    """Let people click for some time, each in a browser context of its own."""
    with ThreadPoolExecutor(1) as thread:  # the caller's may have an event loop already
        return thread.submit(asyncio.run, _crowd(address, sessions, seconds)).result()


async def _crowd(address: str, sessions: int, seconds: float) -> Crowd:
    met = Crowd()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_ARGS)
        people = [_Person(await _tab(browser), met, number) for number in range(sessions)]
        await asyncio.gather(*(person.open(address) for person in people))
        until = time.monotonic() + seconds
        await asyncio.gather(*(person.click(until) for person in people))
        for person in people:
            person.leave()
        await browser.close()
    return met


async def _tab(browser: Browser) -> Page:
    context = await browser.new_context(viewport=VIEWPORT)
    page = await context.new_page()
    page.set_default_timeout(1000 * _LONGEST_S)
    await page.add_init_script(WATCH)
    return page


class _Person:
    def __init__(self, page: Page, met: Crowd, number: int) -> None:
        self._page, self._met = page, met
        self._random = random.Random(number)  # noqa: S311 - no secret
        self._at = TITLES[0]
        self._is_over = False

    async def open(self, address: str) -> None:
        problems = self._met.problems
        self._page.on("pageerror", lambda error: problems.append(str(error)))
        self._page.on(
            "console",
            lambda message: problems.append(message.text) if message.type == "error" else None,
        )
        self._page.on("websocket", self._watch_connection)
        with self._troubles():
            await self._page.goto(address, wait_until="commit")
            await asyncio.wait_for(self._page.evaluate("mintWatch.opened()"), _LONGEST_S)

    async def click(self, until: float) -> None:
        with self._troubles():
            while time.monotonic() < until:
                await asyncio.wait_for(self._click(), _LONGEST_S)
                await asyncio.sleep(_LOOKS_S)

    def leave(self) -> None:
        self._is_over = True

    @contextmanager
    def _troubles(self) -> Iterator[None]:
        """Note what stops this person, whom the others do not wait for."""
        try:
            yield
        except (PlaywrightError, TimeoutError) as error:
            self._met.problems.append(f"{self._at}: {error!r}")

    async def _click(self) -> None:
        self._at = self._random.choice([title for title in TITLES if title != self._at])
        waited = await self._page.evaluate("title => mintWatch.go(title)", self._at)
        self._met.waits_ms.append(waited["rest"])
        self._met.problems.extend(await self._page.evaluate("mintWatch.problems()"))

    def _watch_connection(self, connection: WebSocket) -> None:
        connection.on("close", lambda _: self._lost())

    def _lost(self) -> None:
        if not self._is_over:
            self._met.problems.append("the connection to the server was lost")
