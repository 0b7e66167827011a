"""The dashboard on a large home folder, in a real browser.

    python -m benchmarks.dashboard [HOME] [--extent large|small] [--json FILE]

HOME is made by `python -m benchmarks.large_home` where it is not given, of the extent that is asked for. What a person
waits for is timed inside the page: from the click until the last change of the page and the end of the script. That
nothing changes any more is believed after 400 ms, which do not count.
"""

import argparse
import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from playwright.sync_api import sync_playwright

from benchmarks.dashboard_crowd import crowd
from benchmarks.dashboard_questions import (
    MEMORY_MB,
    audit_an_image,
    first_paint,
    memory,
    met_together,
    redraws,
    switches,
)
from benchmarks.dashboard_serving import CHROMIUM_ARGS, EMPTY_APP, chromium, served
from benchmarks.dashboard_visits import visitor
from benchmarks.dashboard_waits import Wait, summary
from benchmarks.dashboard_waits import table as waits_table
from benchmarks.large_home_extent import EXTENTS, LARGE
from benchmarks.measurement import Measured, machine, table, write_json, written
from mintcore.library import store_infos
from store.artefacts import Home

REPEATS, SESSIONS, SECONDS = 5, 10, 120.0
_COUNTED = ("datasets", "auditors", "audits", "jobs")
_SHOWN_PROBLEMS = 10


def main() -> None:
    """Run the benchmark as a command."""
    options = _options()
    on = machine(["streamlit", "altair", "pandas", "pyarrow"])
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        home = options.home or _made(folder, options.extent)
        holds, before = _holdings(Home(home)), os.getloadavg()[0]
        found = list(_told(measure(home, options.repeats, options.sessions, options.seconds)))
        load = [before, os.getloadavg()[0]]
    waits = [each for each in found if isinstance(each, Wait)]
    rows = [each for each in found if isinstance(each, Measured)] + summary(waits)
    print(f"\n{holds}; load of the machine {load[0]:.1f} before, {load[1]:.1f} after; {on}")
    print(f"\n{table(rows)}\n\n{waits_table(waits)}")
    if options.json:
        each_wait = [asdict(wait) for wait in waits]
        write_json(options.json, on, rows, holds, load=load, waits=each_wait)


def measure(home: Path, repeats: int, sessions: int, seconds: float) -> Iterator[Measured | Wait]:
    """Serve a home folder and an empty app, and measure what people in browsers meet.

    Args:
        home: The home folder.
        repeats: How often each thing is done.
        sessions: How many people click at once.
        seconds: How long they do.
    """
    with ExitStack() as stack:
        ours = stack.enter_context(served(home))
        nothing = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        empty = stack.enter_context(served(nothing, EMPTY_APP))
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_ARGS)
        yield from first_paint(browser, empty.address, ours.address, repeats)
        person = visitor(browser)
        person.open(ours.address)
        yield from switches(person, repeats)
        yield memory(ours, "after visiting every page", MEMORY_MB)
        yield from redraws(person, repeats)
        person.page.goto("about:blank")  # so that it does not ask for more while others click
        together = crowd(ours.address, sessions, seconds)
        yield from met_together(together, sessions, seconds)
        yield memory(ours, f"after {sessions} people")
        person.open(ours.address)
        audit_an_image(person, nothing)
        yield memory(ours, "with PyTorch and a model, after the first image audit")
        yield Measured("errors met by one person", len(person.problems), "", at_most=0)
        _say([*person.problems, *together.problems])


def _told(found: Iterator[Measured | Wait]) -> Iterator[Measured | Wait]:
    """Print what is found as soon as it is."""
    for each in found:
        if isinstance(each, Wait):
            print(f"{each.what}, {each.which}: {written(each.milliseconds, 'ms')}", flush=True)
        else:
            print(f"{each.what}: {each.figure}", flush=True)
        yield each


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dashboard", description=__doc__)
    parser.add_argument("home", type=Path, nargs="?", help="a large home folder")
    parser.add_argument("--extent", choices=EXTENTS, default=LARGE, help="of a home that is made")
    parser.add_argument("--repeats", type=int, default=REPEATS, help="how often each thing is done")
    parser.add_argument("--sessions", type=int, default=SESSIONS, help="people who click at once")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="how long they click")
    parser.add_argument("--json", type=Path, help="write the figures to this file, too")
    return parser.parse_args()


def _made(folder: Path, extent: str) -> Path:
    from benchmarks.large_home import make  # noqa: PLC0415 - imports PyTorch

    make(Home(folder / "home"), EXTENTS[extent])
    return folder / "home"


def _holdings(home: Home) -> str:
    """Say what a home folder holds, as counted in it."""
    counts = {kind: len(list((home.path / kind).glob("*/"))) for kind in _COUNTED}
    images = max((store["images"] for store in store_infos(home)), default=0)
    return ", ".join(
        [f"{images:,} stored images", *(f"{counts[kind]} {kind}" for kind in _COUNTED)]
    )


def _say(problems: Sequence[str]) -> None:
    for problem, times in Counter(problems).most_common(_SHOWN_PROBLEMS):
        print(f"{times} x {problem}")


if __name__ == "__main__":
    main()
