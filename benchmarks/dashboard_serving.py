"""Serving the dashboard, or another script, as `mint dashboard` does, and looking at it with Chromium."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

WATCH = Path(__file__).with_name("dashboard_watch.js").read_text(encoding="utf-8")
VIEWPORT = {"width": 1280, "height": 900}
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
]
EMPTY_APP = Path(__file__).with_name("dashboard_empty_app.py")
_ROOT = Path(__file__).parents[1]
_SERVE = """
import sys
from pathlib import Path
from mintcore.serving import DASHBOARD, serve
from store.artefacts import Home
serve(Home(Path(sys.argv[1])), None, script=Path(sys.argv[2]) if sys.argv[2:] else DASHBOARD)
"""


@dataclass(frozen=True)
class Served:
    """A served script.

    Attributes:
        address: Where it is.
        process: What ``mint dashboard`` is.
    """

    address: str
    process: psutil.Process

    def memory_bytes(self) -> int:
        """Give the resident memory of the Streamlit server, without the worker of the jobs beside it."""
        servers = [each for each in self.process.children() if "streamlit" in each.cmdline()]
        return int(servers[0].memory_info().rss)


@contextmanager
def served(home: Path, script: Path | None = None) -> Iterator[Served]:
    """Serve the dashboard of a home folder, or another script in its place."""
    command = [sys.executable, "-c", _SERVE, str(home), *([str(script)] if script else [])]
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and code
        command, env=os.environ | {"PYTHONPATH": str(_ROOT)}, stdout=subprocess.PIPE, text=True
    )
    try:
        found = re.search(r"http://[\d.]+:\d+", process.stdout.readline() if process.stdout else "")
        if found is None:
            raise SystemExit(f"{home} could not be served.")
        yield Served(found.group(), psutil.Process(process.pid))
    finally:
        process.terminate()
        process.wait(30)


def chromium() -> str:
    """Find the system's Chromium."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        raise SystemExit("There is no chromium on this machine: apt-get install chromium")
    return found
