"""A real S3 server on loopback, and a proxy before it that can be slow, fail, and lose answers.

    python -m benchmarks.object_server [LATENCY_MS ...]

As a command it serves until its input ends, by one proxy for each latency, and prints their addresses in a line.
"""

import logging
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

Fault = Literal["slow down", "broken", "reset", "lost answer"]
"""503 or 500 instead of an answer; the connection ends before the request reached the server, or after."""

FAULTS: tuple[Fault, ...] = ("slow down", "broken", "reset", "lost answer")
REGION, KEY, SECRET = "us-east-1", "an-access-key", "a-secret-that-nobody-may-print"

_ANSWERS: Mapping[Fault, tuple[int, str]] = {
    "slow down": (503, "SlowDown"),
    "broken": (500, "InternalError"),
}
_OF_CONNECTION = ("connection", "transfer-encoding", "keep-alive")


class Proxy:
    """What stands between a client and the server.

    Attributes:
        url: Its address.
        server: Host and port of the server behind it.
        requests: Method and path of every request since it was emptied last.
        latency_s: How long every request waits first.
        heeds_conditions: Whether the server is told under which condition to put an object.
    """

    def __init__(self, server: tuple[str, int]) -> None:
        self.requests: list[tuple[str, str]] = []
        self.latency_s, self.heeds_conditions = 0.0, True
        self.server = server
        self._faults, self._lock = dict[int, Fault](), threading.Lock()
        self._share, self._random = 0.0, random.Random(0)  # noqa: S311 - no secret
        self._conditional = threading.Lock()
        self._refusing = False
        handler = type("Handler", (_Handler,), {"proxy": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Serve no more."""
        self._http.shutdown()
        self._http.server_close()

    def behave(self) -> None:
        """Forget all faults and requests."""
        self._faults, self._share, self.latency_s, self._refusing = {}, 0.0, 0.0, False
        self.heeds_conditions = True
        self.requests = []

    def fail_at(self, number: int, fault: Fault, times: int = 1) -> None:
        """Let some requests fail, the first of them ``number`` requests from now."""
        start = len(self.requests) + number
        self._faults |= dict.fromkeys(range(start, start + times), fault)

    def fail_often(self, share: float, seed: int) -> None:
        """Let a share of the requests fail, each in one of the ways."""
        self._share, self._random = share, random.Random(seed)  # noqa: S311

    def refuse(self) -> None:
        """Answer every request as a server does that does not know the keys."""
        self._refusing = True

    def turn(self, method: str, path: str) -> Fault | int | None:
        """Count a request; give what becomes of it: a fault, a status, or nothing special."""
        with self._lock:
            number = len(self.requests)
            self.requests.append((method, path))
            if self._refusing:
                return 403
            if self._share and self._random.random() < self._share:
                return self._random.choice(FAULTS)
            return self._faults.get(number)

    @contextmanager
    def one_at_a_time(self, condition: str | None) -> Iterator[None]:
        """Keep conditional writes apart: the server looks first and writes then, which S3 does in one step."""
        if condition is None:
            yield
            return
        with self._conditional:
            yield

    def connect(self) -> HTTPConnection:
        """Connect to the server."""
        return HTTPConnection(*self.server)


class _Handler(BaseHTTPRequestHandler):
    proxy: Proxy
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def handle(self) -> None:
        self._server: HTTPConnection | None = None
        with suppress(ConnectionError, HTTPException):
            super().handle()
        if self._server:
            self._server.close()

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        time.sleep(self.proxy.latency_s)
        turn = self.proxy.turn(self.command, self.path)
        if turn == "reset":
            self._hang_up()
        elif turn == 403:
            self._answer(403, {}, _xml("InvalidAccessKeyId"))
        elif turn in _ANSWERS:
            status, code = _ANSWERS[turn]
            self._answer(status, {}, _xml(code))
        else:
            with self.proxy.one_at_a_time(self.headers.get("If-None-Match")):
                answer = self._ask(body)
            if turn == "lost answer":
                self._hang_up()
            else:
                self._answer(*answer)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass_on  # noqa: N815 - as http.server calls them

    def _ask(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        self._server = self._server or self.proxy.connect()
        given = dict(self.headers.items())
        if not self.proxy.heeds_conditions:
            given = {k: v for k, v in given.items() if k.lower() != "if-none-match"}
        self._server.request(self.command, self.path, body, given)
        found = self._server.getresponse()
        content = found.read()
        headers = {k: v for k, v in found.getheaders() if k.lower() not in _OF_CONNECTION}
        return found.status, headers, content

    def _answer(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        self.send_response_only(status)
        sized = {name.lower() for name in headers}
        for name, value in headers.items():
            self.send_header(name, value)
        if "content-length" not in sized:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _hang_up(self) -> None:
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _xml(code: str) -> bytes:
    return f"<Error><Code>{code}</Code><Message>as asked for</Message></Error>".encode()


@contextmanager
def object_server() -> Iterator[Proxy]:
    """Run a server and its proxy in threads of this process."""
    from moto.server import ThreadedMotoServer  # noqa: PLC0415 - takes seconds

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    proxy = Proxy((host, port))
    try:
        yield proxy
    finally:
        proxy.close()
        server.stop()


@contextmanager
def server_process(*latencies_ms: int) -> Iterator[list[dict[str, str]]]:
    """Run a server and its proxies in a process of its own, with a bucket named ``bucket``.

    Yields:
        For each latency the environment variables with which a client finds its proxy.
    """
    command = [sys.executable, "-m", __name__, *map(str, latencies_ms)]
    with subprocess.Popen(  # noqa: S603 - this program
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        pipe = process.stdout
        try:
            urls = pipe.readline().split() if pipe else []
            if len(urls) < len(latencies_ms):
                raise RuntimeError("the S3 server did not start: is moto[server] installed?")
            yield [environment(url) for url in urls]
        finally:
            process.terminate()


def make_bucket(proxy: Proxy, name: str) -> None:
    """Make an empty bucket."""
    connection = proxy.connect()
    connection.request("PUT", f"/{name}")
    answer = connection.getresponse()
    if answer.status != 200:
        raise RuntimeError(f"the server made no bucket {name}: {answer.status}")
    connection.close()


def environment(url: str) -> dict[str, str]:
    """Give the environment variables with which a client finds a proxy."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": REGION,
    }


def main() -> None:
    """Serve until the input ends."""
    with object_server() as proxy:
        make_bucket(proxy, "bucket")
        proxies = [Proxy(proxy.server) for _ in sys.argv[1:]]
        for each, latency_ms in zip(proxies, sys.argv[1:], strict=True):
            each.latency_s = int(latency_ms) / 1000
        print(*(each.url for each in proxies), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
