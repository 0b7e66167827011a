import json
import sys
from pathlib import Path

import pytest

from mintcore.cli import main
from mintcore.protocols.bench import Bench
from mintcore.protocols.protocol import Outcome, Protocol
from mintcore.protocols.registry import PROTOCOLS
from mintcore.protocols.tables import AUDITOR, row


class Mint:
    """Runs the command as a person does: exit code, standard output, standard error."""

    def __init__(
        self, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("MINT_HOME", str(home))
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, *words: str) -> tuple[int, str, str]:
        self._monkeypatch.setattr(sys, "argv", ["mint", "protocol", *words])
        with pytest.raises(SystemExit) as leaving:
            main()
        printed = self._capsys.readouterr()
        return int(leaving.value.code or 0), printed.out, printed.err


@pytest.fixture
def mint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Mint:
    return Mint(tmp_path / "home", monkeypatch, capsys)


def dishonest(bench: Bench, definition: object) -> Outcome:
    """Give what must not be: shift that is called strong evidence."""
    line = row(
        role=AUDITOR,
        what="all of it",
        auc=0.99,
        auc_low=0.98,
        auc_high=1.0,
        tier="strong",
        expected="shift",
    )
    return Outcome([line], ["It is not honest."], [], ["The tier is 'strong'."])


@pytest.fixture
def lies(monkeypatch: pytest.MonkeyPatch) -> None:
    protocol = Protocol("P4", "Lies", "Is it honest?", (), PROTOCOLS["P4"].definition, dishonest)
    monkeypatch.setitem(PROTOCOLS, "P4", protocol)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_protocol__a_missing_file_is_one_sentence(mint: Mint, tmp_path: Path, name: str) -> None:
    code, out, err = mint(name, "--data", str(tmp_path))
    last = err.strip().splitlines()[-1]
    assert (code, out) == (2, "")
    assert last.startswith(f"mint: --data {tmp_path} has no file ")
    assert last.endswith("docs/protocols.md lists the files.")


@pytest.mark.usefixtures("lies")
def test_protocol__what_is_not_honest_leaves_with_an_error(mint: Mint, tmp_path: Path) -> None:
    code, out, err = mint("P4", "--data", str(tmp_path))
    assert code == 1
    assert "mint: The tier is 'strong'." in err
    assert "0.990 [0.980, 1.000]" in out
    assert "It is not honest." in out


@pytest.mark.usefixtures("lies")
def test_protocol__json_has_card_and_table_and_the_same_exit_code(
    mint: Mint, tmp_path: Path
) -> None:
    code, out, _ = mint("P4", "--data", str(tmp_path), "--json")
    said = json.loads(out)
    assert code == 1
    assert said["rows"][0]["tier"] == "strong"
    assert said["definition"]["seeds"] == PROTOCOLS["P4"].definition.seeds


@pytest.mark.usefixtures("lies")
def test_results__are_the_page_of_what_was_run(mint: Mint, tmp_path: Path) -> None:
    assert mint("results")[0] == 2
    mint("P4", "--data", str(tmp_path))
    code, out, _ = mint("results")
    assert code == 0
    assert "- The tier is 'strong'.\n- It is not honest." in out
    assert mint("results", "--to", str(tmp_path / "docs"))[0] == 0
    assert "<svg" in (tmp_path / "docs" / "charts" / "P4.svg").read_text()
