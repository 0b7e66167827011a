"""What is asked of the dashboard: how long does a person wait, how much memory does it take, does anything fail?"""

from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image
from playwright.sync_api import Browser

from benchmarks.dashboard_crowd import Crowd
from benchmarks.dashboard_serving import Served
from benchmarks.dashboard_visits import TITLES, Visitor, visitor
from benchmarks.dashboard_waits import FIRST, MEDIAN, REDRAW, SLOWEST, SWITCH, Wait
from benchmarks.measurement import Measured, written

PAINT_TIMES, SWITCH_MS, REDRAW_MS, MEMORY_MB = 1.5, 500.0, 300.0, 700.0
_ROUND = [*TITLES[1:], TITLES[0]]
"""Every page once, from the first one back to it."""
_MOMENTS = {"paint": "first paint", "heading": "first heading", "rest": "all at rest"}
_AIMED = ("paint", "heading")


def first_paint(browser: Browser, empty: str, ours: str, repeats: int) -> Iterator[Measured]:
    """Open an empty app and the dashboard in turns, each time with an empty cache; the median counts."""
    yield Measured(
        "first visit since the server started, all at rest", _opened(browser, ours)["rest"], "ms"
    )
    _opened(browser, empty)
    turns = [(_opened(browser, empty), _opened(browser, ours)) for _ in range(repeats)]
    for moment, words in _MOMENTS.items():
        beside, own = (median(turn[side][moment] for turn in turns) for side in (0, 1))
        aim = 1 / PAINT_TIMES if moment in _AIMED else None
        other = f"an empty app {written(beside, 'ms')}"
        yield Measured(words, own, "ms", beside / own, aim, beside=other)


def switches(person: Visitor, repeats: int) -> Iterator[Wait]:
    """Visit every page by the navigation, several times over, from the first page on."""
    waits: dict[str, list[float]] = {title: [] for title in _ROUND}
    for _ in range(1 + repeats):
        for title, of_page in waits.items():
            of_page.append(person.go(title))
    for title in TITLES:
        first, *again = waits[title]
        yield Wait(SWITCH, f"to {title}", FIRST, first, SWITCH_MS)
        yield Wait(SWITCH, f"to {title}", MEDIAN, median(again), SWITCH_MS)
        yield Wait(SWITCH, f"to {title}", SLOWEST, max(again), SWITCH_MS)


def redraws(person: Visitor, repeats: int) -> Iterator[Wait]:
    """Change every choice of every page with charts, several times over, from the first page on."""
    for title in _ROUND:
        person.go(title)
        for label, waits in person.redraws(repeats):
            if waits:
                what = f"{title}: another choice of “{label}”"
                yield Wait(REDRAW, what, MEDIAN, median(waits), REDRAW_MS)
                yield Wait(REDRAW, what, SLOWEST, max(waits), REDRAW_MS)


def memory(server: Served, when: str, aim: float | None = None) -> Measured:
    """Say how much memory the server takes."""
    taken = server.memory_bytes() / 1e6
    return Measured(f"memory of the server {when}", taken, "MB", at_most=aim)


def met_together(crowd: Crowd, sessions: int, seconds: float) -> Iterator[Measured]:
    """Say what several people met who clicked at once."""
    who = f"{sessions} people for {seconds:.0f} s"
    yield Measured(f"{who}: clicks", len(crowd.waits_ms), "")
    yield Measured(f"{who}: errors", len(crowd.problems), "", at_most=0)
    for name, share in (("median", 50), ("95th percentile", 95), ("slowest", 100)):
        yield Measured(f"{who}: wait, {name}", float(np.percentile(crowd.waits_ms, share)), "ms")


def audit_an_image(person: Visitor, folder: Path) -> None:
    """Have an image judged, for which the server imports PyTorch and loads the model."""
    file = folder / "image.png"
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    Image.fromarray(pixels).save(file)
    person.go("Audit an image")
    person.upload(file)


def _opened(browser: Browser, address: str) -> dict[str, float]:
    person = visitor(browser)
    moments = person.open(address)
    person.page.context.close()
    return moments
