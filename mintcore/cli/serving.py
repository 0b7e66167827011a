"""``mint dashboard`` and ``mint worker``."""

from typing import Annotated

import typer

from mintcore.cli.options import DEFAULT_HOME, HomeOption
from mintcore.jobs.worker import run_worker
from mintcore.serving import serve
from store.artefacts import Home

PortOption = Annotated[
    int | None,
    typer.Option("--port", min=1, max=65535, help="Left out, the first free one from 8501 on."),
]
HostOption = Annotated[str, typer.Option("--host", help="Loopback address to listen on.")]
NoBrowserOption = Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")]


def dashboard(
    home: HomeOption = DEFAULT_HOME,
    port: PortOption = None,
    host: HostOption = "127.0.0.1",
    no_browser: NoBrowserOption = False,
) -> None:
    """Serve the dashboard in the browser, and work on its jobs, until Ctrl-C.

    Example: mint dashboard --port 8600
    """
    serve(Home(home), port, host=host, open_browser=not no_browser)


def worker(home: HomeOption = DEFAULT_HOME) -> None:
    """Work on the jobs without a dashboard, until Ctrl-C.

    Another worker of the same home idles, and takes over when the first is gone.

    Example: mint worker --home /data/mint-home
    """
    run_worker(Home(home), typer.echo)
