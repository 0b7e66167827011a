"""Serve the dashboard, with a worker for its jobs beside it."""

import http.client
import signal
import subprocess
import threading
import time
import webbrowser
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

import typer

import mintcore
from mintcore.access import ACCESS_VARIABLE, Access
from mintcore.errors import MintError
from mintcore.jobs import children
from mintcore.ports import first_free_port, is_free, listens, require_free
from mintcore.reach import Reach
from mintcore.settings import HOME_VARIABLE
from mintcore.uploads import most_upload_mib
from store.artefacts import Home

LOCAL = Reach()
"""To this machine alone."""
DASHBOARD = Path(mintcore.__file__).parents[1] / "dashboard" / "server.py"
_NO_LOGIN = ".no-login.toml"  # no such file, so that the login of another program is not taken
_START_TIMEOUT_S = 60.0
_STOP_GRACE_S = 10.0
_RESTART_AFTER_S = 5.0
_POLL_S = 0.2


def serve(
    home: Home,
    port: int | None,
    reach: Reach = LOCAL,
    open_browser: bool = False,
    script: Path = DASHBOARD,
) -> None:
    """Serve the dashboard until Ctrl-C or SIGTERM; it and its worker stop then.

    Args:
        home: The home folder; made where it is missing.
        port: The port to listen on; None takes the first free one from 8501 on.
        reach: Where it is served and to whom.
        open_browser: Whether to open the person's browser at the dashboard.
        script: The Streamlit script.

    Raises:
        MintError: The port is taken, or the dashboard stops by itself.
    """
    if port is not None:
        require_free(reach.host, port)
    with _until_stopped() as stopped, ExitStack() as running:
        worker_log, log = (
            running.enter_context(_log(home, name)) for name in ("worker.log", "dashboard.log")
        )
        worker = _Worker(home, worker_log)
        running.callback(worker.end)
        dashboard, taken = _start_answering(
            script, home, reach, port, log, running=running, stopped=stopped
        )
        if not stopped.is_set():
            _announce(reach, taken, open_browser)
        while not stopped.wait(_POLL_S):
            _require_running(dashboard, log.name)
            worker.keep_running()


class _Worker:
    """The worker beside the dashboard, started again when it dies.

    Args:
        home: The home folder.
        output: Where its lines go.
    """

    def __init__(self, home: Home, output: IO[bytes]) -> None:
        self._home = home
        self._output = output
        self._start()

    def keep_running(self) -> None:
        """Start it again where it died; one that dies at once is given a pause."""
        if self._process.poll() is not None and time.monotonic() > self._started + _RESTART_AFTER_S:
            self._start()

    def end(self) -> None:
        """Stop it, and with it the running job."""
        children.end(self._process, _STOP_GRACE_S)

    def _start(self) -> None:
        self._started = time.monotonic()
        self._process = children.start_module(
            "mintcore.jobs.worker", str(self._home.path.resolve()), output=self._output
        )


@contextmanager
def _until_stopped() -> Iterator[threading.Event]:
    stopped = threading.Event()
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, lambda *_: stopped.set()) for number in numbers]
    try:
        yield stopped
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _log(home: Home, name: str) -> IO[bytes]:
    try:
        home.path.mkdir(parents=True, exist_ok=True)
        return (home.path / name).open("ab")  # another dashboard may write to it
    except OSError as error:
        raise MintError(
            f"The home folder {home.path} cannot be written ({error.strerror}): "
            "choose another with --home or MINT_HOME."
        ) from error


def _start_answering(
    script: Path,
    home: Home,
    reach: Reach,
    port: int | None,
    log: IO[bytes],
    *,
    running: ExitStack,
    stopped: threading.Event,
) -> tuple["subprocess.Popen[bytes]", int]:
    """Start the dashboard and wait until it answers; where another was faster to take a free port, on the next one."""
    while True:
        chosen = first_free_port(reach.host) if port is None else port
        dashboard = _start_dashboard(script, home, reach, chosen, log)
        running.callback(children.end, dashboard, _STOP_GRACE_S)
        try:
            _await_answer(reach, chosen, dashboard, stopped, log.name)
        except MintError:
            stopped_by_itself = dashboard.poll() is not None
            if port is not None or not stopped_by_itself or is_free(reach.host, chosen):
                raise
        else:
            return dashboard, chosen


def _start_dashboard(
    script: Path, home: Home, reach: Reach, port: int, output: IO[bytes]
) -> "subprocess.Popen[bytes]":
    options = _options(home, reach, port)
    return children.start_module(
        "mintcore.jobs.tethered",
        "streamlit",
        "run",
        str(script.resolve()),
        *(word for name, value in options for word in (f"--{name}", value)),
        output=output,
        cwd=_settings_folder(),
        **{HOME_VARIABLE: str(home.path.resolve()), ACCESS_VARIABLE: reach.access},
    )


def _options(home: Home, reach: Reach, port: int) -> list[tuple[str, str]]:
    """Give Streamlit's options; what they say holds over its settings files."""
    secrets = reach.login.path if reach.login else home.path.resolve() / _NO_LOGIN
    return [
        ("server.port", str(port)),
        ("server.address", reach.host),
        ("server.baseUrlPath", reach.base_url),
        ("server.headless", "true"),
        ("server.maxUploadSize", str(most_upload_mib())),
        ("server.enableCORS", "true"),
        ("server.enableXsrfProtection", "true"),
        *(("server.allowedHosts", name) for name in reach.names),
        *(("server.corsAllowedOrigins", origin) for origin in reach.origins),
        ("secrets.files", str(secrets)),
        ("browser.serverAddress", reach.public_name),  # else Streamlit asks others for its address
        ("browser.gatherUsageStats", "false"),
        ("client.showErrorDetails", "none"),  # the log has them
    ]


def _settings_folder() -> Path:
    """Find the folder whose ``.streamlit`` Streamlit reads: installed with the pages, or above."""
    installed = DASHBOARD.parent
    return installed if (installed / ".streamlit").is_dir() else installed.parent


def _await_answer(
    reach: Reach,
    port: int,
    dashboard: "subprocess.Popen[bytes]",
    stopped: threading.Event,
    log: str,
) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while not stopped.wait(_POLL_S):
        if listens(dashboard.pid, port) and _is_healthy(reach, port):
            return
        _require_running(dashboard, log)
        if time.monotonic() > deadline:
            raise MintError(f"The dashboard did not answer in {_START_TIMEOUT_S:g} s: see {log}.")


def _is_healthy(reach: Reach, port: int) -> bool:
    connection = http.client.HTTPConnection(reach.own_host, port, timeout=2)
    try:
        connection.request("GET", f"{reach.base_url}/_stcore/health")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _require_running(dashboard: "subprocess.Popen[bytes]", log: str) -> None:
    code = dashboard.poll()
    if code is not None:
        raise MintError(f"The dashboard stopped by itself (code {code}): {log} says why.")


def _announce(reach: Reach, port: int, open_browser: bool) -> None:
    address = reach.address(port)
    typer.echo(f"MINT workbench is at {address} (Ctrl-C stops it).")
    if reach.access is Access.OPEN:
        typer.echo("There is no login: everybody who reaches it sees all of it.", err=True)
    if open_browser:
        webbrowser.open(address)
