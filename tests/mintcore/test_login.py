import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest

from mintcore.errors import MintError
from mintcore.login import read_login

LOGIN = {
    "redirect_uri": "https://audit.example.org/mint/oauth2callback",
    "cookie_secret": "kT8-3nVxQ2mLpZ7rB5yWc9hJ4sD6fGaE1uXi0oNv",
    "client_id": "mint",
    "client_secret": "another",
    "server_metadata_url": "https://id.example.org/.well-known/openid-configuration",
}

Written = Callable[..., Path]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Writes a complete login, with what is changed; None takes a key away."""

    def write(**changed: str | None) -> Path:
        path = tmp_path / "login.toml"
        keys = {key: value for key, value in (LOGIN | changed).items() if value is not None}
        path.write_text("[auth]\n" + "".join(f'{key} = "{keys[key]}"\n' for key in keys))
        path.chmod(0o600)
        return path

    return write


def test_read_login__complete(written: Written) -> None:
    login = read_login(written(), "/mint")
    assert login.origin == "https://audit.example.org"
    assert login.name == "audit.example.org"
    assert login.path.is_absolute()


def test_read_login__plain_http_on_this_machine(written: Written) -> None:
    login = read_login(written(redirect_uri="http://localhost:{port}/oauth2callback"), "")
    assert login.origin == "http://localhost:{port}"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"client_id": None}, "lacks client_id"),
        ({"cookie_secret": None, "client_secret": " "}, "lacks cookie_secret, client_secret"),
        ({"cookie_secret": "short"}, "can be guessed"),
        ({"cookie_secret": "ab" * 40}, "can be guessed"),
        ({"redirect_uri": "http://audit.example.org/mint/oauth2callback"}, "begins with https://"),
        ({"redirect_uri": "https://[/mint/oauth2callback"}, "begins with https://"),
        ({"redirect_uri": "/mint/oauth2callback"}, "begins with https://"),
        ({"redirect_uri": "https://audit.example.org/oauth2callback"}, "its path is '/mint/oauth2"),
        ({"server_metadata_url": "http://id.example.org"}, "begins with https://"),
    ],
)
def test_read_login__what_is_missing_or_weak(
    written: Written, changed: dict[str, str | None], said: str
) -> None:
    with pytest.raises(MintError, match=said):
        read_login(written(**changed), "/mint")


@pytest.mark.parametrize("mode", [0o644, 0o602, 0o660])
def test_read_login__others_may_read_or_change_it(written: Written, mode: int) -> None:
    path = written()
    path.chmod(mode)
    with pytest.raises(MintError, match="chmod 600"):
        read_login(path, "/mint")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[auth", "not written as TOML"),
        (b"\xff\xfe", "not written as TOML"),
        (b"auth = 3", "no section"),
        (b"", "no section"),
    ],
)
def test_read_login__what_is_no_login(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "login.toml"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(MintError, match=said):
        read_login(path, "")


def test_read_login__file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MintError, match="cannot be read"):
        read_login(tmp_path / "none.toml", "")
    with pytest.raises(MintError, match="cannot be read"):
        read_login(tmp_path, "")


def test_read_login__packages_that_are_missing(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MintError, match=r"pip install 'mint-workbench\[login\]'"):
        read_login(written(), "/mint")
