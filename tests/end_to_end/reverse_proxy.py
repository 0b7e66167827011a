"""A reverse proxy on loopback, as nginx is by default: it names the server behind it as the host."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_MOST_HEAD_BYTES = 65_536


class _Relay(socketserver.BaseRequestHandler):
    prefix: bytes
    behind: tuple[str, int]

    def handle(self) -> None:
        with suppress(OSError):
            head, rest = self._head()
            first, *fields = head.split(b"\r\n")
            if not first.split(b" ")[1].startswith(self.prefix):
                self.request.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                return
            with socket.create_connection(self.behind) as server:
                lines = [first, *self._fields(fields), b"", b""]
                server.sendall(b"\r\n".join(lines) + rest)
                upwards = threading.Thread(target=_copy, args=(self.request, server), daemon=True)
                upwards.start()
                _copy(server, self.request)

    def _head(self) -> tuple[bytes, bytes]:
        read = b""
        while b"\r\n\r\n" not in read and len(read) < _MOST_HEAD_BYTES:
            more = self.request.recv(_MOST_HEAD_BYTES)
            if not more:
                raise ConnectionError
            read += more
        head, _, rest = read.partition(b"\r\n\r\n")
        return head, rest

    def _fields(self, fields: list[bytes]) -> list[bytes]:
        """Name the server behind, and keep a connection only where it becomes a WebSocket."""
        upgrade = any(field.lower().startswith(b"upgrade:") for field in fields)
        replaced = (b"host:",) if upgrade else (b"host:", b"connection:")
        kept = [field for field in fields if not field.lower().startswith(replaced)]
        host = f"Host: {self.behind[0]}:{self.behind[1]}".encode()
        return [*kept, host] if upgrade else [*kept, host, b"Connection: close"]


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@contextmanager
def reverse_proxy(prefix: str, behind_port: int) -> Iterator[int]:
    """Hand on what is asked for below a prefix; gives the proxy's port."""
    own = {"prefix": prefix.encode(), "behind": ("127.0.0.1", behind_port)}
    with _Server(("127.0.0.1", 0), type("Relay", (_Relay,), own)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()
