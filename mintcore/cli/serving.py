"""``mint dashboard`` and ``mint worker``."""

import os
from pathlib import Path
from typing import Annotated

import typer

from mintcore.cli.options import DEFAULT_HOME, HomeOption
from mintcore.jobs.worker import run_worker
from mintcore.reach import LOOPBACK, reach
from mintcore.serving import serve
from mintcore.settings import LOGIN
from store.artefacts import Home

PortOption = Annotated[
    int | None,
    typer.Option("--port", min=1, max=65535, help="Left out, the first free one from 8501 on."),
]
HostOption = Annotated[
    str,
    typer.Option(
        "--host", help="Address to listen on; other machines reach one that is not loopback."
    ),
]
BaseUrlOption = Annotated[
    str, typer.Option("--base-url", help="Path to serve below, behind a proxy: /mint.")
]
PublicHostOption = Annotated[
    list[str] | None,
    typer.Option("--public-host", help="Name under which others reach it; repeat for more."),
]
LoginOption = Annotated[
    Path | None,
    typer.Option(
        "--login",
        envvar=LOGIN.name,
        help="File that says how people sign in (OpenID Connect): see docs/serving.md.",
    ),
]
WithoutLoginOption = Annotated[
    bool,
    typer.Option(
        "--i-understand-no-auth", help="Let everybody who reaches it look at it, without login."
    ),
]
NoBrowserOption = Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")]


def dashboard(
    home: HomeOption = DEFAULT_HOME,
    port: PortOption = None,
    host: HostOption = LOOPBACK,
    base_url: BaseUrlOption = "",
    public_host: PublicHostOption = None,
    login: LoginOption = None,
    without_login: WithoutLoginOption = False,
    no_browser: NoBrowserOption = False,
) -> None:
    """Serve the dashboard in the browser, and work on its jobs, until Ctrl-C.

    Example: mint dashboard --port 8600
    """
    served = reach(
        os.environ,
        host=host,
        base_url=base_url,
        public_hosts=public_host or (),
        login=login,
        without_login=without_login,
    )
    serve(Home(home), port, served, open_browser=not no_browser)


def worker(home: HomeOption = DEFAULT_HOME) -> None:
    """Work on the jobs without a dashboard, until Ctrl-C.

    Another worker of the same home idles, and takes over when the first is gone.

    Example: mint worker --home /data/mint-home
    """
    run_worker(Home(home), typer.echo)
