"""The front of the server: what browsers are told of every answer, and what is not answered at all."""

import base64
import hashlib
import re
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

import streamlit as st
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send


def policy() -> str:
    """Give the content security policy of the pages.

    Nothing is loaded from anywhere else and no script runs but the server's own files, whatever a name or a label
    tries; no page of others may show this one in a frame.
    """
    own = " ".join(["'self'", "blob:", *_inline_scripts()])
    rules = {
        "default-src": "'self'",
        "connect-src": "'self'",
        "img-src": "'self' data: blob:",
        "media-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "style-src": "'self' 'unsafe-inline'",
        "script-src": own,
        "worker-src": "'self' blob:",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {sources}" for name, sources in rules.items())


def _inline_scripts() -> list[str]:
    """Give the digests of the scripts that stand in Streamlit's own page."""
    page = (Path(st.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    digests = (
        hashlib.sha256(text.encode()).digest()
        for text in re.findall(r"<script>(.*?)</script>", page, re.S)
    )
    return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]


HEADERS = {
    "content-security-policy": policy(),
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "same-origin",  # addresses name datasets and models
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
CLOSED = ("/_stcore/metrics", "/_stcore/agent/")
"""Paths of Streamlit's that nobody needs here, and that answer without login."""

_POLICY_VIOLATION = 1008


class Front:
    """Adds the headers to every answer, and turns away what comes from a page of others.

    Streamlit would turn that away as well, but asks a server of others for this machine's address first, and makes
    everybody wait meanwhile.

    Args:
        app: What answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
        elif not is_asked_by_own_page(Headers(scope=scope), st.get_option("server.allowedHosts")):
            await _refuse(scope, send, HTTPStatus.FORBIDDEN)
        elif any(path in scope["path"] for path in CLOSED):
            await _refuse(scope, send, HTTPStatus.NOT_FOUND)
        else:
            await self._app(scope, receive, _with_headers(send))


def is_asked_by_own_page(headers: Headers, names: Sequence[str]) -> bool:
    """Tell whether a request names this server, and comes from a page of it where it says where it comes from.

    Args:
        headers: Of the request.
        names: The names and addresses of this server.
    """
    origin = headers.get("origin")
    return _name(f"//{headers.get('host', '')}") in names and (
        origin is None or _name(origin) in names
    )


def _name(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def _with_headers(send: Send) -> Send:
    added = [(name.encode(), value.encode()) for name, value in HEADERS.items()]

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *added]}
        await send(message)

    return sending


async def _refuse(scope: Scope, send: Send, status: HTTPStatus) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
        return
    length = [(b"content-length", b"0")]
    await send({"type": "http.response.start", "status": status.value, "headers": length})
    await send({"type": "http.response.body"})
