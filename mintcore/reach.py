"""Who can reach the dashboard, and where: decided before it is served, and refused where it is not safe."""

import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import psutil

from mintcore.access import Access, Lists, is_loopback, read_lists
from mintcore.errors import MintError
from mintcore.login import Login, read_login
from mintcore.settings import OPERATORS, VIEWERS

LOOPBACK = "127.0.0.1"
_LOOPBACK_NAMES = ("localhost", LOOPBACK, "::1")
_BASE_URL = re.compile(r"(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")


@dataclass(frozen=True)
class Reach:
    """Where a dashboard is served, and to whom.

    Attributes:
        access: To whom.
        host: The address it listens on.
        base_url: The path below which it is served; empty, or it begins with a slash and does not end with one.
        names: The names of machines, and the addresses, under which a browser may ask for it.
        login: How people sign in; None where nobody does.
    """

    access: Access = Access.LOCAL
    host: str = LOOPBACK
    base_url: str = ""
    names: tuple[str, ...] = _LOOPBACK_NAMES
    login: Login | None = None

    @property
    def origins(self) -> tuple[str, ...]:
        """Where pages of a browser come from that a proxy sent here under another name."""
        others = [
            f"[{name}]" if ":" in name else name for name in self.names if not is_loopback(name)
        ]
        return tuple(f"{scheme}://{name}" for name in others for scheme in ("https", "http"))

    @property
    def public_name(self) -> str:
        """The name under which most people reach it."""
        return next((name for name in self.names if not is_loopback(name)), LOOPBACK)

    @property
    def own_host(self) -> str:
        """The address at which this machine reaches it."""
        try:
            anywhere = ip_address(self.host).is_unspecified
        except ValueError:
            return self.host
        return {4: LOOPBACK, 6: "::1"}[ip_address(self.host).version] if anywhere else self.host

    def address(self, port: int) -> str:
        """Give the address at which people reach it."""
        if self.login is not None:
            return self.login.origin.replace("{port}", str(port)) + self.base_url
        host = f"[{self.own_host}]" if ":" in self.own_host else self.own_host
        return f"http://{host}:{port}{self.base_url}"


def reach(
    environment: Mapping[str, str],
    *,
    host: str = LOOPBACK,
    base_url: str = "",
    public_hosts: Sequence[str] = (),
    login: Path | None = None,
    without_login: bool = False,
) -> Reach:
    """Decide where a dashboard is served and to whom; refuse what would let strangers in.

    Args:
        environment: The environment variables, which say who has which role.
        host: The address to listen on.
        base_url: The path below which it is served, behind a proxy.
        public_hosts: Names under which other machines reach it, through a proxy for example.
        login: The file that says how people sign in; None for no login.
        without_login: Whether the person said to serve it to everybody who reaches it.

    Raises:
        MintError: Others could reach it and there is neither a login nor ``without_login``, or one of the settings
            does not hold.
    """
    base_url, lists = _base_url(base_url), read_lists(environment)
    signing_in = None if login is None else read_login(login, base_url)
    _require_names(public_hosts)
    public = [*([signing_in.name] if signing_in else []), *public_hosts]
    names = (*_LOOPBACK_NAMES, *public, *_own_names(host))
    access = _access(host, public_hosts, signing_in, without_login)
    if access is Access.LOGIN:
        _require_somebody(lists)
    own = tuple(dict.fromkeys(name.lower() for name in names))
    return Reach(access, host, base_url, own, signing_in)


def _access(
    host: str, public_hosts: Sequence[str], login: Login | None, without_login: bool
) -> Access:
    if login is not None:
        if without_login:
            raise MintError("Give either --login or --i-understand-no-auth, not both.")
        return Access.LOGIN
    others = [name for name in (host, *public_hosts) if not is_loopback(name)]
    if not others:
        return Access.LOCAL
    if not without_login:
        raise MintError(
            f"Everybody who reaches {others[0]} could look at this dashboard: let people sign in with --login FILE, "
            "or use 127.0.0.1 and an SSH tunnel, or say --i-understand-no-auth (see docs/serving.md)."
        )
    return Access.OPEN


def _require_somebody(lists: Lists) -> None:
    if not (lists.operators or lists.viewers):
        raise MintError(
            f"Nobody could sign in: say in {OPERATORS.name} and {VIEWERS.name} who may, "
            "for example MINT_OPERATORS=ada@example.org and MINT_VIEWERS=@example.org."
        )


def _base_url(written: str) -> str:
    stripped = written.strip("/")
    base_url = f"/{stripped}" if stripped else ""
    if not _BASE_URL.fullmatch(base_url):
        raise MintError(
            f"{written!r} is no path to serve below: take letters, digits, '-', '_' and '.', for example /mint."
        )
    return base_url


def _require_names(public_hosts: Sequence[str]) -> None:
    for name in public_hosts:
        if not (_NAME.fullmatch(name) or _is_address(name)):
            raise MintError(
                f"{name!r} is no name of a machine: give it without https://, port and path."
            )


def _own_names(host: str) -> tuple[str, ...]:
    """Give what the address to listen on is called; of one that stands for all of this machine's, all of these."""
    try:
        socket.getaddrinfo(host, None)
    except (OSError, UnicodeError) as error:
        raise MintError(f"This machine knows no address {host!r}: see --host.") from error
    if not (_is_address(host) and ip_address(host).is_unspecified):
        return (host,)
    found = [each.address for addresses in psutil.net_if_addrs().values() for each in addresses]
    return (*sorted({each for each in found if _is_address(each)}), socket.gethostname())


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
