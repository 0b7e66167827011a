"""What shells are offered, asked in the way in which they ask."""

import subprocess
import sys
from pathlib import Path

import pytest

from mintcore.cli.program import main
from mintcore.jobs.queue import submit
from store.artefacts import Home


class Shell:
    """Asks for completions as bash does: the words so far, the last one begun."""

    def __init__(
        self, home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys
        monkeypatch.setenv("MINT_HOME", str(home.path))
        monkeypatch.setattr(sys, "argv", ["mint"])

    def bash(self, line: str) -> list[str]:
        words = ["mint", *line.split(" ")]
        self._monkeypatch.setenv("_MINT_COMPLETE", "complete_bash")
        self._monkeypatch.setenv("COMP_WORDS", "\n".join(words))
        self._monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
        return self._answer().split()

    def zsh(self, line: str) -> str:
        self._monkeypatch.setenv("_MINT_COMPLETE", "complete_zsh")
        self._monkeypatch.setenv("_TYPER_COMPLETE_ARGS", f"mint {line}")
        return self._answer()

    def _answer(self) -> str:
        with pytest.raises(SystemExit, match="0"):
            main()
        return self._capsys.readouterr().out


@pytest.fixture
def shell(
    digits_home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    return Shell(digits_home, monkeypatch, capsys)


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("model show ", ["net"]),
        ("dataset overlap m", ["members", "mixed"]),
        ("extract net e", ["external"]),
        ("sweep net --members me", ["members"]),
        ("report write net.members", ["net.members.external.None.4.0"]),
        ("report net.members", ["net.members.external.None.4.0"]),
        ("report ver", ["verify"]),
        (
            "train net --members members --external external --layer bl",
            ["block1", "block2", "block3"],
        ),
        (
            "extract net mixed --layers block2,b",
            ["block2,block1", "block2,block2", "block2,block3"],
        ),
        ("train net --kind q", ["queries"]),
        ("model train-references ref --of ", ["net"]),
        ("model show x", []),
    ],
)
def test_completion__offers_what_is_in_the_home_folder(
    shell: Shell, line: str, offered: list[str]
) -> None:
    assert shell.bash(line) == offered


def test_completion__offers_ids(shell: Shell, digits_home: Home) -> None:
    job = submit(digits_home, "extract", {"model": "net", "datasets": ["members"]})
    ids = {
        kind: sorted(path.name for path in (digits_home.path / kind).iterdir())
        for kind in ("auditors", "stores")
    }
    assert shell.bash("jobs log ") == [job]
    assert shell.bash("audit image ") == ids["auditors"]
    assert shell.bash("store gc ") == ids["stores"]
    assert shell.bash("auditor delete net.out") == [ids["auditors"][-1]]


def test_completion__says_in_zsh_what_a_kind_is(shell: Shell) -> None:
    assert '"cnn":"CNN' in shell.zsh("sweep net --kinds c")


@pytest.mark.parametrize(
    "line", ["model show ", "jobs show ", "train net --layer ", "audit dataset ", "store info "]
)
def test_completion__of_a_home_that_is_no_folder_is_empty(
    shell: Shell, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    for home in ("file", "nowhere"):
        monkeypatch.setenv("MINT_HOME", str(tmp_path / home))
        assert shell.bash(line) == []


def test_completion__of_a_damaged_card_is_empty(shell: Shell, digits_home: Home) -> None:
    (digits_home.folder("models", "net") / "card.json").write_text("{")
    assert shell.bash("train net --layer ") == []


def test_completion__and_help_need_no_torch() -> None:
    code = (
        "import sys; from mintcore.cli.program import command; command();"
        "print({'torch', 'sklearn', 'streamlit'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
