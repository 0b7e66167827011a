import http.client
import http.server
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import tomllib
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from mintcore.errors import MintError
from mintcore.serving import serve
from store.artefacts import Home

ROOT = Path(__file__).parents[2]
SERVE = """
import sys
from pathlib import Path
from mintcore.serving import serve
from store.artefacts import Home
serve(Home(Path("home")), None, script=Path("page.py"))
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """A served page, started in a folder that holds no settings, once it has said its address."""
    (tmp_path / "page.py").write_text("import streamlit as st\n\nst.title('A page')\n")
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    yield process
    process.terminate()
    process.wait(30)


def _address(server: "subprocess.Popen[str]") -> str:
    assert server.stdout is not None
    found = re.search(r"http://127\.0\.0\.1:\d+", server.stdout.readline())
    assert found is not None
    return found.group()


def _until(condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _until_all_gone(processes: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(processes, timeout=15)
    assert alive == []


def _family(server: "subprocess.Popen[str]") -> list[psutil.Process]:
    """The server's children, which are the worker and the dashboard."""
    children = psutil.Process(server.pid).children(recursive=True)
    assert len(children) == 2
    return children


def test_serve__answers_and_stops_both(server: "subprocess.Popen[str]") -> None:
    with urllib.request.urlopen(f"{_address(server)}/_stcore/health") as answer:  # noqa: S310
        assert answer.status == 200
    family = _family(server)
    server.send_signal(signal.SIGINT)
    assert server.wait(20) == 0
    _until_all_gone(family)


def test_serve__no_page_of_others_may_steer_it(server: "subprocess.Popen[str]") -> None:
    """By default Streamlit takes messages from pages that anybody may publish."""
    with urllib.request.urlopen(f"{_address(server)}/_stcore/host-config") as answer:  # noqa: S310
        assert json.load(answer)["allowedOrigins"] == []


@pytest.fixture
def other_dashboard() -> Iterator[int]:
    """The port of another dashboard, which says that it is well."""

    class Healthy(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Healthy) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        yield other.server_port
        other.shutdown()


def test_serve__another_that_took_the_free_port_first_is_not_taken_for_it(
    tmp_path: Path, other_dashboard: int
) -> None:
    (tmp_path / "page.py").write_text("import streamlit as st\n\nst.title('A page')\n")
    late = SERVE.replace(
        "serve(",
        "from mintcore import serving\n"
        "first_free, ports = serving.first_free_port, iter([PORT])\n"
        "serving.first_free_port = lambda host: next(ports, None) or first_free(host)\n"
        "serve(",
        1,
    ).replace("PORT", str(other_dashboard))
    process = subprocess.Popen(
        [sys.executable, "-c", late],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert not _address(process).endswith(f":{other_dashboard}")
    finally:
        process.terminate()
        process.wait(30)


def test_serve__killed_server_leaves_no_process(server: "subprocess.Popen[str]") -> None:
    _address(server)
    family = _family(server)
    server.kill()
    _until_all_gone(family)


def test_serve__dead_worker_is_started_again(
    server: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    _address(server)
    (worker,) = [child for child in _family(server) if "mintcore.jobs.worker" in child.cmdline()]
    log = tmp_path / "home" / "worker.log"
    _until(lambda: log.read_text().count("Working on") == 1)
    worker.kill()
    _until(lambda: log.read_text().count("Working on") == 2)


@pytest.mark.parametrize(("name", "status"), [("127.0.0.1", 101), ("evil.example", 403)])
def test_serve__page_only_under_a_loopback_name(
    server: "subprocess.Popen[str]", name: str, status: int
) -> None:
    """A foreign name that points at 127.0.0.1 would reach the page through a browser here."""
    port = int(_address(server).rsplit(":", 1)[1])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {
        "Host": f"{name}:{port}",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    connection.request("GET", "/_stcore/stream", headers=headers)
    assert connection.getresponse().status == status
    connection.close()


def test_serve__port_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(MintError, match=rf"Port {port} on 127\.0\.0\.1 is taken"):
            serve(Home(tmp_path), port)


def test_serve__dashboard_that_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(MintError, match=r"stopped by itself .*dashboard\.log"):
        serve(Home(tmp_path / "home"), None, script=tmp_path / "missing.py")


def test_settings__loopback_and_no_statistics() -> None:
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    assert settings["server"]["address"] == "127.0.0.1"
    assert settings["browser"]["gatherUsageStats"] is False
