"""Serve the dashboard, with a worker for its jobs beside it."""

import http.client
import ipaddress
import signal
import socket
import subprocess
import threading
import time
import webbrowser
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

import psutil
import typer

import mintcore
from mintcore.errors import MintError
from mintcore.jobs import children
from store.artefacts import Home

DASHBOARD = Path(mintcore.__file__).parents[1] / "dashboard" / "app.py"
FIRST_PORT = 8501
_PORTS_TO_TRY = 100
_START_TIMEOUT_S = 60.0
_STOP_GRACE_S = 10.0
_RESTART_AFTER_S = 5.0
_POLL_S = 0.2


def serve(
    home: Home,
    port: int | None,
    host: str = "127.0.0.1",
    open_browser: bool = False,
    script: Path = DASHBOARD,
) -> None:
    """Serve the dashboard until Ctrl-C or SIGTERM; it and its worker stop then.

    Args:
        home: The home folder; made where it is missing.
        port: The port to listen on; None takes the first free one from 8501 on.
        host: The loopback address to listen on.
        open_browser: Whether to open the person's browser at the dashboard.
        script: The Streamlit script.

    Raises:
        MintError: The host is not loopback, the port is taken, or the dashboard stops by itself.
    """
    _require_loopback(host)
    if port is not None:
        _require_free(host, port)
    with _until_stopped() as stopped, ExitStack() as running:
        worker_log, log = (
            running.enter_context(_log(home, name)) for name in ("worker.log", "dashboard.log")
        )
        worker = _Worker(home, worker_log)
        running.callback(worker.end)
        dashboard, taken = _start_answering(
            script, home, host, port, log, running=running, stopped=stopped
        )
        if not stopped.is_set():
            _announce(host, taken, open_browser)
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


def _require_loopback(host: str) -> None:
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise MintError(
            f"The dashboard has no login yet and cannot be served on {host!r}: "
            "use 127.0.0.1, and an SSH tunnel to reach it from another machine."
        )


def _first_free_port(host: str) -> int:
    for port in range(FIRST_PORT, FIRST_PORT + _PORTS_TO_TRY):
        if _is_free(host, port):
            return port
    last = FIRST_PORT + _PORTS_TO_TRY - 1
    raise MintError(f"All ports from {FIRST_PORT} to {last} are taken: choose one with --port.")


def _require_free(host: str, port: int) -> None:
    if not _is_free(host, port):
        raise MintError(
            f"Port {port} on {host} is taken or not allowed: "
            "choose another with --port, or leave --port out to get a free one."
        )


def _is_free(host: str, port: int) -> bool:
    family, kind, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(address)
        except OSError:
            return False
    return True


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
    host: str,
    port: int | None,
    log: IO[bytes],
    *,
    running: ExitStack,
    stopped: threading.Event,
) -> tuple["subprocess.Popen[bytes]", int]:
    """Start the dashboard and wait until it answers; where another was faster to take a free port, on the next one."""
    while True:
        chosen = _first_free_port(host) if port is None else port
        dashboard = _start_dashboard(script, home, host, chosen, log)
        running.callback(children.end, dashboard, _STOP_GRACE_S)
        try:
            _await_answer(host, chosen, dashboard, stopped, log.name)
        except MintError:
            stopped_by_itself = dashboard.poll() is not None
            if port is not None or not stopped_by_itself or _is_free(host, chosen):
                raise
        else:
            return dashboard, chosen


def _start_dashboard(
    script: Path, home: Home, host: str, port: int, output: IO[bytes]
) -> "subprocess.Popen[bytes]":
    options = {
        "server.port": str(port),
        "server.address": host,
        "server.headless": "true",
        "browser.gatherUsageStats": "false",
        "client.showErrorDetails": "none",  # the log has them
    }
    return children.start_module(
        "mintcore.jobs.tethered",
        "streamlit",
        "run",
        str(script.resolve()),
        *(word for name, value in options.items() for word in (f"--{name}", value)),
        output=output,
        cwd=_settings_folder(),
        MINT_HOME=str(home.path.resolve()),
    )


def _settings_folder() -> Path:
    """Find the folder whose ``.streamlit`` Streamlit reads: installed with the pages, or above."""
    installed = DASHBOARD.parent
    return installed if (installed / ".streamlit").is_dir() else installed.parent


def _await_answer(
    host: str,
    port: int,
    dashboard: "subprocess.Popen[bytes]",
    stopped: threading.Event,
    log: str,
) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while not (stopped.wait(_POLL_S) or (_listens(dashboard, port) and _is_healthy(host, port))):
        _require_running(dashboard, log)
        if time.monotonic() > deadline:
            raise MintError(f"The dashboard did not answer in {_START_TIMEOUT_S:g} s: see {log}.")


def _listens(process: "subprocess.Popen[bytes]", port: int) -> bool:
    """Tell whether it is this process that listens on a port, and not another dashboard that took it first."""
    try:
        connections = psutil.Process(process.pid).net_connections(kind="tcp")
    except psutil.Error:
        return False
    return any(
        each.status == psutil.CONN_LISTEN and each.laddr.port == port for each in connections
    )


def _is_healthy(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", "/_stcore/health")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _require_running(dashboard: "subprocess.Popen[bytes]", log: str) -> None:
    code = dashboard.poll()
    if code is not None:
        raise MintError(f"The dashboard stopped by itself (code {code}): {log} says why.")


def _announce(host: str, port: int, open_browser: bool) -> None:
    address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    typer.echo(f"MINT workbench is at {address} (Ctrl-C stops it).")
    if open_browser:
        webbrowser.open(address)
