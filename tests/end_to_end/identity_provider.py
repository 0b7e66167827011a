"""An OpenID Connect provider on loopback: whoever is asked for may sign in, by one click."""

import base64
import hashlib
import http.server
import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html import escape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID, CLIENT_SECRET = "mint", "secret-of-the-client"
PEOPLE: Mapping[str, Mapping[str, Any]] = {
    "Ada": {"email": "ada@example.org", "email_verified": True},
    "Vera": {"email": "vera@example.org", "email_verified": True},
    "Mallory": {"email": "mallory@elsewhere.example", "email_verified": True},
    "Pretender": {"email": "ada@example.org", "email_verified": False},
}
_KEY = RSAKey.generate_key(2048, {"kid": "one"}, private=True)


class _Provider(http.server.BaseHTTPRequestHandler):
    codes: dict[str, tuple[str, dict[str, str]]]

    def do_GET(self) -> None:
        path, query = self._asked()
        match path:
            case "/.well-known/openid-configuration":
                self._answer(self._metadata())
            case "/jwks":
                self._answer({"keys": [_KEY.as_dict(private=False)]})
            case "/authorize":
                self._people(query)
            case _:
                self.send_error(404)

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        form = {
            key: values[0] for key, values in parse_qs(self.rfile.read(length).decode()).items()
        }
        name, asked = self.codes.pop(form["code"])
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == asked["code_challenge"]
        assert self._client() == f"{CLIENT_ID}:{CLIENT_SECRET}"
        now = int(time.time())
        claims = {"iss": self._issuer(), "aud": CLIENT_ID, "sub": name, "nonce": asked["nonce"]}
        claims |= {"iat": now, "exp": now + 600, "name": name, **PEOPLE[name]}
        token = jwt.encode({"alg": "RS256", "kid": "one"}, claims, _KEY)
        self._answer({"access_token": "unused", "token_type": "Bearer", "id_token": token})

    def _client(self) -> str:
        return base64.b64decode(self.headers["Authorization"].removeprefix("Basic ")).decode()

    def _people(self, query: dict[str, str]) -> None:
        links = []
        for name in PEOPLE:
            code = secrets.token_urlsafe(16)
            self.codes[code] = (name, query)
            back = f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"
            links.append(f'<li><a href="{escape(back)}">{name}</a></li>')
        self._send("text/html", f"<h1>Who are you?</h1><ul>{''.join(links)}</ul>".encode())

    def _metadata(self) -> dict[str, Any]:
        issuer = self._issuer()
        places = {
            "authorization_endpoint": "authorize",
            "token_endpoint": "token",
            "jwks_uri": "jwks",
        }
        return {
            "issuer": issuer,
            **{name: f"{issuer}/{place}" for name, place in places.items()},
            "code_challenge_methods_supported": ["S256"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
        }

    def _asked(self) -> tuple[str, dict[str, str]]:
        parts = urlsplit(self.path)
        return parts.path, {key: values[0] for key, values in parse_qs(parts.query).items()}

    def _issuer(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def _answer(self, found: Mapping[str, Any]) -> None:
        self._send("application/json", json.dumps(found).encode())

    def _send(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def identity_provider() -> Iterator[str]:
    """Serve a provider; gives the address of its metadata."""
    handler = type("Provider", (_Provider,), {"codes": {}})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/.well-known/openid-configuration"
        server.shutdown()
