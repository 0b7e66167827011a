"""Ports of this machine: which are free, and who listens on one."""

import socket

import psutil

from mintcore.errors import MintError

FIRST_PORT = 8501
_PORTS_TO_TRY = 100


def first_free_port(host: str) -> int:
    """Give the first free port from 8501 on.

    Raises:
        MintError: The next hundred are all taken.
    """
    for port in range(FIRST_PORT, FIRST_PORT + _PORTS_TO_TRY):
        if is_free(host, port):
            return port
    last = FIRST_PORT + _PORTS_TO_TRY - 1
    raise MintError(f"All ports from {FIRST_PORT} to {last} are taken: choose one with --port.")


def require_free(host: str, port: int) -> None:
    """Check that a port can be listened on.

    Raises:
        MintError: It is taken, or only the administrator may take it.
    """
    if not is_free(host, port):
        raise MintError(
            f"Port {port} on {host} is taken or not allowed: "
            "choose another with --port, or leave --port out to get a free one."
        )


def is_free(host: str, port: int) -> bool:
    """Tell whether a port can be listened on."""
    family, kind, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(address)
        except OSError:
            return False
    return True


def listens(pid: int, port: int) -> bool:
    """Tell whether it is this process that listens on a port, and not another that took it first."""
    try:
        connections = psutil.Process(pid).net_connections(kind="tcp")
    except psutil.Error:
        return False
    return any(
        each.status == psutil.CONN_LISTEN and each.laddr.port == port for each in connections
    )
