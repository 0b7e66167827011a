from pathlib import Path

import pytest
from typer.testing import CliRunner

from mintcore.cli.program import app
from mintcore.errors import MintError


def _refused(*words: str) -> str:
    found = CliRunner().invoke(app, ["dashboard", "--no-browser", *words])
    assert isinstance(found.exception, MintError)
    return str(found.exception)


def test_dashboard__host_that_others_can_reach_is_refused() -> None:
    assert "--login FILE" in _refused("--host", "192.168.1.7")


def test_dashboard__login_that_others_may_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    login = tmp_path / "login.toml"
    login.write_text("[auth]\n")
    login.chmod(0o644)
    assert "chmod 600" in _refused("--login", str(login))
    monkeypatch.setenv("MINT_LOGIN", str(login))
    assert "chmod 600" in _refused()
