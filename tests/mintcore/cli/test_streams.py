"""The command where its streams are closed, narrow, or left by who reads them; and what nobody foresaw."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mintcore.titles import rename
from store.artefacts import Home

TITLE = "Größe 手"


@pytest.fixture
def titled(digits_home: Home) -> Home:
    rename(digits_home, "models", "net", TITLE)
    return digits_home


def shell(home: Home, line: str, **variables: str) -> tuple[int, str, str]:
    """Run a line of bash in which ``mint`` is the command."""
    mint = f"mint() {{ {sys.executable} -c 'from mintcore.cli import main; main()' \"$@\"; }}; "
    done = subprocess.run(
        ["bash", "-c", mint + line],
        env=os.environ | {"MINT_HOME": str(home.path)} | variables,
        cwd=Path(__file__).parents[3],
        capture_output=True,
        check=False,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_streams__who_reads_may_leave(titled: Home) -> None:
    for words in ("model show net --json", "model list"):
        code, _, complaint = shell(titled, f"mint {words} | true; exit ${{PIPESTATUS[0]}}")
        assert (code, complaint) == (1, "")


def test_streams__may_be_closed(titled: Home) -> None:
    assert shell(titled, "mint model show net >&-") == (0, "", "")
    assert shell(titled, "mint model show nobody >&- 2>&-") == (2, "", "")


def test_streams__a_file_never_gets_the_number_of_a_closed_one() -> None:
    code = (
        "import sys; from mintcore.cli.streams import settle_streams; settle_streams();"
        "sys.stderr.write(str(open('/dev/zero').fileno()))"
    )
    done = subprocess.run(
        ["bash", "-c", f'{sys.executable} -c "$0" <&- >&-', code],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stderr) > 2


def test_streams__what_an_encoding_lacks_is_written_with_a_backslash(titled: Home) -> None:
    line = "mint model list; mint model rename net 'Größe 手' --json"
    code, printed, complaint = shell(titled, line, PYTHONIOENCODING="ascii", TERM="dumb")
    table, brace, document = printed.partition("{")
    assert (code, complaint) == (0, "")
    assert r"Gr\xf6\xdfe \u624b" in table
    assert json.loads(brace + document)["title"] == TITLE


@pytest.mark.parametrize("debug", [False, True])
def test_mint__what_nobody_foresaw_is_one_sentence_unless_debug_is_asked_for(
    mint: Any, monkeypatch: pytest.MonkeyPatch, debug: bool
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("no way")

    monkeypatch.setenv("MINT_DEBUG", "")
    monkeypatch.setattr(Home, "cards", broken)
    code, printed, complaint = mint(*(["--debug"] if debug else []), "model", "list")
    *before, last = complaint.splitlines()
    assert (code, printed) == (70, "")
    assert "a defect of the program: ZeroDivisionError: no way" in last
    assert "`mint --debug ...` shows where" in last
    assert ("Traceback (most recent call last):" in before) == debug
    assert bool(before) == debug


def test_mint__debug_shows_where_a_sentence_for_the_person_came_from(
    mint: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINT_DEBUG", "1")
    code, _, complaint = mint("model", "show", "nobody")
    assert code == 2
    assert "in card" in complaint
    assert complaint.splitlines()[-1].startswith("mint: No model is called 'nobody'")


@pytest.mark.parametrize("home", ["file", "file/home"])
def test_mint__a_home_that_cannot_be_is_one_sentence(mint: Any, tmp_path: Path, home: str) -> None:
    (tmp_path / "file").touch()
    code, printed, complaint = mint("demo", "--no-serve", "--home", str(tmp_path / home))
    last = complaint.splitlines()[-1]
    assert (code, printed) == (2, "")
    assert "--home" in last
    assert str(tmp_path / "file") in last
    assert "Traceback" not in complaint
