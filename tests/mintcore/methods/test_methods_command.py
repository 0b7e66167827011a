import json

from typer.testing import CliRunner

from mintcore.cli.program import app
from store.artefacts import Home

ASKED = "methods net --members members --external external"


def mint(home: Home, words: str) -> str:
    arguments = [*words.split(), "--home", str(home.path)]
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_methods__prints_one_table(home: Home) -> None:
    lines = mint(home, f"{ASKED} --reference far-1 --reference far-2").splitlines()
    assert [line.split("  ")[0] for line in lines[:3]] == ["method", "loss threshold", "confidence"]
    assert any(line.startswith("RMIA offline") and "2312.03262" in line for line in lines)
    assert "not measurable" in lines[1]  # no 0.1% of some hundred externals
    assert "externals held out; population of Attack-P and RMIA:" in lines[-1]


def test_methods__json_is_the_card(home: Home) -> None:
    printed = json.loads(mint(home, f"{ASKED} --queries 2 --json"))
    assert home.cards("methods") == [printed]
    assert printed["request"]["queries"] == 2
