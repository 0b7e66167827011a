import sys

import pytest

from mintcore.cli import main
from store.artefacts import Home


class Mint:
    """Runs the command as a person does: exit code, standard output, standard error."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, *words: str) -> tuple[int, str, str]:
        self._monkeypatch.setattr(sys, "argv", ["mint", *words])
        with pytest.raises(SystemExit) as leaving:
            main()
        printed = self._capsys.readouterr()
        code = leaving.value.code
        return code if isinstance(code, int) else 0, printed.out, printed.err


@pytest.fixture
def mint(
    digits_home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Mint:
    """The command, on the home folder of digits."""
    monkeypatch.setenv("MINT_HOME", str(digits_home.path))
    return Mint(monkeypatch, capsys)
