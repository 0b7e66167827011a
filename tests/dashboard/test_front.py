import asyncio
import re
from collections.abc import Iterator
from typing import Any

import pytest
import streamlit as st
from starlette.datastructures import Headers

from dashboard.front import HEADERS, Front, is_asked_by_own_page, policy


@pytest.fixture(autouse=True)
def own_names() -> Iterator[None]:
    """What the server is called."""
    before = st.get_option("server.allowedHosts")
    st.config.set_option("server.allowedHosts", ["localhost"])
    yield
    st.config.set_option("server.allowedHosts", before)


async def _page(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"etag", b"x")]})
    await send({"type": "http.response.body", "body": b"a page"})


def _asked(path: str, host: str = "localhost:8501") -> tuple[int, dict[str, str]]:
    """Ask for a path; gives status and headers."""
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "path": path, "headers": [(b"host", host.encode())]}
    asyncio.run(Front(_page)(scope, None, send))  # type: ignore[arg-type]
    return sent[0]["status"], {name.decode(): value.decode() for name, value in sent[0]["headers"]}


def test_front__adds_headers_to_what_is_there() -> None:
    assert _asked("/") == (200, {"etag": "x", **HEADERS})


@pytest.mark.parametrize(
    "path", ["/_stcore/metrics", "/mint/_stcore/metrics", "/_stcore/agent/interact"]
)
def test_front__what_nobody_needs_is_closed(path: str) -> None:
    assert _asked(path)[0] == 404


def test_front__another_name_is_refused() -> None:
    assert _asked("/", "evil.example")[0] == 403


@pytest.mark.parametrize(
    ("host", "origin", "own"),
    [
        ("audit.example.org", None, True),
        ("AUDIT.example.org:8443", "https://audit.example.org:8443", True),
        ("127.0.0.1:8501", "https://audit.example.org", True),
        ("[::1]:8501", None, True),
        ("127.0.0.1:8501", "https://evil.example", False),
        ("127.0.0.1:8501", "https://audit.example.org.evil.example", False),
        ("127.0.0.1:8501", "null", False),
        ("127.0.0.1:8501", "https://[", False),
        ("evil.example", None, False),
        ("[", None, False),
        ("", None, False),
    ],
)
def test_is_asked_by_own_page__host_and_origin(host: str, origin: str | None, own: bool) -> None:
    headers = Headers({"host": host} | ({"origin": origin} if origin else {}))
    assert is_asked_by_own_page(headers, ["127.0.0.1", "::1", "audit.example.org"]) is own


def test_policy__no_script_in_a_page_runs_but_that_of_streamlit() -> None:
    scripts = dict(rule.split(" ", 1) for rule in policy().split("; "))["script-src"].split()
    assert len(scripts) == 3
    assert scripts[:2] == ["'self'", "blob:"]
    assert re.fullmatch(r"'sha256-[A-Za-z0-9+/]{43}='", scripts[2])
