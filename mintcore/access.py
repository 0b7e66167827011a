"""Who may look at the dashboard, and who may change something there.

An *operator* may do everything that the pages offer; a *viewer* sees all of it and changes nothing. Who is neither is
not let in: at a public provider everybody can sign in.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from mintcore.errors import MintError
from mintcore.settings import OPERATORS, VIEWERS, Setting

ACCESS_VARIABLE = "MINT_ACCESS"
"""How ``mint dashboard`` tells the pages in which way it serves them; people do not set it."""

SIGN_IN_HOURS = 12
_EVERYBODY = "*"


class Role(StrEnum):
    """What a person may do."""

    OPERATOR = "operator"
    VIEWER = "viewer"


class Access(StrEnum):
    """In which way the dashboard is served."""

    LOCAL = "local"
    """To this machine alone, without login."""
    LOGIN = "login"
    """To people who sign in."""
    OPEN = "open"
    """To everybody who reaches it: the operator said so."""


@dataclass(frozen=True)
class Lists:
    """Who has which role: e-mail addresses, ``@domain`` for all addresses of a domain, ``*`` for everybody.

    Attributes:
        operators: Those of operators.
        viewers: Those of viewers.
    """

    operators: frozenset[str]
    viewers: frozenset[str]

    def role_of(self, address: str) -> Role | None:
        """Give the role of an e-mail address; operator where it is listed twice."""
        if address.count("@") != 1 or not all(address.split("@")):
            return None
        own = _folded(address)
        fitting = {own, "@" + own.partition("@")[2], _EVERYBODY}
        if fitting & self.operators:
            return Role.OPERATOR
        return Role.VIEWER if fitting & self.viewers else None

    @property
    def of_everybody(self) -> Role:
        """The role of who reaches a dashboard without login on another machine: nobody knows who it is."""
        return Role.OPERATOR if _EVERYBODY in self.operators else Role.VIEWER


def read_lists(environment: Mapping[str, str]) -> Lists:
    """Read who has which role from the environment variables.

    Raises:
        MintError: An entry is neither an address, nor a domain, nor ``*``.
    """
    return Lists(_entries(OPERATORS, environment), _entries(VIEWERS, environment))


def verified_address(claims: Mapping[str, Any]) -> str | None:
    """Give the e-mail address of a person who signed in, where it counts.

    Args:
        claims: What the provider says of the person, as OpenID Connect names it. An address that it calls unverified
            could be anybody's. A provider that does not say is one whose administrators give the addresses.
    """
    address, verified = claims.get("email"), claims.get("email_verified", True)
    return address if isinstance(address, str) and verified in (True, "true") else None


def is_signed_in(claims: Mapping[str, Any], now: float | None = None) -> bool:
    """Tell whether a person is signed in, and did so within the last ``SIGN_IN_HOURS``.

    Args:
        claims: What the provider says of the person; ``iat`` is when, in seconds since 1970.
        now: The time; left out, that of the clock.
    """
    signed_in_at = claims.get("iat")
    if claims.get("is_logged_in") is not True or not isinstance(signed_in_at, int | float):
        return False
    return (time.time() if now is None else now) < signed_in_at + SIGN_IN_HOURS * 3600


def is_loopback(host: str) -> bool:
    """Tell whether a name or an IP address means this machine alone."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def is_forwarded(origin: str | None) -> bool:
    """Tell whether a browser reached the dashboard under another machine's name.

    A proxy that hands it on from this machine would otherwise make an operator of everybody who reaches the proxy.

    Args:
        origin: What the browser says of the address it shows; None where it says nothing.
    """
    return origin is not None and not is_loopback(urlsplit(origin).hostname or "")


def _entries(setting: Setting, environment: Mapping[str, str]) -> frozenset[str]:
    written = environment.get(setting.name, setting.default).split(",")
    entries = [entry.strip() for entry in written if entry.strip()]
    for entry in entries:
        _, at, domain = entry.partition("@")
        is_one = entry == _EVERYBODY or (at and domain and "@" not in domain)
        if not is_one or any(letter.isspace() for letter in entry):
            raise MintError(
                f"{setting.name} lists {entry!r}, which is no e-mail address: "
                "give addresses, or @domain for all of a domain, or * for everybody, separated by commas."
            )
    return frozenset(map(_folded, entries))


def _folded(address: str) -> str:
    """Fold the case of an address; only of ASCII, for other letters become ASCII ones, and so another's address."""
    return address.lower() if address.isascii() else address
