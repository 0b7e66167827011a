"""The file that says how people sign in to the dashboard: that of Streamlit, checked before anybody can reach it."""

import importlib.util
import os
import stat
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mintcore.access import is_loopback
from mintcore.errors import MintError

_KEYS = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")
_CALLBACK = "/oauth2callback"
_SECRET_CHARACTERS = 32
_SECRET_DIFFERENT = 10
_MOST_BYTES = 2**20
_PACKAGES = ("authlib", "httpx")


@dataclass(frozen=True)
class Login:
    """A login by OpenID Connect that is complete.

    Attributes:
        path: The file.
        origin: Where people reach the dashboard, for example ``https://audit.example.org``.
        name: The name of the machine in it.
    """

    path: Path
    origin: str
    name: str


def read_login(path: Path, base_url: str) -> Login:
    """Read a login and check that it is complete, safe to use and for this dashboard.

    Args:
        path: A file as Streamlit's ``secrets.toml``, with a section ``auth``.
        base_url: The path below which the dashboard is served; empty, or it begins with a slash.

    Raises:
        MintError: It cannot be read, others may read it, or something in it is missing, weak or does not fit.
    """
    _require_packages()
    auth = _section(path)
    redirect = urlsplit(_address(path, auth, "redirect_uri"))
    _address(path, auth, "server_metadata_url")
    if redirect.path != base_url + _CALLBACK:
        raise MintError(
            f"The redirect_uri of {path} ends with {redirect.path!r}: "
            f"for this dashboard its path is {base_url + _CALLBACK!r}."
        )
    _require_strong(path, auth["cookie_secret"])
    return Login(path.resolve(), f"{redirect.scheme}://{redirect.netloc}", redirect.hostname or "")


def _require_packages() -> None:
    if not all(importlib.util.find_spec(name) for name in _PACKAGES):
        raise MintError(
            "A login needs packages that are not installed here: pip install 'mint-workbench[login]'."
        )


def _section(path: Path) -> dict[str, str]:
    """Read the section of the login, which has all of its keys."""
    auth = _read(path).get("auth")
    if not isinstance(auth, dict):
        raise MintError(f"{path} has no section [auth], which says how people sign in.")
    missing = [key for key in _KEYS if not (isinstance(auth.get(key), str) and auth[key].strip())]
    if missing:
        raise MintError(f"The section [auth] of {path} lacks {', '.join(missing)}.")
    return auth


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            written = file.read(_MOST_BYTES)
    except OSError as error:
        raise MintError(f"The login {path} cannot be read: {error.strerror}.") from error
    if mode & (stat.S_IROTH | stat.S_IWOTH | stat.S_IWGRP):
        raise MintError(
            f"Other people may read or change {path}, which holds secrets: chmod 600 {path}"
        )
    try:
        return tomllib.loads(written.decode("utf-8"))
    except ValueError as error:
        raise MintError(f"{path} is not written as TOML: {error}.") from error


def _address(path: Path, auth: dict[str, str], key: str) -> str:
    """Give an address of the login, which must be encrypted unless it is on this machine."""
    address = auth[key]
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        parts, host = urlsplit(""), ""
    allowed = ("http", "https") if is_loopback(host) else ("https",)
    if not host or parts.scheme not in allowed:
        raise MintError(
            f"The {key} of {path} is {address!r}: it must be a whole address that begins with https://."
        )
    return address


def _require_strong(path: Path, secret: str) -> None:
    """Refuse a secret that can be guessed: who knows it can sign in as anybody."""
    if len(secret) < _SECRET_CHARACTERS or len(set(secret)) < _SECRET_DIFFERENT:
        raise MintError(
            f"The cookie_secret of {path} can be guessed: take {_SECRET_CHARACTERS} random characters or more, "
            "for example those of: python -c 'import secrets; print(secrets.token_urlsafe(48))'"
        )
